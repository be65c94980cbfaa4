"""A widget that is moved while a cell draws must not touch the cell's figures.

Where widget messages come on a second thread, matplotlib's inline backend shows and closes, after each message, whatever figure the
running cell has half drawn. `runtime.setup()` puts a flush in its place that acts on the main thread only.
"""

import pytest
from playwright.sync_api import expect

SLIDER = """
import ipywidgets
slider = ipywidgets.IntSlider()
slider
"""
DRAW = """
import time
import matplotlib.pyplot as plt
figure, axes = plt.subplots(1, 2)
print("half drawn")
before = slider.value
while slider.value == before:
    time.sleep(0.01)
time.sleep(1)  # what follows the message on its thread
print(f"figures of this cell: {len(plt.get_fignums())}")
"""


@pytest.mark.parametrize("setup, figures", [("", 1), ("\n%matplotlib inline", 0)], ids=["with the guard", "without"])
def test_a_slider_moved_while_a_cell_draws(lab, setup, figures):
    """Without the guard the figure is gone before the cell has finished it: the race is real here, and the guard is what prevents it."""
    page = lab(["from vae_helpers import runtime\nruntime.setup()" + setup, SLIDER, DRAW], subshells=True)
    page.run_cell(0).run_cell(1)
    handle = page.widget(1, ".noUi-handle")
    handle.press("ArrowRight")  # the first message makes the thread, and is itself handled on the main one
    expect(handle).to_have_attribute("aria-valuetext", "1")
    page.start_cell(2)
    expect(page.output(2)).to_contain_text("half drawn")
    handle.press("ArrowRight")
    expect(page.output(2)).to_contain_text(f"figures of this cell: {figures}")
    assert not page.errors()

"""A widget that is moved while a cell draws must not touch the cell's figures.

Where widget messages come on a second thread, matplotlib's inline backend shows and closes, after each message, whatever figure the
running cell has half drawn. `runtime.setup()` puts a flush in its place that acts on the main thread only.
"""

import ast

import pytest
from playwright.sync_api import expect

SLIDER = """
import ipywidgets
slider = ipywidgets.IntSlider()
slider
"""
DRAW = """
import time
from pathlib import Path
import matplotlib.pyplot as plt
figure, axes = plt.subplots(1, 2)
print("half drawn")
while not Path("go").exists():
    time.sleep(0.01)
print(f"figures of this cell: {len(plt.get_fignums())}")
"""


@pytest.mark.parametrize("setup, figures", [("", 1), ("\n%matplotlib inline", 0)], ids=["with the guard", "without"])
def test_a_slider_moved_while_a_cell_draws(lab, server, setup, figures):
    """Without the guard the figure is gone before the cell has finished it: the race is real here, and the guard is what prevents it."""
    page = lab(["from vae_helpers import runtime\nruntime.setup()" + setup, SLIDER, DRAW], subshells=True)
    page.run_cell(0).run_cell(1)
    handle = page.widget(1, ".noUi-handle")
    page.heard()
    handle.press("ArrowRight")  # the thread takes up its first message only while no cell runs
    expect(handle).to_have_attribute("aria-valuetext", "1")
    page.heard().start_cell(2)
    expect(page.output(2)).to_contain_text("half drawn")
    handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuetext", "2")
    page.heard()  # has handled it, and what follows a message there
    (server.notebooks / "go").touch()
    expect(page.output(2)).to_contain_text(f"figures of this cell: {figures}")
    (server.notebooks / "go").unlink()
    assert not page.errors()


PAD = """
from vae_helpers import pretrained, pretrained
from vae_helpers.widgets import LatentPad
pad = LatentPad(pretrained.load("mnist_vae_2d"), extent=(-4, 4, -4, 4))
pad
"""
PICTURE = """
import matplotlib.pyplot as plt
figure, (left, right) = plt.subplots(1, 2)
left.plot([1, 3, 2])
{meanwhile}
right.set_title("whole")
"""
MEANWHILE = """
print("half drawn")
while pad.z != (4, -4):  # the corner in which the hand stops; matplotlib is at work here while messages come
    figure.canvas.draw(), pad.picture()
print(f"figures of this cell: {len(plt.get_fignums())}")
"""
STATE = "print([255 * (1 - v) for v in pad.image.flatten().tolist()])"
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"


@pytest.mark.parametrize("setup, figures", [("", 1), ("\n%matplotlib inline", 0)], ids=["with the guard", "without"])
def test_the_pad_dragged_while_a_cell_draws(lab, setup, figures):
    """With the guard both pictures are as if the other had not been there: the cell's figure, and the pad's image in browser and kernel."""
    sources = [PAD, PICTURE.format(meanwhile=MEANWHILE), PICTURE.format(meanwhile=""), STATE]
    page = lab(["from vae_helpers import runtime\nruntime.setup()" + setup, *sources], subshells=True)
    page.run_cell(0).run_cell(1)
    pad, reading = page.widget(1, ".vae-pad"), page.widget(1, ".vae-reading")
    page.heard()
    pad.press("ArrowRight")  # the thread takes up its first message only while no cell runs
    page.heard().start_cell(2)
    expect(page.output(2)).to_contain_text("half drawn")
    pad.scroll_into_view_if_needed()
    box, mouse = pad.bounding_box(), page.page.mouse
    mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    mouse.down()
    mouse.move(box["x"] + box["width"] + 5, box["y"] + box["height"] + 5, steps=60)  # past the corner, where it stops
    mouse.up()
    expect(reading).to_contain_text("z = (4.00, −4.00)")
    expect(page.output(2)).to_contain_text(f"figures of this cell: {figures}")
    assert not page.errors()
    if figures:
        page.run_cell(3).run_cell(4).wait_idle()
        disturbed, alone = (page.output(cell).locator("img") for cell in (2, 3))
        assert disturbed.count() == 1 and disturbed.get_attribute("src") == alone.get_attribute("src")
        shades = ast.literal_eval(page.output(4).inner_text())
        assert page.widget(1, ".vae-image").evaluate(SHADES) == pytest.approx(shades, abs=1 + 255 * 2e-3)

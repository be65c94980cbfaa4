"""Notebook 12's manifold under a hand: its own cells, run in JupyterLab."""

import re

from browser.figure import tagged
from playwright.sync_api import expect

NOTEBOOK = "12_reproduce_the_paper.ipynb"
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"
DECODED = "pad = list(Out.values())[-1]; print([round(v, 1) for v in pad.z], round(float((pad.image > 0.5).sum())))"


def test_the_manifold_is_dragged_with_the_paper_s_decoder(lab):
    sources = tagged(NOTEBOOK, "manifold")
    page, shown = lab([*sources, DECODED]), len(sources) - 1
    for cell in range(shown + 1):
        page.run_cell(cell)
    assert not (errors := page.errors()), errors[0]
    reading, canvas, pad = (page.widget(shown, f".vae-{part}") for part in ("reading", "image", "pad"))
    expect(reading).to_have_text("z = (0.00, 0.00)")
    middle = canvas.evaluate(SHADES)

    page.drag(pad, (0.5, 0.5), (0.9, 0.1))
    expect(reading).not_to_have_text("z = (0.00, 0.00)")
    corner = canvas.evaluate(SHADES)
    assert corner != middle
    page.run_cell(shown + 1).wait_idle()
    expect(page.output(shown + 1)).to_contain_text(re.compile(r"\[[23]\.\d, [23]\.\d\]"))  # the kernel's z is the hand's
    inked = int(page.output(shown + 1).inner_text().split()[-1])
    assert inked > 10, "a digit has ink"
    page.screenshot("notebook-12-manifold")

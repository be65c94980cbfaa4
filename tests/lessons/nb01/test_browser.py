"""Notebook 01's pad under a hand: its own cells, run in JupyterLab; the training is cut short, which the pad does not mind."""

import re

from browser.figure import tagged
from playwright.sync_api import expect

NOTEBOOK = "01_autoencoder.ipynb"
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"


def test_the_pad_follows_mouse_and_keys_and_python_reads_it(lab):
    sources = [source.replace("epochs=100", "epochs=5") for source in tagged(NOTEBOOK, "pad")]
    page, shown = lab(sources), len(sources) - 2  # the last cell reads what the one before it shows
    for cell in range(shown + 1):
        page.run_cell(cell)
    reading, canvas, pad = (page.widget(shown, f".vae-{part}") for part in ("reading", "image", "pad"))
    expect(reading).to_have_text(re.compile(r"z = \(.*\).*nearest code: \d \(0\.00 away\)"))  # it starts on the first training code
    first, picture = reading.text_content(), canvas.evaluate(SHADES)

    page.drag(pad, (0.5, 0.5), (0.8, 0.3))
    expect(reading).not_to_have_text(first)
    dragged = reading.text_content()
    assert canvas.evaluate(SHADES) != picture

    pad.press("ArrowLeft")
    expect(reading).not_to_have_text(dragged)
    page.run_cell(shown + 1).wait_idle()  # pad.reading, and the picture against PyTorch's
    place = re.search(r"z = \(.*?\)", reading.text_content())[0]
    expect(page.output(shown + 1)).to_contain_text(place)
    page.screenshot("notebook-01-pad")

"""Notebook 01's pad under a hand: its own cells, run in JupyterLab; the training is cut short, which the pad does not mind."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_autoencoder.ipynb"
STARTS = ("import io", "digits = ", "def network(", "def train(", "encoder, decoder = network(2", "pad = LatentPad(", "print(pad.reading)")
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"


def test_the_pad_follows_mouse_and_keys_and_python_reads_it(lab):
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    sources = [next(cell for cell in cells if cell.startswith(start)) for start in STARTS]
    sources[4] = sources[4].replace("epochs=100", "epochs=5").replace("assert error", "# assert error")
    page = lab(sources)
    for cell in range(6):
        page.run_cell(cell)
    reading, canvas, pad = (page.widget(5, f".vae-{part}") for part in ("reading", "image", "pad"))
    expect(reading).to_have_text(re.compile(r"z = \(.*\).*nearest code: \d \(0\.00 away\)"))  # it starts on the first training code
    first, picture = reading.text_content(), canvas.evaluate(SHADES)

    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3, steps=20)
    page.page.mouse.up()
    expect(reading).not_to_have_text(first)
    dragged = reading.text_content()
    assert canvas.evaluate(SHADES) != picture

    pad.press("ArrowLeft")
    expect(reading).not_to_have_text(dragged)
    page.run_cell(6)  # pad.reading, and the picture against PyTorch's
    page.wait_idle()
    place = re.search(r"z = \(.*?\)", reading.text_content())[0]
    expect(page.output(6)).to_contain_text(place)
    page.screenshot("notebook-01-pad")

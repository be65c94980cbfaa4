"""An interactive figure of a notebook under a hand: the notebook's own cells, run in JupyterLab."""

import json
from pathlib import Path

from playwright.sync_api import expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KERNEL = """
import hashlib, io
from PIL import Image
stack = list(Out.values())[-1]
print(stack.value, hashlib.sha256(Image.open(io.BytesIO(stack.picture())).convert("RGBA").tobytes()).hexdigest(), sep="|")
"""
CANVAS = """async canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


class Figure:
    """A `FrameStack` of a notebook. Run are the first code cell and, in this order, the first that holds each text; the last is the figure.

    `.reading` is the sentence below it and `.sliders` its sliders.
    """

    def __init__(self, lab, notebook: str, *texts: str):
        cells = json.loads((NOTEBOOKS / notebook).read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        sources = [code[0], *(next(source for source in code if text in source) for text in texts)]
        self.lab, self.last = lab([*sources, KERNEL]), len(texts)
        for k in range(len(sources)):
            self.lab.run_cell(k)
        assert not (errors := self.lab.errors()), errors[0]
        self.reading, self.canvas = self.lab.widget(self.last, ".vae-reading"), self.lab.widget(self.last, ".vae-frame")
        self.sliders = self.lab.widget(self.last, ".vae-view").get_by_role("slider").all()

    def drag(self, slider, start: float, end: float) -> None:
        """By mouse from one share of the slider's length to another; 0 and 1 are its ends."""
        slider.scroll_into_view_if_needed()
        box, mouse = slider.bounding_box(), self.lab.page.mouse
        places = [box["x"] + 4 + share * (box["width"] - 8) for share in (start, end)]
        mouse.move(places[0], box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(places[1], box["y"] + box["height"] / 2, steps=20)
        mouse.up()

    def arrived(self, value) -> None:
        """The kernel has this value, and the canvas shows the kernel's picture of it, pixel for pixel."""
        self.lab.run_cell(self.last + 1).wait_idle()
        expect(self.lab.output(self.last + 1)).to_contain_text(f"{value}|")
        assert self.lab.output(self.last + 1).inner_text().strip() == f"{value}|{self.canvas.evaluate(CANVAS)}"

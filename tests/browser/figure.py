"""An interactive figure of a notebook under a hand: the notebook's own cells, run in JupyterLab."""

from freshness import ROOT, read
from notebook_reading import code_cells, tags
from playwright.sync_api import expect

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


def tagged(notebook: str, name: str) -> list[str]:
    """The sources of the cells tagged `setup` or `live:name`, in their order: what a figure needs, and last the figure itself."""
    cells = [cell for cell in code_cells(read(ROOT / "notebooks" / notebook)) if {"setup", f"live:{name}"} & set(tags(cell))]
    named = [k for k, cell in enumerate(cells) if f"live:{name}" in tags(cell)]
    assert named, f"no code cell of {notebook} has the tag live:{name}"
    cells = cells[: named[-1] + 1]
    return [cell["source"] for cell in cells]


class Figure:
    """A `FrameStack` of a notebook: its last cell with the tag `live:name`. `.reading` is the sentence below it, `.sliders` its sliders."""

    def __init__(self, lab, notebook: str, name: str):
        sources = tagged(notebook, name)
        self.lab, self.last = lab([*sources, KERNEL]), len(sources) - 1
        for k in range(len(sources)):
            self.lab.run_cell(k)
        assert not (errors := self.lab.errors()), errors[0]
        self.reading, self.canvas = self.lab.widget(self.last, ".vae-reading"), self.lab.widget(self.last, ".vae-frame")
        self.sliders = self.lab.widget(self.last, ".vae-view").get_by_role("slider").all()

    def drag(self, slider, start: float, end: float) -> None:
        """By mouse from one share of the slider's length to another; 0 and 1 are its ends."""
        width = slider.bounding_box()["width"]
        self.lab.drag(slider, *(((4 + share * (width - 8)) / width, 0.5) for share in (start, end)))

    def arrived(self, value) -> None:
        """The kernel has this value, and the canvas shows the kernel's picture of it, pixel for pixel."""
        self.lab.run_cell(self.last + 1).wait_idle()
        expect(self.lab.output(self.last + 1)).to_contain_text(f"{value}|")
        told, picture = self.lab.output(self.last + 1).inner_text().strip().split("|")
        assert told == f"{value}"
        drawn = f"async ([canvas, picture]) => (await ({CANVAS})(canvas)) === picture"
        self.lab.page.wait_for_function(drawn, arg=[self.canvas.element_handle(), picture])

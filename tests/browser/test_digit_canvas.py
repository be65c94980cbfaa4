"""DigitCanvas under a real hand, in JupyterLab and Chromium: what is drawn, what the kernel has, and what the view says agree."""

import ast
import re

import pytest
from playwright.sync_api import expect

SETUP = """
import torch
from vae_helpers import models
from vae_helpers.widgets import DigitCanvas
torch.set_num_threads(1)
vae, codes = models.pretrained("mnist_vae_2d"), models.pretrained_codes("mnist_vae_2d")
"""
CANVAS = "canvas = DigitCanvas(vae, codes.mean, codes.labels, codes.stddev); canvas"
STATE = """
s = {"strokes": canvas.strokes, "example": canvas.example, "z": list(canvas.z), "samples": canvas.samples, "extent": list(canvas.extent)}
if canvas.strokes:
    s |= {"x": canvas.x.int().flatten().tolist(), "mu": canvas.q.mean.tolist(), "sigma": canvas.q.stddev.tolist()}
    s["numbers"] = list(canvas.numbers)
s["shades"] = [255 * (1 - v) for v in canvas.image.flatten().tolist()]
print(s)
"""
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.5, 0.55), (0.42, 0.85)]


class Hand:
    """A notebook of set-up, view and the kernel's state, with the view on screen."""

    def __init__(self, lab, view=CANVAS, *cells, **options):
        self.lab = lab([SETUP, view, STATE, *cells], **options)
        self.page = self.lab.page
        for cell in range(2):
            self.lab.run_cell(cell)
        self.view = self.lab.widget(1, ".vae-view")
        self.paper, self.pad = self.view.locator(".vae-drawing"), self.view.locator(".vae-pad")
        self.numbers = self.view.locator(".vae-numbers")
        self.said = self.numbers.locator("output")
        self.said.wait_for()

    def kernel(self) -> dict:
        self.lab.wait_idle()
        self.lab.run_cell(2)
        self.lab.wait_idle()
        return ast.literal_eval(self.lab.output(2).inner_text())

    def on_paper(self, x, y) -> tuple[float, float]:
        self.view.scroll_into_view_if_needed()
        box = self.paper.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def draw(self, points) -> None:
        mouse = self.page.mouse
        mouse.move(*self.on_paper(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.on_paper(*point), steps=12)
        mouse.up()

    def button(self, name):
        return self.view.get_by_role("button", name=name, exact=True)

    def agrees(self) -> dict:
        """Images, ellipse, dots and numbers on screen are the kernel's."""
        expect(self.numbers).to_have_attribute("aria-busy", "false")
        expect(self.said).to_contain_text("ELBO")
        state = self.kernel()
        x, decoded = (self.view.locator(f".vae-pair canvas >> nth={k}").evaluate(SHADES) for k in (0, 1))
        assert [int(v == 0) for v in x] == state["x"]
        assert decoded == pytest.approx(state["shades"], abs=1 + 255 * 2e-3)
        ellipse = self.pad.locator("ellipse").last
        centre_and_radii = [float(ellipse.get_attribute(name)) for name in ("cx", "cy", "rx", "ry")]
        mu, sigma = state["mu"], state["sigma"]
        assert centre_and_radii == pytest.approx([mu[0], -mu[1], 2 * sigma[0], 2 * sigma[1]], abs=2e-3)
        said = [float(v.replace("\u2212", "-")) for v in re.findall(r"[\u2212-]?\d+\.\d", self.said.inner_text())]
        reconstruction, error, kl, elbo, log_evidence = state["numbers"]
        noise = 0.1 + 5 * error * 2**0.5  # shown with one decimal; each side has 500 samples of its own
        assert said[:2] == pytest.approx([elbo, reconstruction], abs=noise)
        assert said[2] == pytest.approx(kl, abs=0.1) and said[3] == pytest.approx(log_evidence, abs=0.15)
        assert said[4] == pytest.approx(said[3] - said[0], abs=0.11)
        return state


def test_what_it_looks_like(lab):
    hand = Hand(lab)
    expect(hand.said).to_have_text("Draw a digit or choose an example.")
    hand.view.scroll_into_view_if_needed()
    hand.lab.screenshot("canvas-empty")
    hand.button("example 3").click()
    hand.agrees()
    hand.button("sample 100").click()
    box = hand.view.bounding_box()
    root = hand.view.locator(".vae-digit").bounding_box()
    for dark in (False, True):
        hand.lab.theme(dark=dark)
        hand.view.scroll_into_view_if_needed()
        hand.lab.screenshot(f"canvas-{'dark' if dark else 'light'}")
        hand.lab.screenshot(f"canvas-view-{'dark' if dark else 'light'}", of=hand.view)
    assert root["width"] <= 900 and box["height"] < 640

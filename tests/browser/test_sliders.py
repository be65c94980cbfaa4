"""LatentSliders under a real hand: KL beside the sliders, and images that are encoded by a button."""

import ast
import re

import pytest
from playwright.sync_api import expect

from .test_latent_pad import CONTRAST, SHADES

SETUP = """
import torch
from vae_helpers.models import VAE
from vae_helpers.widgets import LatentSliders
torch.set_num_threads(1)
vae = VAE((8, 12), 5, (32,), seed=1)
with torch.no_grad():
    vae.encoder[-1].weight *= 4; vae.decoder[-1].weight *= 8  # untrained, but codes far apart and strong in contrast
x = torch.rand(6, 8, 12, generator=torch.Generator().manual_seed(0))
kl = torch.tensor([0.5, 0.004, 2.0, 0.0, 1.0])
"""
VIEW = "sliders = LatentSliders(vae, kl=kl, sort_by_kl=True, examples=x, example_labels=list('abcdef')); sliders"
STATE = """print([list(sliders.z), [255 * (1 - v) for v in sliders.image.clamp(0, 1).flatten().tolist()], sliders.example,
    [255 * (1 - v) for v in x[sliders.example].flatten().tolist()], vae.encode(x).mean.tolist()])"""


class Hand:
    """A notebook of set-up, view, the kernel's state, and more; with the view on screen."""

    def __init__(self, lab, *cells, view=VIEW, **options):
        self.lab = lab([SETUP, view, STATE, *cells], **options)
        for cell in range(2):
            self.lab.run_cell(cell)
        self.view = self.lab.widget(1, ".vae-view")
        self.reading, self.original = self.view.locator(".vae-reading"), self.view.locator(".vae-original")
        self.decoded = self.view.locator("figure:not(.vae-original) .vae-image")
        self.reading.wait_for()

    def example(self, n):
        return self.view.get_by_role("button", name=re.compile(f"^encode image {n + 1} "))

    def agrees(self, example: int):
        """Reading, both canvases and pressed buttons tell what the kernel has. Returns the kernel's z and all codes."""
        self.lab.run_cell(2)
        self.lab.wait_idle()
        z, shades, chosen, original, codes = ast.literal_eval(self.lab.output(2).inner_text())
        inside = re.search(r"\((.*?)\)", self.reading.inner_text()).group(1)
        assert [float(v.replace("\u2212", "-")) for v in inside.split(", ")] == pytest.approx(z, abs=0.0051)
        assert self.decoded.evaluate(SHADES) == pytest.approx(shades, abs=1 + 255 * 2e-3)
        assert chosen == example
        for n in range(6):
            expect(self.example(n)).to_have_attribute("aria-pressed", "true" if n == example else "false")
        if example >= 0:
            assert self.original.locator("canvas").evaluate(SHADES) == pytest.approx(original, abs=1.6)
            expect(self.original).to_contain_text(f"image {example + 1} (label {'abcdef'[example]})")
        else:
            expect(self.original).to_be_hidden()
        return z, codes


def test_encode_this_image(lab):
    hand = Hand(lab, "sliders.example = 5", "sliders")
    hand.agrees(-1)
    hand.example(2).click()
    expect(hand.original).to_be_visible()
    z, codes = hand.agrees(2)
    assert z == pytest.approx(codes[2], abs=1e-6)  # the encoder's own mean, whole, by PyTorch
    hand.view.get_by_role("slider", name="z3").press("ArrowRight")  # z moves away, the original stays beside it
    z, codes = hand.agrees(2)
    assert z[2] > codes[2][2] and z[:2] + z[3:] == pytest.approx(codes[2][:2] + codes[2][3:], abs=1e-6)
    hand.example(2).click()  # and back
    z, codes = hand.agrees(2)
    assert z == pytest.approx(codes[2], abs=1e-6)

    cells = hand.lab.page.locator(".jp-Notebook .jp-Cell").count()
    hand.example(4).press("b")
    hand.example(4).press("Enter")
    expect(hand.original).to_contain_text("image 5")
    assert hand.example(4).evaluate("node => document.activeElement === node && getComputedStyle(node).outlineStyle") == "solid"
    assert hand.lab.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on a button inserted a cell"
    hand.agrees(4)
    hand.lab.run_cell(3)  # from Python
    expect(hand.original).to_contain_text("image 6")
    z, codes = hand.agrees(5)
    assert z == pytest.approx(codes[5], abs=1e-6)
    hand.lab.run_cell(4)  # a second view of the same sliders
    expect(hand.lab.widget(4, ".vae-original")).to_contain_text("image 6")
    for name in ("all zeros", "random from the prior"):
        hand.example(0).click()
        expect(hand.original).to_contain_text("image 1")
        hand.view.get_by_role("button", name=name).click()
        expect(hand.original).to_be_hidden()
        hand.agrees(-1)


def test_the_kl_stands_beside_each_slider(lab):
    hand = Hand(lab, "LatentSliders(vae)")
    rows = hand.view.locator(".vae-slider")
    assert [text.split()[0] for text in rows.all_inner_texts()] == ["z3", "z5", "z1", "z2", "z4"]
    assert rows.locator(".vae-kl-text").all_inner_texts() == ["2.00", "1.00", "0.50", "0.00 dead", "0.00 dead"]
    names = [slider.get_attribute("aria-label") for slider in hand.view.get_by_role("slider").all()]
    assert names[0] == "z3, KL 2.00 nats" and names[4] == "z4, KL 0.00 nats, dead"
    widths = [bar.bounding_box()["width"] for bar in rows.locator(".vae-kl-bar").all()]
    assert [w / widths[0] for w in widths] == pytest.approx([1, 0.5, 0.25, 0.002, 0], abs=0.01)
    hand.view.get_by_role("slider", name="z5").press("ArrowRight")  # the second row is still the fifth number
    expect(hand.reading).to_contain_text(re.compile(r"z = \(0.00, 0.00, 0.00, 0.00, 0.\d*[1-9]"))
    hand.agrees(-1)
    hand.lab.run_cell(3)  # without KL and examples: as before
    bare = hand.lab.widget(3, ".vae-view")
    assert [bare.locator(part).count() for part in (".vae-kl", ".vae-example", ".vae-original", ".vae-slider")] == [0, 0, 0, 5]


@pytest.mark.parametrize("size", [(1280, 720), (520, 900)])
def test_look(lab, size):
    view = """ten, images = VAE((28, 28), 10, (32,), seed=1), torch.rand(20, 28, 28)
kl = torch.tensor([2.5, 1.7, 0.001, 1.1, 0.6, 0.0, 2.2, 1.2, 0.3, 0.2])
sliders = LatentSliders(ten, kl=kl, examples=images, example_labels=range(20))
sliders.example = 3
sliders"""
    hand = Hand(lab, size=size, view=view)
    for dark in (False, True):
        hand.lab.theme(dark)
        hand.view.scroll_into_view_if_needed()
        for text in hand.view.locator(
            ".vae-reading, .vae-help, .vae-value, .vae-kl-text, .vae-kl-head, .vae-strip-name, figcaption, button"
        ).all():
            assert text.evaluate(CONTRAST) >= 4.5
        assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth")
        assert size[0] < 1280 or hand.view.bounding_box()["height"] < 640
        hand.lab.screenshot(f"sliders-{size[0]}-{'dark' if dark else 'light'}", of=hand.view)

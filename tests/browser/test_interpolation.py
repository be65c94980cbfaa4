"""Interpolation under a real hand: ends, kinds, t, play, from both sides; the browser's film strip is PyTorch's."""

import ast
import re

import pytest
from playwright.sync_api import expect

from .test_latent_pad import CONTRAST, SHADES

SETUP = """
import torch
from torch import nn
from vae_helpers.models import VAE
from vae_helpers.widgets import Interpolation
torch.set_num_threads(1)

class Twice(nn.Module):
    def forward(self, x):
        return 2 * x

def vae(L):
    model = VAE((8, 12), L, (32,), seed=1)
    with torch.no_grad():
        model.decoder[-1].weight *= 8  # untrained, but strong in contrast
    return model

codes = torch.tensor([[1.0, 2, 0.5], [-2, 0.5, 1], [0.5, -1.5, -2], [0, 0, 0], [-1, -2, -0.5]])
"""
VIEW = "view = Interpolation(vae(3), codes, list('vwxyz')); view"
PLANE = "view = Interpolation(vae(2), codes[:, :2], list('vwxyz'), b=2, codes=torch.randn(60, 2), labels=torch.arange(60) % 10); view"
FALLBACK = "view = Interpolation(nn.Sequential(nn.Linear(3, 100), Twice(), nn.Sigmoid()), codes); view"
STATE = """paper = lambda pixels: [255 * (1 - v) for v in pixels.clamp(0, 1).flatten().tolist()]
print([[view.a, view.b, view.kind, view.t], list(view.z), [paper(x) for x in view.images], paper(view.image), view.reading, view.note])"""


class Hand:
    """A notebook of set-up, view, the kernel's state, and more; with the view on screen."""

    def __init__(self, lab, view=VIEW, *cells, **options):
        self.lab = lab([SETUP, view, STATE, *cells], **options)
        for cell in range(2):
            self.lab.run_cell(cell)
        self.view = self.lab.widget(1, ".vae-view")
        self.reading = self.view.locator(".vae-words > .vae-reading")
        self.slider, self.play = self.view.get_by_role("slider"), self.view.locator(".vae-player")
        self.reading.wait_for()

    def end(self, letter, n):
        return self.view.get_by_role("radiogroup", name=re.compile(f"^{letter}, ")).get_by_role("radio").nth(n)

    def kind(self, name):
        return self.view.get_by_role("radiogroup", name="Kind of path").get_by_role("radio", name=name)

    def state(self):
        """[a, b, kind, t], z, film strip, image, reading, note: as the kernel has them."""
        self.lab.run_cell(2)
        self.lab.wait_idle()
        return ast.literal_eval(self.lab.output(2).inner_text())

    def agrees(self, a, b, kind, t):
        """Everything that is seen is what the kernel has, and that is what was wanted. Returns z."""
        found, z, film, image, reading, note = self.state()
        assert found[:3] == [a, b, kind] and found[3] == pytest.approx(t, abs=1e-9)
        expect(self.reading).to_have_text(reading)
        expect(self.view.locator(".vae-words > .vae-note")).to_have_text(note)
        expect(self.slider).to_have_attribute("aria-valuetext", f"{t:.2f}")
        for letter, chosen in (("A", a), ("B", b)):
            expect(self.end(letter, chosen)).to_be_checked()
        expect(self.kind(kind)).to_be_checked()
        shown = [canvas.evaluate(SHADES) for canvas in self.view.locator(".vae-film.vae-chosen canvas").all()]
        assert len(shown) == len(film) == 9
        other = [canvas.evaluate(SHADES) for canvas in self.view.locator(".vae-film:not(.vae-chosen) canvas").all()]
        assert [len(other), other[0], other[-1]] == [9, shown[0], shown[-1]]  # both paths have the same ends
        for theirs, ours in zip(shown + [self.view.locator(".vae-travel .vae-image").evaluate(SHADES)], film + [image], strict=True):
            assert theirs == pytest.approx(ours, abs=1 + 255 * 2e-3)
        assert max(shown[0]) - min(shown[0]) > 100 and shown[0] != shown[-1]  # there is something to see
        return z


def test_ends_kinds_and_t_by_mouse_and_keys(lab):
    hand = Hand(lab, VIEW, "view.a, view.b, view.kind, view.t = 1, 4, 'straight', 0.3", "view")
    hand.agrees(0, 1, "straight", 0)
    hand.end("B", 2).click()
    hand.kind("spherical").click()
    hand.agrees(0, 2, "spherical", 0)
    cells = hand.lab.page.locator(".jp-Notebook .jp-Cell").count()
    active = hand.lab.page.locator(".jp-Notebook .jp-Cell.jp-mod-active").element_handle()
    for key in ("ArrowRight", "b", "ArrowRight", "ArrowRight"):
        hand.slider.press(key)
    hand.end("A", 0).press("ArrowRight")  # arrows choose within the row
    hand.end("A", 1).press("b")
    z = hand.agrees(1, 2, "spherical", 0.03)
    assert z != [-2, 0.5, 1]
    assert hand.lab.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on the view inserted a cell"
    assert active.evaluate("cell => cell.isConnected"), "the cells are the same"
    framed = "input => input.matches(':focus-visible') && getComputedStyle(input.closest('label')).outlineStyle"
    hand.end("A", 1).press("ArrowLeft")
    assert hand.end("A", 0).evaluate(framed) == "solid"
    hand.end("B", 3).click()  # at the origin: said, and straight
    assert "points nowhere" in hand.state()[5]
    hand.agrees(0, 3, "spherical", 0.03)
    hand.end("B", 4).click()
    assert "opposite directions" in hand.state()[5]
    hand.end("A", 4).click()
    assert "one point" in hand.state()[5]

    hand.lab.run_cell(3)  # from Python
    expect(hand.reading).to_contain_text("t = 0.30 on the straight path from A, image 2 (label w), to B, image 5 (label z)")
    hand.agrees(1, 4, "straight", 0.3)
    hand.lab.run_cell(4)  # a second view of the same
    second = hand.lab.widget(4, ".vae-words > .vae-reading")
    expect(second).to_have_text(hand.reading.text_content())
    hand.slider.press("End")
    expect(second).to_contain_text("t = 1.00")


def test_play_reaches_the_end(lab):
    hand = Hand(lab, PLANE)
    hand.view.evaluate("""view => {
        view.seen = [];
        const reading = view.querySelector('.vae-words > .vae-reading');
        new MutationObserver(() => view.seen.push(parseFloat(reading.textContent.slice(4)))).observe(reading, { childList: true });
    }""")
    hand.play.press("Enter")
    expect(hand.play).to_have_text("■ stop")
    expect(hand.reading).to_contain_text("t = 1.00")
    expect(hand.play).to_have_text("▶ play")
    z = hand.agrees(0, 2, "straight", 1)
    assert z == pytest.approx([0.5, -1.5])
    seen = hand.view.evaluate("view => view.seen")
    assert seen == sorted(seen) and len(set(seen)) > 10  # it moved there, and never back
    hand.play.click()  # again, from the beginning
    expect(hand.reading).to_contain_text(re.compile(r"t = 0\.[1-6]"))
    hand.play.click()
    expect(hand.play).to_have_text("▶ play")
    t = hand.state()[0][3]
    assert 0 < t < 1
    hand.agrees(0, 2, "straight", t)
    hand.play.click()
    hand.slider.press("Escape")
    expect(hand.play).to_have_text("▶ play")
    hand.play.click()  # a hand on the slider stops it
    hand.slider.press("Home")
    hand.agrees(0, 2, "straight", 0)
    expect(hand.play).to_have_text("▶ play")


def test_the_plane(lab):
    hand = Hand(lab, PLANE, "print([view.plane.box, view.plane.extent])")
    hand.lab.run_cell(3)
    (left, top, width, height), (x0, x1, y0, y1) = ast.literal_eval(hand.lab.output(3).inner_text())
    pad, ring = hand.view.locator(".vae-pad"), hand.view.locator(".vae-knob")

    def point(x, y):
        box = pad.bounding_box()
        return box["x"] + box["width"] * (left + width * (x - x0) / (x1 - x0)), box["y"] + box["height"] * (
            top + height * (y1 - y) / (y1 - y0)
        )

    def ring_is_at(z):
        box = ring.bounding_box()
        assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx(point(*z), abs=1.5)

    pad.scroll_into_view_if_needed()
    ring_is_at((1, 2))
    hand.lab.page.mouse.move(*point(1, 2))
    hand.lab.page.mouse.down()
    hand.lab.page.mouse.move(*point(0.75, 0.25), steps=8)  # the middle of the straight path from (1, 2) to (0.5, −1.5)
    hand.lab.page.mouse.up()
    expect(hand.reading).to_contain_text(re.compile(r"t = 0\.(49|50|51)"))
    t = hand.state()[0][3]
    ring_is_at(hand.agrees(0, 2, "straight", t))
    pad.press("ArrowDown")
    later = hand.state()[0][3]
    assert later > t
    hand.kind("spherical").click()
    ring_is_at(hand.agrees(0, 2, "spherical", later))
    lengths = [line.evaluate("line => line.getTotalLength()") for line in pad.locator(".vae-straight, .vae-spherical").all()]
    assert lengths[0] == pytest.approx((0.5**2 + 3.5**2) ** 0.5, rel=1e-3) and lengths[1] > 1.1 * lengths[0]
    expect(pad.locator(".vae-present")).to_have_class(re.compile("vae-spherical"))
    assert pad.evaluate("pad => getComputedStyle(pad).touchAction") == "pan-y"


def test_the_kernel_decodes_what_the_browser_cannot(lab):
    hand = Hand(lab, FALLBACK)
    expect(hand.view).to_contain_text("The browser cannot run Twice")
    hand.end("B", 2).click()
    hand.kind("spherical").click()
    hand.slider.press("End")
    expect(hand.reading).to_contain_text("t = 1.00")
    hand.lab.wait_idle()
    film, image = hand.state()[2:4]
    canvas = hand.view.locator(".vae-travel .vae-image")
    expect(canvas).to_have_attribute("aria-busy", "false")
    shown = [c.evaluate(SHADES) for c in [*hand.view.locator(".vae-film.vae-chosen canvas").all(), canvas]]
    for theirs, ours in zip(shown, [*film, image], strict=True):
        assert theirs == pytest.approx(ours, abs=1.01)


@pytest.mark.parametrize("size", [(1280, 720), (480, 1200)])
def test_look(lab, size):
    shipped = """from vae_helpers import pretrained
model, q = pretrained.load("mnist_vae_{0}d"), pretrained.codes("mnist_vae_{0}d")
view = Interpolation(model, q.mean[:20], q.labels[:20], a=0, b=1, kind="spherical", t=0.4, codes=q.mean[:600], labels=q.labels[:600])
view"""
    page = lab([SETUP, shipped.format(2), shipped.format(10)], size=size).run_all()
    for dark in (False, True):
        page.theme(dark)
        for cell, name in ((1, "plane"), (2, "norms")):
            view = page.widget(cell, ".vae-view")
            view.scroll_into_view_if_needed()
            for text in view.locator(".vae-reading, .vae-help, .vae-note, .vae-value, button, .vae-films label, .vae-strip-name").all():
                assert text.evaluate(CONTRAST) >= 4.5
            assert view.evaluate("view => view.scrollWidth <= view.clientWidth")
            assert size[0] < 1280 or view.bounding_box()["height"] < 600
            page.screenshot(f"interpolation-{name}-{size[0]}-{'dark' if dark else 'light'}", of=view)

"""LatentPad and LatentSliders under a real hand, in JupyterLab and Chromium."""

import ast
import re

import pytest
from playwright.sync_api import expect

SETUP = """
import torch
from vae_helpers.models import VAE
from vae_helpers.widgets import LatentPad, LatentSliders
torch.set_num_threads(1)
vae, vae6 = VAE((8, 8), 2, (32,), seed=1), VAE((8, 8), 6, (32,), seed=1)
with torch.no_grad():
    vae.decoder[-1].weight *= 8  # untrained, but strong in contrast
codes, labels = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 10
"""
PAD = "pad = LatentPad(vae, codes, labels, extent=(-4, 4, -4, 4)); pad"
SLIDERS = "sliders = LatentSliders(vae6, random='box', ranges=(-2, 2)); sliders"
STATE = "print([list({0}.z), [255 * (1 - v) for v in {0}.image.clamp(0, 1).flatten().tolist()], getattr({0}, 'box', None)])"
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"
PIXEL = 8 / 300  # one pixel of the screen is less than this


class Hand:
    """A notebook of three cells (set-up, view, print the kernel's state) with the view on screen."""

    def __init__(self, lab, view=PAD, name="pad", *cells, **options):
        self.lab = lab([SETUP, view, STATE.format(name), *cells], **options)
        self.page = self.lab.page
        for cell in range(2):
            self.lab.run_cell(cell)
        self.view = self.lab.widget(1, ".vae-view")
        self.pad, self.reading, self.canvas = (self.view.locator(f".vae-{part}") for part in ("pad", "reading", "image"))
        self.reading.wait_for()

    def kernel(self):
        """(z, shades of the image, box of the axes) as the kernel has them."""
        self.lab.run_cell(2)
        self.lab.wait_idle()
        return ast.literal_eval(self.lab.output(2).inner_text())

    def z(self) -> list[float]:
        """z as the reader reads it."""
        inside = re.search(r"\((.*?)\)", self.reading.inner_text()).group(1)
        return [float(v.replace("\u2212", "-")) for v in inside.split(", ")]

    def point(self, x, y) -> tuple[float, float]:
        """Where on the screen z = (x, y) is."""
        self.pad.scroll_into_view_if_needed()
        left, top, width, height = self.box
        rectangle = self.pad.bounding_box()
        u, v = left + width * (x + 4) / 8, top + height * (4 - y) / 8
        return rectangle["x"] + rectangle["width"] * u, rectangle["y"] + rectangle["height"] * v

    def ready(self) -> "Hand":
        self.box = self.kernel()[2]
        return self

    def agrees(self) -> None:
        """Reading, canvas and kernel tell the same z and the same image."""
        z, shades, _ = self.kernel()
        assert self.z() == pytest.approx(z, abs=0.0051)
        assert self.canvas.evaluate(SHADES) == pytest.approx(shades, abs=1 + 255 * 2e-3)


def test_mouse(lab):
    hand = Hand(lab).ready()
    before = hand.canvas.evaluate(SHADES)
    hand.page.mouse.move(*hand.point(-1, 1))
    hand.page.mouse.down()
    hand.page.mouse.move(*hand.point(2, -3), steps=60)
    hand.page.mouse.up()
    expect(hand.reading).to_contain_text(re.compile(r"z = \((1\.9|2\.0).*, −(2\.9|3\.0)"))
    assert hand.z() == pytest.approx([2, -3], abs=PIXEL)
    ring = hand.pad.locator(".vae-knob").bounding_box()
    assert (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2) == pytest.approx(hand.point(2, -3), abs=1.5)
    assert hand.canvas.evaluate(SHADES) != before
    hand.agrees()

    hand.page.mouse.move(*hand.point(0, 0))  # not pressed: nothing follows
    assert hand.z() == pytest.approx([2, -3], abs=PIXEL)
    hand.page.mouse.down()
    hand.page.mouse.move(*hand.point(7, 6), steps=5)  # past the edge: it stops there
    hand.page.mouse.up()
    expect(hand.reading).to_contain_text("z = (4.00, 4.00)")
    hand.agrees()

    hand.view.evaluate("view => { view.style.transform = 'scale(0.7)'; view.style.transformOrigin = '0 0'; }")  # as slides do
    hand.page.mouse.click(*hand.point(-3, 2))
    expect(hand.reading).to_contain_text("z = (−")
    assert hand.z() == pytest.approx([-3, 2], abs=PIXEL / 0.7)
    hand.agrees()


def test_a_finger_drags_the_ring_and_not_the_page(lab):
    hand = Hand(lab, has_touch=True).ready()
    assert hand.pad.evaluate("pad => getComputedStyle(pad).touchAction") == "none"
    finger = hand.page.context.new_cdp_session(hand.page)

    def touch(kind, *point):
        points = [{"x": point[0], "y": point[1]}] if point else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    path = [hand.point(0, -2 + 4 * k / 20) for k in range(21)]
    touch("touchStart", *path[0])
    for point in path[1:]:
        touch("touchMove", *point)
    touch("touchEnd")
    expect(hand.reading).to_contain_text(re.compile(r", (1\.9|2\.0)"))
    assert hand.z() == pytest.approx([0, 2], abs=PIXEL)
    hand.agrees()


def test_keys_and_python(lab):
    hand = Hand(lab, PAD, "pad", "pad.z = (1.5, -2.5); print(pad.reading)", "pad").ready()
    cells = hand.page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowUp"):
        hand.pad.press(key)
    expect(hand.reading).to_contain_text("z = (0.16, 0.18)")
    active = hand.page.locator(".jp-Notebook .jp-Cell.jp-mod-active").element_handle()
    for key in ("b", "a", "ArrowDown", "ArrowDown", "ArrowLeft"):
        hand.pad.press(key)
    expect(hand.reading).to_contain_text("z = (0.00, −0.14)")
    assert hand.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on the pad inserted a cell"
    assert active.evaluate("cell => cell.classList.contains('jp-mod-active')"), "an arrow key on the pad moved to another cell"
    assert hand.pad.evaluate("pad => document.activeElement === pad && getComputedStyle(pad).outlineStyle") == "solid"
    hand.agrees()
    hand.pad.press("Home")
    expect(hand.reading).to_contain_text("z = (0.00, 0.00)")
    hand.pad.press("Tab")  # the keyboard is never caught in the pad
    assert hand.pad.evaluate("pad => document.activeElement !== pad")

    hand.lab.run_cell(3)
    expect(hand.reading).to_contain_text("z = (1.50, −2.50)")
    hand.agrees()
    assert hand.lab.output(3).inner_text().replace("; ", " ").strip() == " ".join(hand.reading.inner_text().split())
    hand.lab.run_cell(4)  # a second view of the same pad
    second = hand.lab.widget(4, ".vae-reading")
    expect(second).to_have_text(hand.reading.text_content())
    hand.pad.press("ArrowLeft")
    expect(second).to_contain_text("z = (1.34, −2.50)")


def test_sliders(lab):
    hand = Hand(lab, SLIDERS, "sliders", "sliders.z = [0, 0, 0, 0, 0, 1.25]").ready()
    cells = hand.page.locator(".jp-Notebook .jp-Cell").count()
    third = hand.view.get_by_role("slider").nth(2)
    for key in ("ArrowRight", "ArrowRight", "b", "ArrowRight"):
        third.press(key)
    expect(hand.reading).to_contain_text("z = (0.00, 0.00, 0.06, 0.00, 0.00, 0.00)")
    assert hand.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on a slider inserted a cell"
    assert third.get_attribute("aria-valuetext") == "0.06"
    hand.agrees()
    hand.view.get_by_role("button", name="random from the box").click()
    expect(hand.reading).not_to_contain_text("0.06, 0.00, 0.00, 0.00")
    assert all(-2 <= v <= 2 for v in hand.z()) and len(set(hand.z())) > 3
    hand.agrees()
    hand.view.get_by_role("button", name="all zeros").press("Enter")
    expect(hand.reading).to_contain_text("z = (0.00, 0.00, 0.00, 0.00, 0.00, 0.00)")
    hand.lab.run_cell(3)
    expect(hand.reading).to_contain_text("0.00, 1.25)")
    expect(hand.view.get_by_role("slider").nth(5)).to_have_value(re.compile(r"1\.2[46]"))
    hand.agrees()


def test_look_and_what_cannot_be_shown(lab):
    hand = Hand(lab, PAD, "pad", SLIDERS, "pad.network = {'layers': [{'type': 'GRU'}], 'dtype': 'int16', 'floats': 0}; pad")
    hand.lab.run_cell(3)
    hand.lab.widget(3, ".vae-sliders")
    for dark in (False, True):
        hand.lab.theme(dark)
        for part, what in ((hand.view, "pad"), (hand.lab.widget(3, ".vae-view"), "sliders")):
            part.scroll_into_view_if_needed()
            for text in part.locator(".vae-reading, .vae-help, .vae-value, button, .vae-slider").all():
                assert text.evaluate(CONTRAST) >= 4.5
            assert part.evaluate("view => view.scrollWidth <= view.clientWidth && view.getBoundingClientRect().height < 720")
            hand.lab.screenshot(f"{what}-{'dark' if dark else 'light'}")
    hand.lab.run_cell(4)
    message = hand.lab.widget(4, ".vae-error")
    expect(message).to_have_text('This view cannot be shown. The browser\'s engine has no layer "GRU".')
    assert message.evaluate(CONTRAST) >= 4.5
    hand.lab.console_errors.clear()  # it is told there too, on purpose


# Contrast of a text with what lies behind it (WCAG 2.1, relative luminance).
CONTRAST = """node => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = node;
    while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
    const two = [light(rgb(getComputedStyle(node).color)), light(behind ? rgb(getComputedStyle(behind).backgroundColor) : [255, 255, 255])];
    return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
}"""

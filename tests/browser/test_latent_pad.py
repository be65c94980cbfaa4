"""LatentPad and LatentSliders under a real hand, in JupyterLab and Chromium."""

import ast
import math
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
SHOWN = "[255 * (1 - v) for v in {0}.image.clamp(0, 1).flatten().tolist()]"
STATE = f"print([list({{0}}.z), {SHOWN}, {{0}}.plane.box if hasattr({{0}}, 'plane') else None])"
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
        self.lab.refresh()
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
    finger = hand.page.context.new_cdp_session(hand.page)

    def touch(kind, *point):
        points = [{"x": point[0], "y": point[1]}] if point else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    path = [hand.point(0, 2 * k / 20) for k in range(21)]  # from where the ring is
    touch("touchStart", *path[0])
    for point in path[1:]:
        touch("touchMove", *point)
    touch("touchEnd")
    expect(hand.reading).to_contain_text(re.compile(r", (1\.9|2\.0)"))
    assert hand.z() == pytest.approx([0, 2], abs=PIXEL)
    hand.agrees()
    for far, wanted in ((60, [0, 2]), (0, [-2, -1])):  # away from the ring a swipe is none of the pad's, and a tap is
        x, y = hand.point(-2, -1)
        touch("touchStart", x, y)
        for k in range(11 if far else 0):
            touch("touchMove", x + far * k / 10, y)
        touch("touchEnd")
        hand.lab.refresh()
        assert hand.z() == pytest.approx(wanted, abs=PIXEL)
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


# the path

TRAITS = "print([pad.path, pad.shown])"


class PathHand(Hand):
    """A hand on a pad whose fourth cell prints path and layers, with further cells behind."""

    def __init__(self, lab, *cells, view=PAD, **options):
        super().__init__(lab, view, "pad", TRAITS, *cells, **options)
        self.button = {name: self.view.get_by_role("button", name=name) for name in ("draw a path", "play", "stop", "clear")}
        self.told = self.view.locator(".vae-path-reading")
        self.ready()

    def traits(self):
        """(path, layers shown) as the kernel has them."""
        self.lab.run_cell(3)
        self.lab.wait_idle()
        return ast.literal_eval(self.lab.output(3).inner_text())

    def line_runs(self, begin, end) -> None:
        """The drawn path begins and ends there on the screen."""
        wanted = [self.point(*begin), self.point(*end)]
        ends = """line => [0, line.getTotalLength()].map(at => {
            const p = line.getPointAtLength(at).matrixTransform(line.getScreenCTM()); return [p.x, p.y]; })"""
        for drawn, place in zip(self.pad.locator(".vae-path-ink").first.evaluate(ends), wanted, strict=True):
            assert drawn == pytest.approx(place, abs=1.5)

    def drag(self, *corners, steps=12) -> None:
        self.page.mouse.move(*self.point(*corners[0]))
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*self.point(*corner), steps=steps)
        self.page.mouse.up()

    def plays_to(self, x, y) -> None:
        expect(self.button["play"]).to_be_visible()
        expect(self.reading).to_contain_text(f"z = ({x:.2f}, {y:.2f})".replace("-", "\u2212"))
        self.agrees()


def away_from(points, corners) -> float:
    """The largest distance of a point from the line through the corners."""

    def distance(p):
        found = []
        for a, b in zip(corners, corners[1:], strict=False):
            (ax, ay), (dx, dy) = a, (b[0] - a[0], b[1] - a[1])
            share = min(1, max(0, ((p[0] - ax) * dx + (p[1] - ay) * dy) / (dx * dx + dy * dy)))
            found.append(math.hypot(p[0] - ax - share * dx, p[1] - ay - share * dy))
        return min(found)

    return max(map(distance, points))


def test_a_path_is_drawn_by_the_mouse_and_played(lab):
    hand = PathHand(lab)
    hand.drag((0, 0), (1, 1))  # not switched on: nothing is drawn
    expect(hand.told).to_have_text("No path yet.")
    draw = hand.button["draw a path"]
    draw.click()
    expect(draw).to_have_attribute("aria-pressed", "true")
    corners = [(-2, -2), (2, -2), (2, 3)]
    hand.drag(*corners)
    expect(hand.told).to_contain_text(re.compile(r"Path of \d+ points, (8\.9|9\.0)"))
    path, _ = hand.traits()
    assert path[0] == pytest.approx(corners[0], abs=PIXEL) and path[-1] == pytest.approx(corners[-1], abs=PIXEL)
    assert 3 < len(path) < 40 and away_from(path, corners) < PIXEL
    hand.line_runs(corners[0], corners[-1])
    z = hand.z()
    assert z == pytest.approx(corners[-1], abs=PIXEL)
    hand.agrees()

    expect(draw).to_have_attribute("aria-pressed", "false")
    hand.drag((1, 1), (0, 0))  # one path was drawn: z moves, the path stays
    expect(hand.reading).to_contain_text("z = (0.0")
    assert hand.traits()[0] == path
    hand.button["play"].click()
    expect(hand.button["stop"]).to_be_visible()
    hand.plays_to(*path[-1])
    assert hand.kernel()[0] == pytest.approx(path[-1])

    for stop in (lambda: hand.button["stop"].click(), lambda: hand.button["stop"].press("Escape"), lambda: hand.pad.press("Escape")):
        hand.button["play"].click()
        stop()
        expect(hand.button["play"]).to_be_visible()
        hand.agrees()
        assert hand.kernel()[0] != pytest.approx(path[-1])
    hand.button["play"].click()
    hand.page.mouse.click(*hand.point(-3, 3))  # the hand takes over
    expect(hand.button["play"]).to_be_visible()
    hand.agrees()
    assert hand.z() == pytest.approx([-3, 3], abs=PIXEL)

    draw.click()
    hand.drag((0, 1), (1, 1))  # a new drag is a new path
    expect(hand.told).to_contain_text(re.compile(r"points, 1\.0"))
    draw.click()
    hand.page.mouse.move(*hand.point(-3, 0))
    hand.page.mouse.down()
    hand.pad.evaluate(SCRIBBLE)
    hand.page.mouse.up()
    expect(hand.told).to_contain_text(re.compile(r"Path of (1\d\d|2\d\d|300) points"))  # thinned
    path, _ = hand.traits()
    assert path[-1] == pytest.approx(hand.kernel()[0])
    hand.button["clear"].press("Enter")
    expect(hand.told).to_have_text("No path yet.")
    assert hand.traits()[0] == ()


# A thousand places of the mouse that is down, as fast as the page takes them.
SCRIBBLE = """pad => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    for (let k = 0; k < 1000; k++) {
        const clientX = left + width * (0.5 + 0.3 * Math.cos(k / 10)), clientY = top + height * (0.5 + 0.3 * Math.sin(k / 13));
        pad.dispatchEvent(new PointerEvent('pointermove', { pointerId: 1, isPrimary: true, bubbles: true, clientX, clientY }));
    }
}"""


def test_a_path_by_finger_and_by_keys_in_steps(lab):
    hand = PathHand(lab, "pad.path = torch.tensor([[3.0, -3.0], [-3.0, -3.0], [-3.0, 3.0]])", has_touch=True, reduced_motion="reduce")
    hand.button["draw a path"].press("Enter")
    finger = hand.page.context.new_cdp_session(hand.page)
    corners = [(-1, 0), (2, 0)]
    places = [hand.point(-1 + 3 * k / 15, 0) for k in range(16)]
    for kind, points in [("touchStart", places[:1]), *(("touchMove", [place]) for place in places[1:]), ("touchEnd", [])]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    expect(hand.told).to_contain_text(re.compile(r"points, (2\.9|3\.0)"))
    path, _ = hand.traits()
    assert path[0] == pytest.approx(corners[0], abs=PIXEL) and path[-1] == pytest.approx(corners[1], abs=PIXEL)
    assert away_from(path, corners) < PIXEL

    hand.button["draw a path"].press("Enter")
    middle, touch = hand.point(0, 0), lambda kind, *xs: finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [
        {"x": x, "y": middle[1], "id": k} for k, x in enumerate(xs)]})  # fmt: skip
    touch("touchStart", middle[0] - 40)
    touch("touchMove", middle[0] - 20)  # it looks like a path, until
    touch("touchStart", middle[0] - 20, middle[0] + 20)  # two fingers zoom
    for k in range(10):
        touch("touchMove", middle[0] - 20 - 4 * k, middle[0] + 20 + 4 * k)
    touch("touchEnd")
    expect(hand.view.locator(".vae-zoom .vae-value")).to_contain_text("×")
    assert hand.traits()[0] == path  # the path that was drawn is still there
    hand.view.get_by_role("button", name="Show the whole plane").press("Enter")
    hand.button["draw a path"].press("Enter")
    hand.button["clear"].press("Enter")

    hand.pad.press("Home")
    hand.button["play"].press("Enter")
    expect(hand.told).to_contain_text("a path needs two points or more, and this one has 0")
    hand.pad.press("Enter")
    hand.button["play"].press("Enter")
    expect(hand.told).to_contain_text("a path needs two points or more, and this one has 1")
    assert hand.told.evaluate(CONTRAST) >= 4.5
    for _ in range(3):
        hand.pad.press("ArrowUp")
    hand.pad.press("Enter")
    expect(hand.told).to_have_text("Path of 2 points, 0.48 long.")
    assert hand.traits()[0] == ((0.0, 0.0), (0.0, pytest.approx(0.48)))
    hand.button["play"].press("Enter")
    hand.plays_to(0, 0.48)

    hand.lab.run_cell(4)  # from Python
    expect(hand.told).to_have_text("Path of 3 points, 12.00 long.")
    hand.line_runs((3, -3), (-3, 3))
    hand.pad.evaluate(WATCH)
    hand.button["play"].press("Enter")
    hand.plays_to(-3, 3)
    seen = hand.page.evaluate("() => window.seen")
    steps = {f"z = ({x:.2f}, {y:.2f})".replace("-", "\u2212") for x, y in [(3 - k, -3) for k in range(7)] + [(-3, k - 3) for k in range(7)]}
    assert set(seen) - {"z = (0.00, 0.48)"} <= steps and "z = (\u22123.00, 3.00)" in seen  # and nothing between the steps


# Every z that the reading tells.
WATCH = """pad => {
    const reading = pad.closest('.vae-view').querySelector('.vae-reading');
    window.seen = [];
    const note = () => window.seen.push(reading.firstChild.textContent);
    new MutationObserver(note).observe(reading, { childList: true, characterData: true, subtree: true });
}"""


def test_playing_gives_way_to_python(lab):
    hand = PathHand(lab, "pad.z = (1.5, 1.5)", view="pad = LatentPad(vae, extent=(-4, 4, -4, 4), path=[(-3, -3), (3, -3)]); pad")
    hand.pad.evaluate(WATCH)
    hand.button["play"].click()
    hand.lab.run_cell(4)
    expect(hand.button["play"]).to_be_visible()
    expect(hand.reading).not_to_contain_text("z = (3.00")  # the film has not run on to its end
    hand.lab.run_cell(4)  # what the film had on its way to Python may have come after the first word
    expect(hand.reading).to_contain_text("z = (1.50, 1.50)")
    hand.agrees()
    assert any(re.search(r"\.(?!00)\d\d, \u22123\.00", text) for text in hand.page.evaluate("() => window.seen"))  # it was on its way


# layers

LAYERS = """
pad = LatentPad(vae, codes, labels, torch.full((60, 2), 0.3), extent=(-4, 4, -4, 4))
pad
"""


def test_layers_from_both_sides(lab):
    hand = PathHand(lab, "pad.shown = ['posteriors']", view=LAYERS)
    names = {"prior": "prior p", "posteriors": "posteriors q", "codes": "codes"}
    switch = {layer: hand.view.get_by_role("checkbox", name=name) for layer, name in names.items()}

    seen = {}

    def shown_are(*wanted) -> None:
        for layer in names:
            expect(switch[layer]).to_be_checked(checked=layer in wanted)
        hand.lab.refresh()
        ink = hand.pad.locator("canvas").evaluate("canvas => canvas.toDataURL()")
        assert all((wanted == other) == (ink == picture) for other, picture in seen.items())
        seen[wanted] = ink

    shown_are("codes")
    hand.pad.press("Tab")  # draw, play, clear, and then the switches
    for _ in range(3):
        hand.page.locator(":focus").press("Tab")
    assert switch["prior"].evaluate("box => box === document.activeElement && getComputedStyle(box).outlineStyle") == "solid"
    switch["prior"].press("Space")
    shown_are("prior", "codes")
    assert sorted(hand.traits()[1]) == ["codes", "prior"]
    switch["codes"].click()
    shown_are("prior")
    assert hand.traits()[1] == ["prior"]
    hand.lab.run_cell(4)
    shown_are("posteriors")
    assert hand.traits()[1] == ["posteriors"]
    for dark in (False, True):
        hand.lab.theme(dark)
        for layer in names:
            switch[layer].set_checked(True)
        shown_are(*names)
        hand.view.scroll_into_view_if_needed()
        hand.lab.screenshot(f"pad-layers-{'dark' if dark else 'light'}")


# zoom

ZOOMED = """
images = torch.rand(60, 8, 8, generator=torch.Generator().manual_seed(1)).round()
pad = LatentPad(vae, codes, labels, torch.full((60, 2), 0.3), extent=(-4, 4, -4, 4), z=codes[7], images=images)
pad
"""
NEAREST = "print([list(pad.window), pad.nearest[0], codes.tolist(), images[pad.nearest[0]].tolist()])"
INK = """(canvas, [u, v]) => { const [x, y] = [u * canvas.width, v * canvas.height].map(Math.round);
    const { data } = canvas.getContext('2d').getImageData(x - 12, y - 12, 25, 25);
    return [...data].filter((_, i) => i % 4 == 3).filter(Boolean).length; }"""


def test_zoom_by_buttons_keys_wheel_and_fingers(lab):
    hand = Hand(lab, ZOOMED, "pad", NEAREST, "pad.window = (-1, 1, -1, 1)", has_touch=True).ready()
    zoom = {name: hand.view.get_by_role("button", name=name) for name in ("Zoom in", "Zoom out", "Show the whole plane")}
    said, ground = hand.view.locator(".vae-zoom [role=status]"), hand.pad.locator("canvas")
    left, top, width, height = hand.box

    def state():
        hand.lab.run_cell(3)
        hand.lab.wait_idle()
        return ast.literal_eval(hand.lab.output(3).inner_text())

    def ring_shows_z(window) -> None:
        (x0, x1, y0, y1), (x, y) = window or (-4, 4, -4, 4), hand.kernel()[0]
        box, ring = hand.pad.bounding_box(), hand.pad.locator(".vae-knob").bounding_box()
        u, v = left + width * (x - x0) / (x1 - x0), top + height * (y1 - y) / (y1 - y0)
        at = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
        assert at == pytest.approx((box["x"] + u * box["width"], box["y"] + v * box["height"]), abs=1.5)
        assert ground.evaluate(INK, [u, v]) > 20, "the code under the ring is not drawn there"

    expect(zoom["Zoom out"]).to_have_attribute("aria-disabled", "true")
    ring_shows_z(())
    before = ground.evaluate("canvas => canvas.toDataURL()")
    for _ in range(3):
        zoom["Zoom in"].press("Enter")
    expect(said).to_have_text("8.0×")
    window, nearest, codes, image = state()
    assert nearest == 7 and window[1] - window[0] == pytest.approx(1) and window[0] < codes[7][0] < window[1]
    ring_shows_z(window)
    real = hand.view.get_by_role("img", name="The real image whose code is nearest.")
    assert real.evaluate(SHADES) == pytest.approx([255 * (1 - v) for row in image for v in row], abs=1)
    start = hand.z()
    hand.pad.press("ArrowRight")  # a fiftieth of what is seen
    assert hand.z()[0] == pytest.approx(start[0] + 0.02, abs=0.011)
    for _ in range(60):
        hand.pad.press("ArrowRight")  # beyond the edge of the window, which goes with the ring
    window, (x, _) = state()[0], hand.kernel()[0]  # what is read is rounded, and the ring may stand on the very edge
    assert window[0] - 1e-9 <= x <= window[1] + 1e-9 and x == pytest.approx(start[0] + 1.22, abs=0.02)
    hand.pad.press("-")
    expect(said).to_have_text("5.3×")
    hand.pad.press("0")
    expect(said).to_have_text("")
    assert state()[0] == [] and ground.evaluate("canvas => canvas.toDataURL()") == before

    near = re.compile(r"z = \((1\.9|2\.0)\d, (1\.9|2\.0)\d\)")
    hand.page.mouse.click(*hand.point(2, 2))
    expect(hand.reading).to_contain_text(near)
    place = hand.point(2, 2)
    hand.page.mouse.move(*place)
    hand.page.keyboard.down("Control")
    for _ in range(4):
        hand.page.mouse.wheel(0, -100)
    hand.page.keyboard.up("Control")
    expect(said).to_have_text("3.3×")
    hand.page.mouse.click(*place)  # what was under the wheel still is
    expect(hand.reading).to_contain_text(near)
    hand.lab.run_cell(4)
    expect(said).to_have_text("4.0×")
    zoom["Show the whole plane"].click()

    finger, z = hand.page.context.new_cdp_session(hand.page), hand.point(0, 0)
    for kind, apart in [("touchStart", 20), *(("touchMove", 20 + 4 * k) for k in range(11)), ("touchEnd", None)]:
        points = [] if apart is None else [{"x": z[0] + sign * apart, "y": z[1], "id": k} for k, sign in enumerate((-1, 1))]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(said).to_have_text("3.0×")
    x0, x1, y0, y1 = state()[0]
    assert (x0 + x1) / 2 == pytest.approx(0, abs=0.05) and x1 - x0 == pytest.approx(8 / 3, abs=0.05)
    for each in hand.view.locator(".vae-zoom button").all():
        assert min(each.bounding_box()[side] for side in ("width", "height")) >= 44


# where the browser cannot decode

KERNEL = """
import time
class GELU(torch.nn.GELU):
    '''Slow, as a large network on a far kernel is.'''
    def forward(self, x):
        time.sleep(0.05)
        return super().forward(x)
vae.decoder.insert(1, GELU())
pad = LatentPad(vae, codes, labels, extent=(-4, 4, -4, 4))
pad
"""
NOTE = "The browser cannot run GELU: the kernel computes each image."
DRAW = """
import time, matplotlib.pyplot as plt
from pathlib import Path
figure, axes = plt.subplots(1, 2)
print("half drawn")
while not Path("go").exists():
    time.sleep(0.01)
print(f"figures of this cell: {len(plt.get_fignums())}")
"""


@pytest.mark.parametrize("subshells", [False, True], ids=["main thread", "second thread"])
def test_the_kernel_decodes_what_the_browser_cannot(lab, server, subshells):
    cells = "print((pad.image - vae.mean_image(torch.tensor(pad.z))).abs().max().item())", DRAW
    hand = Hand(lab, "from vae_helpers import runtime; runtime.setup()\n" + KERNEL, "pad", *cells, subshells=subshells).ready()
    note = hand.view.locator(".vae-note")
    if subshells:
        hand.lab.heard()

    def at_rest() -> None:
        expect(hand.canvas).to_have_attribute("aria-busy", "false")
        expect(note).to_have_text(NOTE)

    def drag(*corners) -> None:
        hand.page.mouse.move(*hand.point(*corners[0]))
        hand.page.mouse.down()
        for corner in corners[1:]:
            hand.page.mouse.move(*hand.point(*corner), steps=30)
        hand.page.mouse.up()
        hand.lab.refresh()  # by now the last place has been asked of the kernel

    at_rest()
    hand.agrees()
    before = hand.canvas.evaluate(SHADES)
    drag((-2, -2), (3, -3), (2, 1))
    at_rest()
    assert hand.z() == pytest.approx([2, 1], abs=PIXEL)
    assert hand.canvas.evaluate(SHADES) != before
    hand.agrees()
    hand.lab.run_cell(3)
    assert float(hand.lab.output(3).inner_text()) < 1e-6
    hand.pad.press("Home")  # whole numbers
    expect(hand.reading).to_contain_text("z = (0.00, 0.00)")
    at_rest()
    hand.agrees()
    hand.lab.screenshot("pad-kernel", of=hand.view)

    hand.lab.start_cell(4)  # a cell that runs on, its figure half drawn
    expect(hand.lab.output(4)).to_contain_text("half drawn")
    drag((0, 0), (-2, 2))
    if subshells:  # the answers come all the same
        at_rest()
    else:  # they wait for the cell, and the view says so
        expect(note).to_have_text("The browser cannot run GELU: this image needs a running kernel, and none has answered yet.")
        expect(hand.canvas).to_have_attribute("aria-busy", "true")
        assert note.evaluate(CONTRAST) >= 4.5
        hand.lab.screenshot("pad-without-kernel", of=hand.view)
    (server.notebooks / "go").touch()
    expect(hand.lab.output(4)).to_contain_text("figures of this cell: 1")
    (server.notebooks / "go").unlink()
    at_rest()
    assert hand.z() == pytest.approx([-2, 2], abs=PIXEL)
    hand.agrees()


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


OTHER_SIZE = """
other, small = LatentPad(vae), LatentPad(torch.nn.Sequential(torch.nn.Linear(2, 9)))
other.network, other.weights = small.network, small.weights
other
"""


def looks_right(lab, views, texts, height=720):
    """In both themes: the texts of each view (name → locator) are readable, nothing is cut off, and it is lower than `height`."""
    for dark in (False, True):
        lab.theme(dark)
        for name, view in views.items():
            view.scroll_into_view_if_needed()
            assert view.locator(texts).count() and all(text.evaluate(CONTRAST) >= 4.5 for text in view.locator(texts).all())
            assert view.evaluate("view => view.scrollWidth > view.clientWidth ? Infinity : view.getBoundingClientRect().height") < height
            lab.screenshot(f"{name}-{'dark' if dark else 'light'}")


def test_look_and_what_cannot_be_shown(lab):
    hand = Hand(lab, PAD, "pad", SLIDERS, "pad.network = {'layers': [{'type': 'GRU'}], 'dtype': 'int16', 'floats': 0}; pad", OTHER_SIZE)
    hand.lab.run_cell(3)
    hand.lab.widget(3, ".vae-sliders")
    looks_right(
        hand.lab, {"pad": hand.view, "sliders": hand.lab.widget(3, ".vae-view")}, ".vae-reading, .vae-help, .vae-value, button, .vae-slider"
    )
    hand.lab.run_cell(4)
    message = hand.lab.widget(4, ".vae-error")
    expect(message).to_have_text('This view cannot be shown. The browser\'s engine has no layer "GRU".')
    assert message.evaluate(CONTRAST) >= 4.5
    hand.lab.run_cell(5)
    expect(hand.lab.widget(5, ".vae-error")).to_have_text(
        "This view cannot be shown. The decoder puts out 9 numbers, an image of 8 × 8 has 64."
    )
    hand.lab.console_errors.clear()  # it is told there too, on purpose


# Contrast (WCAG 2.1) of a text with the colour behind it, both as seen: opacities and alphas are laid over each other.
CONTRAST = """node => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = node, share = 1;
    while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) {
        share *= Number(getComputedStyle(behind).opacity);
        behind = behind.parentElement;
    }
    const paper = (behind ? rgb(getComputedStyle(behind).backgroundColor) : [255, 255, 255]).slice(0, 3);
    const ink = rgb(getComputedStyle(node).color);
    share *= ink[3] ?? 1;
    const two = [light(paper), light(paper.map((v, i) => share * ink[i] + (1 - share) * v))];
    return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
}"""

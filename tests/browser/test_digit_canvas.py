"""DigitCanvas under a real hand, in JupyterLab and Chromium: what is drawn, what the kernel has, and what the view says agree."""

import ast
import re

import pytest
from playwright.sync_api import expect

SETUP = """
import torch
from vae_helpers import pretrained, pretrained
from vae_helpers.widgets import DigitCanvas
torch.set_num_threads(1)
vae, codes = pretrained.load("mnist_vae_2d"), pretrained.codes("mnist_vae_2d")
"""
CANVAS = "canvas = DigitCanvas(vae, codes.mean, codes.labels, codes.stddev); canvas"
STATE = """
s = {"strokes": canvas.strokes, "example": canvas.example, "z": list(canvas.z), "samples": canvas.samples}
s["extent"] = list(canvas.plane.extent)
if canvas.strokes:
    s |= {"x": canvas.x.int().flatten().tolist(), "mu": canvas.q.mean.tolist(), "sigma": canvas.q.stddev.tolist()}
    s |= {"numbers": list(canvas.numbers), "terms": [*canvas.terms, canvas.terms.elbo]}
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
        x, decoded = (self.view.locator(f".vae-seen-decoded canvas >> nth={k}").evaluate(SHADES) for k in (0, 1))
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
        shown = [
            float(self.view.locator(f".vae-{name}").inner_text().split(" nats")[0].split(" ")[-1].replace("\u2212", "-"))
            for name in ("cost", "gain")
        ]
        assert shown == pytest.approx(state["terms"][:2], abs=0.051 + 1e-3 * abs(state["terms"][1]))  # one decimal; int16 weights
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
    assert root["width"] <= 836 and box["height"] < 599
    hand.view.evaluate("view => (view.style.width = '848px')")  # as beside the list of files at 1280 × 720, where 599 are left in height
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth") and hand.view.bounding_box()["height"] < 599


def test_mouse(lab):
    hand = Hand(lab)
    expect(hand.said).to_have_text("Draw a digit or choose an example.")
    hand.draw(SEVEN)
    state = hand.agrees()
    assert len(state["strokes"]) == 1 and state["example"] is None
    assert state["strokes"][0][0] == pytest.approx(SEVEN[0], abs=0.01) and state["strokes"][0][-1] == pytest.approx(SEVEN[-1], abs=0.01)
    assert state["z"] == pytest.approx(state["mu"], abs=2e-3)

    hand.draw([(0.3, 0.52), (0.65, 0.52)])  # a bar through it
    second = hand.agrees()
    assert len(second["strokes"]) == 2 and second["x"] != state["x"]
    hand.button("undo").click()
    assert hand.agrees()["strokes"] == state["strokes"]

    hand.view.evaluate("view => { view.style.transform = 'scale(0.7)'; view.style.transformOrigin = '0 0'; }")  # as slides do
    hand.draw([(0.3, 0.52), (0.65, 0.52)])
    assert hand.agrees()["strokes"][1][-1] == pytest.approx([0.65, 0.52], abs=0.015)

    hand.button("clear").click()
    expect(hand.said).to_have_text("Draw a digit or choose an example.")
    expect(hand.view.locator(".vae-bound")).to_be_hidden()
    assert hand.kernel()["strokes"] == []


def test_the_ring_is_dragged_away_and_a_new_drawing_fetches_it_back(lab):
    hand = Hand(lab, "canvas = DigitCanvas(vae, codes.mean, codes.labels, example=0); canvas")
    state = hand.agrees()
    hand.view.scroll_into_view_if_needed()
    box = hand.pad.bounding_box()
    hand.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    moved = hand.agrees()  # the image at the ring, the ellipse where it was
    assert moved["z"] != state["z"] and moved["mu"] == state["mu"]
    hand.pad.press("ArrowLeft")
    assert hand.agrees()["z"][0] < moved["z"][0]
    hand.button("example 6").click()
    again = hand.agrees()
    assert again["example"] == 6 and again["z"] == pytest.approx(again["mu"], abs=2e-3)


def test_a_finger_draws_and_does_not_scroll_the_page(lab):
    hand = Hand(lab, has_touch=True)
    assert hand.paper.evaluate("paper => getComputedStyle(paper).touchAction") == "none"
    finger = hand.page.context.new_cdp_session(hand.page)

    def touch(kind, *point):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": point[0], "y": point[1]}] if point else []})

    path = [hand.on_paper(0.5, 0.15 + 0.7 * k / 20) for k in range(21)]
    touch("touchStart", *path[0])
    for point in path[1:]:
        touch("touchMove", *point)
    touch("touchEnd")
    strokes = hand.agrees()["strokes"]
    assert (
        len(strokes) == 1
        and strokes[0][0] == pytest.approx([0.5, 0.15], abs=0.01)
        and strokes[0][-1] == pytest.approx([0.5, 0.85], abs=0.01)
    )


def test_on_a_phone_the_decoded_image_and_the_bound_stand_under_the_canvas(lab):
    hand = Hand(lab, "canvas = DigitCanvas(vae, codes.mean, codes.labels, example=8); canvas", has_touch=True)
    hand.page.set_viewport_size({"width": 390, "height": 844})
    hand.lab.refresh()
    top = hand.paper.bounding_box()["y"]
    for part in (".vae-seen-decoded", ".vae-bound"):
        box = hand.view.locator(part).bounding_box()
        assert top < box["y"] and box["y"] + box["height"] < top + 700
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth")


def test_samples(lab):
    hand = Hand(lab, "canvas = DigitCanvas(vae, codes.mean, codes.labels, example=8); canvas")
    hand.button("sample 1").click()
    expect(hand.view.get_by_role("img", name="The image of one z from q.")).to_be_visible()
    state = hand.agrees()
    assert state["samples"] == [pytest.approx(state["z"])]  # the ring is on the draw
    expect(hand.view.locator(".vae-both")).to_have_text(re.compile("^one draw of the ELBO"))
    hand.pad.press("ArrowLeft")
    expect(hand.view.locator(".vae-both")).to_contain_text("not drawn")
    hand.button("sample 100").click()
    expect(hand.view.get_by_role("img", name="The images of 100 z from q.")).to_be_visible()
    state = hand.agrees()
    spread = [[(z[k] - state["mu"][k]) / state["sigma"][k] for z in state["samples"]] for k in (0, 1)]
    assert len(state["samples"]) == 100
    for values in spread:  # 100 draws of N(0, 1): mean and variance within five standard errors
        assert abs(sum(values)) / 100 < 0.5 and abs(sum(v * v for v in values) / 100 - 1) < 0.71
    dots = hand.pad.locator(".vae-dots").get_attribute("d")
    places = [float(v) for pair in re.findall(r"M(\S+) (\S+?)h0", dots) for v in pair]
    assert places == pytest.approx([v for x, y in state["samples"] for v in (x, -y)], abs=1e-5)
    hand.button("example 1").click()
    assert hand.agrees()["samples"] == []
    expect(hand.view.locator(".vae-sampled")).to_be_hidden()


def test_keys_alone(lab):
    hand = Hand(lab)
    cells = hand.page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("ArrowUp", "ArrowUp", "b", " ", *["ArrowDown"] * 6, " ", "ArrowRight"):
        hand.paper.press(key)
    assert hand.paper.evaluate("paper => document.activeElement === paper && getComputedStyle(paper).outlineStyle") == "solid"
    assert hand.agrees()["strokes"] == [[[0.5, round(0.42 + 0.04 * k, 2)] for k in range(7)]]
    assert hand.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on the canvas inserted a cell"
    hand.paper.press("Backspace")
    expect(hand.said).to_have_text("Draw a digit or choose an example.")
    hand.paper.press("Tab")  # undo, clear, then the examples
    reached = []
    for _ in range(12):
        reached.append(hand.page.evaluate("() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"))
        hand.page.locator(":focus").press("Tab")
    assert reached == ["undo", "clear", *(f"example {digit}" for digit in range(10))]
    hand.button("example 7").press("Enter")
    assert hand.agrees()["example"] == 7


def test_python_draws(lab):
    hand = Hand(
        lab, CANVAS, "canvas.strokes = [[(0.5, 0.1), (0.5, 0.9)]]", "canvas.example = 9; canvas.samples = canvas.q.sample((5,))", "canvas"
    )
    hand.lab.run_cell(3)
    assert hand.agrees()["strokes"] == [[[0.5, 0.1], [0.5, 0.9]]]
    hand.lab.run_cell(4)
    expect(hand.button("example 9")).to_have_attribute("aria-pressed", "true")
    expect(hand.view.get_by_role("img", name="The images of 5 z from q.")).to_be_visible()
    hand.agrees()
    hand.lab.run_cell(5)  # a second view of the same canvas
    expect(hand.lab.widget(5, ".vae-numbers output")).to_have_text(hand.said.text_content())


def test_narrow(lab):
    hand = Hand(lab, "canvas = DigitCanvas(vae, codes.mean, codes.labels, example=2); canvas", size=(520, 900))
    hand.agrees()
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth + 1")
    hand.lab.screenshot("canvas-narrow")

"""BetaStory under a real hand, in JupyterLab and Chromium, on the shipped family of VAEs."""

import ast
import re

import pytest
from playwright.sync_api import expect

from .test_latent_pad import SHADES, looks_right

SETUP = """
import torch
from vae_helpers.widgets import BetaStory
torch.set_num_threads(1)
"""
STORY = "story = BetaStory.pretrained('β', extent=(-5, 5, -5, 5), z=(0.6, -0.8)); story"
STATE = """
seen = story._seen[story._index]
print([story.value, list(story.z), [255 * (1 - v) for v in story.image.flatten().tolist()],
       [[255 * (1 - v) for v in story._decoded(k).flatten().tolist()] for k in range(len(story.values))],
       seen.codes.tolist(), seen.scales.tolist(), story.marks[story._index], story.plane.box])
"""
PIXEL = 10 / 300  # one pixel of the screen is less than this
TRANSFORM = r"shapes => shapes.map((shape) => shape.style.transform.match(/-?[\d.]+(e-?\d+)?/g).map(Number))"


class Hand:
    """A notebook of three cells (set-up, view, print the kernel's state) with the view on screen."""

    def __init__(self, lab, *cells, **options):
        self.lab = lab([SETUP, STORY, STATE, *cells], **options)
        self.page = self.lab.page
        for cell in range(2):
            self.lab.run_cell(cell)
        self.view = self.lab.widget(1, ".vae-view")
        self.pad, self.reading, self.canvas = (self.view.locator(part) for part in (".vae-pad", ".vae-reading", ".vae-chosen canvas"))
        self.slider = self.view.get_by_role("slider")
        self.reading.wait_for()

    def agrees(self) -> float:
        """Slider, reading, mark, canvas, letters, ellipses and kernel tell the same value, z, image and codes. Returns the value."""
        self.lab.run_cell(2)
        self.lab.wait_idle()
        value, z, shades, every_one, codes, scales, mark, _ = ast.literal_eval(self.lab.output(2).inner_text())
        expect(self.reading).to_have_text(re.compile(rf"^β = {value:g}: .*ELBO"))
        assert self.slider.get_attribute("aria-valuetext") == f"β = {value:g}"
        found = re.search(r"z = \((.*), (.*)\)", self.reading.inner_text()).groups()
        assert [float(v.replace("\u2212", "-")) for v in found] == pytest.approx(z, abs=0.0051)
        assert self.canvas.evaluate(SHADES) == pytest.approx(shades, abs=1 + 255 * 2e-3)
        for canvas, theirs in zip(self.view.locator(".vae-story-all canvas").all(), every_one, strict=True):
            assert canvas.evaluate(SHADES) == pytest.approx(theirs, abs=1 + 255 * 2e-3)
        mirrored = [[x, -y] for x, y in codes]
        close([place[:2] for place in self.pad.locator("g text").evaluate_all(TRANSFORM)], mirrored)
        every = -(-len(codes) // 200)
        close(self.pad.locator("g circle").evaluate_all(TRANSFORM), [[*c, *s] for c, s in zip(mirrored, scales, strict=True)][::every])
        chart, ring = self.view.locator(".vae-story-chart img").bounding_box(), centre(self.view.locator(".vae-mark"))
        assert ring == pytest.approx((chart["x"] + mark[0] * chart["width"], chart["y"] + mark[1] * chart["height"]), abs=1)
        return value

    def point(self, x, y) -> tuple[float, float]:
        """Where on the screen z = (x, y) is."""
        self.pad.scroll_into_view_if_needed()
        box = self.pad.locator("svg").bounding_box()
        return box["x"] + box["width"] * (x + 5) / 10, box["y"] + box["height"] * (5 - y) / 10

    def drag_slider(self, start: float, end: float, steps: int) -> None:
        """By mouse from one share of the slider's length to another."""
        self.slider.scroll_into_view_if_needed()
        box, mouse = self.slider.bounding_box(), self.page.mouse
        mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + box["width"] * end, box["y"] + box["height"] / 2, steps=steps)
        mouse.up()


def centre(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def close(found: list, expected: list) -> None:
    assert len(found) == len(expected) > 0
    assert [v for row in found for v in row] == pytest.approx([v for row in expected for v in row], abs=1e-4)


def test_mouse_on_slider_and_plane(lab):
    hand = Hand(lab)
    knob, place = hand.pad.locator(".vae-knob"), hand.pad.locator(".vae-knob").get_attribute("style")
    wanted = hand.point(0.6, -0.8)  # first, since it scrolls
    assert centre(knob) == pytest.approx(wanted, abs=1.5)
    assert hand.agrees() == 1
    hand.drag_slider(0.3, 0.999, steps=60)
    expect(hand.reading).to_contain_text("β = 8: ")  # the last position is never dropped
    assert hand.agrees() == 8
    hand.drag_slider(0.999, 0.001, steps=9)
    expect(hand.reading).to_contain_text("β = 0.1: ")
    assert hand.agrees() == 0.1
    assert knob.get_attribute("style") == place  # the ring has stayed
    assert hand.slider.evaluate("slider => getComputedStyle(slider).touchAction") == "pan-y"

    hand.page.mouse.move(*hand.point(0, 0))
    hand.page.mouse.down()
    hand.page.mouse.move(*hand.point(-2, 1.5), steps=30)
    hand.page.mouse.up()
    expect(hand.reading).to_contain_text(re.compile(r"z = \((−1\.9|−2\.0).*, 1\.[45]"))
    wanted = hand.point(-2, 1.5)
    assert centre(knob) == pytest.approx(wanted, abs=1.5)
    assert hand.agrees() == 0.1


def test_keys_and_python_and_each_model(lab):
    hand = Hand(lab, "story.value, story.z = 0.55, (1.5, -2.5); print(story.reading)", "story")
    cells = hand.page.locator(".jp-Notebook .jp-Cell").count()
    hand.slider.press("Home")
    seen = [hand.agrees()]
    for key in ("ArrowRight", "b", "ArrowUp", "ArrowRight", "a", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        hand.slider.press(key)
        if key.startswith("Arrow"):
            expect(hand.reading).not_to_contain_text(f"β = {seen[-1]:g}: ")
            seen.append(hand.agrees())
    assert seen == [0.1, 0.3, 0.5, 1, 2, 3, 4, 8]  # image and codes of every model
    assert hand.page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed on the slider inserted a cell"
    hand.slider.press("ArrowLeft")
    active = hand.page.locator(".jp-Notebook .jp-Cell.jp-mod-active").element_handle()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        hand.slider.press(key)
    expect(hand.reading).to_contain_text("β = 3: ")
    assert active.evaluate("cell => cell.classList.contains('jp-mod-active')"), "an arrow key on the slider moved to another cell"

    hand.lab.run_cell(3)  # Python sets both
    expect(hand.reading).to_contain_text("β = 0.5: ")
    expect(hand.reading).to_contain_text("z = (1.50, −2.50)")
    expect(hand.slider).to_have_value("2")
    assert hand.agrees() == 0.5
    assert hand.lab.output(3).inner_text().strip() == " ".join(hand.reading.inner_text().split())
    hand.lab.run_cell(4)  # a second view of the same story
    second = hand.lab.widget(4, ".vae-reading")
    expect(second).to_have_text(hand.reading.text_content())
    hand.slider.press("Home")
    expect(second).to_contain_text("β = 0.1: ")


def test_layers(lab):
    hand = Hand(lab, "print(sorted(story.shown)); story.shown = ['prior']")
    letters, circles, ground = hand.pad.locator(".vae-letters"), hand.pad.locator("g").first, hand.pad.locator("canvas")

    def prior_is_seen() -> bool:
        hand.lab.refresh()
        return ground.evaluate("canvas => canvas.toDataURL()") != without

    without = ground.evaluate("canvas => canvas.toDataURL()")
    expect(letters).to_be_visible()
    expect(circles).to_be_hidden()
    hand.view.get_by_role("checkbox", name="prior").press("Space")
    hand.view.get_by_role("checkbox", name="posteriors").click()  # last: a later message would carry an earlier one that was not sent
    expect(circles).to_be_visible()
    assert prior_is_seen()
    hand.lab.run_cell(3)
    expect(letters).to_be_hidden()
    expect(circles).to_be_hidden()
    assert prior_is_seen()
    assert hand.lab.output(3).inner_text().strip() == "['codes', 'posteriors', 'prior']"
    assert not hand.view.get_by_role("checkbox", name="codes").is_checked()


def test_look_and_what_cannot_be_shown(lab):
    broken = "story.networks = [{**story.networks[0], 'layers': [{'type': 'GRU'}]}]; story"
    hand = Hand(lab, "epochs = BetaStory.pretrained('epoch'); epochs", broken)
    hand.lab.run_cell(3)
    hand.lab.widget(3, ".vae-mark")
    views = {"story-beta": hand.view, "story-epoch": hand.lab.widget(3, ".vae-view")}
    looks_right(hand.lab, views, ".vae-reading, .vae-help, .vae-value, .vae-slider, .vae-switches label", height=600)
    hand.lab.run_cell(4)
    message = hand.lab.widget(4, ".vae-error")
    expect(message).to_have_text('This view cannot be shown. The browser\'s engine has no layer "GRU".')
    hand.lab.console_errors.clear()  # it is told there too, on purpose


def test_a_narrow_window(lab):
    hand = Hand(lab, size=(480, 900))
    hand.view.get_by_role("checkbox", name="posteriors").click()
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth")
    hand.lab.screenshot("story-narrow", hand.view)
    assert hand.agrees() == 1

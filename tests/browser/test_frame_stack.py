"""FrameStack under a real hand, in JupyterLab and Chromium."""

import json

import pytest
from lab import REFRESH, Server, open_notebook
from playwright.sync_api import expect

from vae_helpers.widgets import FrameStack, save_page

SETUP = """
from vae_helpers.widgets import FrameStack

def shade(figure, share):
    figure.set_facecolor((share, share, share))

def two(figure, red, blue):
    figure.set_facecolor((red, 0, blue))
"""
ONE = """
one = FrameStack(shade, [k / 10 for k in range(11)], name="share", describe=lambda s: f"The paper is {s:.0%} white.", size=(4, 2))
one
"""
TWO = """both = FrameStack(two, ([0, 0.5, 1], [0, 1]), name=("red", "blue"), size=(4, 2)); both"""
COLOUR = "canvas => [...canvas.getContext('2d').getImageData(9, 9, 1, 1).data].slice(0, 3)"


def open_stack(lab, stack, *cells, **options):
    page = lab([SETUP, stack, *cells], **options)
    page.run_cell(0)
    page.run_cell(1)
    return page, page.widget(1, ".vae-frame"), page.widget(1, ".vae-view").get_by_role("slider")


def kernel(page, cell):
    page.run_cell(cell)
    page.wait_idle()
    return page.output(cell).inner_text().strip()


def shows(page, canvas, colour) -> None:
    """The picture has this colour, as soon as it is drawn."""
    page.page.wait_for_function(
        f"([canvas, want]) => {{ const c = ({COLOUR})(canvas); return c.every((v, i) => Math.abs(v - want[i]) <= 4) }}",
        arg=[canvas.element_handle(), colour],
    )


def test_keys_swap_the_picture(lab):
    page, canvas, slider = open_stack(lab, ONE, "print(one.value)", "one.value = 0.33", "'more'")
    cells = page.page.locator(".jp-Notebook .jp-Cell").count()
    shows(page, canvas, [128] * 3)
    for key in ("ArrowRight", "b", "ArrowRight"):
        slider.press(key)
    expect(page.widget(1, ".vae-reading")).to_have_text("The paper is 70% white.")
    expect(page.widget(1, ".vae-value")).to_have_text("0.7")
    shows(page, canvas, [178] * 3)
    assert page.page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert kernel(page, 2) == "0.7"
    page.run_cell(3)  # from Python, to the nearest value
    expect(page.widget(1, ".vae-reading")).to_have_text("The paper is 30% white.")
    expect(slider).to_have_value("3")
    shows(page, canvas, [77] * 3)
    slider.press("End")
    expect(page.widget(1, ".vae-reading")).to_have_text("The paper is 100% white.")
    assert kernel(page, 2) == "1.0"

    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + box["width"] - 2, y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 2, y, steps=60)
    page.page.mouse.up()
    expect(page.widget(1, ".vae-reading")).to_have_text("The paper is 0% white.")
    shows(page, canvas, [0] * 3)
    assert kernel(page, 2) == "0.0"


def test_two_parameters(lab):
    page, canvas, sliders = open_stack(lab, TWO, "print(both.value)", "both.value = (0.5, 0)")
    sliders.nth(0).press("End")
    sliders.nth(1).press("Home")
    shows(page, canvas, [255, 0, 0])
    sliders.nth(0).press("Home")
    sliders.nth(1).press("End")
    shows(page, canvas, [0, 0, 255])
    assert kernel(page, 2) == "(0, 1)"
    page.run_cell(3)
    shows(page, canvas, [128, 0, 0])
    expect(sliders.nth(0)).to_have_value("1")


def shade(figure, share):
    figure.set_facecolor((share, share, share))


@pytest.fixture
def alone(browser, tmp_path):
    """A page with a slider of a hundred positions whose sentence grows to ten times the picture's width."""
    stack = FrameStack(shade, [k / 99 for k in range(100)], describe=lambda s: f"{s:.2f}{' white' * int(99 * s)}", size=(4, 2))
    path = save_page(stack, tmp_path / "stack.html", "Stack")
    page = browser.new_context(viewport={"width": 1366, "height": 768}, has_touch=True).new_page()
    page.goto(path.as_uri())
    page.get_by_role("slider").wait_for()
    yield page
    page.context.close()


def test_the_slider_stays_under_the_hand_whatever_the_sentence_says(alone):
    slider, stack = alone.get_by_role("slider"), alone.locator(".vae-stack")
    box, around = slider.bounding_box(), stack.bounding_box()
    assert around["width"] == alone.locator(".vae-frame").bounding_box()["width"]
    alone.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    alone.mouse.down()
    for k in range(1, 12):
        alone.mouse.move(box["x"] + 10 + k * (box["width"] - 12) / 11, box["y"] + box["height"] / 2)
        assert (slider.bounding_box(), stack.bounding_box()) == (box, around)
    expect(alone.locator(".vae-reading")).to_have_text("1.00" + 99 * " white")


def test_a_finger_scrolls_the_page_over_a_slider_and_drags_along_it(alone):
    alone.set_viewport_size({"width": 390, "height": 400})
    alone.evaluate("document.body.style.paddingBottom = '1000px'")
    finger, slider, reading = alone.context.new_cdp_session(alone), alone.get_by_role("slider"), alone.locator(".vae-reading")

    def swipe(share: float, right: float, up: float) -> None:
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
        for k in range(21):
            point = {"x": x + right * k / 20, "y": y - up * k / 20}
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove" if k else "touchStart", "touchPoints": [point]})
            alone.evaluate(REFRESH)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        alone.evaluate(REFRESH)

    before = reading.inner_text(), slider.input_value()
    reading.evaluate(
        "node => { window.said = []; new MutationObserver(() => window.said.push(node.textContent)).observe(node, { childList: true }); }"
    )
    slider.evaluate("node => { window.values = []; node.addEventListener('input', () => window.values.push(Number(node.value))); }")
    swipe(0.9, 30, 150)  # nearly upwards
    alone.wait_for_function("scrollY > 100")
    assert (reading.inner_text(), slider.input_value()) == before and alone.evaluate("window.said") == []
    alone.evaluate("window.values = []")
    swipe(0.2, 120, 0)
    values = alone.evaluate("window.values")
    assert len(values) > 10 and values[-1] > 60
    assert [float(text.split()[0]) for text in alone.evaluate("window.said")] == [pytest.approx(v / 99, abs=0.006) for v in values[1:]]
    slider.tap()
    expect(slider).to_have_value("50")
    expect(reading).to_contain_text("0.51 ")


def test_where_anywidget_is_missing_the_picture_stands_with_a_sentence(tmp_path, browser, lab):
    """JupyterLab as on a hub whose server has ipywidgets alone."""
    settings = tmp_path / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"anywidget": True}}), encoding="utf-8")
    with Server(tmp_path) as server:
        page = open_notebook(server, browser, [SETUP, ONE], "without.ipynb").run_all()
        still = page.widget(1, ".vae-still")
        expect(still).to_be_visible()
        expect(still).to_contain_text("the live view needs anywidget in the environment that JupyterLab itself runs in")
        expect(still.get_by_role("img", name="Pictures over share.")).to_be_visible()
        assert still.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 4 * 144
        expect(page.widget(1, ".jupyter-widgets-error-widget")).to_be_visible()
        page.page.context.close()
    page, canvas, _ = open_stack(lab, ONE)
    expect(canvas).to_be_visible()
    expect(page.output(1).locator(".vae-still")).to_have_count(1)
    assert page.output(1).locator(".vae-still").evaluate("still => getComputedStyle(still).display") == "none"


def test_look(lab):
    stack = """
import numpy as np
z = np.linspace(-4, 4, 400)
def draw(figure, sigma):
    left, right = figure.subplots(1, 2)
    left.plot(z, np.exp(-(z**2) / 2), label="p(z)")
    left.plot(z, np.exp(-(z**2) / 2 / sigma**2) / sigma, "--", label="q(z)")
    left.set(xlabel="z", ylabel="density", ylim=(0, 4)); left.legend()
    right.bar(["KL"], [-np.log(sigma) + sigma**2 / 2 - 0.5]); right.set(ylabel="nats", ylim=(0, 3))
FrameStack(draw, np.linspace(0.3, 2, 18), name="σ", describe=lambda s: f"KL = {-np.log(s) + s**2 / 2 - 0.5:.3f} nats", size=(8, 3.6))
"""
    page, canvas, slider = open_stack(lab, stack)
    page.theme(dark=True)
    slider.press("ArrowRight")
    expect(page.widget(1, ".vae-reading")).to_contain_text("nats")
    for width in (1280, 420):
        page.page.set_viewport_size({"width": width, "height": 720})
        page.widget(1, ".vae-view").scroll_into_view_if_needed()
        assert page.widget(1, ".vae-view").evaluate("view => view.scrollWidth <= view.clientWidth")
        page.screenshot(f"frame-stack-{width}")

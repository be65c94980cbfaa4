"""An exported page under a real hand: opened from a file, with the network refused, in Chromium."""

import json
import re
import subprocess
import sys

import nbformat
import nbformat.v4
import numpy as np
import pytest
import torch
from freshness import ROOT
from playwright.sync_api import expect

from vae_helpers.models import VAE

PROSE = r"""# A page

Inline $\mathcal N(0, I)$, and

$$\begin{align} \log p(x) &\ge \boxed{\mathbb E_q\big[\log w\big]} && \text{why} \tag{9.1}\\ &= \underbrace{a}_{b} \tag{9.2} \end{align}$$
"""
SETUP = """
import torch
from matplotlib import pyplot as plt
from vae_helpers import runtime
from vae_helpers.models import VAE
from vae_helpers.widgets import FrameStack, LatentPad, LatentSliders
seed = runtime.setup()
vae, wide = VAE((8, 8), 2, seed=0), VAE((8, 8), 4, seed=0)
for weight in [*vae.decoder.parameters(), *wide.decoder.parameters()]:
    weight.data *= 2
codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))


class Twice(torch.nn.Module):
    def forward(self, x):
        return 2 * x


odd = VAE((8, 8), 2, seed=0)
odd.decoder.append(Twice())  # a layer that no browser knows"""
VIEWS = [
    "LatentPad(vae, codes, [k % 3 for k in range(60)], caption='The pad.')",
    "LatentSliders(wide, caption='The sliders.')",
    "FrameStack(lambda figure, share: figure.set_facecolor((share,) * 3), [k / 10 for k in range(11)], name='share', size=(4, 2), "
    "describe=lambda s: f'{s:.0%} white.', caption='The greys.')",
    "LatentPad(odd, caption='Decoded in Python.')",
    "LatentPad(vae, caption='The same weights again.')",
    "for width in (11, 4):\n    plt.subplots(figsize=(width, 3))",
]
PAD, SLIDERS, STACK, ODD, AGAIN = range(5)
SECTIONS = [("## One\n\nBy [Burda et al. 2016](references.md#burda2016).", []), ("## Further: two\n\nFolded.", ["further"])]


def model(dims: int) -> VAE:
    vae = VAE((8, 8), dims, seed=0)
    for weight in vae.decoder.parameters():
        weight.data *= 2
    return vae


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The page, made by the command; before the browser starts, since both want an event loop."""
    folder = tmp_path_factory.mktemp("page")
    cells = [nbformat.v4.new_markdown_cell(PROSE), *map(nbformat.v4.new_code_cell, [SETUP, *VIEWS])]
    cells += [nbformat.v4.new_markdown_cell(text, metadata={"tags": tags}) for text, tags in SECTIONS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "98_sample.ipynb")
    command = [sys.executable, ROOT / "tools/export_page.py", folder / "98_sample.ipynb", "-o", folder / "page.html"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return folder / "page.html"


@pytest.fixture
def page(exported, browser):
    """`page()` opens it; at the end it fails for any request beyond the file itself, and for any error on the console."""
    contexts, requests, errors = [], [], []

    def open_page(**options):
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(exported.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, errors
    outside = [url for url in requests if not url.startswith(("data:", "blob:"))]
    assert outside == [exported.as_uri()] * len(contexts)


def view(page, index: int):
    return page.locator(".view").nth(index)


def state(page, index: int) -> dict:
    return json.loads(view(page, index).locator("script").text_content())


def ink(canvas) -> np.ndarray:
    """What a canvas shows, as ink in [0, 1]."""
    red = canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)")
    return 1 - np.array(red).reshape(8, 8) / 255


def decoded(vae, z) -> np.ndarray:
    return vae.mean_image(torch.tensor([z])).numpy()[0]


def test_the_pad_is_dragged_and_the_image_follows(page):
    page = page()
    pad, canvas = view(page, PAD).locator(".vae-pad"), view(page, PAD).locator(".vae-image")
    reading = view(page, PAD).locator(".vae-reading").first
    left, top, width, height = state(page, PAD)["plane"]["box"]
    x0, x1, y0, y1 = state(page, PAD)["plane"]["extent"]
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for picture in page.locator(".view-picture").all():
        expect(picture).to_be_hidden()
    seen = [ink(canvas)]
    for k, (u, v) in enumerate([(0.3, 0.3), (0.45, 0.6), (0.7, 0.2)]):
        x, y = round(box["x"] + u * box["width"]), round(box["y"] + v * box["height"])
        page.mouse.move(x, y)
        if k == 0:
            page.mouse.down()
        z1 = x0 + ((x - box["x"]) / box["width"] - left) / width * (x1 - x0)
        z2 = y1 - ((y - box["y"]) / box["height"] - top) / height * (y1 - y0)
        expect(reading).to_have_text(re.compile(re.escape(f"z = ({z1:.2f}, {z2:.2f})".replace("-", "−"))))
        expect(reading).to_have_text(re.compile("nearest code: [012]"))
        assert np.abs(ink(canvas) - decoded(model(2), [z1, z2])).max() < 2e-3 + 1 / 255
        assert min(np.abs(ink(canvas) - before).max() for before in seen) > 0.1
        seen.append(ink(canvas))
    page.mouse.up()
    page.mouse.move(5, 5)
    assert np.abs(ink(canvas) - seen[-1]).max() == 0


def test_keys_move_one_view_and_no_other(page):
    page = page()
    pad, other = view(page, PAD).locator(".vae-pad"), view(page, AGAIN)
    pad.press("Home")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        pad.press(key)
    x0, x1, y0, y1 = state(page, PAD)["plane"]["extent"]
    z = [2 * 0.02 * (x1 - x0), 0.02 * (y1 - y0)]
    expect(view(page, PAD).locator(".vae-reading").first).to_have_text(re.compile(re.escape(f"z = ({z[0]:.2f}, {z[1]:.2f})")))
    assert np.abs(ink(view(page, PAD).locator(".vae-image")) - decoded(model(2), z)).max() < 2e-3 + 1 / 255
    expect(other.locator(".vae-reading").first).to_have_text(re.compile(r"z = \(0.00, 0.00\)"))
    assert np.abs(ink(other.locator(".vae-image")) - decoded(model(2), [0.0, 0.0])).max() < 2e-3 + 1 / 255


def test_sliders(page):
    page = page()
    sliders, canvas = view(page, SLIDERS).locator("input[type=range]"), view(page, SLIDERS).locator(".vae-image")
    sliders.nth(1).press("End")
    sliders.nth(3).press("Home")
    sliders.nth(0).press("ArrowRight")
    z = [float(value) for value in sliders.evaluate_all("all => all.map((one) => one.value)")]
    assert z[1] > 1 and z[3] < -1 and 0 < z[0] < 0.1 and z[2] == 0
    expect(view(page, SLIDERS).locator(".vae-reading").first).to_have_text(re.compile(re.escape(f"{z[1]:.2f}, 0.00, −{-z[3]:.2f}")))
    assert np.abs(ink(canvas) - decoded(model(4), z)).max() < 2e-3 + 1 / 255
    view(page, SLIDERS).get_by_role("button", name="all zeros").click()
    expect(sliders.nth(1)).to_have_value("0")
    assert np.abs(ink(canvas) - decoded(model(4), [0.0] * 4)).max() < 2e-3 + 1 / 255


def test_frame_stack(page):
    page = page()
    slider, canvas = view(page, STACK).get_by_role("slider"), view(page, STACK).locator("canvas")
    grey = "canvas => canvas.getContext('2d').getImageData(9, 9, 1, 1).data[0]"
    for key, share in (("ArrowRight", 0.6), ("End", 1), ("Home", 0)):
        slider.press(key)
        expect(view(page, STACK).locator(".vae-reading")).to_have_text(f"{share:.0%} white.")
        page.wait_for_function(f"([canvas, want]) => Math.abs(({grey})(canvas) - want) <= 4", arg=[canvas.element_handle(), 255 * share])


def test_what_needs_python_says_so(page):
    page = page()
    needs = view(page, ODD).locator("p.needs[role=status]")  # at once, before anything is pressed
    expect(needs).to_have_text("This needs Python, which is not in this page: open the notebook in JupyterLab and run it.")
    expect(view(page, PAD).locator("p.needs[role=status]")).to_be_hidden()


def test_without_javascript_the_pictures_are_seen(page):
    page = page(java_script_enabled=False)
    for index, caption in ((PAD, "The pad."), (SLIDERS, "The sliders."), (STACK, "The greys.")):
        picture = view(page, index).locator(".view-picture")
        expect(picture).to_be_visible()
        expect(picture).to_have_attribute("alt", caption)
        assert picture.bounding_box()["width"] > 200
    expect(view(page, PAD)).to_contain_text("A still picture: the live one needs JavaScript.")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_and_its_formulas_are_drawn(page, width):
    page = page(viewport={"width": width, "height": 720})
    expect(view(page, AGAIN).locator("canvas.vae-image")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title() == "A page" and page.locator("h1").count() == 1
    display = page.locator(".equation math").bounding_box()
    inline = page.locator("p > math").bounding_box()
    assert display["height"] > 3 * inline["height"] > 30  # two lines, one with a box around it
    assert page.locator(".boxed").evaluate("e => getComputedStyle(e).borderTopWidth") == "1px"
    assert page.locator("mtd.number").all_text_contents() == ["(9.1)", "(9.2)"]


def test_on_a_narrow_screen_what_is_cut_fades_until_its_end_is_seen(page):
    page = page(viewport={"width": 220, "height": 844})
    expect(page.get_by_text("Where the right edge fades")).to_be_visible()
    formula, cut = page.locator(".equation"), "e => parseFloat(getComputedStyle(e).getPropertyValue('--cut'))"
    assert formula.evaluate("e => e.scrollWidth - e.clientWidth") > 40 and formula.evaluate(cut) > 20
    formula.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    page.wait_for_function(f"([e]) => ({cut})(e) === 0", arg=[formula.element_handle()])
    assert page.locator(".output:has(.view)").nth(STACK).evaluate(cut) == 0  # it fits


def test_a_wide_picture_keeps_its_words_on_a_phone(page):
    """It is moved by itself, by a finger or, reached by Tab, by arrow keys; one that nearly fits is as wide as the page."""
    page = page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wide, small = page.locator(".output > img").all()
    assert wide.bounding_box()["width"] == pytest.approx(0.8 * 11 * 72, abs=1) and small.bounding_box()["width"] == 4 * 72
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    around, cut = page.locator(".output:has(> img)").first, "e => parseFloat(getComputedStyle(e).getPropertyValue('--cut'))"
    assert around.evaluate(cut) > 20
    page.get_by_role("slider").last.focus()
    for _ in range(40):
        if around.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    page.wait_for_function(f"([e]) => e.scrollLeft > 200 && ({cut})(e) === 0", arg=[around.element_handle()])


def test_links_lead_into_folds_and_to_the_references(page):
    page = page()
    page.get_by_text("Contents").click()
    page.get_by_role("link", name="Further: two").click()
    expect(page.get_by_text("Folded.")).to_be_visible()
    page.get_by_role("link", name="Burda et al. 2016").click()
    expect(page.get_by_text("Importance Weighted Autoencoders")).to_be_in_viewport()


def test_light_and_dark(page):
    def colours(page):
        return page.locator("body").evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")

    light, dark = colours(page(color_scheme="light")), colours(page(color_scheme="dark"))
    assert light == ["rgb(27, 31, 36)", "rgb(255, 255, 255)"] and dark == ["rgb(227, 230, 234)", "rgb(20, 23, 27)"]

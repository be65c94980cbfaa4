"""The notebooks on paper: the page of each one's stored outputs as Chromium prints it, measured on the screen and counted in the PDF."""

import re

import export_page
import pytest
import torch
from freshness import read
from notebook_reading import NOTEBOOKS
from playwright.sync_api import expect

from vae_helpers.models import VAE
from vae_helpers.widgets import LatentPad
from vae_helpers.widgets.kit.page import save_page

WIDTH, HEIGHT = 695, 1009  # pixels that page.css leaves of A4: 184 × 267 mm, at 96 to the inch
MEASURE = """() => {
  const name = (e) => `${e.tagName} "${e.alt ?? e.textContent.trim().slice(0, 60)}"`, all = [...document.querySelectorAll("main, main *")];
  const box = (e) => e.getBoundingClientRect(), right = document.documentElement.clientWidth;
  const bursts = (e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1;
  return {
    outside: all.filter((e) => box(e).width && (box(e).left < -0.5 || box(e).right > right + 0.5)).map(name),
    bursting: all.filter(bursts).map(name),
    pictures: all.filter((e) => e.tagName === "IMG").map((e) => [name(e), e.alt, e.naturalWidth, box(e).width, box(e).height]),
    formulas: all.filter((e) => e.tagName === "math" && !(box(e).width > 1 && box(e).height > 1)).map(name),
    last: [...document.querySelectorAll("h2")].at(-1).firstChild.textContent.trim(),
  };
}"""


@pytest.fixture
def printed(browser, tmp_path):
    """`printed(html)` opens a page as on A4, with every solution unfolded; at the end it fails for an error or a request."""
    contexts, trouble = [], []

    def open_page(html: str, **options):
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        contexts.append(browser.new_context(offline=True, viewport={"width": WIDTH, "height": HEIGHT}, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: trouble.append(request.url) if request.url.startswith("http") else None)
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.emulate_media(media="print")
        page.goto((tmp_path / "page.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble, trouble


def stored(path, add: str = "") -> str:
    """The page of a notebook's stored outputs, with some HTML more before its last line."""
    return export_page.page(read(path), f"notebooks/{path.name}", set(), stored=True).replace("<footer>", f"{add}<footer>")


def pages(pdf: bytes) -> list[list[bytes]]:
    """The names of the pictures on each A4 page."""
    found = re.findall(rb"<</Type /Page\n/Resources <<(.*?)/MediaBox \[0 0 59\d\S* 84\d\S*\]", pdf, flags=re.DOTALL)
    return [re.findall(rb"/X\d+ (\d+) 0 R", resources) for resources in found]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_on_paper(printed, path):
    page = printed(stored(path))
    seen = page.evaluate(MEASURE)
    assert not seen["outside"] and not seen["bursting"] and not seen["formulas"]
    outputs = [output for cell in read(path)["cells"] for output in cell.get("outputs", [])]
    assert len(seen["pictures"]) == sum("image/png" in output.get("data", {}) for output in outputs) > 0
    for name, alt, loaded, width, height in seen["pictures"]:
        assert loaded > 0 and len(alt) > 20 and width > 100 and 50 < height < HEIGHT, (name, loaded, width, height)
    pdf = page.pdf(format="A4", prefer_css_page_size=True, outline=True, tagged=True)
    assert (found := pages(pdf)) and len(found) == len(re.findall(rb"/Type /Page\b", pdf))
    assert sum(map(len, found)) == len(seen["pictures"])  # each is drawn, and whole: one that is split is on two pages
    assert b"/Title (%s)" % seen["last"].encode("ascii") in pdf


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (r"$$\text{" + "a wide formula, " * 9 + "}$$", "outside"),
        (r"$$\begin{align} a &= b && \text{" + "a wide reason, " * 9 + r"} \tag{9.1}\end{align}$$", "outside"),
        ("| " + "x" * 99 + " | y |\n|---|---|\n| z | z |", "outside"),
        ("<pre style='white-space: pre'>" + "x" * 199 + "</pre>", "bursting"),
        ("<div style='overflow: hidden'><p style='width: 760px'>wide</p></div>", "bursting"),
    ],
)
def test_the_measure_finds_what_is_cut_off(printed, planted, found):
    page = printed(stored(NOTEBOOKS[0], export_page.markdown(planted, set())))
    assert page.evaluate(MEASURE)[found]


def test_paper_is_light_and_what_is_folded_says_where_it_is(printed):
    colours = (
        "() => [...document.querySelectorAll('body, main *')].map((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])"
    )
    light, dark = (printed(stored(NOTEBOOKS[1]), color_scheme=scheme) for scheme in ("light", "dark"))
    assert light.evaluate(colours) == dark.evaluate(colours)
    dark.emulate_media(media="screen")
    assert light.evaluate(colours) != dark.evaluate(colours)
    note = (
        "(open) => { const d = document.querySelector('details'); d.open = open; return getComputedStyle(d.children[0], 'after').content }"
    )
    assert light.evaluate(note, False) == '" (in the notebook)"' and light.evaluate(note, True) == "none"


def test_a_live_view_prints_its_picture(printed, tmp_path):
    pad = LatentPad(VAE((8, 8), 2, seed=0), torch.zeros(3, 2), caption="The pad.")
    page = printed(save_page([pad], tmp_path / "pad.html", "A pad").read_text(encoding="utf-8"))
    expect(page.locator(".view.live")).to_have_count(1)
    expect(page.locator(".view-picture")).to_be_visible()
    expect(page.locator(".vae-view, .needs")).to_have_count(3)
    for hidden in page.locator(".vae-view, .needs").all():
        expect(hidden).to_be_hidden()
    page.emulate_media(media="screen")
    expect(page.locator(".vae-view")).to_be_visible()
    expect(page.locator(".view-picture")).to_be_hidden()

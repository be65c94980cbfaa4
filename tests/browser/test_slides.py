"""Each notebook is a lecture: in JupyterLab (jupyterlab-slideshow) and as a file (reveal.js). No screen is larger than a projector's."""

import json
from pathlib import Path

import pytest
from export_page import lecture
from freshness import read
from notebook_reading import NOTEBOOKS
from playwright.sync_api import expect
from slides import HEIGHT, WIDTH, heading, stacks

from vae_helpers.widgets.page import write

# For each screen of a live show, given by the indices of its cells: its height, and how far it reaches to the right.
LIVE = """(screens) => {
  const cells = [...document.querySelectorAll(".jp-Deck .jp-Notebook .jp-Cell")];
  return screens.map((shown) => {
    cells.forEach((cell, i) => ["onscreen", "visible"].forEach((kind) => cell.classList.toggle(`jp-deck-mod-${kind}`, shown.includes(i))));
    const boxes = shown.map((i) => cells[i].getBoundingClientRect());
    const inside = shown.flatMap((i) => [...cells[i].querySelectorAll("pre, img, mjx-container > *, table, .vae-view")]);
    return [
      Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top)),
      Math.max(0, ...inside.map((part) => part.getBoundingClientRect().right)),
    ];
  });
}"""
# The same of the exported show, every fragment shown: reveal.js lays each screen out when it is reached.
EXPORTED = """() => [...document.querySelectorAll(".slides > section")].flatMap((stack, h) =>
  [...stack.querySelectorAll(":scope > section")].map((screen, v) => {
    Reveal.slide(h, v, 99);
    const inside = [...screen.querySelectorAll("pre, img, math, table, .vae-view")];
    const left = screen.getBoundingClientRect().left;
    return [screen.scrollHeight, Math.max(0, ...inside.map((part) => part.getBoundingClientRect().right - left))];
  }))"""


def screens(notebook: dict) -> list[tuple[str, list[int]]]:
    """(a name, the indices of the shown cells) of each screen."""
    index = {id(cell): i for i, cell in enumerate(notebook["cells"])}
    return [
        (f"{heading(stack)!r}, screen {k}", [index[id(cell)] for cell in cells])
        for stack in stacks(notebook["cells"])
        for k, cells in enumerate(stack, 1)
    ]


def too_large(names: list[str], sizes: list[list[float]]) -> list[str]:
    assert len(names) == len(sizes)
    return [
        f"{name}: {height:.0f} px high, reaches to {right:.0f}"
        for name, (height, right) in zip(names, sizes, strict=True)
        if height > HEIGHT or right > WIDTH
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_screen_of_the_live_show_is_too_large(lab, path):
    page = lab(path, size=(WIDTH, HEIGHT))
    page.command("deck:start")
    page.page.locator(".jp-Deck .jp-deck-mod-visible").first.wait_for()
    found = screens(read(path))
    assert not (large := too_large([name for name, _ in found], page.page.evaluate(LIVE, [shown for _, shown in found]))), large
    page.command("deck:stop")


def test_the_live_show_has_working_views(lab):
    page = lab(["from vae_helpers import widgets, models\npad = widgets.LatentPad(models.pretrained('mnist_vae_2d'))\npad", "1"])
    page.run_all()
    page.page.evaluate("() => document.activeElement.blur()")
    page.command("deck:start")
    ring = page.widget(0, "[tabindex='0']")
    before = page.widget(0, ".vae-view").inner_text()
    ring.press("ArrowRight")
    expect(page.widget(0, ".vae-view")).not_to_have_text(before)
    page.command("deck:stop")


@pytest.fixture(scope="module")
def show(browser):
    """`show(file)`: the exported show in a browser without a network; what it writes to the console or asks for is in the lists."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True)
    said, asked = [], []
    context.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    context.on("request", lambda request: asked.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None)

    def open_one(file: Path):
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator(".reveal.ready").wait_for()
        return page

    yield open_one
    context.close()
    assert not said and not asked


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_screen_of_the_exported_show_is_too_large(show, path, tmp_path):
    notebook = read(path)
    page = show(write(lecture(notebook, path, set()), tmp_path / "lecture.html"))
    assert not (large := too_large([name for name, _ in screens(notebook)], page.evaluate(EXPORTED))), large
    page.close()


def test_what_is_too_large_is_seen(show, tmp_path):
    notebook = json.loads(json.dumps(read(NOTEBOOKS[0])))
    notebook["cells"][0]["source"] += "\n\nline" * 40
    page = show(write(lecture(notebook, NOTEBOOKS[0], set()), tmp_path / "lecture.html"))
    large = too_large([name for name, _ in screens(notebook)], page.evaluate(EXPORTED))
    assert len(large) == 1 and "screen 1" in large[0]
    page.close()

"""Each notebook opens with its pictures, and is a lecture: in JupyterLab (jupyterlab-slideshow) and as a file (reveal.js), where no screen
is larger than a projector's."""

import base64
import io
import json
import re
from pathlib import Path

import export_page
import nbformat.v4
import pytest
from export_page import lecture
from freshness import read
from notebook_reading import NOTEBOOKS, presses
from PIL import Image
from playwright.sync_api import expect
from slides import HEIGHT, WIDTH, heading, minutes, speaker_notes, stacks

from vae_helpers.models import VAE
from vae_helpers.widgets import LatentPad
from vae_helpers.widgets.kit.base import PAGE_VIEW, draw_png
from vae_helpers.widgets.kit.page import write

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
# For each screen of a live show, given by its last cell, its code open: its height, how far it reaches to the right, and its cells.
LIVE = """async (lasts) => {
  document.body.classList.add("show-code");
  const { content } = jupyterapp.shell.currentWidget, sizes = [];
  for (const last of lasts) {
    content.activeCellIndex = last;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const cells = content.widgets.map(({ node }) => node).filter((node) => node.matches(".jp-deck-mod-onscreen"));
    const boxes = cells.map((cell) => cell.getBoundingClientRect());
    const inside = cells.flatMap((cell) => [...cell.querySelectorAll("pre, .cm-scroller, img, mjx-container > *, table, .vae-view")]);
    sizes.push([
      Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top)),
      Math.max(0, ...inside.map((part) => part.getBoundingClientRect().left + Math.max(part.scrollWidth, part.offsetWidth ?? 0))),
      content.widgets.flatMap(({ node }, index) => (cells.includes(node) ? [index] : [])),
    ]);
  }
  document.body.classList.remove("show-code");
  return sizes;
}"""
# The same of the exported show, its code open or folded, every fragment shown: reveal.js lays out each screen when it is reached. And how
# many presses of a key would show nothing new, the screen itself and each of its fragments, and what words an arrow or the number covers.
EXPORTED = """(code) => {
  document.body.classList.toggle("show-code", code);
  return [...document.querySelectorAll(".slides > section")].flatMap((stack, h) =>
    [...stack.querySelectorAll(":scope > section")].map((screen, v) => {
      Reveal.slide(h, v, 99);
      const inside = [...screen.querySelectorAll("pre, img, math, table, .vae-view")];
      const { left, top } = screen.getBoundingClientRect();
      const parts = [...screen.querySelectorAll(":scope > :not(aside), .fragment")], press = (part) => part.dataset.fragmentIndex ?? -1;
      const seen = Object.groupBy(parts, press), mark = (part) => part.querySelector("details.code:only-child");
      const silent = Object.values(seen).filter((some) => some.every((part) => mark(part) || (!part.offsetHeight && !part.matches("mtr"))));
      const right = Math.max(0, ...inside.map((part) => part.getBoundingClientRect().right - left));
      const corners = [...document.querySelectorAll(".reveal .controls button, .slide-number")].map((part) => part.getBoundingClientRect());
      const hit = (a) => corners.some((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom);
      const walker = document.createTreeWalker(screen, NodeFilter.SHOW_TEXT), range = document.createRange(), covered = [];
      for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        range.selectNodeContents(text);
        const shown = text.textContent.trim() && text.parentElement.checkVisibility();
        if (shown && [...range.getClientRects()].some(hit)) covered.push(text.textContent);
      }
      return [Math.max(top, 0) + screen.scrollHeight, right, silent.length, covered.join()];
    }));
}"""

# The speaker's window, once its clock has ticked: what is left and what has passed are together the seconds of the sections so far.
LEFT = """(budget) => {
  const seconds = (place) => {
    const [hours, minutes, seconds] = ["hours", "minutes", "seconds"].map((unit) =>
      Number(document.querySelector(`${place} .${unit}-value`).textContent.replace(":", "")));
    return 3600 * hours + 60 * minutes + seconds;
  };
  return Math.abs(seconds(".timer") + seconds(".pacing") - budget) <= 1;
}"""


def screens(notebook: dict) -> list[tuple[str, list[int]]]:
    """(a name, the indices of the shown cells) of each screen."""
    index = {id(cell): i for i, cell in enumerate(notebook["cells"])}
    return [
        (f"{heading(stack)!r}, screen {k}", [index[id(cell)] for cell in cells])
        for stack in stacks(notebook["cells"])
        for k, cells in enumerate(stack, 1)
    ]


def stop(page) -> None:
    """Leaves the live show, to the end: JupyterLab remembers, and would open the next notebook as slides."""
    page.command("deck:stop")
    page.page.locator("body[data-jp-deck-mode='presenting']").wait_for(state="detached")


def too_large(names: list[str], sizes: list[list[float]]) -> list[str]:
    assert len(names) == len(sizes)
    return [
        f"{name}: {height:.0f} px high, reaches to {right:.0f}"
        for name, (height, right, *_) in zip(names, sizes, strict=True)
        if height > HEIGHT or right > WIDTH
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_as_a_reader_first_meets_it(lab, path):
    """Opened and not run, it shows each picture that it holds (a widget's static picture too), drawn and not broken; and started as a
    slide show it has no screen that is too large."""
    page, cells = lab(path, size=(WIDTH, HEIGHT)), read(path)["cells"]
    pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    images = page.page.locator(".jp-OutputArea-output img")
    if pictures:
        images.nth(pictures - 1).wait_for(state="attached")
    assert images.count() == pictures and not page.errors()
    page.page.wait_for_function("() => [...document.querySelectorAll('.jp-OutputArea-output img')].every(image => image.naturalWidth > 0)")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-RenderedMarkdown')].every(text => !text.innerText.includes('$$'))"
    )
    page.screenshot(f"opened-{path.stem}")

    start(page)
    found = screens(read(path))
    sizes = page.page.evaluate(LIVE, [shown[-1] for _, shown in found])
    stop(page)
    assert [shown for *_, shown in sizes] == [shown for _, shown in found]
    assert not (large := too_large([name for name, _ in found], sizes)), large


def start(page) -> None:
    page.command("deck:start")
    page.page.locator(".jp-Deck .jp-deck-mod-visible").first.wait_for()


def at(page) -> int:
    """The index of the cell that the live show has come to; it is on the screen."""
    found = "jupyterapp.shell.currentWidget.content.activeCellIndex"
    page.page.wait_for_function(f"jupyterapp.shell.currentWidget.content.widgets[{found}].node.offsetHeight > 0")
    return page.page.evaluate(found)


def test_the_live_show_has_working_views(lab, tmp_path):
    """A key where Tab has led, and a drag, move the ring; then keys belong to the slides: C shows the code, Z enlarges the view."""
    code = "from vae_helpers import widgets, pretrained\nwidgets.LatentPad(pretrained.load('mnist_vae_2d'))"
    slide = {"slideshow": {"slide_type": "slide"}}
    cells = [nbformat.v4.new_code_cell(source, metadata=slide) for source in (code, "1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), tmp_path / "shown.ipynb")
    page = lab(tmp_path / "shown.ipynb").run_all()
    start(page)
    page.page.keyboard.press("ArrowLeft")
    ring, reading = page.widget(0, "[tabindex='0']"), page.widget(0, ".vae-reading")
    before = reading.inner_text()
    ring.press("ArrowRight")
    expect(reading).not_to_have_text(before)
    assert at(page) == 0
    before = reading.inner_text()
    page.drag(page.widget(0, ".vae-pad"), (0.3, 0.5), (0.6, 0.4))
    expect(reading).not_to_have_text(before)
    page.page.wait_for_function("() => !document.activeElement.closest('.vae-view')")
    code = page.cell(0).locator(".jp-InputArea-editor")
    expect(code).to_be_hidden()
    page.page.keyboard.press("c")
    expect(code).to_be_visible()
    page.page.keyboard.press("c")
    page.page.keyboard.press("z")
    page.page.wait_for_function("() => document.fullscreenElement?.style.zoom > 1")
    for part in ("pad", "image", "path", "zoom"):
        box = page.widget(0, f".vae-{part}").bounding_box()
        assert 0 <= box["y"] and box["y"] + box["height"] <= HEIGHT and box["x"] + box["width"] <= WIDTH, (part, box)
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function("() => !document.fullscreenElement")
    assert at(page) == 1
    stop(page)


ON, BACK = ("ArrowRight", "PageDown", "Space", "ArrowDown"), ("ArrowLeft", "PageUp", "Shift+Space", "ArrowUp")


def test_every_key_goes_to_the_next_screen_of_the_live_show(lab):
    """To each screen and fragment in the order of the exported show, and back, the keys and the button in the corner by turns: nothing is
    passed by, and what is folded on the page is seen."""
    path = NOTEBOOKS[1]
    page, every = lab(path, size=(WIDTH, HEIGHT)), presses(read(path)["cells"])
    start(page)
    for keys, button, wanted in ((ON, "forward", every[1:]), (BACK, "back", every[-2::-1])):
        seen = []
        for press in range(len(wanted)):
            if press % 5 < 4:
                page.page.keyboard.press(keys[press % 5])
            else:
                page.page.locator(f".jp-deck-mod-direction-{button}").dispatch_event("click")
            seen.append(at(page))
        assert seen == wanted
    stop(page)


LINES = r"a &= b && \text{one} \tag{1.1} \\ &= c && \text{two} \\ &= d && \text{three} \tag{1.3}"
DERIVATION = rf"$$\begin{{align}} {LINES} \end{{align}}$$"
# Of lines and their numbers, as JupyterLab sets them, so many are seen.
SEEN = """count => [...document.querySelectorAll("mjx-itable > :has(> mjx-mtd)")]
  .filter((part) => part.checkVisibility({ visibilityProperty: true, opacityProperty: true })).length === count"""


def test_a_derivation_comes_line_by_line_in_the_live_show(lab, tmp_path):
    """Each line with its number, on all keys; what stands below on the screen comes with the last, what waits for a key after it; and all
    the way back. In the notebook itself each line is seen."""
    sources = {"slide": f"# One\n\n{DERIVATION}\n\nits end", "": DERIVATION, "fragment": DERIVATION, "subslide": "the next"}
    cells = [nbformat.v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}}) for kind, text in sources.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), tmp_path / "lines.ipynb")
    page = lab(tmp_path / "lines.ipynb")
    page.page.wait_for_function(SEEN, arg=15)
    start(page)
    page.page.wait_for_function(SEEN, arg=2)
    every = [(0, 2), (0, 3), (0, 7), (0, 8), (0, 10), (2, 12), (2, 13), (2, 15), (3, 0)]  # the cell come to, and what is seen
    for keys, wanted in ((ON, every[1:]), (BACK, every[-2::-1])):
        for press, (cell, seen) in enumerate(wanted):
            page.page.keyboard.press(keys[press % len(keys)])
            page.page.wait_for_function(SEEN, arg=seen)
            assert at(page) == cell
            expect(page.page.locator("p", has_text="its end")).to_be_visible(visible=3 < seen)
    stop(page)
    page.page.wait_for_function(SEEN, arg=15)


@pytest.fixture(scope="module")
def show(browser):
    """`show(file)`: the exported show in a browser without a network; what it writes to the console or asks for is in the lists."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True)
    said, asked = [], []
    context.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    context.on("request", lambda request: asked.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None)

    def open_one(file: Path, ready: str = ".reveal.ready"):
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator(ready).wait_for(state="attached")
        return page

    yield open_one
    context.close()
    assert not said and not asked


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_screen_of_the_exported_show_is_too_large_and_no_press_in_vain(show, path, tmp_path):
    notebook = read(path)
    page = show(write(lecture(notebook, path, set()), tmp_path / "lecture.html"))
    names = [name for name, _ in screens(notebook)]
    for code in (True, False):
        sizes = page.evaluate(EXPORTED, code)
        assert not (large := too_large(names, sizes)), large
        assert not (silent := [name for name, (*_, count, _) in zip(names, sizes, strict=True) if count]), silent
        assert not (covered := [(name, words) for name, (*_, words) in zip(names, sizes, strict=True) if words and not code]), covered
    page.close()


def test_what_is_too_large_is_seen(show, tmp_path):
    notebook = json.loads(json.dumps(read(NOTEBOOKS[0])))
    notebook["cells"][0]["source"] += "\n\nline" * 40
    page = show(write(lecture(notebook, NOTEBOOKS[0], set()), tmp_path / "lecture.html"))
    large = too_large([name for name, _ in screens(notebook)], page.evaluate(EXPORTED, True))
    assert len(large) == 1 and "screen 1" in large[0]
    page.close()


@pytest.mark.parametrize("key", ["ArrowRight", "PageDown", " "])
def test_every_key_for_on_goes_to_the_next_screen(show, key, tmp_path):
    """Screen by screen through the sections, each fragment on its screen: nothing is passed by (a presenter's remote sends these keys)."""
    path = NOTEBOOKS[1]
    page = show(write(lecture(read(path), path, set()), tmp_path / "lecture.html"))
    every = page.evaluate("Reveal.getSlides().map(slide => { const at = Reveal.getIndices(slide); return [at.h, at.v ?? 0] })")
    seen, presses = [[0, 0]], 0
    while seen[-1] != every[-1] and presses < 400:
        page.keyboard.press(key)
        presses += 1
        at = page.evaluate("[Reveal.getIndices().h, Reveal.getIndices().v ?? 0]")
        seen += [at] if at != seen[-1] else []
    assert seen == every
    page.close()


def with_a_pad() -> tuple[LatentPad, dict]:
    """A view, and an executed notebook that has it in its second section of three."""
    pad = LatentPad(VAE((8, 8), 2, seed=0))
    data = {PAGE_VIEW: pad.page_data(), "image/png": base64.b64encode(pad.picture()).decode(), "text/plain": repr(pad)}
    code = nbformat.v4.new_code_cell("pad", outputs=[nbformat.v4.new_output("display_data", data)])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A lecture"), code, nbformat.v4.new_markdown_cell("## End")])
    for cell in notebook["cells"]:
        cell["metadata"] = {"slideshow": {"slide_type": "slide"}}
    return pad, notebook


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (1920, 1080)], ids=str)
def test_the_exported_show_has_working_views(show, size, tmp_path):
    """In a section that is hidden at first, at the projector's scale: a drag and a key move the ring where they should, not the slide;
    after the drag the keys belong to the slides again."""
    pad, notebook = with_a_pad()
    page = show(write(lecture(notebook, Path("98_none.ipynb"), set()), tmp_path / "lecture.html"))
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.keyboard.press("ArrowRight")
    place, reading = page.locator(".vae-pad"), page.locator(".vae-reading").first
    box, (left, top, width, height), (x0, x1, y0, y1) = place.bounding_box(), pad.plane.box, pad.plane.extent
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + (left + 0.75 * width) * box["width"], box["y"] + (top + 0.25 * height) * box["height"], steps=5)
    page.mouse.up()
    text = reading.inner_text()
    expected = [x0 + 0.75 * (x1 - x0), y1 - 0.25 * (y1 - y0)]
    shown = [float(number.replace("−", "-")) for number in re.findall(r"[-−]?\d+\.\d+", reading.inner_text())[:2]]
    assert shown == pytest.approx(expected, abs=0.03)
    page.wait_for_function("() => document.activeElement === document.body")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 2
    page.keyboard.press("ArrowLeft")
    place.press("ArrowRight")  # reached by Tab, it keeps its keys
    assert page.evaluate("Reveal.getIndices().h") == 1 and reading.inner_text() != text
    page.close()


@pytest.mark.parametrize("kind", ["slides", "page"])
def test_one_view_on_the_whole_screen(show, kind, tmp_path):
    """By the key Z, as large as the screen allows, and draggable there; Z again, and in slides the key for on, bring it back."""
    pad, notebook = with_a_pad()
    text = lecture(notebook, Path("98_none.ipynb"), set()) if kind == "slides" else export_page.page(notebook, "98_none.ipynb", set())
    page = show(write(text, tmp_path / f"{kind}.html"), ".view.live")
    if kind == "slides":
        page.keyboard.press("ArrowRight")
    view, place, reading = page.locator(".vae-view"), page.locator(".vae-pad"), page.locator(".vae-reading").first
    before = place.bounding_box()
    page.keyboard.press("z")
    page.wait_for_function("() => document.fullscreenElement?.style.zoom > 1")
    boxes = view.evaluate(
        "view => [...view.children].map(child => child.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])"
    )
    width, height = page.evaluate("[innerWidth, innerHeight]")
    low, high = map(min, list(zip(*boxes, strict=True))[:2]), map(max, list(zip(*boxes, strict=True))[2:])
    (left, top), (right, bottom) = low, high
    assert 0 <= left and 0 <= top and right <= width and bottom <= height
    assert right - left > 0.9 * width or bottom - top > 0.9 * height
    box, (x, y, w, h), (x0, x1, y0, y1) = place.bounding_box(), pad.plane.box, pad.plane.extent
    assert box["width"] > before["width"]  # on a slide of its own it is nearly as large as the slide
    page.mouse.click(box["x"] + (x + 0.75 * w) * box["width"], box["y"] + (y + 0.25 * h) * box["height"])
    shown = [float(number.replace("−", "-")) for number in re.findall(r"[-−]?\d+\.\d+", reading.inner_text())[:2]]
    assert shown == pytest.approx([x0 + 0.75 * (x1 - x0), y1 - 0.25 * (y1 - y0)], abs=0.03)
    if kind == "slides":
        page.wait_for_function("() => document.activeElement === document.body")  # the pad lets go a moment after the click
    page.keyboard.press("ArrowRight" if kind == "slides" else "z")
    page.wait_for_function("() => !document.fullscreenElement && !document.querySelector('.vae-view').style.zoom")
    if kind == "slides":
        assert page.evaluate("Reveal.getIndices().h") == 2
    page.close()


@pytest.mark.parametrize("kind", ["exported", "live"])
def test_a_still_figure_on_the_whole_screen(show, lab, kind, tmp_path):
    """By the key Z, from edge to edge; Z again, and the key for on, bring it back to its place."""
    png = base64.b64encode(draw_png(lambda figure: figure.subplots().plot([0, 1]), (11, 4))).decode()
    figure = nbformat.v4.new_output("display_data", {"image/png": png}, metadata={"image/png": {"width": 792, "height": 288}})
    slide = {"slideshow": {"slide_type": "slide"}}
    cells = [nbformat.v4.new_code_cell("1", outputs=[figure], metadata=slide), cell("two", "slide")]
    page, leave = pressed_through(kind, cells, show, lab, tmp_path)
    picture = page.locator(".output > img, .jp-RenderedImage > img")
    page.wait_for_function(AT_ITS_PLACE, arg=picture.element_handle())
    for key in ("z", "PageDown"):
        page.keyboard.press("z")
        page.wait_for_function("() => document.fullscreenElement?.matches('img')")
        assert picture.bounding_box() == {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
        page.keyboard.press(key)
        page.wait_for_function("() => !document.fullscreenElement")
        if key == "z":
            page.wait_for_function(AT_ITS_PLACE, arg=picture.element_handle())
    expect(page.get_by_role("paragraph").filter(has_text="two")).to_be_in_viewport()
    leave()


# As large as its slide allows, and nothing of it cut off.
AT_ITS_PLACE = """image => {
    const [{ left, right, width }, around] = [image, image.parentElement].map((part) => part.getBoundingClientRect());
    return width > 1080 && left >= around.left - 1 && right <= around.right + 1;
}"""


def test_pictures_over_a_slider_are_as_large_as_the_live_show_allows(lab, tmp_path):
    """As in the exported show; on the page they have their own size again."""
    draw = "lambda figure, n: figure.subplots().plot([0, n])"
    code = f"from vae_helpers.widgets import FrameStack\nFrameStack({draw}, [1, 2, 3], 'n', size=(9, 3))"
    slide = {"slideshow": {"slide_type": "slide"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, metadata=slide)], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, tmp_path / "stack.ipynb")
    page = lab(tmp_path / "stack.ipynb", size=(WIDTH, HEIGHT)).run_all()
    frame, slider = page.widget(0, ".vae-frame"), page.widget(0, "input[type=range]")
    expect(frame).to_have_css("width", "648px")
    start(page)
    page.page.wait_for_function("frame => frame.getBoundingClientRect().width > 1000", arg=frame.element_handle())
    page.page.wait_for_timeout(400)
    area = page.output(0).bounding_box()
    for part in (frame, slider, page.widget(0, ".vae-said")):
        box = part.bounding_box()
        assert area["x"] <= box["x"] and box["x"] + box["width"] <= area["x"] + area["width"] and 0 <= box["y"], box
        assert box["y"] + box["height"] <= HEIGHT, box
    page.drag(slider, (0.5, 0.5), (0.99, 0.5))
    expect(slider).to_have_value("2")
    page.screenshot("live-stack")
    page.page.keyboard.press("z")
    page.page.wait_for_function("() => document.fullscreenElement?.style.zoom")
    page.page.evaluate("dispatchEvent(new Event('toggle'))")  # whatever the show measures meanwhile, the view keeps its size
    page.page.wait_for_timeout(400)
    for part in (frame, slider, page.widget(0, ".vae-said")):
        box = part.bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= WIDTH and 0 <= box["y"] and box["y"] + box["height"] <= HEIGHT, box
    page.screenshot("live-stack-whole-screen")
    page.page.keyboard.press("z")
    page.page.wait_for_function("() => !document.fullscreenElement")
    stop(page)
    assert frame.bounding_box()["width"] == 648


def test_code_that_has_a_result_is_folded_and_a_key_shows_it(show, tmp_path):
    _, notebook = with_a_pad()
    lone = nbformat.v4.new_code_cell("alone = 1", metadata={"slideshow": {"slide_type": "subslide"}})
    notebook["cells"].insert(2, lone)
    page = show(write(lecture(notebook, Path("98_none.ipynb"), set()), tmp_path / "lecture.html"), ".view.live")
    page.keyboard.press("ArrowRight")
    view, code = page.locator(".view.live"), page.locator(".code .highlight").first
    large = view.bounding_box()
    assert not code.is_visible()
    page.keyboard.press("c")
    assert code.is_visible() and view.bounding_box()["height"] < large["height"]
    page.keyboard.press("c")
    assert not code.is_visible() and view.bounding_box() == large
    page.keyboard.press("ArrowRight")
    assert page.locator(".code .highlight", has_text="alone").is_visible()
    page.close()


def pressed_through(kind: str, cells: list, show, lab, tmp_path, size=(WIDTH, HEIGHT)):
    """A notebook of these cells as an exported show, or live: the browser's page, and what closes it."""
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    if kind == "exported":
        page = show(write(lecture(notebook, Path("98_none.ipynb"), set()), tmp_path / "lecture.html"))
        return page, page.close
    nbformat.write(notebook, tmp_path / "cells.ipynb")
    live = lab(tmp_path / "cells.ipynb", size=size)
    start(live)
    return live.page, lambda: stop(live)


def cell(source: str, kind: str, printed: str = "", folded: bool = False):
    metadata = {"slideshow": {"slide_type": kind}, "jupyter": {"source_hidden": folded}}
    if not printed and not folded:
        return nbformat.v4.new_markdown_cell(source, metadata=metadata)
    outputs = [nbformat.v4.new_output("stream", text=printed)] if printed else []
    return nbformat.v4.new_code_cell(source, metadata=metadata, outputs=outputs)


def words_seen(page, words: list[str]) -> list[str]:
    """Those of these words, each in the show once, that the room can read."""
    return [word for word in words if page.locator(".slides, .jp-Notebook").get_by_text(word, exact=True).evaluate_all(READ)]


READ = "found => found.some(part => part.checkVisibility({ visibilityProperty: true, opacityProperty: true }))"


@pytest.mark.parametrize("kind", ["exported", "live"])
def test_no_answer_stands_before_its_question(show, lab, kind, tmp_path):
    """What stands below that which waits comes with it: below a fragment, and below the lines of a derivation. Folded code without a result
    is no press: it goes with the next cell."""
    cells = [cell("question", "slide"), cell("1", "fragment", printed="result"), cell("verdict", ""), cell("more", "fragment")]
    cells += [cell(f"{DERIVATION}\n\nclosing", "slide"), cell("remark", ""), cell("2", "subslide", folded=True), cell("last", "subslide")]
    page, leave = pressed_through(kind, cells, show, lab, tmp_path)
    words = ["question", "result", "verdict", "more", "closing", "remark", "last"]
    wanted = [words[:1], words[:3], words[:4], [], [], words[4:6], words[6:]]
    for keys, order in (("PageDown", wanted), ("PageUp", wanted[-2::-1])):
        for step, some in enumerate(order):
            if step or keys == "PageUp":
                page.keyboard.press(keys)
            page.wait_for_timeout(300)  # for what must not come, too
            assert words_seen(page, words) == some, (keys, step)
    for key, some in (("End", words[6:]), ("Home", words[:1])):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        assert words_seen(page, words) == some, key
    leave()


def test_a_wide_picture_fills_its_place_in_the_live_show_and_is_not_cut(lab, tmp_path):
    file = io.BytesIO()
    Image.new("L", (900, 200)).save(file, "PNG")
    wide = cell("wide", "slide", printed="what is wide")
    wide["outputs"].append(nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(file.getvalue()).decode()}))
    page, leave = pressed_through("live", [wide], None, lab, tmp_path)
    page.wait_for_function(f"() => Math.abs({SHARE} - 0.99) < 0.011", timeout=9000)
    leave()


SHARE = """(({ firstChild, clientWidth }) => firstChild.getBoundingClientRect().width / clientWidth)(
  document.querySelector(".jp-RenderedImage"))"""


@pytest.mark.parametrize("kind", ["exported", "live"])
def test_what_is_printed_is_as_large_as_the_screen_allows(show, lab, kind, tmp_path):
    """As the text, 18 pixels, where there is room; smaller, down to 15, where lines are many, or one would be broken."""
    printed = ["few\nlines", "a line\n" * 33, "x" * 115]
    cells = [cell(f"{k}", "slide", printed=text) for k, text in enumerate(printed)]
    page, leave = pressed_through(kind, cells, show, lab, tmp_path)
    sizes = []
    for text in printed:
        page.wait_for_timeout(400)
        sizes.append(page.locator(".output > pre, .jp-OutputArea-output > pre").filter(visible=True, has_text=text[:5]).evaluate(SIZE))
        page.keyboard.press("PageDown")
    assert sizes[0] == 18 and all(15 <= size < 18 for size in sizes[1:]), sizes
    leave()


SIZE = "pre => parseFloat(getComputedStyle(pre).fontSize)"


def test_the_live_show_begins_at_its_beginning(lab, tmp_path):
    """After Run All, which leaves the last cell active, too; but where the reader has chosen a cell, there."""
    cells = [cell(text, "slide") for text in ("one", "two", "three")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), tmp_path / "begin.ipynb")
    page = lab(tmp_path / "begin.ipynb").run_all()
    for chosen, wanted in ((None, 0), (1, 1)):
        if chosen is not None:
            page.page.evaluate("index => (jupyterapp.shell.currentWidget.content.activeCellIndex = index)", chosen)
        start(page)
        assert at(page) == wanted
        stop(page)


def test_keys_of_the_exported_show(show, tmp_path):
    """Escape opens nothing in which the next press would hop, C opens what is folded and keeps it on the screen, ? knows C and Z."""
    long = "\n".join(f"line_{k} = {k}" for k in range(60))
    cells = [cell("# One", "slide"), cell(long, "", folded=True), cell("two", "subslide"), cell("three", "slide")]
    page, leave = pressed_through("exported", cells, show, None, tmp_path)
    page.keyboard.press("c")
    expect(page.get_by_text("line_0")).to_be_visible()
    assert page.evaluate("Reveal.getCurrentSlide().scrollHeight") <= HEIGHT
    page.keyboard.press("c")
    expect(page.get_by_text("line_0")).to_be_hidden()
    page.keyboard.press("Escape")
    assert not page.evaluate("Reveal.isOverview()")
    page.keyboard.press("PageDown")
    assert page.evaluate("[Reveal.getIndices().h, Reveal.getIndices().v]") == [0, 1]
    page.keyboard.press("F1")
    for key in ("C", "Z"):
        expect(page.locator(".r-overlay-help td").get_by_text(key, exact=True)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".r-overlay-help")).to_have_count(0, timeout=5000)
    leave()


def test_a_screen_fits_again_when_an_answer_has_opened(show, tmp_path):
    """The picture below makes room for it."""
    answer = "<details class='choice'><summary>This</summary>" + "a line of the answer<br>" * 12 + "</details>"
    pad, notebook = with_a_pad()
    slide = {"slideshow": {"slide_type": "slide"}}
    notebook["cells"].insert(1, nbformat.v4.new_markdown_cell(f"Which?\n\n{answer}", metadata=slide))
    notebook["cells"][2]["metadata"] = {"slideshow": {"slide_type": ""}}
    page = show(write(lecture(notebook, Path("98_none.ipynb"), set()), tmp_path / "lecture.html"), ".view.live")
    page.keyboard.press("PageDown")
    page.locator(".choice summary").click()
    page.wait_for_function(f"() => Reveal.getCurrentSlide().scrollHeight <= {HEIGHT}")
    page.close()


@pytest.mark.parametrize("kind", ["exported", "live"])
def test_a_fold_that_answers_opens_with_a_key(show, lab, kind, tmp_path):
    """In its turn, with what stands below it, and closes on the way back; after it has been opened by hand, the next key goes on."""
    fold = "question\n\n<details><summary>What you find</summary>\n\nanswer\n\n</details>"
    cells = [cell(fold, "slide"), cell("remark", ""), cell("last", "slide")]
    page, leave = pressed_through(kind, cells, show, lab, tmp_path)
    words = ["question", "What you find", "answer", "remark", "last"]
    wanted = [words[:2], words[:4], words[4:]]
    for keys, order in (("PageDown", wanted), ("PageUp", wanted[-2::-1])):
        for step, some in enumerate(order):
            if step or keys == "PageUp":
                page.keyboard.press(keys)
            page.wait_for_timeout(300)
            assert words_seen(page, words) == some, (keys, step)
    page.locator("summary").click()
    page.wait_for_timeout(300)
    assert words_seen(page, words) == words[:4]
    page.keyboard.press("PageDown")
    page.wait_for_timeout(300)
    assert words_seen(page, words) == words[4:]
    leave()


@pytest.mark.parametrize("kind", ["exported", "live"])
def test_checks_are_folded_and_open_within_their_screen(show, lab, kind, tmp_path):
    """One line, in the letters of what is printed; what has no room on the screen is scrolled to, and the keys stay with the slides."""
    lines = "".join(f"line {k}\n" for k in range(40))
    fold = f'<details class="checks"><summary>40 checks agree</summary><pre>{lines}</pre></details>'
    checks = cell("checks", "", printed="after")
    checks["outputs"].insert(0, nbformat.v4.new_output("display_data", {"text/plain": lines, "text/html": fold}))
    page, leave = pressed_through(kind, [cell("text\n\n" * 12, "slide"), checks, cell("next", "slide")], show, lab, tmp_path)
    summary, inside = page.locator(".checks > summary"), page.locator(".checks > pre")
    sizes = [part.evaluate("part => getComputedStyle(part).fontSize") for part in (summary, page.locator("pre", has_text="after"))]
    assert not inside.is_visible() and sizes[0] == sizes[1]
    summary.click()
    expect(inside).to_be_visible()
    page.wait_for_function(f"() => {USED} <= {HEIGHT}")
    shown, whole = inside.evaluate("pre => [pre.clientHeight, pre.scrollHeight]")
    assert 90 < shown < whole
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert words_seen(page, ["after", "next"]) == ["next"]
    leave()


# How high the screen is, in either show.
USED = """(window.Reveal ? Reveal.getCurrentSlide().scrollHeight
  : [...document.querySelectorAll(".jp-deck-mod-onscreen")].reduce((sum, node) => sum + node.offsetHeight, 0))"""


def test_a_derivation_comes_line_by_line(show, tmp_path):
    texts, slide = (f"# One\n\n{DERIVATION}", "## Two"), {"slideshow": {"slide_type": "slide"}}
    cells = [nbformat.v4.new_markdown_cell(text, metadata=slide) for text in texts]
    page = show(write(lecture(nbformat.v4.new_notebook(cells=cells), Path("98_none.ipynb"), set()), tmp_path / "lecture.html"))
    for seen in (1, 2, 3):
        page.wait_for_function(
            "n => [...document.querySelectorAll('mtr')].filter((row) => getComputedStyle(row).visibility === 'visible').length === n",
            arg=seen,
        )
        assert page.evaluate("Reveal.getIndices().h") == 0
        page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices().h") == 1
    page.close()


CHOICES = """**Predict.** Which?

<details class="choice"><summary>This</summary>No, that.</details>
<details class="choice"><summary>That</summary>Yes.</details>"""
MARK = "choice => getComputedStyle(choice.querySelector('summary'), '::after').content"


@pytest.mark.parametrize("kind", ["slides", "page", "JupyterLab"])
def test_an_answer_waits_for_a_choice(show, lab, kind, tmp_path):
    """Two buttons and no answer; by mouse or key it comes, and the choice is marked; then the keys belong to the slides."""
    slide = {"slideshow": {"slide_type": "slide"}}
    cells = [nbformat.v4.new_markdown_cell(text, metadata=slide) for text in (f"# One\n\n{CHOICES}", "## Two")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    if kind == "JupyterLab":
        nbformat.write(notebook, tmp_path / "choices.ipynb")
        live = lab(tmp_path / "choices.ipynb")
        start(live)
        page = live.page
    else:
        text = lecture(notebook, Path("98_none.ipynb"), set()) if kind == "slides" else export_page.page(notebook, "98_none.ipynb", set())
        page = show(write(text, tmp_path / f"{kind}.html"), ".choice >> nth=0")
    this, that = page.locator(".choice").all()
    for choice, answer, press in ((that, "Yes.", "click"), (this, "No, that.", "Enter")):
        button = choice.locator("summary")
        expect(button).to_have_css("border-top-style", "solid")
        expect(choice).not_to_contain_text(answer, use_inner_text=True)
        button.click() if press == "click" else button.press(press)
        expect(choice).to_contain_text(answer, use_inner_text=True)
        assert "your choice" in choice.evaluate(MARK)
    if kind != "page":
        that.locator("summary").click()
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", name="Two")).to_be_in_viewport()
    stop(live) if kind == "JupyterLab" else page.close()


def test_the_speakers_window_has_the_notes(show, tmp_path):
    """Opened from a disk without a network: it shows the lecture twice, with the notes of the section and what is left of its minutes,
    the same on each of its screens, and follows."""
    path = NOTEBOOKS[3]
    page = show(write(lecture(read(path), path, set()), tmp_path / "lecture.html"))
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    window, notes = opened.value, list(speaker_notes(path).values())
    budgets = list(minutes(speaker_notes(path)).values())
    window.locator(".pacing-title", has_text="Left for this section").wait_for()
    assert page.evaluate("document.querySelectorAll('.slides > section:first-child > section').length") > 1
    for section in (2, 1, 0):
        page.evaluate("h => Reveal.slide(h, 1)", section)
        window.wait_for_function(LEFT, arg=60 * sum(budgets[: section + 1]))
        words = re.sub(r"[*_`$]", "", notes[section]).split()[:6]
        expect(window.locator(".speaker-controls-notes .value")).to_contain_text(" ".join(words))
        expect(window.locator(".pacing")).to_contain_class("ahead" if section else "on-track")
    longest = max(range(len(notes)), key=lambda section: len(notes[section]))
    for size in ((1100, 700), (1366, 700)):  # it is seen to its end
        window.set_viewport_size({"width": size[0], "height": size[1]})
        for section in (0, longest):
            page.evaluate("h => Reveal.slide(h, 0)", section)
            words = re.sub(r"[*_`$]", "", notes[section]).split()[:6]
            expect(window.locator(".speaker-controls-notes .value")).to_contain_text(" ".join(words), timeout=9000)
        assert window.evaluate("(box => box.scrollHeight <= box.clientHeight)(document.getElementById('speaker-controls'))"), size
    answers, passed = [False, True], window.locator(".timer .minutes-value")
    window.on("dialog", lambda dialog: dialog.accept() if answers.pop() else dialog.dismiss())
    page.evaluate("Reveal.slide(5, 0)")
    window.locator(".clock-value").click()
    expect(passed).to_have_text(f":{sum(budgets[:5]):02d}", timeout=9000)
    page.evaluate("Reveal.slide(1, 0)")
    window.locator(".clock-value").click()
    assert not answers
    expect(passed).to_have_text(f":{sum(budgets[:5]):02d}", timeout=9000)  # nobody has agreed
    expect(window.frame_locator("#current-slide iframe").locator(".reveal.ready")).to_be_attached()
    window.close()
    page.close()

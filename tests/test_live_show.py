"""The order of the show in JupyterLab (deck.js of its extension): that of the exported one, and no press in vain."""

import re

import pytest
from freshness import ROOT, read
from node import in_node, needs_node
from notebook_reading import NOTEBOOKS, presses, tags
from sections import sections
from slides import silent, slide_type, stacks, steps

DECK = (ROOT / "share/jupyter/labextensions/vae-lecture/static/deck.js").as_uri()


def in_javascript(tmp_path, cells: list[dict], script: str):
    given = [
        {
            "kind": slide_type(cell) if cell["source"].strip() else "empty",
            "heading": cell["cell_type"] == "markdown"
            and cell["source"].startswith("## ")
            and cell["source"][3:].partition("\n")[0].strip(),
            "tags": tags(cell),
            "silent": silent(cell),
        }
        for cell in cells
    ]
    return in_node(tmp_path, f'import {{ beside, screens, stops }} from "{DECK}";\n{script}', given)


@needs_node
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_press_shows_something_new_in_the_order_of_the_exported_show(path, tmp_path):
    """A press stops at what opens a screen or waits for a key, so each shows a cell that was not seen, and with it what stands below;
    folded code without a result is no press. The exercises come last."""
    cells = read(path)["cells"]
    index = {id(cell): i for i, cell in enumerate(cells)}
    wanted = [[[index[id(cell)] for cell in step] for step in steps(screen)] for stack in stacks(cells) for screen in stack]
    walk = "for (let at; (at = beside(all, seen.at(-1), 1)) !== null; ) seen.push(at);"
    found, walked = in_javascript(tmp_path, cells, f"const all = stops(given), seen = [all[0]];\n{walk}\ntell([screens(given), seen]);")
    assert found == wanted and walked == presses(cells)
    assert not any(all(silent(cells[i]) for i in step) for screen in found for step in screen)
    parts = [section_part(cells, i) for i in walked]
    assert parts == sorted(parts)


def section_part(cells: list[dict], index: int) -> int:
    """0 in the core, 1 in a section that is further, 2 in the exercises and what closes the notebook."""
    before = (section for section in sections(cells) if any(cell is cells[index] for cell in section.cells))
    section = next(before)
    return 2 if section.title in ("Exercises", "What comes next") else int(section.further)


@needs_node
def test_from_a_cell_that_is_no_stop_it_goes_on_from_its_screen(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": source, "metadata": {"slideshow": {"slide_type": kind}, "tags": kinds}}
        for source, kind, kinds in [
            ("# Title", "", []),
            ("## Further: A", "slide", ["further"]),
            ("below", "", []),
            ("left out", "skip", []),
            ("## B", "slide", ["core"]),
            ("answer", "fragment", []),
        ]
    ]
    steps = "const all = stops(given);\ntell([all, ...[0, 2, 3, 5].map((at) => [beside(all, at, -1), beside(all, at, 1)])]);"
    assert in_javascript(tmp_path, cells, steps) == [[0, 4, 5, 1], [None, 4], [5, None], [5, None], [4, 1]]


def cell(kind: str, silent: bool = False, source: str = "x") -> dict:
    """A cell of this slide type; folded code without a result if `silent`."""
    metadata = {"slideshow": {"slide_type": kind}, "jupyter": {"source_hidden": silent}}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [] if silent else ["1"]}


@needs_node
@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([cell("slide"), cell("fragment"), cell(""), cell("fragment")], [[[0], [1, 2], [3]]]),  # what stands below it comes with it
        ([cell("slide"), cell("fragment", True), cell("fragment")], [[[0], [1, 2]]]),
        ([cell("slide"), cell("subslide", True), cell("subslide", True), cell("subslide")], [[[0]], [[1, 2, 3]]]),
        ([cell("slide"), cell("fragment", True), cell("subslide"), cell("fragment")], [[[0]], [[1, 2], [3]]]),
        ([cell("slide"), cell("subslide", True), cell("fragment")], [[[0]], [[1, 2]]]),
        ([cell("slide"), cell(""), cell("", True), cell("subslide")], [[[0, 1]], [[2, 3]]]),
        ([cell("slide"), cell("skip"), cell("fragment", source=" "), cell("fragment")], [[[0], [3]]]),
    ],
)
def test_the_steps_of_a_screen(cells, wanted, tmp_path):
    index = {id(one): i for i, one in enumerate(cells)}
    exported = [[[index[id(one)] for one in step] for step in steps(screen)] for stack in stacks(cells) for screen in stack]
    assert exported == in_javascript(tmp_path, cells, "tell(screens(given));") == wanted


def test_what_the_show_marks_no_view_means_otherwise():
    """A class of deck.js that a view's style sheet has too takes the marked lines apart once the view is in the page."""
    marks = set(
        re.findall(r'"(vae-[\w-]+)"', (ROOT / "share/jupyter/labextensions/vae-lecture/static/deck.js").read_text(encoding="utf-8"))
    )
    sheets = (ROOT / "vae_helpers/widgets").rglob("*.css")
    assert marks and not marks & {name for sheet in sheets for name in re.findall(r"\.(vae-[\w-]+)", sheet.read_text(encoding="utf-8"))}

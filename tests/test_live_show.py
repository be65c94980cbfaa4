"""The order of the show in JupyterLab (deck.js of its extension): that of the exported one, and no press in vain."""

import pytest
from freshness import ROOT, read
from node import in_node, needs_node
from notebook_reading import NOTEBOOKS, presses, tags
from slides import slide_type

DECK = (ROOT / "share/jupyter/labextensions/vae-lecture/static/deck.js").as_uri()


def in_javascript(tmp_path, cells: list[dict], script: str):
    given = [
        {"kind": slide_type(cell), "heading": cell["cell_type"] == "markdown" and cell["source"].startswith("## "), "tags": tags(cell)}
        for cell in cells
    ]
    return in_node(tmp_path, f'import {{ beside, stops }} from "{DECK}";\n{script}', given)


@needs_node
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_press_shows_something_new_in_the_order_of_the_exported_show(path, tmp_path):
    """A press stops at what opens a screen or waits for a key, so each shows a cell that was not seen. Nowhere else: what has an empty type
    stands on the screen before it is come to, and a stop there would change nothing."""
    cells = read(path)["cells"]
    wanted = presses(cells)
    walk = "for (let at; (at = beside(all, seen.at(-1), 1)) !== null; ) seen.push(at);"
    assert in_javascript(tmp_path, cells, f"const all = stops(given), seen = [all[0]];\n{walk}\ntell(seen);") == wanted
    assert all(cells[i]["source"].strip() for i in wanted)


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

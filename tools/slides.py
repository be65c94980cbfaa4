"""The cells of a notebook as a lecture: one HTML file with reveal.js (tools/vendor) in it, the views live, the speaker's notes inside.

`tools/export_page.py --slides` calls `deck`. A cell's slide type says where it stands: `slide` opens a section, `subslide` the next
screen of it, `fragment` waits for a key, `skip` is left out. The notes of the sections are in lectures/, one file a notebook.
"""

import re
from pathlib import Path

from freshness import ROOT
from sections import sections

from vae_helpers.widgets.kit.page import POLICY, Parts, document

WIDTH, HEIGHT = 1280, 720
START = f"""Reveal.initialize({{
  width: {WIDTH}, height: {HEIGHT}, margin: 0, minScale: 0.2, maxScale: 4, hash: true, slideNumber: "c/t", transition: "none",
  navigationMode: "linear", // one order for space, arrows, page keys and a presenter's remote: no screen is passed by
  plugins: [RevealNotes],
}});"""


def deck(title: str, cells: list[tuple[dict, str]], notes: dict[str, str], parts: Parts, style: str) -> str:
    """The whole HTML text. `cells` has each cell with its HTML, `notes` the HTML of each section's notes by its heading."""
    html = {id(cell): text for cell, text in cells}
    sections = "\n".join(_section(stack, html, notes) for stack in stacks([cell for cell, _ in cells]))
    scripts = "\n".join(f"<script>\n{text}\n</script>" for text in (_read("reveal.js"), _read("notes.js"), START))
    body = f'<div class="reveal"><div class="slides">\n{sections}\n</div></div>\n{scripts}'
    styles = "\n".join([_read("reveal.css"), _read("slides.css"), style])
    return document(title, body, parts, styles, POLICY + "; frame-src 'self' file:")  # the speaker's window shows the lecture twice


def stacks(cells: list[dict]) -> list[list[list[dict]]]:
    """The shown cells by section and screen: stacks[section][screen][cell]. What is further comes after the core."""
    found: list[list[list[dict]]] = []
    for cell in (cell for section in sorted(sections(cells), key=lambda section: section.further) for cell in section.cells):
        kind = _kind(cell)
        if kind in ("skip", "notes") or not cell["source"].strip():
            continue
        if kind == "slide" or not found:
            found.append([[]])
        elif kind == "subslide":
            found[-1].append([])
        found[-1][-1].append(cell)
    return found


def heading(stack: list[list[dict]]) -> str:
    """The heading of a section, without its marks."""
    found = re.search(r"^#+ +(.+)$", stack[0][0]["source"], flags=re.MULTILINE)
    return found[1].strip() if found else ""


def speaker_notes(notebook: Path) -> dict[str, str]:
    """The Markdown of each section's notes, by heading, from lectures/; empty where a notebook has none."""
    path = ROOT / "lectures" / f"{notebook.stem}.md"
    if not path.exists():
        return {}
    _, *sections = re.split(r"^## +", path.read_text("utf-8"), flags=re.MULTILINE)
    return {name.strip(): text.strip() for name, _, text in (section.partition("\n") for section in sections)}


def _section(stack: list[list[dict]], html: dict[int, str], notes: dict[str, str]) -> str:
    said = f'<aside class="notes">{notes[name]}</aside>' if (name := heading(stack)) in notes else ""
    screens = ["\n".join([*(_cell(cell, html[id(cell)]) for cell in cells), said]) for cells in stack]
    return "<section>\n" + "\n".join(f"<section>\n{screen}\n</section>" for screen in screens) + "\n</section>"


def _cell(cell: dict, html: str) -> str:
    """A drag in a view must not turn the slide."""
    fragment = " fragment" if _kind(cell) == "fragment" else ""
    html = html.replace('<div class="view"', '<div class="view" data-prevent-swipe')
    return f'<div class="{cell["cell_type"]}{fragment}">{html}</div>'


def _kind(cell: dict) -> str:
    """The slide type; a notebook that nobody meant for slides has none."""
    return cell["metadata"].get("slideshow", {}).get("slide_type", "")


def _read(name: str) -> str:
    return next((ROOT / "tools").rglob(name)).read_text(encoding="utf-8")

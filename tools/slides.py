"""The cells of a notebook as a lecture: one HTML file with reveal.js (tools/vendor) in it, the views live, the speaker's notes inside.

`tools/export_page.py --slides` calls `deck`. A cell's slide type says where it stands: `slide` opens a section, `subslide` the next
screen of it, `fragment` waits for a key and what stands below it with it, `skip` is left out. The notes of the sections are in
lectures/, one file a notebook: they say how many minutes a section has, which stand beside the clock of the speaker's window, and what a
short class leaves out.
"""

import json
import re
from collections.abc import Container
from pathlib import Path

from freshness import ROOT
from sections import folded, sections

from vae_helpers.widgets.kit.page import POLICY, Parts, document

WIDTH, HEIGHT = 1280, 720
LAST = ("Exercises", "What comes next")
# The speaker's window of reveal.js has a budget for each screen; here the first screen of a section carries that of the whole section. Its
# notes are in letters with which all of them are seen, and no click on its clock throws the time away unasked.
SPEAKER = {
    "Pacing – Time to finish current slide": "Left for this section",
    "timings[currentSlide]": "timings.slice(0, currentSlide + 1).findLast(Boolean)",
    "notesValue.innerHTML = data.notes;": "notesValue.innerHTML = data.notes; const box = notes.parentElement; "
    "for( let size = 1.2; size > 0.6; size -= 0.05 ) "
    "{ notesValue.style.fontSize = size + 'em'; if( box.scrollHeight <= box.clientHeight ) break; }",
    "Click to Reset": "Click: as planned at this section",
    "timeEl.addEventListener( 'click', function() {": "timeEl.addEventListener( 'click', function() { if( !confirm( "
    "'Set the clock to the minute at which the plan begins this section? The time that has passed is lost.' ) ) return false;",
}
SHORT = re.compile(r"^\*\*Short class: (\d+) min\.\*\* (.+?)\n\n", re.MULTILINE | re.DOTALL)


def deck(title: str, cells: list[tuple[dict, str]], notes: dict[str, str], budget: dict[str, int], parts: Parts, style: str) -> str:
    """The HTML text. `cells` has each cell with its HTML; by a section's heading, `notes` has its notes in HTML, `budget` its minutes."""
    html = {id(cell): text for cell, text in cells}
    sections = "\n".join(_section(stack, html, notes, budget) for stack in stacks([cell for cell, _ in cells]))
    speaker = _read("notes.js")
    for text, ours in SPEAKER.items():
        speaker = speaker.replace(text, ours)
    show = f"const show = {json.dumps({'width': WIDTH, 'height': HEIGHT, 'timed': bool(budget)})};"
    scripts = "\n".join(f"<script>\n{text}\n</script>" for text in (_read("reveal.js"), speaker, room(), f"{show}\n{_read('slides.js')}"))
    body = f'<div class="reveal"><div class="slides">\n{sections}\n</div></div>\n{scripts}'
    styles = "\n".join([_read("reveal.css"), _read("slides.css"), style])
    return document(title, body, parts, styles, POLICY + "; frame-src 'self' file:")  # the speaker's window shows the lecture twice


def stacks(cells: list[dict]) -> list[list[list[dict]]]:
    """The shown cells by section and screen: stacks[section][screen][cell]. What is further comes after the core, the exercises last.
    Folded code without a result is nothing to see: it goes with the next cell, on its screen."""
    found: list[list[list[dict]]] = []
    parts = sorted(sections(cells), key=lambda section: (section.title in LAST, section.further))
    for cell in (cell for section in parts for cell in section.cells):
        kind = slide_type(cell)
        if kind in ("skip", "notes") or not cell["source"].strip():
            continue
        if kind == "slide" or not found:
            found.append([[]])
        elif kind == "subslide":
            screen = found[-1].pop()
            seen = max((k for k, before in enumerate(screen, 1) if not silent(before)), default=0)
            found[-1] += [*filter(None, [screen[:seen]]), screen[seen:]]
        found[-1][-1].append(cell)
    return found


def steps(screen: list[dict]) -> list[list[dict]]:
    """The cells of a screen by the press that shows them. What stands below a fragment comes with it, or an answer would be read before its
    question; and folded code without a result is no press."""
    found: list[list[dict]] = [[]]
    for cell in screen:
        if slide_type(cell) == "fragment" and not all(map(silent, found[-1])):
            found.append([])
        found[-1].append(cell)
    return found


def silent(cell: dict) -> bool:
    """Whether a cell is only a mark, ▸ code: folded code that has no result."""
    return cell["cell_type"] == "code" and folded(cell) and not cell["outputs"]


def without(notebook: dict, out: Container[str]) -> dict:
    """The notebook with the cells of the sections with these headings skipped, and their outputs gone."""
    left = {id(cell) for stack in stacks(notebook["cells"]) if heading(stack) in out for screen in stack for cell in screen}
    skip = {"slideshow": {"slide_type": "skip"}}
    cells = [cell | {"outputs": [], "metadata": cell["metadata"] | skip} if id(cell) in left else cell for cell in notebook["cells"]]
    return notebook | {"cells": cells}


def heading(stack: list[list[dict]]) -> str:
    """The heading of a section, without its marks."""
    found = re.search(r"^#+ +(.+)$", stack[0][0]["source"], flags=re.MULTILINE)
    return found[1].strip() if found else ""


def speaker_notes(notebook: Path) -> dict[str, str]:
    """The Markdown of each section's notes, by heading, from lectures/; empty where a notebook has none."""
    _, *sections = re.split(r"^## +", _notes(notebook), flags=re.MULTILINE)
    return {name.strip(): text.strip() for name, _, text in (section.partition("\n") for section in sections)}


def minutes(notes: dict[str, str]) -> dict[str, int]:
    """The minutes with which the notes of each section begin, **4 min.**, by its heading."""
    return {name: int(found[1]) for name, text in notes.items() if (found := re.match(r"\*\*(\d+) min\.\*\*", text))}


def left_out(notebook: Path) -> dict[str, int]:
    """The headings of the sections that a short class leaves out, with their minutes, as the notes name them ("Further: " understood).

    Raises LookupError where the notes do not say, or name a section that they do not have.
    """
    found = SHORT.search(_notes(notebook))
    if not found:
        raise LookupError(
            f"Expected the minutes of a short class and what it leaves out in lectures/{notebook.stem}.md, as other notes have."
        )
    named = re.findall(r'"([^"]+)" \((\d+)(?: min)?\)', " ".join(found[2].split()))
    headings = {heading.removeprefix("Further: "): heading for heading in speaker_notes(notebook)}
    if missing := [name for name, _ in named if name not in headings]:
        raise LookupError(f"lectures/{notebook.stem}.md leaves {missing} out of a short class: expected names of its sections.")
    return {headings[name]: int(taken) for name, taken in named}


def _notes(notebook: Path) -> str:
    path = ROOT / "lectures" / f"{notebook.stem}.md"
    return path.read_text("utf-8") if path.exists() else ""


def room() -> str:
    """What pages and slides share with the show in JupyterLab, as a plain script."""
    return (ROOT / "share/jupyter/labextensions/vae-lecture/static/room.js").read_text(encoding="utf-8").replace("export ", "")


def _section(stack: list[list[dict]], html: dict[int, str], notes: dict[str, str], budget: dict[str, int]) -> str:
    name = heading(stack)
    said = f'<aside class="notes">{notes[name]}</aside>' if name in notes else ""
    screens = ["\n".join([*_steps([[_cell(cell, html[id(cell)]) for cell in cells] for cells in steps(screen)]), said]) for screen in stack]
    first, *rest = [f"<section>\n{screen}\n</section>" for screen in screens]
    timed = first.replace("<section>", f'<section data-timing="{60 * budget[name]}">', 1) if name in budget else first
    return "<section>\n" + "\n".join([timed, *rest]) + "\n</section>"


def _steps(shown: list[list[str]]) -> list[str]:
    first, *later = ["\n".join(cells) for cells in shown]
    return [first, *(f'<div class="fragment">\n{step}\n</div>' for step in later)]


def _cell(cell: dict, html: str) -> str:
    """A drag in a view must not turn the slide, and a derivation comes line by line."""
    html = html.replace('<div class="view"', '<div class="view" data-prevent-swipe')
    return f'<div class="{cell["cell_type"]}">{re.sub(r"<mtable.*?</mtable>", _line_by_line, html, flags=re.DOTALL)}</div>'


def _line_by_line(table: re.Match) -> str:
    """A derivation, which gives its reasons, waits for a key before each line after the first."""
    if ' reason"' not in table[0]:
        return table[0]
    start, first, *lines = table[0].split("<mtr>")
    return f"{start}<mtr>{first}" + "".join(f'<mtr class="fragment">{line}' for line in lines)


def slide_type(cell: dict) -> str:
    """The slide type; a notebook that nobody meant for slides has none."""
    return cell["metadata"].get("slideshow", {}).get("slide_type", "")


def _read(name: str) -> str:
    return next((ROOT / "tools").rglob(name)).read_text(encoding="utf-8")

"""What every notebook must be, one rule a function: each takes a notebook and yields a sentence for every breach.

`RULES` holds them all by name; `EXEMPT` says which notebook need not keep which rule.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from build_notebooks import as_text, normalise, unwanted
from freshness import ROOT, read, staleness
from notebook_reading import code_cells, number, tags

from vae_helpers import widgets

SLIDES = {"slide", "subslide", "fragment", "skip", "notes", ""}  # "": under the cell before it, as JupyterLab writes it
LINES, BYTES = 15, 1_000_000
FURTHER = "Further: "
VIEW = re.compile(
    rf"({'|'.join(name for name in widgets.__all__ if name[0].isupper())}): "
)  # how a view names itself where nobody can move it
RAW = re.compile(r"\S*(?:[\w)]_[\w({]|\^)\S*")  # an index or a power, outside code and mathematics
HAND = re.compile(r"\b(choose|drag|draw|move|press|slide|switch)\b", re.IGNORECASE)
PRIVATE = re.compile(rf"(?<![\w.])/(home|Users|root|tmp|work|opt|var|mnt|srv)/\S*|\b[A-Z]:\\\w+\S*|{re.escape(str(ROOT))}")
EXEMPT = {"00": {"predicts", "interactive", "exercises"}}  # 00 is the map: it proves nothing of its own
RULES: dict[str, Callable[["Page"], Iterator[str]]] = {}


class Page(NamedTuple):
    """A notebook and where it lies."""

    path: Path
    notebook: dict

    @property
    def cells(self) -> list[tuple[int, dict]]:
        return list(enumerate(self.notebook["cells"]))

    @property
    def prose(self) -> list[tuple[int, str]]:
        """(cell index, text) of the markdown cells, without code and mathematics."""
        return [(i, _prose(cell["source"])) for i, cell in self.cells if cell["cell_type"] == "markdown"]


def load(path: Path) -> Page:
    return Page(path, read(path))


def rule(function: Callable[[Page], Iterator[str]]) -> Callable[[Page], Iterator[str]]:
    RULES[function.__name__] = function
    return function


# ---------------------------------------------------------------- outputs


@rule
def fresh(page: Page) -> Iterator[str]:
    """The committed outputs are those of the committed code."""
    if why := staleness(page.notebook):
        yield f"{why}: run python tools/build_notebooks.py notebooks/{page.path.name}"


@rule
def clean_outputs(page: Page) -> Iterator[str]:
    """No exception, nothing on stderr, no address."""
    yield from (f"cell {index} {what}" for index, what in unwanted(page.notebook))


@rule
def ran_in_order(page: Page) -> Iterator[str]:
    """The code cells ran once each, top to bottom."""
    counts = [cell["execution_count"] for cell in code_cells(page.notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}, expected 1 to {len(counts)} in order"


@rule
def normal_form(page: Page) -> Iterator[str]:
    """The file is as the build tool writes it: cell ids, metadata, no widget views."""
    if as_text(page.notebook) != as_text(normalise(json.loads(json.dumps(page.notebook)), number(page.path))):
        yield "its metadata, cell ids or widget views are not as tools/build_notebooks.py leaves them"


@rule
def small(page: Page) -> Iterator[str]:
    """At most one megabyte."""
    size = len(as_text(page.notebook).encode())
    if size > BYTES:
        yield f"{size} bytes, allowed are {BYTES}"


@rule
def captions(page: Page) -> Iterator[str]:
    """A picture has alt text in its cell's metadata, and a caption in the markdown cell below: of a figure the same sentence; of a live
    view, whose alt text describes the stored picture, another one, which says what to move and what is seen then."""
    for (index, cell), (_, below) in zip(page.cells, [*page.cells[1:], (None, {"cell_type": None, "source": ""})], strict=True):
        pictures = [output["data"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        alt = " ".join(cell["metadata"].get("alt", "").split())
        if pictures and not alt:
            yield f"cell {index} shows a picture and has no alt text"
        if alt and not pictures:
            yield f"cell {index} has alt text and shows no picture"
        if len(pictures) > 1:
            yield f"cell {index} shows {len(pictures)} pictures with one alt text: one figure a cell"
        found = re.findall(r"\*Figure: (.+?)\*", below["source"], re.DOTALL) if below["cell_type"] == "markdown" else []
        shown = [" ".join(caption.split()) for caption in found]
        if any(VIEW.match(data.get("text/plain", "")) for data in pictures):
            if len(shown) != 1 or shown == [alt] or not HAND.search(shown[0]):
                yield f"cell {index}: the markdown cell below says not what the hand does and what is seen live: {shown or 'none'}"
        elif pictures and alt and shown != [alt]:
            yield f"cell {index}: the markdown cell below needs *Figure: {alt}*, it has {shown or 'none'}"


# ---------------------------------------------------------------- the parts of a page


@rule
def opening(page: Page) -> Iterator[str]:
    """Title, question, what the reader will be able to do, needs, minutes: all in the first cell."""
    first = page.notebook["cells"][0]
    if first["cell_type"] != "markdown" or not first["source"].startswith("# "):
        yield "the first cell does not start with a title, # ..."
    if not re.search(r"\?(\s|\*|$)", _prose(first["source"])):
        yield "the first cell asks no question"
    for part in ("**You will be able to**", "**Needs**", "**Minutes**"):
        if part not in first["source"]:
            yield f"the first cell lacks {part}"
    if "**Minutes**" in first["source"] and not re.search(r"\*\*Minutes\*\*.*\d", first["source"]):
        yield "**Minutes** has no number"


@rule
def closing(page: Page) -> Iterator[str]:
    """Folk claims, summary card and (unless exempt) exercises, in this order."""
    expected = ["Folk claims, tested", "Summary card", "Exercises"]
    if "exercises" in EXEMPT.get(number(page.path), ()):
        expected.pop()
    titles = [title.removeprefix(FURTHER) for _, level, title in _headings(page.notebook) if level == 2]
    got = [title for title in titles if title in expected]
    if got != expected:
        yield f"expected the sections {expected} in this order, got {got}"


@rule
def vote_first(page: Page) -> Iterator[str]:
    """Folk claims are put to the reader, in the section's first cell, before a verdict is in sight."""
    for _, cell in page.cells:
        if cell["cell_type"] == "markdown" and re.match(rf"## ({FURTHER})?Folk claims, tested\n", cell["source"]):
            if "?" not in _prose(cell["source"]):
                yield "the section of folk claims does not begin with a question"
            if found := re.search(r"^\|.*$|\*(Verdict|True|False)\b.*", cell["source"], re.MULTILINE):
                yield f"the section of folk claims begins with a verdict: {found[0][:60]}"


@rule
def exercises(page: Page) -> Iterator[str]:
    """Three exercises at least."""
    count = sum("exercise-check" in tags(cell) for _, cell in page.cells)
    if count < 3:
        yield f"{count} exercises, expected at least 3"


@rule
def next_link(page: Page) -> Iterator[str]:
    """The last cell says what comes next, and links to it where it exists."""
    last = page.notebook["cells"][-1]["source"]
    if "**Next**" not in last:
        yield "the last cell has no **Next**"
    follower = next(iter(page.path.parent.glob(f"{int(number(page.path)) + 1:02d}_*.ipynb")), None)
    if follower and f"]({follower.name}" not in last:
        yield f"the last cell does not link to {follower.name}"


@rule
def predicts(page: Page) -> Iterator[str]:
    """The reader is asked to predict something before seeing it."""
    if not any("**Predict.**" in text for _, text in page.prose):
        yield "no **Predict.** prompt"


@rule
def choices(page: Page) -> Iterator[str]:
    """A prediction's choices: two to four, a line each with its answer, below the question."""
    for index, cell in page.cells:
        question, *lines = cell["source"].split('\n<details class="choice"><summary>')
        good = all(re.fullmatch(r"[^<\n]+</summary>[^\n]+</details>\s*", line) for line in lines)
        if 'class="choice"' in cell["source"] and not (good and 2 <= len(lines) <= 4 and "**Predict" in question):
            yield f"cell {index}: expected two to four choices below a **Predict.**, a line each with its answer"


@rule
def interactive(page: Page) -> Iterator[str]:
    """Something to drag."""
    if not any("widgets" in cell["source"] for cell in code_cells(page.notebook)):
        yield "no code cell uses vae_helpers.widgets"


@rule
def setup_first(page: Page) -> Iterator[str]:
    """The first code cell is tagged setup and says what a notebook opened alone needs, and a setup cell calls runtime.setup()."""
    cells = code_cells(page.notebook)
    if not cells or "setup" not in tags(cells[0]):
        yield "the first code cell has no tag `setup`"
    if not cells or not re.search(r"^# Opened alone.* %pip install git\+https://", cells[0]["source"], re.MULTILINE):
        yield "the first code cell lacks the line `# Opened alone, as on Colab? Run this first: %pip install git+https://...`"
    if not any("runtime.setup()" in cell["source"] for cell in cells if "setup" in tags(cell)):
        yield "no setup cell calls runtime.setup()"


@rule
def headings(page: Page) -> Iterator[str]:
    """One H1, no level skipped, no heading twice (a heading is an anchor)."""
    found = _headings(page.notebook)
    if [level for _, level, _ in found].count(1) != 1:
        yield f"{[level for _, level, _ in found].count(1)} H1 headings, expected one"
    for (_, above, _), (index, level, title) in zip(found, found[1:], strict=False):
        if level > above + 1:
            yield f"cell {index}: {title!r} is H{level} under an H{above}"
    titles = [title for _, _, title in found]
    yield from (f"heading {title!r} stands {titles.count(title)} times" for title in dict.fromkeys(titles) if titles.count(title) > 1)


@rule
def slides(page: Page) -> Iterator[str]:
    """Every cell has a place in the slide show, and the show starts with a slide."""
    kinds = [cell["metadata"].get("slideshow", {}).get("slide_type") for _, cell in page.cells]
    yield from (f"cell {i} has slide type {kind!r}, expected one of {sorted(SLIDES)}" for i, kind in enumerate(kinds) if kind not in SLIDES)
    if kinds[0] != "slide":
        yield f"the first cell is {kinds[0]!r}, expected 'slide'"


# ---------------------------------------------------------------- code and prose


@rule
def short_cells(page: Page) -> Iterator[str]:
    """One idea a cell: at most fifteen lines, blank ones, comments and the imports of the setup apart."""
    for index, cell in page.cells:
        apart = ("#", "import ", "from ") if "setup" in tags(cell) else ("#",)
        lines = [line for line in cell["source"].splitlines() if line.strip() and not line.strip().startswith(apart)]
        if (
            cell["cell_type"] == "code" and len(lines) > LINES and "program" not in tags(cell)
        ):  # a whole VAE, which 00 and 07 show in one piece
            yield f"cell {index} has {len(lines)} lines of code, allowed are {LINES}"


@rule
def forbidden_code(page: Page) -> Iterator[str]:
    """What breaks under widgets (pictures in other cells, stalled runs) or under strangers' files (pickle)."""
    words = {
        r"%matplotlib": "it brings back the figure flush that sliders corrupt",
        r"\binteract\w*\s*\(|@\w*\.?interact|\bimport\b.*\binteract\b": "use a view of vae_helpers.widgets",
        r"\bOutput\s*\(": "draw to PNG with vae_helpers.widgets",
        r"\bclear_output\b": "draw to PNG with vae_helpers.widgets",
        r"\bpickle\b|torch\.save\b|torch\.load\b": "save as safetensors",
        r"\.(observe|on_click)\([\s\S]*\bplt\.|\bplt\.[\s\S]*\.(observe|on_click)\(": "no pyplot in a callback: it runs on another thread",
    }
    for index, cell in page.cells:
        for pattern, why in words.items():
            if cell["cell_type"] == "code" and (found := re.search(pattern, cell["source"])):
                yield f"cell {index} uses {found[0].splitlines()[0].strip()!r}: {why}"


@rule
def plain_words(page: Page) -> Iterator[str]:
    """No "simply", no "obviously", no exclamation mark, and no formula as raw text."""
    for index, text in page.prose:
        for found in re.finditer(RAW, re.sub(r"^(?: {4}.*\n)+|\]\([^)\s]*\)|<[^>]*>|https?:\S+", " ", text, flags=re.MULTILINE)):
            yield f"cell {index}: {found[0]!r} is a formula: write it in $…$, as $\\mathbb E_q[…]$"
        for found in re.finditer(r"\b(simply|obviously)\b|!(?!\[)", text, re.IGNORECASE):
            yield f"cell {index}: {found[0]!r} in '...{text[max(0, found.start() - 30) : found.end() + 10].strip()}...'"


@rule
def links(page: Page) -> Iterator[str]:
    """Links lead somewhere and say where."""
    for index, text in page.prose:
        for words, target in re.findall(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", text):
            if words.strip().lower() in {"", "here", "this", "link", "click here", "this link"}:
                yield f"cell {index}: link text {words!r} does not say where {target} leads"
            if re.match(r"https?:|mailto:", target):
                continue
            name, _, anchor = unquote(target).partition("#")
            file = (page.path.parent / name) if name else page.path
            if name and not file.exists():
                yield f"cell {index}: there is no file {name}"
            elif anchor and file.suffix == ".ipynb" and anchor not in _anchors(page.notebook if file == page.path else read(file)):
                yield f"cell {index}: {file.name} has no heading #{anchor}"
            elif anchor and file.suffix == ".md" and f'<a id="{anchor}"></a>' not in file.read_text(encoding="utf-8"):
                yield f"cell {index}: {file.name} has no entry #{anchor}"


@rule
def no_private_paths(page: Page) -> Iterator[str]:
    """Nothing names the machine on which the notebook was written or run."""
    for index, cell in page.cells:
        outputs = [
            output.get("text", "") + "".join(output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/html"))
            for output in cell.get("outputs", [])
        ]
        for text in [cell["source"], *outputs]:
            if found := PRIVATE.search(text):
                yield f"cell {index} names a path of one machine: {found[0]}"


# ---------------------------------------------------------------- helpers


def _prose(markdown: str) -> str:
    """Without code, comments and mathematics."""
    for pattern in (r"```.*?```", r"<!--.*?-->", r"\$\$.*?\$\$", r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", r"`[^`\n]*`", r"\$[^$\n]*\$"):
        markdown = re.sub(pattern, " ", markdown, flags=re.DOTALL)
    return markdown


def _headings(notebook: dict) -> list[tuple[int, int, str]]:
    """(cell index, level, text) of every markdown heading; lines in code blocks are none."""
    found = []
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            text = re.sub(r"```.*?```", "", cell["source"], flags=re.DOTALL)
            found += [(index, len(marks), title.strip()) for marks, title in re.findall(r"^(#{1,6}) +(.+)$", text, re.MULTILINE)]
    return found


def _anchors(notebook: dict) -> set[str]:
    """JupyterLab's anchors: a heading's text with hyphens for spaces. And those that are set by hand, id="..."."""
    by_hand = {name for cell in notebook["cells"] for name in re.findall(r'\bid="([^"]+)"', cell["source"])}
    return by_hand | {re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", title).replace(" ", "-") for _, _, title in _headings(notebook)}

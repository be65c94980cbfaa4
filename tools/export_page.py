"""Make one HTML file of a notebook that works by itself: prose, formulas, code, figures, and the interactive views, live.

    python3 run.py export notebooks/07_train_a_vae.ipynb            writes 07_train_a_vae.html here
    python3 run.py export notebooks/07_train_a_vae.ipynb -o vae.html
    python3 run.py export notebooks/*.ipynb -o pages                the folder pages; links between the notebooks lead from page to page
    python3 run.py export notebooks/*.ipynb --slides -o slides      a slide show of each: arrow keys, S for the speaker's window
    python3 run.py export notebooks/03_*.ipynb --slides --short     without the sections that the speaker's notes leave out of a short class
    python3 run.py export notebooks/08_*.ipynb --views 1 3          its first and third interactive view with their captions, no more
    python3 run.py export notebooks/08_*.ipynb --stored             with the outputs that it holds, at once: views are pictures; to print

The file needs no kernel and no network; it can be mailed, put on a web server, or opened from a disk. Unless --stored is given,
the notebook is executed first, with seed 0 and without a network. Its own file is only read.
"""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from build_notebooks import NotebookFailed, execute
from cell_html import CannotExport, cells, markdown, output, style, title
from freshness import ROOT, read
from sections import sections
from slides import deck, left_out, minutes, room, speaker_notes, without

from vae_helpers.widgets.kit.base import PAGE_SWITCH, PAGE_VIEW
from vae_helpers.widgets.kit.page import Parts, document, write

LEAD_IN = "Its interactive figures, live in this file, without Python and without a network: move them by mouse, finger or arrow keys."
LOOK_FOR = "What to look for"
NO_KERNEL = "This page works without Python: its figures move, its cells do not run. For the exercises open the notebook in JupyterLab."
NARROW = "Where the right edge fades, there is more: swipe sideways, or turn the phone."
REFERENCES = "references.md"
# A link to a further section opens its fold, of which the heading is seen in any case.
OPEN_FOLD = """<script>
const unfold = () => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("details")?.setAttribute("open", "");
addEventListener("hashchange", unfold);
unfold();
</script>"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python3 run.py export"
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="the HTML file, or a folder (default: the notebook's name, in this folder)")
    parser.add_argument("--views", nargs="*", type=int, metavar="N", help="only the interactive views (all, or those with these numbers)")
    parser.add_argument("--slides", action="store_true", help="a lecture: slides with the views live, and the speaker's notes (key S)")
    parser.add_argument("--short", action="store_true", help="with --slides: without the sections that a short class leaves out")
    parser.add_argument("--stored", action="store_true", help="with the stored outputs, nothing is executed: views are still pictures")
    options = parser.parse_args(arguments)
    if options.views is not None and (options.stored or options.slides):
        parser.error("--views makes a page of live views alone: expected neither --stored nor --slides with it")
    if options.short and not options.slides:
        parser.error("--short is for slides: expected --slides with it")
    try:
        targets = where(options.notebooks, options.output, "_slides" * options.slides + "_short" * options.short)
        if shut := [folder for folder in {target.resolve().parent for target in targets.values()} if not os.access(folder, os.W_OK)]:
            raise CannotExport(f"You may not write into {shut[0]}. Give another place: -o my-page.html, or -o and a folder.")
        for notebook, target in targets.items():
            print(f"{notebook.name}: {'reading' if options.stored else 'executing'} ...", flush=True)
            beside = [other.name for other in targets.values()]
            page = export(notebook, target, beside, options.views, options.stored, options.slides, options.short)
            print(f"{notebook.name}: written to {target}, {weight(page)}", flush=True)
    except (CannotExport, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


def where(notebooks: list[Path], output: Path | None, ending: str = "") -> dict[Path, Path]:
    """The page of each notebook, its name with this ending. CannotExport: no such notebook, or an output that cannot be one file."""
    for path in notebooks:
        if path.suffix != ".ipynb" or not path.is_file():
            raise CannotExport(f"There is no notebook {path}. Give the path of one, such as notebooks/07_train_a_vae.ipynb.")
    if output is None or output.suffix != ".html":
        folder = output or Path(".")
        folder.mkdir(parents=True, exist_ok=True)
        return {path: folder / f"{path.stem}{ending}.html" for path in notebooks}
    if len(notebooks) > 1:
        raise CannotExport(f"Expected a folder after -o for {len(notebooks)} notebooks, got the one file {output}.")
    if not output.parent.is_dir():
        raise CannotExport(f"There is no folder {output.parent} for the page. Make it first.")
    return {notebooks[0]: output}


def export(
    notebook: Path,
    target: Path,
    beside: list[str],
    views: list[int] | None = None,
    stored: bool = False,
    slides: bool = False,
    short: bool = False,
) -> str:
    """Execute the notebook (not where its outputs are wanted as `stored`), write its page, return the page. `beside` are the names of
    pages that links may lead to; `views`: only those; `slides`: as a lecture, `short`: for a short class.

    Raises CannotExport where a cell fails, a formula cannot be converted, or a view is not there; then nothing is written.
    """
    pages = {*beside, *(path.name for path in target.parent.glob("*.html"))}
    try:
        content = read(notebook) if stored else asyncio.run(execute(notebook, {PAGE_SWITCH: "1"})).notebook
        text = lecture(content, notebook, pages, short) if slides else page(content, _path_to_show(notebook), pages, views, stored)
    except NotebookFailed as failure:
        raise CannotExport(f"{notebook.name} does not run to its end: {failure}. No page was written.") from None
    except (ValueError, KeyError) as error:
        raise CannotExport(f"{notebook.name} cannot be read as a notebook: {error!r}. Open and save it in JupyterLab.") from None
    write(text, target)
    return text


def weight(page: str) -> str:
    """What the page weighs, and what of it: "1035 kB (views 420, pictures 405)"."""
    views = sum(map(len, re.findall(r"<script.*?</script>", page, flags=re.DOTALL)))
    pictures = sum(map(len, re.findall(r'src="data:[^"]*"', page)))
    return f"{len(page.encode()) / 1000:.0f} kB (views {views / 1000:.0f}, pictures {pictures / 1000:.0f})"


def lecture(notebook: dict, path: Path, pages: set[str], short: bool = False) -> str:
    """The HTML text of an executed notebook as slides, with the speaker's notes that lectures/ has for it; `short`: without the sections
    that they leave out of a short class. CannotExport where they do not say which."""
    try:
        out = left_out(path) if short else {}
    except LookupError as error:
        raise CannotExport(str(error)) from None
    parts, notes, notebook = Parts(), speaker_notes(path), without(notebook, out)
    html = list(zip(notebook["cells"], cells(notebook, parts, pages), strict=True))
    return deck(title(notebook), html, {name: markdown(text, pages) for name, text in notes.items()}, minutes(notes), parts, style())


def page(notebook: dict, source: str, pages: set[str], views: list[int] | None = None, stored: bool = False) -> str:
    """The HTML text of an executed notebook, or of its interactive views alone; its last line names the path `source` and the command."""
    parts = Parts()
    if views is None:
        body = "\n".join(folded(notebook, cells(notebook, parts, {*pages, REFERENCES}), stored))
        body = with_contents(with_references(body), stored) + OPEN_FOLD
    else:
        body = "\n".join(only_views(notebook, parts, views))
    chosen = "" if views is None else " ".join([" --views", *map(str, views)])
    command = f"python3 run.py export {source}{chosen}{' --stored' if stored else ''}"
    enlarged = f"\n<script>\n{room()}\nprojector();\n</script>" if parts.modules else ""
    hint = '<span class="keys">Z puts a figure on the whole screen. </span>' if parts.modules else ""
    made = f"{hint}Made from {source} by <code>{command}</code>. Text and figures: CC BY 4.0; code: MIT."
    return document(title(notebook), f"{body}\n<footer>{made}</footer>{enlarged}", parts, style())


def folded(notebook: dict, html: Iterator[str], opened: bool) -> Iterator[str]:
    """The cells' HTML with each further section in a fold, of which the heading is seen; `opened` for a page that is to be printed."""
    for section in sections(notebook["cells"]):
        inside = "\n".join(next(html) for _ in section.cells)
        if section.further:
            start = f'<details class="further"{" open" if opened else ""}><summary>'
            inside = re.sub(r"^(<h2.*?</h2>)", rf"{start}\1</summary>", inside.lstrip(), flags=re.DOTALL) + "</details>"
        yield inside


def with_references(body: str) -> str:
    """The page with the entries of what it cites at its end."""
    cited = set(re.findall(r'href="#([^"]*)"', body))
    entries = (ROOT / "notebooks" / REFERENCES).read_text(encoding="utf-8").splitlines()
    entries = [entry for entry in entries if (key := re.match(r'- <a id="([^"]*)">', entry)) and key[1] in cited]
    return body + markdown("\n".join(["\n## References\n", *entries]), set()) if entries else body


def with_contents(body: str, stored: bool) -> str:
    """The page with what it can do, unless its outputs are `stored`, and a list of its sections, before the first of them."""
    found = re.findall(r'<h2 id="([^"]*)">(.*?)<a class="anchor-link"', body)
    rows = "".join(f'<li><a href="#{place}">{name}</a></li>\n' for place, name in found)
    nav = f'<nav aria-label="Contents"><details><summary>Contents</summary><ol>\n{rows}</ol></details></nav>\n'
    nav = f'<p>{"" if stored else NO_KERNEL} <span class="narrow">{NARROW}</span></p>\n{nav}'
    return re.sub(r'(<details class="further"[^>]*><summary>)?<h2 id=', lambda first: nav + first[0], body, count=1) if found else body


def only_views(notebook: dict, parts: Parts, chosen: list[int]) -> Iterator[str]:
    """Title and lead-in, and the chosen views (counted from 1; none chosen: all), each under its name, with its caption and what to look
    for: what the notebook says of that below it, or else above it. CannotExport for a number without a view."""
    found, above = [], ""
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown" and not cell["source"].startswith("*Figure:"):
            above = cell["source"]
        below = [next_one["source"] for next_one in notebook["cells"][index + 1 : index + 3] if next_one["cell_type"] == "markdown"]
        caption = "".join(text for text in below[:1] if text.startswith("*Figure:"))
        look_for = next((text for text in below if text.startswith(LOOK_FOR)), above).removeprefix(f"{LOOK_FOR}:")
        words = caption, re.sub(r"^#.*\n*", "", look_for.partition("<details")[0], flags=re.MULTILINE).strip()
        found += [(one, cell["metadata"].get("alt", ""), *words) for one in cell.get("outputs", []) if PAGE_VIEW in one.get("data", {})]
    if not found or not all(1 <= number <= len(found) for number in chosen):
        raise CannotExport(f"The notebook has {len(found)} interactive views: expected numbers from 1 to {len(found)}, got {chosen}.")
    yield f"<h1>{escape(title(notebook))}</h1>\n<p>{LEAD_IN}</p>"
    for number in chosen or range(1, len(found) + 1):
        one, alt, caption, look_for = found[number - 1]
        name = one["data"]["text/plain"].partition(": ")[2]
        yield f'<h2 id="view-{number}">{escape(name[:1].upper() + name[1:])}</h2>\n{output(one, alt, parts)}\n{markdown(caption, set())}'
        yield f'<div class="look-for"><h3>{LOOK_FOR}</h3>\n{markdown(look_for[:1].upper() + look_for[1:], set())}</div>' if look_for else ""


def _path_to_show(notebook: Path) -> str:
    """The path from the collection's folder, or only the name of a notebook that lies elsewhere."""
    path = notebook.resolve()
    return escape(path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name)


if __name__ == "__main__":
    sys.exit(main())

"""Make one HTML file of a notebook that works by itself: prose, formulas, code, figures, and the interactive views, live.

    python3 run.py export notebooks/07_train_a_vae.ipynb            writes 07_train_a_vae.html here
    python3 run.py export notebooks/07_train_a_vae.ipynb -o vae.html
    python3 run.py export notebooks/*.ipynb -o pages                the folder pages; links between the notebooks lead from page to page
    python3 run.py export notebooks/*.ipynb --slides -o slides      a slide show of each: arrow keys, S for the speaker's window
    python3 run.py export notebooks/08_*.ipynb --views 1 3          its first and third interactive view with their captions, no more
    python3 run.py export notebooks/08_*.ipynb --stored             with the outputs that it holds, at once: views are pictures; to print

The file needs no kernel and no network; it can be mailed, put on a web server, or opened from a disk. Unless --stored is given,
the notebook is executed first, with seed 0 and without a network. Its own file is only read.
"""

import argparse
import asyncio
import base64
import os
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import unquote

import mathml
from build_notebooks import NotebookFailed, execute
from freshness import ROOT, read
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sections import sections
from slides import deck, speaker_notes

from vae_helpers.widgets.kit.base import PAGE_SWITCH, PAGE_VIEW
from vae_helpers.widgets.kit.page import Parts, document, image, write


class CannotExport(Exception):
    """The notebook cannot be made into a page; the message says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python3 run.py export"
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="the HTML file, or a folder (default: the notebook's name, in this folder)")
    parser.add_argument("--views", nargs="*", type=int, metavar="N", help="only the interactive views (all, or those with these numbers)")
    parser.add_argument("--slides", action="store_true", help="a lecture: slides with the views live, and the speaker's notes (key S)")
    parser.add_argument("--stored", action="store_true", help="with the stored outputs, nothing is executed: views are still pictures")
    options = parser.parse_args(arguments)
    if options.views is not None and (options.stored or options.slides):
        parser.error("--views makes a page of live views alone: expected neither --stored nor --slides with it")
    try:
        targets = where(options.notebooks, options.output, "_slides" if options.slides else "")
        if shut := [folder for folder in {target.resolve().parent for target in targets.values()} if not os.access(folder, os.W_OK)]:
            raise CannotExport(f"You may not write into {shut[0]}. Give another place: -o my-page.html, or -o and a folder.")
        for notebook, target in targets.items():
            print(f"{notebook.name}: {'reading' if options.stored else 'executing'} ...", flush=True)
            page = export(notebook, target, [other.name for other in targets.values()], options.views, options.stored, options.slides)
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
    notebook: Path, target: Path, beside: list[str], views: list[int] | None = None, stored: bool = False, slides: bool = False
) -> str:
    """Execute the notebook (not where its outputs are wanted as `stored`), write its page, return the page. `beside` are the names of
    pages that links may lead to; `views`: only those; `slides`: as a lecture.

    Raises CannotExport where a cell fails, a formula cannot be converted, or a view is not there; then nothing is written.
    """
    pages = {*beside, *(path.name for path in target.parent.glob("*.html"))}
    try:
        content = read(notebook) if stored else asyncio.run(execute(notebook, {PAGE_SWITCH: "1"})).notebook
        text = lecture(content, notebook, pages) if slides else page(content, _path_to_show(notebook), pages, views, stored)
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


def lecture(notebook: dict, path: Path, pages: set[str]) -> str:
    """The HTML text of an executed notebook as slides, with the speaker's notes that lectures/ has for it."""
    parts = Parts()
    html = list(zip(notebook["cells"], cells(notebook, parts, pages), strict=True))
    notes = {name: markdown(text, pages) for name, text in speaker_notes(path).items()}
    return deck(title(notebook), html, notes, parts, code_style())


def page(notebook: dict, source: str, pages: set[str], views: list[int] | None = None, stored: bool = False) -> str:
    """The HTML text of an executed notebook, or of its interactive views alone; its last line names the path `source` and the command."""
    parts = Parts()
    body = "\n".join(folded(notebook, cells(notebook, parts, pages), stored) if views is None else only_views(notebook, parts, views))
    chosen = "" if views is None else " ".join([" --views", *map(str, views)])
    command = f"python3 run.py export {source}{chosen}{' --stored' if stored else ''}"
    made = f"Made from {source} by <code>{command}</code>. Text and figures: CC BY 4.0; code: MIT."
    return document(title(notebook), f"{body}\n<footer>{made}</footer>", parts, code_style())


def title(notebook: dict) -> str:
    """The first heading of the first order."""
    texts = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    found = re.search(r"^# +(.+)$", texts, flags=re.MULTILINE)
    return found[1].strip() if found else "Notebook"


def cells(notebook: dict, parts: Parts, pages: set[str]) -> Iterator[str]:
    """The HTML of each cell with its outputs. What its views share goes to `parts`."""
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            try:
                yield markdown(cell["source"], pages)
            except mathml.BadTeX as error:
                raise CannotExport(f"cell {index}: {error}") from None
        elif cell["cell_type"] == "code" and cell["source"].strip():
            outputs = (output(one, cell["metadata"].get("alt", ""), parts) for one in cell["outputs"])
            source = code(cell["source"])
            if cell["metadata"].get("jupyter", {}).get("source_hidden"):
                source = f'<details class="code"><summary>code</summary>{source}</details>'
            yield "\n".join([source, *outputs])
        else:
            yield ""


def folded(notebook: dict, html: Iterator[str], opened: bool) -> Iterator[str]:
    """The cells' HTML with each further section in a fold, of which the heading is seen; `opened` for a page that is to be printed."""
    for section in sections(notebook["cells"]):
        inside = "\n".join(next(html) for _ in section.cells)
        if section.further:
            start = f'<details class="further"{" open" if opened else ""}><summary>'
            inside = re.sub(r"^(<h2.*?</h2>)", rf"{start}\1</summary>", inside.lstrip(), flags=re.DOTALL) + "</details>"
        yield inside


def only_views(notebook: dict, parts: Parts, chosen: list[int]) -> Iterator[str]:
    """The title, and the chosen views (counted from 1; none chosen: all) with their captions. CannotExport for a number without a view."""
    found = [
        (one, cell["metadata"].get("alt", ""))
        for cell in notebook["cells"]
        for one in cell.get("outputs", [])
        if PAGE_VIEW in one.get("data", {})
    ]
    if not found or not all(1 <= number <= len(found) for number in chosen):
        raise CannotExport(f"The notebook has {len(found)} interactive views: expected numbers from 1 to {len(found)}, got {chosen}.")
    yield f"<h1>{escape(title(notebook))}</h1>"
    for number in chosen or range(1, len(found) + 1):
        one, alt = found[number - 1]
        yield f"{output(one, alt, parts)}\n<p>{escape(alt)}</p>"


def code(source: str) -> str:
    """Python in colours. Names, operators and punctuation keep that of the text: their <span>s would be a third of a page's HTML."""
    return re.sub(r'<span class="[npow]">([^<]*)</span>', r"\1", highlight(source, PythonLexer(), HtmlFormatter()))


def output(one: dict, alt: str, parts: Parts) -> str:
    """The HTML of one output: the richest of its kinds that a page can show."""
    data = one.get("data", {})
    words = data.get("text/plain", one.get("text", ""))
    alt = alt or words
    if PAGE_VIEW in data:
        inside = parts.view(data[PAGE_VIEW], base64.b64decode(data["image/png"]), words.partition(": ")[2] or words)
    elif "text/html" in data:
        inside = data["text/html"]
    elif "image/png" in data:
        width = one.get("metadata", {}).get("image/png", {}).get("width")
        inside = image(base64.b64decode(data["image/png"]), alt, width=width)
    elif "text/markdown" in data:
        inside = markdown(data["text/markdown"], set())
    else:
        inside = f"<pre>{ansi2html(words)}</pre>"
    return f'<div class="output">{inside}</div>'


def markdown(text: str, pages: set[str]) -> str:
    """Prose with its formulas as MathML."""
    return MarkdownWithMath(renderer=_Renderer(pages)).render(text)


class _Renderer(IPythonRenderer):
    def __init__(self, pages: set[str]):
        super().__init__(escape=False, anchor_link_text="#")
        self.pages = pages

    def inline_math(self, body: str) -> str:
        return mathml.convert(body)

    def block_math(self, body: str) -> str:
        return mathml.convert(body, display=True)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml.convert(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to another notebook leads to its page if that lies beside this one; else its text remains."""
        file, mark, place = unquote(url).partition("#")
        if "://" not in url and file.endswith(".ipynb"):
            file = file.removesuffix(".ipynb") + ".html"
            return super().link(text, f"{file}{mark}{place}", title) if file in self.pages else text
        return super().link(text, url, title)


def code_style() -> str:
    """Colours of Python code, for light and dark; on paper light."""
    light, dark = (HtmlFormatter(style=name, nobackground=True).get_style_defs(".highlight") for name in ("default", "github-dark"))
    return f"@media print, (prefers-color-scheme: light) {{\n{light}\n}}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _path_to_show(notebook: Path) -> str:
    """The path from the collection's folder, or only the name of a notebook that lies elsewhere."""
    path = notebook.resolve()
    return escape(path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name)


if __name__ == "__main__":
    sys.exit(main())

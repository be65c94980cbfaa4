"""The HTML of a notebook's cells with their outputs: what its page (export_page.py) and its slides (slides.py) are made of."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote

import mathml
from freshness import ROOT
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sections import folded

from vae_helpers.widgets.kit.base import PAGE_VIEW
from vae_helpers.widgets.kit.page import Parts, image


class CannotExport(Exception):
    """The notebook cannot be made into a page; the message says why and what to do."""


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
            if folded(cell):
                source = f'<details class="code"><summary>code</summary>{source}</details>'
            yield "\n".join([source, *outputs])
        else:
            yield ""


def code(source: str) -> str:
    """Python in colours. Names, operators and punctuation keep that of the text: their <span>s would be a third of a page's HTML."""
    return re.sub(r'<span class="[npow]">([^<]*)</span>', r"\1", highlight(source, PythonLexer(), HtmlFormatter()))


def output(one: dict, alt: str, parts: Parts) -> str:
    """The HTML of one output: the richest of its kinds that a page can show."""
    data = one.get("data", {})
    words = data.get("text/plain", one.get("text", ""))
    alt = alt or (words.partition(": ")[2] if PAGE_VIEW in data else "") or words
    if PAGE_VIEW in data:
        inside = parts.view(data[PAGE_VIEW], base64.b64decode(data["image/png"]), alt)
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
        """A link to another notebook leads to its page if that lies beside this one, one to the references to the end of the page if they
        are there; else its text remains."""
        file, mark, place = unquote(url).partition("#")
        if file == "references.md":
            return super().link(text, mark + place, title) if file in self.pages else text
        if "://" not in url and file.endswith(".ipynb"):
            file = file.removesuffix(".ipynb") + ".html"
            return super().link(text, f"{file}{mark}{place}", title) if file in self.pages else text
        return super().link(text, url, title)


def style() -> str:
    """The colours of Python code, for light and dark, on paper light; and the look of choices and checks, as in JupyterLab."""
    folds = (ROOT / "share/jupyter/labextensions/vae-lecture/static/folds.css").read_text("utf-8")
    light, dark = (HtmlFormatter(style=name, nobackground=True).get_style_defs(".highlight") for name in ("default", "github-dark"))
    light, dark = f"print, (prefers-color-scheme: light) {{\n{light}\n}}", f"screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return f"@media {light}\n@media {dark}\n{folds}"

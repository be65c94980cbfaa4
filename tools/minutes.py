"""How long a page takes to read, section by section, by one rule: words, formulas, lines of code, figures.

    python tools/minutes.py [notebooks/04_*.ipynb]      print each section with its minutes, and the sums of core and further

The rule: 200 words a minute; 20 seconds for each line of a displayed formula, 4 for a line of code that arrives open, 30 for a figure
and for a prediction. Exercises take as long as they take: they are not counted.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from freshness import ROOT, read

SECONDS = {"word": 60 / 200, "formula": 20, "code": 4, "figure": 30, "prediction": 30}
UNCOUNTED = ("Exercises",)


class Section(NamedTuple):
    """A section of a page: its heading, "core" or "further", and the minutes that it takes."""

    title: str
    kind: str
    minutes: float


def sections(notebook: dict) -> list[Section]:
    """The sections of a notebook, one for each `## ` heading; what stands before the first is "Head"."""
    found, title, kind, seconds = [], "Head", "core", 0.0
    for cell in notebook["cells"]:
        heading = re.match(r"## (.+)", cell["source"]) if cell["cell_type"] == "markdown" else None
        if heading:
            found.append(Section(title, kind, seconds / 60))
            tags = cell["metadata"].get("tags", [])
            title, kind, seconds = heading[1].strip(), "further" if "further" in tags else "core", 0.0
        seconds += _seconds(cell)
    return [section for section in [*found, Section(title, kind, seconds / 60)] if section.title not in UNCOUNTED]


def totals(notebook: dict) -> tuple[int, int]:
    """Minutes of core and further, each rounded up to the next five."""
    return tuple(5 * -(-round(sum(s.minutes for s in sections(notebook) if s.kind == kind)) // 5) for kind in ("core", "further"))


def _seconds(cell: dict) -> float:
    text = cell["source"]
    if cell["cell_type"] == "code":
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden") or "setup" in cell["metadata"].get("tags", [])
        lines = 0 if hidden else sum(bool(line.strip()) for line in text.splitlines())
        figures = sum("image/png" in output.get("data", {}) for output in cell["outputs"])
        return SECONDS["code"] * lines + SECONDS["figure"] * figures
    text = re.sub(r"^\*Figure: .*?\*$", "", text, flags=re.MULTILINE | re.DOTALL)  # the caption tells what the picture shows
    formulas = re.findall(r"\$\$.*?\$\$", text, re.DOTALL)
    lines = sum(1 + len(re.findall(r"\\\\", formula)) for formula in formulas)
    words = len(re.findall(r"\w[\w'’-]*", re.sub(r"\$\$.*?\$\$|\]\([^)]*\)|<[^>]+>", " ", text, flags=re.DOTALL)))
    return SECONDS["formula"] * lines + SECONDS["word"] * words + SECONDS["prediction"] * text.count("**Predict.**")


def main(arguments: list[str]) -> int:
    paths = [Path(a) for a in arguments] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        notebook = read(path)
        core, further = totals(notebook)
        print(f"{path.stem}: core {core}, further {further} minutes")
        for section in sections(notebook):
            print(f"    {section.minutes:5.1f}  {section.kind:<8}{section.title}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

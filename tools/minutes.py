"""How long a page takes to read, section by section, by one rule: words, formulas, lines of code, figures.

    python tools/minutes.py [notebooks/04_*.ipynb]      print each section with its minutes, and the sums of core and further

The rule: 200 words a minute; 20 seconds for each line of a displayed formula, 4 for a line of code that arrives open, 30 for a figure
and for a prediction. Exercises take as long as they take: they are not counted.
"""

import re
import sys
from pathlib import Path

from freshness import ROOT, read
from sections import Section, folded, sections

SECONDS = {"word": 60 / 200, "formula": 20, "code": 4, "figure": 30, "prediction": 30}
UNCOUNTED = ("Exercises",)


def minutes(notebook: dict) -> list[tuple[Section, float]]:
    """The counted sections of a notebook, each with the minutes that it takes."""
    return [(section, sum(map(_seconds, section.cells)) / 60) for section in sections(notebook["cells"]) if section.title not in UNCOUNTED]


def totals(notebook: dict) -> tuple[int, int]:
    """Minutes of core and further, each rounded up to the next five."""
    core, further = (sum(taken for section, taken in minutes(notebook) if section.further == kind) for kind in (False, True))
    return 5 * -(-round(core) // 5), 5 * -(-round(further) // 5)


def _seconds(cell: dict) -> float:
    text = cell["source"]
    if cell["cell_type"] == "code":
        lines = 0 if folded(cell) else sum(bool(line.strip()) for line in text.splitlines())
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
        for section, taken in minutes(notebook):
            print(f"    {taken:5.1f}  {section.title}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

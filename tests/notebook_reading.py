"""What the tests of notebooks share: where they are, how cells are picked, and how cells are run without a kernel."""

import re
import sys
import warnings
from functools import cache
from pathlib import Path

from freshness import ROOT, read
from IPython.display import display
from slides import stacks, steps

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COURSE = [path for k, path in enumerate(NOTEBOOKS) if path.name.startswith(f"{k:02d}_")]  # without a gap: one further on is a draft


def number(path: Path) -> str:
    """ "04" of notebooks/04_kl.ipynb."""
    return path.name[:2]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def presses(cells: list[dict]) -> list[int]:
    """The first cell that each press of a key shows, as indices, in the order of the exported show."""
    index = {id(cell): i for i, cell in enumerate(cells)}
    return [index[id(step[0])] for stack in stacks(cells) for screen in stack for step in steps(screen)]


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def python(source: str) -> str:
    """The cell without IPython's own lines, which are not Python."""
    return re.sub(r"^\s*[%!?].*$", "", source, flags=re.MULTILINE)


def run(cells: list[dict], namespace: dict | None = None) -> dict:
    """Execute cells in order in one namespace, which is returned; the last expression of a cell is not shown, figures are closed.
    Warnings are the build tool's business: it refuses whatever a cell writes to stderr."""
    namespace = {"__name__": "__main__", "display": display} if namespace is None else namespace
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in cells:
            exec(compile(python(cell["source"]), cell.get("id", "<cell>"), "exec"), namespace)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
    return namespace


@cache
def _after_setup(path: Path) -> dict:
    return run([cell for cell in code_cells(read(path)) if "setup" in tags(cell)])


def after_setup(path: Path) -> dict:
    """Names after the cells tagged `setup`, which run once; each call gets a copy."""
    return dict(_after_setup(path))

r"""The equation ledger: every numbered equation of every notebook is evaluated by a running cell, and every such cell can fail.

An equation carries `\tag{4.7}`; a code cell of the same notebook that asserts carries `# check: (4.7)`, or several numbers with commas.

That the checks bite is shown by breaking formulas: by hand (tests/lessons/nb04/breaks.py) and by rule (mutants.py). The cells run are the
check cell, those that define what it uses (found by name, back to the first), those tagged `setup`, and those tagged `ledger`, for what a
name does not show, such as a bare `fit(vae, ...)`. As they stand they must pass; corrupted they must raise AssertionError.
"""

import ast
import builtins
import os
import re
import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from notebook_reading import code_cells, python, run, tags

TAG = re.compile(r"\\tag\{([^}]*)\}")
CHECK = re.compile(r"#\s*check:\s*(.*)")


class Ledger(NamedTuple):
    """The numbers of the equations of a notebook and of their checks, each in order of appearance, and what is wrong with them."""

    tags: list[str]
    checks: list[str]
    problems: list[str]


def ledger(notebook: dict, of: str) -> Ledger:
    """Both sides of the ledger of notebook number `of`, such as "04"."""
    equations, checks, problems = [], [], []
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            equations += TAG.findall(re.sub(r"```.*?```|`[^`\n]*`", "", cell["source"], flags=re.DOTALL))
        else:
            here = checked(cell)
            checks += here
            if here and not re.search(r"\bassert\b|\bagree\(", cell["source"]):
                problems.append(f"cell {index} says that it checks {', '.join(here)} and asserts nothing")
    problems += [f"equation ({n}) has no check" for n in equations if n not in checks]
    problems += [f"there is a check of ({n}) and no such equation" for n in dict.fromkeys(checks) if n not in equations]
    problems += [f"equation ({n}) stands {equations.count(n)} times" for n in dict.fromkeys(equations) if equations.count(n) > 1]
    problems += [f"equation ({n}) should be numbered {int(of)}.something" for n in equations if not re.fullmatch(rf"{int(of)}\.\d+", n)]
    return Ledger(equations, checks, problems)


def checked(cell: dict) -> list[str]:
    """The equations that a code cell says it checks."""
    return [n for line in CHECK.findall(cell["source"]) for n in re.findall(r"\((\d+\.\d+)\)", line)]


def cells_needed(notebook: dict, equation: str) -> list[dict]:
    """The first cell that checks the equation and, in order, all on which it depends."""
    cells = code_cells(notebook)
    last = next((i for i, cell in enumerate(cells) if equation in checked(cell)), None)
    assert last is not None, f"no cell checks ({equation})"
    wanted, kept = _uses(cells[last]), [cells[last]]
    for cell in reversed(cells[:last]):
        if {"setup", "ledger"} & set(tags(cell)) or _defines(cell) & wanted:
            wanted |= _uses(cell)
            kept.insert(0, cell)
    return kept


def _names(cell: dict) -> list[ast.AST]:
    return list(ast.walk(ast.parse(python(cell["source"]))))


def _uses(cell: dict) -> set[str]:
    return {n.id for n in _names(cell) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - set(dir(builtins))


def _defines(cell: dict) -> set[str]:
    """Names bound by assignment, def, class or import; and those whose parts are (x[0] = ..., model.weight = ...)."""
    found = set()
    for node in _names(cell):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            found |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def outcomes(notebook: dict, breaks: list[tuple[str, str, str]]) -> list[str]:
    """What becomes of each check with `old` replaced by `new` in its cells: "AssertionError" as it should, "passed", or what else."""
    found, wanted = [""] * len(breaks), {}
    for k, (equation, old, new) in enumerate(breaks):
        cells = cells_needed(notebook, equation)
        count = sum(cell["source"].count(old) for cell in cells)
        if count != 1:
            found[k] = f"({equation}): {old!r} stands {count} times in the cells that its check needs, expected once"
            continue
        at = next(cell for cell in cells if old in cell["source"])
        wanted[k] = Corruption(equation, at, at["source"].replace(old, new))
    for k, outcome in zip(wanted, corrupted(notebook, list(wanted.values())), strict=True):
        found[k] = outcome
    return found


class Corruption(NamedTuple):
    """A cell on which the check of an equation depends, and its source with one thing changed."""

    equation: str
    cell: dict
    source: str


def corrupted(notebook: dict, corruptions: list[Corruption]) -> list[str]:
    """What becomes of each check: "AssertionError", "passed", or what else was raised.

    The cells that any check needs run once, as they stand, and must pass. Where one is to be corrupted, a fork of this process goes on from
    there with the corrupted cell and those that its check needs after it.
    """
    found, wanted, forks = [""] * len(corruptions), set(), defaultdict(list)
    for k, (equation, cell, source) in enumerate(corruptions):
        cells = cells_needed(notebook, equation)
        at = next(i for i, needed in enumerate(cells) if needed is cell)
        forks[id(cell)].append((k, [cell | {"source": source}, *cells[at + 1 :]]))
        wanted |= set(map(id, cells))
    namespace = run([])
    for cell in code_cells(notebook):
        for k, cells in forks[id(cell)]:
            found[k] = in_a_fork(lambda cells=cells: run(cells, namespace) and "passed")
        if id(cell) in wanted:
            run([cell], namespace)
    return found


def in_a_fork(work: Callable[[], str]) -> str:
    """What `work` returns, or the name of what it raises. It is done in a copy of this process: nothing else of it stays."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of other threads; arithmetic is done by this one
        child = os.fork()
    if child == 0:
        try:
            said = work()
        except BaseException as error:
            said = type(error).__name__ + f": {error}" * (not isinstance(error, AssertionError))
        os.write(writing, said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        said = file.read()
    os.waitpid(child, 0)
    return said

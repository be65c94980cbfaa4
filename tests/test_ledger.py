r"""The equation ledger: every numbered equation of every notebook is evaluated by a running cell, and every such cell can fail.

An equation carries `\tag{4.7}`; a code cell of the same notebook that asserts carries `# check: (4.7)`, or several numbers with commas.

That the checks bite is shown by breaking formulas. tests/lessons/nb04/breaks.py holds, for notebook 04,

    BREAK = [("4.7", "0.5 *", "0.6 *"), ...]    # the equation's number, its code as it stands, the code corrupted

The cells run are the check cell, those that define what it uses (found by name, back to the first), those tagged `setup`, and those
tagged `ledger`, for what a name does not show, such as a bare `fit(vae, ...)`. As they stand they must pass; with the code, which must
stand exactly once in them, replaced, they must raise AssertionError.
"""

import ast
import builtins
import os
import re
import runpy
import warnings
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from freshness import read
from notebook_reading import NOTEBOOKS, code_cells, number, python, run, tags

TAG = re.compile(r"\\tag\{([^}]*)\}")
CHECK = re.compile(r"#\s*check:\s*(.*)")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="formulas are corrupted in forks of the test, which this system does not have")


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
    """What becomes of each check with `old` replaced by `new` in its cells: "AssertionError" as it should, "passed", or what else happened.

    The cells that any check needs run once, as they stand, and must pass. Where one is to be corrupted, a fork of this process goes on from
    there with the corrupted cell and those that its check needs after it.
    """
    found, wanted, forks = [""] * len(breaks), [], defaultdict(list)
    for k, (equation, old, new) in enumerate(breaks):
        cells = cells_needed(notebook, equation)
        count = sum(cell["source"].count(old) for cell in cells)
        if count != 1:
            found[k] = f"({equation}): {old!r} stands {count} times in the cells that its check needs, expected once"
            continue
        at = next(i for i, cell in enumerate(cells) if old in cell["source"])
        corrupted = cells[at] | {"source": cells[at]["source"].replace(old, new)}
        forks[id(cells[at])].append((k, [corrupted, *cells[at + 1 :]]))
        wanted += map(id, cells)
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


def breaks(path: Path) -> list[tuple[str, str, str]]:
    file = Path(__file__).parent / f"lessons/nb{number(path)}/breaks.py"
    return runpy.run_path(str(file))["BREAK"] if file.exists() else []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_equation_has_its_check(path):
    found = ledger(read(path), number(path))
    assert not found.problems, "\n".join(found.problems)


def test_print_the_count(capsys):
    counts = {path.stem[:2]: len(ledger(read(path), number(path)).tags) for path in NOTEBOOKS}
    with capsys.disabled():
        print(f"\nequation ledger: {sum(counts.values())} equations with their checks;", *(f"{name}: {n}" for name, n in counts.items()))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_some_equation_is_shown_to_break(path):
    assert breaks(path) or not ledger(read(path), number(path)).tags, f"tests/lessons/nb{number(path)}/breaks.py has no BREAK"


BREAKS = [(path, k, *broken) for path in NOTEBOOKS for k, broken in enumerate(breaks(path))]


@cache
def outcomes_of(path: Path) -> list[str]:
    return outcomes(read(path), breaks(path))


@forks
@pytest.mark.parametrize(("path", "k", "equation", "old", "new"), BREAKS, ids=[f"{path.stem[:2]}-{k}-{n}" for path, k, n, *_ in BREAKS])
def test_a_corrupted_formula_breaks_its_check(path, k, equation, old, new):
    outcome = outcomes_of(path)[k]
    assert outcome == "AssertionError", f"the check of ({equation}) does not see {old!r} become {new!r}: {outcome}"


# ---------------------------------------------------------------- the ledger itself can fail


def page(*sources: str) -> dict:
    """Cells from text: markdown where it holds a $ or a backtick, else code."""
    kinds = ["markdown" if "$" in source or "`" in source else "code" for source in sources]
    return {"cells": [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in zip(kinds, sources, strict=True)]}


GOOD = page(
    r"$$a = b \tag{4.1}$$ and `\tag{4.9}` is how it is written",
    "a = 0.5 * 4",
    "unused = 1 / 0",
    "b = 2",
    "c = 0.5",
    "assert a == b  # check: (4.1), (4.2)\nd = c",
    r"$$d \tag{4.2}$$",
)


def test_a_good_ledger_is_balanced():
    assert ledger(GOOD, "04") == Ledger(["4.1", "4.2"], ["4.1", "4.2"], [])


@pytest.mark.parametrize(
    ("notebook", "problem"),
    [
        (page(r"$\tag{4.1}$"), "equation (4.1) has no check"),
        (page("assert 1  # check: (4.1)"), "a check of (4.1) and no such equation"),
        (page(r"$\tag{4.1}$", "x = 1  # check: (4.1)"), "asserts nothing"),
        (page(r"$\tag{4.1}$", r"$\tag{4.1}$", "agree(1, 1)  # check: (4.1)"), "stands 2 times"),
        (page(r"$\tag{5.1}$", "agree(1, 1)  # check: (5.1)"), "should be numbered 4.something"),
        (page(r"$\tag{*}$", "agree(1, 1)  # check: (*) in the limit (n → ∞)"), "should be numbered 4.something"),
    ],
)
def test_an_unbalanced_ledger_is_reported(notebook, problem):
    assert problem in "\n".join(ledger(notebook, "04").problems)


def test_only_the_cells_that_a_check_needs_are_run():
    assert [cell["source"] for cell in cells_needed(GOOD, "4.1")] == [GOOD["cells"][i]["source"] for i in (1, 3, 4, 5)]


def test_cells_tagged_ledger_and_changed_in_place_are_needed_too():
    notebook = page("import math", "x = [1]", "x.append(2)", "x[0] = 3", "z = 1", "assert math.pi and x  # check: (4.1)")
    notebook["cells"][2]["metadata"]["tags"] = ["ledger"]
    assert [notebook["cells"].index(cell) for cell in cells_needed(notebook, "4.1")] == [0, 1, 2, 3, 5]


@forks
def test_a_corruption_is_seen_and_a_harmless_change_survives():
    breaks = [("4.1", "0.5 * 4", "0.6 * 4"), ("4.1", "d = c", "d = 2 * c"), ("4.1", "0.5 * 4", "none")]
    assert outcomes(GOOD, breaks) == ["AssertionError", "passed", "NameError: name 'none' is not defined"]


@forks
def test_a_corruption_leaves_nothing_behind():
    notebook = page("x = [1]", "x.append(2)", "x.append(3)", "assert x == [1, 2, 3]  # check: (4.1)")
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["ledger"]
    breaks = [("4.1", "append(2)", "append(9)"), ("4.1", "append(3)", "append(9)"), ("4.1", "[1, 2, 3]", "[1, 2, 9]")]
    assert outcomes(notebook, breaks) == ["AssertionError"] * 3
    with pytest.raises(AssertionError):
        outcomes(page("a = 1", "assert a == 2  # check: (4.1)"), [("4.1", "a = 1", "a = 3")])  # it does not pass as it stands


@pytest.mark.parametrize(("old", "problem"), [("0.5", "stands 2 times"), ("7", "stands 0 times")])
def test_a_corruption_that_does_not_fit_is_named(old, problem):
    assert problem in outcomes(GOOD, [("4.1", old, "0")])[0]


def test_a_corruption_of_what_is_not_checked_is_an_error():
    with pytest.raises(AssertionError, match="no cell checks"):
        outcomes(GOOD, [("4.3", "b", "0")])

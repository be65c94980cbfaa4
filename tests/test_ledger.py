"""Every numbered equation is evaluated by a running cell (ledger.py), and every such cell notices the formulas broken by hand.

tests/lessons/nb04/breaks.py holds, for notebook 04,

    BREAK = [("4.7", "0.5 *", "0.6 *"), ...]    # the equation's number, its code as it stands (just once), the code corrupted
"""

import os
import runpy
from functools import cache
from pathlib import Path

import pytest
from freshness import read
from ledger import Ledger, cells_needed, ledger, outcomes
from notebook_reading import NOTEBOOKS, number

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="formulas are corrupted in forks of the test, which this system does not have")


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

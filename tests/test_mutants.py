"""The rules by which mutants.py corrupts formulas: what becomes a mutant, what does not, and which are caught."""

import ast

import pytest
from ledger import Corruption, corrupted
from mutants import changes, mutants
from test_ledger import forks, page


def changed(formula: str) -> set[str]:
    return {new for _, new in changes(ast.parse(formula))}


@pytest.mark.parametrize(
    ("formula", "new"),
    [
        ("y = 0.5 * x", "x"),
        ("y = x / 2", "x"),
        ("y = x * 2", "x"),
        ("y = -x", "x"),
        ("y = a - b", "a + b"),
        ("y = a / b", "a * b"),
        ("y = x**2", "x ** 1"),
        ("y = x.square()", "x"),
        ("y = math.sqrt(x)", "x"),
        ("y = x.sqrt()", "x"),
        ("y = x.mean(0)", "x.sum(0)"),
        ("y = x.sum(-1)", "x.sum(0)"),
        ("y = x - 1", "x"),
        ("y = -2 * x", "2 * x"),
        ("agree(y, x / 2, error)", "x"),
        ("f = lambda z: z / 2", "z"),
    ],
)
def test_what_a_formula_can_lose(formula, new):
    assert new in {n.replace("(", "").replace(")", "") if "." not in n else n for n in changed(formula)} | changed(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "y = x[i + 1]",
        "assert abs(y) < 5 * 0.01",
        "agree(y, x, 2 * error)",
        "y = torch.linspace(-2 * a, 3, 5)",
        "y = 6 * torch.rand(n) - 3",
        "print(f'{x / 2}', x / 2)",
        "assert new > old - 1e-12",
        "y = torch.randn(2 * n)",
        "y = -1.0",
    ],
)
def test_what_is_no_formula_stays(formula):
    assert not changed(formula)


GOOD = page(
    "def half(x):\n    return x / 2",
    "y = 4.0\nunused = 2 * y\nz = y - 1",
    "w = half(y)\nassert w == 2  # check: (4.1)\nassert z - w == 1  # check: (4.2)\nlater = 3 * w",
)


def test_mutants_stand_where_the_check_depends_on_them():
    found = mutants(GOOD)
    assert {m.old for m in found if m.equation == "4.1"} == {"x / 2"}
    assert {m.old for m in found if m.equation == "4.2"} == {"y - 1", "z - w"}
    assert all(m.source != m.cell["source"] for m in found)


@forks
def test_a_check_that_bites_catches_all_and_one_that_does_not_lets_them_live():
    fates = lambda notebook: corrupted(notebook, [Corruption(m.equation, m.cell, m.source) for m in mutants(notebook)])  # noqa: E731
    assert set(fates(GOOD)) == {"AssertionError"}
    blind = page("def half(x):\n    return x / 2", "assert half(0.0) == 0 * half(1)  # check: (4.1)")
    assert "passed" in fates(blind)

"""Formulas corrupted by rule: what becomes of every check when the code of its equation loses a factor, a sign or a root.

    python run.py mutants [--list] [notebooks/06_gradients.ipynb ...]

Mutated are the statement that carries `# check: (6.3)`, the statements of its cell on which it depends, and the functions and formulas of
earlier cells whose names these use. Each mutant changes one thing: a factor of a number dropped (0.5 x, x / 2, 2 x), a sign flipped, + and
- or * and / exchanged, a power lowered (x² to x), a root left out, mean and sum exchanged, a constant term left out, another axis. A mutant
is caught if the check's own cell, or one before it on which it depends, raises.

EQUIVALENT in tests/lessons/nb06/breaks.py argues the survivors that are none: [("6.21", "old -> (new)", "why"), ...], as they are printed.
"""

import argparse
import ast
import builtins
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tools"), str(Path(__file__).parents[1])]
import runpy  # noqa: E402

from freshness import read, there  # noqa: E402
from ledger import CHECK, Corruption, cells_needed, checked, corrupted  # noqa: E402
from notebook_reading import NOTEBOOKS, code_cells, number, python  # noqa: E402

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
ROOTS = ("sqrt",)
# what is called on data, sizes and pictures is no formula
NO_FORMULA = {
    "fit", "VAE", "Autoencoder", "Trainer", "load", "generator", "stream", "linspace", "arange", "logspace", "geomspace", "range", "print",
    "reshape", "view", "expand", "chunk", "split", "repeat", "randn", "rand", "normal", "zeros", "ones", "eye", "full", "tensor", "array",
    "seeded", "manual_seed", "draw", "image_grid", "strict",
}  # fmt: skip


class Mutant(NamedTuple):
    """One thing changed in a cell: the equation whose check should notice, the cell, what stood there and what stands there now."""

    equation: str
    cell: dict
    old: str
    new: str
    source: str

    @property
    def change(self) -> str:
        """As it is printed, and argued in EQUIVALENT."""
        return f"{' '.join(self.old.split())} -> {' '.join(self.new.split())}"


def mutants(notebook: dict) -> list[Mutant]:
    """All of a notebook's, each place changed once in each way, in the order of the checks."""
    found, seen = [], set()
    for cell in code_cells(notebook):
        for equation in dict.fromkeys(checked(cell)):
            for where, statement in formulas(notebook, equation):
                for node, new in changes(statement):
                    mutant = _mutant(equation, where, node, new)
                    if (key := (id(where), node.lineno, node.col_offset, node.end_col_offset, new)) not in seen:
                        seen.add(key)
                        found.append(mutant)
    return found


def formulas(notebook: dict, equation: str) -> list[tuple[dict, ast.stmt]]:
    """The statement that checks the equation, and those on which it depends, each with its cell."""
    *before, cell = cells_needed(notebook, equation)
    lines = [i for i, line in enumerate(cell["source"].splitlines(), 1) if any(f"({equation})" in said for said in CHECK.findall(line))]
    here = [s for s in _simple(ast.parse(python(cell["source"])).body) if s.lineno <= max(lines)]
    found = [(cell, s) for s in here if any(s.lineno <= i <= s.end_lineno for i in lines)]
    wanted = set().union(*(_loaded(s) for _, s in found))
    for statement in reversed([s for s in here if (cell, s) not in found]):
        if _stored(statement) & wanted:
            found.append((cell, statement))
            wanted = wanted - _replaced(statement) | _loaded(statement)
    for other in reversed(before):
        for statement in reversed(_simple(ast.parse(python(other["source"])).body)):
            if _stored(statement) & wanted and not isinstance(statement, (ast.Import, ast.ImportFrom)):
                found.append((other, statement))
                wanted = wanted - _replaced(statement) | (_loaded(statement) if isinstance(statement, ast.FunctionDef) else set())
    return found


def _simple(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements in order, those of loops and blocks one by one, functions whole."""
    found = []
    for statement in body:
        if hasattr(statement, "body") and not isinstance(statement, ast.FunctionDef):
            found += _simple(statement.body)
        else:
            found.append(statement)
    return found


def changes(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Each expression in a statement that can be corrupted, with the code that takes its place."""
    text = ast.unparse
    for node in _expressions(tree):
        if _is_input(node):
            continue
        match node:
            case ast.BinOp(left, ast.Mult(), ast.Constant(float() | int())):
                yield node, text(left)
            case ast.BinOp(ast.Constant(float() | int()), ast.Mult(), right):
                yield node, text(right)
            case ast.BinOp(ast.UnaryOp(ast.USub(), ast.Constant()) as sign, ast.Mult(), right):
                yield node, f"{text(sign.operand)} * ({text(right)})"
            case ast.BinOp(left, ast.Div(), ast.Constant(float() | int())):
                yield node, text(left)
            case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(float() | int())):
                yield node, text(left)
            case ast.BinOp(left, ast.Pow(), ast.Constant(int() as power)) if power > 1:
                yield node, f"({text(left)}) ** {power - 1}"
            case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
                yield node, text(operand)
            case ast.Call(ast.Attribute(value, "sqrt"), args):
                yield node, text(args[0]) if args else text(value)
            case ast.Call(ast.Attribute(value, "square"), []):
                yield node, text(value)
            case ast.Call(ast.Attribute(value, "mean" | "sum" as name) as function, args, keywords) if not _is_module(value):
                other = ast.Call(ast.Attribute(value, {"mean": "sum", "sum": "mean"}[name], ast.Load()), args, keywords)
                yield node, text(ast.fix_missing_locations(other))
                if len(args) == 1 and text(args[0]) in ("0", "1", "-1"):
                    axis = {"0": "-1", "1": "0", "-1": "0"}[text(args[0])]
                    yield node, text(ast.Call(function, [ast.parse(axis, mode="eval").body], keywords))
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not _is_noise(node.right):  # symmetric noise has no sign
            yield node, text(ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right))


def _expressions(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions in which a formula can stand: no index, text, size, seed, tolerance or picture."""
    for field, value in ast.iter_fields(tree):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.JoinedStr, ast.Slice, ast.keyword, ast.arguments, ast.Lambda)):
                if isinstance(child, ast.Lambda):
                    yield from _whole(child.body)
                continue
            if isinstance(tree, ast.Subscript) and field == "slice":
                continue
            if isinstance(tree, ast.Call) and field == "args" and (_called(tree) in NO_FORMULA or _is_tolerance(tree, child)):
                continue
            if (
                isinstance(tree, ast.Compare)
                and field == "comparators"
                and isinstance(tree.ops[0], (ast.Lt, ast.LtE))
                and _is_number(child)
            ):
                continue
            yield from _whole(child)


def _whole(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.expr):
        yield node
    yield from _expressions(node)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_tolerance(call: ast.Call, child: ast.AST) -> bool:
    return _called(call) == "agree" and child in call.args[2:]


def _is_number(node: ast.AST) -> bool:
    return all(isinstance(n, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)) for n in ast.walk(node))


def _is_input(node: ast.AST) -> bool:
    """What is put in, no formula: numbers drawn in a range (6 * torch.rand(n) - 3), room for rounding (old - 1e-12), standard errors."""
    match node:
        case ast.BinOp(ast.Call(ast.Attribute(_, "std")), ast.Div()) | ast.BinOp(_, ast.Mult(), ast.Attribute(_, "stderr")):
            return True
        case ast.BinOp(_, ast.Add() | ast.Sub(), ast.Constant(float() as room)) if room < 1e-6:
            return True
        case ast.BinOp(left, _, right):
            parts = [_is_number(side) or _is_input(side) for side in (left, right)]
            return all(parts) and not _is_number(node)
        case ast.Call():
            return _called(node) in ("rand", "randn", "randint")
    return False


def _is_noise(node: ast.AST) -> bool:
    called = {_called(n) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return "randn" in called or bool({"eps", "noise"} & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)})


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "np", "numpy", "math")


def _loaded(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - set(dir(builtins))


def _stored(statement: ast.stmt) -> set[str]:
    names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return {statement.name} if isinstance(statement, ast.FunctionDef) else names


def _replaced(statement: ast.stmt) -> set[str]:
    """Names whose earlier values are not needed before this statement."""
    return set() if isinstance(statement, ast.AugAssign) else _stored(statement) - _loaded(statement)


def _mutant(equation: str, cell: dict, node: ast.expr, new: str) -> Mutant:
    lines = cell["source"].splitlines(keepends=True)
    place = lambda line, byte: sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:byte].decode())  # noqa: E731
    start, end = place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
    return Mutant(equation, cell, cell["source"][start:end], f"({new})", cell["source"][:start] + f"({new})" + cell["source"][end:])


def equivalent(path: Path) -> list[tuple[str, str, str]]:
    """The argued survivors of a notebook."""
    file = Path(__file__).parent / f"lessons/nb{number(path)}/breaks.py"
    return runpy.run_path(str(file)).get("EQUIVALENT", []) if file.exists() else []


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", type=there, default=NOTEBOOKS)
    parser.add_argument("--list", action="store_true", help="print every mutant and what became of it, not only the survivors")
    chosen, totals = parser.parse_args(argv), [0, 0, 0]
    print("notebook  mutants  caught  argued  survivors  seconds")
    for path in chosen.notebooks:
        start, notebook = time.perf_counter(), read(path)
        found, argued = mutants(notebook), {(n, change) for n, change, _ in equivalent(path)}
        with redirect_stdout(StringIO()):
            fates = corrupted(notebook, [Corruption(m.equation, m.cell, m.source) for m in found])
        alive = [m for m, fate in zip(found, fates, strict=True) if fate == "passed"]
        kept = [m for m in alive if (m.equation, m.change) not in argued]
        counts = len(found), len(found) - len(alive), len(alive) - len(kept)
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        print(
            f"{number(path):<8}  {counts[0]:7}  {counts[1]:6}  {counts[2]:6}  {len(kept):9}  {time.perf_counter() - start:7.0f}", flush=True
        )
        for m, fate in zip(found, fates, strict=True):
            if chosen.list or m in kept:
                print(f"    ({m.equation}) {m.change}: {fate}")
    print(f"all       {totals[0]:7}  {totals[1]:6}  {totals[2]:6}  {totals[0] - totals[1] - totals[2]:9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

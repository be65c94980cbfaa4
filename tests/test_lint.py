"""What holds for every line of code: ruff has nothing to say, and text is read and written as UTF-8, in so many words. Where that is not
said, Windows takes its code page: notebooks stop at their first figure in Beijing, and run.py for a user named Łukasz."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from freshness import ROOT, read
from notebook_reading import NOTEBOOKS, code_cells, python

FOLDERS = ("vae_helpers", "tools", "experiments", "benchmarks", "tests")
FILES = [ROOT / "run.py", *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    done = subprocess.run([sys.executable, "-m", "ruff", *command, "--no-cache", ROOT], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def unsaid(source: str) -> Iterator[str]:
    """Calls that open text, or read a program's, without saying how it is encoded: "line 3: open"."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg in (None, "encoding") for word in node.keywords):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
        modes = [each.value for each in given if isinstance(each, ast.Constant) and re.fullmatch(r"[rwax][bt+]*", str(each.value))]
        if (
            (name == "open" and not "".join(modes).count("b") and (modes or not given or isinstance(node.func, ast.Name)))
            or (name == "read_text" and not given)
            or (name == "write_text" and len(given) < 2)
            or any(word.arg == "text" for word in node.keywords if name in ("run", "Popen", "check_output"))
        ):
            yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize(
    ("call", "seen"),
    [
        ("open(p)", True),
        ("open(p, 'w')", True),
        ("open(p, 'rb')", False),
        ("open(p, encoding='utf-8')", False),
        ("p.open()", True),
        ("p.open('a')", True),
        ("p.open('wb')", False),
        ("Image.open(file)", False),
        ("p.read_text()", True),
        ("p.read_text('utf-8')", False),
        ("p.write_text(text)", True),
        ("p.write_text(text, 'utf-8')", False),
        ("subprocess.run(c, text=True)", True),
        ("subprocess.run(c, encoding='utf-8')", False),
        ("subprocess.run(c)", False),
        ("f(**options).run(text=True)", True),
    ],
)
def test_a_call_that_does_not_say_is_seen(call, seen):
    assert bool(list(unsaid(call))) == seen


def test_every_program_says_utf8():
    found = {str(file.relative_to(ROOT)): calls for file in FILES if (calls := list(unsaid(file.read_text(encoding="utf-8"))))}
    assert not found, "\n".join(f"{name}, {call}" for name, calls in found.items() for call in calls)


def test_every_notebook_says_utf8():
    found = [f"{path.name}: {call}" for path in NOTEBOOKS for cell in code_cells(read(path)) for call in unsaid(python(cell["source"]))]
    assert not found, found

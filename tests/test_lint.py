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


OPENERS = {"open": "r", "fdopen": "r", "NamedTemporaryFile": "w+b", "TemporaryFile": "w+b", "SpooledTemporaryFile": "w+b"}  # their modes
TEXT = {"read_text": 1, "write_text": 2, "loadtxt": 9, "genfromtxt": 9, "savetxt": 9, "FileHandler": 9}  # arguments with an encoding
UTF8 = ("utf-8", "utf-8-sig", "ascii")


def unsaid(source: str) -> Iterator[str]:
    """Calls that open text, or read a program's, without saying that it is UTF-8: "line 3: open"."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg is None for word in node.keywords):
            continue
        name, words = getattr(node.func, "attr", getattr(node.func, "id", "")), {word.arg: word.value for word in node.keywords}
        given = [*node.args, *filter(None, [words.get("mode")])]
        modes = [each.value for each in given if isinstance(each, ast.Constant) and re.fullmatch(r"[rwax][bt+]*", str(each.value))]
        opens = name in OPENERS and "b" not in "".join(modes or [OPENERS[name]])
        opens = opens and bool(modes or not given or name != "open" or isinstance(node.func, ast.Name))  # Image.open(file) is no text
        if "encoding" in words:
            said = words["encoding"]
            wrong = (opens or name in TEXT) and isinstance(said, ast.Constant) and said.value not in UTF8
        else:
            wrong = opens or (name in TEXT and len(given) < TEXT[name]) or name in ("getoutput", "getstatusoutput", "popen")
            wrong = wrong or (name in ("run", "Popen", "check_output") and bool({"text", "universal_newlines"} & set(words)))
        if wrong:
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
        ("open(p, encoding=None)", True),
        ("p.read_text(encoding='locale')", True),
        ("p.write_text(text, encoding='cp936')", True),
        ("p.open(mode='rt', newline='')", True),
        ("p.read_text(errors='replace')", True),
        ("p.write_text(text, newline='')", True),
        ("gzip.open(p, 'rt')", True),
        ("gzip.open(p)", False),
        ("np.loadtxt(p)", True),
        ("np.savetxt(p, x, encoding='utf-8')", False),
        ("NamedTemporaryFile()", False),
        ("NamedTemporaryFile('w')", True),
        ("os.fdopen(number, 'w')", True),
        ("subprocess.check_output(c, universal_newlines=True)", True),
        ("subprocess.getoutput(c)", True),
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

"""The benchmarks' own arithmetic, and that every part can be called. What they measure passes or fails nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


def call(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8", check=True, cwd=FOLDER).stdout


@pytest.fixture
def rows(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import rows

    return rows


def test_a_table_has_headings_medians_and_ranges(rows):
    table = [rows.Row("Part"), rows.summary("a", [3.0, 1.0, 2.5, 1000.0], digits=1, unit=" ms"), rows.summary("b", [7.0])]
    assert rows.markdown(table).splitlines()[2:] == ["| **Part** |  |  |", "| a | 2.8 ms | 1.0 to 1,000.0, 4 runs |", "| b | 7.00 |  |"]


def test_the_command_line_is_that_of_the_function(rows, monkeypatch, capsys):
    def measure(names=None, repeats=3, install=True):
        return [rows.Row("given", f"{names} {repeats} {install}")]

    for words, given in (("", "[] 3 True"), ("04 05 --repeats 2 --no-install", "['04', '05'] 2 False")):
        monkeypatch.setattr("sys.argv", ["part.py", *words.split()])
        rows.command_line(measure, "A part.")
        assert capsys.readouterr().out.split("given")[1].strip() == given


def test_every_part_can_be_called_with_its_shortest_settings():
    code = """
import importlib, inspect, table
for module, settings in table.PARTS.values():
    inspect.signature(importlib.import_module(module).measure).bind(**settings)"""
    call("-c", code)


def test_one_command_runs_the_named_parts_and_says_on_what():
    printed = call("table.py", "--quick", "import")
    assert "\n| **Importing, beyond the start of Python** |  |  |\n| `import vae_helpers` | " in printed
    assert f"Python {sys.version.split()[0]}, torch " in printed and "other processes took at most" in printed
    wrong = subprocess.run([sys.executable, "table.py", "imports"], capture_output=True, encoding="utf-8", cwd=FOLDER)
    assert wrong.returncode == 2 and "there is no part 'imports'; known are training, " in wrong.stderr


def test_without_mnist_the_table_says_so():
    """As where there is no network and no file: every mirror refuses."""
    code = """
import training
def refuse(name):
    raise training.datasets.DownloadError("no network")
training.datasets.load = refuse
print(training.measure()[1:])"""
    assert call("-c", code).startswith("[Row(what='not measured', value='–', spread='MNIST is not in the data folder")


def test_the_playground_is_measured_by_what_it_tells(server, browser, monkeypatch):
    """For a second: it has trained, and Python has read what it made. How fast passes or fails nothing."""
    monkeypatch.syspath_prepend(FOLDER)
    import playground

    monkeypatch.setattr(playground, "SECONDS", 1)
    run = playground.run(server, browser, "measured.ipynb", seed=0)
    assert run.rate > 0 and len(run.gaps) > 1 and run.bound < 0 and 0 < run.rebuilt <= run.originals


def test_memory_is_summed_over_descendants():
    code = """
import os, subprocess, sys, binder
before = binder.megabytes(os.getpid())
hold = "a = bytes(range(256)) * 400_000; print(flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(binder.megabytes(os.getpid()) - before)
child.communicate(b"\\n")"""
    assert 102 < float(call("-c", code)) < 140  # 102.4 MB, and a bare Python

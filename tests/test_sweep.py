"""A sweep keeps every finished run, whatever happens to it. Toy sweeps run in processes of their own, which are killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from sweep import sweep

from vae_helpers import results

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
TOYS = """
import json, os, sys, time
from pathlib import Path
import torch
import sweep as module

def run(size, word, seed):
    with (FOLDER / "started").open("a") as file:
        file.write(f"{size} {seed}\\n")
    time.sleep(SECONDS)
    return {"square": (size + 0.1) ** 2, "sum": size + seed}

for line in sys.stdin:
    folder, SECONDS, workers, before = json.loads(line)
    FOLDER = Path(folder)
    if (child := os.fork()) == 0:
        os.setsid()
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(FOLDER / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        exec(before)
        settings = [{"size": size, "word": 'a, "b"', "seed": seed} for size in range(6) for seed in range(2)]
        rows = module.sweep("toy", run, settings, {"data": "none"}, workers, FOLDER)
        assert [(row["size"], row["seed"]) for row in rows] == [(s["size"], s["seed"]) for s in settings]
        sys.exit()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Toys:
    """Starts sweeps of twelve runs, one after another, as children of one process that has imported what they need."""

    def __init__(self):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(EXPERIMENTS), str(EXPERIMENTS.parent)]), "OMP_NUM_THREADS": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        self.process = subprocess.Popen([sys.executable, "-c", TOYS], env=environment, **pipes)

    def start(self, folder: Path, seconds: float = 0.0, workers: int = 1, before: str = "pass") -> int:
        self.process.stdin.write(json.dumps([str(folder), seconds, workers, before]) + "\n")
        return int(self.process.stdout.readline())

    def end(self) -> int:
        """Exit code of the sweep that was started last; negative for a signal."""
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def toys():
    toys = Toys()
    yield toys
    toys.process.communicate()


def wait_for(what) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "waited a minute for it"
        time.sleep(0.005)


def table(folder: Path) -> bytes:
    return (folder / "toy.csv").read_bytes() if (folder / "toy.csv").exists() else b""


def starts(folder: Path) -> list[str]:
    return (folder / "started").read_text(encoding="utf-8").splitlines() if (folder / "started").exists() else []


def assert_whole(folder: Path) -> None:
    rows = results.load("toy", folder)
    assert sorted((row["size"], row["seed"]) for row in rows) == [(size, seed) for size in range(6) for seed in range(2)]
    for row in rows:
        assert row["square"] == (row["size"] + 0.1) ** 2 and row["sum"] == row["size"] + row["seed"]
        assert row["word"] == 'a, "b"' and row["data"] == "none" and row["seconds"] >= 0
        assert row["command"] == "python -c" and row["torch"] and row["python"] and row["device"]


def test_a_sweep_killed_at_ten_random_moments_keeps_every_row_and_repeats_none(toys, tmp_path):
    chance, kept = random.Random(0), b""
    for kill in range(10):
        n = len(starts(tmp_path)) + (kill == 0)  # the first comes once a row is stored, however slow the machine
        pid = toys.start(tmp_path, seconds=0.05)
        wait_for(lambda: len(starts(tmp_path)) > n)  # noqa: B023
        time.sleep(chance.uniform(0, 0.08))
        os.killpg(pid, signal.SIGKILL)
        assert toys.end() == -signal.SIGKILL
        assert table(tmp_path).startswith(kept), "a finished row has changed"
        kept = table(tmp_path)
    stored = max(0, kept.count(b"\n") - 1)
    toys.start(tmp_path)
    assert toys.end() == 0
    assert f"toy: {stored} of 12 runs are stored" in (tmp_path / "out").read_text(encoding="utf-8") and stored > 0
    assert table(tmp_path).startswith(kept)
    assert_whole(tmp_path)
    assert len(starts(tmp_path)) <= 12 + 10, "only what was under way when a kill came may run again"
    whole = table(tmp_path)
    toys.start(tmp_path)
    assert toys.end() == 0 and table(tmp_path) == whole and "12 of 12" in (tmp_path / "out").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob(".*.part"))


FULL = """
write, tries = module.write_beside_and_rename, []
def full(path, content):
    tries.append(1)
    if len(tries) %s:
        raise OSError(28, "No space left on device")
    write(path, content)
module.write_beside_and_rename = full
"""


def test_rows_wait_while_the_disk_is_full(toys, tmp_path):
    toys.start(tmp_path, before=FULL % "in (1, 4, 5)")
    assert toys.end() == 0
    assert "toy.csv: No space left on device; 2 rows wait for room" in (tmp_path / "err").read_text(encoding="utf-8")
    assert_whole(tmp_path)


def test_rows_that_find_no_room_to_the_end_are_printed(toys, tmp_path):
    toys.start(tmp_path, before=FULL % "> 9")
    assert toys.end() == 1
    printed = (tmp_path / "err").read_text(encoding="utf-8")
    assert "3 finished rows could not be written to toy.csv and are printed above" in printed
    rows = [line for line in printed.splitlines() if line.count(",") > 10]
    with (tmp_path / "toy.csv").open("a", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")
    assert_whole(tmp_path)


def test_a_stopped_sweep_says_so_and_goes_on_later(toys, tmp_path):
    pid = toys.start(tmp_path, seconds=0.05)
    wait_for(lambda: table(tmp_path).count(b"\n") >= 3)
    os.killpg(pid, signal.SIGINT)
    assert toys.end() == 130
    assert (tmp_path / "err").read_text(
        encoding="utf-8"
    ) == "\ntoy: stopped; the finished runs are stored, and the same command goes on from there\n"
    kept = table(tmp_path)
    toys.start(tmp_path)
    assert toys.end() == 0 and table(tmp_path).startswith(kept)
    assert_whole(tmp_path)


def test_two_workers_share_the_runs_and_stop_together(toys, tmp_path):
    pid = toys.start(tmp_path, seconds=0.3, workers=2, before="torch.get_num_threads()")
    wait_for(lambda: table(tmp_path).count(b"\n") >= 2)
    os.killpg(pid, signal.SIGINT)
    assert toys.end() == 130
    assert (tmp_path / "err").read_text(encoding="utf-8").startswith("\ntoy: stopped;")
    n = len(starts(tmp_path))
    time.sleep(1)
    assert len(starts(tmp_path)) == n, "a worker outlived its sweep"
    toys.start(tmp_path, workers=2)
    assert toys.end() == 0
    assert_whole(tmp_path)


def test_a_worker_is_polite_and_keeps_to_one_thread(toys, tmp_path):
    look = "run = lambda size, word, seed: {'nice': os.nice(0), 'threads': torch.get_num_threads()}"
    toys.start(tmp_path, before=f"torch.set_num_threads(2); {look}")
    assert toys.end() == 0
    assert {(row["nice"] >= 15, row["threads"]) for row in results.load("toy", tmp_path)} == {(True, 1)}


def test_a_second_sweep_on_the_same_table_refuses(tmp_path):
    with FileLock(tmp_path / ".toy.csv.lock"), pytest.raises(RuntimeError, match="another sweep is writing toy.csv: wait for it"):
        sweep("toy", lambda seed: {}, [{"seed": 0}], folder=tmp_path)
    assert not (tmp_path / "toy.csv").exists()


def test_other_facts_are_another_experiment_and_other_columns_another_table(toys, tmp_path):
    toys.start(tmp_path)
    assert toys.end() == 0
    kept = table(tmp_path)
    toys.start(tmp_path, before="sweep = module.sweep; module.sweep = lambda n, r, s, f, *rest: sweep(n, r, s, {'data': 'some'}, *rest)")
    assert toys.end() == 0 and table(tmp_path).startswith(kept) and len(results.load("toy", tmp_path)) == 24
    toys.start(tmp_path, before="run = lambda size, word, seed: {'cube': 1}; module.stored = lambda t, w: [None] * len(w)")
    assert toys.end() == 1 and "toy.csv has other columns than this run, size,word,seed,cube" in (tmp_path / "err").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("numbers", ["{'score': 'good'}", "{'score': True}", "{'seed': 3}", "{'score': torch.ones(1)}"])
def test_a_run_that_returns_no_numbers_is_named(toys, tmp_path, numbers):
    toys.start(tmp_path, before=f"run = lambda size, word, seed: {numbers}")
    assert toys.end() == 1 and "a run returns numbers under names of their own, got s" in (tmp_path / "err").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([], "expected a list of settings, each once, got none"),
        ([{"seed": 0}, {"seed": 0}], "each once"),
        ([{"size": 1}], "seed among them"),
        ([{"seed": 0}, {"seed": 1, "size": 2}], "the same names"),
        ([(0, 1)], "settings are dicts"),
        ([{"seed": [0, 1]}], r"a word or a number, got seed = \[0, 1\]"),
        ([{"seed": 0, "size": None}], "got size = None"),
        ([{"seed": 0, "word": ""}], "got word = ''"),
        ([{"seed": 0, "colour": 2}], "cannot be called with .*colour"),
    ],
)
def test_settings_that_do_not_fit_are_named_before_anything_runs(tmp_path, settings, sentence):
    def run(seed, size=1, word="a"):
        raise AssertionError("it ran")

    with pytest.raises(ValueError, match=sentence) as error:
        sweep("toy", run, settings, folder=tmp_path)
    assert "\n" not in str(error.value) and not (tmp_path / "toy.csv").exists()


def test_results_are_numbers_as_they_were_written(tmp_path):
    (tmp_path / "toy.csv").write_text('seed,score,word,none\n0,-24.07,"a, b",\n1,1e-3,nan,\n', encoding="utf-8")
    first, second = results.load("toy", tmp_path)
    assert first == {"seed": 0, "score": -24.07, "word": "a, b", "none": None} and second["score"] == 0.001
    with pytest.raises(ValueError, match="unknown experiment 'game': expected one of toy"):
        results.load("game", tmp_path)

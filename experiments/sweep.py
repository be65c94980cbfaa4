"""Long runs, kept as they finish: a list of settings, a function that turns each into numbers, and one small table of rows.

    rows = sweep("beta_sweep", run, [{"beta": 4.0, "seed": seed} for seed in range(6)], workers=2)

calls run(beta=4.0, seed=0) and so on, each on one thread. A finished run is written at once as a row of vae_helpers/results/NAME.csv:
settings, numbers, seconds, device, facts, command, versions. A killed sweep goes on where it stopped and repeats nothing. On a cluster
nothing changes but one line around the call: `with joblib.parallel_config(backend="dask")`, or "ray".
"""

import argparse
import csv
import inspect
import io
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from vae_helpers import results, runtime
from vae_helpers.files import write_beside_and_rename


def sweep(
    name: str, run: Callable[..., dict], settings: list[dict], facts: dict | None = None, workers: int = 1, folder: Path = results.FOLDER
) -> list[dict]:
    """Run what NAME.csv does not hold yet; the rows of all `settings`, in their order, as `results.load` gives them.

    settings: dicts of words and numbers under the same names, "seed" among them; run(**settings) → dict of numbers; facts: what else
    made the numbers and is the same for all of them (data, model): a row with other facts does not count as done.
    Raises ValueError for settings that do not fit, RuntimeError where another sweep writes the same table, OSError where the last rows
    could not be written (they are printed then). Ctrl-C ends the program with a sentence.
    """
    check(run, settings)
    table, wanted = Path(folder) / f"{name}.csv", [s | (facts or {}) for s in settings]
    table.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(table.with_name(f".{table.name}.lock"), timeout=0):
            for part in table.parent.glob(f".{table.name}.*.part"):  # of a sweep that was killed while it wrote
                part.unlink()
            missing = [s for s, row in zip(settings, stored(table, wanted), strict=True) if row is None]
            print(f"{name}: {len(settings) - len(missing)} of {len(settings)} runs are stored", flush=True)
            run_and_keep(table, run, missing, facts or {}, workers)
            return stored(table, wanted)
    except Timeout:
        raise RuntimeError(f"another sweep is writing {table.name}: wait for it, or stop it first") from None
    except KeyboardInterrupt:
        print(f"\n{name}: stopped; the finished runs are stored, and the same command goes on from there", file=sys.stderr)
        sys.exit(130)


def workers(description: str) -> int:
    """What the command line of every experiment asks: how many runs at a time."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time (1)")
    return parser.parse_args().workers


def run_and_keep(table: Path, run: Callable[..., dict], settings: list[dict], facts: dict, workers: int) -> None:
    """Append a row as soon as its run has finished. While the disk is full rows wait in memory for the next try."""
    waiting, problem = [], None
    always = facts | {"command": command()} | runtime.versions()
    for row in Parallel(n_jobs=workers, return_as="generator_unordered")(delayed(measured)(run, s) for s in settings):
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        waiting.append(row | always)
        try:
            append(table, waiting)
            waiting, problem = [], None
        except OSError as error:
            problem = error
            print(f"{table.name}: {error.strerror}; {len(waiting)} rows wait for room", file=sys.stderr, flush=True)
    if problem:
        print(*(as_csv(row.values()) for row in waiting), sep="", end="", file=sys.stderr)
        raise OSError(problem.errno, f"{len(waiting)} finished rows could not be written to {table.name} and are printed above")


def measured(run: Callable[..., dict], settings: dict) -> dict:
    """What one run found and how long it took, in a worker: polite to others, on one thread."""
    if hasattr(os, "nice"):
        os.nice(max(0, 15 - os.nice(0)))
    torch.set_num_threads(1)
    start = time.perf_counter()
    with threadpool_limits(1):
        numbers = run(**settings)
    for key, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or key in settings:
            raise ValueError(f"a run returns numbers under names of their own, got {key} = {number!r} from {settings}")
    return settings | numbers | {"seconds": round(time.perf_counter() - start, 1), "device": f"cpu {platform.machine()}"}


def append(table: Path, rows: list[dict]) -> None:
    """Add rows at the end of the table; what is there stays as it is, byte for byte."""
    before = table.read_bytes() if table.exists() else as_csv(rows[0]).encode()
    if before.splitlines()[0].decode() != (head := as_csv(rows[0]).strip()):
        raise ValueError(f"{table.name} has other columns than this run, {head}: take another name, or move the old table away")
    write_beside_and_rename(table, before + "".join(as_csv(row.values()) for row in rows).encode())


def stored(table: Path, wanted: list[dict]) -> list[dict | None]:
    """The row of each wanted run, or None."""
    rows = results.load(table.stem, table.parent) if table.exists() else []
    known = {tuple(row.get(key) for key in wanted[0]): row for row in rows}
    return [known.get(tuple(results.value(str(v)) for v in s.values())) for s in wanted]


def check(run: Callable[..., dict], settings: list[dict]) -> None:
    """Raise ValueError, with one sentence, for settings that do not fit the run, before anything is run."""
    if not settings or len({str(s) for s in settings}) < len(settings):
        raise ValueError(f"expected a list of settings, each once, got {settings or 'none'}")
    for s in settings:
        if not isinstance(s, dict) or list(s) != list(settings[0]) or "seed" not in s:
            raise ValueError(f"settings are dicts of the same names in the same order, seed among them, got {s} beside {settings[0]}")
        if wrong := [key for key, v in s.items() if not isinstance(v, str | int | float) or v == ""]:
            raise ValueError(f"a setting is a word or a number, got {wrong[0]} = {s[wrong[0]]!r}")
        try:
            inspect.signature(run).bind(**s)
        except TypeError as error:
            raise ValueError(f"the run cannot be called with {s}: {error}") from None


def command() -> str:
    """The command line, seen from the folder where it was typed."""
    return shlex.join(["python", *(os.path.relpath(sys.argv[0]).replace(os.sep, "/"), *sys.argv[1:])])


def as_csv(cells) -> str:
    csv.writer(text := io.StringIO(), lineterminator="\n").writerow(cells)
    return text.getvalue()

"""Run notebooks under many seeds and in other surroundings, writing nothing, and print a table: do assertions hold always, or by luck?

    python tools/seeds.py                                   all notebooks, VAE_HELPERS_SEED = 0 ... 19, then the surroundings below
    python tools/seeds.py --seeds 5 -j 2 notebooks/06_*     five seeds, two kernels at a time

Where Linux lets a user do that, the whole happens in a namespace in which this checkout is read-only and there is no network but loopback.
Elsewhere every kernel refuses other hosts, as the builder's does, and a file that changes in the checkout counts as a failure.
Exit status 1 if any run fails; each failure is listed with its cell and what it asserted.
"""

import argparse
import asyncio
import locale
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from build_notebooks import NotebookFailed, execute
from freshness import ROOT, there


class Column(NamedTuple):
    """What a run is given: a heading, variables of the environment, and whether it happens in a read-only copy of the notebook's folder."""

    name: str
    variables: dict[str, str]
    elsewhere: bool = False


SURROUNDINGS = [
    Column("two threads", {"VAE_HELPERS_THREADS": "2"}),
    Column("time zone", {"TZ": "LINT-14"}),
    Column("locale", {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"}),
    Column("other folder", {}, elsewhere=True),
]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=there, help="notebooks to run (default: all in notebooks/)")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds, from 0 on (default 20)")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="kernels at a time (default 1)")
    options = parser.parse_args(arguments)
    paths = options.paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    columns = [Column(str(seed), {"VAE_HELPERS_SEED": str(seed), "VAE_HELPERS_THREADS": "1"}) for seed in range(options.seeds)]
    return asyncio.run(run_all(paths, columns + SURROUNDINGS, options.jobs))


async def run_all(paths: list[Path], columns: list[Column], jobs: int) -> int:
    """Print `.` for every run that passed and `F` for one that failed, then the failures and the table. Returns 1 if there is any."""
    free = asyncio.Semaphore(jobs)
    width = max((len(path.stem) for path in paths), default=0)
    print(f"{'seed':{width}} ", *(f"{column.name:>2}" for column in columns), flush=True)
    rows, failures, sealed = [], [], shut_in()
    for path in paths:
        print(f"{path.stem:{width}} ", end="", flush=True)
        before, passed = set() if sealed else files(), []
        runs = [asyncio.create_task(_run(path, column, free)) for column in columns]
        for column, run in zip(columns, runs, strict=True):
            if why := await run:
                failures.append(f"{path.stem}, {'seed ' * column.name.isdigit()}{column.name}, {why}")
            passed.append(not why)
            print(f" {'F' if why else '.':>{max(2, len(column.name))}}", end="", flush=True)
        print()
        wrote = [] if sealed else sorted(file for file, _ in files() - before)
        failures += [f"{path.stem} wrote {file}" for file in wrote]
        rows.append(_row(path.stem, columns, passed, bool(wrote)))
    print(*failures, f"{len(failures)} failures in {len(paths) * len(columns)} runs\n", sep="\n")
    others = [column.name for column in columns if not column.name.isdigit()]
    heads = ["", "seeds, one thread", *others, "read-only checkout", "no network"]
    print(*(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)), sep="\n")
    print("\nThe last two columns are about all runs: " + (SEALED if sealed else NOT_SEALED))
    turkish = "tr_TR.UTF-8" if _installed("tr_TR.UTF-8") else "tr_TR.UTF-8, which this machine does not have, so programs take C"
    print(f"Time zone: LINT-14. Locale: {turkish}. Other folder: a read-only copy in one whose name has a blank and an umlaut.")
    return int(bool(failures))


SEALED = "the checkout could not be written to, and there was no network interface but loopback."
NOT_SEALED = "after each notebook no file of the checkout had changed, and its kernel refused other hosts."


def _row(name: str, columns: list[Column], passed: list[bool], wrote: bool) -> list[str]:
    """A notebook's cells of the table. One passed run shows that it needs neither to write nor a network, as all are without."""
    seeds = [good for column, good in zip(columns, passed, strict=True) if column.name.isdigit()]
    rest = [good for column, good in zip(columns, passed, strict=True) if not column.name.isdigit()]
    return [name, f"{sum(seeds)} of {len(seeds)}", *("✗✓"[good] for good in (*rest, any(passed) and not wrote, any(passed)))]


def _installed(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_TIME, "C")
    return True


def files() -> set[tuple[Path, int]]:
    """The checkout's files with the time of their last change, without what Python and the environment keep for themselves."""
    own = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache"}
    return {(path, path.stat().st_mtime_ns) for path in ROOT.rglob("*") if path.is_file() and not own & set(path.relative_to(ROOT).parts)}


async def _run(path: Path, column: Column, free: asyncio.Semaphore) -> str:
    async with free:
        with tempfile.TemporaryDirectory() as away:
            folder = Path(away) / "Übung 1"  # a name with a blank and a letter that is not ASCII
            if column.elsewhere:
                shutil.copytree(path.resolve().parent, folder)
                folder.chmod(0o555)
            try:
                await execute(path, column.variables, folder=folder if column.elsewhere else None)
            except NotebookFailed as failure:
                return str(failure)
        return ""


# Coming back from /, the shell sees what is mounted. The variable's name is one that the builder keeps from its kernels.
SHUT_IN = 'cd /; mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; cd "$OLDPWD"; VAE_HELPERS_SHUT_IN=1 exec "$@"'


def shutting_in() -> list[str]:
    """What to put before a command so that it sees the checkout read-only and no network; nothing where that is not possible."""
    if not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return []
    words = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-ec", SHUT_IN, str(ROOT)]
    return [] if subprocess.run([*words, "true"], capture_output=True).returncode else words


def shut_in() -> bool:
    """Whether this process was started so. If it was, its loopback interface is up afterwards: the kernels' messages go over it."""
    if "VAE_HELPERS_SHUT_IN" not in os.environ:
        return False
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
    return True


if __name__ == "__main__":
    if "VAE_HELPERS_SHUT_IN" not in os.environ and (words := shutting_in()):
        os.execvp(words[0], [*words, sys.executable, *sys.argv])
    sys.exit(main())

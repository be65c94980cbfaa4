"""Run notebooks under many seeds and in other surroundings, writing nothing, and print a table: do assertions hold always, or by luck?

    python tools/seeds.py                                   all notebooks, VAE_HELPERS_SEED = 0 ... 19, then the surroundings below
    python tools/seeds.py --seeds 5 -j 2 notebooks/06_*     five seeds, two kernels at a time

Every run is offline, as the builder's are. Exit status 1 if any fails; each failure is listed with its cell and what it asserted.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from build_notebooks import NotebookFailed, execute
from freshness import ROOT


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
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks to run (default: all in notebooks/)")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds, from 0 on (default 20)")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="kernels at a time (default 1)")
    options = parser.parse_args(arguments)
    paths = options.paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    columns = [Column(str(seed), {"VAE_HELPERS_SEED": str(seed)}) for seed in range(options.seeds)]
    return asyncio.run(run_all(paths, columns + SURROUNDINGS, options.jobs))


async def run_all(paths: list[Path], columns: list[Column], jobs: int) -> int:
    """Print a row a notebook: `.` where every cell passed, `F` where one failed. Returns 1 if any failed or wrote to the checkout."""
    free = asyncio.Semaphore(jobs)
    width = max((len(path.stem) for path in paths), default=0)
    print(f"{'seed':{width}} ", *(f"{column.name:>2}" for column in columns), flush=True)
    before, failures = files(), []
    for path in paths:
        print(f"{path.stem:{width}} ", end="", flush=True)
        runs = [asyncio.create_task(_run(path, column, free)) for column in columns]
        for column, run in zip(columns, runs, strict=True):
            if why := await run:
                failures.append(f"{path.stem}, {'seed ' * column.name.isdigit()}{column.name}, {why}")
            print(f" {'F' if why else '.':>{max(2, len(column.name))}}", end="", flush=True)
        print()
    failures += [f"a run wrote {path}" for path in sorted(files() - before)]
    print(*failures, f"{len(failures)} failures in {len(paths) * len(columns)} runs", sep="\n")
    return int(bool(failures))


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


if __name__ == "__main__":
    sys.exit(main())

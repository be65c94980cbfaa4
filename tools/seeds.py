"""Run notebooks under many seeds, writing nothing, and print a table: does every assertion hold for any seed, or for a lucky one?

    python tools/seeds.py                                   all notebooks, VAE_HELPERS_SEED = 0 ... 19
    python tools/seeds.py --seeds 5 -j 2 notebooks/06_*     five seeds, two kernels at a time

Exit status 1 if any run fails; each failure is listed with its cell and what it asserted.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from build_notebooks import NotebookFailed, execute
from freshness import ROOT


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks to run (default: all in notebooks/)")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds, from 0 on (default 20)")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="kernels at a time (default 1)")
    options = parser.parse_args(arguments)
    paths = options.paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    return asyncio.run(run_all(paths, range(options.seeds), options.jobs))


async def run_all(paths: list[Path], seeds: range, jobs: int) -> int:
    """Print a row a notebook, a column a seed: `.` where every cell passed, `F` where one failed. Returns 1 if any failed."""
    free = asyncio.Semaphore(jobs)
    width = max((len(path.stem) for path in paths), default=0)
    print(f"{'seed':{width}} ", *(f"{seed:2}" for seed in seeds))
    failures = []
    for path in paths:
        results = await asyncio.gather(*(_run(path, seed, free) for seed in seeds))
        failures += [f"{path.stem}, seed {seed}, {why}" for seed, why in zip(seeds, results, strict=True) if why]
        print(f"{path.stem:{width}} ", *(" F" if why else " ." for why in results), flush=True)
    print(*failures, f"{len(failures)} of {len(paths) * len(seeds)} runs failed", sep="\n")
    return int(bool(failures))


async def _run(path: Path, seed: int, free: asyncio.Semaphore) -> str:
    async with free:
        try:
            await execute(path, {"VAE_HELPERS_SEED": str(seed)})
        except NotebookFailed as failure:
            return str(failure)
    return ""


if __name__ == "__main__":
    sys.exit(main())

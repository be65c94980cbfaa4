"""Seconds and peak memory of each notebook, run once from top to bottom as the builder does it, and stored nowhere.

    python benchmarks/notebooks.py [04_kl_term ...]

Seconds are with the kernel's start; memory is the kernel's largest resident set.
"""

import asyncio
import sys
from pathlib import Path

from rows import Row, command_line

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from build_notebooks import execute
from freshness import ROOT

LIMIT_S, LIMIT_MB = 300, 700


def measure(names: list[str] | None = None) -> list[Row]:
    runs = {}
    for name in names or sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")):
        runs[name] = asyncio.run(execute(ROOT / "notebooks" / f"{name}.ipynb"))
        print(f"  {name}: {runs[name].seconds:.0f} s", flush=True)
    rows = [Row("The notebooks, one thread, each once from top to bottom")]
    rows += [Row(name, f"{run.seconds:.0f} s, {run.peak_mb:.0f} MB") for name, run in runs.items()]
    seconds, peak = sum(run.seconds for run in runs.values()), max(run.peak_mb for run in runs.values())
    return [*rows, Row(f"together (limits: {LIMIT_S} s, {LIMIT_MB} MB)", f"{seconds:.0f} s, at most {peak:.0f} MB")]


if __name__ == "__main__":
    command_line(measure, __doc__)

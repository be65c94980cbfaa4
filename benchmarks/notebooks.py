"""Seconds and peak memory of each notebook, run once from top to bottom as the builder does it, then its core alone; stored nowhere.

    python benchmarks/notebooks.py [04_kl_term ...]

Seconds are with the kernel's start; memory is the kernel's largest resident set.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from rows import Row, command_line

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from build_notebooks import Run, execute
from freshness import ROOT, read
from sections import core

LIMIT_S, LIMIT_CORE_S, LIMIT_MB = 60, 20, 700  # for each


def measure(names: list[str] | None = None) -> list[Row]:
    runs = {}
    for name in names or sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")):
        path = ROOT / "notebooks" / f"{name}.ipynb"
        runs[name] = asyncio.run(execute(path)), core_alone(path)
        print(f"  {name}: {runs[name][0].seconds:.0f} s, its core {runs[name][1].seconds:.0f} s", flush=True)
    rows = [Row("The notebooks, one thread, each once from top to bottom; then the core alone")]
    rows += [Row(name, f"{run.seconds:.0f} s, {run.peak_mb:.0f} MB; core {short.seconds:.0f} s") for name, (run, short) in runs.items()]
    whole, alone = zip(*runs.values(), strict=True)
    seconds, peak, short = [run.seconds for run in whole], max(run.peak_mb for run in whole), max(run.seconds for run in alone)
    limits = f"limits for each: {LIMIT_S} s, {LIMIT_MB} MB; its core {LIMIT_CORE_S} s"
    return [*rows, Row(f"all ({limits})", f"{sum(seconds):.0f} s; at most {max(seconds):.0f} s, {peak:.0f} MB; core {short:.0f} s")]


def core_alone(path: Path) -> Run:
    """The notebook without its further sections, in a kernel of its own."""
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / path.name
        short.write_text(json.dumps(notebook | {"cells": core(notebook["cells"])}), encoding="utf-8")
        return asyncio.run(execute(short, folder=path.parent))


if __name__ == "__main__":
    command_line(measure, __doc__)

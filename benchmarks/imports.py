"""How long importing takes: `import vae_helpers`, and the first cell of notebook 07, each in a new Python.

    python benchmarks/imports.py [--repeats 9]

Quoted is what it adds to starting Python, by turns, with the files in the system's cache.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from rows import Row, command_line, summary

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "07_train_a_vae.ipynb"


def measure(repeats: int = 9) -> list[Row]:
    commands = {"nothing": "pass", "`import vae_helpers`": "import vae_helpers", "the first cell of notebook 07": setup_cell()}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for repeat in range(repeats + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", command], check=True, stdout=subprocess.DEVNULL)
            if repeat:  # the first round reads from the disk
                seconds[name].append(time.perf_counter() - start)
    rows = [Row("Importing, beyond the start of Python")]
    for name in list(commands)[1:]:
        extra = [1000 * (a - b) for a, b in zip(seconds[name], seconds["nothing"], strict=True)]
        rows.append(summary(name, extra, digits=0, unit=" ms"))
    return rows


def setup_cell() -> str:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if "setup" in cell["metadata"].get("tags", [])))


if __name__ == "__main__":
    command_line(measure, __doc__)

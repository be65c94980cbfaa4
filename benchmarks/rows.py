"""What the benchmarks share: a row of the table, a median with its spread, and the machine that they ran on."""

import argparse
import datetime
import importlib.metadata
import inspect
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil


class Row(NamedTuple):
    """What was measured, its median (or the one value), and how far single runs lie apart. A heading has only the first."""

    what: str
    value: str = ""
    spread: str = ""


def summary(what: str, values: Sequence[float], digits: int = 2, unit: str = "") -> Row:
    """Median and range of repeated runs."""
    least, most = (f"{v:,.{digits}f}" for v in (min(values), max(values)))
    return Row(what, f"{statistics.median(values):,.{digits}f}{unit}", f"{least} to {most}, {len(values)} runs" if len(values) > 1 else "")


def markdown(rows: Sequence[Row]) -> str:
    """One table. Headings are bold."""
    lines = ["| | median | spread |", "|---|---|---|"]
    for row in rows:
        lines.append(f"| {row.what if row.value else f'**{row.what}**'} | {row.value} | {row.spread} |")
    return "\n".join(lines)


def plain(rows: Sequence[Row]) -> str:
    """The same rows for a terminal."""
    return "\n".join(f"  {row.what:66} {row.value:24} {row.spread}" if row.value else row.what for row in rows)


def command_line(measure: Callable[..., list[Row]], doc: str) -> None:
    """Measure with what the command line says (--repeats 5 for a number, --no-install for a yes, names for a list), and print the rows."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in ((each.name, each.default) for each in inspect.signature(measure).parameters.values()):
        if isinstance(default, bool):
            parser.add_argument(f"--no-{name}", dest=name, action="store_false")
        elif isinstance(default, int):
            parser.add_argument(f"--{name}", type=int, default=default)
        else:
            parser.add_argument(name, nargs="*")
    print(plain(measure(**vars(parser.parse_args()))))


def others_busy(seconds: float = 3.0) -> float:
    """The share of this machine's processor time, in %, that others take while this process waits."""
    return psutil.cpu_percent(interval=seconds)


def machine() -> str:
    """Date, processor, memory and versions, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "jupyterlab"))
    today = datetime.datetime.now(datetime.UTC).strftime("%-d %B %Y") if os.name != "nt" else str(datetime.date.today())
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{today}: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {system}, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

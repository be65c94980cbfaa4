"""What runs longer than a notebook may take have found, one small table each; `experiments/` holds the programs that wrote them."""

import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

FOLDER = Path(__file__).parent


def load(name: str, folder: Path = FOLDER) -> list[dict[str, str | int | float | None]]:
    """The rows of a stored experiment, such as "gradient_race": one a finished run, in the order in which they finished.

    A row has the run's settings and numbers by name, and then its seconds, device, command and the versions of what it was run with;
    an empty cell, a thing nobody wrote down, is None. Raises ValueError for an unknown name.
    """
    if name not in (known := sorted(path.stem for path in folder.glob("*.csv"))):
        raise ValueError(f"unknown experiment {name!r}: expected one of {', '.join(known)}")
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{key: value(text) for key, text in row.items()} for row in csv.DictReader(file, strict=True)]


def of(rows: Sequence[dict], **settings) -> list[dict]:
    """The rows with these settings."""
    return [row for row in rows if all(row[key] == wanted for key, wanted in settings.items())]


def values(rows: Sequence[dict], name: str, **settings) -> Tensor:
    """One number of every row with these settings, in the order of their seeds, float64 (seeds,)."""
    return torch.tensor([row[name] for row in sorted(of(rows, **settings), key=lambda row: row["seed"])], dtype=torch.float64)


def value(text: str) -> str | int | float | None:
    """A cell as a number where it is one, exactly as it was written."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None

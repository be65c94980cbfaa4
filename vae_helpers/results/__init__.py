"""What runs longer than a notebook may take have found, one small table each; `experiments/` holds the programs that wrote them."""

import csv
from pathlib import Path

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


def value(text: str) -> str | int | float | None:
    """A cell as a number where it is one, exactly as it was written."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None

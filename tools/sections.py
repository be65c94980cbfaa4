"""The sections of a page: what stands under each `## ` heading, and whether it is further: marked so, folded, left out of the core."""

import re
from typing import NamedTuple


class Section(NamedTuple):
    """The heading's text without its marks, whether its cell carries the tag `further`, and the cells, heading included."""

    title: str
    further: bool
    cells: list[dict]


def sections(cells: list[dict]) -> list[Section]:
    """All cells in order; what stands before the first heading is the section "Head"."""
    found = [Section("Head", False, [])]
    for cell in cells:
        heading = re.match(r"## +(.+)", cell["source"]) if cell["cell_type"] == "markdown" else None
        if heading:
            found.append(Section(heading[1].strip(), "further" in cell["metadata"].get("tags", []), []))
        found[-1].cells.append(cell)
    return found


def core(cells: list[dict]) -> list[dict]:
    """The cells of all sections that are not further."""
    return [cell for section in sections(cells) if not section.further for cell in section.cells]


def folded(cell: dict) -> bool:
    """Whether a page shows of a cell's code only that it is there: ▸ code."""
    metadata = cell["metadata"]
    return bool(metadata.get("jupyter", {}).get("source_hidden") or "setup" in metadata.get("tags", []))

"""The way through: the core of every page stands by itself, says how long it takes, and is a walk of at most 200 minutes."""

import re

import pytest
from freshness import ROOT, read
from minutes import totals
from notebook_reading import NOTEBOOKS, after_setup, code_cells, number, run, tags
from notebook_rules import FURTHER
from sections import core, sections

CORE_MINUTES = 200  # of 01 to 08 together
TAG, REFERENCE = re.compile(r"\\tag\{([\d.]+)\}"), re.compile(r"\((\d+\.\d+)\)")


def breaches(notebook: dict) -> list[str]:
    """What is wrong with the marks of core and further sections."""
    found = []
    for title, further, (heading, *_) in sections(notebook["cells"])[1:]:
        if len({"core", "further"} & set(tags(heading))) != 1:
            found.append(f"{title!r} carries neither the tag core nor the tag further")
        if title.startswith(FURTHER) != further:
            found.append(f"{title!r}: the headings of further sections, and no others, begin with {FURTHER!r}")
        if bool(heading["metadata"].get("jp-MarkdownHeadingCollapsed")) != further:
            found.append(f"{title!r}: further sections, and no others, arrive folded")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_section_is_core_or_further(path):
    assert breaches(read(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_core_runs_alone(path):
    run([cell for cell in code_cells({"cells": core(read(path)["cells"])}) if "setup" not in tags(cell)], after_setup(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_core_names_no_equation_that_it_has_not_shown(path):
    here = read(path)
    shown = {tag for cell in core(here["cells"]) for tag in TAG.findall(cell["source"])}
    read_first = [s for s in sections(here["cells"]) if not s.further and s.title != "Exercises"]  # which may draw on all of the page
    prose = [cell["source"] for section in read_first for cell in section.cells if cell["cell_type"] == "markdown"]
    named = {name for text in prose for name in REFERENCE.findall(text) if name.split(".")[0] == str(int(number(path)))}
    assert named <= shown, f"the core names {sorted(named - shown)}, which only further sections show"


def stated(notebook: dict) -> tuple[int, int]:
    """Core and further minutes in the head of a page: "**Minutes** core 25, further 40"."""
    return tuple(int(n) for n in re.search(r"\*\*Minutes\*\* core (\d+), further (\d+)", notebook["cells"][0]["source"]).groups())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_head_says_the_minutes_of_the_rule(path):
    assert stated(read(path)) == totals(read(path))


def test_the_core_of_01_to_08_is_a_walk_of_three_hours():
    assert sum(totals(read(path))[0] for path in NOTEBOOKS if "01" <= number(path) <= "08") <= CORE_MINUTES


def test_00_and_the_readme_say_the_same_minutes():
    texts = {
        "00": "\n".join(cell["source"] for cell in read(NOTEBOOKS[0])["cells"]),
        "README": (ROOT / "README.md").read_text(encoding="utf-8"),
    }
    for path in NOTEBOOKS[1:]:
        core_minutes, further = totals(read(path))
        for name, text in texts.items():
            rows = [line for line in text.splitlines() if line.startswith("|") and path.name in line]
            wanted = f"| {core_minutes} + {further} "
            assert any(wanted in row for row in rows), f"{name} should say {wanted!r} minutes in its row of {path.stem}"


def test_the_readme_00_and_07_show_the_same_program():
    programs = [
        cell["source"] for path in NOTEBOOKS if number(path) in ("00", "07") for cell in code_cells(read(path)) if "program" in tags(cell)
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(programs) == 2 and programs[0] == programs[1] and programs[0] in readme


@pytest.mark.parametrize(
    ("title", "tag", "folded", "message"),
    [
        ("A", "core", False, ""),
        ("Further: A", "further", True, ""),
        ("A", "slow", False, "carries neither the tag core nor the tag further"),
        ("A", "further", True, "begin with 'Further: '"),
        ("Further: A", "core", False, "begin with 'Further: '"),
        ("Further: A", "further", False, "arrive folded"),
        ("A", "core", True, "arrive folded"),
    ],
)
def test_breaches_are_seen(title, tag, folded, message):
    metadata = {"tags": [tag], "jp-MarkdownHeadingCollapsed": folded}
    page = [
        {"cell_type": "markdown", "source": "# Page", "metadata": {}},
        {"cell_type": "markdown", "source": f"## {title}", "metadata": metadata},
    ]
    found = breaches({"cells": page})
    assert len(found) == bool(message) and message in "".join(found)

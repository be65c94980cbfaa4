"""Core and further sections outside JupyterLab: folded on pages, after the core on slides, counted apart in minutes."""

import pytest
from export_page import page
from minutes import SECONDS, minutes, totals
from slides import heading, stacks


def cell(kind: str, source: str, **metadata) -> dict:
    more = {"outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": {"slideshow": {"slide_type": "slide"}} | metadata, **more}


@pytest.fixture
def notebook():
    return {
        "cells": [
            cell("markdown", "# Title"),
            cell("markdown", "## One\none two three", tags=["core"]),
            cell(
                "markdown",
                "## Further: Two\n$$\\begin{aligned}a\\\\b\\end{aligned}$$",
                tags=["further"],
                **{"jp-MarkdownHeadingCollapsed": True},
            ),
            cell("code", "x = 1\n\ny = 2"),
            cell("code", "z = 3", jupyter={"source_hidden": True}),
            cell("markdown", "## Three", tags=["core"]),
        ]
    }


def test_a_further_section_is_folded_on_a_page_and_open_on_one_to_print(notebook):
    live, stored = (page(notebook, "n.ipynb", set(), stored=stored) for stored in (False, True))
    for text, start in ((live, '<details class="further">'), (stored, '<details class="further" open>')):
        begin = text.index(start)  # the list of contents above names the sections, too
        fold = text[begin : text.index("Three", begin)]
        assert text.count('class="further"') == 1 and fold.count("<details") == fold.count("</details>") == 2
        assert "Further: Two" in fold and "One" not in fold and "y" in fold


def test_code_that_only_draws_is_folded(notebook):
    fold = page(notebook, "n.ipynb", set()).split('<details class="code">')[1]
    assert "z" in fold.split("</details>")[0] and "x = " not in fold


def test_on_slides_what_is_further_comes_after_the_core(notebook):
    assert [heading(stack) for stack in stacks(notebook["cells"]) if heading(stack)] == ["Title", "One", "Three", "Further: Two"]


def test_minutes_count_what_is_read(notebook):
    seconds = {section.title: taken * 60 for section, taken in minutes(notebook)}
    assert seconds["One"] == pytest.approx(4 * SECONDS["word"])
    assert seconds["Further: Two"] == pytest.approx(2 * SECONDS["word"] + 2 * SECONDS["formula"] + 2 * SECONDS["code"])  # z = 3 is hidden
    notebook["cells"][1]["source"] += " word" * 1200  # six minutes
    assert totals(notebook) == (10, 5)

"""The speaker's notes in lectures/: one file a notebook, an entry for each section, in its order, with minutes and a question; and what a
short class leaves out, which `export --slides --short` does."""

import re
from html import unescape

import pytest
import slides
from export_page import lecture
from freshness import read
from notebook_reading import NOTEBOOKS
from slides import ROOT, SHORT, heading, left_out, minutes, speaker_notes, stacks


def faults(headings: list[str], text: str, notes: dict[str, str]) -> list[str]:
    """What is wrong with the notes of a notebook with these sections; `text` is their file's."""
    found = [] if list(notes) == headings else [f"expected entries for {headings}, got {list(notes)}"]
    found += [f"{name!r} does not start with its minutes, **4 min.**" for name in notes if name not in minutes(notes)]
    found += [f"{name!r} asks nothing: **Ask.** ...?" for name, note in list(notes.items())[1:] if not _asks(name, note)]
    total, stated = sum(minutes(notes).values()), re.search(r"\*\*Total: (\d+) min\.\*\*", text)
    if not stated or int(stated[1]) != total:
        found.append(f"the sections take {total} minutes, the top says {stated and stated[0]}")
    return found


def _asks(name: str, note: str) -> bool:
    return name in ("Summary card", "Exercises", "What comes next") or bool(re.search(r"\*\*Ask\.\*\*.*\?", note, re.DOTALL))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_section_has_its_notes(path):
    text = (ROOT / "lectures" / f"{path.stem}.md").read_text(encoding="utf-8")
    wrong = faults([heading(stack) for stack in stacks(read(path)["cells"])], text, speaker_notes(path))
    assert not wrong, "\n".join(wrong)


GOOD = {"Title": "**1 min.** Hello.", "One": "**4 min.** **Ask.** Why?", "Summary card": "**2 min.** Read."}


@pytest.mark.parametrize(
    ("change", "total", "message"),
    [
        ({}, 7, None),
        ({}, 8, "take 7 minutes"),
        ({"One": "**Ask.** Why?"}, 3, "does not start with its minutes"),
        ({"One": "**4 min.** Because."}, 7, "asks nothing"),
        ({"Two": "**4 min.** **Ask.** Why?"}, 11, "expected entries"),
    ],
)
def test_a_fault_is_seen(change, total, message):
    wrong = faults(list(GOOD), f"**Total: {total} min.**", GOOD | change)
    assert (message in "\n".join(wrong)) if message else not wrong


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_short_class_leaves_out_is_there_and_takes_as_long_as_it_says(path):
    notes, out = speaker_notes(path), left_out(path)
    assert out and set(out) <= {heading(stack) for stack in stacks(read(path)["cells"])}
    assert out == {name: minutes(notes)[name] for name in out}
    left = sum(minutes(notes).values()) - sum(out.values())
    assert int(SHORT.search((ROOT / "lectures" / f"{path.stem}.md").read_text(encoding="utf-8"))[1]) == left


@pytest.mark.parametrize("short", [False, True])
def test_slides_have_each_section_of_the_class_and_its_minutes(short):
    path = NOTEBOOKS[6]  # where a section of the lecture begins inside one of the page
    notes, out = speaker_notes(path), left_out(path) if short else {}
    shown = [name for name in notes if name not in out]
    page = lecture(read(path), path, set(), short)
    found = re.findall(r"<section>\n<section data-timing=.*?<h[1-6][^>]*>(.*?)<a", page, re.DOTALL)
    assert [unescape(name) for name in found] == shown
    assert [int(seconds) for seconds in re.findall(r'<section data-timing="(\d+)">', page)] == [60 * minutes(notes)[name] for name in shown]


@pytest.mark.parametrize(
    ("paragraph", "message"),
    [
        ("", "Expected the minutes of a short class and what it leaves out in lectures/98_sample.md"),
        ('**Short class: 3 min.** Leave out "Two" (4 min) and "Three"\n(2).\n\n', r"leaves \['Three'\] out of a short class"),
    ],
)
def test_a_short_class_that_the_notes_do_not_describe_is_refused(tmp_path, monkeypatch, paragraph, message):
    (tmp_path / "lectures").mkdir()
    text = f"# Sample\n\n{paragraph}## One\n**3 min.** A\n\n## Further: Two\n**4 min.** B\n"
    (tmp_path / "lectures/98_sample.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(slides, "ROOT", tmp_path)
    with pytest.raises(LookupError, match=message):
        left_out(ROOT / "98_sample.ipynb")


def test_the_table_of_classes_has_the_notes_minutes():
    """And so have the plans that add short classes up."""
    text = (ROOT / "lectures/README.md").read_text(encoding="utf-8")
    classes = {path.stem[:2]: sum(minutes(speaker_notes(path)).values()) for path in NOTEBOOKS}
    short = {path.stem[:2]: classes[path.stem[:2]] - sum(left_out(path).values()) for path in NOTEBOOKS}
    table = {
        name: (int(whole), int(brief)) for name, whole, brief in re.findall(r"^\| \[(\d\d)\].* \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    }
    assert table == {name: (classes[name], short[name]) for name in classes}
    plans = re.findall(r"(\d\d(?: \+ \d\d)+) take (\d+)", text)
    assert plans and all(sum(short[name] for name in names.split(" + ")) == int(taken) <= 90 for names, taken in plans)

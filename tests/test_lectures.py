"""The speaker's notes in lectures/: one file a notebook, an entry for each section, in its order, with minutes and a question."""

import re

import pytest
from freshness import read
from notebook_reading import NOTEBOOKS
from slides import ROOT, heading, speaker_notes, stacks

MINUTES = re.compile(r"^\*\*(\d+) min\.\*\*")


def faults(headings: list[str], text: str, notes: dict[str, str]) -> list[str]:
    """What is wrong with the notes of a notebook with these sections; `text` is their file's."""
    found = [] if list(notes) == headings else [f"expected entries for {headings}, got {list(notes)}"]
    found += [f"{name!r} does not start with its minutes, **4 min.**" for name, note in notes.items() if not MINUTES.match(note)]
    found += [f"{name!r} asks nothing: **Ask.** ...?" for name, note in list(notes.items())[1:] if not _asks(name, note)]
    total, stated = sum(int(m[1]) for note in notes.values() if (m := MINUTES.match(note))), re.search(r"\*\*Total: (\d+) min\.\*\*", text)
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

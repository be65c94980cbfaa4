"""Every notebook keeps every rule of `notebook_rules`; and every rule reports a notebook that breaks it."""

import base64
import copy
import re
from pathlib import Path

import nbformat.v4
import pytest
from build_notebooks import normalise
from freshness import ROOT, stamp
from notebook_reading import NOTEBOOKS, number
from notebook_rules import EXEMPT, RULES, Page, load

TO_KEEP = [(path, name) for path in NOTEBOOKS for name in RULES if name not in EXEMPT.get(number(path), ())]


@pytest.mark.parametrize(("path", "name"), TO_KEEP, ids=[f"{path.stem}-{name}" for path, name in TO_KEEP])
def test_the_notebook_keeps_the_rule(path, name):
    found = list(RULES[name](load(path)))
    assert not found, f"{path.name} breaks {name!r} ({RULES[name].__doc__}):\n" + "\n".join(found)


# ---------------------------------------------------------------- every rule can fail

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
OPENING = "# A page\n\nWhat is a good page? \n\n**You will be able to** write one.\n\n**Needs** nothing.\n\n**Minutes** 3"
CELLS = [
    ("md", "slide", OPENING),
    ("setup", "skip", "# Opened alone? %pip install git+https://x\nfrom vae_helpers import runtime, widgets\nruntime.setup()"),
    (
        "md",
        "slide",
        "## A *good* question\n\n**Predict.** How many? See [the question](#A-good-question) and "
        "[Somebody 1900](references.md#somebody1900).\n\n```\n# no heading!\n```\n$n!$",
    ),
    ("figure", "", "widgets.draw()"),
    ("md", "", "*Figure: A straight\nline.*"),
    ("md", "slide", "## Folk claims, tested\n\nWhich do you believe? 1. Yes."),
    ("md", "slide", "## Summary card"),
    ("md", "slide", "## Exercises"),
    *[("exercise-check", "", f'exercises.check("98.{k}", answer)') for k in (1, 2, 3)],
    ("md", "slide", "**Next** nothing."),
]


CHOICE = '<details class="choice"><summary>One</summary>Yes.</details>'


def good_page(folder: Path) -> Page:
    """A page that keeps every rule, as the build tool would leave it."""
    (folder / "references.md").write_text('- <a id="somebody1900"></a>**Somebody 1900.**', encoding="utf-8")
    cells = []
    for kind, slide, source in CELLS:
        new = nbformat.v4.new_markdown_cell if kind == "md" else nbformat.v4.new_code_cell
        metadata = {"slideshow": {"slide_type": slide}} | ({} if kind == "md" else {"tags": [kind]})
        cells.append(new(source, metadata=metadata))
    cells[3]["metadata"]["alt"] = "A straight line."
    cells[3]["outputs"] = [nbformat.v4.new_output("display_data", {"image/png": PNG, "text/plain": "View"})]
    for count, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), 1):
        cell["execution_count"] = count
    notebook = normalise(nbformat.v4.new_notebook(cells=cells), "98")
    notebook["metadata"]["vae_helpers"] = stamp(notebook)
    return Page(folder / "98_page.ipynb", notebook)


@pytest.mark.parametrize("name", RULES)
def test_a_good_page_breaks_no_rule(name, tmp_path):
    assert list(RULES[name](good_page(tmp_path))) == []


def source(index, new, old=None):
    """A breach: the cell's source replaced, or `old` in it by `new`."""

    def breach(page):
        cell = page.notebook["cells"][index]
        assert old is None or old in cell["source"]
        cell["source"] = cell["source"].replace(old, new) if old else new

    return breach


def put(index, **fields):
    """A breach: fields of a cell replaced."""
    return lambda page: page.notebook["cells"][index].update(copy.deepcopy(fields))


def swap(i, j):
    def breach(page):
        cells = page.notebook["cells"]
        cells[i], cells[j] = cells[j], cells[i]

    return breach


def stream(name, text):
    return [{"output_type": "stream", "name": name, "text": text}]


FIGURE = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}
WIDGET = {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {}, "image/png": PNG}, "metadata": {}}
LIVE = {"output_type": "display_data", "data": {"text/plain": "LatentPad: a pad", "image/png": PNG}, "metadata": {}}
ALT = {"alt": "A straight line."}
BREACHES = [
    ("fresh", source(3, "widgets.draw(1)"), "changed since it was built"),
    ("fresh", put(3, outputs=[]), "not written by this tool"),
    ("fresh", lambda page: page.notebook["metadata"].clear(), "never built"),
    ("clean_outputs", put(3, outputs=stream("stderr", "UserWarning")), "cell 3 wrote to stderr: UserWarning"),
    ("clean_outputs", put(3, outputs=stream("stdout", "<T object at 0x7f00ab>")), "memory address"),
    ("clean_outputs", put(3, outputs=[{"output_type": "error", "ename": "E", "evalue": "bad"}]), "raised E: bad"),
    ("ran_in_order", put(3, execution_count=7), "execution counts are [1, 7, 3, 4, 5]"),
    ("ran_in_order", put(3, execution_count=None), "None"),
    ("normal_form", put(3, id="random"), "cell ids"),
    ("normal_form", put(3, metadata={"scrolled": True}), "metadata"),
    ("normal_form", put(3, outputs=[WIDGET]), "widget views"),
    ("small", put(3, outputs=stream("stdout", "x" * 1_000_000)), "allowed are 1000000"),
    ("captions", put(3, metadata={}), "no alt text"),
    ("captions", put(3, outputs=[]), "shows no picture"),
    ("captions", put(3, outputs=[FIGURE, FIGURE]), "2 pictures"),
    ("captions", source(4, "*Figure: Another line.*"), "needs *Figure: A straight line.*"),
    ("captions", source(4, "A straight line."), "it has none"),
    ("captions", put(3, outputs=[LIVE], metadata=ALT), "says not what the hand does"),
    ("captions", lambda page: [put(3, outputs=[LIVE], metadata=ALT)(page), source(4, "*Figure: A line.*")(page)], "not what the hand does"),
    ("opening", swap(0, 1), "does not start with a title"),
    ("opening", source(0, ".", "?"), "asks no question"),
    ("opening", source(0, "", "**You will be able to**"), "lacks **You will be able to**"),
    ("opening", source(0, "", "**Needs**"), "lacks **Needs**"),
    ("opening", source(0, "", "**Minutes**"), "lacks **Minutes**"),
    ("opening", source(0, "few", "3"), "no number"),
    ("closing", source(5, "## Myths"), "expected the sections"),
    ("closing", swap(6, 7), "in this order"),
    ("vote_first", source(5, "that", "Which do you believe?"), "does not begin with a question"),
    ("vote_first", source(5, "*False.*", "Yes."), "begins with a verdict: *False"),
    ("vote_first", source(5, "\n\n| 1 | yes |", " Yes."), "begins with a verdict: | 1"),
    ("exercises", put(8, metadata={}), "2 exercises"),
    ("next_link", source(11, "The end."), "no **Next**"),
    ("next_link", lambda page: page.path.with_name("99_next.ipynb").touch(), "does not link to 99_next.ipynb"),
    ("predicts", source(2, "Guess.", "**Predict.**"), "no **Predict.**"),
    ("choices", source(2, f"Guess.\n\n{CHOICE}\n{CHOICE}", "**Predict.**"), "below a **Predict.**"),
    ("choices", source(2, f"many?\n\n{CHOICE}", "many?"), "two to four"),
    ("choices", source(2, f"many?\n\n{CHOICE}\n{CHOICE.replace('Yes.', '')}", "many?"), "with its answer"),
    ("interactive", lambda page: [source(i, "pass")(page) for i in (1, 3)], "no code cell uses"),
    ("setup_first", put(1, metadata={}), "no tag `setup`"),
    ("setup_first", source(1, "", "runtime.setup()"), "no setup cell calls"),
    ("setup_first", source(1, "Opened", "Opened alone"), "lacks the line `# Opened alone"),
    ("headings", source(2, "# Two"), "2 H1"),
    ("headings", source(2, "### Deep"), "is H3 under an H1"),
    ("headings", source(2, "## Exercises"), "stands 2 times"),
    ("slides", put(3, metadata={}), "cell 3 has slide type None"),
    ("slides", put(3, metadata={"slideshow": {"slide_type": "sub-slide"}}), "'sub-slide'"),
    ("slides", swap(0, 1), "the first cell is 'skip'"),
    ("short_cells", source(3, "x = 1  # one\n" * 16), "16 lines"),
    ("forbidden_code", source(3, "%matplotlib inline"), "%matplotlib"),
    ("forbidden_code", source(3, "from ipywidgets import interact"), "interact"),
    ("forbidden_code", source(3, "interact(f, x=3)"), "interact("),
    ("forbidden_code", source(3, "with widgets.Output(): f()"), "Output("),
    ("forbidden_code", source(3, "clear_output()"), "clear_output"),
    ("forbidden_code", source(3, "import pickle"), "pickle"),
    ("forbidden_code", source(3, "torch.save(vae, 'v')"), "torch.save"),
    ("forbidden_code", source(3, "def f(change):\n    plt.plot()\nslider.observe(f)"), "no pyplot in a callback"),
    ("plain_words", source(2, "It is simply so."), "'simply'"),
    ("plain_words", source(2, "Obviously."), "'Obviously'"),
    ("plain_words", source(2, "Look!"), "'!'"),
    ("plain_words", source(2, "The bound E_q[log p] is."), "is a formula"),
    ("plain_words", source(2, "| p_θ(x\\|z) | the decoder |"), "'p_θ(x"),
    ("plain_words", source(2, "The weight is e^(−u)."), "'e^(−u).' is a formula"),
    ("links", source(2, "[the next page](97_gone.ipynb)"), "no file 97_gone.ipynb"),
    ("links", source(2, "[the end](#The-end)"), "no heading #The-end"),
    ("links", source(2, "[Nobody 1900](references.md#nobody1900)"), "references.md has no entry #nobody1900"),
    ("links", source(2, "[here](https://arxiv.org)"), "does not say where"),
    ("no_private_paths", source(2, "See /home/me/x.py"), "/home/me/x.py"),
    ("no_private_paths", put(3, outputs=stream("stdout", f"in{ROOT}")), str(ROOT)),
    ("no_private_paths", put(3, outputs=stream("stdout", "read C:\\Users\\me")), "C:\\Users\\me"),
]


@pytest.mark.parametrize(("name", "breach", "message"), BREACHES, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(BREACHES)])
def test_a_broken_page_is_reported(name, breach, message, tmp_path):
    page = good_page(tmp_path)
    breach(page)
    assert message in "\n".join(RULES[name](page))


def test_every_rule_is_seen_to_fail():
    assert {name for name, *_ in BREACHES} == set(RULES)


# ---------------------------------------------------------------- the one list of references


def test_every_reference_is_cited_and_stands_once_in_order():
    keys = re.findall(r'<a id="([^"]+)"></a>', (ROOT / "notebooks" / "references.md").read_text(encoding="utf-8"))
    assert keys == sorted(set(keys))
    pages = [cell["source"] for path in NOTEBOOKS for cell in load(path).notebook["cells"]]
    assert set(keys) == set(re.findall(r"references\.md#(\w+)", "\n".join(pages)))


def test_every_reference_says_what_it_was_checked_against():
    """A mark at the end of an entry, one of those that the list explains at its top; no mark says: its text."""
    text = (ROOT / "notebooks" / "references.md").read_text(encoding="utf-8")
    legend, *entries = re.split(r"^- ", text, flags=re.MULTILINE)
    marks = [re.search(r" \*Checked against (.*)\.\*$", entry.rstrip()) for entry in entries]
    assert [entry for entry, mark in zip(entries, marks, strict=True) if "hecked" in entry and not mark] == []
    sources = {mark[1] for mark in marks if mark}
    assert sources == {"its workshop version", "its authors' code", "its abstract", "quotations of it"}
    assert all(f"*{source}*" in legend for source in sources)

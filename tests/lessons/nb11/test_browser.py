"""Notebook 11's interactive figures under a hand."""

import re

from browser.figure import CANVAS, Figure, tagged
from playwright.sync_api import expect


def test_folds_bend_q_onto_the_second_peak(lab):
    figure = Figure(lab, "11_four_ideas.ipynb", "flow")
    folds, training = figure.sliders
    expect(figure.reading).to_have_text(re.compile(r"KL 0\.427 nats; 0 of 12"))  # it opens without a fold
    figure.drag(folds, 0, 1)
    figure.arrived((8, "straight uphill"))
    training.press("End")
    figure.arrived((8, "annealed"))
    expect(figure.reading).to_have_text(re.compile(r"best of twelve starts: KL 0\.0\d\d nats"))


def test_a_word_is_painted_at_four_places(lab):
    """The codebook: another entry, other pictures, the kernel's pixel for pixel."""
    figure = Figure(lab, "11_four_ideas.ipynb", "codebook")
    (entry,) = figure.sliders
    figure.arrived(9)
    before = figure.canvas.evaluate(CANVAS)
    figure.drag(entry, 0.53, 0)
    figure.arrived(1)
    assert figure.canvas.evaluate(CANVAS) != before
    entry.press("End")
    figure.arrived(16)


def test_the_label_is_a_switch_and_the_style_a_drag(lab):
    sources = tagged("11_four_ideas.ipynb", "label")
    page = lab([*sources, "print([round(v, 2) for v in pad.z], pad.reading)"])
    for k in range(len(sources)):
        page.run_cell(k)
    assert not (errors := page.errors()), errors[0]
    view, pad, reading, canvas = (page.widget(len(sources) - 1, f".vae-{part}") for part in ("view", "pad", "reading", "image"))
    expect(reading).to_have_text("(z1, z2, label) = (0.50, −0.50, 3.00)")
    three = canvas.evaluate(CANVAS)
    view.get_by_role("radio", name="7").check()
    expect(reading).to_have_text("(z1, z2, label) = (0.50, −0.50, 7.00)")  # the style stays
    seven = canvas.evaluate(CANVAS)
    page.drag(pad, (0.5, 0.5), (0.8, 0.3))
    expect(reading).to_contain_text(re.compile(r"= \((1\.[5-9]|2\.\d).*, 7\.00\)"))  # the label stays
    expect(view.get_by_role("radio", name="7")).to_be_checked()
    assert len({three, seven, canvas.evaluate(CANVAS)}) == 3
    page.run_cell(len(sources)).wait_idle()
    expect(page.output(len(sources))).to_contain_text(reading.text_content().strip())
    page.screenshot("notebook-11-pad")

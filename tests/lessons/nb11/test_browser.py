"""Notebook 11's interactive figures under a hand."""

import re

from browser.figure import Figure, tagged
from playwright.sync_api import expect


def test_folds_bend_q_onto_the_second_peak(lab):
    figure = Figure(lab, "11_four_ideas.ipynb", "flow")
    folds, training = figure.sliders
    expect(figure.reading).to_have_text(re.compile(r"best of twelve starts: KL 0\.0\d\d nats"))
    folds.press("Home")
    expect(figure.reading).to_have_text(re.compile(r"KL 0\.427 nats; 0 of 12"))
    figure.drag(folds, 0, 1)
    figure.arrived((8, "annealed"))
    training.press("Home")
    figure.arrived((8, "straight uphill"))


def test_the_label_is_a_button_and_a_slider(lab):
    sources = tagged("11_four_ideas.ipynb", "label")
    page = lab([*sources, "print([round(v, 2) for v in list(Out.values())[-1].z])"])
    for k in range(len(sources)):
        page.run_cell(k)
    assert not (errors := page.errors()), errors[0]
    view = page.widget(len(sources) - 1, ".vae-view")
    view.get_by_role("button", name=re.compile("encode image 8")).click()
    page.run_cell(len(sources)).wait_idle()
    expect(page.output(len(sources))).to_contain_text("[0.0, 0.0, 7.0]")
    view.get_by_role("slider").nth(2).press("ArrowRight")
    page.run_cell(len(sources)).wait_idle()
    expect(page.output(len(sources))).to_contain_text(re.compile(r"\[0\.0, 0\.0, 7\.0[4-9]"))

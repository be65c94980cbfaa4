"""Notebook 09's three drags under a hand: prior and counts, sweep by sweep, and q climbing onto the posterior."""

import re

from browser.figure import Figure
from playwright.sync_api import expect

NOTEBOOK = "09_inference.ipynb"


def nats(figure: Figure) -> float:
    return float(re.search(r"([−\d.]+) nats", figure.reading.inner_text())[1].replace("−", "-"))


def test_prior_and_counts(lab):
    figure = Figure(lab, NOTEBOOK, "counts")
    strength, seen = figure.sliders
    seen.press("Home")
    expect(figure.reading).to_have_text(re.compile(r"no image seen. Posterior mean 0\.500"))
    figure.drag(seen, 0, 0.5)
    expect(figure.reading).to_have_text(re.compile(r"of \d+ images have ink there"))
    seen.press("End")
    expect(figure.reading).to_have_text(re.compile(r"of 200 images have ink there"))
    strength.press("End")
    figure.arrived((100, 200))


def test_sweep_by_sweep(lab):
    figure = Figure(lab, NOTEBOOK, "mixture")
    _, sweep = figure.sliders
    sweep.press("Home")
    expect(figure.reading).to_have_text(re.compile(r"Start 1, after sweep 0: ELBO −\d+\.\d nats"))
    before = nats(figure)
    figure.drag(sweep, 0, 0.6)
    sweep.press("End")
    expect(figure.reading).to_have_text(re.compile(r"after sweep 60"))
    assert nats(figure) > before  # coordinate ascent goes up


def test_refinement(lab):
    figure = Figure(lab, NOTEBOOK, "refine")
    _, steps = figure.sliders
    steps.press("Home")
    expect(figure.reading).to_have_text(re.compile(r"Image 1, 0 steps"))
    before = nats(figure)
    figure.drag(steps, 0, 0.6)
    steps.press("End")
    expect(figure.reading).to_have_text(re.compile(r"Image 1, 50 steps"))
    assert nats(figure) < before
    figure.arrived((1, 50))

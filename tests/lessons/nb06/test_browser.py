"""Notebook 06's two laboratories under a hand."""

import re

from browser.figure import Figure
from playwright.sync_api import expect


def test_sigma_and_f_move_the_laboratory(lab):
    figure = Figure(lab, "06_gradients.ipynb", "laboratory")
    sigma, f = figure.sliders
    # f = (z − 3)² at μ = 1: gradient 2 (μ − 3); variances (6.14) and (6.13) with d = −2
    expect(figure.reading).to_have_text("exact gradient -4.000; exact variance: score 87, pathwise 4, ratio 21.75")
    sigma.press("ArrowRight")
    expect(figure.reading).to_have_text("exact gradient -4.000; exact variance: score 96.86, pathwise 9, ratio 10.76")
    sigma.press("End")
    expect(figure.reading).to_have_text(re.compile(r"variance: score 192\.8, pathwise 36, ratio 5\.355"))
    f.press("End")  # cos 4z under a wide q: the gradient is gone
    expect(figure.reading).to_have_text(re.compile("exact gradient -?0.000"))
    figure.drag(sigma, 1, 0)
    figure.drag(f, 1, 0)
    expect(figure.reading).to_have_text(re.compile(r"exact gradient -4\.000; .*pathwise 0\.25"))
    figure.arrived((0.25, "(z − 3)²"))
    figure.lab.screenshot("laboratory")


def test_dimension_and_samples_move_the_other(lab):
    figure = Figure(lab, "06_gradients.ipynb", "dimension")
    dimension, samples = figure.sliders
    readings = {figure.reading.inner_text()}
    figure.drag(dimension, 0.5, 1)
    expect(dimension).to_have_value("4")
    figure.arrived((100, 4))
    readings.add(figure.reading.inner_text())
    samples.press("ArrowRight")
    expect(samples).to_have_value("3")
    figure.arrived((100, 8))
    readings.add(figure.reading.inner_text())
    assert len(readings) == 3, "the sentence stayed behind"

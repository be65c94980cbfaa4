"""Notebook 10's waterline under a hand."""

from browser.figure import Figure
from playwright.sync_api import expect


def test_the_waterline_drowns_dimensions(lab):
    figure = Figure(lab, "10_when_vaes_fail.ipynb", "waterline")
    (level,) = figure.sliders
    expect(figure.reading).to_have_text("12 of 64 dimensions alive, 5.5 nats of KL")
    level.press("End")
    expect(figure.reading).to_have_text("0 of 64 dimensions alive, 0.0 nats of KL")
    figure.drag(level, 1, 0)
    figure.arrived(0.01)
    figure.lab.screenshot("waterline")

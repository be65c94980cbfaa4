"""Notebook 10's three drags under a hand: the waterline, the patients' charts, and β over trained models."""

import re

from browser.figure import Figure
from playwright.sync_api import expect

NOTEBOOK = "10_when_vaes_fail.ipynb"


def nats(figure: Figure) -> float:
    figure.lab.refresh()
    return float(re.match(r"KL ([\d.]+) nats", figure.reading.inner_text())[1])


def test_the_waterline_drowns_dimensions(lab):
    figure = Figure(lab, NOTEBOOK, "waterline")
    (level,) = figure.sliders
    expect(figure.reading).to_have_text("12 of 64 dimensions alive, 5.5 nats of KL")
    level.press("End")
    expect(figure.reading).to_have_text("0 of 64 dimensions alive, 0.0 nats of KL")
    figure.drag(level, 1, 0)
    figure.arrived(0.01)
    figure.lab.screenshot("waterline")


def test_the_patients_are_turned_over(lab):
    figure = Figure(lab, NOTEBOOK, "patients")
    (letter,) = figure.sliders
    measured = r": ELBO −[\d.]+ nats by its log, −[\d.]+ as measured\."
    expect(figure.reading).to_have_text(re.compile("Patient A" + measured))
    letter.press("ArrowRight")
    expect(figure.reading).to_have_text(re.compile("Patient B" + measured))
    letter.press("End")
    expect(figure.reading).to_have_text(re.compile("Patient J" + measured))
    figure.arrived("J")
    figure.drag(letter, 1, 0)
    figure.arrived("A")
    figure.lab.screenshot("patients")


def test_a_heavier_kl_leaves_fewer_nats(lab):
    figure = Figure(lab, NOTEBOOK, "weights")
    (beta,) = figure.sliders
    beta.press("Home")
    seen = [nats(figure)]
    for _ in range(4):
        beta.press("ArrowRight")
        seen.append(nats(figure))
    assert seen == sorted(seen, reverse=True) and seen[0] > seen[-1] + 1
    figure.drag(beta, 0, 1)
    beta.press("End")
    expect(figure.reading).to_have_text(re.compile(r"KL 0\.\d+ nats"))
    figure.lab.screenshot("weights")

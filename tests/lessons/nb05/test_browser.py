"""Notebook 05's interactive figure under a hand."""

import re

from browser.figure import Figure
from playwright.sync_api import expect


def test_sigma_moves_the_three_panels(lab):
    figure = Figure(lab, "05_reconstruction_term.ipynb", "sigma")
    (sigma,) = figure.sliders
    expect(figure.reading).to_have_text(
        re.compile(r"β = 0\.08, KL \d+\.\d\d nats, error 0\.\d{3}, \d+ images share a code")
    )  # 2 σ², σ = 0.2
    sigma.press("ArrowRight")
    expect(figure.reading).to_contain_text("β = 0.18")
    figure.arrived(0.3)
    figure.drag(sigma, 0.4, 1)
    expect(figure.reading).to_contain_text("β = 2.00, KL 0.0")  # σ = 1: the codes have collapsed
    figure.arrived(1.0)
    figure.lab.screenshot("sigma")

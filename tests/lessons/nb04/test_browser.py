"""Notebook 04's interactive figure under a hand."""

from browser.figure import Figure
from playwright.sync_api import expect


def test_mu_and_sigma_move_the_integrand(lab):
    figure = Figure(lab, "04_kl_term.ipynb", "integrand")
    mu, sigma = figure.sliders
    expect(figure.reading).to_have_text("KL(q‖p) = 0.818 nats")  # ½ (1 + ¼ − 1) + log 2, at μ = 1, σ = ½
    mu.press("End")
    expect(figure.reading).to_have_text("KL(q‖p) = 2.318 nats")
    figure.drag(sigma, 0, 1)
    expect(figure.reading).to_have_text("KL(q‖p) = 2.807 nats")  # μ = 2, σ = 2
    figure.arrived((2.0, 2.0))
    figure.lab.screenshot("kl-integrand")

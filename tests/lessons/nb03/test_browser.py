"""Notebook 03's interactive figures under a hand."""

import torch
from browser.figure import Figure
from playwright.sync_api import expect

from vae_helpers.inference.variational import gaussian_elbo
from vae_helpers.toy import CurvedToy


def reading_at(mu: float, sigma: float) -> str:
    """What the sentence below the sliders must say: the bound by Gauss–Hermite quadrature, where the notebook uses a grid."""
    toy = CurvedToy(0.25)
    mu, sigma = (torch.tensor(value, dtype=torch.float64) for value in (mu, sigma))
    elbo, log_p_x = gaussian_elbo(lambda z: toy.log_joint(1.0, z), mu, sigma), toy.log_evidence(1.0)
    return f"ELBO {elbo:.2f} + KL {log_p_x - elbo:.2f} = log p(x) {log_p_x:.2f} nats"


def test_mu_and_sigma_move_the_bar(lab):
    figure = Figure(lab, "03_elbo.ipynb", "bar")
    mu, sigma = figure.sliders
    expect(figure.reading).to_have_text(reading_at(1.15, 0.2))
    mu.press("Home")
    expect(figure.reading).to_have_text(reading_at(-2.2, 0.2))
    figure.drag(sigma, 0.25, 1)
    expect(figure.reading).to_have_text(reading_at(-2.2, 1.3))
    figure.arrived((-2.2, 1.3))
    figure.lab.screenshot("elbo-bar")


def test_the_half_steps_of_em(lab):
    figure = Figure(lab, "03_elbo.ipynb", "em")
    (slider,) = figure.sliders
    slider.press("Home")
    expect(figure.reading).to_contain_text("θ = -1.00")  # the start
    slider.press("ArrowRight")
    expect(figure.reading).to_contain_text("θ = -1.00")  # an E step leaves θ alone
    slider.press("ArrowRight")
    expect(figure.reading).not_to_contain_text("θ = -1.00")  # an M step moves it
    figure.drag(slider, 0.2, 1)
    expect(slider).to_have_value("12")
    figure.arrived(12)

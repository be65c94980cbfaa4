"""Notebook 03's interactive figures under a hand: their own cells, run in JupyterLab."""

import json
from pathlib import Path

import torch
from playwright.sync_api import expect

from vae_helpers.inference import gaussian_elbo
from vae_helpers.toy import CurvedToy

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_elbo.ipynb"


def reading_at(mu: float, sigma: float) -> str:
    """What the sentence below the sliders must say: the bound by Gauss–Hermite quadrature, where the notebook uses a grid."""
    toy = CurvedToy(0.25)
    mu, sigma = (torch.tensor(value, dtype=torch.float64) for value in (mu, sigma))
    elbo, log_p_x = gaussian_elbo(lambda z: toy.log_joint(1.0, z), mu, sigma), toy.log_evidence(1.0)
    return f"ELBO {elbo:.2f} + KL {log_p_x - elbo:.2f} = log p(x) {log_p_x:.2f} nats"


def test_mu_and_sigma_move_the_bar(lab):
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    figure = next(source for source in cells if "pictures.elbo_frame" in source)
    page = lab([*cells[:3], figure])  # set-up, the toy, the first q
    for k in range(4):
        page.run_cell(k)
    reading = page.widget(3, ".vae-reading")
    mu, sigma = page.widget(3, ".vae-view").get_by_role("slider").all()
    expect(reading).to_have_text(reading_at(1.15, 0.2))
    mu.press("Home")
    expect(reading).to_have_text(reading_at(-2.2, 0.2))
    box = sigma.bounding_box()
    sigma.drag_to(
        sigma,
        source_position={"x": box["width"] * 0.25, "y": box["height"] / 2},
        target_position={"x": box["width"] - 4, "y": box["height"] / 2},
    )
    expect(reading).to_have_text(reading_at(-2.2, 1.3))
    page.screenshot("elbo-bar")


def test_the_half_steps_of_em(lab):
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    needed = ("def F(", "def responsibilities(", "thetas = torch.linspace", "pictures.em_frame")
    page = lab([*cells[:2], *(next(source for source in cells if name in source) for name in needed)])
    for k in range(6):
        page.run_cell(k)
    reading, slider = page.widget(5, ".vae-reading"), page.widget(5, ".vae-view").get_by_role("slider")
    slider.press("Home")
    expect(reading).to_contain_text("θ = -1.00")  # the start
    slider.press("ArrowRight")
    expect(reading).to_contain_text("θ = -1.00")  # an E step leaves θ alone
    slider.press("ArrowRight")
    expect(reading).not_to_contain_text("θ = -1.00")  # an M step moves it

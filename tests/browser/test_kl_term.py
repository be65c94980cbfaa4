"""Notebook 04's interactive figure under a hand: its own cells, run in JupyterLab."""

import json
from pathlib import Path

from playwright.sync_api import expect

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_kl_term.ipynb"


def test_mu_and_sigma_move_the_integrand(lab):
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    figure = next(source for source in cells if "FrameStack(" in source)
    page = lab([cells[0], figure])
    page.run_cell(0)
    page.run_cell(1)
    reading = page.widget(1, ".vae-reading")
    mu, sigma = page.widget(1, ".vae-view").get_by_role("slider").all()
    expect(reading).to_have_text("KL(q‖p) = 0.818 nats")  # ½ (1 + ¼ − 1) + log 2, at μ = 1, σ = ½
    mu.press("End")
    expect(reading).to_have_text("KL(q‖p) = 2.318 nats")
    box = sigma.bounding_box()
    sigma.drag_to(
        sigma,
        source_position={"x": box["width"] * 0.1, "y": box["height"] / 2},
        target_position={"x": box["width"] - 4, "y": box["height"] / 2},
    )
    expect(reading).to_have_text("KL(q‖p) = 2.807 nats")  # μ = 2, σ = 2
    page.screenshot("kl-integrand")

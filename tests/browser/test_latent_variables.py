"""Notebook 02's interactive figure under a hand: its own cells, run in JupyterLab."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_latent_variables.ipynb"


def test_x_and_s_move_the_posterior(lab):
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    figure = next(source for source in cells if "FrameStack" in source)
    page = lab([cells[0], figure])
    page.run_cell(0)
    page.run_cell(1)
    reading = page.widget(1, ".vae-reading")
    x, s = page.widget(1, ".vae-view").get_by_role("slider").all()
    expect(reading).to_have_text(re.compile(r"log p\(x\) = −1\.50 nats\. The posterior peaks at z = −1\.63 and z = 1\.15;"))
    x.press("Home")  # below the curve: one peak
    expect(reading).to_have_text(re.compile(r"peaks at z = −0\.\d+;"))
    x.press("End")
    expect(reading).to_have_text(re.compile(r"peaks at z = −2\.\d+ and z = 1\.9\d*;"))
    box = s.bounding_box()
    s.drag_to(
        s,
        source_position={"x": box["width"] * 0.4, "y": box["height"] / 2},
        target_position={"x": box["width"] - 4, "y": box["height"] / 2},
    )
    expect(s).to_have_value("3")  # s = 1, the noisiest

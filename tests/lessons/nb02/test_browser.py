"""Notebook 02's interactive figure under a hand."""

import re

from browser.figure import Figure
from playwright.sync_api import expect


def test_x_and_s_move_the_posterior(lab):
    figure = Figure(lab, "02_latent_variables.ipynb", "posterior")
    x, s = figure.sliders
    expect(figure.reading).to_have_text(re.compile(r"log p\(x\) = −1\.50 nats\. The posterior peaks at z = −1\.63 and z = 1\.15;"))
    x.press("Home")  # below the curve: one peak
    expect(figure.reading).to_have_text(re.compile(r"peaks at z = −0\.\d+;"))
    x.press("End")
    expect(figure.reading).to_have_text(re.compile(r"peaks at z = −2\.\d+ and z = 1\.9\d*;"))
    figure.drag(s, 0.4, 1)
    expect(s).to_have_value("3")
    figure.arrived((2.5, 1))  # s = 1, the noisiest

"""The interactive figure of notebook 02: a pure function from (x, s) to a picture, tested over its whole range and at the edges."""

import itertools

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers.lessons.nb02.pictures import X_RANGE, three_densities, toy_frame, toy_reading
from vae_helpers.toy import CurvedToy


def area(line) -> float:
    return np.trapezoid(line.get_ydata(), line.get_xdata())


@pytest.mark.parametrize(("x", "s"), list(itertools.product([X_RANGE[0], -0.5, 0.0, 0.25, 1.0, 2.5, X_RANGE[1]], [0.1, 0.25, 0.5, 1.0])))
def test_the_interactive_figure_shows_the_state(x, s):
    figure = toy_frame(Figure(), x, s)
    curve, evidence, densities, words = figure.axes
    toy = CurvedToy(s)
    assert f"{toy.log_evidence(x):.2f} nats".replace("-", "−") in evidence.get_title()
    dot = evidence.lines[-1]
    assert dot.get_xdata()[0] == pytest.approx(toy.log_evidence(x).exp().item()) and dot.get_ydata()[0] == x
    assert evidence.get_xlim()[1] > evidence.lines[0].get_xdata().max()  # the curve is never cut off
    prior, posterior, likelihood = densities.lines
    assert area(prior) == pytest.approx(1, abs=1e-3)
    if x <= 2.5:  # beyond, the posterior leaves the frame
        assert area(posterior) == pytest.approx(1, abs=0.02)
    assert likelihood.get_ydata().max() == pytest.approx(posterior.get_ydata().max())
    top, seen = posterior.get_ydata().max(), densities.get_ylim()[1]
    assert top < seen or [text.get_text() for text in densities.texts] == [
        f"↑ {top:.1f}"
    ]  # where it is cut off, an arrow tells how high it is
    assert np.trapezoid(*evidence.lines[0].get_data()) == pytest.approx(1, abs=0.01)  # as the text has it
    assert words.get_legend().get_title().get_text() == f"x = {x:.3g},  s = {s:g}".replace("-", "−")


def test_one_state_gives_one_picture():
    """No hidden state: the same (x, s) after another picture gives the same lines."""
    first = toy_frame(Figure(), 1.0, 0.25).axes[2].lines[1].get_ydata()
    toy_frame(Figure(), -0.5, 1.0)
    assert np.array_equal(first, toy_frame(Figure(), 1.0, 0.25).axes[2].lines[1].get_ydata())


def test_the_posterior_that_is_drawn_is_bayes_rule():
    toy = CurvedToy(0.5)
    ax = three_densities(Figure().subplots(), toy, 1.0)
    z = torch.from_numpy(ax.lines[1].get_xdata())
    joint = (
        torch.distributions.Normal(0, 1).log_prob(z) + torch.distributions.Normal(z**2 / 2 + z / 4, 0.5).log_prob(torch.tensor(1.0))
    ).exp()
    assert np.allclose(ax.lines[1].get_ydata(), joint / torch.trapezoid(joint, z), rtol=2e-3, atol=1e-4)


def test_the_reading_names_the_peaks():
    assert toy_reading(1.0, 0.25).startswith("log p(x) = −1.50 nats. The posterior peaks at z = −1.63 and z = 1.15;")
    assert " and " not in toy_reading(-0.5, 0.25)

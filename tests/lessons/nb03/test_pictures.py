"""The pictures that notebook 03's sliders show: right over the whole range, and the same scale throughout."""

import math

import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers.lessons.nb03 import pictures
from vae_helpers.toy import CurvedToy


def number(text: str) -> float:
    return float(text.split()[-1].replace("−", "-"))


@pytest.mark.parametrize("elbo", [-1.6, -9.9, -30.0])
def test_the_bars_add_up_to_log_p_and_the_ceiling_never_moves(elbo):
    ax = pictures.elbo_bars(Figure().subplots(), ["q"], [elbo], -1.5, floor=-10.0)
    solid, hatched = ax.patches
    assert solid.get_y() + solid.get_height() == pytest.approx(max(elbo, -10)) == hatched.get_y()
    assert hatched.get_y() + hatched.get_height() == pytest.approx(-1.5)
    kl, bound = (number(text.get_text()) for text in ax.texts[:2])
    assert kl + bound == pytest.approx(-1.5, abs=0.011) and ax.get_ylim()[0] == -10


def test_no_curve_of_the_range_leaves_the_frame_but_the_narrowest():
    """A q of width 0.1 is four units high and may be cut; the others are seen whole."""
    toy = CurvedToy(0.25)
    for sigma in (0.2, 0.4, 0.8, 1.3):
        ax = pictures.posterior_and_gaussian(Figure().subplots(), toy, 1.0, 0.6, sigma)
        assert ax.lines[0].get_ydata().max() == pytest.approx(1 / (sigma * math.sqrt(2 * math.pi)), rel=1e-3)
        assert ax.lines[0].get_ydata().max() < ax.get_ylim()[1]


def test_every_half_step_of_em_is_drawn_where_it_is():
    theta = torch.linspace(-2, 5, 141, dtype=torch.float64)
    log_likelihood = -2 - 0.1 * (theta - 3) ** 2
    bounds = torch.stack([log_likelihood - 0.5, log_likelihood, log_likelihood - 0.1])
    path = [(-1.0, -4.1), (-1.0, -3.6), (1.0, -2.5)]
    for k, title in enumerate(("start", "after E step 1", "after M step 1")):
        left, right = pictures.em_frame(Figure(), theta, log_likelihood, bounds, path, k).axes
        assert left.get_title() == title
        assert (left.lines[-1].get_xdata()[0], left.lines[-1].get_ydata()[0]) == path[k]
        assert list(left.lines[1].get_ydata()) == bounds[k].tolist()
        assert number(right.texts[1].get_text()) == pytest.approx(path[k][1], abs=0.006)
        assert left.get_ylim() == right.get_ylim() == pytest.approx((-4.6, -1.9))

"""The pictures of notebook 05 that its text reads numbers from: minima where they belong, the slider's picture whole at both ends."""

import math

import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers.lessons.nb05 import pictures


def test_each_curve_has_its_minimum_at_the_root_of_the_error():
    ax = pictures.sigma_curves(Figure().subplots(), [0.07, 0.02])
    for curve, marker, error in ((ax.lines[0], ax.lines[1], 0.07), (ax.lines[2], ax.lines[3], 0.02)):
        lowest = curve.get_xdata()[curve.get_ydata().argmin()]
        assert lowest == pytest.approx(math.sqrt(error), rel=0.02) and marker.get_xdata()[0] == pytest.approx(math.sqrt(error))
        exact = -torch.distributions.Normal(0.0, math.sqrt(error)).log_prob(torch.tensor(math.sqrt(error))).item()
        assert marker.get_ydata()[0] == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.5])
def test_the_sliders_picture_keeps_its_scale(spread):
    images = torch.rand(12, 8, 8)
    state = {"images": images, "rebuilt": images, "drawn": torch.rand(25, 8, 8), "codes": spread * torch.randn(600, 2), "error": 0.04}
    left, middle, right = pictures.sigma_frame(Figure(), state | {"kl": 3.456}).axes
    assert right.get_xlim() == right.get_ylim() == (-4, 4) and "3.46 nats" in right.get_title() and "0.040" in left.get_title()
    assert left.images[0].get_array().shape == (4 * 9 - 1, 6 * 9 - 1) and middle.images[0].get_array().shape == (5 * 9 - 1, 5 * 9 - 1)


def test_what_is_infinite_is_marked_and_left_out():
    logit = torch.linspace(0, 3, 4)
    ax = pictures.logit_costs(Figure().subplots(), logit, {"fine": logit, "broken": torch.tensor([0.0, 1.0, math.inf, math.inf])})
    assert [list(line.get_xdata()) for line in ax.lines] == [[0, 1, 2, 3], [0, 1], [1]]

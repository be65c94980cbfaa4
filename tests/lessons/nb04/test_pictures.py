"""The picture that notebook 04's sliders show: right over the whole range, and the same scale throughout."""

import math

import pytest
from matplotlib.figure import Figure

from vae_helpers.lessons.nb04 import pictures


@pytest.mark.parametrize("mu", [-2.0, -0.5, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("sigma", [0.5, 0.7, 1.0, 2.0])
def test_the_printed_area_is_the_divergence_and_everything_is_in_view(mu, sigma):
    left, right = pictures.kl_frame(Figure(), mu, sigma).axes
    exact = 0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma)
    printed = float(right.get_title().split("= ")[-1].split(" nats")[0])
    assert printed == pytest.approx(exact, abs=6e-4)  # three decimals, also where tails leave the picture
    up, down = (float(text.get_text().split(": ")[1].split(" ")[0].replace("−", "-")) for text in right.get_legend().get_texts())
    assert up >= 0 >= down and up + down == pytest.approx(exact, abs=0.02)
    assert left.get_ylim() == (0, 1.1) and right.get_ylim() == (-0.4, 2.9)
    for ax in (left, right):
        drawn = [y for line in ax.lines for y in line.get_ydata()]
        drawn += [v[1] for patch in ax.collections for path in patch.get_paths() for v in path.vertices]
        assert ax.get_ylim()[0] <= min(drawn) and max(drawn) <= ax.get_ylim()[1]

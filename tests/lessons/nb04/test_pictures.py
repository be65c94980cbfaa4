"""The picture that notebook 04's sliders show: right over the whole range, and the same scale throughout."""

import math

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from vae_helpers.lessons.nb04 import pictures
from vae_helpers.look import label_looks


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


def test_posteriors_are_ellipses_in_their_digits_colours_and_the_prior_is_dashed():
    mu, sigma = torch.tensor([[0.0, 1.0], [-2.0, 0.5]]), torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    ax = pictures.code_ellipses(Figure().subplots(), mu, sigma, torch.tensor([3, 8]), "here")
    three, eight, inner, outer = ax.patches
    assert three.center.tolist() == [0, 1] and (eight.width, eight.height) == pytest.approx((0.6, 0.8))
    assert [to_hex(ellipse.get_edgecolor()) for ellipse in (three, eight)] == [label_looks(range(10))[name][0] for name in "38"]
    assert [line.get_marker() for line in ax.lines] == ["$3$", "$8$"]
    assert (inner.width, outer.width) == (2, 4) and inner.get_linestyle() == "--" and ax.get_xlim()[0] < -2.3
    piled = pictures.code_ellipses(Figure().subplots(), mu[[0, 0, 1]], sigma[[0, 0, 1]], [3, 5, 8], "thirty labels on one spot are a blot")
    assert [line.get_marker() for line in piled.lines] == [".", ".", "$8$"]


def test_covariance_ellipses_reach_one_and_two_standard_deviations():
    covariance = torch.tensor([[2.0, 0.6], [0.6, 1.0]], dtype=torch.float64)
    ax = pictures.covariance_ellipses(Figure().subplots(), torch.tensor([0.5, -0.5]), {"p": covariance, "q": torch.eye(2)})
    precision = torch.linalg.inv(covariance)
    for ellipse, radius in zip(ax.patches[:2], (1, 2), strict=True):
        on_it = ellipse.get_patch_transform().transform(ellipse.get_path().vertices[:25:3])  # without the curves' handles
        points = torch.as_tensor(on_it) - torch.tensor([0.5, -0.5])
        assert (points @ precision * points).sum(1).sqrt().tolist() == pytest.approx([radius] * 9, rel=1e-3)  # Mahalanobis distance


def test_a_spring_pulls_towards_its_rest():
    x = torch.linspace(-2, 4, 61)
    ax = pictures.spring(Figure().subplots(), x, (x - 1) ** 2 / 2, 1 - x, "μ", rest=1, title="")
    arrows = [(text.xyann[0], text.xy[0]) for text in ax.texts]  # from, to
    assert len(arrows) >= 6 and all(abs(end - 1) < abs(start - 1) for start, end in arrows)

"""The pictures of notebook 09: densities are Bayes' rule, ellipses lie where their Gaussians do, bars are what they say."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers.inference import mixture
from vae_helpers.lessons.nb09 import pictures


def normal(z: torch.Tensor, mu: float, sigma: float) -> torch.Tensor:
    return torch.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * (2 * torch.pi) ** 0.5)


@pytest.mark.parametrize(("strength", "ink"), [(1.0, [1.0, 0.0, 1.0]), (20.0, [1.0] * 12 + [0.0] * 8), (4.0, [])])
def test_the_posterior_that_is_drawn_is_prior_times_likelihood(strength, ink):
    ax = pictures.beta_frame(Figure(), strength, torch.tensor(ink)).axes[0]
    z = ax.lines[0].get_xdata()
    k, n = sum(ink), len(ink)
    product = ax.lines[0].get_ydata() * z**k * (1 - z) ** (n - k)
    inside = (z > 0.02) & (z < 0.98)
    ratio = ax.lines[-1].get_ydata()[inside] / product[inside]
    assert np.allclose(ratio, ratio.mean(), rtol=1e-9) and ratio.mean() > 0
    if n:
        assert np.trapezoid(ax.lines[-1].get_ydata(), z) == pytest.approx(1, abs=0.01)
        assert ax.lines[1].get_ydata().max() == pytest.approx(ax.lines[-1].get_ydata().max(), rel=1e-3)


def test_the_reading_counts():
    text = pictures.beta_reading(20.0, torch.tensor([1.0, 0.0, 1.0, 1.0]))
    assert text.startswith("3 of 4 images have ink there: the share alone says 0.750. Posterior mean 0.542")
    assert "no image seen" in pictures.beta_reading(20.0, torch.tensor([]))


def test_an_ellipse_has_its_gaussians_covariance():
    covariance = torch.tensor([[1.44, 0.7], [0.7, 0.64]], dtype=torch.float64)
    ax = pictures.zigzag(Figure().subplots(), torch.tensor([0.4, -0.3]).double(), covariance, torch.zeros(3, 2).double())
    for patch, k in zip(ax.patches[:2], (1, 2), strict=True):
        angle = np.radians(patch.angle)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        axes = np.diag([(patch.width / 2 / k) ** 2, (patch.height / 2 / k) ** 2])
        assert np.allclose(turn @ axes @ turn.T, covariance) and np.allclose(patch.center, [0.4, -0.3])
    rest = ax.patches[2]  # of variances 1/Λ, not of the marginal ones
    assert (rest.width / 4) ** 2 == pytest.approx(1 / np.linalg.inv(covariance)[0, 0])


def test_q_and_posterior_lie_where_they_are():
    axis = torch.linspace(-4, 4, 81, dtype=torch.float64)
    posterior = torch.exp(-0.5 * (((axis[:, None] - 1) / 0.3) ** 2 + ((axis + 2) / 0.3) ** 2))  # around z = (1, −2)
    q = torch.tensor([0.0, -1.0]), torch.tensor([[0.25, 0.0], [0.0, 0.0625]])
    ax = pictures.posterior_and_qs(Figure().subplots(), axis, posterior, {"encoder": q})
    image = ax.images[0]
    row, column = np.unravel_index(image.get_array().argmax(), (81, 81))
    left, right, low, high = image.get_extent()
    assert left + (column + 0.5) * (right - left) / 81 == pytest.approx(1) and low + (row + 0.5) * (high - low) / 81 == pytest.approx(-2)
    assert tuple(ax.patches[0].center) == (0, -1) and sorted((ax.patches[0].width, ax.patches[0].height)) == [1, 2]
    for (low, high), places in ((ax.get_xlim(), (0, 1)), (ax.get_ylim(), (-1, -2))):
        assert all(low < place < high for place in places)


def test_the_bars_are_the_two_gaps():
    axis = torch.linspace(-2, 2, 21)
    args = torch.zeros(8, 8), axis, torch.ones(21, 21), {"encoder": (torch.zeros(2), torch.eye(2))}
    figure = pictures.refinement(Figure(), *args, gap=0.7, family=0.2, top=1.0)
    family, encoder = figure.axes[2].patches
    assert (
        family.get_height() == pytest.approx(0.2) and encoder.get_height() == pytest.approx(0.5) and encoder.get_y() == family.get_height()
    )
    assert figure.axes[2].get_ylim() == (0, 1) and "0.70 nats" in figure.axes[2].get_title()
    done = pictures.refinement(Figure(), *args, gap=0.19, family=0.2, top=1.0).axes[2]
    assert done.patches[1].get_height() == 0  # a climb that ends above what was taken for the best leaves nothing


def test_a_sweep_shows_its_elbo_and_its_circles():
    prior, g = mixture.Prior(3), torch.Generator().manual_seed(0)
    points = torch.randn(30, 2, generator=g, dtype=torch.float64)
    q = next(mixture.sweeps(points, prior, torch.rand(30, 3, generator=g, dtype=torch.float64).softmax(-1)))
    figure = pictures.mixture_frame(Figure(), points, q, [-90.0, -80.5], best=-70.0)
    heaps, curve = figure.axes
    assert curve.lines[0].get_ydata().tolist() == [-90.0, -80.5] and "−80.5" in curve.get_title()
    for k in range(3):
        heap, centre = heaps.patches[2 * k : 2 * k + 2]
        assert heap.width == pytest.approx(4 / q.precision[k].sqrt().item()) and centre.width == pytest.approx(
            4 * q.variance[k].sqrt().item()
        )


def test_both_maps_have_one_scale():
    edges = (torch.linspace(0, 1, 4), torch.linspace(0, 1, 4))
    figure = Figure()
    pictures.histogram_and_grid(figure.subplots(1, 2), edges, torch.full((3, 3), 0.1), torch.full((3, 3), 0.2))
    assert [ax.collections[0].get_clim() for ax in figure.axes] == [(0, pytest.approx(0.2))] * 2


def test_what_is_hidden_is_grey():
    axis, seen = torch.linspace(-3, 3, 13), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    figure = Figure()
    spots, qs = [torch.ones(13, 13)] * 2, [(torch.zeros(2), torch.eye(2))] * 2
    pictures.half_hidden(figure.subplots(2, 2).ravel(), torch.ones(2, 2), seen, axis, spots, qs)
    assert figure.axes[0].images[0].get_array().tolist() == [[1, 1], [1, 1]]
    assert np.allclose(figure.axes[1].images[0].get_array(), [[1, 1], [0.35, 0.35]])


def test_starts_that_end_at_the_top_are_told_from_the_others():
    ax = pictures.twenty_starts(Figure().subplots(), [[-9.0, -5.0], [-9.0, -7.0]], best=-5.0)
    assert [line.get_linestyle() for line in ax.lines[:2]] == ["-", "--"]


def test_a_density_for_a_line_is_normalised():
    z = torch.linspace(-6, 6, 2001, dtype=torch.float64)
    assert torch.allclose(pictures.normal_density(z, 0.3, 0.7), normal(z, 0.3, 0.7))

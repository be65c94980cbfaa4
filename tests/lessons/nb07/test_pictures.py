"""The pictures of notebook 07: the grid of codes is even in probability, and a bound is drawn as what it lacks."""

import math

import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers import results
from vae_helpers.lessons.nb07 import pictures


def test_the_grid_of_codes_is_even_in_probability():
    grid = pictures.gaussian_grid(5, low=0.1)
    share = 0.5 * (1 + torch.erf(grid / math.sqrt(2)))
    steps = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])
    assert torch.allclose(share[..., 0], steps.expand(5, 5), atol=1e-6)  # z₁ grows to the right
    assert torch.allclose(share[..., 1], steps.flip(0)[:, None].expand(5, 5), atol=1e-6)  # z₂ upwards
    with pytest.raises(ValueError, match="between 0 and 0.5, got 0.5"):
        pictures.gaussian_grid(5, low=0.5)


def test_a_bound_is_drawn_as_what_it_lacks():
    exact = torch.tensor([-20.0, -24.0], dtype=torch.float64)
    ax = pictures.climbing_bound(Figure().subplots(), [1, 10], torch.tensor([[-21.0, -26.0], [-20.5, -24.5]]), exact)
    assert ax.lines[0].get_ydata().tolist() == [-1.5, -0.5]
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(-1.5 - math.sqrt(0.5) / math.sqrt(2))  # ± standard deviation / √N


def test_q_lies_where_it_is_and_both_densities_are_in_view():
    axis = torch.linspace(-4, 4, 81, dtype=torch.float64)
    posterior = torch.exp(-0.5 * (((axis[:, None] - 1) / 0.3) ** 2 + ((axis + 2) / 0.3) ** 2))  # around z = (1, −2)
    ax = pictures.posterior_and_q(Figure().subplots(), posterior, axis, torch.tensor([0.0, -1.0]), torch.tensor([0.5, 0.25]))
    one, two = ax.patches
    assert tuple(one.center) == (0, -1) and (one.width, one.height) == (1, 0.5) and (two.width, two.height) == (2, 1)
    mesh = ax.collections[0]
    peak = mesh.get_array().reshape(81, 81).argmax()
    assert (axis[peak % 81].item(), axis[peak // 81].item()) == pytest.approx((1, -2))
    for (low, high), places in ((ax.get_xlim(), (0, 1)), (ax.get_ylim(), (-1, -2))):
        assert all(low < place < high for place in places) and (low + high) / 2 == pytest.approx(sum(places) / 2)


def test_the_best_epoch_is_that_of_the_held_out_images():
    ax = pictures.train_and_held_out(Figure().subplots(), [-5.0, -4.0, -3.0], [-5.0, -4.5, -4.7])
    assert ax.lines[-1].get_xdata()[0] == 2 and "epoch 2" in ax.lines[-1].get_label()


def test_holes_are_drawn_against_the_error_of_rebuilding():
    runs = {"VAE, prior": torch.tensor([[2.5, 1.2], [1.7, 1.1]]), "autoencoder, box": torch.tensor([[2.3, 1.0], [0.4, 2.0]])}
    ax = pictures.holes(Figure().subplots(), runs, 1.07, "digits")
    box, vae, real = ax.lines
    assert box.get_xdata().tolist() == pytest.approx([2.3, 0.4]) and vae.get_ydata().tolist() == pytest.approx([1.2, 1.1])
    assert real.get_ydata()[0] == 1.07 and {line.get_marker() for line in (box, vae)} == {"o", "s"}


def test_stored_runs_are_means_over_seeds_from_small_codes_to_large():
    found = pictures.runs_of_holes("digits")
    assert list(found) == ["autoencoder, box", "autoencoder, Gaussian", "autoencoder, mixture", "VAE, prior", "VAE, σ = 0.1, prior", "real"]
    rows = [row for row in results.load("holes") if (row["data"], row["kind"], row["latent_dim"]) == ("digits", "autoencoder", 16)]
    assert found["autoencoder, box"][-1].tolist() == pytest.approx([sum(row[c] for row in rows) / len(rows) for c in ("error", "box")])
    assert found["autoencoder, box"][:, 0].diff().max() < 0  # larger codes rebuild better

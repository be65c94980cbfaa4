"""The probabilities of levels in notebook 05: against SciPy, far in the tails too, and with slopes that can be trained on."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm, truncexpon, truncnorm

from vae_helpers.lessons.nb05.levels import GaussianOfLevels, continuous_bernoulli_levels, gaussian_levels


@pytest.mark.parametrize("levels", [2, 17, 256])
@pytest.mark.parametrize(("m", "sigma"), [(0.3, 0.2), (-0.4, 0.05), (1.2, 1.7)])
def test_gaussian_levels_are_differences_of_the_cdf(levels, m, sigma):
    x = np.arange(levels) / (levels - 1)
    edges = np.concatenate([[-np.inf], (np.arange(levels - 1) + 0.5) / (levels - 1), [np.inf]])
    low, high = edges[:-1], edges[1:]
    exact = np.where(low > m, norm.sf(low, m, sigma) - norm.sf(high, m, sigma), norm.cdf(high, m, sigma) - norm.cdf(low, m, sigma))
    got = gaussian_levels(torch.tensor(x), torch.tensor(m).double(), sigma, levels).numpy()
    assert np.allclose(got, np.log(exact), rtol=1e-7, atol=1e-12) and np.exp(got).sum() == pytest.approx(1)


@pytest.mark.parametrize(("m", "sigma"), [(0.3, 0.2), (-0.4, 0.1), (1.2, 1.7)])
def test_closed_ends_cut_the_gaussian_at_the_outer_edges(m, sigma):
    edges = (np.arange(18) - 0.5) / 16
    exact = np.diff(truncnorm((edges[0] - m) / sigma, (edges[-1] - m) / sigma, m, sigma).cdf(edges))
    x = torch.arange(17).double() / 16
    got = gaussian_levels(x, torch.tensor(m).double(), sigma, closed=True).exp()
    assert np.allclose(got.numpy(), exact, rtol=1e-6, atol=1e-12) and got.sum().item() == pytest.approx(1)
    likelihood = GaussianOfLevels(sigma, closed=True)
    assert likelihood.log_prob(torch.full((1, 17), m).double(), x[None]).item() == pytest.approx(np.log(got.numpy()).sum(), rel=1e-5)


def test_far_tails_keep_their_digits_on_both_sides():
    x = torch.tensor([0.25, 0.75], dtype=torch.float64)
    got = gaussian_levels(x, torch.tensor([1.0, 0.0]).double(), 0.01)  # 71.9 to 78.1 standard deviations away
    exact = norm.logsf(100 * (0.75 - 1 / 32)) + math.log1p(-math.exp(norm.logsf(100 * (0.75 + 1 / 32)) - norm.logsf(100 * (0.75 - 1 / 32))))
    assert got.tolist() == pytest.approx([exact, exact])


@pytest.mark.parametrize("a", [-30.0, -1.0, 0.0, 0.5, 4.0, 60.0])
def test_the_continuous_bernoulli_has_equal_bins_or_those_of_the_gaussian(a):
    x = torch.arange(17).double() / 16
    logits = torch.tensor(a).double()
    equal = continuous_bernoulli_levels(x, logits).exp()
    cdf = truncexpon(abs(a), scale=1 / abs(a)).cdf if a else (lambda u: u)  # density ∝ exp(−|a| u): mirrored where a > 0
    edges = np.arange(18) / 17
    exact = np.diff(1 - cdf(1 - edges)) if a > 0 else np.diff(cdf(edges))
    assert np.allclose(equal.numpy(), exact, rtol=1e-5, atol=1e-12) and equal.sum().item() == pytest.approx(1)
    cut = continuous_bernoulli_levels(x, logits, equal=False).exp()
    assert cut.sum().item() == pytest.approx(1)
    if a == 0:
        assert cut.tolist() == pytest.approx([1 / 32, *[1 / 16] * 15, 1 / 32], rel=1e-4)


@pytest.mark.parametrize("sigma", ["shared", "pixel", 0.3])
def test_training_on_levels_has_the_probability_and_finite_slopes(sigma):
    likelihood = GaussianOfLevels(sigma)
    outputs = torch.tensor([[-0.5, 0.1, 1.6, 0.5] + ([-3.0, 0.0, 1.0, -6.0] if sigma == "pixel" else [])], requires_grad=True)
    x = torch.tensor([[0.0, 1.0, 0.25, 0.5]])
    value = likelihood.log_prob(outputs, x)
    p = likelihood(outputs).base_dist
    assert value.item() == pytest.approx(gaussian_levels(x.double(), p.loc.double(), p.scale.double()).sum().item(), rel=1e-4)
    value.sum().backward()
    assert torch.isfinite(outputs.grad).all() and (outputs.grad != 0).any()
    assert sigma != "shared" or torch.isfinite(likelihood.logvar.grad)

"""Metropolis and Gaussian variational inference against quadrature and closed forms."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import MultivariateNormal, Normal

from vae_helpers.inference.mcmc import metropolis
from vae_helpers.inference.variational import gaussian_elbo, gaussian_vi
from vae_helpers.toy import CurvedToy, LinearGaussian


def stderr_of_chains(samples):
    """Standard error of the mean from independent chains: samples (n_steps, chains)."""
    means = samples.mean(0)
    return means.std() / len(means) ** 0.5


def test_metropolis_matches_quadrature_on_a_two_mode_posterior():
    toy, generator = CurvedToy(0.5), torch.Generator().manual_seed(0)
    posterior = toy.posterior(1.0)
    start = torch.randn(400, generator=generator, dtype=torch.float64)
    chains = metropolis(lambda z: toy.log_joint(1.0, z), start, n_steps=1_000, step=1.5, warmup=500, generator=generator)
    assert chains.samples.shape == (1_000, 400) and chains.samples.dtype == torch.float64
    assert abs(chains.samples.mean() - posterior.mean) < 5 * stderr_of_chains(chains.samples)
    squares = (chains.samples - posterior.mean) ** 2
    assert abs(squares.mean() - posterior.sd**2) < 5 * stderr_of_chains(squares)
    right = (chains.samples > 0).double()
    grid = posterior.grid
    exact = torch.trapezoid(posterior.density(grid) * (grid > 0), grid)
    assert abs(right.mean() - exact) < 5 * stderr_of_chains(right) + 1e-3  # 1e-3: the grid cell in which the indicator jumps


def test_metropolis_in_two_dimensions():
    target = MultivariateNormal(torch.tensor([1.0, -2.0]).double(), torch.tensor([[1.0, 0.8], [0.8, 2.0]]).double())
    generator = torch.Generator().manual_seed(1)
    chains = metropolis(target.log_prob, torch.zeros(300, 2), n_steps=2_000, step=1.5, warmup=500, generator=generator)
    assert chains.samples.shape == (2_000, 300, 2) and chains.acceptance.shape == (300,)
    for value, exact in ((chains.samples[..., 0], 1.0), (chains.samples[..., 1], -2.0)):
        assert abs(value.mean() - exact) < 5 * stderr_of_chains(value)
    products = (chains.samples - target.mean).prod(-1)
    assert abs(products.mean() - 0.8) < 5 * stderr_of_chains(products)


def test_metropolis_acceptance_for_a_normal_equals_the_known_rate():
    """For N(0, 1) and step σ the rate is (2/π)·arctan(2/σ)."""
    generator = torch.Generator().manual_seed(2)
    start = torch.randn(500, generator=generator, dtype=torch.float64)
    chains = metropolis(Normal(0.0, 1.0).log_prob, start, n_steps=1_000, step=2.4, generator=generator)
    expected = 2 / math.pi * math.atan(2 / 2.4)
    assert abs(chains.acceptance.mean() - expected) < 5 * chains.acceptance.std() / 500**0.5


def test_metropolis_is_reproducible_and_refuses_bad_input():
    normal, start = Normal(0.0, 1.0).log_prob, torch.zeros(3)
    a, b = (metropolis(normal, start, 20, 1.0, generator=torch.Generator().manual_seed(5)).samples for _ in range(2))
    assert torch.equal(a, b)
    for arguments in ({"n_steps": 0}, {"step": 0.0}, {"warmup": -1}, {"start": torch.zeros(())}):
        with pytest.raises(ValueError, match="metropolis needs"):
            metropolis(normal, **{"start": start, "n_steps": 5, "step": 1.0, **arguments})
    with pytest.raises(ValueError, match="one value a row"):
        metropolis(normal, torch.zeros(3, 2), 5, 1.0)
    with pytest.raises(ValueError, match="finite"):
        metropolis(lambda z: z.log(), start, 5, 1.0)


def test_gaussian_elbo_equals_closed_form_and_is_a_lower_bound():
    """For N(m, s²) the ELBO is -KL(q‖N(m, s²)); torch.distributions knows that KL."""
    target, mu, sigma = Normal(0.7, 1.3), torch.tensor(0.1).double(), torch.tensor(0.6).double()
    exact = -torch.distributions.kl_divergence(Normal(mu, sigma), target)
    assert gaussian_elbo(target.log_prob, mu, sigma).item() == pytest.approx(exact.item(), abs=1e-7)
    toy = CurvedToy(0.25)
    bound = gaussian_elbo(lambda z: toy.log_joint(1.0, z), mu, sigma)
    assert bound < toy.log_evidence(1.0)
    few = gaussian_elbo(
        lambda z: toy.log_joint(1.0, z), mu, sigma, n_points=3
    )  # the log-joint is a polynomial of degree 4: three points are exact
    assert few.item() == pytest.approx(bound.item(), rel=1e-10)


def test_gaussian_vi_is_exact_where_the_posterior_is_gaussian():
    model = LinearGaussian(torch.tensor([[1.0], [0.5]]), torch.zeros(2), 0.4)
    x = torch.tensor([0.8, -1.0], dtype=torch.float64)
    fit = gaussian_vi(lambda z: model.log_joint(x, z[:, None]))
    posterior = model.posterior(x[None])
    assert fit.mu.item() == pytest.approx(posterior.mean.item(), abs=1e-6)
    assert fit.sigma.item() == pytest.approx(posterior.covariance_matrix.sqrt().item(), abs=1e-6)
    assert fit.elbo.item() == pytest.approx(model.log_evidence(x).item(), abs=1e-9)


def test_gaussian_vi_in_two_dimensions_has_the_precision_matrix_s_diagonal():
    """Mean-field VI on N(m, Λ⁻¹) gives variances 1/Λ_ii (Bishop 2006, section 10.1.2)."""
    target = MultivariateNormal(torch.tensor([1.0, -2.0]).double(), torch.tensor([[1.0, 0.8], [0.8, 2.0]]).double())
    fit = gaussian_vi(target.log_prob, torch.zeros(2), torch.ones(2))
    assert torch.allclose(fit.mu, target.mean, atol=1e-6)
    assert torch.allclose(fit.sigma, target.precision_matrix.diagonal().rsqrt(), atol=1e-6)
    assert fit.elbo < 0


def test_gaussian_vi_finds_the_best_gaussian_on_the_curved_toy():
    """A fine grid over (mu, sigma), with the ELBO integrated by SciPy's normal weights, finds nothing better."""
    toy = CurvedToy(0.25)
    fit = gaussian_vi(lambda z: toy.log_joint(1.0, z), mu=1.0)
    z = torch.linspace(-8, 8, 4_001, dtype=torch.float64)
    joint = toy.log_joint(1.0, z)

    def elbo(mu, sigma):
        q = torch.from_numpy(stats.norm.pdf(z.numpy(), mu, sigma))
        return torch.trapezoid(q * joint, z).item() + stats.norm.entropy(mu, sigma)

    best = max(elbo(mu, sigma) for mu in torch.linspace(-2.5, 2.5, 51).tolist() for sigma in torch.linspace(0.05, 1.5, 59).tolist())
    assert elbo(fit.mu.item(), fit.sigma.item()) == pytest.approx(fit.elbo.item(), abs=1e-8)
    assert best <= fit.elbo.item() + 1e-9
    assert fit.elbo.item() - best < 0.02


def test_gaussian_vi_refuses_bad_input():
    normal = Normal(0.0, 1.0).log_prob
    for mu, sigma in ((0.0, 0.0), (torch.zeros(2), torch.ones(())), (torch.zeros(3), torch.ones(3))):
        with pytest.raises(ValueError, match="sigma > 0"):
            gaussian_vi(normal, mu, sigma)

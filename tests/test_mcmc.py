"""Metropolis, Hamiltonian Monte Carlo and the effective sample size against quadrature and closed forms."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import MultivariateNormal, Normal

from vae_helpers.inference.mcmc import Point, at, effective_sample_size, hmc, leapfrog, metropolis, r_hat
from vae_helpers.toy import CurvedToy


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
        with pytest.raises(ValueError, match="must be"):
            metropolis(normal, **{"start": start, "n_steps": 5, "step": 1.0, **arguments})
    with pytest.raises(ValueError, match="one value a row"):
        metropolis(normal, torch.zeros(3, 2), 5, 1.0)
    with pytest.raises(ValueError, match="finite"):
        metropolis(lambda z: z.log(), start, 5, 1.0)


# ---------------------------------------------------------------- leapfrog: three exact properties, on a density with no symmetry


def hill(z):
    """log-density of no particular shape in two dimensions."""
    return -0.25 * z[:, 0] ** 4 - z[:, 1] ** 2 * (1 + 0.5 * z[:, 0].sin()) + 0.7 * z[:, 0] * z[:, 1] - 0.3 * z[:, 1]


def test_leapfrog_run_backwards_returns_to_the_start():
    generator = torch.Generator().manual_seed(3)
    z, momentum = torch.randn(2, 50, 2, dtype=torch.float64, generator=generator)
    there, momentum_there = leapfrog(hill, at(hill, z), momentum, 0.11, 9)
    assert (there.z - z).abs().mean() > 0.5
    back, momentum_back = leapfrog(hill, there, -momentum_there, 0.11, 9)
    assert torch.allclose(back.z, z, atol=1e-12) and torch.allclose(momentum_back, -momentum, atol=1e-12)


def test_leapfrog_keeps_volume():
    """|det| of the Jacobian of (z, r) ↦ (z′, r′), four by four, by automatic differentiation through the gradient."""

    def flow(phase):
        z, momentum = phase[None, :2], phase[None, 2:]
        slope = torch.func.grad(lambda z: hill(z).sum())
        r = momentum + 0.2 / 2 * slope(z)
        for i in range(3):
            z = z + 0.2 * r
            r = r + (0.2 if i < 2 else 0.1) * slope(z)
        return torch.cat([z[0], r[0]])

    phase = torch.tensor([0.4, -1.1, 0.7, 1.3], dtype=torch.float64)
    there, momentum = leapfrog(hill, at(hill, phase[None, :2]), phase[None, 2:], 0.2, 3)
    assert torch.allclose(flow(phase), torch.cat([there.z[0], momentum[0]]))  # the flow differentiated here is the package's
    jacobian = torch.autograd.functional.jacobian(flow, phase)
    assert torch.linalg.det(jacobian).item() == pytest.approx(1, abs=1e-12)
    assert (jacobian - torch.eye(4)).abs().max() > 0.3


def test_leapfrog_s_energy_error_is_of_second_order():
    z, momentum = torch.randn(2, 200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    energy = lambda log_p, r: -log_p + 0.5 * r.square().sum(-1)  # noqa: E731
    errors = []
    for n in (10, 20, 40):
        there, r = leapfrog(hill, at(hill, z), momentum, 0.8 / n, n)
        errors.append((energy(there.log_p, r) - energy(hill(z), momentum)).abs().mean().item())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1) and errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_leapfrog_takes_one_step_size_a_chain():
    z, momentum = torch.randn(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    together, _ = leapfrog(hill, at(hill, z), momentum, torch.tensor([0.05, 0.1, 0.2]), 4)
    for i, step in enumerate((0.05, 0.1, 0.2)):
        alone, _ = leapfrog(hill, at(hill, z[i : i + 1]), momentum[i : i + 1], step, 4)
        assert torch.allclose(together.z[i], alone.z[0])


def test_at_gives_value_and_slope():
    z = torch.tensor([[0.3, -0.4], [1.0, 2.0]], dtype=torch.float64)
    here = at(hill, z)
    assert isinstance(here, Point) and torch.equal(here.log_p, hill(z)) and not here.log_p.requires_grad
    step = 1e-6 * torch.eye(2, dtype=torch.float64)
    for j in range(2):
        assert torch.allclose(here.slope[:, j], (hill(z + step[j]) - hill(z - step[j])) / 2e-6, atol=1e-8)


# ---------------------------------------------------------------- HMC


def test_hmc_matches_quadrature_on_the_toy_s_posterior():
    toy, generator = CurvedToy(1.0), torch.Generator().manual_seed(6)
    posterior = toy.posterior(1.0)
    start = torch.randn(300, generator=generator, dtype=torch.float64)
    chains = hmc(lambda z: toy.log_joint(1.0, z), start, 400, 0.4, 5, warmup=100, generator=generator)
    assert chains.samples.shape == (400, 300) and 0.7 < chains.acceptance.mean() < 1
    assert abs(chains.samples.mean() - posterior.mean) < 5 * stderr_of_chains(chains.samples)
    squares = (chains.samples - posterior.mean) ** 2
    assert abs(squares.mean() - posterior.sd**2) < 5 * stderr_of_chains(squares)


def test_hmc_in_two_dimensions_with_a_step_so_long_that_a_third_is_refused():
    """Without the correction by acceptance the variances would be too large: the leapfrog alone is not exact."""
    target = MultivariateNormal(torch.tensor([1.0, -2.0]).double(), torch.tensor([[1.0, 0.8], [0.8, 2.0]]).double())
    generator = torch.Generator().manual_seed(7)
    chains = hmc(target.log_prob, torch.randn(300, 2, generator=generator), 1_000, 1.0, 3, warmup=100, generator=generator)
    assert chains.samples.shape == (1_000, 300, 2) and 0.5 < chains.acceptance.mean() < 0.9
    centred = chains.samples - target.mean
    for value, exact in ((centred[..., 0] ** 2, 1.0), (centred[..., 1] ** 2, 2.0), (centred.prod(-1), 0.8)):
        assert abs(value.mean() - exact) < 5 * stderr_of_chains(value)


def test_a_trajectory_that_runs_away_is_refused():
    toy = CurvedToy(0.25)
    start = torch.randn(20, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    chains = hmc(lambda z: toy.log_joint(1.0, z), start, 5, 3.0, 20, generator=torch.Generator().manual_seed(9))
    assert torch.equal(chains.samples[-1], start) and (chains.acceptance == 0).all()


def test_hmc_is_reproducible_and_refuses_bad_input():
    normal, start = Normal(0.0, 1.0).log_prob, torch.zeros(3)
    a, b = (hmc(normal, start, 20, 0.5, 3, generator=torch.Generator().manual_seed(5)).samples for _ in range(2))
    assert torch.equal(a, b)
    for arguments in ({"n_steps": 0}, {"step": 0.0}, {"step": torch.tensor([0.1, -0.1, 0.1])}, {"warmup": -1}, {"start": torch.zeros(())}):
        with pytest.raises(ValueError, match="must be"):
            hmc(normal, **{"start": start, "n_steps": 5, "step": 1.0, "n_leapfrog": 3, **arguments})
    with pytest.raises(ValueError, match="n_leapfrog must be a whole number from 1 on"):
        hmc(normal, start, 5, 1.0, 0)
    with pytest.raises(ValueError, match="finite"):
        hmc(lambda z: z.log(), start, 5, 1.0, 2)


# ---------------------------------------------------------------- effective sample size


@pytest.mark.parametrize("rho", [0.9, 0.5, 0.0, -0.5])
def test_effective_sample_size_of_an_autoregression(rho):
    """x_t = ρ x_{t−1} + noise has n (1 − ρ)/(1 + ρ) effective samples, more than n where neighbours repel each other."""
    generator, n, chains = torch.Generator().manual_seed(10), 4_000, 20
    noise = torch.randn(n, chains, dtype=torch.float64, generator=generator) * (1 - rho**2) ** 0.5
    x = noise / (1 - rho**2) ** 0.5
    for t in range(1, n):
        x[t] = rho * x[t - 1] + noise[t]
    exact = n * chains * (1 - rho) / (1 + rho)
    assert effective_sample_size(x).item() == pytest.approx(exact, rel=0.15)
    both = effective_sample_size(torch.stack([x, x.flip(1)], -1))
    assert both.shape == (2,) and both[0] == pytest.approx(effective_sample_size(x).item())


def test_chains_that_disagree_have_few_effective_samples():
    x = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(11))
    assert effective_sample_size(x) > 1_500
    assert effective_sample_size(x + 3 * torch.arange(4)) < 20


def test_effective_sample_size_refuses_what_is_no_set_of_chains():
    for samples in (torch.zeros(3, 2), torch.zeros(10), torch.zeros(5, 2, 2, 2)):
        with pytest.raises(ValueError, match="n >= 4"):
            effective_sample_size(samples)


def test_r_hat_compares_chains_with_each_other():
    noise = torch.randn(5_000, 6, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    shift = torch.tensor([[0.0, 0, 0, 0, 0, 0], [3.0, -3, 3, -3, 3, -3]]).double().T  # the second number lives in two places
    same, apart = r_hat(noise + shift).tolist()
    assert same == pytest.approx(1, abs=1e-3)
    assert apart == pytest.approx(math.sqrt(1 + 9 * 6 / 5), rel=0.02)  # variance of the means over that within: 10.8 over 1
    assert r_hat(noise[..., 0]).item() == pytest.approx(same)


def test_r_hat_is_the_ratio_of_two_estimates_of_one_variance():
    """Independent: the sums of squares of an analysis of variance, as SciPy's F statistic has them."""
    x = torch.randn(40, 5, generator=torch.Generator().manual_seed(6), dtype=torch.float64) + torch.arange(5) / 4
    f = stats.f_oneway(*x.T.numpy()).statistic  # n · variance of the means / mean variance within
    assert r_hat(x).item() == pytest.approx(math.sqrt(39 / 40 + f / 40))
    for shape in ((40,), (1, 5), (40, 1)):
        with pytest.raises(ValueError, match="two steps and two chains"):
            r_hat(torch.zeros(shape))

"""Annealed importance sampling against evidences that are known."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from vae_helpers.inference import ais
from vae_helpers.toy import CurvedToy, LinearGaussian

CHAINS = 200


@pytest.fixture
def linear():
    """A linear-Gaussian model, four simulated observations, and the z that made each: an exact draw of its posterior."""
    generator = torch.Generator().manual_seed(0)
    model = LinearGaussian(torch.randn(5, 2, dtype=torch.float64, generator=generator), torch.ones(5), 0.2)
    z, x = model.sample(4, generator)
    return model, x, z, generator


def densities(model, x):
    """The prior and the joint as plain sums, many times faster than distribution objects."""

    def log_prior(z):
        return -0.5 * z.square().sum(-1) - z.shape[-1] / 2 * math.log(2 * math.pi)

    def log_joint(z):
        noise = ((x - z @ model.W.T - model.b).square() / model.sigma2 + (2 * math.pi * model.sigma2).log()).sum(-1)
        return log_prior(z) - 0.5 * noise

    return log_prior, log_joint


def climbs(linear, n_rungs, initial=None, start=None):
    """Forward and reverse, with steps found in a climb before."""
    model, x, z, generator = linear
    log_prior, log_joint = densities(model, x)
    start = torch.randn(CHAINS, *z.shape, dtype=torch.float64, generator=generator) if start is None else start
    betas = ais.ladder(n_rungs)
    steps = ais.tune_steps(initial or log_prior, log_joint, start, betas, 5, generator=generator)
    up = ais.anneal(initial or log_prior, log_joint, start, betas, steps, 5, generator=generator)
    down = ais.anneal(initial or log_prior, log_joint, z.expand(CHAINS, -1, -1), betas, steps, 5, reverse=True, generator=generator)
    return up, down, steps


def test_the_densities_of_these_tests_are_the_model_s(linear):
    model, x, z, _ = linear
    log_prior, log_joint = densities(model, x)
    assert torch.allclose(log_prior(z), model.prior.log_prob(z)) and torch.allclose(log_joint(z), model.log_joint(x, z))


def test_ladder_rises_from_nought_to_one_densely_at_both_ends():
    betas = ais.ladder(50)
    assert betas.shape == (51,) and betas[0] == 0 and betas[-1] == 1
    rises = betas.diff()
    assert (rises > 0).all() and rises[0] < rises[25] / 5 and rises[-1] < rises[25] / 5
    with pytest.raises(ValueError, match="n_rungs must be a whole number from 1 on, got 0"):
        ais.ladder(0)


def test_weights_are_right_on_average_at_any_length(linear):
    """E[w] = Z on a ladder of three rungs, within five standard errors of the mean over the chains."""
    model, x, _, _ = linear
    up, _, _ = climbs(linear, 3)
    ratio = (up.log_weights - model.log_evidence(x)).exp()
    assert ratio.shape == (CHAINS, 4)
    assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / CHAINS**0.5).all()
    assert (ratio.std(0) > 0.3).all()  # and the test is no empty one


def test_reverse_weights_are_right_on_average_over_exact_draws(linear):
    """E[1/w] = 1/Z, over chains that each start at a draw of the posterior; from a q narrower than it, where 1/w has no heavy tail."""
    model, x, _, generator = linear
    _, log_joint = densities(model, x[:1])
    posterior = model.posterior(x[:1])
    q = Independent(Normal(posterior.mean, 0.5 * posterior.stddev), 1)
    draws = posterior.sample((2_000,))
    down = ais.anneal(q.log_prob, log_joint, draws, ais.ladder(2), 0.1, 2, reverse=True, generator=generator)
    inverse = (model.log_evidence(x[:1]) - down.log_weights).exp()[:, 0]
    assert abs(inverse.mean() - 1) < 5 * inverse.std() / 2_000**0.5
    assert inverse.std() > 0.3


def test_the_sandwich_closes_on_the_known_evidence(linear):
    """Over thirty simulated observations, with ten rungs and with two hundred: below and above on average, and near at last."""
    model, *_, generator = linear
    z, x = model.sample(30, generator)
    truth, widths = model.log_evidence(x), []
    for n_rungs in (10, 200):
        up, down, _ = climbs((model, x, z, generator), n_rungs, start=torch.randn(20, 30, 2, dtype=torch.float64, generator=generator))
        low, high = ais.lower_bound(up.log_weights) - truth, ais.upper_bound(down.log_weights) - truth
        assert low.mean() < 0.05 and high.mean() > -0.05
        widths.append((high - low).mean().item())
    assert widths[0] > 0.3 and abs(widths[1]) < 0.1


def test_a_climb_ends_in_the_posterior(linear):
    model, x, _, _ = linear
    up, _, _ = climbs(linear, 200)
    posterior = model.posterior(x)
    stderr = posterior.covariance_matrix.diagonal(dim1=1, dim2=2).sqrt() / CHAINS**0.5
    assert ((up.z.mean(0) - posterior.mean).abs() < 5 * stderr).all()


def test_from_a_better_start_few_rungs_do(linear):
    model, x, _, generator = linear
    posterior = model.posterior(x)
    q = Independent(Normal(posterior.mean, 1.5 * posterior.stddev), 1)
    start = posterior.mean + 1.5 * posterior.stddev * torch.randn(CHAINS, 4, 2, dtype=torch.float64, generator=generator)
    from_q, from_prior = climbs(linear, 5, q.log_prob, start)[0], climbs(linear, 5)[0]
    assert (from_q.log_weights.std(0) < from_prior.log_weights.std(0) / 3).all()
    assert ((ais.lower_bound(from_q.log_weights) - model.log_evidence(x)).abs() < 0.3).all()


def test_the_sandwich_on_a_posterior_with_two_peaks():
    toy, generator = CurvedToy(0.25), torch.Generator().manual_seed(1)
    z, x = toy.sample(30, generator)
    two = [len(toy.posterior(value).modes) == 2 for value in x]
    assert sum(two) > 5
    z, x = z[two][:6, None], x[two][:6]
    start = torch.randn(CHAINS, 6, 1, dtype=torch.float64, generator=generator)

    def log_prior(z):
        return -0.5 * z.square().sum(-1) - 0.5 * math.log(2 * math.pi)

    def log_joint(z):
        return log_prior(z) - 0.5 * ((x - toy.f(z[..., 0])) / toy.s) ** 2 - math.log(toy.s * math.sqrt(2 * math.pi))

    betas = ais.ladder(100)
    steps = ais.tune_steps(log_prior, log_joint, start, betas, 5, generator=generator)
    up = ais.anneal(log_prior, log_joint, start, betas, steps, 5, generator=generator)
    down = ais.anneal(log_prior, log_joint, z.expand(CHAINS, -1, -1), betas, steps, 5, reverse=True, generator=generator)
    truth = toy.log_evidence(x)
    assert ((ais.lower_bound(up.log_weights) - truth).abs() < 0.2).all()
    assert ((ais.upper_bound(down.log_weights) - truth).abs() < 0.8).all()  # one draw picks one peak: up to log 2 or so off


def test_tuned_steps_accept_as_often_as_asked(linear):
    up, _, steps = climbs(linear, 200)
    assert steps.shape == (200, 4)
    assert (up.acceptance[20:].mean(0) - 0.8).abs().max() < 0.06


def test_bounds_of_weights():
    log_weights = torch.tensor([[0.0], [math.log(3.0)]], dtype=torch.float64)
    assert ais.lower_bound(log_weights).item() == pytest.approx(math.log(2))
    assert ais.upper_bound(log_weights).item() == pytest.approx(math.log(1.5))  # the harmonic mean of 1 and 3


def test_bad_ladders_are_refused(linear):
    model, x, z, _ = linear
    log_prior, log_joint = densities(model, x)
    for betas in (torch.tensor([0.0, 0.5]), torch.tensor([0.1, 1.0]), torch.tensor([0.0, 0.6, 0.5, 1.0])):
        with pytest.raises(ValueError, match="rise from 0 to 1"):
            ais.anneal(log_prior, log_joint, z[None], betas, 0.1)

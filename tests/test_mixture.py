"""CAVI and Gibbs for the Bayesian mixture, against Monte Carlo, autograd, and the posterior by enumeration."""

import itertools
import math

import pytest
import torch
from torch.distributions import Categorical, Dirichlet, Gamma, Independent, Normal

from vae_helpers.inference import mixture
from vae_helpers.inference.mixture import MeanField, Parameters, Prior, cavi, elbo, gibbs, log_joint, relabelled

PRIOR = Prior(3, concentration=1.5, centre_sd=2.5, shape=3.0, rate=1.2)


@pytest.fixture
def points():
    """Sixty points of space in three heaps of unlike width, two of which overlap: not of the plane, where D/2 is 1 and D² is 2D."""
    generator = torch.Generator().manual_seed(0)
    centres, widths = torch.tensor([[-2.0, 0.0, 0.5], [1.0, 1.0, 0.0], [1.5, -1.0, 0.0]]).double(), torch.tensor([0.5, 0.6, 0.9]).double()
    c = torch.multinomial(torch.ones(3), 60, True, generator=generator)
    return centres[c] + widths[c, None] * torch.randn(60, 3, dtype=torch.float64, generator=generator)


def some_r(points, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (-torch.cdist(points, points[torch.randperm(len(points), generator=generator)[:3]]).square()).softmax(-1)


def some_q(points):
    """A q in which nothing is as an update would leave it."""
    q = mixture.start(points, PRIOR, some_r(points))
    return q._replace(
        concentration=torch.tensor([2.0, 5.0, 9.0]).double(),
        mean=torch.tensor([[-1.0, 0.3, 0.2], [0.4, 0.8, -0.3], [1.0, -0.5, 0.1]]).double(),
        variance=torch.tensor([0.03, 0.01, 0.06]).double(),
        shape=torch.tensor([40.0, 20.0, 60.0]).double(),
        rate=torch.tensor([20.0, 30.0, 45.0]).double(),
    )


def factors(q: MeanField) -> Parameters:
    """The factors of q as torch.distributions, each where its variable stands."""
    centres = Independent(Normal(q.mean, q.variance.sqrt()[:, None].expand_as(q.mean)), 2)
    return Parameters(Dirichlet(q.concentration), centres, Gamma(q.shape, q.rate), Categorical(q.r))


def row(samples: Parameters, i: int) -> Parameters:
    return Parameters(*(part[i] for part in samples))


def test_elbo_is_the_mean_of_log_joint_minus_log_q(points):
    torch.manual_seed(0)
    few = points[:12]
    q = next(mixture.sweeps(few, PRIOR, some_r(few)))  # not yet at rest, near enough that the values do not scatter by hundreds
    samples = Parameters(*(factor.sample((2_000,)) for factor in factors(q)))
    log_q = sum(factor.log_prob(part).reshape(2_000, -1).sum(-1) for factor, part in zip(factors(q), samples, strict=True))
    values = torch.stack([log_joint(few, row(samples, i), PRIOR) for i in range(2_000)]) - log_q
    assert abs(values.mean() - elbo(few, PRIOR, q)) < 5 * values.std() / 2_000**0.5
    assert values.std() / 2_000**0.5 < 0.1


@pytest.mark.parametrize(
    ("update", "parts"),
    [
        (mixture.update_weights, ["concentration"]),
        (mixture.update_centres, ["mean", "variance"]),
        (mixture.update_precisions, ["shape", "rate"]),
        (mixture.update_responsibilities, ["r"]),
    ],
)
def test_each_update_is_the_top_of_its_hill(points, update, parts):
    """The ELBO's derivative in what was updated is zero (by autograd; r on the simplex), and the ELBO has risen."""
    before = some_q(points)
    after = update(points, PRIOR, before)
    assert elbo(points, PRIOR, after) > elbo(points, PRIOR, before) + 0.1
    assert all(getattr(after, name) is getattr(before, name) for name in MeanField._fields if name not in parts)
    free = {name: getattr(after, name).clone().requires_grad_() for name in parts}
    slopes = torch.autograd.grad(elbo(points, PRIOR, after._replace(**free)), list(free.values()))
    for name, slope in zip(parts, slopes, strict=True):
        slope = slope - slope.mean(-1, keepdim=True) if name == "r" else slope
        assert slope.abs().max() < 1e-9, name


def test_no_coordinate_step_lowers_the_elbo(points):
    for seed in range(5):
        q = mixture.start(points, PRIOR, some_r(points, seed))
        value = elbo(points, PRIOR, q)
        for _ in range(15):
            for update in (mixture.update_weights, mixture.update_centres, mixture.update_precisions, mixture.update_responsibilities):
                q = update(points, PRIOR, q)
                assert elbo(points, PRIOR, q) >= value - 1e-9
                value = elbo(points, PRIOR, q)


def test_cavi_stops_at_rest_with_a_rising_elbo(points):
    q, elbos = cavi(points, PRIOR, some_r(points))
    assert len(elbos) < 200 and all(b >= a - 1e-9 for a, b in itertools.pairwise(elbos))
    assert elbos[-1] == pytest.approx(elbo(points, PRIOR, q).item())
    assert torch.allclose(mixture.update_centres(points, PRIOR, q).mean, q.mean, atol=1e-4)
    assert torch.allclose(q.precision, q.shape / q.rate)


def test_cavi_of_one_component_s_centre_is_conjugate(points):
    """One component whose precision is all but known: q(centre) is the posterior of Gaussian means with that precision."""
    prior = Prior(1, centre_sd=2.0, shape=4e8, rate=1e8)
    q, _ = cavi(points, prior, torch.ones(len(points), 1, dtype=torch.float64))
    precision = 1 / 4 + 4.0 * len(points)
    assert q.variance.item() == pytest.approx(1 / precision, rel=1e-5)
    assert torch.allclose(q.mean[0], 4.0 * points.sum(0) / precision, rtol=1e-5)


def test_gibbs_conditionals_are_ratios_of_the_joint(points):
    """Where Gibbs draws from is checked by chains on few points, against all assignments enumerated and the rest integrated out."""
    x, prior = points[:5, :1], Prior(2, concentration=1.3, centre_sd=1.7, shape=4e8, rate=2e8)  # precision 2, all but known
    log_p = []
    for c in itertools.product([0, 1], repeat=5):
        c = torch.tensor(c)
        n = torch.tensor([(c == k).sum() for k in range(2)]).double()
        log_weights = (1.3 + n).lgamma().sum() - (2.6 + n.sum()).lgamma()  # Dirichlet–multinomial, up to a constant
        log_x = 0.0
        for k in range(2):
            mine = x[c == k][:, 0]
            if len(mine):
                covariance = torch.eye(len(mine)).double() / 2 + 1.7**2
                log_x = log_x + torch.distributions.MultivariateNormal(torch.zeros(len(mine)).double(), covariance).log_prob(mine)
        log_p.append(log_weights + log_x)
    exact = torch.stack(log_p).softmax(0)
    samples = gibbs(x, prior, torch.zeros(5, dtype=torch.long), 10_000, 100, torch.Generator().manual_seed(1))
    which = (samples.c * torch.tensor([16, 8, 4, 2, 1])).sum(-1)
    blocks = torch.stack([torch.bincount(block, minlength=32) / len(block) for block in which.split(500)]).double()  # (20, 32)
    likely = exact > 0.01
    assert likely.sum() > 5
    assert ((blocks.mean(0) - exact).abs() < 5 * blocks.std(0) / 20**0.5)[likely].all()


def test_gibbs_finds_the_posterior_of_one_component(points):
    """One component: weights 1; the precision's and the centre's moments against quadrature over the precision."""
    prior = Prior(1, centre_sd=2.0, shape=2.5, rate=0.8)
    samples = gibbs(points, prior, torch.zeros(60, dtype=torch.long), 5_000, 100, torch.Generator().manual_seed(2))
    assert torch.allclose(samples.weights, torch.ones(5_000, 1, dtype=torch.float64))
    tau = torch.linspace(0.02, 3, 3_000, dtype=torch.float64)
    precision = 1 / 4 + 60 * tau
    log_p = Gamma(2.5, 0.8).log_prob(tau) + 60 * 1.5 * tau.log() - tau / 2 * points.square().sum()
    log_p = log_p - 1.5 * precision.log() + 0.5 * tau**2 * points.sum(0).square().sum() / precision  # the centre integrated out, D = 3
    weight = log_p.softmax(0)
    mean = (weight * tau / precision).sum() * points.sum(0)
    for value, exact in ((samples.precisions[:, 0], (weight * tau).sum()), (samples.centres[:, 0, 0], mean[0])):
        blocks = value.reshape(50, 100).mean(1)
        assert abs(blocks.mean() - exact) < 5 * blocks.std() / 50**0.5


def test_relabelled_undoes_a_swap_of_names(points):
    q, _ = cavi(points, PRIOR, some_r(points))
    samples = gibbs(points, PRIOR, q.r.argmax(-1), 10, generator=torch.Generator().manual_seed(3))
    order = torch.tensor([2, 0, 1])
    swapped = Parameters(samples.weights[:, order], samples.centres[:, order], samples.precisions[:, order], order.argsort()[samples.c])
    for a, b in zip(relabelled(swapped, q.mean), relabelled(samples, q.mean), strict=True):
        assert torch.equal(a, b)
    assert torch.allclose(relabelled(samples, q.mean).centres.mean(0), q.mean, atol=1)


def test_gibbs_is_reproducible_and_what_does_not_fit_is_refused(points):
    c = some_r(points).argmax(-1)
    a, b = (gibbs(points, PRIOR, c, 5, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(a.centres, b.centres) and a.c.shape == (5, 60)
    with pytest.raises(ValueError, match="finite numbers"):
        cavi(points * math.inf, PRIOR, some_r(points))
    with pytest.raises(ValueError, match="rate must be a positive number, got 0.0"):
        cavi(points, PRIOR._replace(rate=0.0), some_r(points))

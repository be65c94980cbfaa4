"""Estimators of gradients against closed forms, quadrature and published numbers; Gumbel-softmax against quadrature; bad input."""

import itertools
import math

import gradient_race
import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch.distributions import kl_divergence

from vae_helpers import datasets, results
from vae_helpers.gradient_variance import variance_by_quadrature
from vae_helpers.gradients import (
    Gradients,
    gumbel_softmax,
    measure_valued,
    optimal_baseline,
    pathwise,
    score_function,
)
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, elbo_surrogate

MEANS, SIGMAS = (-1.0, 0.3, 1.0), (0.4, 1.0, 1.5)


def quadratic(k):
    return lambda z: ((z - k) ** 2).sum(-1)


def bump(k):
    return lambda z: torch.exp(-k * z**2).sum(-1)


def cosine(k):
    return lambda z: torch.cos(k * z).sum(-1)


# exact derivatives of E[f(z)] in mu and sigma, by hand from E[(z-k)^2] = (mu-k)^2 + sigma^2,
# E[exp(-k z^2)] = exp(-k mu^2 / a) / sqrt(a) with a = 1 + 2 k sigma^2, and E[cos(k z)] = exp(-k^2 sigma^2 / 2) cos(k mu)
def exact_quadratic(k, mu, sigma):
    return 2 * (mu - k), 2 * sigma


def exact_bump(k, mu, sigma):
    a = 1 + 2 * k * sigma**2
    value = math.exp(-k * mu**2 / a) / math.sqrt(a)
    return -2 * k * mu / a * value, (4 * k**2 * mu**2 * sigma / a**2 - 2 * k * sigma / a) * value


def exact_cosine(k, mu, sigma):
    damping = math.exp(-(k**2) * sigma**2 / 2)
    return -k * damping * math.sin(k * mu), -(k**2) * sigma * damping * math.cos(k * mu)


FAMILIES = {
    "quadratic": (quadratic, exact_quadratic, (-3.0, 0.0, 2.0)),
    "bump": (bump, exact_bump, (0.1, 1.0, 2.0)),
    "cosine": (cosine, exact_cosine, (0.5, 1.0, 2.0)),
}
ESTIMATORS = {
    "score": (score_function, {}),
    "score, constant baseline": (score_function, {"baseline": 0.7}),
    "score, optimal baseline": (score_function, {"baseline": "optimal"}),
    "score, leave one out": (score_function, {"baseline": "leave_one_out"}),
    "score, antithetic": (score_function, {"antithetic": True}),
    "score, leave one out, antithetic": (score_function, {"baseline": "leave_one_out", "antithetic": True}),
    "pathwise": (pathwise, {}),
    "pathwise, antithetic": (pathwise, {"antithetic": True}),
    "measure-valued": (measure_valued, {}),
}
GRID = [(family, k, mu, sigma) for family, (_, _, ks) in FAMILIES.items() for k in ks for mu in MEANS for sigma in SIGMAS]


def group_means(estimator, f, mu, sigma, n_samples, groups, generator, **options):
    """Averages over n_samples for each of `groups` independent groups: (groups, 2)."""
    mus = torch.full((groups, 1), mu, dtype=torch.float64)
    if options.get("baseline") == "optimal":  # once, not for each group
        options = options | {"baseline": optimal_baseline(f, mus[0], sigma, 100_000, generator)}
    g = estimator(f, mus, sigma, n_samples, generator=generator, **options)
    assert g.mu.shape == g.sigma.shape == (n_samples, groups, 1)
    return torch.cat([g.mu.mean(0), g.sigma.mean(0)], -1)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_is_unbiased_over_the_whole_grid(name):
    estimator, options = ESTIMATORS[name]
    generator = torch.Generator().manual_seed(1)
    for family, k, mu, sigma in GRID:
        make, exact, _ = FAMILIES[family]
        means = group_means(estimator, make(k), mu, sigma, 4, 5000, generator, **options)
        away = (means.mean(0) - torch.tensor(exact(k, mu, sigma), dtype=torch.float64)).abs() / (
            means.std(0) / math.sqrt(len(means)) + 1e-12
        )
        assert away.max() < 5, (family, k, mu, sigma, away)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_quadrature_gives_the_exact_gradient(name):
    estimator, options = ESTIMATORS[name]
    for family, k, mu, sigma in GRID:
        make, exact, _ = FAMILIES[family]
        moments = variance_by_quadrature(estimator, make(k), mu, sigma, n_samples=2, **options)
        np.testing.assert_allclose(torch.stack(moments.mean), exact(k, mu, sigma), rtol=1e-6, atol=1e-9)
        assert moments.error < 1e-6


# evidence from the literature: N(1, 1), one sample, variance of the mu-gradient (Mohamed et al. 2020, figures 3 and 4)
@pytest.mark.parametrize(
    "f, score, path",
    [(quadratic(-3.0), 495, 4), (quadratic(-1.0), 87, 4), (quadratic(1.0), 15, 4), (quadratic(3.0), 87, 4)]
    + [(bump(0.1), 0.5635, 0.0163), (bump(1.0), 0.1758, 0.2117), (bump(2.0), 0.1351, 0.3647)]
    + [(cosine(0.5), 0.4553, 0.0393), (cosine(1.0), 0.3240, 0.2677), (cosine(2.0), 0.4411, 1.940)],
)
def test_variances_are_the_published_ones(f, score, path):
    assert variance_by_quadrature(score_function, f, 1.0, 1.0).variance.mu.item() == pytest.approx(score, rel=5e-4, abs=5e-5)
    assert variance_by_quadrature(pathwise, f, 1.0, 1.0).variance.mu.item() == pytest.approx(path, rel=5e-4, abs=5e-5)


@pytest.mark.parametrize("k, expected", [(-3.0, 134), (-1.0, 38), (1.0, 6), (3.0, 38)])
def test_optimal_baseline_reaches_the_published_variance(k, expected):
    moments = variance_by_quadrature(score_function, quadratic(k), 1.0, 1.0, baseline="optimal")
    assert moments.variance.mu.item() == pytest.approx(expected, rel=1e-6)


def test_variance_has_the_closed_form_of_a_quadratic():
    for k, mu, sigma in [(2.0, 0.3, 0.5), (-1.0, 1.0, 2.0)]:
        d = mu - k
        path, score = (variance_by_quadrature(e, quadratic(k), mu, sigma).variance for e in (pathwise, score_function))
        assert path.mu.item() == pytest.approx(4 * sigma**2, rel=1e-6)
        assert path.sigma.item() == pytest.approx(4 * d**2 + 8 * sigma**2, rel=1e-6)  # Var of 2 d eps + 2 sigma eps^2
        assert score.mu.item() == pytest.approx(d**4 / sigma**2 + 14 * d**2 + 15 * sigma**2, rel=1e-6)


def test_the_variances_cross_where_the_literature_says():
    def lead(make, k):
        return (
            variance_by_quadrature(pathwise, make(k), 1.0, 1.0).variance.mu
            - variance_by_quadrature(score_function, make(k), 1.0, 1.0).variance.mu
        )

    assert lead(bump, 0.869) < 0 < lead(bump, 0.871)
    assert lead(cosine, 1.063) < 0 < lead(cosine, 1.065)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sampled_variance_meets_quadrature_within_three_percent(name):
    estimator, options = ESTIMATORS[name]
    generator = torch.Generator().manual_seed(2)
    for f, n_samples in [(quadratic(2.0), 2), (bump(1.0), 3), (cosine(2.0), 8)]:
        exact = variance_by_quadrature(estimator, f, 0.5, 0.8, n_samples=n_samples, **options).variance
        sampled = group_means(estimator, f, 0.5, 0.8, n_samples, 200_000, generator, **options).var(0)
        np.testing.assert_allclose(sampled, torch.stack(exact), rtol=0.03, atol=1e-12)


def test_batch_mean_baseline_shrinks_the_gradient_by_exactly_one_minus_one_over_n():
    for n_samples in (2, 5):
        biased = variance_by_quadrature(score_function, quadratic(2.0), 0.5, 0.8, n_samples=n_samples, baseline="batch_mean").mean
        np.testing.assert_allclose(torch.stack(biased), (1 - 1 / n_samples) * np.array([2 * (0.5 - 2.0), 2 * 0.8]), rtol=1e-9)
        runs = [
            score_function(quadratic(2.0), 0.5, 0.8, n_samples, baseline=b, generator=torch.Generator().manual_seed(3))
            for b in ("batch_mean", "leave_one_out")
        ]
        assert torch.allclose(runs[0].mu.mean(0), (1 - 1 / n_samples) * runs[1].mu.mean(0), atol=1e-5)


def test_leave_one_out_average_is_the_sample_covariance_of_value_and_score():
    z_seen = []

    def f(z):
        z_seen.append(z)
        return (z**3).sum(-1)

    g = score_function(f, torch.zeros(1, dtype=torch.float64) + 0.5, 0.8, 7, baseline="leave_one_out").mu.mean()
    z = z_seen[0].squeeze(-1)
    assert g.item() == pytest.approx(np.cov(z**3, (z - 0.5) / 0.64)[0, 1], rel=1e-12)


def test_estimates_in_ten_dimensions_with_batch_axes():
    mu = torch.linspace(-1, 1, 10).expand(3, 10)
    sigma = torch.linspace(0.5, 1.5, 10)
    generator = torch.Generator().manual_seed(4)
    for name, (estimator, options) in ESTIMATORS.items():
        g = estimator(quadratic(0.5), mu, sigma, 20_000, generator=generator, **options)
        assert g.mu.shape == g.sigma.shape == (20_000, 3, 10), name
        for estimate, exact in zip(g, (2 * (mu - 0.5), (2 * sigma).expand(3, 10)), strict=True):
            stderr = estimate.std(0) / math.sqrt(20_000)
            # a leave-one-out baseline ties samples together, but for 20,000 of them by nothing that can be seen
            assert ((estimate.mean(0) - exact).abs() < 5.5 * stderr + 1e-6).all(), name


def test_optimal_baseline_is_one_number_a_parameter():
    b = optimal_baseline(quadratic(0.0), torch.zeros(3, dtype=torch.float64), 1.0, 200_000, torch.Generator().manual_seed(5))
    np.testing.assert_allclose(b.mu, 5.0, rtol=0.02)  # E[(sum z^2) z_1^2] = 3 + 2, over E[z_1^2] = 1
    np.testing.assert_allclose(b.sigma, 7.0, rtol=0.03)  # E[(sum z^2)(z_1^2 - 1)^2] = 10 + 2 * 2 = 14, over 2


def test_step_function_is_missed_by_the_pathwise_estimator_only():
    def step(z):
        return torch.sign(z - 0.2).sum(-1) / 2

    exact = math.exp(-((0.2 - 0.5) ** 2) / (2 * 0.64)) / (0.8 * math.sqrt(2 * math.pi))
    assert variance_by_quadrature(score_function, step, 0.5, 0.8).mean.mu.item() == pytest.approx(exact, abs=1e-3)
    g = pathwise(step, 0.5, 0.8, 1000)
    assert (g.mu == 0).all()
    with pytest.raises(ValueError, match="no derivative in z"):
        pathwise(lambda z: (z > 0).sum(-1), 0.5, 0.8, 10)
    assert score_function(lambda z: (z > 0).sum(-1), 0.5, 0.8, 10).mu.shape == (10, 1)  # whole numbers and truth values will do


def test_the_derivative_leaves_no_trace_in_the_parameters_of_f():
    layer = torch.nn.Linear(2, 1)
    pathwise(lambda z: layer(z).squeeze(-1), torch.zeros(2), 1.0, 5)
    assert layer.weight.grad is None
    with torch.no_grad():
        assert (pathwise(quadratic(1.0), torch.zeros(2), 1.0, 5).mu != 0).all()
        assert variance_by_quadrature(pathwise, quadratic(1.0), 0.0, 1.0).variance.mu.item() == pytest.approx(4)


def test_same_generator_same_estimates():
    for estimator, options in ESTIMATORS.values():
        a, b = (estimator(quadratic(1.0), 0.5, 0.8, 4, generator=torch.Generator().manual_seed(6), **options) for _ in range(2))
        assert torch.equal(a.mu, b.mu) and torch.equal(a.sigma, b.sigma)


# ---- the discrete case
def test_gumbel_softmax_lies_on_the_simplex_and_its_argmax_is_categorical():
    logits = torch.tensor([0.5, -1.0, 1.2])
    y = gumbel_softmax(logits, 0.7, 100_000, generator=torch.Generator().manual_seed(7))
    assert y.shape == (100_000, 3) and torch.allclose(y.sum(-1), torch.ones(100_000), atol=1e-5)
    frequency = torch.nn.functional.one_hot(y.argmax(-1), 3).double().mean(0)
    p = logits.softmax(-1).double()
    assert ((frequency - p).abs() < 5 * (p * (1 - p) / 100_000).sqrt()).all()
    hard = gumbel_softmax(logits, 0.7, 5, hard=True)
    assert torch.allclose(hard.sort(-1).values, torch.tensor([0.0, 0.0, 1.0]).expand(5, 3))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_gumbel_softmax_with_two_classes_meets_quadrature(temperature):
    # y_1 = sigmoid((logit + logistic noise) / temperature), so value and gradient of E[y_1^2] are one-dimensional integrals
    def integral(logit):
        def integrand(u):
            return 1 / (1 + math.exp(-(logit + math.log(u / (1 - u))) / temperature)) ** 2

        return quad(integrand, 0, 1, epsabs=1e-10, limit=200)[0]

    logits = torch.tensor([0.4, 0.0], dtype=torch.float64, requires_grad=True)
    y = gumbel_softmax(logits, temperature, 200_000, generator=torch.Generator().manual_seed(8))
    values = y[:, 0] ** 2
    gradient = torch.autograd.grad(values.mean(), logits)[0][0]
    assert abs(values.mean().item() - integral(0.4)) < 5 * values.std().item() / math.sqrt(200_000)
    per_sample = 2 * y[:, 0] ** 2 * (1 - y[:, 0]) / temperature
    exact = (integral(0.401) - integral(0.399)) / 0.002
    assert abs(gradient.item() - exact) < 5 * per_sample.std().item() / math.sqrt(200_000) + 1e-5


# ---- in a VAE
@pytest.mark.parametrize("estimator, n_samples, baseline", [("pathwise", 2, None), ("score_function", 2, "leave_one_out")])
def test_the_surrogates_gradient_is_that_of_the_estimators(estimator, n_samples, baseline):
    """The encoder's gradient by the surrogate is the estimators' (mu, sigma)-gradient, pulled back through the encoder."""
    vae = VAE((3, 3), latent_dim=2, hidden=(5,), seed=0).double()
    x = torch.bernoulli(torch.full((4, 9), 0.5, dtype=torch.float64), generator=torch.Generator().manual_seed(9))
    surrogate, value = elbo_surrogate(vae, x, estimator, n_samples, baseline, generator=torch.Generator().manual_seed(10))
    weights = list(vae.encoder.parameters())
    by_surrogate = torch.autograd.grad(surrogate, weights)

    q = vae.encode(x)
    options = {} if estimator == "pathwise" else {"baseline": baseline}
    g = {"pathwise": pathwise, "score_function": score_function}[estimator](
        lambda z: vae.decode(z).log_prob(x),
        q.base_dist.loc,
        q.base_dist.scale,
        n_samples,
        generator=torch.Generator().manual_seed(10),
        **options,
    )
    pulled = torch.autograd.grad(
        [q.base_dist.loc, q.base_dist.scale, kl_divergence(q, vae.prior)],
        weights,
        [g.mu.mean(0) / 4, g.sigma.mean(0) / 4, torch.full((4,), -0.25, dtype=torch.float64)],
    )
    for a, b in zip(by_surrogate, pulled, strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)
    assert value.item() < 0 and not value.requires_grad


def test_the_decoders_gradient_is_the_same_for_both_surrogates():
    vae = VAE((3, 3), latent_dim=2, hidden=(5,), seed=0)
    x = torch.bernoulli(torch.full((4, 9), 0.5), generator=torch.Generator().manual_seed(9))
    a, b = (
        torch.autograd.grad(elbo_surrogate(vae, x, e, 2, generator=torch.Generator().manual_seed(11))[0], list(vae.decoder.parameters()))
        for e in ("pathwise", "score_function")
    )
    assert all(torch.allclose(u, v, atol=1e-6) for u, v in zip(a, b, strict=True))


# ---- bad input: one clear sentence each
@pytest.mark.parametrize("estimator", [score_function, pathwise, measure_valued])
@pytest.mark.parametrize(
    "arguments, error, sentence",
    [
        ((quadratic(1.0), 0.0, 0.0, 5), ValueError, "sigma: expected finite numbers above zero"),
        ((quadratic(1.0), 0.0, -1.0, 5), ValueError, "sigma: expected finite numbers above zero, got a smallest value of -1"),
        ((quadratic(1.0), 0.0, math.nan, 5), ValueError, "sigma: expected finite"),
        ((quadratic(1.0), math.nan, 1.0, 5), ValueError, "mu: expected finite numbers"),
        ((quadratic(1.0), torch.zeros(2), torch.ones(3), 5), ValueError, r"broadcast, got \(2,\) and \(3,\)"),
        ((quadratic(1.0), 0.0, 1.0, 0), ValueError, "n_samples must be a whole number from 1 on, got 0"),
        ((quadratic(1.0), 0.0, 1.0, 2.5), ValueError, "n_samples must be a whole number"),
        ((lambda z: (z - 1) ** 2, 0.0, 1.0, 5), ValueError, r"expected one value a sample, shape \(5,\)"),
        ((lambda z: ((z - 1) ** 2).sum(), 0.0, 1.0, 5), ValueError, r"got \(\); f must work on whole batches"),
        ((lambda z: z.sum(-1) / 0, 0.0, 1.0, 5), ValueError, "expected finite values"),
        ((lambda z: 3.0, 0.0, 1.0, 5), TypeError, "expected a tensor of values, one a sample, got float"),
        ((3.0, 0.0, 1.0, 5), TypeError, "f: expected a function"),
    ],
)
def test_bad_input_is_named(estimator, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        estimator(*arguments)


@pytest.mark.parametrize("n_samples", [0, 1])
@pytest.mark.parametrize("baseline", ["leave_one_out", "batch_mean"])
def test_comparing_baselines_need_two_samples(n_samples, baseline):
    with pytest.raises(ValueError, match="at least 2|from 1 on"):
        score_function(quadratic(1.0), 0.0, 1.0, n_samples, baseline=baseline)
    with pytest.raises(ValueError, match="at least 2|from 1 on"):
        variance_by_quadrature(score_function, quadratic(1.0), 0.0, 1.0, n_samples, baseline=baseline)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: score_function(quadratic(1.0), 0.0, 1.0, 5, baseline="mean"), "unknown baseline 'mean'"),
        (lambda: variance_by_quadrature(score_function, quadratic(1.0), torch.zeros(2), 1.0), "one dimension"),
        (lambda: variance_by_quadrature(pathwise, quadratic(1.0), 0.0, 1.0, baseline="optimal"), "takes no baseline"),
        (lambda: variance_by_quadrature(optimal_baseline, quadratic(1.0), 0.0, 1.0), "no quadrature for"),
        (lambda: gumbel_softmax(torch.zeros(3).long(), 1.0, 5), "logits: expected"),
        (lambda: gumbel_softmax(torch.zeros(3), 0.0, 5), "temperature must be a positive number, got 0"),
        (lambda: gumbel_softmax(torch.zeros(3), math.nan, 5), "temperature"),
        (lambda: gumbel_softmax(torch.tensor([0.0, math.nan]), 1.0, 5), "logits"),
        (lambda: gumbel_softmax(torch.zeros(1), 1.0, 5), "at least|C >= 2"),
        (lambda: gumbel_softmax(torch.zeros(3), 1.0, 0), "n_samples"),
        (lambda: elbo_surrogate(VAE(seed=0), torch.zeros(2, 64), "reinforce"), "unknown estimator 'reinforce'"),
        (lambda: elbo_surrogate(VAE(seed=0), torch.zeros(2, 64), "score_function", 1, "leave_one_out"), "at least 2"),
    ],
)
def test_other_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_result_is_a_named_pair():
    g = score_function(quadratic(1.0), 0.0, 1.0, 5)
    assert isinstance(g, Gradients) and g.mu.dtype == torch.float32


# ---- the race of notebook 06
def test_the_race_runs_and_the_same_seed_gives_the_same_curve():
    images = torch.rand(50, 8, 8, generator=torch.Generator().manual_seed(12))
    test = (images > 0.5).float()
    curves = [gradient_race.train("leave-one-out, 2 samples", 2, 1e-3, 3, images, test, steps=100) for _ in range(2)]
    assert (
        curves[0] == curves[1]
        and list(curves[0]) == ["elbo_0", "elbo_100", "kl_0", "kl_100"]
        and curves[0]["elbo_100"] > curves[0]["elbo_0"]
    )


def test_the_stored_race_is_whole_and_starts_where_the_tool_starts():
    races, tried = results.load("gradient_race"), results.load("gradient_race_rates")
    runners = itertools.product(gradient_race.LATENT_SIZES, gradient_race.ESTIMATORS, gradient_race.RACE_SEEDS)
    assert [(race["latent_dim"], race["estimator"], race["seed"]) for race in races] == list(runners)
    data = datasets.load("digits")
    test = data.binarized(0).test.images
    for race in races:
        size = race["latent_dim"]
        tuning = {row["rate"]: row["elbo"] for row in tried if (row["latent_dim"], row["estimator"]) == (size, race["estimator"])}
        assert race["rate"] == max(tuning, key=tuning.get) < max(tuning), "the best rate is the largest that was tried"
        vae = VAE((8, 8), size, gradient_race.HIDDEN, seed=race["seed"])
        with torch.no_grad():
            start = elbo(vae, test, n_samples=20, generator=torch.Generator().manual_seed(0)).elbo.mean().item()
        assert race["elbo_0"] == pytest.approx(start, abs=2e-3)

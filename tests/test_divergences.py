"""The closed forms against quadrature, torch.distributions and Monte Carlo; the estimators against exact means and variances."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vae_helpers.divergences import k1, k2, k3, kl_diagonal, kl_full, kl_standard_normal


def random_parameters(seed, shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=dtype) for _ in range(4)]


def random_covariance(seed, batch, dim):
    a = torch.randn((*batch, dim, dim), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return a @ a.mT + 0.1 * torch.eye(dim, dtype=torch.float64)


def diagonal(mu, logvar):
    return Independent(Normal(mu, (logvar / 2).exp()), 1)


def expect_normal(f, mu, sigma):
    """E[f(z)] for z ~ N(mu, sigma²) by adaptive quadrature, independent of torch."""
    q = stats.norm(mu, sigma)
    return integrate.quad(lambda z: q.pdf(z) * f(z), mu - 12 * sigma, mu + 12 * sigma, points=[mu], limit=200, epsabs=1e-12, epsrel=1e-12)[
        0
    ]


# ---- closed forms


@pytest.mark.parametrize("mu, logvar", [(0.0, 0.0), (1.5, 0.0), (0.0, -3.0), (-0.7, 1.2), (4.0, -8.0), (0.0, 4.0)])
def test_standard_normal_against_quadrature(mu, logvar):
    sigma = math.exp(logvar / 2)
    exact = expect_normal(lambda z: stats.norm.logpdf(z, mu, sigma) - stats.norm.logpdf(z), mu, sigma)
    kl = kl_standard_normal(torch.tensor([mu], dtype=torch.float64), torch.tensor([logvar], dtype=torch.float64))
    assert kl.item() == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_diagonal_against_quadrature_sums_over_the_last_axis():
    mu_q, logvar_q, mu_p, logvar_p = random_parameters(0, (3,))
    exact = sum(
        expect_normal(lambda z, q=(m, s), p=(n, t): stats.norm.logpdf(z, *q) - stats.norm.logpdf(z, *p), m, s)
        for m, s, n, t in zip(mu_q.tolist(), (logvar_q / 2).exp().tolist(), mu_p.tolist(), (logvar_p / 2).exp().tolist(), strict=True)
    )
    assert kl_diagonal(mu_q, logvar_q, mu_p, logvar_p).item() == pytest.approx(exact, rel=1e-9)


def test_full_against_quadrature_in_the_plane():
    q, p = (
        stats.multivariate_normal([0.5, -1.0], [[1.0, 0.6], [0.6, 0.8]]),
        stats.multivariate_normal([0.0, 0.3], [[2.0, -0.5], [-0.5, 1.0]]),
    )
    axis = np.linspace(-9, 9, 1201)  # the trapezoid rule is spectrally accurate here
    plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    exact = (np.exp(q.logpdf(plane)) * (q.logpdf(plane) - p.logpdf(plane))).sum() * (axis[1] - axis[0]) ** 2
    tensors = [torch.as_tensor(a) for a in (q.mean, q.cov, p.mean, p.cov)]
    assert kl_full(*tensors).item() == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 20])
def test_all_against_torch_distributions(dim):
    mu_q, logvar_q, mu_p, logvar_p = random_parameters(1, (50, dim))
    q, p = diagonal(mu_q, logvar_q), diagonal(mu_p, logvar_p)
    prior = diagonal(torch.zeros_like(mu_q), torch.zeros_like(mu_q))
    torch.testing.assert_close(kl_standard_normal(mu_q, logvar_q), kl_divergence(q, prior), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(kl_diagonal(mu_q, logvar_q, mu_p, logvar_p), kl_divergence(q, p), rtol=1e-10, atol=1e-10)

    cov_q, cov_p = random_covariance(2, (50,), dim), random_covariance(3, (50,), dim)
    expected = kl_divergence(MultivariateNormal(mu_q, cov_q), MultivariateNormal(mu_p, cov_p))
    torch.testing.assert_close(kl_full(mu_q, cov_q, mu_p, cov_p), expected, rtol=1e-8, atol=1e-8)


def test_special_cases_meet():
    mu_q, logvar_q, mu_p, logvar_p = random_parameters(4, (7, 5))
    full = kl_full(mu_q, torch.diag_embed(logvar_q.exp()), mu_p, torch.diag_embed(logvar_p.exp()))
    torch.testing.assert_close(full, kl_diagonal(mu_q, logvar_q, mu_p, logvar_p), rtol=1e-10, atol=1e-10)
    zero = torch.zeros(5, dtype=torch.float64)  # one prior for the whole batch: the batch axes broadcast
    torch.testing.assert_close(kl_diagonal(mu_q, logvar_q, zero, zero), kl_standard_normal(mu_q, logvar_q), rtol=1e-12, atol=1e-12)
    assert kl_full(mu_q, torch.eye(5, dtype=torch.float64), zero, torch.eye(5, dtype=torch.float64)).shape == (7,)


def test_against_monte_carlo():
    mu_q, logvar_q, mu_p, logvar_p = random_parameters(5, (10,))
    q, p = diagonal(mu_q, logvar_q), diagonal(mu_p, logvar_p)
    torch.manual_seed(0)
    z = q.sample((200_000,))
    samples = q.log_prob(z) - p.log_prob(z)
    assert abs(samples.mean() - kl_diagonal(mu_q, logvar_q, mu_p, logvar_p)) < 5 * samples.std() / len(samples) ** 0.5


def test_never_negative_and_zero_only_when_equal():
    mu_q, logvar_q, mu_p, logvar_p = random_parameters(6, (10_000, 3))
    assert (kl_diagonal(mu_q, logvar_q, mu_p, logvar_p) > 0).all()
    assert (kl_diagonal(mu_q, logvar_q, mu_q, logvar_q) == 0).all()


# ---- gradients, dtype, extremes


def test_gradient_is_a_pair_of_springs():
    mu, logvar, *_ = random_parameters(7, (6, 4))
    mu.requires_grad_(), logvar.requires_grad_()
    kl_standard_normal(mu, logvar).sum().backward()
    torch.testing.assert_close(mu.grad, mu.detach())
    torch.testing.assert_close(logvar.grad, 0.5 * (logvar.detach().exp() - 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_and_shape_are_kept(dtype):
    kl = kl_standard_normal(torch.zeros(3, 2, dtype=dtype), torch.zeros(3, 2, dtype=dtype))
    assert kl.dtype == dtype and kl.shape == (3,)
    assert kl_standard_normal(torch.zeros(5, 3, 2), torch.zeros(5, 3, 2)).shape == (5, 3)
    assert kl_standard_normal(torch.zeros(0, 2), torch.zeros(0, 2)).shape == (0,)


def test_arrays_and_lists_are_taken_too():
    mu, logvar, cov = np.array([0.3, -1.0]), [0.2, 0.4], np.diag([1.5, 2.0])
    expected = kl_standard_normal(torch.tensor(mu), torch.tensor(logvar, dtype=torch.float64))
    assert kl_standard_normal(mu, logvar) == expected == kl_diagonal(mu, logvar, np.zeros(2), np.zeros(2))
    assert kl_full(mu, cov, np.zeros(2), np.eye(2)) == kl_full(*map(torch.tensor, (mu, cov, np.zeros(2), np.eye(2))))


def test_float32_at_the_extremes():
    logvar = torch.tensor([[-200.0], [-80.0], [80.0], [88.0]], requires_grad=True)
    mu = torch.ones_like(logvar)
    kl = kl_standard_normal(mu, logvar)
    exact = [0.5 * (1 + math.expm1(v) - v) for v in (-200.0, -80.0, 80.0, 88.0)]
    torch.testing.assert_close(kl, torch.tensor(exact))
    kl.sum().backward()
    assert logvar.grad.isfinite().all()
    assert kl_standard_normal(mu[:1], torch.full((1, 1), 100.0)).item() == math.inf  # overflow is inf, not NaN
    narrow = torch.full((1, 1), -170.0)
    assert kl_diagonal(mu[:1], narrow, mu[:1], narrow).item() == 0  # exp(170) would be inf, and 0 · inf NaN


def test_float32_near_the_prior():
    """The true value is ¼ · (log σ²)² = 2.5e-9; exp(·) − 1 − log σ² would be wrong in the first digit."""
    kl = kl_standard_normal(torch.zeros(1), torch.tensor([1e-4]))
    assert kl.item() == pytest.approx(0.25e-8, rel=2e-3)


# ---- estimators from samples


def gaussian_log_ratio(mu, sigma):
    return lambda z: stats.norm.logpdf(z, mu, sigma) - stats.norm.logpdf(z)


@pytest.mark.parametrize("mu, sigma", [(0.5, 1.1), (1.0, 1.3)])  # σ ≥ 1, so that k3 has all its moments
def test_estimators_have_the_mean_and_variance_that_quadrature_gives(mu, sigma):
    kl = 0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma)
    ratio = gaussian_log_ratio(mu, sigma)
    generator = torch.Generator().manual_seed(0)
    z = mu + sigma * torch.randn(400_000, generator=generator, dtype=torch.float64)
    log_ratio = torch.as_tensor(ratio(z.numpy()))
    formulas = {k1: lambda u: u, k2: lambda u: u * u / 2, k3: lambda u: math.exp(-u) - 1 + u}
    for estimator, formula in formulas.items():
        values = estimator(log_ratio)
        mean = expect_normal(lambda z, f=formula: f(ratio(z)), mu, sigma)
        second = expect_normal(lambda z, f=formula: f(ratio(z)) ** 2, mu, sigma)
        assert abs(values.mean() - mean) < 5 * values.std() / len(values) ** 0.5
        spread = (values - mean).square()
        assert abs(spread.mean() - (second - mean**2)) < 5 * spread.std() / len(values) ** 0.5
        assert (mean == pytest.approx(kl, rel=1e-8)) == (estimator is not k2)  # k2 alone is biased
    assert (k2(log_ratio) >= 0).all() and (k3(log_ratio) >= 0).all() and (k1(log_ratio) < 0).any()


def test_the_variance_of_k3_is_infinite_for_a_narrow_q():
    """σ_q² ≤ ½: the integral of p²/q over [−R, R] grows without bound with R; for σ_q² > ½ it settles."""

    def second_moment(sigma, reach):  # the integrand peaks in the tails, so a plain fine grid is safer than adaptive quadrature
        z = np.linspace(-reach, reach, 200_001)
        return integrate.trapezoid(np.exp(2 * stats.norm.logpdf(z) - stats.norm.logpdf(z, 0, sigma)), z)

    assert second_moment(0.5, 20) > 1e6 * second_moment(0.5, 10)
    assert second_moment(0.8, 20) == pytest.approx(second_moment(0.8, 40), rel=1e-9)


# ---- bad input


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: kl_standard_normal(torch.zeros(3, 2), torch.zeros(3, 1)), ValueError, r"\(3, 2\) and \(3, 1\)"),
        (lambda: kl_standard_normal(torch.tensor(0.0), torch.tensor(0.0)), ValueError, r"\(\.\.\., L\)"),
        (lambda: kl_standard_normal(torch.zeros(3, dtype=torch.int64), torch.zeros(3)), TypeError, "float"),
        (lambda: kl_diagonal(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(1), torch.zeros(1)), ValueError, "2 dimensions and p has 1"),
        (lambda: kl_diagonal(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(4, 2), torch.zeros(4, 2)), ValueError, "do not broadcast"),
        (lambda: kl_full(torch.zeros(2), torch.ones(2), torch.zeros(2), torch.eye(2)), ValueError, "diag_embed"),
        (lambda: kl_full(torch.zeros(2), torch.eye(2), torch.zeros(2), torch.ones(2, 2) * 3), ValueError, "cov_p is not positive definite"),
        (lambda: kl_full(torch.zeros(2), -torch.eye(2), torch.zeros(2), torch.eye(2)), ValueError, "cov_q is not positive definite"),
        (
            lambda: kl_full(torch.zeros(2), torch.tensor([[1.0, 0.5], [0.0, 1.0]]), torch.zeros(2), torch.eye(2)),
            ValueError,
            "not symmetric",
        ),
        (lambda: kl_full(torch.zeros(2), torch.full((2, 2), math.nan), torch.zeros(2), torch.eye(2)), ValueError, "NaN"),
        (lambda: kl_full(torch.zeros(3, 2), torch.eye(2).expand(4, 2, 2), torch.zeros(2), torch.eye(2)), ValueError, "do not broadcast"),
    ],
)
def test_bad_input_gets_one_clear_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()

"""Exact moments of the gradient estimators by quadrature, in one dimension: no random number."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from .gradients import (
    COMPARING,
    NO_DERIVATIVE,
    Function,
    Gradients,
    checked_baseline,
    gaussian_parameters,
    measure_valued,
    pathwise,
    score_function,
    values_of,
)
from .inputs import float64, positive_number, true_or_false, whole_number
from .runtime import with_gradients


class Moments(NamedTuple):
    """Mean and variance of an estimator (0-dimensional tensors), and how much the last refinement of the grid changed them."""

    mean: Gradients
    variance: Gradients
    error: float


def variance_by_quadrature(
    estimator: Callable[..., Gradients],
    f: Function,
    mu: float,
    sigma: float,
    n_samples: int = 1,
    baseline: float | str | None = None,
    antithetic: bool = False,
    tolerance: float = 1e-10,
) -> Moments:
    """Exact mean and variance of the *average* of n_samples estimates, for L = 1, in float64 on the CPU, with no random number.

    The trapezoidal rule on eps in [-12, 12], refined until nothing changes by more than `tolerance` (relative to the largest moment) or the
    grid has 2^17 intervals (a discontinuous f); `.error` is the last change. Derivatives come from autograd through torch.distributions,
    not from the estimators above, so each side checks the other.
    """
    mu, sigma = gaussian_parameters(f, float64(mu, "mu").cpu(), float64(sigma, "sigma").cpu(), n_samples)
    n_samples, tolerance = whole_number("n_samples", n_samples), positive_number("tolerance", tolerance, zero=True)
    antithetic = true_or_false("antithetic", antithetic)
    if mu.numel() != 1:
        raise ValueError(f"quadrature is for one dimension: expected numbers for mu and sigma, got {mu.numel()} of them")
    if estimator not in (score_function, pathwise, measure_valued):
        raise ValueError(f"no quadrature for {estimator!r}: use score_function, pathwise or measure_valued")
    if estimator is score_function:
        baseline = checked_baseline(baseline, n_samples, mu)
        if antithetic and isinstance(baseline, str) and baseline == "batch_mean":
            raise ValueError("no quadrature for baseline='batch_mean' with antithetic samples: take one of the two")
    elif baseline is not None or (antithetic and estimator is measure_valued):
        raise ValueError(f"{estimator.__name__} takes no baseline, and measure_valued no antithetic samples")

    def moments(n: int) -> Tensor:  # (2 parameters, mean and variance)
        if estimator is measure_valued:
            return _measure_valued_moments(f, mu, sigma, n_samples, min(n, 2**12))
        return _grid_moments(f, mu, sigma, n_samples, n, estimator is score_function, baseline, antithetic)

    n, new = 2**11, moments(2**10)
    while True:
        old, new = new, moments(n)
        error = (new - old).abs().max().item()
        if error <= tolerance * new.abs().max().item() or n >= 2**17:
            return Moments(Gradients(*new[:, 0]), Gradients(*new[:, 1]), error)
        n *= 2


@with_gradients()
def _grid_moments(f, mu, sigma, n_samples, n, is_score, baseline, antithetic) -> Tensor:
    """Moments of the score-function or pathwise estimator on a grid of n intervals; (2, 2): rows mu, sigma; columns mean, variance."""
    eps = torch.linspace(-12, 12, n + 1, dtype=torch.float64)
    mus, sigmas = (p.expand(n + 1).clone().requires_grad_() for p in (mu, sigma))
    z = mus + sigmas * eps
    weight = torch.exp(-(eps**2) / 2) / math.sqrt(2 * math.pi) * (24 / n)

    def mean(g: Tensor) -> Tensor:
        return (weight * g).sum()

    def pair(g: Tensor) -> Tensor:
        return (g + g.flip(0)) / 2 if antithetic else g

    if not is_score:
        total = values_of(f, z.unsqueeze(-1), differentiable=True).sum()
        if not total.requires_grad:
            raise ValueError(NO_DERIVATIVE)
        slopes = torch.autograd.grad(total, (mus, sigmas))
        means = [mean(pair(g)) for g in slopes]
        return torch.stack([torch.stack([m, mean((pair(g) - m) ** 2) / n_samples]) for g, m in zip(slopes, means, strict=True)])

    z = z.detach()
    values = values_of(f, z.unsqueeze(-1)).squeeze(-1)
    scores = torch.autograd.grad(Normal(mus, sigmas).log_prob(z).sum(), (mus, sigmas))
    rows, by_name = [], isinstance(baseline, str)
    comparing = by_name and baseline in COMPARING
    for s, given in zip(scores, baseline if isinstance(baseline, Gradients) else (baseline, baseline), strict=True):
        product, v, s = pair(values * s), pair(values), pair(s)
        gradient = mean(product)
        if comparing:
            b = mean(v)
        elif by_name:
            b = mean(product * s) / mean(s**2).clamp_min(1e-300)
        else:
            b = given
        variance = mean((product - b * s - gradient) ** 2) / n_samples
        shrink = 1.0
        if comparing:  # the average is a U-statistic: the sample covariance of f and s; its second, degenerate, term:
            covariance = mean((v - b) * s)
            variance = variance + (mean((v - b) ** 2) * mean(s**2) + covariance**2) / (n_samples * (n_samples - 1))
            shrink = 1.0 if baseline == "leave_one_out" else 1 - 1 / n_samples
        rows.append(torch.stack([shrink * gradient, shrink**2 * variance]))
    return torch.stack(rows)


def _measure_valued_moments(f, mu, sigma, n_samples, n) -> Tensor:
    """As `_grid_moments`; the sigma-gradient needs a double integral, over the Maxwell and the uniform variable."""

    def values(noise: Tensor) -> Tensor:
        return values_of(f, (mu + sigma * noise).unsqueeze(-1)).squeeze(-1)

    def row(g: Tensor, weight: Tensor) -> Tensor:
        mean = (weight * g).sum()
        return torch.stack([mean, (weight * (g - mean) ** 2).sum() / n_samples])

    w = torch.linspace(0, 12, n + 1, dtype=torch.float64)
    rayleigh = w * torch.exp(-(w**2) / 2) * (12 / n)
    m = torch.linspace(-12, 12, n + 1, dtype=torch.float64).unsqueeze(-1)
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(64))
    maxwell = m**2 * torch.exp(-(m**2) / 2) / math.sqrt(2 * math.pi) * (24 / n) * weights / 2
    d_mu = (values(w) - values(-w)) / (sigma * math.sqrt(2 * math.pi))
    return torch.stack([row(d_mu, rayleigh), row((values(m) - values(m * (nodes + 1) / 2)) / sigma, maxwell)])

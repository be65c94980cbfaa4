"""Gradients through randomness: estimators of d/dmu and d/dsigma of E[f(z)] with z ~ N(mu, diag sigma^2).

Every estimator has the signature `estimator(f, mu, sigma, n_samples, ...)`, so they can be compared in a loop:
    f        maps z (n_samples, ..., L) to values (n_samples, ...), one a sample
    mu       (..., L), sigma (..., L) or broadcastable to it; a number means L = 1
    returns  Gradients(.mu, .sigma), each (n_samples, ..., L): one estimate a sample, to be averaged over the first axis
Bad input raises ValueError or TypeError: sigma <= 0, NaN, n_samples < 1 (< 2 where samples are compared), values of the wrong shape.

Sources: Mohamed, Rosca, Figurnov & Mnih (2020), "Monte Carlo Gradient Estimation in Machine Learning", sections 4 to 7;
Williams (1992) for the score function; Kool, van Hoof & Welling (2019) for the leave-one-out baseline; Kingma & Welling (2013),
section 2.4, for the pathwise estimator; Jang, Gu & Poole (2017) and Maddison, Mnih & Teh (2017) for the Gumbel-softmax.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from .divergences import kl_standard_normal

Function = Callable[[Tensor], Tensor]
COMPARING = ("leave_one_out", "batch_mean")  # baselines that compare a sample with the others of its call


class Gradients(NamedTuple):
    """A pair of tensors, one for each parameter of the Gaussian."""

    mu: Tensor
    sigma: Tensor


class Moments(NamedTuple):
    """Mean and variance of an estimator (0-dimensional tensors), and how much the last refinement of the grid changed them."""

    mean: Gradients
    variance: Gradients
    error: float


def score_function(
    f: Function,
    mu: Tensor | float,
    sigma: Tensor | float,
    n_samples: int,
    baseline: Tensor | Gradients | float | str | None = None,
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> Gradients:
    """(f(z) - b) times the derivative of log q(z): needs values of f, never its derivative (REINFORCE).

    baseline: None (b = 0); a number, or a Gradients with one number a parameter; "optimal" (b = E[f s^2] / E[s^2] with s the score,
    from samples of its own, 4096 or fewer for a large batch); "leave_one_out" (mean of f over the *other* samples); "batch_mean" (mean
    over *all* samples: biased by the factor 1 - 1/n_samples, kept to show it). The last two tie the estimates of one call together:
    average them, then compare calls.
    antithetic: each estimate is the mean of a mirrored pair, eps and -eps, and costs two evaluations of f.
    """
    mu, sigma = _check(f, mu, sigma, n_samples)
    _check_baseline(baseline, n_samples)
    if isinstance(baseline, str) and baseline == "optimal":
        baseline = optimal_baseline(f, mu, sigma, max(64, min(4096, 2**22 // mu.numel())), generator)
    eps = _noise(mu, n_samples, generator)
    signs = (1, -1) if antithetic else (1,)
    values = [_values(f, mu + sign * sigma * eps) for sign in signs]  # each (n_samples, ..., 1)
    both = sum(values) / len(signs)
    if isinstance(baseline, str):
        baseline = (both.sum(0) - both) / (n_samples - 1) if baseline == "leave_one_out" else both.mean(0)
    b = baseline if isinstance(baseline, Gradients) else Gradients(*[0.0 if baseline is None else baseline] * 2)
    odd = sum(sign * (value - b.mu) for sign, value in zip(signs, values, strict=True)) / len(signs)
    return Gradients(odd * eps / sigma, (both - b.sigma) * (eps**2 - 1) / sigma)


def pathwise(
    f: Function,
    mu: Tensor | float,
    sigma: Tensor | float,
    n_samples: int,
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> Gradients:
    """f'(z) times dz/dmu = 1 and dz/dsigma = eps, with z = mu + sigma eps: the reparameterization trick.

    Needs f to be differentiable, and continuous: a jump contributes nothing to f' and is silently missed.
    antithetic: each estimate is the mean of a mirrored pair, eps and -eps, and costs two evaluations of f and its derivative.
    """
    mu, sigma = _check(f, mu, sigma, n_samples)
    eps = _noise(mu, n_samples, generator)
    slope = _slope(f, mu + sigma * eps)
    if not antithetic:
        return Gradients(slope, slope * eps)
    mirrored = _slope(f, mu - sigma * eps)
    return Gradients((slope + mirrored) / 2, (slope - mirrored) / 2 * eps)


def measure_valued(
    f: Function, mu: Tensor | float, sigma: Tensor | float, n_samples: int, generator: torch.Generator | None = None
) -> Gradients:
    """Difference of f under two distributions whose densities differ by the derivative of q's, one coordinate at a time.

    For mu, two Rayleigh variables mirrored about mu; for sigma, a two-sided Maxwell variable m and the normal variable u m with u uniform
    (coupled, to keep the variance small). Needs no derivative of f, but 4 L evaluations a sample. Mohamed et al. (2020), section 6.
    """
    mu, sigma = _check(f, mu, sigma, n_samples)
    z = mu + sigma * _noise(mu, n_samples, generator)
    rayleigh = (2 * torch.empty_like(z).exponential_(generator=generator)).sqrt()
    maxwell = torch.stack([_noise(mu, n_samples, generator) for _ in range(3)]).norm(dim=0)
    maxwell = torch.copysign(maxwell, _noise(mu, n_samples, generator))
    uniform = torch.empty_like(z).uniform_(generator=generator)

    def value(j: int, noise: Tensor) -> Tensor:
        moved = z.clone()
        moved[..., j] = (mu + sigma * noise)[..., j]
        return _values(f, moved)

    coordinates = range(z.shape[-1])
    d_mu = torch.cat([value(j, rayleigh) - value(j, -rayleigh) for j in coordinates], -1) / math.sqrt(2 * math.pi)
    d_sigma = torch.cat([value(j, maxwell) - value(j, uniform * maxwell) for j in coordinates], -1)
    return Gradients(d_mu / sigma, d_sigma / sigma)


def optimal_baseline(
    f: Function, mu: Tensor | float, sigma: Tensor | float, n_samples: int = 4096, generator: torch.Generator | None = None
) -> Gradients:
    """The constants E[f s^2] / E[s^2], one a parameter, that minimise the score function's variance; each (..., L), from n_samples."""
    mu, sigma = _check(f, mu, sigma, n_samples)
    eps = _noise(mu, n_samples, generator)
    values = _values(f, mu + sigma * eps)
    squares = Gradients(eps**2, (eps**2 - 1) ** 2)
    return Gradients(*[(values * square).sum(0) / square.sum(0) for square in squares])


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
    mu, sigma = _check(f, *(torch.as_tensor(p, dtype=torch.float64, device="cpu") for p in (mu, sigma)), n_samples)
    if mu.numel() != 1:
        raise ValueError(f"quadrature is for one dimension: expected numbers for mu and sigma, got {mu.numel()} of them")
    if estimator not in (score_function, pathwise, measure_valued):
        raise ValueError(f"no quadrature for {estimator!r}: use score_function, pathwise or measure_valued")
    if estimator is score_function:
        _check_baseline(baseline, n_samples)
        if antithetic and baseline == "batch_mean":
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


def gumbel_softmax(
    logits: Tensor, temperature: float, n_samples: int, hard: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """Relaxed one-hot samples of Categorical(logits): (..., C) -> (n_samples, ..., C) on the simplex, differentiable in logits.

    hard: one-hot samples (to rounding) going forward, the relaxed sample's derivative going back (straight-through). Either way the
    gradient of E[f] that they give is biased.
    """
    if not torch.is_tensor(logits) or logits.dim() < 1 or logits.shape[-1] < 2 or not logits.isfinite().all():
        raise ValueError("logits: expected a tensor (..., C) of finite numbers with C >= 2 classes")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature: expected a positive number, got {temperature}")
    _check_count(n_samples)
    gumbel = -torch.empty(n_samples, *logits.shape, dtype=logits.dtype, device=logits.device).exponential_(generator=generator).log()
    soft = ((logits + gumbel) / temperature).softmax(-1)
    if not hard:
        return soft
    one_hot = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return one_hot + soft - soft.detach()


def elbo_surrogate(
    vae, x: Tensor, estimator: str = "pathwise", n_samples: int = 1, baseline: str | None = None, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """(surrogate, elbo), scalars: the surrogate's gradient estimates the ELBO's in every weight of the VAE, averaged over the batch.

    estimator: "pathwise", or "score_function" with baseline None or "leave_one_out". The KL term is in closed form for all of them, so
    only the reconstruction term is estimated. x (batch, ...); the elbo is a Monte Carlo value with no gradient, in nats per image.
    """
    if estimator not in ("pathwise", "score_function"):
        raise ValueError(f"unknown estimator {estimator!r}: use 'pathwise' or 'score_function'")
    _check_baseline(baseline, n_samples)
    x = vae.flatten(x)
    q = vae.encode(x)
    mu, sigma = q.base_dist.loc, q.base_dist.scale
    z = mu + sigma * _noise(mu, n_samples, generator)  # (n_samples, batch, L)
    kl = kl_standard_normal(mu, 2 * sigma.log())
    z = z if estimator == "pathwise" else z.detach()
    log_likelihood = vae.decode(z).log_prob(x)  # (n_samples, batch)
    elbo = (log_likelihood.mean(0) - kl).mean()
    if estimator == "pathwise":
        return elbo, elbo.detach()
    values = log_likelihood.detach()
    if baseline == "leave_one_out":
        values = values - (values.sum(0) - values) / (n_samples - 1)
    return elbo + (values * q.log_prob(z)).mean(), elbo.detach()


@torch.enable_grad()
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
        slopes = torch.autograd.grad(_values(f, z.unsqueeze(-1), differentiable=True).sum(), (mus, sigmas))
        means = [mean(pair(g)) for g in slopes]
        return torch.stack([torch.stack([m, mean((pair(g) - m) ** 2) / n_samples]) for g, m in zip(slopes, means, strict=True)])

    z = z.detach()
    values = _values(f, z.unsqueeze(-1)).squeeze(-1)
    scores = torch.autograd.grad(Normal(mus, sigmas).log_prob(z).sum(), (mus, sigmas))
    rows = []
    for s in scores:
        product, v, s = pair(values * s), pair(values), pair(s)
        gradient = mean(product)
        if baseline in COMPARING:
            b = mean(v)
        elif baseline == "optimal":
            b = mean(product * s) / mean(s**2).clamp_min(1e-300)
        else:
            b = baseline or 0.0
        variance = mean((product - b * s - gradient) ** 2) / n_samples
        shrink = 1.0
        if baseline in COMPARING:  # the average is a U-statistic: the sample covariance of f and s; its second, degenerate, term:
            covariance = mean((v - b) * s)
            variance = variance + (mean((v - b) ** 2) * mean(s**2) + covariance**2) / (n_samples * (n_samples - 1))
            shrink = 1.0 if baseline == "leave_one_out" else 1 - 1 / n_samples
        rows.append(torch.stack([shrink * gradient, shrink**2 * variance]))
    return torch.stack(rows)


def _measure_valued_moments(f, mu, sigma, n_samples, n) -> Tensor:
    """As `_grid_moments`; the sigma-gradient needs a double integral, over the Maxwell and the uniform variable."""

    def values(noise: Tensor) -> Tensor:
        return _values(f, (mu + sigma * noise).unsqueeze(-1)).squeeze(-1)

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


def _noise(mu: Tensor, n_samples: int, generator: torch.Generator | None) -> Tensor:
    return torch.randn(n_samples, *mu.shape, dtype=mu.dtype, device=mu.device, generator=generator)


def _values(f: Function, z: Tensor, differentiable: bool = False) -> Tensor:
    """f(z) with its shape and values checked, and an axis of length one added for the latent dimensions."""
    with torch.set_grad_enabled(differentiable):
        values = f(z)
    if not torch.is_tensor(values):
        raise TypeError(f"f(z): expected a tensor of values, one a sample, got {type(values).__name__}")
    if values.shape != z.shape[:-1]:
        raise ValueError(
            f"f(z): expected one value a sample, shape {tuple(z.shape[:-1])} for z of shape {tuple(z.shape)}, got {tuple(values.shape)}; "
            "f must work on whole batches and sum over the last axis only"
        )
    if not values.isfinite().all():
        raise ValueError("f(z): expected finite values, got NaN or infinity for some samples")
    return values.to(z.dtype).unsqueeze(-1)


def _slope(f: Function, z: Tensor) -> Tensor:
    """df/dz for each sample, (n_samples, ..., L)."""
    z = z.detach().requires_grad_()
    with torch.enable_grad():
        total = _values(f, z, differentiable=True).sum()
    if not total.requires_grad:
        raise ValueError(
            "f(z) has no derivative in z (a comparison, a rounding or .detach()): the pathwise estimator needs one, use score_function"
        )
    return torch.autograd.grad(total, z)[0]


def _check(f, mu, sigma, n_samples) -> tuple[Tensor, Tensor]:
    if not callable(f):
        raise TypeError(f"f: expected a function from z (n_samples, ..., L) to values (n_samples, ...), got {type(f).__name__}")
    _check_count(n_samples)
    dtype = torch.get_default_dtype()
    for given in (mu, sigma):
        dtype = torch.promote_types(dtype, given.dtype) if torch.is_tensor(given) else dtype
    device = mu.device if torch.is_tensor(mu) else None
    mu, sigma = (torch.as_tensor(p, dtype=dtype, device=device).detach() for p in (mu, sigma))  # a number takes the tensor's dtype
    try:
        mu, sigma = torch.broadcast_tensors(mu, sigma)
    except RuntimeError:
        raise ValueError(f"mu and sigma: expected shapes that broadcast, got {tuple(mu.shape)} and {tuple(sigma.shape)}") from None
    if not mu.isfinite().all():
        raise ValueError("mu: expected finite numbers, got NaN or infinity")
    if not (sigma.isfinite() & (sigma > 0)).all():
        raise ValueError(
            f"sigma: expected finite numbers above zero, got a smallest value of {sigma.min().item()}; pass exp(logvar / 2), not logvar"
        )
    return (mu, sigma) if mu.dim() else (mu.reshape(1), sigma.reshape(1))


def _check_count(n_samples) -> None:
    if isinstance(n_samples, bool) or not isinstance(n_samples, int) or n_samples < 1:
        raise ValueError(f"n_samples: expected a whole number of at least 1, got {n_samples!r}")


def _check_baseline(baseline, n_samples: int) -> None:
    if isinstance(baseline, str) and baseline not in ("optimal", *COMPARING):
        raise ValueError(f"unknown baseline {baseline!r}: use None, a number, 'optimal', 'leave_one_out' or 'batch_mean'")
    if baseline in COMPARING and n_samples < 2:
        raise ValueError(f"baseline={baseline!r} compares a sample with the others, so it needs n_samples of at least 2, got {n_samples}")

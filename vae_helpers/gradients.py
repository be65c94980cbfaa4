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

import torch
from torch import Tensor

from .inputs import check_broadcast, check_finite, float64, positive_number, tensor_of, true_or_false, whole_number
from .runtime import noise_like, with_gradients

Function = Callable[[Tensor], Tensor]
NO_DERIVATIVE = "f(z) has no derivative in z (a comparison, a rounding or .detach()): the pathwise estimator needs one, use score_function"
COMPARING = ("leave_one_out", "batch_mean")  # baselines that compare a sample with the others of its call


class Gradients(NamedTuple):
    """A pair of tensors, one for each parameter of the Gaussian."""

    mu: Tensor
    sigma: Tensor


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
    mu, sigma = gaussian_parameters(f, mu, sigma, n_samples)
    baseline, antithetic = checked_baseline(baseline, n_samples, mu), true_or_false("antithetic", antithetic)
    if isinstance(baseline, str) and baseline == "optimal":
        baseline = optimal_baseline(f, mu, sigma, max(64, min(4096, 2**22 // mu.numel())), generator)
    eps = _noise(mu, n_samples, generator)
    signs = (1, -1) if antithetic else (1,)
    values = [values_of(f, mu + sign * sigma * eps) for sign in signs]  # each (n_samples, ..., 1)
    both = sum(values) / len(signs)
    if isinstance(baseline, str):
        baseline = (both.sum(0) - both) / (n_samples - 1) if baseline == "leave_one_out" else both.mean(0)
    b = baseline if isinstance(baseline, Gradients) else Gradients(baseline, baseline)
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
    mu, sigma = gaussian_parameters(f, mu, sigma, n_samples)
    antithetic, eps = true_or_false("antithetic", antithetic), _noise(mu, n_samples, generator)
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
    mu, sigma = gaussian_parameters(f, mu, sigma, n_samples)
    z = mu + sigma * _noise(mu, n_samples, generator)
    rayleigh = (2 * noise_like(z, generator, draw="exponential_")).sqrt()
    maxwell = torch.stack([_noise(mu, n_samples, generator) for _ in range(3)]).norm(dim=0)
    maxwell = torch.copysign(maxwell, _noise(mu, n_samples, generator))
    uniform = noise_like(z, generator, draw="uniform_")

    def value(j: int, noise: Tensor) -> Tensor:
        moved = z.clone()
        moved[..., j] = (mu + sigma * noise)[..., j]
        return values_of(f, moved)

    coordinates = range(z.shape[-1])
    d_mu = torch.cat([value(j, rayleigh) - value(j, -rayleigh) for j in coordinates], -1) / math.sqrt(2 * math.pi)
    d_sigma = torch.cat([value(j, maxwell) - value(j, uniform * maxwell) for j in coordinates], -1)
    return Gradients(d_mu / sigma, d_sigma / sigma)


def optimal_baseline(
    f: Function, mu: Tensor | float, sigma: Tensor | float, n_samples: int = 4096, generator: torch.Generator | None = None
) -> Gradients:
    """The constants E[f s^2] / E[s^2], one a parameter, that minimise the score function's variance; each (..., L), from n_samples."""
    mu, sigma = gaussian_parameters(f, mu, sigma, n_samples)
    eps = _noise(mu, n_samples, generator)
    values = values_of(f, mu + sigma * eps)
    squares = Gradients(eps**2, (eps**2 - 1) ** 2)
    return Gradients(*[(values * square).sum(0) / square.sum(0) for square in squares])


def gumbel_softmax(
    logits: Tensor, temperature: float, n_samples: int, hard: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """Relaxed one-hot samples of Categorical(logits): (..., C) -> (n_samples, ..., C) on the simplex, differentiable in logits.

    hard: one-hot samples (to rounding) going forward, the relaxed sample's derivative going back (straight-through). Either way the
    gradient of E[f] that they give is biased.
    """
    logits = tensor_of(logits, "logits")
    if logits.dim() < 1 or logits.shape[-1] < 2 or not logits.is_floating_point() or not logits.isfinite().all():
        raise ValueError("logits: expected a tensor (..., C) of finite numbers with C >= 2 classes")
    temperature, n_samples = positive_number("temperature", temperature), whole_number("n_samples", n_samples)
    gumbel = -noise_like(logits, generator, (n_samples, *logits.shape), "exponential_").log()
    soft = ((logits + gumbel) / temperature).softmax(-1)
    if not true_or_false("hard", hard):
        return soft
    one_hot = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return one_hot + soft - soft.detach()


def gaussian_parameters(f: Function, mu: Tensor | float, sigma: Tensor | float, n_samples: int) -> tuple[Tensor, Tensor]:
    """mu and sigma as two detached tensors (..., L) of one shape and dtype. Raises ValueError or TypeError as the module's head says."""
    if not callable(f):
        raise TypeError(f"f: expected a function from z (n_samples, ..., L) to values (n_samples, ...), got {type(f).__name__}")
    whole_number("n_samples", n_samples)
    dtype = torch.get_default_dtype()
    for given in (mu, sigma):
        dtype = torch.promote_types(dtype, given.dtype) if torch.is_tensor(given) else dtype
    device = mu.device if torch.is_tensor(mu) else None
    mu, sigma = (float64(p, what).to(device, dtype).detach() for p, what in ((mu, "mu"), (sigma, "sigma")))  # a number takes the dtype
    check_broadcast(mu=mu.shape, sigma=sigma.shape)
    mu, sigma = torch.broadcast_tensors(mu, sigma)
    if not mu.numel():
        raise ValueError(f"mu and sigma: expected at least one number, got shape {tuple(mu.shape)}")
    if not mu.isfinite().all():
        raise ValueError("mu: expected finite numbers, got NaN or infinity")
    if not (sigma.isfinite() & (sigma > 0)).all():
        raise ValueError(
            f"sigma: expected finite numbers above zero, got a smallest value of {sigma.min().item()}; pass exp(logvar / 2), not logvar"
        )
    return (mu, sigma) if mu.dim() else (mu.reshape(1), sigma.reshape(1))


def values_of(f: Function, z: Tensor, differentiable: bool = False) -> Tensor:
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


def checked_baseline(baseline: Tensor | Gradients | float | str | None, n_samples: int, mu: Tensor) -> Tensor | Gradients | str:
    """A name as it is; numbers (None: 0) as tensors like mu (..., L). Raises TypeError for what is no baseline, ValueError for an unknown
    name, one that compares samples where n_samples is 1, and numbers that are not finite or do not fit mu."""
    if isinstance(baseline, Gradients):
        return Gradients(*(checked_baseline(number, n_samples, mu) for number in baseline))
    if isinstance(baseline, str):
        if baseline not in ("optimal", *COMPARING):
            raise ValueError(f"unknown baseline {baseline!r}: use None, a number, 'optimal', 'leave_one_out' or 'batch_mean'")
        if baseline in COMPARING and n_samples < 2:
            raise ValueError(
                f"baseline={baseline!r} compares a sample with the others, so it needs n_samples of at least 2, got {n_samples}"
            )
        return baseline
    number = float64(0.0 if baseline is None else baseline, "a baseline").to(mu).detach()
    check_finite(number, "numbers as a baseline")
    check_broadcast(mu=mu.shape, baseline=number.shape)
    if torch.broadcast_shapes(mu.shape, number.shape) != mu.shape:
        raise ValueError(
            f"a baseline has at most one number a parameter: expected a shape that fits mu {tuple(mu.shape)}, got {tuple(number.shape)}"
        )
    return number


def _noise(mu: Tensor, n_samples: int, generator: torch.Generator | None) -> Tensor:
    return noise_like(mu, generator, (n_samples, *mu.shape))


def _slope(f: Function, z: Tensor) -> Tensor:
    """df/dz for each sample, (n_samples, ..., L)."""
    z = z.detach().requires_grad_()
    with with_gradients():
        total = values_of(f, z, differentiable=True).sum()
    if not total.requires_grad:
        raise ValueError(NO_DERIVATIVE)
    return torch.autograd.grad(total, z)[0]

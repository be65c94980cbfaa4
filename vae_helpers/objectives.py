"""What is maximised: the ELBO, the importance-weighted bound; for the autoencoder, minus the squared error. All in nats per image."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

from .divergences import kl_standard_normal
from .gradients import check_baseline
from .inputs import whole_number
from .models import VAE, Autoencoder


class Elbo(NamedTuple):
    """elbo = reconstruction − β · kl (at β = 1 the ELBO), each (batch,), in nats per image."""

    elbo: Tensor
    reconstruction: Tensor
    kl: Tensor


def elbo(
    vae: VAE, x: Tensor, n_samples: int = 1, beta: float = 1.0, kl: str = "closed_form", generator: torch.Generator | None = None
) -> Elbo:
    """Estimate the ELBO of each image with `n_samples` pathwise samples (Kingma & Welling 2014, equations 6 and 7).

    x: (batch, H, W) or (batch, D). kl: "closed_form" (their L^B) or "sampled" (their L^A). beta weighs the KL (β-VAE; 1 is the ELBO).
    Raises ValueError for n_samples < 1, a negative beta, another `kl`, or images of another shape.
    """
    n_samples = whole_number("n_samples", n_samples)
    if not beta >= 0:
        raise ValueError(f"beta must be a number from 0 on, got {beta!r}")
    x = vae.flatten(x)
    mu, logvar = vae.mu_logvar(x)
    z = sample(mu, logvar, n_samples, generator)  # (K, batch, L)
    reconstruction = vae.likelihood.log_prob(vae.outputs(z), x).mean(0)
    if kl == "closed_form":
        divergence = kl_standard_normal(mu, logvar)
    elif kl == "sampled":
        divergence = (_log_q(z, mu, logvar) - vae.prior.log_prob(z)).mean(0)
    else:
        raise ValueError(f'unknown kl {kl!r}: expected "closed_form" or "sampled"')
    return Elbo(reconstruction - beta * divergence, reconstruction, divergence)


def importance_weighted_bound(vae: VAE, x: Tensor, n_samples: int = 50, generator: torch.Generator | None = None) -> Tensor:
    """log (1/K) Σ_k p(x, z_k) / q(z_k|x) with z_k ~ q(z|x), (batch,) (Burda et al. 2016, equation 8).

    In expectation it lies between the ELBO and log p(x), and does not fall as K = n_samples grows.

    x: (batch, H, W) or (batch, D). Memory grows with batch × K: `evaluation.evaluate` goes in pieces. Raises ValueError for n_samples < 1.
    """
    n_samples = whole_number("n_samples", n_samples)
    x = vae.flatten(x)
    mu, logvar = vae.mu_logvar(x)
    z = sample(mu, logvar, n_samples, generator)  # (K, batch, L)
    log_weights = vae.likelihood.log_prob(vae.outputs(z), x) + vae.prior.log_prob(z) - _log_q(z, mu, logvar)
    return log_weights.logsumexp(0) - math.log(n_samples)


def elbo_surrogate(
    vae: VAE,
    x: Tensor,
    estimator: str = "pathwise",
    n_samples: int = 1,
    baseline: str | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """(surrogate, elbo), scalars: the surrogate's gradient estimates the ELBO's in every weight of the VAE, averaged over the batch.

    estimator: "pathwise", or "score_function" with baseline None or "leave_one_out". The KL term is in closed form for all of them, so
    only the reconstruction term is estimated. x (batch, ...); the elbo is a Monte Carlo value with no gradient, in nats per image.
    """
    if estimator not in ("pathwise", "score_function"):
        raise ValueError(f"unknown estimator {estimator!r}: use 'pathwise' or 'score_function'")
    check_baseline(baseline, n_samples)
    x = vae.flatten(x)
    mu, logvar = vae.mu_logvar(x)
    z = sample(mu, logvar, n_samples, generator)  # (K, batch, L)
    kl = kl_standard_normal(mu, logvar)
    z = z if estimator == "pathwise" else z.detach()
    log_likelihood = vae.likelihood.log_prob(vae.outputs(z), x)  # (K, batch)
    value = (log_likelihood.mean(0) - kl).mean()
    if estimator == "pathwise":
        return value, value.detach()
    weight = log_likelihood.detach()
    if baseline == "leave_one_out":
        weight = weight - (weight.sum(0) - weight) / (n_samples - 1)
    return value + (weight * _log_q(z, mu, logvar)).mean(), value.detach()


def squared_error(autoencoder: Autoencoder, x: Tensor) -> Tensor:
    """Σ over pixels of (x − decode(encode(x)))², (batch,), in pixels squared. x: (batch, H, W) or (batch, D)."""
    x = autoencoder.flatten(x)
    return (x - autoencoder.decode(autoencoder.encode(x)).flatten(-2)).square().sum(-1)


def sample(mu: Tensor, logvar: Tensor, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """z = μ + σ ε with ε ~ N(0, I) from `generator`: (K, batch, L), with a gradient to both. (torch's rsample takes no generator.)"""
    eps = torch.randn(n_samples, *mu.shape, dtype=mu.dtype, device=mu.device, generator=generator)
    return mu + (logvar / 2).exp() * eps


def _log_q(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return Normal(mu, (logvar / 2).exp(), validate_args=False).log_prob(z).sum(-1)

"""What is maximised: the ELBO, the importance-weighted bound; for the autoencoder, minus the squared error. All in nats per image."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

from .divergences import kl_standard_normal
from .inputs import ArrayLike, check_known, check_unit_range, positive_number, whole_number
from .models import VAE, Autoencoder, check_model
from .runtime import noise_like


class Elbo(NamedTuple):
    """elbo = reconstruction − β · kl (at β = 1 the ELBO), each (batch,), in nats per image."""

    elbo: Tensor
    reconstruction: Tensor
    kl: Tensor


def elbo(
    vae: VAE, x: ArrayLike, n_samples: int = 1, beta: float = 1.0, kl: str = "closed_form", generator: torch.Generator | None = None
) -> Elbo:
    """Estimate the ELBO of each image with `n_samples` pathwise samples (Kingma & Welling 2014, equations 6 and 7).

    x: (batch, H, W) or (batch, D). kl: "closed_form" (their L^B) or "sampled" (their L^A). beta weighs the KL (β-VAE; 1 is the ELBO).
    Raises ValueError for n_samples < 1, a negative beta, another `kl`, or images that the model does not take.
    """
    check_model(vae, VAE)
    n_samples, beta = whole_number("n_samples", n_samples), positive_number("beta", beta, zero=True)
    check_known("kl", kl, ("closed_form", "sampled"))
    return _elbo(vae, vae.flatten(x), n_samples, beta, kl, generator)


def _elbo(vae: VAE, x: Tensor, n_samples: int, beta: float, kl: str, generator: torch.Generator | None) -> Elbo:
    mu, logvar = vae.encoder(x).chunk(2, -1)
    z = sample(mu, logvar, n_samples, generator)  # (K, batch, L)
    reconstruction = vae.likelihood.log_prob(vae.outputs(z), x).mean(0)
    if kl == "closed_form":
        divergence = kl_standard_normal(mu, logvar)
    else:
        divergence = (_log_q(z, mu, logvar) - vae.prior.log_prob(z)).mean(0)
    return Elbo(reconstruction - beta * divergence, reconstruction, divergence)


def importance_weighted_bound(vae: VAE, x: ArrayLike, n_samples: int = 50, generator: torch.Generator | None = None) -> Tensor:
    """log (1/K) Σ_k p(x, z_k) / q(z_k|x) with z_k ~ q(z|x), (batch,) (Burda et al. 2016, equation 8).

    In expectation it lies between the ELBO and log p(x), and does not fall as K = n_samples grows.

    x: (batch, H, W) or (batch, D). Memory grows with batch × K: `evaluation.evaluate_bound` goes in pieces.
    Raises ValueError for n_samples < 1 or images that the model does not take.
    """
    check_model(vae, VAE)
    n_samples, x = whole_number("n_samples", n_samples), vae.flatten(x)
    mu, logvar = vae.encoder(x).chunk(2, -1)
    z = sample(mu, logvar, n_samples, generator)  # (K, batch, L)
    log_weights = vae.likelihood.log_prob(vae.outputs(z), x) + vae.prior.log_prob(z) - _log_q(z, mu, logvar)
    return log_weights.logsumexp(0) - math.log(n_samples)


def elbo_surrogate(
    vae: VAE,
    x: ArrayLike,
    estimator: str = "pathwise",
    n_samples: int = 1,
    baseline: str | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """(surrogate, elbo), scalars: the surrogate's gradient estimates the ELBO's in every weight of the VAE, averaged over the batch.

    estimator: "pathwise", or "score_function" with baseline None or "leave_one_out". The KL term is in closed form for all of them, so
    only the reconstruction term is estimated. x (batch, ...); the elbo is a Monte Carlo value with no gradient, in nats per image.
    Raises ValueError for another estimator or baseline, and for a baseline where it would not be used.
    """
    check_model(vae, VAE)
    check_known("estimator", estimator, ("pathwise", "score_function"))
    known = (None, "leave_one_out") if estimator == "score_function" else (None,)
    if not (baseline is None or isinstance(baseline, str)) or baseline not in known:
        raise ValueError(f"{estimator} takes baseline {' or '.join(map(repr, known))} here, got {baseline!r}")
    n_samples, x = whole_number("n_samples", n_samples), vae.flatten(x)
    if baseline is not None and n_samples < 2:
        raise ValueError(f"baseline={baseline!r} compares a sample with the others, so it needs n_samples of at least 2, got {n_samples}")
    mu, logvar = vae.encoder(x).chunk(2, -1)
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


def squared_error(autoencoder: Autoencoder, x: ArrayLike) -> Tensor:
    """Σ over pixels of (x − decode(encode(x)))², (batch,), in pixels squared. x: (batch, H, W) or (batch, D), pixels in [0, 1]."""
    check_model(autoencoder, Autoencoder)
    x = autoencoder.flatten(x)
    check_unit_range(x)
    return _squared_error(autoencoder, x)


def terms_of_rows(
    model: VAE | Autoencoder, x: Tensor, n_samples: int = 1, beta: float = 1.0, generator: torch.Generator | None = None
) -> dict[str, Tensor]:
    """What training maximises, "objective", and its parts, each (batch,). x (batch, D) comes from `flatten`: nothing is checked again."""
    if isinstance(model, VAE):
        value, reconstruction, kl = _elbo(model, x, n_samples, beta, "closed_form", generator)
        return {"objective": value, "reconstruction": reconstruction, "kl": kl}
    error = _squared_error(model, x)
    return {"objective": -error, "error": error}


def _squared_error(autoencoder: Autoencoder, x: Tensor) -> Tensor:
    return (x - autoencoder.outputs(autoencoder.encoder(x)).sigmoid()).square().sum(-1)


def sample(mu: Tensor, logvar: Tensor, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """z = μ + σ ε with ε ~ N(0, I) from `generator`: (K, batch, L), with a gradient to both. (torch's rsample takes no generator.)"""
    return mu + (logvar / 2).exp() * noise_like(mu, generator, (n_samples, *mu.shape))


def _log_q(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return Normal(mu, (logvar / 2).exp(), validate_args=False).log_prob(z).sum(-1)

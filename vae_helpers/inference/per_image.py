"""Gaussian variational inference for the images of a VAE, one q an image: what the encoder would put out if it had all the time.

`fit_gaussians` goes uphill by the pathwise gradient, in any number of dimensions, from `encoded` or anywhere else: z (K, batch, L), the
log-densities (K, batch), in nats, float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..inputs import check_finite, float64, positive_number, true_or_false, whole_number
from ..models import VAE, check_model
from ..runtime import noise_like, with_gradients
from . import LogDensity

CODES_AT_ONCE = 2048  # whose hidden layers of some hundred units stay in a processor's cache


class Gaussians(NamedTuple):
    """q(z) = N(mu, scale scaleᵀ), one an image: mu (batch, L), scale (batch, L, L) lower triangular, diagonal for mean field; float64."""

    mu: Tensor
    scale: Tensor

    def at(self, eps: Tensor) -> Tensor:
        """z = mu + scale eps; eps (K, batch, L), or (K, 1, L) for the same K points under every q. Returns (K, batch, L)."""
        return self.mu + (self.scale @ eps[..., None])[..., 0]

    @property
    def sd(self) -> Tensor:
        """The standard deviation of each latent number, (batch, L)."""
        return self.scale.square().sum(-1).sqrt()


def encoded(vae: VAE, x: Tensor) -> Gaussians:
    """q(z|x) as the encoder has it, for images x (batch, H, W) or (batch, D)."""
    check_model(vae, VAE)
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(x)
    check_finite(mu, "codes")
    return Gaussians(float64(mu), torch.diag_embed((float64(logvar) / 2).exp()))


def joint_of(vae: VAE, x: Tensor) -> LogDensity:
    """z (K, batch, L) ↦ log p(x, z), (K, batch): a column for each image x, (batch, H, W) or (batch, D). The decoder works in float32."""
    check_model(vae, VAE)
    x = vae.flatten(x)

    def log_joint(z: Tensor) -> Tensor:
        z = float64(z, "z")
        if z.ndim != 3 or z.shape[1] != len(x):
            raise ValueError(f"expected z of shape (K, {len(x)}, {vae.latent_dim}), a column for each image, got {tuple(z.shape)}")
        log_prior = -0.5 * z.square().sum(-1) - vae.latent_dim / 2 * math.log(2 * math.pi)
        return log_prior + float64(vae.likelihood.log_prob(vae.outputs(z.float()), x)).to(log_prior)

    return log_joint


def elbo_at(log_joint: LogDensity, q: Gaussians, eps: Tensor, weights: Tensor | None = None) -> Tensor:
    """E_q[log p(x, z) − log q(z)] from points eps (K, batch, L) or (K, 1, L) of N(0, I), with weights (K,) or alike; (batch,), nats.

    log q is taken at the points, not in closed form: then nothing is left to average where q is the posterior.
    """
    log_q = -0.5 * eps.square().sum(-1) - eps.shape[-1] / 2 * math.log(2 * math.pi) - q.scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    at_once = max(1, CODES_AT_ONCE // len(q.mu))
    values = torch.cat([log_joint(q.at(some)) for some in eps.split(at_once)]) - log_q  # (K, batch)
    return values.mean(0) if weights is None else (weights[:, None] * values).sum(0)


def fit_gaussians(
    log_joint: LogDensity,
    start: Gaussians,
    n_steps: int,
    full: bool = False,
    lr: float = 0.1,
    decay: bool = True,
    points: tuple[Tensor, Tensor] | int = 8,
    generator: torch.Generator | None = None,
) -> Gaussians:
    """The path from `start` uphill on every image's own ELBO: mu (n_steps + 1, batch, L), scale (n_steps + 1, batch, L, L).

    Adam on the pathwise gradient, in units of the start's scale: mu = mu₀ + scale₀ a, scale = scale₀ T, T lower triangular if `full`, else
    diagonal (then the start must be so too). points: a number of fresh draws a step, or (eps (K, L), weights (K,)) such as
    `gauss_hermite(5, 2)`, the same at every step. decay: the rate falls to nothing along a cosine; without, each step is a plain step.
    """
    if not isinstance(start, Gaussians):
        raise TypeError(f"expected start as Gaussians, such as encoded(vae, x), got {type(start).__name__}")
    start, lr, full = Gaussians(*map(float64, start)), positive_number("lr", lr), true_or_false("full", full)
    if not full and (start.scale.tril(-1) != 0).any():
        raise ValueError("start has a full scale, which full=False would keep as it is: set full=True, or hand over a diagonal one")
    if isinstance(points, tuple) and points[0].shape[-1] != start.mu.shape[-1]:
        raise ValueError(f"expected points (K, {start.mu.shape[-1]}), as many numbers as a code has, got {tuple(points[0].shape)}")
    a, log_diagonal = torch.zeros_like(start.mu), torch.zeros_like(start.mu)
    below = torch.zeros_like(start.scale)
    free = [v.requires_grad_() for v in ([a, log_diagonal, below] if full else [a, log_diagonal])]
    optimizer = torch.optim.Adam(free, lr=lr)
    path = [start]
    for t in range(n_steps := whole_number("n_steps", n_steps)):
        optimizer.param_groups[0]["lr"] = lr * (0.5 + 0.5 * math.cos(math.pi * t / n_steps) if decay else 1)
        if isinstance(points, tuple):
            eps, weights = (part.to(start.mu) for part in (points[0][:, None], points[1]))
        else:
            eps, weights = noise_like(start.mu, generator, (whole_number("points", points), *start.mu.shape)), None
        with with_gradients():
            loss = -elbo_at(log_joint, _moved(start, *free), eps, weights).sum()
        for parameter, gradient in zip(free, torch.autograd.grad(loss, free), strict=True):
            parameter.grad = gradient
        optimizer.step()
        with torch.no_grad():
            path.append(_moved(start, *free))
    return Gaussians(*(torch.stack(parts) for parts in zip(*path, strict=True)))


def _moved(start: Gaussians, a: Tensor, log_diagonal: Tensor, below: Tensor | None = None) -> Gaussians:
    turn = torch.diag_embed(log_diagonal.exp())
    if below is not None:
        turn = turn + below.tril(-1)
    return Gaussians(start.mu + (start.scale @ a[..., None])[..., 0], start.scale @ turn)

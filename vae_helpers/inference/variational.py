"""Gaussian variational inference, one optimisation an observation: what an encoder replaces.

It needs only an unnormalised log-density, such as z ↦ log p(x, z) with x held fixed, in nats. `gaussian_vi` fits one density of one or two
latent numbers, by quadrature and L-BFGS: z (batch,) or (batch, 2), the log-density (batch,), float64. `fit_gaussians` fits one Gaussian to
each of many, such as one an image, in any number of dimensions, by the pathwise gradient: z (K, batch, L), the log-densities (K, batch).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..models import VAE
from . import LogDensity, values_of


class GaussianFit(NamedTuple):
    """The Gaussian N(mu, diag sigma²), and its bound `elbo` on the log of the density's integral, in nats."""

    mu: Tensor
    sigma: Tensor
    elbo: Tensor


def gaussian_elbo(log_density: LogDensity, mu: Tensor, sigma: Tensor, n_points: int = 32) -> Tensor:
    """E_q[log_density(z)] + entropy of q, for q = N(mu, diag sigma²), by Gauss–Hermite quadrature; differentiable, a scalar.

    mu and sigma: scalars, or (d,) with d = 1 or 2. The rule is exact when log_density is a polynomial of degree < 2·n_points.
    """
    eps, weights = gauss_hermite(n_points, mu.numel())
    eps = eps if mu.ndim else eps[:, 0]
    entropy = (sigma.log() + 0.5 * math.log(2 * math.pi * math.e)).sum()
    return (weights * values_of(log_density, mu + sigma * eps)).sum() + entropy


def gaussian_vi(
    log_density: LogDensity, mu: Tensor | float = 0.0, sigma: Tensor | float = 1.0, n_points: int = 32, max_steps: int = 200
) -> GaussianFit:
    """The Gaussian that maximises `gaussian_elbo`, by L-BFGS uphill from (mu, sigma): the top of the hill it starts on.

    mu, sigma > 0: numbers (one latent dimension), or tensors (d,) with d = 1 or 2.
    """
    mu, sigma = (torch.as_tensor(v, dtype=torch.float64) for v in (mu, sigma))
    if mu.shape != sigma.shape or mu.ndim > 1 or mu.numel() not in (1, 2) or not (sigma > 0).all():
        raise ValueError(
            f"mu and sigma > 0 must be two numbers, or two tensors (d,) with d <= 2; got mu = {mu.tolist()}, sigma = {sigma.tolist()}."
        )
    mu, log_sigma = mu.clone().requires_grad_(), sigma.log().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [mu, log_sigma], max_iter=max_steps, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss():
        optimizer.zero_grad()
        value = -gaussian_elbo(log_density, mu, log_sigma.exp(), n_points)
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    with torch.no_grad():
        fit = GaussianFit(mu.detach(), log_sigma.detach().exp(), gaussian_elbo(log_density, mu, log_sigma.exp(), n_points))
    if not all(value.isfinite().all() for value in fit):
        raise ValueError(f"the fit left the region where the log-density is finite, from mu = {mu.tolist()}; start nearer to its mass.")
    return fit


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
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(x)
    return Gaussians(mu.double(), torch.diag_embed((logvar.double() / 2).exp()))


def joint_of(vae: VAE, x: Tensor) -> LogDensity:
    """z (K, batch, L) ↦ log p(x, z), (K, batch): a column for each image x, (batch, H, W) or (batch, D). The decoder works in float32."""
    x = vae.flatten(x)

    def log_joint(z: Tensor) -> Tensor:
        log_prior = -0.5 * z.square().sum(-1) - vae.latent_dim / 2 * math.log(2 * math.pi)
        return log_prior + vae.likelihood.log_prob(vae.outputs(z.float()), x).double()

    return log_joint


def elbo_at(log_joint: LogDensity, q: Gaussians, eps: Tensor, weights: Tensor | None = None) -> Tensor:
    """E_q[log p(x, z) − log q(z)] from points eps (K, batch, L) or (K, 1, L) of N(0, I), with weights (K,) or alike; (batch,), nats.

    log q is taken at the points, not in closed form: then nothing is left to average where q is the posterior.
    """
    log_q = -0.5 * eps.square().sum(-1) - eps.shape[-1] / 2 * math.log(2 * math.pi) - q.scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    values = log_joint(q.at(eps)) - log_q  # (K, batch)
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
    a, log_diagonal = torch.zeros_like(start.mu), torch.zeros_like(start.mu)
    below = torch.zeros_like(start.scale)
    free = [v.requires_grad_() for v in ([a, log_diagonal, below] if full else [a, log_diagonal])]
    optimizer = torch.optim.Adam(free, lr=lr)
    path = [start]
    for t in range(n_steps):
        optimizer.param_groups[0]["lr"] = lr * (0.5 + 0.5 * math.cos(math.pi * t / n_steps) if decay else 1)
        if isinstance(points, int):
            eps, weights = torch.randn(points, *start.mu.shape, dtype=torch.float64, generator=generator), None
        else:
            eps, weights = points[0][:, None], points[1]
        with torch.enable_grad():
            loss = -elbo_at(log_joint, _moved(start, *free), eps, weights).sum()
        for parameter, gradient in zip(free, torch.autograd.grad(loss, free), strict=True):
            parameter.grad = gradient
        optimizer.step()
        with torch.no_grad():
            path.append(_moved(start, *free))
    return Gaussians(*(torch.stack(parts) for parts in zip(*path, strict=True)))


def gauss_hermite(n_points: int, d: int) -> tuple[Tensor, Tensor]:
    """Points (n_points^d, d) and weights (n_points^d,) with Σ w f(eps) = E[f] under N(0, I), exact for polynomials below 2·n_points."""
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(n_points))
    nodes, weights = (torch.cartesian_prod(*[v] * d).reshape(-1, d) for v in (nodes, weights / weights.sum()))
    return nodes, weights.prod(-1)


def _moved(start: Gaussians, a: Tensor, log_diagonal: Tensor, below: Tensor | None = None) -> Gaussians:
    turn = torch.diag_embed(log_diagonal.exp())
    if below is not None:
        turn = turn + below.tril(-1)
    return Gaussians(start.mu + (start.scale @ a[..., None])[..., 0], start.scale @ turn)

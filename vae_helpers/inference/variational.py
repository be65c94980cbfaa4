"""Gaussian variational inference, one optimisation an observation: what an encoder replaces.

It needs only an unnormalised log-density, such as z ↦ log p(x, z) with x held fixed, in nats. `gaussian_vi` fits one density of one or two
latent numbers, by quadrature and L-BFGS: z (batch,) or (batch, 2), the log-density (batch,), float64. `per_image` fits many at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..inputs import float64, whole_number
from ..runtime import with_gradients
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
    mu, sigma = float64(mu, "mu"), float64(sigma, "sigma")
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
    mu, sigma, max_steps = float64(mu, "mu"), float64(sigma, "sigma"), whole_number("max_steps", max_steps)
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

    with with_gradients():
        optimizer.step(loss)
    with torch.no_grad():
        fit = GaussianFit(mu.detach(), log_sigma.detach().exp(), gaussian_elbo(log_density, mu, log_sigma.exp(), n_points))
    if not all(value.isfinite().all() for value in fit):
        raise ValueError(f"the fit left the region where the log-density is finite, from mu = {mu.tolist()}; start nearer to its mass.")
    return fit


def gauss_hermite(n_points: int, d: int) -> tuple[Tensor, Tensor]:
    """Points (n_points^d, d) and weights (n_points^d,) with Σ w f(eps) = E[f] under N(0, I), exact for polynomials below 2·n_points."""
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(whole_number("n_points", n_points)))
    d = whole_number("d", d)
    nodes, weights = (torch.cartesian_prod(*[v] * d).reshape(-1, d) for v in (nodes, weights / weights.sum()))
    return nodes, weights.prod(-1)

"""Markov chain Monte Carlo from an unnormalised log-density, such as z ↦ log p(x, z) with x held fixed, in nats; float64.

One latent number: z has shape (chains,). More: (chains, d). The log-density returns (chains,) either way.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from . import LogDensity, values_of


class Chains(NamedTuple):
    """`samples` (n_steps, chains) or (n_steps, chains, d); `acceptance`, the share of proposals accepted, per chain (chains,)."""

    samples: Tensor
    acceptance: Tensor


@torch.no_grad()
def metropolis(
    log_density: LogDensity, start: Tensor, n_steps: int, step: float, warmup: int = 0, generator: torch.Generator | None = None
) -> Chains:
    """Random-walk Metropolis, all chains at once: propose z + step·noise, accept with probability min(1, p(proposal)/p(z)).

    start (chains,) or (chains, d): one starting point a chain. The first `warmup` steps are run and thrown away.
    Source: Metropolis et al. 1953.
    """
    z = torch.as_tensor(start, dtype=torch.float64)
    if z.ndim not in (1, 2) or n_steps < 1 or warmup < 0 or not step > 0:
        raise ValueError(
            f"metropolis needs start (chains,) or (chains, d), n_steps >= 1, warmup >= 0 and step > 0; "
            f"got start of shape {tuple(z.shape)}, n_steps = {n_steps}, warmup = {warmup}, step = {step}."
        )
    log_p = values_of(log_density, z)
    if not log_p.isfinite().all():
        raise ValueError("every chain must start where the log-density is finite; move the starting points.")
    samples, accepted = torch.empty(n_steps, *z.shape, dtype=torch.float64), torch.zeros(len(z), dtype=torch.float64)
    for t in range(-warmup, n_steps):
        proposal = z + step * torch.randn(z.shape, dtype=torch.float64, generator=generator)
        log_p_new = values_of(log_density, proposal)
        accept = torch.rand(len(z), dtype=torch.float64, generator=generator).log() < log_p_new - log_p
        z = torch.where(accept.reshape(-1, *[1] * (z.ndim - 1)), proposal, z)
        log_p = torch.where(accept, log_p_new, log_p)
        if t >= 0:
            samples[t] = z
            accepted += accept
    return Chains(samples, accepted / n_steps)

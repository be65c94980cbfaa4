"""Markov chain Monte Carlo from an unnormalised log-density, such as z ↦ log p(x, z) with x held fixed, in nats; float64.

One latent number: z has shape (chains,). More: (chains, d). The log-density returns (chains,) either way. Metropolis asks for its values
only, Hamiltonian Monte Carlo for its slope too, which like a ratio of densities is free of the unknown p(x).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..inputs import check_finite, float64, in_short, whole_number
from ..runtime import noise_like, with_gradients
from . import LogDensity, values_of


class Chains(NamedTuple):
    """`samples` (n_steps, chains) or (n_steps, chains, d); `acceptance`, the share of proposals accepted, per chain (chains,)."""

    samples: Tensor
    acceptance: Tensor


class Point(NamedTuple):
    """Where the chains stand: z, (chains,) or (chains, d); log p there, (chains,); its slope in z, like z."""

    z: Tensor
    log_p: Tensor
    slope: Tensor


@torch.no_grad()
def metropolis(
    log_density: LogDensity, start: Tensor, n_steps: int, step: float | Tensor, warmup: int = 0, generator: torch.Generator | None = None
) -> Chains:
    """Random-walk Metropolis, all chains at once: propose z + step·noise, accept with probability min(1, p(proposal)/p(z)).

    start (chains,) or (chains, d): one starting point a chain. The first `warmup` steps are run and thrown away.
    Source: Metropolis et al. 1953.
    """
    z, step, n_steps, warmup = _checked(start, n_steps, warmup, step)
    log_p = _finite_start(values_of(log_density, z))

    def move(now):
        z, log_p = now
        proposal = z + step * _normal(z, generator)
        log_p_new = values_of(log_density, proposal)
        accept = _uniform(z, generator).log() < log_p_new - log_p
        return (torch.where(_column(accept, z), proposal, z), torch.where(accept, log_p_new, log_p)), accept

    return _run(move, (z, log_p), n_steps, warmup)


@torch.no_grad()
def hmc(
    log_density: LogDensity,
    start: Tensor,
    n_steps: int,
    step: float | Tensor,
    n_leapfrog: int,
    warmup: int = 0,
    generator: torch.Generator | None = None,
) -> Chains:
    """Hamiltonian Monte Carlo, all chains at once: give z a random momentum, follow the leapfrog, accept or return (see `hmc_step`).

    start as for `metropolis`; step: one number, or one a chain (chains,). A step costs n_leapfrog evaluations of log p with its slope.
    Sources: Duane et al. 1987; Neal 2011.
    """
    (z, step, n_steps, warmup), n_leapfrog = _checked(start, n_steps, warmup, step), whole_number("n_leapfrog", n_leapfrog)
    now = at(log_density, z)
    _finite_start(now.log_p)
    return _run(lambda point: hmc_step(log_density, point, step, n_leapfrog, generator), now, n_steps, warmup)


def hmc_step(
    log_density: LogDensity, now: Point, step: float | Tensor, n_leapfrog: int, generator: torch.Generator | None = None
) -> tuple[Point, Tensor]:
    """One transition of HMC, which leaves p unchanged and is reversible: the new point, and which chains moved, (chains,) of bool.

    Accept with probability min(1, exp(H(z, r) − H(z′, r′))), with the energy H = −log p(z) + ½|r|².
    """
    momentum = _normal(now.z, generator)
    there, momentum_there = leapfrog(log_density, now, momentum, step, n_leapfrog)
    log_ratio = there.log_p - now.log_p + _half_square(momentum) - _half_square(momentum_there)
    accept = _uniform(now.z, generator).log() < log_ratio  # False where a trajectory ran away: nothing lies below NaN
    moved = [torch.where(_column(accept, new), new, old) for new, old in zip(there, now, strict=True)]
    return Point(*moved), accept


def leapfrog(log_density: LogDensity, start: Point, momentum: Tensor, step: float | Tensor, n_leapfrog: int) -> tuple[Point, Tensor]:
    """Newton's equations for a ball of mass one on the hill −log p: half a kick, then drifts and kicks in turn, the last kick half.

    Each drift and each kick shears phase space, so volume is kept; run from the end with the momentum reversed, it returns to the start.
    """
    step = _column(float64(step, "step sizes"), start.z)
    here, r = start, momentum + step / 2 * start.slope
    for i in range(1, n_leapfrog + 1):
        drifted = here.z + step * r
        here = at(log_density, torch.where(drifted.isfinite(), drifted, here.z))  # a chain that runs away halts; its r has no energy
        r = r + (step if i < n_leapfrog else step / 2) * here.slope
    return here, r


def at(log_density: LogDensity, z: Tensor) -> Point:
    """log p and its slope at z: one evaluation forward and one back."""
    z = float64(z, "z").detach().requires_grad_()
    with with_gradients():
        log_p = values_of(log_density, z)
        (slope,) = torch.autograd.grad(log_p.sum(), z)
    return Point(z.detach(), log_p.detach(), slope)


def effective_sample_size(samples: Tensor) -> Tensor:
    """How many independent draws estimate the mean as well as all chains together: samples (n, chains) → a scalar, (n, chains, d) → (d,).

    n·chains / (1 + 2 Σ_t ρ_t), the autocorrelations ρ_t from all chains and cut off by Geyer's rule: sums of neighbours, ρ_{2t} + ρ_{2t+1},
    must be positive and must not rise. Chains that disagree count as correlation. Sources: Geyer 1992; Vehtari et al. 2021.
    """
    samples = float64(samples, "samples")
    if samples.ndim not in (2, 3) or len(samples) < 4:
        raise ValueError(f"effective_sample_size needs samples (n, chains) or (n, chains, d) with n >= 4, got {tuple(samples.shape)}.")
    check_finite(samples, "samples")
    n, chains = samples.shape[:2]
    centred = samples - samples.mean(0)
    spectrum = torch.fft.rfft(centred, n=2 * n, dim=0).abs().square()
    covariance = torch.fft.irfft(spectrum, dim=0)[:n].mean(1) / n  # (n,) or (n, d): autocovariance at lag t, averaged over chains
    within = covariance[0] * n / (n - 1)
    total = covariance[0] + (samples.mean(0).var(0) if chains > 1 else 0.0)
    rho = 1 - (within - covariance * n / (n - 1)) / total
    rho[0] = 1.0
    pairs = rho[: n // 2 * 2].unflatten(0, (-1, 2)).sum(1).cummin(0).values.clamp(min=0)  # after the first negative pair: zero
    return n * chains / (2 * pairs.sum(0) - 1).clamp(min=1 / math.log10(n * chains))


def r_hat(samples: Tensor) -> Tensor:
    """The potential scale reduction of several chains: samples (n, chains) → a scalar, (n, chains, d) → (d,). Near 1 where they agree.

    R̂² = ((n − 1)/n · W + B)/W with W the mean variance within the chains and B the variance of their means. Chains that have not met
    the same places give more than 1; those that all miss the same place give no sign of it. Source: Gelman & Rubin 1992, without their
    corrections for the sampling error of both variances.
    """
    x = float64(samples, "samples")
    if x.ndim not in (2, 3) or min(x.shape[:2]) < 2:
        raise ValueError(f"r_hat needs samples (n, chains) or (n, chains, d) with two steps and two chains, got {tuple(x.shape)}.")
    check_finite(x, "samples")
    within = x.var(0).mean(0)
    return ((len(x) - 1) / len(x) + x.mean(0).var(0) / within).sqrt()


def _run(move: Callable, now, n_steps: int, warmup: int) -> Chains:
    """Repeat `move`, which takes where the chains stand and returns that and who moved; the place's first part is z."""
    samples, accepted = now[0].new_empty(n_steps, *now[0].shape), now[0].new_zeros(len(now[0]))
    for t in range(-warmup, n_steps):
        now, accept = move(now)
        if t >= 0:
            samples[t] = now[0]
            accepted += accept
    return Chains(samples, accepted / n_steps)


def _checked(start: Tensor, n_steps: int, warmup: int, step: float | Tensor) -> tuple[Tensor, Tensor, int, int]:
    z, step = float64(start, "starting points"), float64(step, "step sizes")
    if z.ndim not in (1, 2) or not z.numel():
        raise ValueError(f"start must be (chains,) or (chains, d), one point a chain, got {tuple(z.shape)}")
    if not ((step > 0) & step.isfinite()).all() or tuple(step.shape) not in ((), (1,), (len(z),)):
        raise ValueError(f"step must be positive, one number or one for each of {len(z)} chains, got {in_short(step)}")
    return z, _column(step, z), whole_number("n_steps", n_steps), whole_number("warmup", warmup, least=0)


def _finite_start(log_p: Tensor) -> Tensor:
    if not log_p.isfinite().all():
        raise ValueError("every chain must start where the log-density is finite; move the starting points.")
    return log_p


def _normal(z: Tensor, generator: torch.Generator | None) -> Tensor:
    return noise_like(z, generator)


def _uniform(z: Tensor, generator: torch.Generator | None) -> Tensor:
    return noise_like(z, generator, (len(z),), "uniform_")


def _half_square(momentum: Tensor) -> Tensor:
    """½|r|² of each chain, (chains,)."""
    return 0.5 * momentum.square().reshape(len(momentum), -1).sum(-1)


def _column(per_chain: Tensor, z: Tensor) -> Tensor:
    """One value a chain, (chains,) or a number, shaped to broadcast against z, (chains,) or (chains, d)."""
    return per_chain.reshape(-1, *[1] * (z.ndim - 1)) if per_chain.ndim and z.ndim > per_chain.ndim else per_chain

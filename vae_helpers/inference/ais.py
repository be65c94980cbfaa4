"""Annealed importance sampling: log ∫ exp(log_target) from below, and where an exact sample is at hand from above too; float64, nats.

A ladder of densities leads from one that is easy to draw from (the prior, or the encoder's q) to the target (the joint p(x, z), x held):

    log f_t(z) = (1 − β_t) log_initial(z) + β_t log_target(z),   0 = β_0 < β_1 < … < β_T = 1.

Chains climb it, one HMC step a rung, and collect a weight. All functions take z (chains, batch, d) and return (chains, batch): `batch`
problems, such as images, at once, each with several chains. Sources: Neal 2001; Grosse et al. 2015; Wu et al. 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..inputs import float64, in_short, positive_number, true_or_false, whole_number
from . import mcmc

LogDensities = Callable[[Tensor], Tensor]


class Climb(NamedTuple):
    """log_weights (chains, batch); z, where the chains ended, (chains, batch, d); acceptance of each rung, (T, batch)."""

    log_weights: Tensor
    z: Tensor
    acceptance: Tensor


def ladder(n_rungs: int, steepness: float = 4.0) -> Tensor:
    """β_0 = 0 … β_T = 1, (T + 1,): a sigmoid, dense at both ends, where the densities change fastest (Wu et al. 2017)."""
    steepness = positive_number("steepness", steepness)
    beta = torch.linspace(-steepness, steepness, whole_number("n_rungs", n_rungs) + 1, dtype=torch.float64).sigmoid()
    return (beta - beta[0]) / (beta[-1] - beta[0])


def tune_steps(
    log_initial: LogDensities,
    log_target: LogDensities,
    start: Tensor,
    betas: Tensor,
    n_leapfrog: int = 10,
    acceptance: float = 0.8,
    step: float = 0.3,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A step size for every rung and problem, (T, batch), from a climb that adapts it towards this acceptance.

    Steps that depend on the climb they are used in would bias its weights a little, so they are found in a climb of their own and then
    held: `anneal` takes them in both directions.
    """
    start, betas = _checked(log_initial, log_target, start, betas)
    if not positive_number("acceptance", acceptance) < 1:
        raise ValueError(f"acceptance must be a share between 0 and 1, got {acceptance!r}")
    steps = torch.full((len(betas) - 1, start.shape[1]), positive_number("step", step), dtype=torch.float64)
    _climb(log_initial, log_target, start, betas, steps, whole_number("n_leapfrog", n_leapfrog), generator, adapt_to=acceptance)
    return steps


def anneal(
    log_initial: LogDensities,
    log_target: LogDensities,
    start: Tensor,
    betas: Tensor,
    steps: Tensor,
    n_leapfrog: int = 10,
    reverse: bool = False,
    generator: torch.Generator | None = None,
) -> Climb:
    """Climb from draws of the initial density, start (chains, batch, d), to the target; or with `reverse` from draws of the target down.

    Forward, E[w] = Z; in reverse, E[1/w] = Z⁻¹, with Z the ratio of the two integrals (`log_initial` normalised: Z is the target's).
    So `lower_bound` and `upper_bound` of the log-weights are right in expectation at any length of the ladder, and near with a long one.
    betas (T + 1,); steps: one number or (T, batch). Only simulated data has an exact draw of its posterior: the z that made it.
    """
    start, betas = _checked(log_initial, log_target, start, betas)
    steps, shape = float64(steps, "steps"), (len(betas) - 1, start.shape[1])
    if not ((steps > 0) & steps.isfinite()).all() or tuple(steps.shape) not in ((), (1,), shape):
        raise ValueError(f"steps must be positive, one number or {shape}, a row for each rung, got {in_short(steps)}")
    n_leapfrog, reverse = whole_number("n_leapfrog", n_leapfrog), true_or_false("reverse", reverse)
    return _climb(log_initial, log_target, start, betas, steps.expand(shape), n_leapfrog, generator, reverse)


def lower_bound(log_weights: Tensor) -> Tensor:
    """log of the mean weight over the chains, (chains, batch) → (batch,): in expectation at most log Z."""
    log_weights = float64(log_weights, "log-weights")
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def upper_bound(log_weights: Tensor) -> Tensor:
    """Minus the log of the mean of 1/w, (chains, batch) → (batch,), for weights collected in reverse: in expectation at least log Z."""
    return -lower_bound(-float64(log_weights, "log-weights"))


@torch.no_grad()
def _checked(log_initial: LogDensities, log_target: LogDensities, start: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    """start and betas in float64, after a look at both densities there."""
    start, betas = float64(start, "start"), float64(betas, "betas")
    if start.ndim != 3 or not start.numel():
        raise ValueError(f"start must be (chains, batch, d), got {tuple(start.shape)}")
    if betas.ndim != 1 or len(betas) < 2 or not (betas[0] == 0 and betas[-1] == 1 and (betas.diff() > 0).all()):
        raise ValueError("betas must rise from 0 to 1: use ladder(n_rungs)")
    for name, density in (("log_initial", log_initial), ("log_target", log_target)):
        came, wanted = tuple(getattr(density(start), "shape", ())), tuple(start.shape[:2])
        if came != wanted:
            raise ValueError(f"{name} must return one value a point, {wanted} for z {tuple(start.shape)}, got {came}")
    return start, betas


@torch.no_grad()
def _climb(log_initial, log_target, start, betas, steps, n_leapfrog, generator, reverse=False, adapt_to=None) -> Climb:
    chains, batch, _ = start.shape
    z = start
    log_weights, acceptance = z.new_zeros(chains, batch), torch.empty_like(steps)
    n_rungs = len(betas) - 1
    for t in range(n_rungs, 0, -1) if reverse else range(1, n_rungs + 1):

        def tempered(rows, beta=betas[t]):  # rows (chains · batch, d), as HMC likes them
            z = rows.unflatten(0, (chains, batch))
            return ((1 - beta) * log_initial(z) + beta * log_target(z)).double().flatten()

        if not reverse:  # weigh where the chains stand, then move
            log_weights += (betas[t] - betas[t - 1]) * (log_target(z) - log_initial(z))
        here = mcmc.at(tempered, z.flatten(0, 1))
        there, accepted = mcmc.hmc_step(tempered, here, steps[t - 1].repeat(chains), n_leapfrog, generator)
        z, acceptance[t - 1] = there.z.unflatten(0, (chains, batch)), accepted.double().unflatten(0, (chains, batch)).mean(0)
        if reverse:  # the forward climb's steps in the other order
            log_weights += (betas[t] - betas[t - 1]) * (log_target(z) - log_initial(z))
        if adapt_to is not None and t < n_rungs:
            steps[t] = steps[t - 1] * (0.3 * (acceptance[t - 1] - adapt_to)).exp()
    return Climb(log_weights, z, acceptance)

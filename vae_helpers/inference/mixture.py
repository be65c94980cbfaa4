"""A Bayesian mixture of Gaussians, where the parameters have a posterior too: coordinate ascent (CAVI) and Gibbs sampling; float64, nats.

    weights ~ Dirichlet(concentration, …),  centre_k ~ N(0, centre_sd² I),  precision_k ~ Gamma(shape, rate)
    c_n ~ Categorical(weights),  x_n | c_n = k ~ N(centre_k, I / precision_k),        n = 1 … N, x_n in R^D

The joint posterior has K^N terms, but each part's posterior *given all others* is of its prior's family: conjugate pair by pair. Both
methods live on that. Sources: Bishop 2006, section 10.2; Blei et al. 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Dirichlet, Gamma, Normal, kl_divergence

from ..inputs import float64, in_short, positive_number, tensor_of, whole_number
from ..runtime import check_generator, noise_like


class Prior(NamedTuple):
    """The numbers of the priors, the same for every component."""

    n_components: int
    concentration: float = 1.0
    centre_sd: float = 3.0
    shape: float = 2.0
    rate: float = 1.0

    @property
    def weights(self) -> Dirichlet:
        return Dirichlet(torch.full((self.n_components,), self.concentration, dtype=torch.float64))

    @property
    def precision(self) -> Gamma:
        return Gamma(*(torch.tensor(v, dtype=torch.float64) for v in (self.shape, self.rate)))


class Parameters(NamedTuple):
    """weights (…, K), centres (…, K, D), precisions (…, K) and the assignments c of the N points, whole numbers (…, N)."""

    weights: Tensor
    centres: Tensor
    precisions: Tensor
    c: Tensor


class MeanField(NamedTuple):
    """q = q(weights) Π q(centre_k) q(precision_k) Π q(c_n): Dirichlet(concentration (K,)), N(mean (K, D), variance (K,) I),
    Gamma(shape (K,), rate (K,)) and responsibilities r (N, K), the probabilities of q(c_n)."""

    concentration: Tensor
    mean: Tensor
    variance: Tensor
    shape: Tensor
    rate: Tensor
    r: Tensor

    @property
    def precision(self) -> Tensor:
        """E[precision_k], (K,)."""
        return self.shape / self.rate


def log_joint(x: Tensor, p: Parameters, prior: Prior) -> Tensor:
    """log p(x, c, weights, centres, precisions), a scalar; x (N, D)."""
    log_prior = prior.weights.log_prob(p.weights) + prior.precision.log_prob(p.precisions).sum()
    log_prior = log_prior + Normal(0.0, prior.centre_sd).log_prob(p.centres).sum()
    each = Normal(p.centres[p.c], p.precisions[p.c].rsqrt()[:, None]).log_prob(x).sum() + p.weights.log()[p.c].sum()
    return log_prior + each


# ---------------------------------------------------------------- Gibbs: draw each part given all the others


def gibbs(x: Tensor, prior: Prior, c: Tensor, n_sweeps: int, warmup: int = 0, generator: torch.Generator | None = None) -> Parameters:
    """Samples (n_sweeps, …) of the posterior from one chain that starts at assignments c (N,); `warmup` sweeps are thrown away.

    Labels may be swapped on the way, so compare after `relabelled`. Source: Geman & Geman 1984.
    """
    check_generator(generator)
    x, prior = _checked(x, prior)
    n_sweeps, warmup, c = whole_number("n_sweeps", n_sweeps), whole_number("warmup", warmup, least=0), tensor_of(c, "assignments")
    if c.is_floating_point() or c.shape != x.shape[:1] or not 0 <= c.min() <= c.max() < prior.n_components:
        raise ValueError(f"expected assignments 0 … {prior.n_components - 1} as whole numbers ({len(x)},), got {in_short(c)}")
    c = c.long()
    precisions, kept = torch.ones(prior.n_components, dtype=torch.float64), []
    for t in range(-warmup, n_sweeps):
        n, total = counts(x, c, prior.n_components)
        weights = _dirichlet(prior.concentration + n, generator)
        variance = 1 / (prior.centre_sd**-2 + precisions * n)
        noise = noise_like(total, generator)
        centres = (variance * precisions)[:, None] * total + variance.sqrt()[:, None] * noise
        squares = torch.zeros_like(n).index_add(0, c, (x - centres[c]).square().sum(-1))
        precisions = _gamma(prior.shape + n * x.shape[1] / 2, generator) / (prior.rate + squares / 2)
        c = torch.multinomial(_log_each(x, weights.log(), centres, precisions).softmax(-1), 1, generator=generator)[:, 0]
        if t >= 0:
            kept.append(Parameters(weights, centres, precisions, c))
    return Parameters(*(torch.stack(part) for part in zip(*kept, strict=True)))


def counts(x: Tensor, c: Tensor, n_components: int) -> tuple[Tensor, Tensor]:
    """How many points each component has, (K,), and their sum, (K, D)."""
    one_hot = torch.nn.functional.one_hot(c, n_components).double()
    return one_hot.sum(0), one_hot.T @ x


def _log_each(x: Tensor, log_weights: Tensor, centres: Tensor, precisions: Tensor) -> Tensor:
    """log p(x_n, c_n = k), (N, K)."""
    squares = (x[:, None] - centres).square().sum(-1)
    return log_weights + x.shape[1] / 2 * (precisions / (2 * math.pi)).log() - precisions / 2 * squares


# ---------------------------------------------------------------- CAVI: the best q of each part, with all the others held


def cavi(x: Tensor, prior: Prior, r: Tensor, n_sweeps: int = 200, tolerance: float = 1e-9) -> tuple[MeanField, list[float]]:
    """Sweeps from responsibilities r (N, K) until one raises the ELBO by less than `tolerance`: q, and the ELBO after each sweep."""
    tolerance = positive_number("tolerance", tolerance, zero=True)
    (x, prior), path, elbos = _checked(x, prior), sweeps(x, prior, r), []
    for _ in range(whole_number("n_sweeps", n_sweeps)):
        q = next(path)
        elbos.append(elbo(x, prior, q).item())
        if len(elbos) > 1 and elbos[-1] - elbos[-2] < tolerance:
            break
    return q, elbos


def sweeps(x: Tensor, prior: Prior, r: Tensor) -> Iterator[MeanField]:
    """One sweep after another, without end: weights, centres, precisions, then responsibilities."""
    (x, prior), r = _checked(x, prior), float64(r, "responsibilities")
    shape = (len(x), prior.n_components)
    if r.shape != shape or not (r >= 0).all() or not torch.allclose(r.sum(1), r.new_ones(len(x)), atol=1e-4):
        raise ValueError(f"expected responsibilities {shape}, probabilities that add up to 1 in each row, got {in_short(r)}")
    q = start(x, prior, r)
    while True:
        for update in (update_weights, update_centres, update_precisions, update_responsibilities):
            q = update(x, prior, q)
        yield q


def start(x: Tensor, prior: Prior, r: Tensor) -> MeanField:
    """A q with these responsibilities and everything else as in the prior."""
    ones = torch.ones(prior.n_components, dtype=torch.float64)
    mean = torch.zeros(prior.n_components, x.shape[1], dtype=torch.float64)
    return MeanField(prior.concentration * ones, mean, prior.centre_sd**2 * ones, prior.shape * ones, prior.rate * ones, r)


def update_weights(x: Tensor, prior: Prior, q: MeanField) -> MeanField:
    return q._replace(concentration=prior.concentration + q.r.sum(0))


def update_centres(x: Tensor, prior: Prior, q: MeanField) -> MeanField:
    variance = 1 / (prior.centre_sd**-2 + q.precision * q.r.sum(0))
    return q._replace(mean=(variance * q.precision)[:, None] * (q.r.T @ x), variance=variance)


def update_precisions(x: Tensor, prior: Prior, q: MeanField) -> MeanField:
    squares = (q.r * _expected_squares(x, q)).sum(0)
    return q._replace(shape=prior.shape + q.r.sum(0) * x.shape[1] / 2, rate=prior.rate + squares / 2)


def update_responsibilities(x: Tensor, prior: Prior, q: MeanField) -> MeanField:
    return q._replace(r=_expected_log_each(x, q).softmax(-1))


def elbo(x: Tensor, prior: Prior, q: MeanField) -> Tensor:
    """E_q[log p(x, everything) − log q], a scalar in closed form."""
    each = (q.r * (_expected_log_each(x, q) - q.r.clamp(min=1e-300).log())).sum()
    centres = kl_divergence(Normal(q.mean, q.variance.sqrt()[:, None]), Normal(0.0, prior.centre_sd)).sum()
    precisions = kl_divergence(Gamma(q.shape, q.rate), prior.precision).sum()
    return each - kl_divergence(Dirichlet(q.concentration), prior.weights) - centres - precisions


def _expected_squares(x: Tensor, q: MeanField) -> Tensor:
    """E|x_n − centre_k|², (N, K): the spread of q(centre_k) counts too."""
    return (x[:, None] - q.mean).square().sum(-1) + x.shape[1] * q.variance


def _expected_log_each(x: Tensor, q: MeanField) -> Tensor:
    """E[log p(x_n, c_n = k | weights, centres, precisions)] over all but c_n, (N, K)."""
    log_weights = q.concentration.digamma() - q.concentration.sum().digamma()
    log_precision = q.shape.digamma() - q.rate.log()
    return log_weights + x.shape[1] / 2 * (log_precision - math.log(2 * math.pi)) - q.precision / 2 * _expected_squares(x, q)


# ---------------------------------------------------------------- both


def relabelled(samples: Parameters, centres: Tensor) -> Parameters:
    """Samples (S, …) with the components of each renamed so that their centres lie nearest, in all, to `centres` (K, D)."""
    from scipy.optimize import linear_sum_assignment

    centres = float64(centres, "centres")
    if centres.shape != samples.centres.shape[1:]:
        raise ValueError(f"expected centres {tuple(samples.centres.shape[1:])}, one a component, got {tuple(centres.shape)}")
    cost = torch.cdist(centres.expand(len(samples.centres), -1, -1), samples.centres).square()
    order = torch.stack([torch.as_tensor(linear_sum_assignment(each)[1]) for each in cost.numpy()])  # (S, K): which one is called k
    rows = torch.arange(len(order))[:, None]
    return Parameters(
        samples.weights[rows, order], samples.centres[rows, order], samples.precisions[rows, order], order.argsort(-1).gather(1, samples.c)
    )


def _gamma(shape: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draws of Gamma(shape, 1)."""
    return torch._standard_gamma(shape, generator=generator)


def _dirichlet(concentration: Tensor, generator: torch.Generator | None) -> Tensor:
    draws = _gamma(concentration, generator)
    return draws / draws.sum()


def _checked(x: Tensor, prior: Prior) -> tuple[Tensor, Prior]:
    x = float64(x, "x")
    if x.ndim != 2 or not x.numel() or not x.isfinite().all():
        raise ValueError(f"x must hold finite numbers, (N, D), got shape {tuple(x.shape)}.")
    if not isinstance(prior, Prior):
        raise TypeError(f"expected a prior such as Prior(n_components=3), got {type(prior).__name__}")
    numbers = (positive_number(name, value) for name, value in prior._asdict().items() if name != "n_components")
    return x, Prior(whole_number("n_components", prior.n_components), *numbers)

"""What a density of grey pixels says about the levels in a file: the probability of each bin, in logarithms that keep their digits.

Pixels x = k/(levels − 1) and the parameters broadcast against each other; the results are log P(k), in nats, never NaN.
"""

import math

import torch
from torch import Tensor

from ...likelihoods import Gaussian


def gaussian_levels(x: Tensor, m: Tensor, sigma: Tensor | float, levels: int = 17, closed: bool = False) -> Tensor:
    """log P(k) under N(m, sigma²): Φ at the upper edge of the bin minus Φ at the lower one; the outermost bins reach to ±∞ (5.17).

    closed: the outermost bins are as wide as the others, and the Gaussian is cut at their outer edges.
    """
    half = 0.5 / (levels - 1)
    low, high = (x - half - m) / sigma, (x + half - m) / sigma
    if closed:
        return _log_between(low, high) - _log_between((-half - m) / sigma, (1 + half - m) / sigma)
    return _log_between(torch.where(x < half, -math.inf, low), torch.where(x > 1 - half, math.inf, high))


def continuous_bernoulli_levels(x: Tensor, a: Tensor, levels: int = 17, equal: bool = True) -> Tensor:
    """log P(k) under the density proportional to exp(a x) on [0, 1]: `levels` equal bins, or the Gaussian's, cut at 0 and 1."""
    n = levels - 1
    low, high = (n * x / levels, (n * x + 1) / levels) if equal else ((x - 0.5 / n).clamp(min=0), (x + 0.5 / n).clamp(max=1))
    low, width, a = torch.where(a > 0, 1 - high, low), high - low, -a.abs().clamp(min=1e-6)
    return a * low + torch.log(-torch.expm1(a * width)) - torch.log(-torch.expm1(a))


class GaussianOfLevels(Gaussian):
    """A Gaussian likelihood of levels: `log_prob` is the probability of the bins, so that training asks for what is compared."""

    def __init__(self, sigma: float | str = "shared", levels: int = 17, closed: bool = False):
        super().__init__(sigma)
        self.levels, self.closed = levels, closed

    def log_prob(self, outputs: Tensor, x: Tensor) -> Tensor:
        mean, sigma = self._mean_and_sigma(outputs)
        return gaussian_levels(x, mean, sigma, self.levels, self.closed).sum(-1)


def _log_between(low: Tensor, high: Tensor) -> Tensor:
    """log(Φ(high) − Φ(low)), in the far tails too."""
    right = low + high > 0  # mirror the right half: differences in the left tail keep their digits
    low, high = torch.where(right, -high, low), torch.where(right, -low, high)
    log_low, log_high = torch.special.log_ndtr(low), torch.special.log_ndtr(high)
    return log_high + torch.log1p(-(log_low - log_high).exp())

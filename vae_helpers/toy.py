"""Models whose truth is known: evidence and posterior exact, so that everything else can be measured against them.

`CurvedToy` is the collection's laboratory animal: one latent number, one observed number, a bent line between them.
`LinearGaussian` is probabilistic PCA (Tipping & Bishop 1999), the one VAE whose every density has a closed form.
Everything here is float64; log-densities are in nats.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent, LowRankMultivariateNormal, MultivariateNormal, Normal

from .inputs import float64, positive_number, whole_number
from .runtime import noise_like

_SMALLEST_S = 1e-4  # below this the quadrature grid would need more than a million points
_MOST_POINTS = 4_000_000  # of one grid
_AT_ONCE = 500_000  # grid values held at once (4 MB, and a few times that in passing)


class Evidence(NamedTuple):
    """log p(x) by quadrature, and an estimate of its absolute error; both have the shape of x, in nats."""

    log_evidence: Tensor
    error: Tensor


class CurvedToy:
    """z ~ N(0, 1),  x | z ~ N(f(z), s²)  with  f(z) = z²/2 + z/4.

    The curve f falls, turns at z = -1/4 and rises again. An x well above the turn could have come from either branch, so its
    posterior has two modes, the right one heavier; an x below the turn has one. s > 0 is the standard deviation of the noise.
    """

    def __init__(self, s: float = 0.25):
        self.s = positive_number("s, the noise's standard deviation,", s, least=_SMALLEST_S)

    def __repr__(self) -> str:
        return f"CurvedToy(s={self.s:g})"

    @staticmethod
    def f(z: Tensor) -> Tensor:
        """The mean of x given z; any shape."""
        return z**2 / 2 + z / 4

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z); the shape of z."""
        return Normal(0.0, 1.0).log_prob(float64(z))

    def log_likelihood(self, x: Tensor | float, z: Tensor | float) -> Tensor:
        """log p(x|z); x and z broadcast."""
        return Normal(self.f(float64(z)), self.s).log_prob(_finite(x))

    def log_joint(self, x: Tensor | float, z: Tensor | float) -> Tensor:
        """log p(x, z) = log p(z) + log p(x|z); x and z broadcast."""
        return self.log_prior(z) + self.log_likelihood(x, z)

    def log_evidence(self, x: Tensor | float) -> Tensor:
        """log p(x); the shape of x."""
        return self.integrate(x).log_evidence

    def integrate(self, x: Tensor | float) -> Evidence:
        """log p(x) by the trapezoid rule, with an error estimate: the change when every second grid point is left out.

        On a smooth integrand that dies out at both ends the rule's error falls exponentially with the number of points,
        so the coarser rule's error is a generous estimate of the finer one's.
        """
        x = _finite(x)
        low, step, n = self._grid(x)
        logs, errors = [], []
        for some in x.reshape(-1).split(max(1, _AT_ONCE // n)):
            z = low + step * torch.arange(n, dtype=torch.float64)
            values = self.log_joint(some[:, None], z)  # (some, n)
            fine = values.logsumexp(-1) + math.log(step)
            coarse = values[:, ::2].logsumexp(-1) + math.log(2 * step)
            logs.append(fine)
            errors.append((fine - coarse).abs() + 1e-15 * (1 + fine.abs()))  # the second part is rounding
        return Evidence(torch.cat(logs).reshape(x.shape), torch.cat(errors).reshape(x.shape))

    def posterior(self, x: Tensor | float) -> CurvedPosterior:
        """p(z|x) for one observation x (a number)."""
        x = _finite(x)
        if x.numel() != 1:
            raise ValueError(f"posterior expects one observation x, got a tensor of shape {tuple(x.shape)}; call it once for each.")
        return CurvedPosterior(self, x.reshape(()))

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """n draws of the generative story: first z (n,), then x (n,) given z."""
        z = _normal(whole_number("n", n, least=0), generator=generator)
        return z, self.f(z) + self.s * _normal(len(z), generator=generator)

    def _grid(self, x: Tensor) -> tuple[float, float, int]:
        """(lowest z, step, number of points) of a grid fit for every x given.

        Range: let c = max(0, largest root of f(z) = x). To the right of c both the prior and the likelihood fall, and the prior
        falls by exp(-9²/2) or more over 9 units, so all that lies beyond c + 9 is less than 3e-18 of p(x). Likewise on the left.
        Step: a fifth of 1/√κ, the width of the narrowest peak that curvature κ of the log-joint allows.
        """
        highest = x.max().item() if x.numel() else 0.0
        root = math.sqrt(1 / 16 + 2 * max(highest, -1 / 32))
        low, high = min(0.0, -0.25 - root) - 9, max(0.0, -0.25 + root) + 9
        largest = x.abs().max().item() if x.numel() else 0.0
        curvature = 1 + (1 / 16 + 2 * largest + 24 * self.s) / self.s**2
        n = 2 * math.ceil((high - low) * 5 * math.sqrt(curvature) / 2) + 1
        if n > _MOST_POINTS:
            raise ValueError(f"x as large as {largest:g} with s = {self.s:g} needs {n:,} grid points; take a smaller |x| or a larger s.")
        return low, (high - low) / (n - 1), n


class CurvedPosterior:
    """p(z|x) of a `CurvedToy`: `density`, `log_density`, `mean`, `sd`, `modes`, and the quadrature `grid` (n,) they rest on."""

    def __init__(self, toy: CurvedToy, x: Tensor):
        self.toy, self.x = toy, x
        self.log_evidence, self.error = toy.integrate(x)
        low, step, n = toy._grid(x)
        self.grid = low + step * torch.arange(n, dtype=torch.float64)
        weight = self.density(self.grid) * step
        self.mean = (weight * self.grid).sum().item()
        self.sd = (weight * (self.grid - self.mean) ** 2).sum().sqrt().item()

    def __repr__(self) -> str:
        return f"CurvedPosterior(x={self.x.item():g}, mean={self.mean:.3f}, sd={self.sd:.3f}, modes={self.modes.tolist()})"

    def log_density(self, z: Tensor | float) -> Tensor:
        """log p(z|x), by Bayes' rule; the shape of z."""
        return self.toy.log_joint(self.x, z) - self.log_evidence

    def density(self, z: Tensor | float) -> Tensor:
        """p(z|x); the shape of z."""
        return self.log_density(z).exp()

    @property
    def modes(self) -> Tensor:
        """Where p(z|x) has its peaks, ascending: one or two of the roots of a cubic, d/dz log p(x, z) = 0."""
        f, slope = np.poly1d([0.5, 0.25, 0]), np.poly1d([1, 0.25])
        gradient = (self.x.item() - f) * slope / self.toy.s**2 - np.poly1d([1, 0])
        roots = gradient.roots[np.isclose(gradient.roots.imag, 0, atol=1e-9)].real
        return torch.tensor(sorted(r for r in roots if gradient.deriv()(r) < 0), dtype=torch.float64)


class LinearGaussian:
    """Probabilistic PCA: z ~ N(0, I_L),  x | z ~ N(W z + b, σ² I_D).  W (D, L), b (D,), sigma2 a positive number.

    Gradients flow through W, b and sigma2 if they require them. Source: Tipping & Bishop 1999, "Probabilistic PCA".
    """

    def __init__(self, W: Tensor, b: Tensor, sigma2: Tensor | float):
        self.W, self.b, self.sigma2 = _finite(W, "W"), _finite(b, "b"), float64(sigma2, "sigma2")
        if self.W.ndim != 2 or self.b.shape != self.W.shape[:1]:
            raise ValueError(f"W must be (D, L) and b (D,), got {tuple(self.W.shape)} and {tuple(self.b.shape)}.")
        if self.sigma2.ndim or not (self.sigma2.isfinite() and self.sigma2 > 0):
            raise ValueError(f"sigma2, the noise's variance, must be one positive finite number, got {self.sigma2.tolist()}.")

    def __repr__(self) -> str:
        return f"LinearGaussian(D={self.W.shape[0]}, L={self.W.shape[1]}, sigma2={self.sigma2.item():.6g})"

    @property
    def prior(self) -> Independent:
        """p(z); event (L,)."""
        zeros = torch.zeros(self.W.shape[1], dtype=torch.float64)
        return Independent(Normal(zeros, zeros + 1), 1)

    def decode(self, z: Tensor) -> Independent:
        """p(x|z); z (..., L), batch z.shape[:-1], event (D,)."""
        z, L = float64(z, "z"), self.W.shape[1]
        if z.shape[-1:] != (L,):
            raise ValueError(f"z must end in L = {L} values, got shape {tuple(z.shape)}.")
        mean = z @ self.W.T + self.b
        return Independent(Normal(mean, self.sigma2.sqrt().expand_as(mean)), 1)

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z); x (..., D) and z (..., L) broadcast in front."""
        return self.prior.log_prob(float64(z)) + self.decode(z).log_prob(self._data(x))

    @property
    def marginal(self) -> LowRankMultivariateNormal:
        """p(x) = N(b, W Wᵀ + σ² I); event (D,)."""
        return LowRankMultivariateNormal(self.b, self.W, self.sigma2.expand(self.b.shape))

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x); x (batch, D) -> (batch,)."""
        return self.marginal.log_prob(self._data(x))

    def mean_log_likelihood(self, x: Tensor) -> Tensor:
        """The mean of log p(x) over the rows of x, nats per row."""
        return self.log_evidence(x).mean()

    def posterior(self, x: Tensor) -> MultivariateNormal:
        """p(z|x) = N(M⁻¹ Wᵀ (x - b), σ² M⁻¹) with M = WᵀW + σ² I; x (batch, D) -> batch (batch,), event (L,)."""
        precision = self.W.T @ self.W / self.sigma2 + torch.eye(self.W.shape[1], dtype=torch.float64)  # M / σ²
        mean = torch.linalg.solve(precision, self.W.T @ (self._data(x) - self.b)[..., None] / self.sigma2)[..., 0]
        return MultivariateNormal(mean, precision_matrix=precision)

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """n draws of the generative story: first z (n, L), then x (n, D) given z."""
        D, L = self.W.shape
        z = _normal(whole_number("n", n, least=0), L, generator=generator)
        noise = _normal(len(z), D, generator=generator)
        return z, z @ self.W.T + self.b + self.sigma2.sqrt() * noise

    @classmethod
    def maximum_likelihood(cls, x: Tensor, L: int) -> LinearGaussian:
        """The model that maximises the likelihood of the rows of x (N, D), in closed form (Tipping & Bishop 1999, eqs. 7 and 8).

        W = U (Λ - σ² I)^½ with the L largest eigenvalues of the covariance (divided by N), σ² the mean of the others.
        """
        x, L = _finite(x), whole_number("L", L, least=0)
        if x.ndim != 2 or x.shape[0] < 2 or not 1 <= L < x.shape[1]:
            raise ValueError(f"maximum_likelihood needs data (N, D) with N >= 2, and 1 <= L < D; got shape {tuple(x.shape)} and L = {L}.")
        b = x.mean(0)
        eigenvalues, vectors = torch.linalg.eigh((x - b).T @ (x - b) / len(x))  # ascending
        sigma2 = eigenvalues[:-L].mean()
        if sigma2 <= eigenvalues[-1] * 1e-12:
            raise ValueError(f"{L} dimensions explain all of the data's variance, so sigma2 would be 0; take a smaller L or more data.")
        return cls(vectors[:, -L:].flip(-1) * (eigenvalues[-L:].flip(-1) - sigma2).clamp(min=0).sqrt(), b, sigma2)

    def _data(self, x: Tensor) -> Tensor:
        x = _finite(x)
        if x.shape[-1:] != self.b.shape:
            raise ValueError(f"x must end in D = {len(self.b)} values, got shape {tuple(x.shape)}.")
        return x


def _finite(x: Tensor | float, what: str = "x") -> Tensor:
    x = float64(x, what)
    if not x.isfinite().all():
        raise ValueError(f"{what} must be finite, got NaN or infinity; look for it where {what} was made.")
    return x


def _normal(*shape: int, generator: torch.Generator | None) -> Tensor:
    return noise_like(torch.empty(shape, dtype=torch.float64), generator)

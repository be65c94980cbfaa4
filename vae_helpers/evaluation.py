"""How good is a trained model on images it has not seen? Bounds and evidence in nats per image, with standard errors."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .likelihoods import Bernoulli, is_binary
from .models import VAE
from .objectives import elbo, importance_weighted_bound

FLOATS_AT_ONCE = 2**22  # 16 MB in float32: about the largest intermediate tensor of a bound or a grid


class Estimate(NamedTuple):
    """A mean over images and its standard error; prints as "-21.34 ± 0.05"."""

    mean: float
    stderr: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.stderr:.2f}"


class Evaluation(NamedTuple):
    """Means over held-out images ± standard error, nats per image. `log_evidence`: the importance-weighted bound, None if not asked."""

    elbo: Estimate
    reconstruction: Estimate
    kl: Estimate
    log_evidence: Estimate | None
    n_images: int
    label: str

    def __str__(self) -> str:
        lines = [f"ELBO            {self.elbo}", f"reconstruction  {self.reconstruction}", f"KL              {self.kl}"]
        if self.log_evidence is not None:
            lines.append(f"log p(x) ≥      {self.log_evidence}")
        return "\n".join([*lines, f"({self.label}; nats per image, {self.n_images} images)"])

    __repr__ = __str__


class Grid(NamedTuple):
    """log p(x) by quadrature over the latent space, and an estimate of its error: both (batch,), in nats, float64."""

    log_evidence: Tensor
    error: Tensor


@torch.no_grad()
def evaluate(vae: VAE, images: Tensor, n_samples: int = 1, importance_samples: int = 0, seed: int = 0) -> Evaluation:
    """ELBO, its two parts and, with importance_samples = K > 0, the importance-weighted bound on log p(x).

    images: (N, H, W) or (N, D). The standard errors are over images and include the sampling noise. Memory is bounded whatever K is.
    Raises ValueError for fewer than two images or sample counts below 1.
    """
    x = _on_device(vae, images)
    if len(x) < 2:
        raise ValueError(f"expected at least two images, so that a standard error exists, got {len(x)}")
    if isinstance(importance_samples, bool) or not isinstance(importance_samples, int) or importance_samples < 0:
        raise ValueError(f"importance_samples must be a whole number from 0 (none) on, got {importance_samples!r}")
    vae.likelihood.check(x)
    generator = torch.Generator(x.device).manual_seed(seed)
    terms = [elbo(vae, batch, n_samples, generator=generator) for batch in x.split(_batch_size(vae, n_samples))]
    value, reconstruction, kl = (estimate(torch.cat(part)) for part in zip(*terms, strict=True))
    bound = estimate(_bounded_memory_bound(vae, x, importance_samples, generator)) if importance_samples else None
    return Evaluation(value, reconstruction, kl, bound, len(x), _label(vae, x))


def estimate(values: Tensor) -> Estimate:
    """Mean and standard error of independent values (N,)."""
    values = values.double()
    return Estimate(values.mean().item(), (values.std() / math.sqrt(len(values))).item())


@torch.no_grad()
def active_units(vae: VAE, images: Tensor, threshold: float = 0.01) -> Tensor:
    """Which latent dimensions carry information: variance of μ(x) over images above `threshold` (Burda et al. 2016). (L,), bool."""
    return vae.encode(_on_device(vae, images)).mean.var(0) > threshold


def nearest_distance(images: Tensor, reference: Tensor) -> Tensor:
    """How far each image (n, H, W) is from the nearest of the reference images (N, H, W): Euclidean, in pixels; (n,)."""
    return torch.cdist(images.flatten(1), reference.flatten(1)).amin(1)


@torch.no_grad()
def log_evidence_grid(vae: VAE, images: Tensor, tolerance: float = 1e-3) -> Grid:
    """log p(x) = log ∫ p(x|z) p(z) dz for L ≤ 2, by the trapezoid rule on a grid that is refined until the error estimate is small.

    images: (batch, H, W) or (batch, D). The error is an estimate, not a bound: the change when the step last shrank by a third, plus the
    share of the integral that lies near the edge of the box. Modes far outside the box, or narrower than the step, stay unseen, so the
    box reaches four standard deviations beyond every q(z|x); float32 in the decoder adds about 1e-5. Raises ValueError for L > 2, images
    that the likelihood cannot take or weights that are not finite, RuntimeError if `tolerance` (nats) is not reached.
    """
    if vae.latent_dim > 2:
        raise ValueError(f"a grid is for at most two latent dimensions, not {vae.latent_dim}: use evaluate(…, importance_samples=5000)")
    x = _on_device(vae, images)
    vae.likelihood.check(x)
    q = vae.encode(x).base_dist
    reach = (q.loc.abs() + 4 * q.scale).max().item()
    if not math.isfinite(reach):
        raise ValueError("the encoder puts out numbers that are not finite: train the model anew, with a smaller lr")
    half_width, coarse, error = max(6.0, reach), None, None
    points = 151
    while points < 3000:
        fine, edge = _trapezoid(vae, x, half_width, points)
        if edge.max() > tolerance / 2:
            half_width, points, coarse = 1.5 * half_width, round(1.5 * points), None  # a wider box, the same step: nothing to compare yet
            continue
        if coarse is not None:
            error = (fine - coarse).abs() + edge
            if error.max() <= tolerance:
                return Grid(fine, error)
        coarse, points = fine, round(1.5 * points)
    reached = "none" if error is None else f"{error.max():.1e}"
    raise RuntimeError(f"expected log p(x) to within {tolerance} nats, reached {reached}: the posteriors are too narrow for a grid")


def _trapezoid(vae: VAE, x: Tensor, half_width: float, points: int) -> tuple[Tensor, Tensor]:
    """log Σ p(x|z) p(z) h^L over the grid, and the share of the sum that comes from its outer tenth: both (batch,)."""
    axis = torch.linspace(-half_width, half_width, points, dtype=torch.float64, device=x.device)
    grid = torch.cartesian_prod(*[axis] * vae.latent_dim).reshape(-1, vae.latent_dim)
    log_cell = vae.latent_dim * math.log(2 * half_width / (points - 1))
    total = torch.full((len(x),), -math.inf, dtype=torch.float64, device=x.device)
    edge = total.clone()
    for z in grid.split(max(1, FLOATS_AT_ONCE // (4 * max(len(x), vae.pixels * vae.likelihood.n_outputs)))):
        log_weight = -0.5 * z.square().sum(-1) - vae.latent_dim / 2 * math.log(2 * math.pi) + log_cell
        log_likelihood = vae.likelihood.log_prob_table(vae.outputs(z.float()), x)
        log_joint = log_likelihood + log_weight[:, None].to(log_likelihood.dtype)
        total = torch.logaddexp(total, log_joint.logsumexp(0).double())
        outer = z.abs().amax(-1) > 0.9 * half_width
        if outer.any():
            edge = torch.logaddexp(edge, log_joint[outer].logsumexp(0).double())
    return total, (edge - total).exp()


def _bounded_memory_bound(vae: VAE, x: Tensor, n_samples: int, generator: torch.Generator) -> Tensor:
    """The importance-weighted bound (batch,), in pieces: logsumexp over pieces of K is exact."""
    bounds = []
    for batch in x.split(_batch_size(vae, min(n_samples, 64))):
        pieces, left = [], n_samples
        while left:
            k = min(left, max(1, FLOATS_AT_ONCE // (_width(vae) * len(batch))))
            pieces.append(importance_weighted_bound(vae, batch, k, generator) + math.log(k))
            left -= k
        bounds.append(torch.stack(pieces).logsumexp(0) - math.log(n_samples))
    return torch.cat(bounds)


def _width(vae: VAE) -> int:
    """Floats per image and sample in the widest layer of an MLP, or about that in a convolutional network."""
    return vae.pixels * vae.likelihood.n_outputs + sum(vae.config["hidden"]) + (vae.config["network"] == "conv") * 8 * vae.pixels


def _batch_size(vae: VAE, n_samples: int) -> int:
    return max(1, FLOATS_AT_ONCE // (_width(vae) * max(1, n_samples)))


def _on_device(vae: VAE, images: Tensor) -> Tensor:
    """Images as (batch, D), where the model is."""
    return vae.flatten(images.to(next(vae.parameters()).device))


def _label(vae: VAE, x: Tensor) -> str:
    if isinstance(vae.likelihood, Bernoulli):
        return (
            "log-likelihood of black-or-white pixels" if is_binary(x) else "cross-entropy of grey pixels, not a log-likelihood: notebook 05"
        )
    return "log-density of real-valued pixels" if vae.likelihood.config["name"] == "gaussian" else "log-likelihood of pixel levels"

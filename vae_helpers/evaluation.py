"""How good is a trained model on images it has not seen? Bounds and evidence in nats per image, with standard errors."""

import copy
import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .inputs import MOST_SEED, ArrayLike, check_no_grey_levels, float64, is_binary, positive_number, tensor_of, whole_number
from .likelihoods import Bernoulli
from .models import FLOATS_AT_ONCE, VAE, check_model
from .objectives import elbo, importance_weighted_bound
from .toy import Evidence

NOT_FINITE = "the {} puts out numbers that are not finite: train the model anew, with a smaller lr"
# Of the grid: the side of a cell, at first and at last; how far below an image's highest log p(x, z) a cell may be left as it is, in nats;
# values of one table (cells, images); the least tolerance, in nats: the decoder computes in float32.
FIRST_STEP, LAST_STEP, NEGLIGIBLE, MOST_VALUES, LEAST_TOLERANCE = 1 / 8, 1 / 512, 30.0, 2**25, 1e-4
ROUNDING = 0.01  # nats: a smaller error that is left at the last step is float32's


class Estimate(NamedTuple):
    """A mean over images and its standard error; prints as "-21.34 ± 0.05"."""

    mean: float
    stderr: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.stderr:.2f}"


class Evaluation(NamedTuple):
    """Means over held-out images ± standard error, nats per image. `label` says what kind of number a reconstruction term is here."""

    elbo: Estimate
    reconstruction: Estimate
    kl: Estimate
    n_images: int
    label: str

    def __str__(self) -> str:
        lines = [f"ELBO            {self.elbo}", f"reconstruction  {self.reconstruction}", f"KL              {self.kl}"]
        return "\n".join([*lines, f"({self.label}; nats per image, {self.n_images} images)"])

    __repr__ = __str__


def _undisturbed(function: Callable) -> Callable:
    """A measurement of a VAE, its first argument: without gradients, and in the model's own precision also within `torch.autocast`."""

    @functools.wraps(function)
    def measured(vae: VAE, *args, **options):
        check_model(vae, VAE)
        with torch.no_grad(), torch.autocast(vae.prior.mean.device.type, enabled=False):
            return function(vae, *args, **options)

    return measured


@_undisturbed
def evaluate(vae: VAE, images: ArrayLike, n_samples: int = 1, seed: int = 0) -> Evaluation:
    """The ELBO and its two parts, with n_samples of z an image.

    images: (N, H, W) or (N, D). The standard errors are over images and include the sampling noise. Memory is bounded whatever K is.
    Raises ValueError for fewer than two images, n_samples < 1, images that the likelihood cannot take, or weights that are not finite.
    """
    n_samples, (x, generator) = whole_number("n_samples", n_samples), _held_out(vae, images, seed)
    terms = [elbo(vae, batch, n_samples, generator=generator) for batch in x.split(vae.images_at_once(n_samples))]
    value, reconstruction, kl = (_finite_estimate(part) for part in zip(*terms, strict=True))
    return Evaluation(value, reconstruction, kl, len(x), _label(vae, x))


@_undisturbed
def evaluate_bound(vae: VAE, images: ArrayLike, n_samples: int = 500, seed: int = 0) -> Estimate:
    """The importance-weighted bound on log p(x) with n_samples of z an image (Burda et al. 2016, equation 8), nats per image.

    images, errors and what is raised: as for `evaluate`. Memory is bounded: pieces of K samples are put together by logsumexp, exactly.
    """
    n_samples, (x, generator) = whole_number("n_samples", n_samples), _held_out(vae, images, seed)
    bounds = []
    for batch in x.split(vae.images_at_once(min(n_samples, 64))):
        pieces, left = [], n_samples
        while left:
            k = min(left, vae.images_at_once(len(batch)))
            pieces.append(importance_weighted_bound(vae, batch, k, generator) + math.log(k))
            left -= k
        bounds.append(torch.stack(pieces).logsumexp(0) - math.log(n_samples))
    return _finite_estimate(bounds)


def estimate(values: ArrayLike) -> Estimate:
    """Mean and standard error of independent values (N,)."""
    values = float64(values, "values").detach().flatten()
    if len(values) < 2:
        raise ValueError(f"expected at least two values, so that a standard error exists, got {len(values)}")
    return Estimate(values.mean().item(), (values.std() / math.sqrt(len(values))).item())


@_undisturbed
def active_units(vae: VAE, images: ArrayLike, threshold: float = 0.01) -> Tensor:
    """Which latent dimensions carry information: variance of μ(x) over images above `threshold` (Burda et al. 2016). (L,), bool.

    images: (N, H, W) or (N, D). Raises ValueError for fewer than two images, or an encoder whose numbers are not finite.
    """
    threshold, mu = positive_number("threshold", threshold, zero=True), vae.encode(images).mean
    if len(mu) < 2:
        raise ValueError(f"expected at least two images, so that a variance exists, got {len(mu)}")
    if not mu.isfinite().all():
        raise ValueError(NOT_FINITE.format("encoder"))
    return mu.var(0) > threshold


def nearest_distance(images: ArrayLike, reference: ArrayLike) -> Tensor:
    """How far each image (n, H, W) is from the nearest of the reference images (N, H, W): Euclidean, in pixels; (n,).

    In pieces, so that memory is bounded. Raises ValueError where one is empty or their sizes differ, and for grey levels, or TypeError.
    """
    a, b = (tensor_of(x, "images") for x in (images, reference))
    sizes = {tuple(n for n in x.shape[1:] if n > 1) for x in (a, b) if x.ndim > 2}  # flat ones may have any
    if min(a.ndim, b.ndim) < 2 or not a.numel() or not b.numel() or a[0].numel() != b[0].numel() or len(sizes) > 1:
        raise ValueError(f"expected images and reference images of one size, got {tuple(a.shape)} and {tuple(b.shape)}")
    for x in (a, b):
        check_no_grey_levels(x)  # one side in 0 … 255 and the other in 0 … 1 would be far apart
    dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    a, b = a.flatten(1).to(b.device, dtype), b.flatten(1).to(dtype)
    pieces = a.split(max(1, FLOATS_AT_ONCE // len(b)))
    return torch.cat([torch.cdist(piece, b).amin(1) for piece in pieces])


@_undisturbed
def log_evidence_grid(vae: VAE, images: ArrayLike, tolerance: float = 1e-3) -> Evidence:
    """log p(x) = log ∫ p(x|z) p(z) dz for L ≤ 2, float64 (batch,), in nats: a sum over a grid of z that is made finer where an image has
    its mass, until the error estimate is at most `tolerance` nats.

    images: (batch, H, W) or (batch, D). The error is an estimate, not a bound: what the last halving of the step changed, which is far
    more than what is left (on a smooth integrand the rule's error falls exponentially), plus the share of the mass near the edge of the
    box. Modes far outside the box, or much narrower than the first step of 1/8, stay unseen, so the box reaches four standard deviations
    beyond every q(z|x); float32 in the decoder adds about 1e-5. Raises ValueError for L > 2, a tolerance below 1e-4, images that the
    likelihood cannot take or weights that are not finite, RuntimeError if `tolerance` is not reached.
    """
    if vae.latent_dim > 2:
        raise ValueError(f"a grid is for at most two latent dimensions, not {vae.latent_dim}: use evaluate_bound(…, n_samples=5000)")
    tolerance = positive_number("tolerance", tolerance, least=LEAST_TOLERANCE)
    if vae.prior.mean.device.type == "mps":  # has no float64
        vae = copy.deepcopy(vae).cpu()
    x = vae.flatten(images)
    vae.likelihood.remark(x)
    q = vae.encode(x).base_dist
    reach = (q.loc.abs() + 4 * q.scale).max().item()
    if not math.isfinite(reach):
        raise ValueError(NOT_FINITE.format("encoder"))
    pieces = [_on_grid(vae, some, max(6.0, reach), tolerance) for some in x.split(128)]
    return Evidence(*(float64(torch.cat(parts)) for parts in zip(*pieces, strict=True)))


def _on_grid(vae: VAE, x: Tensor, half_width: float, tolerance: float) -> Evidence:
    """log Σ p(x|z) p(z) h^L over the middles of cells of side h, halved again and again where p(x, z) is not negligible; x (batch, D)."""
    dims, step = vae.latent_dim, FIRST_STEP
    n = math.ceil(half_width / step)
    z = torch.cartesian_prod(*[(torch.arange(-n, n, device=x.device) + 0.5) * step] * dims).reshape(-1, dims)
    corners = torch.cartesian_prod(*[torch.tensor([-0.25, 0.25], device=x.device)] * dims).reshape(-1, dims)
    log_joint = _log_joint_table(vae, z, x)  # (cells, batch)
    value = log_joint.logsumexp(0) + dims * math.log(step)
    if not value.isfinite().all():
        raise ValueError(NOT_FINITE.format("decoder"))
    outside = log_joint[z.abs().amax(1) > 0.9 * half_width].logsumexp(0) + dims * math.log(step)
    edge = (outside - value).exp()
    if edge.max() > tolerance / 2:
        return _on_grid(vae, x, 1.5 * half_width, tolerance)
    error, todo = edge.clone(), torch.arange(len(x), device=x.device)
    while len(todo):
        kept = (log_joint > log_joint.amax(0) - NEGLIGIBLE).any(1)
        if step <= LAST_STEP or kept.sum() * 2**dims * len(todo) > MOST_VALUES:
            reached = error[todo].max().item()
            why = "float32 gives no more here, so raise tolerance" if reached < ROUNDING else "the posteriors are too narrow for a grid"
            raise RuntimeError(f"expected log p(x) to within {tolerance} nats, reached {reached:.1e}: {why}")
        z, step = (z[kept, None] + step * corners).reshape(-1, dims), step / 2
        log_joint = _log_joint_table(vae, z, x[todo])
        finer = log_joint.logsumexp(0) + dims * math.log(step)
        error[todo], value[todo] = (finer - value[todo]).abs() + edge[todo], finer
        left = error[todo] > tolerance
        todo, log_joint = todo[left], log_joint[:, left]
    return Evidence(value, error)


def _log_joint_table(vae: VAE, z: Tensor, x: Tensor) -> Tensor:
    """log p(x, z) for every pair: z (cells, L), x (batch, D) → (cells, batch)."""
    some = z.split(max(1, FLOATS_AT_ONCE // (4 * max(len(x), vae.pixels * vae.likelihood.n_outputs))))
    log_likelihood = torch.cat([vae.likelihood.log_prob_table(vae.outputs(cells), x) for cells in some])
    return log_likelihood + vae.prior.log_prob(z)[:, None]


def _held_out(vae: VAE, images: ArrayLike, seed: int) -> tuple[Tensor, torch.Generator]:
    """Images as (N, D) where the model is, checked, and the noise for them."""
    x = vae.flatten(images)
    if len(x) < 2:
        raise ValueError(f"expected at least two images, so that a standard error exists, got {len(x)}")
    vae.likelihood.remark(x)
    return x, torch.Generator(x.device).manual_seed(whole_number("seed", seed, least=0, most=MOST_SEED))


def _finite_estimate(pieces: Sequence[Tensor]) -> Estimate:
    values = torch.cat(tuple(pieces))
    if not values.isfinite().all():
        raise ValueError(NOT_FINITE.format("model"))
    return estimate(values)


def _label(vae: VAE, x: Tensor) -> str:
    if isinstance(vae.likelihood, Bernoulli):
        return (
            "log-likelihood of black-or-white pixels" if is_binary(x) else "cross-entropy of grey pixels, not a log-likelihood: notebook 05"
        )
    return "log-density of real-valued pixels" if vae.likelihood.config["name"] == "gaussian" else "log-likelihood of pixel levels"

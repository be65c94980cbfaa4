"""What a chart measures: pixels, bounds, prices of a nat under several readings of z, units that are never on."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..conditional import ConditionalVAE
from ..datasets import binarize
from ..inputs import ArrayLike, image_rows, is_binary, tensor_of
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..models import VAE
from ..objectives import importance_weighted_bound
from ..runtime import with_gradients
from ..training import History

MOST_IMAGES, MOST_NUMBERS = 5000, 2**24  # of one pass: images times pixels times draws
LEAST = 0.02  # nats of KL an image that a code must hold to have a price
READINGS = {  # what the decoder may have been trained to take for z; μ, log σ², ε
    "μ + σ ε": lambda mu, logvar, eps: mu + (logvar / 2).exp() * eps,
    "μ + log σ² · ε": lambda mu, logvar, eps: mu + logvar * eps,
    "μ + σ² ε": lambda mu, logvar, eps: mu + logvar.exp() * eps,
    "(ε + μ) σ": lambda mu, logvar, eps: (eps + mu) * (logvar / 2).exp(),
}
USUAL = "μ + σ ε"


class Pixels(NamedTuple):
    """What came as images: its range in words, and the illness for which it speaks."""

    described: str
    illness: str


class Measured(NamedTuple):
    """log p(x|z) of each image with z from q, at z = μ and under each reading, all (batch,), with the two prices of each; see `Chart`."""

    finite: bool
    mu: Tensor
    reconstruction: Tensor
    at_mean: Tensor
    kl: Tensor  # (batch, L)
    bound: Tensor
    price: tuple[float, float]
    gains: dict[str, Tensor]  # reading → log p(x|z) − that of the usual one, (batch,)
    prices: dict[str, tuple[float, float]]
    at_shrunk_mean: Tensor  # z = σ μ
    never_on: float
    sigma_ratio: float | None


def told(vae: VAE | ConditionalVAE, images: ArrayLike, labels: ArrayLike | None) -> VAE:
    """The model as a VAE of the images that `examined` picks."""
    n, kinds = len(tensor_of(images, "images")), None if labels is None else tensor_of(labels, "labels")
    if not isinstance(vae, ConditionalVAE):
        if labels is not None:
            raise ValueError("labels are for a ConditionalVAE, and this is a VAE: leave them out")
        return vae
    if kinds is None or tuple(kinds.shape) != (n,):
        got = "none" if kinds is None else f"shape {tuple(kinds.shape)}"
        raise ValueError(f"a ConditionalVAE is told what each image shows: expected labels of shape ({n},), got {got}")
    return vae.told(kinds[:: -(-n // MOST_IMAGES)])


def examined(vae: VAE, images: ArrayLike, history: History | None, seed: int) -> tuple[Tensor, Pixels]:
    """Images as the model can take them, (N, D), and what was wrong with their pixels."""
    x = tensor_of(images, "images")
    x = image_rows(x if x.is_floating_point() else x.float(), vae.image_shape, vae._zero)
    x = x[:: -(-len(x) // MOST_IMAGES)]
    if len(x) < 2:
        raise ValueError(f"expected at least two images, so that a standard error exists, got {len(x)}")
    finite, x = bool(x.isfinite().all()), x.nan_to_num(0, 0, 0)
    low, high = (v.item() for v in x.aminmax())
    real = isinstance(vae.likelihood, Gaussian)  # takes standardized pixels, too
    levels = high > 1.5 and bool((x == x.round()).all())
    off = levels or high > 20 or (0 <= low and high < 0.1) or (not real and (high > 1.001 or low < -0.001))
    illness = "" if finite and not off else "pixels out of range" if off else "not a number"
    if off:
        x = (x - min(low, 0)) / max(high - min(low, 0), 1e-9)
    if not real:
        x = x.clamp(0, 1)
    if isinstance(vae.likelihood, Categorical):
        x = (x * (vae.likelihood.levels - 1)).round() / (vae.likelihood.levels - 1)
    if isinstance(vae.likelihood, Bernoulli) and not is_binary(x):
        x = _as_trained(vae, x, binarize(x, torch.Generator(x.device).manual_seed(seed)), history)
    return x, Pixels(f"{low:.3g} to {high:.3g}" + ("" if finite else ", not all finite"), illness)


@torch.no_grad()
def _as_trained(vae: VAE, grey: Tensor, binary: Tensor, history: History | None) -> Tensor:
    """Of grey images and the same ones binarized those whose KL is nearer to the log's; without a log, the binary ones."""
    if history is None or not history.kl or not math.isfinite(history.kl[-1]):
        return binary
    off = [abs(_kl(*vae.mu_logvar(x)).sum(-1).mean().item() - abs(history.kl[-1])) for x in (binary, grey)]
    return grey if off[1] < off[0] else binary


def price_of_a_nat(vae: VAE, x: Tensor, mu: Tensor, logvar: Tensor, eps: Tensor, reading: str = USUAL):
    """E_q[log p(x|z)] of each image, (batch,), and the weight β of the KL in training, read from the noise and from the means.

    Where training has come to rest, scaling every σ or every μ(x) by a common factor changes E_q[log p(x|z)] by β times the change of the
    KL. So β = −∂R/∂log s / Σ (1 − σ²), and β = ∂R/∂log a / Σ μ², with sums over images and dimensions (notebook 10). x (batch, D); mu and
    logvar (batch, L); eps (K, batch, L). Read it on training images; on others overfitting distorts it. NaN where there is no price:
    where the code is empty (a KL below LEAST nats), or where some σ are above 1 and some below, so that little of the sum is left.
    """
    log_s, log_a = (torch.zeros((), requires_grad=True, device=mu.device, dtype=mu.dtype) for _ in range(2))
    with with_gradients():
        z = READINGS[reading](log_a.exp() * mu, logvar + 2 * log_s, eps)
        values = log_likelihood(vae, x, z)
        by_noise, by_mean = (v.item() for v in torch.autograd.grad(values.sum(), (log_s, log_a)))
    pairs, empty = ((-by_noise, 1 - logvar.exp()), (by_mean, mu.square())), _kl(mu, logvar).sum() < LEAST * len(x)
    price = (math.nan if empty or v.sum() <= max(0.01 * len(x), 0.5 * v.abs().sum()) else gain / v.sum().item() for gain, v in pairs)
    return values.detach(), tuple(price)


def measure(vae: VAE, x: Tensor, n_samples: int, seed: int) -> Measured:
    """Everything that the signs need of a model and images (batch, D)."""
    with torch.no_grad():
        mu, logvar = vae.encoder(x).chunk(2, -1)
    finite = all(bool(t.isfinite().all()) for t in (mu, logvar, *vae.parameters()))
    mu, logvar = mu.nan_to_num(0, 0, 0).clamp(-1e4, 1e4), logvar.nan_to_num(0, 0, 0).clamp(-60, 20)
    draws = max(1, min(n_samples, MOST_NUMBERS // (x.numel() * vae.likelihood.n_outputs)))
    eps = torch.randn(draws, *mu.shape, generator=torch.Generator().manual_seed(seed)).to(mu)
    found = {reading: price_of_a_nat(vae, x, mu, logvar, eps, reading) for reading in READINGS}
    reconstruction, price = found.pop(USUAL)
    with torch.no_grad():
        z, ratio = READINGS[USUAL](mu, logvar, eps[0]), None
        if isinstance(vae.likelihood, Gaussian) and vae.likelihood.sigma != "pixel":
            p = vae.likelihood(vae.outputs(z)).base_dist
            ratio = (p.scale.mean() / (x - p.loc).square().mean().sqrt()).item()
        at_mean, at_shrunk = (log_likelihood(vae, x, v[None]) for v in (mu, (logvar / 2).exp() * mu))
        few = x[:500]
        bound = importance_weighted_bound(vae, few, 50, torch.Generator(x.device).manual_seed(seed)) if finite else reconstruction[:500]
    gains = {reading: values - reconstruction for reading, (values, _) in found.items()}
    prices = {reading: both for reading, (_, both) in found.items()}
    finite = finite and bool(reconstruction.isfinite().all() and at_mean.isfinite().all())
    parts = (v.nan_to_num(0, 0, 0) for v in (reconstruction, at_mean, _kl(mu, logvar), bound))
    return Measured(finite, mu, *parts, price, gains, prices, at_shrunk, _never_on(vae, x, z), ratio)


def log_likelihood(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z), averaged over the K draws z (K, batch, L): (batch,)."""
    return vae.likelihood.log_prob(vae.outputs(z), x).mean(0)


def _kl(mu: Tensor, logvar: Tensor) -> Tensor:
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def _never_on(vae: VAE, x: Tensor, z: Tensor) -> float:
    """The share of hidden ReLU units, of both networks, that are 0 for every image and code."""
    off = []
    for network, h in ((vae.encoder, x), (vae.decoder, z)):
        for layer in network:
            h = layer(h)
            if isinstance(layer, nn.ReLU):
                off.append((h.flatten(1).amax(0) <= 0).float())
    return torch.cat(off).mean().item() if off else 0.0

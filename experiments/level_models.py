"""Notebook 05 on digits and MNIST, both in seventeen levels: which likelihood gives the levels the fewest bits, and trained on what?

    python experiments/level_models.py        run what is missing in level_models.csv

"points" is trained on the density at the pixels, "levels" on the probability of their bins; all are asked for the levels. Digits: VAE
64-64-4-64-64, 30 epochs, batches of 64, one cycle to 0.01, as on the page. MNIST, rounded to seventeen levels: 784-256-20-256-784, four
epochs, batches of 200, one cycle to 0.003. Learned σs start at the spread of the pixels. bits: of the test images (2,000 on MNIST), per
dimension, a bound with 4 samples of z, ± over images; counted: independent pixels, levels counted on the training images, plus one each.
"""

import math

import torch
import torch.nn.functional as F
from sweep import sweep, workers
from torch import Tensor
from trained import load, start_at_spread, stream

from vae_helpers import likelihoods
from vae_helpers.lessons.nb05.levels import GaussianOfLevels, gaussian_levels
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.training import fit

SEEDS, LEVELS = (0, 1, 2), 17
LIKELIHOODS = {
    "one σ, points": lambda: likelihoods.Gaussian("shared"),
    "one σ, levels": lambda: GaussianOfLevels("shared", LEVELS),
    "σ per pixel, points": lambda: likelihoods.Gaussian("pixel"),
    "σ per pixel, levels": lambda: GaussianOfLevels("pixel", LEVELS),
    "categorical": lambda: likelihoods.Categorical(LEVELS),
}
SIZES = {"digits": ((64,), 4), "mnist": ((256,), 20)}
RECIPES = {"digits": {"epochs": 30, "batch_size": 64, "lr": 1e-2}, "mnist": {"epochs": 4, "batch_size": 200, "lr": 3e-3}}
FACTS = {"model": "VAE 64-64-4 or 784-256-20", "levels": LEVELS}


def run(data: str, likelihood: str, seed: int) -> dict[str, float]:
    train, test = (rounded(split.images) for split in (load(data).train, load(data).test))
    hidden, latent_dim = SIZES[data]
    vae = VAE(load(data).image_shape, latent_dim, hidden, likelihood=LIKELIHOODS[likelihood](), seed=seed)
    start_at_spread(vae, train)
    fit(vae, train, schedule="one_cycle", seed=seed, progress=False, **RECIPES[data])
    x, g = test.flatten(1)[:2000], stream(seed, 1)
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(x)
        z = mu + (logvar / 2).exp() * torch.randn(4, *mu.shape, generator=g)
        values = log_p_levels(vae, vae.outputs(z), x).mean(0) - elbo(vae, x, generator=g).kl
        error = (x - vae.likelihood.mean(vae.outputs(z[0])).clamp(0, 1)).square().mean()
    per_dimension = -values.double() / (x.shape[1] * math.log(2))
    found = {"bits": per_dimension.mean(), "bits_stderr": per_dimension.std() / len(x) ** 0.5, "squared_error": error}
    found |= {"counted": -counted(train.flatten(1), x).mean() / (x.shape[1] * math.log(2))}
    return {key: round(value.item(), 5) for key, value in found.items()}


def rounded(images: Tensor) -> Tensor:
    return (images * (LEVELS - 1)).round() / (LEVELS - 1)


def log_p_levels(vae: VAE, outputs: Tensor, x: Tensor) -> Tensor:
    """log of the probability that p(x|z) gives to the levels of x: outputs (K, N, …), x (N, D) → (K, N)."""
    if isinstance(vae.likelihood, likelihoods.Categorical):
        return vae.likelihood.log_prob(outputs, x)
    p = vae.likelihood(outputs).base_dist
    return gaussian_levels(x, p.loc, p.scale, LEVELS).sum(-1)


def counted(train: Tensor, x: Tensor) -> Tensor:
    """log-probability of the levels of x (N, D) when each pixel's are counted in `train`, plus one: (N,)."""
    counts = sum(F.one_hot((part * (LEVELS - 1)).round().long(), LEVELS).sum(0) for part in train.split(1000)) + 1.0
    return counts.log().log_softmax(-1)[torch.arange(x.shape[1]), (x * (LEVELS - 1)).round().long()].sum(-1)


def main() -> None:
    settings = [{"data": data, "likelihood": name, "seed": seed} for data in SIZES for seed in SEEDS for name in LIKELIHOODS]
    sweep("level_models", run, settings, FACTS, workers(__doc__))


if __name__ == "__main__":
    main()

"""Models that several experiments measure: trained once, kept in .cache/experiments/, trained again where they are not there.

Digits: 64-128-L-128-64, 60 epochs, batches of 100. MNIST: 784-200-64-L-64-200-784, 10 epochs, batches of 200. One cycle, largest rate
0.01. Bernoulli VAEs see pixels binarized anew for every batch, all others grey pixels.
"""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor

from vae_helpers import datasets, likelihoods
from vae_helpers.evaluation import log_evidence_grid
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.training import fit

FOLDER = Path(__file__).parents[1] / ".cache" / "experiments"
RECIPES = {
    "digits": ((128,), {"epochs": 60, "batch_size": 100, "lr": 1e-2, "schedule": "one_cycle"}),
    "mnist": ((200, 64), {"epochs": 10, "batch_size": 200, "lr": 1e-2, "schedule": "one_cycle"}),
}
KINDS = {
    "autoencoder": lambda *sizes, **seed: Autoencoder(*sizes, **seed),
    "VAE": lambda *sizes, **seed: VAE(*sizes, **seed),
    "VAE, σ = 0.1": lambda *sizes, **seed: VAE(*sizes, likelihood=likelihoods.Gaussian(sigma=0.1), **seed),
}
MODEL = "digits 64-128-L, 60 epochs; MNIST 784-200-64-L, 10 epochs; decoders mirrored; Adam, one cycle to 0.01"


@cache
def load(name: str) -> datasets.Dataset:
    return datasets.load(name)


def trained(data: str, kind: str, latent_dim: int, seed: int) -> Autoencoder | VAE:
    """The model of this kind, without gradients."""
    hidden, recipe = RECIPES[data]

    def train() -> Autoencoder | VAE:
        model = KINDS[kind](load(data).image_shape, latent_dim, hidden, seed=seed)
        fit(model, load(data), seed=seed, binarize=kind == "VAE", progress=False, **recipe)
        return model

    settings = {"data": data, "kind": kind, "latent_dim": latent_dim, "hidden": hidden, "seed": seed} | recipe
    return kept(settings, Autoencoder if kind == "autoencoder" else VAE, train).requires_grad_(False)


def kept(settings: dict, model_class: type, train: Callable[[], Autoencoder | VAE]) -> Autoencoder | VAE:
    """The model of these settings, trained if its file is not there. Two workers that want the same one train it once."""
    file = FOLDER / (", ".join(f"{key} {value}" for key, value in settings.items()) + ".safetensors")
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists():
            train().save(file)
        return model_class.load(file)


def start_at_spread(vae: VAE, images: Tensor) -> None:
    """Start the σ of a Gaussian likelihood, one for all pixels or one for each, at the spread of the pixels."""
    sigma, spread = getattr(vae.likelihood, "sigma", ""), images.flatten(1).var(0).mean().log()
    if sigma in ("shared", "pixel"):
        start = vae.likelihood.logvar if sigma == "shared" else vae.decoder[-1].bias[math.prod(vae.image_shape) :]
        start.data.fill_(spread)


def log_evidence(vae: VAE, x: Tensor) -> Tensor:
    """log p(x) by the package's grid, to 0.02 nats, (N, D) → (N,), float64; L = 2. In parts: each is made finer where it needs it."""
    return torch.cat([log_evidence_grid(vae, part, tolerance=0.02).log_evidence for part in x.split(10)])


def stream(seed: int, k: int) -> torch.Generator:
    """Random numbers number k of a run, apart from those that made and trained its model."""
    return torch.Generator().manual_seed(10_000 + 100 * seed + k)

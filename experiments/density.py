"""Notebook 07: is a VAE a better density model than a mixture, and do 5,000 importance samples give log p(x)? On MNIST.

    python experiments/density.py        run what is missing in density.csv

Binarized MNIST. Mixtures of 50 and 200 Bernoulli templates, by EM on all training images, every round on pixels drawn anew; VAEs of L = 2
and 10, trained as those that ship (train_pretrained.py, 60 epochs). On 300 test images, binarized once: log p(x) of the mixtures; of the
VAE with L = 2 on a grid; of the one with L = 10 a lower bound (500 importance samples). A lead is paired, image by image, ± its standard
error. "missing" is log p(x) on the grid less the bound with K samples: mean, standard error, share of images that miss more than 1 and more
than 10 nats, the worst.
"""

import torch
from sweep import sweep, workers
from torch import Tensor
from train_pretrained import HIDDEN, TRAINING, of_seed
from trained import load, log_evidence, stream

from vae_helpers import datasets
from vae_helpers.evaluation import estimate
from vae_helpers.objectives import importance_weighted_bound

SEEDS, IMAGES, ROUNDS, TEMPLATES, N_SAMPLES = (0, 1, 2), 300, 50, (50, 200), (1, 50, 5000)
MODEL = f"784-{'-'.join(map(str, HIDDEN))}-L, {TRAINING['epochs']} epochs"
FACTS = {"data": "MNIST, binarized", "model": MODEL, "em_rounds": ROUNDS, "em_images": 60_000, "images": IMAGES}


def run(seed: int) -> dict[str, float]:
    grey, test = load("mnist").train.images.flatten(1), load("mnist").binarized(0).test.images[:IMAGES].flatten(1)
    small, large = (of_seed(f"mnist_vae_{latent_dim}d", seed).requires_grad_(False) for latent_dim in (2, 10))
    of_vaes = {"vae_2": log_evidence(small, test), "vae_10": bounds(large, test, 500, stream(seed, 1))}
    found = {name: values.mean().item() for name, values in of_vaes.items()}
    for k in TEMPLATES:
        values = log_mixture(test, *bernoulli_mixture(grey, k, seed)).logsumexp(1).double()
        found[f"mixture_{k}"] = values.mean().item()
        for name, log_p in of_vaes.items():
            lead = estimate(log_p - values)
            found |= {f"{name}_over_{k}": lead.mean, f"{name}_over_{k}_stderr": lead.stderr}
    for k in N_SAMPLES:
        missing = of_vaes["vae_2"] - bounds(small, test, k, stream(seed, 2))
        mean = estimate(missing)
        found |= {f"missing_{k}": mean.mean, f"missing_{k}_stderr": mean.stderr, f"missing_{k}_worst": missing.max().item()}
        found |= {f"missing_{k}_above_{nats}": (missing > nats).double().mean().item() for nats in (1, 10)}
    return {key: round(value, 4) for key, value in found.items()}


def bounds(vae, x: Tensor, n_samples: int, generator: torch.Generator) -> Tensor:
    """Importance-weighted bounds (N,), a few images at a time."""
    return torch.cat([importance_weighted_bound(vae, part, n_samples, generator).double() for part in x.split(max(1, 5000 // n_samples))])


def log_mixture(x: Tensor, weights: Tensor, means: Tensor) -> Tensor:
    """log w_k p(x | means_k) for black-or-white x: (N, D) → (N, K), before the sum over k."""
    return weights.log() + x @ means.log().T + (1 - x) @ (1 - means).log().T


def bernoulli_mixture(grey: Tensor, n_templates: int, seed: int) -> tuple[Tensor, Tensor]:
    """EM from random templates near the mean image, in batches; weights (K,) and means (K, D)."""
    g = stream(seed, 3)
    means = (grey.mean(0) + 0.3 * torch.rand(n_templates, grey.shape[1], generator=g)).clamp(0.01, 0.99)
    weights = torch.full((n_templates,), 1 / n_templates)
    for _ in range(ROUNDS):
        count, ink = torch.zeros(n_templates), torch.zeros_like(means)
        for part in grey.split(10_000):
            x = datasets.binarize(part, g)
            share = log_mixture(x, weights, means).softmax(1)  # E step: whose image is it?
            count, ink = count + share.sum(0), ink + share.T @ x
        weights = (count / count.sum()).clamp(min=1e-6)  # M step: weighted frequencies, with half a pseudo-count
        means = (ink + 0.5) / (count[:, None] + 1)
    return weights, means


def main() -> None:
    sweep("density", run, [{"seed": seed} for seed in SEEDS], FACTS, workers(__doc__))


if __name__ == "__main__":
    main()

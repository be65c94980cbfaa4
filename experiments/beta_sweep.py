"""The β sweep of notebook 08: does a heavier KL term line up the code's axes with the factors that made the images?

    python experiments/beta_sweep.py              run what is missing in beta_sweep.csv and beta_alignment.csv (some minutes on one core)
    python experiments/beta_sweep.py --workers 2  two runs at a time

Sprites (16 × 16, five known factors), VAE 256-256-6-256-256 under a Bernoulli cross-entropy with grey pixels, Adam, one cycle. For every
weight β and every seed the model is trained from its own start and scored on 10,000 test images: the mutual information of each factor
with each latent dimension, in nats ("size_0": of size with z_0). z is *sampled* from q(z|x), so that a dimension that is nothing but
noise scores nothing. Each z_j is cut into 20 bins of equal mass, each continuous factor into 10, a shape is its own bin.
beta_alignment: the same settings trained anew, and their score against its null. "aligned": of what the best dimensions know, as shares of
the entropies, the part by which they lead the second best, among the dimensions alive (above 0.1 nat); "rotated": mean and standard
deviation of that score for the same codes in 100 sets of random axes, and the share of these sets that score at least as much.
"""

import argparse
import math

import torch
import torch.nn.functional as F
from sweep import sweep
from torch import Tensor

from vae_helpers import datasets
from vae_helpers.datasets.sprites import FACTOR_NAMES
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.training import fit

WEIGHTS, SEEDS = (0.5, 1.0, 2.0, 4.0, 8.0), tuple(range(6))
N_TRAIN, N_TEST, LATENT_DIM, HIDDEN = 10_000, 10_000, 6, (256,)
SETTINGS = {"epochs": 30, "batch_size": 100, "lr": 3e-3, "schedule": "one_cycle"}
CODE_BINS, FACTOR_BINS, ROTATIONS = 20, 10, 100
FACTS = {
    "data": f"sprites 16 × 16, {N_TRAIN} training and {N_TEST} test images, grey pixels",
    "model": f"VAE 256-{HIDDEN[0]}-{LATENT_DIM}-{HIDDEN[0]}-256, Bernoulli cross-entropy, Adam",
} | SETTINGS


def binned(values: Tensor, n: int) -> Tensor:
    """Which of n bins of equal mass each value (N,) falls in: whole numbers 0 … n − 1."""
    return values.argsort().argsort() * n // len(values)


def information(codes: Tensor, factors: Tensor) -> Tensor:
    """Plug-in mutual information of each factor (N, 5), the first a shape from 0 to 2, with each code number (N, L), in nats: (5, L)."""
    factor_bins = torch.stack([factors[:, 0].long(), *(binned(column, FACTOR_BINS) for column in factors.T[1:])], 1)
    of_factor = F.one_hot(factor_bins, FACTOR_BINS).double()
    of_code = F.one_hot(torch.stack([binned(column, CODE_BINS) for column in codes.T], 1), CODE_BINS).double()
    joint = torch.einsum("nfa,nlb->flab", of_factor, of_code) / len(codes)
    entropy = torch.special.entr
    return entropy(joint.sum(3)).sum(2) + entropy(joint.sum(2)).sum(2) - entropy(joint).sum((2, 3))


def trained(beta: float, seed: int) -> tuple[datasets.Split, VAE]:
    """The test images, and one model."""
    data = datasets.load("sprites", n_train=N_TRAIN, n_test=N_TEST)
    vae = VAE(data.image_shape, LATENT_DIM, HIDDEN, seed=seed)
    fit(vae, data, beta=beta, seed=seed, progress=False, **SETTINGS)
    return data.test, vae.requires_grad_(False)


def codes(vae: VAE, images: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """z drawn from q(z|x), (N, L), and the mean KL of each dimension, (L,), in nats."""
    q = vae.encode(images)
    kl = torch.distributions.kl_divergence(q.base_dist, torch.distributions.Normal(0.0, 1.0)).mean(0)
    return q.mean + q.stddev * torch.randn(q.mean.shape, generator=noise), kl


def run(beta: float, seed: int) -> dict[str, float]:
    """Train and score one model."""
    (test, vae), noise = trained(beta, seed), torch.Generator().manual_seed(seed)
    z, kl = codes(vae, test.images, noise)
    terms = elbo(vae, test.images, generator=noise)
    nats = dict(zip(("kl", *FACTOR_NAMES), [kl, *information(z, test.factors)], strict=True))
    return {"reconstruction": round(terms.reconstruction.mean().item(), 3)} | {
        f"{name}_{j}": round(values[j].item(), 3 if name == "kl" else 4) for name, values in nats.items() for j in range(LATENT_DIM)
    }


def alignment(nats: Tensor) -> float:
    """Of what the best dimensions know, as shares of the factors' entropies, the part by which they lead the second best; nats: (5, L)."""
    best = nats.sort(dim=1, descending=True).values / torch.tensor([[math.log(3)]] + [[math.log(FACTOR_BINS)]] * 4)
    return ((best[:, 0] - best[:, 1]).sum() / best[:, 0].sum()).item()


def against_rotations(beta: float, seed: int) -> dict[str, float]:
    """The score of one model in its own axes and in random ones."""
    (test, vae), noise = trained(beta, seed), torch.Generator().manual_seed(seed)
    z, kl = codes(vae, test.images, noise)
    z = z[:, kl > 0.1]
    own, size = alignment(information(z, test.factors)), z.shape[1]
    axes = [torch.linalg.qr(torch.randn(size, size, generator=noise))[0] for _ in range(ROTATIONS)]
    null = torch.tensor([alignment(information(z @ rotation, test.factors)) for rotation in axes])
    found = {"alive": size, "kl": kl.sum(), "aligned": own, "rotated": null.mean(), "rotated_sd": null.std()}
    return {name: round(float(value), 4) for name, value in found.items()} | {"as_high": (null >= own).double().mean().item()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    settings = [{"beta": beta, "seed": seed} for beta in WEIGHTS for seed in SEEDS]
    n_workers = parser.parse_args().workers
    sweep("beta_sweep", run, settings, FACTS, n_workers)
    sweep("beta_alignment", against_rotations, settings, FACTS | {"rotations": ROTATIONS}, n_workers)


if __name__ == "__main__":
    main()

"""The β sweep of notebook 08: does a heavier KL term line up the code's axes with the factors that made the images?

    python experiments/beta_sweep.py              run what is missing in beta_sweep.csv (all of it: some minutes on one core)
    python experiments/beta_sweep.py --workers 2  two runs at a time

Sprites (16 × 16, five known factors), VAE 256-256-6-256-256 under a Bernoulli cross-entropy with grey pixels, Adam, one cycle. For every
weight β and every seed the model is trained from its own start and scored on 10,000 test images: the mutual information of each factor
with each latent dimension, in nats ("size_0": of size with z_0). z is *sampled* from q(z|x), so that a dimension that is nothing but
noise scores nothing. Each z_j is cut into 20 bins of equal mass, each continuous factor into 10, a shape is its own bin.
"""

import argparse

import torch
from sklearn.metrics import mutual_info_score
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
CODE_BINS, FACTOR_BINS = 20, 10
FACTS = {
    "data": f"sprites 16 × 16, {N_TRAIN} training and {N_TEST} test images, grey pixels",
    "model": f"VAE 256-{HIDDEN[0]}-{LATENT_DIM}-{HIDDEN[0]}-256, Bernoulli cross-entropy, Adam",
} | SETTINGS


def binned(values: Tensor, n: int) -> Tensor:
    """Which of n bins of equal mass each value (N,) falls in: whole numbers 0 … n − 1."""
    return values.argsort().argsort() * n // len(values)


def information(codes: Tensor, factors: Tensor) -> list[list[float]]:
    """Plug-in mutual information of each factor (N, 5) with each code number (N, L), in nats; the first factor is a shape, 0 to 2."""
    code_bins = [binned(column, CODE_BINS).numpy() for column in codes.T]
    factor_bins = [factors[:, 0].long().numpy(), *(binned(column, FACTOR_BINS).numpy() for column in factors.T[1:])]
    return [[round(float(mutual_info_score(f, z)), 4) for z in code_bins] for f in factor_bins]


def run(beta: float, seed: int) -> dict[str, float]:
    """Train and score one model."""
    data = datasets.load("sprites", n_train=N_TRAIN, n_test=N_TEST)
    vae = VAE(data.image_shape, LATENT_DIM, HIDDEN, seed=seed)
    fit(vae, data, beta=beta, seed=seed, progress=False, **SETTINGS)
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        q = vae.encode(data.test.images)
        z = q.mean + q.stddev * torch.randn(q.mean.shape, generator=noise)
        terms = elbo(vae, data.test.images, generator=noise)
    kl = torch.distributions.kl_divergence(q.base_dist, torch.distributions.Normal(0.0, 1.0)).mean(0)
    nats = dict(zip(FACTOR_NAMES, information(z, data.test.factors), strict=True)) | {"kl": [round(v, 3) for v in kl.tolist()]}
    return {"reconstruction": round(terms.reconstruction.mean().item(), 3)} | {
        f"{name}_{j}": nats[name][j] for name in ("kl", *FACTOR_NAMES) for j in range(LATENT_DIM)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    settings = [{"beta": beta, "seed": seed} for beta in WEIGHTS for seed in SEEDS]
    sweep("beta_sweep", run, settings, FACTS, parser.parse_args().workers)


if __name__ == "__main__":
    main()

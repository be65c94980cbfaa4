"""The β sweep of notebook 08: does a heavier KL term line up the code's axes with the factors that made the images?

    python experiments/beta_sweep.py             run it all (some minutes on one core), write notebooks/results/beta_sweep.json
    python experiments/beta_sweep.py --quick     one seed, two weights, one epoch, written nowhere: does it run?

Sprites (16 × 16, five known factors), VAE 256-256-6-256-256 under a Bernoulli cross-entropy with grey pixels, Adam, one cycle. For every
weight β and every seed the model is trained from its own start and scored on 10,000 test images: the mutual information of each factor
with each latent dimension, in nats. z is *sampled* from q(z|x), so that a dimension that is nothing but noise scores nothing. Each z_j is
cut into 20 bins of equal mass, each continuous factor into 10, a shape is its own bin.
"""

import argparse
import json
import platform
from pathlib import Path

import torch
from sklearn.metrics import mutual_info_score
from torch import Tensor

from vae_helpers import datasets
from vae_helpers.datasets.sprites import FACTOR_NAMES
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.runtime import versions
from vae_helpers.training import fit

RESULT = Path(__file__).parents[1] / "notebooks" / "results" / "beta_sweep.json"
WEIGHTS, SEEDS = (0.5, 1.0, 2.0, 4.0, 8.0), tuple(range(6))
N_TRAIN, N_TEST, LATENT_DIM, HIDDEN = 10_000, 10_000, 6, (256,)
SETTINGS = {"epochs": 30, "batch_size": 100, "lr": 3e-3, "schedule": "one_cycle"}
CODE_BINS, FACTOR_BINS = 20, 10


def binned(values: Tensor, n: int) -> Tensor:
    """Which of n bins of equal mass each value (N,) falls in: whole numbers 0 … n − 1."""
    return values.argsort().argsort() * n // len(values)


def information(codes: Tensor, factors: Tensor) -> list[list[float]]:
    """Plug-in mutual information of each factor (N, 5) with each code number (N, L), in nats; the first factor is a shape, 0 to 2."""
    code_bins = [binned(column, CODE_BINS).numpy() for column in codes.T]
    factor_bins = [factors[:, 0].long().numpy(), *(binned(column, FACTOR_BINS).numpy() for column in factors.T[1:])]
    return [[round(float(mutual_info_score(f, z)), 4) for z in code_bins] for f in factor_bins]


def run(beta: float, seed: int, data: datasets.Dataset, settings: dict) -> dict:
    """Train and score one model."""
    vae = VAE(data.image_shape, LATENT_DIM, HIDDEN, seed=seed)
    fit(vae, data, beta=beta, seed=seed, progress=False, **settings)
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        q = vae.encode(data.test.images)
        z = q.mean + q.stddev * torch.randn(q.mean.shape, generator=noise)
        terms = elbo(vae, data.test.images, generator=noise)
    kl = torch.distributions.kl_divergence(q.base_dist, torch.distributions.Normal(0.0, 1.0)).mean(0)
    return {
        "beta": beta,
        "seed": seed,
        "reconstruction": round(terms.reconstruction.mean().item(), 3),
        "kl": [round(v, 3) for v in kl.tolist()],
        "information": information(z, data.test.factors),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, two weights, one epoch, nothing written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = datasets.load("sprites", n_train=N_TRAIN, n_test=N_TEST)
    if options.quick:
        for beta in (1.0, 4.0):
            print(run(beta, 0, data, SETTINGS | {"epochs": 1}))
        return
    runs = []
    for beta in WEIGHTS:
        for seed in SEEDS:
            runs.append(run(beta, seed, data, SETTINGS))
            print(f"β = {beta:g}, seed {seed}: reconstruction {runs[-1]['reconstruction']}, KL {sum(runs[-1]['kl']):.2f}", flush=True)
    result = {
        "command": "python experiments/beta_sweep.py",
        "versions": versions() | {"machine": platform.machine(), "threads": 1},
        "data": f"sprites 16 × 16, {N_TRAIN} training and {N_TEST} test images, grey pixels",
        "model": f"VAE 256-{HIDDEN[0]}-{LATENT_DIM}-{HIDDEN[0]}-256, Bernoulli cross-entropy, Adam",
        "settings": SETTINGS,
        "bins": {"code": CODE_BINS, "factor": FACTOR_BINS},
        "factors": FACTOR_NAMES,
        "seeds": SEEDS,
        "runs": runs,
    }
    RESULT.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"written: {RESULT.name}, {RESULT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

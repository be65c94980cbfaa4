"""The β sweep of notebook 08: does a heavier KL term line up the code's axes with the factors that made the images?

    python experiments/beta_sweep.py              run what is missing in beta_sweep.csv (all of it: some minutes on one core)
    python experiments/beta_sweep.py --workers 2  two runs at a time

Sprites (16 × 16, five known factors), VAE 256-256-6-256-256 under a Bernoulli cross-entropy with grey pixels, Adam, one cycle. For every
weight β and every seed the model is trained from its own start and scored on 10,000 test images: the mutual information of each factor
with each latent dimension, in nats ("size_0": of size with z_0). z is *sampled* from q(z|x), so that a dimension that is nothing but
noise scores nothing. Each z_j is cut into 20 bins of equal mass, each continuous factor into 10, a shape is its own bin.

Alignment: what the best dimension of each factor knows (as a share of the factor's entropy), summed over the factors; the part of it by
which it leads the second best. The fewer dimensions are alive the larger that part is in any axes, so the same is computed in other axes:
the living dimensions (KL above 0.1 nat), turned by 40 random rotations. "rotated_above" is the share of them that score at least as high.
"""

import argparse
import math

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
CODE_BINS, FACTOR_BINS, ROTATIONS, ALIVE = 20, 10, 40, 0.1
ENTROPIES = torch.tensor([math.log(3), *[math.log(FACTOR_BINS)] * 4])[:, None]
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


def alignment(nats: list[list[float]]) -> tuple[float, float]:
    """Lead of the best dimensions over the second best: as a part of what the best know, and as the mutual information gap (its mean)."""
    best = (torch.tensor(nats) / ENTROPIES).sort(1, descending=True).values
    lead = best[:, 0] - best[:, 1]
    return (lead.sum() / best[:, 0].sum()).item(), lead.mean().item()


def against_rotations(z: Tensor, factors: Tensor, alive: Tensor, generator: torch.Generator) -> dict[str, float]:
    """The two scores of codes z (N, L), and those of the same codes in other axes."""
    aligned, gap = alignment(information(z, factors))
    scores = []
    for _ in range(ROTATIONS):
        turn, triangle = torch.linalg.qr(torch.randn(int(alive.sum()), int(alive.sum()), generator=generator))
        turned = z.clone()
        turned[:, alive] = z[:, alive] @ (turn * triangle.diagonal().sign())  # every rotation (or reflection) equally likely
        scores.append(alignment(information(turned, factors)))
    rotated = torch.tensor(scores)
    found = {"aligned": aligned, "rotated": rotated[:, 0].mean(), "rotated_sd": rotated[:, 0].std(), "mig": gap}
    found |= {"mig_rotated": rotated[:, 1].mean(), "alive": alive.sum(), "rotated_above": (rotated[:, 0] >= aligned).float().mean()}
    return {key: round(float(value), 4) for key, value in found.items()}


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
    found = {"reconstruction": round(terms.reconstruction.mean().item(), 3)}
    found |= {f"{name}_{j}": nats[name][j] for name in ("kl", *FACTOR_NAMES) for j in range(LATENT_DIM)}
    return found | against_rotations(z, data.test.factors, kl > ALIVE, noise)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    settings = [{"beta": beta, "seed": seed} for beta in WEIGHTS for seed in SEEDS]
    sweep("beta_sweep", run, settings, FACTS, parser.parse_args().workers)


if __name__ == "__main__":
    main()

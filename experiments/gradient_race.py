"""The training race of notebook 06: one VAE, one start, equal steps; only the estimator of the encoder's gradient differs.

    python experiments/gradient_race.py              run what is missing in gradient_race.csv and gradient_race_rates.csv
    python experiments/gradient_race.py --workers 2  two runs at a time (all of it: some minutes on a quiet core)

Handwritten digits (8 × 8), binarized afresh in every batch; VAE 64-128-L-128-64, Bernoulli likelihood; Adam, batches of 100, the
learning rate falling linearly to zero. The learning rate is tuned for each estimator and latent size by itself: every rate of the grid
is run on tuning seeds that the race does not use, and the one with the best mean ELBO on held-out training images wins; while that is
the largest of the grid, a larger one is tried. Then each estimator runs with its own rate over the race's seeds.
"""

import argparse
import math
import statistics
import time

import torch
from sweep import sweep

from vae_helpers import datasets
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, elbo_surrogate

ESTIMATORS = {
    "score function, 1 sample": ("score_function", 1, None),
    "leave-one-out, 2 samples": ("score_function", 2, "leave_one_out"),
    "leave-one-out, 8 samples": ("score_function", 8, "leave_one_out"),
    "pathwise, 1 sample": ("pathwise", 1, None),
    "pathwise, 2 samples": ("pathwise", 2, None),
    "pathwise, 8 samples": ("pathwise", 8, None),
}
LATENT_SIZES = (2, 8)
RATES, LARGER_RATES = (1e-3, 3e-3, 1e-2), (3e-2, 1e-1)
STEPS, EVERY, BATCH_SIZE, HIDDEN = 2000, 100, 100, (128,)
RACE_SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), "100, 101"
VALIDATION = 200  # of the training images, held out to tune the rates; the race itself trains on the others too
FACTS = {
    "data": "digits, 1438 training images binarized afresh, 359 test images binarized once (seed 0)",
    "model": f"VAE 64-{HIDDEN[0]}-L-{HIDDEN[0]}-64, Bernoulli, Adam, batches of {BATCH_SIZE}, rate falling linearly to 0",
    "steps": STEPS,
}


def train(estimator: str, latent_dim: int, rate: float, seed: int, images: torch.Tensor, test: torch.Tensor, steps: int = STEPS) -> dict:
    """Train from the start that `seed` fixes; ELBO and KL on binary images `test` after 0, EVERY, 2·EVERY … steps, nats per image."""
    vae = VAE(tuple(images.shape[1:]), latent_dim, HIDDEN, seed=seed)
    batches, noise = (torch.Generator().manual_seed(1000 * seed + k) for k in (1, 2))
    optimizer = torch.optim.Adam(vae.parameters(), lr=rate, fused=True)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    bounds, kls = {}, {}
    for step in range(steps + 1):
        if step % EVERY == 0:
            with torch.no_grad():
                terms = elbo(vae, test, n_samples=20, generator=torch.Generator().manual_seed(0))
            bounds[f"elbo_{step}"], kls[f"kl_{step}"] = (round(part.mean().item(), 4) for part in (terms.elbo, terms.kl))
            if not math.isfinite(bounds[f"elbo_{step}"]):  # the rate was too large: it ran away
                break
        rows = torch.randint(len(images), (BATCH_SIZE,), generator=batches)
        take_step(vae, optimizer, datasets.binarize(images[rows], batches), estimator, noise)
        decay.step()
    return bounds | kls


def take_step(vae: VAE, optimizer: torch.optim.Optimizer, x: torch.Tensor, estimator: str, noise: torch.Generator | None = None) -> None:
    surrogate, _ = elbo_surrogate(vae, x, *ESTIMATORS[estimator], noise)
    optimizer.zero_grad()
    (-surrogate).backward()
    optimizer.step()


def race(estimator: str, latent_dim: int, rate: float, seed: int) -> dict:
    data = datasets.load("digits")
    curves = train(estimator, latent_dim, rate, seed, data.train.images, data.binarized(0).test.images)
    return {"step_cost": step_cost(estimator, latent_dim)} | curves


def tune(estimator: str, latent_dim: int, rate: float, seed: str) -> dict:
    """Mean last ELBO over the tuning seeds, on training images that were held out."""
    images = datasets.load("digits").train.images
    held_out = datasets.binarize(images[:VALIDATION], torch.Generator().manual_seed(7))
    curves = [train(estimator, latent_dim, rate, int(s), images[VALIDATION:], held_out) for s in seed.split(", ")]
    ends = [curve.get(f"elbo_{STEPS}", math.nan) for curve in curves]
    return {"elbo": round(statistics.fmean(v if math.isfinite(v) else -1e9 for v in ends), 3)}


def step_cost(estimator: str, latent_dim: int, blocks: int = 20, steps: int = 20) -> float:
    """Time of a step relative to the pathwise one with one sample: blocks of each in turn, the median ratio."""
    x, seconds = datasets.binarize(datasets.load("digits").train.images[:BATCH_SIZE]), {estimator: [], "pathwise, 1 sample": []}
    vae = VAE((8, 8), latent_dim, HIDDEN, seed=0)
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3, fused=True)
    for _ in range(blocks):
        for name in seconds:
            start = time.perf_counter()
            for _ in range(steps):
                take_step(vae, optimizer, x, name)
            seconds[name].append(time.perf_counter() - start)
    return round(statistics.median(s / u for s, u in zip(*map(seconds.get, (estimator, "pathwise, 1 sample")), strict=True)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    workers = parser.parse_args().workers
    runners = [{"estimator": name, "latent_dim": latent_dim} for latent_dim in LATENT_SIZES for name in ESTIMATORS]
    best, tried = {}, None
    for rates in (RATES, *([rate] for rate in LARGER_RATES)):
        settings = [
            r | {"rate": rate, "seed": TUNING_SEEDS} for r in runners if not best or best[str(r)]["rate"] == tried for rate in rates
        ]
        for row in sweep("gradient_race_rates", tune, settings, FACTS, workers) if settings else []:
            key = str({"estimator": row["estimator"], "latent_dim": row["latent_dim"]})
            best[key] = max(best.get(key, row), row, key=lambda row: row["elbo"])
        tried = rates[-1]
    sweep("gradient_race", race, [r | {"rate": best[str(r)]["rate"], "seed": s} for r in runners for s in RACE_SEEDS], FACTS, workers)


if __name__ == "__main__":
    main()

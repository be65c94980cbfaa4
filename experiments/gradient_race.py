"""The training race of notebook 06: one VAE, one start, equal steps; only the estimator of the encoder's gradient differs.

    python experiments/gradient_race.py             run it all (ten minutes on one quiet core), write notebooks/results/gradient_race.json
    python experiments/gradient_race.py --resume    keep from the stored file what is there, and run what is missing
    python experiments/gradient_race.py --quick     one seed, two estimators, 100 steps, written nowhere: does it run?

Handwritten digits (8 × 8), binarized afresh in every batch; VAE 64-128-L-128-64, Bernoulli likelihood; Adam, batches of 100, the
learning rate falling linearly to zero. The learning rate is tuned for each estimator and latent size by itself: every rate of the grid
is run on tuning seeds that the race does not use, and the one with the best mean ELBO on held-out training images wins; while that is
the largest of the grid, a larger one is tried. Then each estimator runs with its own rate over the race's seeds. Steps are timed
round-robin, a block of each in turn, and the median ratio is kept.
"""

import argparse
import json
import math
import platform
import statistics
import time
from pathlib import Path

import torch

from vae_helpers import datasets
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, elbo_surrogate
from vae_helpers.runtime import versions

RESULT = Path(__file__).parents[1] / "notebooks" / "results" / "gradient_race.json"
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
RACE_SEEDS, TUNING_SEEDS = (0, 1, 2, 3, 4), (100, 101)
VALIDATION = 200  # of the training images, held out to tune the rates; the race itself trains on the others too


def train(name: str, latent_dim: int, rate: float, seed: int, images: torch.Tensor, test: torch.Tensor, steps: int = STEPS) -> dict:
    """Train from the start that `seed` fixes; ELBO and KL on binary images `test` after 0, EVERY, 2·EVERY … steps, nats per image."""
    estimator, n_samples, baseline = ESTIMATORS[name]
    vae = VAE(tuple(images.shape[1:]), latent_dim, HIDDEN, seed=seed)
    batches, noise = (torch.Generator().manual_seed(1000 * seed + k) for k in (1, 2))
    optimizer = torch.optim.Adam(vae.parameters(), lr=rate, fused=True)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    curve = {"step": [], "elbo": [], "kl": []}
    for step in range(steps + 1):
        if step % EVERY == 0:
            with torch.no_grad():
                terms = elbo(vae, test, n_samples=20, generator=torch.Generator().manual_seed(0))
            for key, value in zip(curve, (step, terms.value.mean().item(), terms.kl.mean().item()), strict=True):
                curve[key].append(round(value, 4))
            if not math.isfinite(curve["elbo"][-1]):  # the rate was too large: it ran away
                break
        rows = torch.randint(len(images), (BATCH_SIZE,), generator=batches)
        x = datasets.binarize(images[rows], batches)
        surrogate, _ = elbo_surrogate(vae, x, estimator, n_samples, baseline, noise)
        optimizer.zero_grad()
        (-surrogate).backward()
        optimizer.step()
        decay.step()
    return curve


def tune(name: str, latent_dim: int, images: torch.Tensor, known: dict[float, float]) -> dict[float, float]:
    """Learning rate → mean ELBO over the tuning seeds, on training images that were held out. `known` ones are not run again."""
    held_out = datasets.binarize(images[:VALIDATION], torch.Generator().manual_seed(7))
    scores = dict(known)
    for rate in (*RATES, *LARGER_RATES):
        if rate in LARGER_RATES and max(scores, key=scores.get) != max(scores):
            break
        if rate not in scores:
            ends = [train(name, latent_dim, rate, seed, images[VALIDATION:], held_out)["elbo"][-1] for seed in TUNING_SEEDS]
            scores[rate] = round(statistics.fmean(v if math.isfinite(v) else -1e9 for v in ends), 3)
    return scores


def step_cost(latent_dim: int, images: torch.Tensor, blocks: int = 20, steps: int = 20) -> dict[str, float]:
    """Time of one step with each estimator, relative to the pathwise one with one sample."""
    x, seconds = datasets.binarize(images[:BATCH_SIZE]), {name: [] for name in ESTIMATORS}
    vae = VAE(tuple(images.shape[1:]), latent_dim, HIDDEN, seed=0)
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3, fused=True)
    for _ in range(blocks):
        for name, (estimator, n_samples, baseline) in ESTIMATORS.items():
            start = time.perf_counter()
            for _ in range(steps):
                surrogate, _ = elbo_surrogate(vae, x, estimator, n_samples, baseline)
                optimizer.zero_grad()
                (-surrogate).backward()
                optimizer.step()
            seconds[name].append(time.perf_counter() - start)
    unit = seconds["pathwise, 1 sample"]
    return {name: round(statistics.median(s / u for s, u in zip(times, unit, strict=True)), 2) for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, two estimators, 100 steps, nothing written")
    parser.add_argument("--resume", action="store_true", help="keep what the stored file has, run what is missing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = datasets.load("digits")
    images, test = data.train.images, data.binarized(0).test.images
    if options.quick:
        for name in ("score function, 1 sample", "pathwise, 1 sample"):
            print(name, train(name, 2, 1e-3, 0, images, test, steps=100)["elbo"])
        return
    result = {
        "command": "python experiments/gradient_race.py",
        "versions": versions() | {"machine": platform.machine(), "threads": 1},
        "data": f"digits, {len(images)} training images binarized afresh, {len(test)} test images binarized once (seed 0)",
        "model": f"VAE 64-{HIDDEN[0]}-L-{HIDDEN[0]}-64, Bernoulli, Adam, batches of {BATCH_SIZE}, rate falling linearly to 0",
        "steps": STEPS,
        "seeds": {"race": RACE_SEEDS, "tuning": TUNING_SEEDS},
        "races": [],
    }
    stored = json.loads(RESULT.read_text())["races"] if options.resume else []
    before = {(race["latent_dim"], race["estimator"]): race for race in stored}
    for latent_dim in LATENT_SIZES:
        cost = None
        for name in ESTIMATORS:
            old = before.get((latent_dim, name), {})
            tuning = tune(name, latent_dim, images, {float(rate): score for rate, score in old.get("tuning", {}).items()})
            rate = max(tuning, key=tuning.get)
            race = old
            if rate != old.get("rate"):
                cost = cost or step_cost(latent_dim, images)
                curves = [train(name, latent_dim, rate, seed, images, test) for seed in RACE_SEEDS]
                race = {"estimator": name, "latent_dim": latent_dim, "rate": rate, "step_cost": cost[name], "step": curves[0]["step"]}
                race |= {"elbo": [curve["elbo"] for curve in curves], "kl": [curve["kl"] for curve in curves]}
            result["races"].append(race | {"tuning": {str(r): tuning[r] for r in sorted(tuning)}})
            final = [curve[-1] for curve in race["elbo"]]
            print(
                f"L = {latent_dim}, {name}: rate {rate:g}, ELBO {statistics.fmean(final):.2f} ± {statistics.stdev(final):.2f} (s.d.)",
                flush=True,
            )
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"written: {RESULT.name}, {RESULT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

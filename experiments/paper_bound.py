"""Figure 2 of Kingma & Welling (2014): the lower bound against the number of training images seen, AEVB and wake–sleep.

    python experiments/paper_bound.py                          run what is missing, up to a million images a curve, one seed
    python experiments/paper_bound.py --samples 1e8 --seeds 3  and on, point after point, all curves abreast
    python experiments/paper_bound.py --device cuda            on a GPU, from the same random numbers: paper_bound_cuda.csv

First paper_rates.csv: each step size of Adagrad's grid for 500 updates with a seed of its own; the one with the best bound on training
images is the curve's. Then paper_bound.csv: a row a point of a curve. A point goes on from the state that the point before it left in
.cache/experiments/paper; a killed run goes on from its last checkpoint, 1,000 updates back at most, and where there is none the curve
runs again from its start, with the same numbers. Bounds: one sample an image, the first 10,000 training images, all test images.
"""

import argparse
import math
from functools import partial

import torch
from paper import STEP_SIZES, Training, alone, images, waiting
from sweep import sweep
from torch import Tensor

from vae_helpers.evaluation import evaluate

CURVES = {"mnist": (500, (3, 5, 10, 20, 200)), "frey_faces": (200, (2, 5, 10, 20))}
FOR_THE_MANIFOLD = (2,)  # figures 4 and 5, which figure 2 has not
SHAPES = {"mnist": (28, 28), "frey_faces": (28, 20)}
POINTS = [round(digit * 10**power) for power in (5, 6, 7) for digit in (1, 2, 3, 5)] + [10**8]
EARLY, EARLY_SEED, N_SCORED = 50_000, 100, 10_000
FACTS = {"model": "one hidden layer, tanh, 500 (MNIST) or 200 (Frey Faces) units", "optimizer": "Adagrad, batches of 100, prior N(0, I)"}


def run(data: str, latent_dim: int, algorithm: str, step_size: float, seed: int, samples: int, device: str = "cpu") -> dict[str, float]:
    """Train on to `samples` images; bounds in nats per image, NaN from a training that ran away."""
    curve = {"figure": 2, "data": data, "latent_dim": latent_dim, "algorithm": algorithm, "step_size": step_size, "seed": seed}
    file = waiting(**curve | ({} if device == "cpu" else {"device": device}))
    with alone(file):
        training, test = start(data, latent_dim, algorithm, step_size, seed, device)
        training.train(samples, file)
        return scores(training, test)


def start(data: str, latent_dim: int, algorithm: str, step_size: float, seed: int, device: str = "cpu") -> tuple[Training, Tensor]:
    """An untrained curve, and its test images."""
    train, test = images(data)
    kind = data.split(",")[0]
    hidden = CURVES[kind][0]
    gaussian = kind == "frey_faces"
    return Training(train, SHAPES[kind], hidden, latent_dim, algorithm, step_size, seed, gaussian, device), test.to(device)


def scores(training: Training, test: Tensor) -> dict[str, float]:
    """The bound's mean and its standard error on both, and the KL term on test images."""
    train, test = bound(training, training.x[:N_SCORED]), bound(training, test)
    found = {"train": train[0], "train_error": train[1], "test": test[0], "test_error": test[1], "kl_test": test[2]}
    return {key: round(value, 3) for key, value in found.items()}


def bound(training: Training, x: Tensor) -> tuple[float, float, float]:
    """Mean bound of images x (N, D), its standard error, mean KL term; NaN where the weights are not finite."""
    if not all(w.isfinite().all() for w in training.vae.parameters()):
        return (math.nan,) * 3
    found = evaluate(training.vae, x)
    return *found.elbo, found.kl.mean


def early(data: str, latent_dim: int, algorithm: str, step_size: float, seed: int) -> dict[str, float]:
    """The bound on training images after 500 updates."""
    training, _ = start(data, latent_dim, algorithm, step_size, seed)
    training.train(EARLY)
    return {"train": round(bound(training, training.x[:N_SCORED])[0], 3)}


def chosen(curves: list[dict], workers: int) -> list[dict]:
    """Each curve with the step size that was best early on."""
    rows = sweep("paper_rates", early, [c | {"step_size": s, "seed": EARLY_SEED} for c in curves for s in STEP_SIZES], FACTS, workers)
    return [c | {"step_size": best_rate(rows, c)} for c in curves]


def best_rate(rows: list[dict], curve: dict) -> float:
    """The step size of the row of this curve whose training score is best; a run that ran away has none."""
    tried = [row for row in rows if curve.items() <= row.items() and not math.isnan(row["train"])]
    return max(tried, key=lambda row: row["train"])["step_size"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=float, default=1e6, help="how far each curve goes (1e6; the paper's axis ends at 1e8)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … (1)")
    parser.add_argument("--data", nargs="+", default=["mnist", "frey_faces"], help='also "mnist, grey" and "frey_faces, mixed"')
    parser.add_argument("--sizes", nargs="+", type=int, help="only these latent sizes (all)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time (1)")
    parser.add_argument("--device", default="cpu", help='"cuda" for a GPU (cpu)')
    asked = parser.parse_args()
    curves = [
        {"data": data, "latent_dim": latent_dim, "algorithm": algorithm}
        for algorithm in ("AEVB", "wake-sleep")
        for data in asked.data
        for latent_dim in CURVES[data.split(",")[0]][1] + FOR_THE_MANIFOLD * (data == "mnist" and algorithm == "AEVB")
        if not asked.sizes or latent_dim in asked.sizes
    ]
    curves = chosen(curves, asked.workers)
    points = [n for n in POINTS if n <= asked.samples]
    settings = [c | {"seed": seed, "samples": n} for n in points for seed in range(asked.seeds) for c in curves]
    if asked.device == "cpu":
        sweep("paper_bound", run, settings, FACTS, asked.workers)
    else:
        facts = FACTS | {"device": f"{asked.device} {torch.cuda.get_device_name(asked.device)}"}
        sweep(f"paper_bound_{asked.device}", partial(run, device=asked.device), settings, facts, asked.workers)


if __name__ == "__main__":
    main()

"""Small data: the 2-D VAE on scikit-learn's digits, over seeds: seconds to train, held-out ELBO, exact log p(x), and the bound below it.

    python benchmarks/digits.py [--seeds 20] [--threads 1]

Two models a seed: on grey pixels (the bound is a cross-entropy, as in everybody's first VAE), and on black-or-white ones, whose log p(x)
is a log-likelihood. Quoted: mean ± standard deviation over seeds; seconds as median and range.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from rows import Row, plain, summary

from vae_helpers import datasets
from vae_helpers.evaluation import estimate, evaluate, evaluate_bound, log_evidence_grid
from vae_helpers.models import VAE
from vae_helpers.training import fit

SETTINGS = {"epochs": 200, "batch_size": 100, "lr": 5e-3, "schedule": "one_cycle", "progress": False}
N_SAMPLES = (1, 50, 5000)


def on_grey_pixels(digits, seed: int) -> dict[str, float]:
    row = {}
    start = time.perf_counter()
    grey = VAE((8, 8), 2, (256, 128), seed=seed)
    fit(grey, digits, seed=seed, **SETTINGS)
    row[f"training, {SETTINGS['epochs']} epochs, seconds"] = time.perf_counter() - start
    row["grey: test ELBO, nats (cross-entropy)"] = evaluate(grey, digits.test.images, n_samples=20).elbo.mean
    start = time.perf_counter()
    log_evidence_grid(grey, digits.test.images)
    row["exact log p(x) of 359 images, seconds"] = time.perf_counter() - start
    return row


def on_black_or_white_ones(digits, seed: int) -> dict[str, float]:
    binary = digits.binarized(seed)
    vae = VAE((8, 8), 2, (256, 128), seed=seed)
    fit(vae, digits, seed=seed, binarize=True, **SETTINGS)
    x = binary.test.images
    row = {"black-or-white: test ELBO, nats": evaluate(vae, x, n_samples=20).elbo.mean}
    exact = estimate(log_evidence_grid(vae, x).log_evidence).mean
    bounds = [evaluate_bound(vae, x, n_samples=k).mean for k in N_SAMPLES]
    row |= {f"  bound, K = {k}": bound for k, bound in zip(N_SAMPLES, bounds, strict=True)} | {"  exact log p(x)": exact}
    assert bounds[0] < bounds[1] < bounds[2] < exact + 0.02, (bounds, exact)  # from below, up to the sampling noise of K = 5,000
    return row


def over_seeds(one_seed: Callable, seeds: int, threads: int) -> list[Row]:
    """A row for each number that `one_seed` returns."""
    torch.set_num_threads(threads)
    digits = datasets.load("digits")
    runs = [one_seed(digits, seed) for seed in range(seeds)]
    rows = []
    for name in runs[0]:
        values = [run[name] for run in runs]
        nats = Row(name, f"{statistics.mean(values):.2f}", f"± {statistics.stdev(values):.2f} over {seeds} seeds (mean and s.d.)")
        rows.append(summary(name, values) if "seconds" in name else nats)
    return rows


def measure(seeds: int = 5, threads: int = 1) -> list[Row]:
    thread = f"{threads} thread{'s' * (threads > 1)}"
    return [Row(f"The 2-D VAE on 8×8 digits, {thread}"), *over_seeds(on_grey_pixels, seeds, threads)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = vars(parser.parse_args())
    print(plain(measure(**options) + over_seeds(on_black_or_white_ones, **options)))

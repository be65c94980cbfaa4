"""Small data: the 2-D VAE on scikit-learn's digits, over seeds: seconds to train, held-out ELBO, exact log p(x), and the bound below it.

    python benchmarks/digits.py [--seeds 20] [--threads 1]

Two models a seed: on grey pixels (the bound is a cross-entropy, as in everybody's first VAE), and on black-or-white ones, whose log p(x)
is a log-likelihood. Quoted: mean ± standard deviation over seeds; seconds as median and range. Also the time that importing takes.
"""

import argparse
import statistics
import subprocess
import sys
import time

import torch

from vae_helpers import datasets
from vae_helpers.evaluation import estimate, evaluate, log_evidence_grid
from vae_helpers.models import VAE
from vae_helpers.training import fit

SETTINGS = {"epochs": 200, "batch_size": 100, "lr": 5e-3, "schedule": "one_cycle", "progress": False}
N_SAMPLES = (1, 50, 5000)


def one_seed(digits, seed: int) -> dict[str, float]:
    row = {}
    start = time.perf_counter()
    grey = VAE((8, 8), 2, (256, 128), seed=seed)
    fit(grey, digits, seed=seed, **SETTINGS)
    row["training, seconds"] = time.perf_counter() - start
    row["grey: test ELBO, nats (cross-entropy)"] = evaluate(grey, digits.test.images, n_samples=20).elbo.mean
    start = time.perf_counter()
    log_evidence_grid(grey, digits.test.images)
    row["exact log p(x) of 359 images, seconds"] = time.perf_counter() - start

    binary = digits.binarized(seed)
    vae = VAE((8, 8), 2, (256, 128), seed=seed)
    fit(vae, digits, seed=seed, binarize=True, **SETTINGS)
    x = binary.test.images
    row["black-or-white: test ELBO, nats"] = evaluate(vae, x, n_samples=20).elbo.mean
    exact = estimate(log_evidence_grid(vae, x).log_evidence).mean
    bounds = [evaluate(vae, x, importance_samples=k).log_evidence.mean for k in N_SAMPLES]
    row |= {f"  bound, K = {k}": bound for k, bound in zip(N_SAMPLES, bounds, strict=True)} | {"  exact log p(x)": exact}
    assert bounds[0] < bounds[1] < bounds[2] < exact + 0.02, (bounds, exact)  # from below, up to the sampling noise of K = 5,000
    return row


def import_seconds() -> str:
    """Starting Python with and without `import vae_helpers`, in turn."""
    times: dict[str, list[float]] = {"pass": [], "import vae_helpers": []}
    for _ in range(15):
        for command, list_of in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", command], check=True)
            list_of.append(time.perf_counter() - start)
    extra = [b - a for a, b in zip(*times.values(), strict=True)]
    return f"{1000 * statistics.median(extra):.1f} ms (the s.d. of such a difference is {1000 * statistics.stdev(extra):.1f} ms)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"import vae_helpers adds {import_seconds()} to starting Python")
    digits = datasets.load("digits")
    rows = [one_seed(digits, seed) for seed in range(arguments.seeds)]
    for name in rows[0]:
        values = [row[name] for row in rows]
        if "seconds" in name:
            print(f"{name:45} median {statistics.median(values):.2f}, from {min(values):.2f} to {max(values):.2f}")
        else:
            print(f"{name:45} {statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}")


if __name__ == "__main__":
    main()

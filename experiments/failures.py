"""What notebook 10 cannot train while you wait: weights, sizes, contexts and cures over seeds, on the digits and on MNIST.

    python experiments/failures.py weights digits       one of the groups below, the data "digits" or "mnist"
    python experiments/failures.py dimensions digits    the cures at L = 16 once more: KL of each dimension, sorted, in cures.csv

A finished stack appends one row a model to vae_helpers/results/failures.csv; what is there already is not run again.
VAEs under a Bernoulli, pixels binarized anew in every batch, Adam, one cycle; scored on test images binarized once. `units`: dimensions
with a KL above 0.1 nat. `log_p`: exact by the grid at L = 2, else the importance-weighted bound with K samples.
"""

import platform
import sys
import time

import stack
import torch
from gan import edges
from sweep import append, command, stored

from vae_helpers import datasets, results, runtime
from vae_helpers.evaluation import evaluate_bound, log_evidence_grid
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo

WEIGHTS = (0.125, 0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 8.0)
BASE = {"latent_dim": 8, "layers": 1, "method": "plain", "beta": 1.0, "reach": 0, "steps": 1500}
FREE = 0.2  # nats a dimension


def group(name: str, data: str) -> list[list[dict]]:
    """Stacks of settings: the models of a stack have one shape and as many steps."""
    small = data == "digits"
    if name == "weights":
        latent_dim, seeds = (8, range(6)) if small else (16, range(3))
        return [[BASE | {"latent_dim": latent_dim, "beta": beta, "seed": seed} for beta in WEIGHTS] for seed in seeds]
    if name == "twins":  # two weights, of which the rows above say that their ELBOs are equal; with other seeds than these
        latent_dim, pair, seeds = (8, (0.26, 2.8), range(10, 16)) if small else (16, (0.25, 2.4), range(10, 13))
        return [[BASE | {"latent_dim": latent_dim, "beta": beta, "seed": seed} for beta in pair for seed in seeds]]
    if name == "sizes":
        lengths, seeds = ((900, 4500), range(4)) if small else ((1500,), range(3))
        return [[BASE | {"latent_dim": size, "steps": n, "seed": seed} for seed in seeds] for n in lengths for size in (2, 8, 16, 64)]
    if name == "contexts":
        reaches, seeds = ((0, 1, 8, 63), range(4)) if small else ((0, 28, 783), range(3))
        shape = {"latent_dim": 2 if small else 16, "steps": 1500 if small else 1000}
        return [[BASE | shape | {"reach": reach, "seed": seed} for reach in reaches for seed in seeds]]
    if name in ("cures", "dimensions"):
        methods, seeds = ("plain", "warm-up", "free bits", "encoder first"), range(20 if small else 3)
        sizes, steps = ((16, 2), 1000) if small else ((16,), 1500)
        sizes = sizes[:1] if name == "dimensions" else sizes
        shape = {"layers": 3, "steps": steps}
        return [[BASE | shape | {"latent_dim": size, "method": m, "seed": seed} for m in methods for seed in seeds] for size in sizes]
    if name == "long cures":  # what time alone does
        shape = {"layers": 3, "latent_dim": 16, "steps": 4500 if small else 6000}
        return [[BASE | shape | {"method": m, "seed": seed} for m in ("plain", "warm-up") for seed in range(8 if small else 3)]]
    if name == "noise":  # the encoder's gradient by the naive score function
        shape = {"latent_dim": 2}
        methods = ("plain", "score function", "score function, warm-up")
        return [[BASE | shape | {"method": m, "seed": seed} for m in methods for seed in range(8 if small else 3)]]
    raise ValueError(f"unknown group {name!r}")


def run_many(settings: list[dict], data: datasets.Dataset) -> list[dict]:
    """Train a stack and score its models: one row each."""
    start = time.process_time()
    test = data.binarized(0).test.images[:1000]
    shape, hidden = data.image_shape, (64,) if data.image_shape[0] == 8 else (200,)
    models = [
        VAE(shape, s["latent_dim"], hidden * s["layers"], seed=s["seed"])
        if s["reach"] == 0 and all(other["reach"] == 0 for other in settings)
        else _with_context(VAE(shape, s["latent_dim"], hidden * s["layers"], seed=s["seed"]), s["reach"])
        for s in settings
    ]
    steps, beta = settings[0]["steps"], torch.tensor([float(s["beta"]) for s in settings])
    warm = torch.tensor([float("warm-up" in s["method"]) for s in settings])
    stack.train(
        models,
        [s["seed"] for s in settings],
        data.train.images,
        steps=steps,
        lr=5e-3 if shape[0] == 8 else 3e-3,
        weight=lambda step: beta * (1 - warm + warm * min(1.0, 2 * step / steps)),
        free=torch.tensor([FREE * (s["method"] == "free bits") for s in settings]),
        score=torch.tensor([float("score" in s["method"]) for s in settings]),
        lead=torch.tensor([s["method"] == "encoder first" for s in settings]),
    )
    seconds = (time.process_time() - start) / len(models)
    train = datasets.binarize(data.train.images[:10_000], torch.Generator().manual_seed(0))
    grey = data.test.images[: len(test)]
    found = [
        by_dimension(vae, test) if s["group"] == "dimensions" else score(vae, test, train, grey)
        for s, vae in zip(settings, models, strict=True)
    ]
    return [s | numbers | {"seconds": round(seconds, 1)} for s, numbers in zip(settings, found, strict=True)]


@torch.no_grad()
def by_dimension(vae: VAE, test: torch.Tensor) -> dict:
    """The KL of each latent dimension, nats per test image, the largest first."""
    mu, logvar = vae.mu_logvar(test)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(0)
    return {f"kl_{j}": round(nats, 4) for j, nats in enumerate(kl.sort(descending=True).values.tolist(), 1)}


@torch.no_grad()
def score(vae: VAE, test: torch.Tensor, train: torch.Tensor, grey: torch.Tensor) -> dict:
    """ELBO and its parts on test and training images, units alive, log p(x): nats per image; edges over those of the grey test images."""
    terms, seen = (elbo(vae, x, n, generator=torch.Generator().manual_seed(0)) for x, n in ((test, 20), (train, 5)))
    mu, logvar = vae.mu_logvar(test)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(0)
    if vae.latent_dim == 2 and len(test) < 1000:
        try:
            log_p = log_evidence_grid(vae, test, tolerance=0.02).log_evidence.mean().item()
        except RuntimeError:
            log_p = float("nan")
    else:
        log_p = evaluate_bound(vae, test, 500 if len(test) < 1000 else 100).mean
    noise = torch.randn(2, len(test), vae.latent_dim, generator=torch.Generator().manual_seed(0))
    rebuilt, drawn = (vae.mean_image(z) for z in (mu + (logvar / 2).exp() * noise[0], noise[1]))
    numbers = {
        "elbo": terms.elbo.mean().item(),
        "reconstruction": terms.reconstruction.mean().item(),
        "kl": terms.kl.mean().item(),
        "units": int((kl > 0.1).sum()),
        "units_by_mean": int((mu.var(0) > 0.01).sum()),
        "log_p": log_p,
        "train_reconstruction": seen.reconstruction.mean().item(),
        "train_kl": seen.kl.mean().item(),
        "edges_rebuilt": edges(rebuilt) / edges(grey),
        "edges_drawn": edges(drawn) / edges(grey),
    }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in numbers.items()}


def _with_context(vae: VAE, reach: int) -> VAE:
    vae.likelihood = stack.Context(vae.pixels, reach)
    return vae


def main() -> None:
    name, data = sys.argv[1:3]
    torch.set_num_threads(1)
    loaded, table = datasets.load(data), results.FOLDER / ("cures.csv" if name == "dimensions" else "failures.csv")
    facts = {"device": f"cpu {platform.machine()}", "command": command()} | runtime.versions()
    for settings in group(name, data):
        settings = [{"group": name, "data": data} | s for s in settings]
        missing = [s for s, row in zip(settings, stored(table, settings), strict=True) if row is None]
        if missing:
            append(table, [row | facts for row in run_many(missing, loaded)])
        print(f"{name} {data}: {len(missing)} trained, {len(settings) - len(missing)} were there", flush=True)


if __name__ == "__main__":
    main()

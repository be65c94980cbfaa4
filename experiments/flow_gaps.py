"""Notebook 11: how much of log p(x) − ELBO does a richer q(z|x) close, the decoder fixed? For each image by itself, and amortized.

    python experiments/flow_gaps.py                what ideas_gap.csv does not hold yet; --workers N, --seeds N (6)

The plain VAE of four_ideas.py (digits, L = 2), log p(x) on a grid, 100 test and 100 training images, drawn black-or-white once. q is
"encoder", as trained; "for each image: …", the best of a family from the encoder's guess; or "amortized: …", an encoder trained again on
that decoder, from its own weights and with the new flow beside it, for as many steps as the VAE.
"""

import argparse
import copy
import math
from functools import cache

import torch
from four_ideas import STEPS, Model, bound, log_normal, on_grid, train, trained
from sweep import sweep
from torch import Tensor

from vae_helpers import datasets, flows
from vae_helpers.models import VAE

FAMILIES = {"diagonal Gaussian": (0, False), "full Gaussian": (0, True), "1 fold": (1, False), "4 folds": (4, False), "8 folds": (8, False)}
AMORTIZED = ("gaussian", "planar", "coupling", "inverse autoregressive")
QS = ["encoder", *(f"for each image: {name}" for name in FAMILIES), *(f"amortized: {name}" for name in AMORTIZED)]
FACTS = {"data": "digits, 100 test and 100 training images", "fit": "500 steps of Adam, 32 draws", "steps": STEPS["digits"], "flows": 4}


@cache
def plain(seed: int) -> Model:
    return trained("digits", 2, seed).requires_grad_(False)


def fitted(vae: VAE, x: Tensor, depth: int, full: bool, seed: int, steps: int = 500) -> Tensor:
    """The ELBO (batch,) of the best q for each image: a Gaussian (full: with correlation, L = 2), then `depth` planar flows."""
    g = torch.Generator().manual_seed(seed)
    folds = torch.randn(depth, len(x), 5, generator=g)
    folds[..., :2] = 0  # u = 0: the fold that does nothing
    weights = [w.clone().requires_grad_() for w in (*vae.mu_logvar(x), torch.zeros(len(x)), folds)]
    mu, logvar, slope, folds = weights

    def elbo(n_samples: int) -> Tensor:
        eps = torch.randn(n_samples, *mu.shape, generator=g)
        z = (logvar / 2).exp() * eps
        z = mu + (torch.stack([z[..., 0], z[..., 1] + slope * eps[..., 0]], -1) if full else z)
        log_q = -0.5 * (eps.square() + logvar + math.log(2 * math.pi)).sum(-1)
        for fold in folds:
            z, log_det = flows.planar(z, fold[:, :2], fold[:, 2:4], fold[:, 4])
            log_q = log_q - log_det
        zero = z.new_zeros(())
        return (vae.likelihood.log_prob(vae.outputs(z), x) + log_normal(z, zero, zero) - log_q).mean(0)

    optimizer = torch.optim.Adam(weights, lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        (-elbo(32).sum()).backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return torch.stack([elbo(500) for _ in range(6)]).mean(0)


def amortized(model: Model, kind: str, seed: int) -> Model:
    again = Model("digits", 2, kind, "standard", "mlp", seed)
    again.vae.load_state_dict(copy.deepcopy(model.vae.state_dict()))
    weights = [*again.vae.encoder.parameters(), *again.flow.parameters()]
    train(again, datasets.load("digits").train.images, "iwae", 1, STEPS["digits"], 3e-3, 500 + seed, weights)
    return again


def run(q: str, seed: int, n_images: int = 100) -> dict:
    model, (way, _, kind) = plain(seed), q.partition(": ")
    richer, found = amortized(model, kind, seed) if way == "amortized" else model, {}
    for name, split in (("test", datasets.load("digits").binarized(0).test), ("train", datasets.load("digits").binarized(0).train)):
        x = split.images[:n_images].flatten(1)
        exact = on_grid(model, x)[0]
        value = fitted(model.vae, x, *FAMILIES[kind], seed) if way == "for each image" else bound(richer, x, 1, 1000)
        found |= {f"{name}_gap": (exact - value).mean().item(), f"{name}_median_gap": (exact - value).median().item()}
    return {key: round(value, 4) for key, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    parser.add_argument("--seeds", type=int, default=6, help="trainings")
    options = parser.parse_args()
    sweep("ideas_gap", run, [{"q": q, "seed": seed} for seed in range(options.seeds) for q in QS], FACTS, options.workers)


if __name__ == "__main__":
    main()

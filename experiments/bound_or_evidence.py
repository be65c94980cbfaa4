"""Notebook 03's folk claims on images: what does a model lose that is trained on the bound, and what does a weight β reach?

    python experiments/bound_or_evidence.py        run what is missing in bound_or_evidence.csv

One decoder with L = 2, from the same weights and on the same images in the same order, trained on "elbo", with an encoder, or on
"evidence", log p(x) itself: a sum over 32 × 32 points, the whole lattice shifted at random at each step (so no decoder can hide between
the points). Digits 64-128-2, 60 epochs of batches of 100; MNIST 784-200-64-2, 10 epochs of 200; pixels binarized anew, Adam, one cycle to
0.01. On 100 test and 100 training images, binarized once: log p(x) on a grid of step 0.02. slack: how much lower the coarse shifted
lattice puts it. Where there is an encoder: ELBO and gap, after a third of the steps and at the end (else nan). best_β less log p(x),
smallest and largest over the test images: the best value of the objective with weight β on the KL, (3.18). ppca: mean log p(x) of
probabilistic PCA with 5 latents, fitted to the grey training images, pixels from 0 to 1.
"""

import math

import torch
from sweep import sweep, workers
from torch import Tensor
from trained import load, stream

from vae_helpers import datasets
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.toy import LinearGaussian

SEEDS, IMAGES = (0, 1, 2), 100
SIZES = {"digits": ((128,), 60, 100), "mnist": ((200, 64), 10, 200)}


def run(data: str, objective: str, seed: int) -> dict[str, float]:
    hidden, epochs, batch_size = SIZES[data]
    images = load(data).train.images
    seen, fresh = (part.images[:IMAGES].flatten(1) for part in (load(data).binarized(0).train, load(data).binarized(0).test))
    vae, g = VAE(load(data).image_shape, 2, hidden, seed=seed), stream(seed, 1)
    n_steps = epochs * math.ceil(len(images) / batch_size)
    optimizer = torch.optim.Adam(vae.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=n_steps)
    found = dict.fromkeys(("elbo_third", "gap_third", "elbo", "gap"), math.nan)
    batches = [batch for _ in range(epochs) for batch in torch.randperm(len(images), generator=g).split(batch_size)]
    for step, batch in enumerate(batches):
        if step == n_steps // 3 and objective == "elbo":
            found |= bound_and_gap(vae, fresh, stream(seed, 2), "_third")
        x = datasets.binarize(images[batch], g).flatten(1)
        optimizer.zero_grad()
        (-(elbo(vae, x, generator=g).elbo if objective == "elbo" else on_lattice(vae, x, 0.25, g)).mean()).backward()
        optimizer.step()
        schedule.step()
    if objective == "elbo":
        found |= bound_and_gap(vae, fresh, stream(seed, 2), "")
    log_p = best_value(vae, fresh, 1.0)
    found |= {"log_p": log_p.mean(), "log_p_train": best_value(vae, seen, 1.0).mean()}
    with torch.no_grad():
        coarse = torch.stack([on_lattice(vae, fresh, 0.25, g) for _ in range(20)]).mean(0)
    found["slack"] = (log_p - coarse).mean()
    for beta in (0.5, 2.0):
        over = best_value(vae, fresh, beta) - log_p
        found |= {f"best_{beta:g}_smallest": over.min(), f"best_{beta:g}_largest": over.max()}
    grey = images.flatten(1).double()
    found["ppca"] = LinearGaussian.maximum_likelihood(grey, 5).mean_log_likelihood(load(data).test.images.flatten(1).double())
    return {key: round(float(value), 4) for key, value in found.items()}


def on_lattice(vae: VAE, x: Tensor, step: float, g: torch.Generator) -> Tensor:
    """log of an unbiased estimate of p(x), (batch,): the integral over a square lattice of 32 × 32 points, shifted at random."""
    axes = step * (torch.arange(32) - 16 + torch.rand(2, 1, generator=g))
    z = torch.cartesian_prod(*axes)
    log_joint = vae.likelihood.log_prob_table(vae.outputs(z), x) + vae.prior.log_prob(z)[:, None]  # (points, batch)
    return log_joint.logsumexp(0) + 2 * math.log(step)


@torch.no_grad()
def best_value(vae: VAE, x: Tensor, beta: float, step: float = 0.02, reach: float = 5.0) -> Tensor:
    """β log ∫ p(z) p(x|z)^(1/β) dz, (batch,), float64: the right side of (3.18), log p(x) at β = 1."""
    axis = torch.arange(-reach, reach + step / 2, step)
    parts = []
    for rows in axis.split(20):
        z = torch.cartesian_prod(rows, axis)
        log_lik = vae.likelihood.log_prob_table(vae.outputs(z), x).double()
        parts.append((vae.prior.log_prob(z).double()[:, None] + log_lik / beta).logsumexp(0))
    return beta * (torch.stack(parts).logsumexp(0) + 2 * math.log(step))


@torch.no_grad()
def bound_and_gap(vae: VAE, x: Tensor, g: torch.Generator, when: str) -> dict[str, float]:
    bound = elbo(vae, x, n_samples=200, generator=g).elbo.double()
    return {f"elbo{when}": bound.mean(), f"gap{when}": (best_value(vae, x, 1.0) - bound).mean()}


def main() -> None:
    settings = [{"data": data, "objective": o, "seed": seed} for data in SIZES for seed in SEEDS for o in ("elbo", "evidence")]
    sweep("bound_or_evidence", run, settings, {"model": "VAE 64-128-2 or 784-200-64-2, Bernoulli"}, workers(__doc__))


if __name__ == "__main__":
    main()

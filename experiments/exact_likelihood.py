"""How far does the bound bend the decoder? One decoder trained on log p(x) itself, one by the ELBO, from one start (notebook 10).

    python experiments/exact_likelihood.py digits           six seeds; or mnist, two
    python experiments/exact_likelihood.py digits --long    9,000 steps in place of 3,000, three seeds: exact_likelihood_long.csv

At L = 2 the evidence is an integral over a plane. For training it is a sum over a stratified draw from the prior, one point in each of
GRID × GRID cells of equal probability, new in every step. Both decoders get the same batches, as many steps and the same step sizes, and
both are scored by the quadrature of `log_evidence_grid`. Then an encoder is trained for the exact decoder, which stays as it is: what the
bound would say of it, had the decoder not been bent to please the bound. nats per test image, binarized once.
"""

import math
import sys

import torch
from sweep import sweep
from torch import Tensor
from torch.distributions import Normal

from vae_helpers import datasets
from vae_helpers.evaluation import log_evidence_grid
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo

GRID, STEPS = 50, 3000
SEEDS = {"digits": range(6), "mnist": range(2)}


def stratified(n: int, generator: torch.Generator) -> Tensor:
    """One draw from N(0, I) in each of n × n cells of equal probability: (n², 2)."""
    cells = torch.cartesian_prod(torch.arange(n), torch.arange(n))
    uniform = (cells + torch.rand(n * n, 2, generator=generator)) / n
    return Normal(0.0, 1.0).icdf(uniform.clamp(1e-6, 1 - 1e-6))


def train(vae: VAE, images: Tensor, what: str, seed: int, steps: int = STEPS) -> None:
    """what: "elbo" (encoder and decoder), "exact" (the decoder alone), "encoder" (the encoder alone, by the ELBO)."""
    stream, noise = (torch.Generator().manual_seed(1000 * seed + k) for k in (1, 2))
    weights = {"elbo": vae, "exact": vae.decoder, "encoder": vae.encoder}[what].parameters()
    lr = 5e-3 if vae.pixels == 64 else 3e-3
    optimizer = torch.optim.Adam(weights, lr=lr, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, cycle_momentum=False)
    for _ in range(steps):
        x = datasets.binarize(images[torch.randint(len(images), (100,), generator=stream)], stream).flatten(1)
        if what == "exact":
            z = stratified(GRID, noise)
            value = vae.likelihood.log_prob_table(vae.outputs(z), x).logsumexp(0) - math.log(len(z))
        else:
            value = elbo(vae, x, generator=noise).elbo
        optimizer.zero_grad()
        (-value.mean()).backward()
        optimizer.step()
        schedule.step()


def run(data: str, seed: int, steps: int = STEPS) -> dict:
    """Both trainings and what they are worth."""
    loaded = datasets.load(data)
    test = loaded.binarized(0).test.images[:1000]
    hidden = (128,) if data == "digits" else (200,)
    bent, exact = (VAE(loaded.image_shape, 2, hidden, seed=seed) for _ in range(2))
    train(bent, loaded.train.images, "elbo", seed, steps)
    train(exact, loaded.train.images, "exact", seed, steps)
    train(exact, loaded.train.images, "encoder", seed, steps)
    numbers = {}
    with torch.no_grad():
        for name, vae in (("elbo", bent), ("exact", exact)):
            numbers[f"bound_{name}"] = elbo(vae, test, 50, generator=torch.Generator().manual_seed(0)).elbo.mean().item()
            numbers[f"log_p_{name}"] = log_evidence_grid(vae, test, tolerance=0.02).log_evidence.mean().item()
    return {key: round(value, 4) for key, value in numbers.items()}


if __name__ == "__main__":
    data, *long = sys.argv[1:]
    if long:
        sweep("exact_likelihood_long", run, [{"data": data, "seed": seed, "steps": 3 * STEPS} for seed in range(3)])
    else:
        sweep("exact_likelihood", run, [{"data": data, "seed": seed} for seed in SEEDS[data]])

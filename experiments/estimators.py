"""Notebook 06 on MNIST, and its batch mean on both: how far is the score function behind, and what does the batch mean do to a VAE?

    python experiments/estimators.py        run what is missing in estimators.csv, estimators_rates.csv and noise_shares.csv

estimators: VAE 784-200-20-200-784 on MNIST and 64-128-L-128-64 on digits (L = 2, 8), binarized afresh in every batch of 100, Adam, rate
falling linearly to 0, 2,000 steps; test ELBO (20 samples) and KL of 1,000 (359) images, binarized once. Rates of the grid are compared by
the ELBO of training images held out, on a seed of their own, for each estimator; the best runs over the seeds. Pathwise on MNIST runs at
0.003 as well: 0.01 won on the tuning seed, and loses latent dimensions on others. The naive estimator on digits is in gradient_race.py.
"batch mean" subtracts the mean of all K samples of an image, its own value included: the reconstruction's gradient shrinks by 1 − 1/K,
that of the KL, which is exact, does not.
noise_shares: pathwise, one sample; the share of a step's gradient variance (sum over weights, 100 images) that comes from the noise ε:
two draws of ε for each of 40 choices of images, at several lengths of the same training (rate 0.003).
"""

import torch
from sweep import sweep, workers
from torch import Tensor
from trained import load, stream

from vae_helpers import datasets
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, sample

ESTIMATORS = {"pathwise": 1, "leave-one-out, 2": 2, "leave-one-out, 8": 8, "batch mean, 2": 2, "naive, 1": 1}
SIZES, HIDDEN = {"mnist": (20,), "digits": (2, 8)}, {"mnist": (200,), "digits": (128,)}
RATES, STEPS, SEEDS, TUNING_SEED = (1e-3, 3e-3, 1e-2), 2000, (0, 1, 2), 100
MOMENTS = (0, 100, 300, 1000, 2000)
FACTS = {"model": "VAE 784-200-L or 64-128-L, Bernoulli", "steps": STEPS}


def surrogate(vae: VAE, x: Tensor, estimator: str, noise: torch.Generator) -> Tensor:
    """Its gradient estimates the ELBO's; the KL is in closed form. x: (batch, D)."""
    mu, logvar = vae.mu_logvar(x)
    z, n = sample(mu, logvar, ESTIMATORS[estimator], noise), ESTIMATORS[estimator]
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)
    if estimator == "pathwise":
        return (vae.likelihood.log_prob(vae.outputs(z), x).mean(0) - kl).mean()
    z = z.detach()
    values = vae.likelihood.log_prob(vae.outputs(z), x)  # (K, batch)
    height = values.detach() - (0 if estimator == "naive, 1" else values.detach().mean(0))
    if estimator.startswith("leave-one-out"):
        height = height * n / (n - 1)  # what leaving the sample itself out of the mean comes to
    log_q = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(-1)
    return ((values + height * log_q).mean(0) - kl).mean()


def train(data: str, estimator: str, latent_dim: int, rate: float, seed: int, images: Tensor, moments=()) -> tuple[VAE, list[dict]]:
    """Train on grey images (N, H, W); the weights after each of `moments` steps."""
    vae, kept = VAE(tuple(images.shape[1:]), latent_dim, HIDDEN[data], seed=seed), []
    optimizer = torch.optim.Adam(vae.parameters(), lr=rate, fused=True)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)
    g, noise = stream(seed, 1), stream(seed, 2)
    for step in range(STEPS + 1):
        if step in moments:
            kept.append({key: value.clone() for key, value in vae.state_dict().items()})
        x = datasets.binarize(images[torch.randint(len(images), (100,), generator=g)], g).flatten(1)
        optimizer.zero_grad()
        (-surrogate(vae, x, estimator, noise)).backward()
        optimizer.step()
        decay.step()
    return vae, kept


def score(vae: VAE, x: Tensor) -> dict[str, float]:
    with torch.no_grad():
        terms = elbo(vae, x, n_samples=20, generator=torch.Generator().manual_seed(0))
    return {"elbo": round(terms.elbo.mean().item(), 4), "kl": round(terms.kl.mean().item(), 4)}


def race(data: str, estimator: str, latent_dim: int, rate: float, seed: int) -> dict[str, float]:
    vae, _ = train(data, estimator, latent_dim, rate, seed, load(data).train.images)
    return score(vae, load(data).binarized(0).test.images[:1000])


def tune(data: str, estimator: str, latent_dim: int, rate: float, seed: int) -> dict[str, float]:
    images = load(data).train.images
    vae, _ = train(data, estimator, latent_dim, rate, seed, images[200:])
    return score(vae, datasets.binarize(images[:200], stream(seed, 3)))


def noise_shares(data: str, latent_dim: int, seed: int) -> dict[str, float]:
    images, shares = load(data).train.images, {}
    vae, kept = train(data, "pathwise", latent_dim, 3e-3, seed, images, MOMENTS)
    weights, g, noise = list(vae.parameters()), stream(seed, 4), stream(seed, 5)
    for step, state in zip(MOMENTS, kept, strict=True):
        vae.load_state_dict(state)
        draws = []
        for _ in range(40):
            x = datasets.binarize(images[torch.randint(len(images), (100,), generator=g)], g).flatten(1)
            twice = (torch.autograd.grad(surrogate(vae, x, "pathwise", noise), weights) for _ in range(2))
            draws.append(torch.stack([torch.cat([part.flatten() for part in grads]) for grads in twice]))
        draws = torch.stack(draws)  # (40, 2, weights)
        of_noise = (draws[:, 0] - draws[:, 1]).square().sum(1) / 2
        in_all = draws.var(0).sum(1).mean()  # of one draw each: images and noise
        shares |= {f"share_{step}": of_noise.mean() / in_all, f"share_{step}_stderr": of_noise.std() / 40**0.5 / in_all}
    return {key: round(value.item(), 4) for key, value in shares.items()}


def main() -> None:
    n = workers(__doc__)
    runners = [{"data": data, "estimator": name, "latent_dim": size} for data in SIZES for size in SIZES[data] for name in ESTIMATORS]
    runners = [r for r in runners if r["data"] == "mnist" or r["estimator"] != "naive, 1"]
    tried = sweep("estimators_rates", tune, [r | {"rate": rate, "seed": TUNING_SEED} for r in runners for rate in RATES], FACTS, n)
    best = {str(r): max((t for t in tried if r.items() <= t.items()), key=lambda t: t["elbo"])["rate"] for r in runners}
    races = [r | {"rate": best[str(r)], "seed": seed} for seed in SEEDS for r in runners]
    races += [{"data": "mnist", "estimator": "pathwise", "latent_dim": 20, "rate": 3e-3, "seed": seed} for seed in SEEDS]
    sweep("estimators", race, races, FACTS, n)
    settings = [{"data": data, "latent_dim": size, "seed": seed} for data in SIZES for size in SIZES[data] for seed in SEEDS]
    sweep("noise_shares", noise_shares, settings, FACTS, n)


if __name__ == "__main__":
    main()

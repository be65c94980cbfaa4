"""Notebooks 02 and 03 on digits and on MNIST: the exact posteriors of a VAE with L = 2, on a grid, and what prior draws, chains and a
Gaussian q find; and what a latent costs plain Monte Carlo.

    python experiments/posteriors.py        run what is missing in posteriors.csv and price_of_latents.csv

100 binarized test images; the grid has the step 0.02 from −6 to 6. For each image:
log p(x) on coarser grids and from 1,000 prior draws, less that on the grid; the number of prior draws at which p̂(x) is good to 10 % (from
its exact variance); log p(x) less the ELBO of the encoder's q.
What is found of the posterior: its mass within 0.25 of something visited, by 500 draws of the encoder's q, by 500 prior draws picked
with their weights out of 10,000, and by 500 steps of one Metropolis chain from a prior draw, for two sizes of the step. Four such chains
warn where R̂ of a latent is above 1.1.
Peaks: the region of highest density that holds 95 % falls into parts; a peak is a part that holds at least 10 %. "second" is the share of
images with two or more; on those, the mass that the encoder's q puts on its best peak, and that this peak holds in the posterior.
price_of_latents: probabilistic PCA of L dimensions, fitted to 20,000 training images and asked, for 1,000 test images, for the number of
prior draws that give p(x) to 10 % (2.8): its median, in powers of ten, and the factor a latent.
"""

import math

import numpy as np
import torch
from scipy.ndimage import label
from scipy.spatial import cKDTree
from sweep import sweep, workers
from torch import Tensor
from trained import MODEL, load, stream, trained

from vae_helpers.inference import mcmc
from vae_helpers.objectives import elbo
from vae_helpers.toy import LinearGaussian

DATA, SEEDS, IMAGES, REACH, STEP, NEAR = ("digits", "mnist"), (0, 1, 2), 100, 6.0, 0.02, 0.25
AXIS = torch.arange(-REACH, REACH + STEP / 2, STEP)


def run(data: str, seed: int) -> dict[str, float]:
    vae, x = trained(data, "VAE", 2, seed), load(data).binarized(0).test.images[:IMAGES].flatten(1)
    log_joint = table(vae, x)  # (cells, images)
    cell = 2 * math.log(STEP)
    log_p = log_joint.logsumexp(0) + cell
    grid = torch.cartesian_prod(AXIS, AXIS)
    log_prior = vae.prior.log_prob(grid).double()[:, None]
    found = {"gap_of_q": log_p - elbo(vae, x, n_samples=200, generator=stream(seed, 1)).elbo.double()}
    for coarser in (2, 5, 10, 25):
        rows = log_joint.unflatten(0, (len(AXIS), len(AXIS)))[::coarser, ::coarser].flatten(0, 1)
        found[f"grid_{coarser * STEP:.2f}"] = (rows.logsumexp(0) + cell + 2 * math.log(coarser) - log_p).abs()
    z = torch.randn(10_000, 2, generator=stream(seed, 2))
    log_weight = vae.likelihood.log_prob_table(vae.outputs(z), x).double()  # (draws, images)
    found["prior_draws_1000"] = log_weight[:1000].logsumexp(0) - math.log(1000) - log_p
    found["draws_for_10_percent"] = 100 * ((2 * log_joint - log_prior).logsumexp(0) + cell - 2 * log_p).expm1()
    picks = torch.multinomial(log_weight.softmax(0).T, 500, replacement=True, generator=stream(seed, 3))  # (images, 500)
    q = vae.encode(x)
    mu, sigma = q.mean, q.stddev
    visited = {"q": mu[:, None] + sigma[:, None] * torch.randn(len(x), 500, 2, generator=stream(seed, 4)), "weighted_draws": z[picks]}
    start, four = torch.randn(4 * len(x), 2, generator=stream(seed, 5)), x.repeat(4, 1)
    for step in (0.1, 1.0):
        chains = mcmc.metropolis(lambda z: joint(vae, z.float(), four).double(), start, 500, step, generator=stream(seed, 6)).samples
        visited[f"chain_{step:g}"] = chains[:, : len(x)].transpose(0, 1)
        r_hat = torch.stack([mcmc.r_hat(chains[:, k :: len(x)]).amax() for k in range(len(x))])
        found[f"warned_{step:g}"] = (r_hat > 1.1).double()
    posterior = (log_joint - log_joint.logsumexp(0)).exp().T.numpy()  # (images, cells)
    for name, points in visited.items():
        found[f"found_by_{name}"] = torch.tensor([near(grid, *pair) for pair in zip(posterior, points.numpy(), strict=True)])
    on_peaks = [peaks(p, normal(grid, *pair)) for p, *pair in zip(posterior, mu, sigma, strict=True)]
    several = torch.tensor([pair for pair in on_peaks if pair]).reshape(-1, 2)  # the means of none are nan
    numbers = {"second": len(several) / len(x), "q_on_best_peak": several[:, 0].mean(), "posterior_on_that_peak": several[:, 1].mean()}
    for name, values in found.items():
        numbers |= {f"{name}_mean": values.mean(), f"{name}_median": values.median()}
        numbers |= {f"{name}_quantile_5": values.quantile(0.05), f"{name}_quantile_95": values.quantile(0.95)}
    return {key: float(f"{float(value):.5g}") for key, value in numbers.items()}


def joint(vae, z: Tensor, x: Tensor) -> Tensor:
    return vae.likelihood.log_prob(vae.outputs(z), x) + vae.prior.log_prob(z)


def table(vae, x: Tensor) -> Tensor:
    """log p(x, z) on the grid, (cells, images), float64."""
    parts = [torch.cartesian_prod(rows, AXIS) for rows in AXIS.split(8)]
    return torch.cat([(vae.likelihood.log_prob_table(vae.outputs(z), x) + vae.prior.log_prob(z)[:, None]).double() for z in parts])


def near(grid: Tensor, posterior: np.ndarray, points: np.ndarray) -> float:
    """Mass of the posterior (cells,) within NEAR of any of the points (n, 2)."""
    there = posterior > 1e-8
    distance, _ = cKDTree(points).query(grid.numpy()[there], distance_upper_bound=NEAR)
    return float(posterior[there][distance <= NEAR].sum())


def normal(grid: Tensor, mu: Tensor, sigma: Tensor) -> np.ndarray:
    density = torch.distributions.Normal(mu, sigma).log_prob(grid).sum(1).double()
    return density.softmax(0).numpy()


def peaks(posterior: np.ndarray, q: np.ndarray) -> tuple[float, float] | None:
    """With two peaks or more: q's mass on the one that holds most of q, and the posterior's mass there, as shares of all peaks."""
    order = np.argsort(posterior)[::-1]
    inside = np.zeros(posterior.size, bool)
    inside[order[: np.searchsorted(posterior[order].cumsum(), 0.95) + 1]] = True
    parts = label(inside.reshape(len(AXIS), -1), np.ones((3, 3)))[0].ravel()
    mass = np.bincount(parts, posterior)[1:]
    large = np.flatnonzero(mass >= 0.1) + 1
    if len(large) < 2:
        return None
    of_q = np.bincount(parts, q, minlength=parts.max() + 1)[large]
    best = of_q.argmax()
    return of_q[best] / max(of_q.sum(), 1e-300), mass[large[best] - 1] / mass[large - 1].sum()


def price(data: str, latent_dim: int, seed: int) -> dict[str, float]:
    train, test = (part.images.flatten(1) for part in (load(data).train, load(data).test))
    train, test = (x[torch.randperm(len(x), generator=stream(seed, 7))[:n]] for x, n in ((train, 20_000), (test, 1_000)))
    model = LinearGaussian.maximum_likelihood(train, latent_dim)
    narrow, D = LinearGaussian(model.W, model.b, model.sigma2 / 2), train.shape[1]
    log_V1 = narrow.log_evidence(test) - 2 * model.log_evidence(test) - D / 2 * math.log(4 * math.pi * model.sigma2)
    typical = log_V1.median().item()
    log_V = typical + math.log(-math.expm1(-typical))
    numbers = {
        "sigma": model.sigma2.sqrt().item(),
        "log10_draws": 2 + log_V / math.log(10),
        "factor_a_latent": math.exp(typical / latent_dim),
    }
    return {key: float(f"{value:.5g}") for key, value in numbers.items()}


def main() -> None:
    n = workers(__doc__)
    settings = [{"data": data, "latent_dim": size, "seed": seed} for data in DATA for size in (1, 2, 5, 10, 20) for seed in SEEDS]
    sweep("price_of_latents", price, settings, {"model": "probabilistic PCA"}, n)
    settings = [{"data": data, "seed": seed} for data in DATA for seed in SEEDS]
    sweep("posteriors", run, settings, {"images": "binarized", "model": MODEL}, n)


if __name__ == "__main__":
    main()

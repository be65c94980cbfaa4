"""How far is the ELBO below log p(x), and whose fault is it? The stored half of notebook 09.

    python experiments/inference_gaps.py              run what is missing in inference_gaps.csv and encoder_sizes.csv (half an hour)
    python experiments/inference_gaps.py digits       the digits only

A run is one trained model and one set of images: unseen test images, training images, images that the model itself has made. For each
image log p(x), the ELBO of the encoder's q, of the best diagonal and the best full Gaussian, and of q after 1, 2, 5, … steps of refinement;
the row holds means over images and, as NAME_se, their standard errors. Of "gap" = log p − encoder, "approximation" = log p − diagonal,
"amortization" = diagonal − encoder, "full" = log p − full, "excess" = amortization − approximation the errors are of paired differences.

digits  8 × 8, L = 2 (notebook 07's model): log p(x) on a grid, ELBOs on a lattice, 60 images.
mnist   28 × 28, L = 10 (the shipped model is seed 0; other seeds are trained as it was): ELBOs from 400 draws, 50 images; log p(x) by
        annealed importance sampling from the best full Gaussian, a third wider, with HMC, from below. "sandwich" is the upper bound − the
        lower one, on the model's own images. How far may the lower one be trusted? "scatter" is the standard error of the mean weight of
        the chains over that weight (nats); "single" is the bound of all chains − the mean log weight of one.

encoder_sizes.csv: the decoder of such a model held, fresh encoders of two sizes trained for it, as long as it was: "amortization" as above.
"""

import argparse
import math
from functools import cache

import torch
from sweep import sweep
from torch import Tensor
from torch.distributions import MultivariateNormal

from vae_helpers import datasets, pretrained
from vae_helpers.evaluation import estimate, log_evidence_grid
from vae_helpers.inference import ais
from vae_helpers.inference.per_image import Gaussians, elbo_at, encoded, fit_gaussians, joint_of
from vae_helpers.models import VAE
from vae_helpers.training import fit

SHAPES, LATENT_DIM, UNITS = {"digits": (8, 8), "mnist": (28, 28)}, {"digits": 2, "mnist": 10}, {"digits": (256, 128), "mnist": (200, 64)}
TRAINING = {"digits": {"epochs": 200, "batch_size": 100, "lr": 5e-3}, "mnist": {"epochs": 60, "batch_size": 200, "lr": 1e-2}}
ENCODERS = {"digits": ("4", "256-128"), "mnist": ("20", "200-64")}  # units of each hidden layer
STEPS = (1, 2, 5, 10, 20, 50)
N_IMAGES = {"digits": 60, "mnist": 50}
CHAINS, RUNGS, WIDER = 12, 100, 4 / 3
DRAWS = 8  # of z a step of a fit
FACTS = {
    "fits": "Adam 0.1, 200 steps to nothing along a cosine; refinement at a constant 0.1",
    "annealing": f"{CHAINS} chains, {RUNGS} rungs",
}


@cache
def model(data: str, seed: int) -> VAE:
    """Notebook 07's model of the digits, or the shipped ten-dimensional one of MNIST; trained anew for other seeds."""
    if data == "mnist" and seed == 0:
        vae = pretrained.load("mnist_vae_10d")
    else:
        vae = learn(VAE(SHAPES[data], LATENT_DIM[data], UNITS[data], seed=seed), data, seed)
    return vae.requires_grad_(False)


@cache
def encoder(data: str, units: str, seed: int) -> VAE:
    """A fresh encoder for the decoder of a model that is trained."""
    vae = model(data, seed)
    fresh = VAE(SHAPES[data], vae.latent_dim, tuple(map(int, units.split("-"))), seed=100 + seed)
    fresh.decoder = vae.decoder  # its weights ask for no gradient
    return learn(fresh, data, 100 + seed).requires_grad_(False)


def learn(vae: VAE, data: str, seed: int) -> VAE:
    fit(vae, datasets.load(data), schedule="one_cycle", binarize=True, seed=seed, progress=False, **TRAINING[data])
    return vae


def images(data: str, split: str, seed: int) -> tuple[Tensor, Tensor | None]:
    """Black-or-white images of one kind, (n, D); and for the model's own images the z that made them, (n, L)."""
    vae, n = model(data, seed), N_IMAGES[data]
    if split == "simulated":
        noise = torch.Generator().manual_seed(1000 + seed)
        z = torch.randn(n, vae.latent_dim, generator=noise)
        return torch.bernoulli(vae.likelihood.mean(vae.outputs(z)), generator=noise), z.double()
    real = datasets.load(data).binarized(seed)
    return vae.flatten({"test": real.test, "train": real.train}[split].images[:n]), None


def better(log_joint, a: Gaussians, b: Gaussians, points) -> Gaussians:
    """For each image the q with the higher ELBO."""
    first = elbo_at(log_joint, a, *points) > elbo_at(log_joint, b, *points)
    return Gaussians(torch.where(first[:, None], a.mu, b.mu), torch.where(first[:, None, None], a.scale, b.scale))


def last(path: Gaussians) -> Gaussians:
    return Gaussians(path.mu[-1], path.scale[-1])


def annealed(log_joint, q: Gaussians, noise: torch.Generator, z: Tensor | None) -> tuple[ais.Climb, ais.Climb | None]:
    """Climbs from a wider q, and back down from z where that is an exact draw of the posterior."""
    wide = MultivariateNormal(q.mu, scale_tril=WIDER * q.scale)
    start = Gaussians(q.mu, WIDER * q.scale).at(torch.randn(CHAINS, *q.mu.shape, dtype=torch.float64, generator=noise))
    betas = ais.ladder(RUNGS)
    steps = ais.tune_steps(wide.log_prob, log_joint, start, betas, step=0.05, generator=noise)
    up = ais.anneal(wide.log_prob, log_joint, start, betas, steps, generator=noise)
    down = None
    if z is not None:
        down = ais.anneal(wide.log_prob, log_joint, z.expand(CHAINS, -1, -1), betas, steps, reverse=True, generator=noise)
    return up, down


def run(data: str, split: str, seed: int) -> dict[str, float]:
    """All bounds of one set of images."""
    vae, (x, z), noise = model(data, seed), images(data, split, seed), torch.Generator().manual_seed(seed)
    log_joint, q = joint_of(vae, x), encoded(vae, x)
    small, points = vae.latent_dim <= 2, points_of(vae, noise)

    def best(start: Gaussians, full: bool) -> Gaussians:
        return last(fit_gaussians(log_joint, start, 200, full, points=DRAWS, generator=noise))

    climbed = best(q, full=True)
    if small:
        log_p = log_evidence_grid(vae, x).log_evidence
        sandwich = scatter = single = None
        other = posterior_moments(vae, x)
    else:
        up, down = annealed(log_joint, climbed, noise, z)
        log_p = ais.lower_bound(up.log_weights)
        sandwich = None if down is None else ais.upper_bound(down.log_weights) - log_p
        shares = up.log_weights.softmax(0)  # (CHAINS, batch)
        scatter, single = shares.std(0) * CHAINS**0.5, log_p - up.log_weights.mean(0)
        other = Gaussians(up.z.mean(0), torch.diag_embed(up.z.std(0)))
    diagonal = better(log_joint, best(q, full=False), best(other, full=False), points)
    full = better(log_joint, climbed, best(diagonal, full=True), points)

    elbo, elbo_diagonal, elbo_full = (elbo_at(log_joint, each, *points) for each in (q, diagonal, full))
    found = {
        "log_evidence": log_p,
        "gap": log_p - elbo,
        "approximation": log_p - elbo_diagonal,
        "amortization": elbo_diagonal - elbo,
        "excess": 2 * elbo_diagonal - elbo - log_p,
        "full": log_p - elbo_full,
    }
    for name, values in {"sandwich": sandwich, "scatter": scatter, "single": single}.items():
        found[name] = torch.full_like(elbo, math.nan) if values is None else values
    prior = Gaussians(torch.zeros_like(q.mu), torch.eye(vae.latent_dim).double().expand_as(q.scale))
    for name, start in (("encoder", q), ("prior", prior)):
        path = fit_gaussians(log_joint, start, STEPS[-1], decay=False, points=DRAWS, generator=noise)
        for step in STEPS:
            found[f"from_{name}_{step}"] = log_p - elbo_at(log_joint, Gaussians(path.mu[step], path.scale[step]), *points)
    half = (elbo_diagonal - elbo).sort(descending=True).values.cumsum(0)
    return {"images_with_half_of_it": int((half < half[-1] / 2).sum()) + 1, "images": len(x)} | told(found)


def run_encoder(data: str, units: str, split: str, seed: int) -> dict[str, float]:
    """What a fresh encoder misses; the best diagonal q is climbed to from its guess and from that of the model's own encoder."""
    vae, (x, _), noise = model(data, seed), images(data, split, seed), torch.Generator().manual_seed(seed)
    log_joint, q, points = joint_of(vae, x), encoded(encoder(data, units, seed), x), points_of(vae, noise)
    climbs = [last(fit_gaussians(log_joint, each, 200, points=DRAWS, generator=noise)) for each in (q, encoded(vae, x))]
    best = better(log_joint, *climbs, points)
    elbo, elbo_best = (elbo_at(log_joint, each, *points) for each in (q, best))
    return told({"elbo": elbo, "amortization": elbo_best - elbo})


def told(found: dict[str, Tensor]) -> dict[str, float]:
    """Means over images and their standard errors."""
    numbers = {}
    for name, values in found.items():
        mean, stderr = estimate(values)
        numbers |= {name: round(mean, 4), f"{name}_se": round(stderr, 4)}
    return numbers


def points_of(vae: VAE, noise: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """Where the ELBO's integrand is read, in units of q: a lattice at L = 2, draws beyond."""
    return lattice() if vae.latent_dim <= 2 else (torch.randn(400, 1, vae.latent_dim, dtype=torch.float64, generator=noise), None)


def lattice() -> tuple[Tensor, Tensor]:
    """Points (289, 1, 2) six tenths of a standard deviation apart and their weights under N(0, I): kinks of a ReLU do it no harm."""
    axis = torch.linspace(-4.8, 4.8, 17, dtype=torch.float64)
    eps = torch.cartesian_prod(axis, axis)
    return eps[:, None], (-0.5 * eps.square().sum(-1)).softmax(0)


def posterior_moments(vae: VAE, x: Tensor) -> Gaussians:
    """Mean and standard deviations of the true posterior in two dimensions, from a grid: a second place to start from."""
    axis = torch.linspace(-6, 6, 161)
    z = torch.cartesian_prod(axis, axis)
    log_joint = vae.likelihood.log_prob_table(vae.outputs(z), x) + vae.prior.log_prob(z)[:, None]
    mass, z = log_joint.double().softmax(0), z.double()  # (G, batch)
    mean = mass.T @ z
    return Gaussians(mean, torch.diag_embed((mass.T @ z**2 - mean**2).sqrt()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["digits", "mnist"], help="digits, mnist or both (the default)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    order = [("mnist", split, 0) for split in ("test", "train", "simulated")]
    order += [("digits", split, seed) for seed in range(8) for split in ("test", "train")]
    order += [("mnist", split, seed) for seed in (1, 2) for split in ("test", "train")]
    settings = [dict(zip(("data", "split", "seed"), each, strict=True)) for each in order if each[0] in options.data]
    sweep("inference_gaps", run, settings, FACTS, options.workers)
    settings = [
        {"data": data, "units": units, "split": split, "seed": seed}
        for data, seeds in (("digits", 8), ("mnist", 3))
        for seed in range(seeds)
        for units in ENCODERS[data]
        for split in ("test", "train")
        if data in options.data
    ]
    sweep("encoder_sizes", run_encoder, settings, {"fits": FACTS["fits"]}, options.workers)


if __name__ == "__main__":
    main()

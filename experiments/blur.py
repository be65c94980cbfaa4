"""What makes a VAE's images soft, and is its sheet as wide as its code? σ, β and L varied one at a time (notebook 10).

    python experiments/blur.py digits     six seeds; or mnist, three

VAEs under a Gaussian with σ given, grey pixels, Adam, one cycle. Digits 64-64-L, 40 passes to 0.005; MNIST 784-200-L, two passes to 0.003;
batches of 100. From σ = 0.1, β = 1 and L = 8 or 16 one thing is changed, the weights so that βσ² is that of the other σ.
On test images: edges of reconstructions (z from q) and of samples, over those of the data; units: dimensions with a KL above 0.1 nat,
by_mean: with a mean whose variance is above 0.01. J is the decoder's Jacobian at z = μ over the noise √β σ, s its singular values, sorted:
directions: ½ ln(1 + s²), averaged over 300 images, above 0.1 nat; stretch: their sum over all s.
"""

import sys

import torch
from gan import edges
from sweep import sweep

from vae_helpers import datasets
from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE
from vae_helpers.training import fit

SEEDS = {"digits": range(6), "mnist": range(3)}
HIDDEN, EPOCHS, LR = {"digits": 64, "mnist": 200}, {"digits": 40, "mnist": 2}, {"digits": 5e-3, "mnist": 3e-3}
SIGMA, SIZES = 0.1, {"digits": (8, 2, 4, 32), "mnist": (16, 2, 8, 64)}  # the first is the base


def run(data: str, sigma: float, beta: float, latent_dim: int, seed: int) -> dict:
    """Train one model and look at its images and at its sheet."""
    loaded = datasets.load(data)
    vae = VAE(loaded.image_shape, latent_dim, (HIDDEN[data],), Gaussian(sigma), seed=seed)
    options = {"epochs": EPOCHS[data], "batch_size": 100, "lr": LR[data], "schedule": "one_cycle", "progress": False}
    fit(vae, loaded, seed=seed, beta=beta, **options)
    x, g = loaded.test.images[:1000], torch.Generator().manual_seed(seed)
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(x)
        rebuilt = vae.mean_image(mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=g))
        drawn = vae.mean_image(torch.randn(len(x), latent_dim, generator=g))
        kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(0)
        J = torch.func.vmap(torch.func.jacfwd(vae.outputs))(mu[:300])  # (300, D, L)
        worth = ((torch.linalg.svdvals(J) / sigma).square() / beta).log1p().mean(0) / 2
    found = {
        "edges_rebuilt": edges(rebuilt) / edges(x),
        "edges_drawn": edges(drawn) / edges(x),
        "kl": kl.sum().item(),
        "units": int((kl > 0.1).sum()),
        "by_mean": int((mu.var(0) > 0.01).sum()),
        "directions": int((worth > 0.1).sum()),
        "stretch": worth.sum().item(),
    }
    return {name: round(value, 4) for name, value in found.items()}


def settings(data: str) -> list[dict]:
    """σ, β and L, one at a time; the base once."""
    base, *others = SIZES[data]
    dials = [(sigma, 1.0, base) for sigma in (SIGMA, 0.05, 0.2, 0.4)]
    dials += [(SIGMA, beta, base) for beta in (0.25, 4.0, 16.0)] + [(SIGMA, 1.0, size) for size in others]
    return [{"data": data, "sigma": s, "beta": b, "latent_dim": size, "seed": seed} for seed in SEEDS[data] for s, b, size in dials]


if __name__ == "__main__":
    sweep("blur", run, settings(sys.argv[1]))

"""Notebook 05 on MNIST: what do squared error, cross-entropy, one learned σ and a σ per pixel make of the same network?

    python experiments/noise_models.py        run what is missing in noise_models.csv

Grey MNIST; VAE 784-256-L-256-784, four epochs, batches of 200, Adam, one cycle to 0.003; learned σs start at the spread of the pixels.
On 2,000 test images, one sample of z each: squared error a pixel of the mean (cut to [0, 1]), KL, median of the bound in its own unit,
softness (mean of m(1 − m)), of all pixels and of those that are neither in nor beside the digit ("background": no ink within two pixels).
"missing": by how many nats an image the "density" of the cross-entropy falls short of integrating to one, at the decoder's means.
"""

import math

import torch
import torch.nn.functional as F
from sweep import sweep, workers
from torch import Tensor
from trained import load, start_at_spread, stream

from vae_helpers import likelihoods
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.training import fit

SEEDS, SIZES = (0, 1, 2), (4, 20)
NOISE = {
    "sum of squares": lambda: likelihoods.Gaussian(sigma=0.5**0.5),
    "cross-entropy": likelihoods.Bernoulli,
    "learned σ": lambda: likelihoods.Gaussian("shared"),
    "σ per pixel": lambda: likelihoods.Gaussian("pixel"),
}
FACTS = {"data": "MNIST, grey", "model": "VAE 784-256-L-256-784", "epochs": 4, "batch_size": 200, "lr": 0.003}


def run(noise: str, latent_dim: int, seed: int) -> dict[str, float]:
    mnist = load("mnist")
    vae = VAE((28, 28), latent_dim, (256,), likelihood=NOISE[noise](), seed=seed)
    start_at_spread(vae, mnist.train.images)
    fit(vae, mnist, epochs=4, batch_size=200, lr=3e-3, schedule="one_cycle", seed=seed, progress=False)
    images = mnist.test.images[:2000]
    x, g = images.flatten(1), stream(seed, 1)
    background = F.max_pool2d(images[:, None], 5, 1, 2).flatten(1) == 0
    with torch.no_grad():
        terms = elbo(vae, x, n_samples=5, generator=g)
        mu, logvar = vae.mu_logvar(x)
        outputs = vae.outputs(mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=g))
        m = vae.likelihood.mean(outputs).clamp(0, 1)
    soft = m * (1 - m)
    found = {
        "squared_error": (x - m).square().mean(),
        "kl": terms.kl.mean(),
        "median_bound": terms.elbo.median(),
        "softness": soft.mean(),
        "softness_of_background": soft[background].mean(),
        "softness_elsewhere": soft[~background].mean(),
        "softness_of_images": (x * (1 - x)).mean(),
        "sigma": (vae.likelihood.logvar / 2).exp() if noise == "learned σ" else math.nan,
        "missing": -log_integral(outputs).sum(1).mean() if noise == "cross-entropy" else math.nan,
    }
    return {key: round(float(value), 5) for key, value in found.items()}


def log_integral(logits: Tensor) -> Tensor:
    """log ∫₀¹ mˣ (1 − m)¹⁻ˣ dx = log((e^a − 1) / a) − log(1 + e^a), at the logit a, for each pixel (Loaiza-Ganem & Cunningham 2019)."""
    a = logits.double().abs().clamp(min=1e-4)  # even in a
    return a + torch.log(-torch.expm1(-a) / a) - F.softplus(a)


def main() -> None:
    settings = [{"noise": noise, "latent_dim": size, "seed": seed} for seed in SEEDS for size in SIZES for noise in NOISE]
    sweep("noise_models", run, settings, FACTS, workers(__doc__))


if __name__ == "__main__":
    main()

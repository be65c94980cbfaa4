"""Notebook 04 on MNIST: is the closed-form KL the quieter one, is k₃ any good for a VAE, and what does a clamp on log σ² do?

    python experiments/kl_estimators.py        run what is missing in kl_estimators.csv and clamps.csv

kl_estimators: B is the bound with the KL in closed form, A the one with everything sampled. Variance over 64 samples of z, averaged over
500 test images: of the value, untrained and trained; of the gradient in μ and log σ², together and log σ² alone, and log σ² alone where
|μ| > 1.5; share of (image, dimension) pairs at which B's log σ² gradient is the noisier one; share of images with a dimension of σ² ≤ ½,
where k₃ has no variance, and share for which the mean of 64 k₃ is below the KL.
clamps: the weights that put out log σ² times 1, 100 or 300 at the start; training free, or with log σ² clamped to ±10; digits 64-64-2,
40 epochs of batches of 64 at 0.003, MNIST 784-200-64-2, two epochs of batches of 200: test ELBO (nan: it broke), and the share of
(image, dimension) pairs whose log σ² lies outside ±10 before and after.
"""

import math

import torch
from sweep import sweep, workers
from torch.distributions import Normal
from trained import MODEL, RECIPES, load, stream, trained

from vae_helpers import datasets, divergences
from vae_helpers.models import VAE

SEEDS = (0, 1, 2)


def kl_estimators(data: str, latent_dim: int, seed: int) -> dict[str, float]:
    x = load(data).binarized(0).test.images[:500].flatten(1)
    before = measure(VAE(load(data).image_shape, latent_dim, RECIPES[data][0], seed=seed), x, stream(seed, 1))
    after = measure(trained(data, "VAE", latent_dim, seed), x, stream(seed, 2))
    found = {"value_untrained": before["value"], "value_trained": after.pop("value")} | after
    return {key: round(float(value), 4) for key, value in found.items()}


def measure(vae: VAE, x: torch.Tensor, g: torch.Generator, n_samples: int = 64) -> dict[str, float]:
    """Ratios B/A of variances, and shares."""
    values, squares, u = [], [], []
    for part in x.split(50):
        mu, logvar = (t.expand(n_samples, *t.shape).clone().requires_grad_() for t in vae.mu_logvar(part))
        sigma = (logvar / 2).exp()
        z = mu + sigma * torch.randn(mu.shape, generator=g)
        reconstruction = vae.likelihood.log_prob(vae.outputs(z), part)
        sampled = Normal(mu, sigma).log_prob(z).sum(-1) - vae.prior.log_prob(z)
        both = reconstruction - sampled, reconstruction - divergences.kl_standard_normal(mu, logvar)
        values.append(torch.stack([b.var(0) for b in both]))  # (2, batch)
        grads = [torch.autograd.grad(b.sum(), (mu, logvar), retain_graph=True) for b in both]
        squares.append(torch.stack([torch.stack([g.var(0) for g in pair]) for pair in grads]))  # (2, μ or log σ², batch, L)
        u.append(sampled.detach())
    (a, b), grads = torch.cat(values, 1).detach(), torch.cat(squares, 2)
    mu, logvar = (t.detach() for t in vae.mu_logvar(x))
    (_, width_a), (_, width_b), far = grads[0], grads[1], mu.abs() > 1.5
    k3 = divergences.k3(torch.cat(u, 1).double()).mean(0)
    return {
        "value": b.mean() / a.mean(),
        "gradient": grads[1].sum() / grads[0].sum(),
        "gradient_width": width_b.sum() / width_a.sum(),
        "gradient_width_far_out": width_b[far].sum() / width_a[far].sum(),
        "width_noisier": (width_b > width_a).double().mean(),
        "width_noisier_far_out": (width_b > width_a)[far].double().mean(),
        "far_out": far.double().mean(),
        "k3_infinite": (logvar.exp() <= 0.5).any(1).double().mean(),
        "k3_too_low": (k3 < divergences.kl_standard_normal(mu, logvar)).double().mean(),
    }


def clamps(data: str, factor: int, clamped: str, seed: int) -> dict[str, float]:
    (hidden, batch_size, epochs) = ((64,), 64, 40) if data == "digits" else ((200, 64), 200, 2)
    images, x_test = load(data).train.images, load(data).binarized(0).test.images[:1000].flatten(1)
    vae, g = VAE(load(data).image_shape, 2, hidden, seed=seed), stream(seed, 1)
    with torch.no_grad():
        for part in (vae.encoder[-1].weight, vae.encoder[-1].bias):
            part[2:] *= factor

    def bound(x):
        mu, logvar = vae.mu_logvar(x)
        logvar = logvar.clamp(-10, 10) if clamped == "clamped" else logvar
        z = mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=g)
        return vae.likelihood.log_prob(vae.outputs(z), x) - divergences.kl_standard_normal(mu, logvar)

    def outside():
        logvar = vae.mu_logvar(x_test)[1]
        return (logvar.abs() > 10).double().mean().item() if logvar.isfinite().all() else math.nan

    found, optimizer = {"outside_before": outside()}, torch.optim.Adam(vae.parameters(), lr=3e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=g).split(batch_size):
            optimizer.zero_grad()
            (-bound(datasets.binarize(images[batch], g).flatten(1)).mean()).backward()
            optimizer.step()
    with torch.no_grad():
        found |= {"elbo": bound(x_test).mean().item(), "outside_after": outside()}
    return {key: round(value, 4) for key, value in found.items()}


def main() -> None:
    n = workers(__doc__)
    settings = [
        {"data": data, "factor": factor, "clamped": clamped, "seed": seed}
        for data in ("digits", "mnist")
        for seed in (*SEEDS, 3)
        for factor in (1, 100, 300)
        for clamped in ("free", "clamped")
    ]
    sweep("clamps", clamps, settings, {"model": "VAE 64-64-2 or 784-200-64-2, Bernoulli"}, n)
    sizes = (("digits", 2), ("digits", 8), ("mnist", 2), ("mnist", 10))
    settings = [{"data": data, "latent_dim": size, "seed": seed} for seed in SEEDS for data, size in sizes]
    sweep("kl_estimators", kl_estimators, settings, {"model": MODEL}, n)


if __name__ == "__main__":
    main()

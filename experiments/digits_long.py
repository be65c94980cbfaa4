"""Notebook 07 on 8×8 digits, trained long enough: a Gaussian VAE against mixtures, and spare dimensions.

    python experiments/digits_long.py        run what is missing in gaussian_vae.csv and spare_dimensions.csv

gaussian_vae: log p(x) ≥ (500 importance samples) of a VAE with L = 2 and one learned σ on grey digits, from two starting values of σ and
for two lengths of training; σ beside the root mean square of what is left on training images, which it should equal; the paired lead over
the best of five starts of a mixture of 20 round Gaussians (own σ for each), chosen on training images.
spare_dimensions: the page's sweep over L, for 60 and for 300 epochs: ELBO and importance-weighted bound (500) on 360 held-out training
images, active units by the page's rule (variance of μ above 0.01), and dimensions whose KL is above 0.05 and 0.1 nat.
"""

import math

import torch
from sklearn.mixture import GaussianMixture
from sweep import sweep, workers
from trained import load, stream

from vae_helpers.evaluation import active_units, estimate, evaluate_bound
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, importance_weighted_bound
from vae_helpers.training import fit

SEEDS = (0, 1, 2, 3, 4)
STARTS = {"σ = 1": 0.0, "σ = 0.22": math.log(0.05)}
FACTS = {"data": "digits, 8×8"}


def gaussian_vae(start: str, epochs: int, seed: int) -> dict[str, float]:
    digits = load("digits")
    vae = VAE((8, 8), 2, (256, 128), likelihood="gaussian", seed=seed)
    vae.likelihood.logvar.data.fill_(STARTS[start])
    fit(vae, digits, epochs=epochs, batch_size=100, lr=5e-3, schedule="one_cycle", seed=seed, progress=False)
    x, x_train = digits.test.images.flatten(1), digits.train.images.flatten(1)
    with torch.no_grad():
        g = stream(seed, 1)
        bound = torch.cat([importance_weighted_bound(vae, part, 500, g) for part in x.split(20)]).double()
        left = (x_train - vae.decode(vae.encode(x_train).sample()).mean).square().mean().sqrt()
        sigma = (vae.likelihood.logvar / 2).exp()
    mixtures = [GaussianMixture(20, covariance_type="spherical", random_state=100 * seed + k).fit(x_train.double()) for k in range(5)]
    of_mixture = torch.from_numpy(max(mixtures, key=lambda m: m.lower_bound_).score_samples(x.double().numpy()))
    lead = estimate(bound - of_mixture)
    found = {"log_p": bound.mean(), "mixture": of_mixture.mean(), "lead": lead.mean, "lead_stderr": lead.stderr}
    return {key: round(float(v), 4) for key, v in (found | {"sigma": sigma, "rms_left_on_training_images": left}).items()}


def spare_dimensions(latent_dim: int, epochs: int, seed: int) -> dict[str, float]:
    grey, to_choose = load("digits").train.images, load("digits").binarized(seed).train.images[1078:]
    vae = VAE((8, 8), latent_dim, (128,), seed=seed)
    fit(vae, grey[:1078], epochs=epochs, batch_size=100, lr=1e-2, schedule="one_cycle", binarize=True, seed=seed, progress=False)
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(to_choose)
        kl = (0.5 * (mu**2 + logvar.exp() - 1 - logvar)).mean(0)
        bound = estimate(elbo(vae, to_choose, n_samples=20, generator=stream(seed, 1)).elbo)
    weighted = evaluate_bound(vae, to_choose, n_samples=500, seed=seed)
    found = {"elbo": bound.mean, "elbo_stderr": bound.stderr, "bound_500": weighted.mean, "bound_500_stderr": weighted.stderr}
    found |= {"active_units": active_units(vae, to_choose).sum()} | {f"kl_above_{t}": (kl > t).sum() for t in (0.05, 0.1)}
    return {key: round(float(v), 4) for key, v in (found | {"kl": kl.sum()}).items()}


def main() -> None:
    n = workers(__doc__)
    settings = [{"start": start, "epochs": epochs, "seed": seed} for seed in SEEDS for start in STARTS for epochs in (100, 300)]
    sweep("gaussian_vae", gaussian_vae, settings, FACTS | {"model": "VAE 64-256-128-2, Gaussian, one σ"}, n)
    sizes = [(epochs, latent_dim) for epochs in (60, 300) for latent_dim in (2, 4, 8, 16, 64)]
    settings = [{"latent_dim": size, "epochs": epochs, "seed": seed} for seed in SEEDS[:3] for epochs, size in sizes]
    sweep("spare_dimensions", spare_dimensions, settings, FACTS | {"model": "VAE 64-128-L, Bernoulli, pixels drawn anew"}, n)


if __name__ == "__main__":
    main()

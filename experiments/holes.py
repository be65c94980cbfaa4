"""Notebooks 01 and 07: do random codes decode to something near real images, and what closes the holes?

    python experiments/holes.py        run what is missing in holes.csv

Three kinds of model, several sizes of the code, 8×8 digits and MNIST. Random codes from the box around the codes of the training images
(a VAE: its means), from the Gaussian fitted to them, from a mixture of ten Gaussians fitted to them, and from the prior (VAE only).
Distances are Euclidean, from the decoded image to the nearest training image, in pixels; "one_class" is the share of images whose five
nearest training images are of one class. Emptiness of the box and of the Gaussian, from a random code to the nearest training code, in
two units: times the distance of a test code to its nearest, and as a share of the mean distance between two training codes.
"""

import math

import torch
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sweep import sweep, workers
from torch import Tensor
from trained import MODEL, load, stream, trained

from vae_helpers.evaluation import nearest_distance
from vae_helpers.models import VAE

SEEDS, RANDOM = (0, 1, 2), 500
SIZES = {
    "digits": {"autoencoder": (2, 4, 8, 16), "VAE": (2, 4, 8, 16), "VAE, σ = 0.1": (2, 16)},
    "mnist": {"autoencoder": (2, 8, 16), "VAE": (2, 16), "VAE, σ = 0.1": (16,)},
}
FACTS = {"model": MODEL, "random_codes": RANDOM, "reference": "all training images; classes by the first 10,000"}


def run(data: str, kind: str, latent_dim: int, seed: int) -> dict[str, float]:
    model, images = trained(data, kind, latent_dim, seed), load(data)
    train, test = images.train, images.test.images[:1000]
    five = KNeighborsClassifier(5).fit(train.images[:10_000].flatten(1), train.labels[:10_000])
    codes, fresh = encode(model, train.images[:20_000]), encode(model, test)
    rebuilt = model.mean_image(fresh)
    found = {
        "error": (rebuilt - test).square().sum((1, 2)).mean(),
        "kl": rate(model, test),
        "neighbours_agree": KNeighborsClassifier(5).fit(codes, train.labels[:20_000]).score(fresh, images.test.labels[:1000]),
    }
    randoms = random_codes(codes, seed)
    pictures = {"real": test, "rebuilt": rebuilt} | {name: model.mean_image(z) for name, z in randoms.items()}
    for name, shown in pictures.items():
        nothing = name == "prior" and kind == "autoencoder"
        found[name] = math.nan if nothing else nearest_distance(shown[:RANDOM], train.images).mean()
        found[f"{name}_one_class"] = math.nan if nothing else (five.predict_proba(shown[:RANDOM].flatten(1)).max(1) == 1).mean()
    usual, between = nearest(fresh, codes), torch.cdist(codes[:1000], codes[-1000:]).mean()
    for name in ("box", "gaussian"):
        empty = nearest(randoms[name], codes)
        found |= {f"{name}_emptiness": empty / usual, f"{name}_emptiness_of_mean_distance": empty / between}
    return {key: round(float(value), 4) for key, value in found.items()}


def encode(model, images: Tensor) -> Tensor:
    """Codes, or the means of q(z|x): (N, L)."""
    return model.mu_logvar(images)[0] if isinstance(model, VAE) else model.encode(images)


def rate(model, images: Tensor) -> float:
    """KL(q(z|x) ‖ p(z)), nats per image; nan for an autoencoder."""
    if not isinstance(model, VAE):
        return math.nan
    mu, logvar = model.mu_logvar(images)
    return (0.5 * (mu**2 + logvar.exp() - 1 - logvar)).sum(1).mean().item()


def random_codes(codes: Tensor, seed: int) -> dict[str, Tensor]:
    """Name → (RANDOM, L)."""
    latent_dim, g = codes.shape[1], stream(seed, 1)
    low, high = codes.amin(0), codes.amax(0)
    factor = torch.linalg.cholesky(torch.cov(codes.T) + 1e-6 * torch.eye(latent_dim))
    mixture = GaussianMixture(10, random_state=seed, reg_covar=1e-5).fit(codes)
    return {
        "box": low + (high - low) * torch.rand(RANDOM, latent_dim, generator=g),
        "gaussian": codes.mean(0) + torch.randn(RANDOM, latent_dim, generator=g) @ factor.T,
        "mixture": torch.from_numpy(mixture.sample(RANDOM)[0]).float(),
        "prior": torch.randn(RANDOM, latent_dim, generator=g),
    }


def nearest(z: Tensor, codes: Tensor) -> Tensor:
    return torch.cdist(z, codes).amin(1).mean()


def main() -> None:
    settings = [
        {"data": data, "kind": kind, "latent_dim": size, "seed": seed}
        for data, kinds in SIZES.items()
        for seed in SEEDS
        for kind, sizes in kinds.items()
        for size in sizes
    ]
    sweep("holes", run, settings, FACTS, workers(__doc__))


if __name__ == "__main__":
    main()

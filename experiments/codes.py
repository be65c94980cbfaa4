"""Notebook 08 on MNIST: features, paths between codes, codes against the prior, arithmetic. VAEs of ten dimensions.

    python experiments/codes.py        run what is missing in features, paths, code_clouds, arithmetic and clusters.csv

features: test accuracy of a nearest neighbour and of a linear probe (C = 1, total variance 1) on the means of q(z|x), on as many numbers
of PCA, and on all pixels, with few labels; a lead is paired over draws of the labels, ± its standard error.
paths: 500 pairs of test digits of different classes; |z|² of ends and midpoints; images at the middle of a straight and of a spherical
path, and of a fade between the rebuilt digits: distance to the nearest of 20,000 training images, and the share whose five nearest are of
one class; length of the path and its largest step over the mean one.
code_clouds: energy distance of 1,000 means, and of 1,000 samples of q(z|x), to 3,000 draws from the prior, beside 200 random deals.
arithmetic: the difference of class means is added to test codes (or pixels); do they become the next class, how far from real digits are
they, and what do they keep of their own slant, width and ink? Correlations, beside those of rebuilding alone.
clusters: k-means with ten clusters, without labels, on the means, on as many numbers of PCA, and on pixels, of 5,000 training images:
adjusted Rand index of the clusters with the classes (1 for equal partitions, 0 on average for random ones), best of four starts by
k-means' own error.
"""

import math

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier
from sweep import sweep, workers
from torch import Tensor
from trained import MODEL, load, stream, trained

from vae_helpers.evaluation import estimate, nearest_distance

SEEDS, LABELS, DRAWS = (0, 1, 2), (10, 50, 250), 6
FACTS = {"data": "MNIST, means of q(z|x) of grey images", "model": MODEL}


def spaces(latent_dim: int, seed: int):
    """The model; codes of 20,000 training images and of 2,000 test images; both splits, cut to those."""
    vae, mnist = trained("mnist", "VAE", latent_dim, seed), load("mnist")
    (x, y), (x_test, y_test) = ((s.images[:n], s.labels[:n]) for s, n in ((mnist.train, 20_000), (mnist.test, 2_000)))
    return vae, vae.mu_logvar(x)[0], vae.mu_logvar(x_test)[0], x, y, x_test, y_test


def features(latent_dim: int, labels: int, seed: int) -> dict[str, float]:
    _, codes, codes_test, x, y, x_test, y_test = spaces(latent_dim, seed)
    flat, flat_test = x.flatten(1).numpy(), x_test.flatten(1).numpy()
    pca = PCA(latent_dim, random_state=0).fit(flat)
    known = {"vae": codes.numpy(), "pca": pca.transform(flat), "pixels": flat}
    fresh = {"vae": codes_test.numpy(), "pca": pca.transform(flat_test), "pixels": flat_test}
    right = {name: torch.zeros(DRAWS, 2) for name in known}
    for draw in range(DRAWS):
        rng = np.random.default_rng([seed, labels, draw])
        picked = np.concatenate([rng.choice(np.flatnonzero(y == digit), labels // 10, replace=False) for digit in range(10)])
        for name in known:
            scale = math.sqrt(known[name].var(0).sum())
            probe = LogisticRegression(max_iter=300, tol=1e-3).fit(known[name][picked] / scale, y[picked])
            nearest = KNeighborsClassifier(1).fit(known[name][picked], y[picked])
            right[name][draw, 0] = nearest.score(fresh[name], y_test)
            right[name][draw, 1] = probe.score(fresh[name] / scale, y_test)
    found = {}
    for column, what in enumerate(("nearest", "probe")):
        found |= {f"{what}_{name}": values[:, column].mean().item() for name, values in right.items()}
        for rival in ("pca", "pixels"):
            lead = estimate((right["vae"] - right[rival])[:, column])
            found |= {f"{what}_vae_over_{rival}": lead.mean, f"{what}_vae_over_{rival}_stderr": lead.stderr}
    return {key: round(value, 4) for key, value in found.items()}


def spherical(a: Tensor, b: Tensor, t: float) -> Tensor:
    """From a (n, L) at t = 0 to b at t = 1 along an arc."""
    theta = torch.arccos(torch.cosine_similarity(a, b, dim=-1).clamp(-1, 1))[:, None]
    return (torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b) / torch.sin(theta)


def paths(latent_dim: int, seed: int) -> dict[str, float]:
    vae, _, codes, x, y, x_test, y_test = spaces(latent_dim, seed)
    pick = torch.randperm(2_000, generator=stream(seed, 1))
    first, second = pick[:1000], pick[1000:]
    first, second = (side[y_test[first] != y_test[second]][:500] for side in (first, second))
    a, b = codes[first], codes[second]
    five = KNeighborsClassifier(5).fit(x.flatten(1), y)
    ends = vae.mean_image(a), vae.mean_image(b)
    ways = {"straight": lambda t: vae.mean_image((1 - t) * a + t * b), "spherical": lambda t: vae.mean_image(spherical(a, b, t))}
    ways["fade"] = lambda t: (1 - t) * ends[0] + t * ends[1]
    found = {"ends": torch.cat([a, b]), "straight_middle": (a + b) / 2, "spherical_middle": spherical(a, b, 0.5)}
    found = {f"square_of_{name}": z.square().sum(1).median() for name, z in found.items()}
    found["square_of_prior"] = torch.randn(20_000, latent_dim, generator=stream(seed, 2)).square().sum(1).median()
    middle = {name: way(0.5) for name, way in ways.items()} | {"rebuilt": ends[0], "real": x_test[first]}
    middle["prior"] = vae.mean_image(torch.randn(500, latent_dim, generator=stream(seed, 3)))
    away = {name: nearest_distance(images, x) for name, images in middle.items()}
    for name, images in middle.items():
        found |= {f"{name}_distance": away[name].mean(), f"{name}_one_class": (five.predict_proba(images.flatten(1)).max(1) == 1).mean()}
    for rival in ("straight", "fade"):
        less = estimate(away["spherical"] - away[rival])
        found |= {f"spherical_minus_{rival}": less.mean, f"spherical_minus_{rival}_stderr": less.stderr}
    for name, way in ways.items():
        frames = torch.stack([way(t) for t in torch.linspace(0, 1, 17)])
        step = (frames[1:] - frames[:-1]).flatten(2).norm(dim=-1)
        found |= {f"{name}_length": step.sum(0).mean(), f"{name}_unevenness": (step.amax(0) / step.mean(0)).mean()}
    return {key: round(float(value), 4) for key, value in found.items()}


def code_clouds(latent_dim: int, seed: int) -> dict[str, float]:
    """Energy distances, (median and largest of the deals), and the mean KL."""
    vae, x = trained("mnist", "VAE", latent_dim, seed), load("mnist").binarized(0).test.images[:1000]
    mu, logvar = vae.mu_logvar(x)
    samples = mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=stream(seed, 1))
    found = {"kl": (0.5 * (mu**2 + logvar.exp() - 1 - logvar)).sum(1).mean()}
    for name, cloud in (("means", mu), ("samples", samples)):
        points = torch.cat([cloud, torch.randn(3000, latent_dim, generator=stream(seed, 2))])
        order = torch.stack([torch.arange(4000)] + [torch.randperm(4000, generator=stream(seed, 3 + k)) for k in range(200)])
        weight = torch.where(order < 1000, 1 / 1000, -1 / 3000)  # (1 + deals, points)
        energy = -((weight @ torch.cdist(points, points)) * weight).sum(1)
        found |= {f"energy_{name}": energy[0], f"dealt_{name}": energy[1:].median(), f"dealt_{name}_largest": energy[1:].max()}
    return {key: round(float(value), 5) for key, value in found.items()}


def traits(images: Tensor) -> Tensor:
    """(N, 28, 28) → (3, N): ink; slant, in pixels to the left a pixel upwards; width."""
    at = torch.arange(28.0)
    ink, along, down = images.sum((1, 2)), images.sum(1), images.sum(2)
    dx, dy = at - (along @ at / ink)[:, None], at - (down @ at / ink)[:, None]
    slant = torch.einsum("nyx,ny,nx->n", images, dy, dx) / (down * dy**2).sum(1)
    return torch.stack([ink, slant, ((along * dx**2).sum(1) / ink).sqrt()])


def arithmetic(latent_dim: int, seed: int) -> dict[str, float]:
    vae, codes, codes_test, x, y, x_test, y_test = spaces(latent_dim, seed)
    wanted, nearest = (y_test + 1) % 10, KNeighborsClassifier(1).fit(x.flatten(1), y)

    def moved(space, space_test):
        means = torch.stack([space[y == digit].mean(0) for digit in range(10)])
        return space_test + means[wanted] - means[y_test]

    def own(images, classes):
        values = traits(images)
        return values - torch.stack([values[:, classes == digit].mean(1) for digit in range(10)], 1)[:, classes]

    found, before = {}, own(x_test, y_test)
    ways = {"rebuilt": (vae.mean_image(codes_test), y_test), "codes": (vae.mean_image(moved(codes, codes_test)), wanted)}
    ways["pixels"] = moved(x, x_test).clamp(0, 1), wanted
    for name, (images, classes) in ways.items():
        found[f"{name}_right"] = float((nearest.predict(images.flatten(1)) == classes.numpy()).mean())
        found[f"{name}_distance"] = nearest_distance(images, x).mean().item()
        for trait, pair in zip(("ink", "slant", "width"), zip(before, own(images, classes), strict=True), strict=True):
            found[f"{name}_keeps_{trait}"] = torch.corrcoef(torch.stack(pair))[0, 1].item()
    return {key: round(value, 4) for key, value in found.items()}


def clusters(latent_dim: int, seed: int) -> dict[str, float]:
    _, codes, _, x, y, _, _ = spaces(latent_dim, seed)
    flat = x.flatten(1).numpy()
    of = {"vae": codes.numpy(), "pca": PCA(latent_dim, random_state=0).fit_transform(flat), "pixels": flat}
    means = {name: KMeans(10, n_init=4, random_state=seed).fit_predict(space[:5000]) for name, space in of.items()}
    return {name: round(float(adjusted_rand_score(y[:5000], found)), 4) for name, found in means.items()}


def main() -> None:
    n = workers(__doc__)
    models = [{"latent_dim": 10, "seed": seed} for seed in SEEDS]
    for name, run in (("paths", paths), ("code_clouds", code_clouds), ("arithmetic", arithmetic), ("clusters", clusters)):
        sweep(name, run, models, FACTS, n)
    settings = [{"latent_dim": m["latent_dim"], "labels": labels, "seed": m["seed"]} for m in models for labels in LABELS]
    sweep("features", features, settings, FACTS, n)


if __name__ == "__main__":
    main()

"""Pictures of notebook 07: the true posterior beside q, bounds that climb, training against held-out curves, holes against rebuilding."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from torch import Tensor
from torch.distributions import Normal

from ... import results
from ...look import ORANGE
from ...plots import curve

HOLES = (
    ("autoencoder, box", "-", "o", "C0"),
    ("autoencoder, Gaussian", "--", "^", "C0"),
    ("autoencoder, mixture", ":", "D", "C0"),
    ("VAE, prior", "-", "s", "C3"),
    ("VAE, σ = 0.1, prior", "--", "*", "C3"),
)


def posterior_and_q(ax: Axes, posterior: Tensor, axis: Tensor, mu: Tensor, sigma: Tensor, title: str = "") -> Axes:
    """The density of p(z|x) on a grid, (n, n) with z₁ down the rows and z₂ along the columns, and q(z|x) as its 1σ and 2σ ellipses.

    axis: (n,), the grid's values; mu, sigma: (2,). The picture is cut to where the two densities are.
    """
    posterior, axis, mu, sigma = map(np.asarray, (posterior, axis, mu, sigma))
    ax.pcolormesh(axis, axis, posterior.T, cmap="Blues", shading="nearest", rasterized=True)
    for k, style in ((1, "-"), (2, "--")):
        ax.add_patch(Ellipse(mu, *(2 * k * sigma), fill=False, color=ORANGE, linewidth=2, linestyle=style, label=f"q: {k}σ"))
    share = posterior / posterior.sum()
    centre = np.array([share.sum(1) @ axis, share.sum(0) @ axis])
    spread = np.sqrt((share * ((axis[:, None] - centre[0]) ** 2 + (axis - centre[1]) ** 2)).sum() / 2)
    (x, y), reach = (centre + mu) / 2, np.linalg.norm(centre - mu) / 2 + 3.5 * max(sigma.max(), spread)
    ax.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach))
    ax.set(xlabel="$z_1$", ylabel="$z_2$", title=title, aspect="equal")
    return ax


def climbing_bound(ax: Axes, n_samples: Sequence[int], bounds: Tensor, exact: Tensor) -> Axes:
    """Importance-weighted bounds, one row of per-image values a K: (len(n_samples), N), as what is missing to the exact ones (N,). Nats."""
    missing = bounds.double() - exact
    curve(ax, n_samples, missing.mean(1), missing.std(1) / math.sqrt(len(exact)), label="bound − exact log p(x), ± standard error")
    ax.axhline(0, color="black", linestyle="--", linewidth=1.5, label="log p(x), by quadrature")
    ax.set(xscale="log", xlabel="K, samples per image", ylabel="nats per image")
    ax.legend()
    return ax


def train_and_held_out(ax: Axes, train: Sequence[float], held_out: Sequence[float], title: str = "") -> Axes:
    """The bound on training and on held-out images after each epoch, nats per image, and the epoch that is best for the second."""
    epochs = range(1, len(train) + 1)
    curve(ax, epochs, train, label="training images", marker="")
    curve(ax, epochs, held_out, label="held-out images", marker="", linestyle="--")
    best = max(epochs, key=lambda epoch: held_out[epoch - 1])
    ax.axvline(best, color="black", linestyle=":", linewidth=1.5, label=f"best held-out bound: epoch {best}")
    ax.set(xlabel="epoch", ylabel="ELBO, nats per image", title=title)
    ax.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    return ax


def gaussian_grid(n: int, low: float = 0.03) -> Tensor:
    """Codes at the centres of a grid that is even in prior probability, (n, n, 2): rows from high z₂ to low, columns from low z₁ to high.

    Each axis is the inverse normal CDF of n even steps from `low` to 1 − low (Kingma & Welling 2014, figure 4).
    """
    if not 0 < low < 0.5:
        raise ValueError(f"low must be a probability between 0 and 0.5, got {low!r}")
    quantiles = Normal(0, 1).icdf(torch.linspace(low, 1 - low, n))
    z2, z1 = torch.meshgrid(quantiles.flip(0), quantiles, indexing="ij")
    return torch.stack([z1, z2], -1)


def runs_of_holes(data: str) -> dict[str, Tensor | float]:
    """The stored runs of `experiments/holes.py` on one data set, means over seeds, in order of size: kind and source of codes → (sizes, 2),
    reconstruction error and distance of random images to real ones; "real" → the distance of real test images."""
    rows = [row for row in results.load("holes") if row["data"] == data]
    found = {}
    for kind, *sources in (("autoencoder", "box", "gaussian", "mixture"), ("VAE", "prior"), ("VAE, σ = 0.1", "prior")):
        sizes = sorted({row["latent_dim"] for row in rows if row["kind"] == kind})
        runs = [[row for row in rows if (row["kind"], row["latent_dim"]) == (kind, size)] for size in sizes]
        for source in sources:
            points = [[sum(row[name] for row in run) / len(run) for name in ("error", source)] for run in runs]
            found[f"{kind}, {source.replace('gaussian', 'Gaussian')}"] = torch.tensor(points)
    return found | {"real": rows[0]["real"]}


def holes(ax: Axes, runs: Mapping[str, Tensor], real: float, title: str = "") -> Axes:
    """How far random images are from real ones, against the error of rebuilding: name → (sizes, 2), a line from small codes to large."""
    for name, style, marker, colour in HOLES:
        if name in runs:
            curve(ax, runs[name][:, 0], runs[name][:, 1], label=name, marker=marker, linestyle=style, color=colour)
    ax.axhline(real, color="black", linestyle=":", linewidth=1.5, label="real test images")
    ax.set(
        xlabel="squared error of reconstruction", ylabel="distance to the nearest real image", title=title, xlim=(0, None), ylim=(0, None)
    )
    ax.legend(fontsize=10)
    return ax

"""Pictures of notebook 00: the whole machine, and the model behind it as a graph."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from ...divergences import kl_standard_normal
from ...look import BLUE, GREEN, GREY, ORANGE, number
from ...sketch import arrow, funnel, placed_image


def sample_grid(images: Tensor, columns: int = 12) -> Sequence[Axes]:
    """Images (n, D) of square shape, each on Axes of its own, in rows of `columns`; returns the Axes."""
    side = round(images.shape[1] ** 0.5)
    _, axes = plt.subplots(len(images) // columns, columns, figsize=(0.75 * columns, 0.8 * len(images) / columns))
    for ax, image in zip(axes.flat, images.detach(), strict=True):
        ax.imshow(image.reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        ax.set_axis_off()
    return axes


def machine(ax: Axes, image: Tensor, mu: Sequence[float], sigma: Sequence[float], eps: Sequence[float], mean: Tensor) -> Axes:
    """x → encoder → (μ, σ) → z → decoder → p(x|z), from left to right; under the parts that pay them the two terms of the ELBO, estimated
    with this one z, and their sum.

    image, mean: (H, W), black or white pixels and their means under p(x|z); mu, sigma, eps: two numbers each.
    """
    placed_image(ax, image, 0, 2.2, "image x")
    placed_image(ax, mean, 12.2, 2.2, "p(x|z): its mean")
    funnel(ax, (2.45, 4.4), (1.1, 0.5), BLUE, "encoder\nφ")
    funnel(ax, (11.95, 10), (1.1, 0.5), ORANGE, "decoder\nθ")
    for y, name, values in ((0.62, "μ", mu), (-0.62, "σ", sigma)):
        _box(ax, (5.6, y), f"{name} = {_pair(values)}", 2.1)
        arrow(ax, (6.75, y), (7.55, 0.15 * np.sign(y)))
    _node(ax, (7.2, 1.75), "ε", 0.33, "white")
    arrow(ax, (7.3, 1.4), (7.75, 0.38))
    _node(ax, (8, 0), "z", 0.42, "white")
    z = [m + s * e for m, s, e in zip(mu, sigma, eps, strict=True)]
    ax.text(8.2, -0.62, _pair(z), ha="center", va="top", fontsize=12)
    ax.text(7.75, 1.8, f"{_pair(eps)} from N(0, 1)", ha="left", va="center", fontsize=12)
    ax.text(9.12, 0.42, "z = μ + σε", ha="center", va="center", fontsize=12)
    arrow(ax, (8.5, 0), (9.9, 0))
    kl = round(kl_standard_normal(torch.tensor(mu), 2 * torch.tensor(sigma).log()).item(), 1)  # rounded, so that they add up
    log_likelihood = round(-binary_cross_entropy(mean.detach(), image, reduction="sum").item(), 1)
    cost, gain, both = (number(v, 1) for v in (kl, log_likelihood, log_likelihood - kl))
    terms = ((4.9, -2.05, GREEN, f"the code costs KL(q ‖ p(z)) = {cost} nats"), (11.7, -2.05, ORANGE, f"it buys log p(x|z) = {gain} nats"))
    for x, y, colour, text in (*terms, (8.3, -2.95, GREY, f"the ELBO, estimated with this one z: {gain} − {cost} = {both} nats")):
        ax.text(x, y, text, ha="center", va="center", fontsize=14, color="black", bbox={"fc": "white", "ec": colour, "lw": 2, "pad": 5})
    ax.set(xlim=(-0.1, 14.5), ylim=(-3.35, 2.2), aspect="equal")
    ax.set_axis_off()
    return ax


def plate_graph(ax: Axes) -> Axes:
    """z → x inside a plate of N images: solid arrows are the model (θ), dashed ones the approximation (φ); x is shaded, it is observed."""
    ax.add_patch(FancyBboxPatch((-0.75, -0.75), 1.5, 3.3, boxstyle="round,pad=0.05", fc="none", ec=GREY, lw=1.5))
    ax.text(0.72, -0.68, "N", ha="right", va="bottom", fontsize=14)
    _node(ax, (0, 1.9), "z", 0.42, "white")
    _node(ax, (0, 0), "x", 0.42, "#cccccc")
    ax.text(-1.75, 0.95, "φ", ha="center", va="center", fontsize=16)
    ax.text(1.75, 0.95, "θ", ha="center", va="center", fontsize=16)
    arrow(ax, (0.1, 1.47), (0.1, 0.45))
    arrow(ax, (1.55, 0.85), (0.45, 0.12))
    arrow(ax, (-0.2, 0.4), (-0.2, 1.5), ls="--", connectionstyle="arc3,rad=-0.35")
    arrow(ax, (-1.55, 1.05), (-0.45, 1.8), ls="--")
    ax.set(xlim=(-2, 2), ylim=(-0.95, 2.75), aspect="equal")
    ax.set_axis_off()
    return ax


def _node(ax: Axes, at: tuple[float, float], text: str, radius: float, fill: str) -> None:
    ax.add_patch(Circle(at, radius, fc=fill, ec="black", lw=1.8))
    ax.text(*at, text, ha="center", va="center", fontsize=16)


def _box(ax: Axes, at: tuple[float, float], text: str, width: float) -> None:
    ax.add_patch(FancyBboxPatch((at[0] - width / 2, at[1] - 0.33), width, 0.66, boxstyle="round,pad=0.05", fc="white", ec=BLUE, lw=1.8))
    ax.text(*at, text, ha="center", va="center", fontsize=12)


def _pair(values: Sequence[float]) -> str:
    return f"({number(values[0], 1)}, {number(values[1], 1)})"

"""The chart as a figure."""

import math
import re
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from .. import plots
from .signs import Sign

if TYPE_CHECKING:
    from . import Chart


def draw(figure: Figure, found: "Chart", verdict: bool = True) -> Figure:
    """The chart on a blank figure of about 11 × 6.5 inches: log, KL of each dimension, images, signs; verdict: what they speak for."""
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.15), width_ratios=(1, 1, 1.1))
    ax = figure.add_subplot(grid[0, 0])
    if found.history is not None and found.history.elbo:
        epochs = range(1, len(found.history.elbo) + 1)
        ax.plot(epochs, found.history.elbo, label="ELBO, logged")
        ax.plot(epochs, found.history.kl, "--", label="KL, logged")
        settled = [*found.history.elbo[len(found.history.elbo) // 10 :], *found.history.kl, found.elbo.mean]
        high = max(settled)
        low = max(min(settled), high - 300)
        if math.isfinite(high - low):
            ax.set_ylim(low - 2, high + 2 + 0.8 * (high - low))  # room for the legend
    ax.axhline(found.elbo.mean, color="black", linestyle=":", label="ELBO, measured")
    ax.set(xlabel="epoch", ylabel="nats per image")
    ax.legend(fontsize=11, loc="upper right", handlelength=1.4)
    ax = figure.add_subplot(grid[0, 1])
    kl = found.kl_each.sort(descending=True).values[:32].tolist()
    ax.bar(range(1, len(kl) + 1), kl, color="C2")
    ax.axhline(0.1, color="black", linestyle=":", linewidth=1)
    ax.set(xlabel="latent dimension, sorted", ylabel="KL, nats", ylim=(0, max(0.2, 1.05 * max(kl))))
    ax = figure.add_subplot(grid[0, 2])
    plots.image_rows(ax, {name: picture[:6] for name, picture in found.pictures.items()})
    ax = figure.add_subplot(grid[1, :])
    ax.set_axis_off()
    bounds = Sign("ELBO, bound on log p(x)", f"{found.elbo.mean:.2f}, {found.bound.mean:.2f} nats", "the second higher", "")
    lines = [Sign("", "measured", "usual", "speaks for"), *found.signs, bounds]
    for i, line in enumerate(lines):
        for place, text in zip((0.0, 0.36, 0.6, 0.8), line if verdict else line[:3], strict=verdict):
            text = re.sub(r"(?<!\w)-(?=\d)", "−", text)
            ax.text(place, 1 - i / len(lines), text, va="top", fontsize=12, weight="bold" if i == 0 or (verdict and line[3]) else "normal")
    return figure

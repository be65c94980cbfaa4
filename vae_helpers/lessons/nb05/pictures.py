"""Pictures of the reconstruction term, notebook 05: numbers or tensors and axes in, the axes out; `*_frame` fills a figure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...look import BLUE, DASHES, GREEN, GREY, MARKERS, ORANGE, RED
from ...plots import image_grid, image_rows, log_axis

STYLES = tuple(zip((BLUE, ORANGE, GREEN, RED), DASHES, MARKERS, strict=False))


def sigma_curves(ax: Axes, errors: Sequence[float]) -> Axes:
    """−log N in nats per pixel against σ, a curve for each mean squared error (pixels²), with its minimum at σ = √error."""
    sigma = np.geomspace(0.03, 1.5, 300)
    for error, (colour, style, marker) in zip(errors, STYLES, strict=False):
        ax.plot(sigma, _gaussian_cost(error, sigma), color=colour, ls=style, lw=2.5, label=f"mean squared error {error:g}")
        ax.plot(math.sqrt(error), _gaussian_cost(error, math.sqrt(error)), marker, color=colour, ms=11)
    ax.axvline(0.5**0.5, color=GREY, ls=":", lw=1.5)
    ax.text(0.5**0.5, 3.8, " 1/√2", va="top", fontsize=12)
    log_axis(ax, [0.03, 0.1, 0.3, 1]).set(xlabel="σ (pixels)", ylabel="nats per pixel", ylim=(-2.2, 4))
    ax.legend(fontsize=12)
    return ax


def pixel_map(ax: Axes, values: Tensor, title: str, marked: Tensor | None = None, limits: tuple[float, float] | None = None) -> Axes:
    """One number a pixel, values (H, W), as a heat map with a colour bar; a cross on every pixel of the mask `marked` (H, W)."""
    low, high = limits or (None, None)
    shown = ax.imshow(np.asarray(values.detach()), cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
    if marked is not None:
        rows, columns = np.nonzero(np.asarray(marked))
        ax.plot(columns, rows, "x", color="white", ms=10, mew=2.5)
    ax.figure.colorbar(shown, ax=ax, shrink=0.85)
    ax.set(title=title, xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def logit_costs(ax: Axes, logit: Tensor, costs: Mapping[str, Tensor]) -> Axes:
    """Cost of a pixel of paper (x = 0) in nats against the logit, computed in several ways; what is infinite is left out and marked.

    logit: (n,); costs: name → (n,).
    """
    for (name, cost), (colour, style, _), width in zip(costs.items(), STYLES, (6, 3, 2.5, 2), strict=False):
        fine = torch.isfinite(cost)
        ax.plot(logit[fine], cost[fine], color=colour, ls=style, lw=width, label=name, alpha=0.8)
        if not fine.all():
            ax.plot(logit[fine][-1], cost[fine][-1], "X", color=colour, ms=13, label="… ends here: infinite")
    ax.set(xlabel="logit a", ylabel="nats, for x = 0")
    ax.legend(fontsize=12)
    return ax


def missing_constant(ax: Axes, lam: Tensor, integral: Tensor) -> Axes:
    """∫ λˣ(1−λ)¹⁻ˣ dx over [0, 1] against λ, both (n,), and the line at 1 that a density would reach."""
    ax.plot(lam, integral, color=BLUE, lw=2.5)
    ax.fill_between(lam, integral, 1, color=ORANGE, alpha=0.25, hatch="///", lw=0)
    ax.axhline(1, color="black", lw=1.5)
    ax.text(0.5, 0.93, "what a density integrates to: 1", ha="center", va="top", fontsize=12)
    ax.text(0.5, 0.7, "missing", ha="center", fontsize=13)
    ax.set(xlabel="λ, what the decoder puts out", ylabel="∫ exp(−cross-entropy) dx", xlim=(0, 1), ylim=(0, 1.05))
    return ax


def density_mean(ax: Axes, lam: Tensor, mean: Tensor) -> Axes:
    """The mean of the continuous Bernoulli against its parameter λ, both (n,), and the diagonal that a Bernoulli's mean keeps."""
    ax.plot(lam, mean, color=BLUE, lw=2.5, label="continuous Bernoulli")
    ax.plot([0, 1], [0, 1], color=GREY, ls="--", lw=2, label="Bernoulli")
    ax.set(xlabel="λ", ylabel="mean of x", xlim=(0, 1), ylim=(0, 1))
    ax.legend(fontsize=12)
    return ax


def error_bars(ax: Axes, names: Sequence[str], values: Sequence[float], stderr: Sequence[float], unit: str, line: float) -> Axes:
    """Horizontal bars, one a name, from the top down, with ± one standard error and the number beside each; a dashed line at `line`."""
    bars = ax.barh(range(len(names)), values, xerr=stderr, color=[f"C{i}" for i in range(len(names))], height=0.65, capsize=4)
    ax.bar_label(bars, fmt="%.2f", padding=6, backgroundcolor="white")
    ax.axvline(line, color="black", ls="--", lw=1.5)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.set_xlabel(unit)
    return ax


def level_bars(ax: Axes, data: Tensor, models: Mapping[str, Tensor], title: str) -> Axes:
    """Probabilities of a pixel's levels: data (levels,) as bars, each model (levels,) as a line with markers."""
    levels = np.arange(len(data))
    ax.bar(levels, data, color="#cccccc", width=0.9, label="test images")
    for (name, probabilities), (colour, style, marker) in zip(models.items(), STYLES, strict=False):
        ax.plot(levels, probabilities, color=colour, ls=style, marker=marker, ms=6, lw=2, label=name)
    ax.set(xlabel="pixel level k", ylabel="probability", title=title, ylim=(0, None), xticks=range(0, len(data), 4))
    ax.legend(fontsize=12)
    return ax


def sigma_frame(figure: Figure, state: Mapping[str, Tensor | float]) -> Figure:
    """One picture of the interactive figure: reconstructions, decoded draws from the prior, and where the codes are.

    state: "images", "rebuilt" (n, H, W); "drawn" (m, H, W); "codes" (N, 2), samples of q(z|x); "error" (pixels²), "kl" (nats).
    """
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    pairs = torch.stack([state["images"], state["rebuilt"]], 1)  # (n, 2, H, W)
    image_grid(left, pairs.unflatten(0, (-1, 3)).flatten(1, 2), f"images and rebuilt\nmean squared error {state['error']:.3f}")
    image_grid(middle, state["drawn"], "decoded from the prior\n(means)", columns=5)
    right.plot(*state["codes"].T, ".", color=BLUE, ms=3, alpha=0.5)
    angle = np.linspace(0, 2 * math.pi, 100)
    for radius in (1, 2):
        right.plot(radius * np.cos(angle), radius * np.sin(angle), color=ORANGE, ls="--", lw=2)
    right.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal", xlabel="z₁", ylabel="z₂", title=f"codes and prior\nKL {state['kl']:.2f} nats")
    return figure


def two_ends(ax: Axes, sigma: Sequence[float], error: Sequence[float], mismatch: Sequence[float]) -> Axes:
    """Mean squared error (left axis, pixels²) and distance of all codes together from the prior (right axis, nats) against σ, each (n,)."""
    ax.plot(sigma, error, color=BLUE, marker="o", lw=2.5)
    log_axis(ax, sigma).set(xlabel="σ of the likelihood (pixels)", ylim=(0, None))
    ax.set_ylabel("● mean squared error", color=BLUE)
    other = ax.twinx()
    other.plot(sigma, mismatch, color=RED, marker="D", ls="--", lw=2.5)
    other.set_ylim(0, None)
    other.set_ylabel("◆ KL(all codes‖prior), nats", color=RED)
    other.spines["right"].set_visible(True)
    return ax


def rows_with_numbers(ax: Axes, rows: Mapping[str, Tensor], numbers: Sequence[str]) -> Axes:
    """`image_rows` with a remark at the right of each row. rows: name → images (n, H, W); numbers: one text a row."""
    image_rows(ax, rows)
    for place, text in zip(ax.get_yticks(), numbers, strict=True):
        ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=12)
    return ax


def _gaussian_cost(error: float, sigma: np.ndarray | float) -> np.ndarray | float:
    """−log N per pixel, in nats, at mean squared error `error`."""
    return error / (2 * sigma**2) + 0.5 * np.log(2 * math.pi * sigma**2)

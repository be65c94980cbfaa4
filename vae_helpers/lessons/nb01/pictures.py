"""Pictures of notebook 01: the network as a sketch, rate against error, signed images, AUC by digit, holes against dimension."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from ...look import BLUE, MARKERS, ORANGE, number
from ...plots import curve, log_axis
from ...sketch import funnel, placed_image


def autoencoder_sketch(ax: Axes, image: Tensor, code: Tensor, rebuilt: Tensor, encoder: str, decoder: str) -> Axes:
    """image (H, W) → funnel → code (L,) → funnel → rebuilt (H, W), from left to right; encoder, decoder: what stands in the funnels."""
    placed_image(ax, image, 0, 2, "image x")
    placed_image(ax, rebuilt, 8, 2, "rebuilt")
    for x, colour, name, layers in (((2.25, 4.15), BLUE, "encoder f", encoder), ((7.75, 5.85), ORANGE, "decoder g", decoder)):
        funnel(ax, x, (1, 0.4), colour, name).text(sum(x) / 2, -1.15, layers, ha="center", va="top", fontsize=12)
    ax.text(5, 0, "\n".join(map(number, code.tolist())), ha="center", va="center", fontsize=15)
    ax.text(5, -1.15, "code z", ha="center", va="top", fontsize=13)
    ax.set(xlim=(-0.1, 10.1), ylim=(-1.6, 1.1), aspect="equal")
    ax.set_axis_off()
    return ax


def rate_error(ax: Axes, sizes: Sequence[int], errors: Mapping[str, Sequence[float]], lossless: Mapping[str, float]) -> Axes:
    """Error, in squared pixels, against bytes per image: a curve for each lossy code, a star at error 0 for each lossless one.

    errors: name → one error a size; lossless: name → bytes per image.
    """
    for (name, values), marker, style in zip(errors.items(), "so^", ("--", "-", ":"), strict=False):
        curve(ax, sizes, values, label=f"{name} (lossy)", marker=marker, linestyle=style)
    for name, size in lossless.items():
        ax.plot(size, 0, "*", color="black", markersize=14, clip_on=False)
        ax.annotate(name, (size, 0), xytext=(0, 12), textcoords="offset points", rotation=60, fontsize=12)
    log_axis(ax, [*sizes, 32, 64]).set(xlabel="bytes per image", ylabel="squared pixels per image", ylim=(0, None))
    ax.legend()
    return ax


def signed_image(ax: Axes, image: Tensor, title: str = "") -> Axes:
    """An image (H, W) with positive (orange) and negative (purple) pixels, zero in white; what is clearly negative has a minus sign."""
    image = np.asarray(image)
    largest = abs(image).max()
    ax.imshow(image, cmap="PuOr_r", vmin=-largest, vmax=largest, interpolation="nearest")
    for (y, x), value in np.ndenumerate(image / largest):
        if value < -0.2:
            ax.text(x, y, "−", color="white" if value < -0.6 else "black", ha="center", va="center", fontsize=12)
    ax.set_title(title, fontsize=13)
    ax.set_axis_off()
    return ax


def auc_by_digit(ax: Axes, aucs: Mapping[str, Sequence[float]]) -> Axes:
    """One mark a score and left-out digit. aucs: name → area under the curve for digits 0 to 9, 0.5 by guessing."""
    for shift, marker, (name, values) in zip((-0.2, 0, 0.2), MARKERS, aucs.items(), strict=False):
        ax.plot(np.arange(len(values)) + shift, values, marker, markersize=9, label=name)
    ax.axhline(0.5, color="black", linestyle="--", linewidth=1.5)
    ax.text(9.6, 0.515, "guessing", ha="right", fontsize=12)
    ax.set(xlabel="digit left out of the training", ylabel="AUC", xticks=range(10), ylim=(0.45, 1.02))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def hole_curves(ax: Axes, sizes: Sequence[int], values: Mapping[str, Sequence[float]], real: float | None) -> Axes:
    """Curves against the number of code dimensions, from zero up; a dashed line at what real images have. The unit is the caller's."""
    for (name, numbers), marker in zip(values.items(), MARKERS, strict=False):
        curve(ax, sizes, numbers, label=name, marker=marker)
    if real is not None:
        ax.axhline(real, color="black", linestyle="--", linewidth=1.5, label="real test images")
    log_axis(ax, sizes).set(xlabel="code dimensions L", ylim=(0, None))
    ax.legend(fontsize=12)
    return ax

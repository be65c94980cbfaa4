"""Pictures that several notebooks share: rows and grids of images, codes in the plane, curves with error bands, Gaussians over a density.

Images, codes and numbers may be tensors, arrays or lists; images also flat, or with their one channel (`inputs.pictures`).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.distributions import Normal

from . import inputs
from .look import BLUE, DASHES, GREEN, ORANGE, RED, scatter, show_image

Z_RANGE = (-3.6, 3.4)  # where the densities of the curved toy lie


def image_rows(ax: Axes, rows: Mapping[str, Tensor]) -> Axes:
    """Rows of images under each other, each named at its left. rows: name → images (n, H, W), pixels in [0, 1], all rows alike."""
    if not isinstance(rows, Mapping):
        raise TypeError(f"Expected rows by their names, {{name: images (n, H, W)}}, got {inputs.in_short(rows)}.")
    images = [_images(row) for row in rows.values()]
    if len({row.shape for row in images}) != 1:
        shapes = ", ".join(f"{name}: {tuple(row.shape)}" for name, row in zip(rows, images, strict=True))
        raise ValueError(f"Expected rows of equally many images of one size, name → (n, H, W), got {shapes or 'no row'}.")
    show_image(ax, tile(torch.stack(images))).spines[:].set_visible(False)
    height = images[0].shape[-2]
    ax.set_yticks([(height + gap(height)) * i + (height - 1) / 2 for i in range(len(rows))], list(rows))
    ax.tick_params(length=0)
    return ax


def image_grid(ax: Axes, images: Tensor, title: str = "", columns: int | None = None) -> Axes:
    """Images (n, H, W), or a ready grid of them (rows, columns, H, W), as one picture; a last row that is not full is left white."""
    images = inputs.tensor_of(images, "images")
    if images.ndim == 4 and images.shape[1] > 1:
        images, columns = images.flatten(0, 1), images.shape[1]
    images = _images(images)
    columns = math.ceil(math.sqrt(len(images))) if columns is None else inputs.whole_number("columns", columns)
    images = torch.cat([images, images.new_zeros(-len(images) % columns, *images.shape[1:])])
    show_image(ax, tile(images.unflatten(0, (-1, columns)))).set_title(title)
    ax.set_axis_off()
    return ax


def gap(height: int) -> int:
    """Pixels of white between images of this height."""
    return max(1, height // 10)


def tile(images: Tensor) -> np.ndarray:
    """Images (rows, columns, H, W) → one picture with white gaps: (rows·(H+gap) − gap, columns·(W+gap) − gap)."""
    images = inputs.tensor_of(images, "images")
    if images.ndim != 4:
        raise ValueError(f"Expected images (rows, columns, H, W), got {tuple(images.shape)}: image_grid takes a row of them.")
    white = gap(images.shape[-2])
    padded = torch.nn.functional.pad(images, (0, white, 0, white))
    rows, columns, height, width = padded.shape
    picture = padded.permute(0, 2, 1, 3).reshape(rows * height, columns * width).numpy()
    return picture[: rows * height - white, : columns * width - white]


def scatter_codes(ax: Axes, codes: Tensor, labels: Sequence | None = None, title: str = "", unit: str = "") -> Axes:
    """Codes (N, 2) in the plane, each label (N,) in its own colour, digits written as themselves. unit: what the axes measure: "code"."""
    codes = inputs.codes(codes, 2).detach().reshape(-1, 2)
    inputs.check_finite(codes, "codes")
    scatter(ax, codes, labels)
    ax.set(title=title, xlabel=f"{unit} 1".strip(), ylabel=f"{unit} 2".strip(), aspect="equal")
    return ax


def curve(ax: Axes, x: Sequence, y: Sequence, stderr: Sequence | None = None, label: str = "", marker: str = "o", **line) -> Axes:
    """A line through (x, y), each (n,), with a band of ± one standard error. Axis labels are the caller's."""
    x, y, stderr = _numbers(x), _numbers(y), None if stderr is None else _numbers(stderr)
    if x.ndim != 1 or any(other is not None and other.shape != x.shape for other in (y, stderr)):
        shapes = ", ".join(str(other.shape) for other in (x, y, stderr) if other is not None)
        raise ValueError(f"Expected x, y and stderr of one shape (n,), got {shapes}.")
    (drawn,) = ax.plot(x, y, marker=marker, label=label or None, **line)
    if stderr is not None:
        ax.fill_between(x, y - stderr, y + stderr, color=drawn.get_color(), alpha=0.25, linewidth=0)
    return ax


def log_axis(ax: Axes, ticks: Sequence[float]) -> Axes:
    """A logarithmic horizontal axis that is marked at these values and nowhere else."""
    ax.set_xscale("log")
    ax.set_xticks(list(ticks), [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    return ax


def gaussian_fits(ax: Axes, z: Tensor, posterior: Tensor, fits: Mapping[str, tuple[float, float]], title: str = "") -> Axes:
    """An exact posterior over z, both (n,), filled, and Gaussians as lines in different styles. fits: name → (mu, sigma) or GaussianFit."""
    z, colours = inputs.float64(z, "z"), (ORANGE, GREEN, RED)
    if len(fits) > len(colours):
        raise ValueError(f"Expected at most {len(colours)} Gaussians, which are told apart by colour and style, got {len(fits)}.")
    ax.fill_between(z, _numbers(posterior), color=BLUE, alpha=0.3, lw=0, label="posterior p(z|x)")
    for (name, (mu, sigma, *_)), colour, style in zip(fits.items(), colours, DASHES, strict=False):
        sigma = inputs.positive_number(f"sigma of {name}", sigma)
        ax.plot(z, Normal(float(mu), float(sigma)).log_prob(z).exp(), color=colour, ls=style, lw=2.5, label=name)
    ax.set(xlabel="z (latent)", ylabel="density", xlim=Z_RANGE, ylim=(0, 1.45 * ax.get_ylim()[1]), title=title)
    ax.legend(fontsize=12, loc="upper left")
    return ax


def _images(images: Tensor) -> Tensor:
    images = inputs.pictures(images)
    inputs.check_no_grey_levels(images)
    return images


def _numbers(values: Sequence) -> np.ndarray:
    return inputs.tensor_of(values, "numbers").detach().cpu().double().numpy()

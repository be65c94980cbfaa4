"""Pictures that several notebooks share: rows of images, codes in the plane, curves with error bands, bars with error bars."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

MARKERS = "o^sDv<>pP*"  # one for each of ten labels: colour is never the only sign


def image_rows(ax: Axes, rows: dict[str, Tensor], gap: int = 1) -> Axes:
    """Draw rows of images under each other, each row named at its left. rows: name → images (n, H, W), pixels in [0, 1], all alike."""
    images = torch.stack([row.detach().cpu() for row in rows.values()])  # (rows, n, H, W)
    n_rows, _, height, _ = images.shape
    ax.imshow(tile(images, gap), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set_yticks([(height + gap) * i + (height - 1) / 2 for i in range(n_rows)], list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def image_grid(ax: Axes, images: Tensor, title: str = "", columns: int | None = None, gap: int = 1) -> Axes:
    """Draw images (n, H, W), or a ready grid of them (rows, columns, H, W), as one picture; a last row that is not full is left white."""
    images = images.detach().cpu()
    if images.ndim == 3:
        columns = columns or int(np.ceil(np.sqrt(len(images))))
        missing = -len(images) % columns
        images = torch.cat([images, images.new_zeros(missing, *images.shape[1:])]).unflatten(0, (-1, columns))
    ax.imshow(tile(images, gap), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()
    return ax


def tile(images: Tensor, gap: int = 1) -> np.ndarray:
    """Images (rows, columns, H, W) → one picture with white gaps: (rows·(H+gap) − gap, columns·(W+gap) − gap)."""
    padded = torch.nn.functional.pad(images, (0, gap, 0, gap))
    rows, columns, height, width = padded.shape
    picture = padded.permute(0, 2, 1, 3).reshape(rows * height, columns * width).numpy()
    return picture[: rows * height - gap, : columns * width - gap]


def scatter_codes(ax: Axes, codes: Tensor, labels: Tensor, title: str = "", unit: str = "", legend: bool = True) -> Axes:
    """Codes (N, 2) in the plane, one colour and one marker for each label (N,). unit: what the axes measure, such as "code"."""
    import seaborn as sns

    codes, labels = codes.detach().cpu(), labels.cpu()
    for label in labels.unique().tolist():
        x, y = codes[labels == label].T
        colour = sns.color_palette("colorblind")[label % 10]
        ax.scatter(x, y, s=14, color=colour, marker=MARKERS[label % len(MARKERS)], alpha=0.7, linewidths=0, label=str(label))
    ax.set(title=title, xlabel=f"{unit} 1".strip(), ylabel=f"{unit} 2".strip(), aspect="equal")
    if legend:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6, handletextpad=0.1, title="digit")
    return ax


def curve(ax: Axes, x: Sequence, y: Sequence, stderr: Sequence | None = None, label: str = "", marker: str = "o", **line) -> Axes:
    """A line through (x, y), with a band of ± one standard error. Axis labels are the caller's."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    (drawn,) = ax.plot(x, y, marker=marker, label=label or None, **line)
    if stderr is not None:
        ax.fill_between(x, y - np.asarray(stderr), y + np.asarray(stderr), color=drawn.get_color(), alpha=0.25, linewidth=0)
    return ax


def error_bars(ax: Axes, names: Sequence[str], values: Sequence[float], stderr: Sequence[float] | None = None, unit: str = "") -> Axes:
    """Horizontal bars, one a name, from the top down, with ± one standard error and the number beside each."""
    import seaborn as sns

    palette = sns.color_palette("colorblind")
    bars = ax.barh(range(len(names)), values, xerr=stderr, color=[palette[i % 10] for i in range(len(names))], height=0.65, capsize=4)
    ax.bar_label(bars, fmt="%.2f", padding=6)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.set_xlabel(unit)
    return ax


def manifold(ax: Axes, images: Tensor, title: str = "") -> Axes:
    """Decoded images (rows, columns, H, W) over a grid of codes (Kingma & Welling 2014, figure 4)."""
    ax.imshow(tile(images.detach().cpu(), gap=max(1, images.shape[-2] // 10)), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(title=title, xticks=[], yticks=[])
    return ax


def gaussian_grid(n: int, low: float = 0.03) -> Tensor:
    """Codes at the centres of a grid that is even in prior probability, (n, n, 2): rows from high z₂ to low, columns from low z₁ to high.

    Each axis is the inverse normal CDF of n even steps from `low` to 1 − low (Kingma & Welling 2014, figure 4).
    """
    if not 0 < low < 0.5:
        raise ValueError(f"low must be a probability between 0 and 0.5, got {low!r}")
    quantiles = torch.distributions.Normal(0, 1).icdf(torch.linspace(low, 1 - low, n))
    z2, z1 = torch.meshgrid(quantiles.flip(0), quantiles, indexing="ij")
    return torch.stack([z1, z2], -1)

"""Pictures of notebook 08: where codes are too many and too few, what dimensions know of factors, few labels, knobs turned."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor

from ...look import MARKERS
from ...plots import log_axis


def density_difference(ax: Axes, difference: Tensor, axis: Tensor, title: str = "") -> Axes:
    """A signed map (n, n), z₁ down the rows, z₂ along the columns, over the grid axis (n,): contours solid above zero, dashed below.

    Contours lie at ¼, ½ and ¾ of the largest absolute value; the colour bar is marked there. Where the map is NaN nothing is drawn.
    The prior's circles of one and two σ are dotted.
    """
    axis, difference = np.asarray(axis), np.asarray(difference).T
    reach = np.nanmax(abs(difference))
    picture = ax.pcolormesh(axis, axis, difference, cmap="RdBu_r", vmin=-reach, vmax=reach, shading="nearest", rasterized=True)
    levels = [level * reach for level in (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75)]
    ax.contour(axis, axis, difference, levels=levels, colors="black", linewidths=0.8, linestyles=["dashed"] * 3 + ["solid"] * 3)
    for radius in (1, 2):
        ax.add_patch(Circle((0, 0), radius, fill=False, linestyle=":", linewidth=2, edgecolor="black"))
    ax.figure.colorbar(picture, ax=ax, shrink=0.85, ticks=levels, format="%.2g")
    ax.set(title=title, xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax


def information_map(ax: Axes, information: Tensor, rows: Sequence[str], title: str = "") -> Axes:
    """What each code number (columns) knows of each factor (rows): a table (K, L) of numbers from 0 to 1, shaded and written out."""
    table = np.asarray(information, float)
    ax.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=12, color="white" if value > 0.55 else "black")
    ax.set_xticks(range(table.shape[1]), [f"$z_{{{j + 1}}}$" for j in range(table.shape[1])])
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(length=0)
    ax.set_title(title)
    return ax


def seeds_and_mean(ax: Axes, x: Sequence[float], values: Tensor, label: str = "", style: int = 0) -> Axes:
    """One small mark a training and a line through the means: values (len(x), seeds) over x on a logarithmic axis.

    Several labelled series, told apart by `style` (colour and marker, 0 to 5), are shifted a little against each other.
    """
    values = np.asarray(values, float)
    colour, marker = f"C{style}", MARKERS[style % len(MARKERS)]
    shift = 1.03 ** (style - 2) if label else 1  # neighbours do not hide each other
    ax.plot(np.repeat(x, values.shape[1]) * shift, values.ravel(), marker, color=colour, markersize=5, alpha=0.45, markeredgewidth=0)
    ax.plot(np.asarray(x) * shift, values.mean(1), marker=marker, color=colour, linewidth=2, markersize=8, label=label or None)
    return log_axis(ax, x)


def few_labels(ax: Axes, sizes: Sequence[int], accuracy: Mapping[str, Tensor], title: str = "") -> Axes:
    """Test accuracy, a share, against the number of labels: name → (len(sizes), draws), drawn as mean ± standard error over draws."""
    for k, ((name, values), style, marker) in enumerate(zip(accuracy.items(), ("-", "--", ":", "-."), MARKERS, strict=False)):
        values = np.asarray(values, float)
        error = values.std(1, ddof=1) / np.sqrt(values.shape[1])
        ax.errorbar(np.asarray(sizes) * 1.04 ** (k - 1), values.mean(1), error, marker=marker, ls=style, capsize=4, label=name)
    log_axis(ax, sizes).set(xlabel="labelled images", title=title)
    return ax

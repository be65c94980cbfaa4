"""Pictures of notebook 12: the paper's graph, the two encoders of one posterior, the curves of its figures 2 and 3."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, Rectangle
from torch import Tensor

from ...look import BLUE, GREEN, GREY, ORANGE
from ...plots import curve
from ...sketch import arrow

LOOKS = {"AEVB": (BLUE, "-"), "wake-sleep": (ORANGE, "--"), "MCEM": (GREEN, "-.")}
NAMES = {"AEVB": "AEVB", "wake-sleep": "wake–sleep", "MCEM": "Monte Carlo EM", "mnist": "MNIST", "frey_faces": "Frey Faces"}
WINDOWS = {"mnist": (-150, -100), "frey_faces": (0, 1600)}  # the vertical axes of the paper's figure 2, nats


def plate_graph(ax: Axes) -> Axes:
    """The paper's figure 1: z and x in a plate of N, θ and φ outside it; solid arrows are the model, dashed ones the encoder."""
    ax.set(xlim=(-2.8, 2.8), ylim=(-1.9, 1.5), aspect="equal")
    ax.set_axis_off()
    ax.add_patch(Rectangle((-0.95, -1.65), 1.9, 3.0, fill=False, lw=2, color="black"))
    ax.text(0.82, -1.57, "N", ha="right", va="bottom", fontsize=14)
    for x, y, text, shade in ((0, 0.7, "z", "white"), (0, -0.9, "x", "#dddddd"), (2.1, 0.7, "θ", "white"), (-2.1, 0.7, "φ", "white")):
        edge = "black" if abs(x) < 1 else "none"  # θ and φ are no random variables here: no circle
        ax.add_patch(Circle((x, y), 0.42, fc=shade, ec=edge, lw=2))
        ax.text(x, y, text, ha="center", va="center", fontsize=17)
    arrow(ax, (0.08, 0.27), (0.08, -0.47))
    for end in ((0.45, 0.7), (0.38, -0.7)):
        arrow(ax, (1.75, 0.62), end)
    arrow(ax, (-1.75, 0.7), (-0.45, 0.7), BLUE, ls="--")
    arrow(ax, (-0.25, -0.55), (-0.25, 0.35), BLUE, ls="--")
    ax.text(1.35, -0.75, "p(z) p(x|z)", fontsize=13, va="center")
    ax.text(-1.35, -0.35, "q(z|x)", fontsize=13, color=BLUE, ha="right", va="center")
    return ax


def two_encoders(ax: Axes, covariance: Tensor, variances: Mapping[str, Tensor]) -> Axes:
    """A correlated posterior N(0, covariance), its 1σ and 2σ ellipses filled, and diagonal Gaussians as their 2σ ellipses.

    covariance (2, 2); variances: algorithm → (2,).
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance))
    angle = np.degrees(np.arctan2(*vectors[::-1, 1]))
    for k in (2, 1):
        ax.add_patch(Ellipse((0, 0), *(2 * k * np.sqrt(values[::-1])), angle=angle, color=GREY, alpha=0.35, lw=0))
    ax.plot([], [], color=GREY, lw=8, alpha=0.5, label="posterior p(z|x)")
    for name, v in variances.items():
        colour, style = LOOKS[name]
        ax.add_patch(Ellipse((0, 0), *(4 * np.sqrt(np.asarray(v))), fill=False, color=colour, ls=style, lw=2.5))
        ax.plot([], [], color=colour, ls=style, lw=2.5, label=f"q of {NAMES[name]}")
    reach = 2.6 * np.sqrt(np.asarray(covariance).diagonal().max())
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax


def race(axes: Sequence[Axes], curves: Mapping[tuple[int, str], Tensor], samples: Sequence[int], without_code: float) -> Sequence[Axes]:
    """The live comparison: a panel a latent size; curves: (latent_dim, algorithm) → bounds (seeds, points), nats; the mean is thick.

    without_code: what independent pixels reach, nats.
    """
    for ax, latent_dim in zip(axes, dict.fromkeys(key[0] for key in curves), strict=True):
        for (size, algorithm), bounds in curves.items():
            if size == latent_dim:
                colour, style = LOOKS[algorithm]
                ax.plot(samples, np.asarray(bounds).T, color=colour, ls=style, lw=1, alpha=0.5)
                ax.plot(samples, np.asarray(bounds).mean(0), color=colour, ls=style, lw=2.5, label=NAMES[algorithm])
        ax.axhline(without_code, color=GREY, ls=":", lw=2, label="no code at all")
        ax.set(xscale="log", title=f"digits, L = {latent_dim}", xlabel="training images seen")
    axes[0].set_ylabel("ELBO on test images, nats")
    axes[0].legend()
    return axes


def bounds(figure: Figure, rows: Sequence[Mapping]) -> Figure:
    """Figure 2 from stored rows: a row a data set, a panel a latent size; test images thick, training images thin and dotted.

    The grey box is the window that the paper's figure shows.
    """
    data = [name for name in WINDOWS if any(row["data"] == name for row in rows)]
    sizes = {name: sorted({row["latent_dim"] for row in rows if row["data"] == name}) for name in data}
    axes = figure.subplots(len(data), max(map(len, sizes.values())), squeeze=False, sharex=True, sharey="row")
    for name, line in zip(data, axes, strict=True):
        for ax in line[len(sizes[name]) :]:
            ax.set_axis_off()
        for ax, size in zip(line, sizes[name], strict=False):
            of_panel = [row for row in rows if (row["data"], row["latent_dim"]) == (name, size)]
            _panel(ax, of_panel, ("test", "train"))
            low, high = WINDOWS[name]
            ax.add_patch(Rectangle((1e5, low), 1e8 - 1e5, high - low, color=GREY, alpha=0.15, lw=0))
            ax.set(xscale="log", title=f"{NAMES[name]}, L = {size}", xlim=(7e4, 1.4e8), xticks=[1e5, 1e6, 1e7, 1e8])
            ax.minorticks_off()
            ax.tick_params(labelsize=11)
        line[0].set(ylim=_limits(rows, name), ylabel="lower bound, nats")
    free = next((ax for ax in axes.flat if not ax.axison), None)  # the legend stands where there is no panel
    (free or axes[0, 0]).legend(*axes[0, 0].get_legend_handles_labels(), fontsize=11, loc="center" if free else "lower right")
    if free:
        axes[0, -1].tick_params(labelbottom=True)
    figure.supxlabel("training images seen")
    return figure


def likelihoods(axes: Sequence[Axes], rows: Sequence[Mapping]) -> Sequence[Axes]:
    """Figure 3 from stored rows: a panel a number of training images; estimated log p(x) of test images thick, of training images thin."""
    for ax, n_train in zip(axes, sorted({row["n_train"] for row in rows}), strict=False):
        _panel(ax, [row for row in rows if row["n_train"] == n_train], ("test", "train"))
        ax.set(xscale="log", title=f"N = {n_train:,}", xlabel="training images seen")
    axes[0].set_ylabel("estimated log p(x), nats")
    axes[-1].legend(fontsize=11, loc="lower right")
    return axes


def _panel(ax: Axes, rows: Sequence[Mapping], parts: Sequence[str]) -> None:
    """One curve an algorithm, seed and part, in the order of the points."""
    named = set()
    for algorithm, seed in sorted({(row["algorithm"], row["seed"]) for row in rows}):
        own = sorted((row for row in rows if (row["algorithm"], row["seed"]) == (algorithm, seed)), key=lambda row: row["samples"])
        colour, style = LOOKS[algorithm]
        for part in parts:
            looks = {"ls": style, "lw": 2.2} if part == "test" else {"ls": ":", "lw": 1.5}
            label = f"{NAMES[algorithm]} ({part})" if (algorithm, part) not in named else ""
            named.add((algorithm, part))
            marker = "o" if part == "test" else ""
            curve(ax, [row["samples"] for row in own], [row[part] for row in own], color=colour, marker=marker, ms=3, label=label, **looks)


def _limits(rows: Sequence[Mapping], name: str) -> tuple[float, float]:
    """The paper's window, and what of our curves lies beside it, but not the first steep nats of Frey Faces."""
    low, high = WINDOWS[name]
    seen = [row["test"] for row in rows if row["data"] == name and np.isfinite(row["test"])]
    span = high - low
    return max(min([low, *seen]), low - span) - 0.04 * span, max([high, *seen]) + 0.04 * span

"""Pictures of gradient estimators, notebook 06: computation graphs, histograms of estimates, variances, races."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from torch import Tensor

from ...look import BLUE, GREEN, GREY, ORANGE, PINK, RED, three_digits
from ...sketch import arrow

Panels = Sequence[Axes]
LOOKS = {  # colour, line style and marker of the estimators whose name starts so, the same in every picture; the first that fits
    "score function, optimal": (GREEN, ":", "s"),
    ("score function", "naive"): (ORANGE, "--", "o"),
    ("pathwise", "Gumbel-softmax"): (BLUE, "-", "^"),
    "straight-through": (PINK, "-.", "D"),
    "": (GREEN, "-.", "s"),  # with a baseline, or its relatives
}


def look(estimator: str) -> dict[str, str]:
    """The look of an estimator, as matplotlib's lines take it."""
    return dict(zip(("color", "ls", "marker"), next(found for start, found in LOOKS.items() if estimator.startswith(start)), strict=True))


def computation_graphs(axes: Panels) -> Panels:
    """Two graphs on two axes: left z is drawn at random from q (the gradient stops), right z = μ + σ ε (it flows)."""
    left, right = axes
    for ax, title in ((left, "z ~ N(μ, σ²): a random node"), (right, "z = μ + σ ε: a deterministic node")):
        ax.set(xlim=(-0.5, 5.0), ylim=(-1.6, 1.9), aspect="equal", title=title)
        ax.set_axis_off()
        for x, text in ((0.2, "φ"), (1.6, "μ, σ"), (4.4, "f(z)")):
            _node(ax, x, 0, text)
        for start in (0.2, 1.6, 3.0):
            arrow(ax, (start + 0.42, 0.12), (start + 0.98, 0.12), "black")
    _node(left, 3.0, 0, "z", random=True)
    _node(right, 3.0, 0, "z")
    _node(right, 3.0, 1.4, "ε", random=True)
    arrow(right, (3.0, 0.98), (3.0, 0.42), "black")
    for ax, end in ((left, 3.0), (right, 3.0), (right, 1.6), (right, 0.2)):
        arrow(ax, (end + 0.98, -0.18), (end + 0.42, -0.18), RED, ls="--")
    left.plot([2.3], [-0.18], marker="x", ms=14, mew=4, color=RED)
    for ax, text in (
        (left, "the gradient stops:\nno formula from μ, σ to z"),
        (right, "the gradient flows back to φ;\nε owes nothing to φ"),
    ):
        ax.text(2.3, -0.95, text, color=RED, ha="center", va="center", fontsize=12)
    return axes


def estimate_histograms(ax: Axes, estimates: Mapping[str, Tensor], truth: float, reach: float) -> Axes:
    """Histograms of two estimators, each (n,), scaled to a peak of one, around the true gradient; their variance ratio is the title."""
    edges = np.linspace(truth - reach, truth + reach, 41)
    for (name, values), hatch in zip(estimates.items(), ("///", ""), strict=True):
        colour = look(name)["color"]
        counts, _ = np.histogram(values, edges)
        outside = 1 - counts.sum() / len(values)
        label = name + (f" ({outside:.0%} outside)" if outside > 0.005 else "")
        ax.stairs(counts / max(1, counts.max()), edges, fill=True, fc=(colour, 0.35), ec=colour, lw=1.5, hatch=hatch, label=label)
    ax.axvline(truth, ymax=1.05 / 1.65, color="black", lw=2, ls="--", label="exact gradient")
    first, second = (np.var(np.asarray(values)) for values in estimates.values())
    ax.set(xlabel="estimate of the μ-gradient", ylabel="relative frequency", ylim=(0, 1.65), yticks=(0, 0.5, 1))
    ax.set_title(f"variance ratio {three_digits(first / second)}")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def dimension_laboratory(
    figure: Figure, estimates: Mapping[str, Tensor], truth: float, reach: float, variances: Mapping[str, tuple], dimension: int
) -> Figure:
    """Left: histograms of estimates. Right: variance of one coordinate's gradient against the dimension, with this one ringed.

    estimates: name → (n,); variances: name → (dimensions, variances), each (m,), at the present number of samples.
    """
    left, right = figure.subplots(1, 2)
    estimate_histograms(left, estimates, truth, reach)
    for name, (dimensions, values) in variances.items():
        right.loglog(dimensions, values, **look(name), lw=2, label=name)
        right.plot([dimension], [values[list(dimensions).index(dimension)]], "o", ms=16, mfc="none", mec="black", mew=2)
    right.set(xlabel="latent dimension L", ylabel="variance", ylim=(0.05, 3e7), title="one coordinate's gradient")
    right.legend(loc="upper left", fontsize=12)
    return figure


def variance_curves(axes: Panels, k: Mapping[str, Tensor], curves: Mapping[str, Mapping], crossings: Mapping[str, float]) -> Panels:
    """One panel a function: variance of the μ-gradient, on a log axis, against k.

    k: title → (n,); curves: title → name → (n,); crossings: title → the k of a dotted line.
    """
    for ax, (title, estimators) in zip(axes, curves.items(), strict=True):
        for name, values in estimators.items():
            ax.plot(k[title], values, **look(name), markevery=max(1, len(values) // 8), lw=2, label=name)
        if title in crossings:
            ax.axvline(crossings[title], color=GREY, ls=":", lw=1.5)
        ax.set(xlabel="k", yscale="log", title=title)
    axes[0].set_ylabel("variance of one sample")
    axes[0].legend(fontsize=12, loc="upper center")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 40)
    return axes


def growth(ax: Axes, dimensions: Sequence[int], variances: Mapping[str, tuple], fits: Mapping[str, tuple[float, float, float]]) -> Axes:
    """Variance against dimension, log–log: measured (markers with bars of two standard errors) and fitted powers (lines).

    variances: name → (values, standard errors), each (len(dimensions),); fits: name → (exponent, its standard error, constant).
    """
    dimensions = np.asarray(dimensions, float)
    for name, (values, errors) in variances.items():
        ax.errorbar(dimensions, values, 2 * np.asarray(errors), **look(name) | {"ls": ""}, ms=7, capsize=4)
        exponent, error, constant = fits[name]
        label = f"{name}: exponent {exponent:z.2f} ± {error:.3f}"
        ax.plot(dimensions, constant * dimensions**exponent, **look(name) | {"marker": ""}, lw=2, label=label)
    ax.set(xscale="log", yscale="log", xlabel="dimension L", ylabel="variance, one coordinate")
    ax.legend(fontsize=12, loc="upper left")
    return ax


def variance_dots(axes: Panels, variances: Mapping[str, Mapping[str, float]]) -> Panels:
    """One panel a function: the variance of each method as a dot on a log axis. variances: title → method → number."""
    for ax, (title, methods) in zip(axes, variances.items(), strict=True):
        names, values = list(methods), [v if v > 1e-12 else 0.0 for v in methods.values()]
        least, most = min(v for v in values if v) / 2, max(values) * 8
        for row, (name, v) in enumerate(zip(names, values, strict=True)):
            if v:
                ax.hlines(row, least, v, color=GREY, lw=1, ls=":")
                ax.plot(v, row, **look(name) | {"ls": ""}, ms=11)
            ax.text(v * 1.3 if v else least * 1.1, row, three_digits(v) if v else "0, exactly", va="center", fontsize=12)
        ax.set(xscale="log", title=title, xlabel="variance at 8 samples of f", xlim=(least, most))
        ax.set_yticks(range(len(names)), names if ax is axes[0] else [])
        ax.set_ylim(len(names) - 0.5, -0.5)
    return axes


def jump(axes: Panels, z: Tensor, values: Tensor, density: Tensor, estimates: Mapping[str, tuple], truth: float) -> Panels:
    """Left: a step function and q, each (n,) over z. Right: the average of each estimator as its samples grow, and the exact gradient.

    estimates: name → (counts, running averages), each (m,).
    """
    left, right = axes
    left.plot(z, values, color="black", lw=2.5, label="f(z)")
    left.fill_between(z, density, color=GREY, alpha=0.4, lw=0, label="q")
    left.set(xlabel="z", title="a step: its slope is 0 wherever it exists")
    left.legend(loc="upper left", fontsize=12)
    for name, (counts, averages) in estimates.items():
        right.plot(counts, averages, **look(name) | {"marker": ""}, lw=2, label=name)
    right.axhline(truth, color="black", ls="--", lw=1.5, label="exact gradient")
    right.set(xscale="log", xlabel="samples", ylabel="average of the estimates", title="both settle, one on the wrong number")
    right.set_ylim(-0.25, 0.9)
    right.legend(fontsize=12)
    return axes


def signal_to_noise(axes: Panels, ratios: Mapping[str, Mapping[str, Tensor]]) -> Panels:
    """One panel a stage: |mean| / standard deviation of one gradient over the encoder's weights, by estimator, on a log axis.

    ratios: stage → estimator → (n_weights,). Thick: the middle half of the weights; thin: nine tenths; the number is the median.
    """
    patch = {"fc": "white", "ec": "none", "pad": 0.5}  # so that the dotted line does not run through a number
    for ax, (stage, estimators) in zip(axes, ratios.items(), strict=True):
        for row, (name, values) in enumerate(estimators.items()):
            colour, (low, q1, median, q3, high) = look(name)["color"], np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
            ax.hlines(row, low, high, color=colour, lw=2)
            ax.hlines(row, q1, q3, color=colour, lw=11, alpha=0.6)
            ax.plot([median], [row], "|", color="black", ms=16, mew=3)
            ax.annotate(f"{median:.2g}", (median, row), (0, 12), textcoords="offset points", ha="center", fontsize=12, bbox=patch)
        ax.axvline(1, color=GREY, ls=":", lw=1.5)
        ax.set(xscale="log", xlabel="signal-to-noise ratio of a weight", title=stage, xlim=(1e-4, 50))
        ax.set_yticks(range(len(estimators)), list(estimators) if ax is axes[0] else [])
        ax.set_ylim(len(estimators) - 0.5, -0.7)
    return axes


def race(axes: Sequence[Panels], curves: Mapping[tuple[int, str], Tensor], steps: Sequence[int], floor: float) -> Sequence[Panels]:
    """One column a latent size. Top: test ELBO against steps, mean over seeds, shaded from worst to best. Bottom: each seed's last value.

    curves: (L, estimator) → test ELBO in nats per image, (seeds, len(steps)). Last values that are far off, the naive ones, are left out.
    """
    close = list(dict.fromkeys(name for _, name in curves if not name.startswith("score function")))
    for ax, ends, latent_dim in zip(*axes, sorted({size for size, _ in curves}), strict=True):
        for name, elbo in ((name, np.asarray(values)) for (size, name), values in curves.items() if size == latent_dim):
            style = look(name)
            if name in close:
                style, row = style | {"ls": {"1": ":", "2": "-.", "8": "-"}[name.split()[-2]]}, close.index(name)
                ends.plot(elbo[:, -1], [row] * len(elbo), **style | {"ls": ""}, ms=9, alpha=0.5, mec="none")
                ends.plot(elbo[:, -1].mean(), row, "|", color="black", ms=16, mew=3)
            ax.plot(steps, elbo.mean(0), **style | {"marker": ""}, lw=2, label=name)
            ax.fill_between(steps, elbo.min(0), elbo.max(0), color=style["color"], alpha=0.15, lw=0)
        ax.set(xlabel="step", title=f"L = {latent_dim}", ylim=(floor, None))
        ends.set(xlabel="last test ELBO, a mark a seed, | their mean", ylim=(len(close) - 0.5, -0.5))
        ends.set_yticks(range(len(close)), close)
        ends.grid(axis="y", ls=":")
        ends.locator_params(axis="x", nbins=6)
    axes[0][0].set_ylabel("test ELBO (nats per image)")
    narrow = {"handlelength": 1.4, "handletextpad": 0.4, "columnspacing": 0.8, "bbox_to_anchor": (1.04, 0)}
    axes[0][0].legend(fontsize=12, loc="lower right", ncols=2, **narrow)
    axes[1][1].tick_params(labelleft=False)
    return axes


def relaxation(axes: Panels, temperatures: Sequence[float], bias: Mapping[str, Tensor], spread: Mapping[str, Tensor]) -> Panels:
    """Left: mean of the relaxed gradient, with bars of two standard errors, and the exact one. Right: standard deviation of one sample.

    bias: name → (means, standard errors), an array (2, n), or a number (drawn as a line); spread: name → (n,) or a number.
    """
    for ax, curves, label in zip(axes, (bias, spread), ("mean of the gradient", "standard deviation, one sample"), strict=True):
        for name, values in curves.items():
            if np.ndim(values) == 0:
                ax.axhline(values, color="black" if name == "exact" else look(name)["color"], ls="--", lw=2, label=name)
            elif np.ndim(values) == 1:
                ax.plot(temperatures, values, **look(name), lw=2, label=name)
            else:
                ax.errorbar(temperatures, values[0], 2 * np.asarray(values[1]), **look(name), capsize=4, lw=2, label=name)
        ax.set(xscale="log", xlabel="temperature", ylabel=label)
        ax.legend(fontsize=12)
    return axes


def _node(ax: Axes, x: float, y: float, text: str, random: bool = False) -> None:
    corner, box = (x - 0.3, y - 0.27), {"boxstyle": "round,pad=0.08", "fc": "white", "ec": "black", "lw": 2}
    ax.add_patch(Circle((x, y), 0.4, fc=(ORANGE, 0.35), ec=ORANGE, lw=2) if random else FancyBboxPatch(corner, 0.6, 0.54, **box))
    ax.text(x, y, text, ha="center", va="center", fontsize=15)

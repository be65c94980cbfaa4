"""Pictures of gradient estimators: computation graphs, histograms of estimates, variances, races. Each draws on axes it is given."""

import numpy as np
import torch
from matplotlib.patches import Circle, FancyBboxPatch

BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#777777"
LOOKS = {  # one colour, line style and marker for each estimator, the same in every picture
    "score function": (ORANGE, "--", "o"),
    "score function, optimal baseline": (GREEN, ":", "s"),
    "leave-one-out": (GREEN, "-.", "s"),
    "pathwise": (BLUE, "-", "^"),
}


def computation_graphs(axes):
    """Two graphs on two axes: left z is drawn at random from q (the gradient stops), right z = μ + σ ε (it flows)."""
    left, right = axes
    for ax, title in ((left, "z ~ N(μ, σ²): a random node"), (right, "z = μ + σ ε: a deterministic node")):
        ax.set(xlim=(-0.5, 5.0), ylim=(-1.6, 1.9), aspect="equal", title=title)
        ax.set_axis_off()
        _node(ax, 0.2, 0, "φ", random=False)
        _node(ax, 1.6, 0, "μ, σ", random=False)
        _node(ax, 4.4, 0, "f(z)", random=False)
        for start, end in ((0.2, 1.6), (1.6, 3.0), (3.0, 4.4)):
            _arrow(ax, (start + 0.42, 0.12), (end - 0.42, 0.12), "black")
    _node(left, 3.0, 0, "z", random=True)
    _node(right, 3.0, 0, "z", random=False)
    _node(right, 3.0, 1.4, "ε", random=True)
    _arrow(right, (3.0, 0.98), (3.0, 0.42), "black")
    for ax, ends in ((left, (3.0,)), (right, (3.0, 1.6, 0.2))):
        for end in ends:
            _arrow(ax, (end + 1.4 - 0.42, -0.18), (end + 0.42, -0.18), RED, dashed=True)
    left.plot([2.3], [-0.18], marker="x", ms=14, mew=4, color=RED)
    left.text(2.3, -0.95, "the gradient stops:\nno formula from μ, σ to z", color=RED, ha="center", va="center", fontsize=12)
    right.text(2.3, -0.95, "the gradient flows back to φ;\nε owes nothing to φ", color=RED, ha="center", va="center", fontsize=12)
    return axes


def laboratory(figure, f, mu, sigma, estimates, truth, reach, name):
    """Left: f and the density q over z. Right: histograms of the estimates, with the variance ratio.

    f: as for the estimators, (n, 1) → (n,); estimates: name → (n,); truth: exact gradient; reach: half the width of the histogram's axis.
    """
    left, right = figure.subplots(1, 2)
    z = np.linspace(-5, 7, 601)
    height = f(torch.as_tensor(z)[:, None]).numpy()
    left.plot(z, height, color="black", lw=2)
    left.set(xlabel="z", ylabel="f(z)", xlim=(-5, 7), ylim=(-1.5, 12) if height.max() > 5 else (-1.2, 2.4))
    density = left.twinx()
    density.fill_between(z, np.exp(-(((z - mu) / sigma) ** 2) / 2) / sigma / np.sqrt(2 * np.pi), color=GREY, alpha=0.4, lw=0)
    density.set(ylim=(0, 4.2), yticks=[])
    left.set_title(f"{name}, q = N({mu:g}, {sigma:g}²) in grey")
    estimate_histograms(right, estimates, truth, reach)


def estimate_histograms(ax, estimates: dict, truth: float, reach: float):
    """Histograms, each scaled to a peak of one, around the true gradient; the variance ratio of the first two is the title."""
    edges = np.linspace(truth - reach, truth + reach, 71 if len(next(iter(estimates.values()))) > 2000 else 41)
    for (name, values), hatch in zip(estimates.items(), ("///", ""), strict=True):
        colour = LOOKS[name][0]
        counts, _ = np.histogram(values, edges)
        outside = 1 - counts.sum() / len(values)
        label = name + (f" ({outside:.0%} outside)" if outside > 0.005 else "")
        ax.stairs(counts / max(1, counts.max()), edges, fill=True, fc=(*_rgb(colour), 0.35), ec=colour, lw=1.5, hatch=hatch, label=label)
    ax.axvline(truth, ymax=1.05 / 1.65, color="black", lw=2, ls="--", label="exact gradient")
    first, second = (np.var(values) for values in estimates.values())
    ax.set(xlabel="estimate of the μ-gradient", ylabel="relative frequency", ylim=(0, 1.65), yticks=(0, 0.5, 1))
    ax.set_title(f"variance ratio {_sensible(first / second)}")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def dimension_laboratory(figure, estimates, truth, reach, variances, dimension):
    """Left: histograms of estimates. Right: variance of one coordinate's gradient against the dimension, with this one ringed.

    variances: name → (dimensions, variances), at the present number of samples.
    """
    left, right = figure.subplots(1, 2)
    estimate_histograms(left, estimates, truth, reach)
    for name, (dimensions, values) in variances.items():
        colour, style, marker = LOOKS[name]
        right.loglog(dimensions, values, color=colour, ls=style, marker=marker, lw=2, label=name)
        right.plot([dimension], [values[list(dimensions).index(dimension)]], "o", ms=16, mfc="none", mec="black", mew=2)
    right.set(xlabel="latent dimension L", ylabel="variance", ylim=(0.05, 3e7), title="one coordinate's gradient")
    right.legend(loc="upper left", fontsize=12)


def variance_curves(axes, x, curves: dict, titles, xlabel: str, crossings=None):
    """One panel a function: variance of the μ-gradient against x on a log axis. curves: title → name → (n,); crossings: dotted lines."""
    for ax, title in zip(axes, titles, strict=True):
        for name, values in curves[title].items():
            colour, style, marker = LOOKS[name]
            ax.plot(x[title], values, color=colour, ls=style, marker=marker, markevery=max(1, len(x[title]) // 8), lw=2, label=name)
        if crossings and title in crossings:
            ax.axvline(crossings[title], color=GREY, ls=":", lw=1.5)
        ax.set(xlabel=xlabel, yscale="log", title=title)
    axes[0].set_ylabel("variance of one sample")
    axes[0].legend(fontsize=12, loc="upper center")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 40)
    return axes


def growth(ax, dimensions, variances: dict, fits: dict):
    """Variance against dimension, log–log: measured (markers with bars of two standard errors) and fitted powers (lines).

    variances: name → (values, standard errors); fits: name → (exponent, its standard error, constant).
    """
    looks = iter([(ORANGE, "--", "o"), (GREEN, "-.", "s"), (BLUE, "-", "^")])
    for name, (values, errors) in variances.items():
        colour, style, marker = next(looks)
        ax.errorbar(dimensions, values, 2 * np.asarray(errors), fmt=marker, color=colour, ms=7, capsize=4)
        exponent, error, constant = fits[name]
        label = f"{name}: exponent {exponent:.2f} ± {error:.3f}".replace("-0.00", "0.00")
        ax.plot(dimensions, constant * np.asarray(dimensions, float) ** exponent, color=colour, ls=style, lw=2, label=label)
    ax.set(xscale="log", yscale="log", xlabel="dimension L", ylabel="variance, one coordinate")
    ax.legend(fontsize=12, loc="upper left")
    return ax


def variance_dots(axes, variances: dict):
    """One panel a function: the variance of each method as a dot on a log axis. variances: title → method → number."""
    for ax, (title, methods) in zip(axes, variances.items(), strict=True):
        names, values = list(methods), [v if v > 1e-12 else 0.0 for v in methods.values()]
        least, most = min(v for v in values if v) / 2, max(values) * 8
        for row, (name, v) in enumerate(zip(names, values, strict=True)):
            look = LOOKS["pathwise" if "pathwise" in name else "score function" if name == "naive" else "leave-one-out"]
            if v:
                ax.hlines(row, least, v, color=GREY, lw=1, ls=":")
                ax.plot(v, row, look[2], color=look[0], ms=11)
            ax.text(v * 1.3 if v else least * 1.1, row, _sensible(v) if v else "0, exactly", va="center", fontsize=12)
        ax.set(xscale="log", title=title, xlabel="variance at 8 evaluations", xlim=(least, most))
        ax.set_yticks(range(len(names)), names if ax is axes[0] else [])
        ax.set_ylim(len(names) - 0.5, -0.5)
    return axes


def jump(axes, z, values, density, estimates: dict, truth: float):
    """Left: a step function and q. Right: how far the average of each estimator lies from the exact gradient, as n grows.

    estimates: name → (counts, running averages).
    """
    left, right = axes
    left.plot(z, values, color="black", lw=2.5, label="f(z)")
    left.fill_between(z, density, color=GREY, alpha=0.4, lw=0, label="q")
    left.set(xlabel="z", title="a step: its slope is 0 wherever it exists")
    left.legend(loc="upper left", fontsize=12)
    for name, (counts, averages) in estimates.items():
        colour, style, _ = LOOKS[name]
        right.plot(counts, averages, color=colour, ls=style, lw=2, label=name)
    right.axhline(truth, color="black", ls="--", lw=1.5, label="exact gradient")
    right.set(
        xscale="log", xlabel="samples", ylabel="average of the estimates", ylim=(-0.25, 0.9), title="both settle, one on the wrong number"
    )
    right.legend(fontsize=12)
    return axes


def signal_to_noise(axes, ratios: dict):
    """One panel a stage: |mean| / standard deviation of one gradient over the encoder's weights, by estimator, on a log axis.

    ratios: stage → estimator → (n_weights,). Thick: the middle half of the weights; thin: nine tenths; the number is the median.
    """
    patch = {"fc": "white", "ec": "none", "pad": 0.5}  # so that the dotted line does not run through a number
    for ax, (stage, estimators) in zip(axes, ratios.items(), strict=True):
        for row, (name, values) in enumerate(estimators.items()):
            colour = BLUE if name.startswith("pathwise") else ORANGE if "naive" in name else GREEN
            low, q1, median, q3, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
            ax.hlines(row, low, high, color=colour, lw=2)
            ax.hlines(row, q1, q3, color=colour, lw=11, alpha=0.6)
            ax.plot([median], [row], "|", color="black", ms=16, mew=3)
            ax.annotate(f"{median:.2g}", (median, row), (0, 12), textcoords="offset points", ha="center", fontsize=12, bbox=patch)
        ax.axvline(1, color=GREY, ls=":", lw=1.5)
        ax.set(xscale="log", xlabel="signal-to-noise ratio of a weight", title=stage, xlim=(1e-4, 50))
        ax.set_yticks(range(len(estimators)), list(estimators) if ax is axes[0] else [])
        ax.set_ylim(len(estimators) - 0.5, -0.7)
    return axes


def race(axes, curves: dict[tuple[int, str], list], steps: range, floor: float):
    """One column a latent size. Top: test ELBO against steps, mean over seeds, shaded from worst to best. Bottom: each seed's last value.

    curves: (L, estimator) → test ELBO in nats per image, (seeds, steps).
    The naive score function's last values are left out: they are far off.
    """
    looks = {"score function, 1 sample": (ORANGE, "--", "o")}
    looks |= {f"leave-one-out, {k} samples": (GREEN, style, "s") for k, style in ((2, "-."), (8, "-"))}
    looks |= {f"pathwise, {k} sample{'s' * (k > 1)}": (BLUE, style, "^") for k, style in ((1, ":"), (2, "-."), (8, "-"))}
    close = list(looks)[1:]
    for ax, ends, latent_dim in zip(*axes, sorted({size for size, _ in curves}), strict=True):
        for name, elbo in ((name, np.array(values)) for (size, name), values in curves.items() if size == latent_dim):
            colour, style, marker = looks[name]
            ax.plot(steps, elbo.mean(0), color=colour, ls=style, lw=2, label=name)
            ax.fill_between(steps, elbo.min(0), elbo.max(0), color=colour, alpha=0.15, lw=0)
            if name in close:
                row = close.index(name)
                ends.plot(elbo[:, -1], [row] * len(elbo), marker, color=colour, ms=9, alpha=0.5, mec="none")
                ends.plot(elbo[:, -1].mean(), row, "|", color="black", ms=16, mew=3)
        ax.set(xlabel="step", title=f"L = {latent_dim}", ylim=(floor, None))
        ends.set(
            xlabel="last test ELBO, a mark a seed, | their mean", ylim=(len(close) - 0.5, -0.5), yticks=range(len(close)), yticklabels=close
        )
        ends.grid(axis="y", ls=":")
        ends.locator_params(axis="x", nbins=6)
    axes[0][0].set_ylabel("test ELBO (nats per image)")
    axes[0][0].legend(
        fontsize=12, loc="lower right", ncols=2, handlelength=1.4, handletextpad=0.4, columnspacing=0.8, bbox_to_anchor=(1.04, 0)
    )
    axes[1][1].tick_params(labelleft=False)
    return axes


def relaxation(axes, temperatures, bias: dict, spread: dict):
    """Left: mean of the relaxed gradient, with bars of two standard errors, and the exact one. Right: standard deviation of one sample.

    bias: name → (means, standard errors), an array (2, n), or a number (drawn as a line); spread: name → (n,) or a number.
    """
    for ax, curves, label in zip(axes, (bias, spread), ("mean of the gradient", "standard deviation, one sample"), strict=True):
        for (name, values), (colour, style, marker) in zip(
            curves.items(), ((BLUE, "-", "^"), (PINK, "-.", "D"), (ORANGE, "--", "o")), strict=False
        ):
            if np.ndim(values) == 0:
                ax.axhline(values, color="black" if name == "exact" else ORANGE, ls="--", lw=2, label=name)
            elif np.ndim(values) == 2:
                ax.errorbar(
                    temperatures, values[0], 2 * np.asarray(values[1]), color=colour, ls=style, marker=marker, capsize=4, lw=2, label=name
                )
            else:
                ax.plot(temperatures, values, color=colour, ls=style, marker=marker, lw=2, label=name)
        ax.set(xscale="log", xlabel="temperature", ylabel=label)
        ax.legend(fontsize=12)
    return axes


def _node(ax, x, y, text, random):
    shape = (
        Circle((x, y), 0.4, fc=(*_rgb(ORANGE), 0.35), ec=ORANGE, lw=2)
        if random
        else FancyBboxPatch((x - 0.3, y - 0.27), 0.6, 0.54, boxstyle="round,pad=0.08", fc="white", ec="black", lw=2)
    )
    ax.add_patch(shape)
    ax.text(x, y, text, ha="center", va="center", fontsize=15)


def _arrow(ax, start, end, colour, dashed=False):
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2, "ls": "--" if dashed else "-", "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _sensible(value: float) -> str:
    """Three digits, no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"

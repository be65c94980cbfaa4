"""Pictures for latent variables, evidence and posterior: notebook 02. Each takes tensors and axes and returns the axes."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...look import BLUE, GREEN, GREY, MARKERS, ORANGE, RED, number, three_digits
from ...plots import Z_RANGE
from ...toy import CurvedToy

X_RANGE = (-1.3, 4.3)
WIDE_X, HIGHEST = (-2.8, 4.8), 3.0  # of the interactive figure: nearly all of p(x) at s = 1; the density of z up to which is drawn


def belief_bars(ax: Axes, names: Sequence[str], groups: Mapping[str, Sequence[float]], title: str = "") -> Axes:
    """Bars of probability side by side: a place on the axis for each name, a colour and hatch for each group (a probability a place)."""
    width = 0.8 / len(groups)
    for k, ((label, values), colour, hatch) in enumerate(zip(groups.items(), (GREY, BLUE, ORANGE), ("", "//", ".."), strict=False)):
        at = np.arange(len(names)) + (k - (len(groups) - 1) / 2) * width
        bars = ax.bar(at, [float(v) for v in values], width, color=colour, hatch=hatch, edgecolor="white", label=label)
        ax.bar_label(bars, fmt="%.2f", padding=2, fontsize=12)
    ax.set_xticks(range(len(names)), [textwrap.fill(name, 10) for name in names])
    ax.set(ylim=(0, 1.12), yticks=np.linspace(0, 1, 6), ylabel="probability", title=title)
    if len(groups) > 1:
        ax.set_ylim(0, 1.3)  # room for the legend above the bars
        ax.legend(fontsize=12, loc="upper center", ncols=3)
    return ax


def curve_with_noise(ax: Axes, toy: CurvedToy, samples: tuple[Tensor, Tensor] | None = None, x: Sequence[float] = ()) -> Axes:
    """The curve x = f(z) of a toy with its band of ±2s; optional samples (z, x), each (n,); a horizontal line at each observed x."""
    z = torch.linspace(*Z_RANGE, 401, dtype=torch.float64)
    mean = toy.f(z)
    ax.fill_between(z, mean - 2 * toy.s, mean + 2 * toy.s, color=BLUE, alpha=0.2, lw=0, label="f(z) ± 2s")
    ax.plot(z, mean, color=BLUE, lw=2.5, label="f(z)")
    if samples is not None:
        ax.plot(*samples, ".", color="black", ms=3, alpha=0.6, label="samples (z, x)")
    for value, style in zip(x, ("--", ":", "-."), strict=False):
        ax.axhline(value, color=RED, ls=style, lw=2)
        ax.text(Z_RANGE[1], value + 0.08, f"x = {three_digits(value)}", color=RED, ha="right", va="bottom", fontsize=13)
    ax.set(xlabel="z (latent)", ylabel="x (observed)", xlim=Z_RANGE, ylim=X_RANGE)
    return ax


def three_densities(ax: Axes, toy: CurvedToy, x: float, legend: bool = False) -> Axes:
    """Prior, likelihood (scaled to the height of the posterior: it is no density of z) and posterior over z, for one x."""
    z = torch.linspace(*Z_RANGE, 1401, dtype=torch.float64)
    posterior = toy.posterior(x).density(z)
    likelihood = toy.log_likelihood(x, z).exp()
    ax.plot(z, toy.log_prior(z).exp(), color=GREY, ls="--", lw=2.5, label="prior p(z)")
    ax.fill_between(z, posterior, color=BLUE, alpha=0.3, lw=0)
    ax.plot(z, posterior, color=BLUE, lw=2.5, label="posterior p(z|x)")
    ax.plot(z, likelihood / likelihood.max() * posterior.max(), color=ORANGE, ls=":", lw=2.5, label="likelihood p(x|z), scaled")
    ax.set(xlabel="z (latent)", ylabel="density", xlim=Z_RANGE, ylim=(0, posterior.max().item() * (1.6 if legend else 1.05)))
    if legend:
        ax.legend(fontsize=12, loc="upper left", handlelength=1.4, handletextpad=0.5, borderaxespad=0.2)
    return ax


def toy_frame(fig: Figure, x: float, s: float) -> Figure:
    """One picture of the interactive figure: the curve with the observed x, the evidence along x beside it, the densities of z below."""
    toy = CurvedToy(s)
    (curve, evidence), (densities, words) = fig.subplots(2, 2, width_ratios=(2.2, 1), height_ratios=(1, 1))
    curve_with_noise(curve, toy, x=[x]).set(xlabel="", ylim=WIDE_X, title="the model: z, then x")
    along = torch.linspace(*WIDE_X, 381, dtype=torch.float64)
    log_evidence = toy.log_evidence(x)
    here = log_evidence.exp()
    evidence.plot(toy.log_evidence(along).exp(), along, color=GREEN, lw=2.5)
    evidence.plot([0, here], [x, x], color=RED, ls="--", lw=2)
    evidence.plot(here, x, "o", color=RED, ms=10)
    evidence.set(xlabel="density p(x)", xlim=(0, 1.7), ylim=WIDE_X, title=f"log p(x) = {number(log_evidence)} nats")
    three_densities(densities, toy, x).set(ylim=(0, HIGHEST))
    places, posterior = densities.lines[1].get_data()
    if posterior.max() > HIGHEST:
        densities.text(
            places[posterior.argmax()] - 0.15, HIGHEST, f"↑ {posterior.max():.1f}", ha="right", va="top", color=BLUE, fontsize=13
        )
    words.set_axis_off()
    lines, title = densities.get_legend_handles_labels(), f"x = {three_digits(x)},  s = {s:g}"
    words.legend(*lines, loc="upper left", fontsize=13, title=title, title_fontsize=14)
    return fig


def toy_reading(x: float, s: float) -> str:
    """The interactive figure's picture in a sentence."""
    p = CurvedToy(s).posterior(x)
    peaks = " and ".join(f"z = {three_digits(mode)}" for mode in p.modes.tolist())
    spread = f"its mean is {three_digits(p.mean)}, its standard deviation {three_digits(p.sd)}"
    return f"log p(x) = {number(p.log_evidence)} nats. The posterior peaks at {peaks}; {spread}."


def density_against_histogram(
    ax: Axes, z: Tensor, density: Tensor, samples: Tensor, edges: Tensor, label: str = "samples", truth: str = "quadrature"
) -> Axes:
    """An exact density (line) over z, both (n,), and the histogram of samples (any shape) in bins with these edges, scaled to area one."""
    ax.hist(np.ravel(samples), bins=np.asarray(edges), density=True, color=ORANGE, alpha=0.6, label=label)
    ax.plot(z, density, color=BLUE, lw=2.5, label=truth)
    ax.set(xlabel="z (latent)", ylabel="density", xlim=(float(edges[0]), float(edges[-1])), ylim=(0, None))
    ax.legend(fontsize=12)
    return ax


def error_against_samples(
    ax: Axes, n_samples: Sequence[int], measured: Mapping[int, Sequence[float]], exact: Mapping[int, Sequence[float]]
) -> Axes:
    """Relative error of Monte Carlo against the number of samples, log–log: markers measured, lines exact; one colour and marker an L.

    measured, exact: L → (len(n_samples),), root mean square as a share of p(x).
    """
    for (L, errors), colour, marker in zip(measured.items(), (BLUE, GREEN, ORANGE, RED), MARKERS, strict=False):
        ax.plot(n_samples, exact[L], color=colour, lw=1.8)
        ax.plot(n_samples, errors, marker, color=colour, ms=8)
        ax.text(n_samples[-1] * 1.3, exact[L][-1], f"L = {L}", color=colour, va="center", fontsize=13, fontweight="bold")
    ax.axhline(0.1, color="black", ls=":", lw=1.5)
    ax.text(n_samples[0], 0.085, "10 %", va="top", fontsize=12)
    ax.set(xscale="log", yscale="log", xlabel="number of samples S", ylabel="relative error (root mean square)")
    ax.set(xlim=(n_samples[0] / 1.5, n_samples[-1] * 7), title="markers: measured; lines: exact")
    return ax


def samples_against_dimension(ax: Axes, L: Tensor, needed: Tensor, exact_L: Tensor, exact: Tensor, rate: float, stderr: float) -> Axes:
    """Samples for 10 % error against L, log axis: every repeat as a dot, the exact line.

    L: (n,); needed: (repeats, n); exact_L, exact: (m,); rate ± stderr: the fitted slope in nats per dimension.
    """
    ax.plot(exact_L, exact, color=BLUE, lw=2.2, label="exact")
    ax.plot(np.broadcast_to(L, needed.shape).ravel(), np.ravel(needed), "o", color=ORANGE, ms=6, alpha=0.6, label="measured, each repeat")
    ax.set(yscale="log", xlabel="latent dimensions L", ylabel="samples for 10 % relative error", xticks=[1, 5, 10, 15, 20])
    ax.legend(fontsize=12, loc="lower right")
    ax.set_title(f"fitted: {rate:.3f} ± {stderr:.3f} nats per dimension", fontsize=13)
    return ax


def circle_of_needs(ax: Axes) -> Axes:
    """Bayes' rule as a circle: the evidence needs the posterior, the posterior needs the evidence."""
    box = {"boxstyle": "round,pad=0.6", "fc": "white", "ec": BLUE, "lw": 2.5}
    for x, text in ((0.18, "evidence\np(x)"), (0.82, "posterior\np(z|x)")):
        ax.text(x, 0.5, text, ha="center", va="center", fontsize=16, bbox=box)
    arrow = {"arrowstyle": "-|>", "lw": 2.5, "color": RED, "mutation_scale": 24, "connectionstyle": "arc3,rad=-0.4"}
    ax.annotate("", (0.7, 0.66), (0.3, 0.66), arrowprops=arrow)
    ax.annotate("", (0.3, 0.34), (0.7, 0.34), arrowprops=arrow)
    ax.text(0.5, 0.93, "to know p(x) = p(x, z) / p(z|x), first get p(z|x)", ha="center", fontsize=14)
    ax.text(0.5, 0.03, "to know p(z|x) = p(x, z) / p(x), first get p(x)", ha="center", fontsize=14)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    return ax


def traces(ax: Axes, chains: Tensor) -> Axes:
    """The paths of a few Markov chains. chains: (n_steps, a few)."""
    for k, (chain, colour, style) in enumerate(zip(chains.T, (BLUE, ORANGE, GREEN), ("-", "--", ":"), strict=False)):
        ax.plot(chain, color=colour, ls=style, lw=1.5, label=f"walker {k + 1}")
    ax.set(xlabel="step", ylabel="z (latent)", ylim=Z_RANGE)
    ax.legend(fontsize=12, loc="upper center", ncols=3)
    return ax

"""Pictures of the ELBO: notebook 03. Each takes numbers or tensors and axes, and returns the axes; `*_frame` draws on a whole figure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...look import BLUE, GREEN, GREY, MARKERS, ORANGE, RED, number
from ...plots import Z_RANGE, gaussian_fits
from ...toy import CurvedToy


def elbo_bars(ax: Axes, names: Sequence[str], elbos: Sequence[float], log_evidence: float, floor: float) -> Axes:
    """A bar for each q from `floor` up to log p(x), in nats: the ELBO solid, KL(q‖p(z|x)) hatched on top of it, log p(x) as the ceiling.

    names, elbos: one a bar. An ELBO below the floor leaves the whole bar hatched.
    """
    span = log_evidence - floor
    text = {"ha": "center", "va": "bottom", "fontsize": 12}
    for k, elbo in enumerate(float(e) for e in elbos):
        bottom, gap = max(elbo, floor), max(log_evidence - elbo, 0.0)  # rounding may put the gap a hair below 0
        ax.bar(k, bottom - floor, 0.62, floor, color=BLUE)
        ax.bar(k, log_evidence - bottom, 0.62, bottom, color="white", hatch="///", ec=ORANGE, lw=1.5)
        ax.text(k, log_evidence + 0.02 * span, f"KL {number(gap)}", **text)
        inside = bottom - floor > 0.2 * span  # is there room for white letters on the solid part?
        paper = {"color": "white"} if inside else {"color": "black", "bbox": {"fc": "white", "ec": "none", "pad": 2}}
        ax.text(k, floor + 0.03 * span, f"ELBO\n{number(elbo)}", **paper, **text)
    ax.axhline(log_evidence, color="black", lw=2.5)
    ax.text(len(elbos) - 0.45, log_evidence, " log p(x)", va="center", fontsize=12)
    ax.set_xticks(range(len(names)), names)
    ax.set(xlim=(-0.55, len(elbos) - 0.45), ylim=(floor, log_evidence + 0.12 * span), ylabel="nats")
    return ax


def posterior_and_gaussian(ax: Axes, toy: CurvedToy, x: float, mu: float, sigma: float) -> Axes:
    """The true posterior of a toy, filled, and a Gaussian q as a line; the scale is the same for every q."""
    z = torch.linspace(*Z_RANGE, 701, dtype=torch.float64)
    gaussian_fits(ax, z, toy.posterior(x).density(z), {"q(z)": (mu, sigma)}).set_ylim(0, 2.8)
    return ax


def jensen(ax: Axes, ratio: Tensor, mean_log: float, title: str = "") -> Axes:
    """Draws of w/p(x), (n,), as dots on the logarithm's curve, its tangent at their mean 1, and the gap (nats) down to their mean log."""
    t = torch.linspace(-6.2, math.log(4), 400).exp()  # even steps of log t, since the curve is steep at 0
    ax.plot(t, t.log(), color=BLUE, lw=2.5, label="log t")
    ax.plot(t, t - 1, color=GREY, ls="--", lw=2, label="tangent t − 1")
    ax.plot(ratio, ratio.log(), "o", color=ORANGE, ms=7, alpha=0.5, mew=0, label="draws from q")
    ax.plot(1, 0, "s", color="black", ms=9, label="log of the mean")
    ax.plot(1, mean_log, "D", color=RED, ms=9, label="mean of the logs")
    ax.plot([1, 1], [mean_log, 0], color=RED, lw=2.5)
    ax.set(xlabel="t = p(x, z) / (q(z) p(x))", ylabel="nats", xlim=(0, 4), ylim=(-6, 2), title=title)
    return ax


def bound_scatter(ax: Axes, kl: Tensor, elbo: Tensor, log_evidence: float, floor: float) -> Axes:
    """The ELBO of many q's, (n,), against their KL to the posterior, (n,), with the ceiling log p(x); all in nats."""
    ax.plot(kl, elbo, ".", color=BLUE, ms=4, alpha=0.4)
    ax.plot([], [], "o", color=BLUE, ms=6, label=f"{len(kl):,} random q")  # as it can be seen in a legend
    ax.axhline(log_evidence, color="black", lw=2.5, label="log p(x)")
    ax.plot(0, log_evidence, "*", color=RED, ms=18, label="q = p(z|x)", clip_on=False, zorder=3)
    ax.set(xlabel="KL(q‖p(z|x)) in nats", ylabel="ELBO in nats", ylim=(floor, log_evidence + 1), xlim=(-0.4, log_evidence - floor))
    ax.legend(fontsize=12)
    return ax


def bridge(ax: Axes, t: Tensor, gap: Tensor) -> Axes:
    """The gap log p(x) − ELBO, in nats, along paths to the posterior: gap (paths, len(t)), t from 0 (a random q) to 1 (the posterior)."""
    ax.plot(t, gap.T, lw=1.8, alpha=0.8)
    ax.axhline(0, color="black", lw=2.5)
    ax.plot(1, 0, "*", color=RED, ms=18)
    ax.set(xlabel="t, from a random q to p(z|x)", ylabel="log p(x) − ELBO in nats", yscale="symlog")
    ax.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    return ax


def em_frame(figure: Figure, theta: Tensor, log_likelihood: Tensor, bounds: Tensor, path: Sequence[tuple[float, float]], k: int) -> Figure:
    """EM after k half steps. Left: log-likelihood and present bound over θ, with the path; right: the bar of ELBO and gap.

    theta, log_likelihood: (n,); bounds: (steps, n), the bound as a function of θ after each half step; path: (θ, ELBO) after each. Nats.
    """
    left, right = figure.subplots(1, 2, width_ratios=(2.4, 1))
    here, value = path[k]
    ceiling = log_likelihood[(theta - here).abs().argmin()].item()
    left.plot(theta, log_likelihood, color="black", lw=2.5, label="log p(x) over θ")
    left.plot(theta, bounds[k], color=BLUE, lw=2.5, ls="--", label="ELBO of this q over θ")
    left.plot(*zip(*path[: k + 1], strict=True), color=RED, lw=1.5, marker="o", ms=4, label="path")
    left.plot(here, value, "o", color=RED, ms=11)
    low, high = log_likelihood.min().item(), log_likelihood.max().item()
    floor = min(low, min(v for _, v in path)) - 0.1
    left.set(xlabel="θ, the centre of the second bump", ylabel="nats per data point", ylim=(floor, high + 0.1))
    left.set_xlim(theta[0].item(), theta[-1].item())
    left.legend(fontsize=12, loc="upper left")
    left.set_title("start" if k == 0 else f"after {'E' if k % 2 else 'M'} step {(k + 1) // 2}")
    elbo_bars(right, [f"θ = {number(here)}"], [value], ceiling, floor).set_ylim(floor, high + 0.1)
    return figure


def revenue_and_cost(ax: Axes, sigma: Tensor, reconstruction: Tensor, kl: Tensor, ceiling: float, log_evidence: float) -> Axes:
    """Reconstruction term, KL and their difference over the width of q, each (n,), in nats (left axis) and bits (right axis)."""
    elbo = reconstruction - kl
    best = elbo.argmax()
    ax.plot(sigma, reconstruction, color=GREEN, lw=2.5, label="revenue: reconstruction")
    ax.plot(sigma, kl, color=ORANGE, lw=2.5, ls="--", label="cost: KL(q‖prior)")
    ax.plot(sigma, elbo, color=BLUE, lw=3, ls="-.", label="profit: ELBO")
    ax.plot(sigma[best], elbo[best], "o", color=BLUE, ms=10)
    ax.axhline(ceiling, color=GREEN, lw=1, ls=":")
    ax.axhline(log_evidence, color="black", lw=1.5)
    ax.text(sigma[0], log_evidence + 0.1, "log p(x)", fontsize=12, va="bottom")
    ax.text(sigma[0], ceiling + 0.1, "ceiling of the revenue", fontsize=12, va="bottom")
    ax.set(xscale="log", xlabel="σ, the width of q", ylabel="nats", ylim=(-9, 9))
    ax.secondary_yaxis("right", functions=(lambda n: n / math.log(2), lambda b: b * math.log(2))).set_ylabel("bits")
    ax.legend(fontsize=12, loc="upper right")
    return ax


def climb(ax: Axes, iterations: Sequence[int], missing: Mapping[str, Sequence[float]], target: float) -> Axes:
    """Nats per image that are missing to the maximum after each block of iterations, log scale; a line at the target."""
    for (name, values), colour, marker in zip(missing.items(), (BLUE, ORANGE), MARKERS, strict=False):
        ax.plot(iterations, values, color=colour, marker=marker, lw=2, label=name)
    ax.axhline(target, color="black", ls=":", lw=1.5)
    ax.text(iterations[-1], target * 1.2, f"{target} nats", ha="right", va="bottom", fontsize=12)
    ax.set(xlabel="iterations of L-BFGS", ylabel="missing nats per image", yscale="log")
    ax.legend(fontsize=12)
    return ax


def square_matrix(ax: Axes, matrix: Tensor, title: str = "") -> Axes:
    """A square matrix (n, n) as shades of its absolute entries, with the numbers written in."""
    ax.imshow(np.asarray(matrix.abs() / matrix.abs().max()), cmap="Blues", vmin=0, vmax=1.4)
    for i, row in enumerate(matrix.tolist()):
        for j, value in enumerate(row):
            ax.text(j, i, number(value), ha="center", va="center", fontsize=12)
    ax.set(xticks=[], yticks=[], title=title)
    return ax


def aggregate(ax: Axes, z: Tensor, each: Tensor, mean: Tensor, prior: Tensor) -> Axes:
    """Densities over z: a few single posteriors (n, len(z)) as thin lines, the average of all of them thick, the prior dashed."""
    ax.plot(z, each.T, color=GREY, lw=1, alpha=0.6)
    ax.plot([], [], color=GREY, lw=1, label="single posteriors")
    ax.plot(z, mean, color=BLUE, lw=3, label="their average over the data")
    ax.plot(z, prior, color="black", ls="--", lw=2.5, label="prior")
    ax.set(xlabel="z (latent)", ylabel="density", xlim=Z_RANGE, ylim=(0, 2.2))
    ax.legend(fontsize=12)
    return ax


def two_maxima(ax: Axes, theta: Tensor, log_evidence: Tensor, elbo: Tensor, truth: float) -> Axes:
    """Mean log p(x) and mean ELBO over a parameter, each with its maximum marked. theta and both curves: (n,), nats per data point."""
    for values, name, colour, style, marker in ((log_evidence, "log p(x)", "black", "-", "*"), (elbo, "best ELBO", BLUE, "--", "o")):
        k = values.argmax()
        ax.plot(theta, values, color=colour, ls=style, lw=2.5, label=name)
        ax.plot(theta[k], values[k], marker, color=RED, ms=14 if marker == "*" else 10)
        ax.axvline(theta[k], color=colour, ls=":", lw=1.5)
    ax.axvspan(truth - 0.01, truth + 0.01, color=GREEN, alpha=0.5, label="the data's curvature")
    ax.set(xlabel="curvature a of the decoder", ylabel="nats per data point")
    ax.legend(fontsize=12, loc="lower right")
    return ax

"""Pictures of KL divergences, notebook 04: integrand, springs, fits, estimators. Numbers or tensors and axes in, the axes out."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor
from torch.distributions import Normal

from ...look import BLUE, DASHES, GREEN, GREY, MARKERS, ORANGE, RED, label_looks, number, three_digits
from ...sketch import arrow


def kl_integrand(ax: Axes, q: Normal, p: Normal, reach: float) -> Axes:
    """The integrand q log(q/p) over [−reach, reach]: what counts up is blue, what counts down orange and hatched; the sum is the title."""
    far = max(reach, abs(q.mean.item()) + 12 * q.scale.item())  # the areas count the tails out of view too
    z = torch.linspace(-far, far, 4001, dtype=torch.float64)
    integrand = q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z))
    gain, loss = integrand.clamp(min=0), integrand.clamp(max=0)
    up, down = torch.trapezoid(gain, z), torch.trapezoid(loss, z)
    ax.fill_between(z, gain, color=BLUE, alpha=0.6, label=f"q > p: +{number(up)} nats")
    ax.fill_between(z, loss, color=ORANGE, alpha=0.6, hatch="///", label=f"q < p: {number(down)} nats")
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="z", ylabel="q log(q/p)", xlim=(-reach, reach), title=f"area = KL(q‖p) = {up + down:.3f} nats")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def two_densities(ax: Axes, q: Normal, p: Normal, reach: float) -> Axes:
    """q (solid blue) and p (dashed grey) over [−reach, reach]."""
    z = torch.linspace(-reach, reach, 1501, dtype=torch.float64)
    for name, density, colour, style in (("q", q, BLUE, "-"), ("p", p, GREY, "--")):
        label = f"{name} = N({three_digits(density.mean)}, {three_digits(density.scale)}²)"
        ax.plot(z, density.log_prob(z).exp(), color=colour, lw=2.5, ls=style, label=label)
    ax.set(xlabel="z", ylabel="density", xlim=(-reach, reach), ylim=(0, None), title="two densities")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def kl_frame(figure: Figure, mu: float, sigma: float, reach: float = 8.0) -> Figure:
    """One picture of the interactive figure: q = N(mu, sigma²) and N(0, 1) left, integrand right; scales fixed over all frames."""
    left, right = figure.subplots(1, 2)
    q, p = (Normal(torch.tensor(m, dtype=torch.float64), s) for m, s in ((mu, sigma), (0, 1)))
    two_densities(left, q, p, reach).set(ylim=(0, 1.1), xticks=range(-8, 9, 4))
    kl_integrand(right, q, p, reach).set(ylim=(-0.4, 2.9), xticks=range(-8, 9, 4))
    return figure


def closed_form_check(
    ax: Axes, x: Tensor, quadrature: Tensor, estimate: Tensor, stderr: Tensor, line: tuple[Tensor, Tensor], xlabel: str
) -> Axes:
    """Quadrature (crosses) and Monte Carlo (dots, bars of five standard errors) over x, (n,), on a closed form: line = (x, KL). Nats."""
    ax.plot(*line, color=BLUE, lw=2.5, label="closed form")
    ax.plot(x, quadrature, "x", color="black", ms=9, mew=2, label="quadrature")
    ax.errorbar(x, estimate, 5 * np.asarray(stderr), fmt="o", color=ORANGE, ms=5, capsize=5, label="Monte Carlo, ±5 s.e.")
    ax.set(xlabel=xlabel, ylabel="KL (nats)")
    ax.legend(fontsize=12)
    return ax


def spring(ax: Axes, x: Tensor, energy: Tensor, force: Tensor, xlabel: str, rest: float, title: str) -> Axes:
    """An energy curve, in nats, with its pull as arrows, cut at a pull of 3. x, energy, force: (n,), force = −gradient, 0 at `rest`."""
    x, energy, force = np.asarray(x), np.asarray(energy), np.asarray(force)
    ax.plot(x, energy, color=BLUE, lw=2.5)
    ax.axvline(rest, color=GREY, ls=":", lw=1.5)
    for k in np.linspace(0, len(x) - 1, 9).round().astype(int):
        length = np.clip(force[k], -3, 3) * np.ptp(x) / 12
        if abs(length) > 0.02 * np.ptp(x):
            arrow(ax, (x[k], energy[k]), (x[k] + length, energy[k]), RED, mutation_scale=14)
    ax.set(xlabel=xlabel, ylabel="KL (nats)", title=title)
    return ax


def code_ellipses(ax: Axes, mu: Tensor, sigma: Tensor, labels: Sequence, title: str, reach: float | None = None) -> Axes:
    """q(z|x) of each image as its true one-sigma ellipse in the code plane; dashed: the prior at 1σ and 2σ.

    mu, sigma: (n, 2); labels, (n,), stand in the middle where no other code is near, else there is a dot.
    """
    mu, sigma, names = np.asarray(mu), np.asarray(sigma), [str(label) for label in np.asarray(labels)]
    looks, reach = label_looks(names), reach or 1.1 * (abs(mu) + sigma).max()
    near = np.linalg.norm(mu[:, None] - mu, axis=-1) < 0.08 * reach  # closer than a label is wide: (n, n)
    for at, size, name, crowd in zip(mu, sigma, names, near.sum(1), strict=True):
        colour, marker = looks[name]
        ax.add_patch(Ellipse(at, *(2 * size), fill=False, ec=colour, lw=1.5))
        ax.plot(*at, marker=marker if crowd == 1 else ".", color="black" if crowd == 1 else colour, ms=9 if crowd == 1 else 7, mew=0.3)
    for radius in (1, 2):
        ax.add_patch(Ellipse((0, 0), 2 * radius, 2 * radius, fill=False, ec="black", ls="--", lw=1.2))
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", title=title, aspect="equal")
    return ax


def covariance_ellipses(ax: Axes, mean: Tensor, covariances: Mapping[str, Tensor], reach: float = 3.2) -> Axes:
    """One- and two-sigma ellipses of N(mean, covariance), mean (2,), for each named covariance (2, 2), in different line styles."""
    for (name, covariance), colour, style in zip(covariances.items(), (GREY, BLUE, ORANGE, GREEN), DASHES, strict=False):
        values, vectors = np.linalg.eigh(np.asarray(covariance))
        look = {"angle": math.degrees(math.atan2(vectors[1, 1], vectors[0, 1])), "fill": False, "ec": colour, "ls": style, "lw": 2.5}
        for k, label in ((1, name), (2, None)):
            ax.add_patch(Ellipse(tuple(mean), *(2 * k * np.sqrt(values[::-1])), label=label, **look))
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", aspect="equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=12)
    return ax


def density_fits(ax: Axes, z: Tensor, p: Tensor, fits: Mapping[str, Tensor]) -> Axes:
    """A target density p over z as a filled curve, and named fits as lines in different styles. z, p and each fit: (n,)."""
    ax.fill_between(z, p, color=GREY, alpha=0.35, label="p")
    for (name, q), colour, style in zip(fits.items(), (ORANGE, BLUE, GREEN, RED), DASHES, strict=False):
        ax.plot(z, q, color=colour, ls=style, lw=2.5, label=name)
    ax.set(xlabel="z", ylabel="density", ylim=(0, None))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=12)
    return ax


def estimator_variances(ax: Axes, stages: Sequence[str], variances: Mapping[str, tuple[Tensor, Tensor]]) -> Axes:
    """Variance of each estimator (bars, nats²) at each stage of training. variances: name → its mean and standard error, one a stage."""
    width, at = 0.8 / len(variances), np.arange(len(stages))
    for k, ((name, (mean, error)), colour, hatch) in enumerate(zip(variances.items(), (ORANGE, BLUE), ("///", ""), strict=False)):
        look = {"color": colour, "alpha": 0.75, "hatch": hatch, "ec": "black", "capsize": 5, "label": name}
        ax.bar(at + (k - (len(variances) - 1) / 2) * width, mean, width, yerr=error, **look)
    ax.set_xticks(at, stages)
    ax.set(xlabel="training", ylabel="variance of one sample (nats²)")
    ax.legend(fontsize=12)
    return ax


def estimator_quality(
    axes: Sequence[Axes], x: Sequence[float], moments: Sequence[tuple], xlabel: str, infinite: tuple[float, float] | None = None
) -> Sequence[Axes]:
    """Left: the mean of each estimator, over the KL (thick line). Right: the standard deviation of one sample, log scale. Nats.

    moments: for each x the KL and {name: (mean, standard deviation)}. infinite: the x between which k3's variance is infinite, shaded.
    """
    left, right = axes
    left.plot(x, [kl for kl, _ in moments], color="black", lw=5, alpha=0.25, label="KL, exact")
    for name, colour, style, marker in zip(moments[0][1], (ORANGE, GREEN, BLUE), DASHES, MARKERS, strict=False):
        mean, std = zip(*(of[name] for _, of in moments), strict=True)
        look = {"color": colour, "ls": style, "lw": 2.2, "marker": marker, "markevery": max(1, len(x) // 8), "ms": 7, "label": name}
        left.plot(x, mean, **look)
        right.plot(x, std, **look)
    if infinite:
        right.axvspan(*infinite, color=RED, alpha=0.12)
        place = {"transform": right.get_xaxis_transform(), "ha": "center", "va": "top"}
        right.text(sum(infinite) / 2, 0.4, "infinite\nfor k3", color=RED, **place)
    left.set(xlabel=xlabel, ylabel="nats", title="mean: is it biased?")
    right.set(xlabel=xlabel, ylabel="nats", yscale="log", ylim=(3e-3, None), title="standard deviation of one sample")
    for ax in axes:
        ax.legend(fontsize=12)
    return axes

"""Pictures of notebook 09: counts and posteriors, coordinate ascent, samplers, and q moving over the true posterior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor
from torch.distributions import Beta, Normal

from ...inference.mixture import MeanField
from ...look import BLUE, DASHES, GREEN, GREY, ORANGE, PINK, RED, number

APPROXIMATION, AMORTIZATION = "#56b4e9", ORANGE  # the two gaps, hatched too
PARTS = (BLUE, ORANGE, GREEN, PINK)  # of a mixture


# ---------------------------------------------------------------- conjugacy


def beta_frame(fig: Figure, strength: float, ink: Tensor) -> Figure:
    """Prior Beta(strength/2, strength/2), scaled likelihood and posterior of a pixel's ink probability, given `ink` (n,), 0 or 1."""
    ax = fig.subplots()
    z = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    k, n = ink.sum().item(), len(ink)
    a, b = _beta(strength / 2, strength / 2), _beta(strength / 2 + k, strength / 2 + n - k)
    posterior, likelihood = b.log_prob(z).exp(), k * z.log() + (n - k) * (1 - z).log()
    ax.plot(z, a.log_prob(z).exp(), color=GREY, ls="--", lw=2.5, label=f"prior: counts {strength / 2:g} + {strength / 2:g}")
    if n:
        scaled = (likelihood - likelihood.max()).exp() * posterior.max()
        ax.plot(z, scaled, color=ORANGE, ls=":", lw=2.5, label=f"likelihood, scaled: {k:g} with ink, {n - k:g} without")
    ax.fill_between(z, posterior, color=BLUE, alpha=0.3, lw=0)
    ax.plot(z, posterior, color=BLUE, lw=2.5, label=f"posterior: counts {strength / 2 + k:g} + {strength / 2 + n - k:g}")
    ax.set(xlabel="z, probability of ink in this pixel", ylabel="density", xlim=(0, 1), ylim=(0, 17))
    ax.legend(fontsize=13, loc="upper left")
    return fig


def beta_reading(strength: float, ink: Tensor) -> str:
    """That picture in a sentence."""
    k, n = ink.sum().item(), len(ink)
    posterior = _beta(strength / 2 + k, strength / 2 + n - k)
    share = f"the share alone says {k / n:.3f}" if n else "no image seen"
    mean, sd = posterior.mean.item(), posterior.stddev.item()
    return f"{k:g} of {n} images have ink there: {share}. Posterior mean {mean:.3f}, standard deviation {sd:.3f}."


def _beta(a: float, b: float) -> Beta:
    return Beta(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))


def stays_in_the_family(ax: Axes, z: Tensor, prior: Tensor, posterior: Tensor, best: Tensor, title: str = "") -> Axes:
    """Prior, exact posterior, and the best member of the prior's family as a dotted line: densities over z (n,)."""
    ax.plot(z, prior, color=GREY, ls="--", lw=2.5, label="prior")
    ax.fill_between(z, posterior, color=BLUE, alpha=0.3, lw=0, label="posterior, by quadrature")
    ax.plot(z, best, color=RED, ls=":", lw=3, label="best of the prior's family")
    ax.set(xlabel="z", ylabel="density", title=title, xlim=(z[0].item(), z[-1].item()), ylim=(0, None))
    return ax


# ---------------------------------------------------------------- coordinate ascent


def zigzag(ax: Axes, mean: Tensor, covariance: Tensor, path: Tensor, title: str = "") -> Axes:
    """Contours of N(mean, covariance), the means of q after every coordinate step (steps, 2), and the last q as a 2σ ellipse."""
    sides = 1 / torch.linalg.inv(covariance).diagonal()
    for k, style in ((1, "-"), (2, "--")):
        _ellipse(ax, mean, covariance, k, ec=BLUE, ls=style, lw=2, label=f"true posterior: {k}σ")
    _ellipse(ax, path[-1], torch.diag(sides), 2, ec=RED, ls="-.", lw=2.5, label="q at rest: 2σ")
    ax.plot(*path.T, "o-", color=ORANGE, ms=5, lw=2, label="mean of q, step by step")
    ax.set(xlabel="$z_1$", ylabel="$z_2$", title=title, aspect="equal", xlim=(-2.6, 3.8), ylim=(-2.6, 2.6))
    return ax


def error_per_sweep(ax: Axes, errors: dict[str, Tensor]) -> Axes:
    """How far the mean of z₁ is from the truth after each sweep, one line a name; logarithmic."""
    for (name, error), colour, marker in zip(errors.items(), (BLUE, ORANGE, GREEN), "os^", strict=False):
        ax.plot(error, color=colour, marker=marker, lw=2, label=name)
    ax.set(xlabel="sweep", ylabel="error of the mean of $z_1$", yscale="log", ylim=(1e-10, 10))
    ax.legend(fontsize=12)
    return ax


def mixture_frame(fig: Figure, x: Tensor, q: MeanField, elbos: Sequence[float], best: float) -> Figure:
    """Points in the colours of their responsibilities, each component as a 2σ circle and q(centre) as a filled 2σ one; the ELBO so far."""
    points, curve = fig.subplots(1, 2, width_ratios=(1.25, 1))
    mixture(points, x, q)
    curve.plot(range(len(elbos)), elbos, "o-", color=BLUE, lw=2, ms=5)
    curve.axhline(best, color=GREY, ls="--", lw=1.5)
    curve.text(0.98, 0.97, f"best of twenty starts: {number(best, 1)}", transform=curve.transAxes, ha="right", va="top", fontsize=12)
    curve.set(xlabel="sweep", ylabel="ELBO, nats", xlim=(-1, 61), ylim=(best - 75, best + 8))
    curve.set_title(f"ELBO {number(elbos[-1], 1)} nats")
    return fig


def mixture(ax: Axes, x: Tensor, q: MeanField, title: str = "") -> Axes:
    """The points (N, 2) in the colours of their responsibilities, and q of a mixture of up to four components."""
    colours = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in PARTS])
    ax.scatter(*x.T, s=26, c=np.clip(q.r.numpy() @ colours[: q.r.shape[1]], 0, 1), lw=0)
    for k, (centre, variance) in enumerate(zip(q.mean, q.variance, strict=True)):
        style = DASHES[k % 4]
        _ellipse(ax, centre, torch.eye(2, dtype=torch.float64) / q.precision[k], 2, ec=PARTS[k], ls=style, lw=2.5)
        _ellipse(ax, centre, torch.eye(2, dtype=torch.float64) * variance, 2, fc=PARTS[k], ec="black", fill=True, lw=1)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, aspect="equal", xlim=(-6, 5.5), ylim=(-4.6, 5.2))
    return ax


def twenty_starts(ax: Axes, curves: Sequence[Sequence[float]], best: float) -> Axes:
    """The ELBO over sweeps from each start: those that reach the best value solid, the others dashed."""
    for curve in curves:
        good = curve[-1] > best - 0.1
        ax.plot(curve, color=BLUE if good else RED, ls="-" if good else "--", lw=1.5, alpha=0.8)
    ax.plot([], [], color=BLUE, label="ends at the best ELBO")
    ax.plot([], [], color=RED, ls="--", label="ends below it")
    ax.set(xlabel="sweep", ylabel="ELBO, nats", xscale="symlog", ylim=(best - 90, best + 8))
    ax.legend(fontsize=12, loc="lower right")
    return ax


# ---------------------------------------------------------------- samplers


def cloud_and_ellipse(ax: Axes, samples: Tensor, mean: Tensor, variance: Tensor, title: str = "") -> Axes:
    """Samples of a posterior (S, 2) with their 2σ ellipse, and a mean-field q as its own."""
    ax.plot(*samples.T, ".", color=BLUE, ms=2, alpha=0.25)
    _ellipse(ax, samples.mean(0), samples.T.cov(), 2, ec=BLUE, lw=2.5, label="Gibbs: 2σ")
    _ellipse(ax, mean, torch.diag(variance), 2, ec=RED, ls="--", lw=2.5, label="CAVI: 2σ")
    ax.set(xlabel="centre, $x_1$", ylabel="centre, $x_2$", title=title, aspect="equal")
    ax.legend(fontsize=12, loc="upper left")
    return ax


def orbits(ax: Axes, z: Tensor, energy: Tensor, r: Tensor, paths: dict[str, Tensor]) -> Axes:
    """Lines of equal energy over (z, momentum) on a grid (r, z), and paths (steps, 2) through them."""
    lowest = energy.min()
    ax.contour(z, r, energy, levels=(lowest + torch.tensor([0.2, 0.7, 1.5, 2.6, 4.0, 6.0])).tolist(), colors=GREY, linewidths=1)
    for (name, path), colour, marker in zip(paths.items(), (BLUE, RED, GREEN), "o^s", strict=False):
        ax.plot(*path.T, color=colour, marker=marker, ms=5, lw=1.5, label=name)
    ax.set(xlabel="z (latent)", ylabel="momentum r", xlim=(z[0].item(), z[-1].item()), ylim=(r[0].item(), r[-1].item()))
    ax.legend(fontsize=12, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def histogram_and_grid(axes: Sequence[Axes], edges: tuple[Tensor, Tensor], sampled: Tensor, exact: Tensor) -> None:
    """Two maps of probability per cell, (n, n) with z₁ down the rows: of samples, and exact."""
    top = max(sampled.max(), exact.max()).item()
    for ax, share, title in zip(axes, (sampled, exact), ("HMC, histogram", "grid, exact"), strict=True):
        ax.pcolormesh(*map(np.asarray, edges), np.asarray(share.T), cmap="Blues", vmin=0, vmax=top, rasterized=True)
        ax.set(xlabel="$z_1$", ylabel="$z_2$", title=title, aspect="equal")


def effective(ax: Axes, names: Sequence[str], rows: dict[str, tuple[Sequence[float], Sequence[float]]]) -> Axes:
    """Effective samples per 1,000 evaluations, a group of bars a target: sampler → (values, standard errors); logarithmic."""
    width = 0.8 / len(rows)
    for i, ((sampler, (values, errors)), colour, hatch) in enumerate(zip(rows.items(), (GREY, BLUE, PINK), ("//", "", ".."), strict=False)):
        at = np.arange(len(names)) + (i - (len(rows) - 1) / 2) * width
        bars = ax.bar(at, values, width, yerr=errors, color=colour, hatch=hatch, edgecolor="white", capsize=4, label=sampler)
        ax.bar_label(bars, [f"{v:.0f}" if v >= 10 else f"{v:.2g}" for v in values], padding=2, fontsize=12)
    ax.set_xticks(range(len(names)), names)
    ax.set(yscale="log", ylabel="effective samples\nper 1,000 evaluations")
    ax.legend(fontsize=12)
    ax.margins(y=0.2)
    return ax


# ---------------------------------------------------------------- amortization


def posterior_and_qs(ax: Axes, axis: Tensor, posterior: Tensor, qs: dict[str, tuple[Tensor, Tensor]], title: str = "") -> Axes:
    """p(z|x) on a grid (n, n), z₁ down the rows, and Gaussians as 2σ ellipses with their centres: name → (mu (2,), covariance (2, 2))."""
    half = (axis[1] - axis[0]).item() / 2
    ax.imshow(np.asarray(posterior.T), origin="lower", cmap="Blues", extent=[axis[0].item() - half, axis[-1].item() + half] * 2)
    for (name, (mu, covariance)), (colour, style, marker) in zip(
        qs.items(), ((ORANGE, "--", "s"), (RED, "-", "o"), (GREEN, "-.", "^")), strict=False
    ):
        _ellipse(ax, mu, covariance, 2, ec=colour, ls=style, lw=2.5, label=name)
        ax.plot(*mu.tolist(), marker, color=colour, ms=6)
    share = posterior / posterior.sum()
    where = [(share.sum(1 - k) * axis).sum() for k in (0, 1)]
    points = torch.stack([torch.stack(where), *(mu for mu, _ in qs.values())])
    (x, y), reach = ((points.amin(0) + points.amax(0)) / 2).tolist(), (points.amax(0) - points.amin(0)).max().item() / 2 + 1.3
    ax.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xlabel="$z_1$", ylabel="$z_2$", title=title, aspect="equal")
    return ax


def refinement(fig: Figure, image: Tensor, axis: Tensor, posterior: Tensor, qs: dict, gap: float, family: float, top: float) -> Figure:
    """The image, q over its true posterior, and the gap as a bar up to `top`: the family's part, and what a climb could still win. Nats."""
    picture, plane, bar = fig.subplots(1, 3, width_ratios=(0.7, 1.6, 1.1))
    picture.imshow(np.asarray(image), cmap="gray_r", vmin=0, vmax=1)
    picture.set_axis_off()
    posterior_and_qs(plane, axis, posterior, qs)
    plane.legend(fontsize=12, loc="lower left", frameon=True, framealpha=0.9, edgecolor="none")
    gaps(bar, [""], [family], [max(gap - family, 0.0)])
    bar.set(xlabel="", ylim=(0, top), xlim=(-1, 1), title=f"gap {number(gap)} nats")
    return fig


def gaps(ax: Axes, names: Sequence[str], approximation: Sequence[float], amortization: Sequence[float], errors=None) -> Axes:
    """Stacked bars of the gap between log p(x) and the encoder's ELBO; errors: standard errors of both parts, name by name."""
    places = range(len(names))
    first, second = errors or (None, None)
    style = {"edgecolor": "white", "width": 0.6, "capsize": 4}
    ax.bar(places, approximation, color=APPROXIMATION, yerr=first, label="approximation: the family", **style)
    style |= {"bottom": approximation, "hatch": "//", "label": "amortization: the encoder"}
    ax.bar(places, amortization, color=AMORTIZATION, yerr=second, **style)
    ax.set_xticks(places, names)
    ax.set(ylabel="nats per image")
    ax.legend(fontsize=12, loc="upper right", bbox_to_anchor=(1, 1.02))
    return ax


def sandwich(ax: Axes, rungs: Sequence[int], low: Tensor, high: Tensor) -> Axes:
    """Bounds of log p(x) from below and from above, (lengths, images) in nats from the truth, against the length of the ladder."""
    for values, colour, marker, name in ((low, BLUE, "^", "from below, forward"), (high, RED, "v", "from above, in reverse")):
        error = values.std(1) / values.shape[1] ** 0.5
        ax.errorbar(rungs, values.mean(1), error, color=colour, marker=marker, ms=7, lw=2, capsize=4, label=name)
    ax.axhline(0, color="black", ls="--", lw=1.5, label="log p(x), exact")
    ax.set(xscale="log", xlabel="rungs of the ladder", ylabel="bound − log p(x), nats")
    ax.set_xticks(rungs, [str(n) for n in rungs])
    ax.minorticks_off()
    ax.legend(fontsize=12)
    return ax


def half_hidden(axes: Sequence[Axes], image: Tensor, seen: Tensor, axis: Tensor, posteriors: Sequence[Tensor], qs: Sequence[tuple]) -> None:
    """An image and what is seen of it (both (H, W)); below each its true posterior (n, n) with the encoder's q as 2σ ellipse."""
    top, bottom = axes[:2], axes[2:]
    for ax, mask in zip(top, (torch.ones_like(seen), seen), strict=True):
        ax.imshow(np.where(np.asarray(mask) > 0, np.asarray(image), 0.35), cmap="gray_r", vmin=0, vmax=1)
        ax.set_axis_off()
    for ax, posterior, q in zip(bottom, posteriors, qs, strict=True):
        posterior_and_qs(ax, axis, posterior, {"encoder: 2σ": q})
        ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
    bottom[0].legend(fontsize=12, loc="lower left")


def _ellipse(ax: Axes, mean: Tensor, covariance: Tensor, k: float, fill: bool = False, **style) -> None:
    """The kσ ellipse of a Gaussian in the plane."""
    values, vectors = np.linalg.eigh(np.asarray(covariance))
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    ax.add_patch(Ellipse(np.asarray(mean), *(2 * k * np.sqrt(values[::-1])), angle=angle, fill=fill, **style))


def normal_density(z: Tensor, mu: float, sigma: float) -> Tensor:
    """N(z; mu, sigma²), for a line in a picture."""
    return Normal(float(mu), float(sigma)).log_prob(z).exp()

"""Pictures of KL divergences: integrand, springs, fits, estimators. Each takes numbers or tensors and axes, and returns the axes."""

import math

import numpy as np
from matplotlib.patches import Ellipse

BLUE, ORANGE, GREEN, RED, GREY = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#777777"


def normal_pdf(z, mu, sigma):
    """Density of N(mu, sigma²) at z (numpy)."""
    return np.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


def kl_integrand(ax, mu_q: float, sigma_q: float, mu_p: float = 0.0, sigma_p: float = 1.0, reach: float = 6.0):
    """The integrand q log(q/p) over [−reach, reach]: what counts up is blue, what counts down orange and hatched; the sum is the title."""
    z = np.linspace(min(-reach, mu_q - 12 * sigma_q), max(reach, mu_q + 12 * sigma_q), 4001)  # the areas count the tails out of view too
    log_ratio = 0.5 * ((z - mu_p) / sigma_p) ** 2 - 0.5 * ((z - mu_q) / sigma_q) ** 2 + math.log(sigma_p / sigma_q)
    integrand = normal_pdf(z, mu_q, sigma_q) * log_ratio
    up, down = np.trapezoid(integrand.clip(min=0), z), np.trapezoid(integrand.clip(max=0), z)
    ax.fill_between(z, integrand.clip(min=0), color=BLUE, alpha=0.6, label=f"q > p: {up:+.2f} nats")
    ax.fill_between(z, integrand.clip(max=0), color=ORANGE, alpha=0.6, hatch="///", label=f"q < p: {_signed(down)} nats")
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="z", ylabel="q log(q/p)", xlim=(-reach, reach), title=f"area = KL(q‖p) = {up + down:.3f} nats")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def two_densities(ax, mu_q: float, sigma_q: float, mu_p: float = 0.0, sigma_p: float = 1.0, reach: float = 6.0):
    """q (solid blue) and p (dashed grey) over [−reach, reach]."""
    z = np.linspace(-reach, reach, 1501)
    ax.plot(z, normal_pdf(z, mu_q, sigma_q), color=BLUE, lw=2.5, label=f"q = N({_tidy(mu_q)}, {_tidy(sigma_q)}²)")
    ax.plot(z, normal_pdf(z, mu_p, sigma_p), color=GREY, lw=2.5, ls="--", label=f"p = N({_tidy(mu_p)}, {_tidy(sigma_p)}²)")
    ax.set(xlabel="z", ylabel="density", xlim=(-reach, reach), ylim=(0, None), title="two densities")
    ax.legend(loc="upper right", fontsize=12)
    return ax


def kl_frame(fig, mu_q: float, sigma_q: float, reach: float = 8.0):
    """One picture of the interactive figure: densities left, integrand right, on a matplotlib Figure; scales fixed over all frames."""
    left, right = fig.subplots(1, 2)
    two_densities(left, mu_q, sigma_q, reach=reach).set_ylim(0, 1.1)
    kl_integrand(right, mu_q, sigma_q, reach=reach).set_ylim(-0.4, 2.9)
    for ax in (left, right):
        ax.set_xticks(range(-8, 9, 4))
    return fig


def closed_form_check(ax, x, quadrature, estimate, stderr, line: tuple, xlabel: str):
    """Quadrature (crosses) and Monte Carlo (dots, bars of five standard errors) over x, (n,), on a closed form: line = (x, KL). Nats."""
    ax.plot(*line, color=BLUE, lw=2.5, label="closed form")
    ax.plot(x, quadrature, "x", color="black", ms=9, mew=2, label="quadrature")
    ax.errorbar(x, estimate, 5 * np.asarray(stderr), fmt="o", color=ORANGE, ms=5, capsize=5, label="Monte Carlo, ±5 s.e.")
    ax.set(xlabel=xlabel, ylabel="KL (nats)")
    ax.legend(fontsize=12)
    return ax


def spring(ax, x, energy, force, xlabel: str, rest: float, title: str):
    """An energy curve with its pull as arrows, cut at a pull of 3. x, energy, force: (n,), force = −gradient. rest: where it is 0."""
    x, energy, force = np.asarray(x), np.asarray(energy), np.asarray(force)
    ax.plot(x, energy, color=BLUE, lw=2.5)
    ax.axvline(rest, color=GREY, ls=":", lw=1.5)
    span = x.max() - x.min()
    for k in np.linspace(0, len(x) - 1, 9).round().astype(int):
        length = np.clip(force[k], -3, 3) * span / 12
        if abs(length) > 0.02 * span:
            arrow = {"arrowstyle": "-|>", "color": RED, "lw": 2, "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x[k] + length, energy[k]), (x[k], energy[k]), arrowprops=arrow)
    ax.set(xlabel=xlabel, ylabel="KL (nats)", title=title)
    return ax


def code_ellipses(ax, mu, sigma, labels, title: str, reach: float | None = None):
    """q(z|x) of each image as its true one-sigma ellipse in the 2-D code plane, its label in the middle; dashed: the prior at 1σ and 2σ.

    mu, sigma: (n, 2); labels: (n,) integers.
    """
    import seaborn as sns

    colours = sns.color_palette("colorblind", 10)
    for (x, y), (a, b), label in zip(mu.tolist(), sigma.tolist(), labels.tolist(), strict=True):
        ax.add_patch(Ellipse((x, y), 2 * a, 2 * b, fc=(*colours[label % 10], 0.2), ec=colours[label % 10], lw=0.8))
        ax.plot(x, y, marker=f"${label}$", color="black", ms=7, mew=0.3)
    for radius in (1, 2):
        ax.add_patch(Ellipse((0, 0), 2 * radius, 2 * radius, fill=False, ec="black", ls="--", lw=1.2))
    reach = reach or 1.1 * float((mu.abs() + sigma).max())
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", title=title, aspect="equal")
    return ax


def covariance_ellipses(ax, mean, covariances: dict, reach: float = 3.2):
    """One- and two-sigma ellipses of N(mean, cov) for each named 2×2 covariance, in different line styles."""
    for (name, cov), colour, style in zip(covariances.items(), (GREY, BLUE, ORANGE, GREEN), ("-", "--", "-.", ":"), strict=False):
        values, vectors = np.linalg.eigh(np.asarray(cov))
        angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
        for k in (1, 2):
            width, height = 2 * k * np.sqrt(values[::-1])
            patch = Ellipse(
                tuple(mean), width, height, angle=angle, fill=False, ec=colour, ls=style, lw=2.5, label=name if k == 1 else None
            )
            ax.add_patch(patch)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁", ylabel="z₂", aspect="equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=12)
    return ax


def density_fits(ax, z, p, fits: dict, title: str = ""):
    """A target density p over z as a filled curve, and named fits as lines in different styles. z, p and each fit: (n,)."""
    ax.fill_between(z, p, color=GREY, alpha=0.35, label="p")
    for (name, q), colour, style in zip(fits.items(), (ORANGE, BLUE, GREEN, RED), ("-", "--", "-.", ":"), strict=False):
        ax.plot(z, q, color=colour, ls=style, lw=2.5, label=name)
    ax.set(xlabel="z", ylabel="density", ylim=(0, None), title=title)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=12)
    return ax


def estimator_variances(ax, stages: list[str], variances: dict):
    """Variance of each estimator (bars, nats²) at each stage of training. variances: name → one number a stage."""
    width = 0.8 / len(variances)
    at = np.arange(len(stages))
    for k, ((name, values), colour, hatch) in enumerate(zip(variances.items(), (ORANGE, BLUE), ("///", ""), strict=False)):
        ax.bar(at + (k - (len(variances) - 1) / 2) * width, values, width, color=colour, alpha=0.75, hatch=hatch, ec="black", label=name)
    ax.set_xticks(at, stages)
    ax.set(xlabel="training", ylabel="variance of one sample (nats²)")
    ax.legend(fontsize=12)
    return ax


def estimator_quality(axes, x, moments: list, xlabel: str, infinite: tuple[float, float] | None = None):
    """Left: the mean of each estimator, over the KL (thick line). Right: the standard deviation of one sample, log scale.

    moments: for each x the KL and {name: (mean, standard deviation)}. infinite: the x between which k3's variance is infinite, shaded.
    """
    axes[0].plot(x, [kl for kl, _ in moments], color="black", lw=5, alpha=0.25, label="KL, exact")
    for name, colour, style, marker in zip(moments[0][1], (ORANGE, GREEN, BLUE), ("-", "--", "-."), "os^", strict=True):
        mean, std = zip(*(of[name] for _, of in moments), strict=True)
        mark = {"color": colour, "ls": style, "lw": 2.2, "marker": marker, "markevery": max(1, len(x) // 8), "ms": 7, "label": name}
        axes[0].plot(x, mean, **mark)
        axes[1].plot(x, std, **mark)
    if infinite:
        axes[1].axvspan(*infinite, color=RED, alpha=0.12)
        place = {"transform": axes[1].get_xaxis_transform(), "ha": "center", "va": "top", "color": RED}
        axes[1].text(sum(infinite) / 2, 0.4, "infinite\nfor k3", **place)
    axes[0].set(xlabel=xlabel, ylabel="nats", title="mean: is it biased?")
    axes[1].set(xlabel=xlabel, ylabel="nats", yscale="log", ylim=(3e-3, None), title="standard deviation of one sample")
    for ax in axes:
        ax.legend(fontsize=12)
    return axes


def _tidy(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")

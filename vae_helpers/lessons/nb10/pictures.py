"""Pictures of notebook 10: the waterline, four ways to collapse, cures, rate and distortion, blur, and the patients' charts."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ... import plots
from ...datasets import Dataset
from ...models import VAE
from ...results import of
from .tables import by, dimensions, model_of, ordered

MARKERS = "osD^vP"


class Waterline:
    """The optimal linear VAE at a waterline βσ²: which eigenvalues of the covariance rise above it, and what it rebuilds."""

    def __init__(self, data: Dataset, shown: int = 20):
        flat = data.train.images.flatten(1).double()
        self.mean, self.shape = flat.mean(0), data.image_shape
        values, vectors = torch.linalg.eigh(torch.cov(flat.T, correction=0))
        self.values, self.vectors = values.flip(0), vectors.flip(1)
        self.images, self.shown = data.test.images[:6], shown

    def __call__(self, figure: Figure, level: float) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        over = self.values > level
        place = np.arange(1, self.shown + 1)
        left.bar(place, self.values[: self.shown].numpy(), color=np.where(over[: self.shown], "C0", "0.8"))
        left.axhline(level, color="C3", linewidth=2.5)
        left.text(self.shown + 0.5, level * 1.08, "waterline βσ²", color="C3", ha="right", va="bottom", fontsize=13)
        left.set(
            yscale="log",
            ylim=(0.004, 1.5),
            xlabel="dimension",
            ylabel="eigenvalue λ",
            title=f"{int(over[: self.shown].sum())} of {self.shown} shown are alive",
        )
        x = self.images.flatten(1).double() - self.mean
        keep = torch.where(over, 1 - level / self.values, 0.0)  # the posterior mean, decoded: each direction shrinks by 1 − βσ²/λ
        rebuilt = (x @ self.vectors * keep) @ self.vectors.T + self.mean
        plots.image_rows(right, {"images": self.images, "rebuilt": rebuilt.float().clamp(0, 1).unflatten(-1, self.shape)})

    def describe(self, level: float) -> str:
        """What is read under the picture."""
        rates = (self.values.clamp(min=1e-9) / level).log().clamp(min=0) / 2
        return f"{int((rates > 0).sum())} of 64 dimensions alive, {rates.sum():.1f} nats of KL"


def four_ways(figure: Figure, rows: Sequence[dict], race: Sequence[dict]) -> Figure:
    """Dimensions alive, or nats of KL, against four dials: weight, context, estimator of the gradient (over steps), latent dimensions."""
    weights, contexts, noise, sizes = figure.subplots(2, 2).flat
    panels = (
        (weights, "weights", "beta", "units", "weight β of the KL"),
        (contexts, "contexts", "reach", "kl", "pixels before, that the decoder sees"),
        (sizes, "sizes", "latent_dim", "units", "latent dimensions L"),
    )
    for ax, group, dial, key, label in panels:
        some = of(rows, group=group)
        for style, (data, these) in enumerate(by(some, "data").items()):
            longest = max(row["steps"] for row in these)
            _marks(ax, ordered(of(these, steps=longest), dial), dial, key, style, data)
        ticks = sorted({row[dial] for row in some})
        ax.set_xscale("symlog" if dial == "reach" else "log", base=2)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45 if dial == "beta" else 0)
        ax.minorticks_off()
        ax.set(xlabel=label, ylabel="KL, nats" if key == "kl" else "dimensions alive", ylim=(0, None))
    contexts.set(yscale="log", ylim=(1, 40), yticks=(1, 2, 4, 8, 16, 32), yticklabels=(1, 2, 4, 8, 16, 32))
    contexts.minorticks_off()
    most = max(row["units"] for row in of(rows, group="sizes"))
    alive = np.geomspace(2, most)  # on an axis of logarithms the diagonal is a curve
    sizes.plot(alive, alive, "k:", linewidth=1.5, label="all")
    for ax in (weights, sizes):
        ax.legend()
    steps = sorted({int(name.removeprefix("kl_")) for name in race[0] if name.startswith("kl_")})
    for k, name in enumerate(("pathwise, 1 sample", "leave-one-out, 2 samples", "score function, 1 sample")):
        kl = np.array([[row[f"kl_{step}"] for step in steps] for row in race if row["estimator"] == name and row["latent_dim"] == 2])
        plots.curve(noise, steps, kl.mean(0), kl.std(0, ddof=1) / len(kl) ** 0.5, label=name, marker=MARKERS[k], markevery=4)
    noise.set(xlabel="training steps (digits, L = 2; notebook 06)", ylabel="KL, nats", ylim=(0, 3.9))
    noise.legend(fontsize=11, loc="upper right")
    return figure


def cures(figure: Figure, rows: Sequence[dict], each: Sequence[dict]) -> Figure:
    """Trainings before and after each cure on the digits: KL of each dimension (rows of cures.csv), dimensions alive, what it is worth.

    Lines join the trainings of one seed.
    """
    (kl, *axes), methods = figure.subplots(2, 2).flat, ("plain", "warm-up", "free bits", "encoder first")
    for i, method in enumerate(methods):
        nats = dimensions(of(each, data="digits", method=method)).clip(1e-3)
        plots.curve(kl, range(1, nats.shape[1] + 1), nats.mean(0), nats.std(0, ddof=1) / len(nats) ** 0.5, label=method, marker=MARKERS[i])
    kl.set(yscale="log", ylim=(1e-3, 30), xlabel="latent dimension, sorted (L = 16)", ylabel="KL, nats")
    kl.legend(fontsize=11)
    panels = ((16, "units", "dimensions alive of 16"), (16, "log_p", "log p(x) ≥, nats, L = 16"), (2, "log_p", "log p(x), nats, L = 2"))
    for ax, (size, key, label) in zip(axes, panels, strict=True):
        for these in by(of(rows, group="cures", data="digits", latent_dim=size), "seed").values():
            values = [next((row[key] for row in these if row["method"] == m), np.nan) for m in methods]
            ax.plot(range(len(methods)), values, color="0.75", linewidth=1, zorder=1)
            for i, value in enumerate(values):
                ax.plot(i, value, MARKERS[i], color=f"C{i}", alpha=0.7, markersize=6)
        ax.set_xticks(range(len(methods)), methods, rotation=15)
        ax.set(ylabel=label, xlim=(-0.4, len(methods) - 0.6))
    return figure


def rate_distortion(figure: Figure, curves: dict[str, tuple[Tensor, Tensor, Tensor]]) -> Figure:
    """Distortion over rate with the hull and β beside each mark; on the right the ELBO along the curve."""
    axes = figure.subplots(1, 1 + len(curves), width_ratios=(*[1.2] * len(curves), 1))
    for k, (ax, (name, (weights, rate, distortion))) in enumerate(zip(axes, curves.items(), strict=False)):
        x, y = rate.mean(1), distortion.mean(1)
        ax.plot(x, y, marker=MARKERS[k], color=f"C{k}")
        for b, u, v in zip(weights.tolist(), x.tolist(), y.tolist(), strict=True):
            if u > 0.02 * x.max():  # where the code is empty all marks are one
                ax.annotate(f"{b:g}", (u, v), textcoords="offset points", xytext=(5, 5), fontsize=11)
        one = int((weights == 1).nonzero())
        span = torch.tensor([-0.25, 0.25]) * (x.max() - x.min()) + x[one]
        ax.plot(span, y[one] - (span - x[one]), "k--", linewidth=1.5, label="slope −1")
        ax.set(xlabel="rate: KL, nats", ylabel="distortion, nats", title=name)
        ax.legend()
        axes[-1].plot(x / x[one], -(x + y) + (x + y)[one], marker=MARKERS[k], color=f"C{k}", label=name)
    axes[-1].axhline(0, color="black", linewidth=1, linestyle=":")
    axes[-1].set(xscale="log", xlabel="rate / rate at β = 1", ylabel="ELBO − ELBO at β = 1, nats", ylim=(-8, 1), xlim=(0.05, 6))
    axes[-1].legend()
    return figure


class Weights:
    """One of several trained VAEs with two latent dimensions: codes of test images, reconstructions, samples from the prior."""

    def __init__(self, family: dict[float, VAE], data: Dataset):
        self.family, self.images, self.labels = family, data.test.images, data.test.labels
        self.z = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))

    def __call__(self, figure: Figure, beta: float) -> None:
        vae = self.family[beta]
        left, right = figure.subplots(1, 2)
        mu = vae.encode(self.images).mean
        plots.scatter_codes(left, mu, self.labels, f"β = {beta:g}")
        left.set(xlim=(-5, 5), ylim=(-5, 5), xlabel="$z_1$", ylabel="$z_2$")
        rows = {"images": self.images[:8], "rebuilt": vae.mean_image(mu[:8]), "from prior": vae.mean_image(self.z)}
        plots.image_rows(right, rows)

    def describe(self, beta: float) -> str:
        """What is read under the picture."""
        with torch.no_grad():
            mu, logvar = self.family[beta].mu_logvar(self.images)
        kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(0).sort(descending=True).values
        return f"KL {kl.sum():.2f} nats = " + " + ".join(f"{v:.2f}" for v in kl.tolist())


def bent(figure: Figure, rows: Sequence[dict]) -> Figure:
    """What the ELBO lacks from the log p(x) of a decoder trained on it, a bar a seed: the bent decoder, and the gap that remains."""
    groups = by(rows, "data")
    for ax, (data, these) in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups.items(), strict=True):
        best, mine, bound = (np.array([row[key] for row in these]) for key in ("log_p_exact", "log_p_elbo", "bound_elbo"))
        ax.barh(range(len(these)), best - mine, color="C3", hatch="//", edgecolor="white", label="the bent decoder")
        ax.barh(range(len(these)), mine - bound, left=best - mine, color="C0", label="the remaining gap")
        ax.set(xlabel="nats below log p(x), trained on it", ylabel="seed", title=data, yticks=range(len(these)))
        ax.set_ylim(-0.6, 1.35 * len(these))  # room for the legend
    figure.axes[0].legend(fontsize=11, loc="upper right")
    return figure


def sheet(figure: Figure, rows: Sequence[dict]) -> Figure:
    """Directions of the sheet over active units, a mark a model (rows of blur.csv): units by nats filled, by the mean hollow."""
    groups = by(rows, "data")
    for k, (ax, (data, these)) in enumerate(zip(figure.subplots(1, len(groups), squeeze=False)[0], groups.items(), strict=True)):
        most = max(row["latent_dim"] for row in these)
        ax.plot([1.8, most], [1.8, most], "k:", linewidth=1.5, label="as many")
        for key, label, face in (("by_mean", "active by the mean", "none"), ("units", "KL above 0.1 nat", f"C{k}")):
            x, y = ([row[name] for row in these] for name in (key, "directions"))
            ax.plot(x, y, MARKERS[k], color=f"C{k}", markerfacecolor=face, alpha=0.7, label=label)
        ax.set(xscale="log", yscale="log", xlabel="active units", ylabel="directions worth 0.1 nat", title=data)
        ticks = [n for n in (2, 4, 8, 16, 32, 64) if n <= most]
        ax.set_xticks(ticks, ticks), ax.set_yticks(ticks, ticks)
        ax.minorticks_off()
    figure.axes[0].legend(fontsize=11)
    return figure


def gan_runs(figure: Figure, rows: Sequence[dict]) -> Figure:
    """Every run a mark: how sharp it draws, over how much of the data it covers."""
    ends = [(data, end) for data in ("digits", "mnist") for end in ("sigmoid", "linear") if of(rows, data=data, model="vae", end=end)]
    for ax, (data, end) in zip(figure.subplots(1, len(ends), sharey=True, squeeze=False)[0], ends, strict=True):
        for name, these in by([row | {"name": model_of(row)} for row in of(rows, data=data, end=end)], "name").items():
            name = name.split(f", {end} end")[0] + (", penalty" if these[0]["penalty"] else "")
            k = ("VAE, Gaussian", "VAE, Bernoulli", "GAN", "GAN, penalty").index(name)
            ax.plot(*([row[key] for row in these] for key in ("coverage", "edges")), MARKERS[k], color=f"C{k}", alpha=0.7, label=name)
        ax.axhline(1, color="black", linestyle=":", linewidth=1)
        ax.axvline(of(rows, data=data, model="real")[0]["coverage"], color="black", linestyle="--", linewidth=1)
        ax.set(xlabel="coverage", title=f"{data}, {end} end", xlim=(-0.05, 1.05))
    figure.axes[0].set_ylim(0, None)  # of all: they share it
    figure.axes[0].set_ylabel("edges, over those of the data")
    figure.axes[0].legend(fontsize=11, loc="lower left")
    return figure


def _marks(ax: Axes, rows: Sequence[dict], dial: str, key: str, style: int, label: str) -> None:
    groups = by(rows, dial)
    x = list(groups)
    for u, these in groups.items():
        ax.plot([u] * len(these), [row[key] for row in these], MARKERS[style], color=f"C{style}", alpha=0.4, markersize=5, linewidth=0)
    means = [np.mean([row[key] for row in these]) for these in groups.values()]
    ax.plot(x, means, marker=MARKERS[style], color=f"C{style}", linewidth=2, linestyle=("-", "--")[style], label=label)

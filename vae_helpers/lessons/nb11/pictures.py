"""Pictures of notebook 11."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from ...conditional import ConditionalVAE
from ...evaluation import estimate
from ...look import BLUE, GREEN, GREY, ORANGE, RED, number
from ...results import values
from .stored import paired, runs

BOUNDS = {"log_evidence": ("log p(x)", BLUE, "o"), "bound_50": ("$\\mathcal{L}_{50}$", GREEN, "s"), "elbo": ("ELBO", ORANGE, "^")}


def bounds_by_training(axes: Sequence[Axes], rows: Sequence[dict]) -> Sequence[Axes]:
    """What training with K samples adds to log p(x) and 𝓛₅₀, and to the ELBO, of K = 1, paired, ± standard error; dashed: "dreg"."""
    Ks = (1, 5, 50)
    for name, (label, colour, marker) in BOUNDS.items():
        ax, aside = axes[int(name == "elbo")], 1.1 if name == "bound_50" else 1.0  # beside log p(x), which it nearly is
        for objective, style in (("iwae", "-"), ("dreg", "--")):
            places = [{"objective": objective if K > 1 else "iwae", "n_samples": K} for K in Ks]
            found = [paired(runs(rows, **place), runs(rows), name) for place in places]
            means, errors = [gain.mean for gain in found], [gain.stderr for gain in found]
            looks = {"color": colour, "marker": marker, "linestyle": style, "capsize": 4, "label": label if style == "-" else None}
            ax.errorbar([aside * K for K in Ks], means, errors, **looks)
    for ax in axes:
        ax.axhline(0, color="black", linewidth=0.8)
        ax.plot([], [], "--", color=GREY, label="doubly reparameterized")
        ax.set(xscale="log", xlabel="samples K in training")
        ax.set_xticks(Ks, map(str, Ks))
        ax.minorticks_off()
        ax.legend()
    axes[0].set_ylabel("nats per test image above K = 1")
    return axes


def signal(axes: Sequence[Axes], Ks: Sequence[int], ratios: dict, powers: dict) -> Sequence[Axes]:
    """Signal-to-noise ratio against K, one panel a model: (model, gradient) → values over Ks, and (fitted power of K, its error)."""
    titles = {"line": "a Gaussian model", "images": "the VAE, 24 test images"}
    kinds = {"plain": (RED, "o", -0.5), "doubly reparameterized": (BLUE, "s", 0.5), "decoder": (GREEN, "^", 0.5)}
    for ax, (model, title) in zip(axes, titles.items(), strict=True):
        for kind, (colour, marker, theory) in kinds.items():
            if (model, kind) not in ratios:
                continue
            power, error = powers[model, kind]
            label = f"{kind}: $K^{{{power:.2f} ± {error:.2f}}}$".replace("-", "−")
            ax.plot(Ks, ratios[model, kind], marker=marker, color=colour, label=label)
            if model == "line":
                guide = np.asarray(Ks, float) ** theory
                ax.plot(Ks, guide * ratios[model, kind][-1] / guide[-1], "--", color=GREY, linewidth=1.5, zorder=0)
        ax.set(xscale="log", yscale="log", xlabel="samples K", title=title)
        ax.set_xticks(list(Ks), [str(K) for K in Ks])
        ax.minorticks_off()
        ax.legend(loc="best" if model == "line" else "lower left")
    axes[0].set_ylabel("signal-to-noise ratio")
    return axes


def jacobians(axes: Sequence[Axes], matrices: dict[str, Tensor]) -> Sequence[Axes]:
    """Jacobians (L, L), output down the rows, each number written where it is not zero."""
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        ax.imshow(np.asarray(matrix), cmap="RdBu_r", vmin=-1.5, vmax=1.5)
        for (i, j), value in np.ndenumerate(np.asarray(matrix)):
            if value:
                ax.text(j, i, number(value), ha="center", va="center", fontsize=12, color="white" if abs(value) > 1 else "black")
        places = range(len(matrix))
        ax.set(title=name, xlabel="z", ylabel="z′", xticks=places, yticks=places, xticklabels=[k + 1 for k in places])
        ax.set_yticklabels([k + 1 for k in places])
    return axes


def cosines(ax: Axes, taus: Sequence[float], values: Sequence[float], spacing: float) -> Axes:
    """The cosine of two gradients against the temperature τ of a soft choice; dashed, the squared distance between neighbouring entries."""
    ax.plot(taus, values, "o-", color=BLUE)
    ax.axvline(spacing, color="black", linestyle="--", label="squared spacing of the entries")
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set(xscale="log", xlabel="temperature τ of the choice", ylabel="cosine with the true gradient", ylim=(-0.3, 1.05))
    ax.legend(loc="upper left")
    return ax


def gains(
    axes: Sequence[Axes], cases: dict[str, dict], tables: dict[str, tuple[Sequence[dict], str]], longer: dict[str, tuple]
) -> Sequence[Axes]:
    """What each change adds to the plain VAE, paired, ± standard error, a panel a data set: ideas round, controls square.

    cases: name → places; tables: title → (rows, score); longer: name → two sets of runs, compared on the first data set only.
    """
    names = [*cases, *longer]
    for k, (ax, (title, (rows, score))) in enumerate(zip(axes, tables.items(), strict=True)):
        pairs = {name: (runs(rows, **places), runs(rows)) for name, places in cases.items()} | (longer if k == 0 else {})
        for name, (changed, usual) in pairs.items():
            won, control = paired(changed, usual, score), name.startswith("control")
            ax.errorbar(
                won.mean, names.index(name), xerr=won.stderr, fmt="s" if control else "o", color=GREY if control else BLUE, capsize=4
            )
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set(xlabel="nats per test image above the plain VAE", title=title, ylim=(len(names) - 0.5, -0.5))
        ax.set_yticks(range(len(names)), names if k == 0 else [""] * len(names))
        ax.grid(axis="y", color="#ddd")
    return axes


def flow_frame(figure: Figure, posterior, z: Tensor, log_det: Tensor, eps: Tensor) -> None:
    """The posterior and the density of q over z, and the map from ε to z: draws at eps (n,) went to z (n,) with log dz/dε."""
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    grid = torch.linspace(-3.2, 2.8, 600, dtype=torch.float64)
    left.fill_between(grid, posterior.density(grid), color=BLUE, alpha=0.3, linewidth=0, label="p(z|x = 1)")
    left.plot(z, (-0.5 * eps**2 - 0.5 * np.log(2 * np.pi) - log_det).exp(), color=RED, linewidth=2.5, label="q(z)")
    left.set(xlabel="z", ylabel="density", xlim=(-3.2, 2.8), ylim=(0, 2.4))
    left.legend(loc="upper left")
    right.plot(eps, z, color=RED, linewidth=2.5)
    right.set(xlabel="ε", ylabel="z", xlim=(-3, 3), ylim=(-3.2, 2.8), title="the map")


def gap_bars(ax: Axes, rows: Sequence[dict]) -> Axes:
    """Mean log p(x) − ELBO on test images for every kind of q, ± standard error over seeds."""
    names = list(dict.fromkeys(row["q"] for row in rows))
    found = [estimate(values(rows, "test_gap", q=name)) for name in names]
    colours = [GREY if name == "encoder" else BLUE if name.startswith("for each") else ORANGE for name in names]
    bars = ax.barh(range(len(names)), [e.mean for e in found], xerr=[e.stderr for e in found], color=colours, height=0.65, capsize=4)
    ax.bar_label(bars, [f"{e.mean:.3f}" for e in found], padding=8)
    ax.set_yticks(range(len(names)), ["encoder, as trained" if name == "encoder" else name for name in names])
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set_xlabel("log p(x) − ELBO, nats per test image")
    return ax


def codebook_cures(axes: Sequence[Axes], rows: Sequence[dict], tokens: int = 4) -> Sequence[Axes]:
    """One mark a training for every cure: the perplexity of the words; and the ELBO and log p(x) in nats."""
    cures = list(dict.fromkeys(row["cure"] for row in rows))
    places = np.arange(len(cures))
    for ax, numbers in zip(axes, ({"perplexity": ("", BLUE, "o")}, {k: BOUNDS[k] for k in ("log_evidence", "elbo")}), strict=True):
        for name, (label, colour, marker) in numbers.items():
            for place, cure in zip(places, cures, strict=True):
                some = values(rows, name, cure=cure, tokens=tokens)
                ax.plot(place + np.linspace(-0.15, 0.15, len(some)), some, marker, color=colour, alpha=0.6, markersize=6)
                ax.plot(place, some.mean(), "_", color="black", markersize=26, markeredgewidth=2)
            ax.plot([], [], marker, color=colour, label=label)
        ax.set_xticks(places, [cure.replace(" ", "\n", 1) for cure in cures])
    axes[0].set(ylabel="perplexity of the words, of 16", ylim=(0, 17))
    axes[1].set(ylabel="nats per test image")
    axes[1].legend()
    return axes


def codebook_frame(figure: Figure, images: Tensor, words: Sequence[int], entry: int) -> None:
    """Above, the rebuilt image and those with the word at each place replaced by `entry` (5, H, W); below, what that changed."""
    above, below = figure.subplots(2, 1)
    side = in_a_row(above, images, "gray_r", 0)
    in_a_row(below, images[1:] - images[0], "RdBu_r", -1, first=1)  # red where ink was added, blue where it was taken away
    names = ["rebuilt", *(f"place {place}: {word} → {entry}" for place, word in enumerate(words, 1))]
    above.set_xticks([side * (k + 0.5) for k in range(len(names))], names)
    above.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0, labelsize=13)
    below.set_ylabel("change")


def in_a_row(ax: Axes, images: Tensor, cmap: str, least: float, first: int = 0) -> int:
    """Images (n, H, W), pixels in [least, 1], side by side from place `first` on, in grey frames, whose width is returned."""
    large = images.repeat_interleave(8, 1).repeat_interleave(8, 2)
    framed = torch.nn.functional.pad(large, (1, 1, 1, 1), value=np.nan)  # painted as what is no number
    _, height, width = framed.shape
    extent = (first * width, (first + len(images)) * width, height, 0)
    ax.imshow(np.hstack(framed), colormaps[cmap].with_extremes(bad="#bbb"), vmin=least, vmax=1, interpolation="nearest", extent=extent)
    ax.set(xticks=[], yticks=[], xlim=(0, extent[1]))
    ax.spines[:].set_visible(False)
    return width


def priors(axes: Sequence[Axes], axis: Tensor, panels: dict[str, tuple[Tensor, Tensor]]) -> Sequence[Axes]:
    """A prior's density (n, n), z₁ down the rows, over the grid axis (n,), and codes (N, 2) drawn from q(z|x): name → (density, codes)."""
    for ax, (name, (density, codes)) in zip(axes, panels.items(), strict=True):
        ax.scatter(*codes.T, s=5, color=ORANGE, alpha=0.5, linewidths=0)
        levels = density.max().item() * np.array([0.02, 0.1, 0.3, 0.6, 0.9])
        ax.contour(axis, axis, density.T, levels=levels, colors=BLUE, linewidths=1.5)
        ax.set(title=name, xlabel="$z_1$", xlim=(-5.5, 5.5), ylim=(-5.5, 5.5), aspect="equal")
    axes[0].set_ylabel("$z_2$")
    return axes


def clouds(axes: Sequence[Axes], clouds: dict[str, Tensor]) -> Sequence[Axes]:
    """Point clouds (n, 2), one a panel, on one scale."""
    for ax, (name, points) in zip(axes, clouds.items(), strict=True):
        ax.scatter(*points.T, s=4, color=BLUE, alpha=0.6, linewidths=0)
        ax.set(title=name, xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
    return axes


def label_as_a_number(model: ConditionalVAE) -> nn.Sequential:
    """Layers from (z, y), L + 1 numbers, to the pixel means: the decoder of a Bernoulli ConditionalVAE with its label as one number.

    What enters for label k is a hat, relu(y − k + 1) − 2 relu(y − k) + relu(y − k − 1): 1 at y = k, 0 from k ± 1 on, so that between two
    labels each counts by its nearness. Linear layers and ReLU only: the browser's engine knows them.
    """
    L, n, first = model.latent_dim, model.n_labels, model.decoder[0]
    spread, gather = nn.Linear(L + 1, 2 * L + n + 2), nn.Linear(2 * L + n + 2, first.out_features)
    with torch.no_grad():
        spread.weight.zero_()
        spread.weight[: 2 * L, :L] = torch.cat([torch.eye(L), -torch.eye(L)])  # z = relu(z) − relu(−z)
        spread.weight[2 * L :, L] = 1
        spread.bias.copy_(torch.cat([torch.zeros(2 * L), 1 - torch.arange(n + 2.0)]))  # y + 1, y, y − 1, … y − n
        hats = torch.zeros(n, n + 2)
        for k in range(n):
            hats[k, k : k + 3] = torch.tensor([1.0, -2.0, 1.0])
        gather.weight.copy_(torch.cat([first.weight, -first.weight, model.label_to_decoder.weight @ hats], 1))
        gather.bias.copy_(first.bias)
    network = nn.Sequential(spread, nn.ReLU(), gather, *model.decoder[1:], nn.Sigmoid())
    network.prior = torch.distributions.Normal(0.0, 1.0)  # so that a pad over (z1, z2) shows where it lies
    return network

"""`Bell`: a Gaussian q that the hand shapes over a posterior, μ by its top and σ by its flanks, beside a map of the ELBO."""

import math
from collections.abc import Callable

import matplotlib
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Normal

from ..inputs import float64, in_short
from ..look import BLUE, ORANGE, number
from .kit.base import Number, View, blank, bundle, doubles, draw_png, drawing, png_of
from .kit.plane import ring

MUS, SIGMAS, TALL = (-2.2, 2.2), (0.05, 1.3), 2.8  # limits of q, and the highest density that is drawn
BELOW = (20, 10, 6, 4, 2.5, 1.5, 1, 0.5)  # nats below log p(x) at which the map has a line


class Bell(View):
    """q = N(μ, σ²) over the posterior of one x: where it stands on the map of the ELBO over (μ, σ), and its ELBO and KL as a bar.

    z and log_joint (n,): a table of log p(x, z), in nats, over even steps of z; log_evidence: log p(x). ``mu`` and ``sigma`` may be read
    and set at any time, within MUS and SIGMAS; ``elbo`` is the bound there. The bar begins at ``floor`` nats. Raises ValueError for a
    table that is uneven, not finite, or reaches less than 5 σ beyond some q.
    """

    _esm, _css = bundle("bell.js"), bundle("bell.css")

    mu = Number(0.8, min=MUS[0], max=MUS[1]).tag(sync=True)
    sigma = Number(0.5, min=SIGMAS[0], max=SIGMAS[1]).tag(sync=True)
    grid, log_joint = traitlets.Tuple().tag(sync=True), traitlets.List().tag(sync=True)  # (first z, step), and the table
    log_evidence, floor = traitlets.Float().tag(sync=True), traitlets.Float(-10.0).tag(sync=True)
    panels = traitlets.Dict().tag(sync=True)

    def __init__(self, z: Tensor, log_joint: Tensor, log_evidence: float, **traits):
        z, table, (low, high) = doubles(z, "z"), doubles(log_joint, "log_joint"), (MUS[0] - 5 * SIGMAS[1], MUS[1] + 5 * SIGMAS[1])
        fits = z.ndim == 1 and z.shape == table.shape and len(z) > 1 and z[0] <= low and z[-1] >= high
        step = (z[-1] - z[0]) / (len(z) - 1) if fits else math.nan
        if not (fits and np.isfinite(table).all() and np.allclose(np.diff(z), step, rtol=1e-3)):  # float32 is even to so much
            reach = f"over even steps of z from {low:g} or below to {high:g} or above"
            raise ValueError(f"Expected a table of finite log p(x, z) {reach}, got z {z.shape} and log_joint {table.shape}.")
        log_evidence = doubles(log_evidence, "log_evidence")
        if log_evidence.size != 1 or not np.isfinite(log_evidence).all():
            raise ValueError(f"Expected log_evidence as one finite number, in nats, got {in_short(log_evidence)}.")
        self._z, self._table, self._log_evidence = torch.from_numpy(z), torch.from_numpy(table), log_evidence.item()
        traits = {
            "caption": "A bell q to drag over the posterior, a map of the ELBO over its μ and σ, and its ELBO and KL as a bar."
        } | traits
        traits |= {"grid": (z[0].item(), step.item()), "log_joint": table.tolist(), "log_evidence": self._log_evidence}
        super().__init__(panels={"density": _panel(self._density, (6, 4.2)), "map": _panel(self._map, (5, 4.2))}, **traits)

    @property
    def elbo(self) -> float:
        """The bound at the present μ and σ, in nats."""
        return self.bounds(torch.tensor(self.mu), torch.tensor(self.sigma)).item()

    def bounds(self, mu: Tensor, sigma: Tensor) -> Tensor:
        """The ELBO of N(mu, sigma²), in nats: E_q[log p(x, z)] over the table, plus q's entropy. mu, sigma and the result: one shape."""
        q = Normal(float64(mu, "mu")[..., None], float64(sigma, "sigma")[..., None], validate_args=True)
        return (q.log_prob(self._z).softmax(-1) * self._table).sum(-1) + q.entropy()[..., 0]

    def picture(self) -> bytes:
        """Density, map and bar at the present q, as a PNG."""
        q, solid, flank = Normal(self.mu, self.sigma), max(self.elbo, self.floor), math.exp(-0.5)

        def draw(figure: Figure) -> None:
            density, plane, bar = figure.subplots(1, 3, width_ratios=(6, 5, 0.8))
            self._density(density).plot(self._z, q.log_prob(self._z).exp(), color=ORANGE, lw=2.5)
            for side, share, most in ((-1, flank, 0.65), (1, flank, 0.65), (0, 1, 1)):  # as bell.js places the knobs
                ring(density, self.mu + side * self.sigma, min(share * q.log_prob(q.mean).exp().item(), most * TALL))
            ring(self._map(plane), self.mu, self.sigma)
            bar.bar(0, solid - self.floor, bottom=self.floor, color=BLUE)
            bar.bar(0, self.log_evidence - solid, bottom=solid, color="white", hatch="///", edgecolor=ORANGE)
            bar.set(ylim=(self.floor, self.log_evidence), xticks=[0], xticklabels=[f"ELBO {number(self.elbo)}"], ylabel="nats")
            bar.set_title(f"KL {number(self.log_evidence - self.elbo)}", fontsize=12)

        return draw_png(draw, (12.4, 4.2))

    def _density(self, ax: Axes) -> Axes:
        ax.fill_between(self._z, (self._table - self._log_evidence).exp(), color=BLUE, alpha=0.3, lw=0, label="posterior p(z|x)")
        ax.plot([], [], color=ORANGE, lw=2.5, label="q(z)")
        ax.set(xlabel="z (latent)", ylabel="density", xlim=(MUS[0] - SIGMAS[1], MUS[1] + SIGMAS[1]), ylim=(0, TALL))
        ax.legend(fontsize=12, loc="upper left")
        return ax

    def _map(self, ax: Axes) -> Axes:
        mu, sigma = torch.linspace(*MUS, 121), torch.logspace(*np.log10(SIGMAS).tolist(), 121)
        bounds, levels = self.bounds(*torch.meshgrid(mu, sigma, indexing="xy")), [self._log_evidence - gap for gap in BELOW]
        shades = matplotlib.colormaps["Blues"](np.linspace(0, 0.7, len(levels) + 1))
        ax.contourf(mu, sigma, bounds, [-math.inf, *levels, self._log_evidence], colors=shades)
        lines = ax.contour(mu, sigma, bounds, levels, colors="black", linewidths=1, linestyles="-")
        for label in ax.clabel(lines, levels[2:], fmt=lambda value: number(value, 1), fontsize=12):
            label.set_clip_on(False)  # one that begins at an edge is whole
        ax.set(xlabel="μ", ylabel="σ", yscale="log", xlim=MUS, ylim=SIGMAS, title="ELBO in nats")
        ax.set_yticks(ticks := [0.05, 0.1, 0.2, 0.5, 1], [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        return ax


def _panel(draw: Callable[[Axes], Axes], size: tuple[float, float]) -> dict:
    """Axes drawn once, as a PNG; where they lie in it (left, top, width, height, as shares); their limits (x0, x1, y0, y1)."""
    with drawing:
        draw(ax := (figure := blank(size)).subplots())
        ax.tick_params(labelsize=12)
        underlay, place = png_of(figure), ax.get_position()
    box = tuple(map(float, (place.x0, 1 - place.y1, place.width, place.height)))
    return {"underlay": underlay, "box": box, "extent": tuple(map(float, (*ax.get_xlim(), *ax.get_ylim())))}

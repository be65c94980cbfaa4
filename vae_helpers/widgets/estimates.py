"""`Estimates`: the two gradient estimators draw by draw, single estimates, their averages, and the ratio of their variances."""

from collections.abc import Callable

import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Normal

from ..gradient_variance import variance_by_quadrature
from ..gradients import pathwise, score_function
from ..inputs import MOST_SEED
from ..look import BLUE, GREY, ORANGE, three_digits
from .kit.base import Number, View, bundle, draw_png

# f, by the name under which the browser has it too; of its axes: how far estimates are shown on either side of 0, and f from low to high.
FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[float, float, float]]] = {
    "(z − 3)²": (lambda z: (z - 3) ** 2, (40, -1, 28)),
    "(z − 3)² + 10": (lambda z: (z - 3) ** 2 + 10, (40, -1, 28)),
    "exp(−z²)": (lambda z: torch.exp(-(z**2)), (3, -0.4, 1.4)),
    "cos z": (torch.cos, (4, -1.5, 1.5)),
    "cos 4z": (lambda z: torch.cos(4 * z), (6, -1.5, 1.5)),
}
LOOKS = (("score function", ORANGE, "--"), ("pathwise", BLUE, "-"))
MUS, SIGMAS, SEEN, STEP = (-2.0, 4.0), (0.2, 3.0), (-5.0, 7.0), 0.02
MOST, STILL, BINS, RUG = 10_000, 1_000, 60, 100  # draws at most; in a picture where none was made yet; bins; draws that are marked


class Estimates(View):
    """Estimates of the derivative in μ of E[f(z)], z ~ N(μ, σ²), by score function and path, both of the same draws, as they come.

    function: a name of FUNCTIONS; ``mu`` and ``sigma``: within MUS and SIGMAS; ``count``: how many draws were made, up to MOST; ``seed``
    of the draws. All may be read and set at any time. ``estimates`` are those that the browser shows, ``exact`` the truth about them.
    """

    _esm, _css = bundle("estimates.js"), bundle("estimates.css")

    function = traitlets.Enum(list(FUNCTIONS), next(iter(FUNCTIONS))).tag(sync=True)
    mu = Number(1.0, min=MUS[0], max=MUS[1]).tag(sync=True)
    sigma = Number(1.0, min=SIGMAS[0], max=SIGMAS[1]).tag(sync=True)
    count = traitlets.Int(0, min=0, max=MOST).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=MOST_SEED).tag(sync=True)
    most, seen = traitlets.Int(MOST).tag(sync=True), traitlets.Tuple(SEEN).tag(sync=True)
    axes = traitlets.Dict({name: list(axes) for name, (_, axes) in FUNCTIONS.items()}).tag(sync=True)
    limits = traitlets.Dict({"mu": [*MUS, STEP], "sigma": [*SIGMAS, STEP]}).tag(sync=True)

    def __init__(self, **traits):
        caption = "Two estimators of one gradient, draw by draw: f and q, single estimates of both, and their averages."
        super().__init__(**{"caption": caption} | traits)

    @property
    def exact(self) -> tuple[float, float, float]:
        """The gradient, and the variance of one estimate by score function and by path: quadrature."""
        score, path = (variance_by_quadrature(each, self._value, self.mu, self.sigma) for each in (score_function, pathwise))
        return path.mean.mu.item(), score.variance.mu.item(), path.variance.mu.item()

    @property
    def estimates(self) -> dict[str, Tensor]:
        """The ``count`` estimates of each estimator so far, float64 (count,)."""
        return self._of(self.count)[1]

    def picture(self) -> bytes:
        """f and q, histograms and averages of the draws so far, or of a thousand where there are none, as a PNG."""
        z, rows = self._of(self.count or STILL)
        truth, score, path = self.exact
        reach, *heights = FUNCTIONS[self.function][1]

        def draw(figure: Figure) -> None:
            function, histograms, averages = figure.subplots(1, 3)
            self._function(function, z, rows["pathwise"][-1].item(), heights)
            for floor, (name, colour, _), row in zip((1, 0), LOOKS, rows.values(), strict=True):
                counts, edges = np.histogram(row, BINS, (-reach, reach))
                histograms.stairs(
                    floor + 0.75 * counts / max(1, counts.max()), edges, baseline=floor, fill=True, fc=(colour, 0.4), ec=colour
                )
                histograms.text(-0.97 * reach, floor + 0.86, name, fontsize=12)
            histograms.axvline(truth, color="black", ls="--", lw=2)
            histograms.axhline(1, color="black", lw=1)
            histograms.set(xlim=(-reach, reach), ylim=(0, 2), yticks=[], xlabel="estimate of the μ-gradient")
            histograms.set_title(f"ratio of the variances {three_digits(score / path)}", fontsize=12)
            self._averages(averages, rows, truth, reach / 3)

        return draw_png(draw, (13, 3.9))

    def _value(self, z: Tensor) -> Tensor:
        """f for the estimators: (n, 1) → (n,)."""
        return FUNCTIONS[self.function][0](z).sum(-1)

    def _of(self, count: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The first draws z, and what either estimator makes of them."""
        eps = torch.from_numpy(noise(self.seed, count))
        with torch.enable_grad():
            z = (self.mu + self.sigma * eps).requires_grad_()
            values = self._value(z[:, None])
            slope = torch.autograd.grad(values.sum(), z)[0]
        return z.detach(), {"score function": values.detach() * eps / self.sigma, "pathwise": slope}

    def _function(self, ax: Axes, z: Tensor, slope: float, heights: list[float]) -> None:
        line, last = torch.linspace(*SEEN, 481, dtype=torch.float64), z[-1:]
        ax.fill_between(
            line, Normal(self.mu, self.sigma).log_prob(line).exp() / 4.4, transform=ax.get_xaxis_transform(), color=GREY, alpha=0.4, lw=0
        )
        ax.plot(line, self._value(line[:, None]), color="black", lw=2)
        ax.plot(z[-RUG:], torch.zeros(len(z[-RUG:])), "|", color="black", ms=12, transform=ax.get_xaxis_transform())
        height = self._value(last[:, None])
        ax.vlines(last, 0, height, color=ORANGE, lw=2.5)
        reach = min(0.7, (heights[1] - heights[0]) / 6 / max(abs(slope), 1e-9)) * torch.tensor([-1, 1])
        ax.plot(last + reach, height + slope * reach, color=BLUE, lw=2.5)
        ax.plot(last, height, "o", color="black")
        ax.set(xlim=SEEN, ylim=heights, xlabel="z")
        ax.set_title(f"f = {self.function}, and q in grey", fontsize=12)

    def _averages(self, ax: Axes, rows: dict[str, Tensor], truth: float, reach: float) -> None:
        for (_, colour, style), row in zip(LOOKS, rows.values(), strict=True):
            n = torch.arange(1, len(row) + 1)
            mean = row.cumsum(0) / n
            error = ((row**2).cumsum(0) / n - mean**2).clamp_min(0).sqrt() / (n - 1).clamp_min(1).sqrt()
            ax.plot(n, mean, style, color=colour, lw=2)
            ax.fill_between(n, mean - error, mean + error, color=colour, alpha=0.25, lw=0)
        ax.axhline(truth, color="black", ls="--", lw=1.5)
        ax.set(xscale="log", xlim=(1, MOST), ylim=(truth - reach, truth + reach), xlabel="draws")
        ax.set_title("averages ± one standard error", fontsize=12)


def noise(seed: int, n: int) -> np.ndarray:
    """n standard normal numbers, the same as the browser's gaussianStream (bound.js): mulberry32, then Box and Muller."""
    state = (seed + 0x6D2B79F5 * np.arange(1, 2 * n + 1, dtype=np.uint64)).astype(np.uint32)
    t = (state ^ (state >> 15)) * (state | 1)  # whole numbers below 2³², as they are in the browser
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    uniform = (t ^ (t >> 14)) / 2**32
    return np.sqrt(-2 * np.log1p(-uniform[::2])) * np.cos(2 * np.pi * uniform[1::2])

"""The digit canvas as one matplotlib figure, for pages without a kernel: the same state, words and colours as in the browser."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from ..look import BLUE, COLOURS, CRIMSON, number, show_image
from .ink import SCAN
from .kit.plane import ring

WORDS = {
    "empty": "Draw a digit or choose an example.",
    "reading": "ELBO {elbo} = reconstruction {reconstruction} − KL {kl} nats; log p(x) = {log_evidence} (on a grid), a gap of {gap}.",
    "cost": "costs KL(q ‖ p(z)) = {kl} nats",
    "gain": "buys log p(x|z) = {log_likelihood} nats",
    "draw": "one draw of the ELBO: {elbo} nats",
    "by_hand": "less the cost: {elbo} (z chosen, not drawn)",
    "seen": "x, for the encoder",
    "decoded": "decoded at z",
    "steps": ["cut out", "scaled", "centred", "binarized"],
}
BARS = {"reconstruction": BLUE, "− KL": COLOURS[4], "ELBO": COLOURS[6], "gap": CRIMSON, "log p(x)": COLOURS[2]}


class Numbers(NamedTuple):
    """Of one image, in nats. ``error`` is the standard error of the reconstruction term, and so of the ELBO and the gap."""

    reconstruction: float
    error: float
    kl: float
    elbo: float
    log_evidence: float

    @property
    def gap(self) -> float:
        """log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), up to the sampling error."""
        return self.log_evidence - self.elbo


class Terms(NamedTuple):
    """Of one image and one z, in nats: what the code costs, KL(q ‖ p(z)), and what z buys, log p(x|z)."""

    kl: float
    log_likelihood: float

    @property
    def elbo(self) -> float:
        """If z is a draw of q, the ELBO estimated with one sample."""
        return self.log_likelihood - self.kl


def draw(figure: Figure, canvas) -> None:
    """Drawing, plane, images, numbers, and the steps from the drawing to x. canvas: a DigitCanvas; what is read of it is its state."""
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 1])
    left, middle, right = top.subfigures(1, 3, width_ratios=[2, 3.7, 2.7])
    plane, drawing = canvas.plane.draw(middle.subplots(), canvas.shown, window=canvas.window), left.subplots()
    drawing.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[], aspect="equal")
    drawing.set_title("drawn", fontsize=12)
    drawing.spines[:].set_visible(True)
    for stroke in canvas.strokes:
        drawing.plot(*zip(*stroke, strict=True), color="black", linewidth=7, solid_capstyle="round", solid_joinstyle="round")
    if not canvas.strokes:
        drawing.text(0.5, 0.5, "draw a digit or\nchoose an example", ha="center", va="center", fontsize=12)
        return
    mu, sigma = canvas.q.mean, canvas.q.stddev
    *pictures, lens = bottom.subplots(1, 5)
    terms = {name: number(value, 1) for name, value in {**canvas.terms._asdict(), "elbo": canvas.terms.elbo}.items()}
    plane.set_title(WORDS["cost"].format(**terms), fontsize=12)
    for ax in (plane, lens):
        if canvas.samples:
            ax.plot(*zip(*canvas.samples, strict=True), ".", color=CRIMSON, markersize=3)
        for radius in (1, 2):
            ax.add_patch(Ellipse(mu.tolist(), *(2 * radius * sigma).tolist(), fill=False, edgecolor="black", linewidth=1.5))
    ring(plane, *canvas.z)
    (x, y), reach = mu.tolist(), 3.6 * sigma.max().item()  # q is often too narrow to be seen in true scale on the whole plane
    lens.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xticks=[], yticks=[], aspect="equal")
    lens.set_title("q(z|x), enlarged", fontsize=12)
    images, bars = right.subfigures(2, 1, height_ratios=[1.25, 1.1])
    for ax, (name, image) in zip(images.subplots(1, 2), ((WORDS["seen"], canvas.x), (WORDS["decoded"], canvas.image)), strict=True):
        show_image(ax, image).set_title(name, fontsize=12)
    drawn = len(canvas.samples) == 1 and np.allclose(canvas.samples[0], canvas.z, rtol=0, atol=1e-6)
    bought = ("gain", "draw") if drawn else ("gain",)
    images.supxlabel("\n".join(WORDS[name].format(**terms) for name in bought), fontsize=12)
    draw_bars(bars.subplots(), canvas.numbers)
    steps = canvas.steps
    shown = (steps.scan, steps.scaled, steps.centred, steps.x)
    for ax, name, image in zip(pictures, WORDS["steps"], shown, strict=True):
        show_image(ax, image).set_title(name, fontsize=12)
        if image.shape == (SCAN, SCAN):
            row, column, height, width = steps.crop
            ax.add_patch(Rectangle((column, row), width, height, fill=False, edgecolor=CRIMSON, linewidth=2))


def draw_bars(ax: Axes, n: Numbers) -> Axes:
    """Waterfall of the bound: the reconstruction term, from its end the KL; the ELBO that is left, from its end the gap up to log p(x)."""
    starts, values = (0, n.reconstruction, 0, n.elbo, 0), (n.reconstruction, -n.kl, n.elbo, n.gap, n.log_evidence)
    colours = list(BARS.values())
    ax.barh(range(5), values, left=starts, color=colours, height=0.7, edgecolor=colours, linewidth=1)
    ax.set_yticks(range(5), [f"{name}  {number(v, 1)}" for name, v in zip(BARS, values, strict=True)], fontsize=11)
    ax.set(ylim=(4.6, -0.6))
    ax.set_xlabel("nats", fontsize=11)
    ax.spines[["right", "top"]].set_visible(False)
    return ax

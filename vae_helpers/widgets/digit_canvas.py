"""`DigitCanvas`: draw a digit, see what the encoder makes of it: q(z|x) on the code plane, the reconstruction, samples, and the ELBO."""

import copy
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle
from torch import Tensor
from torch.distributions import Independent, Normal

from ..divergences import kl_standard_normal
from ..likelihoods import Bernoulli
from ..look import BLUE, COLOURS, CRIMSON, number, show_image
from ..models import VAE
from ..objectives import sample
from .ink import FRAMES, SCAN, Steps, prepare
from .kit.base import draw_png, javascript, static, stylesheet
from .kit.pack import pack
from .kit.plane import PlaneView
from .latent_pad import ring

EXAMPLES: dict[str, list] = json.loads(static("strokes.json").read_text(encoding="utf-8"))  # drawn for this collection, one a digit
EMPTY = "Draw a digit or choose an example."
N_SAMPLES = 500  # of z, for the reconstruction term
COARSE, SPLITS, KEPT = 0.25, 4, 40  # of the grid for log p(x), as in static/bound.js


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


class Strokes(traitlets.List):
    """Polylines with corners (x, y) in [0, 1]², y downwards, as lists of pairs."""

    def validate(self, obj, value):
        try:
            strokes = [[[float(x), float(y)] for x, y in stroke] for stroke in value]
        except (TypeError, ValueError):
            raise TypeError(f"Expected strokes as a list of polylines, each a list of points (x, y), got {value!r:.80}.") from None
        if not all(strokes):
            raise ValueError("Expected at least one point in each stroke, got an empty one.")
        if not all(0 <= v <= 1 for stroke in strokes for point in stroke for v in point):
            raise ValueError("Expected strokes inside the canvas: x and y from 0 to 1, y downwards.")
        return super().validate(obj, strokes)


class Pairs(traitlets.List):
    """Points of the plane, given as a list or a tensor (N, 2)."""

    def validate(self, obj, value):
        rows = torch.as_tensor(value, dtype=torch.float32).detach()
        if len(rows) and (rows.ndim != 2 or rows.shape[1] != 2 or not rows.isfinite().all()):
            raise ValueError(f"Expected {self.name} of shape (N, 2), finite, got {tuple(rows.shape)}: as from canvas.q.sample((100,)).")
        return super().validate(obj, rows.tolist())


class DigitCanvas(PlaneView):
    """A canvas to draw a digit on, for a ``VAE`` with latent_dim 2, a Bernoulli likelihood and images of 28 × 28 or 8 × 8.

    codes (N, 2), labels (N,) and scales (N, 2) are drawn on the plane as LatentPad does. ``strokes`` (polylines in [0, 1]², y downwards)
    and ``example`` (a digit 0 … 9, or None where the drawing is not one of the ten) may be set and are set by the hand; then ``z`` moves
    to q's mean, from where it can be dragged, and ``samples`` (pairs, drawn from q by the buttons) are emptied.
    Read ``x`` (H, W), ``q``, ``image`` (H, W) at z, and ``numbers``; on an empty canvas x, q and numbers raise ValueError.
    Raises TypeError for another kind of model, ValueError for another size, other dimensions, NaN weights or strokes off the canvas.
    """

    _esm = javascript("engine.js", "common.js", "decoder.js", "plane.js", "ink.js", "bound.js", "digit_canvas.js")
    _css = stylesheet("common.css", "digit_canvas.css")

    strokes = Strokes().tag(sync=True)
    example = traitlets.Int(None, allow_none=True, min=0, max=9).tag(sync=True)
    samples = Pairs().tag(sync=True)
    examples = traitlets.Dict(EXAMPLES).tag(sync=True)
    encoder_network = traitlets.Dict().tag(sync=True)
    encoder_weights = traitlets.Bytes().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: VAE,
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        scales: Tensor | None = None,
        extent: tuple[float, float, float, float] | None = None,
        example: int | None = None,
        axis_labels: tuple[str, str] = ("$z_1$", "$z_2$"),
        caption: str = "A drawn digit, q(z|x) on the code plane, its reconstruction, and the ELBO beside log p(x).",
    ):
        _check(model)
        packed = pack(model.encoder, (model.pixels,))
        self._encoder = copy.deepcopy(model.encoder).cpu().eval()
        self._from_browser: set[str] = set()
        super().__init__(
            model,
            codes,
            labels,
            scales,
            extent,
            None,
            axis_labels,
            caption=caption,
            encoder_network={name: packed[name] for name in ("layers", "dtype", "floats")},
            encoder_weights=packed["weights"],
            frame=FRAMES[model.image_shape]._asdict(),
        )
        if "missing" in self.network:
            raise TypeError(
                f"DigitCanvas needs a decoder that the browser can run; it has no layer {self.network['missing']}: use LatentPad."
            )
        self.example = example

    @property
    def steps(self) -> Steps:
        """What becomes of the strokes, as the browser shows it. Raises ValueError on an empty canvas."""
        return prepare(self.strokes, FRAMES[self.image_shape])

    @property
    def x(self) -> Tensor:
        """The image (H, W) that the encoder sees, of zeros and ones. Raises ValueError on an empty canvas."""
        return torch.tensor(self.steps.x)

    @property
    def q(self) -> Independent:
        """q(z|x), event (2,)."""
        mu, logvar = self._mu_logvar()
        return Independent(Normal(mu, (logvar / 2).exp()), 1)

    @property
    def numbers(self) -> Numbers:
        """The ELBO's parts and log p(x), by PyTorch: other samples than the browser's, the same grid."""
        with torch.no_grad():
            (mu, logvar), x = self._mu_logvar(), self.x.flatten()
            noise = torch.Generator().manual_seed(0)
            terms = self._log_likelihood(sample(mu, logvar, N_SAMPLES, noise), x)
            kl, reconstruction = kl_standard_normal(mu[None], logvar[None]).item(), terms.mean().item()
            log_evidence = self._log_evidence(x)
        return Numbers(reconstruction, terms.std().item() / math.sqrt(N_SAMPLES), kl, reconstruction - kl, log_evidence)

    @property
    def reading(self) -> str:
        """The numbers in a sentence, as the browser says it."""
        if not self.strokes:
            return EMPTY
        n = self.numbers
        return (
            f"ELBO {number(n.elbo, 1)} = reconstruction {number(n.reconstruction, 1)} − KL {number(n.kl, 1)} nats; "
            f"log p(x) = {number(n.log_evidence, 1)} (on a grid), a gap of {number(n.gap, 1)}."
        )

    def picture(self) -> bytes:
        """The state as one figure."""
        return draw_png(lambda figure: _draw(figure, self), (9, 6))

    def set_state(self, sync_data):
        # The browser moves z, example and samples along with the strokes: not to be moved a second time, after the hand has gone on.
        self._from_browser = set(sync_data)
        try:
            super().set_state(sync_data)
        finally:
            self._from_browser = set()

    @traitlets.observe("example")
    def _example_is_drawn(self, change):
        if change.new is not None and "strokes" not in self._from_browser:
            self.strokes = EXAMPLES[str(change.new)]

    @traitlets.observe("strokes")
    def _z_follows(self, change):
        with self.hold_sync():
            if self.example is not None and self.strokes != EXAMPLES[str(self.example)]:
                self.example = None
            if "samples" not in self._from_browser:
                self.samples = []
            if self.strokes and "z" not in self._from_browser:
                x0, x1, y0, y1 = self.extent
                x, y = self.q.mean.tolist()
                self.z = (min(max(x, x0), x1), min(max(y, y0), y1))

    @torch.no_grad()
    def _mu_logvar(self) -> tuple[Tensor, Tensor]:
        return self._encoder(self.x.reshape(1, -1))[0].chunk(2)

    def _log_likelihood(self, z: Tensor, x: Tensor) -> Tensor:
        """log p(x|z): z (N, 2), x (D,) → (N,). The packed decoder ends in a sigmoid, which the logits go without."""
        return Bernoulli().log_prob(self._mean[:-1](z).flatten(1), x)

    def _log_evidence(self, x: Tensor) -> float:
        """log p(x) as static/bound.js has it: cells of the plane, the heaviest of them cut into four, again and again."""
        n = math.ceil(_half(self.extent) / COARSE)
        middles = (torch.arange(-n, n) + 0.5) * COARSE
        cells, side, parts = torch.cartesian_prod(middles, middles), COARSE, []
        for split in range(SPLITS + 1):
            log_joint = self._log_likelihood(cells, x).double() - cells.double().square().sum(1) / 2 - math.log(2 * math.pi)
            order = log_joint.argsort(descending=True)
            kept = order[: KEPT if split < SPLITS else 0]
            parts.append(log_joint[order[len(kept) :]] + 2 * math.log(side))
            corners = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * side / 4
            cells, side = (cells[kept, None] + corners).reshape(-1, 2), side / 2
        return torch.cat(parts).logsumexp(0).item()


def _half(extent: Sequence[float]) -> float:
    """Half the side of the square that log p(x) is summed over: the plane as shown, and at least four σ of the prior."""
    return max(4.0, *(abs(v) for v in extent))


def _check(model) -> None:
    if not isinstance(model, VAE) or not isinstance(model.likelihood, Bernoulli):
        what = type(model).__name__ if not isinstance(model, VAE) else f"a VAE with likelihood {model.likelihood.config['name']!r}"
        raise TypeError(f'DigitCanvas needs a VAE with likelihood="bernoulli", since a drawing is black or white; got {what}.')
    if model.image_shape not in FRAMES:
        raise ValueError(
            f"DigitCanvas prepares drawings as MNIST (28 × 28) or scikit-learn's digits (8 × 8) were made, not for images of "
            f"{model.image_shape[0]} × {model.image_shape[1]}: use a model of one of these sizes."
        )


def _draw(figure: Figure, canvas: DigitCanvas) -> None:
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 1])
    left, middle, right = top.subfigures(1, 3, width_ratios=[2, 3.7, 2.7])
    plane, drawing = canvas.draw_plane(middle.subplots()), left.subplots()
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
    for ax in (plane, lens):
        if canvas.samples:
            ax.plot(*zip(*canvas.samples, strict=True), ".", color=CRIMSON, markersize=3)
        for radius in (1, 2):
            ax.add_patch(Ellipse(mu.tolist(), *(2 * radius * sigma).tolist(), fill=False, edgecolor="black", linewidth=1.5))
    ring(plane, *canvas.z)
    (x, y), reach = mu.tolist(), 3.6 * sigma.max().item()  # q is often too narrow to be seen in true scale on the whole plane
    lens.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xticks=[], yticks=[], aspect="equal")
    lens.set_title("q(z|x), enlarged", fontsize=12)
    images, bars = right.subfigures(2, 1, height_ratios=[1, 1.15])
    for ax, (name, image) in zip(images.subplots(1, 2), (("x, for the encoder", canvas.x), ("decoded at z", canvas.image)), strict=True):
        show_image(ax, image).set_title(name, fontsize=12)
    draw_bars(bars.subplots(), canvas.numbers)
    steps = canvas.steps
    shown = {"cut out": steps.scan, "scaled": steps.scaled, "centred": steps.centred, "binarized": steps.x}
    for ax, (name, image) in zip(pictures, shown.items(), strict=True):
        show_image(ax, torch.tensor(image, dtype=torch.float32)).set_title(name, fontsize=12)
        if image.shape == (SCAN, SCAN):
            row, column, height, width = steps.crop
            ax.add_patch(Rectangle((column, row), width, height, fill=False, edgecolor=CRIMSON, linewidth=2))


def draw_bars(ax: Axes, n: Numbers) -> Axes:
    """Waterfall of the bound: the reconstruction term, from its end the KL; the ELBO that is left, from its end the gap up to log p(x)."""
    rows = {
        "reconstruction": (0, n.reconstruction, BLUE),
        "− KL": (n.reconstruction, -n.kl, COLOURS[4]),
        "ELBO": (0, n.elbo, COLOURS[6]),
        "gap": (n.elbo, n.gap, CRIMSON),
        "log p(x)": (0, n.log_evidence, COLOURS[2]),
    }
    for y, (start, width, colour) in enumerate(rows.values()):
        ax.barh(y, width, left=start, color=colour, height=0.7, edgecolor=colour, linewidth=1)
    values = (n.reconstruction, -n.kl, n.elbo, n.gap, n.log_evidence)
    ax.set_yticks(range(5), [f"{name}  {number(v, 1)}" for name, v in zip(rows, values, strict=True)], fontsize=11)
    ax.set(ylim=(4.6, -0.6))
    ax.set_xlabel("nats", fontsize=11)
    ax.spines[["right", "top"]].set_visible(False)
    return ax

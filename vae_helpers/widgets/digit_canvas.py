"""`DigitCanvas`: draw a digit, see what the encoder makes of it: q(z|x) on the code plane, the reconstruction, samples, and the ELBO."""

import copy
import json
import math
from collections.abc import Sequence

import torch
import traitlets
from torch import Tensor
from torch.distributions import Independent, Normal

from .. import inputs
from ..divergences import kl_standard_normal
from ..evaluation import log_evidence_grid
from ..likelihoods import Bernoulli
from ..look import number
from ..models import VAE
from ..objectives import sample
from .digit_picture import BARS, WORDS, Numbers, Terms, draw
from .ink import FRAMES, Steps, prepare
from .kit import decoder
from .kit.base import bundle, draw_png, static
from .kit.given import floats, read_codes
from .kit.pack import pack
from .kit.plane import Content, Plane, PlaneTrait, ShownTrait, WindowTrait, two_dimensions

EXAMPLES: dict[str, list] = json.loads(static("strokes.json").read_text(encoding="utf-8"))  # drawn for this collection, one a digit
N_SAMPLES, TOLERANCE = 500, 0.01  # of z, for the reconstruction term; nats, of log p(x)


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
        rows = floats(inputs.tensor_of(value, self.name))
        if len(rows) and (rows.ndim != 2 or rows.shape[1] != 2 or not rows.isfinite().all()):
            raise ValueError(f"Expected {self.name} of shape (N, 2), finite, got {tuple(rows.shape)}: as from canvas.q.sample((100,)).")
        return super().validate(obj, rows.tolist())


class DigitCanvas(decoder.DecoderView):
    """The whole machine: a canvas to draw a digit on, encoder, q on the plane, z, decoder, image; the ELBO's terms under what pays them.

    For a ``VAE`` with latent_dim 2, a Bernoulli likelihood and images of 28 × 28 or 8 × 8.
    codes (N, 2), labels (N,) and scales (N, 2) are drawn on the plane as LatentPad does. ``strokes`` (polylines in [0, 1]², y downwards)
    and ``example`` (a digit 0 … 9, or None where the drawing is not one of the ten) may be set and are set by the hand; then ``z`` moves
    to q's mean, from where it can be dragged, and ``samples`` (pairs, drawn from q by the buttons) are emptied.
    Read ``x`` (H, W), ``q``, ``image`` (H, W) and ``terms`` at z, and ``numbers``; on an empty canvas all but the image raise ValueError.
    Raises TypeError for another kind of model, ValueError for another size, other dimensions, NaN weights or strokes off the canvas.
    """

    _esm, _css = bundle("digit_canvas.js"), bundle("digit_canvas.css")

    plane, shown, window = PlaneTrait(), ShownTrait(), WindowTrait()
    words = traitlets.Dict({**decoder.WORDS, **WORDS}).tag(sync=True)
    strokes = Strokes().tag(sync=True)
    example = traitlets.Int(None, allow_none=True, min=0, max=9).tag(sync=True)
    samples = Pairs().tag(sync=True)
    n_samples = traitlets.Int(N_SAMPLES).tag(sync=True)
    examples = traitlets.Dict(EXAMPLES).tag(sync=True)
    bars = traitlets.Dict(BARS).tag(sync=True)
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
        seen = read_codes(codes, labels, scales, two_dimensions(model))
        plane, encoder = Plane(Content(seen, True, axis_labels), extent), dict(pack(model.encoder, (model.pixels,)))
        self._model = copy.deepcopy(model).cpu().float().eval()
        traits = {"encoder_weights": encoder.pop("weights"), "encoder_network": encoder, "frame": FRAMES[model.image_shape]._asdict()}
        super().__init__(model, seen, plane.limits, plane=plane, shown=plane.shown, z=plane.start, caption=caption, **traits)
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
        """The ELBO's parts and log p(x), by PyTorch: other samples than the browser's, and a grid of its own."""
        x = self.x.flatten()
        with torch.no_grad():
            mu, logvar = self._mu_logvar()
            z = sample(mu, logvar, N_SAMPLES, torch.Generator().manual_seed(0))
            terms, kl = self._model.decode(z).log_prob(x), kl_standard_normal(mu[None], logvar[None]).item()
        reconstruction, error = terms.mean().item(), terms.std().item() / math.sqrt(N_SAMPLES)
        log_evidence = log_evidence_grid(self._model, x[None], TOLERANCE).log_evidence.item()
        return Numbers(reconstruction, error, kl, reconstruction - kl, log_evidence)

    @property
    def terms(self) -> Terms:
        """The ELBO's terms with the one z at the ring, each under the part of the machine that pays it. ValueError on an empty canvas."""
        with torch.no_grad():
            mu, logvar = self._mu_logvar()
            log_likelihood = self._model.decode(torch.tensor([self.z])).log_prob(self.x.flatten())
        return Terms(kl_standard_normal(mu[None], logvar[None]).item(), log_likelihood.item())

    @property
    def reading(self) -> str:
        """The numbers in a sentence, as the browser says it."""
        if not self.strokes:
            return self.say("empty")
        n = self.numbers
        return self.say("reading", gap=number(n.gap, 1), **{name: number(value, 1) for name, value in n._asdict().items()})

    def picture(self) -> bytes:
        """The state as one figure."""
        return draw_png(lambda figure: draw(figure, self), (9, 6))

    # What the browser tells beside the strokes, z, example and samples, it has moved along itself: not to be moved a second time.
    @traitlets.observe("example")
    def _example_is_drawn(self, change):
        if change.new is not None and "strokes" not in self.told:
            self.strokes = EXAMPLES[str(change.new)]

    @traitlets.observe("strokes")
    def _z_follows(self, change):
        with self.hold_sync():
            if self.example is not None and self.strokes != EXAMPLES[str(self.example)]:
                self.example = None
            if "samples" not in self.told:
                self.samples = []
            if self.strokes and "z" not in self.told:
                self.z = self.limits.nearest(self.q.mean.tolist())

    @torch.no_grad()
    def _mu_logvar(self) -> tuple[Tensor, Tensor]:
        return self._model.encoder(self.x.reshape(1, -1))[0].chunk(2)


def _check(model) -> None:
    if not isinstance(model, VAE) or not isinstance(model.likelihood, Bernoulli):
        what = type(model).__name__ if not isinstance(model, VAE) else f"a VAE with likelihood {model.likelihood.config['name']!r}"
        raise TypeError(f'DigitCanvas needs a VAE with likelihood="bernoulli", since a drawing is black or white; got {what}.')
    if model.image_shape not in FRAMES:
        raise ValueError(
            f"DigitCanvas prepares drawings as MNIST (28 × 28) or scikit-learn's digits (8 × 8) were made, not for images of "
            f"{model.image_shape[0]} × {model.image_shape[1]}: use a model of one of these sizes."
        )

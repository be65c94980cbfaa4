"""`LatentSliders`: one slider a latent dimension, for codes of more than two numbers."""

from collections.abc import Sequence

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor, nn

from .. import inputs
from ..look import BLUE, number, show_image
from .kit.base import Limits, bundle, doubles, draw_png
from .kit.decoder import DecoderView, latent_dim
from .kit.given import Examples, ExamplesTrait, floats, read_codes, read_examples

DEAD_BELOW = 0.01  # nats of KL: a dimension below it tells nothing about the image

RANDOM = {"prior": "random from the prior", "gaussian": "random from the Gaussian of the codes", "box": "random from the box"}


class LatentSliders(DecoderView):
    """One slider a dimension of z, decoded in the browser; buttons "all zeros" and "random ...".

    ranges: (low, high), or one such pair a dimension; by default the codes' own ranges widened to hold zero, or ±3 without codes.
    random: what the second button draws from: "prior" N(0, I), "gaussian" fitted to the codes, or "box", uniform over the sliders.
    A random draw outside a slider's range is set at its end. With codes, a mark under each slider is the nearest code's number.
    ``z`` may be read and set; ``image`` (H, W) is decoded from it.
    kl (L,): each dimension's KL(q(z|x) ‖ prior) in nats, averaged over images, shown beside its slider; below DEAD_BELOW it is dead.
    sort_by_kl: the most used dimension on top. examples: up to 20 images (n, H, W), shown as buttons that set z to their code (a VAE:
    μ), or codes (n, L). ``example``: which of them was encoded last, −1 for none; setting it sets z. Default ranges hold their codes.
    Raises ValueError for shapes that do not fit, NaN, z outside the ranges.
    """

    _esm, _css = bundle("latent_sliders.js"), bundle("latent_sliders.css")

    ranges = traitlets.List().tag(sync=True)
    random = traitlets.Dict().tag(sync=True)
    kl = traitlets.List().tag(sync=True)
    dead_below = traitlets.Float(DEAD_BELOW).tag(sync=True)
    order = traitlets.List().tag(sync=True)
    example = traitlets.Int(-1).tag(sync=True)
    examples = ExamplesTrait()

    def __init__(
        self,
        model: nn.Module,
        z: Sequence[float] | Tensor | None = None,
        ranges: Sequence | None = None,
        random: str = "prior",
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        kl: Tensor | Sequence[float] | None = None,
        sort_by_kl: bool = False,
        examples: Tensor | None = None,
        example_labels: Tensor | Sequence | None = None,
        caption: str = "One slider a latent dimension and the image that the decoder makes of them.",
    ):
        if not isinstance(random, str) or random not in RANDOM:
            raise ValueError(f"Expected random to be one of {', '.join(RANDOM)}, got {random!r}.")
        if random == "gaussian" and codes is None:
            raise ValueError('Expected codes to fit the Gaussian to: random="gaussian" needs codes=.')
        if inputs.true_or_false("sort_by_kl", sort_by_kl) and kl is None:
            raise ValueError("Expected kl to sort the sliders by: sort_by_kl needs kl=.")
        if example_labels is not None and examples is None:
            raise ValueError("Expected examples beside example_labels, which say what the examples are.")
        dims = latent_dim(model)
        seen, kl = read_codes(codes, labels, None, dims), _kl(kl, dims)
        none = Examples(torch.zeros(0, 1, 1), torch.zeros(0, dims), [])
        examples = none if examples is None else read_examples(model, examples, example_labels, dims)
        every = None if codes is None else floats(inputs.codes(codes, dims)).reshape(-1, dims)  # codes; those that are seen may be thinned
        ranges = _ranges(ranges, every, examples.codes, dims)
        order = sorted(range(dims), key=lambda k: -kl[k] if sort_by_kl and kl else k)
        traits = {"examples": examples, "ranges": ranges, "random": _random(random, every, dims), "kl": kl, "order": order}
        super().__init__(model, seen, Limits(ranges, "wider ranges"), z=[0.0] * dims if z is None else z, caption=caption, **traits)

    def picture(self) -> bytes:
        """Original, decoded image, sliders and KL at the present state, as a PNG."""

        def draw(figure: Figure) -> None:
            widths = {"original": 220, "image": 220, "sliders": 400, "kl": 150}
            if self.example < 0:
                del widths["original"]
            if not self.kl:
                del widths["kl"]
            axes = figure.subplot_mosaic([list(widths)], width_ratios=list(widths.values()))
            show_image(axes["image"], self.image)
            if self.example >= 0:
                show_image(axes["original"], self.examples.images[self.example]).set_title(self.examples.names[self.example], fontsize=12)
                axes["image"].set_title(self.say("decoded"), fontsize=12)
            dead = [bool(self.kl) and self.kl[k] < self.dead_below for k in self.order]
            for row, k in enumerate(self.order):
                axes["sliders"].plot(self.ranges[k], [row, row], color="#ccc" if dead[row] else "#999", linewidth=3, solid_capstyle="round")
                axes["sliders"].plot(self.z[k], row, "o", color="#8a8a8a" if dead[row] else BLUE, markersize=11)
                if self._seen.codes is not None:
                    axes["sliders"].plot(self._seen.codes[self.nearest[0], k], row + 0.3, "^", color="black", markersize=5)
            axes["sliders"].set_yticks(range(self.latent_dim), [f"$z_{{{k + 1}}}$" for k in self.order])
            axes["sliders"].set_ylim(self.latent_dim - 0.5, -0.5)
            axes["sliders"].tick_params(labelsize=12, left=False)
            axes["sliders"].spines[["left", "right", "top"]].set_visible(False)
            if self.kl:
                bars = axes["kl"].barh(range(self.latent_dim), [self.kl[k] for k in self.order], height=0.35, color=BLUE)
                texts = [number(self.kl[k]) + (" dead" if dead[row] else "") for row, k in enumerate(self.order)]
                axes["kl"].bar_label(bars, texts, padding=4, fontsize=12)
                axes["kl"].set(ylim=(self.latent_dim - 0.5, -0.5), xlim=(0, 1.6 * max(*self.kl, self.dead_below)), xticks=[], yticks=[])
                axes["kl"].set_title("KL, nats", fontsize=12)
                axes["kl"].spines[["right", "top", "bottom"]].set_visible(False)

        return draw_png(draw, (8.9, max(3.1, 0.8 + 0.33 * self.latent_dim)))

    @traitlets.observe("example")
    def _encode_the_example(self, change) -> None:
        if change["new"] >= 0 and "z" not in self.told:
            self.z = self.limits.nearest(self.examples.codes[change["new"]].tolist())

    @traitlets.validate("example")
    def _example_is_one_of_them(self, proposal):
        n = len(self.examples.names)
        if not -1 <= proposal.value < n:
            raise ValueError(f"Expected example from 0 to {n - 1}, or -1 for none, got {proposal.value}: there are {n} examples.")
        return proposal.value


def _ranges(ranges: Sequence | None, codes: Tensor | None, examples: Tensor, dims: int) -> list[list[float]]:
    if ranges is None:
        around = torch.tensor([[-3.0] * dims, [3.0] * dims], dtype=torch.float32) if codes is None else codes
        held = torch.cat([around, examples, torch.zeros_like(around[:1])])
        ranges = torch.stack([held.amin(0), held.amax(0)], 1).tolist()
    pairs = doubles(ranges, "ranges")
    pairs = pairs[None].repeat(dims, 0) if pairs.shape == (2,) else pairs
    if pairs.shape != (dims, 2) or not np.isfinite(pairs).all() or not (pairs[:, 0] < pairs[:, 1]).all():
        raise ValueError(f"Expected {dims} ranges (low, high) with low < high, both finite, got {pairs.tolist()}.")
    return pairs.tolist()


def _kl(kl: Tensor | Sequence[float] | None, dims: int) -> list[float]:
    if kl is None:
        return []
    kl = floats(inputs.tensor_of(kl, "kl"))
    if kl.shape != (dims,):
        raise ValueError(
            f"Expected kl of shape ({dims},), one number a dimension, got {tuple(kl.shape)}: average over the images, .mean(0)."
        )
    if not kl.isfinite().all() or (kl < -1e-5).any():
        raise ValueError(f"Expected kl in nats, finite and from 0 on, got {kl.tolist()}: a divergence is never negative.")
    return kl.clamp(min=0).tolist()


def _random(kind: str, codes: Tensor | None, dims: int) -> dict:
    mean, scale = torch.zeros(dims), torch.eye(dims)
    if kind == "gaussian":
        mean, covariance = codes.mean(0), codes.double().T.cov(correction=min(1, len(codes) - 1)).reshape(dims, dims)
        scale = torch.linalg.cholesky(covariance + (1e-9 * covariance.trace() + 1e-30) * torch.eye(dims))  # a dimension may be constant
    return {"kind": kind, "label": RANDOM[kind], "mean": mean.tolist(), "scale": scale.tolist()}

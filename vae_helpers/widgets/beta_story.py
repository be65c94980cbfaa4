"""`BetaStory`: a slider over VAEs trained with several β, or after more and more epochs, on one code plane."""

import copy
import math
from collections.abc import Iterable, Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from .. import datasets, inputs, pretrained
from ..evaluation import Evaluation, evaluate
from ..look import BLUE, label_looks, number, show_image
from ..models import VAE
from .kit.base import Point, View, bundle, draw_png
from .kit.decoder import WORDS, row
from .kit.given import Codes, as_bytes, read_codes, read_labels
from .kit.pack import mean_network, pack
from .kit.plane import MOST_ELLIPSES, Content, Plane, PlaneTrait, ShownTrait, WindowTrait, ring

MOST_IMAGES = 400  # whose codes are drawn, one letter each
CHART = (4.5, 3.6)  # inches of 72 pixels


class BetaStory(View):
    """One plane, one ring, one slider: the codes of the same images under each of several VAEs, and what each decodes at the ring.

    models: VAEs of one image shape with latent_dim 2, in the slider's order; values: their β, or the epochs trained; images (N, H, W) and
    labels (N,), one character each: whose codes are drawn (at most 400, evenly) and on which reconstruction, KL and ELBO are measured.
    ``value`` is the chosen model's and may be set (to the nearest); ``model`` is that model, ``image`` (H, W) what it decodes at ``z``,
    ``shown`` the layers among "codes", "posteriors", "prior". ``BetaStory.pretrained()`` shows the models that ship with the package.
    """

    _esm, _css = bundle("beta_story.js"), bundle("beta_story.css")

    z = Point().tag(sync=True)
    plane, shown, window = PlaneTrait(), ShownTrait(), WindowTrait()
    words = traitlets.Dict(WORDS).tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    value = traitlets.TraitType(0).tag(sync=True)  # not Any, which takes None unchecked
    values = traitlets.List().tag(sync=True)
    image_shape = traitlets.Tuple().tag(sync=True)
    networks = traitlets.List().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)  # float32 (models, images, 2)
    scales = traitlets.Bytes().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)
    most_ellipses = traitlets.Int(MOST_ELLIPSES).tag(sync=True)
    readings = traitlets.List().tag(sync=True)
    chart = traitlets.Bytes().tag(sync=True)
    marks = traitlets.List().tag(sync=True)

    def __init__(
        self,
        models: Sequence[VAE],
        values: Sequence[float],
        images: Tensor,
        labels: Tensor | Sequence | None = None,
        name: str = "β",
        value: float | None = None,
        extent: tuple[float, float, float, float] | None = None,
        z: Sequence[float] | Tensor | None = None,
        axis_labels: tuple[str, str] = ("$z_1$", "$z_2$"),
        caption: str = "",
    ):
        if not isinstance(values, Iterable) or not isinstance(models, Sequence):
            raise TypeError(f"Expected lists of models and of their {name}, got {type(models).__name__} and {type(values).__name__}.")
        values = [v.item() if hasattr(v, "item") else v for v in values]
        _check(models, values, name)
        images = inputs.pictures(images, models[0].image_shape)
        labels, every = read_labels(labels, len(images), "image"), math.ceil(len(images) / MOST_IMAGES)
        self._models = [copy.deepcopy(vae).cpu().float() for vae in models]
        self._means, networks, self._seen, self.evaluations = [], [], [], []
        for vae, v in zip(self._models, values, strict=True):
            try:
                self._means.append(mean_network(vae))
                networks.append(dict(pack(self._means[-1])))
                self.evaluations.append(evaluate(vae, images, n_samples=10))
                with torch.no_grad():
                    q = vae.encode(images[::every])
                self._seen.append(read_codes(q.mean, labels[::every], q.stddev, 2))
            except (ValueError, TypeError) as error:
                raise type(error)(f"The model at {name} = {v:g}: {error}") from error
        if long := [label for label in labels if len(label) != 1]:
            raise ValueError(f"Expected labels of one character, which are drawn at their codes, got {long[0]!r}.")
        reach = max(3.3, 1.06 * max(seen.codes.abs().max().item() for seen in self._seen))
        plane = Plane(Content(Codes(), True, axis_labels), extent or (-reach, reach, -reach, reach), drawn=("codes", "posteriors"))
        self.limits = plane.limits
        chart, marks = _chart(self.evaluations, values, name)
        super().__init__(
            plane=plane,
            shown=plane.shown,
            z=plane.start if z is None else z,
            name=name,
            values=values,
            value=values[len(values) // 2] if value is None else value,
            image_shape=models[0].image_shape,
            networks=networks,
            codes=as_bytes(torch.stack([seen.codes for seen in self._seen])),
            scales=as_bytes(torch.stack([seen.scales for seen in self._seen])),
            labels=labels[::every],
            colours={label: colour for label, (colour, _) in label_looks(labels or ["•"]).items()},
            readings=[_sentence(name, v, evaluation) for v, evaluation in zip(values, self.evaluations, strict=True)],
            chart=chart,
            marks=marks,
            caption=caption or f"Codes of the same images under {len(values)} models, over {name}, with their ELBO in its two parts.",
        )

    @classmethod
    def pretrained(cls, story: str = "β", **options) -> "BetaStory":
        """The shipped VAEs of the 8×8 digits, on test images: over "β", or over the "epoch"s of training at β = 1."""
        if story not in ("β", "epoch"):
            raise ValueError(f'Expected the story "β" or "epoch", got {story!r}.')
        family = pretrained.family("digits_beta")
        last = max(epoch for _, epoch in family)
        chosen = {
            beta if story == "β" else epoch: member.vae
            for (beta, epoch), member in family.items()
            if (epoch == last if story == "β" else beta == 1)
        }
        test = datasets.load("digits").binarized(0).test
        start = 1 if story == "β" else last
        return cls(list(chosen.values()), list(chosen), test.images, test.labels, **{"name": story, "value": start, **options})

    @property
    def model(self) -> VAE:
        """The model at ``value`` (a copy, made when the view was)."""
        return self._models[self._index]

    @property
    def image(self) -> Tensor:
        """What the model at ``value`` decodes at ``z``: pixel means (H, W)."""
        return self._decoded(self._index)

    @property
    def reading(self) -> str:
        """What the chosen model reaches and where z is, in the words that the browser shows."""
        return f"{self.readings[self._index]} {self.say('place', z=row(self.z))}"

    def draw_plane(self, ax: Axes) -> Axes:
        """The plane with the codes of the model at ``value``, without the ring."""
        content = Content(self._seen[self._index], True, self.plane.content.axis_labels)
        return self.plane.draw(ax, self.shown, content, self.window)

    def picture(self) -> bytes:
        """Plane and curve at the present value, and below them what each model decodes at the ring, as a PNG."""

        def draw(figure: Figure) -> None:
            upper, lower = figure.subfigures(2, 1, height_ratios=[4, 1.2])
            plane, curve = upper.subplots(1, 2, width_ratios=[4.5, 4])
            ring(self.draw_plane(plane), *self.z)
            plane.set_title(self.readings[self._index].split(":")[0], fontsize=13, loc="left")
            draw_chart(curve, self.evaluations, self.values, self.name)
            chosen = self.evaluations[self._index]
            curve.plot(
                chosen.kl.mean, chosen.reconstruction.mean, "o", markersize=15, markerfacecolor="none", color="black", markeredgewidth=2.5
            )
            lower.suptitle(f"decoded at the ring, by {self.name}", fontsize=12)
            for k, ax in enumerate(lower.subplots(1, len(self.values), squeeze=False)[0]):
                show_image(ax, self._decoded(k)).set_title(f"{self.values[k]:g}", fontsize=12)
                if k == self._index:
                    ax.spines[:].set(color="black", linewidth=2.5)

        return draw_png(draw, (9.6, 6.4))

    @property
    def _index(self) -> int:
        return self.values.index(self.value)

    @torch.no_grad()
    def _decoded(self, k: int) -> Tensor:
        return self._means[k](torch.tensor([self.z], dtype=torch.float32)).reshape(self.image_shape)

    @traitlets.validate("value")
    def _nearest_value(self, proposal):
        value = proposal.value.item() if hasattr(proposal.value, "item") else proposal.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise ValueError(f"Expected {self.name} as a number, {self.values[0]:g} to {self.values[-1]:g}, got {value!r}.")
        return min(self.values, key=lambda v: abs(v - value))


def draw_chart(ax: Axes, evaluations: Sequence[Evaluation], values: Sequence[float], name: str) -> Axes:
    """KL against reconstruction term, one point a model, joined in order; along the dashed line the ELBO is the best one's."""
    kl, reconstruction = ([getattr(e, part).mean for e in evaluations] for part in ("kl", "reconstruction"))
    best = max(e.elbo.mean for e in evaluations)
    ax.axline((0, best), slope=1, color="#666", linestyle="--", linewidth=1.5, zorder=1)
    ax.plot(kl, reconstruction, "o-", color=BLUE, markersize=7, linewidth=1.5)
    low, high = min(reconstruction), max(reconstruction)
    margin_x, margin_y = 0.1 * (max(kl) or 1), 0.12 * (high - low or 1)
    ax.set(xlim=(-margin_x, max(kl) + 1.8 * margin_x), ylim=(low - margin_y, high + 1.3 * margin_y))
    labels = []
    for x, y, v in zip(kl, reconstruction, values, strict=True):
        at = ax.transLimits.transform((x, y))
        for place, label in labels:
            if abs(at - place).max() < 0.07:  # points that all but coincide share a label
                label.set_text(f"{label.get_text()}, {v:g}")
                break
        else:
            labels.append((at, ax.annotate(f"{v:g}", (x, y), (9, -15), textcoords="offset points", fontsize=12)))
    ax.set_title(f"dashed: ELBO = {number(best)}; labels: {name}", fontsize=12, loc="left")
    ax.set_xlabel("KL (nats per image)", fontsize=12)
    ax.set_ylabel("reconstruction term (nats per image)", fontsize=12)
    ax.tick_params(labelsize=12)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _chart(evaluations: Sequence[Evaluation], values: Sequence[float], name: str) -> tuple[bytes, list[list[float]]]:
    """The curve as a PNG, and where each model's point lies in it: shares of its width and height from the top left."""
    marks: list[list[float]] = []

    def draw(figure: Figure) -> None:
        ax = draw_chart(figure.subplots(), evaluations, values, name)
        figure.canvas.draw()
        figure.set_layout_engine("none")  # solved once: what is saved lies where it is read off here
        for e in evaluations:
            x, y = figure.transFigure.inverted().transform(ax.transData.transform((e.kl.mean, e.reconstruction.mean)))
            marks.append([float(x), float(1 - y)])

    return draw_png(draw, CHART), marks


def _sentence(name: str, value: float, e: Evaluation) -> str:
    parts = (
        f"{what} {number(part.mean)} ± {part.stderr:.2f}"
        for what, part in (("reconstruction", e.reconstruction), ("KL", e.kl), ("ELBO", e.elbo))
    )
    return f"{name} = {value:g}: {', '.join(parts)} nats per image."


def _check(models: Sequence[VAE], values: list, name: str) -> None:
    if len(models) == 0 or len(models) != len(values):
        raise ValueError(f"Expected at least one model and one {name} for each, got {len(models)} models and {len(values)} values.")
    if not all(isinstance(v, (int, float)) and abs(v) < float("inf") for v in values) or len(set(values)) < len(values):
        raise ValueError(f"Expected {name} to be finite numbers, each once, got {values}.")
    if other := [type(model).__name__ for model in models if not isinstance(model, VAE)]:
        raise TypeError(f"Expected VAEs, whose ELBO has two parts, got {other[0]}.")
    for what in ("image_shape", "latent_dim"):
        if len(found := sorted({getattr(model, what) for model in models})) > 1:
            raise ValueError(f"Expected models of one {what}, got {' and '.join(map(str, found))}: one story for each.")
    if models[0].latent_dim != 2:
        raise ValueError(f"A plane shows two latent dimensions, these models have {models[0].latent_dim}.")

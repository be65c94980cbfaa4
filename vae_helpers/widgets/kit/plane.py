"""The code plane of a model with two latent dimensions, which several views have.

matplotlib draws the axes once, without ticks. The browser draws on them what depends on which part of the plane is seen: ticks and the
layers (prior, posteriors, codes; ground.js), and in units of z what moves (plane.js). A picture has all of it from matplotlib.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.patches import Circle, Ellipse
from torch import Tensor, nn

from ...look import MARKERS, label_looks, scatter
from .base import Limits, blank, doubles, drawing, png_of
from .decoder import latent_dim
from .given import Codes, as_bytes

MOST_ELLIPSES = 200  # more is a smear
LAYERS = {"prior": "prior p(z), 1σ, 2σ, 3σ", "posteriors": "posteriors q(z|x), 1σ", "codes": "codes"}  # as the switches say it
GLYPHS = dict(zip(MARKERS, "●■▲◆▼✚★✖◀▶", strict=True))  # matplotlib's markers as characters
SIZE = (5.55, 5.2)  # of the plane, in inches of 72 pixels


class Content(NamedTuple):
    """What a plane shows: codes, with labels and σ where there are any, and whether there is a prior N(0, I)."""

    seen: Codes
    has_prior: bool
    axis_labels: tuple[str, str] = ("$z_1$", "$z_2$")


class Plane:
    """A view has it in its traits ``plane``, ``shown`` and ``window``. extent = (x0, x1, y0, y1): by default a square around the codes,
    else ±3.5.

    names: what each layer's switch says, those in ``drawn`` included, which the view draws itself. ``shown``: the layers to begin with,
    the codes, or the prior where there are none. Raises ValueError for another extent.
    """

    def __init__(self, content: Content, extent: Sequence[float] | None = None, drawn: Sequence[str] = ()):
        extent = square_around(content.seen.codes) if extent is None else doubles(extent, "extent").tolist()
        self.content, self.extent = content, tuple(extent)
        fits = np.shape(self.extent) == (4,) and np.isfinite(self.extent).all()
        if not fits or not (self.extent[0] < self.extent[1] and self.extent[2] < self.extent[3]):
            raise ValueError(f"Expected extent=(x0, x1, y0, y1) with x0 < x1 and y0 < y1, got {self.extent}.")
        if isinstance(content.axis_labels, str) or len(content.axis_labels) != 2:
            raise ValueError(f"Expected axis_labels as two words, one an axis, got {content.axis_labels!r}.")
        self.limits = Limits([self.extent[:2], self.extent[2:]], "a wider extent")
        self.underlay, self.box = render(content, self.extent)
        has = {"prior": content.has_prior, "posteriors": content.seen.scales is not None, "codes": content.seen.codes is not None}
        self.names = {name: text for name, text in LAYERS.items() if has[name] or name in drawn}
        self.shown = ["codes"] if "codes" in self.names else list(self.names)

    @property
    def start(self) -> tuple[float, float]:
        """The origin if it is on the plane, else the middle."""
        return tuple(0.0 if low <= 0 <= high else (low + high) / 2 for low, high in self.limits.pairs)

    @property
    def state(self) -> dict:
        """What the browser gets."""
        codes, labels, scales = self.content.seen
        looks = {name: [colour, GLYPHS.get(glyph, glyph[1:-1])] for name, (colour, glyph) in label_looks(labels or [""]).items()}
        drawn = {"codes": as_bytes(codes), "scales": as_bytes(scales), "labels": labels, "looks": looks, "most_ellipses": MOST_ELLIPSES}
        axes = {name: getattr(self, name) for name in ("underlay", "box", "extent", "names")}
        return axes | drawn | {"aspect": SIZE[1] / SIZE[0]}

    def draw(self, ax: Axes, shown: Sequence[str], content: Content | None = None, window: Sequence[float] = ()) -> Axes:
        """The plane with these layers, without what moves; ``content``: with other codes than its own; ``window``: only this part."""
        for name, artists in draw(ax, content or self.content, window or self.extent).items():
            for artist in artists:
                artist.set_visible(name in shown)
        return ax


class PlaneTrait(traitlets.Instance):
    """The plane of a view, or None."""

    metadata = {"sync": True, "to_json": lambda plane, view: plane and plane.state}

    def __init__(self):
        super().__init__(Plane, allow_none=True)


class ShownTrait(traitlets.List):
    """The layers of its view's plane that are switched on, by name. Raises ValueError for one that the plane does not have."""

    metadata = {"sync": True}

    def validate(self, obj, value):
        names = obj.plane.names if obj.plane else {}
        if unknown := set(value) - set(names):
            raise ValueError(f"Expected layers among {', '.join(names) or 'none'}, got {', '.join(sorted(unknown))}.")
        return super().validate(obj, value)


class WindowTrait(traitlets.Tuple):
    """The part of its view's plane that is seen, (x0, x1, y0, y1), or () for all of it. Raises ValueError for another."""

    metadata = {"sync": True}

    def validate(self, obj, value):
        window = doubles(value, self.name).tolist() if len(value) else []
        inside = (
            obj.plane
            and len(window) == 4
            and all(
                low - 1e-9 <= a < b <= high + 1e-9
                for (low, high), a, b in zip(obj.plane.limits.pairs, window[::2], window[1::2], strict=True)
            )
        )
        if window and not inside:
            extent = obj.plane.extent if obj.plane else "none: this view has no plane"
            raise ValueError(f"Expected {self.name}=(x0, x1, y0, y1), a part of the plane {extent}, or () for all of it, got {value}.")
        return super().validate(obj, tuple(window))


def two_dimensions(model: nn.Module) -> int:
    """2, or ValueError for a model of another number of latent dimensions."""
    if (dims := latent_dim(model)) != 2:
        raise ValueError(f"A plane shows two latent dimensions, this model has {dims}: use LatentSliders.")
    return dims


def render(content: Content, extent: tuple[float, ...]) -> tuple[bytes, tuple[float, ...]]:
    """The axes as a PNG, with a legend where labels are words, and where they lie: left, top, width, height as shares.

    Of ticks and layers only the room that they take.
    """
    with drawing, torch.no_grad():
        ax = (figure := blank(SIZE)).subplots()
        for artist in (artist for artists in draw(ax, content, extent).values() for artist in artists):
            artist.set_visible(isinstance(artist, Legend))
        ax.tick_params(color="none", labelcolor="none")
        figure.canvas.draw()
        figure.set_layout_engine("none")  # solved once: what is saved lies where it is read off here
        place = ax.get_position()
        return png_of(figure), tuple(map(float, (place.x0, 1 - place.y1, place.width, place.height)))


def draw(ax: Axes, content: Content, extent: tuple[float, ...]) -> dict[str, list[Artist]]:
    """Draw a plane; returns the artists of each layer."""
    layers, (codes, labels, scales) = {}, content.seen
    if content.has_prior:
        circles = (Circle((0, 0), radius, fill=False, edgecolor="#555", linestyle="--", linewidth=1.5) for radius in (1, 2, 3))
        layers["prior"] = list(map(ax.add_patch, circles))
    if scales is not None:
        layers["posteriors"] = ellipses(ax, codes, labels, scales)
    if codes is not None:
        layers["codes"] = scatter(ax, codes, labels)
    x0, x1, y0, y1 = extent
    ax.set(xlim=(x0, x1), ylim=(y0, y1), box_aspect=1)
    ax.set_xlabel(content.axis_labels[0], fontsize=14)
    ax.set_ylabel(content.axis_labels[1], fontsize=14)
    ax.tick_params(labelsize=12)
    return layers


def ellipses(ax: Axes, codes: Tensor, labels: list[str], scales: Tensor) -> list[Artist]:
    """One ellipse of one σ for each q(z|x), in true scale, thinned evenly to MOST_ELLIPSES; colours as the codes have."""
    looks = label_looks(labels or [""])
    every = int(np.ceil(len(codes) / MOST_ELLIPSES))
    artists = []
    for n in range(0, len(codes), every):
        colour, _ = looks[labels[n] if labels else ""]
        width, height = (2 * scales[n]).tolist()
        artists.append(ax.add_patch(Ellipse(codes[n].tolist(), width, height, fill=False, edgecolor=colour, linewidth=1.2)))
    return artists


def ring(ax: Axes, x: float, y: float) -> Axes:
    """The ring that the hand moves, black on white so that it is seen on every colour."""
    ax.plot(x, y, "o", markersize=17, markerfacecolor="none", markeredgecolor="white", markeredgewidth=7, clip_on=False)
    ax.plot(x, y, "o", markersize=17, markerfacecolor="none", markeredgecolor="black", markeredgewidth=3, clip_on=False)
    return ax


def square_around(codes: Tensor | None, margin: float = 0.06) -> tuple[float, float, float, float]:
    """Limits of a square that holds the codes; ±3.5 without codes."""
    if codes is None:
        return -3.5, 3.5, -3.5, 3.5
    low, high = codes.amin(0), codes.amax(0)
    (x, y), half = ((low + high) / 2).tolist(), (high - low).max().item() * (0.5 + margin) or 1.0
    return x - half, x + half, y - half, y + half

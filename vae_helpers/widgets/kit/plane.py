"""The code plane of a model with two latent dimensions: what LatentPad and the other views with a plane draw on.

matplotlib draws the axes once, and each layer (codes, posteriors, prior) as a transparent picture of the same size; the browser
stacks them and switches layers on and off. What moves is drawn by the browser in units of z (static/plane.js).
"""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse
from torch import Tensor, nn

from ...look import label_looks, scatter
from .base import DPI, drawing
from .decoder import DecoderView, check_codes, latent_dim

MOST_ELLIPSES = 200  # more is a smear
LAYERS = {"codes": "codes", "posteriors": "posteriors q(z|x), 1σ", "prior": "prior p(z), 1σ, 2σ, 3σ"}  # as the switches say it
SIZE = (5.55, 5.2)  # of the plane, in inches of 72 pixels


class PlaneView(DecoderView):
    """A view with a code plane; ``shown`` names the layers that are switched on, of those in ``layers``, and may be set."""

    underlay = traitlets.Bytes().tag(sync=True)
    box = traitlets.Tuple().tag(sync=True)
    extent = traitlets.Tuple().tag(sync=True)
    layers = traitlets.Dict().tag(sync=True)
    layer_names = traitlets.Dict(LAYERS).tag(sync=True)
    shown = traitlets.List().tag(sync=True)

    def __init__(self, model: nn.Module, codes, labels, scales, extent, z, axis_labels: tuple[str, str], **traits):
        if (dims := latent_dim(model)) != 2:
            raise ValueError(f"A plane shows two latent dimensions, this model has {dims}: use LatentSliders.")
        everything, (codes, labels) = codes, check_codes(codes, labels, 2)
        self._content = Content(codes, labels, check_scales(scales, everything, codes), hasattr(model, "prior"), axis_labels)
        extent = tuple(float(v) for v in extent or square_around(codes))
        if len(extent) != 4 or not (extent[0] < extent[1] and extent[2] < extent[3]):
            raise ValueError(f"Expected extent=(x0, x1, y0, y1) with x0 < x1 and y0 < y1, got {extent}.")
        super().__init__(model, start(extent) if z is None else z, codes, labels, extent=extent, **traits)
        self.underlay, self.layers, self.box = render(self._content, extent)
        self.shown = [name for name in ("codes",) if name in self.layers]

    def draw_plane(self, ax: Axes) -> Axes:
        """The plane as it is shown now, without what moves."""
        for name, artists in draw(ax, self._content, self.extent).items():
            for artist in artists:
                artist.set_visible(name in self.shown)
        return ax

    @traitlets.validate("z")
    def _z_lies_on_the_plane(self, proposal):
        x, y = super()._z_has_one_number_a_dimension(proposal)
        x0, x1, y0, y1 = self.extent
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            raise ValueError(f"Expected z on the pad, {x0:g} to {x1:g} and {y0:g} to {y1:g}, got ({x:g}, {y:g}): give a wider extent.")
        return x, y

    @traitlets.validate("shown")
    def _shown_are_layers(self, proposal):
        if unknown := set(proposal.value) - set(self.layers):
            raise ValueError(f"Expected layers among {', '.join(self.layers) or 'none'}, got {', '.join(sorted(unknown))}.")
        return proposal.value


class Content(NamedTuple):
    """What a plane shows: codes (N, 2) or None, their labels as text, σ of each q(z|x) (N, 2) or None, whether there is a prior N(0, I)."""

    codes: Tensor | None
    labels: list[str]
    scales: Tensor | None
    has_prior: bool
    axis_labels: tuple[str, str] = ("$z_1$", "$z_2$")


class Plane(NamedTuple):
    """The axes as a PNG, each layer as a transparent PNG of the same size, and where the axes lie: left, top, width, height as shares."""

    underlay: bytes
    layers: dict[str, bytes]
    box: tuple[float, ...]


def render(content: Content, extent: tuple[float, ...]) -> Plane:
    """Pictures of a plane with limits extent = (x0, x1, y0, y1). The layout is solved once, so that the layers fit over each other."""
    with drawing, torch.no_grad():
        figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        groups = draw(ax, content, extent)
        figure.canvas.draw()
        figure.set_layout_engine("none")
        place = ax.get_position()

        def png(visible: Sequence[Artist], **options) -> bytes:
            for artist in (artist for artists in groups.values() for artist in artists):
                artist.set_visible(artist in visible)
            out = io.BytesIO()
            figure.savefig(out, dpi=DPI, metadata={"Software": None}, **options)
            return out.getvalue()

        underlay = png([])
        ax.set_axis_off()
        layers = {name: png(artists, transparent=True) for name, artists in groups.items()}
    return Plane(underlay, layers, tuple(map(float, (place.x0, 1 - place.y1, place.width, place.height))))


def draw(ax: Axes, content: Content, extent: tuple[float, ...]) -> dict[str, list[Artist]]:
    """Draw a plane; returns the artists of each layer."""
    layers = {}
    if content.has_prior:
        layers["prior"] = [
            ax.add_patch(Circle((0, 0), radius, fill=False, edgecolor="#555", linestyle="--", linewidth=1.5)) for radius in (1, 2, 3)
        ]
    if content.scales is not None:
        layers["posteriors"] = ellipses(ax, content.codes, content.labels, content.scales)
    if content.codes is not None:
        layers["codes"] = scatter(ax, content.codes, content.labels)
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


def check_scales(scales: Tensor | None, everything: Tensor | None, codes: Tensor | None) -> Tensor | None:
    """σ of each q(z|x), thinned as the codes were. Raises ValueError unless there is one positive pair a code."""
    if scales is None:
        return None
    scales = torch.as_tensor(scales).detach().cpu().float()
    if everything is None or scales.shape != torch.as_tensor(everything).shape or not (scales > 0).all() or not scales.isfinite().all():
        wanted = "codes beside the scales" if everything is None else f"positive scales of shape {tuple(everything.shape)}, one pair a code"
        raise ValueError(f"Expected {wanted}, got {tuple(scales.shape)}: pass vae.encode(x).stddev.")
    return scales[:: int(np.ceil(len(scales) / len(codes)))]


def square_around(codes: Tensor | None, margin: float = 0.06) -> tuple[float, float, float, float]:
    """Limits of a square that holds the codes; ±3.5 without codes."""
    if codes is None:
        return -3.5, 3.5, -3.5, 3.5
    low, high = codes.amin(0), codes.amax(0)
    (x, y), half = ((low + high) / 2).tolist(), (high - low).max().item() * (0.5 + margin) or 1.0
    return x - half, x + half, y - half, y + half


def start(extent: tuple[float, float, float, float]) -> tuple[float, float]:
    """The origin if it is on the plane, else the middle."""
    return tuple(0.0 if low <= 0 <= high else (low + high) / 2 for low, high in (extent[:2], extent[2:]))

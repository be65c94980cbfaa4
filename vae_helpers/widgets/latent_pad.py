"""`LatentPad`: drag over the 2-D code plane and see the decoded image follow at the speed of the hand."""

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .base import draw_png, javascript, stylesheet
from .decoder_view import DecoderView, check_codes, show_image

# Seaborn's "colorblind" hues, the two pale ones darkened; where labels are single characters the character itself is the marker.
COLOURS = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#8a5a2b", "#d94fa5", "#6b6b6b", "#9a8f00", "#2a8fbd")
MARKERS = "osD^vP*X<>"


class LatentPad(DecoderView):
    """A pad over the plane of codes of a model with latent_dim 2: ``VAE``, ``Autoencoder`` or a decoder as ``nn.Sequential``.

    codes (N, 2) and labels (N,) are drawn underneath. extent = (x0, x1, y0, y1) are the pad's limits: by default a square around
    the codes, or ±3.5 where there are none. z: where the ring starts, by default the origin. ``z`` may be read and set at any time;
    ``image`` (H, W) is the decoded image there. Raises ValueError for codes of another shape, a z outside the pad, weights that are NaN.
    """

    _esm = javascript("engine.js", "common.js", "decoder.js", "latent_pad.js")
    _css = stylesheet("common.css")

    underlay = traitlets.Bytes().tag(sync=True)
    box = traitlets.Tuple().tag(sync=True)
    extent = traitlets.Tuple().tag(sync=True)

    def __init__(
        self,
        model: nn.Module,
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        extent: tuple[float, float, float, float] | None = None,
        z: Sequence[float] | Tensor | None = None,
        axis_labels: tuple[str, str] = ("$z_1$", "$z_2$"),
        caption: str = "A pad over the code plane and the image that the decoder makes of the chosen point.",
    ):
        latent_dim = getattr(model, "latent_dim", 2)
        if latent_dim != 2:
            raise ValueError(f"A pad shows two latent dimensions, this model has {latent_dim}: use LatentSliders.")
        codes, labels = check_codes(codes, labels, 2)
        extent = tuple(float(v) for v in extent or _square_around(codes))
        if len(extent) != 4 or not (extent[0] < extent[1] and extent[2] < extent[3]):
            raise ValueError(f"Expected extent=(x0, x1, y0, y1) with x0 < x1 and y0 < y1, got {extent}.")
        self._axis_labels = axis_labels
        z = _start(extent) if z is None else z
        super().__init__(model, z, codes, labels, extent=extent, caption=caption)
        self.underlay, self.box = self._draw_underlay()

    def picture(self) -> bytes:
        """Pad, ring and decoded image at the present z, as a PNG."""

        def draw(figure: Figure) -> None:
            plane, side = figure.subplots(1, 2, width_ratios=[400, 220])
            self._draw_plane(plane)
            plane.plot(*self.z, "o", markersize=17, markerfacecolor="none", markeredgecolor="white", markeredgewidth=7, clip_on=False)
            plane.plot(*self.z, "o", markersize=17, markerfacecolor="none", markeredgecolor="black", markeredgewidth=3, clip_on=False)
            show_image(side, self.image)
            side.set_title(self.reading.replace("; ", "\n"), fontsize=12, loc="left")

        return draw_png(draw, (9.2, 5.2))

    def _draw_underlay(self) -> tuple[bytes, tuple[float, ...]]:
        axes = []
        png = draw_png(lambda figure: axes.append(self._draw_plane(figure.subplots())), (5.55, 5.2))
        place = axes[0].get_position()
        return png, tuple(map(float, (place.x0, 1 - place.y1, place.width, place.height)))

    def _draw_plane(self, ax: Axes) -> Axes:
        if self._codes is not None:
            scatter(ax, self._codes, self._labels)
        x0, x1, y0, y1 = self.extent
        ax.set(xlim=(x0, x1), ylim=(y0, y1), box_aspect=1)
        ax.set_xlabel(self._axis_labels[0], fontsize=14)
        ax.set_ylabel(self._axis_labels[1], fontsize=14)
        ax.tick_params(labelsize=12)
        return ax

    @traitlets.validate("z")
    def _z_lies_on_the_pad(self, proposal):
        x, y = super()._z_has_one_number_a_dimension(proposal)
        x0, x1, y0, y1 = self.extent
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            raise ValueError(f"Expected z on the pad, {x0:g} to {x1:g} and {y0:g} to {y1:g}, got ({x:g}, {y:g}): give a wider extent.")
        return x, y


def scatter(ax: Axes, codes: Tensor, labels: list[str]) -> Axes:
    """Codes (N, 2) coloured and marked by label; single-character labels are drawn as themselves, others get a legend."""
    names = sorted(set(labels)) or [""]
    themselves = labels and all(len(name) == 1 for name in names)
    for k, name in enumerate(names):
        chosen = codes[torch.tensor([label == name for label in labels])] if labels else codes
        marker, size = (f"${name}$", 36) if themselves else (MARKERS[k % len(MARKERS)], 18)
        ax.scatter(*chosen.T.numpy(), s=size, marker=marker, color=COLOURS[k % len(COLOURS)], linewidths=0, alpha=0.8, label=name)
    if labels and not themselves:
        ax.legend(fontsize=12, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0, handletextpad=0.2, frameon=False)
    return ax


def _square_around(codes: Tensor | None, margin: float = 0.06) -> tuple[float, float, float, float]:
    if codes is None:
        return -3.5, 3.5, -3.5, 3.5
    low, high = codes.amin(0), codes.amax(0)
    (x, y), half = ((low + high) / 2).tolist(), (high - low).max().item() * (0.5 + margin) or 1.0
    return x - half, x + half, y - half, y + half


def _start(extent: tuple[float, float, float, float]) -> tuple[float, float]:
    """The origin if it is on the pad, else the middle."""
    return tuple(0.0 if low <= 0 <= high else (low + high) / 2 for low, high in (extent[:2], extent[2:]))

"""`LatentPad`: drag over the 2-D code plane and see the decoded image follow at the speed of the hand."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .base import draw_png, javascript, stylesheet
from .decoder_view import show_image
from .plane import PlaneView


class LatentPad(PlaneView):
    """A pad over the plane of codes of a model with latent_dim 2: ``VAE``, ``Autoencoder`` or a decoder as ``nn.Sequential``.

    codes (N, 2) and labels (N,) are drawn underneath, and the ellipses of q(z|x) with scales (N, 2), its σ, as a layer to switch on;
    a VAE's prior is another. extent = (x0, x1, y0, y1) are the pad's limits: by default a square around the codes, or ±3.5 where there
    are none. z: where the ring starts, by default the origin. ``z`` may be read and set at any time; ``image`` (H, W) is the decoded
    image there. Raises ValueError for codes of another shape, a z outside the pad, weights that are NaN.
    """

    _esm = javascript("engine.js", "common.js", "decoder.js", "plane.js", "latent_pad.js")
    _css = stylesheet("common.css")

    def __init__(
        self,
        model: nn.Module,
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        scales: Tensor | None = None,
        extent: tuple[float, float, float, float] | None = None,
        z: Sequence[float] | Tensor | None = None,
        axis_labels: tuple[str, str] = ("$z_1$", "$z_2$"),
        caption: str = "A pad over the code plane and the image that the decoder makes of the chosen point.",
    ):
        super().__init__(model, codes, labels, scales, extent, z, axis_labels, caption=caption)

    def picture(self) -> bytes:
        """Pad, ring and decoded image at the present z, as a PNG."""

        def draw(figure: Figure) -> None:
            plane, side = figure.subplots(1, 2, width_ratios=[400, 220])
            ring(self.draw_plane(plane), *self.z)
            show_image(side, self.image)
            side.set_title(self.reading.replace("; ", "\n"), fontsize=12, loc="left")

        return draw_png(draw, (9.2, 5.2))


def ring(ax: Axes, x: float, y: float) -> Axes:
    """The ring that the hand moves, black on white so that it is seen on every colour."""
    ax.plot(x, y, "o", markersize=17, markerfacecolor="none", markeredgecolor="white", markeredgewidth=7, clip_on=False)
    ax.plot(x, y, "o", markersize=17, markerfacecolor="none", markeredgecolor="black", markeredgewidth=3, clip_on=False)
    return ax

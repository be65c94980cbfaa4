"""`LatentPad`: drag over the 2-D code plane and see the decoded image follow at the speed of the hand."""

import math
from collections.abc import Sequence

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .. import inputs
from ..look import label_names, show_image
from .kit.base import Limits, bundle, doubles, draw_png
from .kit.decoder import WORDS, DecoderView, latent_dim
from .kit.given import MOST_CODES, grey_levels, read_codes
from .kit.plane import Content, Plane, PlaneTrait, ShownTrait, WindowTrait, ring, two_dimensions

MOST_POINTS = 2000  # of a path: more are no longer seen, and all of them are sent each time


class Path(traitlets.Tuple):
    """Points ((x, y), …) inside the view's limits, given as a tensor or array (n, 2) or as a list of pairs."""

    def validate(self, obj, value):
        try:
            points = np.zeros(1) if value is None else doubles(value, self.name)
        except TypeError:
            points = np.zeros(1)  # a word, or rows of different lengths: no points
        if points.size and (points.ndim != 2 or points.shape[1] != 2):
            raise ValueError(f"Expected {self.name} as points (x, y): a tensor of shape (n, 2) or a list of pairs, got {_what(value)}.")
        if not np.isfinite(points).all():
            raise ValueError(f"Expected finite numbers in {self.name}, got NaN or infinity among {len(points)} points.")
        if len(points) > MOST_POINTS:
            raise ValueError(
                f"Expected a {self.name} of at most {MOST_POINTS} points, got {len(points)}: take every second one, {self.name}[::2]."
            )
        return super().validate(obj, tuple(obj.plane.limits.check(tuple(point), "a path with z") for point in points.tolist()))


class LatentPad(DecoderView):
    """A pad over the plane of codes of a model with latent_dim 2: ``VAE``, ``Autoencoder`` or a decoder as ``nn.Sequential``.

    codes (N, 2) and labels (N,) are drawn underneath, and the ellipses of q(z|x) with scales (N, 2), its σ, as a layer to switch on;
    a VAE's prior is another, and is seen at first where there are no codes. images (N, H, W), those whose codes these are: the nearest
    one is shown beside the decoded one, and where few codes are seen each is drawn as its image. extent = (x0, x1, y0, y1) are the pad's
    limits: by default a square around the codes, or ±3.5 where there are none; ``window`` is the part of it that is seen.
    z: where the ring starts, by default the origin. ``z`` may be read and set at any time; ``image`` (H, W) is the decoded image there.
    ``path``, points ((x, y), …), is drawn by the reader, who can play it, or set here as a tensor (n, 2) or a list of pairs.
    switch: names of the labels 0, 1, … that the model takes as its third number, one radio button each; z is then (z1, z2, label), which
    Python may set between two labels. A pad with a switch has no codes underneath.
    Raises ValueError for codes of another shape, a z or a path outside the pad, weights that are NaN.
    """

    _esm, _css = bundle("latent_pad.js"), bundle("latent_pad.css")

    plane, shown, window = PlaneTrait(), ShownTrait(), WindowTrait()
    path = Path().tag(sync=True)
    images = traitlets.Bytes().tag(sync=True)  # a byte a pixel
    switch = traitlets.List().tag(sync=True)
    words = traitlets.Dict({**WORDS, "real": "nearest real image"}).tag(sync=True)

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
        path: Sequence | Tensor = (),
        images: Tensor | None = None,
        switch: Sequence = (),
    ):
        names = label_names(switch)
        if names and (latent_dim(model) != 3 or codes is not None or len(names) < 2):
            wanted = "two names or more beside a model of three numbers, (z1, z2, label), and no codes"
            raise ValueError(f"Expected {wanted}, got switch={names}.")
        seen = read_codes(codes, labels, scales, 2 if names else two_dimensions(model))
        plane = Plane(Content(seen, hasattr(model, "prior"), axis_labels), extent)
        limits, start, more = plane.limits, plane.start, {}
        if names:
            limits, start = Limits([*limits.pairs, (0.0, len(names) - 1.0)], limits.widen), (*start, 0.0)
            more = {"switch": names, "words": {**self.words, "place": "(z1, z2, label) = ({z})"}}
        traits = {"plane": plane, "shown": plane.shown, "z": start if z is None else z, "path": path, "caption": caption, **more}
        super().__init__(model, seen, limits, **traits)
        if images is not None:
            images, count = inputs.pictures(images, self.image_shape), 0 if codes is None else len(inputs.codes(codes, 2).reshape(-1, 2))
            if len(images) != count:
                raise ValueError(f"Expected one image for each code, got {count} codes and {len(images)} images.")
            self._images = images[:: math.ceil(count / MOST_CODES)]
            self.images = grey_levels(self._images)

    def picture(self) -> bytes:
        """Pad, path, ring and decoded image at the present z, as a PNG."""

        def draw(figure: Figure) -> None:
            plane, side, *real = figure.subplots(1, len(widths := [400, 220, 220] if self.images else [400, 220]), width_ratios=widths)
            trace(self.plane.draw(plane, self.shown, window=self.window), self.path)
            ring(plane, *self.z[:2])
            show_image(side, self.image)
            side.set_title(self.reading.replace("; ", "\n"), fontsize=12, loc="left")
            for ax in real:  # its title at the right, clear of a long reading
                show_image(ax, self._images[self.nearest[0]]).set_title(self.say("real"), fontsize=12, loc="right")

        return draw_png(draw, (9.2, 5.2))


def trace(ax: Axes, path: Sequence[tuple[float, float]]) -> Axes:
    """A path: black on white as the ring is, with a dot where it begins."""
    for colour, more in (("white", 4), ("black", 0)) if path else ():
        ax.plot(*zip(*path, strict=True), color=colour, linewidth=2 + more, solid_joinstyle="round", solid_capstyle="round")
        ax.plot(*path[0], "o", color=colour, markersize=7 + more)
    return ax


def _what(value) -> str:
    return f"shape {tuple(value.shape)}" if hasattr(value, "shape") else repr(value)[:60]

"""`LatentSliders`: one slider a latent dimension, for codes of more than two numbers."""

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor, nn

from .base import draw_png, javascript, stylesheet
from .decoder_view import DecoderView, check_codes, show_image

RANDOM = {"prior": "random from the prior", "gaussian": "random from the Gaussian of the codes", "box": "random from the box"}


class LatentSliders(DecoderView):
    """One slider a dimension of z, decoded in the browser; buttons "all zeros" and "random ...".

    ranges: (low, high), or one such pair a dimension; by default the codes' own ranges widened to hold zero, or ±3 without codes.
    random: what the second button draws from: "prior" N(0, I), "gaussian" fitted to the codes, or "box", uniform over the sliders.
    A random draw outside a slider's range is set at its end. ``z`` may be read and set; ``image`` (H, W) is decoded from it.
    """

    _esm = javascript("engine.js", "common.js", "decoder.js", "latent_sliders.js")
    _css = stylesheet("common.css")

    ranges = traitlets.List().tag(sync=True)
    random = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: nn.Module,
        z0: Sequence[float] | Tensor | None = None,
        ranges: Sequence | None = None,
        random: str = "prior",
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        caption: str = "One slider a latent dimension and the image that the decoder makes of them.",
    ):
        if random not in RANDOM:
            raise ValueError(f"Expected random to be one of {', '.join(RANDOM)}, got {random!r}.")
        if random == "gaussian" and codes is None:
            raise ValueError('Expected codes to fit the Gaussian to: random="gaussian" needs codes=.')
        dims = model.latent_dim if hasattr(model, "latent_dim") else next(p.shape[1] for p in model.parameters())
        check_codes(codes, labels, dims)
        ranges = _ranges(ranges, codes, dims)
        z0 = [0.0] * dims if z0 is None else z0
        super().__init__(model, z0, codes, labels, ranges=ranges, random=_random(random, codes, dims), caption=caption)

    def picture(self) -> bytes:
        """Image and sliders at the present z, as a PNG."""

        def draw(figure: Figure) -> None:
            side, sliders = figure.subplots(1, 2, width_ratios=[220, 400])
            show_image(side, self.image)
            for row, (value, (low, high)) in enumerate(zip(self.z, self.ranges, strict=True)):
                sliders.plot([low, high], [row, row], color="#999", linewidth=3, solid_capstyle="round")
                sliders.plot(value, row, "o", color="#0173b2", markersize=11)
            sliders.set_yticks(range(self.latent_dim), [f"$z_{{{row + 1}}}$" for row in range(self.latent_dim)])
            sliders.set_ylim(self.latent_dim - 0.5, -0.5)
            sliders.tick_params(labelsize=12, left=False)
            sliders.spines[["left", "right", "top"]].set_visible(False)

        return draw_png(draw, (8.9, max(3.1, 0.8 + 0.33 * self.latent_dim)))

    @traitlets.validate("z")
    def _z_lies_on_the_sliders(self, proposal):
        z = super()._z_has_one_number_a_dimension(proposal)
        for row, (value, (low, high)) in enumerate(zip(z, self.ranges, strict=True)):
            if not low <= value <= high:
                raise ValueError(f"Expected z{row + 1} from {low:g} to {high:g}, got {value:g}: give wider ranges.")
        return z


def _ranges(ranges: Sequence | None, codes: Tensor | None, dims: int) -> list[list[float]]:
    if ranges is None and codes is None:
        ranges = [(-3.0, 3.0)] * dims
    elif ranges is None:
        low, high = codes.detach().amin(0).clamp(max=0), codes.detach().amax(0).clamp(min=0)
        ranges = torch.stack([low, high], 1).tolist()
    elif len(ranges) == 2 and all(isinstance(v, (int, float)) for v in ranges):
        ranges = [ranges] * dims
    ranges = [[float(low), float(high)] for low, high in ranges]
    if len(ranges) != dims or any(not low < high for low, high in ranges):
        raise ValueError(f"Expected {dims} ranges (low, high) with low < high, got {ranges}.")
    return ranges


def _random(kind: str, codes: Tensor | None, dims: int) -> dict:
    mean, scale = torch.zeros(dims), torch.eye(dims)
    if kind == "gaussian":
        mean = codes.detach().mean(0)
        covariance = torch.cov(codes.detach().double().T).reshape(dims, dims)
        scale = torch.linalg.cholesky(
            covariance + 1e-9 * covariance.trace() * torch.eye(dims)
        )  # the second part: a dimension may be constant
    return {"kind": kind, "label": RANDOM[kind], "mean": mean.tolist(), "scale": scale.tolist()}

"""What LatentPad and LatentSliders share: a decoder packed for the browser, a point z, and the image there."""

import math
from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor, nn

from .base import Point, View
from .export import mean_network, pack

MOST_CODES = 2000  # a scatter of more is a smear, and the browser searches them at every move


class DecoderView(View):
    """A decoder that runs in the browser. ``z`` (L floats) follows the hand and may be set; ``image`` (H, W) is decoded from it here.

    The network is copied when the view is made: training the model further does not change the view.
    """

    z = Point().tag(sync=True)
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    image_shape = traitlets.Tuple().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)
    labels = traitlets.List().tag(sync=True)

    def __init__(self, model: nn.Module, z: Sequence[float] | Tensor, codes: Tensor | None, labels: Tensor | Sequence | None, **traits):
        self._mean = mean_network(model)
        packed = pack(self._mean)
        self.latent_dim = packed["layers"][0]["in"]
        self._codes, self._labels = check_codes(codes, labels, self.latent_dim)
        super().__init__(
            z=z,
            network={name: packed[name] for name in ("layers", "dtype", "floats")},
            weights=packed["weights"],
            image_shape=getattr(model, "image_shape", None) or _square(self._mean, self.latent_dim),
            codes=b"" if self._codes is None else self._codes.numpy().astype("<f4").tobytes(),
            labels=self._labels,
            **traits,
        )

    @property
    def image(self) -> Tensor:
        """The pixel means (H, W) at ``z``."""
        with torch.no_grad():
            return self._mean(torch.tensor([self.z])).reshape(self.image_shape)

    @property
    def reading(self) -> str:
        """Where z is, in the words that the browser shows."""
        place = f"z = ({', '.join(number(v) for v in self.z)})"
        if not self._labels:
            return place
        distance, which = (self._codes - torch.tensor(self.z)).norm(dim=1).min(0)
        return f"{place}; nearest code: {self._labels[which]} ({number(distance.item())} away)"

    @traitlets.validate("z")
    def _z_has_one_number_a_dimension(self, proposal):
        if len(proposal.value) != self.latent_dim:
            raise ValueError(f"Expected z with {self.latent_dim} numbers, one a latent dimension, got {len(proposal.value)}.")
        return proposal.value


def check_codes(codes: Tensor | None, labels: Tensor | Sequence | None, latent_dim: int) -> tuple[Tensor | None, list[str]]:
    """Codes (N, L) as float32 on the CPU with their labels as text, thinned evenly to at most MOST_CODES."""
    if codes is None:
        if labels is not None and len(labels):
            raise ValueError("Expected codes beside the labels: labels say what the codes are, got labels alone.")
        return None, []
    codes = torch.as_tensor(codes).detach().cpu().float()
    if codes.ndim != 2 or codes.shape[1] != latent_dim or len(codes) == 0:
        raise ValueError(f"Expected codes of shape (N, {latent_dim}), got {tuple(codes.shape)}: pass the means, as in vae.encode(x).mean.")
    if not codes.isfinite().all():
        raise ValueError("Expected finite codes, got NaN or infinity among them: look at the encoder's weights.")
    names = [] if labels is None else [str(v) for v in (labels.tolist() if hasattr(labels, "tolist") else labels)]
    if names and len(names) != len(codes):
        raise ValueError(f"Expected one label a code, got {len(codes)} codes and {len(names)} labels.")
    every = math.ceil(len(codes) / MOST_CODES)
    return codes[::every], names[::every]


def show_image(ax: Axes, image: Tensor) -> Axes:
    """One image (H, W) as the browser paints it: dark ink on white paper, no axes but a frame."""
    ax.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#bbb")
    return ax


def number(value: float, digits: int = 2) -> str:
    """1.50, −1.50 with a true minus sign, and never −0.00: as the browser writes it."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def _square(network: nn.Sequential, latent_dim: int) -> tuple[int, int]:
    pixels = network(torch.zeros(1, latent_dim)).numel()
    side = math.isqrt(pixels)
    if side * side != pixels:
        raise ValueError(f"Expected a decoder of square images, got {pixels} numbers: use a model that has an image_shape.")
    return side, side

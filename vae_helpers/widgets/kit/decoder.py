"""What LatentPad and LatentSliders share: a decoder packed for the browser, a point z, and the image there."""

import copy
import math
from collections.abc import Sequence

import torch
import traitlets
from torch import Tensor, nn

from ...look import number
from .base import Point, View
from .pack import mean_network, pack

MOST_CODES = 2000  # a scatter of more is a smear, and the browser searches them at every move


class DecoderView(View):
    """A decoder that runs in the browser. ``z`` (L floats) follows the hand and may be set; ``image`` (H, W) is decoded from it here.

    The network is copied when the view is made: training the model further does not change the view. Where the browser's engine lacks
    one of its layers, ``network["missing"]`` names that, and the browser asks the kernel for each image (static/decoder.js).
    """

    z = Point().tag(sync=True)
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    image_shape = traitlets.Tuple().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)
    labels = traitlets.List().tag(sync=True)

    def __init__(self, model: nn.Module, z: Sequence[float] | Tensor, codes: Tensor | None, labels: Tensor | Sequence | None, **traits):
        self.latent_dim = latent_dim(model)
        self._mean, shape = _network(model, self.latent_dim)
        packed = _pack(self._mean, self.latent_dim)
        self._codes, self._labels = check_codes(codes, labels, self.latent_dim)
        super().__init__(
            z=z,
            weights=packed.pop("weights"),
            network=packed,
            image_shape=shape,
            codes=b"" if self._codes is None else self._codes.numpy().astype("<f4").tobytes(),
            labels=self._labels,
            **traits,
        )
        self.on_msg(self._answer)

    @property
    def image(self) -> Tensor:
        """The pixel means (H, W) at ``z``."""
        return self._decode(self.z)

    @property
    def reading(self) -> str:
        """Where z is, in the words that the browser shows."""
        place = f"z = ({', '.join(number(v) for v in self.z)})"
        if not self._labels:
            return place
        distance, which = (self._codes - torch.tensor(self.z)).norm(dim=1).min(0)
        return f"{place}; nearest code: {self._labels[which]} ({number(distance.item())} away)"

    @torch.no_grad()
    def _decode(self, z: Sequence[float]) -> Tensor:
        return self._mean(torch.tensor([z], dtype=torch.float32)).reshape(self.image_shape)

    def _answer(self, _, message: dict, buffers: list) -> None:
        """The browser asks for the image at its z, where it cannot decode. May run on a second thread: no figure, no shared state."""
        if message.get("ask") != "image":
            return
        answer = {"answer": "image", "view": message["view"], "number": message["number"]}
        try:
            self.send(answer, [self._decode(message["z"]).numpy().astype("<f4").tobytes()])
        except Exception as error:  # the view says it: an answer that never comes would leave the last image standing
            self.send({**answer, "error": f"{type(error).__name__}: {error}"})

    @traitlets.validate("z")
    def _z_has_one_number_a_dimension(self, proposal):
        if len(proposal.value) != self.latent_dim:
            raise ValueError(f"Expected z with {self.latent_dim} numbers, one a latent dimension, got {len(proposal.value)}.")
        return proposal.value


class MeanImage(nn.Module):
    """A model that is no stack of layers, as one layer: (batch, L) → (batch, D), under the model's name."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        return self.model.mean_image(z).flatten(1)

    def _get_name(self) -> str:
        return type(self.model).__name__


def latent_dim(model: nn.Module) -> int:
    """Numbers in a z: the model's own ``latent_dim``, or for a plain decoder the inputs of its first layer with weights."""
    if hasattr(model, "latent_dim"):
        return model.latent_dim
    return next((p.shape[-1] for p in model.parameters()), 0)


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


def _network(model: nn.Module, dims: int) -> tuple[nn.Sequential, tuple[int, int]]:
    """The layers from z to the pixel means, and the image's height and width. Raises ValueError if the two do not fit together."""
    shape, model = getattr(model, "image_shape", None), copy.deepcopy(model).cpu().eval()
    try:
        network = mean_network(model)
    except TypeError:
        if not hasattr(model, "mean_image"):
            raise
        network = nn.Sequential(MeanImage(model))
    except RuntimeError as error:  # the model's own mean_image fails
        if shape is None:
            raise
        raise ValueError(f"Expected a decoder of {shape[0]} × {shape[1]} images, as the model's image_shape says: {error}.") from error
    with torch.no_grad():
        pixels = network(torch.zeros(1, dims)).numel()
    side = math.isqrt(pixels)
    if shape is None and side * side != pixels:
        raise ValueError(f"Expected a decoder of square images, got {pixels} numbers: use a model that has an image_shape.")
    height, width = shape or (side, side)
    if height * width != pixels:
        raise ValueError(f"Expected {height * width} numbers from the decoder for images of {height} × {width}, got {pixels}.")
    return network, (height, width)


def _pack(network: nn.Sequential, dims: int) -> dict:
    """The network for the browser, or in its place the name of the first layer that the browser's engine lacks."""
    try:
        packed = dict(pack(network, (dims,)))
    except TypeError:
        layers = list(network)
        missing = next(layer for k, layer in enumerate(layers) if not _packs(nn.Sequential(*layers[: k + 1]), dims))
        name = missing._get_name()
        packed = {"layers": [{"type": name}], "dtype": "int16", "floats": 0, "missing": name, "weights": b""}
    with torch.no_grad():
        # The weights are finite here; a running mean, or a sum of large numbers, may not be.
        if not network(torch.zeros(1, dims)).isfinite().all():
            raise ValueError("The decoder's image at z = 0 holds NaN or infinity, so there is nothing to show: train the model again.")
    return packed


def _packs(network: nn.Sequential, dims: int) -> bool:
    try:
        pack(network, (dims,))
    except TypeError:
        return False
    return True

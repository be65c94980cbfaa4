"""A decoder packed for the browser, a point z, and the image there."""

import copy
import math
from collections.abc import Sequence

import torch
import traitlets
from torch import Tensor, nn

from ...inputs import in_short
from ...look import number
from .base import Limits, Point, View
from .given import Codes, as_bytes
from .pack import CannotRun, mean_network, pack

WORDS = {"place": "z = ({z})", "nearest": "nearest code: {label} ({distance} away)", "decoded": "decoded from z"}


class DecoderView(View):
    """A decoder that runs in the browser. ``z`` (L floats) follows the hand and may be set; ``image`` (H, W) is decoded from it here.

    The network is copied when the view is made: training the model further does not change the view. Where the browser's engine lacks
    one of its layers, ``network["missing"]`` names that, and the browser asks the kernel for each image (decoder.js).
    """

    z = Point().tag(sync=True)
    words = traitlets.Dict(WORDS).tag(sync=True)
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    image_shape = traitlets.Tuple().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)
    labels = traitlets.List().tag(sync=True)

    def __init__(self, model: nn.Module, codes: Codes, limits: Limits | None = None, **traits):
        self.latent_dim, self.limits, self._seen = latent_dim(model), limits, codes
        self._mean, shape = _network(model, self.latent_dim)
        packed = _pack(self._mean, self.latent_dim)
        traits |= {"weights": packed.pop("weights"), "network": packed, "image_shape": shape}
        super().__init__(codes=as_bytes(codes.codes), labels=codes.labels, **traits)
        self.on_msg(self._answer)

    @property
    def image(self) -> Tensor:
        """The pixel means (H, W) at ``z``."""
        return self._decode(self.z)

    @property
    def reading(self) -> str:
        """Where z is, in the words that the browser shows."""
        place = self.say("place", z=row(self.z))
        if not self.labels:
            return place
        which, distance = self.nearest
        return f"{place}; {self.say('nearest', label=self.labels[which], distance=number(distance))}"

    @property
    def nearest(self) -> tuple[int, float]:
        """Which of the codes is nearest to z, and how far it is away. Raises ValueError where there are none."""
        if self._seen.codes is None:
            raise ValueError("There is no nearest code, as no codes were given: pass codes.")
        distance, which = (self._seen.codes - torch.tensor(self.z, dtype=torch.float32)).norm(dim=1).min(0)
        return which.item(), distance.item()

    @torch.no_grad()
    def _decode(self, z: Sequence[float]) -> Tensor:
        return self._mean(torch.tensor([z], dtype=torch.float32)).reshape(self.image_shape)

    def _answer(self, _, message: dict, buffers: list) -> None:
        """The browser asks for the image at its z, where it cannot decode. May run on a second thread: no figure, no shared state."""
        if message.get("ask") != "image":
            return
        answer = {"answer": "image", "view": message["view"], "number": message["number"]}
        try:
            self.send(answer, [as_bytes(self._decode(message["z"]))])
        except Exception as error:  # the view says it: an answer that never comes would leave the last image standing
            self.send({**answer, "error": f"{type(error).__name__}: {error}"})


class MeanImage(nn.Module):
    """A model that is no stack of layers, as one layer: (batch, L) → (batch, D), under the model's name."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        return self.model.mean_image(z).flatten(1)

    def _get_name(self) -> str:
        return type(self.model).__name__


def row(z: Sequence[float]) -> str:
    """1.50, −0.25: as the browser writes it."""
    return ", ".join(map(number, z))


def latent_dim(model: nn.Module) -> int:
    """Numbers in a z: the model's own ``latent_dim``, or for a plain decoder the inputs of its first layer with weights."""
    inner = next((name for name in ("module", "vae") if isinstance(getattr(model, name, None), nn.Module)), "")
    if inner:  # of DataParallel, of a shipped family's Member
        raise TypeError(f"Expected a model, got {type(model).__name__}: hand over the one inside it, .{inner}.")
    if not isinstance(model, nn.Module) or not (isinstance(model, nn.Sequential) or hasattr(model, "mean_image")):
        raise TypeError(f"Expected a VAE, an Autoencoder or a decoder as nn.Sequential, got {in_short(model)}.")
    if hasattr(model, "n_labels"):
        raise TypeError(
            "A ConditionalVAE decodes z and a label, and this view moves z alone: hand over an nn.Sequential that holds the label."
        )
    if hasattr(model, "latent_dim"):
        return model.latent_dim
    return next((p.shape[-1] for p in model.parameters()), 0)


def _network(model: nn.Module, dims: int) -> tuple[nn.Sequential, tuple[int, int]]:
    """The layers from z to the pixel means, and the image's height and width. Raises ValueError if the two do not fit together."""
    shape, model = getattr(model, "image_shape", None), copy.deepcopy(model).cpu().float().eval()
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
        pixels = network(torch.zeros(1, dims, dtype=torch.float32)).numel()
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
    except CannotRun as error:
        packed = {"layers": [{"type": error.layer}], "dtype": "int16", "floats": 0, "missing": error.layer, "weights": b""}
    with torch.no_grad():
        # The weights are finite here; a running mean, or a sum of large numbers, may not be.
        if not network(torch.zeros(1, dims, dtype=torch.float32)).isfinite().all():
            raise ValueError("The decoder's image at z = 0 holds NaN or infinity, so there is nothing to show: train the model again.")
    return packed

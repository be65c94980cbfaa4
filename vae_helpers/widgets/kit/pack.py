"""Pack a network for the browser: a list of layers as JSON and one buffer of numbers, read by engine.js.

``pack(decoder)`` ships weights as 16-bit whole numbers times a scale a row: half the size of float32, pixel means within 2e-3 of
PyTorch's (float16, of the same size, is not that close on a trained decoder). ``pack(decoder, dtype="float32")`` agrees to 1e-5.
"""

import copy
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from ... import likelihoods


class FirstHalf(nn.Module):
    """Keep the first half of the numbers: the means, where a Gaussian's decoder also puts out log σ². (…, 2D) → (…, D)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.chunk(2, -1)[0]


class LevelMean(nn.Module):
    """Logits of the levels 0, 1/(levels−1), …, 1 → their mean. (…, D·levels) → (…, D)."""

    def __init__(self, levels: int):
        super().__init__()
        self.levels = levels

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.levels)).softmax(-1) @ torch.linspace(0, 1, self.levels, dtype=x.dtype, device=x.device)


POINTWISE = (nn.ReLU, nn.Tanh, nn.Sigmoid)
RESHAPING = (nn.Flatten, nn.Unflatten, nn.Identity)  # rows lie in memory as they are: nothing to compute
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
INT16_MAX = 32767


class CannotRun(TypeError):
    """The browser's engine lacks this ``layer``."""

    def __init__(self, layer: nn.Module, why: str):
        super().__init__(why)
        self.layer = layer._get_name()


class Packed(TypedDict):
    """What the browser gets. ``weights``, little-endian: first ``floats`` float32 numbers, each layer's row scales and then its bias;
    after them all weights, row by row, as ``dtype``: a weight is its number times the scale of its row (of the first axis)."""

    layers: list[dict]
    dtype: str
    floats: int
    weights: bytes


@torch.no_grad()
def pack(network: nn.Sequential, input_shape: tuple[int, ...] | None = None, dtype: str = "int16") -> Packed:
    """Layers and weights of ``network``; ``input_shape`` of one example is needed only where the first layer is not a Linear.

    Raises CannotRun, a TypeError, for a layer that the browser's engine lacks, ValueError for weights that are not finite.
    """
    if dtype not in ("int16", "float32"):
        raise ValueError(f'Expected dtype "int16" or "float32", got {dtype!r}.')
    if input_shape is None:
        first = next((layer for layer in network if not isinstance(layer, RESHAPING)), None)
        if not isinstance(first, nn.Linear):
            raise ValueError(
                "The network does not start with a Linear layer: give the shape of one input, such as input_shape=(1, 28, 28)."
            )
        input_shape = (first.in_features,)
    if not all(p.isfinite().all() for p in network.parameters()):
        raise ValueError(
            "The network's weights hold NaN or infinity, so there is nothing to show: train it again, with a smaller learning rate."
        )
    x = torch.zeros(1, *input_shape).to(next(network.parameters(), torch.empty(0, dtype=torch.float32)))
    layers, floats, numbers = [], [], []
    for layer in network:
        y = layer(x)
        if not isinstance(layer, RESHAPING):
            layers.append(_describe(layer, x, y))
        if hasattr(layer, "weight"):
            weight = layer.weight.detach().cpu().float().flatten(1)
            scale = weight.abs().amax(1).clamp(min=1e-30) / INT16_MAX if dtype == "int16" else torch.ones(len(weight))
            bias = torch.zeros(y.shape[1]) if layer.bias is None else layer.bias.detach().cpu().float()
            floats += [scale, bias]
            numbers.append((weight / scale[:, None]).round() if dtype == "int16" else weight)
        x = y
    floats, numbers = _flat(floats, "float32"), _flat(numbers, dtype)
    return {"layers": layers, "dtype": dtype, "floats": len(floats), "weights": floats.tobytes() + numbers.tobytes()}


def mean_network(model: nn.Module) -> nn.Sequential:
    """A copy, on the CPU, of the layers that lead from z to the pixel means (batch, D): the decoder and the likelihood's mean.

    For an ``nn.Sequential`` that is all of it. Raises TypeError if the result is not the model's own ``mean_image``.
    """
    if isinstance(model, nn.Sequential):
        return copy.deepcopy(model).cpu().float().eval()
    network = nn.Sequential(*model.decoder, *_mean_layers(getattr(model, "likelihood", None)))
    network = copy.deepcopy(network).cpu().float().eval()
    z = torch.linspace(-2, 2, 3 * model.latent_dim, dtype=torch.float32).reshape(3, -1)
    with torch.no_grad():
        expected = model.mean_image(z.to(next(model.parameters()))).cpu().float().flatten(1)
        if not torch.allclose(network(z), expected, atol=1e-4, equal_nan=True):
            raise TypeError(f"The layers of {type(model).__name__} do not add up to its mean_image: a model of this kind cannot be packed.")
    return network


def _mean_layers(likelihood: nn.Module | None) -> list[nn.Module]:
    if isinstance(likelihood, likelihoods.Gaussian):
        return [FirstHalf()] if likelihood.sigma == "pixel" else []
    if isinstance(likelihood, likelihoods.Categorical):
        return [LevelMean(likelihood.levels)]
    return [nn.Sigmoid()]  # Bernoulli, and the autoencoder, which has no likelihood


def _describe(layer: nn.Module, x: Tensor, y: Tensor) -> dict:
    name = type(layer).__name__
    if isinstance(layer, (*POINTWISE, FirstHalf)):
        return {"type": name}
    if isinstance(layer, LevelMean):
        return {"type": name, "levels": layer.levels}
    if isinstance(layer, nn.Linear):
        return {"type": name, "in": layer.in_features, "out": layer.out_features}
    if isinstance(layer, CONVOLUTIONS):
        if layer.groups != 1 or set(layer.dilation) != {1} or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            why = f"The browser runs convolutions with one group, no dilation and zero padding given in pixels; got {layer}."
            raise CannotRun(layer, why)
        shape = {"kernel": list(layer.kernel_size), "stride": list(layer.stride), "padding": list(layer.padding)}
        return {"type": name, "in": list(x.shape[1:]), "out": list(y.shape[1:]), **shape}
    known = ", ".join(kind.__name__ for kind in (nn.Linear, *CONVOLUTIONS, *POINTWISE, nn.Flatten, nn.Unflatten))
    raise CannotRun(layer, f"The browser cannot run a layer of type {name}. It knows {known}.")


def _flat(tensors: list[Tensor], dtype: str) -> np.ndarray:
    flat = torch.cat([t.flatten() for t in tensors]) if tensors else torch.zeros(0)
    return flat.numpy().astype(np.dtype(dtype).newbyteorder("<"))

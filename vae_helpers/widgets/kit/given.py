"""What a view is given, codes, labels, and images to start from, in whatever form (inputs.py): here it is checked, and becomes float32 on
the CPU.

Examples are encoded once, when the view is made: so any encoder will do, the codes are PyTorch's own, and a page without a kernel has them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import traitlets
from torch import Tensor, nn

from ... import inputs
from ...look import label_names

MOST_CODES = 2000  # a scatter of more is a smear, and the browser searches them at every move
MOST_EXAMPLES = 20  # more do not fit in a row


class Codes(NamedTuple):
    """Codes (N, L) with a label each, or none, and σ of each q(z|x) (N, L) or None. ``codes`` is None where there are none."""

    codes: Tensor | None = None
    labels: list[str] = []
    scales: Tensor | None = None


class Examples(NamedTuple):
    """Images (n, H, W) in [0, 1], their codes (n, L), and a name for each: "image 3 (label 7)"."""

    images: Tensor
    codes: Tensor
    names: list[str]


class ExamplesTrait(traitlets.Instance):
    """A view's examples; the browser gets (examples.js) grey levels as bytes, codes as float32, names."""

    metadata = {
        "sync": True,
        "to_json": lambda them, view: {"images": grey_levels(them.images), "codes": as_bytes(them.codes), "names": them.names},
    }

    def __init__(self):
        super().__init__(Examples)


def read_codes(codes, labels, scales, latent_dim: int) -> Codes:
    """Codes (N, L) or one of them (L,), their labels and scales, thinned evenly to MOST_CODES. Raises ValueError if they do not fit."""
    if codes is None:
        for name, given in (("labels", labels), ("scales", scales)):
            if given is not None and len(given):
                raise ValueError(f"Expected codes beside the {name}, which say what the codes are, got {name} alone.")
        return Codes()
    codes = floats(inputs.codes(codes, latent_dim)).reshape(-1, latent_dim)
    inputs.check_finite(codes, "codes")
    if scales is not None:
        scales = floats(inputs.codes(scales, latent_dim)).reshape(-1, latent_dim)
        if scales.shape != codes.shape or not (scales > 0).all() or not scales.isfinite().all():
            wanted = f"positive scales of shape {tuple(codes.shape)}, one row a code"
            raise ValueError(f"Expected {wanted}, got {tuple(scales.shape)}: pass vae.encode(x).stddev.")
    every, names = math.ceil(len(codes) / MOST_CODES), read_labels(labels, len(codes), "code")
    return Codes(codes[::every], names[::every], None if scales is None else scales[::every])


@torch.no_grad()
def read_examples(model: nn.Module, examples, labels, latent_dim: int, at_least: int = 1) -> Examples:
    """Examples from images (n, H, W), (n, 1, H, W) or (n, D), which ``model`` encodes (a VAE: z = μ), or codes (n, L), which it decodes.

    Raises ValueError for another shape or number of them, NaN, pixels outside [0, 1], labels of another number.
    """
    given, weight = inputs.tensor_of(examples, "examples"), next(model.parameters())
    if not at_least <= len(given) <= MOST_EXAMPLES:
        raise ValueError(f"Expected {at_least} to {MOST_EXAMPLES} examples, got {len(given)}: pass a few, such as images[:10].")
    if given.shape[1:] == (latent_dim,):
        codes = inputs.codes(given, latent_dim, like=weight)
        inputs.check_finite(codes, "examples")
        images = model.mean_image(codes) if hasattr(model, "mean_image") else model(codes)
        images = images.reshape(len(codes), (getattr(model, "image_shape", None) or _side(images))[0], -1)
    elif not hasattr(model, "encode"):
        raise ValueError(f"Expected codes (n, {latent_dim}) as examples, got {tuple(given.shape)}: this network has no encoder for images.")
    else:
        images = inputs.image_rows(given, model.image_shape, like=weight).reshape(-1, *model.image_shape)
        inputs.check_unit_range(images)
        codes = model.encode(images)
        codes = codes if isinstance(codes, Tensor) else codes.mean
    if not codes.isfinite().all():
        raise ValueError("The encoder puts out NaN or infinity for these examples: train the model again, with a smaller learning rate.")
    names = [f" (label {label})" for label in read_labels(labels, len(codes), "example")] or [""] * len(codes)
    return Examples(floats(images), floats(codes), [f"image {k + 1}{name}" for k, name in enumerate(names)])


def read_labels(labels: Tensor | Sequence | None, count: int, what: str) -> list[str]:
    """Labels as text, one for each code, example or image, or none at all. Raises ValueError for another number of them."""
    names = label_names(labels)
    if names and len(names) != count:
        raise ValueError(f"Expected one label for each {what}, got {count} {what}s and {len(names)} labels.")
    return names


def floats(numbers: Tensor) -> Tensor:
    """float32 on the CPU, without gradient."""
    return numbers.detach().cpu().float()


def as_bytes(numbers: Tensor | None) -> bytes:
    """Numbers as little-endian float32, as the browser reads them; nothing for None."""
    return b"" if numbers is None else numbers.numpy().astype("<f4").tobytes()


def grey_levels(images: Tensor) -> bytes:
    """Pixels in [0, 1] as a byte each."""
    return (255 * images.nan_to_num().clamp(0, 1)).round().to(torch.uint8).cpu().numpy().tobytes()


def _side(flat: Tensor) -> tuple[int]:
    return (round(flat.shape[1] ** 0.5),)  # DecoderView refuses what is not square

"""The front door: what people hand over, as what the package computes with, or one sentence that says what to hand over instead.

Harmless differences are taken away without a word: NumPy arrays, lists, other floating-point types, other devices, a channel axis of
length one, NumPy's whole numbers. Whatever could mean two things (grey levels 0 … 255, a `Dataset` where a split is meant) is refused.
A function of the paper calls `vae.flatten(x)` and `vae.outputs(z)`, which call this; a view or picture calls `pictures` and `codes`:

    images = inputs.pictures(images, model.image_shape)   # float32 (N, H, W) on the CPU, whatever form they came in
    codes = inputs.codes(codes, model.latent_dim)         # float32 (N, L) on the CPU
    n = inputs.whole_number("n_rows", n)
"""

import math
import operator
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

ArrayLike = Tensor | np.ndarray | Sequence  # what `tensor_of` takes
MOST_SEED = 2**32 - 1  # NumPy takes no larger one, and torch's generators on the CPU drop the higher bits without a word


def whole_number(name: str, value: object, least: int = 1, most: float = math.inf) -> int:
    """`value` as an int, also where it is NumPy's or a tensor's. Raises ValueError for anything but a whole number in least … most."""
    number = None
    with suppress(TypeError):
        number = None if _is_bool(value) else operator.index(value)
    if number is None or not least <= number <= most:
        to = "on" if most == math.inf else f"to {most}"
        raise ValueError(f"{name} must be a whole number from {least} {to}, got {in_short(value)}")
    return number


def positive_number(name: str, value: object, zero: bool = False, least: float = 0.0) -> float:
    """`value` as a float, also where it is NumPy's or a tensor's. Raises ValueError unless it is finite and above 0, or 0 where `zero`
    allows it, or from `least` on where that is given."""
    number = math.nan
    with suppress(TypeError, ValueError, RuntimeError):
        number = math.nan if isinstance(value, str) or _is_bool(value) else float(value)
    if not (least <= number < math.inf and (number > 0 or zero)):
        wanted = f"number of at least {least:g}" if least else "number from 0 on" if zero else "positive number"
        raise ValueError(f"{name} must be a {wanted}, got {in_short(value)}")
    return number


def true_or_false(name: str, value: object) -> bool:
    """`value` as a bool. Raises ValueError for what is none, such as "no", which Python takes for true."""
    if not (isinstance(value, int) or _is_bool(value)) or value not in (0, 1):
        raise ValueError(f"{name} must be True or False, got {in_short(value)}")
    return bool(value)


def check_known(name: str, value: object, known: Iterable[str | None]) -> None:
    """Raise ValueError, which lists them, unless `value` is one of the known names."""
    if not isinstance(value, str | None) or value not in list(known):
        raise ValueError(f"unknown {name} {in_short(value)}: expected one of {', '.join(map(str, known))}")


def in_short(value: object) -> str:
    """What came, in a line: a tensor or array of many numbers by its shape."""
    if getattr(value, "ndim", 0):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}…"


def tensor_of(value: ArrayLike, what: str) -> Tensor:
    """Tensors as they are; arrays, lists (also of tensors) and whatever NumPy can read as numbers, as a tensor of their own kind of number;
    as "images" also a `Split`. Raises TypeError with `what`, such as "images", for anything else.
    """
    if isinstance(value, Tensor) and not value.is_complex():
        return value if value.layout == torch.strided else value.to_dense()
    if what == "images" and hasattr(value, "images") and hasattr(value, "labels"):
        return value.images
    array, rows = None, value
    if isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        rows = [v.detach().cpu().numpy() if isinstance(v, Tensor) else v for v in value]
    if isinstance(value, list | tuple | range | int | float) or hasattr(value, "__array__"):
        with suppress(ValueError, TypeError):  # rows of different lengths
            array = np.asarray(rows)
    if array is None or array.dtype.kind not in "biuf":
        came = value.dtype if isinstance(value, Tensor) else type(value).__name__
        came = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else came
        raise TypeError(f"expected {what} as one tensor or array of numbers, got {came}{_what_to_pass(value, what)}")
    kind = np.dtype(float) if array.dtype.itemsize > 8 else array.dtype.newbyteorder("=")  # torch knows no long double
    return torch.from_numpy(array.astype(kind, order="C"))  # a copy: what is handed over stays as it is


def image_rows(images: ArrayLike, image_shape: tuple[int, int], like: Tensor | None = None) -> Tensor:
    """Images (batch, H, W), (batch, D), or with a channel axis of length one, in any form that `tensor_of` takes → (batch, D).

    The dtype and the device are those of the tensor `like`, or float32 on the CPU. Pixels are not looked at beyond their type.
    Raises TypeError for whole numbers and for what holds no images, ValueError for another shape or none at all.
    """
    x = tensor_of(images, "images")
    height, width = image_shape
    shape, pixels = tuple(x.shape), height * width
    if x.numel() == 0:
        raise ValueError("expected at least one image, got none")
    if shape[1:] not in ((height, width), (pixels,), (1, height, width), (height, width, 1), (1, pixels)):
        advice = "use the data it was built for, or build a model for these"
        if shape in ((height, width), (1, height, width), (pixels,)):
            advice = "one image needs a batch axis, x[None]"
        if x.ndim == 4 and min(shape[1], shape[3]) in (3, 4):
            advice = f"colours are not supported, images.mean({1 if shape[1] in (3, 4) else -1}) makes them grey"
        raise ValueError(f"expected images of shape (batch, {height}, {width}) or (batch, {pixels}), got {shape}: {advice}")
    if not x.is_floating_point():
        raise TypeError(f"expected floating-point pixels, got {x.dtype}: {_how_to_scale(x)}")
    return _like(x.reshape(len(x), pixels), like)


def codes(z: ArrayLike, latent_dim: int, like: Tensor | None = None) -> Tensor:
    """Codes (…, L), in any form that `tensor_of` takes → the same in the dtype and on the device of `like`, or float32 on the CPU.

    Raises ValueError for another length, or no code at all. Whether they are finite is not looked at: `check_finite`.
    """
    z = tensor_of(z, "codes")
    if z.ndim == 0 or z.shape[-1] != latent_dim:
        advice = ": codes of one number need an axis for it, z[..., None]" if latent_dim == 1 else ""
        raise ValueError(f"expected codes of shape (…, {latent_dim}), got {tuple(z.shape)}{advice}")
    if z.numel() == 0:
        raise ValueError(f"expected at least one code, got none: shape {tuple(z.shape)}")
    return _like(z, like)


def pictures(images: ArrayLike, image_shape: tuple[int, int] | None = None) -> Tensor:
    """Images to be shown → float32 (N, H, W) on the CPU: from whatever `image_rows` takes, or one image, (H, W) or (D,).

    image_shape (H, W): if not given, flat images count as square. Pixels are not looked at. Raises what `image_rows` raises.
    """
    x = tensor_of(images, "images").detach()
    if x.numel() == 0:
        raise ValueError("expected at least one image, got none")
    if image_shape is None:
        x = x[..., 0] if x.ndim == 4 and x.shape[-1] == 1 else x
        side = math.isqrt(x.shape[-1]) if x.ndim else 0
        flat = x.ndim == 1 or (x.ndim == 2 and len(x) != x.shape[1])  # a square of numbers is one image
        image_shape = (side, side) if x.ndim < 2 or (flat and side**2 == x.shape[1]) else tuple(x.shape[-2:])
    one = tuple(x.shape) in (tuple(image_shape), (image_shape[0] * image_shape[1],))
    return image_rows(x[None].float() if one else x.float(), image_shape).reshape(-1, *image_shape)


def float64(value: ArrayLike | float, what: str = "numbers") -> Tensor:
    """Numbers in any form that `tensor_of` takes as float64, on the CPU where their device has none (Apple's MPS).

    Raises TypeError for what holds no numbers, True and False included.
    """
    x = tensor_of(value, what)
    if x.dtype == torch.bool:
        raise TypeError(f"expected {what} as numbers, got {in_short(value)}")
    return (x.cpu() if x.device.type == "mps" else x).to(torch.float64)


def is_binary(x: Tensor) -> bool:
    """True if every pixel is 0 or 1."""
    return bool(((x == 0) | (x == 1)).all())


def check_finite(x: Tensor, what: str = "pixels") -> None:
    """Raise ValueError if x holds NaN or infinity."""
    if not x.is_floating_point() or x.numel() == 0:
        return
    low, high = (v.item() for v in x.aminmax())  # NaN goes through to both
    if not (math.isfinite(low) and math.isfinite(high)):
        came = f"{int(x.isnan().sum())} NaN" if x.isnan().any() else "infinity"
        raise ValueError(f"expected finite {what}, got {came}: find where they came from first")


def check_broadcast(**shapes: Sequence[int]) -> None:
    """Raise ValueError, which names them, unless these shapes broadcast against each other."""
    try:
        torch.broadcast_shapes(*shapes.values())
    except RuntimeError:
        came = " and ".join(str(tuple(shape)) for shape in shapes.values())
        raise ValueError(f"{' and '.join(shapes)}: expected shapes that broadcast, got {came}") from None


def check_unit_range(x: Tensor) -> None:
    """Raise TypeError or ValueError unless x holds floating-point pixels in [0, 1], with the divisor that brings them there."""
    if not x.is_floating_point():
        raise TypeError(f"expected floating-point pixels in [0, 1], got {x.dtype}: {_how_to_scale(x)}")
    if x.numel() == 0:
        return
    low, high = x.aminmax()
    if not (low >= 0 and high <= 1):
        check_finite(x)
        raise ValueError(f"expected pixels in [0, 1], got {low.item():.8g} to {high.item():.8g}: {_how_to_scale(x)}")


def check_no_grey_levels(x: Tensor) -> None:
    """Raise ValueError if x holds grey levels 0, 1, 2 …, which were to be divided by the largest; other numbers beyond [0, 1] may pass."""
    check_finite(x)
    if not x.is_floating_point():
        raise TypeError(f"expected floating-point pixels, got {x.dtype}: {_how_to_scale(x)}")
    if x.amax() > 1 and x.amin() >= 0 and (x == x.round()).all():
        raise ValueError(f"expected pixels in [0, 1], got {x.amin().item():g} to {x.amax().item():g}: {_how_to_scale(x)}")


def _how_to_scale(x: Tensor) -> str:
    low, high = (v.item() for v in x.float().aminmax()) if x.numel() else (0, 0)
    if low >= 0 and high <= 1:
        return "these are zeros and ones, so .float() is enough"
    if -1e-3 <= low and high <= 1 + 1e-3:
        return "that is rounding, so use .clamp(0, 1)"
    if low < 0:
        return 'rescale the images to [0, 1], from −1 … 1 by (images + 1) / 2, or take a VAE with likelihood="gaussian", for any numbers'
    for largest, whose in ((16, "scikit-learn's digits"), (255, "8-bit images"), (65535, "16-bit images")):
        if largest / 2 < high <= largest:
            return f"divide by {largest}, the largest grey level of {whose}"
    return "divide by the largest grey level that a pixel can have, such as 255 in 8-bit images"


def _what_to_pass(value, what: str) -> str:
    """What to hand over in the place of some kinds of data set."""
    if what not in ("images", "examples") and (hasattr(value, "images") or hasattr(value, "train")):
        return ""
    if hasattr(value, "images"):
        return ": hand over its images, .images"
    if isinstance(value, dict) or (isinstance(value, list | tuple) and value and hasattr(value[0], "shape")):  # a batch of a loader
        return f": hand over the {what} alone, such as {'batch[0]' if not isinstance(value, dict) else 'batch[name]'}"
    if isinstance(value, torch.distributions.Distribution):
        return ": hand over numbers, such as its .mean"
    if hasattr(value, "__next__"):
        return ": make a list of it first, list(…)"
    if hasattr(value, "train") and hasattr(value, "test"):
        return ": say which of its images, such as data.test.images"
    if hasattr(value, "batch_size") and hasattr(value, "dataset"):
        return f": take the {what} out of the loader, torch.cat({_all_of(value.dataset, 'loader')})"
    if hasattr(value, "__getitem__") and hasattr(value, "__len__") and not isinstance(value, Tensor | np.ndarray | list | tuple | str):
        return f": take the {what} out of it, torch.stack({_all_of(value, 'data')})"
    return ""


def _all_of(data, name: str) -> str:
    """How to take the images out of a data set of images, of tuples with labels, or of dictionaries."""
    with suppress(Exception):  # whatever a reader's own data set does
        if isinstance(data[0], Tensor | np.ndarray | dict):
            return f"[x[…] for x in {name}]" if isinstance(data[0], dict) else f"list({name})"
    return f"[x for x, *_ in {name}]"


def _is_bool(value) -> bool:
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def _like(x: Tensor, like: Tensor | None) -> Tensor:
    return x.to(dtype=torch.float32 if like is None else like.dtype, device="cpu" if like is None else like.device)

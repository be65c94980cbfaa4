"""Small pictures with known factors: each holds one shape of known kind, size, rotation and place.

A data set to ask whether a code has found what generated the data. The five factors are independent and uniform:

| factor   | values                              | meaning |
|---|---|---|
| shape    | 0, 1, 2                             | corner (three quarters of a square), half disc, heart |
| size     | [0.20, 0.36]                        | square root of the shape's area, in image sides: the ink is size², whatever the shape |
| rotation | [0, 2π)                             | radians, counter-clockwise as seen, around the centre of gravity |
| x, y     | [0.35, 0.65]                        | centre of gravity in image sides, from the left and from the top |

No shape here looks the same after a part of a full turn (a square or an ellipse does), so every image has one rotation.
It is an angle all the same: 0 and 2π are one picture, so no continuous code on a line can hold it without a jump.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..inputs import tensor_of, whole_number
from .images import Dataset, Split

FACTOR_NAMES = ("shape", "size", "rotation", "x", "y")
SHAPES = ("corner", "half disc", "heart")
SIZE_RANGE = (0.20, 0.36)
PLACE_RANGE = (0.35, 0.65)  # leaves every sprite whole: none reaches further than 0.87 sizes from its centre


def sprites(n_train: int = 5000, n_test: int = 1000, size: int = 16, seed: int = 0) -> Dataset:
    """Images of `size` × `size` pixels with their five factors. The label is the shape. A longer split starts with the same images.

    Raises ValueError for numbers of images or pixels below 1 or a seed below 0.
    """
    n_train, n_test, seed = whole_number("n_train", n_train), whole_number("n_test", n_test), whole_number("seed", seed, least=0)
    splits = []
    for stream, n in enumerate((n_train, n_test)):
        factors = sample_factors(n, np.random.default_rng([seed, stream]))
        splits.append(Split(draw(factors, size), factors[:, 0].long(), factors, FACTOR_NAMES))
    return Dataset("sprites", *splits, about=f"generated with known factors, seed {seed}")


def draw(factors: Tensor, size: int = 16) -> Tensor:
    """Render images from chosen factors: a pure function.

    factors: (N, 5) or (5,), columns as in FACTOR_NAMES. Values beyond the ranges of the data set are allowed; what leaves the frame is cut.
    size: height and width of the images in pixels.
    Returns float32 (N, size, size) or (size, size) in [0, 1]: a pixel's value is the share of it that the shape covers (anti-aliasing).
    """
    factors = tensor_of(factors, "factors").float()
    if factors.ndim not in (1, 2) or factors.shape[-1] != len(FACTOR_NAMES):
        raise ValueError(f"Factors need shape (N, 5) or (5,) with columns {', '.join(FACTOR_NAMES)}; got {tuple(factors.shape)}.")
    if not factors.isfinite().all() or not torch.isin(factors[..., 0], torch.arange(3)).all() or not (factors[..., 1] > 0).all():
        raise ValueError("Factors must be finite, with shape 0, 1 or 2 and size > 0; look for a value outside of these.")
    size = whole_number("size", size)
    rows = factors.reshape(-1, len(FACTOR_NAMES))
    images = torch.empty(len(rows), size, size, dtype=torch.float32)
    chunk = max(1, 2**20 // size**2)  # about a million pixels at a time, so that memory stays bounded
    for some, target in zip(rows.split(chunk), images.split(chunk), strict=True):
        target.copy_(_coverage(some, size))
    return images.reshape(*factors.shape[:-1], size, size)


def sample_factors(n: int, rng: np.random.Generator | int) -> Tensor:
    """n draws of the five factors, independent and uniform: float32 (n, 5). rng: NumPy's generator, or a seed for one."""
    n, rng = whole_number("n", n), np.random.default_rng(rng)
    low = np.array([0.0, SIZE_RANGE[0], 0.0, PLACE_RANGE[0], PLACE_RANGE[0]])
    high = np.array([len(SHAPES), SIZE_RANGE[1], 2 * math.pi, PLACE_RANGE[1], PLACE_RANGE[1]])
    factors = low + (high - low) * rng.random((n, len(FACTOR_NAMES)))
    factors[:, 0] = np.floor(factors[:, 0])
    return torch.from_numpy(factors.astype(np.float32))


def _coverage(factors: Tensor, size: int) -> Tensor:
    """(n, 5) → (n, size, size): half covered where the shape's edge passes a pixel's centre, and linear in the distance to the edge."""
    shape, scale, rotation, x, y = (column[:, None, None] for column in factors.unbind(-1))
    centres = (torch.arange(size, dtype=torch.float32) + 0.5) / size
    right, up = centres[None, None, :] - x, y - centres[None, :, None]  # y counts downwards, up does not
    cos, sin = rotation.cos() / scale, rotation.sin() / scale
    u, v = cos * right + sin * up, cos * up - sin * right  # the shape's own frame: unit area, centre of gravity at 0
    distance = torch.where(shape == 0, _corner(u, v), torch.where(shape == 1, _half_disc(u, v), _heart(u, v)))
    return (0.5 - distance * scale * size).clamp(0, 1)


# Signed distance to the edge, negative inside, for shapes of area 1 with their centre of gravity at (0, 0).
# max is the intersection of two shapes, min their union.


def _corner(u: Tensor, v: Tensor) -> Tensor:
    side = math.sqrt(4 / 3)  # of the square that lacks its upper right quarter
    u, v = u - side / 12, v - side / 12  # from the centre of gravity to the square's centre
    square = torch.maximum(u.abs(), v.abs()) - side / 2
    return torch.maximum(square, torch.minimum(u, v))


def _half_disc(u: Tensor, v: Tensor) -> Tensor:
    radius = math.sqrt(2 / math.pi)
    v = v + 4 * radius / (3 * math.pi)  # from the centre of gravity to the flat edge
    return torch.maximum(torch.hypot(u, v) - radius, -v)


def _heart(u: Tensor, v: Tensor) -> Tensor:
    """A square that stands on a corner, with a disc around the middle of each upper side."""
    side = 2 / math.sqrt(4 + math.pi)
    lift = side**3 * (math.pi / 8 + 1 / 6) / math.sqrt(2)  # the centre of gravity above the square's centre
    v = v + lift
    a, b = (u + v) / math.sqrt(2), (v - u) / math.sqrt(2)  # along the square's sides
    square = torch.maximum(a.abs(), b.abs()) - side / 2
    discs = torch.minimum(torch.hypot(a - side / 2, b), torch.hypot(a, b - side / 2)) - side / 2
    return torch.minimum(square, discs)

"""What every data set is: a training and a test split of images in [0, 1], each with its labels; and the one that needs no network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..inputs import MOST_SEED, ArrayLike, check_unit_range, is_binary, tensor_of, whole_number
from ..runtime import noise_like


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images with their labels, in memory. The fields cannot be reassigned.

    images:       float32 (N, H, W), in [0, 1]; given as any floats, tensor or array, (N, H, W) or (N, 1, H, W)
    labels:       int64 (N,); given as any whole numbers
    factors:      float32 (N, F), what generated each image, for data whose factors are known; else None
    factor_names: F names
    """

    images: Tensor
    labels: Tensor
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images, labels = tensor_of(self.images, "images"), tensor_of(self.labels, "labels")
        if images.ndim == 4 and 1 in (images.shape[1], images.shape[-1]):  # a channel axis of length one
            images = images[:, 0] if images.shape[1] == 1 else images[..., 0]
        check_unit_range(images)
        if images.ndim != 3 or len(images) == 0:
            raise ValueError(f"A split needs images (N, H, W) with N >= 1, got {tuple(images.shape)}.")
        if labels.is_floating_point() or labels.dtype == torch.bool or labels.shape != images.shape[:1]:
            came = f"{labels.dtype} {tuple(labels.shape)}"
            raise ValueError(f"A split of {len(images)} images needs labels as whole numbers ({len(images)},), got {came}.")
        factors = None if self.factors is None else tensor_of(self.factors, "factors").float()
        if (factors is None) != (len(self.factor_names) == 0) or (
            factors is not None and factors.shape != (len(images), len(self.factor_names))
        ):
            came = "none" if factors is None else tuple(factors.shape)
            raise ValueError(f"Factors need shape (images, names) = ({len(images)}, {len(self.factor_names)}), got {came}.")
        object.__setattr__(self, "factors", factors)
        object.__setattr__(self, "images", images.float())
        object.__setattr__(self, "labels", labels.long())

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:]
        known = f", factors {', '.join(self.factor_names)}" if self.factor_names else ""
        return f"Split({len(self)} images of {height}×{width}{known})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named data set; `about` says in a sentence where it comes from and what to mind. `validation` is None where the data has none."""

    name: str
    train: Split
    test: Split
    validation: Split | None = None
    about: str = ""

    def __post_init__(self) -> None:
        for split in (self.train, self.test, *([] if self.validation is None else [self.validation])):
            if not isinstance(split, Split):
                raise TypeError(f"A data set is made of splits, Split(images, labels), got {type(split).__name__}.")
        shapes = {tuple(split.images.shape[1:]) for split in self._splits().values()}
        if len(shapes) > 1:
            raise ValueError(f"All splits of a data set need images of one shape, got {sorted(shapes)}.")

    @property
    def image_shape(self) -> tuple[int, int]:
        """(H, W)"""
        height, width = self.train.images.shape[1:]
        return height, width

    def binarized(self, seed: int = 0) -> Dataset:
        """The same data with every pixel drawn once, as Bernoulli(pixel), and then kept: fixed binarization.

        The draw depends on `seed` alone. Data that is binary already comes back as it is. Raises ValueError for a negative seed.
        """
        seed = whole_number("seed", seed, least=0, most=MOST_SEED)
        splits = self._splits()
        if all(is_binary(split.images) for split in splits.values()):
            return self
        generator = torch.Generator().manual_seed(seed)
        drawn = {key: replace(split, images=_binarize_in_chunks(split.images, generator)) for key, split in splits.items()}
        return replace(self, name=f"{self.name}, binarized (seed {seed})", **drawn)

    def _splits(self) -> dict[str, Split]:
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {key: split for key, split in splits.items() if split is not None}

    def __repr__(self) -> str:
        height, width = self.image_shape
        sizes = ", ".join(f"{key} {len(split):,}" for key, split in self._splits().items())
        return f"Dataset({self.name!r}: {height}×{width} images, {sizes}" + (f"; {self.about})" if self.about else ")")


def binarize(images: ArrayLike, generator: torch.Generator | None = None) -> Tensor:
    """Draw every pixel as Bernoulli(pixel), afresh at each call: dynamic binarization (Burda et al. 2016, section 5.1).

    images: a tensor or array of floats in [0, 1], any shape. Returns a tensor of zeros and ones of the same shape and dtype.
    Raises TypeError for whole numbers and for what is no array, ValueError if a pixel is outside [0, 1] or NaN.
    """
    images = tensor_of(images, "images")
    check_unit_range(images)
    # u < p for u uniform on [0, 1) has probability p, also at p = 0 and 1; several times as fast as torch.bernoulli
    return (noise_like(images, generator, draw="uniform_") < images).to(images.dtype)


def digits() -> Dataset:
    """scikit-learn's digits (Alpaydin & Kaynak 1998), pixels / 16, in a fixed split with equal shares of each class."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    stored = load_digits()
    images = torch.from_numpy((stored.images / 16).astype(np.float32))
    labels = torch.from_numpy(stored.target.astype(np.int64))
    train, test = train_test_split(np.arange(len(labels)), test_size=359, stratify=labels, random_state=0)
    about = "real handwritten digits, Alpaydin & Kaynak 1998, from scikit-learn"
    return Dataset("digits", Split(images[train], labels[train]), Split(images[test], labels[test]), about=about)


def _binarize_in_chunks(images: Tensor, generator: torch.Generator) -> Tensor:
    """`binarize` with bounded memory beside the result: MNIST in float32 is 188 MB."""
    result = torch.empty_like(images)
    for source, target in zip(images.split(4096), result.split(4096), strict=True):
        target.copy_(binarize(source, generator))
    return result

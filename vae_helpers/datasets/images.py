"""What every data set is: a training and a test split of images in [0, 1], each with its labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images with their labels, in memory. The fields cannot be reassigned.

    images:       float32 (N, H, W), in [0, 1]
    labels:       int64 (N,)
    factors:      float32 (N, F), what generated each image, for data whose factors are known; else None
    factor_names: F names
    """

    images: Tensor
    labels: Tensor
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_images(self.images)
        if self.images.dtype != torch.float32 or self.images.ndim != 3 or len(self.images) == 0:
            raise ValueError(
                f"A split needs images as float32 (N, H, W) with N >= 1, got {self.images.dtype} {tuple(self.images.shape)}. "
                "Convert with images.float(), divide by the largest value, and drop a channel axis of length 1."
            )
        if not isinstance(self.labels, Tensor) or self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            came = f"{self.labels.dtype} {tuple(self.labels.shape)}" if isinstance(self.labels, Tensor) else type(self.labels).__name__
            raise ValueError(f"A split of {len(self.images)} images needs labels as int64 ({len(self.images)},), got {came}.")
        if self.factors is not None and self.factors.shape != (len(self.images), len(self.factor_names)):
            raise ValueError(
                f"Factors need shape (images, names) = ({len(self.images)}, {len(self.factor_names)}), got {tuple(self.factors.shape)}."
            )

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

        The draw depends on `seed` alone. Data that is binary already comes back as it is.
        """
        splits = self._splits()
        if all(((s.images == 0) | (s.images == 1)).all() for s in splits.values()):
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


def binarize(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw every pixel as Bernoulli(pixel), afresh at each call: dynamic binarization (Burda et al. 2016, section 5.1).

    images: float, any shape, in [0, 1]. Returns zeros and ones of the same shape and dtype.
    Raises TypeError if the images are no float tensor, ValueError if a pixel is outside [0, 1] or NaN.
    """
    _check_images(images)
    # u < p for u uniform on [0, 1) has probability p, also at p = 0 and 1; several times as fast as torch.bernoulli
    uniform = torch.rand(images.shape, generator=generator, dtype=images.dtype, device=images.device)
    return (uniform < images).to(images.dtype)


def _check_images(images: Tensor) -> None:
    """Raise unless `images` is a float tensor in [0, 1]."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        came = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(
            f"Images must be a tensor of floats in [0, 1], got {came}. Convert with images.float() / 255 (or its largest value)."
        )
    if images.numel() == 0:
        return
    low, high = torch.aminmax(images)  # NaN goes through to both
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"Pixels must lie in [0, 1], got values from {low:.4g} to {high:.4g}. "
            "Divide by the largest possible value (255, or 16 for digits)."
        )


def _binarize_in_chunks(images: Tensor, generator: torch.Generator) -> Tensor:
    """`binarize` with bounded memory beside the result: MNIST in float32 is 188 MB."""
    result = torch.empty_like(images)
    for source, target in zip(images.split(4096), result.split(4096), strict=True):
        target.copy_(binarize(source, generator))
    return result

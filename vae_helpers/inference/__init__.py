"""Inference one observation at a time: samplers, and the optimisers that an encoder replaces. A module a method."""

from collections.abc import Callable

import torch
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]  # z ↦ log p(x, z) with x held fixed: (batch,) or (batch, d) → (batch,), in nats


def values_of(log_density: LogDensity, z: Tensor) -> Tensor:
    """log_density(z), one value a row: z (batch,) or (batch, d) → (batch,). Raises ValueError for values of another shape, or with no
    derivative where z asks for one, TypeError for what is no function or returns no tensor."""
    if not callable(log_density):
        raise TypeError(f"log_density must be a function from z {tuple(z.shape)} to one value a row, got {type(log_density).__name__}.")
    value = log_density(z)
    if not isinstance(value, Tensor):
        raise TypeError(f"log_density must return a tensor, one value a row, got {type(value).__name__}: compute with torch.")
    if z.requires_grad and torch.is_grad_enabled() and not value.requires_grad:
        raise ValueError("log_density has no derivative in z (a comparison, a rounding or .detach()): metropolis needs none.")
    if value.shape != z.shape[:1]:
        raise ValueError(
            f"log_density must return one value a row: shape {tuple(z.shape[:1])} for z {tuple(z.shape)}, got {tuple(value.shape)}."
        )
    return value

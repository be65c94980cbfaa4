"""Inference one observation at a time: samplers, and the optimisers that an encoder replaces. A module a method."""

from collections.abc import Callable

from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]  # z ↦ log p(x, z) with x held fixed: (batch,) or (batch, d) → (batch,), in nats


def values_of(log_density: LogDensity, z: Tensor) -> Tensor:
    """log_density(z), one value a row: z (batch,) or (batch, d) → (batch,). Raises ValueError for values of another shape."""
    value = log_density(z)
    if value.shape != z.shape[:1]:
        raise ValueError(
            f"log_density must return one value a row: shape {tuple(z.shape[:1])} for z {tuple(z.shape)}, got {tuple(value.shape)}."
        )
    return value

"""One function for each kind of picture, by topic. Each takes tensors and an Axes and returns the Axes: no training, no sampling."""

from .basics import curve, error_bars, gaussian_grid, image_grid, image_rows, manifold, scatter_codes, tile  # noqa: F401

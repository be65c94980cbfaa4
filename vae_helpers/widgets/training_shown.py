"""What the training dashboard shows: curves, sentences and pictures as functions of the history and of the model."""

import math

import numpy as np
import torch
from torch import Tensor

from .. import inputs
from ..datasets import Dataset
from ..look import number
from ..models import VAE, Autoencoder
from ..training import History
from .kit.given import as_bytes, floats, grey_levels

IN_A_ROW, MOST_CODES = 10, 400  # images in each row; codes on the plane


class Sights:
    """Images whose reconstructions and codes are watched, and z that are decoded: the same all the way, so that one sees what becomes of
    them. data: a Dataset, whose test images are shown, or images."""

    def __init__(self, model: VAE | Autoencoder, data):
        is_dataset = isinstance(data, Dataset)
        shown, labels = (data.test.images, data.test.labels.tolist()) if is_dataset else (data, [])
        self.what = "test images" if is_dataset else "images"
        images, every = inputs.image_rows(shown, model.image_shape, like=next(model.parameters())), math.ceil(len(shown) / MOST_CODES)
        self.images, self.to_encode = images[_one_of_each(labels, len(shown))], images[::every]
        self.labels = [str(label) for label in labels[::every]]
        self.z = torch.randn(IN_A_ROW, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(images)

    @torch.no_grad()
    def of(self, model: VAE | Autoencoder) -> dict:
        """The dashboard's pictures of the model, by trait."""

        def codes(x: Tensor) -> Tensor:
            code = model.encode(x)
            return code if isinstance(code, Tensor) else code.mean

        rows = [self.images, model.mean_image(codes(self.images)), *([model.mean_image(self.z)] if isinstance(model, VAE) else [])]
        pictures = {"pixels": grey_levels(torch.cat([row.flatten(1) for row in rows]))}
        if model.latent_dim == 2:
            seen = floats(codes(self.to_encode).nan_to_num())
            pictures |= {"codes": as_bytes(seen), "reach": max(4, math.ceil(seen.abs().max().item()))}
        return pictures


def curves_of(history: History, is_vae: bool, epoch: float, mean: dict[str, float]) -> np.ndarray:
    """(points, 1 + lines): epoch, then the history's means; last, at ``epoch``, the ``mean`` of the steps of the one that is under way."""
    names = ("elbo", "reconstruction", "kl") if is_vae else ("error",)
    points = [(i + 1, *values) for i, values in enumerate(zip(*(getattr(history, name) for name in names), strict=True))]
    if mean and all(map(math.isfinite, mean.values())):  # if not, the trainer says so at the end of the epoch
        mean = {**mean, "elbo": mean.get("reconstruction", 0) - mean.get("kl", 0)}
        points.append((epoch, *(mean[name] for name in names)))
    return np.array(points, dtype=np.float64).reshape(-1, 1 + len(names))


def panels_of(curves: np.ndarray, is_vae: bool) -> list[dict]:
    """One system of axes each: the lines' names, their unit, the limits."""
    if not is_vae:
        return [{"lines": ["squared error"], "unit": "pixels² per image", "range": _range(curves[:, 1:])}]
    parts = {("ELBO", "reconstruction"): curves[:, 1:3], ("KL",): curves[:, 3:]}
    return [{"lines": list(lines), "unit": "nats per image", "range": _range(values)} for lines, values in parts.items()]


def sentence(curves: np.ndarray, is_vae: bool, epochs: int, step: int, n_steps: int) -> str:
    """Where the training is and what it has reached."""
    if not len(curves):
        return f"Not trained yet: {epochs} epochs, {n_steps} steps to go."
    epoch, *values = curves[-1]
    place, values = f"Epoch {min(epochs, math.ceil(epoch))} of {epochs}, step {step} of {n_steps}", [number(v) for v in values]
    if not is_vae:
        return f"{place}: squared error {values[0]} pixels² per image."
    return f"{place}: ELBO {values[0]} = reconstruction {values[1]} − KL {values[2]} nats per image."


def _one_of_each(labels: list[int], n_images: int) -> list[int]:
    """Indices of IN_A_ROW images: the first of each label in order, if there are labels enough, else the first images."""
    first = [labels.index(label) for label in sorted(set(labels))][:IN_A_ROW]
    return first if len(first) == IN_A_ROW else [i % n_images for i in range(IN_A_ROW)]


def _range(values: np.ndarray) -> list[float]:
    """Limits of the axis: all points once the first tenth, where everything still falls steeply, is left out."""
    values = values[len(values) // 10 :]
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return [low - margin, high + margin]

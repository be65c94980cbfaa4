"""Data sets by name, in memory: `load("digits").train.images` is a float32 tensor (N, H, W) in [0, 1].

"digits" and "sprites" need no network. The others are fetched once from public mirrors, checked by hash and kept in the folder that
VAE_HELPERS_DATA names, or else in the user's cache folder. No split depends on VAE_HELPERS_SEED.
"""

from __future__ import annotations

import difflib
import inspect

import numpy as np
import torch

from . import public, sprites
from .download import DownloadError, data_folder, locate
from .images import Dataset, Split, binarize

__all__ = ["Dataset", "DownloadError", "Split", "binarize", "data_folder", "found", "load", "names"]


def load(name: str, **options) -> Dataset:
    """The data set of that name.

    "digits"           1,797 real handwritten digits, 8×8; 1,438 to train, 359 to test. No network.
    "sprites"          generated shapes with known factors; options n_train, n_test, size (pixels), seed. No network.
    "mnist"            70,000 digits, 28×28
    "fashion_mnist"    70,000 pictures of clothes, 28×28
    "binarized_mnist"  MNIST with every pixel drawn once; also has .validation
    "frey_faces"       1,965 frames of a video, 28×20, split by time
    The last four take timeout (seconds that a mirror may be silent, 30) and progress (show a bar, True).

    Raises ValueError for an unknown name, TypeError for an option that the data set does not have, DownloadError.
    """
    loader = _LOADERS.get(name) if isinstance(name, str) else None
    if loader is None:
        close = difflib.get_close_matches(str(name).lower(), _LOADERS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There is no data set {name!r}; known are {', '.join(map(repr, _LOADERS))}.{hint}")
    known = list(inspect.signature(loader).parameters)
    if unknown := [option for option in options if option not in known]:
        takes = f"takes {', '.join(known)}" if known else "takes no options"
        raise TypeError(f"The data set {name!r} {takes}; got {', '.join(unknown)}.")
    return loader(**options)


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(_LOADERS)


def found() -> dict[str, str | None]:
    """For each data set where it is, or None if loading it needs the network. Looks for the files without reading them."""
    places: dict[str, str | None] = {"digits": "part of scikit-learn", "sprites": "generated"}
    for name, files in public.FILES.items():
        paths = [locate(file) for file in files.values()]
        places[name] = None if None in paths else str(paths[0].parent)
    return places


def _digits() -> Dataset:
    """scikit-learn's digits (Alpaydin & Kaynak 1998), pixels / 16, in a fixed split with equal shares of each class."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = torch.from_numpy((digits.images / 16).astype(np.float32))
    labels = torch.from_numpy(digits.target.astype(np.int64))
    train, test = train_test_split(np.arange(len(labels)), test_size=359, stratify=labels, random_state=0)
    about = "real handwritten digits, Alpaydin & Kaynak 1998, from scikit-learn"
    return Dataset("digits", Split(images[train], labels[train]), Split(images[test], labels[test]), about=about)


def _sprites(n_train: int = 5000, n_test: int = 1000, size: int = 16, seed: int = 0) -> Dataset:
    """Generated shapes with known factors, see `sprites`. The label is the shape. A longer split starts with the same images."""
    for option, value, least in (("n_train", n_train, 1), ("n_test", n_test, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{option} must be a whole number, at least {least}; got {value!r}.")
    splits = []
    for stream, n in enumerate((n_train, n_test)):
        factors = sprites.sample_factors(n, np.random.default_rng([seed, stream]))
        splits.append(Split(sprites.draw(factors, size), factors[:, 0].long(), factors, sprites.FACTOR_NAMES))
    return Dataset("sprites", *splits, about=f"generated with known factors, seed {seed}")


_LOADERS = {
    "digits": _digits,
    "sprites": _sprites,
    "mnist": public.mnist,
    "fashion_mnist": public.fashion_mnist,
    "binarized_mnist": public.binarized_mnist,
    "frey_faces": public.frey_faces,
}

"""Data sets by name, in memory: `load("digits").train.images` is a float32 tensor (N, H, W) in [0, 1].

"digits" and "sprites" need no network. The others are fetched once from public mirrors, checked by hash and kept in the folder that
VAE_HELPERS_DATA names, or else in the user's cache folder. No split depends on VAE_HELPERS_SEED.
Importing this loads nothing: a data set's module is fetched when the data set is.
"""

from __future__ import annotations

import difflib
import inspect
from importlib import import_module
from typing import TYPE_CHECKING

from ..inputs import in_short

if TYPE_CHECKING:
    from .images import Dataset

DATA_SETS = ("digits", "sprites", "mnist", "fashion_mnist", "binarized_mnist", "frey_faces")
HOMES = {  # name: module; a data set's loader is a function of the data set's name
    "digits": "images",
    "sprites": "sprites",
    "mnist": "public",
    "fashion_mnist": "public",
    "binarized_mnist": "public",
    "frey_faces": "public",
    "found": "public",
    "Dataset": "images",
    "Split": "images",
    "binarize": "images",
    "DownloadError": "download",
    "data_folder": "download",
}
__all__ = ["load", "names", *(name for name in HOMES if name not in DATA_SETS)]


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
    if not isinstance(name, str) or name not in DATA_SETS:
        close = difflib.get_close_matches(str(name).lower(), DATA_SETS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There is no data set {in_short(name)}; known are {', '.join(map(repr, DATA_SETS))}.{hint}")
    loader = _home(name)
    known = list(inspect.signature(loader).parameters)
    if unknown := [option for option in options if option not in known]:
        takes = f"takes {', '.join(known)}" if known else "takes no options"
        raise TypeError(f"The data set {name!r} {takes}; got {', '.join(unknown)}.")
    return loader(**options)


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return DATA_SETS


def _home(name: str):
    return getattr(import_module(f".{HOMES[name]}", __name__), name)


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"vae_helpers.datasets has no {name!r}: expected one of {', '.join(__all__)}")
    return _home(name)


def __dir__() -> list[str]:
    return __all__

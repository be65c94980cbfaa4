"""The data sets that public mirrors serve: where they are, how to know them, how to read them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .download import RemoteFile, get, locate
from .images import Dataset, Split


def _read_idx(path: Path) -> np.ndarray:
    """LeCun's IDX format: two zero bytes, type 8 (uint8), the number of axes, each axis' length as big-endian uint32, the values."""
    with gzip.open(path) as stream:
        content = stream.read()
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _read_frey(path: Path) -> np.ndarray:
    """(1965, 28, 20) from Roweis' Matlab file (`ff`: a frame a column) or from an .npz with the frames in `faces`."""
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return archive["faces"].reshape(-1, 28, 20)
    from scipy.io import loadmat

    return np.ascontiguousarray(loadmat(path)["ff"].T).reshape(-1, 28, 20)


def _read_amat(path: Path) -> np.ndarray:
    """(N, 28, 28) of 0 and 1 from Larochelle's text: one image a line, 784 digits with spaces between."""
    content = np.fromfile(path, np.uint8)
    return (content[(content == ord("0")) | (content == ord("1"))] - ord("0")).reshape(-1, 28, 28)


def _read_packed(split: str):
    """A reader of one split from the .npz in which eight pixels share a byte, or from its .amat text."""

    def read(path: Path) -> np.ndarray:
        if path.suffix == ".amat":
            return _read_amat(path)
        with np.load(path) as archive:
            return np.unpackbits(archive[split], axis=1).reshape(-1, 28, 28)

    return read


_IDX_PARTS = ("train-images", "train-labels", "t10k-images", "t10k-labels")


def _idx_files(folder: str, mirrors: tuple[str, ...], digests: tuple[str, ...]) -> dict[str, RemoteFile]:
    names = {part: f"{part}-idx{3 if part.endswith('images') else 1}-ubyte.gz" for part in _IDX_PARTS}
    return {
        part: RemoteFile((f"{folder}/{name}",), digest, tuple(mirror + name for mirror in mirrors), _read_idx)
        for (part, name), digest in zip(names.items(), digests, strict=True)
    }


_TORONTO = "www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"

FILES: dict[str, dict[str, RemoteFile]] = {
    "mnist": _idx_files(
        "mnist",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        digests=(
            "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    "fashion_mnist": _idx_files(
        "fashion_mnist",
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        digests=(
            "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "md5:25c81989df183df01b3e8a0aad5dffbe",
            "md5:bef4ecab320f06d8554ea6380940ec79",
            "md5:bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "binarized_mnist": {
        split: RemoteFile(
            ("binarized_mnist/binarized_mnist.npz", f"binarized_mnist/binarized_mnist_{split}.amat"),
            f"pixels:{digest}",
            (f"https://{_TORONTO}/binarized_mnist_{split}.amat", f"http://{_TORONTO}/binarized_mnist_{split}.amat"),
            _read_packed(split),
        )
        for split, digest in {
            "train": "43490d4d6ac9002727af4426d8748609fdb7e4094fa65ad8d681ea60082a7a5a",
            "valid": "069b4f0beb389b776478c3e872b4df71c95ac4be64d7cbe6d32e24ebac8e6d5e",
            "test": "ca0294c3b8d984c7a1dc891015a8eea6f37bae59a34e35ea0fc8c47110a8dd86",
        }.items()
    },
    "frey_faces": {
        "faces": RemoteFile(
            ("frey_faces/frey_faces.npz", "frey_faces/frey_rawface.mat"),
            "pixels:2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78",
            ("https://cs.nyu.edu/~roweis/data/frey_rawface.mat", "http://www.cs.nyu.edu/~roweis/data/frey_rawface.mat"),
            _read_frey,
        )
    },
}


def found() -> dict[str, str | None]:
    """For each data set where it is, or None if loading it needs the network. Looks for the files without reading them."""
    places: dict[str, str | None] = {"digits": "part of scikit-learn", "sprites": "generated"}
    for name, files in FILES.items():
        paths = [locate(file) for file in files.values()]
        places[name] = None if None in paths else str(paths[0].parent)
    return places


def mnist(timeout: float = 30.0, progress: bool = True) -> Dataset:
    """60,000 + 10,000 handwritten digits, 28×28 (LeCun, Bottou, Bengio & Haffner 1998), in the usual split."""
    return _from_idx("mnist", "handwritten digits, LeCun et al. 1998, CC BY-SA 3.0", timeout, progress)


def fashion_mnist(timeout: float = 30.0, progress: bool = True) -> Dataset:
    """60,000 + 10,000 pictures of clothes, 28×28 (Xiao, Rasul & Vollgraf 2017), in the usual split."""
    return _from_idx("fashion_mnist", "clothes, Xiao et al. 2017, MIT licence", timeout, progress)


def binarized_mnist(timeout: float = 30.0, progress: bool = True) -> Dataset:
    """50,000 + 10,000 + 10,000 digits, every pixel drawn once as 0 or 1 (Larochelle & Murray 2011). No labels: all are −1."""
    splits = {}
    for split, file in FILES["binarized_mnist"].items():
        pixels = get(file, timeout, progress)
        splits[split] = Split(torch.from_numpy(pixels).float(), torch.full((len(pixels),), -1))
    about = "fixed binarization, Larochelle & Murray 2011; no labels (all -1)"
    return Dataset("binarized_mnist", splits["train"], splits["test"], splits["valid"], about)


def frey_faces(timeout: float = 30.0, progress: bool = True) -> Dataset:
    """1,965 frames, 28×20, of a video of Brendan Frey's face, in order (from Sam Roweis' data page; no licence is stated).

    Neighbouring frames are nearly equal, so a random split would put copies of training images into the test set:
    the first 80 % are for training, the last 20 % for testing. The label of an image is its frame number.
    """
    pixels = get(FILES["frey_faces"]["faces"], timeout, progress)
    images, frames = _to_unit_interval(pixels), torch.arange(len(pixels))
    n_train = len(pixels) * 8 // 10
    train, test = Split(images[:n_train], frames[:n_train]), Split(images[n_train:], frames[n_train:])
    return Dataset("frey_faces", train, test, about="a video, split by time: first 80 % of the frames to train; labels are frame numbers")


def _from_idx(name: str, about: str, timeout: float, progress: bool) -> Dataset:
    parts = {part: get(file, timeout, progress) for part, file in FILES[name].items()}
    train, test = (
        Split(_to_unit_interval(parts[f"{half}-images"]), torch.from_numpy(parts[f"{half}-labels"].astype(np.int64)))
        for half in ("train", "t10k")
    )
    return Dataset(name, train, test, about=about)


def _to_unit_interval(pixels: np.ndarray) -> Tensor:
    """uint8 (N, H, W) → float32 in [0, 1]"""
    return torch.from_numpy(pixels.astype(np.float32)).div_(255)

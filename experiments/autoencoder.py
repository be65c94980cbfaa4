"""Notebook 01 on digits and on MNIST: similar codes, ZIP, and linear autoencoders.

    python experiments/autoencoder.py        run what is missing in similar_codes.csv, zip.csv and linear_autoencoder.csv

similar_codes: share of 1,000 test images whose class is the majority among their five nearest training codes (of 20,000), in the layout
that training found and in codes moved by a linear map of condition 100 or 1,000 (which changes no loss: the decoder starts with its
inverse); and how near in codes is the training image that is nearest in pixels: share of images for which it is among the nearest tenth.
zip: bytes per image of 2,000 images (1,400 digits) under zlib, one by one and all in one file; with Huffman coding alone; with each pixel
shuffled across images; the entropy of the grey levels; and the entropy of each pixel's own grey levels.
linear_autoencoder: L-BFGS on both matrices from a random start; largest principal angle to PCA's subspace, and of a column of W_d to its
nearest axis, in degrees.
"""

import math
import zlib

import numpy as np
import torch
from scipy.linalg import subspace_angles
from sklearn.neighbors import KNeighborsClassifier
from sweep import sweep, workers
from torch import Tensor
from trained import MODEL, load, stream, trained

SEEDS = (0, 1, 2)


def similar_codes(data: str, latent_dim: int, seed: int) -> dict[str, float]:
    model, images = trained(data, "autoencoder", latent_dim, seed), load(data)
    x, y, x_test, y_test = images.train.images[:20_000], images.train.labels[:20_000], images.test.images[:1000], images.test.labels[:1000]
    codes, fresh, found = model.encode(x), model.encode(x_test), {}
    for condition in (1, 100, 1000):
        g = stream(seed, condition)
        left, right = (torch.linalg.qr(torch.randn(latent_dim, latent_dim, generator=g)).Q for _ in range(2))
        move = left * torch.logspace(0, math.log10(condition), latent_dim) @ right
        found[f"agree_{condition}"] = KNeighborsClassifier(5).fit(codes @ move, y).score(fresh @ move, y_test)
    nearest = torch.cdist(x_test.flatten(1), x.flatten(1)).argmin(1)
    away = torch.cdist(fresh, codes)
    rank = (away < away.gather(1, nearest[:, None])).double().mean(1)
    return {key: round(float(v), 4) for key, v in (found | {"nearest_tenth": (rank < 0.1).double().mean()}).items()}


def entropy(values: np.ndarray) -> float:
    """Of the values of an array, in bits each."""
    share = np.unique(values, return_counts=True)[1] / values.size
    return float(-(share * np.log2(share)).sum())


def bytes_of(images: np.ndarray, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> float:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    return len(packer.compress(images.tobytes()) + packer.flush()) / len(images)


def zipped(data: str, seed: int) -> dict[str, float]:
    images, rng = load(data).train.images, np.random.default_rng(seed)
    picked = rng.permutation(len(images))[:2000][:1400] if data == "digits" else rng.permutation(len(images))[:2000]
    levels = (images[picked] * (16 if data == "digits" else 255)).round().byte().numpy()
    flat = levels.reshape(len(levels), -1)
    found = {
        "pixels": flat.shape[1],
        "one_by_one": np.mean([len(zlib.compress(image.tobytes(), 9)) for image in levels]),
        "one_file": bytes_of(levels),
        "one_file_huffman": bytes_of(levels, zlib.Z_HUFFMAN_ONLY),
        "one_file_pixels_shuffled": bytes_of(rng.permuted(flat, axis=0)),
        "entropy_of_levels": entropy(flat) * flat.shape[1] / 8,
        "entropy_of_each_pixel": sum(entropy(column) for column in flat.T) / 8,
    }
    return {key: round(float(value), 2) for key, value in found.items()}


def linear_autoencoder(data: str, latent_dim: int, seed: int) -> dict[str, float]:
    x = load(data).train.images[:20_000].flatten(1).double()
    centred = x - x.mean(0)
    covariance = centred.T @ centred / len(x)
    axes = torch.linalg.eigh(covariance)[1].flip(1)[:, :latent_dim]
    g = stream(seed, 1)
    encoder, decoder = ((0.1 * torch.randn(latent_dim, x.shape[1], generator=g).double()).requires_grad_() for _ in range(2))

    def loss() -> Tensor:  # of the mean squared error, what depends on the weights
        codes = encoder @ covariance
        return ((decoder @ decoder.T) * (codes @ encoder.T)).sum() - 2 * (codes * decoder).sum()

    optimizer = torch.optim.LBFGS([encoder, decoder], max_iter=3000, tolerance_change=1e-15, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    columns = decoder.detach().T / decoder.detach().norm(dim=1)
    off = torch.rad2deg(torch.arccos((columns.T @ axes).abs().amax(1).clamp(max=1)))
    return {"subspace_angle": float(np.degrees(subspace_angles(columns, axes)).max()), "column_angle": round(off.max().item(), 2)}


def main() -> None:
    n, data = workers(__doc__), ("digits", "mnist")
    settings = [{"data": d, "latent_dim": size, "seed": seed} for d in data for size in (2, 8) for seed in SEEDS]
    sweep("similar_codes", similar_codes, settings, {"model": MODEL}, n)
    sweep("zip", zipped, [{"data": d, "seed": seed} for d in data for seed in SEEDS], None, n)
    settings = [{"data": d, "latent_dim": 4, "seed": seed} for d in data for seed in SEEDS]
    sweep("linear_autoencoder", linear_autoencoder, settings, None, n)


if __name__ == "__main__":
    main()

"""Training speed on MNIST: `fit` beside the loop that everybody writes, the bare loop by hand, and the matrix products alone.

    python benchmarks/training.py [--epochs 10] [--threads 2]

784–400–20, batch 128, Adam 1e-3, float32, grey targets. The four take turns, an epoch each, in one process, so that a machine whose
speed drifts is unfair to none; quoted are medians of the ratios of paired epochs. The products alone tell more than the usual loop: what
they cost depends on the processor, and no loop can be faster. MNIST is fetched if it is not on this machine.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from rows import Row, plain, summary
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from vae_helpers import datasets
from vae_helpers.evaluation import evaluate
from vae_helpers.models import VAE
from vae_helpers.runtime import fast_matmul
from vae_helpers.training import Trainer

BATCH, HIDDEN, LATENT, LR = 128, 400, 20, 1e-3


class ImagesOneByOne(TorchDataset):
    """As torchvision's MNIST with ToTensor: image and label of one index; uint8 tensor → PIL → array → float tensor, when asked for."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor):
        self.images, self.labels = (images * 255).round().byte(), labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        picture, label = Image.fromarray(self.images[i].numpy(), mode="L"), int(self.labels[i])
        return to_tensor(picture), label


def to_tensor(picture: Image.Image) -> torch.Tensor:
    array = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    image = array.view(picture.size[1], picture.size[0], len(picture.getbands())).permute(2, 0, 1).contiguous()
    return image.to(dtype=torch.get_default_dtype()).div(255) if isinstance(image, torch.ByteTensor) else image


class UsualVAE(nn.Module):
    """The model of the widely copied PyTorch example: two heads, sigmoid output."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, HIDDEN), nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.fc3, self.fc4 = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, 784)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def usual_loss(model: UsualVAE, x: torch.Tensor) -> torch.Tensor:
    reconstruction, mu, logvar = model(x)
    cross_entropy = F.binary_cross_entropy(reconstruction, x, reduction="sum")
    return cross_entropy - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def usual_loop(model: UsualVAE, images: torch.Tensor, labels: torch.Tensor) -> Iterator[None]:
    """DataLoader, one image at a time; yields after each epoch."""
    loader = DataLoader(ImagesOneByOne(images, labels), batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    while True:
        total = 0.0
        for batch, _ in loader:
            x = batch.view(-1, 784)
            optimizer.zero_grad()
            loss = usual_loss(model, x)
            loss.backward()
            total += loss.item()
            optimizer.step()
        yield


def bare_loop(model: VAE, images: torch.Tensor) -> Iterator[None]:
    """What `fit` does, with nothing around it: the price of the package is fit against this."""
    x_all = images.flatten(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    while True:
        with fast_matmul():
            for indices in torch.randperm(len(x_all)).split(BATCH):
                x = x_all.index_select(0, indices)
                mu, logvar = model.encoder(x).chunk(2, -1)
                z = mu + (logvar / 2).exp() * torch.randn_like(mu)
                cross_entropy = F.binary_cross_entropy_with_logits(model.decoder(z), x, reduction="sum")
                kl = 0.5 * (mu.square() + logvar.expm1() - logvar).sum()
                optimizer.zero_grad()
                ((cross_entropy + kl) / len(x)).backward()
                optimizer.step()
        yield


def packaged_loop(model: VAE, data) -> Iterator[None]:
    """`fit` without its progress bar."""
    for step in Trainer(model, data, epochs=1000, batch_size=BATCH, lr=LR):
        if step.epoch_done:
            yield


def matrix_products(images: torch.Tensor) -> Iterator[None]:
    """The eleven matrix products of a step and nothing else: no loop on this hardware can be faster."""
    x, h, out = torch.rand(BATCH, 784), torch.rand(BATCH, HIDDEN), torch.rand(BATCH, 2 * LATENT)
    z = torch.rand(BATCH, LATENT)
    w1, w2 = torch.rand(784, HIDDEN), torch.rand(HIDDEN, 2 * LATENT)
    w3, w4 = torch.rand(LATENT, HIDDEN), torch.rand(HIDDEN, 784)
    while True:
        with fast_matmul():
            for _ in range(-(-len(images) // BATCH)):
                _ = x @ w1, h @ w2, z @ w3, h @ w4  # forward
                _ = x.T @ h, h.T @ out, z.T @ h, h.T @ x  # gradients of the weights
                _ = out @ w2.T, h @ w3.T, x @ w4.T  # gradients of the activations; the first layer needs none
        yield


@torch.no_grad()
def usual_test_bound(model: UsualVAE, images: torch.Tensor) -> float:
    torch.manual_seed(0)
    return -usual_loss(model, images.flatten(1)).item() / len(images)


def measure(epochs: int = 10, threads: int = 2) -> list[Row]:
    with fast_matmul():
        way = "oneDNN" if torch.get_float32_matmul_precision() == "medium" else "torch's default"
    processor = f"{torch.backends.cpu.get_cpu_capability()}, products by {way}"
    heading = Row(f"Training on MNIST: 784–{HIDDEN}–{LATENT}, batch {BATCH}, {threads} threads, {processor}, the loops by turns")
    try:
        data = datasets.load("mnist")
    except datasets.DownloadError:
        return [heading, Row("not measured", "–", "MNIST is not in the data folder and could not be fetched")]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    usual, bare, packaged = UsualVAE(), VAE((28, 28), LATENT, (HIDDEN,), seed=0), VAE((28, 28), LATENT, (HIDDEN,), seed=0)
    loops = {
        "usual loop": usual_loop(usual, data.train.images, data.train.labels),
        "bare loop": bare_loop(bare, data.train.images),
        "`fit`": packaged_loop(packaged, data),
        "matrix products": matrix_products(data.train.images),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(epochs):
        for name, loop in loops.items():
            start = time.perf_counter()
            next(loop)
            seconds[name].append(time.perf_counter() - start)
        print("  " + "  ".join(f"{name} {times[-1]:.2f} s" for name, times in seconds.items()), flush=True)

    def ratio(a: str, b: str, scale: float = 1) -> list[float]:
        return [scale * x / y for x, y in zip(seconds[a], seconds[b], strict=True)]

    images, test = len(data.train.images), data.test.images
    bounds = [usual_test_bound(usual, test), *(evaluate(model, test).elbo.mean for model in (bare, packaged))]
    return [
        heading,
        *(summary(f"{name}, images a second", [images / t for t in times], digits=0) for name, times in seconds.items()),
        summary("`fit` against the usual loop, times as fast", ratio("usual loop", "`fit`")),
        summary("`fit` against the bare loop, times the seconds", ratio("`fit`", "bare loop")),
        summary("`fit` against the matrix products alone, times the seconds", ratio("`fit`", "matrix products")),
        Row(f"test bound after {epochs} epochs, nats (grey pixels)", " / ".join(f"{b:.2f}" for b in bounds), "usual / bare / `fit`"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    print(plain(measure(**vars(parser.parse_args()))))

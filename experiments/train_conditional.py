"""Train the conditional VAE that ships with the package (notebook 11), and write its weights, codes and card.

    python experiments/train_conditional.py            train what is missing of three seeds, write the files of the first
    python experiments/train_conditional.py --check    train with the card's seed, write nothing, fail if the result is off

MNIST, 784-200-64-L-64-200-784 with L = 2, the label as ten more inputs of both networks, binarized anew for every batch, Adam, one cycle.
"""

import argparse
import json
import statistics
import sys
from functools import cache

import torch
from safetensors.torch import save
from sweep import sweep
from torch import Tensor
from train_pretrained import FOLDER, agrees, as_card, as_row
from trained import kept, load

from vae_helpers import datasets, pretrained, runtime
from vae_helpers.conditional import ConditionalVAE
from vae_helpers.divergences import kl_standard_normal
from vae_helpers.evaluation import Estimate, estimate
from vae_helpers.files import write_beside_and_rename

NAME, HIDDEN, SEEDS = "mnist_cvae_2d", (200, 64), (0, 1, 2)
TRAINING = {"epochs": 30, "batch_size": 200, "lr": 5e-3}


def elbo(vae: ConditionalVAE, x: Tensor, labels: Tensor, n_samples: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """The ELBO of log p(x|y) and its KL, each (batch,), nats."""
    mu, logvar = vae.mu_logvar(x, labels)
    z = mu + (logvar / 2).exp() * torch.randn(n_samples, *mu.shape, generator=g)
    kl = kl_standard_normal(mu, logvar)
    return vae.likelihood.log_prob(vae.outputs(z, labels), vae.flatten(x)).mean(0) - kl, kl


def train(seed: int) -> ConditionalVAE:
    images, labels = load("mnist").train.images.flatten(1), load("mnist").train.labels
    vae, g = ConditionalVAE((28, 28), 2, HIDDEN, seed=seed), torch.Generator().manual_seed(10_000 + seed)
    batches = len(images) // TRAINING["batch_size"]
    optimizer = torch.optim.Adam(vae.parameters(), lr=TRAINING["lr"], fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, TRAINING["lr"], total_steps=batches * TRAINING["epochs"])
    for _ in range(TRAINING["epochs"]):
        for rows in torch.randperm(len(images), generator=g).split(TRAINING["batch_size"]):
            with runtime.fast_matmul():
                value, _ = elbo(vae, datasets.binarize(images[rows], g), labels[rows], 1, g)
                optimizer.zero_grad()
                (-value.mean()).backward()
            optimizer.step()
            schedule.step()
    return vae


@cache
def of_seed(seed: int) -> ConditionalVAE:
    return kept({"name": NAME, "hidden": HIDDEN, "seed": seed} | TRAINING, ConditionalVAE, lambda: train(seed))


@torch.no_grad()
def held_out(vae: ConditionalVAE) -> dict[str, Estimate]:
    """ELBO of log p(x|y) and KL on MNIST's test images, one fixed binarization, ten noise samples an image."""
    test = load("mnist").binarized(0).test
    g = torch.Generator().manual_seed(0)
    parts = [elbo(vae, x, y, 10, g) for x, y in zip(test.images.split(1000), test.labels.split(1000), strict=True)]
    return {name: estimate(torch.cat(part)) for name, part in zip(("elbo", "kl"), zip(*parts, strict=True), strict=True)}


@torch.no_grad()
def codes(vae: ConditionalVAE) -> pretrained.Codes:
    """q(z|x, y) of every tenth test image."""
    test = load("mnist").binarized(0).test
    q = vae.encode(test.images[::10], test.labels[::10])
    return pretrained.Codes(q.mean, q.stddev, test.labels[::10])


def run(seed: int) -> dict[str, float]:
    return as_row(held_out(of_seed(seed)))


def write() -> None:
    rows = sweep(NAME, run, [{"seed": seed} for seed in SEEDS], {"hidden": "-".join(map(str, HIDDEN))} | TRAINING)
    vae, sd = of_seed(SEEDS[0]), statistics.stdev(row["elbo"] for row in rows)
    vae.save(FOLDER / f"{NAME}.safetensors")
    tensors = {key: value.contiguous() for key, value in codes(vae)._asdict().items()}
    write_beside_and_rename(FOLDER / f"{NAME}_codes.safetensors", save(tensors | {"labels": tensors["labels"].to(torch.uint8)}))
    content = {
        "model": "ConditionalVAE",
        "data": "MNIST, 60,000 training images with their labels, binarized anew for every batch",
        "settings": vae.config | TRAINING | {"schedule": "one_cycle"},
        "held_out": as_card(rows[0]),
        "held_out_data": "10,000 MNIST test images with their labels (one fixed binarization)",
        "unit": "nats per image, of log p(x|y)",
        "sd_over_seeds": {"seeds": list(SEEDS), "elbo": round(sd, 3)},
        "stated_error": round(max(3 * sd, rows[0]["elbo_stderr"]), 3),
        "codes": "q(z|x, y) of test images 0, 10, …, 9990, binarized as the held-out data",
    }
    content |= {"seed": SEEDS[0], "command": "python experiments/train_conditional.py", "versions": runtime.versions()}
    write_beside_and_rename(FOLDER / f"{NAME}.json", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def check() -> bool:
    stated = pretrained.card(NAME)
    now = held_out(train(stated["seed"]))["elbo"].mean
    return agrees(f"{NAME}: elbo", now, stated["held_out"]["elbo"]["mean"], stated["stated_error"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="train again, write nothing, compare with the card")
    torch.set_num_threads(runtime.threads())
    if parser.parse_args().check:
        sys.exit(0 if check() else 1)
    write()


if __name__ == "__main__":
    main()

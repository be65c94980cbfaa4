"""Notebook 08: an encoder trained without labels, reused where labels are few. Frozen, fine-tuned, or the same network from scratch?

    python experiments/reuse.py        run what is missing in reuse.csv

The encoder of a VAE of ten dimensions, trained on MNIST without labels, up to its last hidden layer (784-200-64), and a new linear layer
of ten outputs on top. It classifies MNIST itself, or another data set: the 8×8 digits, enlarged to 20×20 and set into 28×28 as MNIST's
were. Four ways: the encoder frozen; fine-tuned (all weights trained); the same network from scratch (all weights trained, from random
ones); and frozen random weights, the control of the first. Cross-entropy, 200 steps of Adam, mini-batches of at most 50, step size 0.001
where the network is trained and 0.01 where only the last layer is. Test accuracy on 2,000 (MNIST) or 359 images, a mean over six draws of
the labelled images; a lead is paired over the draws, ± its standard error.
"""

import copy

import torch
import torch.nn.functional as F
from sweep import sweep, workers
from torch import Tensor, nn
from trained import MODEL, load, stream, trained

from vae_helpers.evaluation import estimate
from vae_helpers.models import VAE

SEEDS, LABELS, DRAWS, STEPS = (0, 1, 2), (10, 50, 250), 6, 200
TARGETS = {"mnist": "MNIST", "digits": "8×8 digits, enlarged to 28×28"}
LEADS = (("fine_tuned", "scratch"), ("frozen", "scratch"), ("fine_tuned", "frozen"), ("frozen", "frozen_random"))
FACTS = {"encoder": "of a VAE trained on MNIST without labels, L = 10", "model": MODEL, "steps": STEPS, "draws": DRAWS}


def run(target: str, labels: int, seed: int) -> dict[str, float]:
    pretrained = nn.Sequential(*list(trained("mnist", "VAE", 10, seed).encoder)[:-1])
    fresh = nn.Sequential(*list(VAE((28, 28), 10, (200, 64), seed=1000 + seed).encoder)[:-1])
    ways = {"frozen": (pretrained, False), "fine_tuned": (pretrained, True), "scratch": (fresh, True), "frozen_random": (fresh, False)}
    (x, y), (x_test, y_test) = images_of(target)
    right = {name: [] for name in ways}
    for draw in range(DRAWS):
        picked = few_of_each(y, labels // 10, stream(seed, 10 + draw))
        for name, (body, whole) in ways.items():
            classifier = learn(body, x[picked], y[picked], whole, stream(seed, 50 + draw))
            with torch.no_grad():
                right[name].append((classifier(x_test).argmax(1) == y_test).double().mean().item())
    right = {name: torch.tensor(values) for name, values in right.items()}
    found = {name: values.mean().item() for name, values in right.items()}
    for one, other in LEADS:
        lead = estimate(right[one] - right[other])
        found |= {f"{one}_over_{other}": lead.mean, f"{one}_over_{other}_stderr": lead.stderr}
    return {key: round(value, 4) for key, value in found.items()}


def images_of(target: str) -> list[tuple[Tensor, Tensor]]:
    """(images (N, 784), labels (N,)) of the training and the test images."""
    splits = ((load(target).train, 20_000), (load(target).test, 2_000))
    pairs = [(split.images[:n], split.labels[:n]) for split, n in splits]
    return [(enlarged(x).flatten(1) if target == "digits" else x.flatten(1), y) for x, y in pairs]


def enlarged(x: Tensor) -> Tensor:
    """(N, 8, 8) → (N, 28, 28): 20 × 20 in a frame of paper, four pixels wide."""
    return F.pad(F.interpolate(x[:, None], (20, 20), mode="bilinear")[:, 0], (4, 4, 4, 4)).clamp(0, 1)


def few_of_each(y: Tensor, each: int, generator: torch.Generator) -> Tensor:
    """Indices of `each` images of every class, drawn without replacement."""
    order = torch.randperm(len(y), generator=generator)
    return torch.cat([order[y[order] == digit][:each] for digit in range(10)])


def learn(body: nn.Sequential, x: Tensor, y: Tensor, whole: bool, generator: torch.Generator) -> nn.Sequential:
    """A copy of the body with a new last layer, trained: all of it, or the last layer alone."""
    last = nn.Linear(64, 10)
    nn.init.zeros_(last.weight), nn.init.zeros_(last.bias)
    body = copy.deepcopy(body).requires_grad_(whole)
    classifier = nn.Sequential(body, last)
    weights = classifier.parameters() if whole else last.parameters()
    optimizer = torch.optim.Adam(weights, lr=1e-3 if whole else 1e-2)
    for _ in range(STEPS):
        batch = torch.randperm(len(x), generator=generator)[:50]
        optimizer.zero_grad()
        F.cross_entropy(classifier(x[batch]), y[batch]).backward()
        optimizer.step()
    return classifier


def main() -> None:
    settings = [{"target": target, "labels": labels, "seed": seed} for target in TARGETS for seed in SEEDS for labels in LABELS]
    sweep("reuse", run, settings, FACTS, workers(__doc__))


if __name__ == "__main__":
    main()

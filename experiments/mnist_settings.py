"""Which step size suits the shipped MNIST VAE of two dimensions, and how well does it fit?

    python experiments/mnist_settings.py              run what is missing in mnist_grid.csv and mnist_settings.csv

mnist_grid: what chose the recipe. Each is trained on the first 50,000 training images; "validation" is the ELBO of the other 10,000,
"training" that of the first 10,000 (binarized once, ten noise samples an image). No test image has a say. The two step sizes in question
have three seeds; a smaller one, far behind, and twice as long a training have one each. What ships is the best of those of 60 epochs.
mnist_settings: the step size that ships, and the one that shipped before, on all 60,000 images. On the first 300 test images, binarized
once: ELBO (100 noise samples), log p(x) on a grid to 0.02 nats, and their gap, which is narrow q's in wrong places: its mean, median,
99 % quantile and largest, and the share of images above 10 nats.
"""

import torch
from sweep import sweep, workers
from torch import Tensor
from train_pretrained import HIDDEN, TRAINING
from trained import kept, load, log_evidence

from vae_helpers import datasets
from vae_helpers.evaluation import evaluate
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.training import fit

NAME, SEEDS, IMAGES, CHOOSING = "mnist_vae_2d", (0, 1, 2), 300, 50_000
GRID = [{"lr": lr, "epochs": 60, "seed": seed} for seed in SEEDS for lr in (1e-2, 3e-3)]
GRID += [{"lr": lr, "epochs": epochs, "seed": 0} for lr, epochs in ((1e-3, 60), (3e-3, 120))]
SETTINGS = [{"lr": lr, "seed": seed} for seed in SEEDS for lr in (1e-2, 3e-3)]


def choose(lr: float, epochs: int, seed: int) -> dict[str, float]:
    data = load("mnist").train
    own = {"name": NAME, "hidden": HIDDEN, "seed": seed, "images": CHOOSING} | TRAINING | {"lr": lr, "epochs": epochs}
    vae = trained(own, datasets.Split(data.images[:CHOOSING], data.labels[:CHOOSING]))
    seen = load("mnist").binarized(0).train.images
    validation, training = (evaluate(vae, part, n_samples=10).elbo for part in (seen[CHOOSING:], seen[: len(seen) - CHOOSING]))
    found = {"validation": validation.mean, "validation_stderr": validation.stderr, "training": training.mean}
    return {key: round(value, 3) for key, value in found.items()}


def run(lr: float, seed: int) -> dict[str, float]:
    vae = trained({"name": NAME, "hidden": HIDDEN, "seed": seed} | TRAINING | {"lr": lr}, load("mnist").train)
    x, noise = load("mnist").binarized(0).test.images[:IMAGES].flatten(1), torch.Generator().manual_seed(1)
    bound, evidence = bounds(vae, x, noise), log_evidence(vae, x)
    gap = evidence - bound
    found = {"elbo": bound.mean(), "log_p": evidence.mean(), "gap": gap.mean(), "gap_stderr": gap.std() / IMAGES**0.5}
    found |= {"gap_median": gap.median(), "gap_99": gap.quantile(0.99), "gap_worst": gap.max(), "above_10": (gap > 10).double().mean()}
    return {key: round(float(value), 3) for key, value in found.items()}


def trained(settings: dict, images: datasets.Split) -> VAE:
    """The VAE of these settings, from the cache that train_pretrained.py fills too."""

    def train() -> VAE:
        vae = VAE(load("mnist").image_shape, 2, HIDDEN, seed=settings["seed"])
        recipe = {key: settings[key] for key in ("seed", *TRAINING)}
        fit(vae, images, binarize=True, progress=False, **recipe)
        return vae

    return kept(settings, VAE, train).requires_grad_(False)


@torch.no_grad()
def bounds(vae: VAE, x: Tensor, noise: torch.Generator) -> Tensor:
    return torch.cat([elbo(vae, part, n_samples=100, generator=noise).elbo.double() for part in x.split(50)])


def main() -> None:
    own, at_a_time = {"hidden": "-".join(map(str, HIDDEN))}, workers(__doc__)
    facts = own | {key: value for key, value in TRAINING.items() if key != "lr"}
    sweep("mnist_settings", run, SETTINGS, facts, at_a_time)
    sweep("mnist_grid", choose, GRID, {key: value for key, value in facts.items() if key != "epochs"} | {"images": CHOOSING}, at_a_time)


if __name__ == "__main__":
    main()

"""How well is the shipped MNIST VAE of two dimensions fitted? The recipe of train_pretrained.py, and the same at a third of its rate.

    python experiments/mnist_settings.py              run what is missing in mnist_settings.csv

On the first 300 test images, binarized once: ELBO (100 noise samples), log p(x) on a grid to 0.02 nats, and their gap, which is narrow q's
in wrong places: its mean, median, 99 % quantile and largest, and the share of images above 10 nats. The weights of rate 0.01, seed 0, are
those that ship.
"""

import torch
from sweep import sweep, workers
from torch import Tensor
from train_pretrained import HIDDEN, TRAINING
from trained import kept, load, log_evidence

from vae_helpers.models import VAE
from vae_helpers.objectives import elbo
from vae_helpers.training import fit

NAME, IMAGES = "mnist_vae_2d", 300
SETTINGS = [{"lr": lr, "seed": seed} for seed in (0, 1, 2) for lr in (1e-2, 3e-3)]


def run(lr: float, seed: int) -> dict[str, float]:
    vae = trained({"name": NAME, "hidden": HIDDEN, "seed": seed} | TRAINING | {"lr": lr})
    x, noise = load("mnist").binarized(0).test.images[:IMAGES].flatten(1), torch.Generator().manual_seed(1)
    bound, evidence = bounds(vae, x, noise), log_evidence(vae, x)
    gap = evidence - bound
    found = {"elbo": bound.mean(), "log_p": evidence.mean(), "gap": gap.mean(), "gap_stderr": gap.std() / IMAGES**0.5}
    found |= {"gap_median": gap.median(), "gap_99": gap.quantile(0.99), "gap_worst": gap.max(), "above_10": (gap > 10).double().mean()}
    return {key: round(float(value), 3) for key, value in found.items()}


def trained(settings: dict) -> VAE:
    def train() -> VAE:
        vae = VAE(load("mnist").image_shape, 2, HIDDEN, seed=settings["seed"])
        fit(vae, load("mnist"), seed=settings["seed"], binarize=True, progress=False, **TRAINING | {"lr": settings["lr"]})
        return vae

    return kept(settings, VAE, train).requires_grad_(False)


@torch.no_grad()
def bounds(vae: VAE, x: Tensor, noise: torch.Generator) -> Tensor:
    return torch.cat([elbo(vae, part, n_samples=100, generator=noise).elbo.double() for part in x.split(50)])


def main() -> None:
    facts = {"hidden": "-".join(map(str, HIDDEN))} | {key: value for key, value in TRAINING.items() if key != "lr"}
    sweep("mnist_settings", run, SETTINGS, facts, workers(__doc__))


if __name__ == "__main__":
    main()

"""Notebook 11: what is it worth to tell encoder and decoder which digit the image shows? Paired with the plain VAE of four_ideas.py.

    python experiments/told_the_digit.py        what ideas_told.csv does not hold yet; --workers N

Digits, L = 2. Data, batches, steps, step size, networks and their first weights are those of the plain run with the same seed in
ideas_digits.csv; the label enters both networks as ten more inputs. Scored on all 359 test images: the ELBO of log p(x|y), exact log p(x|y)
and log p(x) = log Σ p(y) p(x|y) on a grid, p(y) from the training labels, and the share whose most probable label is right.
"""

from functools import partial
from types import SimpleNamespace

import torch
from four_ideas import HIDDEN, RATE, STEPS, bound, log_normal, on_grid, train
from sweep import sweep, workers
from torch import Tensor, nn

from vae_helpers import datasets
from vae_helpers.conditional import ConditionalVAE


class Told(nn.Module):
    """A conditional VAE with the labels of the images at hand; its weights are those of log p(x|y)."""

    def __init__(self, seed: int):
        super().__init__()
        self.vae, self.labels = ConditionalVAE((8, 8), 2, (HIDDEN["digits"]["mlp"],), seed=seed), None

    def log_weights(self, x: Tensor, n_samples: int, g: torch.Generator, stop: bool = False) -> tuple[Tensor, Tensor]:
        """log w, (K, batch), and the z it belongs to."""
        mu, logvar = self.vae.mu_logvar(x, self.labels)
        z = mu + (logvar / 2).exp() * torch.randn(n_samples, *mu.shape, generator=g)
        log_joint = self.vae.likelihood.log_prob(self.vae.outputs(z, self.labels), self.vae.flatten(x)) + standard(z)
        return log_joint - log_normal(z, mu, logvar), z


def standard(z: Tensor) -> Tensor:
    return log_normal(z, z.new_zeros(()), z.new_zeros(()))


@torch.no_grad()
def log_p_given(vae: ConditionalVAE, x: Tensor, digit: int) -> Tensor:
    """log p(x|y = digit) of each image, (batch,), on a grid."""
    told = SimpleNamespace(likelihood=vae.likelihood, outputs=partial(vae.outputs, labels=torch.tensor(digit)))
    return on_grid(SimpleNamespace(vae=told, log_prior=standard), x, 9.0, 301)[0]


def run(seed: int) -> dict:
    data, x = datasets.load("digits"), datasets.load("digits").binarized(0).test.images.flatten(1)
    model = Told(seed)
    train(model, data.train.images, "iwae", 1, STEPS["digits"], RATE["digits"], seed, labels=data.train.labels)
    model.labels = y = data.test.labels
    given = torch.stack([log_p_given(model.vae, x, digit) for digit in range(10)], 1)  # (batch, 10)
    joint = given + (data.train.labels.bincount() / len(data.train.labels)).log()
    found = {"elbo": bound(model, x, 1, 50), "log_given": given.gather(1, y[:, None]), "log_evidence": joint.logsumexp(1)}
    return {name: round(value.mean().item(), 4) for name, value in (found | {"right": (joint.argmax(1) == y).double()}).items()}


if __name__ == "__main__":
    facts = {"steps": STEPS["digits"], "rate": RATE["digits"], "hidden": HIDDEN["digits"]["mlp"]}
    sweep("ideas_told", run, [{"seed": seed} for seed in range(6)], facts, workers(__doc__))

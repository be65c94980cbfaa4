"""The clinic of notebook 10: Algorithm 1 with one switch thrown, and the ten patients that it made."""

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from ...datasets import binarize
from ...models import VAE
from ...training import History

ILLNESSES = (
    "KL averaged over latents",
    "reconstruction averaged over pixels",
    "lost ½",
    "KL forgotten",
    "log σ² used as σ",
    "(ε + μ) σ",
    "encoder cut off or β too large",
    "units dead",
    "logged with z = μ",
    "−KL logged as KL",
)


WARD = dict(zip("ABCDEFGHIJ", (4, 0, 7, 2, 9, 3, 8, 1, 5, 6), strict=True))  # letter → place in ILLNESSES: no reader should see this first
FILE = Path(__file__).with_name("patients.safetensors")  # weights and logs, by letter: python experiments/clinic.py ward


class Patient(NamedTuple):
    """What comes to the clinic: a trained model, the images it was trained on (binarized) and its log."""

    vae: VAE
    images: Tensor
    history: History


def admit(letter: str, images: Tensor) -> Patient:
    """Patient "A" … "J": a small VAE, trained on the digits' training images (N, 8, 8) with one switch thrown. Hand it those images."""
    if letter not in WARD:
        raise ValueError(f"expected the letter of a patient, one of {', '.join(WARD)}, got {letter!r}")
    own = {name[2:]: value for name, value in load_file(FILE).items() if name[0] == letter}
    history, vae = History(*own.pop("history").tolist(), stopped="finished"), untrained()
    vae.load_state_dict(own)
    return Patient(vae, binarize(images, torch.Generator().manual_seed(0)), history)


def untrained(seed: int = 0) -> VAE:
    """What every patient was before its training."""
    return VAE((8, 8), latent_dim=4, hidden=(64,), seed=seed)


def train(
    vae: VAE,
    images: Tensor,
    illness: str = "",
    epochs: int = 40,
    batch_size: int = 100,
    lr: float = 5e-3,
    seed: int = 0,
    binary: bool = True,
) -> History:
    """Train `vae` in place on images (N, H, W) in [0, 1], binarized anew in every batch, with the switch `illness` thrown ("": none).

    Returns the history as such code would log it, means over each epoch. Nothing here says that anything is wrong.
    """
    order, noise = (torch.Generator().manual_seed(1000 * seed + k) for k in (1, 2))
    if illness == "units dead":
        lr = 0.3
    optimizer = torch.optim.Adam(vae.parameters(), lr=lr)
    steps = epochs * -(-len(images) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, cycle_momentum=False)
    history = History()
    for _ in range(epochs):
        logged = []
        for batch in torch.randperm(len(images), generator=order).split(batch_size):
            x = (binarize(images[batch], noise) if binary else images[batch]).flatten(1)
            mu, logvar = vae.mu_logvar(x)
            eps = torch.randn(mu.shape, generator=noise)
            z = mu + (logvar / 2).exp() * eps
            if illness == "log σ² used as σ":
                z = mu + logvar * eps
            if illness == "σ² used as σ":
                z = mu + logvar.exp() * eps
            if illness == "(ε + μ) σ":
                z = (eps + mu) * (logvar / 2).exp()
            if illness == "encoder cut off or β too large":
                z = z.detach()
            reconstruction = vae.likelihood.log_prob(vae.outputs(z), x)
            kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
            if illness == "lost ½":
                kl = 2 * kl
            kl = kl.mean(-1) if illness == "KL averaged over latents" else kl.sum(-1)
            if illness == "reconstruction averaged over pixels":
                reconstruction = reconstruction / vae.pixels
            loss = -reconstruction if illness == "KL forgotten" else kl - reconstruction
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            schedule.step()
            if illness == "logged with z = μ":
                with torch.no_grad():
                    reconstruction = vae.likelihood.log_prob(vae.outputs(mu), x)
            sign = -1 if illness == "−KL logged as KL" else 1
            logged.append(torch.stack([reconstruction.detach().mean(), sign * kl.detach().mean()]))
        reconstruction, kl = torch.stack(logged).mean(0).tolist()
        history.reconstruction.append(reconstruction)
        history.kl.append(kl)
        history.elbo.append(reconstruction - kl)
    history.stopped = "finished"
    return history

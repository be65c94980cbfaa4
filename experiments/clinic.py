"""What is the chart worth on models that it was not tuned on? Fifty healthy ones and five of each of the ten illnesses (notebook 10).

    python experiments/clinic.py dev       models like those on which the thresholds were set: seeds from 0 on
    python experiments/clinic.py first     a hundred that were not: seeds from 1,000 on; what it missed there mended four rules
    python experiments/clinic.py fresh     a hundred more, on which nothing was mended: seeds from 2,000 on
    python experiments/clinic.py ward      the ten patients of the notebook, trained and written to the file that it admits them from

The seed draws the data (digits, or 5,000 images of MNIST), the number of latent dimensions, the hidden layers, their activation, the
likelihood, the step size and the number of epochs. The chart gets the model, its training images (binarized where training binarized) and
the log. Of a healthy model nothing was changed but these.
"""

import random
import sys

import torch
from safetensors.torch import save
from sweep import sweep
from trained import start_at_spread

from vae_helpers import clinic, datasets
from vae_helpers.files import write_beside_and_rename
from vae_helpers.lessons.nb10 import patients
from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE
from vae_helpers.training import History

HEALTHY = "healthy"
SAID = list(clinic.ILLNESSES)  # what the chart said is stored as its place in this list
COUNTS = {"dev": (12, 2), "first": (50, 5), "fresh": (50, 5)}  # healthy models, models of each illness
FIRST = {"dev": 0, "first": 1000, "fresh": 2000}  # seed


def run(illness: str, seed: int) -> dict:
    """Train one model and read its chart."""
    draw, digits = random.Random(seed), seed % 5 < 4
    data = datasets.load("digits" if digits else "mnist")
    images = data.train.images if digits else data.train.images[:5000]
    latent_dim = draw.choice((2, 3, 4, 6, 8, 12, 16, 32) if digits else (2, 4, 8, 16))
    hidden = draw.choice(((32,), (64,), (96,), (64, 32)) if digits else ((64,), (100,), (64, 32)))
    activation = "tanh" if illness != "units dead" and draw.random() < 0.2 else "relu"
    grey, sigma = draw.random() < 0.3, draw.choice(("shared", "shared", 0.2))
    vae = VAE(data.image_shape, latent_dim, hidden, Gaussian(sigma) if grey else "bernoulli", activation=activation, seed=seed)
    start_at_spread(vae, images)  # as 05 does it
    epochs, lr = draw.choice((30, 40, 50) if digits else (15, 20)), draw.choice((3e-3, 4e-3, 5e-3))
    history = patients.train(vae, images, "" if illness == HEALTHY else illness, epochs, 100, lr, seed, binary=not grey)
    seen = images if grey else datasets.binarize(images, torch.Generator().manual_seed(seed))
    found = clinic.chart(vae, seen, history)
    return {
        "mnist": int(not digits),
        "latent_dim": latent_dim,
        "layers": len(hidden),
        "widest": max(hidden),
        "tanh": int(activation == "tanh"),
        "gaussian": int(grey),
        "epochs": epochs,
        "lr": lr,
        "said": SAID.index(found.first),
        "kl": round(found.kl.mean, 3),
        "price_by_noise": round(found.price[0], 3),
        "price_by_mean": round(found.price[1], 3),
    }


def settings(which: str) -> list[dict]:
    """The models of a set: its healthy ones, then those of each illness."""
    healthy, each = COUNTS[which]
    names = [HEALTHY] * healthy + [name for name in patients.ILLNESSES for _ in range(each)]
    return [{"illness": name, "seed": FIRST[which] + i} for i, name in enumerate(names)]


def patient(letter: str) -> tuple[VAE, History]:
    """A patient of the notebook, made anew."""
    place = patients.WARD[letter]
    vae = patients.untrained(seed=place)
    return vae, patients.train(vae, datasets.load("digits").train.images, patients.ILLNESSES[place], seed=place)


def ward() -> None:
    parts = {}
    for letter in patients.WARD:
        vae, log = patient(letter)
        parts |= {f"{letter}.{name}": value for name, value in vae.state_dict().items()}
        parts[f"{letter}.history"] = torch.tensor([log.elbo, log.reconstruction, log.kl])
    write_beside_and_rename(patients.FILE, save(parts))


if __name__ == "__main__":
    torch.set_num_threads(1)
    ward() if sys.argv[1] == "ward" else sweep("clinic", run, settings(sys.argv[1]))

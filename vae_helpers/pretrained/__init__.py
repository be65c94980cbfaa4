"""Trained models that ship with the package, and what their cards say of them."""

import json
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from ..conditional import ConditionalVAE
from ..models import VAE, Autoencoder


class Codes(NamedTuple):
    """q(z|x) of N images and what they show. mean: (N, L); stddev: (N, L), or None for an autoencoder's codes; labels: int64 (N,)."""

    mean: Tensor
    stddev: Tensor | None
    labels: Tensor


class Member(NamedTuple):
    """One model of a shipped family, and what its card says of it: β, epoch, ELBO and its parts on held-out images."""

    vae: VAE
    facts: dict


def load(name: str) -> Autoencoder | VAE | ConditionalVAE:
    """A model that ships with the package: "mnist_vae_2d", "mnist_ae_2d", "mnist_vae_10d", "mnist_cvae_2d". ValueError for another name."""
    if "members" in (stated := card(name)):
        raise ValueError(f"{name!r} is a family of models: load it with pretrained.family({name!r})")
    kind = {"VAE": VAE, "Autoencoder": Autoencoder, "ConditionalVAE": ConditionalVAE}[stated["model"]]
    return kind.load(_shipped(f"{name}.safetensors"))


def codes(name: str) -> Codes:
    """What a shipped model makes of 1,000 of its test images, for pictures where the images themselves are not at hand.

    Which images, and whether they were binarized, says `card(name)["codes"]`. Raises ValueError for an unknown name.
    """
    from safetensors.torch import load_file

    if "codes" not in card(name):
        raise ValueError(f"no codes ship with {name!r}: encode its images, which need no network")
    stored = load_file(_shipped(f"{name}_codes.safetensors"))
    return Codes(stored["mean"], stored.get("stddev"), stored["labels"].long())


def family(name: str = "digits_beta") -> dict[tuple[float, int], Member]:
    """Small VAEs of the embedded 8×8 digits that differ only in β and in the epochs trained: (β, epoch) → model and facts.

    Their axes are laid alike: swapped and mirrored, which changes no distribution, so that the codes of one image stay near.
    Raises ValueError for an unknown name.
    """
    from safetensors.torch import load_file

    if "members" not in (stated := card(name)):
        raise ValueError(f"{name!r} is one model, not a family: load it with pretrained.load({name!r})")
    weights = load_file(_shipped(f"{name}.safetensors"))
    members = {}
    for facts in stated["members"]:
        vae, prefix = VAE(**stated["config"]), f"beta {facts['beta']:g} epoch {facts['epoch']}/"
        vae.load_state_dict({key.removeprefix(prefix): value.float() for key, value in weights.items() if key.startswith(prefix)})
        members[facts["beta"], facts["epoch"]] = Member(vae, facts)
    return members


def card(name: str) -> dict:
    """What a shipped model is: data, settings, seed, command, held-out bound ± standard error (the JSON file beside its weights)."""
    known = sorted(path.stem for path in _shipped("").glob("*.json"))
    if name not in known:
        raise ValueError(f"unknown pretrained model {name!r}: expected one of {', '.join(known)}")
    return json.loads(_shipped(f"{name}.json").read_text(encoding="utf-8"))


def _shipped(file: str) -> Path:
    return Path(__file__).parent / file

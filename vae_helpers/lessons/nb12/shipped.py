"""What ships of the paper's own models: the decoders of figure 4, in half precision, and what those of figure 5 drew from the prior.

No image of the data is among it. `experiments/paper_pictures.py` writes the file from the states of figure 2's trainings.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.distributions import Independent, Normal

FILE = Path(__file__).with_name("paper_models.safetensors")
SHAPES = {"mnist": (28, 28), "frey_faces": (28, 20)}


class Decoder(nn.Sequential):
    """Codes (…, 2) → pixel means (…, H·W), with what a view of a code plane asks of a model."""

    latent_dim, prior = 2, Independent(Normal(torch.zeros(2), torch.ones(2)), 1)

    def __init__(self, image_shape: tuple[int, int], hidden: int):
        super().__init__(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, image_shape[0] * image_shape[1]), nn.Sigmoid())
        self.image_shape = image_shape


def decoder(data: str) -> Decoder:
    """The decoder of AEVB's curve with two latent numbers. data: "mnist" or "frey_faces"."""
    with safe_open(FILE, "pt") as file:
        weights = {name.removeprefix(f"{data}."): file.get_tensor(name).float() for name in file.keys() if name.startswith(f"{data}.")}
    network = Decoder(SHAPES[data], len(weights["0.bias"]))
    network.load_state_dict(weights)
    return network.requires_grad_(False)


def manifold(data: str, z: Tensor) -> Tensor:
    """Decoded codes (…, 2) → (…, H, W)."""
    return (network := decoder(data))(z.float()).unflatten(-1, network.image_shape)


def drawn() -> dict[int, Tensor]:
    """Latent size → pixel means at 64 codes drawn from the prior, (64, 28, 28) in 256 grey levels: of AEVB's curves on MNIST."""
    with safe_open(FILE, "pt") as file:
        sizes = sorted(int(name.removeprefix("drawn ")) for name in file.keys() if name.startswith("drawn "))
        return {size: file.get_tensor(f"drawn {size}").float() / 255 for size in sizes}


def facts() -> dict[str, str]:
    """Of each model how many training images it had seen, with step size and seed; and the command and the versions of the file."""
    with safe_open(FILE, "pt") as file:
        return dict(file.metadata())

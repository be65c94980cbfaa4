"""Figures 4 and 5 of Kingma & Welling (2014): what ships with notebook 12 of the models that paper_bound.py trains.

    python experiments/paper_pictures.py    from the states in .cache/experiments/paper, wherever these trainings stand

Decoders with two latent numbers (means only, float16), and 64 decoded draws from the prior with 2, 5, 10 and 20 (a byte a pixel). No
pixel of the data is written, only what was learned from them.
"""

import json

import torch
from paper import waiting
from paper_bound import SHAPES, best_rate, start
from safetensors.torch import load_file, save
from sweep import command
from torch import Tensor

from vae_helpers import results, runtime
from vae_helpers.files import write_beside_and_rename
from vae_helpers.lessons.nb12 import shipped
from vae_helpers.models import VAE

SEED, N_DRAWN = 0, 64


def trained(data: str, latent_dim: int) -> tuple[VAE, str]:
    """The model of AEVB's curve where its training stands, and what to say of it. FileNotFoundError where there is none."""
    curve = {"data": data, "latent_dim": latent_dim, "algorithm": "AEVB"}
    curve |= {"step_size": best_rate(results.load("paper_rates"), curve), "seed": SEED}
    training, _ = start(**curve)
    training.restore(load_file(waiting(figure=2, **curve)))
    return training.vae, f"{training.samples:,} training images, step size {curve['step_size']}, seed {SEED}"


def means(vae: VAE) -> dict[str, Tensor]:
    """Weights of the decoder as far as the pixel means need them: a Gaussian's second half is log σ²."""
    weights, pixels = vae.decoder.state_dict(), vae.image_shape[0] * vae.image_shape[1]
    return {name: (w[:pixels] if name.startswith("2.") else w).half().contiguous() for name, w in weights.items()}


def draw(vae: VAE, latent_dim: int) -> Tensor:
    """Pixel means at codes from the prior, (N, H, W) in bytes."""
    z = torch.randn(N_DRAWN, latent_dim, generator=runtime.stream(SEED, latent_dim))
    return (255 * vae.mean_image(z)).round().to(torch.uint8)


def main() -> None:
    tensors, facts = {}, {}
    for data in SHAPES:
        vae, facts[data] = trained(data, 2)
        tensors |= {f"{data}.{name}": w for name, w in means(vae).items()}
    for size in (2, 5, 10, 20):
        vae, facts[f"drawn {size}"] = trained("mnist", size)
        tensors[f"drawn {size}"] = draw(vae, size)
    facts |= {"command": command(), "versions": json.dumps(runtime.versions())}
    write_beside_and_rename(shipped.FILE, save(tensors, facts))
    print(f"{shipped.FILE.name}: {shipped.FILE.stat().st_size / 1e6:.2f} MB", facts)


if __name__ == "__main__":
    main()

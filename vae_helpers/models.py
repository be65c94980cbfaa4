"""`Autoencoder` and `VAE`: encoder → code or q(z|x), decoder → image or p(x|z); saved as safetensors, never pickle."""

import json
import os
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from . import likelihoods
from .files import write_beside_and_rename
from .inputs import whole_number
from .networks import ACTIVATIONS, NETWORKS


class _ImageModel(nn.Module):
    """What both models share: shapes, the two networks, saving and loading."""

    def __init__(self, image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs: int, pixel_outputs: int):
        super().__init__()
        self.image_shape, self.latent_dim = _check_shape(image_shape), whole_number("latent_dim", latent_dim)
        hidden = tuple(whole_number("hidden", h) for h in (hidden if isinstance(hidden, Iterable) else (hidden,)))
        _check_known("activation", activation, ACTIVATIONS)
        _check_known("network", network, NETWORKS)
        self.config = {
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "hidden": list(hidden),
            "network": network,
            "activation": activation,
        }
        with _seeded(seed):
            self.encoder, self.decoder = NETWORKS[network](
                self.image_shape, self.latent_dim, hidden, ACTIVATIONS[activation], encoder_outputs, pixel_outputs
            )

    @property
    def pixels(self) -> int:
        """D, the number of pixels."""
        return self.image_shape[0] * self.image_shape[1]

    def flatten(self, x: Tensor) -> Tensor:
        """Images (batch, H, W) or (batch, D) → (batch, D). Raises ValueError for any other shape."""
        height, width = self.image_shape
        if x.shape[1:] != self.image_shape and x.shape[1:] != (self.pixels,):
            one_image = tuple(x.shape) == self.image_shape
            advice = "add the batch axis with x[None]" if one_image else "use the data it was built for, or build a model for these"
            raise ValueError(
                f"expected images of shape (batch, {height}, {width}) or (batch, {self.pixels}), got {tuple(x.shape)}: {advice}"
            )
        return x.reshape(len(x), self.pixels)

    def outputs(self, z: Tensor) -> Tensor:
        """Codes (…, L) → the decoder network's numbers (…, D·n_outputs). Raises ValueError for codes of another length."""
        if z.ndim == 0 or z.shape[-1] != self.latent_dim:
            raise ValueError(f"expected codes of shape (…, {self.latent_dim}), got {tuple(z.shape)}")
        return self.decoder(z.reshape(-1, self.latent_dim)).reshape(*z.shape[:-1], -1)  # convolutions take one batch axis only

    def save(self, path: str | os.PathLike) -> None:
        """Write weights and configuration to a safetensors file: beside it first and then renamed, so that no half file is left."""
        from safetensors.torch import save

        path = Path(path)
        metadata = {"format": "vae_helpers", "model": type(self).__name__, "config": json.dumps(self.config)}
        write_beside_and_rename(path, save({k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}, metadata))

    @classmethod
    def load(cls, path: str | os.PathLike):
        """The model saved at `path`. Raises FileNotFoundError, or ValueError for a file that is broken, foreign or of another model."""
        from safetensors import SafetensorError, safe_open

        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"expected a model saved with .save() at {path}, found no such file")
        try:
            with safe_open(path, framework="pt") as file:
                metadata, weights = file.metadata() or {}, {k: file.get_tensor(k) for k in file.keys()}
        except SafetensorError as error:
            raise ValueError(f"{path} is not a whole safetensors file ({error}): it was left as it is; save or fetch it again") from error
        if metadata.get("format") != "vae_helpers":
            raise ValueError(f"{path} holds tensors, but was not written by this package's .save(): it names no model to build")
        if metadata["model"] != cls.__name__:
            raise ValueError(
                f"{path} holds a model of class {metadata['model']}, expected {cls.__name__}: load it with {metadata['model']}.load"
            )
        model = cls(**json.loads(metadata["config"]))
        shapes = {k: tuple(v.shape) for k, v in weights.items()}
        expected = {k: tuple(v.shape) for k, v in model.state_dict().items()}
        if shapes != expected:
            wrong = sorted(k for k in shapes.keys() | expected.keys() if shapes.get(k) != expected.get(k))
            raise ValueError(f"{path}: {wrong[0]} should have shape {expected.get(wrong[0])}, got {shapes.get(wrong[0])}")
        model.load_state_dict({k: v.float() for k, v in weights.items()})
        return model


class Autoencoder(_ImageModel):
    """x → code (L numbers) → image. No probability in it: notebook 01.

    image_shape (H, W); latent_dim L; hidden: sizes of the hidden layers (encoder; the decoder mirrors them); network "mlp" or
    "conv"; activation "relu" or "tanh"; seed: fixes the initial weights. Raises ValueError for sizes below 1 or unknown names.
    """

    def __init__(self, image_shape=(8, 8), latent_dim=2, hidden=(256,), network="mlp", activation="relu", seed=None):
        super().__init__(image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs=1, pixel_outputs=1)

    def encode(self, x: Tensor) -> Tensor:
        """Images (batch, H, W) or (batch, D) → codes (batch, L)."""
        return self.encoder(self.flatten(x))

    def decode(self, z: Tensor) -> Tensor:
        """Codes (…, L) → images (…, H, W), pixels in (0, 1)."""
        return self.outputs(z).sigmoid().unflatten(-1, self.image_shape)

    @torch.no_grad()
    def mean_image(self, z: Tensor) -> Tensor:
        """Codes (…, L) → images (…, H, W), without a gradient: the same call as a VAE's, for pictures."""
        return self.decode(z)


class VAE(_ImageModel):
    """Prior N(0, I), encoder → q(z|x) = N(μ, diag σ²), decoder → p(x|z) (Kingma & Welling 2014).

    image_shape (H, W); latent_dim L; hidden: sizes of the hidden layers (encoder; the decoder mirrors them); likelihood: a name or
    an instance from `likelihoods`; network "mlp" or "conv"; activation "relu" or "tanh"; seed: fixes the initial weights.
    Raises ValueError for sizes below 1 or unknown names.
    """

    def __init__(
        self, image_shape=(8, 8), latent_dim=2, hidden=(256,), likelihood="bernoulli", network="mlp", activation="relu", seed=None
    ):
        likelihood = likelihoods.make(likelihood)
        super().__init__(image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs=2, pixel_outputs=likelihood.n_outputs)
        self.likelihood = likelihood
        self.config["likelihood"] = likelihood.config
        self.register_buffer("_zero", torch.zeros(self.latent_dim), persistent=False)

    @property
    def prior(self) -> Distribution:
        """p(z) = N(0, I), event_shape (L,)."""
        return Independent(Normal(self._zero, torch.ones_like(self._zero), validate_args=False), 1, validate_args=False)

    def encode(self, x: Tensor) -> Distribution:
        """Images (batch, H, W) or (batch, D) → q(z|x), batch_shape (batch,), event_shape (L,)."""
        mu, logvar = self.mu_logvar(x)
        return Independent(Normal(mu, (logvar / 2).exp(), validate_args=False), 1, validate_args=False)

    def mu_logvar(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (batch, H, W) or (batch, D) → the parameters of q(z|x): μ and log σ², each (batch, L)."""
        return self.encoder(self.flatten(x)).chunk(2, -1)

    def decode(self, z: Tensor) -> Distribution:
        """Codes (…, L) → p(x|z), batch_shape (…,), event_shape (D,)."""
        return self.likelihood(self.outputs(z))

    @torch.no_grad()
    def mean_image(self, z: Tensor) -> Tensor:
        """Codes (…, L) → pixel means E[x|z], (…, H, W), without a gradient."""
        return self.likelihood.mean(self.outputs(z)).unflatten(-1, self.image_shape)


@contextmanager
def _seeded(seed: int | None):
    """Draw initial weights from `seed` and leave the global stream where it was; with None, draw from the global stream."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _check_shape(image_shape) -> tuple[int, int]:
    shape = tuple(image_shape)
    if len(shape) != 2:
        raise ValueError(f"image_shape must be (height, width), got {shape}: colour channels are not supported")
    return tuple(whole_number("image_shape", n) for n in shape)


def _check_known(name: str, value, known) -> None:
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}: expected one of {', '.join(known)}")

"""`Autoencoder` and `VAE`: encoder → code or q(z|x), decoder → image or p(x|z); saved as safetensors, never pickle."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from . import likelihoods
from .files import write_beside_and_rename
from .inputs import ArrayLike, check_finite, check_known, check_no_grey_levels, codes, image_rows, in_short, tensor_of, whole_number
from .networks import ACTIVATIONS, NETWORKS
from .runtime import seeded

FLOATS_AT_ONCE = 2**22  # 16 MB in float32: about the largest tensor of a pass that goes in pieces


class _ImageModel(nn.Module):
    """What both models share: shapes, the two networks, the front door for images and codes, saving and loading."""

    def __init__(self, image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs: int, pixel_outputs: int):
        super().__init__()
        self.image_shape, self.latent_dim = _check_shape(image_shape), whole_number("latent_dim", latent_dim)
        hidden = tuple(whole_number("hidden", h) for h in (hidden if _is_row(hidden) else (hidden,)))
        check_known("activation", activation, ACTIVATIONS)
        check_known("network", network, NETWORKS)
        self.config = {
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "hidden": list(hidden),
            "network": network,
            "activation": activation,
        }
        with seeded(seed):
            self.encoder, self.decoder = NETWORKS[network](
                self.image_shape, self.latent_dim, hidden, ACTIVATIONS[activation], encoder_outputs, pixel_outputs
            )
        self._n_outputs = self.pixels * pixel_outputs
        self.register_buffer("_zero", torch.zeros(self.latent_dim), persistent=False)  # the prior's mean; knows the dtype and the device

    @property
    def pixels(self) -> int:
        """D, the number of pixels."""
        return self.image_shape[0] * self.image_shape[1]

    def flatten(self, x: ArrayLike) -> Tensor:
        """Images (batch, H, W), (batch, 1, H, W) or (batch, D), a tensor, an array or a list → (batch, D), as the networks take them.

        Raises ValueError or TypeError for another shape or number type, no image, and pixels that this model cannot have seen.
        """
        x = image_rows(x, self.image_shape, self._zero)
        self.check(x)
        return x

    def check(self, x: Tensor) -> None:
        """Raise ValueError unless the pixels of x (batch, D) are such as this model takes."""
        raise NotImplementedError

    def outputs(self, z: ArrayLike) -> Tensor:
        """Codes (…, L) → the decoder network's numbers (…, D·n_outputs). Raises ValueError for codes of another length, or none."""
        z = codes(z, self.latent_dim, self._zero)
        return self.decoder(z.reshape(-1, self.latent_dim)).reshape(*z.shape[:-1], -1)  # convolutions take one batch axis only

    def forward(self, *_) -> None:
        """A model is not called itself: NotImplementedError names what is."""
        raise NotImplementedError("a model is not called itself: use .encode(x) and .decode(z); a VAE's bound is objectives.elbo(vae, x)")

    def images_at_once(self, n_samples: int = 1) -> int:
        """How many images keep the largest tensors of one pass, with n_samples codes an image, at about 16 MB (float32)."""
        floats = self._n_outputs + sum(self.config["hidden"]) + (self.config["network"] == "conv") * 8 * self.pixels
        return max(1, FLOATS_AT_ONCE // (floats * n_samples))

    def save(self, path: str | os.PathLike) -> None:
        """Write weights and configuration to a safetensors file: beside it first and then renamed, so that no half file is left."""
        from safetensors.torch import save

        path = Path(path).expanduser()
        metadata = {"format": "vae_helpers", "model": type(self).__name__, "config": json.dumps(self.config)}
        write_beside_and_rename(path, save({k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}, metadata))

    @classmethod
    def load(cls, path: str | os.PathLike, likelihood: likelihoods.Likelihood | None = None) -> Self:
        """The model saved at `path`. Raises FileNotFoundError, or ValueError for a file that is broken, foreign or of another model.

        likelihood: for a VAE whose likelihood is of your own class, an instance of that class.
        """
        from safetensors import SafetensorError, safe_open

        path = Path(path).expanduser()
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
        config = json.loads(metadata["config"])
        if likelihood is not None and config.get("likelihood") != (came := likelihoods.config_of(likelihoods.make(likelihood))):
            raise ValueError(f"{path} was saved with likelihood {config.get('likelihood')}, got {came}: leave it out or hand over the same")
        model = cls(**config | ({} if likelihood is None else {"likelihood": likelihood}))
        shapes = {k: tuple(v.shape) for k, v in weights.items()}
        expected = {k: tuple(v.shape) for k, v in model.state_dict().items()}
        if shapes != expected:
            wrong = sorted(k for k in shapes.keys() | expected.keys() if shapes.get(k) != expected.get(k))
            raise ValueError(f"{path}: {wrong[0]} should have shape {expected.get(wrong[0])}, got {shapes.get(wrong[0])}")
        model.load_state_dict({k: v.float() for k, v in weights.items()})
        return model


class Autoencoder(_ImageModel):
    """x → code (L numbers) → image. No probability in it: notebook 01.

    Images may have pixels beyond [0, 1], such as noisy ones; grey levels 0 … 255 are refused.
    image_shape (H, W); latent_dim L; hidden: sizes of the hidden layers (encoder; the decoder mirrors them); network "mlp" or
    "conv"; activation "relu" or "tanh"; seed: fixes the initial weights. Raises ValueError for sizes below 1 or unknown names.
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (8, 8),
        latent_dim: int = 2,
        hidden: Sequence[int] | int = (256,),
        network: str = "mlp",
        activation: str = "relu",
        seed: int | None = None,
    ):
        super().__init__(image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs=1, pixel_outputs=1)

    def check(self, x: Tensor) -> None:
        check_no_grey_levels(x)

    def encode(self, x: ArrayLike) -> Tensor:
        """Images (batch, H, W) or (batch, D) → codes (batch, L)."""
        return self.encoder(self.flatten(x))

    def decode(self, z: ArrayLike) -> Tensor:
        """Codes (…, L) → images (…, H, W), pixels in (0, 1)."""
        return self.outputs(finite_codes(z)).sigmoid().unflatten(-1, self.image_shape)

    @torch.no_grad()
    def mean_image(self, z: ArrayLike) -> Tensor:
        """Codes (…, L) → images (…, H, W), without a gradient: the same call as a VAE's, for pictures."""
        return self.decode(z)


class VAE(_ImageModel):
    """Prior N(0, I), encoder → q(z|x) = N(μ, diag σ²), decoder → p(x|z) (Kingma & Welling 2014).

    image_shape (H, W); latent_dim L; hidden: sizes of the hidden layers (encoder; the decoder mirrors them); likelihood: a name or
    an instance from `likelihoods`; network "mlp" or "conv"; activation "relu" or "tanh"; seed: fixes the initial weights.
    Raises ValueError for sizes below 1 or unknown names.
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (8, 8),
        latent_dim: int = 2,
        hidden: Sequence[int] | int = (256,),
        likelihood: str | dict | likelihoods.Likelihood = "bernoulli",
        network: str = "mlp",
        activation: str = "relu",
        seed: int | None = None,
    ):
        likelihood = likelihoods.make(likelihood)
        super().__init__(image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs=2, pixel_outputs=likelihood.n_outputs)
        self.likelihood = likelihood
        self.config["likelihood"] = likelihoods.config_of(likelihood)
        likelihoods.check(likelihood, self.pixels)

    @property
    def prior(self) -> Distribution:
        """p(z) = N(0, I), event_shape (L,)."""
        return Independent(Normal(self._zero, torch.ones_like(self._zero), validate_args=False), 1, validate_args=False)

    def check(self, x: Tensor) -> None:
        self.likelihood.check(x)

    def encode(self, x: ArrayLike) -> Distribution:
        """Images (batch, H, W) or (batch, D) → q(z|x), batch_shape (batch,), event_shape (L,)."""
        mu, logvar = self.mu_logvar(x)
        return Independent(Normal(mu, (logvar / 2).exp(), validate_args=False), 1, validate_args=False)

    def mu_logvar(self, x: ArrayLike) -> tuple[Tensor, Tensor]:
        """Images (batch, H, W) or (batch, D) → the parameters of q(z|x): μ and log σ², each (batch, L)."""
        return self.encoder(self.flatten(x)).chunk(2, -1)

    def decode(self, z: ArrayLike) -> Distribution:
        """Codes (…, L) → p(x|z), batch_shape (…,), event_shape (D,)."""
        return self.likelihood(self.outputs(finite_codes(z)))

    @torch.no_grad()
    def mean_image(self, z: ArrayLike) -> Tensor:
        """Codes (…, L) → pixel means E[x|z], (…, H, W), without a gradient."""
        return self.likelihood.mean(self.outputs(finite_codes(z))).unflatten(-1, self.image_shape)


def finite_codes(z: ArrayLike) -> Tensor:
    """Codes as a tensor. Raises ValueError for NaN and infinity."""
    z = tensor_of(z, "codes")
    check_finite(z, "codes")
    return z


def check_model(model: object, *kinds: type) -> None:
    """Raise TypeError, with what to do, unless `model` is of one of these kinds: VAE, Autoencoder."""
    if isinstance(model, kinds):
        return
    inner = next((name for name in ("_orig_mod", "module", "vae") if hasattr(model, name)), "")  # torch.compile, DataParallel, a Member
    advice = "build one first, VAE(…)" if isinstance(model, type) else "the model comes first, then the images"
    if isinstance(model, str | os.PathLike):
        advice = "load it first, pretrained.load(name) or VAE.load(path)"
    elif isinstance(getattr(model, inner, None), _ImageModel):
        advice = f"hand over the model inside it, .{inner}"
    elif isinstance(model, VAE | Autoencoder):
        advice = "an autoencoder has objectives.squared_error and no ELBO, a VAE has objectives.elbo"
    elif isinstance(model, nn.Module):
        advice = "write the objective and the loop of a model of your own out, as notebooks 01 and 07 do"
    raise TypeError(f"expected a model of class {' or '.join(kind.__name__ for kind in kinds)}, got {type(model).__name__}: {advice}")


def _check_shape(image_shape) -> tuple[int, int]:
    shape = tuple(image_shape) if _is_row(image_shape) else (image_shape,)
    if len(shape) == 3 and 1 in (shape[0], shape[-1]):  # a channel axis of length one
        shape = shape[1:] if shape[0] == 1 else shape[:-1]
    if len(shape) != 2:
        advice = ": of images (N, H, W) it is images.shape[1:]; colour channels are not supported, use grey ones" if len(shape) > 2 else ""
        raise ValueError(f"image_shape must be (height, width), got {in_short(image_shape)}{advice}")
    return tuple(whole_number("image_shape", n) for n in shape)


def _is_row(value) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str) and getattr(value, "ndim", 1) > 0

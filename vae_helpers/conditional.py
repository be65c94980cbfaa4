"""`ConditionalVAE`: a VAE that is told what the image shows, so that z holds the rest (Sohn, Lee & Yan 2015)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from . import likelihoods
from .inputs import MOST_SEED, ArrayLike, check_broadcast, codes, tensor_of, whole_number
from .models import VAE, _ImageModel, finite_codes
from .runtime import seeded


class ConditionalVAE(_ImageModel):
    """Prior N(0, I), encoder → q(z|x, y) = N(μ, diag σ²), decoder → p(x|z, y), with y one of `n_labels` kinds, 0, 1, …

    y enters both networks as a row of zeros with one 1, beside x or z: as much as to say that each kind has first biases of its own.
    image_shape (H, W); latent_dim L; hidden: sizes of the hidden layers of the encoder, at least one; the decoder mirrors them; likelihood:
    a name or an instance from `likelihoods`; activation "relu" or "tanh"; seed: fixes the initial weights. Raises ValueError for sizes
    below 1 and unknown names, and for labels that are none of 0 … n_labels − 1.
    """

    def __init__(
        self,
        image_shape=(8, 8),
        latent_dim=2,
        hidden=(256,),
        likelihood="bernoulli",
        n_labels=10,
        network="mlp",
        activation="relu",
        seed=None,
    ):
        likelihood = likelihoods.make(likelihood)
        super().__init__(image_shape, latent_dim, hidden, network, activation, seed, encoder_outputs=2, pixel_outputs=likelihood.n_outputs)
        if network != "mlp" or not self.config["hidden"]:
            got = f"{network!r}, {tuple(self.config['hidden'])}"
            raise ValueError(f'the label goes into a dense layer beside z: expected network "mlp" and hidden layers, got {got}')
        self.likelihood, self.n_labels = likelihood, whole_number("n_labels", n_labels)
        self.config |= {"likelihood": likelihoods.config_of(likelihood), "n_labels": self.n_labels}
        likelihoods.check(likelihood, self.pixels)
        with seeded(None if seed is None else (seed + 1) % (MOST_SEED + 1)):
            self.label_to_encoder = nn.Linear(self.n_labels, self.encoder[0].out_features, bias=False)
            self.label_to_decoder = nn.Linear(self.n_labels, self.decoder[0].out_features, bias=False)

    def check(self, x: Tensor) -> None:
        self.likelihood.check(x)

    def mu_logvar(self, x: ArrayLike, labels: ArrayLike | int) -> tuple[Tensor, Tensor]:
        """Images (batch, H, W) or (batch, D) with labels (batch,) or one → the parameters of q(z|x, y): μ and log σ², each (batch, L)."""
        x, labels = self.flatten(x), tensor_of(labels, "labels")
        if tuple(labels.shape) not in ((), (1,), (len(x),)):
            raise ValueError(f"expected a label for each image, ({len(x)},), or one for all, got shape {tuple(labels.shape)}")
        first = self.encoder[0](x) + self.label_to_encoder(self._one_hot(labels))
        return self.encoder[1:](first).chunk(2, -1)

    def encode(self, x: ArrayLike, labels: ArrayLike | int) -> Distribution:
        """Images (batch, H, W) or (batch, D) with labels (batch,) or one → q(z|x, y), batch_shape (batch,), event_shape (L,)."""
        mu, logvar = self.mu_logvar(x, labels)
        return Independent(Normal(mu, (logvar / 2).exp(), validate_args=False), 1, validate_args=False)

    def outputs(self, z: ArrayLike, labels: ArrayLike | int) -> Tensor:
        """Codes (…, L) with labels that broadcast against (…) → the decoder network's numbers (…, D·n_outputs)."""
        z, labels = codes(z, self.latent_dim, self._zero), tensor_of(labels, "labels")
        check_broadcast(labels=labels.shape, codes=z.shape[:-1])
        first = self.decoder[0](z) + self.label_to_decoder(self._one_hot(labels))
        return self.decoder[1:](first)

    def decode(self, z: ArrayLike, labels: ArrayLike | int) -> Distribution:
        """Codes (…, L) with labels that broadcast against (…) → p(x|z, y), batch_shape (…,), event_shape (D,)."""
        return self.likelihood(self.outputs(finite_codes(z), labels))

    @torch.no_grad()
    def mean_image(self, z: ArrayLike, labels: ArrayLike | int) -> Tensor:
        """Codes (…, L) with labels that broadcast against (…) → pixel means E[x|z, y], (…, H, W), without a gradient."""
        return self.likelihood.mean(self.outputs(finite_codes(z), labels)).unflatten(-1, self.image_shape)

    def told(self, labels: ArrayLike) -> VAE:
        """A VAE of the images with these labels, (batch,): what it is asked of images, or of codes (…, n, L), is about the first n of them.

        It shares the weights, but what the labels add is as it is now. Raises ValueError for labels that are none of 0 … n_labels − 1.
        """
        return _Told(self, tensor_of(labels, "labels"))

    def _one_hot(self, labels: Tensor) -> Tensor:
        if labels.is_floating_point() or labels.numel() == 0 or not 0 <= labels.min() <= labels.max() < self.n_labels:
            raise ValueError(f"expected whole numbers from 0 to {self.n_labels - 1} as labels, got {labels.flatten()[:5].tolist()}")
        return F.one_hot(labels.long(), self.n_labels).to(self._zero)


class _FirstLayer(nn.Module):
    """That of a network which is told what each image shows: the labels' part is added, row by row, from the first image on."""

    def __init__(self, layer: nn.Module, told: Tensor):
        super().__init__()
        self.layer, self.told = layer, told

    def forward(self, h: Tensor) -> Tensor:
        return self.layer(h) + self.told[: h.shape[-2]]


class _Told(VAE):
    """A conditional VAE with the labels of the images at hand, so that it can be asked like any other, of the first so many of them."""

    def __init__(self, model: ConditionalVAE, labels: Tensor):
        super().__init__(**{key: value for key, value in model.config.items() if key != "n_labels"})
        self.likelihood, kinds = model.likelihood, model._one_hot(labels)
        with torch.no_grad():
            self.encoder = nn.Sequential(_FirstLayer(model.encoder[0], model.label_to_encoder(kinds)), *model.encoder[1:])
            self.decoder = nn.Sequential(_FirstLayer(model.decoder[0], model.label_to_decoder(kinds)), *model.decoder[1:])
        self._zero = model._zero

    def outputs(self, z: ArrayLike) -> Tensor:
        return self.decoder(z)

"""The chart of a trained VAE: `chart(vae, images, history)` measures it, compares it with its own log, and says what to look at first.

It knows nothing of how the model was trained: images, weights and log have to tell. Each sign is a number, what is usual for it, and the
illness for which it speaks when it is not; the first that speaks, in the order in which one hides another, names the illness. Notebook 10
says what the chart is worth on models on which its thresholds were not set.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..conditional import ConditionalVAE
from ..evaluation import Estimate, estimate
from ..inputs import MOST_SEED, ArrayLike, in_short, whole_number
from ..models import VAE, check_model
from ..training import History
from .drawing import draw
from .measuring import examined, measure, told
from .signs import ILLNESSES, NOTHING, Sign, signs

__all__ = ["ILLNESSES", "NOTHING", "Chart", "Sign", "chart", "draw"]


class Chart(NamedTuple):
    """What `chart` found. first: the name of the illness to look at first, or "nothing to report"; advice: where to look.

    elbo, reconstruction, kl, at_mean (reconstruction at z = μ), bound (importance-weighted): means ± standard error over images, nats per
    image. kl_each: (L,). price: what a nat of KL was worth in training, read from the noise and from the means.
    """

    first: str
    advice: str
    signs: list[Sign]
    elbo: Estimate
    reconstruction: Estimate
    kl: Estimate
    at_mean: Estimate
    bound: Estimate
    kl_each: Tensor
    price: tuple[float, float]
    pictures: dict[str, Tensor]
    history: History | None

    def __str__(self) -> str:
        lines = (f"{'→' if sign.illness else ' '} {sign.name:<34} {sign.value:<22} usual: {sign.usual}" for sign in self.signs)
        return "\n".join([f"Look first at: {self.first}. {self.advice}", *lines])

    __repr__ = __str__


def chart(
    vae: VAE | ConditionalVAE,
    images: ArrayLike,
    history: History | None = None,
    n_samples: int = 20,
    seed: int = 0,
    labels: ArrayLike | None = None,
) -> Chart:
    """Examine `vae` on images (N, H, W), at most 5,000 of them, evenly picked, and its log. Takes any pixels and says if they are wrong.

    Give it the images that the log speaks of, as the model saw them: training images, binarized where training binarizes (grey ones under
    a Bernoulli are binarized here if that agrees better with the log). n_samples: draws of z an image, fewer where there are many pixels.
    labels: what a ConditionalVAE is told of each image, (N,). Raises TypeError for what is no VAE, ValueError for fewer than two images,
    another shape, and labels that do not fit.
    """
    check_model(vae, VAE, ConditionalVAE)
    vae = told(vae, images, labels)
    if not isinstance(history, History | None):
        raise TypeError(f"expected the log as a History, as training.fit returns it, got {in_short(history)}")
    n_samples, seed = whole_number("n_samples", n_samples), whole_number("seed", seed, least=0, most=MOST_SEED)
    x, pixels = examined(vae, images, history, seed)
    found = measure(vae, x, n_samples, seed)
    all_signs = [Sign("pixels", pixels.described, "0 to 1", pixels.illness), *signs(vae, found, history)]
    first = next((sign.illness for sign in all_signs if sign.illness), NOTHING)
    z = torch.randn(len(x[:10]), vae.latent_dim, generator=torch.Generator().manual_seed(seed)).to(x)
    rows = {"images": x[:10], "rebuilt": vae.mean_image(found.mu[:10]), "from prior": vae.mean_image(z)}
    pictures = {name: row.reshape(-1, *vae.image_shape).cpu() for name, row in rows.items()}
    kl = found.kl.sum(-1)
    numbers = (estimate(v) for v in (found.reconstruction - kl, found.reconstruction, kl, found.at_mean, found.bound))
    return Chart(first, ILLNESSES[first], all_signs, *numbers, found.kl.mean(0).cpu(), found.price, pictures, history)

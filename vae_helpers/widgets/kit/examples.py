"""Images that a view starts from: small pictures to choose among, each with its code, encoded once when the view is made.

So any encoder will do, the codes are PyTorch's own, and a page without a kernel has them too.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

MOST_EXAMPLES = 20  # more do not fit in a row


class Examples(NamedTuple):
    """Images (n, H, W) in [0, 1], their codes (n, L), float32 on the CPU, and a name for each: "image 3 (label 7)"."""

    images: Tensor
    codes: Tensor
    names: list[str]

    @property
    def traits(self) -> dict:
        """What the browser gets (read by static/examples.js): grey levels as bytes, codes as float32, names."""
        levels = (255 * self.images.clamp(0, 1)).round().to(torch.uint8)
        codes = self.codes.numpy().astype("<f4").tobytes()
        return {"example_images": levels.numpy().tobytes(), "example_codes": codes, "example_names": self.names}


@torch.no_grad()
def read_examples(model: nn.Module, examples: Tensor, labels: Tensor | Sequence | None, latent_dim: int, at_least: int = 1) -> Examples:
    """Examples from images (n, H, W) or (n, D), which ``model`` encodes (a VAE: z = μ), or from codes (n, L), which it decodes.

    Raises ValueError for another shape or number of them, NaN, pixels outside [0, 1], labels of another number.
    """
    examples = torch.as_tensor(examples).detach().float()
    image_shape = tuple(getattr(model, "image_shape", ())) if hasattr(model, "encode") else ()
    are_codes = examples.shape[1:] == (latent_dim,)
    if not are_codes and tuple(examples.shape[1:]) not in (image_shape, (torch.Size(image_shape).numel(),)):
        images = f"images of shape (n, {', '.join(map(str, image_shape))}) or " if image_shape else ""
        why = "" if image_shape else ": this network has no encoder for images"
        raise ValueError(f"Expected {images}codes of shape (n, {latent_dim}) as examples, got {tuple(examples.shape)}{why}.")
    if not at_least <= len(examples) <= MOST_EXAMPLES:
        raise ValueError(f"Expected {at_least} to {MOST_EXAMPLES} examples, got {len(examples)}: pass a few, such as images[:10].")
    if not examples.isfinite().all():
        raise ValueError("Expected finite examples, got NaN or infinity among them: look at where they come from.")
    if not are_codes and (examples.min() < 0 or examples.max() > 1):
        low, high = examples.min().item(), examples.max().item()
        raise ValueError(f"Expected images with pixels in [0, 1], got {low:g} to {high:g}: divide by the largest grey level.")
    examples = examples.to(next(model.parameters()).device)
    if are_codes:
        codes = examples
        images = model.mean_image(codes) if hasattr(model, "mean_image") else model(codes)
        images = images.reshape(len(codes), (getattr(model, "image_shape", None) or _side(images))[0], -1)
    else:
        codes, images = model.encode(examples), examples.reshape(-1, *image_shape)
        codes = codes if isinstance(codes, Tensor) else codes.mean
    if not codes.isfinite().all():
        raise ValueError("The encoder puts out NaN or infinity for these examples: train the model again, with a smaller learning rate.")
    return Examples(images.cpu(), codes.float().cpu(), _names(labels, len(codes)))


def _names(labels: Tensor | Sequence | None, n: int) -> list[str]:
    labels = None if labels is None else list(labels.tolist() if hasattr(labels, "tolist") else labels)
    if labels is not None and len(labels) != n:
        raise ValueError(f"Expected one label an example, got {n} examples and {len(labels)} labels.")
    return [f"image {k + 1}" + ("" if labels is None else f" (label {labels[k]})") for k in range(n)]


def _side(flat: Tensor) -> tuple[int]:
    return (round(flat.shape[1] ** 0.5),)  # DecoderView refuses what is not square

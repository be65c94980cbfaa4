"""Encoder and decoder networks: plain stacks of layers that `widgets.kit.pack` can ship for the browser."""

from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
# encoder (batch, D) → (batch, L·encoder_outputs), and decoder (batch, L) → (batch, D·pixel_outputs)
Pair = tuple[nn.Sequential, nn.Sequential]
CHANNELS = (16, 32)  # of the two convolutions; each halves the height and the width


def mlp(
    image_shape: tuple[int, int],
    latent_dim: int,
    hidden: tuple[int, ...],
    activation: type[nn.Module],
    encoder_outputs: int,
    pixel_outputs: int,
) -> Pair:
    """D → hidden → L·encoder_outputs, and back: L → hidden reversed → D·pixel_outputs."""
    pixels = image_shape[0] * image_shape[1]

    def stack(sizes):
        layers = [layer for a, b in zip(sizes, sizes[1:], strict=False) for layer in (nn.Linear(a, b), activation())]
        return nn.Sequential(*layers[:-1])

    return stack([pixels, *hidden, latent_dim * encoder_outputs]), stack([latent_dim, *reversed(hidden), pixels * pixel_outputs])


def conv(
    image_shape: tuple[int, int],
    latent_dim: int,
    hidden: tuple[int, ...],
    activation: type[nn.Module],
    encoder_outputs: int,
    pixel_outputs: int,
) -> Pair:
    """Two convolutions of stride two, then linear layers of the `hidden` sizes; the decoder is its mirror image.

    Raises ValueError for a height or width that 4 does not divide, and for more than two numbers a pixel.
    """
    height, width = image_shape
    if height % 4 or width % 4:
        raise ValueError(
            f'network "conv" halves the image twice: expected a height and a width divisible by 4, got {height} × {width}: use "mlp"'
        )
    if pixel_outputs > 2:
        raise ValueError(f'network "conv" puts out 1 or 2 numbers a pixel, this likelihood needs {pixel_outputs}: use "mlp"')
    first, second = CHANNELS
    small = (second, height // 4, width // 4)
    flat = small[0] * small[1] * small[2]
    inner, outer = [], []
    for a, b in zip([flat, *hidden], hidden, strict=False):
        inner += [nn.Linear(a, b), activation()]
    for a, b in zip([latent_dim, *reversed(hidden)], [*reversed(hidden), flat], strict=True):
        outer += [nn.Linear(a, b), activation()]
    encoder = nn.Sequential(
        nn.Unflatten(-1, (1, height, width)),
        nn.Conv2d(1, first, 4, stride=2, padding=1),
        activation(),
        nn.Conv2d(first, second, 4, stride=2, padding=1),
        activation(),
        nn.Flatten(-3),
        *inner,
        nn.Linear(hidden[-1] if hidden else flat, latent_dim * encoder_outputs),
    )
    decoder = nn.Sequential(
        *outer,
        nn.Unflatten(-1, small),
        nn.ConvTranspose2d(second, first, 4, stride=2, padding=1),
        activation(),
        nn.ConvTranspose2d(first, pixel_outputs, 4, stride=2, padding=1),
        nn.Flatten(-3),
    )
    return encoder, decoder


NETWORKS = {"mlp": mlp, "conv": conv}

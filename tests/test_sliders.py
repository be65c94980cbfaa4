"""LatentSliders without a browser: z, ranges, random draws, KL beside the sliders, examples to encode, and what is said of bad input."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import LatentSliders


def images(n=6, shape=(8, 12), seed=0):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


def digits_vae(latent_dim=5, **options):
    return VAE((8, 12), latent_dim, (16,), seed=0, **options)


def test_sliders_follow_z():
    model = digits_vae(5)
    sliders = LatentSliders(model, z=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert torch.allclose(sliders.image, model.mean_image(torch.tensor(sliders.z)), atol=1e-6)
    sliders.set_state({"z": [1, 0, 0, 0, -1]})
    assert sliders.z == (1.0, 0.0, 0.0, 0.0, -1.0)
    assert torch.allclose(sliders.image, model.mean_image(torch.tensor(sliders.z)), atol=1e-6)


def test_slider_ranges():
    codes = torch.tensor([[1.0, -2.0], [3.0, 5.0]])
    assert LatentSliders(digits_vae(2)).ranges == [[-3, 3]] * 2
    assert LatentSliders(digits_vae(2), ranges=(-1, 2)).ranges == [[-1, 2]] * 2
    assert LatentSliders(digits_vae(2), ranges=[(-1, 2), (0, 4)]).ranges == [[-1, 2], [0, 4]]
    assert LatentSliders(digits_vae(2), codes=codes).ranges == [[0, 3], [-2, 5]]


def test_the_fitted_gaussian_is_the_codes_own():
    codes = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) @ torch.tensor([[2.0, 0, 0], [1, 1, 0], [0, 0, 0.1]]) + 5
    spec = LatentSliders(digits_vae(3), codes=codes, random="gaussian").random
    scale = np.array(spec["scale"])
    np.testing.assert_allclose(spec["mean"], codes.numpy().mean(0), rtol=1e-5)
    np.testing.assert_allclose(scale @ scale.T, np.cov(codes.numpy().T), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", [digits_vae(), digits_vae(network="conv"), Autoencoder((8, 12), 5, (16,), seed=1)])
def test_an_example_sets_z_to_the_encoders_own_code(model):
    x = images()
    with torch.no_grad():
        codes = model.encode(x) if isinstance(model, Autoencoder) else model.encoder(model.flatten(x))[:, :5]  # [μ, log σ²]
    for given in (x, x.flatten(1)):
        sliders = LatentSliders(model, examples=given)
        assert sliders.example == -1 and sliders.z == (0.0,) * 5
        for n in (4, 0, 5):
            sliders.example = n
            assert sliders.z == pytest.approx(codes[n].tolist(), abs=1e-6)
            assert torch.allclose(sliders.image, model.mean_image(codes[n]), atol=1e-6)
    sliders.z = [0.1] * 5
    assert sliders.example == 5  # the original stays beside what the hand has changed


def test_codes_are_examples_too():
    model, codes = digits_vae(), torch.randn(3, 5, generator=torch.Generator().manual_seed(2))
    sliders = LatentSliders(model, examples=codes, example_labels=["a", "b", "c"])
    sliders.example = 1
    assert sliders.z == pytest.approx(codes[1].tolist()) and sliders.examples.names[1] == "image 2 (label b)"
    shipped = np.frombuffer(sliders.get_state()["examples"]["images"], np.uint8).reshape(3, 8, 12) / 255
    np.testing.assert_allclose(shipped, model.mean_image(codes).numpy(), atol=0.5 / 255 + 1e-6)
    decoder = nn.Sequential(nn.Linear(5, 16), nn.Sigmoid())  # no encoder at all
    assert LatentSliders(decoder, examples=codes).examples.names == ["image 1", "image 2", "image 3"]


def test_ranges_hold_the_examples():
    codes = torch.tensor([[4.0, 0, 0, 0, 0], [0, -7, 0, 0, 1]])
    assert LatentSliders(digits_vae(), examples=codes).ranges == [[-3, 4], [-7, 3], [-3, 3], [-3, 3], [-3, 3]]
    sliders = LatentSliders(digits_vae(), examples=codes, ranges=(-2, 2))  # those that were asked for stay, and the code stops at their end
    sliders.example = 1
    assert sliders.z == (0.0, -2.0, 0.0, 0.0, 1.0)


def test_the_browsers_z_wins_over_the_examples_code():
    """It sends both together, and the hand may have moved on since the click."""
    sliders = LatentSliders(digits_vae(), examples=images())
    sliders.set_state({"example": 2, "z": [0.5, 0, 0, 0, 0]})
    assert sliders.example == 2 and sliders.z == (0.5, 0, 0, 0, 0)
    sliders.example = 3  # from Python again
    assert sliders.z != (0.5, 0, 0, 0, 0)
    sliders.set_state({"z": [0.0] * 5, "example": -1})
    assert sliders.z == (0.0,) * 5


def test_order_and_kl():
    kl = torch.tensor([0.5, 0.001, 2.0, 0.01, -1e-7])
    assert LatentSliders(digits_vae(), kl=kl).order == [0, 1, 2, 3, 4]
    sliders = LatentSliders(digits_vae(), kl=kl, sort_by_kl=True)
    assert sliders.order == [2, 0, 3, 1, 4]
    assert sliders.kl == pytest.approx(kl.clamp(min=0).tolist())


def test_the_picture_shows_kl_and_the_original():
    def size_and_ink(sliders):
        pixels = np.asarray(Image.open(io.BytesIO(sliders.picture())).convert("L"))
        return pixels.shape, (pixels < 128).sum()

    kl = torch.linspace(0, 2, 5)
    plain, sliders = LatentSliders(digits_vae()), LatentSliders(digits_vae(), kl=kl, examples=images())
    before = sliders.picture()
    assert size_and_ink(plain)[0] == size_and_ink(sliders)[0]
    assert plain.picture() != before
    sliders.example, sliders.z = 1, (0.0,) * 5
    assert sliders.picture() != before
    sliders.example, sliders.z = -1, (0.0,) * 5
    assert sliders.picture() == before


@pytest.mark.parametrize(
    "options, message",
    [
        ({"ranges": [(-1, 1)] * 4}, "Expected 5 ranges"),
        ({"ranges": (1, -1)}, "low < high"),
        ({"random": "cube"}, "one of prior, gaussian, box, got 'cube'"),
        ({"random": "gaussian"}, "needs codes="),
        ({"z": [0, 0, 0, 0, 4]}, "z5 from -3 to 3, got 4: give wider ranges"),
        ({"z": [0, 0]}, "z with 5 numbers"),
        ({"codes": torch.zeros(3, 2)}, r"codes of shape \(…, 5\), got \(3, 2\)"),
        ({"kl": torch.ones(4)}, r"kl of shape \(5,\), one number a dimension, got \(4,\)"),
        ({"kl": torch.ones(9, 5)}, r"got \(9, 5\): average over the images"),
        ({"kl": [0, 1, 2, 3, float("nan")]}, "finite and from 0 on"),
        ({"kl": [0, 1, 2, 3, -1]}, "never negative"),
        ({"examples": torch.rand(3, 12, 8)}, r"images of shape \(batch, 8, 12\) or .*, got \(3, 12, 8\)"),
        ({"examples": torch.rand(8, 12)}, r"got \(8, 12\): one image needs a batch axis"),
        ({"examples": torch.rand(0, 8, 12)}, "1 to 20 examples, got 0"),
        ({"examples": torch.rand(21, 8, 12)}, "1 to 20 examples, got 21"),
        ({"examples": torch.full((2, 8, 12), float("nan"))}, "expected finite pixels"),
        ({"examples": 16 * torch.ones(2, 8, 12)}, r"pixels in \[0, 1\], got 16 to 16: divide by 16"),
        ({"examples": torch.rand(2, 8, 12), "example_labels": [1]}, "one label for each example, got 2 examples and 1 labels"),
    ],
)
def test_sliders_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        LatentSliders(digits_vae(), **options)


def test_an_example_that_is_not_there():
    sliders = LatentSliders(digits_vae(), examples=images())
    sliders.example = 2
    for wrong in (6, -2):
        with pytest.raises(ValueError, match=f"example from 0 to 5, or -1 for none, got {wrong}"):
            sliders.example = wrong
    assert sliders.example == 2
    with pytest.raises(ValueError, match="there are 0 examples"):
        LatentSliders(digits_vae()).example = 0


def test_networks_that_cannot_encode():
    with pytest.raises(ValueError, match="this network has no encoder for images"):
        LatentSliders(nn.Sequential(nn.Linear(5, 16)), examples=torch.rand(2, 4, 4))
    broken = digits_vae()
    broken.encoder[0].bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="encoder puts out NaN or infinity"):
        LatentSliders(broken, examples=images())


def test_examples_add_little_to_what_is_sent():
    """Twenty MNIST images: a byte a pixel and float32 codes."""
    sliders = LatentSliders(VAE((28, 28), 10, (16,), seed=0), examples=images(20, (28, 28)))
    sent = sliders.get_state()["examples"]
    assert len(sent["images"]) + len(sent["codes"]) == 20 * (784 + 40)


def test_a_decoder_that_does_not_start_with_a_linear_layer_is_left_to_the_kernel():
    sliders = LatentSliders(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 16), nn.Sigmoid()).eval())
    assert sliders.network["missing"] == "BatchNorm1d" and len(sliders.z) == 3 and sliders.image.shape == (4, 4)

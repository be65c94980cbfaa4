"""The front door: what is harmless is converted, the rest is refused in a sentence that says what to hand over."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from vae_helpers import datasets, inputs

IMAGES = torch.rand(5, 4, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3), np.array(3)], ids=lambda v: type(v).__name__)
def test_whole_numbers_of_every_kind(value):
    assert type(inputs.whole_number("n", value)) is int and inputs.whole_number("n", value) == 3


@pytest.mark.parametrize(
    "value", [3.0, np.float64(3), True, np.True_, torch.tensor(True), "3", None, 0, -1, [3], torch.tensor([3, 4])], ids=repr
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="^n must be a whole number from 1 on, got "):
        inputs.whole_number("n", value)


def test_bounds_of_whole_numbers_are_said():
    assert inputs.whole_number("n", 0, least=0) == 0
    with pytest.raises(ValueError, match="n must be a whole number from 0 to 7, got 8"):
        inputs.whole_number("n", 8, least=0, most=7)


def test_positive_numbers():
    for value in (0.5, np.float32(0.5), torch.tensor(0.5), np.float64(0.5)):
        assert type(inputs.positive_number("sigma", value)) is float and inputs.positive_number("sigma", value) == 0.5
    assert inputs.positive_number("beta", 0, zero=True) == 0
    for value in (0, -1, math.nan, math.inf, "0.5", None, True, torch.ones(2)):
        with pytest.raises(ValueError, match="sigma must be a positive number, got"):
            inputs.positive_number("sigma", value)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x,
        lambda x: x.double(),
        lambda x: x.half(),
        lambda x: x.numpy(),
        lambda x: x.numpy().astype(">f8"),
        lambda x: x.numpy()[::-1][::-1],
        lambda x: list(x),
        lambda x: x.tolist(),
        lambda x: x.unsqueeze(1),
        lambda x: x.unsqueeze(-1).numpy(),
        lambda x: x.flatten(1).numpy(),
        lambda x: datasets.Split(x, torch.zeros(5).long()),
    ],
)
def test_images_of_every_form_become_rows(form):
    rows = inputs.image_rows(form(IMAGES), (4, 3))
    assert rows.dtype == torch.float32 and rows.shape == (5, 12)
    torch.testing.assert_close(rows, IMAGES.flatten(1), atol=1e-3, rtol=0)


def test_rows_take_dtype_and_device_of_the_model():
    assert inputs.image_rows(IMAGES, (4, 3), torch.zeros(1, dtype=torch.float64)).dtype == torch.float64
    assert inputs.image_rows(IMAGES, (4, 3), torch.zeros(1, device="meta")).device.type == "meta"
    given = IMAGES.flatten(1)
    assert inputs.image_rows(given, (4, 3)) is not None and inputs.image_rows(given, (4, 3)).data_ptr() == given.data_ptr()  # no copy


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (IMAGES[0], ValueError, r"one image needs a batch axis, x\[None\]"),
        (IMAGES[0].flatten(), ValueError, r"x\[None\]"),
        (IMAGES[:0], ValueError, "at least one image, got none"),
        (torch.rand(5, 2, 4, 3), ValueError, r"got \(5, 2, 4, 3\): use the data it was built for"),
        ((IMAGES > 0.5), TypeError, r"got torch.bool: these are zeros and ones, so \.float\(\) is enough"),
        ((IMAGES > 0.5).long(), TypeError, r"zeros and ones, so \.float\(\) is enough"),
        ((IMAGES * 16).round().int(), TypeError, "divide by 16, the largest grey level of scikit-learn's digits"),
        ((IMAGES * 255).numpy().astype(np.uint8), TypeError, "divide by 255, the largest grey level of 8-bit images"),
        ((IMAGES * 65535).numpy().astype(np.uint16), TypeError, "divide by 65535"),
        ([[0.1], [0.2, 0.3]], TypeError, "as one tensor or array of numbers, got list"),
        (["a", "b"], TypeError, "got list"),
        (IMAGES.to(torch.complex64), TypeError, "got torch.complex64"),
        ((IMAGES, torch.zeros(5)), TypeError, "got tuple: hand over the images alone"),
        (load_digits(), TypeError, "got Bunch: hand over its images, .images"),
        (None, TypeError, "got NoneType"),
        (datasets.load("digits"), TypeError, "got Dataset: say which of its images, such as data.test.images"),
        (torch.utils.data.DataLoader(IMAGES), TypeError, r"got DataLoader: take the images out of the loader, torch.cat\(list\(loader\)\)"),
        (
            torch.utils.data.DataLoader(torch.utils.data.TensorDataset(IMAGES)),
            TypeError,
            r"got DataLoader: take .*, torch.cat\(\[x for x, \*_ in loader\]\)",
        ),
        (torch.utils.data.TensorDataset(IMAGES), TypeError, "got TensorDataset: take the images out of it, torch.stack"),
    ],
)
def test_what_holds_no_images_is_refused_in_a_sentence(images, error, message):
    with pytest.raises(error, match=message):
        inputs.image_rows(images, (4, 3))


@pytest.mark.parametrize(
    ("x", "error", "advice"),
    [
        (torch.full((1, 2), 255.0), ValueError, "divide by 255"),
        (torch.full((1, 2), 16.0), ValueError, "divide by 16"),
        (torch.tensor([[0.0, 6e4]]), ValueError, "divide by 65535"),
        (torch.tensor([[0.0, 1e6]]), ValueError, "divide by the largest grey level that a pixel can have"),
        (torch.tensor([[0.0, 1.0000001]]), ValueError, r"got 0 to 1.0000001: that is rounding, so use .clamp\(0, 1\)"),
        (torch.tensor([[-1e-6, 1.0]]), ValueError, "rounding"),
        (torch.tensor([[-0.4242, 2.8215]]), ValueError, 'rescale the images.*likelihood="gaussian"'),
        (torch.tensor([[0.1, float("nan")]]), ValueError, "1 NaN"),
        (torch.tensor([[0.1, float("inf")]]), ValueError, "expected finite pixels, got infinity"),
        (torch.ones(1, 2, dtype=torch.uint8), TypeError, r"zeros and ones, so \.float\(\)"),
    ],
)
def test_pixels_out_of_range_are_refused_with_the_right_divisor(x, error, advice):
    with pytest.raises(error, match=advice):
        inputs.check_unit_range(x)


def test_grey_levels_are_told_from_noise():
    inputs.check_no_grey_levels(IMAGES + 0.3 * torch.randn(5, 4, 3))
    inputs.check_no_grey_levels(IMAGES.round())
    with pytest.raises(ValueError, match="divide by 16"):
        inputs.check_no_grey_levels((16 * IMAGES).round())


def test_codes_of_every_form():
    for form in ([0, 1], [[0.0, 1.0]], np.zeros((3, 4, 2)), torch.zeros(2, dtype=torch.float64), (torch.zeros(2), torch.ones(2))):
        assert inputs.codes(form, 2).dtype == torch.float32 and inputs.codes(form, 2).shape[-1] == 2
    for wrong, message in (
        ([0.0], r"codes of shape \(…, 2\), got \(1,\)"),
        (0.0, r"got \(\)"),
        (torch.zeros(0, 2), "at least one code, got none"),
    ):
        with pytest.raises(ValueError, match=message):
            inputs.codes(wrong, 2)


@pytest.mark.parametrize(
    ("given", "image_shape", "shape"),
    [
        (IMAGES, None, (5, 4, 3)),
        (IMAGES.numpy(), (4, 3), (5, 4, 3)),
        (IMAGES[:, None], None, (5, 4, 3)),
        (IMAGES[..., None], None, (5, 4, 3)),
        (IMAGES[0], None, (1, 4, 3)),
        (IMAGES.flatten(1), (4, 3), (5, 4, 3)),
        (torch.rand(10, 64), None, (10, 8, 8)),
        (torch.rand(64), None, (1, 8, 8)),
        (torch.rand(8, 8), None, (1, 8, 8)),
        (torch.rand(1, 64), None, (1, 8, 8)),
        (torch.rand(28, 20), None, (1, 28, 20)),
        (torch.zeros(3, 8, 8, dtype=torch.bool), None, (3, 8, 8)),
    ],
)
def test_pictures_have_height_and_width(given, image_shape, shape):
    shown = inputs.pictures(given, image_shape)
    assert shown.shape == shape and shown.dtype == torch.float32
    torch.testing.assert_close(shown.flatten(), torch.as_tensor(given).float().flatten())

"""Data sets by name: what they hold, that they are the same every time, and what bad input is told."""

import dataclasses
import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from vae_helpers import datasets
from vae_helpers.datasets import sprites

REAL_DATA = os.environ.get("VAE_HELPERS_DATA")


def fingerprint(*tensors: torch.Tensor) -> str:
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()[:16]


# --- digits ---


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def test_digits_are_scikit_learns_images_each_in_one_split(digits):
    from sklearn.datasets import load_digits

    ours = torch.cat([digits.train.images, digits.test.images]).reshape(-1, 64) * 16
    labels = torch.cat([digits.train.labels, digits.test.labels])
    rows = np.column_stack([ours.numpy(), labels.numpy()])
    theirs = np.column_stack(load_digits(return_X_y=True))
    assert (len(digits.train), len(digits.test)) == (1438, 359)
    assert np.array_equal(np.unique(rows, axis=0), np.unique(theirs, axis=0)) and len(rows) == len(theirs)


def test_digits_have_the_promised_types(digits):
    assert digits.image_shape == (8, 8) and digits.validation is None and digits.name == "digits"
    for split in (digits.train, digits.test):
        assert split.images.dtype == torch.float32 and split.labels.dtype == torch.int64
        assert split.images.min() == 0 and split.images.max() == 1


def test_digits_split_has_equal_shares_of_each_class(digits):
    total = torch.bincount(torch.cat([digits.train.labels, digits.test.labels]))
    assert ((torch.bincount(digits.test.labels) - total * 359 / 1797).abs() < 1).all()


def test_digits_split_is_the_stored_one_whatever_the_seed(digits, monkeypatch):
    stored = "1dbefd2e622c3635"
    monkeypatch.setenv("VAE_HELPERS_SEED", "7")
    np.random.seed(7)
    again = datasets.load("digits")
    for data in (digits, again):
        assert fingerprint(data.train.images, data.train.labels, data.test.images, data.test.labels) == stored


# --- sprites ---


def test_sprites_have_the_promised_form():
    data = datasets.load("sprites", n_train=50, n_test=20, size=24)
    assert data.image_shape == (24, 24) and (len(data.train), len(data.test)) == (50, 20)
    assert data.train.factor_names == ("shape", "size", "rotation", "x", "y")
    assert data.train.factors.dtype == torch.float32 and data.train.factors.shape == (50, 5)
    assert torch.equal(data.train.labels, data.train.factors[:, 0].long())
    assert torch.equal(sprites.draw(data.test.factors, 24), data.test.images)


def test_sprites_are_the_stored_ones_and_depend_on_the_seed_alone():
    first, again = datasets.load("sprites"), datasets.load("sprites", n_train=500, n_test=100)
    assert fingerprint(first.train.factors, first.test.factors) == "46c82efc8f415255"
    assert torch.equal(first.train.images[:500], again.train.images) and torch.equal(first.test.images[:100], again.test.images)
    other = datasets.load("sprites", n_train=100, n_test=100, seed=1)
    assert not torch.equal(other.train.factors, first.train.factors[:100])
    assert not torch.equal(first.train.factors[:100], first.test.factors[:100])


def test_sprite_factors_are_uniform_and_independent():
    factors = sprites.sample_factors(20_000, np.random.default_rng(3)).double()
    assert set(factors[:, 0].tolist()) == {0.0, 1.0, 2.0}
    means = torch.tensor([1.0, sum(sprites.SIZE_RANGE) / 2, math.pi, 0.5, 0.5])
    assert ((factors.mean(0) - means).abs() < 5 * factors.std(0) / math.sqrt(20_000)).all()
    widths = factors[:, 1:].amax(0) - factors[:, 1:].amin(0)
    assert ((factors[:, 1:].std(0) / widths - 1 / math.sqrt(12)).abs() < 0.01).all()  # the standard deviation of a uniform draw
    correlation = torch.corrcoef(factors.T) - torch.eye(5)
    assert correlation.abs().max() < 5 / math.sqrt(20_000)


def ink_and_centre(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    images = images.double()
    centres = (torch.arange(images.shape[-1]) + 0.5) / images.shape[-1]
    total = images.sum((1, 2))
    return images.mean((1, 2)), (images * centres).sum((1, 2)) / total, (images * centres[:, None]).sum((1, 2)) / total


@pytest.mark.parametrize("shape", range(3))
def test_sprite_has_its_size_as_ink_and_its_place_as_centre_of_gravity(shape):
    """The error of anti-aliasing must fall with the square of the resolution; a wrong area or centre would stay."""
    factors = sprites.sample_factors(150, np.random.default_rng(shape))
    factors[:, 0] = shape
    worst = {}
    for size in (16, 128):
        ink, x, y = ink_and_centre(sprites.draw(factors, size))
        worst[size] = max((error.abs().max()).item() for error in (ink / factors[:, 1] ** 2 - 1, x - factors[:, 3], y - factors[:, 4]))
    assert worst[16] < 0.08 and worst[128] < 0.08 / 16


@pytest.mark.parametrize("shape", range(3))
def test_sprite_turns_counter_clockwise_and_moves_by_whole_pixels(shape):
    for rotation in (0.0, 0.3, 2.0, 5.0):
        image = sprites.draw(torch.tensor([shape, 0.3, rotation, 0.5, 0.5]), 32)
        turned = sprites.draw(torch.tensor([shape, 0.3, rotation + math.pi / 2, 0.5, 0.5]), 32)
        moved = sprites.draw(torch.tensor([shape, 0.3, rotation, 0.5 + 3 / 32, 0.5 - 2 / 32]), 32)
        assert torch.allclose(turned, torch.rot90(image), atol=1e-4)  # rot90 is counter-clockwise with rows downwards
        assert torch.allclose(moved, image.roll((-2, 3), (0, 1)), atol=1e-4)


@pytest.mark.parametrize("shape", range(3))
def test_sprite_looks_different_after_any_part_of_a_turn(shape):
    turns = torch.arange(0, 360, 15) * math.pi / 180
    images = sprites.draw(torch.stack([torch.tensor([shape, 0.3, turn, 0.5, 0.5]) for turn in turns]), 64)
    differences = (images[1:] - images[0]).abs().sum((1, 2)) / images[0].sum()
    assert differences.min() > 0.05


def test_sprites_are_whole_and_anti_aliased():
    images = datasets.load("sprites", n_train=2000, n_test=1, size=32).train.images
    border = torch.cat([images[:, [0, -1]].flatten(), images[:, :, [0, -1]].flatten()])
    assert border.max() == 0
    assert ((images > 0.05) & (images < 0.95)).any(-1).any(-1).all()  # every image has grey pixels at its edge
    assert (images.amax((1, 2)) == 1).all()


def test_one_sprite_is_drawn_as_in_a_batch():
    factors = sprites.sample_factors(3000, np.random.default_rng(0))  # two chunks at this size
    assert torch.allclose(sprites.draw(factors[-1], 32), sprites.draw(factors, 32)[-1], atol=1e-6)


@pytest.mark.parametrize(
    "factors, size, message",
    [
        ([0.0, 0.3, 0.0, 0.5], 16, r"shape \(N, 5\) or \(5,\).*got \(4,\)"),
        ([3.0, 0.3, 0.0, 0.5, 0.5], 16, "shape 0, 1 or 2"),
        ([0.5, 0.3, 0.0, 0.5, 0.5], 16, "shape 0, 1 or 2"),
        ([0.0, 0.0, 0.0, 0.5, 0.5], 16, "size > 0"),
        ([0.0, 0.3, float("nan"), 0.5, 0.5], 16, "finite"),
        ([0.0, 0.3, 0.0, 0.5, 0.5], 0, "size must be a whole number from 1 on, got 0"),
        ([0.0, 0.3, 0.0, 0.5, 0.5], 16.0, "size must be a whole number"),
    ],
)
def test_draw_refuses_bad_input(factors, size, message):
    with pytest.raises(ValueError, match=message):
        sprites.draw(torch.tensor(factors), size)


@pytest.mark.parametrize("options", [{"n_train": 0}, {"n_test": -1}, {"n_train": 2.5}, {"size": 0}, {"seed": -1}])
def test_sprites_refuse_bad_options(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be a whole number"):
        datasets.load("sprites", **options)


# --- binarization ---


def test_binarize_draws_each_pixel_with_its_own_probability():
    pixels = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    draws = datasets.binarize(pixels.expand(40_000, 5), torch.Generator().manual_seed(0))
    assert draws.dtype == torch.float32 and set(draws.unique().tolist()) == {0.0, 1.0}
    stderr = (pixels * (1 - pixels) / 40_000).sqrt()
    assert ((draws.mean(0) - pixels).abs() <= 5 * stderr).all()  # exact at 0 and 1
    assert torch.corrcoef(draws[:, 1:4].T).triu(1).abs().max() < 5 / 200  # pixels are drawn independently


def test_binarize_is_fresh_at_each_call_and_repeats_with_its_generator():
    images = torch.full((4, 8, 8), 0.5)
    generator = torch.Generator().manual_seed(1)
    first, second = datasets.binarize(images, generator), datasets.binarize(images, generator)
    assert not torch.equal(first, second)
    assert torch.equal(first, datasets.binarize(images, torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(
    "images, error, message",
    [
        (torch.full((2, 8, 8), 255.0), ValueError, r"\[0, 1\], got 255 to 255: divide by 255, the largest grey level"),
        (torch.full((2, 8, 8), -0.1), ValueError, r"got -0\.1"),
        (torch.tensor([[[0.5, float("nan")]]]), ValueError, "got 1 NaN"),
        (torch.zeros(2, 8, 8, dtype=torch.uint8), TypeError, "torch.uint8"),
        (["one.png"], TypeError, "expected images as one tensor or array of numbers, got list"),
    ],
)
def test_binarize_refuses_bad_images(images, error, message):
    with pytest.raises(error, match=message):
        datasets.binarize(images)


def test_fixed_binarization_repeats_and_marks_the_name(digits):
    binary, again, other = digits.binarized(3), digits.binarized(3), digits.binarized(4)
    assert binary.name == "digits, binarized (seed 3)" and "seed 3" in repr(binary)
    for split in ("train", "test"):
        images, source = getattr(binary, split).images, getattr(digits, split).images
        assert set(images.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(images, getattr(again, split).images) and not torch.equal(images, getattr(other, split).images)
        assert (images[source == 0] == 0).all() and (images[source == 1] == 1).all()
        assert torch.equal(getattr(binary, split).labels, getattr(digits, split).labels)
    assert digits.train.images.unique().numel() == 17  # the source is as it was
    assert binary.binarized(9) is binary  # binary data has nothing left to draw


def test_fixed_binarization_keeps_factors_and_validation():
    data = datasets.load("sprites", n_train=5000, n_test=10)
    data = dataclasses.replace(data, validation=data.test)
    binary = data.binarized()
    assert torch.equal(binary.train.factors, data.train.factors) and len(binary.validation) == 10
    grey = (data.train.images > 0.2) & (data.train.images < 0.8)
    assert not torch.equal(binary.train.images[:500][grey[:500]], binary.train.images[4096:4596][grey[:500]])  # chunks are drawn afresh


# --- splits, names and options ---


def test_fields_cannot_be_reassigned(digits):
    for thing, field in ((digits, "train"), (digits.train, "images")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, None)


def test_repr_says_what_is_there(digits):
    assert repr(digits).startswith("Dataset('digits': 8×8 images, train 1,438, test 359; real handwritten digits")
    assert repr(digits.test) == "Split(359 images of 8×8)" and len(digits.test) == 359


GOOD = torch.zeros(3, 4, 4)


@pytest.mark.parametrize(
    "images, labels, error, message",
    [
        (GOOD * 0 + 16, torch.zeros(3).long(), ValueError, r"\[0, 1\], got 16 to 16: divide by 16, the largest grey level"),
        (torch.zeros(0, 4, 4), torch.zeros(0).long(), ValueError, "N >= 1"),
        (torch.zeros(3, 3, 4, 4), torch.zeros(3).long(), ValueError, r"\(3, 3, 4, 4\)"),
        (GOOD.byte(), torch.zeros(3).long(), TypeError, "uint8"),
        (GOOD, torch.zeros(2).long(), ValueError, r"labels as whole numbers \(3,\), got torch.int64 \(2,\)"),
        (GOOD, torch.zeros(3), ValueError, "float32"),
        (GOOD, ["a", "b", "c"], TypeError, "expected labels as one tensor or array of numbers, got list"),
    ],
)
def test_split_refuses_bad_images_and_labels(images, labels, error, message):
    with pytest.raises(error, match=message):
        datasets.Split(images, labels)


def test_split_takes_what_is_harmless():
    pixels = np.random.default_rng(0).random((3, 1, 4, 5))
    assert datasets.Split(np.moveaxis(pixels, 1, -1), [0, 1, 2]).images.shape == (3, 4, 5)
    split = datasets.Split(pixels, np.array([2, 0, 1], dtype=np.uint8))
    assert split.images.dtype == torch.float32 and split.labels.dtype == torch.int64 and split.labels.tolist() == [2, 0, 1]
    np.testing.assert_allclose(split.images, pixels[:, 0], rtol=1e-6)


def test_data_sets_are_float32_whatever_the_default():
    torch.set_default_dtype(torch.float64)
    try:
        for name in ("digits", "sprites"):
            assert datasets.load(name).train.images.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_split_refuses_factors_of_another_length():
    with pytest.raises(ValueError, match=r"\(3, 1\), got \(2, 1\)"):
        datasets.Split(GOOD, torch.zeros(3).long(), torch.zeros(2, 1), ("size",))


def test_dataset_refuses_splits_of_two_shapes():
    small, large = datasets.Split(GOOD, torch.zeros(3).long()), datasets.Split(torch.zeros(3, 5, 5), torch.zeros(3).long())
    with pytest.raises(ValueError, match=r"one shape, got \[\(4, 4\), \(5, 5\)\]"):
        datasets.Dataset("mine", small, large)
    with pytest.raises(TypeError, match=r"made of splits, Split\(images, labels\), got Tensor"):
        datasets.Dataset("mine", GOOD, GOOD)


@pytest.mark.parametrize(
    "name, message",
    [
        ("digit", "no data set 'digit'; known are 'digits', 'sprites', 'mnist'.*Did you mean 'digits'"),
        ("MNIST", "Did you mean 'mnist'"),
        ("fashion-mnist", "Did you mean 'fashion_mnist'"),
        ("", "no data set ''"),
        (None, "no data set None"),
        (["digits"], "no data set"),
    ],
)
def test_unknown_name_is_told_the_known_ones(name, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(name)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("digits", {"size": 16}, "'digits' takes no options; got size"),
        ("sprites", {"sise": 16}, "takes n_train, n_test, size, seed; got sise"),
        ("mnist", {"seed": 1}, "takes timeout, progress; got seed"),
    ],
)
def test_option_of_another_data_set_is_refused(name, options, message):
    with pytest.raises(TypeError, match=message):
        datasets.load(name, **options)


def test_import_brings_no_heavy_library_but_torch():
    code = "import sys, vae_helpers.datasets; print([m for m in ('sklearn', 'scipy', 'pooch', 'requests') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout.strip() == "[]"


# --- the real files, where the machine has them ---


def real(name: str) -> datasets.Dataset:
    if not REAL_DATA:
        pytest.skip("VAE_HELPERS_DATA is not set: the real data files are not tested")
    if datasets.found()[name] is None:
        pytest.skip(f"VAE_HELPERS_DATA has no {name}: its real files are not tested")
    return datasets.load(name)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_real_mnist(name):
    data = real(name)
    assert (len(data.train), len(data.test), data.image_shape) == (60_000, 10_000, (28, 28))
    assert data.train.labels.unique().tolist() == list(range(10))
    if name == "mnist":  # published statistics of the training pixels
        assert abs(data.train.images.double().mean() - 0.13066) < 1e-5 and abs(data.train.images.double().std() - 0.30811) < 1e-5
        assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_real_binarized_mnist_is_a_draw_from_mnist():
    binary, grey = real("binarized_mnist"), real("mnist")
    assert (len(binary.train), len(binary.validation), len(binary.test)) == (50_000, 10_000, 10_000)
    assert binary.train.images.unique().tolist() == [0, 1] and binary.train.labels.unique().tolist() == [-1]
    drawn_from_train = torch.cat([binary.train.images, binary.validation.images])
    for draws, pixels in ((drawn_from_train, grey.train.images), (binary.test.images, grey.test.images)):
        stderr = ((pixels * (1 - pixels)).double().mean(0) / len(pixels)).sqrt()
        assert ((draws.double().mean(0) - pixels.double().mean(0)).abs() <= 5 * stderr).all()  # pixel by pixel, over all images


def test_real_frey_faces_are_split_by_time():
    data = real("frey_faces")
    assert (len(data.train), len(data.test), data.image_shape) == (1572, 393, (28, 20))
    assert torch.equal(torch.cat([data.train.labels, data.test.labels]), torch.arange(1965))
    pixels = torch.cat([data.train.images, data.test.images]) * 255
    assert abs(pixels.double().mean() - 154.4609) < 1e-3 and (pixels.min(), pixels.max()) == (8, 238)
    neighbours = (pixels[1:] - pixels[:-1]).abs().mean()
    strangers = (pixels[500:] - pixels[:-500]).abs().mean()
    assert neighbours < strangers / 2  # frames in the order of the video


def test_found_says_where_each_data_set_is(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_HELPERS_DATA", str(tmp_path))
    empty = datasets.found()
    assert tuple(empty) == datasets.names()
    assert empty["digits"] and empty["sprites"] and not any(empty[n] for n in ("mnist", "fashion_mnist", "binarized_mnist", "frey_faces"))
    (tmp_path / "frey_faces").mkdir()
    (tmp_path / "frey_faces" / "frey_rawface.mat").touch()
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").touch()  # one of four
    assert datasets.found()["frey_faces"] == str(tmp_path / "frey_faces") and datasets.found()["mnist"] is None

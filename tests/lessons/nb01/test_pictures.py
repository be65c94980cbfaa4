"""The pictures of notebook 01: what they show is what they are given, and no meaning hangs on colour alone."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers.lessons.nb01 import pictures


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.mark.parametrize("kind", [torch.as_tensor, np.asarray])
def test_a_signed_image_writes_a_minus_on_what_is_negative(ax, kind):
    image = np.zeros((8, 8))
    image[2, 5], image[6, 1], image[0, 0], image[7, 7] = -0.5, 0.4, -0.05, -0.15
    pictures.signed_image(ax, kind(image), "axis 1")
    assert [(text.get_position(), text.get_text()) for text in ax.texts] == [((5, 2), "−"), ((7, 7), "−")]
    assert ax.images[0].get_clim() == (-0.5, 0.5)  # zero is white


def test_the_sketch_shows_the_image_its_code_and_what_became_of_it(ax):
    image, rebuilt = torch.rand(8, 8), torch.rand(8, 8, requires_grad=True)
    pictures.autoencoder_sketch(ax, image, torch.tensor([-0.004, -1.5]), rebuilt, "64 → 2", "2 → 64")
    left, right = ax.images
    assert np.array_equal(left.get_array(), image) and np.array_equal(right.get_array(), rebuilt.detach())
    assert left.get_extent()[1] < right.get_extent()[0] and "0.00\n−1.50" in [text.get_text() for text in ax.texts]


def test_lossless_codes_stand_at_error_zero(ax):
    pictures.rate_error(ax, [1, 4, 16], {"PCA": [4.0, 2.5, 1.0], "autoencoder": [3.5, 1.5, 0.5]}, {"packed": 32})
    pca, autoencoder, packed = ax.lines
    assert pca.get_ydata().tolist() == [4, 2.5, 1] and packed.get_xydata().tolist() == [[32, 0]]
    assert pca.get_linestyle() != autoencoder.get_linestyle() and pca.get_marker() != autoencoder.get_marker()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "4", "16", "32", "64"] and ax.get_ylim()[0] == 0


def test_each_score_has_its_marker_beside_its_digit(ax):
    pictures.auc_by_digit(ax, {"one": np.linspace(0.5, 0.9, 10), "two": np.linspace(0.6, 1.0, 10)})
    one, two = ax.lines[:2]
    assert one.get_marker() != two.get_marker() and abs(one.get_xdata() - np.arange(10)).max() < 0.5
    assert two.get_ydata()[-1] == 1 < ax.get_ylim()[1] and ax.get_ylim()[0] < 0.5


def test_curves_of_holes_start_at_zero_and_real_images_are_a_line(ax):
    pictures.hole_curves(ax, [2, 4], {"box": [1.0, 2.0], "Gaussian": [1.0, 1.5]}, 1.1)
    assert ax.get_ylim()[0] == 0 and set(ax.lines[-1].get_ydata()) == {1.1} and len(ax.get_legend().get_texts()) == 3

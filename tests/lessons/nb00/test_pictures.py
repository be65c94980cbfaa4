"""The pictures of notebook 00: the machine is drawn from left to right with the numbers that it is given."""

import numpy as np
import torch
from matplotlib.figure import Figure

from vae_helpers.lessons.nb00 import pictures


def test_the_machine_shows_its_images_and_numbers():
    image, mean = torch.rand(8, 8), torch.rand(8, 8, requires_grad=True)
    ax = pictures.machine(Figure().subplots(), image, [-1.25, 0.5], [0.1, 0.2], [1.0, -2.0], mean)
    left, right = ax.images
    assert np.array_equal(left.get_array(), image) and np.array_equal(right.get_array(), mean.detach())
    assert left.get_extent()[1] < right.get_extent()[0]
    words = {text.get_text() for text in ax.texts}
    assert {"μ = (−1.2, 0.5)", "σ = (0.1, 0.2)", "(−1.1, 0.1)", "(1.0, −2.0) from N(0, 1)", "image x", "p(x|z): its mean"} <= words


def test_the_approximations_arrows_are_dashed_and_the_models_are_not():
    arrows = [text.arrow_patch for text in pictures.plate_graph(Figure().subplots()).texts if getattr(text, "arrow_patch", None)]
    assert [arrow.get_linestyle() == "--" for arrow in arrows] == [False, False, True, True]

"""The pictures of notebook 00: the machine is drawn from left to right with the numbers that it is given."""

import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_helpers.lessons.nb00 import pictures


def test_the_machine_shows_its_images_and_numbers():
    image, mean = torch.rand(8, 8), torch.rand(8, 8, requires_grad=True)
    ax = pictures.machine(Figure().subplots(), image, [-1.25, 0.5], [0.1, 0.2], [1.0, -2.0], mean)
    left, right = ax.images
    assert np.array_equal(left.get_array(), image) and np.array_equal(right.get_array(), mean.detach())
    assert left.get_extent()[1] < right.get_extent()[0]
    words = {text.get_text() for text in ax.texts}
    assert {"μ = (−1.2, 0.5)", "σ = (0.1, 0.2)", "(−1.1, 0.1)", "(1.0, −2.0) from N(0, 1)", "image x", "p(x|z): its mean"} <= words


def test_each_term_stands_under_the_part_that_pays_it_and_they_add_up():
    image, mean = (torch.rand(8, 8) > 0.5).float(), torch.rand(8, 8)
    ax = pictures.machine(Figure().subplots(), image, [-1.3, 0.5], [0.1, 2.0], [1.0, -2.0], mean)
    said = {text.get_text(): text.get_position()[0] for text in ax.texts if "nats" in text.get_text()}
    numbers = [[float(v.replace("−", "-")) for v in re.findall(r"−?\d+\.\d", words)] for words in said]
    kl = kl_divergence(Normal(torch.tensor([-1.3, 0.5]), torch.tensor([0.1, 2.0])), Normal(0.0, 1.0)).sum().item()
    gain = Bernoulli(mean).log_prob(image).sum().item()
    assert numbers == [[pytest.approx(kl, abs=0.051)], [pytest.approx(gain, abs=0.051)], pytest.approx([gain, kl, gain - kl], abs=0.101)]
    assert numbers[2][0] - numbers[2][1] == pytest.approx(numbers[2][2])
    encoder, decoder, image_left = 3.4, 11, ax.images[1].get_extent()[0]
    cost, buys, _ = said.values()
    assert encoder < cost < decoder < buys < image_left


def test_the_approximations_arrows_are_dashed_and_the_models_are_not():
    arrows = [text.arrow_patch for text in pictures.plate_graph(Figure().subplots()).texts if getattr(text, "arrow_patch", None)]
    assert [arrow.get_linestyle() == "--" for arrow in arrows] == [False, False, True, True]

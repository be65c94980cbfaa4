"""`Playground` without a browser: its model, its picture, what it refuses. Training itself is test_train.py."""

import base64

import numpy as np
import pytest
import torch
import traitlets

from vae_helpers import datasets
from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE
from vae_helpers.widgets import Playground, save_page


def test_model_has_the_weights_that_the_browser_sent():
    view, other = Playground(hidden=16), VAE((8, 8), 2, (16,), seed=9)
    assert torch.equal(view.model.encoder[0].weight, VAE((8, 8), 2, (16,), seed=0).encoder[0].weight)  # none came yet
    parameters = [p.detach().flatten() for net in (other.encoder, other.decoder) for p in net.parameters()]
    view.weights = base64.b64encode(torch.cat(parameters).numpy().tobytes()).decode()
    z = torch.tensor([[0.3, -1.0]])
    assert torch.equal(view.model.mean_image(z), other.mean_image(z))
    view.latent_dim = 1  # the weights are still those of two dimensions
    assert view.model.latent_dim == 1


def test_the_likelihood_is_the_chosen_one():
    view = Playground(likelihood="gaussian", sigma=0.5)
    assert isinstance(view.model.likelihood, Gaussian) and view.model.decode(torch.zeros(1, 2)).stddev[0, 0] == 0.5


def test_digits_reach_the_browser_as_they_are():
    view, data = Playground(), datasets.load("digits")
    sent = np.frombuffer(view.images, np.uint8).reshape(-1, 8, 8) / view.levels
    assert np.allclose(sent, data.train.images) and len(view.labels) == len(view.test) // 64


def test_the_picture_shows_a_trained_model_before_and_after():
    view = Playground(hidden=32)
    before = view.picture()
    assert before == Playground(hidden=32).picture()  # the same seed, the same picture
    view.steps, view.weights = 5, base64.b64encode(bytes(16)).decode()
    assert view.picture() != before
    assert Playground(hidden=32, latent_dim=1, likelihood="gaussian").picture()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"beta": 0.0}, "0.01 to 32"), ({"beta": float("nan")}, "got nan"), ({"lr": 1.0}, "0.0001 to 0.1"), ({"sigma": 0.0}, "0.06 to 1.6")],
)
def test_values_off_the_sliders_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Playground(**settings)


def test_other_choices_and_large_images_are_refused():
    with pytest.raises(traitlets.TraitError):
        Playground(latent_dim=3)
    split = datasets.Split(torch.zeros(3, 28, 28), torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match=r"at most 400 pixels.*28"):
        Playground(datasets.Dataset("large", split, split))


def test_a_page_with_its_data_is_light(tmp_path):
    assert save_page(Playground(), tmp_path / "page.html", "Play").stat().st_size < 250_000

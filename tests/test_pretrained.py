"""The shipped models are what their cards say, measured on MNIST's test images where MNIST lies on this machine."""

import pytest
import torch
from train_pretrained import MODELS, codes, held_out

from vae_helpers import datasets, models


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_scores_what_its_card_says(name):
    if datasets.found()["mnist"] is None:
        pytest.skip("MNIST is not on this machine: set VAE_HELPERS_DATA to a folder that holds it, or load it once")
    stated = models.card(name)["held_out"]
    measured = held_out(models.pretrained(name))
    assert stated.keys() == measured.keys()
    for key, (mean, stderr) in measured.items():
        assert mean == pytest.approx(stated[key]["mean"], abs=0.05), key  # other processors round differently
        assert stderr == pytest.approx(stated[key]["stderr_over_images"], abs=0.01), key


@pytest.mark.parametrize("name", MODELS)
def test_shipped_codes_are_what_the_shipped_model_makes_of_the_test_images(name):
    if datasets.found()["mnist"] is None:
        pytest.skip("MNIST is not on this machine: set VAE_HELPERS_DATA to a folder that holds it, or load it once")
    stored, computed = models.pretrained_codes(name), codes(models.pretrained(name))
    assert torch.equal(stored.labels, computed.labels)
    torch.testing.assert_close(stored.mean, computed.mean, atol=1e-4, rtol=1e-4)
    if computed.stddev is None:
        assert stored.stddev is None
    else:
        torch.testing.assert_close(stored.stddev, computed.stddev, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_shipped_codes_fit_their_model(name):
    model, (mean, stddev, labels) = models.pretrained(name), models.pretrained_codes(name)
    assert mean.shape == (1000, model.latent_dim) and labels.shape == (1000,) and labels.unique().tolist() == list(range(10))
    assert stddev is None if isinstance(model, models.Autoencoder) else stddev.shape == mean.shape and (stddev > 0).all()
    with torch.no_grad():  # an image decoded from its own code is encoded near it again
        again = model.encode(model.mean_image(mean))
    again = again if isinstance(model, models.Autoencoder) else again.mean
    assert (again - mean).norm(dim=1).median() < 0.25 * (mean - mean.mean(0)).norm(dim=1).median()


def test_codes_of_an_unknown_model():
    with pytest.raises(ValueError, match="expected one of .*mnist_vae_2d"):
        models.pretrained_codes("mnist_vae_3d")

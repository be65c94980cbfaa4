"""The shipped models are what their cards say, measured on MNIST's test images where MNIST lies on this machine."""

import pytest
from train_pretrained import MODELS, held_out

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

"""The shipped models are what their cards say, measured on MNIST's test images where MNIST lies on this machine."""

import copy
import statistics

import pytest
import torch
from train_pretrained import CHECKPOINTS, MEMBERS, MODELS, align, codes, held_out, held_out_member, recipe

from vae_helpers import datasets, pretrained, results
from vae_helpers.models import Autoencoder


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_scores_what_its_card_says(name):
    if datasets.found()["mnist"] is None:
        pytest.skip("MNIST is not on this machine: set VAE_HELPERS_DATA to a folder that holds it, or load it once")
    stated = pretrained.card(name)["held_out"]
    measured = held_out(pretrained.load(name))
    assert stated.keys() == measured.keys()
    for key, (mean, stderr) in measured.items():
        assert mean == pytest.approx(stated[key]["mean"], abs=0.05), key  # other processors round differently
        assert stderr == pytest.approx(stated[key]["stderr_over_images"], abs=0.01), key


@pytest.mark.parametrize("name", MODELS)
def test_shipped_codes_are_what_the_shipped_model_makes_of_the_test_images(name):
    if datasets.found()["mnist"] is None:
        pytest.skip("MNIST is not on this machine: set VAE_HELPERS_DATA to a folder that holds it, or load it once")
    stored, computed = pretrained.codes(name), codes(pretrained.load(name))
    assert torch.equal(stored.labels, computed.labels)
    torch.testing.assert_close(stored.mean, computed.mean, atol=1e-4, rtol=1e-4)
    if computed.stddev is None:
        assert stored.stddev is None
    else:
        torch.testing.assert_close(stored.stddev, computed.stddev, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_shipped_codes_fit_their_model(name):
    model, (mean, stddev, labels) = pretrained.load(name), pretrained.codes(name)
    assert mean.shape == (1000, model.latent_dim) and labels.shape == (1000,) and labels.unique().tolist() == list(range(10))
    assert stddev is None if isinstance(model, Autoencoder) else stddev.shape == mean.shape and (stddev > 0).all()
    with torch.no_grad():  # an image decoded from its own code is encoded near it again
        again = model.encode(model.mean_image(mean))
    again = again if isinstance(model, Autoencoder) else again.mean
    assert (again - mean).norm(dim=1).median() < 0.25 * (mean - mean.mean(0)).norm(dim=1).median()


def test_the_recipe_is_the_best_of_its_grid_on_images_held_back_from_training():
    settings, tried = pretrained.card("mnist_vae_2d")["settings"], {}
    for row in results.load("mnist_grid"):
        if row["epochs"] == settings["epochs"]:
            tried.setdefault(row["lr"], []).append(row["validation"])
    assert max(tried, key=lambda lr: statistics.mean(tried[lr])) == settings["lr"] == recipe("mnist_vae_2d")["lr"]
    assert {lr: len(found) for lr, found in tried.items()} == {0.01: 3, 0.003: 3, 0.001: 1}


def test_codes_of_an_unknown_model():
    with pytest.raises(ValueError, match="expected one of .*mnist_vae_2d"):
        pretrained.codes("mnist_vae_3d")


# the family of small VAEs


def test_the_family_scores_what_its_card_says():
    family = pretrained.family("digits_beta")
    assert list(family) == MEMBERS
    for key, (vae, facts) in family.items():
        for part, (mean, stderr) in held_out_member(vae).items():
            assert mean == pytest.approx(facts[part]["mean"], abs=0.02), (key, part)
            assert stderr == pytest.approx(facts[part]["stderr_over_images"], abs=0.01), (key, part)
        assert facts["stated_error"] >= max(3 * facts["elbo_sd_over_seeds"], facts["elbo"]["stderr_over_images"]) - 2e-3


def test_the_family_tells_the_story():
    """More β, less KL and a worse reconstruction, down to a code that is not used; β = 1 has the best ELBO, and training raises it."""
    family = pretrained.family("digits_beta")
    sweep = [facts for (_, epoch), (_, facts) in family.items() if epoch == CHECKPOINTS[-1]]
    kl, reconstruction = ([facts[part]["mean"] for facts in sweep] for part in ("kl", "reconstruction"))
    assert kl == sorted(kl, reverse=True) and kl[-1] < 0.01
    assert reconstruction[:5] == sorted(reconstruction[:5], reverse=True)
    assert max(sweep, key=lambda facts: facts["elbo"]["mean"])["beta"] == 1
    elbo = [facts["elbo"]["mean"] for (beta, _), (_, facts) in family.items() if beta == 1]
    assert elbo == sorted(elbo)


def test_align_undoes_swaps_and_mirrors_and_changes_no_image():
    vae = pretrained.family("digits_beta")[1, CHECKPOINTS[-1]].vae
    images, turned = datasets.load("digits").test.images, copy.deepcopy(vae)
    with torch.no_grad():  # (z1, z2) → (−z2, z1)
        last, first = turned.encoder[-1], turned.decoder[0]
        last.weight.copy_(last.weight[[1, 0, 3, 2]])
        last.bias.copy_(last.bias[[1, 0, 3, 2]])
        last.weight[0], last.bias[0] = -last.weight[0], -last.bias[0]
        first.weight.copy_(first.weight[:, [1, 0]])
        first.weight[:, 0] *= -1
        (a, a_scale), (b, b_scale) = ((q.mean, q.stddev) for q in (vae.encode(images), turned.encode(images)))
        assert torch.allclose(b, torch.stack([-a[:, 1], a[:, 0]], 1)) and torch.allclose(b_scale, a_scale.flip(1))
        assert torch.allclose(turned.mean_image(b), vae.mean_image(a), atol=1e-6)
        align(turned, vae, images)
        q = turned.encode(images)
        assert torch.allclose(q.mean, a, atol=1e-6) and torch.allclose(q.stddev, a_scale, atol=1e-6)
        assert torch.allclose(turned.mean_image(a), vae.mean_image(a), atol=1e-6)


def test_a_family_is_no_model_and_a_model_no_family():
    with pytest.raises(ValueError, match="family of models: load it with pretrained.family"):
        pretrained.load("digits_beta")
    with pytest.raises(ValueError, match="one model, not a family: load it with pretrained.load"):
        pretrained.family("mnist_vae_2d")
    with pytest.raises(ValueError, match="no codes ship with 'digits_beta'"):
        pretrained.codes("digits_beta")
    with pytest.raises(ValueError, match="expected one of digits_beta"):
        pretrained.family("digits_gamma")

import json
import math
import os

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vae_helpers import likelihoods, models, pretrained
from vae_helpers.models import VAE, Autoencoder


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "gaussian_pixel", likelihoods.Gaussian(0.2)], ids=str)
def test_shapes(network, likelihood):
    vae = VAE((8, 4), latent_dim=3, hidden=(16,), likelihood=likelihood, network=network)
    q = vae.encode(torch.rand(5, 8, 4))
    assert q.batch_shape == (5,) and q.event_shape == (3,)
    p = vae.decode(q.rsample((2,)))
    assert p.batch_shape == (2, 5) and p.event_shape == (32,)
    assert vae.prior.event_shape == (3,)
    assert vae.mean_image(torch.zeros(7, 3)).shape == (7, 8, 4) and vae.mean_image(torch.zeros(3)).shape == (8, 4)
    torch.testing.assert_close(vae.encode(torch.ones(1, 8, 4)).mean, vae.encode(torch.ones(1, 32)).mean)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_autoencoder_shapes(network):
    ae = Autoencoder((8, 4), latent_dim=3, hidden=(16,), network=network)
    z = ae.encode(torch.rand(5, 8, 4))
    assert z.shape == (5, 3)
    assert ae.decode(z).shape == (5, 8, 4) and (ae.decode(z) > 0).all() and (ae.decode(z) < 1).all()
    torch.testing.assert_close(ae.mean_image(z), ae.decode(z).detach())


def test_encoder_puts_out_mean_and_log_variance():
    vae = VAE((8, 8), 2, (16,))
    x = torch.rand(3, 8, 8)
    mu, logvar = vae.encoder(x.flatten(1)).split(2, -1)
    torch.testing.assert_close(vae.encode(x).mean, mu)
    torch.testing.assert_close(vae.encode(x).variance, logvar.exp())


def test_a_seed_fixes_the_weights_and_nothing_else():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    a, b, c = VAE(seed=0), VAE(seed=0), VAE(seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(a.decoder[0].weight, b.decoder[0].weight) and not torch.equal(a.decoder[0].weight, c.decoder[0].weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be a whole number from 1 on, got 0"),
        ({"latent_dim": 2.0}, "latent_dim must be"),
        ({"hidden": (0,)}, "hidden must be"),
        ({"image_shape": (8, 8, 3)}, "height, width.*colour channels are not supported"),
        ({"image_shape": (100, 8, 8)}, r"it is images.shape\[1:\]"),
        ({"image_shape": 8}, r"must be \(height, width\), got 8$"),
        ({"hidden": "16"}, "hidden must be a whole number from 1 on, got '16'"),
        ({"likelihood": ["gaussian"]}, "unknown likelihood"),
        ({"activation": ["relu"]}, "unknown activation"),
        ({"activation": "gelu"}, "unknown activation 'gelu': expected one of relu, tanh"),
        ({"network": "unet"}, "unknown network"),
        ({"likelihood": "laplace"}, "unknown likelihood"),
        ({"network": "conv", "image_shape": (10, 8)}, "divisible by 4"),
        ({"network": "conv", "likelihood": "categorical"}, 'use "mlp"'),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        VAE(**arguments)


@pytest.mark.parametrize(
    ("shape", "advice"), [((8, 8), r"x\[None\]"), ((5, 28, 28), "build a model for these"), ((5, 63), "got \\(5, 63\\)")]
)
def test_images_of_another_shape_are_refused(shape, advice):
    with pytest.raises(ValueError, match=advice):
        VAE((8, 8)).encode(torch.rand(shape))


@pytest.mark.parametrize("model", [VAE(seed=0), VAE(seed=0).double(), Autoencoder(seed=0)], ids=["VAE", "float64 VAE", "autoencoder"])
def test_both_doors_take_arrays_lists_and_other_floats(model):
    x = torch.rand(3, 8, 8)
    mean = (lambda q: q) if isinstance(model, Autoencoder) else (lambda q: q.mean)
    expected, dtype = mean(model.encode(x)), next(model.parameters()).dtype
    for form in (x.numpy(), x.double(), x.unsqueeze(1), x.tolist(), list(x)):
        assert torch.equal(mean(model.encode(form)), expected) and expected.dtype == dtype
    for z in ([0.0, 1.0], np.array([[0, 1]]), torch.tensor([0.0, 1.0], dtype=torch.float64)):
        assert torch.equal(model.mean_image(z).reshape(8, 8), model.mean_image(torch.tensor([0.0, 1.0])))
    assert isinstance(model, Autoencoder) or model.decode([0.0, 1.0]).event_shape == (64,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: VAE().encode(255 * torch.rand(3, 8, 8)), "divide by 255"),
        (lambda: VAE().encode(torch.full((3, 8, 8), math.nan)), "NaN"),
        (lambda: VAE(likelihood="gaussian").encode(torch.full((3, 8, 8), math.inf)), "infinity"),
        (lambda: Autoencoder().encode((16 * torch.rand(3, 8, 8)).round()), "divide by 16"),
        (lambda: VAE().encode(torch.rand(0, 8, 8)), "at least one image"),
        (lambda: VAE().mean_image(torch.full((2,), math.nan)), "expected finite codes, got 2 NaN"),
        (lambda: VAE().decode(torch.zeros(0, 2)), "at least one code"),
        (lambda: VAE(seed=2**64), "seed must be a whole number from 0 to"),
    ],
)
def test_what_no_model_can_mean_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gaussian_takes_standardized_images_and_its_own_reconstructions():
    vae = VAE(likelihood="gaussian", seed=0)
    x = 3 * torch.randn(5, 8, 8)
    assert vae.encode(vae.mean_image(vae.encode(x).mean)).mean.shape == (5, 2)


def test_numpys_numbers_make_a_model_that_can_be_saved(tmp_path):
    vae = VAE(np.array([1, 8, 8]), np.int64(2), [np.int32(16)], likelihoods.Gaussian(np.float32(0.5)), seed=np.int64(3))
    vae.save(tmp_path / "a.safetensors")
    assert VAE.load(tmp_path / "a.safetensors").config == VAE((8, 8), 2, (16,), likelihoods.Gaussian(0.5)).config


def test_a_model_that_is_called_names_what_to_call():
    for model in (VAE(), Autoencoder()):
        with pytest.raises(NotImplementedError, match=r"\.encode\(x\) and \.decode\(z\); a VAE's bound is objectives\.elbo"):
            model(torch.rand(3, 8, 8))


def test_two_models_from_one_likelihood_learn_two_sigmas():
    mine = likelihoods.Gaussian("shared")
    a, b = VAE(likelihood=mine), VAE(likelihood=mine)
    a.likelihood.logvar.data.fill_(3.0)
    assert b.likelihood.logvar == 0 and mine.logvar == 0


class Clipped(likelihoods.Bernoulli):
    """A likelihood of the reader's own."""

    def mean(self, outputs):
        return super().mean(outputs).clamp(0.1, 0.9)


def test_a_likelihood_of_ones_own_comes_back_only_as_itself(tmp_path):
    vae, path = VAE(likelihood=Clipped(), seed=0), tmp_path / "mine.safetensors"
    vae.save(path)
    with pytest.raises(ValueError, match=r"unknown likelihood 'Clipped'.*VAE.load\(path, likelihood=…\)"):
        VAE.load(path)
    again, z = VAE.load(path, likelihood=Clipped()), torch.randn(9, 2)
    assert torch.equal(again.mean_image(z), vae.mean_image(z)) and again.config == vae.config


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    VAE(seed=0).save("~/models/a.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["models"] and VAE.load("~/models/a.safetensors").latent_dim == 2


def test_codes_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"expected codes of shape \(…, 2\), got \(4, 3\)"):
        VAE((8, 8), latent_dim=2).decode(torch.zeros(4, 3))


@pytest.mark.parametrize(
    "model", [VAE(likelihood=likelihoods.Gaussian(0.2)), VAE(network="conv", likelihood="gaussian"), Autoencoder(latent_dim=5)]
)
def test_saved_and_loaded_it_is_the_same_model(model, tmp_path):
    model.save(tmp_path / "new folder" / "model.safetensors")
    loaded = type(model).load(tmp_path / "new folder" / "model.safetensors")
    assert loaded.config == model.config
    z = torch.randn(4, model.latent_dim)
    assert torch.equal(loaded.mean_image(z), model.mean_image(z))


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    VAE(seed=0).save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        VAE(seed=1).save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_broken_and_foreign_files_are_named_and_left_alone(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(FileNotFoundError, match="found no such file"):
        VAE.load(path)
    VAE().save(path)
    whole = path.read_bytes()
    cases = {
        "truncated": (whole[:-100], VAE, "not a whole safetensors file"),
        "another model": (whole, Autoencoder, "class VAE, expected Autoencoder"),
        "not safetensors": (b"PK\x03\x04 a zip", VAE, "not a whole safetensors file"),
        "empty": (b"", VAE, "not a whole safetensors file"),
    }
    for content, model_class, message in cases.values():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            model_class.load(path)
        assert path.read_bytes() == content
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="names no model to build"):
        VAE.load(path)
    config = json.dumps(VAE((8, 8)).config)
    save_file(VAE((4, 4)).state_dict(), path, {"format": "vae_helpers", "model": "VAE", "config": config})
    with pytest.raises(ValueError, match="should have shape"):
        VAE.load(path)


def test_shipped_models_load_and_are_small():
    folder = models.Path(models.__file__).parent / "pretrained"
    shipped = ["mnist_ae_2d", "mnist_cvae_2d", "mnist_vae_10d", "mnist_vae_2d"]
    others = ["digits_beta", *(f"{name}_codes" for name in shipped)]  # a family, and codes: tests/test_pretrained.py
    assert sorted(file.stem for file in folder.glob("*.safetensors")) == sorted(shipped + others)
    for name in shipped:
        card, model = pretrained.card(name), pretrained.load(name)
        assert (folder / f"{name}.safetensors").stat().st_size < 2_000_000
        assert type(model).__name__ == card["model"] and model.config["latent_dim"] == card["settings"]["latent_dim"]
        assert {"data", "settings", "seed", "command", "held_out", "stated_error"} <= card.keys()
    with pytest.raises(ValueError, match="unknown pretrained model"):
        pretrained.load("mnist_vae_3d")

import math

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from vae_helpers import datasets, runtime
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.objectives import elbo
from vae_helpers.training import Trainer, fit

X = datasets.load("digits").train.images[:300]


def trained(model=None, **settings) -> tuple[VAE, object]:
    model = VAE(hidden=(32,), seed=0) if model is None else model
    return model, fit(model, X, **({"epochs": 3, "batch_size": 50, "progress": False} | settings))


def weights(model) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_fit_is_algorithm_1():
    """The same numbers as the loop written out: shuffle, take a mini-batch, draw noise, step."""
    by_hand = VAE(hidden=(32,), seed=0)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=1e-3)
    order, noise = runtime.stream(4, 0), runtime.stream(4, 1)
    for _ in range(3):
        for indices in torch.randperm(len(X), generator=order).split(50):
            x = X[indices].flatten(1)
            mu, logvar = by_hand.encoder(x).chunk(2, -1)
            z = mu + (logvar / 2).exp() * torch.randn(1, *mu.shape, generator=noise)[0]
            cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(by_hand.decoder(z), x, reduction="none").sum(-1)
            kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)
            optimizer.zero_grad()
            (cross_entropy + kl).mean().backward()
            optimizer.step()
    packaged, _ = trained(seed=4)
    torch.testing.assert_close(weights(packaged), weights(by_hand), atol=2e-4, rtol=1e-3)


def test_the_same_seed_gives_the_same_numbers():
    (a, history_a), (b, history_b), (c, _) = (trained(seed=s) for s in (0, 0, 1))
    assert torch.equal(weights(a), weights(b)) and history_a.elbo == history_b.elbo
    assert not torch.equal(weights(a), weights(c))


def test_neither_the_noise_nor_the_order_repeats_the_numbers_that_the_weights_came_from():
    """Over 200 seeds, what the trainer draws first says nothing about the first numbers of the stream of the weights."""
    drawn = []
    for seed in range(200):
        trainer = Trainer(VAE(hidden=(8,), seed=seed), X, seed=seed, epochs=1)
        first = [torch.rand(16, generator=g) for g in (torch.Generator().manual_seed(seed), trainer.order, trainer.noise)]
        drawn.append(torch.stack(first))
    weights, order, noise = torch.stack(drawn, 1).flatten(1).double()  # each (3200,)
    for a, b in ((weights, order), (weights, noise), (order, noise)):
        assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 5 / math.sqrt(len(a))


def test_training_raises_the_bound():
    model, history = trained(epochs=20)
    assert history.stopped == "finished" and history.epochs == 20 and history.seconds > 0
    assert history.elbo[-1] > history.elbo[0] + 5
    assert history.elbo[-1] == pytest.approx(history.reconstruction[-1] - history.kl[-1])


def test_history_is_the_mean_over_images():
    # with a step size too small to matter and a last batch that is not full, the epoch's mean is the ELBO of the untrained model
    _, history = trained(lr=1e-12, batch_size=70, epochs=1)
    model = VAE(hidden=(32,), seed=0)
    exact = elbo(model, X, n_samples=400).elbo
    assert history.elbo[0] == pytest.approx(exact.mean().item(), abs=0.3)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adagrad", "lr": 0.02},
        {"schedule": "one_cycle", "lr": 1e-2},
        {"n_samples": 3},
        {"binarize": True},
        {"beta": 4.0},
        {"beta": lambda step: min(1.0, step / 10)},
    ],
    ids=str,
)
def test_each_setting_trains_and_matters(settings):
    model, history = trained(**settings)
    assert history.elbo[-1] > history.elbo[0]
    assert not torch.equal(weights(model), weights(trained()[0]))


def test_one_cycle_rises_to_lr_and_falls_to_nothing():
    trainer = Trainer(VAE(hidden=(32,), seed=0), X, epochs=10, batch_size=50, lr=1e-2, schedule="one_cycle")
    rates = [trainer.optimizer.param_groups[0]["lr"] for _ in trainer]
    assert rates[0] < 1e-3 and rates[-1] < 1e-4 and max(rates) == pytest.approx(1e-2, rel=0.01)


def test_a_beta_that_is_a_function_sees_the_step():
    seen = []
    trained(beta=lambda step: seen.append(step) or 1.0, epochs=2)
    assert seen == list(range(1, 13))


def test_an_autoencoder_learns_too():
    _, history = trained(Autoencoder(hidden=(32,), seed=0), epochs=20)
    assert history.error[-1] < 0.7 * history.error[0] and history.elbo == []


def test_more_kl_weight_gives_less_kl():
    assert trained(epochs=20, beta=8.0)[1].kl[-1] < trained(epochs=20)[1].kl[-1]


def test_dynamic_binarization_shows_the_model_black_or_white_pixels():
    seen, model = [], VAE(hidden=(32,), seed=0)
    model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    trained(model, binarize=True, epochs=2, batch_size=300)
    assert all(((x == 0) | (x == 1)).all() for x in seen)
    assert not torch.equal(seen[0].sum(0), seen[1].sum(0))  # drawn anew


def test_early_stop_goes_back_to_the_best_weights():
    model, history = trained(epochs=400, lr=2e-2, patience=5, validation=0.5)
    assert history.stopped == "early stop" and history.epochs < 400
    best = max(history.validation)
    assert history.validation.index(best) == len(history.validation) - 6
    trainer = Trainer(VAE(hidden=(32,), seed=0), X, patience=5, validation=0.5)
    with torch.no_grad():
        now = elbo(model, trainer.held_out, generator=torch.Generator().manual_seed(0)).elbo.mean().item()
    assert now == pytest.approx(best, abs=1e-3)
    assert len(trainer.held_out) == 150 and len(trainer.x) == 150


def test_ctrl_c_keeps_the_model(monkeypatch, capsys):
    model = VAE(hidden=(32,), seed=0)
    start = weights(model)
    monkeypatch.setattr(Trainer, "_step", lambda self, x, step, run=Trainer._step: run(self, x, step) if step < 8 else _interrupt())
    try:
        _, history = trained(model)
    except KeyboardInterrupt:  # it would end the whole test run
        pytest.fail("Ctrl-C got out of fit")
    assert history.stopped == "interrupted" and history.epochs == 1
    assert "keeps what it has learned" in capsys.readouterr().out
    assert not torch.equal(weights(model), start)


def test_leaving_the_loop_keeps_the_model_and_it_can_go_on():
    model, whole = VAE(hidden=(32,), seed=0), VAE(hidden=(32,), seed=0)
    trainer = Trainer(model, X, epochs=3, batch_size=50)
    for step in trainer:
        if step.step == 7:
            break
    assert step == (2, 7, 18, step.images, False)
    trained(whole)
    rest = list(trainer)
    assert rest[-1].epoch_done and torch.equal(weights(model), weights(whole))


def test_a_diverging_run_stops_and_keeps_the_last_good_weights():
    with pytest.raises(FloatingPointError, match="try a smaller lr"):
        trained(model := VAE(hidden=(32,), seed=0, likelihood="gaussian_pixel"), lr=1e6)
    assert weights(model).isfinite().all()


def test_weights_that_break_in_the_last_step_are_noticed(monkeypatch):
    def step(self, x, step, run=Trainer._step):
        terms = run(self, x, step)
        if step == 12:  # the last of the second epoch: its objective was still finite
            self.model.decoder[0].bias.data.fill_(math.nan)
        return terms

    monkeypatch.setattr(Trainer, "_step", step)
    with pytest.raises(FloatingPointError, match="in epoch 2"):
        trained(model := VAE(hidden=(32,), seed=0))
    assert weights(model).isfinite().all()


@pytest.mark.parametrize(
    ("data", "settings", "error", "message"),
    [
        (X[:0], {}, ValueError, "at least one image, got none"),
        (X, {"batch_size": 301}, ValueError, "batch_size 301 is larger than the data set of 300 images"),
        (X, {"batch_size": 0}, ValueError, "batch_size must be"),
        (X, {"epochs": 0}, ValueError, "epochs must be"),
        (X, {"n_samples": 0}, ValueError, "n_samples must be"),
        (X, {"lr": -1.0}, ValueError, "lr must be a positive number"),
        (X, {"lr": math.nan}, ValueError, "lr must be"),
        (X, {"beta": -0.5}, ValueError, "beta must be a number from 0 on"),
        (X, {"optimizer": "sgd"}, ValueError, "unknown optimizer 'sgd': expected one of adam, adagrad"),
        (X, {"schedule": "cosine"}, ValueError, "unknown schedule"),
        (X, {"patience": 3, "validation": 1.5}, ValueError, "validation must be a fraction"),
        (X, {"patience": 3, "validation": "0.1"}, ValueError, "validation must be a positive number, got '0.1'"),
        (X, {"patience": 0}, ValueError, "patience must be"),
        (X, {"patience": 3, "schedule": "one_cycle"}, ValueError, "choose schedule or patience"),
        (X, {"patience": 3, "validation": 0.9}, ValueError, "30 images are left to train on after holding out 270"),
        (X * 255, {}, ValueError, "divide by 255"),
        (-X, {}, ValueError, "rescale"),
        (X * math.nan, {}, ValueError, "NaN"),
        ((X * 255).byte(), {}, TypeError, "floating-point pixels"),
        (16 * X, {}, ValueError, "divide by 16"),
        ((X > 0.5), {}, TypeError, r"zeros and ones, so \.float\(\) is enough"),
        (DataLoader(TensorDataset(X)), {}, TypeError, r"got DataLoader: take the images out of the loader, torch.cat"),
        (TensorDataset(X), {}, TypeError, r"got TensorDataset: take the images out of it, torch.stack"),
        ("digits", {}, TypeError, "expected images as one tensor or array of numbers, got str"),
        (X, {"seed": -1}, ValueError, "seed must be a whole number from 0 to 4294967295, got -1"),
        (X, {"validation": 0.2}, ValueError, "set patience too, or leave it out"),
        (X[:, :7], {}, ValueError, r"expected images of shape \(batch, 8, 8\)"),
    ],
)
def test_bad_input_is_refused_before_training(data, settings, error, message):
    model = VAE(hidden=(8,), seed=0)
    before = weights(model)
    with pytest.raises(error, match=message):
        fit(model, data, **({"epochs": 1, "batch_size": 50, "progress": False} | settings))
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize(
    "data",
    [
        X.numpy(),
        X.numpy().astype(np.float64),
        X.unsqueeze(1),
        X.flatten(1).double(),
        list(X),
        X.tolist(),
        datasets.Split(X, torch.zeros(300).long()),
        datasets.Dataset("mine", datasets.Split(X, torch.zeros(300).long()), datasets.Split(X[:2], torch.zeros(2).long())),
    ],
    ids=["array", "float64 array", "channel axis", "flat float64", "list of tensors", "lists", "Split", "Dataset"],
)
def test_every_harmless_form_of_the_data_trains_to_the_same_numbers(data):
    model = VAE(hidden=(32,), seed=0)
    settings = {"epochs": np.int64(1), "batch_size": np.int32(50), "seed": np.int64(3), "lr": np.float32(1e-3), "beta": torch.tensor(1.0)}
    fit(model, data, progress=False, **settings)
    assert torch.equal(weights(model), weights(trained(epochs=1, seed=3, lr=float(np.float32(1e-3)))[0]))


def test_settings_of_a_vae_are_refused_for_an_autoencoder():
    for settings in ({"beta": 4.0}, {"n_samples": 2}):
        with pytest.raises(ValueError, match="this model is an Autoencoder"):
            trained(Autoencoder(), **settings)


def test_autocast_around_the_training_changes_no_number():
    expected, history = trained()
    with torch.autocast("cpu", torch.bfloat16):
        model, same = trained()
    assert torch.equal(weights(model), weights(expected)) and same.elbo == history.elbo
    with torch.autocast("cpu", torch.bfloat16):
        _, held_out = trained(patience=5)
    assert held_out.validation == trained(patience=5)[1].validation


@pytest.mark.parametrize("switched_off", [torch.no_grad, torch.inference_mode])
def test_without_gradients_training_says_so(switched_off):
    model = VAE(hidden=(8,), seed=0)
    before = weights(model)
    with switched_off(), pytest.raises(RuntimeError, match="training needs gradients"):
        trained(model)
    assert torch.equal(weights(model), before)


def test_frozen_weights():
    model = VAE(hidden=(8,), seed=0).requires_grad_(False)
    with pytest.raises(ValueError, match="all weights of the model are frozen"):
        trained(model)
    before = model.encoder[0].weight.clone()
    model.decoder.requires_grad_(True)
    trained(model)
    assert torch.equal(model.encoder[0].weight, before) and model.decoder[0].weight.grad is not None


@pytest.mark.parametrize(
    ("wrap", "advice"),
    [
        (lambda vae: torch.compile(vae, backend="eager"), r"got OptimizedModule: hand over the model inside it, \._orig_mod"),
        (lambda vae: VAE, r"got type: build one first, VAE\(…\)"),
        (lambda vae: X, "got Tensor: the model comes first"),
        (torch.nn.DataParallel, r"got DataParallel: hand over the model inside it, \.module"),
        (lambda vae: torch.nn.Linear(64, 2), "got Linear: write the objective and the loop of a model of your own out"),
    ],
    ids=["compiled", "class", "images", "parallel", "own"],
)
def test_a_model_of_another_class_is_refused_in_a_sentence(wrap, advice):
    for use in (trained, lambda model: elbo(model, X)):
        with pytest.raises(TypeError, match=advice):
            use(wrap(VAE(hidden=(8,))))


def test_the_held_out_pass_goes_in_pieces(monkeypatch):
    model, sizes = VAE(hidden=(32,), seed=0), []
    model.encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    monkeypatch.setattr("vae_helpers.models.FLOATS_AT_ONCE", 20 * 96)
    trained(model, patience=1, validation=0.5, epochs=1)
    assert sizes == [50, 50, 50, *[20] * 7, 10]


def test_a_step_checks_no_pixel_again(monkeypatch):
    trainer = Trainer(VAE(hidden=(8,)), X, epochs=1, batch_size=50)
    for check in ("check_unit_range", "check_finite"):
        monkeypatch.setattr(f"vae_helpers.likelihoods.{check}", lambda *_: pytest.fail("a step looked at the pixels"))
    assert sum(1 for _ in trainer) == 6


def test_float64_as_the_default_trains():
    torch.set_default_dtype(torch.float64)
    try:
        model, history = trained(VAE(hidden=(32,), seed=0), epochs=2)
    finally:
        torch.set_default_dtype(torch.float32)
    assert weights(model).dtype == torch.float64 and history.elbo[1] > history.elbo[0]


def _interrupt():
    raise KeyboardInterrupt

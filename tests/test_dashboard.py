"""The training dashboard without a browser: same numbers as `fit` however it is steered, and nothing fails in silence."""

import asyncio
import copy
import threading
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vae_helpers import datasets
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.training import Trainer, fit
from vae_helpers.widgets import TrainingDashboard, training_dashboard
from vae_helpers.widgets.kit.base import png_size

SETTINGS = {"epochs": 3, "batch_size": 200, "seed": 5, "binarize": True}


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture
def vae():
    return VAE(image_shape=(8, 8), latent_dim=2, hidden=(16,), seed=1)


@pytest.fixture
def fitted(vae, digits):
    model = copy.deepcopy(vae)
    return model, fit(model, digits, progress=False, **SETTINGS)


def weights(model) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach()


async def until(dashboard, *states) -> None:
    while dashboard.status not in states:
        await asyncio.sleep(0)


def assert_same_training(dashboard, model, history) -> None:
    assert torch.equal(weights(dashboard.model), weights(model))
    for name in ("elbo", "reconstruction", "kl", "stopped"):
        assert getattr(dashboard.history, name) == getattr(history, name)


def test_run_sync_is_fit_on_a_copy(vae, digits, fitted):
    before = weights(vae).clone()
    dashboard = TrainingDashboard(vae, digits, **SETTINGS)
    assert dashboard.run_sync() is dashboard.history
    assert_same_training(dashboard, *fitted)
    assert torch.equal(weights(vae), before), "the reader's own model was trained"
    assert dashboard.run_sync().epochs == 3, "trained on after the end"


def test_any_steering_gives_the_numbers_of_fit(vae, digits, fitted, monkeypatch):
    """Played, paused, stepped, played with another cell's work between, and finished in a cell."""
    monkeypatch.setattr(training_dashboard, "SLICE", 0)
    monkeypatch.setattr(training_dashboard, "NUMBERS", 0)
    monkeypatch.setattr(training_dashboard, "PICTURES", 0)  # everything is drawn after every step, and disturbs nothing

    async def steer():
        dashboard = TrainingDashboard(vae, digits, **SETTINGS)
        dashboard.play()
        while dashboard.progress[0] < 4:
            await asyncio.sleep(0)
        dashboard.pause()
        await asyncio.sleep(0.01)
        at_pause = dashboard.progress[0]
        torch.rand(7)  # another cell uses the global stream of random numbers
        await asyncio.sleep(0.01)
        assert dashboard.progress[0] == at_pause and dashboard.status == "paused"
        dashboard.step()
        assert dashboard.progress[0] == at_pause + 1 and dashboard.status == "paused"
        dashboard.play()
        while dashboard.progress[0] < 12:
            await asyncio.sleep(0)
        dashboard.run_sync()  # while the background task is between two steps
        await dashboard._task
        return dashboard

    assert_same_training(asyncio.run(steer()), *fitted)


def test_other_cells_run_while_it_trains(vae, digits):
    async def main():
        dashboard = TrainingDashboard(vae, digits, epochs=200)
        dashboard.play()
        turns = 0
        while dashboard.status == "training" and turns < 3:
            await asyncio.sleep(0)
            turns += 1
        dashboard.stop()
        return turns, dashboard.progress

    turns, (done, n_steps) = asyncio.run(main())
    assert turns == 3 and 0 < done < n_steps


def test_stop_keeps_the_model_and_play_starts_anew(vae, digits, fitted):
    async def main():
        dashboard = TrainingDashboard(vae, digits, **SETTINGS)
        for _ in range(9):
            dashboard.step()
        dashboard.stop()
        stopped, history = dashboard.model, dashboard.history
        dashboard.step()  # nothing is left to step
        kept = weights(stopped).clone()
        dashboard.play()
        await dashboard._task
        assert torch.equal(weights(stopped), kept), "a restart trained the model that was kept"
        return dashboard, kept, history

    dashboard, kept, history = asyncio.run(main())
    assert history.stopped == "interrupted" and history.epochs == 1
    by_hand = copy.deepcopy(vae)
    trainer = Trainer(by_hand, digits, **SETTINGS)
    for _ in range(9):
        next(iter(trainer))
    assert torch.equal(kept, weights(by_hand))
    assert_same_training(dashboard, *fitted)


def test_two_clicks_start_one_training(vae, digits, fitted):
    async def main():
        dashboard = TrainingDashboard(vae, digits, **SETTINGS)
        dashboard.play()
        task = dashboard._task
        dashboard.play()
        dashboard.pause()
        dashboard.play()
        assert dashboard._task is task
        await task
        return dashboard

    assert_same_training(asyncio.run(main()), *fitted)


def test_one_training_at_a_time(vae, digits):
    async def main():
        first, second = (TrainingDashboard(vae, digits, epochs=50) for _ in range(2))
        first.play()
        second.play()
        assert (first.status, second.status) == ("paused", "training")
        second.stop()

    asyncio.run(main())


def test_messages_from_another_thread_are_obeyed_on_the_main_one(vae, digits, monkeypatch):
    """ipykernel handles widget messages on a thread of its own."""
    threads = set()
    advance = TrainingDashboard._advance
    monkeypatch.setattr(TrainingDashboard, "_advance", lambda self: threads.add(threading.get_ident()) or advance(self))

    async def main():
        dashboard = TrainingDashboard(vae, digits, **SETTINGS)
        for command, expected in (("step", "paused"), ("play", "finished")):
            sender = threading.Thread(target=dashboard._on_message, args=(dashboard, {"command": command}, []))
            sender.start()
            sender.join()
            await until(dashboard, expected)

    asyncio.run(main())
    assert threads == {threading.get_ident()}


def test_a_failure_is_a_sentence_in_the_view(vae, digits):
    async def main():
        dashboard = TrainingDashboard(vae, digits, epochs=3, lr=1e30)
        dashboard.play()
        await dashboard._task
        return dashboard

    dashboard = asyncio.run(main())
    assert dashboard.status == "failed"
    assert np.isfinite(np.frombuffer(dashboard.curves, "<f4")).all(), "a browser cannot draw NaN"
    assert dashboard.error.startswith("Training ended: the objective became") and "smaller lr" in dashboard.error
    with pytest.raises(FloatingPointError, match="smaller lr"):
        TrainingDashboard(vae, digits, epochs=3, lr=1e30).run_sync()


def test_the_interrupt_button_keeps_the_model(vae, digits, monkeypatch):
    dashboard = TrainingDashboard(vae, digits, **SETTINGS)
    advance = dashboard._advance

    def interrupted():
        if dashboard._steps_done == 10:
            raise KeyboardInterrupt
        return advance()

    monkeypatch.setattr(dashboard, "_advance", interrupted)
    try:
        assert dashboard.run_sync().stopped == "interrupted"
    except KeyboardInterrupt:  # pytest would take it for Ctrl-C
        pytest.fail("the interrupt got out of run_sync()")
    assert dashboard.status == "stopped" and dashboard.progress[0] == 10


def test_what_is_shown_is_what_is(vae, digits):
    dashboard = TrainingDashboard(vae, digits, **SETTINGS)
    dashboard.run_sync()
    history, model = dashboard.history, dashboard.model
    curves = np.frombuffer(dashboard.curves, "<f4").reshape(-1, 4)
    expected = np.column_stack([[1, 2, 3], history.elbo, history.reconstruction, history.kl])
    np.testing.assert_allclose(curves, expected, rtol=1e-6)
    shown = {"ELBO": history.elbo[-1], "reconstruction": history.reconstruction[-1], "KL": history.kl[-1]}
    for name, value in shown.items():
        assert f"{name} {value:.2f}".replace("-", "−") in dashboard.reading
    pixels = np.frombuffer(dashboard.pixels, np.uint8).reshape(3, 10, 8, 8) / 255
    labels = digits.test.labels.tolist()
    first = digits.test.images[[labels.index(label) for label in range(10)]]
    reconstructions = model.mean_image(model.encode(first).mean)
    np.testing.assert_allclose(pixels[0], first, atol=0.003)
    np.testing.assert_allclose(pixels[1], reconstructions, atol=0.003)
    codes = np.frombuffer(dashboard.codes, "<f4").reshape(-1, 2)
    np.testing.assert_allclose(codes, model.encode(digits.test.images).mean.detach(), atol=1e-5)
    assert dashboard.labels == [str(label) for label in labels]


def test_the_epoch_under_way_shows_its_mean_so_far(vae, digits):
    dashboard = TrainingDashboard(vae, digits, **SETTINGS)
    model = copy.deepcopy(vae)
    trainer = iter(Trainer(model, digits, **SETTINGS))
    terms = []
    for _ in range(3):
        dashboard.step()
        terms.append(next(trainer).terms)
    epoch, elbo, reconstruction, kl = np.frombuffer(dashboard.curves, "<f4")
    assert epoch == pytest.approx(3 / dashboard._trainer.steps_per_epoch)
    assert reconstruction == pytest.approx(np.mean([t["reconstruction"].item() for t in terms]), rel=1e-6)
    assert kl == pytest.approx(np.mean([t["kl"].item() for t in terms]), rel=1e-6)
    assert elbo == pytest.approx(reconstruction - kl, rel=1e-6)


def test_news_at_most_ten_times_a_second_and_pictures_twice(vae, digits, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(training_dashboard, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    dashboard = TrainingDashboard(vae, digits, epochs=30)
    numbers, pictures = [], []
    dashboard.observe(lambda change: numbers.append(clock.now), "progress")
    dashboard.observe(lambda change: pictures.append(clock.now), "pixels")
    for _ in range(300):
        clock.now += 0.01
        dashboard._advance()
    assert 25 <= len(numbers) <= 30 and 5 <= len(pictures) <= 6  # in three seconds
    assert min(np.diff(numbers)) >= 0.1 and min(np.diff(pictures)) >= 0.5


def test_mime_bundle_has_view_picture_and_sentence(vae, digits):
    dashboard, again = (TrainingDashboard(vae, digits, **SETTINGS) for _ in range(2))
    dashboard.run_sync()
    again.run_sync()
    data, metadata = dashboard._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= data.keys()
    assert metadata["image/png"]["width"] == png_size(dashboard.picture())[0] // 2
    assert "Epoch 3 of 3" in repr(dashboard) and repr(dashboard) == repr(again)
    assert dashboard.picture() == again.picture()
    assert plt.get_fignums() == [], "pyplot would be shared with the cells that run meanwhile"


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        Autoencoder((8, 8), latent_dim=2, hidden=(8,), seed=0),
        Autoencoder((8, 8), latent_dim=5, hidden=(8,), seed=0),
        VAE((8, 8), latent_dim=5, hidden=(8,), seed=0),
        VAE((8, 8), latent_dim=2, hidden=(8,), likelihood="gaussian", network="conv", seed=0),
    ],
    ids=["AE 2", "AE 5", "VAE 5", "conv VAE 2"],
)
def test_every_kind_of_model_and_plain_images(model, trained, digits):
    dashboard = TrainingDashboard(model, digits.train.images[:7], epochs=2, batch_size=4)
    if trained:
        dashboard.run_sync()
    assert (len(dashboard.codes) > 0) == (model.latent_dim == 2)
    assert ("samples from the prior" in dashboard.rows) == isinstance(model, VAE)
    assert dashboard.picture().startswith(b"\x89PNG")
    assert ("squared error" in dashboard.reading or "ELBO" in dashboard.reading) == trained


def test_bad_settings_are_refused_before_anything_is_shown(vae, digits):
    with pytest.raises(ValueError, match="epochs must be a whole number"):
        TrainingDashboard(vae, digits, epochs=0)
    with pytest.raises(TypeError, match="expected images as one tensor or array of numbers, got str"):
        TrainingDashboard(vae, "digits")
    with pytest.raises(ValueError, match="at least one image, got none"):
        TrainingDashboard(vae, torch.zeros(0, 8, 8))
    with pytest.raises(ValueError, match="divide by 16"):
        TrainingDashboard(vae, 16 * digits.train.images)
    with pytest.raises(ValueError, match=r"expected images of shape \(batch, 8, 8\)"):
        TrainingDashboard(vae, torch.rand(20, 9, 9), epochs=1)
    with pytest.raises(RuntimeError, match="run_sync"):
        TrainingDashboard(vae, digits, epochs=1).play()

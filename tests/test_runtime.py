import threading

import pytest
import torch

from vae_helpers import runtime


@pytest.fixture(autouse=True)
def restore_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_setup_reads_seed_and_threads(monkeypatch, capsys):
    monkeypatch.setenv("VAE_HELPERS_SEED", "7")
    monkeypatch.setenv("VAE_HELPERS_THREADS", "1")
    assert runtime.setup() == 7
    assert torch.initial_seed() == 7 and torch.get_num_threads() == 1
    assert "seed 7" in capsys.readouterr().out


@pytest.mark.parametrize(("variable", "value"), [("VAE_HELPERS_SEED", "-1"), ("VAE_HELPERS_SEED", "lucky"), ("VAE_HELPERS_THREADS", "0")])
def test_bad_settings_are_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"{variable} must be a whole number"):
        runtime.setup()


def test_streams_repeat_and_differ(monkeypatch):
    def draw(k):
        return torch.rand(5, generator=runtime.generator(k))

    assert torch.equal(draw(3), draw(3)) and not torch.equal(draw(3), draw(4))
    with_seed_0 = draw(3)
    monkeypatch.setenv("VAE_HELPERS_SEED", "1")
    assert not torch.equal(draw(3), with_seed_0)


def test_fast_matmul_restores_the_setting_and_keeps_accuracy():
    a, b = torch.randn(128, 784), torch.randn(784, 400)
    before = torch.get_float32_matmul_precision()
    with pytest.raises(KeyboardInterrupt), runtime.fast_matmul():
        product = a @ b
        raise KeyboardInterrupt
    assert torch.get_float32_matmul_precision() == before
    assert (product - a.double() @ b.double()).abs().max() < 1e-3


def test_figures_are_flushed_on_the_main_thread_only(monkeypatch):
    flushed = []
    monkeypatch.setattr("matplotlib_inline.backend_inline.flush_figures", lambda: flushed.append(threading.current_thread()))
    other = threading.Thread(target=runtime._flush)
    other.start()
    other.join()
    assert flushed == []
    runtime._flush()
    assert flushed == [threading.main_thread()]

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


@pytest.mark.parametrize(
    ("variable", "value"), [*(("VAE_HELPERS_SEED", text) for text in ("-1", "lucky", "²", str(2**32))), ("VAE_HELPERS_THREADS", "0")]
)
def test_bad_settings_are_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"{variable} must be a whole number"):
        runtime.setup()


def test_the_largest_seed_is_numpys(monkeypatch):
    monkeypatch.setenv("VAE_HELPERS_SEED", str(2**32 - 1))
    assert runtime.setup() == 2**32 - 1


def test_streams_repeat_and_differ(monkeypatch):
    def draw(k):
        return torch.rand(5, generator=runtime.generator(k))

    assert torch.equal(draw(3), draw(3)) and not torch.equal(draw(3), draw(4))
    with_seed_0 = draw(3)
    monkeypatch.setenv("VAE_HELPERS_SEED", "1")
    assert not torch.equal(draw(3), with_seed_0)


def test_noise_is_drawn_where_the_generator_lives_and_then_moved(monkeypatch):
    places, empty, on_a_gpu = [], torch.empty, torch.zeros(3, device="meta")  # stands in for one
    monkeypatch.setattr(torch, "empty", lambda *sizes, **options: places.append(options["device"]) or empty(*sizes, **options))
    assert runtime.noise_like(on_a_gpu, torch.Generator()).device.type == "meta" and places == [torch.device("cpu")]
    here = torch.zeros(2, 3, dtype=torch.float64)
    for draw, known in (("normal_", torch.randn), ("uniform_", torch.rand)):
        a = runtime.noise_like(here, torch.Generator().manual_seed(1), draw=draw)
        assert torch.equal(a, known(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))


def test_seeded_leaves_the_global_stream_where_it_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with runtime.seeded(0):
        a = torch.rand(3)
    assert torch.equal(torch.rand(3), expected) and not torch.equal(a, expected)
    with runtime.seeded(0):
        assert torch.equal(torch.rand(3), a)
    with runtime.seeded(None):
        pass


def test_fast_matmul_restores_the_setting_and_keeps_accuracy():
    a, b = torch.randn(128, 784), torch.randn(784, 400)
    before = torch.get_float32_matmul_precision()
    with pytest.raises(KeyboardInterrupt), runtime.fast_matmul():
        product = a @ b
        raise KeyboardInterrupt
    assert torch.get_float32_matmul_precision() == before
    assert (product - a.double() @ b.double()).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("processor", "error", "way"), [("AVX512", 3.7e-7, "medium"), ("AVX512", 1e-3, "highest"), ("AVX2", 2.5e-7, "highest")]
)
def test_the_arithmetic_is_chosen_by_processor_and_accuracy_and_never_by_a_clock(monkeypatch, processor, error, way):
    def stopwatch():
        raise AssertionError("something was timed")

    for clock in ("perf_counter", "process_time", "monotonic", "time"):
        monkeypatch.setattr(f"time.{clock}", stopwatch)
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: processor)
    monkeypatch.setattr(runtime, "_rounding_error", lambda precision: error if precision == "medium" else 2.5e-7)
    monkeypatch.setattr(runtime, "_onednn_is_exact", runtime._onednn_is_exact.__wrapped__)
    torch.set_float32_matmul_precision("highest")
    with runtime.fast_matmul():
        assert torch.get_float32_matmul_precision() == way


def test_the_probe_tells_float32_from_bfloat16(monkeypatch):
    assert 1e-8 < runtime._rounding_error("highest") < 1e-6
    product = torch.Tensor.__matmul__
    monkeypatch.setattr(
        torch.Tensor, "__matmul__", lambda a, b: product(a.bfloat16().to(a.dtype), b) if a.dtype == torch.float32 else product(a, b)
    )
    assert runtime._rounding_error("highest") > 1e-4


def test_figures_are_flushed_on_the_main_thread_only(monkeypatch):
    flushed = []
    monkeypatch.setattr("matplotlib_inline.backend_inline.flush_figures", lambda: flushed.append(threading.current_thread()))
    other = threading.Thread(target=runtime._flush)
    other.start()
    other.join()
    assert flushed == []
    runtime._flush()
    assert flushed == [threading.main_thread()]

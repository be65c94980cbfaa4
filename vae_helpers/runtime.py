"""Seed, threads, device and figure style: the surroundings in which every notebook runs."""

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version

import numpy as np
import torch

from .inputs import MOST_SEED, whole_number


def setup() -> int:
    """Prepare a notebook: fix the seed, the number of threads and the figure style. Returns the seed.

    Two environment variables change the whole collection: `VAE_HELPERS_SEED` (default 0) and `VAE_HELPERS_THREADS`
    (default 1: with two, a browser that draws on the other core slows training fourfold, and sums differ in the seventh digit).
    """
    torch.manual_seed(seed())
    np.random.seed(seed())
    torch.set_num_threads(threads())
    _return_freed_memory()
    _figure_style()
    print(f"seed {seed()}, {threads()} thread{'s' if threads() > 1 else ''}, {device()}")
    return seed()


def seed() -> int:
    """The collection's seed: `VAE_HELPERS_SEED`, or 0. Raises ValueError if that is not a whole number from 0 to 2³² − 1."""
    return _setting("VAE_HELPERS_SEED", default=0, least=0, most=MOST_SEED)


def threads() -> int:
    """Threads for the arithmetic: `VAE_HELPERS_THREADS`, or 1. Raises ValueError if that is not a whole number from 1 to 1024."""
    return _setting("VAE_HELPERS_THREADS", default=1, least=1, most=1024)


def generator(k: int = 0) -> torch.Generator:
    """Stream number k of random numbers under the collection's seed: the same k gives the same numbers, another k independent ones."""
    return stream(seed(), k)


def stream(seed: int, k: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Stream number k under a seed of your own; `torch.manual_seed(seed)`, which draws initial weights, is independent of all of them.

    (A generator seeded with the same number as the weights would repeat the very numbers that they were drawn from.)
    """
    words = [whole_number("seed", seed, least=0, most=MOST_SEED), whole_number("k", k, least=0)]
    return torch.Generator(device).manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1)))


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Within the block torch's global stream starts from `seed`; afterwards it is where it was. With None nothing is done.

    Raises ValueError for what is no whole number from 0 on.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole_number("seed", seed, least=0, most=MOST_SEED))
        yield


def noise_like(
    like: torch.Tensor, generator: torch.Generator | None = None, shape: tuple[int, ...] | None = None, draw: str = "normal_"
) -> torch.Tensor:
    """Random numbers of the dtype and on the device of `like`, and of its shape if no other is given.

    They are drawn where the generator lives, and then moved: one generator gives the same numbers to a model on any device.
    draw: how a tensor is filled, "normal_", "uniform_" or "exponential_".
    """
    check_generator(generator)
    where = like.device if generator is None else generator.device
    empty = torch.empty(like.shape if shape is None else shape, dtype=like.dtype, device=where)
    return getattr(empty, draw)(generator=generator).to(like.device)


def check_generator(generator: torch.Generator | None) -> None:
    """Raise TypeError for what is no generator, such as a seed."""
    if not isinstance(generator, torch.Generator | None):
        raise TypeError(f"generator must be a torch.Generator, such as runtime.generator(3), got {generator!r}")


@contextmanager
def with_gradients() -> Iterator[None]:
    """`torch.enable_grad()`, with a sentence, a RuntimeError, where that would have no effect. Takes part in no step of training."""
    if torch.is_inference_mode_enabled():
        raise RuntimeError("this takes derivatives, which torch.inference_mode has switched off here: call it outside, or under no_grad")
    with torch.enable_grad():
        yield


def device() -> torch.device:
    """The GPU if torch sees one (CUDA), else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on: package name to version."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")
    }


@contextmanager
def fast_matmul() -> Iterator[None]:
    """Within the block float32 products go through oneDNN where that is worth it and rounds no more than torch's other way, MKL.

    `torch.set_float32_matmul_precision("medium")` hands them over. On AMD processors with AVX-512 that is twice as fast; with AVX2 it
    makes no difference; where the hardware has bfloat16 tiles it may truly round, and then it is not used. Nothing here is timed: a
    processor always decides alike, and the same seed gives the same numbers. The setting that was there before comes back afterwards.
    """
    before = torch.get_float32_matmul_precision()
    if _onednn_is_exact():
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@cache
def _onednn_is_exact() -> bool:
    """True on a processor with AVX-512 whose oneDNN rounds like MKL. (bfloat16 has an error of 1e-3, float32 of 3e-7.)"""
    return torch.backends.cpu.get_cpu_capability() == "AVX512" and _rounding_error("medium") < 3 * _rounding_error("highest")


def _rounding_error(precision: str) -> float:
    """Relative error of a float32 product of two fixed matrices."""
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(128, 784, generator=g, dtype=torch.float32), torch.randn(784, 400, generator=g, dtype=torch.float32)
    exact, before = a.double() @ b.double(), torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(precision)
        return ((a @ b - exact).norm() / exact.norm()).item()
    finally:
        torch.set_float32_matmul_precision(before)


def _setting(variable: str, default: int, least: int, most: int) -> int:
    text = os.environ.get(variable, str(default)).strip()
    try:
        return whole_number(variable, int(text) if text.isdecimal() else text, least, most)
    except ValueError as error:
        raise ValueError(f"{error}: unset it or set it to such as {default}") from None


def _return_freed_memory() -> None:
    """Keep a kernel small: hold glibc's limit above which freed blocks go back to the system at 4 MB.

    By itself the limit rises with use, and a notebook then holds on to hundreds of megabytes that nothing uses. Linux only.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").mallopt(-3, 4 << 20)  # M_MMAP_THRESHOLD


def _figure_style() -> None:
    """Colour-blind-safe colours, letters that can be read from the back row, PNG at twice the shown size."""
    import matplotlib as mpl
    import seaborn as sns

    sns.set_theme(context="notebook", style="ticks", palette="colorblind", font_scale=1.1)
    mpl.rcParams.update(
        {
            "figure.dpi": 72,  # shown size; the inline "retina" format doubles the pixels
            "figure.figsize": (8, 4),
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 14,
            "legend.frameon": False,
            "image.cmap": "gray_r",
        }
    )
    _flush_figures_on_the_main_thread_only()


def _flush_figures_on_the_main_thread_only() -> None:
    """Keep a moving slider out of the figures of a running cell.

    ipykernel handles widget messages in a second thread and fires `post_execute` there too; matplotlib's inline backend
    then shows and closes figures that the running cell has half drawn. Outside a notebook there is nothing to do.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    import matplotlib.pyplot  # noqa: F401  registers the inline backend's own flush
    from IPython.core.pylabtools import select_figure_formats
    from matplotlib_inline import backend_inline

    select_figure_formats(shell, {"retina"}, bbox_inches=None)
    if backend_inline.flush_figures in shell.events.callbacks["post_execute"]:
        shell.events.unregister("post_execute", backend_inline.flush_figures)
    if _flush in shell.events.callbacks["post_execute"]:
        shell.events.unregister("post_execute", _flush)
    shell.events.register("post_execute", _flush)


def _flush() -> None:
    if threading.current_thread() is threading.main_thread():
        from matplotlib_inline.backend_inline import flush_figures

        flush_figures()

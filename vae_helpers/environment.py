"""Is this machine ready for the notebooks? One line a question, and what to do where the answer is no."""

import os
import platform
from collections.abc import Callable
from importlib.metadata import version

from . import datasets, runtime

PYTHON = (3, 11)
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "ipywidgets", "anywidget")
ADVICE = "set the collection up anew with `python3 run.py lab`"


def check() -> bool:
    """Print a line for each thing that the notebooks need, with what to do if it fails. Returns True if all is well; never raises."""
    questions: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, "install Python 3.11 or newer, then " + ADVICE),
        *[(name, lambda name=name: version(name), ADVICE) for name in PACKAGES],
        ("device", lambda: str(runtime.device()), "the CPU is enough for everything here: " + ADVICE),
        ("threads and seed", _settings, "unset VAE_HELPERS_THREADS and VAE_HELPERS_SEED"),
        ("data without network", _embedded, ADVICE),
        ("one training step", _training_step, ADVICE),
    ]
    fine = all([_answer(*question) for question in questions])
    for name, place in datasets.found().items():
        print(f"·    {name}: {'there' if place else 'not on this machine; fetched once when you load it, and no notebook needs it'}")
    print("\nReady." if fine else "\nNot ready: see the lines marked ✗.")
    return fine


def _answer(what: str, question: Callable[[], str], advice: str) -> bool:
    try:
        print(f"✓    {what}: {question()}")
        return True
    except Exception as error:
        print(f"✗    {what}: {error or type(error).__name__}. What to do: {advice}")
        return False


def _python() -> str:
    found = platform.python_version()
    if tuple(map(int, found.split(".")[:2])) < PYTHON:
        raise RuntimeError(f"expected {PYTHON[0]}.{PYTHON[1]} or newer, got {found}")
    return ".".join(found.split(".")[:2])


def _settings() -> str:
    cores = os.cpu_count() or 1
    threads = runtime.threads()
    if threads > cores:
        raise RuntimeError(f"{threads} threads on {cores} cores would wait for each other")
    return f"{threads} and {runtime.seed()}"


def _embedded() -> str:
    digits = datasets.load("digits")
    return f"{len(digits.train) + len(digits.test):,} handwritten digits of 8 × 8 pixels"


def _training_step() -> str:
    from .models import VAE
    from .training import Trainer

    step = next(iter(Trainer(VAE(seed=0), datasets.load("digits").binarized(0), epochs=1)))
    if not step.terms["objective"].isfinite():
        raise RuntimeError(f"the ELBO of the first mini-batch is {step.terms['objective'].item()}")
    return f"ELBO {step.terms['objective'].item():.1f} nats per image before it, weights moved"

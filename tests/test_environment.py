import platform

import pytest

from vae_helpers import datasets, environment, runtime, training


def test_a_good_machine_is_ready(capsys):
    assert environment.check()
    printed = capsys.readouterr().out
    assert "✗" not in printed and "one training step: ELBO" in printed and printed.endswith("Ready.\n")


@pytest.mark.parametrize(
    ("break_it", "line"),
    [
        (
            lambda patch: patch.setattr(platform, "python_version", lambda: "3.9.2"),
            "Python: expected 3.11 or newer, got 3.9.2. What to do: install",
        ),
        (lambda patch: patch.setenv("VAE_HELPERS_SEED", "x"), "threads and seed: VAE_HELPERS_SEED must be"),
        (lambda patch: patch.setenv("VAE_HELPERS_THREADS", "999"), "threads and seed: 999 threads on"),
        (lambda patch: patch.setattr(environment, "PACKAGES", ("no_such_package",)), "no_such_package: "),
        (lambda patch: patch.setattr(datasets, "load", _fails), "data without network: broken. What to do: set the collection up"),
        (lambda patch: patch.setattr(training, "Trainer", _fails), "one training step: broken."),
        (lambda patch: patch.setattr(runtime, "device", _fails), "device: broken."),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(monkeypatch, capsys, break_it, line):
    break_it(monkeypatch)
    assert not environment.check()
    assert f"✗    {line}" in capsys.readouterr().out


def _fails(*_, **__):
    raise RuntimeError("broken")

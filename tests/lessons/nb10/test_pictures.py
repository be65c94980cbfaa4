"""The pictures and tables of notebook 10 show the numbers that they are given."""

import math

import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers import datasets
from vae_helpers.lessons.nb10 import pictures, tables

DIGITS = datasets.load("digits")


def test_the_waterline_counts_what_is_above_it():
    view, figure = pictures.Waterline(DIGITS), Figure()
    eigenvalues = torch.linalg.eigvalsh(torch.cov(DIGITS.train.images.flatten(1).double().T, correction=0))
    over = eigenvalues[eigenvalues > 0.1]
    view(figure, 0.1)
    bars = [bar.get_height() for bar in figure.axes[0].patches]
    assert bars[:3] == pytest.approx(eigenvalues.flip(0)[:3].tolist())
    assert view.describe(0.1) == f"{len(over)} of 64 dimensions alive, {(over / 0.1).log().sum() / 2:.1f} nats of KL"
    assert view.describe(2.0).startswith("0 of 64")


def row(**changes) -> dict:
    numbers = {"elbo": -20.0, "log_p": -19.5, "kl": 3.0, "units": 4, "units_by_mean": 6}
    return {"data": "digits", "latent_dim": 8, "beta": 1.0, "steps": 100, "method": "plain"} | numbers | changes


def test_the_table_has_a_line_a_setting_with_mean_and_deviation():
    text = tables.table([row(elbo=-20.0), row(elbo=-22.0), row(beta=2.0, log_p=None)], "beta")
    first, second = text.splitlines()[1:]
    assert "-21.00 ± 1.41" in first and first.rstrip().endswith("2")
    assert second.startswith("2.0") and "–" in second and second.rstrip().endswith("1")
    assert tables.table([], "beta") == "no rows"


def test_the_confusion_counts():
    rows = [{"truth": "healthy", "said": "nothing to report"}] * 3 + [{"truth": "healthy", "said": "weight"}]
    rows += [{"truth": "lost ½", "said": "lost ½"}, {"truth": "lost ½", "said": "weight"}]
    healthy, lost = tables.confusion(rows).splitlines()
    assert healthy.split()[:4] == ["healthy", "3", "of", "4"] and healthy.endswith("1 × weight")
    assert "1 of 2" in lost


def test_rate_and_distortion_are_marked_with_their_weights():
    curve = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([[8.0], [4.0], [1.0]]), torch.tensor([[16.0], [19.0], [23.0]])
    figure = pictures.rate_distortion(Figure(), {"digits": curve})
    left, right = figure.axes
    assert {text.get_text() for text in left.texts} == {"0.5", "1", "2"}
    assert right.lines[0].get_ydata().tolist() == pytest.approx([-1.0, 0.0, -1.0])
    assert math.isclose(right.lines[0].get_xdata()[0], 2.0)

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


def test_pairs_are_of_one_seed():
    rows = [row(seed=seed, elbo=10.0 * seed) for seed in (1, 2, 3)] + [row(seed=seed, beta=2.0, elbo=11.0 * seed) for seed in (3, 2, 4)]
    found = tables.in_pairs(rows, "elbo", "beta", 1.0, 2.0)  # seeds 2 and 3: 2 and 3 nats apart
    assert found.mean == pytest.approx(2.5) and found.stderr == pytest.approx(0.5)


def test_the_kl_of_each_dimension_before_and_after():
    kl = {1: (0.5, 0.1, 0.01), 2: (0.7, 0.3, 0.03)}
    rows = [
        {"data": "digits", "method": "plain", "latent_dim": 3} | {f"kl_{j}": v for j, v in enumerate(values, 1)} for values in kl.values()
    ]
    mean, deviation = tables.by_dimension(rows, shown=2).splitlines()[1:]
    assert mean.split()[2:] == ["0.60", "0.20", "0.02"] and deviation.split()[-3:] == ["0.14", "0.14", "0.01"]
    assert tables.dimensions(rows).shape == (2, 3)


def soft(**changes) -> dict:
    numbers = {"edges_rebuilt": 0.5, "edges_drawn": 0.4, "kl": 3.0, "units": 7, "by_mean": 8, "directions": 5}
    return {"data": "digits", "sigma": 0.1, "beta": 1.0, "latent_dim": 8, "seed": 0} | numbers | changes


def test_one_dial_at_a_time():
    rows = [soft(), soft(sigma=0.4), soft(beta=4.0), soft(latent_dim=2), soft(seed=1)]
    found = tables.dials(rows)
    assert {dial: len(these) for (_, dial), these in found.items()} == {"sigma": 3, "beta": 3, "latent_dim": 3}
    assert soft(latent_dim=2) in found["digits", "latent_dim"] and soft(beta=4.0) not in found["digits", "sigma"]
    first, *others = tables.blur(rows).splitlines()[1:]
    assert first.startswith("digits, σ = 0.1, β = 1, L = 8") and first.split()[-1] == "2" and len(others) == 3


def test_the_bars_of_the_bent_decoder_add_up():
    rows = [{"data": "digits", "seed": 0, "log_p_exact": -20.0, "log_p_elbo": -20.5, "bound_elbo": -21.25}]
    bent, gap = pictures.bent(Figure(), rows).axes[0].patches
    assert (bent.get_x(), bent.get_width()) == (0, 0.5) and (gap.get_x(), gap.get_width()) == (0.5, 0.75)


def test_the_sheet_is_counted_against_both_kinds_of_units():
    ax = pictures.sheet(Figure(), [soft(), soft(latent_dim=32, units=28, by_mean=32, directions=21)]).axes[0]
    marks = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert marks["KL above 0.1 nat"] == [[7, 5], [28, 21]] and marks["active by the mean"] == [[8, 5], [32, 21]]


def test_the_cures_show_each_dimension_and_each_training():
    methods = ("plain", "warm-up", "free bits", "encoder first")
    rows = [row(group="cures", latent_dim=size, method=m, seed=seed) for size in (16, 2) for m in methods for seed in (0, 1)]
    each = [{"data": "digits", "method": m, "latent_dim": 2, "kl_1": 0.5 + i, "kl_2": 0.1} for i, m in enumerate(methods) for _ in (0, 1)]
    kl, units, *_ = pictures.cures(Figure(), rows, each).axes
    assert [line.get_ydata().tolist() for line in kl.lines] == [[0.5 + i, 0.1] for i in range(4)]
    assert sum(len(line.get_xdata()) == 1 for line in units.lines) == 8


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

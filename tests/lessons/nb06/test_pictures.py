"""The pictures of notebook 06: an estimator looks alike everywhere, and its numbers are where they belong."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from vae_helpers.lessons.nb06 import pictures
from vae_helpers.look import BLUE, GREEN, ORANGE


@pytest.fixture
def pair():
    return Figure().subplots(1, 2)


@pytest.mark.parametrize(
    ("name", "colour"),
    [("score function", ORANGE), ("naive score", ORANGE), ("score function, optimal baseline", GREEN), ("leave-one-out, 8 samples", GREEN)],
)
def test_an_estimator_has_the_look_of_its_family(name, colour):
    assert pictures.look(name)["color"] == colour != pictures.look("pathwise, 1 sample")["color"] == BLUE


def test_histograms_show_each_estimate_and_the_ratio_of_the_variances(pair):
    estimates = {"score function": torch.tensor([-3.0, -1.0, 1.0, 99.0]), "pathwise": torch.tensor([-1.0, -1.0, -1.5, -0.5])}
    ax = pictures.estimate_histograms(pair[0], estimates, -1.0, 10.0)
    ratio = estimates["score function"].var() / estimates["pathwise"].var()
    assert ax.get_title() == f"variance ratio {ratio:,.0f}"
    score, path = ax.patches
    assert [text.get_text() for text in ax.get_legend().get_texts()[:2]] == ["score function (25% outside)", "pathwise"]
    assert score.get_data().values.sum() == 3 and path.get_data().values.max() == 1
    assert ax.lines[0].get_xdata()[0] == -1


def test_the_slider_rings_the_present_dimension():
    estimates = {name: torch.randn(50) for name in ("score function", "pathwise")}
    variances = {"score function": ([1, 10], [4.0, 40.0]), "pathwise": ([1, 10], [1.0, 1.0])}
    _, right = pictures.dimension_laboratory(Figure(), estimates, 0.0, 4.0, variances, 10).axes
    rings = [line.get_xydata().tolist() for line in right.lines if len(line.get_xdata()) == 1]
    assert rings == [[[10, 40]], [[10, 1]]]


def test_a_variance_of_zero_is_written_and_not_drawn(pair):
    pictures.variance_dots(pair, {"f": {"naive": 10.0, "pathwise, antithetic": 1e-15}, "g": {"naive": 1.0, "pathwise, antithetic": 2.0}})
    assert [text.get_text() for text in pair[0].texts] == ["10", "0, exactly"] and len(pair[0].lines) == 1 and len(pair[1].lines) == 2


def test_the_bars_of_signal_to_noise_are_quantiles(pair):
    values = torch.linspace(0, 1, 101)
    pictures.signal_to_noise(pair, {stage: {"pathwise, 1": values, "naive score": values / 10} for stage in ("start", "end")})
    thin, thick, *_ = pair[1].collections
    assert np.allclose(thin.get_segments()[0][:, 0], (0.05, 0.95)) and np.allclose(thick.get_segments()[0][:, 0], (0.25, 0.75))
    assert to_hex(thin.get_edgecolor()[0]) == BLUE and [text.get_text() for text in pair[1].texts] == ["0.5", "0.05"]


def test_a_race_shows_the_spread_of_the_seeds_and_leaves_out_the_last_values_of_the_naive_one():
    names = ("score function, 1 sample", "leave-one-out, 2 samples", "pathwise, 8 samples")
    curves = {(L, name): [[-30.0, -25.0 - k], [-28.0, -24.0 - k]] for L in (2, 8) for k, name in enumerate(names)}
    axes = Figure().subplots(2, 2)
    pictures.race(axes, curves, [0, 1], floor=-40)
    top, ends = axes[:, 0]
    assert [line.get_ydata()[-1] for line in top.lines] == [-24.5, -25.5, -26.5]
    assert [label.get_text() for label in ends.get_yticklabels()] == list(names[1:])
    assert ends.lines[0].get_xydata().tolist() == [[-26, 0], [-25, 0]] and ends.lines[-1].get_xydata().tolist() == [[-26.5, 1]]


def test_relaxation_takes_curves_with_errors_curves_and_levels(pair):
    bias = {"Gumbel-softmax": np.array([[1.0, 2.0], [0.1, 0.2]]), "exact": 1.5}
    pictures.relaxation(pair, (0.1, 1.0), bias, {"Gumbel-softmax": np.array([3.0, 4.0]), "score function": 2.0})
    bars = pair[0].containers[0][2][0].get_segments()
    assert np.allclose([bar[:, 1] for bar in bars], [(0.8, 1.2), (1.6, 2.4)])
    assert pair[0].lines[-1].get_color() == "black" and pair[1].lines[-1].get_color() == ORANGE
    assert pair[1].lines[0].get_ydata().tolist() == [3, 4]

"""The pictures of notebook 08 show the numbers that they are given."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from vae_helpers.lessons.nb08 import pictures


@pytest.fixture
def ax():
    yield plt.figure().add_subplot()
    plt.close("all")


def test_a_density_difference_lies_where_it_is_and_white_is_zero(ax):
    axis = torch.linspace(-3, 3, 31, dtype=torch.float64)
    difference = torch.zeros(31, 31, dtype=torch.float64)
    difference[25, 5] = -2.0  # z₁ = 2, z₂ = −2
    difference[5, 5] = 1.0
    pictures.density_difference(ax, difference, axis, "a title")
    mesh = ax.collections[0]
    drawn = mesh.get_array().reshape(31, 31)  # rows are z₂
    assert drawn[5, 25] == -2 and drawn[5, 5] == 1
    assert mesh.get_clim() == (-2, 2)
    x0, x1 = mesh.get_coordinates()[5, 25, 0], mesh.get_coordinates()[5, 26, 0]
    assert x0 < 2 < x1
    assert ax.get_title() == "a title" and {circle.radius for circle in ax.patches} == {1, 2}


def test_solid_contours_are_above_zero_and_dashed_ones_below(ax):
    axis = torch.linspace(-1, 1, 21, dtype=torch.float64)
    pictures.density_difference(ax, axis[:, None].expand(21, 21), axis)
    contours = next(c for c in ax.collections if hasattr(c, "levels"))
    dashes = [pattern is not None for _, pattern in contours.get_linestyle()]
    assert dashes == [level < 0 for level in contours.levels]
    np.testing.assert_allclose(contours.levels, [-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(ax.figure.axes[-1].get_yticks(), contours.levels)


def test_a_density_difference_leaves_out_what_is_not_a_number(ax):
    axis = torch.linspace(-3, 3, 31, dtype=torch.float64)
    outside = axis[:, None] ** 2 + axis**2 > 4
    pictures.density_difference(ax, axis[:, None].expand(31, 31).masked_fill(outside, math.nan), axis)
    ax.figure.canvas.draw()  # no warning
    mesh = ax.collections[0]
    assert mesh.get_clim() == pytest.approx((-2, 2))
    np.testing.assert_array_equal(np.ma.getmaskarray(mesh.get_array()).reshape(31, 31), outside)


def test_an_information_map_writes_every_number(ax):
    pictures.information_map(ax, torch.tensor([[0.0, 0.5, 1.0], [0.25, 0.75, 0.1]]), ["size", "x"], "t")
    assert [text.get_text() for text in ax.texts] == ["0.00", "0.50", "1.00", "0.25", "0.75", "0.10"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["size", "x"]
    light = [text.get_color() == "white" for text in ax.texts]
    assert light == [False, False, True, False, True, False]  # readable on the dark cells


def test_one_mark_a_training_and_the_line_runs_through_the_means(ax):
    values = torch.tensor([[0.1, 0.3], [0.2, 0.6], [0.5, 0.7]])
    pictures.seeds_and_mean(ax, [1, 2, 4], values, "size", style=2)
    marks, line = ax.lines
    np.testing.assert_allclose(marks.get_ydata(), values.ravel())
    np.testing.assert_allclose(line.get_ydata(), [0.2, 0.4, 0.6], rtol=1e-6)
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 4])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "4"]


def test_several_series_are_shifted_and_one_alone_is_not(ax):
    values = torch.tensor([[0.1, 0.3], [0.2, 0.6]])
    pictures.seeds_and_mean(ax, [1, 2], values, style=5)
    pictures.seeds_and_mean(ax, [1, 2], values, "last", style=4)
    pictures.seeds_and_mean(ax, [1, 2], values, "first", style=0)
    alone, last, first = (line.get_xdata() for line in ax.lines[1::2])
    np.testing.assert_allclose(alone, [1, 2])
    assert (last > alone).all() and (alone > first).all()
    assert len({line.get_marker() for line in ax.lines[1::2]}) == 3


def test_few_labels_shows_means_and_standard_errors(ax):
    values = torch.tensor([[0.5, 0.7], [0.8, 0.9]])
    pictures.few_labels(ax, [10, 50], {"first": values, "second": values + 0.05}, "probe")
    (line, _, (bars,)) = ax.containers[0]
    np.testing.assert_allclose(line.get_ydata(), [0.6, 0.85], rtol=1e-6)
    low, high = bars.get_segments()[0][:, 1]
    assert high - low == pytest.approx(2 * 0.1)  # ± the standard deviation 0.2/√2, by √2
    first, second = (container[0] for container in ax.containers)
    assert first.get_marker() != second.get_marker() and first.get_linestyle() != second.get_linestyle()

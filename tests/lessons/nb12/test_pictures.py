"""The pictures of notebook 12: curves are where their rows are, the paper's window where its axis is."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, Rectangle

from vae_helpers.lessons.nb12 import pictures


def rows(data="mnist", sizes=(3, 200), points=(10**5, 10**6)):
    return [
        {"data": data, "latent_dim": size, "algorithm": algorithm, "seed": 0, "samples": n, "train": -120.0 + k, "test": -125.0 + k}
        for size in sizes
        for algorithm in ("AEVB", "wake-sleep")
        for k, n in enumerate(reversed(points))
    ]


def test_the_plate_holds_z_and_x_and_not_the_parameters():
    ax = pictures.plate_graph(Figure().subplots())
    plate = next(p for p in ax.patches if isinstance(p, Rectangle))
    inside = {round(c.center[0]) for c in ax.patches if isinstance(c, Circle) and abs(c.center[0]) < plate.get_width() / 2}
    assert inside == {0} and sum(isinstance(p, Circle) for p in ax.patches) == 4
    assert {"z", "x", "θ", "φ", "N"} <= {text.get_text() for text in ax.texts}


def test_ellipses_are_two_standard_deviations_wide():
    covariance = torch.tensor([[1.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
    ax = pictures.two_encoders(Figure().subplots(), covariance, {"AEVB": torch.tensor([0.25, 0.04])})
    posterior, _, q = (p for p in ax.patches if isinstance(p, Ellipse))
    assert (q.width, q.height) == pytest.approx((4 * 0.5, 4 * 0.2))
    on = np.array([np.cos(0.7), np.sin(0.7)]) * [posterior.width / 2, posterior.height / 2]  # a point of the 2σ ellipse, turned
    turn = np.radians(posterior.angle)
    point = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ on
    assert point @ np.linalg.inv(covariance.numpy()) @ point == pytest.approx(4.0)


def test_bounds_has_a_panel_a_latent_size_and_the_paper_s_window():
    figure = pictures.bounds(Figure(), rows() + rows("frey_faces", (2,)))
    shown = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_title() for ax in shown] == ["MNIST, L = 3", "MNIST, L = 200", "Frey Faces, L = 2"]
    for ax, (low, high) in zip(shown, ((-150, -100), (-150, -100), (0, 1600)), strict=True):
        (box,) = (p for p in ax.patches if isinstance(p, Rectangle))
        assert (box.get_y(), box.get_height(), box.get_x(), box.get_width()) == (low, high - low, 1e5, 1e8 - 1e5)
    lines = {line.get_label(): line for line in shown[0].lines}
    assert list(lines["AEVB (test)"].get_xdata()) == [10**5, 10**6] and list(lines["AEVB (test)"].get_ydata()) == [-124, -125]
    assert lines["AEVB (train)"].get_linestyle() == ":" and lines["AEVB (test)"].get_linestyle() == "-"


def test_likelihoods_and_the_live_race():
    stored = [row | {"n_train": n} for n in (1000, 50_000) for row in rows(sizes=(3,))]
    axes = pictures.likelihoods(Figure().subplots(1, 2), stored)
    assert [ax.get_title() for ax in axes] == ["N = 1,000", "N = 50,000"] and len(axes[1].lines) == 4
    curves = {(2, "AEVB"): torch.tensor([[-30.0, -26.0], [-31.0, -25.0]])}
    (ax,) = pictures.race(Figure().subplots(1, 1, squeeze=False)[0], curves, [100, 1000], -27.0)
    assert ax.get_title() == "digits, L = 2" and list(ax.lines[-2].get_ydata()) == [-30.5, -25.5]
    assert set(ax.lines[-1].get_ydata()) == {-27.0}

"""The training dashboard as one matplotlib figure, for pages without a kernel: the same state, the same places."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ..look import COLOURS, label_looks, show_image

# A hue for each line or label. Lines differ in their dashes and codes are written as their labels, so that no meaning hangs on the hue.


def draw(figure: Figure, state) -> None:
    """Curves, code plane (if the code has two dimensions) and rows of images. state: a TrainingDashboard; its synced traits are read."""
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.55, 1])
    codes = np.frombuffer(state.codes, "<f4").reshape(-1, 2)
    left, right = top.subfigures(1, 2, width_ratios=[1.5, 1]) if len(codes) else (top, None)
    _curves(left, state)
    if len(codes):
        _plane(right.subplots(), codes, state)
    _rows(bottom, state)
    figure.suptitle(state.reading, fontsize=13)


def _curves(figure: SubFigure | Figure, state) -> None:
    n_lines = sum(len(panel["lines"]) for panel in state.panels)
    curves = np.frombuffer(state.curves, "<f4").reshape(-1, 1 + n_lines)
    axes = figure.subplots(len(state.panels), 1, sharex=True, squeeze=False, height_ratios=[2, 1][: len(state.panels)])[:, 0]
    column = 1
    for ax, panel in zip(axes, state.panels, strict=True):
        for name, dash in zip(panel["lines"], ("-", "--"), strict=False):
            marker = "o" if len(curves) == 1 else None
            ax.plot(curves[:, 0], curves[:, column], ls=dash, lw=2, marker=marker, color=COLOURS[column - 1], label=name)
            column += 1
        ax.set(ylim=panel["range"], xlim=(0, state.epochs))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, frameon=False)
    axes[-1].set_xlabel("epoch")
    figure.supylabel(state.panels[0]["unit"], fontsize=12)


def _plane(ax: Axes, codes: np.ndarray, state) -> None:
    labels = np.array(state.labels or ["•"] * len(codes))
    for label, (colour, _) in label_looks(labels).items():
        ax.plot(*codes[labels == label].T, ls="", marker=f"${label}$", ms=7, mew=0.3, color=colour)
    if state.has_prior:
        angle = np.linspace(0, 2 * np.pi, 100)
        for radius in (1, 2):
            ax.plot(radius * np.cos(angle), radius * np.sin(angle), color="0.4", lw=1, ls=":")
    limits = (-state.reach, state.reach)
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    ax.set_title(state.plane_title.replace("; ", "\n"), fontsize=12)


def _rows(figure: SubFigure, state) -> None:
    height, width = state.image_shape
    pixels = np.frombuffer(state.pixels, np.uint8).reshape(len(state.rows), -1, height, width)
    grid = figure.subplots(*pixels.shape[:2])
    for name, row, images in zip(state.rows, grid, pixels, strict=True):
        for ax, image in zip(row, images, strict=True):
            show_image(ax, torch.tensor(image / 255))
        words = name.replace(" ", "\n", 1)
        row[0].set_ylabel(words, rotation=0, ha="right", va="center", fontsize=12)

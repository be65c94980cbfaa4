"""From strokes to an image as the data sets were made, in whole numbers: ink.js does the same, and the two agree to the last bit.

MNIST (LeCun et al. 1998): black-or-white scans of 128 × 128, cut to the ink's bounding box, scaled to fit 20 × 20 with the aspect kept
and grey from anti-aliasing, placed in 28 × 28 with the centre of mass in the middle.
Digits of scikit-learn (Alpaydin & Kaynak 1998): scaled to fit 32 × 32, black or white, then the ink counted in blocks of 4 × 4: 8 × 8.
"""

from typing import NamedTuple

import numpy as np

SCAN = 128  # dots a side of the scan, as NIST's
RADIUS = 6.0  # of the pen, in dots of the scan


class Frame(NamedTuple):
    """How a data set was made: the ink is scaled to ``box``, placed in a square of ``side``, counted in blocks of ``block``."""

    box: int
    side: int
    block: int
    by_mass: bool  # centred by the centre of mass, or else by the bounding box


FRAMES = {(28, 28): Frame(20, 28, 1, True), (8, 8): Frame(32, 32, 4, False)}


class Steps(NamedTuple):
    """What becomes of a drawing: the scan (SCAN, SCAN) of 0 and 1, crop (row, column, height, width) in it, then, in shares of ink,
    the crop ``scaled``, placed in its frame (``centred``), and ``x`` (H, W), black where at least half is ink."""

    scan: np.ndarray
    crop: tuple[int, int, int, int]
    scaled: np.ndarray
    centred: np.ndarray
    x: np.ndarray


def scan(strokes: list) -> np.ndarray:
    """Polylines with corners (x, y) in [0, 1]², y downwards → (SCAN, SCAN): 1 where the pen of RADIUS has been."""
    ink = np.zeros((SCAN, SCAN), dtype=np.int64)
    y, x = np.mgrid[:SCAN, :SCAN] + 0.5
    for stroke in strokes:
        for (ax, ay), (bx, by) in zip(stroke, stroke[1:] or stroke, strict=False):  # a stroke of one point is a dot
            ax, ay, bx, by = ax * SCAN, ay * SCAN, bx * SCAN, by * SCAN
            length = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
            along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length if length > 0 else np.zeros_like(x)
            along = along.clip(0, 1)
            dx, dy = x - (ax + along * (bx - ax)), y - (ay + along * (by - ay))
            ink |= dx * dx + dy * dy <= RADIUS * RADIUS
    return ink


def prepare(strokes: list, frame: Frame) -> Steps:
    """Every step from strokes to the image. Raises ValueError if there is no ink."""
    drawn = scan(strokes)
    if not drawn.any():
        raise ValueError("The canvas is empty: draw a digit or choose an example.")
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    top, left, height, width = rows[0], columns[0], np.ptp(rows) + 1, np.ptp(columns) + 1
    long = max(height, width)
    h, w = (max(1, (2 * frame.box * n + long) // (2 * long)) for n in (height, width))  # rounded
    counts = _overlaps(h, height) @ drawn[top : top + height, left : left + width] @ _overlaps(w, width).T
    full = height * width  # of a pixel all ink
    if frame.block > 1:
        counts, full = (2 * counts >= full).astype(np.int64), 1
    mass = counts.sum()
    if frame.by_mass:
        down, right = counts.sum(1) @ np.arange(h) / mass, counts.sum(0) @ np.arange(w) / mass  # pixel 14 of 28 is the middle, as in MNIST
    else:
        down, right = h / 2, w / 2
    row, column = (int(min(max(0, np.floor(frame.side / 2 - m + 0.5)), frame.side - n)) for m, n in ((down, h), (right, w)))
    placed = np.zeros((frame.side, frame.side), dtype=np.int64)
    placed[row : row + h, column : column + w] = counts
    small = frame.side // frame.block
    blocks = placed.reshape(small, frame.block, small, frame.block).sum((1, 3))
    black = 2 * blocks >= full * frame.block**2
    return Steps(drawn, (int(top), int(left), int(height), int(width)), counts / full, placed / full, black.astype(np.float32))


def _overlaps(after: int, before: int) -> np.ndarray:
    """(after, before): how much of each old pixel lies in each new one, in units of 1/after of it: a row adds up to ``before``."""
    new, old = np.arange(after)[:, None] * before, np.arange(before)[None] * after
    return (np.minimum(new + before, old + after) - np.maximum(new, old)).clip(0)

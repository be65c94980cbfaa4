"""FrameStack without a browser: which frame, what is read under it, and what is said of bad input."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vae_helpers.widgets import FrameStack
from vae_helpers.widgets.kit.base import draw_png


def lines(figure, level, slope=1.0):
    """A picture whose curve ends at a height of ``level``."""
    ax = figure.subplots()
    ax.plot([0, 1], [0, level * slope], color="red")
    ax.set(xlim=(0, 1), ylim=(0, 10))


def red_end(png) -> float:
    """Height of the red curve's right end above the bottom, as a share of the picture."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80))
    return 1 - rows[columns >= columns.max() - 2].mean() / pixels.shape[0]


def test_stack_shows_the_frame_of_its_value():
    stack = FrameStack(lines, [1, 3, 5, 7, 9], name="level", size=(5, 3))
    ends = []
    for value in stack.values[0]:
        stack.value = value
        ends.append(red_end(stack.picture()))
    assert stack.values == [[1, 3, 5, 7, 9]]
    np.testing.assert_allclose(np.diff(ends), np.diff(ends).mean(), atol=0.01)  # the same rise each step: right order, one layout
    assert np.diff(ends).mean() > 0.1


def test_stack_of_two_parameters():
    stack = FrameStack(lines, ([2, 4, 8], [0.5, 1.0]), name=("level", "slope"), value=(4, 0.5), describe=lambda a, b: f"{a * b:g}")
    assert stack.value == (4, 0.5) and len(stack.frames) == 6
    assert stack.readings == ["1", "2", "2", "4", "4", "8"]
    end = {}
    for level in (2, 4, 8):
        for slope in (0.5, 1.0):
            stack.value = (level, slope)
            end[level, slope] = red_end(stack.picture())
    assert abs(end[8, 0.5] - end[4, 1.0]) < 0.01 < end[8, 1.0] - end[8, 0.5]
    assert stack.set_state({"value": [2, 1.0]}) is None and stack.value == (2, 1.0)


def test_stack_takes_the_nearest_value():
    stack = FrameStack(lines, torch.tensor([0.0, 0.5, 1.0]), size=(2, 1))
    assert stack.value == 0.5
    stack.value = 0.8
    assert stack.value == 1.0
    stack.value = -7
    assert stack.value == 0.0
    for wrong in (None, float("nan"), "half"):
        with pytest.raises(ValueError, match=rf"Expected value to be one of \[0.0, 0.5, 1.0\], got '?{wrong}"):
            stack.value = wrong
    assert stack.value == 0.0


def test_stack_of_words():
    stack = FrameStack(lambda figure, word: figure.text(0.5, 0.5, word), ["none", "half", "all"], name="share", size=(2, 1))
    assert stack.value == "half" and stack.texts == [["none", "half", "all"]]
    with pytest.raises(ValueError, match=r"share to be one of \['none', 'half', 'all'\], got 'most'"):
        stack.value = "most"


def test_axes_do_not_tremble():
    def wide_labels(figure, top):
        ax = figure.subplots()
        ax.set(ylim=(0, top), xlim=(0, 1))
        ax.axvline(0.5, color="red", linewidth=3)

    def place(png):
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        return np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80))[1].mean()

    stack = FrameStack(wide_labels, [1, 10, 1000], size=(3, 2))
    alone = [place(draw_png(lambda figure, top=top: wide_labels(figure, top), (3, 2))) for top in (1, 10, 1000)]
    assert max(alone) - min(alone) > 5  # it would tremble
    assert [place(png) for png in stack.frames] == pytest.approx([alone[1]] * 3, abs=1)


def test_frames_are_small_and_on_white_paper():
    stack = FrameStack(lines, range(10), size=(9, 4.5))
    corner = np.asarray(Image.open(io.BytesIO(stack.frames[0])).convert("RGB"))[0, 0]
    assert corner.tolist() == [255, 255, 255]
    assert stack.nbytes == sum(map(len, stack.frames)) < 10 * 25_000
    assert Image.open(io.BytesIO(stack.frames[0])).size == (9 * 144, 4.5 * 144)


def test_stack_texts_and_units():
    assert FrameStack(lines, [-1, 0.25], unit="nats", size=(1, 1)).texts == [["−1 nats", "0.25 nats"]]


def test_stack_draws_without_gradient_and_without_pyplot():
    seen = []
    FrameStack(lambda figure, v: seen.append(torch.is_grad_enabled()), [1, 2], size=(1, 1))
    assert not any(seen)


@pytest.mark.parametrize(
    "values, names, message",
    [
        ([], "a", "none of them empty"),
        (([1], [2], [3]), ("a", "b"), "one list of values for each of"),
        (range(121), "a", "at most 120 pictures, got 121"),
    ],
)
def test_stack_says_what_is_wrong(values, names, message):
    with pytest.raises(ValueError, match=message):
        FrameStack(lines, values, name=names)


def test_an_error_while_drawing_names_the_value():
    def draw(figure, sigma):
        figure.text(0, 0, str(1 / sigma))

    with pytest.raises(ZeroDivisionError) as caught:
        FrameStack(draw, [1, 0], name="σ", size=(1, 1))
    assert caught.value.__notes__ == ["while drawing the picture at σ = 0"]


def test_pictures_share_two_sheets_and_find_them_blank():
    sheets, left = [], []

    def draw(figure, level):
        sheets.append(figure)
        left.extend(figure.axes + figure.texts)
        figure.suptitle(f"level {level}")
        lines(figure, level)

    FrameStack(draw, range(6), name="level", size=(3, 2))
    assert len(sheets) == 7 and len({id(sheet) for sheet in sheets}) == 2 and not left  # the first is drawn to place the axes

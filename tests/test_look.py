"""A label looks the same wherever it is drawn, colours are seen on both grounds, numbers are written with their true signs."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from vae_helpers.look import COLOURS, MARKERS, label_looks, number, scatter, three_digits
from vae_helpers.models import VAE
from vae_helpers.widgets import BetaStory


def light(colour):
    return np.dot([0.2126, 0.7152, 0.0722], [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)])


def test_colours_are_seen_on_white_paper_and_on_the_dark_page():
    assert len(set(COLOURS)) == 10
    for colour in COLOURS:
        assert 1.05 / (light(colour) + 0.05) >= 3, colour
        assert (light(colour) + 0.05) / (light("#111111") + 0.05) >= 3, colour


def test_a_digit_has_one_colour_and_is_its_own_marker():
    everything = label_looks(range(10))
    assert everything == label_looks("0123456789") == label_looks(torch.arange(10).tolist()) and len(set(everything.values())) == 10
    assert label_looks([8, 3, 3]) == {"3": everything["3"], "8": everything["8"]}
    assert everything["3"][1] == "$3$"


def test_words_and_what_matplotlib_cannot_write_get_markers():
    assert label_looks(["shoe", "bag"]) == {"bag": (COLOURS[0], MARKERS[0]), "shoe": (COLOURS[1], MARKERS[1])}
    assert len(set(label_looks(range(10, 20)).values())) == 10
    ax = Figure().subplots()
    scatter(ax, torch.zeros(3, 2), ["$", "_", "a"])
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("labels", "drawn", "legend"), [([], [4], False), (list("0110"), [2, 2], False), (["a", "bc", "a", "a"], [3, 1], True)]
)
def test_codes_are_drawn_at_their_places_and_words_get_a_legend(labels, drawn, legend):
    ax = Figure().subplots()
    codes = torch.arange(8.0).view(4, 2)
    artists = scatter(ax, codes, labels)
    assert [len(points.get_offsets()) for points in ax.collections] == drawn
    assert sorted(map(tuple, np.concatenate([points.get_offsets() for points in ax.collections]))) == [tuple(c) for c in codes.tolist()]
    assert (ax.get_legend() is not None) == legend == (len(artists) > len(drawn))


def test_numbers_in_words():
    assert [number(v) for v in (-1.5, -0.001, 0.0, 2.0)] == ["−1.50", "0.00", "0.00", "2.00"]
    assert [three_digits(v) for v in (-0.03123, 1.0, 12.345, -1234.5, 12345.6)] == ["−0.0312", "1", "12.3", "−1,234", "12,346"]


def test_views_and_pictures_give_a_digit_the_same_colour():
    story = BetaStory([VAE((8, 8), 2, (16,), seed=s) for s in (0, 1)], [1, 2], torch.rand(6, 8, 8).round(), [8, 3, 3, 8, 8, 3])
    three, eight = (label_looks(range(10))[name][0] for name in "38")
    assert story.colours == {"3": three, "8": eight}
    drawn = story.draw_plane(Figure().subplots()).collections
    assert [to_hex(points.get_facecolor()[0]) for points in drawn] == [three, eight]

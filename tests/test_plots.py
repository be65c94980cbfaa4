"""What several notebooks draw: images in their places whatever shape they come in, codes, curves with their bands."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from vae_helpers import plots
from vae_helpers.look import label_looks


@pytest.fixture
def ax():
    return Figure().subplots()


IMAGES = torch.rand(5, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES.numpy(),
        IMAGES.double(),
        IMAGES.clone().requires_grad_(),
        IMAGES.flatten(1),
        IMAGES[:, None],
        list(IMAGES),
        IMAGES.tolist(),
    ],
    ids=["tensor", "array", "double", "with a graph", "flat", "one channel", "list of tensors", "lists"],
)
def test_images_are_drawn_in_whatever_shape_they_come(ax, images):
    picture = np.asarray(plots.image_grid(ax, images, "five").images[0].get_array())
    assert picture.shape == (2 * 8 + 1, 3 * 8 + 2) and ax.get_title() == "five"
    for k, (row, column) in enumerate([(0, 0), (0, 9), (0, 18), (9, 0), (9, 9)]):
        assert np.array_equal(picture[row : row + 8, column : column + 8], IMAGES[k])
    assert not picture[9:, 18:].any() and not picture[8].any()  # the missing sixth and the gaps are white paper


def test_a_ready_grid_keeps_its_rows_and_large_images_get_wider_gaps(ax):
    grid = torch.rand(2, 3, 28, 28)
    picture = np.asarray(plots.image_grid(ax, grid).images[0].get_array())
    assert picture.shape == (2 * 28 + 2, 3 * 28 + 4) and np.array_equal(picture[30:, 60:], grid[1, 2])


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.empty(0, 8, 8), ValueError, "at least one image, got none"),
        (np.zeros((0, 64)), ValueError, "at least one image, got none"),
        ([], ValueError, "at least one image, got none"),
        (torch.rand(2, 3, 4, 8, 8), ValueError, "images of shape"),
        (torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8), ValueError, "divide by 255"),
        ("digits", TypeError, "one tensor or array of numbers, got str"),
    ],
)
def test_what_are_no_images_is_said_in_a_sentence(ax, images, error, message):
    for draw in (plots.image_grid, lambda ax, images: plots.image_rows(ax, {"row": images})):
        with pytest.raises(error, match=message):
            draw(ax, images)


def test_black_and_white_images_may_be_whole_numbers_or_booleans(ax):
    for kind in (torch.uint8, torch.bool):
        assert np.array_equal(plots.image_grid(ax, (IMAGES > 0.5)[:1].to(kind)).images[-1].get_array(), (IMAGES > 0.5)[0].float())


def test_rows_stand_beside_their_names(ax):
    plots.image_rows(ax, {"flat": IMAGES.flatten(1), "with a channel": IMAGES.numpy()[:, None]})
    picture = np.asarray(ax.images[0].get_array())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["flat", "with a channel"]
    for place in ax.get_yticks():
        assert np.array_equal(picture[int(place - 3.5) : int(place + 4.5), 9:17], IMAGES[1])


@pytest.mark.parametrize("rows", [{}, {"a": IMAGES, "b": IMAGES[:3]}, {"a": IMAGES, "b": torch.rand(5, 9, 9)}])
def test_rows_that_do_not_fit_together_are_refused(ax, rows):
    with pytest.raises(ValueError, match="rows of equally many images of one size"):
        plots.image_rows(ax, rows)


@pytest.mark.parametrize("kind", [torch.as_tensor, np.asarray, list], ids=["tensors", "arrays", "lists"])
def test_codes_are_drawn_in_their_digits_colours(ax, kind):
    plots.scatter_codes(ax, kind([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), kind([7, 0, 7]), "here", "code")
    zero, seven = ax.collections
    assert zero.get_offsets().tolist() == [[2, 3]] and seven.get_offsets().tolist() == [[0, 1], [4, 5]]
    assert [c.get_label() for c in (zero, seven)] == list(label_looks([0, 7])) and ax.get_legend() is None
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("here", "code 1", "code 2")


def test_codes_without_labels_and_with_words(ax):
    plots.scatter_codes(ax, torch.rand(4, 2, requires_grad=True))
    assert len(ax.collections[0].get_offsets()) == 4 and ax.get_legend() is None
    plots.scatter_codes(ax, torch.rand(2, 2), np.array(["shoe", "bag"]))
    assert [text.get_text() for text in ax.get_legend().get_texts()][-2:] == ["bag", "shoe"]


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        (torch.rand(4, 10), [0, 1, 2, 3], r"codes of shape \(…, 2\), got \(4, 10\)"),
        (torch.rand(4), None, r"got \(4,\)"),
        (torch.rand(0, 2), [], "at least one code"),
        (torch.rand(4, 2), torch.arange(3), "one label a code, got 4 codes and 3 labels"),
    ],
)
def test_what_are_no_codes_of_a_plane_is_said_in_a_sentence(ax, codes, labels, message):
    with pytest.raises(ValueError, match=message):
        plots.scatter_codes(ax, codes, labels)


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list, lambda v: torch.tensor(v, requires_grad=True)])
def test_a_curve_carries_its_band(ax, kind):
    plots.curve(ax, [1, 2, 4], kind([1.0, 3.0, 2.0]), kind([0.5, 0.25, 1.0]), "bound")
    assert ax.lines[0].get_ydata().tolist() == [1, 3, 2] and ax.lines[0].get_label() == "bound"
    low, high = (extreme(ax.collections[0].get_paths()[0].vertices[:, 1]) for extreme in (min, max))
    assert (low, high) == (0.5, 3.25)


def test_a_log_axis_is_marked_at_its_values_only(ax):
    plots.log_axis(plots.curve(ax, [0.5, 3, 16], [1, 2, 3]), [0.5, 3, 16])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "3", "16"] and ax.get_xscale() == "log"
    assert not len(ax.xaxis.get_minorticklocs())


def test_fitted_gaussians_are_those_densities(ax):
    z = torch.linspace(-8, 8, 2001, dtype=torch.float64)
    plots.gaussian_fits(ax, z, torch.exp(-(z**2)), {"narrow": (1.0, 0.5), "wide": (torch.tensor(-1.0), 1.5)})
    for line, mean, sd in zip(ax.lines, (1, -1), (0.5, 1.5), strict=True):
        density = line.get_ydata()
        assert np.trapezoid(density, z) == pytest.approx(1, abs=1e-4) and np.trapezoid(density * z.numpy(), z) == pytest.approx(
            mean, abs=1e-3
        )
        assert np.trapezoid(density * (z.numpy() - mean) ** 2, z) == pytest.approx(sd**2, rel=1e-3)
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()

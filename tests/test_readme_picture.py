"""The README's animation: what is committed, and the curve along which its ring is dragged."""

import io

import numpy as np
import readme_picture
from PIL import Image


def test_the_committed_animation():
    assert readme_picture.TARGET.stat().st_size <= readme_picture.MOST_BYTES
    with Image.open(readme_picture.TARGET) as picture:
        assert picture.size == (readme_picture.WIDTH, readme_picture.HEIGHT)
        assert picture.n_frames == readme_picture.FRAMES and picture.info["loop"] == 0  # for ever


def test_the_curve_is_closed_even_and_on_the_plane():
    points = readme_picture.curve(readme_picture.PLACES, 500)
    steps = np.linalg.norm(np.diff([*points, points[0]], axis=0), axis=1)
    assert steps.max() < 1.01 * steps.min()
    assert np.abs(points).max() < 3
    for place in readme_picture.PLACES:
        assert np.linalg.norm(points - place, axis=1).min() < steps.max()


def test_the_ring_is_dragged_and_the_image_follows(browser, tmp_path):
    frames = readme_picture.record(browser, tmp_path / "explorer.html", 4)
    right = (readme_picture.HEIGHT, 60, readme_picture.WIDTH, 330)  # of the square plane: the decoded image
    assert len({frame.crop(right).tobytes() for frame in frames}) == 4
    assert np.asarray(frames[0]).min() < 30  # the picture is not blank
    with Image.open(io.BytesIO(readme_picture.gif(frames))) as animation:
        assert animation.n_frames == 4

"""The README's animation: what is committed, and the curve along which its ring is dragged."""

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

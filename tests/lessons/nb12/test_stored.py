"""What notebook 12 reads off its stored rows: seeds are paired, a curve ends where it ends, an error is of images and of seeds."""

import math
from itertools import product

import pytest

from vae_helpers.lessons.nb12 import stored


def row(algorithm, seed, samples, train, test, error=0.3, size=3, data="mnist"):
    scores = {"train": train, "test": test, "train_error": error, "test_error": error}
    return {"data": data, "latent_dim": size, "algorithm": algorithm, "seed": seed, "samples": samples} | scores


def uneven():
    """AEVB 5 nats above wake–sleep, 4 and 6 with seeds 1 and 2, which end sooner; seed 2 of wake–sleep is not there at 200."""
    rows = [row("AEVB", seed, n, -99.0, -100.0) for seed, n in product(range(3), (100, 200))]
    rows += [row("wake-sleep", seed, 100, -110.0, -105.0 + by) for seed, by in ((0, 0), (1, 1), (2, -1))]
    rows += [row("wake-sleep", seed, 200, -110.0, -106.0) for seed in (0, 1)] + [row("AEVB", 0, 300, -90.0, -95.0)]
    return rows[::-1]  # in whatever order they were written


def test_seeds_are_paired_and_their_spread_joins_the_images_error():
    gaps = stored.ahead(uneven(), "test", "data", "latent_dim")
    assert list(gaps) == [("mnist", 3, 100), ("mnist", 3, 200)]  # at 300 there is no rival
    images = math.hypot(0.3, 0.3)
    assert gaps["mnist", 3, 100] == pytest.approx((5.0, math.hypot(images, 1 / math.sqrt(3)), 3))
    assert gaps["mnist", 3, 200] == pytest.approx((6.0, images, 2))
    assert stored.ahead(uneven(), "test", "latent_dim", pair=("wake-sleep", "AEVB"))[3, 100].mean == -5.0
    one = [r for r in uneven() if r["seed"] == 1]
    assert stored.ahead(one, "test", "latent_dim")[3, 100] == pytest.approx((4.0, images, 1))


def test_seeds_that_are_not_shared_are_no_pair():
    rows = [row("AEVB", 0, 100, -1.0, -1.0), row("AEVB", 1, 100, -1.0, -1.0), row("wake-sleep", 1, 100, -1.0, -3.0)]
    assert stored.ahead(rows, "test", "latent_dim")[3, 100][::2] == (2.0, 1)
    assert stored.ahead([rows[0], rows[2]], "test", "latent_dim") == {}


def test_train_and_test_are_told_apart():
    assert stored.ahead(uneven(), "train", "latent_dim")[3, 100].mean == pytest.approx(11.0)
    gaps = stored.apart(uneven(), "latent_dim", "algorithm")
    assert gaps[3, "AEVB", 300] == pytest.approx((5.0, math.hypot(0.3, 0.3), 1)) and gaps[3, "AEVB", 100].mean == pytest.approx(1.0)


def test_the_last_point_is_the_last_with_enough_seeds():
    gaps = stored.ahead(uneven(), "test", "latent_dim")
    assert stored.last(gaps)[3,] == (200, gaps[3, 200]) and stored.last(gaps, seeds=3)[3,] == (100, gaps[3, 100])
    assert stored.last(gaps, seeds=4) == {}


def test_a_curve_says_how_far_each_seed_went():
    words, end = stored.reached(uneven(), "algorithm")["AEVB",]
    assert words == "300 images (seed 0), 200 (1, 2)" and (end["samples"], end["seed"]) == (300, 0)
    assert stored.reached(uneven(), "algorithm")["wake-sleep",][0] == "200 images (seeds 0, 1), 100 (2)"


def test_falls_are_counted_along_each_seed_s_own_curve():
    assert stored.falls(uneven(), "test", "algorithm") == {("AEVB",): (0, 4), ("wake-sleep",): (2, 2)}
    assert stored.falls(uneven(), "train", "algorithm")["wake-sleep",] == (0, 2)


def test_a_difference_is_level_within_three_errors_and_prints_a_minus():
    assert [stored.Difference(mean, 1.0, 1).sign() for mean in (3.1, 2.9, -2.9, -3.1)] == [1, 0, 0, -1]
    assert stored.Difference(4.0, 1.0, 1).sign(errors=5) == 0 and str(stored.Difference(-1.26, 0.5, 1)) == "−1.3 ± 0.5"


def test_figure_2_is_its_nine_panels():
    others = [row("AEVB", 0, 1, 0, 0, size=2), row("AEVB", 0, 1, 0, 0, size=10, data="frey_faces, mixed")]
    own = [row("AEVB", 0, 1, 0, 0, size=2, data="frey_faces"), row("AEVB", 0, 1, 0, 0, size=200)]
    assert stored.of_figure_2(others + own) == own


def test_an_extrapolation_is_exact_where_its_formula_holds():
    geometric = [87 + 40 * 0.5**i for i in range(9)]
    hyperbolic = [80 + 50 / (i + 1.7) for i in range(9)]
    assert stored.extrapolated(geometric[:4], 5)[0] == pytest.approx(geometric[8])
    assert stored.extrapolated(hyperbolic[:3], 6)[1] == pytest.approx(hyperbolic[8])
    for scores in (geometric, hyperbolic):
        fast, slow = stored.extrapolated(scores[:3], 6)
        assert slow < fast < scores[2]  # a geometric series stops sooner

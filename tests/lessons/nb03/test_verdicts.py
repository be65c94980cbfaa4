"""What notebook 03 says of images is what the stored rows say, for every seed."""

from statistics import mean, stdev

import pytest

from vae_helpers import results

ROWS = {(row["data"], row["objective"], row["seed"]): row for row in results.load("bound_or_evidence")}
SEEDS = 0, 1, 2


def behind(data: str, column: str) -> list[float]:
    """By how many nats the model trained on the bound is behind the one trained on log p(x), for each seed."""
    return [ROWS[data, "evidence", seed][column] - ROWS[data, "elbo", seed][column] for seed in SEEDS]


@pytest.mark.parametrize(
    ("data", "column", "by", "error"),
    [
        ("digits", "log_p_train", 0.24, 0.10),
        ("digits", "log_p", 0.48, 0.045),
        ("mnist", "log_p_train", 5.5, 0.2),
        ("mnist", "log_p", 6.4, 1.3),
    ],
)
def test_the_bound_costs_log_p(data, column, by, error):
    lost = behind(data, column)
    assert mean(lost) == pytest.approx(by, abs=0.06 * by) and stdev(lost) / 3**0.5 == pytest.approx(error, rel=0.1) and min(lost) > 0


def test_the_gap_shrank_in_training_while_the_bound_rose():
    for data, first, last, rise in (("digits", 0.30, 0.27, 0.7), ("mnist", 7.0, 5.9, 10)):
        rows = [ROWS[data, "elbo", seed] for seed in SEEDS]
        assert all(row["gap"] < row["gap_third"] for row in rows)
        assert mean(row["gap_third"] for row in rows) == pytest.approx(first, rel=0.03)
        assert mean(row["gap"] for row in rows) == pytest.approx(last, rel=0.03)
        assert mean(row["elbo"] - row["elbo_third"] for row in rows) == pytest.approx(rise, rel=0.07)
    assert all(4 < ROWS["mnist", "elbo", seed]["gap"] < 7 for seed in SEEDS)


def test_only_weight_one_makes_the_best_value_log_p():
    for seed in SEEDS:
        assert ROWS["mnist", "elbo", seed]["best_0.5_smallest"] > 2.5 and ROWS["mnist", "elbo", seed]["best_2_largest"] < -4.3
        assert ROWS["digits", "elbo", seed]["best_0.5_smallest"] > 0.5 and ROWS["digits", "elbo", seed]["best_2_largest"] < -0.5
        assert abs(ROWS["mnist", "evidence", seed]["slack"]) < 1.1

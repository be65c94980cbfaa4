"""What notebook 02 says of MNIST, and of digits beside it, is what the stored rows say, for every seed."""

import pytest

from vae_helpers import results


def posteriors(data: str) -> list[dict]:
    found = [row for row in results.load("posteriors") if row["data"] == data]
    assert {row["seed"] for row in found} == {0, 1, 2}
    return found


def test_a_grid_gives_log_p_at_two_latents_and_must_be_finer_on_mnist():
    assert max(row["grid_0.50_mean"] for row in posteriors("digits")) < 0.025
    for row in posteriors("mnist"):
        assert 6 < row["grid_0.50_mean"] < 8.5 and 0.005 < row["grid_0.04_mean"] < 0.015


def test_prior_draws_cost_fifty_times_as_much_on_mnist_and_err_low_by_more_than_a_nat():
    for few, many in zip(posteriors("digits"), posteriors("mnist"), strict=True):
        assert 1_000 < few["draws_for_10_percent_median"] < 1_300 and 55_000 < many["draws_for_10_percent_median"] < 75_000
        assert -0.03 < few["prior_draws_1000_mean"] < -0.01 and -1.8 < many["prior_draws_1000_mean"] < -1.3
        assert -0.55 < many["prior_draws_1000_median"] < -0.1


@pytest.mark.parametrize(("data", "q", "small", "large"), [("digits", 0.98, (0.92, 0.94), 0.97), ("mnist", 0.88, (0.3, 0.55), 0.98)])
def test_what_a_chain_finds_hangs_on_its_step(data, q, small, large):
    for row in posteriors(data):
        assert abs(row["found_by_q_mean"] - q) < 0.02 and row["found_by_chain_1_mean"] > large
        assert small[0] < row["found_by_chain_0.1_mean"] < small[1]
        assert row["warned_0.1_mean"] > 0.9 or data == "digits"


def test_a_second_peak_is_rare():
    assert all(row["second"] == 0 for row in posteriors("digits")) and all(row["second"] == 0.01 for row in posteriors("mnist"))
    held = sorted(row["posterior_on_that_peak"] for row in posteriors("mnist"))
    assert 0.15 < held[0] < held[1] < 0.25 and held[2] > 0.5 and min(row["q_on_best_peak"] for row in posteriors("mnist")) > 0.7

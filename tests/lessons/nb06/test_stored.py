"""What notebook 06 says of its stored runs is what their rows say: differences are paired by seed."""

import pytest
import torch

from vae_helpers import results

ROWS = results.load("estimators")
SHARES = results.load("noise_shares")


def of(key: str, data: str, latent_dim: int, estimator: str) -> torch.Tensor:
    """(seeds,), in the order of the seeds; of several rates the best."""
    found = {}
    for row in ROWS:
        if (row["data"], row["latent_dim"], row["estimator"]) == (data, latent_dim, estimator):
            found.setdefault(row["rate"], {})[row["seed"]] = row
    best = max(found.values(), key=lambda runs: sum(row["elbo"] for row in runs.values()))
    assert len(best) >= 3
    return torch.tensor([best[seed][key] for seed in sorted(best)])


def behind(data: str, latent_dim: int, estimator: str) -> torch.Tensor:
    """Nats behind the pathwise estimator, seed by seed."""
    return of("elbo", data, latent_dim, "pathwise") - of("elbo", data, latent_dim, estimator)


@pytest.mark.parametrize(("data", "latent_dim"), [("digits", 2), ("digits", 8), ("mnist", 20)])
def test_the_batch_mean_spends_fewer_nats_and_ends_behind_leave_one_out(data, latent_dim):
    fair, biased = ((key, of(key, data, latent_dim, name)) for key, name in (("kl", "leave-one-out, 2"), ("kl", "batch mean, 2")))
    assert (biased[1] < 0.65 * fair[1]).all()
    assert (behind(data, latent_dim, "batch mean, 2") > behind(data, latent_dim, "leave-one-out, 2")).all()


@pytest.mark.parametrize(
    ("data", "latent_dim", "estimator", "gap"),
    [
        ("mnist", 20, "leave-one-out, 2", 7.9),
        ("mnist", 20, "leave-one-out, 8", 0.8),
        ("mnist", 20, "batch mean, 2", 14.7),
        ("digits", 2, "batch mean, 2", 0.7),
        ("digits", 8, "batch mean, 2", 1.6),
    ],
)
def test_the_gaps_that_the_page_names(data, latent_dim, estimator, gap):
    assert behind(data, latent_dim, estimator).mean().item() == pytest.approx(gap, abs=0.051)


def test_the_naive_estimator_is_out_of_the_race_on_mnist():
    assert (behind("mnist", 20, "naive, 1") > 45).all() and (of("kl", "mnist", 20, "naive, 1") > 300).sum() == 2


def test_the_share_of_the_noise_is_largest_before_the_first_step_and_never_extreme_after():
    assert {(row["data"], row["latent_dim"]) for row in SHARES} == {("digits", 2), ("digits", 8), ("mnist", 20)} and len(SHARES) >= 9
    for row in SHARES:
        later = [row[f"share_{step}"] for step in (100, 300, 1000, 2000)]
        assert row["share_0"] > later[0] and 0.35 < min(later) and max(later) < 0.75
        assert 0.7 < (min(later) / (1 - min(later))) ** 0.5 and (max(later) / (1 - max(later))) ** 0.5 < 1.7

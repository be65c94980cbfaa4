"""What notebook 07 says of stored runs is what their rows say, seed by seed."""

from statistics import mean

from vae_helpers import results


def rows(name: str, least: int = 3, **where) -> list[dict]:
    found = [row for row in results.load(name) if all(row[key] == value for key, value in where.items())]
    assert len({row["seed"] for row in found}) == len(found) >= least, f"{name}, {where}: {len(found)} rows"
    return found


def test_the_lead_of_a_gaussian_vae_over_twenty_templates_hangs_on_its_training():
    early, late = (rows("gaussian_vae", epochs=100, start=start) for start in ("σ = 1", "σ = 0.22"))
    for row, longer in zip(late, rows("gaussian_vae", epochs=300, start="σ = 0.22"), strict=True):
        assert longer["lead"] < row["lead"] - 1 and abs(longer["sigma"] / longer["rms_left_on_training_images"] - 1) < 0.02
    assert all(row["lead"] > 2 * row["lead_stderr"] for row in late) and mean(row["lead"] for row in early) < 0
    assert all(row["sigma"] > 1.05 * row["rms_left_on_training_images"] for row in early)
    assert all(abs(row["sigma"] / row["rms_left_on_training_images"] - 1) < 0.08 for row in late)


def test_spare_dimensions_cost_less_once_training_is_long():
    few, many = ({epochs: rows("spare_dimensions", epochs=epochs, latent_dim=size) for epochs in (60, 300)} for size in (4, 64))
    for four, spare in zip(few[60], many[60], strict=True):
        assert four["elbo"] > spare["elbo"] + 0.4 and spare["active_units"] > 50 and spare["kl_above_0.1"] < 8
    for four, spare in zip(few[300], many[300], strict=True):
        assert abs(four["bound_500"] - spare["bound_500"]) < 0.1 and spare["active_units"] < 30
    for epochs, low, high in ((60, 0.4, 0.55), (300, 0.1, 0.16)):
        for eight, spare in zip(rows("spare_dimensions", epochs=epochs, latent_dim=8), many[epochs], strict=True):
            assert low < eight["bound_500"] - spare["bound_500"] < high and eight["elbo"] - spare["elbo"] > high


def test_on_mnist_two_dimensions_beat_fifty_templates_and_are_level_with_two_hundred_which_ten_beat():
    for row in rows("density"):
        assert row["vae_2_over_50"] > 5 * row["vae_2_over_50_stderr"] and row["vae_10_over_200"] > 20 * row["vae_10_over_200_stderr"]
        assert abs(row["vae_2_over_200"]) < 3 * row["vae_2_over_200_stderr"]


def test_on_mnist_five_thousand_samples_miss_nats_at_two_dimensions():
    for row in rows("density"):
        assert 1.3 < row["missing_5000"] < 2 and row["missing_5000_above_1"] > 0.12 and row["missing_5000_worst"] > 24


def test_holes_come_with_the_nats_that_are_spent_and_a_mixture_closes_them():
    for data in ("digits", "mnist"):
        kinds = [rows("holes", data=data, latent_dim=16, kind=kind) for kind in ("autoencoder", "VAE", "VAE, σ = 0.1")]
        for autoencoder, vae, sharp in zip(*kinds, strict=False):
            assert autoencoder["seed"] == vae["seed"] == sharp["seed"]
            assert autoencoder["error"] < sharp["error"] < 0.95 * vae["error"] and sharp["kl"] > 2 * vae["kl"]
            assert max(vae["real"], 1.2 * vae["rebuilt"]) < vae["prior"] < 1.2 * vae["real"] < sharp["prior"]
            assert max(vae["prior_one_class"], sharp["prior_one_class"]) < vae["rebuilt_one_class"] - 0.2
            assert autoencoder["mixture"] < 1.1 * autoencoder["real"] < autoencoder["gaussian"] < autoencoder["box"]

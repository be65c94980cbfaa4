"""The pictures of notebook 11 show the numbers that they are given, and its stored rows are sorted as they say."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from vae_helpers import results
from vae_helpers.conditional import ConditionalVAE
from vae_helpers.lessons.nb11 import pictures, stored
from vae_helpers.toy import CurvedToy


@pytest.fixture
def ax():
    yield plt.figure().add_subplot()
    plt.close("all")


def row(seed: int, elbo: float, **places) -> dict:
    return stored.PLAIN | {"seed": seed, "elbo": elbo, "bound_50": elbo + 0.5, "log_evidence": elbo + 1} | places


ROWS = [row(1, -24.0), row(0, -23.0), row(0, -22.5, prior="vamp"), row(1, -23.6, prior="vamp"), row(0, -21.0, n_samples=5)]


def test_runs_differ_in_the_named_places_only():
    assert {seed: r["elbo"] for seed, r in stored.runs(ROWS).items()} == {0: -23.0, 1: -24.0}
    assert {seed: r["elbo"] for seed, r in stored.runs(ROWS, prior="vamp").items()} == {0: -22.5, 1: -23.6}
    assert stored.runs(ROWS, prior="vamp", n_samples=5) == {}


def test_a_paired_difference_and_its_error():
    found = stored.paired(stored.runs(ROWS, prior="vamp"), stored.runs(ROWS), "elbo")
    assert found.mean == pytest.approx(0.45) and found.stderr == pytest.approx(0.05)  # 0.5 and 0.4
    assert str(found) == "+0.45 ± 0.05 (2)"
    assert found.in_errors == pytest.approx(9)
    assert str(stored.paired(stored.runs(ROWS, n_samples=5), stored.runs(ROWS), "elbo")) == "+2.00 (1)"  # one seed has no error
    above = stored.paired(stored.runs(ROWS, prior="vamp"), stored.runs(ROWS), "elbo", "log_evidence")  # another number of the others
    assert above.mean == pytest.approx(-0.55)


COSTS = [stored.PLAIN | {"prior": "vamp", "seed": s, "step_cost": c} for s, c in enumerate((1.0, 1.3, 1.6))]


def test_tables_name_each_difference_and_its_price():
    table = stored.against_plain({"VampPrior": {"prior": "vamp"}}, {"digits": (ROWS, "bound_50")}, COSTS)
    head, line = table.splitlines()
    assert head.split() == ["digits:", "model", "digits:", "ELBO", "a", "step"]
    assert line.split() == ["VampPrior", *["+0.45", "±", "0.05", "(2)"] * 2, *"1.30 ± 0.17 ×".split()]


def words(cure: str, used: int, seed: int, elbo: float, tokens: int = 4) -> dict:
    """A training of a codebook."""
    use = {"used": used, "perplexity": used - 1.5, "bits": 8.0}
    return {"cure": cure, "tokens": tokens, "seed": seed, "elbo": elbo, "log_evidence": -23.0} | use


WORDS = [words(cure, used, s, -24.0 + 0.1 * s * used) for cure, used in (("none", 6), ("restart the dead", 16)) for s in (0, 1)]


def test_cures_are_compared_with_none():
    none, restarted = stored.cured(WORDS).splitlines()
    assert none == "none              6.0 entries in use,  4.5 perplexity,  8.0 bits a code"
    assert "16.0 entries in use, 14.5 perplexity,  8.0 bits a code," in restarted
    assert restarted.endswith(" ELBO +0.50 ± 0.50 (2), log p(x) +0.00 ± 0.00 (2); an image costs more in 0")
    eight = [row | {"tokens": 8, "log_evidence": float("nan"), "elbo": -row["elbo"]} for row in WORDS]
    assert stored.cured(WORDS + eight, tokens=8).endswith("8.0 bits a code, ELBO −0.50 ± 0.50 (2); an image costs more in 1")


def test_words_are_compared_with_the_plain_vae_of_the_same_seed():
    none, restarted = stored.words_against_numbers(WORDS, ROWS, "bound_50").splitlines()
    assert none.split(maxsplit=1)[1] == "log p(x) +0.00 ± 0.50 (2), ELBO −0.20 ± 0.80 (2)"  # ELBO −24, −23.4 against −23, −24
    assert stored.words_against_numbers([row | {"tokens": 8} for row in WORDS], ROWS, "bound_50", 8).splitlines()[0].split()[1] == "ELBO"


def test_shares_closed_are_those_of_the_same_seed():
    gaps = {"for each image: diagonal Gaussian": (0.4, 0.2), "for each image: 1 fold": (0.2, 0.05)}
    rows = [{"q": q, "seed": s, "test_gap": gap} for q, some in gaps.items() for s, gap in enumerate(some)]
    assert "closes 62% ± 12% of the gap of 'for each image: diagonal Gaussian'" in stored.shares_closed(rows)


def test_values_come_in_the_order_of_the_seeds():
    assert results.values(ROWS, "elbo", prior="standard", n_samples=1).tolist() == [-23.0, -24.0]


def test_gains_are_drawn_with_their_means_and_errors():
    axes = plt.figure().subplots(1, 2)
    rows = [row(s, -24 - s + k * (1 + s), objective="iwae", n_samples=K) for s in (0, 1) for k, K in enumerate((1, 5, 50))]
    rows += [r | {"objective": "dreg", "elbo": r["elbo"] + 7} for r in rows if r["n_samples"] > 1]
    pictures.bounds_by_training(axes, rows)
    solid = next(c for c in axes[1].containers if c.get_label() == "ELBO")
    np.testing.assert_allclose(np.asarray(solid[0].get_ydata(), float), [0, 1.5, 3])  # 1 and 2, 2 and 4 above K = 1
    low, high = solid[2][0].get_segments()[1][:, 1]
    assert high - low == pytest.approx(2 * 0.5)  # sd 1/√2, two seeds: ± ½
    assert list(solid[0].get_xdata()) == [1, 5, 50]
    assert list(axes[1].containers[1][0].get_ydata()) == [0, 8.5, 10] and axes[1].containers[1][0].get_linestyle() == "--"
    assert [c.get_label() for c in axes[0].containers[::2]] == ["log p(x)", "$\\mathcal{L}_{50}$"]
    plt.close("all")


def test_the_signal_is_drawn_with_its_slopes():
    axes = plt.figure().subplots(1, 2)
    ratios = {(m, kind): [start, 2.0, 4.0] for m in ("line", "images") for kind, start in (("plain", 1.0), ("doubly reparameterized", 2.0))}
    ratios["line", "decoder"] = [8.0, 16.0, 32.0]
    pictures.signal(axes, (1, 2, 4), ratios, {key: (-0.5, 0.03) for key in ratios})
    assert list(axes[1].lines[1].get_ydata()) == [2.0, 2.0, 4.0] and len(axes[1].lines) == 2
    assert "K^{−0.50 ± 0.03}" in axes[0].get_legend().get_texts()[1].get_text()
    down, up = axes[0].lines[1].get_ydata(), axes[0].lines[5].get_ydata()
    assert down[-1] == 4.0 and down[0] == pytest.approx(8.0)  # slope −½ through the last point
    assert up[-1] == 32.0 and up[0] == pytest.approx(16.0)  # and +½
    plt.close("all")


def test_the_flow_frame_draws_the_density_of_q():
    figure, eps = Figure(), torch.linspace(-2, 2, 5, dtype=torch.float64)
    pictures.flow_frame(figure, CurvedToy(0.25).posterior(1.0), 2 * eps + 1, torch.full((5,), 2.0).double().log(), eps)
    line = figure.axes[0].lines[0]
    expected = torch.distributions.Normal(1.0, 2.0).log_prob(2 * eps + 1).exp()
    np.testing.assert_allclose(line.get_ydata(), expected)
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), 2 * eps + 1)


def test_gap_bars_are_means_over_seeds(ax):
    rows = [{"q": q, "seed": s, "test_gap": g + 0.1 * s} for q, g in (("encoder", 0.4), ("for each image: 1 fold", 0.1)) for s in (0, 1)]
    pictures.gap_bars(ax, rows)
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [0.45, 0.15])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["encoder, as trained", "for each image: 1 fold"]


def test_cures_are_marked_one_a_training():
    axes = plt.figure().subplots(1, 2)
    rows = [
        {"cure": c, "tokens": t, "seed": s, "perplexity": 5 + s, "elbo": -24.0 - s, "log_evidence": -23.0}
        for c in ("none", "restart the dead")
        for t in (4, 8)
        for s in (0, 1)
    ]
    pictures.codebook_cures(axes, rows)
    marks = axes[0].lines[0]
    assert list(marks.get_ydata()) == [5, 6] and list(axes[0].lines[1].get_ydata()) == [5.5]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["none", "restart\nthe dead"]
    plt.close("all")


def test_the_codebook_frame_shows_images_and_changes():
    figure, images = Figure(), torch.rand(5, 8, 8)
    pictures.codebook_frame(figure, images, [3, 1, 4, 1], 9)
    above, below = figure.axes
    assert [label.get_text() for label in above.get_xticklabels()][2] == "place 2: 1 → 9"
    shown, change = (np.asarray(ax.images[0].get_array().filled(np.nan)) for ax in figure.axes)
    assert [ax.images[0].get_extent()[0] for ax in figure.axes] == [0, 66]  # nothing stands under the first
    for picture, frame, image in ((shown, 2, images[2]), (change, 1, images[2] - images[0])):
        inside = picture[1:-1, 66 * frame + 1 : 66 * (frame + 1) - 1]  # a pixel is eight points wide
        np.testing.assert_allclose(inside[4::8, 4::8], image)
        assert np.isfinite(inside).all() and np.isnan(picture[0]).all()  # frames are no pixels


def test_priors_lie_where_they_are():
    axes, axis = plt.figure().subplots(1, 2), torch.linspace(-4, 4, 81)
    density = torch.exp(-((axis[:, None] - 2) ** 2) - (axis + 1) ** 2)  # around z = (2, −1)
    pictures.priors(axes, axis, {"a": (density, torch.zeros(3, 2)), "b": (density, torch.ones(3, 2))})
    contours = next(c for c in axes[0].collections if hasattr(c, "levels"))
    inner = np.concatenate([path.vertices for path in contours.get_paths()[-1:]])
    np.testing.assert_allclose(inner.mean(0), [2, -1], atol=0.1)
    plt.close("all")


def test_the_labels_number_is_the_label_where_it_is_whole_and_a_blend_between():
    torch.manual_seed(0)
    vae = ConditionalVAE(latent_dim=3, hidden=(20, 10), n_labels=5, seed=0)
    network, z = pictures.label_as_a_number(vae), torch.randn(5, 3)
    with torch.no_grad():
        whole = network(torch.cat([z, torch.arange(5.0)[:, None]], 1))
        torch.testing.assert_close(whole, vae.mean_image(z, torch.arange(5)).flatten(1), atol=1e-5, rtol=1e-4)
        half = network(torch.cat([z[:1], torch.tensor([[2.25]])], 1))
        mixed = 0.75 * vae.label_to_decoder.weight[:, 2] + 0.25 * vae.label_to_decoder.weight[:, 3]
        by_hand = vae.decoder[1:](vae.decoder[0](z[:1]) + mixed).sigmoid()
    torch.testing.assert_close(half, by_hand, atol=1e-5, rtol=1e-4)


def test_a_jacobians_zeros_stay_empty():
    axes = plt.figure().subplots(1, 2)
    pictures.jacobians(axes, {"coupling": torch.tensor([[1.0, 0.0], [-0.5, 2.0]]), "other": torch.eye(2)})
    assert [text.get_text() for text in axes[0].texts] == ["1.00", "−0.50", "2.00"] and len(axes[1].texts) == 2
    plt.close("all")


def test_cosines_stand_over_their_temperature():
    ax = pictures.cosines(plt.figure().subplots(), [10.0, 1.0], [0.7, 0.2], 5.0)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[10, 0.7], [1, 0.2]])
    plt.close("all")


def test_gains_are_paired_and_controls_are_square():
    rows = [stored.PLAIN | {"n_samples": K, "seed": seed, "score": seed + K / 10} for K in (1, 5) for seed in (0, 1, 2)]
    axes, plain = plt.figure().subplots(1, 2), stored.runs(rows)
    pictures.gains(axes, {"K = 5": {"n_samples": 5}}, {"a": (rows, "score"), "b": (rows, "score")}, {"control: longer": (plain, plain)})
    marks = [line for line in axes[0].lines if line.get_marker() in ("o", "s")]
    assert [line.get_marker() for line in marks] == ["o", "s"]
    np.testing.assert_allclose([line.get_xdata()[0] for line in marks], [0.4, 0], atol=1e-9)
    assert len([line for line in axes[1].lines if line.get_marker() in ("o", "s")]) == 1  # the longer runs are of the first only
    plt.close("all")

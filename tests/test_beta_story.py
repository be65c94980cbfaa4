"""BetaStory without a browser: which model, which image, which numbers, and what is said of bad input."""

import io
import re

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from torch.distributions import Independent, Normal, kl_divergence

from vae_helpers import datasets, pretrained
from vae_helpers.look import COLOURS
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import BetaStory
from vae_helpers.widgets.beta_story import MOST_IMAGES

VALUES = [0.5, 1, 4]
TEST = datasets.load("digits").binarized(0).test
IMAGES, LABELS = TEST.images[:40], TEST.labels[:40]


def three_vaes():
    vaes = [VAE((8, 8), 2, (16,), seed=seed) for seed in range(3)]
    with torch.no_grad():
        for k, vae in enumerate(vaes):
            vae.encoder[-1].weight *= 2 + k  # untrained, but they differ
            vae.decoder[-1].weight *= 4
    return vaes


def a_story(**options):
    return BetaStory(three_vaes(), VALUES, IMAGES, LABELS, **options)


def test_image_and_model_follow_value_and_z():
    vaes, story = three_vaes(), a_story()
    assert story.value == 1
    for z in [(0.0, 0.0), (1.5, -0.5)]:
        story.z = z
        for value, vae in zip(VALUES, vaes, strict=True):
            story.value = value
            assert torch.allclose(story.image, vae.mean_image(torch.tensor(z)), atol=1e-6)
            assert story.z == z  # the ring stays
            assert all(torch.equal(a, b) for a, b in zip(story.model.parameters(), vae.parameters(), strict=True))
    story.set_state({"value": 0.5, "z": [-1.0, 2.0]})  # as the browser does
    assert torch.allclose(story.image, vaes[0].mean_image(torch.tensor([-1.0, 2.0])), atol=1e-6)


def test_a_value_between_two_becomes_the_nearest():
    story = a_story(value=4)
    assert story.value == 4
    for value, nearest in ((0.6, 0.5), (100, 4), (-3, 0.5), (1.9, 1)):
        story.value = value
        assert story.value == nearest
    for value in ("all", None, float("nan"), True):
        with pytest.raises(ValueError, match="Expected β as a number, 0.5 to 4"):
            story.value = value
    assert story.value == 1


def test_the_browser_gets_codes_and_posteriors_of_each_model():
    story = a_story()
    codes, scales = (np.frombuffer(part, "<f4").reshape(3, 40, 2) for part in (story.codes, story.scales))
    for k, vae in enumerate(three_vaes()):
        with torch.no_grad():
            q = vae.encode(IMAGES)
        np.testing.assert_allclose(codes[k], q.mean, atol=1e-6)
        np.testing.assert_allclose(scales[k], q.stddev, atol=1e-6)
    assert story.labels == [str(label) for label in LABELS.tolist()]
    x0, x1, y0, y1 = story.plane.extent
    assert (codes > [x0, y0]).all() and (codes < [x1, y1]).all()


def test_numbers_are_each_models_own():
    story = a_story()
    for vae, evaluation, reading in zip(three_vaes(), story.evaluations, story.readings, strict=True):
        with torch.no_grad():
            q = vae.encode(IMAGES)
            kl = kl_divergence(q.base_dist, Normal(0.0, 1.0)).sum(-1).mean().item()
            z = q.sample((400,))
            reconstruction = Independent(vae.decode(z).base_dist, 1).log_prob(IMAGES.flatten(1)).mean().item()
        assert evaluation.kl.mean == pytest.approx(kl, abs=1e-4)
        assert evaluation.reconstruction.mean == pytest.approx(reconstruction, abs=0.5)
        assert evaluation.elbo.mean == pytest.approx(evaluation.reconstruction.mean - evaluation.kl.mean, abs=1e-4)
        written = [float(v.replace("−", "-")) for v in re.findall(r"(−?[\d.]+) ±", reading)]
        assert written == pytest.approx([evaluation.reconstruction.mean, kl, evaluation.elbo.mean], abs=0.0051)
    story.value, story.z = 4, (0.5, -1)
    assert story.reading == f"{story.readings[2]} z = (0.50, −1.00)" and story.reading.startswith("β = 4: reconstruction −")


def test_marks_lie_on_the_points_of_the_chart():
    story = a_story()
    pixels = np.asarray(Image.open(io.BytesIO(story.chart)).convert("RGB")).astype(int)
    assert len({tuple(mark) for mark in story.marks}) == 3
    blue = abs(pixels - 255 * np.array(to_rgb(COLOURS[0]))).max(-1) < 12
    for u, v in story.marks:
        row, column = round(v * pixels.shape[0]), round(u * pixels.shape[1])
        rows, columns = np.nonzero(blue[row - 6 : row + 7, column - 6 : column + 7])
        assert len(rows) > 100 and (rows.mean(), columns.mean()) == pytest.approx((6, 6), abs=1)


def test_many_images_are_thinned_but_all_are_measured():
    story = BetaStory(three_vaes()[:1], [1], TEST.images.repeat(3, 1, 1), TEST.labels.repeat(3))
    assert MOST_IMAGES / 2 < len(story.labels) <= MOST_IMAGES and len(story.codes) == 8 * len(story.labels)
    assert story.evaluations[0].n_images == 3 * len(TEST)


def test_the_picture_shows_value_ring_and_layers():
    story = a_story()
    first, pictures = story.picture(), {story.picture()}
    story.value = 4
    pictures.add(story.picture())
    story.z = (1, 1)
    pictures.add(story.picture())
    story.shown = ["prior", "posteriors"]
    pictures.add(story.picture())
    assert len(pictures) == 4
    story.value, story.z, story.shown = 1, (0, 0), ["codes"]
    assert story.picture() == first
    with pytest.raises(ValueError, match="layers among prior, posteriors, codes, got axes"):
        story.shown = ["axes"]


def test_the_plane_in_the_picture_holds_the_chosen_models_codes():
    story = a_story()
    for value, vae in zip(VALUES, three_vaes(), strict=True):
        story.value = value
        ax = story.draw_plane(Figure().subplots())
        drawn = np.concatenate([points.get_offsets() for points in ax.collections])
        with torch.no_grad():
            codes = vae.encode(IMAGES).mean.numpy()
        np.testing.assert_allclose(np.unique(drawn, axis=0), np.unique(codes, axis=0), atol=1e-6)


def test_a_story_keeps_the_models_it_was_given():
    vaes = three_vaes()
    story = BetaStory(vaes, VALUES, IMAGES)
    before = story.image
    with torch.no_grad():
        vaes[1].decoder[-1].bias += 1
    assert torch.equal(story.image, before) and story.model is not vaes[1]
    assert story.labels == []


@pytest.mark.parametrize("which", ["β", "epoch"])
def test_the_shipped_story(which):
    story = BetaStory.pretrained(which)
    family = pretrained.family("digits_beta")
    for value, evaluation in zip(story.values, story.evaluations, strict=True):
        facts = family[(value, 400) if which == "β" else (1, value)].facts
        for part in ("elbo", "reconstruction", "kl"):  # the card's have 100 noise samples an image, these 10
            assert getattr(evaluation, part).mean == pytest.approx(facts[part]["mean"], abs=facts[part]["stderr_over_images"] + 0.001)
    assert story.value == (1 if which == "β" else 400) and story.values == sorted(story.values)
    sent = sum(len(v) for v in [story.codes, story.scales, story.plane.underlay, story.chart])
    sent += sum(len(network["weights"]) for network in story.networks) + len(story._esm) + len(story._css)
    assert sent < 450_000
    with pytest.raises(ValueError, match='the story "β" or "epoch", got \'γ\''):
        BetaStory.pretrained("γ")


def nan_in(network):
    vaes = three_vaes()
    getattr(vaes[2], network)[0].weight.data[0, 0] = float("nan")
    return vaes


@pytest.mark.parametrize(
    "vaes, options, error, message",
    [
        ([], {"values": []}, ValueError, "at least one model and one β for each, got 0 models"),
        (three_vaes(), {"values": [1, 2]}, ValueError, "got 3 models and 2 values"),
        (three_vaes(), {"values": [1, 2, 2]}, ValueError, "each once"),
        (three_vaes(), {"values": ["a", "b", "c"]}, ValueError, "finite numbers"),
        ([*three_vaes()[:2], VAE((8, 12), 2)], {}, ValueError, r"one image_shape, got \(8, 8\) and \(8, 12\)"),
        ([*three_vaes()[:2], VAE((8, 8), 3)], {}, ValueError, "one latent_dim, got 2 and 3"),
        ([VAE((8, 8), 3)], {"values": [1]}, ValueError, "two latent dimensions, these models have 3"),
        ([*three_vaes()[:2], Autoencoder((8, 8), 2)], {}, TypeError, "Expected VAEs, .* got Autoencoder"),
        (nan_in("decoder"), {}, ValueError, "The model at β = 4: The network's weights hold NaN"),
        (nan_in("encoder"), {}, ValueError, "The model at β = 4: .*finite"),
        (
            three_vaes(),
            {"images": torch.zeros(5, 9, 9), "labels": None},
            ValueError,
            r"expected images of shape \(batch, 8, 8\)",
        ),
        (three_vaes(), {"images": torch.zeros(0, 8, 8), "labels": None}, ValueError, "at least one image, got none"),
        (three_vaes(), {"labels": [1, 2]}, ValueError, "one label for each image, got 40 images and 2 labels"),
        (three_vaes(), {"labels": ["ten"] * 40}, ValueError, "labels of one character.* got 'ten'"),
        (three_vaes(), {"z": (99, 0)}, ValueError, "z1 from -3.3 to 3.3, got 99"),
        (three_vaes(), {"value": "x"}, ValueError, "β as a number"),
    ],
)
def test_a_story_says_what_is_wrong(vaes, options, error, message):
    with pytest.raises(error, match=message):
        BetaStory(vaes, **{"values": VALUES, "images": IMAGES, "labels": LABELS, **options})

"""Interpolation without a browser: the two paths against what is known of circles, the film strip, the state, and bad input."""

import io
import math

import numpy as np
import pytest
import torch
from node import in_node, needs_node
from PIL import Image
from scipy.spatial import geometric_slerp
from torch import nn

from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import Interpolation
from vae_helpers.widgets.interpolation import angle_between, arc, spherical, straight, why_straight

T = torch.linspace(0, 1, 13, dtype=torch.float64)


def vectors(n, dims, seed=0):
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def model(dims=3, **options):
    return VAE((8, 12), dims, (16,), seed=0, **options)


def images(n=5, seed=0):
    return torch.rand(n, 8, 12, generator=torch.Generator().manual_seed(seed))


# the two paths


@pytest.mark.parametrize("dims", [2, 3, 10])
@pytest.mark.parametrize("seed", range(5))
def test_between_codes_of_one_length_it_is_scipys_great_circle(dims, seed):
    start, end = (v / v.norm() for v in vectors(2, dims, seed))
    np.testing.assert_allclose(spherical(start, end, T), geometric_slerp(start.numpy(), end.numpy(), T.numpy()), atol=1e-12)
    path = spherical(3.7 * start, 3.7 * end, T)
    np.testing.assert_allclose(path.norm(dim=1), 3.7, rtol=1e-12)  # it stays on the sphere
    steps = torch.nn.functional.cosine_similarity(path[1:], path[:-1]).clamp(-1, 1).arccos()
    np.testing.assert_allclose(steps, math.acos((start @ end).item()) / 12, rtol=1e-6)  # at a constant speed
    plane = torch.linalg.lstsq(torch.stack([start, end], 1), path.T)  # and in the plane of the two
    np.testing.assert_allclose(torch.stack([start, end], 1) @ plane.solution, path.T, atol=1e-12)


@pytest.mark.parametrize("kind", [straight, spherical])
def test_both_paths_lead_from_a_to_b_and_back(kind):
    start, end = vectors(2, 4)
    path = kind(start, end, T)
    torch.testing.assert_close(path[[0, -1]], torch.stack([start, end]))
    torch.testing.assert_close(path.flip(0), kind(end, start, T))


def test_straight_is_lerp():
    start, end = vectors(2, 4)
    torch.testing.assert_close(straight(start, end, T), torch.stack([torch.lerp(start, end, t) for t in T]))


def test_codes_of_different_length_as_in_white_2016():
    """A right angle, where the formula is cos and sin: worked out by hand."""
    path = spherical(torch.tensor([2.0, 0.0]).double(), torch.tensor([0.0, 6.0]).double(), torch.tensor([1 / 3]).double())
    np.testing.assert_allclose(path, [[2 * math.sqrt(3) / 2, 6 * 0.5]])


def test_small_angles_and_none():
    start = torch.tensor([1.0, 2.0, 2.0]).double()
    for angle in (1e-3, 1e-7):
        turned = start + 3 * angle * torch.tensor([0.0, 1.0, -1.0]).double() / math.sqrt(2)
        assert angle_between(start, turned) == pytest.approx(angle, rel=1e-5)
        torch.testing.assert_close(spherical(start, turned, T), straight(start, turned, T), atol=3 * angle**2, rtol=0)
    torch.testing.assert_close(spherical(start, 2 * start, T), straight(start, 2 * start, T))


def test_where_no_circle_leads():
    start = vectors(1, 4)[0]
    for end, words in ((-start, "opposite directions"), (-0.3 * start, "opposite directions"), (0 * start, "code of B is at the origin")):
        assert words in why_straight(start, end)
        torch.testing.assert_close(spherical(start, end, T), straight(start, end, T))
    assert "code of A is at the origin" in why_straight(0 * start, start)
    assert not why_straight(start, start) and not why_straight(start, 5 * start)


def test_notes():
    codes = torch.tensor([[1.0, 0, 0], [-2, 0, 0], [0, 0, 0], [0, 1, 0], [-3, 0.3, 0], [1, 0, 0]])
    view = Interpolation(model(), codes)
    notes = {}
    for kind in ("straight", "spherical"):
        for b in range(6):
            view.b, view.kind = b, kind
            notes[kind, b] = view.note
    assert [b for b in range(6) if notes["straight", b]] == [0, 5]
    assert notes["straight", 0] == notes["spherical", 5] == "A and B have the same code: the path is one point."
    assert "opposite" in notes["spherical", 1] and "origin" in notes["spherical", 2] and not notes["spherical", 3]
    furthest = max(spherical(codes[0].double(), codes[4].double(), torch.linspace(0, 1, 5001, dtype=torch.float64)).norm(dim=1))
    assert notes["spherical", 4].startswith(f"This path swings out to ‖z‖ = {furthest:.2f}: ")
    assert f"{180 - math.degrees(math.atan(0.1)):.0f}° apart" in notes["spherical", 4]


@needs_node
def test_the_browsers_paths_are_the_same(tmp_path):
    near = [[1.0, 2.0], [-1.0, -2.001], [0.0, 0.0], [2.0, 4.0], [-0.5, 1.0], [-3.0, 1.5], [-1.0, -2.0], [1.0, 2.0 + 1e-7], [-0.99, -2.005]]
    pairs = [(near[a], near[b]) for a in range(9) for b in range(9)] + [tuple(vectors(2, 10, seed).tolist()) for seed in range(8)]
    pairs = [[torch.tensor(v, dtype=torch.float64) for v in pair] for pair in pairs]
    script = """
        import { pathBetween } from "interpolation.js";
        tell(given.map(([start, end, arc]) => [0, arc].map((angle) => [0, 0.25, 0.9, 1].map(pathBetween(start, end, angle)))));
    """
    found = in_node(tmp_path, script, [(start.tolist(), end.tolist(), arc(start, end)) for start, end in pairs])
    t = torch.tensor([0, 0.25, 0.9, 1], dtype=torch.float64)
    for (start, end), theirs in zip(pairs, found, strict=True):
        for path, points in zip((straight, spherical), theirs, strict=True):
            np.testing.assert_allclose(points, path(start, end, t), rtol=1e-9, atol=1e-9)


# the view


@pytest.mark.parametrize("network", [model(), model(2), model(2, network="conv"), Autoencoder((8, 12), 4, (16,), seed=1)])
@pytest.mark.parametrize("kind, path", [("straight", straight), ("spherical", spherical)])
def test_the_film_strip_is_decoded_along_the_path(network, kind, path):
    x = images()
    with torch.no_grad():
        codes = network.encoder(network.flatten(x))[:, : network.latent_dim]
    view = Interpolation(network, x, a=1, b=3, kind=kind, n=7)
    expected = path(codes[1].double(), codes[3].double(), torch.linspace(0, 1, 7, dtype=torch.float64)).float()
    torch.testing.assert_close(view.path, expected)
    assert view.path.shape == (7, network.latent_dim) and view.images.shape == (7, 8, 12)
    torch.testing.assert_close(view.images, network.mean_image(expected), atol=1e-5, rtol=0)
    for t in (0, 0.5, 1):
        view.t = t
        assert view.z == pytest.approx(expected[round(6 * t)].tolist(), abs=1e-6)
        torch.testing.assert_close(view.image, view.images[round(6 * t)], atol=1e-5, rtol=0)


def test_state_follows_from_either_side():
    view = Interpolation(model(), images(), example_labels=list("abcde"))
    view.set_state({"a": 4, "t": 0.5, "kind": "spherical"})  # as the browser does
    ends = view._ends
    assert view.z == pytest.approx(spherical(ends[4], ends[1], torch.tensor([0.5]).double())[0].tolist())
    norm = np.linalg.norm(view.z)
    assert view.reading == f"t = 0.50 on the spherical path from A, image 5 (label e), to B, image 2 (label b); ‖z‖ = {norm:.2f}"
    state = view.get_state()
    assert {name: state[name] for name in ("a", "b", "kind", "t", "n")} == {"a": 4, "b": 1, "kind": "spherical", "t": 0.5, "n": 9}
    assert "z" not in state  # each side works it out: nothing to tell, nothing to cross


def test_a_plane_for_two_dimensions_only():
    codes = torch.randn(300, 2)
    for view in (Interpolation(model(2), images()), Interpolation(model(2), images(), codes=codes, labels=[0] * 300)):
        assert view.shown == ["prior", "codes"] == list(view.plane.names)
        paths = [spherical(a, b, T).abs().max() for a in view._ends for b in view._ends]
        assert view.plane.extent[1] >= max(view._ends.abs().max(), min(max(paths), 1.3 * view._ends.abs().max()))
        assert len(view.plane.underlay) > 1000 and len(view.plane.box) == 4
    assert list(Interpolation(Autoencoder((8, 12), 2, (16,), seed=1), images()).plane.names) == ["codes"]
    view = Interpolation(model(3), images())
    assert view.plane is None and view.typical == pytest.approx(math.sqrt(3))


def test_the_picture_has_both_strips_with_framed_ends():
    view = Interpolation(model(), images(), n=5)
    pixels = np.asarray(Image.open(io.BytesIO(view.picture())).convert("RGB")).astype(int)
    blue = abs(pixels - [0x01, 0x73, 0xB2]).max(-1) < 20
    rows, columns = blue.sum(1), blue.sum(0)
    assert (np.diff((rows > 50).astype(int)) == 1).sum() == 4  # two strips, the frames' upper and lower edges
    assert (np.diff((columns > 50).astype(int)) == 1).sum() == 4  # the first and the last image of each
    before = view.picture()
    view.kind, view.t = "spherical", 0.7  # both kinds are seen already, and the ends alone decide
    assert view.picture() == before
    view.b = 4
    assert view.picture() != before


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x


def test_where_the_browser_cannot_decode_it_is_sent_the_strip():
    decoder = nn.Sequential(nn.Linear(3, 16), Twice(), nn.Sigmoid())
    view = Interpolation(decoder, vectors(4, 3).float())
    assert view.network["missing"] == "Twice"
    for change in ({}, {"b": 3}, {"kind": "spherical"}):
        view.set_state(change)
        strips = np.frombuffer(view.frames, "<f4").reshape(2, 9, 4, 4)
        np.testing.assert_array_equal(strips[["straight", "spherical"].index(view.kind)], view.images.numpy())
    assert Interpolation(model(), images()).frames == b""


@pytest.mark.parametrize(
    "examples, options, message",
    [
        (torch.rand(1, 8, 12), {}, "2 to 20 examples, got 1"),
        (torch.rand(21, 8, 12), {}, "2 to 20 examples, got 21"),
        (torch.rand(3, 8, 8), {}, r"images of shape \(batch, 8, 12\) or .*, got \(3, 8, 8\)"),
        (torch.full((2, 8, 12), float("nan")), {}, "finite pixels"),
        (torch.tensor([[0.0, 0, 0], [0, math.inf, 0]]), {}, "finite examples"),
        (images(), {"kind": "wavy"}, "kind to be one of straight, spherical, got 'wavy'"),
        (images(), {"a": 5}, "Expected a from 0 to 4, an index into the 5 examples, got 5"),
        (images(), {"b": -1}, "Expected b from 0 to 4"),
        (images(), {"t": 1.5}, "t from 0 to 1"),
        (images(), {"t": float("nan")}, "t from 0 to 1"),
        (images(), {"n": 2}, "from 3 to 15, got 2"),
        (images(), {"example_labels": [1]}, "one label for each example, got 5 examples and 1 labels"),
        (images(), {"codes": torch.zeros(3, 4)}, r"codes of shape \(…, 3\), got \(3, 4\)"),
    ],
)
def test_it_says_what_is_wrong(examples, options, message):
    with pytest.raises(ValueError, match=message):
        Interpolation(model(), examples, **options)


def test_a_bad_value_later_changes_nothing():
    view = Interpolation(model(), images(), kind="spherical", t=0.25)
    before = view.z
    for name, value in (("a", 5), ("kind", "curved"), ("t", -0.1), ("z", (0, 0, 0))):
        with pytest.raises(ValueError, match="Expected"):
            setattr(view, name, value)
    assert (view.a, view.kind, view.t, view.z) == (0, "spherical", 0.25, before)


def test_a_layer_that_the_plane_does_not_have_is_refused():
    for view, names in ((Interpolation(model(2), images()), "prior, codes"), (Interpolation(model(3), images()), "none")):
        before = view.shown
        with pytest.raises(ValueError, match=f"Expected layers among {names}, got axes"):
            view.shown = ["axes"]
        assert view.shown == before

"""LatentPad without a browser: state, layers, path, static picture, sentence. What the hand does is in tests/browser."""

import io

import numpy as np
import pytest
import torch
from matplotlib.patches import Ellipse
from node import in_node, needs_node
from PIL import Image
from sklearn.neighbors import NearestNeighbors
from torch import nn

from vae_helpers.look import number
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import LatentPad
from vae_helpers.widgets.kit.base import blank
from vae_helpers.widgets.kit.given import MOST_CODES


def digits_vae(latent_dim=2):
    return VAE((8, 8), latent_dim, (16,), seed=0)


def some_codes(n=50, seed=0):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("model", [digits_vae(), Autoencoder((8, 8), 2, (16,), seed=1), VAE((8, 12), 2, network="conv", seed=2)])
def test_pad_image_follows_z(model):
    pad = LatentPad(model)
    for z in [(0.0, 0.0), (1.5, -0.5)]:
        pad.z = z
        assert torch.allclose(pad.image, model.mean_image(torch.tensor(z)), atol=1e-6)
    pad.set_state({"z": [-1.0, 2.0]})  # as the browser does
    assert pad.z == (-1.0, 2.0)
    assert torch.allclose(pad.image, model.mean_image(torch.tensor([-1.0, 2.0])), atol=1e-6)
    pad.z = torch.tensor([0.5, 0.25])
    assert pad.get_state()["z"] == (0.5, 0.25)  # what the browser gets


def test_pad_takes_a_plain_decoder():
    decoder = nn.Sequential(nn.Linear(2, 16), nn.Sigmoid())
    pad = LatentPad(decoder, z=(1, 1))
    assert pad.image.shape == (4, 4)
    assert torch.allclose(pad.image.flatten(), decoder(torch.ones(1, 2))[0])


def test_pad_keeps_the_model_it_was_given():
    vae = digits_vae()
    pad = LatentPad(vae)
    before = pad.image
    with torch.no_grad():
        vae.decoder[-1].bias += 1
    assert torch.equal(pad.image, before)


def test_the_box_is_where_the_underlay_has_its_axes():
    plane = LatentPad(digits_vae(), some_codes()).plane
    ink = np.asarray(Image.open(io.BytesIO(plane.underlay)).convert("L")) < 128
    (height, width), (left, top, wide, high) = ink.shape, plane.box
    assert height / width == pytest.approx(plane.state["aspect"], abs=1 / width)
    columns, rows = (np.flatnonzero(ink.mean(axis) > 0.8 * share) for axis, share in ((0, high), (1, wide)))  # the spines
    assert columns[0] / width == pytest.approx(left, abs=2 / width) and rows[-1] / height == pytest.approx(top + high, abs=2 / height)
    assert np.flatnonzero(ink[rows[-1]])[-1] / width == pytest.approx(left + wide, abs=3 / width)
    assert not ink[int((top + high) * height) + 4 : int((top + high) * height) + 30].any()  # the ticks are the browser's


def test_the_plane_is_sent_with_what_the_browser_draws_on_it():
    labels = ["cat", "dog"] * 25
    state = LatentPad(digits_vae(), some_codes(), labels, some_codes(seed=1).exp()).get_state()["plane"]
    assert np.frombuffer(state["codes"], "<f4").reshape(-1, 2) == pytest.approx(some_codes().numpy())
    assert np.frombuffer(state["scales"], "<f4").reshape(-1, 2) == pytest.approx(some_codes(seed=1).exp().numpy())
    assert state["labels"] == labels and {name: glyph for name, (_, glyph) in state["looks"].items()} == {"cat": "●", "dog": "■"}
    assert {glyph for _, glyph in LatentPad(digits_vae(), some_codes(4), [0, 1, 1, 0]).plane.state["looks"].values()} == {"0", "1"}


@needs_node
def test_ticks_are_round_and_inside(tmp_path):
    spans = [(-4, 4), (0.123, 0.1237), (-7.5, 9), (99.9, 100.3), (-1e-3, 1e-3)]
    script = 'import { ticks } from "ground.js"; tell(given.map(([low, high]) => ticks(low, high)));'
    for (low, high), found in zip(spans, in_node(tmp_path, script, spans), strict=True):
        values = [tick["value"] for tick in found]
        assert 3 <= len(values) <= 7 and low - 1e-9 <= values[0] and values[-1] <= high + 1e-9
        assert np.ptp(np.diff(values)) < 1e-9
        for tick in found:
            assert float(tick["text"].replace("−", "-")) == pytest.approx(tick["value"], abs=1e-9)


def test_a_plane_without_codes_shows_the_prior():
    pad = LatentPad(digits_vae())
    assert pad.shown == ["prior"]
    before = pad.picture()
    pad.shown = []
    assert pad.picture() != before


def test_the_window_is_a_part_of_the_plane():
    pad = LatentPad(digits_vae(), extent=(-4, 4, -3, 3))
    whole = pad.picture()
    pad.set_state({"window": [-1, 1, 0, 1.5]})  # as the browser does
    assert pad.window == (-1, 1, 0, 1.5) and pad.picture() != whole
    for wrong in ([-5, 1, 0, 1], [1, -1, 0, 1], [0, 1, 0], [0, 1, 0, float("nan")]):
        with pytest.raises(ValueError, match="a part of the plane"):
            pad.window = wrong
    pad.window = ()
    assert pad.picture() == whole


def test_the_nearest_real_image():
    codes, images = some_codes(30), torch.rand(30, 8, 8, generator=torch.Generator().manual_seed(1))
    pad = LatentPad(digits_vae(), codes, [n % 10 for n in range(30)], images=images)
    for n in (3, 17):
        pad.z = codes[n]
        assert pad.nearest[0] == n and f"nearest code: {n % 10} (0.00 away)" in pad.reading
    assert len(pad.images) == 30 * 64 and pad.images[3 * 64] == round(255 * images[3, 0, 0].item())
    shown = pad.picture()
    pad.images = b""
    assert pad.picture() != shown
    many = LatentPad(digits_vae(), some_codes(5001), images=torch.rand(5001, 8, 8))
    assert len(many.images) == 64 * len(many._seen.codes)
    with pytest.raises(ValueError, match="one image for each code, got 30 codes and 2 images"):
        LatentPad(digits_vae(), codes, images=images[:2])
    with pytest.raises(ValueError, match="no codes were given"):
        _ = LatentPad(digits_vae()).nearest


def test_pad_reading_names_the_nearest_code():
    codes, labels = some_codes(200), torch.arange(200) % 10
    pad = LatentPad(digits_vae(), codes, labels)
    search = NearestNeighbors(n_neighbors=1).fit(codes)
    for z in [(0.1, -0.3), (1.0, 1.0), (-2.0, 0.4)]:
        pad.z = z
        distance, which = search.kneighbors([z])
        expected = f"nearest code: {labels[which[0, 0]]} ({distance[0, 0]:.2f} away)"
        assert pad.reading == f"z = ({number(z[0])}, {number(z[1])}); {expected}"


def test_pad_draws_where_z_is():
    pad, pictures = LatentPad(digits_vae(), some_codes()), []
    for z in [(-0.7, 0.7), (0.7, 0.7), (-0.7, 0.7)]:
        pad.z = z
        pictures.append(pad.picture())
    assert pictures[0] == pictures[2]
    left, right = (np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int) for png in pictures[:2])
    rows, columns = np.nonzero(left - right)
    rows, columns = rows[columns < 0.55 * left.shape[1]], columns[columns < 0.55 * left.shape[1]]  # the plane, without the image beside it
    assert np.ptp(rows) < 0.1 * left.shape[0] < np.ptp(columns)  # the ring has moved to the side, not up or down


def test_many_codes_are_thinned():
    pad = LatentPad(digits_vae(), some_codes(5001), torch.arange(5001) % 7)
    assert MOST_CODES / 2 < len(pad.labels) <= MOST_CODES
    assert len(pad.codes) == 8 * len(pad.labels)
    assert len(set(pad.labels)) == 7


def test_each_layer_is_drawn_and_shown_alone():
    codes, scales = some_codes(1001), some_codes(1001, seed=1).exp()
    pad = LatentPad(digits_vae(), codes, torch.arange(1001) % 3, scales)
    assert list(pad.plane.names) == ["prior", "posteriors", "codes"] and pad.shown == ["codes"]
    pictures = {pad.picture()}
    for shown in ([], ["prior"], ["posteriors", "codes"]):
        pad.shown = shown
        pictures.add(pad.picture())
    assert len(pictures) == 4
    pad.set_state({"shown": ["codes"]})  # as the browser does
    assert pad.picture() in pictures
    with pytest.raises(ValueError, match="layers among prior, posteriors, codes, got axes"):
        pad.shown = ["axes"]


def test_ellipses_are_in_true_scale():
    """One posterior of σ = (1, 0.25) at (0.5, 0): one σ to each side. The browser's are looked at in tests/browser."""
    pad = LatentPad(digits_vae(), torch.tensor([[0.5, 0.0]]), None, torch.tensor([[1.0, 0.25]]), extent=(-2, 2, -2, 2))
    (ellipse,) = (patch for patch in pad.plane.draw(blank((4, 4)).subplots(), ["posteriors"]).patches if type(patch) is Ellipse)
    assert (*ellipse.center, ellipse.width, ellipse.height) == pytest.approx((0.5, 0, 2, 0.5))


def test_an_autoencoder_has_no_prior_to_show():
    assert list(LatentPad(Autoencoder((8, 8), 2, (16,), seed=1), some_codes()).plane.names) == ["codes"]


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"codes": torch.zeros(3, 4)}, ValueError, r"codes of shape \(…, 2\), got \(3, 4\)"),
        ({"codes": torch.zeros(0, 2)}, ValueError, r"at least one code, got none: shape \(0, 2\)"),
        ({"codes": torch.full((3, 2), float("nan"))}, ValueError, "finite codes"),
        ({"codes": torch.zeros(3, 2), "labels": [1, 2]}, ValueError, "one label for each code, got 3 codes and 2 labels"),
        ({"labels": [1, 2]}, ValueError, "labels alone"),
        ({"scales": torch.ones(3, 2)}, ValueError, "codes beside the scales"),
        ({"codes": torch.zeros(3, 2), "scales": torch.zeros(3, 2)}, ValueError, r"positive scales of shape \(3, 2\)"),
        ({"extent": (1, -1, 0, 1)}, ValueError, "x0 < x1"),
        ({"extent": (0, 1)}, ValueError, r"extent=\(x0, x1, y0, y1\)"),
        ({"z": (9, 0)}, ValueError, "z1 from -3.5 to 3.5, got 9: give a wider extent"),
        ({"z": torch.zeros(2, 2)}, TypeError, r"z as a row of numbers, got shape \(2, 2\)"),
        ({"z": (1, 2, 3)}, ValueError, "z with 2 numbers"),
        ({"z": "ab"}, TypeError, "expected z as one tensor or array of numbers, got str"),
        ({"z": (float("nan"), 0)}, ValueError, "finite numbers"),
    ],
)
def test_pad_says_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        LatentPad(digits_vae(), **options)


def test_a_switch_is_the_models_third_number():
    network = nn.Sequential(nn.Linear(3, 16), nn.Sigmoid())
    pad = LatentPad(network, switch=["cat", "dog", 7], extent=(-2, 2, -2, 2), path=[(0, 1), (1, 1)])
    assert pad.z == (0.0, 0.0, 0.0) and pad.get_state()["switch"] == ["cat", "dog", "7"]
    pad.set_state({"z": [0.5, -1.5, 2]})  # as the browser does: a switch moves the third number alone, the hand the first two
    assert pad.reading == "(z1, z2, label) = (0.50, −1.50, 2.00)"
    torch.testing.assert_close(pad.image.flatten(), network(torch.tensor([[0.5, -1.5, 2.0]]))[0])
    pad.z = (0.5, -1.5, 0.5)  # between two labels, from Python
    assert Image.open(io.BytesIO(pad.picture())).size[0] > 1000
    with pytest.raises(ValueError, match="z3 from 0 to 2, got 3"):
        pad.z = (0, 0, 3)
    for model, options in ((digits_vae(), {}), (network, {"codes": some_codes()}), (network, {"switch": ["alone"]})):
        with pytest.raises(ValueError, match=r"two names or more beside a model of three numbers, \(z1, z2, label\), and no codes"):
            LatentPad(model, **{"switch": ["a", "b"], **options})


def test_pad_refuses_a_bad_point_later_and_keeps_the_old_one():
    pad = LatentPad(digits_vae(), z=(1, 1))
    with pytest.raises(ValueError, match="z2 from -3.5 to 3.5, got 99"):
        pad.z = (0, 99)
    assert pad.z == (1.0, 1.0)


def test_pad_refuses_other_models():
    for model in (digits_vae(3), nn.Sequential(nn.Linear(3, 16))):
        with pytest.raises(ValueError, match="this model has 3: use LatentSliders"):
            LatentPad(model)
    with pytest.raises(ValueError, match="square images, got 5 numbers"):
        LatentPad(nn.Sequential(nn.Linear(2, 5)))
    broken = digits_vae()
    broken.decoder[0].weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="NaN or infinity, so there is nothing to show"):
        LatentPad(broken)


def test_pad_refuses_a_decoder_of_another_image_size():
    model = digits_vae()
    model.decoder.append(nn.Linear(64, 60))
    with pytest.raises(ValueError, match="a decoder of 8 × 8 images, as the model's image_shape says: .*60"):
        LatentPad(model)
    decoder = nn.Sequential(nn.Linear(2, 16))
    decoder.image_shape = (3, 5)
    with pytest.raises(ValueError, match="15 numbers from the decoder for images of 3 × 5, got 16"):
        LatentPad(decoder)


# the path


def test_path_is_kept_as_points_and_drawn():
    pad = LatentPad(digits_vae())
    assert pad.path == ()
    empty = pad.picture()
    pad.path = torch.tensor([[-3.0, 3.0], [3.0, 3.0], [3.0, -3.0]], requires_grad=True)
    assert pad.path == ((-3.0, 3.0), (3.0, 3.0), (3.0, -3.0)) == pad.get_state()["path"]
    before, after = (np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int) for png in (empty, pad.picture()))
    rows, columns = np.nonzero(after - before < -100)  # new ink
    corner = rows < rows.min() + 40
    assert np.ptp(columns[corner]) > 0.95 * np.ptp(columns)  # along the top
    assert columns[~corner].min() > columns.max() - 40  # and down the right side
    for same in ([(-3, 3), (3, 3), (3, -3)], np.array([[-3, 3], [3, 3], [3, -3]]), [torch.tensor([-3, 3]), (3, 3), [3, -3]]):
        pad.path = same
        assert pad.path == ((-3.0, 3.0), (3.0, 3.0), (3.0, -3.0))
    pad.set_state({"path": [[0, 1]]})  # as the browser does
    assert pad.path == ((0.0, 1.0),)
    pad.path = []
    assert pad.path == () and pad.picture() == empty
    assert LatentPad(digits_vae(), path=[(0, 1)]).path == ((0.0, 1.0),)


@pytest.mark.parametrize(
    "path, message",
    [
        (torch.zeros(4, 3), r"points \(x, y\): a tensor of shape \(n, 2\) or a list of pairs, got shape \(4, 3\)"),
        (torch.zeros(2), r"got shape \(2,\)"),
        ([1, 2], r"got \[1, 2\]"),
        ([(0, 0), (1,)], r"got \[\(0, 0\), \(1,\)\]"),
        ("ab", "got 'ab'"),
        (None, "got None"),
        ([(0, 0), (float("nan"), 0)], "finite numbers in path, got NaN or infinity among 2 points"),
        ([(0, 0), (0, 3.6)], "a path with z2 from -3.5 to 3.5, got 3.6: give a wider extent"),
        (torch.zeros(2001, 2), r"at most 2000 points, got 2001: take every second one, path\[::2\]"),
    ],
)
def test_path_says_what_is_wrong_and_stays(path, message):
    pad = LatentPad(digits_vae(), path=[(0, 1)])
    with pytest.raises(ValueError, match=message):
        pad.path = path
    assert pad.path == ((0.0, 1.0),)


@needs_node
def test_a_path_is_walked_at_one_speed(tmp_path):
    path = [(0.0, 0.0), (3.0, 4.0), (3.0, 4.0), (3.0, 3.0), (-3.0, 3.0)]  # 5 + 0 + 1 + 6 long
    script = """
        import { walk } from "path.js";
        const at = walk(given), same = walk([[1, 2], [1, 2]]);
        tell([Array.from({ length: 13 }, (_, k) => at(k / 12)), same(0), same(0.5), same(1)]);
    """
    places, *same = in_node(tmp_path, script, path)
    expected = [(0.6 * k, 0.8 * k) for k in range(6)] + [(3 - k, 3.0) for k in range(7)]
    np.testing.assert_allclose(places, expected, atol=1e-12)
    assert same == [[1, 2]] * 3

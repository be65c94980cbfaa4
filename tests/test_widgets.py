"""The views without a browser: state, static picture, sentence. What the hand does is in tests/browser."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from PIL import Image
from sklearn.neighbors import NearestNeighbors
from torch import nn

from vae_helpers.look import label_looks, number
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import FrameStack, LatentPad, LatentSliders
from vae_helpers.widgets.kit.base import KIT, draw_png, javascript, static
from vae_helpers.widgets.kit.decoder import MOST_CODES

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed, so the JavaScript was not run")
VIEW = "application/vnd.jupyter.widget-view+json"


def digits_vae(latent_dim=2):
    return VAE((8, 8), latent_dim, (16,), seed=0)


def some_codes(n=50, latent_dim=2, seed=0):
    return torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(seed))


def lines(figure, level, slope=1.0):
    """A picture whose curve ends at a height of ``level``."""
    ax = figure.subplots()
    ax.plot([0, 1], [0, level * slope], color="red")
    ax.set(xlim=(0, 1), ylim=(0, 10))


def all_views():
    yield LatentPad(digits_vae(), some_codes(), ["a"] * 25 + ["b"] * 25, caption="A pad.")
    yield LatentSliders(digits_vae(5), codes=some_codes(latent_dim=5), caption="Five sliders.")
    yield FrameStack(lines, [1, 2, 3], name="level", caption="A line.")


# every view


@pytest.mark.parametrize("k", range(3))
def test_one_bundle_holds_view_picture_and_sentence(k):
    view, again = list(all_views())[k], list(all_views())[k]
    data, metadata = view._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert data[VIEW]["model_id"] == view.model_id
    assert data["text/plain"] == repr(view) == repr(again) == f"{type(view).__name__}: {view.caption}"
    assert metadata["image/png"] == {"width": picture.width // 2, "height": picture.height // 2}
    assert data["image/png"] == again._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize("k", range(3))
def test_picture_in_a_second_thread_is_the_same(k):
    view = list(all_views())[k]
    expected, found = view.picture(), []
    threads = [threading.Thread(target=lambda: found.append(view.picture())) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == [expected] * 3


def test_no_view_needs_pyplot():
    script = "import sys; from vae_helpers.widgets import *; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_browser_is_sent_nowhere_else():
    for path in [*KIT.parent.rglob("*.js"), *KIT.parent.rglob("*.css")]:
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\bimport\(|\beval\(", path.read_text(encoding="utf-8")), path.name


def run_node(tmp_path, module: str, names: str, script: str):
    """What ``script`` hands to ``tell`` after it has imported ``names`` from the module's text."""
    (tmp_path / "module.mjs").write_text(module, encoding="utf-8")
    head = f'import {{ {names} }} from "./module.mjs";\nconst tell = (value) => console.log(JSON.stringify(value));\n'
    (tmp_path / "script.mjs").write_text(head + script, encoding="utf-8")
    done = subprocess.run(["node", tmp_path / "script.mjs"], capture_output=True, encoding="utf-8", timeout=60)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_no_style_sheet_reaches_into_another_view():
    """On a page all style sheets hold at once, so the class with which a rule begins belongs to one file, or to the view as a whole."""
    owners: dict[str, set[str]] = {}
    for path in KIT.parent.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/|\([^)]*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for selector in ",".join(re.findall(r"([^{}]+)\{", text)).split(","):
            for name in [name for name in re.findall(r"\.(vae-[\w-]+)", selector) if name != "vae-view"][:1]:
                owners.setdefault(name, set()).add(path.name)
    for name, files in owners.items():  # a vae-line has a second class, its view's; the sheets of examples are loaded together
        assert len(files) == 1 or name == "vae-line" or files == {"examples.css", "interpolation.css"}, (name, files)


@needs_node
@pytest.mark.parametrize("view", [LatentPad, LatentSliders, FrameStack])
def test_joined_javascript_is_one_module(tmp_path, view):
    text = str(view._esm)
    assert "import " not in text
    (tmp_path / "view.mjs").write_text(text, encoding="utf-8")
    script = f'import("{(tmp_path / "view.mjs").as_uri()}").then((view) => console.log(typeof view.default.render))'
    done = subprocess.run(["node", "-e", script], capture_output=True, encoding="utf-8", timeout=60)
    assert done.stdout.strip() == "function", done.stderr


def test_javascript_drops_only_imports_of_its_own_files():
    joined, parts = (
        javascript("engine.js", "common.js"),
        [(static(name)).read_text(encoding="utf-8") for name in ("engine.js", "common.js")],
    )
    assert joined == "\n".join(parts)  # these two import nothing
    whole = (static("decoder.js")).read_text(encoding="utf-8").splitlines()
    assert javascript("decoder.js").splitlines() == [line for line in whole if not line.startswith("import ")]


# the latent pad


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


@pytest.mark.parametrize("extent", [None, (-1.0, 9.0, -2.0, 0.5)])
def test_box_and_extent_place_codes_where_the_underlay_draws_them(extent):
    """Find the one code's dot in the underlay, and read its coordinates back through box and extent."""
    corners = [] if extent else [[-2.0, -2.0], [4.0, 4.0]]
    pad = LatentPad(digits_vae(), torch.tensor([[3.0, -1.5]] + corners), ["dot"] + ["corner"] * len(corners), extent=extent)
    layer = Image.open(io.BytesIO(pad.layers["codes"]))
    pixels = np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")).astype(int)
    assert layer.size == Image.open(io.BytesIO(pad.underlay)).size
    left, top, width, height = pad.box
    x0, x1, y0, y1 = pad.extent
    rows, columns = np.nonzero(
        (abs(pixels - pad_colour(pad, "dot")).max(-1) < 30) & (np.arange(pixels.shape[1]) < pixels.shape[1] * (left + width))
    )
    u, v = (columns.mean() + 0.5) / pixels.shape[1], (rows.mean() + 0.5) / pixels.shape[0]
    x, y = x0 + (u - left) / width * (x1 - x0), y1 - (v - top) / height * (y1 - y0)
    assert abs(x - 3.0) < 0.01 * (x1 - x0) and abs(y + 1.5) < 0.01 * (y1 - y0)


def pad_colour(pad, name):
    return 255 * np.array(to_rgb(label_looks(pad.labels)[name][0]))


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
    assert list(pad.layers) == ["prior", "posteriors", "codes"] and pad.shown == ["codes"]
    ink = {name: np.asarray(Image.open(io.BytesIO(png)))[..., 3] > 0 for name, png in pad.layers.items()}
    assert all(seen.any() for seen in ink.values())
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
    """One posterior of σ = (1, 0.25) at the origin: its ink reaches one σ to each side."""
    pad = LatentPad(digits_vae(), torch.zeros(1, 2), None, torch.tensor([[1.0, 0.25]]), extent=(-2, 2, -2, 2))
    rows, columns = np.nonzero(np.asarray(Image.open(io.BytesIO(pad.layers["posteriors"])))[..., 3])
    height, width = Image.open(io.BytesIO(pad.underlay)).size[::-1]
    share = np.ptp(columns) / (pad.box[2] * width), np.ptp(rows) / (pad.box[3] * height)
    assert share == pytest.approx((2 / 4, 0.5 / 4), abs=0.01)


def test_an_autoencoder_has_no_prior_to_show():
    assert list(LatentPad(Autoencoder((8, 8), 2, (16,), seed=1), some_codes()).layers) == ["codes"]


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"codes": torch.zeros(3, 4)}, ValueError, r"codes of shape \(N, 2\), got \(3, 4\)"),
        ({"codes": torch.zeros(0, 2)}, ValueError, r"codes of shape \(N, 2\), got \(0, 2\)"),
        ({"codes": torch.full((3, 2), float("nan"))}, ValueError, "finite codes"),
        ({"codes": torch.zeros(3, 2), "labels": [1, 2]}, ValueError, "one label a code, got 3 codes and 2 labels"),
        ({"labels": [1, 2]}, ValueError, "labels alone"),
        ({"scales": torch.ones(3, 2)}, ValueError, "codes beside the scales"),
        ({"codes": torch.zeros(3, 2), "scales": torch.zeros(3, 2)}, ValueError, r"positive scales of shape \(3, 2\)"),
        ({"extent": (1, -1, 0, 1)}, ValueError, "x0 < x1"),
        ({"extent": (0, 1)}, ValueError, r"extent=\(x0, x1, y0, y1\)"),
        ({"z": (9, 0)}, ValueError, r"z on the pad, -3.5 to 3.5 and -3.5 to 3.5, got \(9, 0\)"),
        ({"z": (1, 2, 3)}, ValueError, "z with 2 numbers"),
        ({"z": "ab"}, TypeError, "a row of numbers"),
        ({"z": (float("nan"), 0)}, ValueError, "finite numbers"),
    ],
)
def test_pad_says_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        LatentPad(digits_vae(), **options)


def test_pad_refuses_a_bad_point_later_and_keeps_the_old_one():
    pad = LatentPad(digits_vae(), z=(1, 1))
    with pytest.raises(ValueError, match="z on the pad"):
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
        ([(0, 0), (0, 3.6)], r"a path on the pad, -3.5 to 3.5 and -3.5 to 3.5, got the point \(0, 3.6\)"),
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
    script = f"""
    const at = walk({json.dumps(path)});
    const same = walk([[1, 2], [1, 2]]);
    tell([Array.from({{ length: 13 }}, (_, k) => at(k / 12)), same(0), same(0.5), same(1)]);
    """
    places, *same = run_node(tmp_path, javascript("common.js", "path.js"), "walk", script)
    expected = [(0.6 * k, 0.8 * k) for k in range(6)] + [(3 - k, 3.0) for k in range(7)]
    np.testing.assert_allclose(places, expected, atol=1e-12)
    assert same == [[1, 2]] * 3


# where the browser cannot decode


def vae_with(layer, latent_dim=2):
    model = digits_vae(latent_dim)
    model.decoder.insert(1, layer)
    return model


class Sine(nn.Module):
    """A model that is no stack of layers."""

    latent_dim, image_shape = 2, (2, 3)

    def __init__(self):
        super().__init__()
        self.decoder = nn.Linear(2, 6)

    def mean_image(self, z):
        return self.decoder(z).sin().detach().unflatten(-1, (2, 3))


FALLBACKS = {
    "GELU": lambda: vae_with(nn.GELU()),
    "Softplus": lambda: vae_with(nn.Softplus()),
    "BatchNorm1d": lambda: vae_with(nn.BatchNorm1d(16)),
    "Sequential": lambda: vae_with(nn.Sequential(nn.ReLU())),
    "Sine": Sine,
}


@pytest.mark.parametrize("missing", FALLBACKS)
def test_a_layer_that_the_browser_lacks_is_left_to_the_kernel(missing):
    model = FALLBACKS[missing]()
    pad, sent = LatentPad(model), []
    pad.send = lambda content, buffers=None: sent.append((content, buffers))
    assert pad.network["missing"] == missing and pad.weights == b""
    threads = [threading.Thread(target=pad._handle_custom_msg, args=(ask(k, [k, 1]), [])) for k in range(3)]  # as subshells do
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [content for content, _ in sorted(sent, key=lambda s: s[0]["number"])] == [
        {"answer": "image", "view": "here", "number": k} for k in range(3)
    ]
    for content, (pixels,) in sent:
        expected = model.eval().mean_image(torch.tensor([content["number"], 1.0]))
        np.testing.assert_allclose(np.frombuffer(pixels, "<f4"), expected.flatten().detach(), atol=1e-6)
    pad.z = (1, 1)
    assert torch.allclose(pad.image, model.mean_image(torch.tensor([1.0, 1.0])), atol=1e-6)
    assert model.training is False  # by the line above; the view itself took a copy


def ask(number, z):
    return {"ask": "image", "view": "here", "number": number, "z": z}


def test_the_kernel_answers_a_bad_question_too_and_only_its_own():
    sliders, sent = LatentSliders(vae_with(nn.GELU(), 5)), []
    assert sliders.network["missing"] == "GELU"
    sliders.send = lambda content, buffers=None: sent.append(content)
    sliders._handle_custom_msg({"command": "play"}, [])
    assert sent == []
    sliders._handle_custom_msg(ask(7, [1, 2]), [])
    assert sent[0]["number"] == 7 and "RuntimeError" in sent[0]["error"]


def test_a_network_that_packs_asks_nothing():
    assert "missing" not in LatentPad(digits_vae()).network


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.GELU()])
def test_nan_is_told_whatever_the_layers(layer):
    broken = vae_with(layer)
    broken.decoder[0].weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="weights hold NaN or infinity, so there is nothing to show"):
        LatentPad(broken)
    norm = nn.BatchNorm1d(16)
    norm.running_mean.fill_(float("nan"))  # no weight, and not finite
    with pytest.raises(ValueError, match="image at z = 0 holds NaN"):
        LatentPad(vae_with(norm))


WINDOW = """
const sent = [], shown = [], failures = [];
let hear, late = 0, busy = null, answered = 0, most = 0;
const model = { send: (message) => sent.push(message), on: (_, listener) => (hear = listener) };
const show = (pixels) => shown.push(pixels[0]), failed = (text) => failures.push(text);
const ask = askKernel(model, { show, failed, late: () => late++, busy: (is) => (busy = is) }, 20);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const bytes = (value) => new DataView(Float32Array.of(value).buffer);
const answer = (k, more = {}) => hear({ ...sent[k], answer: "image", ...more }, [bytes(sent[k].z[0])]);
const watch = () => (most = Math.max(most, sent.length - answered));
"""


@needs_node
def test_the_window_is_bounded_and_the_last_image_is_that_of_the_last_z(tmp_path):
    script = (
        WINDOW
        + """
    for (let k = 0; k < 100; k++) {
      ask([k]);
      watch();
      if (k % 7 === 6) answer(answered++); // a kernel seven times slower than the hand
      watch();
    }
    const busyBefore = busy;
    while (answered < sent.length) answer(answered++), watch();
    hear({ answer: "image", view: "another", number: 999 }, [new DataView(new ArrayBuffer(4))]);
    tell({ most, sent: sent.map((message) => message.z[0]), shown, busyBefore, busy });
    """
    )
    result = run_node(tmp_path, javascript("engine.js", "common.js", "decoder.js"), "askKernel", script)
    assert result["most"] == 4
    assert result["sent"][:4] == [0, 1, 2, 3] and result["sent"][-1] == 99
    assert result["shown"] == result["sent"] and len(result["sent"]) < 25  # nothing old is queued
    assert (result["busyBefore"], result["busy"]) == (True, False)


@needs_node
def test_answers_out_of_order_failures_and_silence(tmp_path):
    script = (
        WINDOW
        + """
    [0, 1, 2].forEach((k) => ask([k]));
    answer(2), answer(0); // the newest came first
    const order = [...shown], early = busy;
    answer(1);
    ask([3]);
    answer(3, { error: "no" });
    await wait(60);
    const quiet = late;
    ask([4]);
    await wait(60);
    const silent = [late, busy];
    answer(4);
    model.send = () => { throw new Error("closed"); };
    ask([5]);
    tell({ order, early, shown, failures, quiet, silent, busy, closed: late });
    setTimeout(process.exit, 0);
    """
    )
    result = run_node(tmp_path, javascript("engine.js", "common.js", "decoder.js"), "askKernel", script)
    assert result["order"] == result["shown"][:1] == [2] and result["early"] is False
    assert result["shown"] == [2, 4] and result["failures"] == ["no"]
    assert result["quiet"] == 0 and result["silent"] == [1, True]
    assert result["closed"] == 2 and result["busy"] is True


# sliders


def test_sliders_follow_z():
    model = digits_vae(5)
    sliders = LatentSliders(model, z0=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert torch.allclose(sliders.image, model.mean_image(torch.tensor(sliders.z)), atol=1e-6)
    sliders.set_state({"z": [1, 0, 0, 0, -1]})
    assert sliders.z == (1.0, 0.0, 0.0, 0.0, -1.0)
    assert torch.allclose(sliders.image, model.mean_image(torch.tensor(sliders.z)), atol=1e-6)


def test_slider_ranges():
    codes = torch.tensor([[1.0, -2.0], [3.0, 5.0]])
    assert LatentSliders(digits_vae()).ranges == [[-3, 3]] * 2
    assert LatentSliders(digits_vae(), ranges=(-1, 2)).ranges == [[-1, 2]] * 2
    assert LatentSliders(digits_vae(), ranges=[(-1, 2), (0, 4)]).ranges == [[-1, 2], [0, 4]]
    assert LatentSliders(digits_vae(), codes=codes).ranges == [[0, 3], [-2, 5]]


def test_the_fitted_gaussian_is_the_codes_own():
    codes = some_codes(500, 3) @ torch.tensor([[2.0, 0, 0], [1, 1, 0], [0, 0, 0.1]]) + 5
    spec = LatentSliders(digits_vae(3), codes=codes, random="gaussian").random
    scale = np.array(spec["scale"])
    np.testing.assert_allclose(spec["mean"], codes.numpy().mean(0), rtol=1e-5)
    np.testing.assert_allclose(scale @ scale.T, np.cov(codes.numpy().T), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"ranges": [(-1, 1)] * 4}, "Expected 5 ranges"),
        ({"ranges": (1, -1)}, "low < high"),
        ({"random": "cube"}, "one of prior, gaussian, box, got 'cube'"),
        ({"random": "gaussian"}, "needs codes="),
        ({"z0": [0, 0, 0, 0, 4]}, "z5 from -3 to 3, got 4"),
        ({"z0": [0, 0]}, "z with 5 numbers"),
        ({"codes": torch.zeros(3, 2)}, r"codes of shape \(N, 5\)"),
    ],
)
def test_sliders_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        LatentSliders(digits_vae(5), **options)


# the stack of frames


def red_end(png) -> float:
    """Height of the red curve's right end above the bottom, as a share of the picture."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80))
    return 1 - rows[columns >= columns.max() - 2].mean() / pixels.shape[0]


def test_stack_shows_the_frame_of_its_value():
    stack = FrameStack(lines, [1, 3, 5, 7, 9], name="level", size=(5, 3))
    ends = []
    for value in stack.values[0]:
        stack.value = value
        ends.append(red_end(stack.picture()))
    assert stack.values == [[1, 3, 5, 7, 9]]
    np.testing.assert_allclose(np.diff(ends), np.diff(ends).mean(), atol=0.01)  # the same rise each step: right order, one layout
    assert np.diff(ends).mean() > 0.1


def test_stack_of_two_parameters():
    stack = FrameStack(lines, ([2, 4, 8], [0.5, 1.0]), name=("level", "slope"), value=(4, 0.5), describe=lambda a, b: f"{a * b:g}")
    assert stack.value == (4, 0.5) and len(stack.frames) == 6
    assert stack.readings == ["1", "2", "2", "4", "4", "8"]
    end = {}
    for level in (2, 4, 8):
        for slope in (0.5, 1.0):
            stack.value = (level, slope)
            end[level, slope] = red_end(stack.picture())
    assert abs(end[8, 0.5] - end[4, 1.0]) < 0.01 < end[8, 1.0] - end[8, 0.5]
    assert stack.set_state({"value": [2, 1.0]}) is None and stack.value == (2, 1.0)


def test_stack_takes_the_nearest_value():
    stack = FrameStack(lines, torch.tensor([0.0, 0.5, 1.0]), size=(2, 1))
    assert stack.value == 0.5
    stack.value = 0.8
    assert stack.value == 1.0
    stack.value = -7
    assert stack.value == 0.0
    for wrong in (None, float("nan"), "half"):
        with pytest.raises(ValueError, match=rf"Expected value to be one of \[0.0, 0.5, 1.0\], got '?{wrong}"):
            stack.value = wrong
    assert stack.value == 0.0


def test_stack_of_words():
    stack = FrameStack(lambda figure, word: figure.text(0.5, 0.5, word), ["none", "half", "all"], name="share", size=(2, 1))
    assert stack.value == "half" and stack.texts == [["none", "half", "all"]]
    with pytest.raises(ValueError, match=r"share to be one of \['none', 'half', 'all'\], got 'most'"):
        stack.value = "most"


def test_axes_do_not_tremble():
    def wide_labels(figure, top):
        ax = figure.subplots()
        ax.set(ylim=(0, top), xlim=(0, 1))
        ax.axvline(0.5, color="red", linewidth=3)

    def place(png):
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        return np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80))[1].mean()

    stack = FrameStack(wide_labels, [1, 10, 1000], size=(3, 2))
    alone = [place(draw_png(lambda figure, top=top: wide_labels(figure, top), (3, 2))) for top in (1, 10, 1000)]
    assert max(alone) - min(alone) > 5  # it would tremble
    assert [place(png) for png in stack.frames] == pytest.approx([alone[1]] * 3, abs=1)


def test_frames_are_small_and_on_white_paper():
    stack = FrameStack(lines, range(10), size=(9, 4.5))
    corner = np.asarray(Image.open(io.BytesIO(stack.frames[0])).convert("RGB"))[0, 0]
    assert corner.tolist() == [255, 255, 255]
    assert stack.nbytes == sum(map(len, stack.frames)) < 10 * 25_000
    assert Image.open(io.BytesIO(stack.frames[0])).size == (9 * 144, 4.5 * 144)


def test_stack_texts_and_units():
    assert FrameStack(lines, [-1, 0.25], unit="nats", size=(1, 1)).texts == [["−1 nats", "0.25 nats"]]


def test_stack_draws_without_gradient_and_without_pyplot():
    seen = []
    FrameStack(lambda figure, v: seen.append(torch.is_grad_enabled()), [1, 2], size=(1, 1))
    assert not any(seen)


@pytest.mark.parametrize(
    "values, names, message",
    [
        ([], "a", "none of them empty"),
        (([1], [2], [3]), ("a", "b"), "one list of values for each of"),
        (range(121), "a", "at most 120 pictures, got 121"),
    ],
)
def test_stack_says_what_is_wrong(values, names, message):
    with pytest.raises(ValueError, match=message):
        FrameStack(lines, values, name=names)


def test_an_error_while_drawing_names_the_value():
    def draw(figure, sigma):
        figure.text(0, 0, str(1 / sigma))

    with pytest.raises(ZeroDivisionError) as caught:
        FrameStack(draw, [1, 0], name="σ", size=(1, 1))
    assert caught.value.__notes__ == ["while drawing the picture at σ = 0"]

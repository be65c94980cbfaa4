"""What the views stand on: one bundle for every front end, inputs of every kind, JavaScript and style sheets that are whole, and the
kernel's answers where the browser cannot decode."""

import base64
import io
import math
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from node import in_node, needs_node
from PIL import Image
from torch import nn

from vae_helpers import datasets, widgets
from vae_helpers.conditional import ConditionalVAE
from vae_helpers.models import VAE
from vae_helpers.widgets import BetaStory, DigitCanvas, FrameStack, LatentPad, LatentSliders, Playground, save_page
from vae_helpers.widgets.kit.base import KIT, WIDGET_VIEW, View, bundle

CLASSES = {name: getattr(widgets, name) for name in widgets.__all__ if isinstance(getattr(widgets, name), type)}
TEST = datasets.load("digits").binarized(0).test
X, LABELS = TEST.images[:30], TEST.labels[:30]


def digits_vae(latent_dim=2):
    return VAE((8, 8), latent_dim, (16,), seed=0)


def rows(n, dims, seed=0):
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed))


def shade(figure, share):
    figure.set_facecolor((share,) * 3)


TWO, TABLE = torch.tensor([1.0, 2.0]), torch.linspace(-9, 9, 181)
# Each view, made of tensors that were converted by `t`, images by `image`, labels by `label`.
MAKE = {
    "Bell": lambda t, image, label: widgets.Bell(t(TABLE), t(-(TABLE**2)), 0.0),
    "BetaStory": lambda t, image, label: widgets.BetaStory([digits_vae(), digits_vae()], t(TWO), image(X), label(LABELS)),
    "DigitCanvas": lambda t, image, label: DigitCanvas(
        digits_vae(), t(rows(30, 2)), label(LABELS), t(rows(30, 2).exp()), extent=t(torch.tensor([-4.0, 4, -4, 4])), example=4
    ),
    "Estimates": lambda t, image, label: widgets.Estimates(count=200),
    "FrameStack": lambda t, image, label: widgets.FrameStack(shade, t(torch.tensor([0.0, 0.5, 1])), size=(2, 1)),
    "Interpolation": lambda t, image, label: widgets.Interpolation(
        digits_vae(), image(X[:3]), label(LABELS[:3]), codes=t(rows(30, 2)), labels=label(LABELS)
    ),
    "LatentPad": lambda t, image, label: LatentPad(
        digits_vae(), t(rows(30, 2)), label(LABELS), t(rows(30, 2).exp()), z=t(torch.tensor([1.0, -1])), path=t(rows(4, 2))
    ),
    "LatentSliders": lambda t, image, label: LatentSliders(
        digits_vae(5),
        t(torch.linspace(0, 1, 5)),
        t(torch.tensor([[-4.0, 4]] * 5)),
        "gaussian",
        t(rows(30, 5)),
        label(LABELS),
        t(torch.linspace(0, 2, 5)),
        examples=image(X[:3]),
        example_labels=label(LABELS[:3]),
    ),
    "Playground": lambda t, image, label: widgets.Playground(hidden=16),
}


def make(name, t=lambda x: x, image=None, label=lambda x: x) -> View:
    return MAKE[name](t, image or t, label)


def same(*pictures) -> bool:
    """Pixel for pixel, but for one grey level: the last bit of a product of matrices depends on where in memory they lie."""
    first, second = (np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int) for png in pictures)
    return first.shape == second.shape and abs(first - second).max() <= 1


# every view


def test_every_view_is_here():
    assert set(MAKE) == {name for name, kind in CLASSES.items() if issubclass(kind, View)}


@pytest.mark.parametrize("name", MAKE)
def test_one_bundle_holds_view_picture_and_sentence(name):
    view, again = make(name), make(name)
    data, metadata = view._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    live, still = _instances[data[WIDGET_VIEW]["model_id"]].children
    assert live is view and data["image/png"] in still.value and "anywidget" in still.value
    assert data["text/plain"] == repr(view) == repr(again) == f"{name}: {view.caption}"
    assert metadata["image/png"] == {"width": picture.width // 2, "height": picture.height // 2}
    assert same(base64.b64decode(data["image/png"]), again.picture())


@pytest.mark.parametrize("name", MAKE)
def test_picture_in_a_second_thread_is_the_same(name):
    view = make(name)
    expected, found = view.picture(), []
    threads = [threading.Thread(target=lambda: found.append(view.picture())) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 3 and all(same(picture, expected) for picture in found)


def test_no_view_needs_pyplot():
    script = "import sys; from vae_helpers.widgets import *; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


# what a view is given


KINDS = {
    "lists": {"t": torch.Tensor.tolist, "label": torch.Tensor.tolist},
    "arrays": {"t": torch.Tensor.numpy, "label": torch.Tensor.numpy},
    "arrays of float64": {"t": lambda x: x.double().numpy(), "label": lambda x: x.numpy().astype(str)},
    "float64": {"t": torch.Tensor.double},
    "lists of tensors": {"t": list, "label": list},
    "with a gradient": {"t": lambda x: x.clone().requires_grad_()},
    "with a channel": {"image": lambda x: x[:, None]},
    "with a channel, as an array": {"image": lambda x: x[:, None].double().numpy()},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MAKE)
def test_numbers_of_every_kind_make_the_same_view(name, kind):
    assert make(name, **KINDS[kind]).page_data()["state"] == make(name).page_data()["state"]


@pytest.mark.parametrize("name", MAKE)
def test_where_float64_is_the_default(name):
    expected = make(name)
    torch.set_default_dtype(torch.float64)
    try:
        view = make(name)  # with a model in float64
        assert view.page_data()["state"].keys() == expected.page_data()["state"].keys()
        if hasattr(view, "image"):
            assert view.image.dtype == torch.float32
        view.picture()
    finally:
        torch.set_default_dtype(torch.float32)


# JavaScript and style sheets


def test_the_browser_is_sent_nowhere_else():
    for path in [*KIT.parent.rglob("*.js"), *KIT.parent.rglob("*.css")]:
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\bimport\(|\beval\(", path.read_text(encoding="utf-8")), path.name


def begun(sheet: str) -> list[str]:
    """The class with which each of its rules begins."""
    text = re.sub(r"/\*.*?\*/|\([^)]*\)", "", sheet, flags=re.DOTALL)
    selectors = ",".join(re.findall(r"([^{}]+)\{", text)).split(",")
    return [names[0] for one in selectors if (names := [n for n in re.findall(r"\.(vae-[\w-]+)", one) if n != "vae-view"])]


def test_no_style_sheet_reaches_into_another_view():
    """On a page all style sheets hold at once, so the class with which a rule begins belongs to one file, or to the view as a whole."""
    owners: dict[str, set[str]] = {}
    for path in KIT.parent.rglob("*.css"):
        for name in begun(path.read_text(encoding="utf-8")):
            owners.setdefault(name, set()).add(path.name)
    for name, files in owners.items():  # a vae-line has a second class, its view's; the sheets of examples are loaded together
        assert len(files) == 1 or name == "vae-line" or files == {"examples.css", "interpolation.css"}, (name, files)


@needs_node
@pytest.mark.parametrize("name", MAKE)
def test_each_views_javascript_is_one_whole_module(tmp_path, name):
    """As anywidget loads it: nothing is left to import, no name comes twice, and the default export renders."""
    (tmp_path / "view.mjs").write_text(CLASSES[name]._esm, encoding="utf-8")
    assert not re.search(r"^import |^@import ", CLASSES[name]._esm + CLASSES[name]._css, re.MULTILINE)
    script = f'import("{(tmp_path / "view.mjs").as_uri()}").then((view) => console.log(Object.keys(view), typeof view.default.render))'
    done = subprocess.run(["node", "-e", script], capture_output=True, encoding="utf-8", timeout=60)
    assert re.fullmatch(r"\[.*'default'.*\] function", " ".join(done.stdout.split())) and "'render'" not in done.stdout, done.stderr


def test_a_bundle_follows_imports(tmp_path, monkeypatch):
    """Each file once, after all that it imports, in whatever folder of the two."""
    files = {
        "view.js": 'import { a } from "./kit/one.js";\nimport { b, c } from "./kit/two.js";\nexport default a + b + c;\n',
        "kit/one.js": 'import { c } from "./two.js";\nexport const a = c; // import { x } from "./nowhere.js"\n',
        "kit/two.js": "export const b = 1, c = 2;\n",
        "view.css": '@import "./kit/one.css";\n.view { margin: 0 }\n',
        "kit/one.css": ".one { margin: 0 }\n",
    }
    (tmp_path / "kit").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("vae_helpers.widgets.kit.base.KIT", tmp_path / "kit")
    assert [line for line in bundle("view.js").splitlines() if line] == [
        "export const b = 1, c = 2;",
        'export const a = c; // import { x } from "./nowhere.js"',
        "export default a + b + c;",
    ]
    assert bundle("view.css") == ".one { margin: 0 }\n\n.view { margin: 0 }\n"


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
import { askKernel } from "decoder.js";
const sent = [], shown = [], failures = [];
let hear, late = 0, busy = null, answered = 0, most = 0;
const model = { send: (message) => sent.push(message), on: (_, listener) => (hear = listener) };
const show = ([first]) => shown.push(first), failed = (text) => failures.push(text);
const ask = askKernel(model, { show, failed, late: () => late++, busy: (is) => (busy = is) }, 20);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const pixels = (value) => new DataView(Float32Array.of(value).buffer);
const answer = (k, more = {}) => hear({ ...sent[k], answer: "image", ...more }, [pixels(sent[k].z[0])]);
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
    result = in_node(tmp_path, script)
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
    result = in_node(tmp_path, script)
    assert result["order"] == result["shown"][:1] == [2] and result["early"] is False
    assert result["shown"] == [2, 4] and result["failures"] == ["no"]
    assert result["quiet"] == 0 and result["silent"] == [1, True]
    assert result["closed"] == 2 and result["busy"] is True


VIEW_MODEL = VAE((8, 8), 2, (8,), seed=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LatentPad(VAE), TypeError, "Expected a VAE, an Autoencoder or a decoder as nn.Sequential, got <class"),
        (lambda: LatentPad("mnist_vae_2d"), TypeError, "nn.Sequential, got 'mnist_vae_2d'"),
        (lambda: LatentPad(nn.Linear(2, 64)), TypeError, "nn.Sequential, got Linear"),
        (lambda: LatentSliders(nn.DataParallel(VIEW_MODEL)), TypeError, r"got DataParallel: hand over the one inside it, \.module"),
        (lambda: LatentPad(ConditionalVAE(hidden=(8,))), TypeError, "A ConditionalVAE decodes z and a label"),
        (lambda: LatentPad(VIEW_MODEL, torch.zeros(3, 2), 3), TypeError, "labels as a list, an array or a tensor, got 3"),
        (lambda: LatentPad(VIEW_MODEL, extent=(-math.inf, math.inf, -1, 1)), ValueError, r"extent=\(x0, x1, y0, y1\)"),
        (lambda: LatentPad(VIEW_MODEL, axis_labels="z"), ValueError, "axis_labels as two words"),
        (lambda: LatentSliders(VIEW_MODEL, ranges=(-math.inf, math.inf)), ValueError, "low < high, both finite"),
        (lambda: LatentSliders(VIEW_MODEL, random=["box"]), ValueError, "random to be one of"),
        (lambda: LatentSliders(VIEW_MODEL, sort_by_kl=True), ValueError, "sort_by_kl needs kl="),
        (lambda: LatentSliders(VIEW_MODEL, example_labels=[1]), ValueError, "examples beside example_labels"),
        (lambda: FrameStack(None, [1]), TypeError, r"Expected draw\(figure, value\) as a function, got None"),
        (lambda: FrameStack(lambda figure, v: None, [1], describe=3), TypeError, r"Expected describe\(value\) as a function, got 3"),
        (lambda: FrameStack(lambda figure, v: None, 3), TypeError, "the slider's values as a list, got 3"),
        (lambda: FrameStack(lambda figure, v: None, [1], size=3), ValueError, r"size as \(width, height\)"),
        (lambda: FrameStack(lambda figure, v: None, [1], colours=0), ValueError, "colours must be a whole number from 2 to 256"),
        (lambda: BetaStory(VIEW_MODEL, 1.0, torch.rand(3, 8, 8)), TypeError, "lists of models and of their β, got VAE and float"),
        (lambda: Playground(torch.rand(3, 8, 8)), TypeError, r"Expected a Dataset.*got Tensor of shape \(3, 8, 8\)"),
        (lambda: Playground(betas=3), TypeError, "Playground has no setting 'betas'"),
        (lambda: Playground(beta="1"), ValueError, "Expected beta from 0.01 to 32, got '1'"),
        (lambda: save_page([], "a.html", "t"), ValueError, "at least one view, got none"),
        (lambda: save_page(VIEW_MODEL, "a.html", "t"), TypeError, "Expected views such as LatentPad or FrameStack, got VAE"),
    ],
)
def test_views_are_given_what_they_can_show_or_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_page_of_a_generator_of_views_is_not_empty(tmp_path):
    one = save_page([LatentPad(VIEW_MODEL)], tmp_path / "a.html", "t").read_text(encoding="utf-8")
    assert save_page((LatentPad(VIEW_MODEL) for _ in "a"), tmp_path / "b.html", "t").read_text(encoding="utf-8") == one


SHEETS = sorted(path.name for path in KIT.parent.glob("*.css"))


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_view_brings_the_looks_that_it_uses(sheet):
    """What only another view's style sheet says of a class looks right beside that view, and wrong alone."""
    somewhere = {name for other in SHEETS for name in begun(bundle(other))}
    used = set(re.findall(r"\bvae-[\w-]+", bundle(sheet.replace(".css", ".js"))))
    missing = (used & somewhere) - set(begun(bundle(sheet)))
    assert not missing, missing

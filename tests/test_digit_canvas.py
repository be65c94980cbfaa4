"""DigitCanvas without a browser: what becomes of strokes, the numbers of the bound, state, errors; and its JavaScript in Node."""

import base64
import io

import numpy as np
import pytest
import torch
from node import in_node, needs_node
from PIL import Image
from scipy import stats
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from vae_helpers import evaluation, objectives, pretrained
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets import DigitCanvas
from vae_helpers.widgets.digit_canvas import EXAMPLES
from vae_helpers.widgets.ink import FRAMES, RADIUS, SCAN, prepare, scan
from vae_helpers.widgets.kit.pack import pack

MNIST, DIGITS = FRAMES[28, 28], FRAMES[8, 8]


@pytest.fixture(scope="module")
def vae():
    return pretrained.load("mnist_vae_2d")


@pytest.fixture(scope="module")
def examples(vae):
    """The ten examples as images (10, 28, 28), and of each: reconstruction and KL from many samples, log p(x) by a fine grid."""
    x = torch.stack([torch.tensor(prepare(strokes, MNIST).x) for strokes in EXAMPLES.values()])
    with torch.no_grad():
        terms = objectives.elbo(vae, x, 4000, generator=torch.Generator().manual_seed(1))
    return x, terms.reconstruction, terms.kl, evaluation.log_evidence_grid(vae, x, tolerance=0.02).log_evidence


def scribbles(n: int, seed: int) -> list:
    """Drawings of one to three random strokes, a single dot and one that leaves the middle among them."""
    random = np.random.default_rng(seed)
    drawings = [
        [random.uniform(0, 1, (random.integers(1, 9), 2)).round(3).tolist() for _ in range(random.integers(1, 4))] for _ in range(n)
    ]
    return [*drawings, [[[0.5, 0.5]]], [[[0.0, 0.0], [0.1, 0.9]]], [[[0.2, 0.5], [0.2, 0.5], [0.9, 0.5]]]]


# from strokes to an image


def test_the_scan_is_ink_within_the_pens_radius_of_the_strokes():
    ink = scan([[[0.25, 0.5], [0.75, 0.5]]])
    rows, columns = np.nonzero(ink)
    assert (rows.min(), rows.max()) == (SCAN / 2 - RADIUS, SCAN / 2 + RADIUS - 1)
    assert (columns.min(), columns.max()) == (SCAN / 4 - RADIUS, 3 * SCAN / 4 + RADIUS - 1)
    assert ink.sum() == pytest.approx(2 * RADIUS * SCAN / 2 + np.pi * RADIUS**2, rel=0.02)


def test_scaling_agrees_with_pil():
    """PIL's box filter averages areas too, but takes or leaves an old pixel whole: so each is first cut into as many as needed, and then
    PIL is off by its rounding to whole grey levels alone."""
    for strokes in [*EXAMPLES.values(), *scribbles(10, seed=1)]:
        steps = prepare(strokes, MNIST)
        top, left, height, width = steps.crop
        (h, w), cut = steps.scaled.shape, (255 * steps.scan[top : top + height, left : left + width]).astype(np.uint8)
        fine = Image.fromarray(cut.repeat(h, 0).repeat(w, 1))
        assert abs(steps.scaled - np.asarray(fine.resize((w, h), Image.Resampling.BOX)) / 255).max() <= 1.01 / 255


def test_scaling_keeps_the_share_of_ink_and_the_aspect():
    for strokes in [*EXAMPLES.values(), *scribbles(20, seed=2)]:
        steps = prepare(strokes, MNIST)
        top, left, height, width = steps.crop
        cut = steps.scan[top : top + height, left : left + width]
        assert max(steps.scaled.shape) == 20 and cut[0].any() and cut[-1].any() and cut[:, 0].any() and cut[:, -1].any()
        assert cut.sum() == steps.scan.sum()
        assert steps.scaled.mean() == pytest.approx(cut.mean(), rel=1e-12)
        assert steps.scaled.shape[0] / steps.scaled.shape[1] == pytest.approx(height / width, rel=0.5 / min(steps.scaled.shape) + 0.03)


def test_the_centre_of_mass_goes_to_the_middle():
    """To pixel 14, as in MNIST, within half a pixel: the shift is in whole pixels."""
    for strokes in EXAMPLES.values():
        grey = prepare(strokes, MNIST).centred
        where = [grey.sum(axis) @ np.arange(28) / grey.sum() for axis in (1, 0)]
        assert where == pytest.approx([14, 14], abs=0.5 + 1e-9)


def test_where_and_how_large_one_draws_does_not_matter_much():
    three = np.array(EXAMPLES["3"][0])
    reference = prepare([three.tolist()], MNIST).x
    for factor, shift in [(1, (0.15, -0.1)), (0.9, (0.1, 0.1)), (1.1, (-0.1, 0))]:
        moved = prepare([((three - 0.5) * factor + 0.5 + shift).clip(0, 1).tolist()], MNIST).x
        assert abs(moved - reference).sum() <= (0.2 if factor == 1 else 0.4) * reference.sum()


def test_mnist_is_black_where_at_least_half_is_ink():
    steps = prepare(EXAMPLES["5"], MNIST)
    np.testing.assert_array_equal(steps.x, steps.centred >= 0.5)
    assert steps.x.shape == (28, 28) and steps.x.dtype == np.float32


def test_scikit_learns_digits_are_counts_in_blocks():
    for strokes in EXAMPLES.values():
        steps = prepare(strokes, DIGITS)
        assert steps.centred.shape == (32, 32) and set(np.unique(steps.centred)) == {0, 1}
        counts = np.array([[steps.centred[i : i + 4, j : j + 4].sum() for j in range(0, 32, 4)] for i in range(0, 32, 4)])
        np.testing.assert_array_equal(steps.x, counts >= 8)
        assert steps.centred[0].any() and steps.centred[-1].any()  # a digit taller than wide fills the height, as there


def test_an_empty_canvas_has_no_image():
    with pytest.raises(ValueError, match="The canvas is empty: draw a digit or choose an example"):
        prepare([], MNIST)


@needs_node
@pytest.mark.parametrize("frame", FRAMES.values(), ids=["28", "8"])
def test_the_browser_prepares_to_the_last_bit(tmp_path, frame):
    drawings = [*EXAMPLES.values(), *scribbles(60, seed=3)]
    script = """
        import { prepare } from "ink.js";
        const plain = ({ height, width, values }) => ({ shape: [height, width], values: Array.from(values) });
        tell(given.drawings.map((strokes) => {
          const { crop, ...images } = prepare(strokes, given.frame);
          return { crop, ...Object.fromEntries(Object.entries(images).map(([name, image]) => [name, plain(image)])) };
        }));
    """
    browser = in_node(tmp_path, script, {"drawings": drawings, "frame": frame._asdict()})
    for strokes, found in zip(drawings, browser, strict=True):
        expected = prepare(strokes, frame)
        assert found["crop"] == list(expected.crop)
        for name in ("scan", "scaled", "centred", "x"):
            np.testing.assert_array_equal(np.reshape(found[name]["values"], found[name]["shape"]), getattr(expected, name), name)


@needs_node
def test_the_browser_sees_no_ink_on_an_empty_canvas(tmp_path):
    assert in_node(tmp_path, 'import { prepare } from "ink.js"; tell(prepare([], given));', MNIST._asdict()) is None


# the numbers, by the browser's JavaScript against PyTorch


@needs_node
def test_kl_and_likelihood_agree_with_torch(tmp_path):
    noise = torch.Generator().manual_seed(0)
    mu, logvar = (torch.randn(20, 2, generator=noise, dtype=torch.float64) * 2 for _ in range(2))
    logits = torch.randn(20, 784, generator=noise, dtype=torch.float64) * 400  # far beyond where a probability rounds to 1
    x = (torch.rand(20, 784, generator=noise) < 0.2).double()
    script = """
        import * as bound from "bound.js";
        const kl = given.outputs.map((o) => bound.klToPrior(bound.posterior(o)));
        const logp = given.logits.map((l, n) => bound.logBernoulli(l, given.x[n]));
        tell([kl, logp]);
    """
    given = {"outputs": torch.cat([mu, logvar], 1).tolist(), "logits": logits.tolist(), "x": x.tolist()}
    kl, log_likelihood = in_node(tmp_path, script, given)
    prior = Independent(Normal(torch.zeros(2).double(), torch.ones(2).double()), 1)
    expected = kl_divergence(Independent(Normal(mu, (logvar / 2).exp()), 1), prior)
    assert kl == pytest.approx(expected.tolist(), rel=1e-12)
    assert log_likelihood == pytest.approx(Independent(Bernoulli(logits=logits), 1).log_prob(x).tolist(), rel=1e-12)


@needs_node
def test_the_noise_is_normal_and_the_same_each_time(tmp_path):
    script = """
        import * as bound from "bound.js";
        const draw = (seed) => { const next = bound.gaussianStream(seed); return Array.from({ length: 20000 }, next); };
        tell([draw(1), draw(1), draw(2)]);
    """
    first, again, other = (np.array(values) for values in in_node(tmp_path, script))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 5 / 20000**0.5
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 5 / 20000**0.5
    assert stats.kstest(first, "norm").pvalue > 1e-4  # the seed is fixed: this is one number, looked at once


NETWORKS = """
        import * as bound from "bound.js";
        import { load } from "engine.js";
        const encode = load(given.encoder, bytes(given.encoder.weights)), logits = load(given.decoder, bytes(given.decoder.weights));
"""


def networks(vae) -> dict:
    """Encoder and decoder as the browser gets them."""
    packed = {"encoder": pack(vae.encoder), "decoder": pack(vae.decoder)}
    return {name: network | {"weights": base64.b64encode(network["weights"]).decode()} for name, network in packed.items()}


@needs_node
def test_what_the_code_costs_and_one_z_buys_are_those_of_the_package(tmp_path, vae):
    """KL, log p(x|z) and the ELBO with this one z, at draws of q and at a z chosen by hand: to a thousandth in the browser, whose weights
    are int16, and to rounding in Python."""
    canvas, cases, expected = DigitCanvas(vae), [], []
    for digit in range(10):
        canvas.example = digit
        for z in (canvas.q.sample().tolist(), [1.0, -1.0]):
            canvas.z = z
            q, p = vae.encode(canvas.x[None]), vae.decode(torch.tensor([canvas.z]))
            kl, log_likelihood = kl_divergence(q, vae.prior).item(), p.log_prob(canvas.x.flatten()).item()
            cases.append([canvas.x.flatten().tolist(), list(canvas.z)])
            expected.append([kl, log_likelihood, log_likelihood - kl])
            assert [*canvas.terms, canvas.terms.elbo] == pytest.approx(expected[-1], rel=1e-5)
    script = """
        tell(given.cases.map(([x, z]) => {
          const kl = bound.klToPrior(bound.posterior(encode(x))), logLikelihood = bound.logBernoulli(logits(z), x);
          return [kl, logLikelihood, logLikelihood - kl];
        }));
    """
    for found, wanted in zip(in_node(tmp_path, NETWORKS + script, networks(vae) | {"cases": cases}), expected, strict=True):
        assert found == pytest.approx(wanted, rel=1e-3)


@needs_node
def test_the_bound_agrees_with_objectives_and_with_the_grid(tmp_path, vae, examples):
    """On the ten examples: reconstruction within five standard errors, KL as closed as int16 lets it be, log p(x) within 0.05 nats."""
    x, reconstruction, kl, log_evidence = examples
    script = """
        const weigh = bound.numbersOf(logits, 500, 4);
        const finish = (work) => { for (;;) { const step = work.next(); if (step.done) return step.value; } };
        tell(given.x.map((x) => finish(weigh(x, bound.posterior(encode(x))))));
    """
    browser = in_node(tmp_path, NETWORKS + script, networks(vae) | {"x": x.flatten(1).int().tolist()})
    for n, found in enumerate(browser):
        mean, error = found["reconstruction"].values()
        stderr = error * (1 + 500 / 4000) ** 0.5
        assert mean == pytest.approx(reconstruction[n].item(), abs=5 * stderr + 0.05)  # 0.05: int16 in 784 pixels
        assert found["kl"] == pytest.approx(kl[n].item(), abs=0.01)
        assert found["logEvidence"] == pytest.approx(log_evidence[n].item(), abs=0.05)
        assert mean - found["kl"] <= found["logEvidence"] + 5 * error


def test_python_has_the_same_numbers(vae, examples):
    canvas = DigitCanvas(vae)
    for digit, (_, reconstruction, kl, log_evidence) in enumerate(zip(*examples, strict=True)):
        canvas.example = digit
        numbers = canvas.numbers
        assert numbers.kl == pytest.approx(kl.item(), abs=1e-4)
        assert numbers.reconstruction == pytest.approx(reconstruction.item(), abs=5.5 * numbers.error)
        assert numbers.log_evidence == pytest.approx(log_evidence.item(), abs=0.05)
        assert -5 * numbers.error <= numbers.gap == numbers.log_evidence - numbers.elbo


# state


def small(**options):
    return VAE(**({"image_shape": (28, 28), "latent_dim": 2, "hidden": (16,), "seed": 0} | options))


@pytest.mark.parametrize("model", [small(), small(network="conv"), small(image_shape=(8, 8))], ids=["mlp", "conv", "8 × 8"])
def test_state_follows_the_strokes(model):
    canvas = DigitCanvas(model, example=4)
    assert canvas.strokes == EXAMPLES["4"] and canvas.x.shape == model.image_shape
    with torch.no_grad():
        q = model.encode(canvas.x[None]).base_dist
    assert torch.allclose(canvas.q.mean, q.loc[0], atol=1e-6) and torch.allclose(canvas.q.stddev, q.scale[0], atol=1e-6)
    assert canvas.z == pytest.approx(q.loc[0].tolist(), abs=1e-6)
    assert torch.allclose(canvas.image, model.mean_image(q.loc)[0], atol=1e-5)
    canvas.z = (1.0, -1.0)
    assert torch.allclose(canvas.image, model.mean_image(torch.tensor(canvas.z)), atol=1e-5)
    canvas.samples = canvas.q.sample((3,))
    canvas.strokes = [[(0.2, 0.2), (0.8, 0.2)], [(0.5, 0.2), (0.4, 0.9)]]
    assert canvas.example is None and canvas.samples == [] and canvas.z == pytest.approx(canvas.q.mean.tolist())
    canvas.strokes = []
    with pytest.raises(ValueError, match="canvas is empty"):
        print(canvas.numbers)
    assert canvas.reading == "Draw a digit or choose an example."


def test_what_the_browser_sends_is_taken_as_it_is():
    canvas = DigitCanvas(small(), example=4)
    drawing = {"strokes": [[[0.1, 0.1], [0.9, 0.9]]], "z": [0.25, -0.5], "samples": [[0.5, 0.5]], "example": None}
    canvas.set_state(drawing)
    assert canvas.z == (0.25, -0.5) and canvas.samples == [[0.5, 0.5]] and canvas.example is None
    canvas.set_state({"strokes": EXAMPLES["2"], "example": 2, "z": [0.0, 0.0], "samples": []})
    assert canvas.z == (0.0, 0.0) and canvas.example == 2
    canvas.strokes = [[[0.5, 0.1], [0.5, 0.9]]]  # from Python: z follows
    assert canvas.z == pytest.approx(canvas.q.mean.tolist())


def test_the_canvas_keeps_the_model_it_was_given():
    model = small()
    canvas = DigitCanvas(model, example=1)
    before = canvas.q.mean
    with torch.no_grad():
        model.encoder[-1].bias += 1
    assert torch.equal(canvas.q.mean, before)


def test_a_mean_beyond_the_plane_puts_the_ring_at_its_edge():
    model = small()
    with torch.no_grad():
        model.encoder[-1].bias[0] = 99
    canvas = DigitCanvas(model, example=1)
    assert canvas.z[0] == 3.5 and canvas.q.mean[0] > 90


def test_the_picture_shows_the_state():
    canvas, pictures = DigitCanvas(small()), []
    for change in ({}, {"example": 3}, {"z": (2.0, 2.0)}, {"samples": [[0.1, 0.1], [0.2, 0.3]]}, {"strokes": [[[0.5, 0.2], [0.5, 0.8]]]}):
        for name, value in change.items():
            setattr(canvas, name, value)
        pictures.append(canvas.picture())
    assert len(set(pictures)) == 5 and canvas.picture() == pictures[-1]
    assert Image.open(io.BytesIO(pictures[0])).size == (1296, 864)
    assert repr(canvas) == f"DigitCanvas: {canvas.caption}"


def test_sent_to_the_browser_is_less_than_700_kb(vae):
    canvas = DigitCanvas(vae)
    assert len(canvas.weights) + len(canvas.encoder_weights) < 700_000


# what is wrong is said


def broken():
    model = small()
    model.encoder[0].weight.data.fill_(float("nan"))
    return model


@pytest.mark.parametrize(
    "model, error, message",
    [
        (small(latent_dim=3), ValueError, "two latent dimensions, this model has 3"),
        (small(image_shape=(12, 8)), ValueError, r"MNIST \(28 × 28\) or scikit-learn's digits \(8 × 8\).*not for images of 12 × 8"),
        (small(likelihood="gaussian"), TypeError, "black or white; got a VAE with likelihood 'gaussian'"),
        (Autoencoder((28, 28), 2, (16,), seed=0), TypeError, "needs a VAE .* got Autoencoder"),
        (broken(), ValueError, "NaN or infinity, so there is nothing to show"),
    ],
)
def test_other_models_are_refused(model, error, message):
    with pytest.raises(error, match=message):
        DigitCanvas(model)


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"strokes": [[(0.5, 1.5)]]}, ValueError, "inside the canvas"),
        ({"strokes": [[(0.5, float("nan"))]]}, ValueError, "inside the canvas"),
        ({"strokes": [[]]}, ValueError, "at least one point in each stroke"),
        ({"strokes": [(0.5, 0.5)]}, TypeError, "a list of polylines"),
        ({"samples": [[1, 2, 3]]}, ValueError, r"shape \(N, 2\), finite, got \(1, 3\)"),
        ({"samples": [[1, float("inf")]]}, ValueError, "finite"),
    ],
)
def test_bad_state_is_refused_and_the_old_one_kept(change, error, message):
    canvas = DigitCanvas(small(), example=3)
    before = canvas.strokes, canvas.samples, canvas.z
    with pytest.raises(error, match=message):
        setattr(canvas, *change.popitem())
    assert (canvas.strokes, canvas.samples, canvas.z) == before

"""The front door from outside: what readers hand to the package is taken as it was meant, or refused in one sentence before any work."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Independent, Laplace

from vae_helpers import datasets, divergences, evaluation, flows, gradients, likelihoods, objectives, plots, pretrained, runtime, toy
from vae_helpers.clinic import chart
from vae_helpers.conditional import ConditionalVAE
from vae_helpers.datasets.sprites import draw, sample_factors
from vae_helpers.gradient_variance import variance_by_quadrature
from vae_helpers.inference import ais, mcmc, mixture, per_image, variational
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.training import fit

g = torch.Generator().manual_seed(0)
X, LABELS, Z = torch.rand(6, 8, 8, generator=g), torch.tensor([0, 1, 2, 9, 9, 3]), torch.randn(6, 2, generator=g)
POINTS, C, R = torch.randn(9, 2, generator=g), torch.arange(9) % 2, torch.full((9, 2), 0.5)
vae, ae, cvae = (kind(hidden=(8,), seed=0) for kind in (VAE, Autoencoder, ConditionalVAE))
flow, told = flows.Coupling(2), flows.Coupling(2, context_dim=3)
prior, normal = mixture.Prior(2), variational.gauss_hermite(3, 2)
START = torch.zeros(3, 2, 1)


def quadratic(z):
    return -z.square().sum(-1)


def line(z):
    return -z.square()


class Laplacian(likelihoods.Likelihood):
    """A likelihood of the reader's own."""

    def forward(self, outputs):
        return Independent(Laplace(outputs, torch.ones_like(outputs)), 1)


class PerPixel(likelihoods.Likelihood):
    """One that forgets that an image is one event."""

    def forward(self, outputs):
        return Laplace(outputs, torch.ones_like(outputs))


class Cooler(likelihoods.Gaussian):
    """One that a file could mistake for its parent."""


def spoilt(value: float) -> VAE:
    model = copy.deepcopy(vae)
    model.encoder[0].weight.data[0, 0] = value
    return model


def saved(tmp_path, model):
    model.save(tmp_path / "a.safetensors")
    return tmp_path / "a.safetensors"


WHOLE = {
    "chart": lambda n: chart(vae, X, n_samples=n),
    "chart's seed": lambda n: chart(vae, X, seed=n),
    "Planar": flows.Planar,
    "Coupling": lambda n: flows.Coupling(2, hidden=n),
    "hidden": lambda n: flows.InverseAutoregressive(2, hidden=n),
    "depth": lambda n: flows.make("planar", n, 2),
    "flows.sample": lambda n: flows.sample(flow, Z, Z, n),
    "gibbs": lambda n: mixture.gibbs(POINTS, prior, C, n),
    "warmup": lambda n: mixture.gibbs(POINTS, prior, C, 1, warmup=n),
    "cavi": lambda n: mixture.cavi(POINTS, prior, R, n),
    "components": lambda n: mixture.cavi(POINTS, mixture.Prior(n), torch.ones(9, 1), 1),
    "gauss_hermite": lambda n: variational.gauss_hermite(3, n),
    "max_steps": lambda n: variational.gaussian_vi(line, max_steps=n),
    "leapfrogs": lambda n: ais.anneal(quadratic, quadratic, START, ais.ladder(2), 0.1, n),
}
REAL = {
    "threshold": lambda v: evaluation.active_units(vae, X, v),
    "tolerance": lambda v: evaluation.log_evidence_grid(vae, X, v),
    "sigma": likelihoods.Gaussian,
    "s": toy.CurvedToy,
    "x": lambda v: toy.CurvedToy().log_evidence(v),
    "sigma2": lambda v: toy.LinearGaussian(torch.ones(3, 1), torch.zeros(3), v),
    "score's mu": lambda v: gradients.score_function(quadratic, v, 1.0, 3),
    "baseline": lambda v: gradients.score_function(quadratic, 0.0, 1.0, 3, baseline=v),
    "quadrature": lambda v: variance_by_quadrature(gradients.pathwise, quadratic, 0.0, 1.0, tolerance=v),
    "steepness": lambda v: ais.ladder(3, v),
    "step": lambda v: mcmc.metropolis(line, torch.zeros(3), 2, v),
    "anneal's steps": lambda v: ais.anneal(quadratic, quadratic, START, ais.ladder(2), v),
    "vi": lambda v: variational.gaussian_vi(line, 0.0, v),
    "lr": lambda v: per_image.fit_gaussians(per_image.joint_of(vae, X), per_image.encoded(vae, X), 1, lr=v),
    "concentration": lambda v: mixture.gibbs(POINTS, mixture.Prior(2, v), C, 1),
    "centre_sd": lambda v: mixture.gibbs(POINTS, mixture.Prior(2, centre_sd=v), C, 1),
    "cavi": lambda v: mixture.cavi(POINTS, prior, R, 2, v),
}


def plots_axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_everywhere(name):
    for n in (1, np.int64(1), torch.tensor(1)):
        WHOLE[name](n)
    for wrong in (1.0, True, "1", None, -1, [1]):
        with pytest.raises(ValueError, match=r"must be a whole number from \d"):
            WHOLE[name](wrong)


@pytest.mark.parametrize("name", REAL)
def test_numbers_everywhere(name):
    for v in (0.5, np.float32(0.5), torch.tensor(0.5), np.float64(0.5)):
        REAL[name](v)
    for wrong in (True, np.True_, torch.tensor(True), "0.5", math.nan, math.inf, 1j):
        with pytest.raises((ValueError, TypeError), match="number|finite|positive|above zero") as error:
            REAL[name](wrong)
        assert error.traceback[-1].path.is_relative_to(runtime.__file__.removesuffix("runtime.py")), error.value  # a sentence of ours


def forms(x):
    return x.double(), x.numpy(), x.double().numpy(), x.tolist(), x.half().float()


@pytest.mark.parametrize(
    "call",
    [
        lambda f: flow(f(Z))[0],
        lambda f: flow.inverse(f(Z)),
        lambda f: told(f(Z), f(torch.ones(3)))[0],
        lambda f: flows.InverseAutoregressive(2).requires_grad_(False)(f(torch.zeros(2)))[1].shape,
        lambda f: flows.Chain([flow])(f(Z))[1],
        lambda f: flows.Chain()(f(Z))[0],
        lambda f: flows.planar(f(Z), f(Z), f(Z), f(torch.zeros(6)))[1],
        lambda f: flows.sample(flow, f(Z), f(Z), 3, generator=runtime.generator(1))[1],
        lambda f: cvae.mean_image(f(Z), LABELS.numpy()),
        lambda f: cvae.outputs(f(Z[0]), 3),
        lambda f: cvae.encode(f(X), LABELS.tolist()).mean,
        lambda f: mixture.gibbs(f(POINTS), prior, C.numpy(), 2, generator=runtime.generator(1)).centres,
        lambda f: torch.tensor(mixture.cavi(f(POINTS), prior, f(R), 3)[1]),
        lambda f: mixture.relabelled(mixture.gibbs(f(POINTS), prior, C.int(), 2, generator=runtime.generator(1)), f(POINTS[:2])).centres,
        lambda f: ais.anneal(quadratic, quadratic, f(START), f(torch.tensor([0.0, 0.5, 1.0])), 0.5, 2, generator=runtime.generator(1)).z,
        lambda f: ais.lower_bound(f(POINTS)) + ais.upper_bound(f(POINTS)),
        lambda f: mcmc.effective_sample_size(f(POINTS)) + mcmc.r_hat(f(POINTS)),
        lambda f: mcmc.hmc(line, f(Z[0]), 3, f(torch.tensor([0.5, 0.25])), 2, generator=runtime.generator(1)).samples,
        lambda f: mcmc.at(line, f(Z[0])).slope,
        lambda f: variational.gaussian_elbo(quadratic, f(torch.zeros(2)), f(torch.ones(2))),
        lambda f: per_image.joint_of(vae, f(X))(f(Z[None])),
        lambda f: toy.LinearGaussian(f(POINTS), f(POINTS[:, 0]), 1.0).posterior(f(POINTS[:, 1])).mean,
        lambda f: divergences.k1(f(Z)) + divergences.k2(f(Z)) + divergences.k3(f(Z)),
        lambda f: divergences.kl_full(f(torch.zeros(2)), f(torch.eye(2)), f(torch.ones(2)), f(2 * torch.eye(2))),
        lambda f: evaluation.nearest_distance(f(X[:2]), f(X[2:])),
        lambda f: gradients.score_function(quadratic, f(Z[0]), f(Z[0].exp()), 3, f(Z[0]), generator=runtime.generator(1)).mu,
        lambda f: draw(f(torch.tensor([0.0, 0.25, 0.0, 0.5, 0.5]))),
        lambda f: datasets.Split(f(X), LABELS.tolist(), f(Z), ("a", "b")).factors,
    ],
)
def test_arrays_lists_and_other_floats_are_as_good_as_tensors(call):
    expected = call(lambda x: x)
    for kind in range(5):
        got = call(lambda x, kind=kind: forms(x)[kind])
        assert got == expected if isinstance(expected, tuple) else torch.allclose(got.double(), expected.double(), atol=1e-2)
    assert torch.equal(X, torch.rand(6, 8, 8, generator=torch.Generator().manual_seed(0)))  # and nothing handed over has changed


REFUSED = [
    # wrong advice leads to wrong training
    (lambda: fit(vae, torch.full((6, 8, 8), 100.0)), "divide by the largest grey level that a pixel can have, such as 255"),
    (lambda: fit(vae, torch.full((6, 8, 8), 1023.0)), "the largest grey level that a pixel can have"),
    (lambda: fit(ae, X - 0.5, batch_size=2), 'take a VAE with likelihood="gaussian"'),
    (lambda: fit(vae, X.unsqueeze(1).expand(6, 3, 8, 8)), r"colours are not supported, images.mean\(1\) makes them grey"),
    (lambda: fit(vae, X.unsqueeze(-1).expand(6, 8, 8, 3)), r"images.mean\(-1\) makes them grey"),
    (lambda: fit(vae, []), "at least one image, got none"),
    (lambda: objectives.elbo(vae, [X, LABELS]), r"hand over the images alone, such as batch\[0\]"),
    (lambda: objectives.elbo(vae, {"image": X}), r"hand over the images alone, such as batch\[name\]"),
    (lambda: objectives.elbo(vae, (x for x in X)), "got generator: make a list of it first"),
    (lambda: objectives.elbo(vae, np.array([X[0].numpy(), None], dtype=object)), "got an array of object$"),
    (lambda: vae.decode(vae.encode(X)), "got Independent: hand over numbers, such as its .mean"),
    (lambda: VAE(latent_dim=1).mean_image([0.0, 1.0]), r"an axis for it, z\[..., None\]"),
    (lambda: VAE(X), r"got Tensor of shape \(6, 8, 8\)"),
    (lambda: VAE(seed=2**32), "seed must be a whole number from 0 to 4294967295"),
    (lambda: evaluation.evaluate(vae, X, seed=2**32), "from 0 to 4294967295"),
    # models of other kinds
    (lambda: objectives.squared_error(nn.DataParallel(vae), X), r"hand over the model inside it, \.module"),
    (lambda: evaluation.evaluate(nn.DataParallel(cvae), X), r"hand over the model inside it, \.module"),
    (lambda: fit(cvae, X), "got ConditionalVAE: write the objective and the loop of a model of your own out"),
    (lambda: evaluation.evaluate("mnist_vae_2d", X), "load it first, pretrained.load"),
    (lambda: evaluation.evaluate(next(iter(pretrained.family().values())), X), r"got Member: hand over the model inside it, \.vae"),
    (lambda: fit(spoilt(math.nan), X, batch_size=2), "weights hold NaN or infinity before any training"),
    (lambda: fit(copy.deepcopy(vae).half(), X, batch_size=2), r"got torch.float16, too coarse to train: model.float\(\)"),
    (lambda: per_image.encoded(spoilt(math.nan), X), "expected finite codes"),
    # settings
    (lambda: fit(vae, X, batch_size=2, binarize="no"), "binarize must be True or False, got 'no'"),
    (lambda: fit(vae, X, batch_size=2, beta=lambda step: -1.0), "beta at step 1 must be a number from 0 on, got -1.0"),
    (lambda: fit(vae, X, batch_size=2, beta=lambda step: None), "beta at step 1 must be a number from 0 on, got None"),
    (lambda: fit(vae, X, batch_size=2, beta=lambda: 1.0), "a function of the step, got a function that fails at step 1"),
    (lambda: fit(vae, X, batch_size=2, optimizer=["adam"]), "unknown optimizer"),
    (lambda: VAE(activation=np.array(["relu", "tanh"])), r"unknown activation ndarray of shape \(2,\)"),
    (lambda: datasets.load(X), r"no data set Tensor of shape"),
    (lambda: VAE(likelihood={"name": "bernoulli", "sigma": 0.1}), "likelihood 'bernoulli' takes no options, got 'sigma'"),
    (lambda: VAE(likelihood={"name": "gaussian", "levels": 3}), "likelihood 'gaussian' takes sigma, got 'levels'"),
    (lambda: VAE(likelihood=PerPixel()), r"event_shape \(64,\), got \(1, 64\) and \(\): wrap what its forward returns"),
    (lambda: ConditionalVAE(hidden=np.array([], dtype=int)), "hidden layers, got 'mlp', "),
    (lambda: gradients.pathwise(quadratic, 0.0, 1.0, 2, antithetic="no"), "antithetic must be True or False"),
    (lambda: gradients.score_function(quadratic, torch.zeros(2), 1.0, 2, torch.zeros(5)), r"broadcast, got \(2,\) and \(5,\)"),
    (lambda: gradients.score_function(quadratic, torch.zeros(0), 1.0, 2), "at least one number"),
    (lambda: gradients.score_function(quadratic, 0.0, 1.0, 2, torch.ones(2)), "at most one number a parameter"),
    (lambda: variance_by_quadrature(gradients.pathwise, lambda z: torch.ones(len(z)), 0.0, 1.0), "no derivative in z"),
    (lambda: flows.Chain([nn.Linear(2, 2)]), "expected flows such as Planar or Coupling, got Linear"),
    (lambda: flows.sample(None, Z, Z, 2), "expected a flow such as Planar or Chain, got NoneType"),
    (lambda: flows.sample(flow, Z, Z[:2], 2), "mu and logvar of one shape"),
    (lambda: told(torch.zeros(5, 6, 2), torch.zeros(4, 3)), r"z and context: expected shapes that broadcast, got \(5, 6\) and \(4,\)"),
    (lambda: flows.make(["planar"], 1, 2), "unknown flow"),
    # labels
    (lambda: cvae.encode(X, LABELS[:3]), r"a label for each image, \(6,\), or one for all, got shape \(3,\)"),
    (lambda: cvae.encode(X, LABELS[:, None]), "a label for each image"),
    (lambda: cvae.mean_image(Z, LABELS[:3]), r"labels and codes: expected shapes that broadcast, got \(3,\) and \(6,\)"),
    (lambda: cvae.mean_image(Z * math.nan, 1), "expected finite codes"),
    (lambda: cvae.mean_image(torch.zeros(3, 5), 1), r"codes of shape \(…, 2\), got \(3, 5\)"),
    (lambda: plots.scatter_codes(plots_axes(), Z, 3), "Expected labels as a list, an array or a tensor, got 3"),
    # inference
    (lambda: mcmc.metropolis(None, Z, 2, 1.0), "log_density must be a function"),
    (lambda: mcmc.metropolis(lambda z: 1.0, Z, 2, 1.0), "log_density must return a tensor, one value a row, got float"),
    (lambda: mcmc.hmc(lambda z: quadratic(z.detach()), Z, 2, 1.0, 2), "log_density has no derivative in z"),
    (lambda: variational.gaussian_vi(lambda z: torch.zeros(len(z))), "log_density has no derivative in z"),
    (lambda: mcmc.metropolis(quadratic, Z, 2, torch.ones(2)), "one number or one for each of 6 chains"),
    (lambda: mcmc.metropolis(quadratic, Z[:0], 2, 1.0), "one point a chain"),
    (lambda: mcmc.r_hat(POINTS * math.nan), "finite samples"),
    (lambda: ais.anneal(quadratic, quadratic, Z, ais.ladder(2), 0.1), r"start must be \(chains, batch, d\)"),
    (lambda: ais.anneal(quadratic, lambda z: z.sum(), START, ais.ladder(2), 0.1), "log_target must return one value a point"),
    (lambda: ais.anneal(quadratic, quadratic, START, ais.ladder(2), torch.ones(5)), r"one number or \(2, 2\)"),
    (lambda: ais.tune_steps(quadratic, quadratic, START, ais.ladder(2), acceptance=2.0), "a share between 0 and 1"),
    (lambda: per_image.joint_of(vae, X)(torch.zeros(3, 5, 2)), r"\(K, 6, 2\), a column for each image"),
    (lambda: per_image.fit_gaussians(None, vae.encode(X), 1), "expected start as Gaussians, such as encoded"),
    (
        lambda: per_image.fit_gaussians(quadratic, per_image.Gaussians(Z, torch.ones(6, 2, 2).tril()), 1),
        "start has a full scale, which full=False would keep",
    ),
    (
        lambda: per_image.fit_gaussians(per_image.joint_of(vae, X), per_image.encoded(vae, X), 1, points=variational.gauss_hermite(3, 1)),
        r"expected points \(K, 2\)",
    ),
    (lambda: mixture.gibbs(POINTS, 2, C, 1), "expected a prior such as"),
    (lambda: mixture.gibbs(POINTS, prior, C + 5, 1), "expected assignments 0 … 1"),
    (lambda: mixture.gibbs(POINTS, prior, C.float(), 1), "expected assignments 0 … 1 as whole numbers"),
    (lambda: mixture.cavi(POINTS, prior, 3 * R), "add up to 1 in each row"),
    (lambda: mixture.cavi(POINTS, prior, R[:, :1]), r"expected responsibilities \(9, 2\)"),
    # what else
    (lambda: chart(vae, X, [1, 2]), "the log as a History"),
    (lambda: evaluation.nearest_distance((255 * X).byte(), X), "expected floating-point pixels, got torch.uint8: divide by 255"),
    (lambda: evaluation.nearest_distance((255 * X).round(), X), "divide by 255"),
    (lambda: evaluation.nearest_distance(X.reshape(6, 4, 16), X), "of one size"),
    (lambda: datasets.Dataset("a", datasets.Split(X, LABELS), None), "made of splits, .*got NoneType"),
    (lambda: datasets.Split(X, LABELS, None, ("a",)), "got none"),
    (lambda: toy.LinearGaussian(torch.full((3, 1), math.nan), torch.zeros(3), 1.0), "W must be finite"),
    (lambda: toy.LinearGaussian(torch.ones(3, 1), torch.zeros(3), 1.0).decode(torch.zeros(2, 5)), "z must end in L = 1 values"),
    (lambda: plots.image_rows(plots_axes(), X), "rows by their names"),
    (lambda: plots.curve(plots_axes(), [1, 2], [1, 2], [1]), r"of one shape \(n,\), got \(2,\), \(2,\), \(1,\)"),
    (lambda: plots.gaussian_fits(plots_axes(), [0.0], [1.0], dict.fromkeys("abcd", (0, 1))), "at most 3 Gaussians"),
    (lambda: plots.scatter_codes(plots_axes(), Z * math.nan), "finite codes"),
    (lambda: plots.image_grid(plots_axes(), X, columns=0), "columns must be a whole number from 1 on, got 0"),
    (lambda: plots.tile(X), r"image_grid takes a row of them"),
    (lambda: datasets.load("binarized_mnist", timeout=True), "timeout, in seconds, must be a positive number, got True"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_what_cannot_be_meant_is_refused_in_a_sentence(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_seed_in_the_place_of_a_generator_is_named():
    model = toy.LinearGaussian(torch.ones(3, 1), torch.zeros(3), 1.0)
    for call in (
        lambda: toy.CurvedToy().sample(2, 3),
        lambda: model.sample(2, 3),
        lambda: flows.sample(flow, Z, Z, 2, generator=3),
        lambda: mixture.gibbs(POINTS, prior, C, 1, generator=3),
    ):
        with pytest.raises(TypeError, match=r"generator must be a torch\.Generator, such as runtime\.generator\(3\), got 3"):
            call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: mcmc.hmc(line, torch.zeros(2), 1, 0.1, 1),
        lambda: variational.gaussian_vi(line),
        lambda: per_image.fit_gaussians(per_image.joint_of(vae, X), per_image.encoded(vae, X), 1),
        lambda: gradients.pathwise(quadratic, 0.0, 1.0, 3),
        lambda: variance_by_quadrature(gradients.pathwise, quadratic, 0.0, 1.0),
        lambda: chart(vae, X),
    ],
)
def test_what_takes_derivatives_works_under_no_grad_and_says_that_inference_mode_forbids_them(call):
    with torch.no_grad():
        call()
    with torch.inference_mode(), pytest.raises(RuntimeError, match="which torch.inference_mode has switched off here"):
        call()


@pytest.mark.parametrize("measure", [evaluation.evaluate, evaluation.evaluate_bound, evaluation.log_evidence_grid])
def test_autocast_around_a_measurement_changes_no_number(measure):
    expected = measure(vae, X)
    with torch.autocast("cpu"):
        assert str(measure(vae, X)) == str(expected)


def test_a_baseline_for_each_parameter_has_exact_moments():
    """E[(f − b) s] does not depend on b, its variance does; checked against samples."""
    given = gradients.Gradients(0.5, -1.0)
    exact = variance_by_quadrature(gradients.score_function, quadratic, 0.3, 0.8, baseline=given)
    each = gradients.score_function(quadratic, torch.tensor([0.3]).double(), 0.8, 200_000, given, generator=runtime.generator(5))
    for name in ("mu", "sigma"):
        samples = getattr(each, name)
        torch.testing.assert_close(getattr(exact.variance, name), samples.var(), rtol=0.05, atol=0)
        other = variance_by_quadrature(gradients.score_function, quadratic, 0.3, 0.8, baseline=0.0)
        torch.testing.assert_close(getattr(exact.mean, name), getattr(other.mean, name))
        assert getattr(exact.variance, name) != getattr(other.variance, name)


@pytest.mark.parametrize("kind", [VAE, ConditionalVAE])
def test_a_file_is_read_with_its_own_likelihood_only(tmp_path, kind):
    with pytest.raises(ValueError, match="unknown likelihood 'Cooler'"):
        kind.load(saved(tmp_path, kind(hidden=(8,), likelihood=Cooler(0.5))))
    assert isinstance(kind.load(tmp_path / "a.safetensors", likelihood=Cooler(0.5)).likelihood, Cooler)
    assert isinstance(kind.load(saved(tmp_path, kind(hidden=(8,), likelihood=Laplacian())), Laplacian()).likelihood, Laplacian)
    for other in (likelihoods.Gaussian(0.1), Laplacian()):
        with pytest.raises(ValueError, match="was saved with likelihood {'name': 'bernoulli'}, got"):
            kind.load(saved(tmp_path, kind(hidden=(8,))), likelihood=other)
    with pytest.raises(ValueError, match="was saved with likelihood None"):
        Autoencoder.load(saved(tmp_path, ae), likelihood=Laplacian())


def test_a_likelihood_that_says_nothing_is_named_when_the_model_is_made():
    with pytest.raises(NotImplementedError, match=r"Likelihood has no forward\(outputs\) that returns p\(x\|z\)"):
        VAE(likelihood=likelihoods.Likelihood())


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="expected the path of a file, got the folder"):
        vae.save(tmp_path)


def test_a_seed_makes_weights_of_its_own_and_the_largest_one_works():
    assert not torch.equal(VAE(seed=2**32 - 1).encoder[0].weight, VAE(seed=0).encoder[0].weight)
    ConditionalVAE(seed=2**32 - 1)
    assert sample_factors(2, 3).shape == (2, 5)
    torch.testing.assert_close(sample_factors(2, 3), sample_factors(2, np.random.default_rng(3)))


def test_a_function_as_beta_is_called_once_a_step_and_tried_before():
    seen = []
    fit(copy.deepcopy(vae), X, epochs=2, batch_size=2, progress=False, beta=lambda step: seen.append(step) or 1.0)
    assert seen == list(range(1, 7))

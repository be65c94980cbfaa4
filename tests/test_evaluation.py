import math

import numpy as np
import pytest
import torch
from linear_vae import images, linear_vae
from scipy.spatial import KDTree
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from vae_helpers import datasets, evaluation, models, pretrained
from vae_helpers.evaluation import active_units, estimate, evaluate, evaluate_bound, log_evidence_grid, nearest_distance
from vae_helpers.likelihoods import Categorical, Gaussian
from vae_helpers.models import VAE, Autoencoder


def test_evaluate_against_the_known_evidence():
    vae, log_evidence = linear_vae()
    x = images(200)
    result, bound = evaluate(vae, x, n_samples=2000), evaluate_bound(vae, x, n_samples=10)
    exact = log_evidence(x)
    assert result.elbo.mean == pytest.approx(exact.mean(), abs=0.02)
    assert bound.mean == pytest.approx(exact.mean(), abs=1e-4)
    assert bound.stderr == pytest.approx(exact.std(ddof=1) / np.sqrt(200), abs=1e-4)
    assert result.elbo.mean == pytest.approx(result.reconstruction.mean - result.kl.mean, abs=1e-4)
    assert "± " in str(result) and "200 images" in str(result) and "log-density" in str(result)


def test_standard_error_covers():
    means = torch.randn(2000, 50, generator=torch.Generator().manual_seed(0)).double()
    away = torch.tensor([estimate(row).mean / estimate(row).stderr for row in means])
    assert (away.abs() < 2.01).float().mean() == pytest.approx(0.95, abs=0.025)  # Student's t with 49 degrees of freedom


def test_pieces_do_not_change_the_bound(monkeypatch):
    vae, _ = linear_vae(exact=False)
    x = images(7)
    whole = evaluate_bound(vae, x, n_samples=300)
    widest = []
    monkeypatch.setattr(models, "FLOATS_AT_ONCE", 6 * 40)
    monkeypatch.setattr(VAE, "outputs", lambda self, z, outputs=VAE.outputs: widest.append(z[..., 0].numel()) or outputs(self, z))
    pieces = evaluate_bound(vae, x, n_samples=300)
    assert max(widest) <= 40
    assert pieces.mean == pytest.approx(whole.mean, abs=0.05)


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_grid_against_the_known_evidence(latent_dim):
    vae, log_evidence = linear_vae(exact=False)
    x = images()
    if latent_dim == 1:
        wide, vae = vae, VAE((2, 3), 1, (), likelihood=Gaussian(0.4))
        weight, bias = wide.decoder[0].weight.data[:, :1], wide.decoder[0].bias.data
        vae.decoder[0].weight.data.copy_(weight)
        vae.decoder[0].bias.data.copy_(bias)
        exact = multivariate_normal(bias.numpy(), (weight @ weight.T).numpy() + 0.16 * np.eye(6)).logpdf(x.flatten(1).numpy())
    else:
        exact = log_evidence(x)
    grid = log_evidence_grid(vae, x)
    off = np.abs(grid.log_evidence.numpy() - exact)
    assert off.max() < 1e-3 and (off <= grid.error.numpy() + 1e-4).all()


def test_grid_widens_when_the_mass_lies_outside():
    vae = VAE((1, 1), 1, (), likelihood=Gaussian(0.05))  # x = 0.1 z + noise: x = 0.75 puts the posterior at z = 6
    vae.decoder[0].weight.data.fill_(0.1)
    vae.decoder[0].bias.data.fill_(0.0)
    x = torch.tensor([[[0.75]], [[0.0]]])
    np.testing.assert_allclose(log_evidence_grid(vae, x).log_evidence, norm.logpdf([0.75, 0.0], 0, np.sqrt(0.01 + 0.0025)), atol=1e-3)


def test_grid_reaches_where_the_encoder_points():
    # a narrow mode at z = 9 that a box from −6 to 6 would never see: x = 0.5 there, x = 0 elsewhere
    vae = VAE((1, 1), 1, (2,), likelihood=Gaussian(0.02))
    with torch.no_grad():
        vae.decoder[0].weight.fill_(10.0)
        vae.decoder[0].bias.copy_(torch.tensor([-85.0, -95.0]))  # two kinks, at 8.5 and 9.5
        vae.decoder[2].weight.copy_(torch.tensor([[0.05, -0.05]]))
        vae.decoder[2].bias.zero_()
        for parameter in vae.encoder.parameters():
            parameter.zero_()
        vae.encoder[2].bias.copy_(torch.tensor([9.0, -4.0]))
    x = torch.tensor([[[0.5]]])
    z = np.linspace(-12, 14, 400_001)
    mean = 0.05 * (np.maximum(10 * z - 85, 0) - np.maximum(10 * z - 95, 0))
    exact = np.log(np.trapezoid(norm.pdf(0.5, mean, 0.02) * norm.pdf(z), z))
    np.testing.assert_allclose(log_evidence_grid(vae, x).log_evidence, exact, atol=2e-3)


@pytest.mark.parametrize("likelihood", ["bernoulli", Gaussian(0.3), "gaussian_pixel", Categorical(3)], ids=str)
def test_grid_against_a_plain_sum_where_posteriors_have_several_modes(likelihood):
    vae = VAE((3, 4), 2, (20,), likelihood=likelihood, activation="tanh", seed=4)
    with torch.no_grad():
        for layer in (vae.decoder[0], vae.decoder[2]):
            layer.weight.mul_(6)  # steep: modes some 0.1 wide, more than one to an image
        x = vae.likelihood.mean(vae.outputs(torch.randn(6, 2, generator=torch.Generator().manual_seed(0))))
        x = x.round() if likelihood == "bernoulli" else (2 * x).round() / 2 if isinstance(likelihood, Categorical) else x.clamp(0, 1)
        axis = torch.linspace(-7, 7, 1001)
        z = torch.cartesian_prod(axis, axis)
        log_joint = torch.stack([vae.decode(z).log_prob(image) for image in x]).numpy() + norm.logpdf(z.numpy()).sum(1)
    exact = logsumexp(log_joint.astype(float), axis=1) + 2 * np.log(0.014)
    together, apart = log_evidence_grid(vae, x), [log_evidence_grid(vae, image[None]).log_evidence.item() for image in x]
    np.testing.assert_allclose(together.log_evidence, exact, atol=1e-3)
    np.testing.assert_allclose(apart, exact, atol=1e-3)
    assert (together.error <= 1e-3).all()


def test_grid_sees_a_narrow_mode_beside_a_broad_one():
    # images of one pixel: mean |z| − 1 below z = 2, and from there steeply down through x = 0.5 again: a mode 0.01 wide at z = 2.25
    vae = VAE((1, 1), 1, (3,), likelihood=Gaussian(0.2))
    with torch.no_grad():
        vae.decoder[0].weight.copy_(torch.tensor([[1.0], [-1.0], [20.0]]))
        vae.decoder[0].bias.copy_(torch.tensor([0.0, 0.0, -40.0]))
        vae.decoder[2].weight.copy_(torch.tensor([[1.0, 1.0, -1.0]]) / 2)
        vae.decoder[2].bias.fill_(-0.5)
    z = np.linspace(-8, 8, 1_600_001)
    mean = (np.abs(z) - np.maximum(20 * z - 40, 0)) / 2 - 0.5
    exact = np.log(np.trapezoid(norm.pdf(0.1, mean, 0.2) * norm.pdf(z), z))
    np.testing.assert_allclose(log_evidence_grid(vae, torch.full((1, 1, 1), 0.1)).log_evidence, exact, atol=1e-3)


def test_weights_that_are_not_finite_are_named():
    vae = VAE((8, 8), 2)
    for network in (vae.decoder, vae.encoder):
        network[0].weight.data.fill_(float("nan"))
        with pytest.raises(ValueError, match="not finite"):
            log_evidence_grid(vae, torch.rand(3, 8, 8))


def test_grid_says_when_it_cannot():
    vae = VAE((1, 1), 1, (), likelihood=Gaussian(1e-5))
    vae.decoder[0].weight.data.fill_(0.3)
    with pytest.raises(RuntimeError, match="too narrow for a grid"):
        log_evidence_grid(vae, torch.rand(3, 1, 1))
    with pytest.raises(ValueError, match="at most two latent dimensions, not 3"):
        log_evidence_grid(VAE((8, 8), 3), torch.rand(3, 8, 8))
    with pytest.raises(ValueError, match="tolerance must be a number of at least 0.0001, got 1e-12"):
        log_evidence_grid(VAE(), torch.rand(3, 8, 8), tolerance=1e-12)


@pytest.mark.parametrize("function", [evaluate, evaluate_bound, active_units, log_evidence_grid])
def test_held_out_images_of_every_form(function):
    x = torch.rand(6, 8, 8)
    split = datasets.Split(x, torch.zeros(6).long())
    expected = function(VAE(seed=0), x)
    for form in (x.numpy(), x.double(), x.unsqueeze(1), split, list(x)):
        assert str(function(VAE(seed=0), form)) == str(expected)
    refused = {TypeError: [datasets.Dataset("d", split, split), (255 * x).byte()], ValueError: [255 * x, x[:0], x * math.nan]}
    for error, cases in refused.items():
        for case in cases:
            with pytest.raises(error, match="such as data.test.images|divide by 255|at least one image|NaN"):
                function(VAE(seed=0), case)
    with pytest.raises(TypeError, match="got Autoencoder: an autoencoder has objectives.squared_error"):
        function(Autoencoder(), x)


def test_float64_models_are_evaluated():
    x = torch.rand(6, 8, 8)
    single, double = VAE(seed=0), VAE(seed=0).double()
    assert evaluate(double, x, 5000).elbo.mean == pytest.approx(evaluate(single, x, 5000).elbo.mean, abs=0.05)
    torch.testing.assert_close(log_evidence_grid(double, x).log_evidence, log_evidence_grid(single, x).log_evidence, atol=1e-3, rtol=0)


def test_everything_works_where_float64_is_the_default():
    x = datasets.load("digits").binarized(0).test.images[:20]
    torch.set_default_dtype(torch.float64)
    try:
        shipped = pretrained.family()[1, 400].vae
        assert evaluate(shipped, x).elbo.mean < evaluate_bound(shipped, x, 50).mean < 0
        for vae in (VAE(), VAE(network="conv", likelihood="gaussian"), VAE(likelihood=Categorical(2))):
            assert log_evidence_grid(vae, x[:2]).error.max() < 1e-3 and active_units(vae, x).shape == (2,)
        assert pretrained.load("mnist_vae_2d").mean_image([0, 0]).shape == (28, 28)
    finally:
        torch.set_default_dtype(torch.float32)


def test_distances_and_means_of_bad_things_are_refused(monkeypatch):
    x = torch.rand(3, 8, 8)
    for a, b in ((x, x[:0]), (x[:0], x), (x, x[:, :4])):
        with pytest.raises(ValueError, match="images and reference images of one size"):
            nearest_distance(a, b)
    with pytest.raises(ValueError, match="3 NaN|192 NaN"):
        nearest_distance(x, x * math.nan)
    assert torch.equal(nearest_distance(x.numpy(), datasets.Split(x.double(), [0, 1, 2])), torch.zeros(3))
    whole, sizes = nearest_distance(x, x + 0.1), []
    monkeypatch.setattr(evaluation, "FLOATS_AT_ONCE", 3)
    monkeypatch.setattr(torch, "cdist", lambda a, b, run=torch.cdist: sizes.append(len(a)) or run(a, b))
    torch.testing.assert_close(nearest_distance(x, x + 0.1), whole)
    assert sizes == [1, 1, 1]
    with pytest.raises(ValueError, match="at least two values"):
        estimate(torch.ones(1))


def test_one_image_or_broken_weights_have_no_active_units():
    with pytest.raises(ValueError, match="at least two images, so that a variance exists, got 1"):
        active_units(VAE(), torch.rand(1, 8, 8))
    vae = VAE()
    vae.encoder[0].weight.data.fill_(math.nan)
    with pytest.raises(ValueError, match="the encoder puts out numbers that are not finite"):
        active_units(vae, torch.rand(3, 8, 8))
    for function in (evaluate, evaluate_bound):
        with pytest.raises(ValueError, match="the model puts out numbers that are not finite"):
            function(vae, torch.rand(3, 8, 8))


def test_active_units_are_those_that_move():
    vae = VAE((2, 3), 3, ())
    vae.encoder[0].weight.data[:3] = torch.tensor([[0.0], [0.5], [-0.5]])
    assert active_units(vae, images(100)).tolist() == [False, True, True]


@pytest.mark.parametrize("grey", [True, False])
def test_numbers_are_labelled(grey):
    x = torch.rand(5, 8, 8)
    label = evaluate(VAE(), x if grey else x.round()).label
    assert ("cross-entropy" in label) == grey and ("log-likelihood of black-or-white" in label) != grey


def test_bad_input_is_refused():
    for arguments, message in [
        ({"images": torch.rand(1, 8, 8)}, "at least two images"),
        ({"images": torch.rand(5, 8, 8) * 255}, "divide by 255"),
        ({"images": torch.rand(5, 8, 8), "n_samples": 0}, "n_samples must be"),
    ]:
        for function in (evaluate, evaluate_bound):
            with pytest.raises(ValueError, match=message):
                function(VAE(), **arguments)


def test_nearest_distance_against_scipy():
    a, b = torch.rand(5, 2, 3, dtype=torch.float64), torch.rand(40, 2, 3, dtype=torch.float64)
    exact, _ = KDTree(b.flatten(1).numpy()).query(a.flatten(1).numpy())
    np.testing.assert_allclose(nearest_distance(a, b), exact)


def test_grid_blames_rounding_where_rounding_it_is(monkeypatch):
    """At 28 × 28 pixels float32 is off by some 1e-4 nats, whatever the step."""
    vae = pretrained.load("mnist_vae_2d")
    x = (vae.mean_image(torch.tensor([[0.5, 0.5]])) > 0.5).float()
    monkeypatch.setattr(evaluation, "LEAST_TOLERANCE", 1e-9)
    monkeypatch.setattr(evaluation, "LAST_STEP", 1 / 256)
    with pytest.raises(RuntimeError, match="float32 gives no more here, so raise tolerance"):
        log_evidence_grid(vae, x, tolerance=1e-9)

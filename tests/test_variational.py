"""Gaussian variational inference against closed forms, quadrature and exact posteriors."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from vae_helpers.divergences import kl_full
from vae_helpers.inference.per_image import Gaussians, elbo_at, encoded, fit_gaussians, joint_of
from vae_helpers.inference.variational import gauss_hermite, gaussian_elbo, gaussian_vi
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.objectives import elbo
from vae_helpers.toy import CurvedToy, LinearGaussian


def test_gaussian_elbo_equals_closed_form_and_is_a_lower_bound():
    """For N(m, s²) the ELBO is -KL(q‖N(m, s²)); torch.distributions knows that KL."""
    target, mu, sigma = Normal(0.7, 1.3), torch.tensor(0.1).double(), torch.tensor(0.6).double()
    exact = -kl_divergence(Normal(mu, sigma), target)
    assert gaussian_elbo(target.log_prob, mu, sigma).item() == pytest.approx(exact.item(), abs=1e-7)
    toy = CurvedToy(0.25)
    bound = gaussian_elbo(lambda z: toy.log_joint(1.0, z), mu, sigma)
    assert bound < toy.log_evidence(1.0)
    few = gaussian_elbo(
        lambda z: toy.log_joint(1.0, z), mu, sigma, n_points=3
    )  # the log-joint is a polynomial of degree 4: three points are exact
    assert few.item() == pytest.approx(bound.item(), rel=1e-10)


def test_gaussian_vi_is_exact_where_the_posterior_is_gaussian():
    model = LinearGaussian(torch.tensor([[1.0], [0.5]]), torch.zeros(2), 0.4)
    x = torch.tensor([0.8, -1.0], dtype=torch.float64)
    fit = gaussian_vi(lambda z: model.log_joint(x, z[:, None]))
    posterior = model.posterior(x[None])
    assert fit.mu.item() == pytest.approx(posterior.mean.item(), abs=1e-6)
    assert fit.sigma.item() == pytest.approx(posterior.covariance_matrix.sqrt().item(), abs=1e-6)
    assert fit.elbo.item() == pytest.approx(model.log_evidence(x).item(), abs=1e-9)


def test_gaussian_vi_in_two_dimensions_has_the_precision_matrix_s_diagonal():
    """Mean-field VI on N(m, Λ⁻¹) gives variances 1/Λ_ii (Bishop 2006, section 10.1.2)."""
    target = MultivariateNormal(torch.tensor([1.0, -2.0]).double(), torch.tensor([[1.0, 0.8], [0.8, 2.0]]).double())
    fit = gaussian_vi(target.log_prob, torch.zeros(2), torch.ones(2))
    assert torch.allclose(fit.mu, target.mean, atol=1e-6)
    assert torch.allclose(fit.sigma, target.precision_matrix.diagonal().rsqrt(), atol=1e-6)
    assert fit.elbo < 0


def test_gaussian_vi_finds_the_best_gaussian_on_the_curved_toy():
    """A fine grid over (mu, sigma), with the ELBO integrated by SciPy's normal weights, finds nothing better."""
    toy = CurvedToy(0.25)
    fit = gaussian_vi(lambda z: toy.log_joint(1.0, z), mu=1.0)
    z = torch.linspace(-8, 8, 4_001, dtype=torch.float64)
    joint = toy.log_joint(1.0, z)

    def elbo(mu, sigma):
        q = torch.from_numpy(stats.norm.pdf(z.numpy(), mu, sigma))
        return torch.trapezoid(q * joint, z).item() + stats.norm.entropy(mu, sigma)

    best = max(elbo(mu, sigma) for mu in torch.linspace(-2.5, 2.5, 51).tolist() for sigma in torch.linspace(0.05, 1.5, 59).tolist())
    assert elbo(fit.mu.item(), fit.sigma.item()) == pytest.approx(fit.elbo.item(), abs=1e-8)
    assert best <= fit.elbo.item() + 1e-9
    assert fit.elbo.item() - best < 0.02


def test_gaussian_vi_refuses_bad_input():
    normal = Normal(0.0, 1.0).log_prob
    for mu, sigma in ((0.0, 0.0), (torch.zeros(2), torch.ones(())), (torch.zeros(3), torch.ones(3))):
        with pytest.raises(ValueError, match="sigma > 0"):
            gaussian_vi(normal, mu, sigma)


# ---------------------------------------------------------------- many at once


@pytest.fixture
def linear():
    """A linear-Gaussian model of three latents, whose posteriors are correlated, and five observations."""
    generator = torch.Generator().manual_seed(0)
    model = LinearGaussian(torch.randn(6, 3, dtype=torch.float64, generator=generator), torch.ones(6), 0.4)
    return model, model.sample(5, generator)[1]


def from_the_prior(batch, L):
    return Gaussians(torch.zeros(batch, L, dtype=torch.float64), torch.eye(L, dtype=torch.float64).expand(batch, L, L).clone())


def last(path):
    return Gaussians(path.mu[-1], path.scale[-1])


def test_gauss_hermite_integrates_polynomials_under_the_normal():
    eps, weights = gauss_hermite(4, 2)
    assert eps.shape == (16, 2) and weights.sum().item() == pytest.approx(1)
    assert (weights * eps[:, 0] ** 6).sum().item() == pytest.approx(15)
    assert (weights * eps[:, 0] ** 2 * eps[:, 1] ** 4).sum().item() == pytest.approx(3)


def test_elbo_at_of_the_posterior_is_the_evidence_at_every_single_point(linear):
    model, x = linear
    posterior = model.posterior(x)
    q = Gaussians(posterior.mean, torch.linalg.cholesky(posterior.covariance_matrix))
    eps = torch.randn(1, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(elbo_at(lambda z: model.log_joint(x, z), q, eps), model.log_evidence(x), atol=1e-10)
    assert torch.allclose(q.sd, posterior.covariance_matrix.diagonal(dim1=1, dim2=2).sqrt())


def test_elbo_at_by_quadrature_is_evidence_minus_kl(linear):
    """log p(x) − KL(q‖posterior), for q's with full covariance; the integrand is a polynomial of degree two."""
    model, x = linear
    generator = torch.Generator().manual_seed(2)
    scale = torch.tril(torch.randn(5, 3, 3, dtype=torch.float64, generator=generator), -1) + torch.diag_embed(torch.tensor([0.3, 0.7, 1.2]))
    q = Gaussians(torch.randn(5, 3, dtype=torch.float64, generator=generator), scale)
    posterior = model.posterior(x)
    exact = model.log_evidence(x) - kl_full(q.mu, q.scale @ q.scale.mT, posterior.mean, posterior.covariance_matrix)
    eps, weights = gauss_hermite(3, 3)
    assert torch.allclose(elbo_at(lambda z: model.log_joint(x, z), q, eps[:, None], weights), exact, atol=1e-9)


@pytest.mark.parametrize("full", [False, True])
def test_fit_gaussians_finds_the_best_of_its_family(linear, full):
    """Full: the posterior itself. Diagonal: its mean, and the reciprocals of the precisions (Bishop 2006, section 10.1.2)."""
    model, x = linear
    posterior = model.posterior(x)
    path = fit_gaussians(lambda z: model.log_joint(x, z), from_the_prior(5, 3), 400, full=full, points=gauss_hermite(3, 3))
    assert path.mu.shape == (401, 5, 3) and path.scale.shape == (401, 5, 3, 3)
    q = last(path)
    assert torch.allclose(q.mu, posterior.mean, atol=1e-4)
    covariance = posterior.covariance_matrix if full else torch.diag_embed(1 / posterior.precision_matrix.diagonal(dim1=1, dim2=2))
    assert torch.allclose(q.scale @ q.scale.mT, covariance, atol=1e-4)
    assert torch.equal(path.mu[0], torch.zeros(5, 3, dtype=torch.float64))


def test_fit_gaussians_with_fresh_draws_comes_near_and_is_reproducible(linear):
    model, x = linear
    fits = [
        last(fit_gaussians(lambda z: model.log_joint(x, z), from_the_prior(5, 3), 400, True, generator=torch.Generator().manual_seed(3)))
        for _ in range(2)
    ]
    assert torch.equal(fits[0].scale, fits[1].scale)
    posterior = model.posterior(x)
    exact = posterior.mean, posterior.covariance_matrix
    start = from_the_prior(5, 3)
    assert (kl_full(start.mu, start.scale, *exact) > 2).all()
    assert (kl_full(fits[0].mu, fits[0].scale @ fits[0].scale.mT, *exact) < 0.05).all()  # what 400 steps of 8 draws each leave


def test_images_do_not_disturb_each_other(linear):
    """The path of one observation is the same alone and among others."""
    model, x = linear
    points = gauss_hermite(3, 3)
    together = fit_gaussians(lambda z: model.log_joint(x, z), from_the_prior(5, 3), 20, points=points)
    alone = fit_gaussians(lambda z: model.log_joint(x[2:3], z), from_the_prior(1, 3), 20, points=points)
    assert torch.allclose(together.mu[:, 2], alone.mu[:, 0], atol=1e-12)


def test_a_step_has_the_size_of_the_rate_in_units_of_the_start(linear):
    model, x = linear
    start = from_the_prior(5, 3)
    start = Gaussians(start.mu, start.scale * torch.tensor([0.5, 1.0, 2.0])[:, None])
    path = fit_gaussians(lambda z: model.log_joint(x, z), start, 1, lr=0.1, decay=False, points=gauss_hermite(3, 3))
    moved = (path.mu[1] - path.mu[0]).abs()
    assert torch.allclose(moved, 0.1 * torch.tensor([0.5, 1.0, 2.0]).double().expand(5, 3), rtol=1e-3)  # Adam's first step is its rate


def test_a_vae_s_own_numbers():
    """encoded and joint_of are the model's distributions; the ELBO of the encoder's q is objectives.elbo's."""
    vae, x = VAE((4, 4), 3, (8,), seed=0), (torch.rand(6, 4, 4, generator=torch.Generator().manual_seed(4)) > 0.5).float()
    q, log_joint = encoded(vae, x), joint_of(vae, x)
    distribution = vae.encode(x)
    assert torch.allclose(q.mu, distribution.mean.double()) and torch.allclose(q.sd, distribution.stddev.double())
    z = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(5))
    expected = vae.prior.log_prob(z) + vae.decode(z).log_prob(x.flatten(1))
    assert torch.allclose(log_joint(z.double()), expected.double(), atol=1e-4)
    eps, weights = gauss_hermite(9, 3)
    value = elbo(vae, x, n_samples=20_000, generator=torch.Generator().manual_seed(6))[0]
    assert torch.allclose(elbo_at(log_joint, q, eps[:, None], weights), value.double(), atol=0.05)


def test_a_diagonal_fit_of_a_vae_beats_its_untrained_encoder_and_stays_diagonal():
    vae, x = VAE((4, 4), 2, (8,), seed=1), torch.ones(3, 4, 4)
    points = gauss_hermite(5, 2)
    q, log_joint = encoded(vae, x), joint_of(vae, x)
    fitted = last(fit_gaussians(log_joint, q, 200, points=points))
    value = lambda q: elbo_at(log_joint, q, points[0][:, None], points[1])  # noqa: E731
    assert (value(fitted) > value(q)).all()
    assert torch.equal(fitted.scale, torch.diag_embed(fitted.scale.diagonal(dim1=1, dim2=2)))
    assert all(parameter.grad is None for parameter in vae.parameters())


def test_inputs_of_every_kind():
    vae, x = VAE(seed=0), torch.rand(3, 8, 8)
    q, log_joint = encoded(vae, x.double().numpy()), joint_of(vae, x)
    same = [
        fit_gaussians(log_joint, q, n_steps, points=points, generator=torch.Generator().manual_seed(0)).mu
        for n_steps, points in ((2, 3), (np.int64(2), np.int64(3)))
    ]
    assert torch.equal(*same)
    with pytest.raises(ValueError, match="n_steps must be a whole number from 1 on, got 2.0"):
        fit_gaussians(log_joint, q, 2.0)
    with pytest.raises(ValueError, match="n_points must be a whole number"):
        gauss_hermite(5.0, 2)
    for function in (encoded, joint_of):
        with pytest.raises(TypeError, match="expected a model of class VAE, got Autoencoder"):
            function(Autoencoder(), x)

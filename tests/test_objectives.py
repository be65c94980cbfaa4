import numpy as np
import pytest
import torch
from linear_vae import SIGMA, images, linear_vae

from vae_helpers.models import VAE, Autoencoder
from vae_helpers.objectives import elbo, elbo_surrogate, importance_weighted_bound, squared_error


def test_with_the_exact_posterior_the_bound_is_the_evidence():
    vae, log_evidence = linear_vae()
    x = images()
    for n_samples in (1, 7):
        # sampled KL: log p(x, z) − log q(z|x) is log p(x) whatever z is
        np.testing.assert_allclose(elbo(vae, x, n_samples, kl="sampled").elbo.detach(), log_evidence(x), atol=1e-4)
        np.testing.assert_allclose(importance_weighted_bound(vae, x, n_samples).detach(), log_evidence(x), atol=1e-4)


def test_closed_form_elbo_is_the_gaussian_expectation():
    # For a linear decoder E_q[log p(x|z)] has a closed form: −½ Σ_d [log 2πσ² + ((x − Wμ − b)² + Σ_l W² σ_l²) / σ²]
    vae, _ = linear_vae(exact=False)
    x = images(3)
    terms = elbo(vae, x, n_samples=40_000, generator=torch.Generator().manual_seed(0))
    q, weight = vae.encode(x), vae.decoder[0].weight
    residual = (x.flatten(1) - vae.decoder(q.mean)).square() + q.variance @ weight.square().T
    exact = -0.5 * (np.log(2 * np.pi * SIGMA**2) + residual / SIGMA**2).sum(-1)
    torch.testing.assert_close(terms.reconstruction, exact, atol=0.05, rtol=0)
    prior = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(terms.kl, torch.distributions.kl_divergence(q.base_dist, prior).sum(-1))
    torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)


def test_chain_elbo_below_bound_below_evidence():
    vae, log_evidence = linear_vae(exact=False)
    x = images().repeat(1000, 1, 1)
    bounds = [importance_weighted_bound(vae, x, k).double() for k in (1, 2, 8)]
    gaps = [b - a for a, b in zip(bounds, bounds[1:], strict=False)] + [torch.from_numpy(log_evidence(x)) - bounds[-1]]
    for gap in gaps:
        assert gap.mean() > 5 * gap.std() / len(gap) ** 0.5


def test_gradient_reaches_encoder_and_decoder():
    vae = VAE(seed=0)
    (-elbo(vae, torch.rand(4, 8, 8)).elbo.mean()).backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in vae.parameters())


def test_beta_weighs_the_kl_only():
    vae = VAE(seed=0)
    terms = elbo(vae, torch.rand(4, 8, 8), beta=3.0)
    torch.testing.assert_close(terms.elbo, terms.reconstruction - 3 * terms.kl)


def test_the_generator_decides_the_noise():
    vae, x = VAE(seed=0), torch.rand(4, 8, 8)
    a, b, c = (elbo(vae, x, generator=torch.Generator().manual_seed(s)).elbo for s in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_squared_error_is_a_sum_over_pixels():
    ae, x = Autoencoder(seed=0), torch.rand(4, 8, 8)
    torch.testing.assert_close(squared_error(ae, x), ((x - ae.decode(ae.encode(x))) ** 2).sum((1, 2)))


@pytest.mark.parametrize("form", [lambda x: x.numpy(), lambda x: x.double(), lambda x: x.unsqueeze(1), lambda x: x.tolist()])
def test_images_of_every_form_give_the_same_numbers(form):
    vae, ae, x = VAE(seed=0), Autoencoder(seed=0), torch.rand(4, 8, 8)
    for function in (elbo, importance_weighted_bound):
        a, b = (function(vae, images, np.int64(3), generator=torch.Generator().manual_seed(0)) for images in (x, form(x)))
        assert torch.equal(torch.stack(tuple(a)), torch.stack(tuple(b)))
    assert torch.equal(squared_error(ae, x), squared_error(ae, form(x)))


def test_an_autoencoder_has_no_bound():
    for function in (elbo, importance_weighted_bound, elbo_surrogate):
        with pytest.raises(TypeError, match="expected a model of class VAE, got Autoencoder: an autoencoder has objectives.squared_error"):
            function(Autoencoder(), torch.rand(2, 8, 8))
    with pytest.raises(TypeError, match="expected a model of class Autoencoder, got VAE"):
        squared_error(VAE(), torch.rand(2, 8, 8))


def test_a_seed_in_the_place_of_a_generator_is_named():
    with pytest.raises(TypeError, match=r"generator must be a torch.Generator, such as runtime.generator\(3\), got 3"):
        elbo(VAE(), torch.rand(2, 8, 8), generator=3)


def test_a_gaussian_takes_real_valued_images():
    assert elbo(VAE(likelihood="gaussian"), 3 * torch.randn(4, 8, 8)).elbo.isfinite().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda vae, x: elbo(vae, x, n_samples=0), "n_samples must be a whole number from 1 on, got 0"),
        (lambda vae, x: importance_weighted_bound(vae, x, n_samples=0), "n_samples must be"),
        (lambda vae, x: elbo(vae, x, beta=-1.0), "beta must be a number from 0 on, got -1.0"),
        (lambda vae, x: elbo(vae, x, beta=float("nan")), "beta must be"),
        (lambda vae, x: elbo(vae, x, kl="exact"), "unknown kl 'exact'"),
        (lambda vae, x: elbo(vae, 255 * x), "divide by 255"),
        (lambda vae, x: importance_weighted_bound(vae, 16 * x), "divide by 16"),
        (lambda vae, x: elbo_surrogate(vae, 255 * x), "divide by 255"),
        (lambda vae, x: squared_error(Autoencoder(), x - 1), "rescale"),
        (lambda vae, x: elbo(vae, x[:0]), "at least one image"),
        (lambda vae, x: elbo_surrogate(vae, x, baseline="leave_one_out"), "pathwise takes baseline None here, got 'leave_one_out'"),
        (lambda vae, x: elbo_surrogate(vae, x, "score_function", 2, "optimal"), "score_function takes baseline .*, got 'optimal'"),
        (lambda vae, x: elbo_surrogate(vae, x, "score_function", 2, "batch_mean"), "got 'batch_mean'"),
        (lambda vae, x: elbo_surrogate(vae, x, "score_function", 2, 3.0), "got 3.0"),
        (lambda vae, x: elbo_surrogate(vae, x, "score_function", 1, "leave_one_out"), "n_samples of at least 2"),
        (lambda vae, x: elbo_surrogate(vae, x, "reinforce"), "unknown estimator"),
        (lambda vae, x: elbo(vae, x, kl=None), "unknown kl None"),
    ],
)
def test_bad_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(VAE(), torch.rand(2, 8, 8))

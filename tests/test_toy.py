"""The toy models against independent truth: SciPy's adaptive quadrature and densities, and published closed forms."""

import math

import pytest
import torch
from scipy import integrate, stats
from sklearn.datasets import load_digits

from vae_helpers.toy import CurvedToy, LinearGaussian


def quad_moments(x: float, s: float) -> tuple[float, float, float]:
    """log p(x), posterior mean and sd of the curved toy by SciPy alone, with break points around the roots of f(z) = x."""
    root = math.sqrt(max(1 / 16 + 2 * x, 0))
    width = s / math.sqrt(s**2 + 1 / 16 + 2 * abs(x))
    breaks = [-12.0, 12.0] + [centre + k * width for centre in (-0.25 - root, -0.25 + root) for k in range(-40, 41, 4)]
    breaks = sorted(b for b in breaks if abs(b) <= 12)
    joint = lambda z: stats.norm.logpdf(z) + stats.norm.logpdf(x, z * z / 2 + z / 4, s)  # noqa: E731
    top = max(joint(b) for b in breaks)

    def moment(power):
        parts = [
            integrate.quad(lambda z: z**power * math.exp(joint(z) - top), a, b, epsabs=1e-13, epsrel=1e-11)[0]
            for a, b in zip(breaks, breaks[1:], strict=False)
        ]
        return sum(parts)

    total, first, second = moment(0), moment(1), moment(2)
    mean = first / total
    return math.log(total) + top, mean, math.sqrt(second / total - mean**2)


@pytest.mark.parametrize("s", [0.02, 0.25, 1.0])
@pytest.mark.parametrize("x", [-1.0, -0.03125, 0.2, 1.0, 4.0])
def test_evidence_and_posterior_equal_scipys_quadrature(x, s):
    toy = CurvedToy(s)
    log_evidence, mean, sd = quad_moments(x, s)
    exact, posterior = toy.integrate(x), toy.posterior(x)
    assert exact.error < 1e-11
    assert exact.log_evidence.item() == pytest.approx(log_evidence, rel=1e-9, abs=1e-9)
    assert posterior.mean == pytest.approx(mean, abs=1e-7)
    assert posterior.sd == pytest.approx(sd, abs=1e-6)


def test_error_estimate_covers_a_rule_that_is_too_coarse(monkeypatch):
    """With a grid a tenth as fine, the estimate must own up to the error it makes."""
    toy, fine = CurvedToy(0.1), CurvedToy(0.1).log_evidence(1.0)
    grid = toy._grid

    def coarse_grid(x):
        low, step, n = grid(x)
        return low, 12 * step, 2 * (n // 24) + 1

    monkeypatch.setattr(toy, "_grid", coarse_grid)
    coarse = toy.integrate(1.0)
    assert abs(coarse.log_evidence - fine) > 1e-9
    assert coarse.error >= abs(coarse.log_evidence - fine)


def test_batches_and_many_observations_agree_with_single_ones(monkeypatch):
    toy, x = CurvedToy(0.25), torch.linspace(-1, 4, 12, dtype=torch.float64).reshape(3, 4)
    monkeypatch.setattr("vae_helpers.toy._AT_ONCE", 5_000)  # several chunks
    together = toy.log_evidence(x)
    assert together.shape == (3, 4)
    alone = torch.stack([toy.log_evidence(value) for value in x.reshape(-1)]).reshape(3, 4)
    assert torch.allclose(together, alone, atol=1e-12)


def test_evidence_is_a_density_of_x():
    toy = CurvedToy(0.25)
    x = torch.linspace(-3, 40, 8_001, dtype=torch.float64)
    assert torch.trapezoid(toy.log_evidence(x).exp(), x).item() == pytest.approx(1, abs=1e-6)


def test_one_mode_below_the_turn_and_two_above():
    toy = CurvedToy(0.25)
    low, high = toy.posterior(-0.5), toy.posterior(1.0)
    assert len(low.modes) == 1 and len(high.modes) == 2
    grid = high.grid
    density = high.density(grid)
    peaks = grid[1:-1][(density[1:-1] > density[:-2]) & (density[1:-1] > density[2:])]
    assert torch.allclose(peaks, high.modes, atol=0.02)
    assert high.density(high.modes[1]) > high.density(high.modes[0])
    assert torch.trapezoid(density, grid).item() == pytest.approx(1, abs=1e-10)


def test_samples_follow_the_joint():
    toy = CurvedToy(0.5)
    z, x = toy.sample(200_000, torch.Generator().manual_seed(1))
    assert z.dtype == x.dtype == torch.float64
    exact_mean, exact_variance = 0.5, 0.5 + 1 / 16 + 0.25  # of f(z) = z²/2 + z/4, z ~ N(0, 1), plus s²
    assert abs(x.mean() - exact_mean) < 5 * x.std() / len(x) ** 0.5
    fourth = ((x - x.mean()) ** 4).mean()
    assert abs(x.var() - exact_variance) < 5 * ((fourth - x.var() ** 2) / len(x)).sqrt()


@pytest.mark.parametrize("s", [0, -1.0, float("nan"), float("inf")])
def test_bad_noise_is_refused(s):
    with pytest.raises(ValueError, match="standard deviation"):
        CurvedToy(s)


def test_bad_observations_are_refused():
    toy = CurvedToy()
    for call in (toy.log_evidence, toy.posterior, lambda x: toy.log_joint(x, 0.0)):
        with pytest.raises(ValueError, match="finite"):
            call(float("nan"))
    with pytest.raises(ValueError, match="one observation"):
        toy.posterior(torch.zeros(3))
    with pytest.raises(ValueError, match="smaller"):
        CurvedToy(1e-3).log_evidence(1e6)


# --- LinearGaussian


def random_model(D: int, L: int, seed: int = 0) -> LinearGaussian:
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(D, L, generator=generator, dtype=torch.float64)
    return LinearGaussian(W, torch.randn(D, generator=generator, dtype=torch.float64), 0.3)


@pytest.mark.parametrize("D, L", [(1, 1), (5, 2), (3, 6)])
def test_evidence_equals_scipys_gaussian(D, L):
    model = random_model(D, L)
    _, x = model.sample(7, torch.Generator().manual_seed(1))
    covariance = (model.W @ model.W.T + model.sigma2 * torch.eye(D, dtype=torch.float64)).numpy()
    expected = stats.multivariate_normal(model.b.numpy(), covariance).logpdf(x.numpy()).reshape(7)
    assert torch.allclose(model.log_evidence(x), torch.from_numpy(expected), rtol=1e-9)
    assert model.mean_log_likelihood(x).item() == pytest.approx(expected.mean(), rel=1e-9)


def test_evidence_and_posterior_equal_quadrature_in_one_dimension():
    model = random_model(3, 1)
    _, x = model.sample(1, torch.Generator().manual_seed(2))
    joint = lambda z: model.log_joint(x[0], torch.tensor([z], dtype=torch.float64)).exp().item()  # noqa: E731
    total = integrate.quad(joint, -8, 8, points=[-1, 0, 1], epsabs=1e-12, epsrel=1e-10)[0]
    assert model.log_evidence(x).item() == pytest.approx(math.log(total), abs=1e-8)
    posterior = model.posterior(x)
    for z in (-1.0, 0.3, 1.2):
        assert posterior.log_prob(torch.tensor([[z]], dtype=torch.float64)).exp().item() == pytest.approx(joint(z) / total, rel=1e-7)


def test_linear_samples_have_the_evidence_s_moments():
    model = random_model(3, 2)
    z, x = model.sample(200_000, torch.Generator().manual_seed(6))
    noise = x - z @ model.W.T - model.b
    for products, exact in (
        (z[:, :, None] * z[:, None], torch.eye(2)),
        (noise[:, :, None] * noise[:, None], 0.3 * torch.eye(3)),
        (noise[:, :, None] * z[:, None], torch.zeros(3, 2)),
        (x, model.b),
    ):
        assert ((products.mean(0) - exact).abs() < 5 * products.std(0) / len(x) ** 0.5).all()


def test_bayes_rule_holds_in_several_dimensions():
    model = random_model(5, 3)
    z, x = model.sample(6, torch.Generator().manual_seed(3))
    posterior = model.posterior(x)
    assert posterior.batch_shape == (6,) and posterior.event_shape == (3,)
    assert torch.allclose(posterior.log_prob(z) + model.log_evidence(x), model.log_joint(x, z), rtol=1e-10)


@pytest.mark.parametrize(
    "L, expected, sigma2",
    [(1, -3.7485, 0.063403), (2, 0.0057, 0.054117), (5, 8.9076, 0.036197), (10, 17.4519, 0.022751), (20, 27.2773, 0.011274)],
)
def test_maximum_likelihood_on_digits_equals_recorded_values(L, expected, sigma2):
    x = torch.from_numpy(load_digits().data) / 16
    model = LinearGaussian.maximum_likelihood(x, L)
    assert model.mean_log_likelihood(x).item() == pytest.approx(expected, abs=1e-4)
    assert model.sigma2.item() == pytest.approx(sigma2, abs=1e-6)


def test_maximum_likelihood_is_a_maximum():
    _, x = random_model(4, 2).sample(500, torch.Generator().manual_seed(4))
    best = LinearGaussian.maximum_likelihood(x, 2)
    W, b, log_sigma2 = (v.clone().requires_grad_() for v in (best.W, best.b, best.sigma2.log()))
    LinearGaussian(W, b, log_sigma2.exp()).mean_log_likelihood(x).backward()
    assert max(v.grad.abs().max() for v in (W, b, log_sigma2)) < 1e-9
    generator = torch.Generator().manual_seed(5)
    top = best.mean_log_likelihood(x)
    for _ in range(20):
        other = LinearGaussian(best.W + 0.1 * torch.randn(4, 2, generator=generator), best.b, best.sigma2 * 1.1)
        assert other.mean_log_likelihood(x) < top


def test_bad_linear_models_are_refused():
    W, b = torch.ones(3, 2), torch.zeros(3)
    for sigma2 in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="positive"):
            LinearGaussian(W, b, sigma2)
    with pytest.raises(ValueError, match=r"\(D, L\)"):
        LinearGaussian(W, torch.zeros(2), 1.0)
    with pytest.raises(ValueError, match="must end in D = 3"):
        LinearGaussian(W, b, 1.0).log_evidence(torch.zeros(5, 2))
    with pytest.raises(ValueError, match="finite"):
        LinearGaussian(W, b, 1.0).posterior(torch.full((1, 3), float("nan")))
    for data, L in ((torch.randn(10, 3), 3), (torch.randn(10, 3), 0), (torch.randn(10), 1)):
        with pytest.raises(ValueError, match="1 <= L < D"):
            LinearGaussian.maximum_likelihood(data, L)
    with pytest.raises(ValueError, match="L must be a whole number from 0 on, got 2.0"):
        LinearGaussian.maximum_likelihood(torch.randn(10, 3), 2.0)
    with pytest.raises(ValueError, match="n must be a whole number from 0 on, got -1"):
        CurvedToy().sample(-1)
    with pytest.raises(ValueError, match="sigma2 would be 0"):
        LinearGaussian.maximum_likelihood(torch.ones(10, 3), 1)

import math

import numpy as np
import pytest
import torch
from scipy import stats

from vae_helpers import likelihoods
from vae_helpers.likelihoods import Bernoulli, Categorical, Gaussian

G = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(3, 5, generator=G, dtype=torch.float64)
X = torch.rand(3, 5, generator=G, dtype=torch.float64)


def test_bernoulli_against_scipy():
    x = (X > 0.5).double()
    exact = stats.bernoulli.logpmf(x.numpy(), 1 / (1 + np.exp(-OUTPUTS.numpy()))).sum(-1)
    np.testing.assert_allclose(Bernoulli()(OUTPUTS).log_prob(x), exact)


def test_bernoulli_does_not_overflow():
    log_prob = Bernoulli()(torch.tensor([[200.0, -200.0]])).log_prob(torch.tensor([[1.0, 1.0]]))
    assert log_prob.item() == pytest.approx(-200)


@pytest.mark.parametrize("sigma", [0.3, 2, "shared", "pixel"])
def test_gaussian_against_scipy(sigma):
    likelihood = Gaussian(sigma).double()
    outputs = torch.cat([OUTPUTS, OUTPUTS.flip(0)], -1) if sigma == "pixel" else OUTPUTS
    scale = {"shared": 1.0, "pixel": np.exp(OUTPUTS.flip(0).numpy() / 2)}.get(sigma, sigma)
    exact = stats.norm.logpdf(X.numpy(), OUTPUTS.numpy(), scale).sum(-1)
    np.testing.assert_allclose(likelihood(outputs).log_prob(X).detach(), exact)


def test_categorical_against_scipy():
    likelihood = Categorical(levels=4)
    outputs = torch.randn(3, 20, generator=G, dtype=torch.float64)
    levels = torch.randint(0, 4, (3, 5), generator=G)
    p = torch.softmax(outputs.unflatten(-1, (5, 4)), -1).numpy()
    exact = [sum(stats.multinomial.logpmf(np.eye(4)[k], 1, p[i, d]) for d, k in enumerate(row)) for i, row in enumerate(levels.tolist())]
    np.testing.assert_allclose(likelihood(outputs).log_prob(levels / 3), exact)
    np.testing.assert_allclose(likelihood(outputs).mean, p @ [0, 1 / 3, 2 / 3, 1])


def test_categorical_samples_have_the_right_frequencies():
    p = likelihoods.PixelLevels(torch.tensor([[0.7, 0.2, 0.1]]).log())
    draws = p.sample((20_000,))
    shares = torch.stack([(draws == value).float().mean() for value in p.values])
    assert draws.shape == (20_000, 1)
    assert ((shares - torch.tensor([0.7, 0.2, 0.1])).abs() < 5 * (0.7 * 0.3 / 20_000) ** 0.5).all()


@pytest.mark.parametrize(
    "likelihood", [Bernoulli(), Gaussian(0.3), Gaussian("shared"), Gaussian("pixel"), Categorical(3)], ids=lambda p: str(p.config)
)
def test_table_holds_every_pair(likelihood):
    outputs = torch.randn(4, 6 * likelihood.n_outputs, generator=G)
    x = torch.randint(0, 3, (7, 6), generator=G) / 2
    table = likelihood.log_prob_table(outputs, x)
    pairs = torch.stack([likelihood(outputs[i : i + 1].expand(7, -1)).log_prob(x) for i in range(4)])
    torch.testing.assert_close(table.float(), pairs, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(likelihood.log_prob(outputs, x[:4]), likelihood(outputs).log_prob(x[:4]))


def test_grey_pixels_are_said_once(monkeypatch, capsys):
    monkeypatch.setattr(Bernoulli, "_said", False)
    Bernoulli().remark((X > 0.5).float())
    assert capsys.readouterr().out == ""
    Bernoulli().remark(X)
    Bernoulli().remark(X)
    assert capsys.readouterr().out.count("cross-entropy, not a log-likelihood") == 1


def test_gaussian_pixels_may_be_any_finite_numbers():
    Gaussian().check(torch.tensor([[-3.0, 250.0]]))
    with pytest.raises(ValueError, match="expected finite pixels, got infinity"):
        Gaussian().check(torch.tensor([[1.0, math.inf]]))


def test_two_models_do_not_share_a_likelihood():
    mine = Gaussian("shared")
    a, b = likelihoods.make(mine), likelihoods.make(mine)
    assert a is not b and a.logvar is not b.logvar and a.logvar is not mine.logvar


def test_pixels_between_levels_are_refused():
    Categorical(5).check(torch.tensor([[0.25, 1.0]]))
    with pytest.raises(ValueError, match="expected pixels on 5 levels"):
        Categorical(5).check(torch.tensor([[0.3, 1.0]]))


@pytest.mark.parametrize(
    "make",
    [lambda: Gaussian(0), lambda: Gaussian(-1.0), lambda: Gaussian("own"), lambda: Categorical(1), lambda: likelihoods.make("poisson")],
)
def test_unknown_names_and_sizes_are_refused(make):
    with pytest.raises(ValueError, match="must be|expected one of"):
        make()

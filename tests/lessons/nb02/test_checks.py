"""What the checks of notebook 02 take for known, found by another way."""

import pytest
import torch
from torch.distributions import Normal

from vae_helpers.exercises import CORRECT, WRONG, grade
from vae_helpers.inference.variational import gaussian_vi
from vae_helpers.toy import CurvedToy


def test_a_draw_from_q_is_worth_a_hundred_from_the_prior():
    """Exercise 2.6: V = E_q[(p(x, z)/q(z))²]/p(x)² − 1 for both, by quadrature; and the error itself, by simulation."""
    toy, z = CurvedToy(0.25), torch.linspace(-6, 6, 4001, dtype=torch.float64)
    fit = gaussian_vi(lambda z: toy.log_joint(-0.3, z), mu=0.0, sigma=0.5)
    g, V, errors = torch.Generator().manual_seed(0), [], []
    for mu, sigma in ((fit.mu, fit.sigma), (0.0, 1.0)):
        log_p = toy.log_joint(-0.3, z) - toy.log_evidence(-0.3)
        V.append(torch.trapezoid((2 * log_p - Normal(mu, sigma).log_prob(z)).exp(), z).item() - 1)
        drawn = mu + sigma * torch.randn(2_000, 100, generator=g, dtype=torch.float64)
        weights = (toy.log_joint(-0.3, drawn) - Normal(mu, sigma).log_prob(drawn) - toy.log_evidence(-0.3)).exp()
        errors.append({n: weights.reshape(-1, n).mean(1).log().square().mean().item() for n in (1, 2, 100)})
    from_q, from_prior = errors
    assert 10_000 * V[0] / V[1] == pytest.approx(104.5, abs=0.5)
    assert 10_000 * from_q[100] / from_prior[100] == pytest.approx(104.5, rel=0.2)
    assert from_q[2] < from_prior[100] < from_q[1] == pytest.approx(0.15**2, rel=0.1)  # as the solution says of one draw and two
    assert grade("2.6", 100).status == CORRECT and grade("2.6", 50).status == WRONG

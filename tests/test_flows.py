"""Flows: determinants against autograd's Jacobian, inverses, densities against quadrature, and what is refused."""

import pytest
import torch
from torch.distributions import Independent, Normal

from vae_helpers import flows

KINDS = ("planar", "coupling", "inverse autoregressive")
INVERTIBLE = KINDS[1:]


def shaken(kind: str, latent_dim: int, context_dim: int = 0, depth: int = 3, seed: int = 0, size: float = 0.7) -> flows.Chain:
    """A chain far from its start, in float64."""
    torch.manual_seed(seed)
    flow = flows.make(kind, depth, latent_dim, context_dim, hidden=8).double()
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(size * torch.randn_like(p))
    return flow


@pytest.mark.parametrize("context_dim", [0, 3])
@pytest.mark.parametrize(("kind", "latent_dim"), [(kind, L) for kind in KINDS for L in (1, 2, 5) if kind != "coupling" or L > 1])
def test_log_determinant_is_that_of_autograds_jacobian(kind, latent_dim, context_dim):
    for seed in range(3):
        flow = shaken(kind, latent_dim, context_dim, seed=seed)
        z = 2 * torch.randn(4, latent_dim, dtype=torch.float64)
        context = torch.randn(4, context_dim, dtype=torch.float64) if context_dim else None
        _, log_det = flow(z, context)
        for i in range(4):
            own = None if context is None else context[i]
            jacobian = torch.autograd.functional.jacobian(lambda point, own=own, flow=flow: flow(point, own)[0], z[i])
            assert torch.linalg.slogdet(jacobian).logabsdet == pytest.approx(log_det[i].item(), abs=1e-8)
            assert torch.linalg.det(jacobian) > 0  # it turns nothing inside out


@pytest.mark.parametrize("context_dim", [0, 3])
@pytest.mark.parametrize("kind", INVERTIBLE)
def test_the_inverse_brings_every_point_back(kind, context_dim):
    flow = shaken(kind, 5, context_dim, depth=4)
    z = 3 * torch.randn(6, 7, 5, dtype=torch.float64)
    context = torch.randn(7, context_dim, dtype=torch.float64) if context_dim else None  # one for each of the batch, shared by the samples
    moved, _ = flow(z, context)
    assert (moved - z).abs().max() > 0.5  # it does move
    torch.testing.assert_close(flow.inverse(moved, context), z, atol=1e-8, rtol=0)


def test_a_planar_flow_can_be_undone_whatever_its_numbers():
    """Along w the map is increasing: û·w > −1 (Rezende & Mohamed 2015, appendix A.1)."""
    torch.manual_seed(1)
    u, w = 5 * torch.randn(1000, 3, dtype=torch.float64), 5 * torch.randn(1000, 3, dtype=torch.float64)
    b = torch.randn(1000, dtype=torch.float64)
    t = torch.linspace(-3, 3, 50, dtype=torch.float64)
    z = t[:, None, None] * w / w.norm(dim=-1, keepdim=True)  # (50, 1000, 3)
    moved, log_det = flows.planar(z, u, w, b)
    along = (moved * w).sum(-1) / w.norm(dim=-1)
    assert (along.diff(dim=0) > 0).all() and log_det.isfinite().all()


def test_planar_leaves_a_fold_that_is_legal_nearly_alone():
    """û − u lies along w, and u·w is only moved as far as softplus moves it."""
    u, w = torch.tensor([0.3, 4.0]).double(), torch.tensor([2.0, 0.0]).double()
    z = torch.tensor([[10.0, 0.0]]).double()  # tanh = 1 there: the step is û
    step = (flows.planar(z, u, w, torch.zeros(1).double())[0] - z)[0]
    assert step[1] == pytest.approx(4.0)
    assert step[0] * 2 == pytest.approx(torch.log1p((torch.e - 1) * torch.tensor(0.6).double().exp()).item() - 1)


@pytest.mark.parametrize("kind", INVERTIBLE)
def test_the_density_is_one_and_is_that_of_the_samples(kind):
    """Over a plane, by quadrature: the mass is 1, and the mean of z is that of the draws."""
    flow = shaken(kind, 2, depth=2, size=0.4)
    mu, logvar = torch.tensor([[0.3, -0.5]]).double(), torch.tensor([[-1.0, 0.4]]).double()
    with torch.no_grad():
        axis = torch.linspace(-12, 12, 601, dtype=torch.float64)
        plane = torch.cartesian_prod(axis, axis)
        back = flow.inverse(plane)
        density = (Independent(Normal(mu[0], (logvar[0] / 2).exp()), 1).log_prob(back) - flow(back)[1]).exp() * (axis[1] - axis[0]) ** 2
        assert density.sum().item() == pytest.approx(1, abs=1e-4)
        z, log_q = flows.sample(flow, mu, logvar, 50_000, generator=torch.Generator().manual_seed(0))
    assert z.shape == (50_000, 1, 2) and log_q.shape == (50_000, 1)
    assert ((z[:, 0].mean(0) - density @ plane).abs() < 5 * z[:, 0].std(0) / 50_000**0.5).all()


def test_the_density_of_planar_draws_is_their_density():
    """E_q[p/q] = 1 for a density p that is narrower than q."""
    flow = shaken("planar", 2, depth=2, size=0.4)
    mu, logvar = torch.tensor([[0.3, -0.5]]).double(), torch.tensor([[-1.0, 0.4]]).double()
    with torch.no_grad():
        z, log_q = (part[:, 0] for part in flows.sample(flow, mu, logvar, 100_000, generator=torch.Generator().manual_seed(0)))
    ratio = (Independent(Normal(z.median(0).values, 0.3 * z.std(0)), 1).log_prob(z) - log_q).exp()
    error = ratio.std() / len(ratio) ** 0.5
    assert abs(ratio.mean() - 1) < 5 * error and error < 0.02


@pytest.mark.parametrize("kind", INVERTIBLE)
def test_log_q_is_the_base_density_at_the_point_gone_back_less_the_log_determinant(kind):
    flow = shaken(kind, 3)
    mu, logvar = torch.randn(4, 3).double(), torch.randn(4, 3).double()
    z, log_q = flows.sample(flow, mu, logvar, 6)
    back = flow.inverse(z)
    base = Independent(Normal(mu, (logvar / 2).exp()), 1).log_prob(back)
    torch.testing.assert_close(log_q, base - flow(back)[1], atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_flow_is_near_the_identity(kind):
    torch.manual_seed(0)
    z = torch.randn(50, 4)
    moved, log_det = flows.make(kind, 1, 4)(z)
    if kind == "inverse autoregressive":  # a gate of sigmoid(2): it shrinks
        z, log_det = torch.sigmoid(torch.tensor(2.0)) * z, log_det - 4 * torch.nn.functional.logsigmoid(torch.tensor(2.0))
    assert (moved - z).abs().max() < 0.02 and log_det.abs().max() < 0.02


def test_the_autoregressive_network_looks_back_only():
    flow = shaken("inverse autoregressive", 5, depth=1)
    jacobian = torch.autograd.functional.jacobian(lambda z: flow(z)[0], torch.randn(5, dtype=torch.float64))
    assert (jacobian.triu(1) == 0).all() and (jacobian.tril(-1).abs() > 1e-6).sum() == 10  # and it uses all that it may see
    flipped = flows.InverseAutoregressive(5, hidden=8, flipped=True).double()
    flipped.last.weight.data.normal_()
    jacobian = torch.autograd.functional.jacobian(lambda z: flipped(z)[0], torch.randn(5, dtype=torch.float64))
    assert (jacobian.tril(-1) == 0).all() and (jacobian.triu(1).abs() > 1e-6).sum() == 10


def test_two_couplings_move_every_number():
    flow = shaken("coupling", 3, depth=2)
    z = torch.randn(10, 3, dtype=torch.float64)
    assert ((flow(z)[0] - z).abs() > 1e-6).all()
    once, _ = flow.flows[0](z)
    assert torch.equal(once[:, :1], z[:, :1])


def test_an_empty_chain_is_the_identity():
    z = torch.randn(4, 2)
    moved, log_det = flows.Chain()(z)
    assert torch.equal(moved, z) and torch.equal(log_det, torch.zeros(4))


def test_every_weight_learns():
    for kind in KINDS:
        flow = shaken(kind, 3, context_dim=2)
        z, log_det = flow(torch.randn(20, 3).double(), torch.randn(20, 2).double())
        (z.square().sum() + log_det.sum()).backward()
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in flow.parameters()), kind


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flows.Coupling(1), "two halves"),
        (lambda: flows.Planar(0), "latent_dim must be a whole number from 1 on, got 0"),
        (lambda: flows.make("spline", 2, 2), "unknown flow 'spline'"),
        (lambda: flows.Chain([flows.Planar(2), flows.Planar(3)]), "one latent_dim"),
        (lambda: flows.Planar(2)(torch.zeros(4, 3)), r"expected z of shape \(..., 2\), got \(4, 3\)"),
        (lambda: flows.Planar(2, 3)(torch.zeros(4, 2)), "a context of shape .*, 3.*got none"),
        (lambda: flows.Coupling(2)(torch.zeros(4, 2), torch.zeros(4, 1)), r"a context of shape .*, 0.*got \(4, 1\)"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_planar_chain_says_that_it_cannot_go_back():
    with pytest.raises(TypeError, match="Planar has no inverse in closed form: use Coupling"):
        flows.make("planar", 2, 2).inverse(torch.zeros(4, 2))

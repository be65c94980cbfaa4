"""The experiments of notebook 11: the doubly reparameterized gradient is unbiased, every place can be changed, and sums are sums."""

import math

import codebook
import four_ideas
import pytest
import told_the_digit
import torch
import torch.nn.functional as F
from flow_gaps import fitted

from vae_helpers import datasets
from vae_helpers.evaluation import log_evidence_grid
from vae_helpers.models import VAE
from vae_helpers.objectives import importance_weighted_bound

X = datasets.load("digits").binarized(0).test.images.flatten(1)


def test_the_plain_objective_is_the_packages_bound():
    model = four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=3)
    value = four_ideas.objective(model, X[:20], "iwae", 7, torch.Generator().manual_seed(1))
    packaged = importance_weighted_bound(model.vae, X[:20], 7, torch.Generator().manual_seed(1)).mean()
    assert value.item() == pytest.approx(packaged.item(), abs=1e-4)
    by_grid, mass = four_ideas.on_grid(model, X[:20])
    assert mass == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(by_grid.double(), log_evidence_grid(model.vae, X[:20]).log_evidence, atol=2e-3, rtol=0)


@pytest.mark.parametrize("n_samples", [1, 2, 8])
def test_the_doubly_reparameterized_gradient_is_unbiased(n_samples):
    """Its mean over many draws is that of the plain gradient, in every one of forty random directions of encoder and decoder."""
    model = four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=1)
    four_ideas.train(model, datasets.load("digits").train.images, "iwae", 1, 60, 3e-3, seed=1)  # so that q and posterior differ
    weights, x = list(model.vae.parameters()), X[:8]
    directions = torch.randn(40, sum(w.numel() for w in weights), generator=torch.Generator().manual_seed(2))
    means, errors = [], []
    for kind in ("iwae", "dreg"):
        g, found = torch.Generator().manual_seed(3), []
        for _ in range(300):
            parts = torch.autograd.grad(four_ideas.objective(model, x, kind, n_samples, g), weights)
            found.append(directions @ torch.cat([part.flatten() for part in parts]))
        found = torch.stack(found).double()
        means.append(found.mean(0))
        errors.append(found.var(0) / len(found))
    assert ((means[0] - means[1]).abs() < 5 * (errors[0] + errors[1]).sqrt()).all()
    assert (errors[1].mean() < errors[0].mean()) or n_samples == 1


def test_without_the_second_share_it_would_be_biased():
    """The test above can fail: the encoder's part weighed once is off by many errors."""
    model = four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=1)
    x, weights = X[:8].repeat(50, 1), list(model.vae.encoder.parameters())
    found = {kind: [] for kind in ("iwae", "once")}
    for kind, rows in found.items():
        g = torch.Generator().manual_seed(4)
        for _ in range(40):
            log_w, _ = model.log_weights(x, 8, g, stop=kind == "once")
            value = log_w.logsumexp(0).mean() if kind == "iwae" else (log_w.detach().softmax(0) * log_w).sum(0).mean()
            rows.append(torch.cat([part.flatten() for part in torch.autograd.grad(value, weights)]))
    a, b = (torch.stack(rows).double() for rows in found.values())
    direction = b.mean(0)
    a, b = a @ direction, b @ direction
    assert (b.mean() - a.mean()).abs() > 10 * (a.var() / 40 + b.var() / 40).sqrt()


@pytest.mark.parametrize(
    "places",
    [
        {"objective": "dreg", "n_samples": 3},
        {"posterior": "planar"},
        {"posterior": "coupling"},
        {"posterior": "inverse autoregressive"},
        {"prior": "mixture"},
        {"prior": "vamp"},
        {"network": "conv"},
    ],
)
def test_every_place_can_be_changed_and_the_start_is_the_same(places, monkeypatch):
    monkeypatch.setattr(four_ideas, "STEPS", {"digits": 3, "mnist": 3})
    places = four_ideas.PLAIN | places
    found = four_ideas.digits(0, **places)
    assert found["elbo"] < found["bound_50"] < found["log_evidence"] + 0.1
    if places["network"] == "mlp":
        changed = four_ideas.Model("digits", 2, places["posterior"], places["prior"], "mlp", seed=0)
        same = VAE((8, 8), 2, (128,), seed=0)
        assert all(torch.equal(a, b) for a, b in zip(changed.vae.parameters(), same.parameters(), strict=True))


def test_a_vamp_prior_is_the_mean_of_q_at_its_images():
    model = four_ideas.Model("digits", 2, "gaussian", "vamp", "mlp", seed=0)
    z = torch.randn(6, 2)
    with torch.no_grad():
        q = model.vae.encode(model.pseudo.sigmoid())
        by_hand = torch.stack([q.log_prob(point) for point in z]).logsumexp(1) - math.log(20)
        torch.testing.assert_close(model.log_prior(z), by_hand, atol=1e-4, rtol=1e-4)


def test_the_mismatch_of_the_prior_with_itself_is_nothing():
    """A VampPrior whose images are all images of the aggregate."""
    model = four_ideas.Model("digits", 2, "gaussian", "vamp", "mlp", seed=0)
    few = X[:20]
    with torch.no_grad():
        model.pseudo.copy_(12 * few - 6)
        sharp = model.pseudo.sigmoid()
    assert abs(four_ideas.mismatch(model, sharp, per_image=200)) < 1e-4
    plain = four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=0)
    assert four_ideas.mismatch(plain, sharp, per_image=200) > 1e-3


def test_told_the_digit_everything_else_is_the_plain_vaes(monkeypatch):
    monkeypatch.setitem(told_the_digit.STEPS, "digits", 3)
    seen, plain = [], four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=4)
    told = told_the_digit.Told(seed=4)
    assert all(
        torch.equal(getattr(told.vae, part)[k].weight, getattr(plain.vae, part)[k].weight)
        for part in ("encoder", "decoder")
        for k in (0, 2)
    )
    monkeypatch.setattr(datasets, "binarize", lambda images, g, real=datasets.binarize: seen.append(real(images, g)) or seen[-1])
    images, labels = datasets.load("digits").train.images, datasets.load("digits").train.labels
    for model, told_labels in ((plain, None), (told, labels)):
        four_ideas.train(model, images, "iwae", 1, 3, 1e-2, seed=4, labels=told_labels)
    assert all(torch.equal(a, b) for a, b in zip(seen[:3], seen[3:], strict=True))
    found = told_the_digit.run(4)
    assert found["elbo"] < found["log_given"] and found["log_evidence"] > found["log_given"] + math.log(0.05) and 0 < found["right"] < 1


def test_log_p_given_the_digit_is_the_weights_mean():
    told = told_the_digit.Told(seed=2)
    told.labels = torch.full((4,), 7)
    with torch.no_grad():
        log_w, _ = told.log_weights(X[:4], 4_000, torch.Generator().manual_seed(5))
    by_grid = told_the_digit.log_p_given(told.vae, X[:4], 7)
    torch.testing.assert_close(log_w.logsumexp(0) - math.log(4_000), by_grid, atol=0.02, rtol=0)
    assert (told_the_digit.log_p_given(told.vae, X[:4], 8) - by_grid).abs().min() > 1e-4  # and the digit matters


def test_richer_families_leave_less_of_the_gap():
    model = four_ideas.Model("digits", 2, "gaussian", "standard", "mlp", seed=1)
    four_ideas.train(model, datasets.load("digits").train.images, "iwae", 1, 300, 1e-2, seed=1)
    model.requires_grad_(False)
    x = X[:10]
    exact = four_ideas.on_grid(model, x)[0]
    gaps = [(exact - fitted(model.vae, x, depth, full, seed=0, steps=200)).mean() for depth, full in ((0, False), (0, True), (4, False))]
    assert -0.02 < gaps[1] < gaps[0] + 0.01 and -0.02 < gaps[2] < gaps[0] + 0.01


def test_enumeration_is_the_sum_over_all_codes():
    torch.manual_seed(0)
    model = codebook.Quantizer(64, 16, tokens=2, g=torch.Generator().manual_seed(0))
    prior, x = codebook.CodePrior(2), X[:4]
    with torch.no_grad():
        every = [torch.tensor([[a, b]]) for a in range(16) for b in range(16)]
        assert sum(prior(k).exp().item() for k in every) == pytest.approx(1, abs=1e-4)
        terms = [prior(k) + model.log_likelihood(k.expand(4, 2), x) for k in every]
        torch.testing.assert_close(codebook.by_enumeration(model, prior, x, 2), torch.stack(terms).logsumexp(0), atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("cure", codebook.CURES)
def test_every_cure_runs_and_the_price_is_a_code_length(cure, monkeypatch):
    monkeypatch.setattr(codebook, "STEPS", {"digits": 20})
    monkeypatch.setattr(codebook, "fit_prior", lambda model, images, tokens, g: codebook.CodePrior(tokens))
    found = codebook.run("digits", 2, cure, seed=0)
    assert found["elbo"] <= found["log_evidence"] and 1 <= found["used"] <= 16
    assert found["elbo"] == pytest.approx(found["reconstruction"] - found["bits"] * math.log(2), abs=2e-3)


def test_straight_through_hands_the_encoder_the_decoders_gradient():
    vectors, entries = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4)
    through = vectors + (entries - vectors).detach()
    assert torch.allclose(through, entries, atol=1e-6)
    F.mse_loss(through, torch.zeros(3, 4), reduction="sum").backward()
    torch.testing.assert_close(vectors.grad, 2 * entries)

"""The chart: prices against the linear VAE, where they are known, and each illness against a model that has it."""

import math

import clinic as experiment
import pytest
import torch
from linear_vae import SIGMA, images, linear_vae
from matplotlib.figure import Figure

from vae_helpers import clinic, datasets
from vae_helpers.clinic import measuring
from vae_helpers.conditional import ConditionalVAE
from vae_helpers.divergences import kl_standard_normal
from vae_helpers.lessons.nb10 import patients
from vae_helpers.models import VAE
from vae_helpers.training import History

DIGITS = datasets.load("digits")


def weighted(beta: float) -> VAE:
    """The linear VAE with the q that is best for R − β KL: the posterior of a model whose noise is β σ²."""
    vae, _ = linear_vae()
    W, b = vae.decoder[0].weight.detach(), vae.decoder[0].bias.detach()
    precision = 1 + W.square().sum(0) / (beta * SIGMA**2)
    to_mu = (W / (beta * SIGMA**2) / precision).T
    with torch.no_grad():
        vae.encoder[0].weight.copy_(torch.cat([to_mu, torch.zeros_like(to_mu)]))
        vae.encoder[0].bias.copy_(torch.cat([-to_mu @ b, -precision.log()]))
    return vae


@pytest.mark.parametrize("beta", [0.2, 1.0, 2.0, 7.0])
def test_a_nat_costs_what_it_cost_in_training(beta):
    vae, x = weighted(beta), images(200).flatten(1)
    mu, logvar = (t.detach() for t in vae.mu_logvar(x))
    eps = torch.randn(2000, *mu.shape, generator=torch.Generator().manual_seed(1))
    eps = torch.cat([eps, -eps])
    reconstruction, (by_noise, by_mean) = measuring.price_of_a_nat(vae, x, mu, logvar, eps)
    assert by_noise == pytest.approx(beta, rel=0.02)
    assert by_mean == pytest.approx(beta, rel=0.01)
    exact = -((x - vae.decoder(mu)) ** 2).sum(1) - (logvar.exp() * vae.decoder[0].weight.square().sum(0)).sum(1)
    exact = exact / (2 * SIGMA**2) - 3 * math.log(2 * math.pi * SIGMA**2)
    torch.testing.assert_close(reconstruction, exact.detach(), atol=0.25, rtol=0.0)


def test_an_empty_code_has_no_price():
    vae = VAE((8, 8), 2, (8,), seed=0)
    with torch.no_grad():
        vae.encoder[-1].weight.zero_(), vae.encoder[-1].bias.zero_()
    found = clinic.chart(vae, DIGITS.test.images.round())
    assert all(map(math.isnan, found.price)) and found.first == "encoder cut off or β too large" and found.kl.mean == 0


def admitted(illness: str) -> clinic.Chart:
    vae = VAE((8, 8), latent_dim=3, hidden=(32,), seed=11)
    history = patients.train(vae, DIGITS.train.images, illness, epochs=25, seed=11)
    return clinic.chart(vae, datasets.binarize(DIGITS.train.images, torch.Generator().manual_seed(0)), history)


@pytest.fixture(scope="module")
def healthy() -> clinic.Chart:
    return admitted("")


def test_no_alarm_for_the_healthy(healthy):
    assert healthy.first == clinic.NOTHING and not any(sign.illness for sign in healthy.signs)
    assert healthy.elbo.mean == pytest.approx(healthy.reconstruction.mean - healthy.kl.mean, abs=1e-4)
    assert healthy.kl_each.sum() == pytest.approx(healthy.kl.mean, abs=1e-4)
    assert healthy.elbo.mean < healthy.bound.mean + 1 and healthy.at_mean.mean > healthy.reconstruction.mean


@pytest.mark.parametrize("illness", [*patients.ILLNESSES, "σ² used as σ"])
def test_each_illness_is_named_first(illness):
    found = admitted(illness)
    assert found.first == illness and found.advice == clinic.ILLNESSES[illness]
    assert f"Look first at: {illness}." in str(found) and "→" in str(found)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_any_vae_of_the_package_is_examined(network, likelihood):
    vae = VAE((8, 8), 3, (16,), likelihood, network, seed=0)
    found = clinic.chart(vae, DIGITS.test.images.round(), n_samples=200)
    with torch.no_grad():
        kl = kl_standard_normal(*vae.mu_logvar(DIGITS.test.images.round())).mean().item()
    assert found.kl.mean == pytest.approx(kl, rel=1e-5) and found.first in clinic.ILLNESSES and clinic.draw(Figure(), found).axes


def test_a_conditional_vae_is_asked_with_its_labels():
    x, y, g = DIGITS.train.images.round(), DIGITS.train.labels, torch.Generator().manual_seed(0)
    vae = ConditionalVAE((8, 8), 3, (32,), seed=0)
    optimizer = torch.optim.Adam(vae.parameters(), lr=5e-3)
    for _ in range(600):
        rows = torch.randint(len(x), (100,), generator=g)
        mu, logvar = vae.mu_logvar(x[rows], y[rows])
        z = mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=g)
        loss = 2 * kl_standard_normal(mu, logvar) - vae.likelihood.log_prob(vae.outputs(z, y[rows]), x[rows].flatten(1))
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
    found = clinic.chart(vae, x, labels=y)
    with torch.no_grad():
        mu, logvar = vae.mu_logvar(x, y)
        at_mean = vae.likelihood.log_prob(vae.outputs(mu, y), x.flatten(1)).mean().item()
        pictures = vae.mean_image(mu[:10], y[:10])
    assert found.kl.mean == pytest.approx(kl_standard_normal(mu, logvar).mean().item(), rel=1e-4)
    assert found.at_mean.mean == pytest.approx(at_mean, rel=1e-4)
    torch.testing.assert_close(found.pictures["rebuilt"], pictures)
    assert found.first == "lost ½" and found.price == pytest.approx((2, 2), rel=0.15)  # the KL weighed two
    shuffled = clinic.chart(vae, x, labels=y.roll(1))
    assert shuffled.elbo.mean < found.elbo.mean - 1
    with pytest.raises(ValueError, match=r"expected labels of shape \(1438,\), got none"):
        clinic.chart(vae, x)
    with pytest.raises(ValueError, match="labels are for a ConditionalVAE"):
        clinic.chart(VAE((8, 8), 2), x, labels=y)


def test_what_has_no_price_is_a_dash():
    vae = VAE((8, 8), 2, (8,), seed=0)
    with torch.no_grad():
        vae.encoder[-1].weight.zero_(), vae.encoder[-1].bias.zero_()
    found = clinic.chart(vae, DIGITS.test.images.round())
    figure = clinic.draw(Figure(), found)
    assert "nan" not in str(found) and not any("nan" in text.get_text() for text in figure.axes[-1].texts)
    assert {sign.name: sign.value for sign in found.signs}["a nat of KL costs (by noise; by μ)"] == "–; – nats"


def test_a_shuffled_target_leaves_an_empty_code():
    """Input and target (or label) in another order: nothing that q says helps."""
    vae, g = VAE((8, 8), 3, (32,), seed=0), torch.Generator().manual_seed(0)
    optimizer, x = torch.optim.Adam(vae.parameters(), lr=5e-3), DIGITS.train.images.round().flatten(1)
    for _ in range(600):
        batch = x[torch.randint(len(x), (100,), generator=g)]
        mu, logvar = vae.mu_logvar(batch)
        z = mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=g)
        optimizer.zero_grad()
        (kl_standard_normal(mu, logvar) - vae.likelihood.log_prob(vae.outputs(z), batch.roll(1, 0))).mean().backward()
        optimizer.step()
    found = clinic.chart(vae, x)
    assert found.first == "encoder cut off or β too large" and "own target" in found.advice


def charted(vae=None, images=None, history=None, **changes) -> str:
    vae = vae or VAE((8, 8), 2, (16,), seed=0)
    return clinic.chart(vae, DIGITS.test.images.round() if images is None else images, history, **changes).first


@pytest.mark.parametrize("images", [(255 * DIGITS.test.images).round().byte(), (16 * DIGITS.test.images).int(), 2 * DIGITS.test.images - 1])
def test_any_pixels_can_be_examined_and_those_out_of_range_are_named(images):
    for likelihood in ("bernoulli", "gaussian_pixel", "categorical"):
        found = clinic.chart(VAE((8, 8), 2, (8,), likelihood, seed=0), images)
        if likelihood != "gaussian_pixel" or images.min() >= 0:  # a Gaussian takes pixels from −1 to 1
            assert found.first == "pixels out of range"
        assert math.isfinite(found.elbo.mean)


@pytest.mark.parametrize(
    "images", [torch.full((3, 8, 8), math.nan), torch.zeros(3, 8, 8), DIGITS.test.images[:2].numpy(), [[0.5] * 64] * 2]
)
def test_strange_images_break_nothing(images):
    for likelihood in ("bernoulli", "gaussian"):
        found = clinic.chart(VAE((8, 8), 40, (8,), likelihood, seed=0).double(), images)
        assert found.first in clinic.ILLNESSES and clinic.draw(Figure(), found).axes


def test_grey_images_under_a_bernoulli_are_binarized_as_training_did_it():
    vae = VAE((8, 8), 2, (16,), seed=0)
    assert clinic.chart(vae, DIGITS.test.images).pictures["images"].unique().tolist() == [0.0, 1.0]
    grey, _ = measuring.examined(vae, DIGITS.test.images, None, 0)
    with torch.no_grad():
        kl = [measuring._kl(*vae.mu_logvar(x)).sum(-1).mean().item() for x in (DIGITS.test.images, grey)]
    for logged in kl:
        x, _ = measuring.examined(vae, DIGITS.test.images, History([0.0], [0.0], [logged]), 0)
        assert (x.unique().numel() > 2) == (logged == kl[0])


@pytest.mark.parametrize("factor", [255, 1 / 255])
def test_pixels_come_first(factor):
    assert charted(images=DIGITS.test.images.round() * factor, history=History([-1.0], [-1.0], [-5.0])) == "pixels out of range"


def test_what_is_no_number_is_said_and_breaks_nothing():
    vae = VAE((8, 8), 2, (16,), seed=0)
    with torch.no_grad():
        vae.encoder[-1].bias[0] = math.nan
    assert charted(vae) == "not a number"
    assert charted(history=History([-30.0, math.nan], [-30.0, math.nan], [0.0, 0.0])) == "not a number"


def test_a_log_that_still_rises():
    rising = History([-60.0 + k for k in range(30)], [-60.0 + k for k in range(30)], [0.0] * 30)
    signs = {sign.name: sign for sign in clinic.chart(VAE((8, 8), 2, (16,), seed=0), DIGITS.test.images.round(), rising).signs}
    assert signs["ELBO, last tenth − the one before"].illness == "still rising"


def test_a_sigma_that_is_not_the_residuals():
    vae = VAE((8, 8), 2, (16,), "gaussian", seed=0)
    found = clinic.chart(vae, DIGITS.test.images)
    sign = next(sign for sign in found.signs if sign.name.startswith("σ /"))
    assert sign.illness == "σ is not the residual's" and float(sign.value) > 1.4


def test_every_name_has_its_advice_and_every_patient_a_name():
    assert set(patients.ILLNESSES) <= set(clinic.ILLNESSES) and sorted(patients.WARD.values()) == list(range(10))
    with pytest.raises(ValueError, match="letter of a patient"):
        patients.admit("K", DIGITS.train.images)


def test_the_chart_names_every_patient():
    for letter, place in patients.WARD.items():
        assert clinic.chart(*patients.admit(letter, DIGITS.train.images)).first == patients.ILLNESSES[place]


@pytest.mark.parametrize("letter", ["A", "G"])
def test_the_patients_that_ship_are_those_that_their_experiment_makes(letter):
    vae, history, (kept, images, log) = *experiment.patient(letter), patients.admit(letter, DIGITS.train.images)
    for a, b in ((history.elbo, log.elbo), (history.reconstruction, log.reconstruction), (history.kl, log.kl)):
        assert a == pytest.approx(b, abs=0.5)  # on another processor sums are rounded otherwise
    with torch.no_grad():
        codes = [model.mu_logvar(images)[0].square().sum(-1).mean() for model in (vae, kept)]
    assert codes[0].item() == pytest.approx(codes[1].item(), rel=0.2)


def test_images_that_cannot_be_examined():
    with pytest.raises(ValueError, match="at least two images"):
        clinic.chart(VAE((8, 8), 2), DIGITS.test.images[:1])
    with pytest.raises(ValueError, match="expected images of shape"):
        clinic.chart(VAE((8, 8), 2), torch.rand(3, 9, 9))


def test_the_figure_shows_the_numbers_and_keeps_the_verdict_back(healthy):
    figures = [clinic.draw(Figure(figsize=(11, 6.5)), healthy, verdict) for verdict in (True, False)]
    texts = [{text.get_text() for text in figure.axes[-1].texts} for figure in figures]
    assert f"{healthy.elbo.mean:.2f}, {healthy.bound.mean:.2f} nats".replace("-", "−") in texts[0] & texts[1]
    assert "speaks for" in texts[0] and "speaks for" not in texts[1]
    log = figures[0].axes[0]
    figures[0].draw_without_rendering()
    assert log.get_legend().get_window_extent().y0 > log.transData.transform((1, max(healthy.history.kl)))[1]
    bars = [bar.get_height() for bar in figures[0].axes[1].patches]
    assert bars == pytest.approx(healthy.kl_each.sort(descending=True).values.tolist())

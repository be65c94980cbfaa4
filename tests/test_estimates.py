"""`Estimates` without a browser: its draws, moments and errors against closed forms, quadrature and torch. The hand is in lessons/nb06."""

import math

import numpy as np
import pytest
import torch
import traitlets
from node import in_node, needs_node
from torch.distributions import Normal

from vae_helpers.gradient_variance import variance_by_quadrature
from vae_helpers.gradients import pathwise, score_function
from vae_helpers.widgets import Estimates
from vae_helpers.widgets.estimates import BINS, FUNCTIONS, noise

PLACES = [(-1.2, 0.4), (1.0, 1.7), (0.3, 3.0)]
CASES = [(name, *place) for name in FUNCTIONS for place in PLACES]
BROWSER = """
import { FUNCTIONS, estimates, exact, histogram, running, summary } from "estimates.js";
import { gaussianStream } from "bound.js";
const draw = (f, mu, sigma, n, seed) => {
  const next = gaussianStream(seed);
  return estimates(FUNCTIONS[f], mu, sigma, Array.from({ length: n }, next)).map((row) => Array.from(row)); // as JSON has it
};
"""


def gradient(name: str, mu: float, sigma: float) -> float:
    """The exact μ-gradient by its closed form, (6.1), (6.11) and (6.12) of the page."""
    if name.startswith("cos"):
        k = 4 if "4" in name else 1
        return -k * math.exp(-(k**2) * sigma**2 / 2) * math.sin(k * mu)
    a = 1 + 2 * sigma**2
    return -2 * mu / a * math.exp(-(mu**2) / a) / math.sqrt(a) if name.startswith("exp") else 2 * (mu - 3)


@needs_node
def test_the_browser_draws_what_python_draws(tmp_path):
    found = in_node(tmp_path, BROWSER + "tell(given.map(([f, mu, sigma]) => draw(f, mu, sigma, 500, 4294967295)));", CASES)
    for (name, mu, sigma), rows in zip(CASES, found, strict=True):
        view = Estimates(function=name, mu=mu, sigma=sigma, count=500, seed=2**32 - 1)
        assert list(view.estimates) == ["score function", "pathwise"]
        for row, own in zip(rows, view.estimates.values(), strict=True):
            assert row == pytest.approx(own.tolist(), rel=1e-9, abs=1e-9)


def test_an_estimate_is_height_times_score_or_slope():
    """By torch's own derivatives of log q and of f."""
    for name, mu, sigma in CASES:
        m, eps = torch.full((50,), mu, dtype=torch.float64, requires_grad=True), torch.from_numpy(noise(3, 50))
        z = m + sigma * eps
        value = FUNCTIONS[name][0](z)
        (slope,) = torch.autograd.grad(value.sum(), m)
        (score,) = torch.autograd.grad(Normal(m, sigma).log_prob(z.detach()).sum(), m)
        found = Estimates(function=name, mu=mu, sigma=sigma, count=50, seed=3).estimates
        torch.testing.assert_close(found["score function"], value.detach() * score)
        torch.testing.assert_close(found["pathwise"], slope)


@needs_node
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_exact_moments_are_those_of_another_quadrature_and_of_the_closed_forms(tmp_path, name):
    script = BROWSER + "tell(given.map(([f, mu, sigma]) => exact(FUNCTIONS[f], mu, sigma)));"
    for (mu, sigma), found in zip(PLACES, in_node(tmp_path, script, [(name, *place) for place in PLACES]), strict=True):
        truth = gradient(name, mu, sigma)
        assert found["means"] == pytest.approx([truth, truth], rel=1e-9, abs=1e-9)
        moments = [variance_by_quadrature(e, lambda z: FUNCTIONS[name][0](z).sum(-1), mu, sigma) for e in (score_function, pathwise)]
        variances = [each.variance.mu.item() for each in moments]
        assert found["variances"] == pytest.approx(variances, rel=1e-8)
        assert Estimates(function=name, mu=mu, sigma=sigma).exact == pytest.approx((truth, *variances), rel=1e-8, abs=1e-9)
        if name == "(z − 3)²":  # (6.14) and (6.13)
            d = mu - 3
            assert variances == pytest.approx([d**4 / sigma**2 + 14 * d**2 + 15 * sigma**2, 4 * sigma**2])


@needs_node
def test_averages_and_ratio_come_to_the_truth_within_their_errors(tmp_path):
    script = (
        BROWSER + "tell(given.map(([f, mu, sigma]) => [summary(draw(f, mu, sigma, 10000, 7)), exact(FUNCTIONS[f], mu, sigma).variances]));"
    )
    for (name, mu, sigma), (found, variances) in zip(CASES, in_node(tmp_path, script, CASES), strict=True):
        for average in found["averages"]:
            assert abs(average["mean"] - gradient(name, mu, sigma)) < 5 * average["error"], (name, mu, sigma)
        assert abs(found["ratio"] - variances[0] / variances[1]) < 5 * found["error"], (name, mu, sigma)


@needs_node
@pytest.mark.parametrize("case", [("(z − 3)²", 1.0, 1.7), ("cos 4z", -1.2, 0.4)])
def test_the_error_of_the_ratio_is_its_spread_over_seeds(tmp_path, case):
    script = BROWSER + "tell(Array.from({ length: 400 }, (_, seed) => summary(draw(...given, 3000, seed))));"
    found = in_node(tmp_path, script, case)
    ratios, errors = (np.array([each[key] for each in found]) for key in ("ratio", "error"))
    assert ratios.std() == pytest.approx(errors.mean(), rel=0.25)  # a spread over 400 is known to 4 %, more for tails this heavy


@needs_node
def test_running_averages_and_histograms_count_each_draw(tmp_path):
    script = (
        BROWSER
        + """
    const rows = draw("exp(−z²)", 0.3, 0.4, 1000, 1);
    tell(rows.map((row) => ({ row, path: running(row, [1, 2, 10, 1000]), ...histogram(row, 0.6) })));"""
    )
    for found in in_node(tmp_path, script):
        row = np.array(found["row"])
        for point in found["path"]:
            first = row[: point["n"]]
            assert point["mean"] == pytest.approx(first.mean())
            assert point["n"] == 1 or point["error"] == pytest.approx(first.std(ddof=1) / len(first) ** 0.5)
        assert found["bins"] == np.histogram(row, BINS, (-0.6, 0.6))[0].tolist()
        assert found["outside"] == (abs(row) > 0.6).sum() > 0


def test_the_ratios_that_notebook_06_names():
    for name, ratio in (("(z − 3)²", 21.75), ("(z − 3)² + 10", 81.75), ("cos 4z", 1 / 16)):
        _, score, path = Estimates(function=name).exact
        assert score / path == pytest.approx(ratio, rel=1e-5)


def test_the_picture_follows_what_is_shown():
    view = Estimates()
    pictures = [view.picture()]
    for name, value in (("count", 1), ("count", 1000), ("sigma", 0.4), ("mu", 2.0), ("function", "cos 4z"), ("seed", 1)):
        setattr(view, name, value)
        pictures.append(view.picture())
    assert pictures[0] == pictures[2], "where nothing was drawn yet it shows a thousand draws"
    assert len(set(pictures)) == 6


def test_what_it_refuses():
    for name, value in (("mu", 5.0), ("sigma", 0.1), ("sigma", math.nan)):
        with pytest.raises(ValueError, match=f"Expected {name} from "):
            Estimates(**{name: value})
    for name, value in (("function", "tan z"), ("count", 10_001), ("seed", -1)):
        with pytest.raises(traitlets.TraitError, match=f"'{name}' trait"):
            Estimates(**{name: value})

"""Checks of notebook 05: the reconstruction term. The truth comes from torch.distributions, SciPy or a proved closed form."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent, Normal

from ... import datasets
from ...exercises import compare, draws, exercise, filled_in, gradient
from . import more_checks  # noqa: F401  registers 5.6 and 5.7


def _images(g: torch.Generator, n: int = 3, pixels: int = 6) -> tuple[Tensor, Tensor]:
    """Pixels on the levels k/16, 0 and 1 among them, and means near them: both (n, pixels), float64."""
    k = torch.randint(17, (n, pixels), generator=g).double()
    k[0, :2] = torch.tensor([0.0, 16.0])
    return k / 16, 0.8 * k / 16 + 0.1 + 0.1 * torch.randn(n, pixels, generator=g, dtype=torch.float64)


@exercise("5.1", praise="Every constant is in it.")
def gaussian_nll(answer):
    g = draws()
    for logvar in (torch.tensor(-1.2, dtype=torch.float64), 0.3 + torch.rand((), generator=g, dtype=torch.float64)):
        x, m = _images(g)
        sigma, constant = (logvar / 2).exp(), 0.5 * math.log(2 * math.pi)
        each = -Normal(m, sigma).log_prob(x)
        exact, squares = -Independent(Normal(m, sigma), 1).log_prob(x), (x - m).square()
        slips = {
            "logvar is log σ², so σ² is exp(logvar), not exp(2·logvar).": (-Normal(m, logvar.exp()).log_prob(x)).sum(-1),
            "The squared error is divided by 2σ²: σ² is exp(logvar).": (squares / (2 * logvar) + constant + logvar / 2).sum(-1),
            "Sum over pixels, do not average: a mean makes it β = D beside a summed KL.": each.mean(-1),
            "One number per image: sum over the last axis.": each,
            "One number per image: leave the average over images to the loss.": exact.mean(),
            "One number per image: leave the sum over images to the loss.": exact.sum(),
            "The ½ in front of the squared error is missing.": (squares / sigma**2 + constant + logvar / 2).sum(-1),
            "The term ½ log 2π is missing.": exact - x.shape[-1] * constant,
            "The term ½ log σ² is missing: without it the best σ is infinite.": (squares / (2 * sigma**2) + constant).sum(-1),
            "log σ is half of logvar.": (squares / (2 * sigma**2) + constant + logvar).sum(-1),
            "The constants count once for each pixel: there are D of them.": (squares / (2 * sigma**2)).sum(-1) + constant + logvar / 2,
            "The sign is turned: this is the log-likelihood, not its negative.": -exact,
            "Both constants are missing: this is squared error over 2σ².": (squares / (2 * sigma**2)).sum(-1),
        }
        question = "What does one pixel with x = m cost, and how does that change with σ?"
        formula = "Σ over pixels of (x − m)²/2σ² + ½ log 2π + ½ log σ², with σ² = exp(logvar)."
        if problem := compare(answer(x, m, logvar), exact, slips, question, formula=formula, what=f"logvar = {logvar:.3g}"):
            return problem
    return None


@exercise("5.2", praise="Now you can read the noise model of any repository.")
def hidden_sigma(answer):
    g = draws()
    for beta, pixels in ((0.01, 64), (1.0, 784), (round(float(torch.rand(1, generator=g)) + 0.1, 3), 100)):
        exact = math.sqrt(beta * pixels / 2)
        slips = {
            "F.mse_loss divides by D as well: the β beside the sum of squares is β·D.": math.sqrt(beta / 2),
            "This is σ², the question is for σ.": beta * pixels / 2,
            "The ½ is missing: 2σ² = βD.": math.sqrt(beta * pixels),
            "2σ² = βD, so σ² is βD divided by 2, not multiplied.": math.sqrt(2 * beta * pixels),
            "D multiplies β: the mean is the sum divided by D.": math.sqrt(beta / (2 * pixels)),
            "The KL is weighed by β too, not by D alone.": math.sqrt(pixels / 2),
            "This is the β beside the sum of squares; σ follows from 2σ² = β.": beta * pixels,
        }
        question = "By what must the loss be multiplied so that the squared error is a sum, and what stands beside the KL then?"
        formula = "2σ² = βD, by (5.4) and (5.5)."
        if problem := compare(answer(beta, pixels), exact, slips, question, formula=formula, what=f"β = {beta}, D = {pixels}"):
            return problem
    return None


@exercise("5.3", praise="A log-density now, and no logit is too large or too small for it.")
def grey_nll(answer):
    question = "What does exp(−loss) integrate to over x in [0, 1], for one pixel?"
    formula = "softplus(a) − x·a − log(a / tanh(a/2)) for each pixel; the last logarithm is log 2 at a = 0."
    g = draws()
    drawn = torch.rand(3, 4, generator=g, dtype=torch.float64), 2 * torch.randn(3, 4, generator=g, dtype=torch.float64)
    drawn[1][0] /= 10  # near 0 as well
    fixed = torch.tensor([[0.0, 1.0, 0.3], [1.0, 0.5, 0.0]]), torch.tensor([[-1.0, 2.0, 3.0], [0.5, -4.0, 1.5]])
    for x, a in (fixed, drawn):
        constant, cross_entropy = _log_constant(a.double()), F.binary_cross_entropy_with_logits(a, x, reduction="none")
        exact = (cross_entropy - constant).sum(-1)
        slips = {
            "This is the cross-entropy: the constant of (5.11) is missing.": cross_entropy.sum(-1),
            "The constant has the wrong sign: a density that is divided by less than one is larger, so its −log is smaller.": (
                cross_entropy + constant
            ).sum(-1),
            "The constant is log 2 at a = 0 only: it depends on a.": (cross_entropy - math.log(2)).sum(-1),
            "The sign is turned: this is the log-density.": -exact,
            "Sum over pixels, do not average.": exact / x.shape[-1],
            "One number per image: sum over the last axis.": cross_entropy - constant,
            "One number per image: leave the average over images to the loss.": exact.mean(),
        }
        if problem := compare(answer(x, a), exact, slips, question, formula=formula):
            return problem
    x, a = torch.tensor([[0.0, 1.0, 0.25]]), torch.tensor([[200.0, -200.0, 0.0]], requires_grad=True)
    got, expected = torch.as_tensor(answer(x, a)), torch.tensor([400 - 2 * math.log(200)])  # at a = 0 the density is 1
    if not torch.isfinite(got).all():
        return (
            f"at a = 200, −200 and 0: expected {expected.item():.5g}, got {got.tolist()[0]}. Hint: which part is 0/0 at a = 0, and which "
            "exponential is too large for a float at 200?"
        )
    problem = compare(got, expected, hint="Is the cost cut off by a clamp or an added epsilon?", what="at a = 200, −200 and 0")
    if problem:
        return problem
    (slope,) = gradient(got, a)
    if not torch.isfinite(slope).all():
        return (
            f"the slope at a = 200, −200 and 0: expected [0.995, -0.995, 0.25], got {[round(s, 3) for s in slope[0].tolist()]}. Hint: "
            "torch.where hides a value that is 0/0, but not its slope: put a harmless number in place of a = 0 before you divide."
        )
    expected = torch.tensor([[1 - 1 / 200, -1 + 1 / 200, 0.25]])
    slips = {"The constant has a slope, too: is it detached?": torch.tensor([[1.0, -1.0, 0.25]])}
    return compare(slope, expected, slips, "Is the slope right where branches meet, at a = 0?", what="the slope at 200, −200 and 0")


def _log_constant(a: Tensor) -> Tensor:
    """log of 1 / ∫₀¹ λˣ (1 − λ)¹⁻ˣ dx, by quadrature; a (…), float64, not too large."""
    x = torch.linspace(0, 1, 4001, dtype=torch.float64)
    return -torch.trapezoid((a[..., None] * x - F.softplus(a)[..., None]).exp(), x).log()


@exercise("5.4", praise="The floor is what keeps a constant pixel from buying the bound.")
def best_sigmas(answer):
    function, at_floor = answer
    g = draws()
    for floor in (0.05, 0.1 + 0.01 * float(torch.rand(1, generator=g))):
        x, m = _images(g, n=5)
        x[:, 3] = m[:, 3] = 0.25  # a constant pixel, painted exactly
        m[:, 4] = x[:, 4] + 0.02 * torch.randn(5, generator=g)  # below the floor, but not zero
        mean_square = (x - m).square().mean(0)
        exact = mean_square.sqrt().clamp(min=floor)
        slips = {
            "This is σ²; take the root, and set the floor under σ.": mean_square.clamp(min=floor),
            "The floor is for σ, not for σ²: take the root first.": mean_square.clamp(min=floor).sqrt(),
            "The floor is missing: the constant pixel gets σ = 0.": mean_square.sqrt(),
            "The floor is a least value, not something to add.": mean_square.sqrt() + floor,
            "The floor is for every small σ, not for those alone that are zero.": torch.where(mean_square == 0, floor, mean_square.sqrt()),
            "One σ for each pixel: average over images, axis 0.": (x - m).square().mean(1).sqrt().clamp(min=floor),
            "One σ for each pixel, not one for all.": (x - m).square().mean().sqrt().clamp(min=floor),
            "Average over images, do not sum.": (x - m).square().sum(0).sqrt().clamp(min=floor),
            "Maximum likelihood divides by N, and takes the error about m: std subtracts the mean error first.": (x - m)
            .std(0)
            .clamp(min=floor),
            "Maximum likelihood takes the error about m as it is: std subtracts the mean error first.": (x - m)
            .std(0, correction=0)
            .clamp(min=floor),
            "This is the spread of x about its own mean: the error is x − m.": x.std(0).clamp(min=floor),
            "clamp(max=…) makes a ceiling of it: clamp(min=floor).": mean_square.sqrt().clamp(max=floor),
        }
        question = "Over which axis does (5.6) average here, and in what order come the root and the floor?"
        formula = "(5.6) for each pixel by itself: the root of the mean of (x − m)² over images, at least floor."
        if problem := compare(function(x, m, floor), exact, slips, question, formula=formula, what=f"floor = {floor:.3g}"):
            return problem
    pixels = datasets.load("digits").train.images.flatten(1)
    sigmas = (pixels - pixels.mean(0)).square().mean(0).sqrt()
    slips = {
        "Those never change. Which others vary by less than the floor?": (sigmas == 0).sum(),
        "Those stand above it.": (sigmas > 0.05).sum(),
        "Did you compare σ² with the floor?": (sigmas**2 <= 0.05).sum(),
    }
    question = "For how many of the 64 pixels does your function give back exactly the floor?"
    return compare(filled_in(at_floor, "at_floor", "best_sigmas"), (sigmas <= 0.05).sum(), slips, question, what="at_floor")


@exercise("5.5", praise="Seventeen probabilities that sum to one, in the far tails too.")
def logistic_levels(answer):
    g = draws()
    for s in (0.15, 0.05 + 0.1 * float(torch.rand(1, generator=g))):
        x, m = _images(g)
        exact = _log_bins(x, m, s).sum(-1)
        slips = {
            "The outermost bins reach to ±∞: at x = 0 the lower cdf is 0, at x = 1 the upper one is 1.": _log_bins(x, m, s, False, False),
            "At x = 1 the upper cdf is 1: that bin is open too.": _log_bins(x, m, s, True, False),
            "At x = 0 the lower cdf is 0: that bin is open too.": _log_bins(x, m, s, False, True),
            "The bin is 1/16 wide in all: half a width, 1/32, on each side.": _log_bins(x, m, s, half=1 / 16),
            "Levels are sixteenths of [0, 1]: half a bin is 1/32, not ½.": _log_bins(x, m, s, half=0.5),
            "Seventeen levels are 1/16 apart, not 1/17.": _log_bins(x, m, s, half=0.5 / 17),
        }
        log_density = F.logsigmoid((x - m) / s) + F.logsigmoid((m - x) / s) - math.log(s)
        slips = {hint: value.sum(-1) for hint, value in slips.items()} | {
            "This is the log-density at the level: the probability of a bin is a difference of two cdfs.": log_density.sum(-1),
            "This is density × width of the bin, the short cut: take the difference of two cdfs.": (log_density - math.log(16)).sum(-1),
            "This is the probability; take its logarithm before you sum.": _log_bins(x, m, s).exp().sum(-1),
            "The logarithm comes before the sum: Σ log P, not log Σ P.": _log_bins(x, m, s).exp().sum(-1).log(),
            "One number per image: sum over the last axis.": _log_bins(x, m, s),
            "Sum over pixels, do not average.": exact / x.shape[-1],
            "The sign is turned: a log-probability is at most zero.": -exact,
        }
        question = "Where does the bin of x = 0 begin, where that of x = 1 end, and what do all seventeen sum to?"
        formula = "log[F((x + 1/32 − m)/s) − F((x − 1/32 − m)/s)], F the sigmoid, ends open."
        if problem := compare(answer(x, m, s), exact, slips, question, formula=formula, what=f"s = {s:.3g}"):
            return problem
    x, m = torch.tensor([[[0.75, 0.25, 1.0, 0.0]], [[0.0, 1.0, 0.0, 1.0]]], dtype=torch.float64)
    got, exact = answer(x, m, 0.005), _log_bins(x, m, 0.005).sum(-1)
    question = "Which of 1 − 1e-60 and 1 can a float still tell apart? Write sigmoid(b) − sigmoid(a) without a difference of the two?"
    formula = "sigmoid(b) − sigmoid(a) = sigmoid(b) · sigmoid(−a) · (1 − e^(a − b)): its logarithm is a sum of three."
    return compare(got, exact, hint=question, formula=formula, what="far in the tails, s = 0.005")


def _log_bins(x: Tensor, m: Tensor, s: float, low_open: bool = True, high_open: bool = True, half: float = 1 / 32) -> Tensor:
    """log P(k) of the logistic: log of ∫ density over the bin = σ(high) σ(−low) (1 − e^(low − high))."""
    low, high = (x - half - m) / s, (x + half - m) / s
    low = torch.where((x == 0) & torch.tensor(low_open), -math.inf, low)
    high = torch.where((x == 1) & torch.tensor(high_open), math.inf, high)
    return F.logsigmoid(high) + F.logsigmoid(-low) + torch.log(-torch.expm1(low - high))

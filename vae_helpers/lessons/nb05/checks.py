"""Checks of notebook 05: the reconstruction term. The truth comes from torch.distributions, SciPy or a proved closed form."""

import math

import torch
from torch.distributions import Independent, Normal

from ...exercises import compare, exercise


def _images(n: int = 3, pixels: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels on the levels k/16, with 0 and 1 among them, and means between them: both (n, pixels)."""
    k = torch.tensor([[0, 16, 5, 8, 1, 15], [3, 0, 11, 16, 7, 2], [16, 9, 0, 4, 13, 6]])[:n, :pixels]
    return k / 16, (0.8 * k / 16 + torch.tensor([0.1, -0.02, 0.2, 0.15, 0.05, 0.12])[:pixels]).float()


@exercise("5.1", praise="Every constant is in it, and σ may be learned.")
def gaussian_nll(answer):
    x, m = _images()
    for logvar in (-1.2, 0.7):
        sigma = math.exp(logvar / 2)
        each = -Normal(m, sigma).log_prob(x)
        exact, squares = -Independent(Normal(m, sigma), 1).log_prob(x), (x - m).square()
        constant = 0.5 * math.log(2 * math.pi)
        slips = {
            "logvar is log σ², so σ² is exp(logvar), not exp(2·logvar).": (-Normal(m, math.exp(logvar)).log_prob(x)).sum(-1),
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
        hint = "Σ over pixels of (x − m)²/2σ² + ½ log 2π + ½ log σ², with σ² = exp(logvar)."
        if problem := compare(answer(x, m, logvar), exact, slips=slips, hint=hint, what=f"logvar = {logvar}"):
            return problem
    return None


@exercise("5.2", praise="Now you can read the noise model of any repository.")
def hidden_sigma(answer):
    for beta, pixels in ((1.0, 784), (0.01, 64)):
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
        hint = "multiply the loss by D, so that the squared error is a sum, and compare with (5.4)."
        if problem := compare(answer(beta, pixels), exact, slips=slips, hint=hint, what=f"β = {beta}, D = {pixels}"):
            return problem
    return None


@exercise("5.3", praise="No logit is too large for it.")
def cross_entropy_from_logits(answer):
    x = torch.tensor([[0.0, 1.0, 1.0, 0.3], [1.0, 0.0, 0.0, 1.0]])
    a = torch.tensor([[-1.0, 2.0, -0.5, 0.7], [0.0, 1.5, -2.0, 0.3]])
    exact = x * torch.log1p((-a).exp()) + (1 - x) * torch.log1p(a.exp())  # −log σ(a) and −log σ(−a), written out
    slips = {
        "The sign is turned: the cross-entropy is never negative.": -exact.sum(-1),
        "Sum over pixels, do not average.": exact.mean(-1),
        "One number per image: sum over the last axis.": exact,
        "One number per image: leave the average over images to the loss.": exact.sum(-1).mean(),
        "Only the pixels with ink (x = 1) are counted: add (1 − x) log(1 − λ).": (x * torch.log1p((-a).exp())).sum(-1),
        "The sign of x·a: the cost falls where x = 1 and a is large.": (torch.log1p(a.exp()) + x * a).sum(-1),
        "Ink (x = 1) and paper (x = 0) are exchanged.": ((1 - x) * torch.log1p((-a).exp()) + x * torch.log1p(a.exp())).sum(-1),
    }
    hint = "with λ = sigmoid(a), log λ = a − softplus(a) and log(1 − λ) = −softplus(a)."
    if problem := compare(answer(x, a), exact.sum(-1), slips=slips, hint=hint):
        return problem
    x, a = torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([[200.0, -200.0], [200.0, -200.0]])
    got, expected = torch.as_tensor(answer(x, a)).detach(), torch.tensor([400.0, 0.0])
    where = "at a = ±200"
    if not torch.isfinite(got).all():
        return (
            f"{where}: expected [400, 0], got {got.tolist()}. Hint: sigmoid(200) is exactly 1 in float32 and exp(200) overflows: "
            "use softplus(a) − x·a."
        )
    hint = "a clamp or an added epsilon cuts the cost off, and with it the gradient: use softplus(a) − x·a."
    return compare(got, expected, hint=hint, what=where)


@exercise("5.4", praise="Without the floor a constant pixel gets σ = 0, and an infinite density.")
def best_sigmas(answer):
    x, m = _images()
    x, m = x.clone(), m.clone()
    x[:, 3] = m[:, 3] = 0.25  # a constant pixel, painted exactly
    floor = 0.05
    mean_square = (x - m).square().mean(0)
    exact = mean_square.sqrt().clamp(min=floor)
    slips = {
        "This is σ²; take the root, and set the floor under σ.": mean_square.clamp(min=floor),
        "The floor is for σ, not for σ²: take the root first.": mean_square.clamp(min=floor).sqrt(),
        "The floor is missing: the constant pixel gets σ = 0.": mean_square.sqrt(),
        "The floor is a least value, not something to add.": mean_square.sqrt() + floor,
        "One σ for each pixel: average over images, axis 0.": (x - m).square().mean(1).sqrt().clamp(min=floor),
        "One σ for each pixel, not one for all.": (x - m).square().mean().sqrt().clamp(min=floor),
        "Average over images, do not sum.": (x - m).square().sum(0).sqrt().clamp(min=floor),
        "Maximum likelihood divides by N, and takes the error about m: std subtracts the mean error first.": (x - m)
        .std(0)
        .clamp(min=floor),
        "This is the spread of x about its own mean: the error is x − m.": x.std(0).clamp(min=floor),
        "clamp(max=…) makes a ceiling of it: clamp(min=floor).": mean_square.sqrt().clamp(max=floor),
    }
    return compare(answer(x, m, floor), exact, slips=slips, hint="(5.6) for each pixel by itself: the mean of (x − m)² over images.")


@exercise("5.5", praise="Seventeen probabilities that sum to one.")
def logistic_levels(answer):
    from scipy.stats import logistic

    x, m = _images()
    s = 0.15

    def probability(x, m, low_open=True, high_open=True, half=1 / 32, s=s):
        low, high = torch.tensor(logistic.cdf(x - half, m, s)), torch.tensor(logistic.cdf(x + half, m, s))
        low = torch.where((x == 0) & torch.tensor(low_open), 0.0, low)
        return torch.where((x == 1) & torch.tensor(high_open), 1.0, high) - low

    exact = probability(x, m).log().sum(-1)
    slips = {
        "The outermost bins reach to ±∞: at x = 0 the lower cdf is 0, at x = 1 the upper one is 1.": probability(x, m, False, False),
        "At x = 1 the upper cdf is 1: that bin is open too.": probability(x, m, high_open=False),
        "At x = 0 the lower cdf is 0: that bin is open too.": probability(x, m, low_open=False),
        "The bin is 1/16 wide in all: half a width, 1/32, on each side.": probability(x, m, half=1 / 16),
        "Levels are sixteenths of [0, 1]: half a bin is 1/32, not ½.": probability(x, m, half=0.5),
    }
    slips = {hint: value.log().sum(-1) for hint, value in slips.items()}
    point = torch.tensor(logistic.pdf(x, m, s))
    slips |= {
        "This is the log-density at the level: the probability of a bin is a difference of two cdfs.": point.log().sum(-1),
        "This is density × width of the bin, the short cut: take the difference of two cdfs.": (point / 16).log().sum(-1),
        "This is the probability; take its logarithm before you sum.": probability(x, m).sum(-1),
        "One number per image: sum over the last axis.": probability(x, m).log(),
        "Sum over pixels, do not average.": probability(x, m).log().mean(-1),
        "The sign is turned: a log-probability is at most zero.": -exact,
    }
    return compare(answer(x, m, s), exact, slips=slips, hint="log[F((x + 1/32 − m)/s) − F((x − 1/32 − m)/s)], F the sigmoid, ends open.")

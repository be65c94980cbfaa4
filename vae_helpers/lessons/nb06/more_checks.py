"""Checks of notebook 06, continued: 6.6 to 6.8: the variance itself, a gradient for bits, a judgement."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli

from ...exercises import NotAttempted, compare, draws, exercise, filled_in, gradient, letters


def place(g: torch.Generator) -> tuple[Tensor, Tensor]:
    """μ and σ, where no power of σ is like another."""
    mu, sigma = torch.rand(2, generator=g, dtype=torch.float64)
    return mu + 0.2, sigma / 2 + 1.3


@exercise("6.6", praise="No random number in it: now you can predict the noise of any estimator.")
def exact_variance(answer):
    function, samples = answer
    g = draws()
    places = [(torch.tensor(0.7, dtype=torch.float64), torch.tensor(1.3, dtype=torch.float64)), place(g)]
    for mu, sigma in places:
        k = 3 + torch.rand((), generator=g, dtype=torch.float64)
        d = mu - k
        for estimate, mean, variance, what in (
            (lambda z, k=k: 2 * (z - k), 2 * d, 4 * sigma**2, "the pathwise estimates of (z − k)²"),
            (
                lambda z, k=k, mu=mu, sigma=sigma: (z - k) ** 2 * (z - mu) / sigma**2,
                2 * d,
                d**4 / sigma**2 + 14 * d**2 + 15 * sigma**2,
                "the score function's of (z − k)²",
            ),
        ):
            slips = {
                "This is the mean of the square: subtract the square of the mean.": variance + mean**2,
                "This is the standard deviation: the variance is its square.": variance.sqrt(),
                "This is the mean of the estimates, not their variance.": mean,
                "A density has σ below: its integral over the grid must be 1.": variance * sigma,
            }
            question = "Is each value weighed by the density of N(μ, σ²), on a grid wide and fine enough, with nothing drawn at random?"
            formula = "∫ q g² dz − (∫ q g dz)², by torch.trapezoid over μ ± 12 σ."
            if problem := compare(function(estimate, mu, sigma), variance, slips, question, rtol=1e-3, formula=formula, what=what):
                return problem
    ratio = (3**4 + 14 * 3**2 + 15) / 4  # (6.13) and (6.14) at σ = 1, d = −3
    slips = {
        "That is by the ratio of the standard deviations: an average's error falls with the root of their number.": 100 * math.sqrt(ratio),
        "That is the ratio of the variances: how many samples against 100?": ratio,
        "The other way round: the score function is the noisier one here.": 100 / ratio,
    }
    question = "Which of the two variances is larger, how many times, and how does the error of an average fall with the number of samples?"
    return compare(filled_in(samples, "samples", "exact_variance"), 100 * ratio, slips, question, rtol=0.02, what="samples")


@exercise("6.7", praise="backward() now gives what no path could.")
def score_surrogate(answer):
    g = draws()
    for n, size in ((6, 1), (8, 3)):
        logits = torch.randn(size, generator=g, dtype=torch.float64).requires_grad_()
        drawn = (torch.rand(n, size, generator=g, dtype=torch.float64) < 0.4).double()
        drawn[0], drawn[1] = 0, 1  # each slip shows only where both occur
        values = 3 + torch.randn(n, generator=g, dtype=torch.float64)
        lam = logits.detach().sigmoid()
        each = values[:, None] * (drawn - lam)  # ∂ log Bernoulli(b; λ) / ∂ logit = b − λ
        got = torch.as_tensor(answer(values, logits, drawn))
        if got.numel() != 1 or not got.requires_grad:
            came = f"shape {tuple(got.shape)}" if got.numel() != 1 else "a number without a gradient"
            return f"expected one number, to call backward() on, got {came}. Hint: is it an average, and the way back to the logits whole?"
        (found,) = gradient(got, logits)
        exact = each.mean(0)
        each_q = Bernoulli(lam).log_prob(drawn).exp()  # of each latent; its slope in the logit is q · (b − λ)
        slips = {
            "Average over the samples, do not sum.": exact * n,
            "The sign is turned: `values` are to be made large.": -exact,
            "It is the logarithm of the probability that is weighed, not the probability.": (each * each_q.prod(-1, keepdim=True)).mean(0),
            "It is log q that is weighed, not q.": (each * each_q).mean(0),
            "Sum log q over the latents, average over the samples only.": exact / size,
            "λ is sigmoid(logit): was the logit taken for a probability?": (
                values[:, None] * (drawn / logits.detach() - (1 - drawn) / (1 - logits.detach()))
            ).mean(0),
            "The values are missing: this is the mean score.": (drawn - lam).mean(0),
            "Subtracting the batch mean shrinks the gradient by 1 − 1/n (6.19).": ((values - values.mean())[:, None] * (drawn - lam)).mean(
                0
            ),
        }
        slips = {hint: value for hint, value in slips.items() if not torch.allclose(value, exact)}
        question = "What is the derivative of your result in one logit? Compare it with the average of f · ∇ log q?"
        formula = "mean over the samples of values · Σ log q, log q = drawn · log λ + (1 − drawn) · log(1 − λ)."
        if problem := compare(found, exact, slips, question, formula=formula, what=f"the gradient in {size} logit{'s' * (size > 1)}"):
            return problem
    return None


@exercise("6.8", praise="Unbiased is a statement about a mean and its error, not about how small the error is.")
def verdict(answer):
    if not isinstance(answer, dict) or answer.keys() != {"biased", "best"}:
        return f"expected a dictionary with the keys biased and best, got {answer!r}. Hint: what does the stub begin with?"
    if all(value is ... for value in answer.values()):
        raise NotAttempted
    if ... in answer.values():
        return "expected letters for both, got one of the two. Hint: which is still open?"
    biased, best = (letters(answer[key], "ABCDEF") for key in ("biased", "best"))
    for letter, wrong, hint in (
        ("D", False, "D has variance zero. Is it near the true value?"),
        ("B", False, "B has a small error. How many of them is it away from −4?"),
        ("C", False, "C is only a tenth off. How many of its standard errors is that?"),
        ("A", True, "A is far from −4 in units of f. Is it far in units of its own standard error?"),
        ("F", True, "One value in twenty lies more than two standard errors off. Is two enough to call F biased?"),
        ("E", True, "How many of its standard errors is E away from −4?"),
    ):
        if (letter in biased) == wrong:
            return f"{letter} is {'' if wrong else 'not '}among the biased ones. Hint: {hint}"
    if best != {"E"}:
        return f"expected one letter for the best, got {''.join(sorted(best)) or 'none'}. Hint: which unbiased one is the least noisy?"
    return None

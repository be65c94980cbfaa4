"""Checks of notebook 06: gradients through randomness. The truth comes from autograd through torch.distributions, or from counting."""

import torch
from torch.distributions import Normal

from ...exercises import compare, exercise


@exercise("6.1", praise="The noise is the derivative of z in σ.")
def pathwise(answer):
    eps = torch.tensor([-1.5, -0.2, 0.4, 2.0])
    mu, sigma = (torch.full_like(eps, p).requires_grad_() for p in (0.7, 1.6))
    g_mu, g_sigma = torch.autograd.grad((mu + sigma * eps).pow(3).sum(), (mu, sigma))
    got = _pair(answer(lambda z: 3 * z**2, torch.tensor(0.7), torch.tensor(1.6), eps))
    at_mu = torch.full_like(eps, 3 * 0.7**2)
    no_sigma = 3 * (0.7 + eps) ** 2
    backwards = 3 * ((0.7 + eps) * 1.6) ** 2
    slips_mu = {
        "The slope is wanted at z = μ + σ ε, not at μ.": at_mu,
        "σ is missing in z = μ + σ ε.": no_sigma,
        "z is μ + σ ε, not (μ + ε) σ.": backwards,
        "∂z/∂μ is 1: the estimate for μ is the slope itself.": g_mu * eps,
        "Return one estimate for each ε; the average comes later.": g_mu.mean(),
    }
    slips_sigma = {
        "∂z/∂σ is ε, not 1.": g_mu,
        "∂z/∂σ is ε, not σ.": g_mu * 1.6,
        "∂z/∂σ is ε: multiply by it, and not by σ as well.": g_sigma * 1.6,
        "That is the score function's factor; the path's is ε.": g_mu * (eps**2 - 1) / 1.6,
    }
    return compare(got[0], g_mu, slips_mu, "f′(z) · ∂z/∂μ, and ∂z/∂μ = 1.", what="the estimates for μ") or compare(
        got[1], g_sigma, slips_sigma, "f′(z) · ∂z/∂σ, and ∂z/∂σ = ε.", what="the estimates for σ"
    )


@exercise("6.2", praise="A score averages to zero; a sum of positive terms cannot.")
def scores(answer):
    z = torch.tensor([-1.0, 0.3, 0.9, 2.5])
    mu, sigma = (torch.full_like(z, p).requires_grad_() for p in (0.4, 1.3))
    s_mu, s_sigma = torch.autograd.grad(Normal(mu, sigma).log_prob(z).sum(), (mu, sigma))
    got = _pair(answer(z, torch.tensor(0.4), torch.tensor(1.3)))
    slips_mu = {
        "This line was right: its average over samples was zero already. The wrong sign is in the other one.": -s_mu,
        "Only a sign is wrong, the powers are right: σ² below.": s_mu * 1.3,
    }
    slips_sigma = {
        "This still has the wrong sign: both terms are positive, so their average cannot be zero.": s_sigma + 2 / 1.3,
        "The other of the two signs: where |z − μ| is large, a larger σ makes z more likely, so the score is positive there.": -s_sigma,
        "Both signs are turned now; one was right.": -s_sigma - 2 / 1.3,
    }
    return compare(got[0], s_mu, slips_mu, "(z − μ)/σ² was right.", what="the score for μ") or compare(
        got[1], s_sigma, slips_sigma, "Its average over z ~ N(μ, σ²) must be zero.", what="the score for σ"
    )


@exercise("6.3", praise="Each sample is judged by the others.")
def leave_one_out(answer):
    values = torch.tensor([[1.0, -2.0, 0.5], [4.0, 3.0, 0.0], [2.5, 7.0, -1.0], [0.0, 1.0, 2.0]])
    exact = torch.stack([torch.cat([values[:i], values[i + 1 :]]).mean(0) for i in range(len(values))])
    slips = {
        "This mean contains the sample itself: it shrinks the gradient by 1 − 1/K.": values.mean(0).expand_as(values),
        "This mean contains the sample itself; return one row for each sample, without it.": values.mean(0),
        "The sum of the others has K − 1 terms: divide by K − 1, not by K.": exact * 3 / 4,
        "Take the sample out of the sum before dividing: Σ − f(z_i).": (values.sum(0) / 3).expand_as(values),
        "The other samples *of the same image*: sum over the first axis only.": (values.sum() - values) / (values.numel() - 1),
        "The samples are on the first axis, the images on the second.": (values.sum(1, keepdim=True) - values) / 2,
        "Return the baseline itself; it is subtracted from the values later.": values - exact,
    }
    return compare(answer(values), exact, slips, "Sum over the K samples, take the sample's own value out, divide by K − 1.")


@exercise("6.4", praise="A scale times a noise without a parameter.")
def rayleigh(answer):
    u = torch.tensor([0.05, 0.3, 0.5, 0.9])
    s = torch.tensor(1.7, requires_grad=True)
    got = answer(u, s)
    noise = (-2 * torch.log(1 - u)).sqrt()
    slips = {
        "That is right in distribution, but solves F(z) = 1 − u; take log(1 − u).": 1.7 * (-2 * torch.log(u)).sqrt(),
        "The factor 2 of 2s² is missing.": 1.7 * (-torch.log(1 - u)).sqrt(),
        "That is z²: take the root.": (1.7 * noise) ** 2,
        "s is the scale: it multiplies the root.": noise / 1.7,
        "The scale s is missing.": noise,
        "s goes inside the root as s², outside as s.": (-2 * 1.7 * torch.log(1 - u)).sqrt(),
    }
    wrong = compare(got, 1.7 * noise, slips, "Solve 1 − exp(−z²/2s²) = u for z.", what="the samples")
    if wrong:
        return wrong
    if not got.requires_grad:
        return "expected samples that autograd can differentiate in s, got numbers. Hint: use torch functions, and no .item() or .detach()."
    return compare(torch.autograd.grad(got.sum(), s)[0], noise.sum(), hint="z must depend on s.", what="the derivative in s")


@exercise("6.5", praise="Weighted by s²: what f is worth where the score is large.")
def best_constant(answer):
    values, s = torch.tensor([3.0, -1.0, 4.0, 0.5, 2.0]), torch.tensor([0.2, -1.5, 0.9, -0.4, 2.1])
    exact = (values * s**2).mean() / (s**2).mean()
    slips = {
        "That is the plain mean of f. The best constant weighs each value by s².": values.mean(),
        "The denominator E[s²] is missing.": (values * s**2).mean(),
        "Divide by the sum of s², or take means in both places.": (values * s**2).sum(),
        "Square the score, not the product.": ((values * s) ** 2).mean() / (s**2).mean(),
        "The score enters squared, above and below.": (values * s).mean() / s.mean(),
        "The score enters squared above, too.": (values * s).mean() / (s**2).mean(),
        "A ratio of two means, not a mean of ratios.": (values * s**2 / (s**2).mean()).sum(),
    }
    return compare(answer(values, s), exact, slips, "E[f s²] / E[s²], each replaced by a mean over the samples.")


def _pair(answer) -> tuple:
    """Two results; an answer that is no pair fails in the caller with a sentence about its kind."""
    first, second = answer
    return first, second

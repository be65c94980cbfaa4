"""Checks of notebook 04, continued: 4.6 to 4.8: springs, the errors of two estimates, a judgement."""

import torch
from torch.distributions import Normal, kl_divergence

from ...exercises import compare, draws, exercise, gradient, several


def normal(*shape: int, g: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=g, dtype=torch.float64)


@exercise("4.6", praise="A wide prior is a weak spring to the origin, and it lets q be as wide as itself.")
def springs(answer):
    g = draws()
    fixed = torch.tensor([[0.5, -1.0], [2.0, 0.3]]), torch.tensor([[0.2, -0.7], [1.0, -2.0]]), 3.0
    question = "Where is each slope zero, and what is it at τ = 1? By which of σ, σ² and log σ² do you differentiate?"
    formula = "by μ: μ/τ²; by log σ²: ½(σ²/τ² − 1)."
    for mu, logvar, tau in (fixed, (*normal(2, 3, 2, g=g), normal(g=g).exp().item())):
        leaves = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
        by_mu, by_logvar = gradient(kl_divergence(Normal(leaves[0], (leaves[1] / 2).exp()), Normal(0.0, tau)), *leaves)
        variance = logvar.exp()
        slips_mu = {
            "The prior's width is a standard deviation: τ enters squared.": mu / tau,
            "The slope depends on τ: (4.17) is its value at τ = 1.": mu,
            "The sign is turned: asked for is the slope of the KL, the pull is its negative.": -by_mu,
            "The two are exchanged: the slope for μ first.": by_logvar,
            "This is twice the slope: the square has a ½ in front.": 2 * by_mu,
            "One slope for each entry of mu: do not sum.": by_mu.sum(-1),
        }
        slips_logvar = {
            "The prior's width is a standard deviation: τ enters squared.": 0.5 * (variance / tau - 1),
            "The slope depends on τ: (4.18) is its value at τ = 1.": 0.5 * (variance - 1),
            "The sign is turned: asked for is the slope of the KL, the pull is its negative.": -by_logvar,
            "This is the slope by log σ: by log σ² it is half of that.": 2 * by_logvar,
            "This is the slope by σ², not by its logarithm.": by_logvar / variance,
            "This is the slope by σ, not by log σ².": 2 * by_logvar / variance.sqrt(),
            "logvar is log σ²: σ² is exp(logvar).": 0.5 * (variance**2 / tau**2 - 1),
            "One slope for each entry of logvar: do not sum.": by_logvar.sum(-1),
        }
        got = several(answer(mu, logvar, tau), "by_mu", "by_logvar")
        problem = compare(got[0], by_mu, slips_mu, question, what=f"τ = {tau:.3g}: slope by μ", formula=formula) or compare(
            got[1], by_logvar, slips_logvar, question, what=f"τ = {tau:.3g}: slope by log σ²", formula=formula
        )
        if problem:
            return problem
    return None


@exercise("4.7", praise="The noise of r and of u partly cancels in A; B keeps all of r's.")
def standard_errors(answer):
    g = draws()
    question = "One estimate is an average of K numbers. Which K numbers in A, which in B, and what is the standard error of an average?"
    formula = "A averages r − u, B averages r (its KL is no random number): standard deviation over the first axis, divided by √K."
    for K, n, cancel in ((60, 3, 0.9), (45, 4, 0.2 + 0.7 * torch.rand((), generator=g).item())):
        shared = normal(K, n, g=g)
        u = shared + 0.3 * normal(K, n, g=g) + 2.0
        r = cancel * shared + 0.4 * normal(K, n, g=g) - 20.0
        sd_a, sd_b = (r - u).std(0), r.std(0)
        names = ("A", "B")
        got = several(answer(r, u), *names)
        for name, mine, sd, other in zip(names, got, (sd_a, sd_b), (sd_b, sd_a), strict=True):
            if compare(mine, sd / K**0.5 * ((K - 1) / K) ** 0.5) is None:
                continue  # divided by K in place of K − 1: as good
            independent = (r.var(0) + u.var(0)).sqrt() / K**0.5
            slips = {
                "This is the scatter of one sample: an average of K is √K times as precise.": sd,
                "Divide the standard deviation by √K, not by K.": sd / K,
                "This is a variance: take the root.": sd**2 / K,
                "This is the variance of one sample.": sd**2,
                f"That is the error of {'B' if name == 'A' else 'A'}: in A everything is sampled, in B r alone.": other / K**0.5,
                "r and u come from the same z, so their noises do not add as if they were independent: take r − u first.": independent,
                "log q − log p is subtracted in A: r − u, not r + u.": (r + u).std(0) / K**0.5,
                "One number an image: the samples lie along the first axis.": (r - u if name == "A" else r).std(1) / n**0.5,
            }
            if problem := compare(mine, sd / K**0.5, slips, question, what=f"standard error of {name}", formula=formula):
                return problem
    return None


@exercise("4.8", praise="One narrow dimension is enough, and a trained encoder has one for nearly every image.")
def finite_variance(answer):
    mu = torch.tensor([[0.0, 0.0], [3.0, -2.0], [0.0, 0.0], [0.1, 0.2], [0.0, 0.0], [0.5, 0.5]])
    logvar = torch.tensor([[0.1, -0.2], [0.0, -0.5], [0.2, -0.9], [-3.0, -2.0], [-0.8, -0.8], [0.8, 0.6]])
    g = draws()
    question = "When is (4.29) finite for one dimension, and what is E[(p/q)²] of a product of dimensions? Does μ decide?"
    formula = "finite only if every dimension has σ² > ½: (logvar.exp() > 0.5).all(-1)."
    drawn = 2 * normal(40, 2, g=g), 1.6 * torch.rand(40, 2, generator=g, dtype=torch.float64) - 1.2
    for m, lv in (drawn, (mu, logvar)):  # the many first: on six images two slips may say the same
        exact = (lv.exp() > 0.5).all(-1)
        slips = {
            "One dimension with σ² ≤ ½ makes the product infinite: all must pass, not any.": (lv.exp() > 0.5).any(-1),
            "(4.29) asks for the variance σ² above ½, not for σ.": ((lv / 2).exp() > 0.5).all(-1),
            "logvar is log σ²: compare exp(logvar) with ½.": (lv > 0.5).all(-1),
            "It is the other way round: True where the variance is finite.": ~exact,
            "One answer an image: all of its dimensions decide.": lv.exp() > 0.5,
            "The widths decide dimension by dimension: their average does not.": lv.exp().mean(-1) > 0.5,
            "A large μ makes the variance large, not infinite.": exact & (m.abs() < 2).all(-1),
        }
        if problem := compare(answer(m, lv), exact, slips, question, formula=formula):
            return problem
    return None

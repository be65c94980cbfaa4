"""Checks of notebook 03: the ELBO. The truth comes from torch.distributions, from maximisation by hand, or from a quadrature."""

import math

import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, exercise


@exercise("3.1", praise="No posterior, no evidence, no integral in it.")
def elbo_from_draws(answer):
    eps = torch.tensor([-1.3, -0.4, 0.1, 0.8, 1.9], dtype=torch.float64)
    mu, sigma = torch.tensor(0.7, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64)

    def log_joint(z):
        return Normal(0.0, 1.0).log_prob(z) + Normal(z**2, 0.5).log_prob(torch.tensor(0.6))

    q, z = Normal(mu, sigma), mu + sigma * eps
    terms = log_joint(z) - q.log_prob(z)
    wrong_width = mu + sigma.square() * eps
    slips = {
        "Average over the draws: the ELBO is a mean, not a sum.": terms.sum(),
        "One number: average over the draws.": terms,
        "log q(z) is subtracted, not added.": (log_joint(z) + q.log_prob(z)).mean(),
        "The sign is turned: the ELBO is to be maximised, its negative is the loss.": -terms.mean(),
        "The term −log q(z) is missing: without it the best q is a point.": log_joint(z).mean(),
        "This is the log of the average weight, an importance-weighted bound: average the logs, not the weights.": terms.logsumexp(0)
        - math.log(5),
        "q has the standard deviation σ: z = μ + σ ε, not μ + σ² ε.": (log_joint(wrong_width) - q.log_prob(wrong_width)).mean(),
        "eps are draws from N(0, 1), not from q: z = μ + σ ε comes first.": (log_joint(eps) - q.log_prob(eps)).mean(),
        "Evaluate q at z, not at ε: the density of ε lacks the factor 1/σ.": (log_joint(z) - Normal(0.0, 1.0).log_prob(eps)).mean(),
    }
    return compare(
        answer(log_joint, mu, sigma, eps), terms.mean(), slips=slips, hint="z = μ + σ ε, then the mean of log p(x, z) − log q(z)."
    )


@exercise("3.2", praise="Every row adds up to one: each point has its own q.")
def e_step(answer):
    x = torch.tensor([-1.0, 0.2, 1.5, 4.0], dtype=torch.float64)
    centres, weights = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64), torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64)
    joint = weights * Normal(centres, 1.0).log_prob(x[:, None]).exp()
    evidence = MixtureSameFamily(Categorical(weights), Normal(centres, torch.ones(3, dtype=torch.float64))).log_prob(x).exp()
    exact, likelihood = joint / evidence[:, None], joint / weights
    slips = {
        "The prior weights are missing: Bayes' rule starts from weight × density.": likelihood / likelihood.sum(-1, keepdim=True),
        "Divide by the sum over the bumps (of one data point), not over the data.": joint / joint.sum(0),
        "This is the joint p(x, z): divide by its sum over the bumps.": joint,
        "The shape is (N, K): one row a data point.": exact.T,
        "These are logarithms: take exp, or a softmax of the log-joint.": exact.log(),
    }
    hint = "r = weight × density, divided by its sum over the bumps; x[:, None] makes the shapes (N, K)."
    far = torch.tensor([-60.0, 60.0], dtype=torch.float64)
    far_exact = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    underflow = "far from all bumps every density is 0 in floating point, and 0/0 is no number: take the softmax of logarithms."
    return compare(answer(x, centres, weights), exact, slips=slips, hint=hint) or compare(
        answer(far, centres, weights), far_exact, hint=underflow, what="x = ±60"
    )


@exercise("3.3", praise="Weighted means and counts: the top of F, without a gradient step.")
def m_step(answer):
    x = torch.tensor([-1.0, 0.2, 1.5, 4.0, 3.1], dtype=torch.float64)
    r = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.05, 0.95], [0.1, 0.9]], dtype=torch.float64)
    weighted, total = (r * x[:, None]).sum(0), r.sum(0)
    pair = answer(x, r)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        return "expected two vectors, (centres, weights), got something else. Hint: return centres, weights."
    slips_centres = {
        "Divide by the sum of the responsibilities, not by N.": weighted / len(x),
        "Divide by the sum of the responsibilities.": weighted,
        "Weigh each x by its responsibility: this is the plain mean.": x.mean().expand(2),
        "The two are exchanged: return centres first.": total / len(x),
    }
    slips_weights = {
        "The weights must add up to one: divide by N.": total,
        "Not equal weights: a bump that is responsible for more points gets more.": torch.full((2,), 0.5),
        "Average r over the data, one weight a bump.": r.mean(-1),
    }
    hint = "set the derivative of F for one centre to zero; for the weights use a Lagrange multiplier, or count."
    return compare(pair[0], weighted / total, slips=slips_centres, hint=hint, what="centres") or compare(
        pair[1], total / len(x), slips=slips_weights, hint=hint, what="weights"
    )


@exercise("3.4", praise="At β = 1 it is log p(x), the trapezoid of notebook 02.")
def best_value(answer):
    z = torch.linspace(-6, 6, 601, dtype=torch.float64)
    dz = (z[1] - z[0]).item()
    log_prior, log_likelihood = Normal(0.0, 1.0).log_prob(z), Normal(z**2, 0.5).log_prob(torch.tensor(0.6))
    for beta in (2.0, 0.5, 1.0):
        log_q = (log_prior + log_likelihood / beta).log_softmax(0) - math.log(dz)  # the best q; then its value, term by term
        q = log_q.exp() * dz
        exact = (q * log_likelihood).sum() - beta * (q * (log_q - log_prior)).sum()
        log_z = exact / beta
        slips = {
            "The factor β in front of the logarithm is missing.": log_z,
            "The step dz of the grid is missing: a sum over the grid is an integral only with it.": exact - beta * math.log(dz),
            "log dz stands inside the bracket that β multiplies.": exact - (beta - 1) * math.log(dz),
            "The likelihood is raised to the power 1/β, not β.": beta * ((log_prior + log_likelihood * beta).logsumexp(0) + math.log(dz)),
            "The prior keeps its power 1: only the likelihood is raised to 1/β.": beta
            * (((log_prior + log_likelihood) / beta).logsumexp(0) + math.log(dz)),
            "β does not enter: this is log p(x).": (log_prior + log_likelihood).logsumexp(0) + math.log(dz),
            "Take the logarithm of the integral.": (log_prior + log_likelihood / beta).exp().sum() * dz,
        }
        hint = "β times the log of the integral of p(z) p(x|z)^(1/β); logsumexp plus log dz is the log of an integral."
        problem = compare(answer(log_prior, log_likelihood, dz, beta), exact, slips=slips, hint=hint, what=f"β = {beta:g}")
        if problem:
            return problem
    return None


@exercise("3.5", praise="Zero exactly when the columns of W are orthogonal.")
def diagonal_gap(answer):
    # three latents, since in two dimensions the diagonals of S and of its inverse give the same gap, and a slip would pass
    W = torch.tensor([[1.0, 0.2, 0.1], [0.5, -0.7, 0.4], [0.3, 0.9, -0.6], [0.8, 0.4, 0.5]], dtype=torch.float64)
    sigma2 = 0.3
    eye = torch.eye(3, dtype=torch.float64)
    precision = eye + W.T @ W / sigma2
    S, mean = torch.linalg.inv(precision), torch.zeros(3, dtype=torch.float64)
    exact = kl_divergence(MultivariateNormal(mean, torch.diag(1 / precision.diagonal())), MultivariateNormal(mean, S))
    gram = eye + W.T @ W
    slips = {
        "The factor ½ in front is missing.": 2 * exact,
        "The sign is turned: a gap is never negative.": -exact,
        "(S⁻¹)_ll is the diagonal of the inverse, not one over the diagonal of S.": 0.5 * (torch.logdet(S) - S.diagonal().log().sum()),
        "This uses the diagonal of S, the widths of q that would match S alone: the best q has variances 1/(S⁻¹)_ll.": 0.5
        * (S.diagonal().log().sum() - torch.logdet(S)),
        "WᵀW is divided by σ²: S⁻¹ = I + WᵀW/σ².": 0.5 * (gram.diagonal().log().sum() - torch.logdet(gram)),
        "sigma2 is already the variance: do not square it.": _gap(eye + W.T @ W / sigma2**2),
        "The identity is missing: S⁻¹ = I + WᵀW/σ², where I is the prior's share.": _gap(W.T @ W / sigma2),
    }
    hint = "½ [log det S + Σ log (S⁻¹)_ll], with S⁻¹ = I + WᵀW/σ²."
    return compare(answer(W, sigma2), exact, slips=slips, hint=hint)


def _gap(precision):
    return 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))

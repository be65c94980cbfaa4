"""Checks of notebook 03: the ELBO. The truth comes from torch.distributions, from maximisation by hand, or from a quadrature."""

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, draws, exercise, several
from . import more_checks  # noqa: F401  registers 3.6 to 3.8


def uniform(low: float, high: float, *shape: int, g: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=g, dtype=torch.float64)


@exercise("3.1", praise="No posterior, no evidence, no integral in it.")
def elbo_from_draws(answer):
    g = draws()
    eps = torch.tensor([-1.3, -0.4, 0.1, 0.8, 1.9], dtype=torch.float64)
    fixed = torch.tensor(0.7, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64), eps
    for mu, sigma, noise in (fixed, (uniform(-1, 1, g=g), uniform(0.2, 0.7, g=g), torch.randn(7, generator=g, dtype=torch.float64))):
        if problem := _elbo_from_draws(answer, mu, sigma, noise):
            return problem
    return None


def _elbo_from_draws(answer, mu, sigma, eps):
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
        - math.log(len(eps)),
        "This is the average weight: average the logs, not the weights.": terms.exp().mean(),
        "q has the standard deviation σ: z = μ + σ ε, not μ + σ² ε.": (log_joint(wrong_width) - q.log_prob(wrong_width)).mean(),
        "q has the standard deviation σ, not σ², in its density.": (log_joint(z) - Normal(mu, sigma**2).log_prob(z)).mean(),
        "eps are draws from N(0, 1), not from q: z = μ + σ ε comes first.": (log_joint(eps) - q.log_prob(eps)).mean(),
        "Evaluate q at z, not at ε: the density of ε lacks the factor 1/σ.": (log_joint(z) - Normal(0.0, 1.0).log_prob(eps)).mean(),
        "Evaluate the joint at the draws z, not at the mean of q.": (log_joint(mu) - q.log_prob(z)).mean(),
    }
    question = "Which three numbers does a program need for one draw, and what is averaged?"
    formula = "z = μ + σ ε, then the mean of log p(x, z) − log q(z)."
    return compare(answer(log_joint, mu, sigma, eps), terms.mean(), slips, question, formula=formula)


@exercise("3.2", praise="Every row adds up to one: each point has its own q.")
def e_step(answer):
    g = draws()
    x = torch.tensor([-1.0, 0.2, 1.5, 4.0], dtype=torch.float64)
    centres, weights = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64), torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64)
    drawn = uniform(-2, 4, 5, g=g), uniform(-1, 3, 2, g=g), torch.tensor([0.2, 0.8], dtype=torch.float64)
    question = "Bayes' rule for one data point: what is multiplied, and over what does the sum that you divide by run?"
    formula = "r = weight × density, divided by its sum over the bumps; x[:, None] makes the shapes (N, K)."
    for points, means, shares in ((x, centres, weights), drawn):
        joint = shares * Normal(means, 1.0).log_prob(points[:, None]).exp()
        exact = joint / MixtureSameFamily(Categorical(shares), Normal(means, torch.ones_like(means))).log_prob(points).exp()[:, None]
        likelihood = joint / shares
        slips = {
            "The prior weights are missing: Bayes' rule starts from weight × density.": likelihood / likelihood.sum(-1, keepdim=True),
            "Divide by the sum over the bumps (of one data point), not over the data.": joint / joint.sum(0),
            "Divide by the sum over the bumps of one data point, not by the sum over everything.": joint / joint.sum(),
            "This is the joint p(x, z): divide by its sum over the bumps.": joint,
            "The shape is (N, K): one row a data point.": exact.T,
            "These are logarithms: take exp, or a softmax of the log-joint.": exact.log(),
            "The weights are added to the logarithm: it is their logarithm that belongs there.": (likelihood.log() + shares).softmax(-1),
            "Each point has been given to its likeliest bump: an E step keeps the shares.": torch.nn.functional.one_hot(
                exact.argmax(-1), len(means)
            ),
        }
        if problem := compare(answer(points, means, shares), exact, slips, question, formula=formula):
            return problem
    far = torch.tensor([-60.0, 60.0], dtype=torch.float64)
    far_exact = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    underflow = "far from all bumps every density is 0 in floating point, and 0/0 is no number: take the softmax of logarithms."
    slips = {underflow: torch.full_like(far_exact, math.nan)}
    return compare(answer(far, centres, weights), far_exact, slips, question, formula=formula, what="x = ±60")


@exercise("3.3", praise="Weighted means and counts: the top of F, without a gradient step.")
def m_step(answer):
    g = draws()
    x = torch.tensor([-1.0, 0.2, 1.5, 4.0, 3.1], dtype=torch.float64)
    r = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.05, 0.95], [0.1, 0.9]], dtype=torch.float64)
    question = (
        "At the top of F its derivative for one centre is zero: which points count in it, and how much? Which share of the data has a bump?"
    )
    formula = "centre_k = Σ r_ik x_i / Σ r_ik, weight_k = Σ r_ik / N."
    for points, shares in ((x, r), (uniform(-2, 4, 6, g=g), torch.randn(6, 3, generator=g, dtype=torch.float64).softmax(-1))):
        weighted, total, n, k = (shares * points[:, None]).sum(0), shares.sum(0), len(points), shares.shape[1]
        centres, weights = several(answer(points, shares), "centres", "weights")
        slips_centres = {
            "Divide by the sum of that bump's responsibilities, not by N.": weighted / n,
            "Divide by the sum of the responsibilities.": weighted,
            "Weigh each x by its responsibility: this is the plain mean.": points.mean().expand(k),
            "The two are exchanged: return centres first.": total / n,
        }
        slips_weights = {
            "The weights must add up to one: divide by N.": total,
            "Each point counts for its likeliest bump alone: add up shares.": torch.nn.functional.one_hot(shares.argmax(1), k)
            .double()
            .mean(0),
            "Not equal weights: a bump that is responsible for more points gets more.": torch.full((k,), 1 / k),
            "Average r over the data, one weight a bump.": shares.mean(-1),
        }
        problem = compare(centres, weighted / total, slips_centres, question, what="centres", formula=formula) or compare(
            weights, total / n, slips_weights, question, what="weights", formula=formula
        )
        if problem:
            return problem
    return None


@exercise("3.4", praise="At β = 1 it is log p(x), the trapezoid of notebook 02.")
def best_value(answer):
    g = draws()
    question = "What is the value at β = 1? Which of the two densities carries the power 1/β, and what stands before the logarithm?"
    formula = "β times the log of the integral of p(z) p(x|z)^(1/β); logsumexp plus log dz is the log of an integral."
    for beta, width, n in (
        (3.0, 0.5, 601),  # 3, so that no ½ is taken for 1/β
        (0.5, 0.5, 601),
        (1.0, 0.5, 601),
        (uniform(0.3, 3, g=g).item(), uniform(0.3, 0.8, g=g).item(), 451),
    ):
        z = torch.linspace(-6, 6, n, dtype=torch.float64)
        dz = (z[1] - z[0]).item()
        log_prior, log_likelihood = Normal(0.0, 1.0).log_prob(z), Normal(z**2, width).log_prob(torch.tensor(0.6))
        log_q = (log_prior + log_likelihood / beta).log_softmax(0) - math.log(dz)  # the best q; then its value, term by term
        q = log_q.exp() * dz
        exact = (q * log_likelihood).sum() - beta * (q * (log_q - log_prior)).sum()
        slips = {
            "The factor β in front of the logarithm is missing.": exact / beta,
            "The step dz of the grid is missing: a sum over the grid is an integral only with it.": exact - beta * math.log(dz),
            "log dz stands inside the bracket that β multiplies.": exact - (beta - 1) * math.log(dz),
            "The likelihood is raised to the power 1/β, not β.": beta * ((log_prior + log_likelihood * beta).logsumexp(0) + math.log(dz)),
            "The prior keeps its power 1: only the likelihood is raised to 1/β.": beta
            * (((log_prior + log_likelihood) / beta).logsumexp(0) + math.log(dz)),
            "It is the likelihood that is raised to 1/β, not the prior.": beta
            * ((log_prior / beta + log_likelihood).logsumexp(0) + math.log(dz)),
            "β does not enter: this is log p(x).": (log_prior + log_likelihood).logsumexp(0) + math.log(dz),
            "Take the logarithm of the integral.": (log_prior + log_likelihood / beta).exp().sum() * dz,
            "Take the logarithm of the integral, then multiply by β.": beta * (log_prior + log_likelihood / beta).exp().sum() * dz,
        }
        problem = compare(answer(log_prior, log_likelihood, dz, beta), exact, slips, question, what=f"β = {beta:.3g}", formula=formula)
        if problem:
            return problem
    return None


@exercise("3.5", praise="The same model, turned: now each latent may be guessed by itself.")
def untangle(answer):
    g = draws()
    # three latents, since in two dimensions a diagonal and its inverse leave the same gap, and a slip would pass
    W = torch.tensor([[1.0, 0.2, 0.1], [0.5, -0.7, 0.4], [0.3, 0.9, -0.6], [0.8, 0.4, 0.5]], dtype=torch.float64)
    question = "W becomes W R. When is Rᵀ WᵀW R diagonal, and what does a rotation never change?"
    formula = "the columns of R are the eigenvectors of WᵀW: torch.linalg.eigh(W.T @ W)."
    for loadings in (W, torch.randn(6, 4, generator=g, dtype=torch.float64)):
        gram, L = loadings.T @ loadings, loadings.shape[1]
        R = torch.as_tensor(answer(loadings)).detach().double()
        vectors = torch.linalg.eigh(gram).eigenvectors
        if R.shape != (L, L):
            slips = {
                "One number a latent is no rotation: return the matrix R.": torch.linalg.eigvalsh(gram),
                "Return R, not W R.": loadings @ vectors,
            }
            return compare(R, torch.zeros(L, L), slips, question, what="R", formula=formula)
        if (problem := compare(R.T @ R, torch.eye(L), hint="A rotation keeps lengths: RᵀR = I.", what="RᵀR")) is not None:
            return problem
        left, turned_back = (_gap(torch.eye(L) + M.T @ gram @ M / 0.3) for M in (R, R.T))
        hint = "This is Rᵀ: the columns of R are the new directions, not its rows." if turned_back < 1e-6 else question
        if problem := compare(left, 0.0, hint=hint, what="nats that the best diagonal q still loses", formula=formula):
            return problem
    return None


def _gap(precision: Tensor) -> Tensor:
    """What the best diagonal q leaves, (3.26), from the posterior's inverse covariance (L, L), in nats."""
    mean = torch.zeros(len(precision), dtype=torch.float64)
    best = MultivariateNormal(mean, torch.diag(1 / precision.diagonal()))
    return kl_divergence(best, MultivariateNormal(mean, precision_matrix=precision))

"""Checks of notebook 02."""

import math

import torch
from torch.distributions import MultivariateNormal, Normal

from ...exercises import compare, exercise
from ...toy import CurvedToy


@exercise("2.1", praise="The sum you divided by is the evidence.")
def bayes_rule(answer):
    prior, likelihood = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.02, 0.1, 0.4])
    exact = torch.tensor([14, 20, 40]) / 74
    return compare(
        answer(prior, likelihood),
        exact,
        slips={
            "That is the joint; divide by the evidence, its sum.": prior * likelihood,
            "The prior is missing: an unlikely cause may explain well and still be unlikely.": likelihood / likelihood.sum(),
            "The evidence is the sum of the joint, not of the likelihood.": prior * likelihood / likelihood.sum(),
        },
        hint="Multiply prior and likelihood, then make the result sum to one.",
    )


@exercise("2.2", praise="It survives values whose exponential is 0 in floating point.")
def log_evidence_estimate(answer):
    for log_likelihood in (torch.tensor([-1.0, -2.0, -4.0, -0.5]), torch.tensor([-2000.0, -2001.0, -1999.0])):
        log_sum = log_likelihood.double().logsumexp(0)
        problem = compare(
            answer(log_likelihood),
            log_sum - math.log(len(log_likelihood)),
            slips={
                "That is the mean of the logarithms; the estimate is the logarithm of the mean.": log_likelihood.mean(),
                "That is the logarithm of the sum; the average also divides by S, so subtract log S.": log_sum,
            },
            hint="exp(−2000) is 0 in floating point, and log 0 is −∞: use logsumexp, which takes out the largest value first.",
            rtol=1e-6,
        )
        if problem:
            return problem


@exercise("2.3", praise="The unknown p(x) has cancelled.")
def accept(answer):
    now = torch.tensor([-1.0, -3.0, -1.0, -1.0, -2.0, -1.0])
    proposed = torch.tensor([-3.0, -1.0, -1.2, -1.2, -500.0, -0.9])
    u = torch.tensor([0.5, 0.9, 0.5, 0.9, 0.01, 0.5])
    given = torch.as_tensor(answer(now, proposed, u))
    ratio = torch.tensor([math.exp(-2), math.exp(2), math.exp(-0.2), math.exp(-0.2), 0.0, math.exp(0.1)])
    return compare(
        given,
        u < ratio,
        slips={
            "The ratio is upside down: the proposal's density belongs on top.": u < 1 / ratio,
            "Compare log u, not u, with a difference of logarithms.": u < proposed - now,
            "Downhill moves are accepted too, with probability equal to the ratio; without them you climb to a mode and stay.": proposed
            > now,
            "The other way round: accept when u is below the ratio.": u >= ratio,
        },
        hint="Accept when u < p(x, z')/p(x, z), and do it in logarithms.",
    )


@exercise("2.4", praise="Halving the error costs four times the samples; one more latent costs a factor ρ.")
def samples_needed(answer):
    for L, sigma, error in ((1, 0.5, 0.1), (6, 0.25, 0.2)):
        # independent of (2.9): the moments of one pixel's weight by the Gaussian densities of torch, at the typical x
        x, wide = torch.tensor([math.sqrt(1 + sigma**2)], dtype=torch.float64), torch.eye(1, dtype=torch.float64)
        narrow = MultivariateNormal(torch.zeros(1, dtype=torch.float64), wide * (1 + sigma**2 / 2)).log_prob(x).item()
        evidence = MultivariateNormal(torch.zeros(1, dtype=torch.float64), wide * (1 + sigma**2)).log_prob(x).item()
        rho = math.exp(narrow - 0.5 * math.log(4 * math.pi * sigma**2) - 2 * evidence)
        wrong_rho = (1 + sigma) / (math.sqrt(sigma) * math.sqrt(2 + sigma)) * math.exp(1 / (2 + sigma))
        problem = compare(
            answer(L, sigma, error),
            (rho**L - 1) / error**2,
            slips={
                "The relative error is √(V/S), so S = V/ε²: square the error.": (rho**L - 1) / error,
                "ρ^L is 1 + V: subtract the one.": rho**L / error**2,
                "The factors multiply: ρ to the power L, not ρ times L.": (rho * L - 1) / error**2,
                "The formula has σ², the variance, where you have σ.": (wrong_rho**L - 1) / error**2,
            },
            hint="V = ρ^L − 1, and S = V/ε².",
            what=f"L = {L}, σ = {sigma}, error {error}",
        )
        if problem:
            return problem


@exercise("2.5", praise="Any q gives the right answer on average; a q near the posterior gives it at once.")
def importance_log_evidence(answer):
    toy = CurvedToy(0.25)
    mu, sigma = torch.tensor(-0.2, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    eps = Normal(0.0, 1.0).icdf(torch.linspace(0.0005, 0.9995, 1000, dtype=torch.float64))  # as even as draws can be

    def log_joint(z):
        return toy.log_joint(-0.3, z)

    z = mu + sigma * eps
    log_p, log_q = log_joint(z), Normal(mu, sigma).log_prob(z)
    log_s = math.log(len(eps))
    return compare(
        answer(log_joint, mu, sigma, eps),
        (log_p - log_q).logsumexp(0) - log_s,
        slips={
            "Divide by q(z): the draws come from q, and the weight corrects for it.": log_p.logsumexp(0) - log_s,
            "q is N(μ, σ²): evaluate its density at z, not that of N(0, 1) at ε.": (log_p - Normal(0.0, 1.0).log_prob(eps)).logsumexp(0)
            - log_s,
            "That is the mean of the logarithms, the ELBO: a lower bound. Take the logarithm of the mean.": (log_p - log_q).mean(),
            "That is the logarithm of the sum; the average also divides by S.": (log_p - log_q).logsumexp(0),
            "The draws are μ + σ ε, not (μ + ε) σ.": _estimate(log_joint, mu, sigma, (mu + eps) * sigma),
        },
        hint="z = μ + σ ε; log weight = log p(x, z) − log q(z); then the logarithm of the mean weight.",
        rtol=1e-6,
    )


def _estimate(log_joint, mu, sigma, z):
    return (log_joint(z) - Normal(mu, sigma).log_prob(z)).logsumexp(0) - math.log(len(z))

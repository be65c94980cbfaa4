"""Checks of notebook 04: the KL term. The truth comes from torch.distributions or a closed form that the notebook proves."""

import math

import torch
from torch import Tensor
from torch.distributions import Laplace, MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, draws, exercise, filled_in, several
from .more_checks import normal  # and with it 4.6 to 4.8


def covariance(n: int, g: torch.Generator) -> Tensor:
    """A random covariance (n, n), not near singular."""
    A = normal(n, n, g=g)
    return A @ A.T / n + 0.3 * torch.eye(n)


@exercise("4.1", praise="At μ = 0 and σ = 1 for p it is (4.8), and both springs are in it.")
def kl_diagonal(answer):
    g = draws()
    mu_q, mu_p = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.3, -0.2]]), torch.tensor([[0.1, 0.4, -1.0], [1.0, 0.0, -0.5]])
    logvar_q, logvar_p = torch.tensor([[0.2, -0.7, 1.0], [-2.0, 0.0, 0.5]]), torch.tensor([[0.6, 0.3, -0.4], [1.0, -0.5, 0.8]])
    question = "What must it be where q and p are the same? What is each distance measured in, and which axis is summed?"
    formula = "½ Σ (log σp² − log σq² + (σq² + (μq − μp)²)/σp² − 1), with σ² = exp(logvar)."
    for case in ((mu_q, logvar_q, mu_p, logvar_p), tuple(normal(4, 3, g=g) for _ in range(4))):
        m, lq, n, lp = case
        vq, vp, d = lq.exp(), lp.exp(), m - n
        each = kl_divergence(Normal(m, vq.sqrt()), Normal(n, vp.sqrt()))  # (batch, L)
        exact = each.sum(-1)
        slips = {
            "The factor ½ in front is missing.": 2 * exact,
            "Sum over the latent dimensions, do not average: a mean divides the price by L, a hidden β of 1/L.": each.mean(-1),
            "One number per image: sum over the last axis.": each,
            "One number per image: sum over the last axis only, and leave the average over images to the loss.": exact.mean(),
            "The sum over images belongs in the loss; return one number per image.": exact.sum(),
            "The sum runs over the latent dimensions, the last axis.": each.sum(0),
            "This is KL(p‖q): q and p are exchanged.": kl_divergence(Normal(n, vp.sqrt()), Normal(m, vq.sqrt())).sum(-1),
            "p is not the standard normal here: its own mean and variance enter.": 0.5 * (m**2 + vq - 1 - lq).sum(-1),
            "The sign is turned: a KL is never negative.": -exact,
            "The −1 is missing: for q = p the KL must be 0.": exact + 0.5 * m.shape[-1],
            "The two logarithms are the wrong way round: a q narrower than p must pay for it.": (each - lp + lq).sum(-1),
            "logvar is log σ², not log σ: σ² is exp(logvar), not exp(2·logvar).": 0.5 * (lp - lq + (vq**2 + d**2) / vp**2 - 1).sum(-1),
            "logvar was used as if it were log σ throughout: σ² is exp(logvar).": 0.5
            * (2 * lp - 2 * lq + (vq**2 + d**2) / vp**2 - 1).sum(-1),
            "The distance of the means is measured in units of p: divide it by σp² too.": (each - 0.5 * d**2 / vp + 0.5 * d**2).sum(-1),
            "The distance of the means is missing.": (each - 0.5 * d**2 / vp).sum(-1),
            "The distance of the means is divided by p's variance, not by q's.": (each - 0.5 * d**2 / vp + 0.5 * d**2 / vq).sum(-1),
            "The distance of the means enters squared.": (each - 0.5 * d**2 / vp + 0.5 * d / vp).sum(-1),
            "q's variance is measured in units of p: divide it by σp² too.": (each - 0.5 * vq / vp + 0.5 * vq).sum(-1),
        }
        if problem := compare(answer(m, lq, n, lp), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("4.2", praise="Volume, width, distance: three parts, one formula.")
def kl_full(answer):
    g = draws()
    mu_q, mu_p = torch.tensor([0.5, -1.0, 0.2]), torch.tensor([0.0, 0.4, 1.0])
    cov_q = torch.tensor([[1.0, 0.5, 0.1], [0.5, 0.8, 0.0], [0.1, 0.0, 0.5]])
    cov_p = torch.tensor([[2.0, -0.4, 0.3], [-0.4, 1.0, 0.2], [0.3, 0.2, 1.5]])
    question = "What must it be for q = p? Which of the two covariances is inverted, and what plays the part of log σ²?"
    formula = "½ [log det Σp − log det Σq − L + tr(Σp⁻¹ Σq) + dᵀ Σp⁻¹ d], with d = μq − μp."
    drawn = normal(4, g=g), covariance(4, g), normal(4, g=g), covariance(4, g)
    for m, Q, n, P in ((mu_q, cov_q, mu_p, cov_p), drawn):
        q, p = MultivariateNormal(m, Q), MultivariateNormal(n, P)
        exact, volumes, d, inverse = kl_divergence(q, p), torch.logdet(P) - torch.logdet(Q), m - n, torch.linalg.inv(P)
        distance, trace, L = 0.5 * d @ inverse @ d, 0.5 * torch.trace(inverse @ Q), len(d)
        slips = {
            "The factor ½ in front is missing.": 2 * exact,
            "The sign is turned: a KL is never negative.": -exact,
            "The determinants are the wrong way round: log det Σp − log det Σq.": exact - volumes,
            "The logarithm of the determinants is missing.": exact - volumes / 2 + 0.5 * (torch.det(P) - torch.det(Q)),
            "The dimension L is not subtracted: with q = p the KL must be 0.": exact + L / 2,
            "Subtract the dimension L, not 1.": exact + (L - 1) / 2,
            "This is KL(p‖q): q and p are exchanged.": kl_divergence(p, q),
            "The distance of the means is missing.": exact - distance,
            "The distance of the means is measured by Σp⁻¹, not plainly.": exact - distance + 0.5 * d @ d,
            "The distance of the means is measured by Σp⁻¹, not by Σp.": exact - distance + 0.5 * d @ P @ d,
            "The distance of the means is measured by p's covariance, not by q's.": exact - distance + 0.5 * d @ torch.linalg.inv(Q) @ d,
            "The trace is of Σp⁻¹ Σq, not of Σp Σq.": exact - trace + 0.5 * torch.trace(P @ Q),
            "The trace is of Σp⁻¹ Σq: multiply the matrices with @, not entry by entry.": exact - trace + 0.5 * torch.trace(inverse * Q),
        }
        if problem := compare(answer(m, Q, n, P), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("4.3", praise="Unbiased and never negative, at the price of the tails.")
def k3(answer):
    question = "What is it where q = p, and which of p and q stands on top in the ratio? Can it be negative?"
    for u in (torch.tensor([-1.0, -0.2, 0.0, 0.5, 2.0]), normal(3, 4, g=draws())):
        exact = (-u).exp() - 1 + u
        slips = {
            "The ratio is p/q = exp(−log_ratio): log_ratio is log q − log p.": u.exp() - 1 - u,
            "The ratio is p/q = exp(−log_ratio), with a minus.": u.exp() - 1 + u,
            "The −1 is missing: where q = p the estimate must be 0.": (-u).exp() + u,
            "log q/p is added, not subtracted: k3 is k1 plus something of mean zero.": (-u).exp() - 1 - u,
            "This is p/q − 1 alone, whose mean is zero: k1 is missing.": (-u).exp() - 1,
            "One value per sample: leave the average to the caller.": exact.mean(),
            "This is k1.": u,
            "This is k2.": 0.5 * u**2,
        }
        formula = "k3 = p/q − 1 − log(p/q), where log(q/p) is given."
        if problem := compare(answer(u), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("4.4", praise="Reverse is the narrower one, as with the two bumps.")
def best_diagonal(answer):
    fixed = torch.tensor([[1.0, 0.7, 0.1], [0.7, 0.9, -0.2], [0.1, -0.2, 0.6]])
    question = "Write the KL with (4.13), drop what does not depend on σ_l²: where is its derivative zero?"
    for cov in (fixed, covariance(4, draws())):
        precision = torch.linalg.inv(cov)
        reverse, forward = 1 / precision.diagonal(), cov.diagonal()
        eigenvalues = {"These are the eigenvalues: they fit a rotated Gaussian, which is not diagonal.": torch.linalg.eigvalsh(cov)}
        slips_reverse = eigenvalues | {
            "This is the answer for forward: matching each variance by itself lets q stick out of p.": forward,
            "Invert the precision's diagonal: 1 / (Σ⁻¹)_ll, one over each entry.": precision.diagonal(),
            "The inverse of the covariance has a diagonal of its own: invert the matrix first.": 1 / cov.diagonal(),
            "Return variances, not standard deviations.": reverse.sqrt(),
            "Two vectors of L variances, not matrices.": torch.diag(reverse),
        }
        slips_forward = eigenvalues | {
            "Reverse and forward are exchanged, or the same: forward matches the moments of p.": reverse,
            "Return variances, not standard deviations.": forward.sqrt(),
            "Two vectors of L variances, not matrices.": torch.diag(forward),
        }
        got = several(answer(cov), "reverse", "forward")
        formula = "reverse: 1 / (Σ⁻¹)_ll, (4.14). Forward: Σ_ll, the moments, (4.19)."
        problem = compare(got[0], reverse, slips_reverse, question, what="reverse", formula=formula) or compare(
            got[1], forward, slips_forward, question, what="forward", formula=formula
        )
        if problem:
            return problem
    return None


@exercise("4.5", praise="Its pull on m never exceeds 1: a rope in place of a spring.")
def kl_laplace(answer):
    function, slopes = answer
    g = draws()
    p = Laplace(0.0, 1.0)
    question = "What is E|z| when z comes from Laplace(m, b): at m = 0, and far out? What is the average of log q?"
    formula = "E_q[log q] = −1 − log 2b, and E_q[log p] = −log 2 − E_q|z|."
    for m, b in ((0.5, 1.0), (-1.5, 0.4), (0.0, 2.0), (normal(g=g).item(), 0.3 + 1.7 * torch.rand((), generator=g).item())):
        exact, log_b, far = kl_divergence(Laplace(m, b), p), math.log(b), abs(m)
        tail = b * math.exp(-far / b)
        slips = {
            "The two are exchanged: this is KL(Laplace(0, 1)‖Laplace(m, b)).": kl_divergence(p, Laplace(m, b)),
            "E|z| is not |m| + b: the average crosses zero, so it is |m| + b·exp(−|m|/b).": far + b - 1 - log_b,
            "E|z| is not |m|: the width b adds b·exp(−|m|/b).": far - 1 - log_b,
            "The −1 is missing: the entropy of a Laplace density is 1 + log 2b.": exact + 1,
            "log b is subtracted: a narrow q must pay for it.": exact + 2 * log_b,
            "The distance is |m|, whatever the sign of m.": m + tail - 1 - log_b,
            "The tail is b·exp(−|m|/b), with the minus.": far + b * math.exp(min(far / b, 50.0)) - 1 - log_b,
            "This is the formula for Gaussians.": kl_divergence(Normal(m, b), Normal(0.0, 1.0)),
        }
        if problem := compare(function(m, b), exact, slips, question, what=f"m = {m:.3g}, b = {b:.3g}", formula=formula):
            return problem
    m, log_b = torch.tensor([1.0, math.log(0.5)], dtype=torch.float64).requires_grad_().unbind()
    exact = torch.stack(torch.autograd.grad(kl_divergence(Laplace(m, log_b.exp()), p), (m, log_b)))
    slips = {
        "By log b is asked for: the slope by b, times b.": exact / torch.tensor([1.0, 0.5]),
        "The sign is turned: the slope is of the KL, the pull its negative.": -exact,
        "Those are a Gaussian's springs, by μ and by log σ.": [1.0, 0.5**2 - 1],
    }
    question = "By how much does the KL change when m grows by 0.001, and when log b does?"
    return compare(filled_in(slopes, "slopes_at", "kl_laplace"), exact, slips, question, rtol=0.01, what="slopes_at")

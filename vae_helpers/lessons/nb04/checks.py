"""Checks of notebook 04: the KL term. The truth comes from torch.distributions or a closed form that the notebook proves."""

import torch
from torch.distributions import Laplace, MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, exercise


@exercise("4.1", praise="Both springs are in it.")
def kl_to_standard_normal(answer):
    mu = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.3, -0.2]])
    logvar = torch.tensor([[0.2, -0.7, 1.0], [-2.0, 0.0, 0.5]])
    each = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0))  # (batch, L)
    exact = each.sum(-1)
    variances = logvar.exp()
    slips = {
        "The factor ½ in front is missing.": 2 * exact,
        "Sum over the latent dimensions, do not average: a mean divides the price by L, a hidden β of 1/L.": each.mean(-1),
        "One number per image: sum over the last axis.": each,
        "One number per image: sum over the last axis only, and leave the average over images to the loss.": exact.mean(),
        "The sum over images belongs in the loss; return one number per image.": exact.sum(),
        "logvar is log σ², not log σ: σ² is exp(logvar), not exp(2·logvar).": 0.5 * (mu**2 + variances**2 - 1 - logvar).sum(-1),
        "logvar was used as if it were log σ throughout: σ² is exp(logvar).": 0.5 * (mu**2 + variances**2 - 1 - 2 * logvar).sum(-1),
        "The sign is turned: a KL is never negative. (The paper writes −KL, which is added to the ELBO.)": -exact,
        "The −1 is missing: at μ = 0, σ = 1 the KL must be 0.": 0.5 * (mu**2 + variances - logvar).sum(-1),
        "log σ² is subtracted, not added: a small σ must cost something.": 0.5 * (mu**2 + variances - 1 + logvar).sum(-1),
        "μ enters squared.": 0.5 * (mu + variances - 1 - logvar).sum(-1),
    }
    return compare(answer(mu, logvar), exact, slips=slips, hint="½ Σ (μ² + σ² − 1 − log σ²), with σ² = exp(logvar).")


@exercise("4.2", praise="Volume, width, distance: three parts, one formula.")
def kl_full(answer):
    mu_q, mu_p = torch.tensor([0.5, -1.0, 0.2]), torch.tensor([0.0, 0.4, 1.0])
    cov_q = torch.tensor([[1.0, 0.5, 0.1], [0.5, 0.8, 0.0], [0.1, 0.0, 0.5]])
    cov_p = torch.tensor([[2.0, -0.4, 0.3], [-0.4, 1.0, 0.2], [0.3, 0.2, 1.5]])
    q, p = MultivariateNormal(mu_q, cov_q), MultivariateNormal(mu_p, cov_p)
    exact, volumes, d, inverse = kl_divergence(q, p), torch.logdet(cov_p) - torch.logdet(cov_q), mu_q - mu_p, torch.linalg.inv(cov_p)
    slips = {
        "The factor ½ in front is missing.": 2 * exact,
        "The determinants are the wrong way round: log det Σp − log det Σq.": exact - volumes,
        "The dimension L is not subtracted: with q = p the KL must be 0.": exact + 1.5,
        "Subtract the dimension L, not 1.": exact + 1.0,
        "This is KL(p‖q): q and p are exchanged.": kl_divergence(p, q),
        "The distance of the means is missing.": exact - 0.5 * d @ inverse @ d,
        "The distance of the means is measured by Σp⁻¹, not plainly.": exact - 0.5 * d @ inverse @ d + 0.5 * d @ d,
        "The distance of the means is measured by Σp⁻¹, not by Σp.": exact - 0.5 * d @ inverse @ d + 0.5 * d @ cov_p @ d,
        "The trace is of Σp⁻¹ Σq, not of Σp Σq.": exact + 0.5 * (torch.trace(cov_p @ cov_q) - torch.trace(inverse @ cov_q)),
    }
    hint = "½ [log det Σp − log det Σq − L + tr(Σp⁻¹ Σq) + dᵀ Σp⁻¹ d], with d = μq − μp."
    return compare(answer(mu_q, cov_q, mu_p, cov_p), exact, slips=slips, hint=hint)


@exercise("4.3", praise="Unbiased and never negative, at the price of the tails.")
def k3(answer):
    u = torch.tensor([-1.0, -0.2, 0.0, 0.5, 2.0])
    exact = (-u).exp() - 1 + u
    slips = {
        "The ratio is p/q = exp(−log_ratio): log_ratio is log q − log p.": u.exp() - 1 - u,
        "The ratio is p/q = exp(−log_ratio), with a minus.": u.exp() - 1 + u,
        "The −1 is missing: where q = p the estimate must be 0.": (-u).exp() + u,
        "log q/p is added, not subtracted: k3 is k1 plus something of mean zero.": (-u).exp() - 1 - u,
        "One value per sample: leave the average to the caller.": exact.mean(),
        "This is k2.": 0.5 * u**2,
    }
    return compare(answer(u), exact, slips=slips, hint="k3 = p/q − 1 − log(p/q), where log(q/p) is given.")


@exercise("4.4", praise="Reverse is the narrower one, as with the two bumps.")
def best_diagonal(answer):
    cov = torch.tensor([[1.0, 0.7, 0.1], [0.7, 0.9, -0.2], [0.1, -0.2, 0.6]])
    reverse, forward = 1 / torch.linalg.inv(cov).diagonal(), cov.diagonal()
    pair = answer(cov)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        return "expected two vectors of variances, (reverse, forward), got something else. Hint: return reverse, forward."
    slips_reverse = {
        "This is the answer for forward: matching each variance by itself lets q stick out of p.": forward,
        "Invert the precision's diagonal: 1 / (Σ⁻¹)_ll, one over each entry.": torch.linalg.inv(cov).diagonal(),
        "Return variances, not standard deviations.": reverse.sqrt(),
        "These are the eigenvalues: they fit a rotated Gaussian, which is not diagonal.": torch.linalg.eigvalsh(cov),
    }
    slips_forward = {
        "Reverse and forward are exchanged, or the same: forward matches the moments of p.": reverse,
        "Return variances, not standard deviations.": forward.sqrt(),
        "These are the eigenvalues: they fit a rotated Gaussian, which is not diagonal.": torch.linalg.eigvalsh(cov),
    }
    hint = "write the KL with (4.16), drop what does not depend on σ_l², and set the derivative to zero."
    return compare(pair[0], reverse, slips=slips_reverse, hint=hint, what="reverse") or compare(
        pair[1], forward, slips=slips_forward, hint=hint, what="forward"
    )


@exercise("4.5", praise="Its pull on m never exceeds 1: a rope in place of a spring.")
def kl_laplace(answer):
    pairs = [(0.5, 1.0), (-1.5, 0.4), (0.0, 2.0)]
    p = Laplace(0.0, 1.0)
    for m, b in pairs:
        exact, reverse = kl_divergence(Laplace(m, b), p), kl_divergence(p, Laplace(m, b))
        slips = {
            "The two are exchanged: this is KL(Laplace(0, 1)‖Laplace(m, b)).": reverse,
            "E|z| is not |m| + b: the average crosses zero, so it is |m| + b·exp(−|m|/b).": abs(m) + b - 1 - torch.tensor(b).log(),
            "E|z| is not |m|: the width b adds b·exp(−|m|/b).": abs(m) - 1 - torch.tensor(b).log(),
            "The −1 is missing: the entropy of a Laplace density is 1 + log 2b.": exact + 1,
            "This is the formula for Gaussians.": kl_divergence(Normal(m, b), Normal(0.0, 1.0)),
        }
        hint = "E_q[log q] = −1 − log 2b, and E_q[log p] = −log 2 − E_q|z|."
        problem = compare(answer(m, b), exact, slips=slips, hint=hint, what=f"m = {m}, b = {b}")
        if problem:
            return problem
    return None

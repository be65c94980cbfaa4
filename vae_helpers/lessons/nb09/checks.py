"""Checks of notebook 09."""

import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, draws, exercise, filled_in, several, word


@exercise("9.1", praise="Precisions add, each reading with its own.")
def posterior_of_readings(answer):
    g = draws()
    new = torch.randn(1, generator=g).item(), 0.4 + torch.rand(1, generator=g).item()
    readings = torch.randn(5, generator=g), 0.3 + torch.rand(5, generator=g)
    for m, v, x, s in ((0.5, 1.7, torch.tensor([1.4, 0.2, 1.1]), torch.tensor([0.6, 1.5, 0.3])), (*new, *readings)):
        z = torch.linspace(-12, 12, 20_001, dtype=torch.float64)  # the truth by quadrature
        log_p = Normal(m, math.sqrt(v)).log_prob(z) + Normal(x[:, None].double(), s[:, None].double()).log_prob(z).sum(0)
        mass = log_p.softmax(0)
        mean = (mass * z).sum()
        exact = [mean, (mass * (z - mean) ** 2).sum()]
        precision, data, plain = 1 / v + (1 / s**2).sum(), (1 / s**2).sum(), 1 / v + (1 / s).sum()
        squared = 1 / v**2 + data
        weighted = (x / s**2).sum()
        slips = {
            "s is a standard deviation: a reading's precision is 1/s².": [(m / v + (x / s).sum()) / plain, 1 / plain],
            "The prior is a reading too, of precision 1/v: it is missing.": [weighted / data, 1 / data],
            "That is the precision; the variance is one over it.": [(m / v + weighted) / precision, precision],
            "v is a variance already: the prior's precision is 1/v, not 1/v².": [(m / v**2 + weighted) / squared, 1 / squared],
            "The mean weighs each reading by its precision; you have the plain average.": [(m + x.sum()) / (1 + len(x)), 1 / precision],
        }
        question = "Which quantities add: variances, or one over them?"
        formula = "Precision 1/v + Σ 1/s_i²; mean (m/v + Σ x_i/s_i²) over it."
        if problem := compare(several(answer(m, v, x, s), "mean", "variance"), exact, slips, question, formula=formula):
            return problem


@exercise("9.2", praise="The ELBO no longer falls.")
def responsibilities(answer):
    generator = draws()
    for n, k, d, tau in ((6, 2, 3, 0.8), (9, 3, 2, 1.7)):
        x, mean = (torch.randn(rows, d, dtype=torch.float64, generator=generator) for rows in (n, k))
        variance = 0.1 + 1.4 * torch.rand(k, dtype=torch.float64, generator=generator)
        concentration = 0.4 + 3 * torch.rand(k, dtype=torch.float64, generator=generator)
        variance[0], concentration[0] = 2.0, 0.3  # so that neither slip can hide
        log_mean, distance = (concentration / concentration.sum()).log(), (x[:, None] - mean).square().sum(-1)
        mean_log, spread = concentration.digamma() - concentration.sum().digamma(), d * variance
        pull = mean_log - 0.5 * tau * (distance + spread)

        def best(log_weight, spread, axis=-1):
            return (log_weight - 0.5 * tau * (distance + spread)).softmax(axis)  # noqa: B023

        exact, got = pull.softmax(-1), answer(x, concentration, mean, variance, tau)
        slips = {
            "Both expectations are still wrong: E[ln weight] is not ln E[weight], and E|x − μ|² is more than |x − mean|².": best(
                log_mean, 0
            ),
            "The distance is mended, the weight is not: E[ln weight] is a difference of two digammas.": best(log_mean, spread),
            "The weight is mended, the distance is not: E|x − μ|² = |x − mean|² + D · variance.": best(mean_log, 0),
            "The spread counts once a dimension: D · variance.": best(mean_log, variance),
            "Normalise over the components, the last axis, not over the points.": best(mean_log, spread, axis=0),
        }
        question = "What is E[ln weight_k] under the Dirichlet, and what E|x − μ_k|² under N(mean_k, variance_k I)?"
        formula = "ψ(concentration_k) − ψ(Σ concentration), and |x − mean_k|² + D · variance_k."
        if problem := compare(got, exact, slips, question, formula=formula):
            return problem + _fall(got, exact, pull)


def _fall(r: object, best: Tensor, pull: Tensor) -> str:
    """What these responsibilities cost, where they are some: the part of the ELBO that they move is Σ r (pull − ln r)."""
    if not torch.is_tensor(r) or r.shape != best.shape or not torch.allclose(r.sum(-1), torch.ones_like(r[:, 0]), atol=1e-4):
        return ""
    value, top = ((each * (pull - each.clamp(min=1e-300).log())).sum() for each in (r.double(), best))
    return f" The ELBO after your update is {top - value:.3f} nats below that of the best r."


@exercise("9.3", praise="The same steps lead back.")
def leapfrog_steps(answer):
    def slope(z):
        return -(z**3) + 0.4 * z.cos() - 0.2

    z, given = torch.tensor([0.3, -1.2, 0.9, 1.6]).double(), torch.tensor([1.1, 0.4, -0.8, 0.2]).double()
    for r, step, n in ((given, 0.11, 5), (torch.randn(4, dtype=torch.float64, generator=draws()), 0.07, 8), (given, 0.2, 1)):
        args = slope, z, r, step, n
        slips = {
            "Those are whole kicks: begin with half a kick, and end with the other half.": _kicks(*args, 1, 0),
            "The last kick is half a kick too: without it the way back differs.": _kicks(*args, 0.5, 1),
            "The kick at the end is missing.": _kicks(*args, 0.5, 0),
            "Half a kick before and a whole one after is too much.": _kicks(*args, 1, 0.5),
            "The ball is kicked up the slope of log p: the slope is added, not subtracted.": _kicks(
                lambda z: -slope(z), *args[1:], 0.5, 0.5
            ),
        }
        question = "For n = 1, what comes before the one drift, and what after it?"
        formula = "For n = 1: half a kick, a drift, half a kick. For more, the two half kicks in the middle make a whole one."
        exact = _kicks(*args, 0.5, 0.5)
        got = several(answer(*args), "z", "r")
        if problem := compare(got, exact, slips, question, rtol=1e-6, what=f"n = {n}", formula=formula):
            return problem + _way_back(answer, got, *args)


def _way_back(answer, got, slope, z, r, step, n):
    """How far from its start a trajectory ends that is run back with −r; nothing where there is no position and momentum."""
    if not isinstance(got, tuple | list) or [getattr(v, "shape", None) for v in got] != [z.shape, r.shape]:
        return ""
    back, _ = answer(slope, got[0], -got[1], step, n)
    if not (back - z).abs().max() > 1e-3:
        return ""
    return f" Run back from its end with −r, your trajectory stops {(back - z).abs().max():.2g} away from where it began."


def _kicks(slope, z, r, step, n, first, last):
    """A leapfrog whose first and last kicks are these parts of a whole one."""
    r = r + first * step * slope(z)
    for i in range(n):
        z = z + step * r
        r = r + (1 if i < n - 1 else last) * step * slope(z)
    return torch.stack([z, r])


@exercise("9.4", praise="Two gaps, two cures.")
def diagnose(answer):
    g = draws()
    big, small = (-92.1, -97.4, -95.0, -93.2, -92.4), (-23.5, -24.1, -24.0, -23.9, -23.6)  # both gaps say the same as what is won
    other, way = (-50.0, -53.0, -52.8, -51.0, -50.2), (-60.0, -65.0, -64.2, -64.0, -63.8)  # the larger gap is the worse buy
    for numbers in (big, small, other, way, _five(g), _five(g)):
        log_p, encoder, bigger, diagonal, full = numbers
        buy = "bigger encoder" if bigger - encoder > full - diagonal else "full covariance"
        told = "for " + ", ".join(f"{v:.1f}" for v in numbers)
        got = answer(*numbers)
        got = several(got, "approximation", "amortization", "which one to pay for")
        slips = {
            "The two are swapped: the family's price is what even a climb for this image leaves.": [diagonal - encoder, log_p - diagonal],
            "Approximation is measured at the best *diagonal* q, the encoder's own family.": [log_p - full, diagonal - encoder],
            "Amortization is what a perfect encoder would win, not what the bigger one wins.": [log_p - diagonal, bigger - encoder],
            "The whole gap is log p − encoder; amortization is the part of it below the best diagonal q.": [
                log_p - diagonal,
                log_p - encoder,
            ],
            "Both have the wrong sign: a gap is how much is missing, from below.": [diagonal - log_p, encoder - diagonal],
        }
        question = "Sort the five numbers: which lie between the encoder and the best diagonal q, which above it?"
        formula = "log p − diagonal, and diagonal − encoder."
        if problem := compare(got[:2], [log_p - diagonal, diagonal - encoder], slips, question, what=told, formula=formula):
            return problem
        if word(got[2], ("bigger encoder", "full covariance"), told) != buy:
            wins = "a bigger encoder wins bigger − encoder, a full covariance full − diagonal; the sizes of the two gaps do not decide"
            return f'{told}: expected "{buy}", got {got[2]!r}. Hint: {wins}.'


def _five(generator: torch.Generator) -> tuple[float, ...]:
    """log p(x) and four ELBOs below it, in order of their size but for the encoder's being the least."""
    steps = (torch.rand(4, generator=generator) * torch.tensor([1.0, 1.0, 2.0, 2.0]) + 0.1).tolist()
    log_p = -90 - 10 * torch.rand(1, generator=generator).item()
    full, diagonal, bigger, encoder = (log_p - sum(steps[: i + 1]) for i in range(4))
    return log_p, encoder, bigger, diagonal, full


@exercise("9.5", praise="With one rung it would be plain Monte Carlo.")
def annealed_bound(answer):
    g = draws()
    rising = torch.cat([torch.zeros(1), torch.rand(6, generator=g).sort().values, torch.ones(1)])
    for betas, k in ((torch.tensor([0.0, 0.1, 0.4, 1.0]).double(), 6), (rising.double(), 9)):
        log_likelihood = -1_500 + 30 * torch.randn(len(betas) - 1, k, dtype=torch.float64, generator=g)
        log_w = betas.diff() @ log_likelihood
        exact = log_w.logsumexp(0) - math.log(k)
        slips = {
            "That is the mean of the log-weights: a bound too, but a looser one than the log of the mean weight.": log_w.mean(),
            "That is the log of the sum; the mean weight divides by K.": log_w.logsumexp(0),
            "Each rung weighs with the *rise* of β, not with β itself.": (betas[1:] @ log_likelihood).logsumexp(0) - math.log(k),
            "K is the number of chains, the last axis; you divide by the number of rungs.": exact + math.log(k / (len(betas) - 1)),
            "exp(−1500) is 0 in floating point: stay in logarithms, with logsumexp.": -math.inf,
        }
        question = "What is log w of one chain, a sum over rungs, and what then is the log of the mean of w over chains?"
        formula = "log w = Σ (β_t − β_{t−1}) log p(x|z_{t−1}); then logsumexp over chains, minus log K."
        if problem := compare(answer(betas, log_likelihood), exact, slips, question, rtol=2e-6, formula=formula):
            return problem


@exercise("9.6", praise="Now try it on the true posteriors.")
def price_of_mean_field(answer):
    function, rho = answer
    g = draws()
    for L in (3, 5):  # with two, reverse and forward cost the same
        square = torch.randn(3, L, L, dtype=torch.float64, generator=g)
        cov = square @ square.mT + 0.2 * torch.eye(L, dtype=torch.float64)
        variances, sides = cov.diagonal(dim1=-2, dim2=-1), 1 / torch.linalg.inv(cov).diagonal(dim1=-2, dim2=-1)
        posterior, zeros = MultivariateNormal(torch.zeros(3, L).double(), cov), torch.zeros(3, L).double()
        exact = kl_divergence(MultivariateNormal(zeros, torch.diag_embed(sides)), posterior)
        marginals = MultivariateNormal(zeros, torch.diag_embed(variances))
        slips = {
            "The factor ½ is missing.": 2 * exact,
            "That is KL(p‖q), with the marginal variances: the covering direction (04).": kl_divergence(posterior, marginals),
            "That is KL(q‖p) for q with p's own marginal variances; the best diagonal q is narrower.": kl_divergence(marginals, posterior),
            "A price is not negative: the sign is turned.": -exact,
        }
        question = "The best diagonal q has variances 1/Λ_ll, by (4.14) of notebook 04: what is its KL to the posterior?"
        formula = "½ [log det Σ + Σ_l log (Σ⁻¹)_ll]."
        if problem := compare(function(cov), exact, slips, question, what=f"L = {L}", formula=formula):
            return problem
    slips = {
        "That is ρ²: the price is −½ log(1 − ρ²).": 1 - math.exp(-2),
        "At that ρ the price is two nats: is the ½ in it?": math.sqrt(1 - math.exp(-4)),
        "At that ρ the price is half a nat.": math.sqrt(1 - math.exp(-1)),
    }
    question = "What does your function say of [[1, ρ], [ρ, 1]], and at which ρ is that 1?"
    return compare(filled_in(rho, "rho", "price_of_mean_field"), math.sqrt(1 - math.exp(-2)), slips, question, stderr=0.0015, what="rho")

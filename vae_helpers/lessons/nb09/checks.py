"""Checks of notebook 09."""

import math

import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from ...exercises import compare, exercise


@exercise("9.1", praise="Precisions add, each reading with its own.")
def posterior_of_readings(answer):
    for m, v, x, s in (
        (0.5, 1.7, torch.tensor([1.4, 0.2, 1.1]), torch.tensor([0.6, 1.5, 0.3])),
        (torch.randn(1).item(), 0.4 + torch.rand(1).item(), torch.randn(5), 0.3 + torch.rand(5)),
    ):
        z = torch.linspace(-12, 12, 20_001, dtype=torch.float64)  # the truth by quadrature
        log_p = Normal(m, math.sqrt(v)).log_prob(z) + Normal(x[:, None].double(), s[:, None].double()).log_prob(z).sum(0)
        mass = log_p.softmax(0)
        mean = (mass * z).sum()
        exact = [mean, (mass * (z - mean) ** 2).sum()]
        precision = 1 / v + (1 / s**2).sum()
        plain = 1 / v + (1 / s).sum()
        data = (1 / s**2).sum()
        problem = compare(
            answer(m, v, x.clone(), s.clone()),
            exact,
            slips={
                "s is a standard deviation: a reading's precision is 1/s².": [(m / v + (x / s).sum()) / plain, 1 / plain],
                "The prior is a reading too, of precision 1/v: it is missing.": [(x / s**2).sum() / data, 1 / data],
                "That is the precision; the variance is one over it.": [(m / v + (x / s**2).sum()) / precision, precision],
                "v is a variance already: the prior's precision is 1/v, not 1/v².": [
                    (m / v**2 + (x / s**2).sum()) / (1 / v**2 + data),
                    1 / (1 / v**2 + data),
                ],
                "The mean weighs each reading by its precision; you have the plain average.": [
                    torch.cat([torch.tensor([m]), x]).mean(),
                    1 / precision,
                ],
            },
            hint="Which quantities add: variances, or one over them?",
        )
        if problem:
            return problem


@exercise("9.2", praise="The ELBO no longer falls.")
def responsibilities(answer):
    generator = torch.Generator().manual_seed(int(torch.randint(1_000_000, ())))
    for n, k, d, tau in ((6, 2, 3, 0.8), (9, 3, 2, 1.7)):
        x, mean = (torch.randn(rows, d, dtype=torch.float64, generator=generator) for rows in (n, k))
        variance = 0.1 + 1.4 * torch.rand(k, dtype=torch.float64, generator=generator)
        concentration = 0.4 + 3 * torch.rand(k, dtype=torch.float64, generator=generator)
        variance[0], concentration[0] = 2.0, 0.3  # so that neither slip can hide
        log_mean, distance = (concentration / concentration.sum()).log(), (x[:, None] - mean).square().sum(-1)
        mean_log, spread = concentration.digamma() - concentration.sum().digamma(), d * variance

        def best(log_weight, spread, axis=-1):
            return (log_weight - 0.5 * tau * (distance + spread)).softmax(axis)  # noqa: B023

        def elbo(r):
            """The part of the ELBO that r moves, its expectations by their definitions."""
            return (r * (mean_log - 0.5 * tau * (distance + spread) - r.clamp(min=1e-300).log())).sum()  # noqa: B023

        exact = best(mean_log, spread)
        got = answer(*(v.clone() for v in (x, concentration, mean, variance)), tau)
        fall = ""
        if torch.is_tensor(got) and got.shape == exact.shape and torch.allclose(got.sum(-1), torch.ones(n, dtype=got.dtype), atol=1e-4):
            fall = f" The ELBO after your update is {elbo(exact) - elbo(got.double()):.3f} nats below that of the best r."
        problem = compare(
            got,
            exact,
            slips={
                "Both expectations are still wrong: E[ln weight] is not ln E[weight], and E|x − μ|² is more than |x − mean|².": best(
                    log_mean, 0
                ),
                "The distance is mended, the weight is not: E[ln weight] under a Dirichlet is a difference of two digammas.": best(
                    log_mean, spread
                ),
                "The weight is mended, the distance is not: E|x − μ|² = |x − mean|² + D · variance.": best(mean_log, 0),
                "The spread counts once a dimension: D · variance.": best(mean_log, variance),
                "Normalise over the components, the last axis, not over the points.": best(mean_log, spread, axis=0),
            },
            hint="Write E[ln weight_k] under the Dirichlet, and E|x − μ_k|² under N(mean_k, variance_k I).",
        )
        if problem:
            return problem + fall


@exercise("9.3", praise="The same steps lead back.")
def leapfrog_steps(answer):
    def slope(z):
        return -(z**3) + 0.4 * z.cos() - 0.2

    z, given = torch.tensor([0.3, -1.2, 0.9, 1.6]).double(), torch.tensor([1.1, 0.4, -0.8, 0.2]).double()
    for r, step, n in ((given, 0.11, 5), (torch.randn(4, dtype=torch.float64), 0.07, 8), (given, 0.2, 1)):
        problem = compare(
            torch.stack(list(answer(slope, z.clone(), r.clone(), step, n))),
            _kicks(slope, z, r, step, n, 0.5, 0.5),
            slips={
                "Those are whole kicks at the start: begin with half a kick, and end with the other half.": _kicks(
                    slope, z, r, step, n, 1, 0
                ),
                "The last kick is half a kick too: without it the way back differs.": _kicks(slope, z, r, step, n, 0.5, 1),
                "The kick at the end is missing.": _kicks(slope, z, r, step, n, 0.5, 0),
                "Half a kick before and a whole one after is too much.": _kicks(slope, z, r, step, n, 1, 0.5),
                "The ball is kicked downhill in log p: the slope of log p is added, not subtracted.": _kicks(
                    lambda z: -slope(z), z, r, step, n, 0.5, 0.5
                ),
            },
            hint="For n = 1: half a kick, one drift, half a kick. For n = 2 the two half kicks in the middle make a whole one.",
            rtol=1e-6,
            what=f"n = {n}",
        )
        if problem:
            return problem


def _kicks(slope, z, r, step, n, first, last):
    """A leapfrog whose first and last kicks are these parts of a whole one."""
    r = r + first * step * slope(z)
    for i in range(n):
        z = z + step * r
        r = r + (1 if i < n - 1 else last) * step * slope(z)
    return torch.stack([z, r])


@exercise("9.4", praise="Two gaps, two cures.")
def diagnose(answer):
    for numbers in ((-92.1, -97.4, -95.0, -93.2, -92.4), (-23.5, -24.1, -24.0, -23.9, -23.6), _five(), _five()):
        log_p, encoder, bigger, diagonal, full = numbers
        buy = "bigger encoder" if bigger - encoder > full - diagonal else "full covariance"
        approximation, amortization, word = answer(*numbers)
        told = ", ".join(f"{v:.1f}" for v in numbers)
        problem = compare(
            [approximation, amortization],
            [log_p - diagonal, diagonal - encoder],
            slips={
                "The two are swapped: the family's price is what even a climb for this image leaves.": [
                    diagonal - encoder,
                    log_p - diagonal,
                ],
                "Approximation is measured at the best *diagonal* q, the encoder's own family; full covariance is another one.": [
                    log_p - full,
                    diagonal - encoder,
                ],
                "Amortization is what a perfect encoder would win, the best diagonal q, not what the bigger one wins.": [
                    log_p - diagonal,
                    bigger - encoder,
                ],
                "The whole gap is log p − encoder; amortization is the part of it below the best diagonal q.": [
                    log_p - diagonal,
                    log_p - encoder,
                ],
                "Both have the wrong sign: a gap is how much is missing, from below.": [diagonal - log_p, encoder - diagonal],
            },
            hint="Sort the five numbers: which lie between the encoder and the best diagonal q, which above it?",
            what=f"for {told}",
        )
        if problem:
            return problem
        if word != buy:
            return (
                f'for {told}: expected "{buy}", got {word!r}. Hint: a bigger encoder wins bigger − encoder, '
                "a full covariance full − diagonal; the sizes of the two gaps do not decide."
            )


def _five() -> tuple[float, ...]:
    steps = torch.rand(4) * torch.tensor([1.0, 1.0, 2.0, 2.0]) + 0.1
    log_p = -90 - 10 * torch.rand(1).item()
    full = log_p - steps[0].item()
    diagonal = full - steps[1].item()
    bigger = diagonal - steps[2].item()
    return log_p, bigger - steps[3].item(), bigger, diagonal, full


@exercise("9.5", praise="With one rung it would be plain Monte Carlo.")
def annealed_bound(answer):
    for betas, k in ((torch.tensor([0.0, 0.1, 0.4, 1.0]), 4), (torch.cat([torch.zeros(1), torch.rand(6).sort().values, torch.ones(1)]), 9)):
        log_likelihood = -1_500 + 30 * torch.randn(len(betas) - 1, k, dtype=torch.float64)
        betas = betas.double()
        log_w = betas.diff() @ log_likelihood
        problem = compare(
            answer(betas.clone(), log_likelihood.clone()),
            log_w.logsumexp(0) - math.log(k),
            slips={
                "That is the mean of the log-weights: a bound too, but a looser one than the log of the mean weight.": log_w.mean(),
                "That is the log of the sum; the mean weight divides by K.": log_w.logsumexp(0),
                "Each rung weighs with the *rise* of β, not with β itself.": (betas[1:] @ log_likelihood).logsumexp(0) - math.log(k),
                "K is the number of chains, the last axis; you divide by the number of rungs.": log_w.logsumexp(0)
                - math.log(len(betas) - 1),
            },
            hint="Chain by chain: Σ (β_t − β_{t−1}) log p(x|z_{t−1}) over rungs; then logsumexp over chains (exp(−1500) is 0 in float).",
            rtol=1e-7,
        )
        if problem:
            return problem


@exercise("9.6", praise="Now try it on the true posteriors.")
def price_of_mean_field(answer):
    for L in (2, 4):
        square = torch.randn(3, L, L, dtype=torch.float64)
        cov = square @ square.mT + 0.2 * torch.eye(L, dtype=torch.float64)
        sides = 1 / torch.linalg.inv(cov).diagonal(dim1=-2, dim2=-1)
        zeros = torch.zeros(3, L, dtype=torch.float64)
        exact = kl_divergence(MultivariateNormal(zeros, torch.diag_embed(sides)), MultivariateNormal(zeros, cov))
        marginals = kl_divergence(
            MultivariateNormal(zeros, torch.diag_embed(cov.diagonal(dim1=-2, dim2=-1))), MultivariateNormal(zeros, cov)
        )
        forward = 0.5 * (cov.diagonal(dim1=-2, dim2=-1).log().sum(-1) - torch.linalg.slogdet(cov).logabsdet)
        problem = compare(
            answer(cov.clone()),
            exact,
            slips={
                "The factor ½ is missing.": 2 * exact,
                "That is KL(p‖q), with the marginal variances: the covering direction (04). VI minimises KL(q‖p).": forward,
                "That is KL(q‖p) for q with p's own marginal variances; the best diagonal q is narrower, 1/Λ_ll.": marginals,
                "A price is not negative: the sign is turned.": -exact,
            },
            hint="(4.17): ½ [log det Σ + Σ_l log (Σ⁻¹)_ll].",
            what=f"L = {L}",
        )
        if problem:
            return problem

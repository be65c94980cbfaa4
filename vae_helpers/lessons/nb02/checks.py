"""Checks of notebook 02."""

import math

import torch
from torch import Tensor
from torch.distributions import Gamma, LogNormal, Normal

from ...exercises import compare, draws, exercise, several
from ...inference.variational import gaussian_vi
from ...toy import CurvedToy


@exercise("2.1", praise="The sum you divided by is the evidence.")
def bayes_rule(answer):
    g = draws()
    drawn = torch.rand(4, generator=g)
    for prior, likelihood in (
        (torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.02, 0.1, 0.4])),
        (drawn / drawn.sum(), 3 * torch.rand(4, generator=g)),  # a likelihood may be a density, above one
    ):
        joint = [p * q for p, q in zip(prior.tolist(), likelihood.tolist(), strict=True)]
        if problem := compare(
            answer(prior, likelihood),
            [value / sum(joint) for value in joint],
            slips={
                "That is the joint; divide by the evidence, its sum.": prior * likelihood,
                "The prior is missing: an unlikely cause may explain well and still be unlikely.": likelihood / likelihood.sum(),
                "The evidence is the sum of the joint, not of the likelihood.": prior * likelihood / likelihood.sum(),
                "The evidence is the sum of the joint, not its mean.": prior * likelihood / (prior * likelihood).mean(),
                "That is the evidence: the posterior has one number for each cause.": (prior * likelihood).sum(),
            },
            hint="Which product says how x and a cause come about together? What must the posteriors of all causes add up to?",
            formula="prior × likelihood, divided by its sum.",
        ):
            return problem


@exercise("2.2", praise="It survives values whose exponential is 0 in floating point.")
def log_evidence_estimate(answer):
    g = draws()
    for log_likelihood in (
        torch.tensor([-1.0, -2.0, -4.0, -0.5]),
        3 * torch.randn(9, generator=g),
        torch.tensor([-2000.0, -2001.0, -1999.0]),
        -1500 + 2 * torch.randn(6, generator=g),
    ):
        n = len(log_likelihood)
        largest = max(log_likelihood.double().tolist())
        log_sum = largest + math.log(math.fsum(math.exp(value - largest) for value in log_likelihood.double().tolist()))
        if problem := compare(
            answer(log_likelihood),
            log_sum - math.log(n),
            slips={
                "That is the mean of the logarithms; the estimate is the logarithm of the mean.": log_likelihood.mean(),
                "That is the logarithm of the sum; the average also divides by S, so subtract log S.": log_sum,
                "exp(−2000) is 0 in floating point, and log 0 is −∞: which function takes out the largest value first?": -math.inf,
                "That is the mean itself: take its logarithm.": log_likelihood.exp().mean(),
                "Subtract log S, not S.": log_sum - n,
            },
            hint="Of what is the average taken, and of what the logarithm? What must come out when all values are equal?",
            formula="logsumexp(log p(x|z)) − log S.",
            rtol=1e-6,
        ):
            return problem


@exercise("2.3", praise="Detailed balance holds, for a walk that never leaves the positive numbers.")
def acceptance(answer):
    g = draws()
    shape, rate = (torch.tensor([2.0, 0.5]).double() + torch.tensor([2.0, 1.0]) * torch.rand(2, generator=g)).unbind()
    third = Gamma(torch.tensor(3.0).double(), torch.tensor(2.0).double())
    far = lambda z: third.log_prob(z) - 2000  # noqa: E731  densities of images are as small as this
    gamma = lambda z: (shape - 1) * z.log() - rate * z + math.log(3)  # noqa: E731  not normalised
    for log_density, normal in ((far, third), (gamma, Gamma(shape, rate))):
        z, step = 0.2 + 3 * torch.rand(500, generator=g, dtype=torch.float64), 0.7
        there = z * (step * torch.randn(500, generator=g, dtype=torch.float64)).exp()
        forth, back = torch.as_tensor(answer(log_density, z, there)), torch.as_tensor(answer(log_density, there, z))
        ratio, correction = normal.log_prob(there) - normal.log_prob(z), (there / z).log()
        right = (ratio + correction).exp().clamp(max=1)
        slips = {
            "That is plain Metropolis, for a symmetric step. This step is not: which way is the likelier?": ratio.exp().clamp(max=1),
            "The correction is upside down: steps from a small z are short, so from z′ > z the way back has the higher density.": (
                (ratio - correction).exp().clamp(max=1)
            ),
            "The ratio of densities is upside down: the proposal's belongs on top.": (-ratio - correction).exp().clamp(max=1),
            "A probability is at most 1.": (ratio + correction).exp(),
            "That is the logarithm of the probability: return the probability.": right.log(),
            "exp(−2000) is 0 in floating point, and 0/0 is not a number: subtract logarithms first.": torch.full_like(right, math.nan),
            "That accepts uphill moves only: downhill ones are accepted too, now and then.": (right >= 1).double(),
        }
        flow = LogNormal(z.log(), step).log_prob(there) + normal.log_prob(z)
        flow_back = LogNormal(there.log(), step).log_prob(z) + normal.log_prob(there)
        question = "Is p(z) q(z′|z) a(z → z′) the same in both directions? What is the density of z′ = z·exp(sε), by change of variables?"
        unbalanced = compare(flow.exp() * forth, flow_back.exp() * back, hint=question, rtol=1e-3, what="flow forth and back")
        if unbalanced:
            formula = "min(1, p(x, z′) z′ / (p(x, z) z))."
            return compare(forth, right, slips, question, what="a(z → z′)", formula=formula) or unbalanced
        if problem := compare(forth, right, hint="It balances. Is a move to a better place ever refused? Need it be?", what="a(z → z′)"):
            return problem


@exercise("2.4", praise="Halving the error costs four times the samples; one more latent costs a factor ρ.")
def samples_needed(answer):
    g = draws()
    drawn = torch.randint(2, 8, (1,), generator=g).item(), *(0.2 + 0.6 * torch.rand(2, generator=g)).tolist()
    for L, sigma, error in ((1, 0.5, 0.1), (6, 0.25, 0.2), drawn):
        # independent of (2.9): the moments of one pixel's weight by the Gaussian densities of torch, at the typical x
        x, spread = math.sqrt(1 + sigma**2), torch.tensor([1 + sigma**2 / 2, 1 + sigma**2]).double().sqrt()
        narrow, evidence = Normal(0.0, spread).log_prob(torch.tensor(x)).tolist()
        rho = math.exp(narrow - 0.5 * math.log(4 * math.pi * sigma**2) - 2 * evidence)
        wrong_rho = (1 + sigma) / (math.sqrt(sigma) * math.sqrt(2 + sigma)) * math.exp(1 / (2 + sigma))
        exact, got = (rho**L - 1) / error**2, answer(L, sigma, error)
        whole = torch.as_tensor(got).double()
        if problem := compare(
            exact if whole.numel() == 1 and whole == math.ceil(exact) else got,
            exact,
            slips={
                "The relative error is √(V/S), so S = V/ε²: square the error.": (rho**L - 1) / error,
                "ρ^L is 1 + V: subtract the one.": rho**L / error**2,
                "The factors multiply: ρ to the power L, not ρ times L.": (rho * L - 1) / error**2,
                "The formula has σ², the variance, where you have σ.": (wrong_rho**L - 1) / error**2,
                "That is V, the bill for an error of 100 %.": rho**L - 1,
                "Divide by the squared error, do not multiply.": (rho**L - 1) * error**2,
            },
            hint="What is V at L = 1, and how does it grow with L? By what factor must S grow for half the error?",
            formula="V = ρ^L − 1, and S = V/ε².",
            what=f"L = {L}, σ = {sigma:.3g}, error {error:.3g}",
        ):
            return problem


@exercise("2.5", praise="Any q gives the right answer on average; a q near the posterior gives it at once.")
def importance_log_evidence(answer):
    drawn = torch.rand(3, generator=draws(), dtype=torch.float64)
    even = Normal(0.0, 1.0).icdf(torch.linspace(0.0005, 0.9995, 1000, dtype=torch.float64))  # as even as draws can be
    few = torch.randn(7, generator=draws(), dtype=torch.float64)
    for x, mu, sigma, eps, below in (
        (-0.3, torch.tensor(-0.2).double(), torch.tensor(0.5).double(), even, 0),
        (0.5 * drawn[0].item(), drawn[1] - 0.5, 0.3 + drawn[2], few, 1500),
    ):
        toy = CurvedToy(0.25)

        def log_joint(z, toy=toy, x=x, below=below):
            return toy.log_joint(x, z) - below

        def estimate(z, log_q, log_joint=log_joint):
            return (log_joint(z) - log_q).logsumexp(0) - math.log(len(z))

        z, q = mu + sigma * eps, Normal(mu, sigma)
        backwards = (mu + eps) * sigma
        if problem := compare(
            answer(log_joint, mu, sigma, eps),
            estimate(z, q.log_prob(z)),
            slips={
                "Divide by q(z): the draws come from q, and the weight corrects for it.": estimate(z, 0),
                "q is N(μ, σ²): evaluate its density at z, not that of N(0, 1) at ε.": estimate(z, Normal(0.0, 1.0).log_prob(eps)),
                "That is the mean of the logarithms, the ELBO: a lower bound. Take the logarithm of the mean.": (
                    (log_joint(z) - q.log_prob(z)).mean()
                ),
                "That is the logarithm of the sum; the average also divides by S.": estimate(z, q.log_prob(z)) + math.log(len(z)),
                "The draws are μ + σ ε, not (μ + ε) σ.": estimate(backwards, q.log_prob(backwards)),
                "exp(−1500) is 0 in floating point: use logsumexp.": -math.inf,
            },
            hint="Where do the draws come from, and how likely was each? What must come out if q were the posterior, whatever ε is?",
            formula="z = μ + σ ε; log weight = log p(x, z) − log q(z); then the logarithm of the mean weight.",
            rtol=1e-6,
        ):
            return problem


@exercise("2.6", praise="A draw from the right place is worth a hundred from the prior.")
def draws_from_q(answer):
    exact = 104.5  # 10,000 times the relative variance (2.7) of a draw from q over that of one from the prior, by quadrature
    slips = {
        "You divided by the ratio of the errors: the number of draws goes with its square.": 1_000,
        "That is how many from the prior do as well as 10,000 from q.": 1_000_000,
    }
    question = "How many times larger is the error from the prior? What does half the error cost in draws?"
    return compare(answer, exact, slips, question, rtol=0.2, formula="10,000 · (error from q / error from the prior)².")


@exercise("2.7", praise="You have fitted a posterior without knowing p(x).")
def fit_gaussian(answer):
    g = draws()
    w, x, noise = (1 + torch.rand(3, generator=g, dtype=torch.float64) * torch.tensor([1, 1, -0.5])).tolist()  # σ² far below σ

    def conjugate(z: Tensor) -> Tensor:  # x = w z + noise: the posterior is Gaussian, and known
        return Normal(0.0, 1.0).log_prob(z) + Normal(w * z, noise).log_prob(torch.tensor(x))

    def bent(z: Tensor) -> Tensor:
        return CurvedToy(0.5).log_joint(-0.3, z)

    variance = 1 / (1 + w**2 / noise**2)
    best = gaussian_vi(bent, mu=0.3, sigma=0.5)
    for name, log_joint, mu, sigma in (
        ("on a straight model", conjugate, variance * w * x / noise**2, math.sqrt(variance)),
        ("on the curved toy", bent, best.mu.item(), best.sigma.item()),
    ):
        got = [torch.as_tensor(value).double().detach() for value in several(answer(log_joint), "mu", "sigma")]
        if any(value.numel() != 1 for value in got):
            return f"{name}: expected two numbers, got shapes {', '.join(str(tuple(v.shape)) for v in got)}. Hint: one latent, so one mean?"
        hint = "Is the ELBO what rises, entropy included? Does the climb go on until nothing changes, and is σ positive on the way?"
        slips = {
            "That is the variance: return σ.": sigma**2,
            "That is log σ: return σ.": math.log(sigma),
            "That is log σ²: return σ.": 2 * math.log(sigma),
            "The two are exchanged: μ comes first.": mu if abs(got[0] - sigma) < 0.05 * sigma else math.inf,
        }
        if 0 <= got[1] < 0.2 * sigma:
            slips["A width of almost nothing. Is the entropy, log σ, in the loss, and is the gradient cleared at each step?"] = got[1]
        elif got[1] > 5 * sigma:
            slips["A width without end. Is log p(x, z) averaged over q, not taken at μ, and does the loss fall as the ELBO rises?"] = got[1]
        problem = compare(got[1], sigma, slips, hint, rtol=0.05, what=f"σ, {name}") or compare(
            (got[0] - mu) / sigma, torch.zeros(()), stderr=0.05 / 5, hint=hint, what=f"(μ − exact)/σ, {name}"
        )
        if problem:
            return problem


@exercise("2.8", praise="A silent failure, made loud: few samples carry the whole estimate, or one does.")
def believe(answer):
    g, wrong = draws(), []
    log_rho = math.log(1.25 / (0.5 * math.sqrt(2.25))) + 1 / 2.25  # (2.9) at σ = ½
    cases = [(L, S) for L in (1, 2, 3) for S in (3_000, 9_000)] + [(L, S) for L in (14, 18, 22) for S in (300, 10_000)]
    for L, S in [cases[k] for k in torch.randperm(len(cases), generator=g)]:
        latents = torch.randn(S, L, generator=g, dtype=torch.float64)
        log_weights = Normal(math.sqrt(1.25), 0.5).log_prob(latents).sum(1) - 3  # log p(x|z); log p(x) is another number
        said, error = torch.as_tensor(answer(log_weights)), math.sqrt(math.expm1(L * log_rho) / S)
        if said.numel() != 1:
            return f"expected True or False, got {tuple(said.shape)} of them. Hint: which one number sums up how evenly the weights lie?"
        if bool(said) != bool(torch.as_tensor(answer(log_weights + 200))):
            return (
                "expected one verdict for weights in any unit, got another for e²⁰⁰ times the weights. Hint: which of their ratios count?"
            )
        if bool(said) != (error < 0.1):
            wrong.append((L, S, error, bool(said)))
    if not wrong:
        return None
    L, S, error, said = wrong[0]
    if len({said for *_, said in wrong}) == 1 and len(wrong) == len(cases) / 2:
        hint = "you said the same to all. How much of the sum does its largest weight bring, here and there?"
    elif said:
        hint = "how much of the sum do its largest weights bring? Samples that never came leave no trace in the spread of those that did."
    else:
        hint = "these weights lie evenly. Does your rule ask for more than 10 % needs?"
    return (
        f"{len(wrong)} of {len(cases)} verdicts expected otherwise: with {S:,} samples at L = {L} the relative error is "
        f"{error:.2g}, got {'believe it' if said else 'do not believe it'}. Hint: {hint}"
    )

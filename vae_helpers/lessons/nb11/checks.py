"""Checks of notebook 11."""

import math

import torch
from torch.distributions import Independent, Normal

from ...exercises import compare, draws, exercise, filled_in, judged, several


@exercise("11.1", praise="One weight that carries the sum counts as one sample.")
def effective_samples(answer):
    function, spread = answer
    far = torch.tensor([[0.0, -1200.0], [0.0, -1200.7], [0.0, -1203.0], [0.0, -1201.0]])  # four equal weights; four tiny ones
    drawn = 2 * torch.randn(7, 3, generator=draws(), dtype=torch.float64)
    for log_w, what in ((drawn, "for weights drawn at random"), (far.double(), "with weights below the smallest float")):
        w = (log_w - log_w.amax(0)).exp()
        exact = w.sum(0) ** 2 / (w**2).sum(0)
        slips = {
            "That is the sum of the squared shares: the effective size is one over it.": 1 / exact,
            "The shares are of one image: normalise over the K samples, the first axis.": 1 / (log_w.softmax(1) ** 2).sum(0),
            "Is it the squares of the shares that you add up? The shares themselves sum to 1.": torch.ones_like(exact),
        }
        if log_w.min() < -1000:
            slips["exp of these logarithms is 0, and 0/0 is no number: let softmax do it."] = torch.tensor([4.0, math.nan])
        question, formula = (
            "What must it be for K equal weights, and what if one carries the sum?",
            "1 / Σ_k w̃_k², w̃ = softmax of log w over K.",
        )
        if problem := compare(function(log_w), exact, slips, question, formula=formula, what=what):
            return problem
    exact = math.sqrt(math.log(100))  # of many log-normal weights the share 1/(1 + V) is exp(−s²)
    slips = {
        "That is s²: the spread is its root.": exact**2,
        "At that spread one sample in ten does the work.": math.sqrt(math.log(10)),
    }
    question = "What are E w and E w² of w = exp(s ε), and what does their ratio (E w)²/E w² say?"
    return compare(filled_in(spread, "spread", "effective_samples"), exact, slips, question, stderr=0.03, what="spread")


@exercise("11.2", praise="Bisection needs only that the function rises.")
def unfold(answer):
    g = draws()
    for L in (2, 3):
        z, w = (2 * torch.randn(n, L, generator=g, dtype=torch.float64) for n in (6, 1))
        w = w[0]
        across = torch.randn(L, generator=g, dtype=torch.float64)
        across = across - (across @ w) / (w @ w) * w
        for slope in (-0.9, 2.5):  # w·û
            u_hat, b = slope * w / (w @ w) + across, torch.tensor(0.4, dtype=torch.float64)
            moved = z + torch.tanh(z @ w + b)[:, None] * u_hat
            slips = {
                "The tanh is taken at w·z, and you took it at w·f(z): z is not known yet, solve for w·z first.": moved
                - torch.tanh(moved @ w + b)[:, None] * u_hat,
                "That is the fold once more: subtract it.": moved + torch.tanh(z @ w + b)[:, None] * u_hat,
                "Only the part along w is right: the fold also moves along û, across w.": moved + ((z - moved) @ w)[:, None] * w / (w @ w),
            }
            question = "Does your z, folded by (11.7), give `moved` again? Which number would you have to know first?"
            formula = "Times w, (11.7) is one equation for a = w·z: a + (w·û) tanh(a + b) = w·f(z). Its left side rises: halve an interval."
            if problem := compare(answer(moved, u_hat, w, b), z, slips, question, formula=formula, what=f"L = {L}, w·û = {slope}"):
                return problem
    return None


@exercise("11.3", praise="A word costs what its prior says: here its frequency at its place.")
def bits_of_codes(answer):
    fixed = torch.tensor([[0, 2], [0, 2], [1, 2], [0, 0]]), torch.tensor([[0, 2], [2, 1]]), 3
    habits = torch.tensor([[0.7, 0.2, 0.05, 0.05], [0.1, 0.1, 0.1, 0.7]])  # of two places
    skewed = torch.multinomial(habits, 60, replacement=True, generator=draws()).T
    for (train, test, J), what in ((fixed, "for a small case"), ((skewed[:40], skewed[40:], 4), "for codes drawn at random")):
        places = range(train.shape[1])
        counts = [[train[:, p].tolist().count(j) + 1 for j in range(J)] for p in places]
        together = [[sum(c[j] - 1 for c in counts) + 1 for j in range(J)]] * len(places)
        exact, pooled = (
            -sum(math.log2(c[p][k] / sum(c[p])) for row in test.tolist() for p, k in enumerate(row)) / len(test) for c in (counts, together)
        )
        slips = {
            "Those are nats: bits are log₂.": exact * math.log(2),
            "An image's code is all its words: sum over the places, average over the images only.": exact / test.shape[1],
            "Each place has frequencies of its own: do not pool them.": pooled,
            "That is the total of all test images: average over them.": exact * len(test),
        }
        got = torch.as_tensor(answer(train, test, J))
        if got.isinf().any():
            hint = "an entry that training never used needs its extra count, or it costs infinitely many bits."
            return f"{what}: expected {exact:.4g}, got {got.item()}. Hint: {hint}"
        question, formula = (
            "What should it be if all entries were equally frequent?",
            "−log₂ of (count + 1)/(N + J) of each word at its place.",
        )
        if problem := compare(got, exact, slips, question, formula=formula, what=what):
            return problem
    return None


@exercise("11.4", praise="No prior has a smaller mismatch: it has none.")
def log_best_prior(answer):
    g = draws()
    far = torch.tensor([[40.0, 0.0]]), torch.zeros(3, 2), torch.zeros(3, 2)  # a density too small for a float
    drawn = torch.randn(5, 2, generator=g), torch.randn(4, 2, generator=g), torch.randn(4, 2, generator=g)
    for (z, mu, logvar), what in ((far, "far out"), (drawn, "at points drawn at random")):
        z, mu, logvar = z.double(), mu.double(), logvar.double()
        each = Independent(Normal(mu, (logvar / 2).exp()), 1).log_prob(z[:, None])  # (n, N)
        exact = each.logsumexp(1) - math.log(len(mu))
        slips = {
            "It is a mean of densities: subtract log N.": each.logsumexp(1),
            "That is the mean of the logarithms: average the densities, then take the logarithm.": each.mean(1),
            "logvar is log σ², not log σ: σ = exp(logvar / 2).": Independent(Normal(mu, logvar.exp()), 1).log_prob(z[:, None]).logsumexp(1)
            - math.log(len(mu)),
        }
        if z.abs().max() > 30:
            slips["The densities underflow there: use logsumexp over the N images."] = torch.full_like(exact, -math.inf)
        question, formula = "What must it be if there is one image?", "logsumexp over images of log N(z; μ, σ²), minus log N."
        if problem := compare(answer(z, mu, logvar), exact, slips, question, formula=formula, what=what):
            return problem
    return None


@exercise("11.5", praise="Precisions add; the rest is a weighted mean.")
def step_back(answer):
    g = draws()
    for before, now, what in ((0.9, 0.45, "with ᾱ = 0.9 before and 0.45 now"), (0.3, 0.27, "with ᾱ = 0.3 before and 0.27 now")):
        z, x = torch.randn(2, 4, 2, generator=g, dtype=torch.float64)
        alpha = now / before
        # the joint of (z_{t−1}, z_t) given x, conditioned by the formulas for Gaussians
        joint = torch.tensor([[1 - before, alpha**0.5 * (1 - before)], [alpha**0.5 * (1 - before), 1 - now]], dtype=torch.float64)
        slope = joint[0, 1] / joint[1, 1]
        mean, variance = before**0.5 * x + slope * (z - now**0.5 * x), joint[0, 0] - slope * joint[0, 1]
        got = several(answer(z, x, before, now), "mean", "variance")
        slips = {
            "x enters with √ᾱ, not ᾱ.": mean + variance / (1 - before) * (before - before**0.5) * x,
            "z and x are swapped.": before**0.5 * z + slope * (x - now**0.5 * z),
            "That is the mean of q(z_{t−1}|x): z says something, too.": before**0.5 * x,
        }
        variances = {
            "That is 1 − α, the variance of the step forward; looking back you also know x.": 1 - alpha,
            "That is the standard deviation: return the variance.": variance**0.5,
            "That is the variance of q(z_{t−1}|x): z narrows it.": 1 - before,
        }
        question = "Which two Gaussians speak of z_{t−1}, and how sure is each?"
        formula = "The precisions are 1/(1 − before), from x, and α/(1 − α), from z. They add, and weigh the means."
        for part, right, wrong, name in ((got[0], mean, slips, "mean"), (got[1], variance, variances, "variance")):
            if problem := compare(part, right, wrong, question, formula=formula, what=f"the {name} {what}"):
                return problem
    return None


CHARTS = {
    "A": ("flow", "0.81 of the 0.92 nats are left by the best Gaussian there is: the family is too small."),
    "B": ("train the encoder", "the best Gaussian leaves 0.06 nats, so the family is fine and the encoder, hardly trained, misses it."),
    "C": ("learned prior", "the gap is small and the mismatch is not: draws from the prior land where no codes are."),
    "D": ("importance weights", "nobody needs its encoder, and its log p(x) is what counts: bend the decoder less."),
}


@exercise("11.6", praise="Measure what each place loses, and what you want of the model, before you change a place.")
def which_of_them(answer):
    return judged(answer, CHARTS, sorted(right for right, _ in CHARTS.values()))

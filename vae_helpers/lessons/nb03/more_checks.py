"""Checks of notebook 03, continued: 3.6 to 3.8: both parts of log p(x), the bias on θ, a judgement."""

import math
import random

import torch
from torch.distributions import Normal, kl_divergence

from ...exercises import compare, draws, exercise, filled_in, several, word


@exercise("3.6", praise="The sum does not know which q you brought.")
def two_parts(answer):
    g = draws()
    z = torch.linspace(-8, 8, 801, dtype=torch.float64)
    dz = (z[1] - z[0]).item()
    question = "Their sum must be the same for every q. Is it, for two q's of yours? Which density normalises exp(log_joint)?"
    formula = "ELBO = ∫ q (log_joint − log_q) dz, log p = log ∫ exp(log_joint) dz, KL = ∫ q (log_q − log_joint + log p) dz."
    drawn = (torch.tensor([-1.0, 0.3, 0.2]) + torch.tensor([2.0, 0.9, 0.4]) * torch.rand(3, generator=g)).tolist()
    for mu, sigma, width in ((0.8, 0.5, 0.25), (-1.2, 1.1, 0.25), drawn):
        log_joint = Normal(0.0, 1.0).log_prob(z) + Normal(z**2 / 2 + z / 4, width).log_prob(torch.tensor(1.0))
        log_q, log_p = Normal(mu, sigma).log_prob(z), log_joint.logsumexp(0) + math.log(dz)
        q = log_q.exp() * dz
        elbo, prior = (q * (log_joint - log_q)).sum(), kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0))
        slips_elbo = {
            "The step dz is missing: a sum over the grid is an integral only with it.": elbo / dz,
            "log q is subtracted: what is left is the average of log p(x, z) − log q(z).": (q * log_joint).sum(),
            "The sign is turned.": -elbo,
            "The two are exchanged: return the ELBO first.": log_p - elbo,
            "This is log p(x) itself: average the logs over q.": log_p,
        }
        slips_kl = {
            "This KL is the one to the prior: the gap is the KL to the posterior.": prior,
            "exp(log_joint) is no density: its area is p(x). Divide by it.": -elbo,
            "The sign is turned: log q comes first.": elbo - log_p,
            "This KL starts from the posterior: average over q.": ((log_joint - log_p).exp() * dz * (log_joint - log_p - log_q)).sum(),
            "The step dz is missing: a sum over the grid is an integral only with it.": (log_p - elbo) / dz,
            "log p(x) needs the step dz too: log of the sum, plus log dz.": log_p - elbo - math.log(dz),
        }
        what = f"q = N({mu:.3g}, {sigma:.3g}²): "
        got = several(answer(log_joint, log_q, dz), "elbo", "kl")
        problem = compare(got[0], elbo, slips_elbo, question, what=what + "the ELBO", formula=formula) or compare(
            got[1], log_p - elbo, slips_kl, question, what=what + "the KL", formula=formula
        )
        if problem:
            return problem
    return None


@exercise("3.7", praise="Hard guesses push the two bumps apart: a family that is too small moves θ.")
def two_choices(answer):
    function, push = answer
    g = draws()
    thetas = torch.linspace(-1, 6, 701, dtype=torch.float64)
    question = (
        "For one x and one θ there are two numbers log p(x, z). What makes log p(x) of them, and what is the best bound if r is 0 or 1?"
    )
    formula = "log p(x) is their logsumexp, the bound with the best hard r their maximum; average over the data, then argmax over θ."
    for n, truth in ((400, 1.5), (300, 1.2 + torch.rand((), generator=g).item())):
        x = torch.randn(n, generator=g, dtype=torch.float64) + truth * (torch.rand(n, generator=g) < 0.5)
        joints = torch.stack([Normal(t, 1.0).log_prob(x[:, None]).expand(n, len(thetas)) for t in (torch.zeros(1), thetas)]) - math.log(2)
        curves = {"log p": joints.logsumexp(0), "bound": joints.amax(0), "soft": joints.mean(0), "density": joints.logsumexp(0).exp()}
        best = {name: thetas[curve.mean(0).argmax()] for name, curve in curves.items()}
        by_log_p, by_bound = several(function(x, thetas), "by_evidence", "by_bound")
        slips_p = {
            "The two are exchanged: θ by log p(x) first.": best["bound"],
            "Average the logarithms over the data, not the densities.": best["density"],
            "These are positions in thetas: return the θ that stands there.": curves["log p"].mean(0).argmax(),
            "This averages log p(x, z) over both z: log p(x) is the log of a sum of densities.": best["soft"],
        }
        slips_b = {
            "These are positions in thetas: return the θ that stands there.": curves["bound"].mean(0).argmax(),
            "Both are chosen by log p(x): with a hard r, one of the two terms is all that is left.": best["log p"],
            "This is r = ½ for every point: the best hard r takes the larger of the two numbers.": best["soft"],
        }
        problem = compare(by_log_p, best["log p"], slips_p, question, rtol=1e-6, what="θ by log p(x)", formula=formula) or compare(
            by_bound, best["bound"], slips_b, question, rtol=1e-6, what="θ by the bound", formula=formula
        )
        if problem:
            return problem
    # both by quadrature: the mean over all data of the best bound, as a function of θ
    wide = torch.linspace(-8, 12, 4001, dtype=torch.float64)
    exact = []
    for truth in (1.5, 4.0):
        near, far = Normal(0.0, 1.0).log_prob(wide), Normal(thetas[:, None], 1.0).log_prob(wide)
        density = near.exp() + Normal(truth, 1.0).log_prob(wide).exp()
        exact.append(thetas[(torch.maximum(near, far) @ density).argmax()] - truth)
    slips = {
        "Those are the θ's: by how much do they lie above 1.5 and 4?": torch.tensor([1.5, 4.0]) + torch.tensor(exact),
        "That is what log p(x) finds: nothing pushes there. Where does the bound have its top?": torch.zeros(2),
        "The sign is turned: the bound's θ less the true one.": -torch.tensor(exact),
    }
    question = "At which θ is the bound highest, and how far is that from where the second bump really is?"
    return compare(filled_in(push, "push", "two_choices"), exact, slips, question, stderr=0.1 / 5, what="push")


@exercise("3.8", praise="Across models a bound says nothing about q, unless log p(x) is known.")
def nearer(answer):
    rng = random.Random(draws().initial_seed())
    a, b, c = (round(rng.uniform(-110, -90), 1) for _ in range(3))
    one, two = "one model, its evidence unknown", "two models, both evidences known"
    cases = [
        (one, ("A", -88.2, None), ("A", -91.0, None), "first"),
        (one, ("A", a + 0.5, None), ("A", a, None), "first"),
        (one, ("B", b, -80.0), ("B", b - 2.0, -80.0), "first"),
        ("two models, no evidence known", ("A", c, None), ("B", c - 1.0, None), "cannot tell"),
        ("two models, one evidence known", ("A", -90.0, -89.5), ("B", -95.0, None), "cannot tell"),
        (two, ("A", -97.0, -96.5), ("B", -96.0, -92.0), "first"),
        (two, ("A", c - 1.0, c), ("B", c, c + 4.0), "first"),
        (two, ("A", -90.0, -89.0), ("B", -95.0, -92.0), "first"),
        (two, ("A", a, a + 2.0), ("B", a - 1.0, a + 3.0), "first"),
    ]  # and each of them the other way round, by a coin
    for what, first, second, right in cases:
        if rng.random() < 0.5:
            first, second, right = second, first, {"first": "second", "second": "first"}.get(right, right)
        rows = [dict(zip(("model", "elbo", "log_p"), row, strict=True)) for row in (first, second)]
        got = word(answer(*rows), ("first", "second", "cannot tell"))
        if got != right:
            shown = " and ".join(f"ELBO {e:.1f}, log p(x) {p if p is None else round(p, 1)}" for _, e, p in (first, second))
            by_bound = "first" if first[1] > second[1] else "second"
            if right == "cannot tell":
                hint = "Two models have two evidences. Can the better bound come from a better log p(x) alone?"
            elif what.startswith("one"):
                hint = "It is one model. What does (3.4) say when log p(x) is the same for both?"
            elif got == by_bound:
                hint = "The better bound belongs to the worse q here. Which number measures how far q is from its posterior?"
            else:
                hint = "Which number measures how far q is from its posterior, and can you compute it here?"
            return f'{what}, {shown}: expected "{right}", got "{got}". Hint: {hint}'
    return None

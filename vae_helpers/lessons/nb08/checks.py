"""Checks of notebook 08."""

import math

import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import Tensor

from ... import results
from ...exercises import compare, draws, exercise, filled_in, judged

FACTORS = ("shape", "size", "rotation", "x", "y")


def deserved(shares: list, least: float = 0.2, alone: bool = True, pure: bool = True, per: int = 0) -> list[int]:
    """By the definition, loop by loop. shares: nested lists (seeds, K, L) → counts (K,), or per dimension (L,)."""
    counts = [0] * len(shares[0][0] if per else shares[0])
    for table in shares:
        for k, row in enumerate(table):
            best = max(row)
            j = row.index(best)
            rivals = [v for i, v in enumerate(row) if i != j]
            others = [other[j] for i, other in enumerate(table) if i != k]
            if best >= least and (not alone or 2 * max(rivals) <= best) and (not pure or 2 * max(others) <= best):
                counts[j if per else k] += 1
    return counts


@exercise("8.1", praise="A name that survives a new seed is a finding; one that does not is a story.")
def deserves(answer):
    function, at_two = answer
    fixed = [
        [[0.50, 0.10, 0.00, 0.05], [0.10, 0.40, 0.25, 0.00], [0.00, 0.02, 0.10, 0.03]],  # deserved; a rival dimension; too little
        [[0.45, 0.10, 0.00, 0.05], [0.30, 0.05, 0.10, 0.02], [0.05, 0.00, 0.02, 0.60]],  # one dimension for two factors; deserved
    ]
    drawn = (torch.rand(40, 3, 4, generator=draws()) ** 4).tolist()
    for shares in (drawn, fixed):  # the many trainings first: a count of 0 or 1 is also what many a constant gives
        exact = deserved(shares)
        slips = {
            "It has to know a fifth of the factor's entropy, at least.": deserved(shares, least=0.0),
            "No other dimension may know half as much of this factor.": deserved(shares, alone=False),
            "The dimension may not know half as much of another factor.": deserved(shares, pure=False),
            "Count for each factor, over the seeds: you count for each dimension.": deserved(shares, per=1),
            "A count of seeds, not a share of them.": [count / len(shares) for count in exact],
        }
        question = "For each seed and factor: which dimension knows most of it, and does it meet all three conditions?"
        formula = "best ≥ 0.2, best ≥ 2 × the second best in its row, best ≥ 2 × the largest other in its column; summed over seeds."
        if problem := compare(function(torch.tensor(shares)), exact, slips, question, what="counts", formula=formula):
            return problem
    exact = deserved(stored_shares(2.0))
    slips = {"That is β = 1." if beta == 1 else f"That is β = {beta:g}.": deserved(stored_shares(beta)) for beta in (0.5, 1.0, 4.0, 8.0)}
    question = "Did you take the rows of β = 2, and divide each factor's nats by its entropy?"
    return compare(filled_in(at_two, "at_two", "deserves"), exact, slips, question, what="at_two")


def stored_shares(beta: float) -> list:
    """Nested lists (seeds, factors, dimensions) from the stored sweep."""
    entropies = {name: math.log(3 if name == "shape" else 10) for name in FACTORS}
    rows = [row for row in results.load("beta_sweep") if row["beta"] == beta]
    return [[[row[f"{name}_{j}"] / entropies[name] for j in range(6)] for name in FACTORS] for row in rows]


def apart(one: Tensor, other: Tensor, skip: bool) -> float:
    distances = [math.dist(u, v) for i, u in enumerate(one.tolist()) for j, v in enumerate(other.tolist()) if not (skip and i == j)]
    return sum(distances) / len(distances)


@exercise("8.2", praise="Now two samples of one distribution give zero on average, and sometimes less than zero.")
def energy_without_self_pairs(answer):
    g = torch.Generator().manual_seed(1)
    a, b = torch.randn(6, 2, generator=g).double(), torch.randn(4, 2, generator=g).double() + 1
    cases, g = [(a, b)], draws()
    while len(cases) < 2:  # one distribution, and a pair of samples whose D is well below 0
        a, b = torch.randn(5, 3, generator=g).double(), torch.randn(7, 3, generator=g).double()
        if 2 * apart(a, b, False) - apart(a, a, True) - apart(b, b, True) < -0.1:
            cases.append((a, b))
    for a, b in cases:
        across, within = apart(a, b, False), apart(a, a, True) + apart(b, b, True)
        exact, n, m = 2 * across - within, len(a), len(b)
        slips = {
            "A point paired with itself is at distance 0: how many of the n² pairs within a cloud are left?": (
                2 * across - apart(a, a, False) - apart(b, b, False)
            ),
            "The distance across counts twice.": across - within,
            "Only one of the two clouds has lost its self pairs.": 2 * across - apart(a, a, True) - apart(b, b, False),
            "Each pair within a cloud counts in both orders, as in the mean over i ≠ j.": 2 * across - within / 2,
            "Across the clouds every pair counts: there is no self pair.": 2 * across * n * m / (n * m - min(n, m)) - within,
        }
        if exact > 0:
            slips["No square root: the formula is the distance D itself."] = math.sqrt(exact)
        else:
            slips["This D may fall below zero, and must, to be zero on average: no clamp."] = 0.0
            slips["This D may fall below zero, and must, to be zero on average: no absolute value."] = -exact
        question = "Which pairs are left out, and by what is each of the three sums divided?"
        formula = "2 · mean across, less the sum of the distances within each cloud divided by n(n − 1)."
        if problem := compare(answer(a, b), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("8.3", praise="One row a dimension, and nothing else moves.")
def traversal(answer):
    g = draws()
    cases = (
        (torch.tensor([0.5, -1.0, 2.0]), torch.tensor([-2.0, 0.0, 1.0, 2.5])),
        (torch.randn(4, generator=g), torch.randn(3, generator=g)),
    )
    for z, values in cases:
        size = len(z)
        exact = torch.tensor([[[v if k == j else z[k].item() for k in range(size)] for v in values.tolist()] for j in range(size)])
        alone = torch.tensor([[[v if k == j else 0.0 for k in range(size)] for v in values.tolist()] for j in range(size)])
        slips = {
            "Set the dimension to the value, do not add the value to it.": z + alone,
            "The other dimensions stay at z, not at zero.": alone,
            "Rows are dimensions and columns values: shape (L, n, L).": exact.transpose(0, 1),
            "Every row turns the first dimension: row j turns dimension j.": exact[:1].expand_as(exact),
        }
        question = "What is the shape (L, n, L) made of, and which entry of row j changes?"
        formula = "Repeat z to (L, n, L), then set entry j of row j."
        if problem := compare(answer(z, values), exact, slips, question, formula=formula):
            return problem
    return None


def gaps(lists) -> list[float]:
    return [sorted(values)[-1] - sorted(values)[-2] for values in lists]


@exercise("8.4", praise="A dimension that mixes two factors pays here, where the MIG lets it pass.")
def purity(answer):
    g = draws()
    fixed = torch.tensor([[0.9, 0.1, 0.2, 0.0, 0.0], [0.8, 0.1, 1.1, 0.3, 0.0], [0.0, 0.4, 0.1, 0.6, 0.0]], dtype=torch.float64)
    drawn = torch.rand(4, 6, generator=g, dtype=torch.float64) * torch.tensor([1, 1, 1, 1, 0, 0])  # two dead dimensions
    for information, entropies in (
        (fixed, torch.tensor([1.0, 2.0, 1.5], dtype=torch.float64)),
        (drawn, 1 + torch.rand(4, generator=g).double()),
    ):
        shares = [[i / h for i in row] for row, h in zip(information.tolist(), entropies.tolist(), strict=True)]
        columns, size = list(zip(*shares, strict=True)), information.shape[1]
        exact = sum(gaps(columns)) / size
        slips = {
            "That is the MIG: sort along the factors, the first axis.": sum(gaps(shares)) / len(shares),
            "Divide by the entropies first: factors have different amounts to be known.": sum(gaps(information.T.tolist())) / size,
            "Sum over the dimensions: take their mean.": size * exact,
            "A dimension that knows nothing counts as well: the mean is over all L.": exact * size / sum(max(c) > 0 for c in columns),
            "That is the best share: subtract the second best.": sum(map(max, columns)) / size,
        }
        question = "Of each dimension: which two factors does it know best, in shares? What does a dead dimension contribute?"
        formula = "Shares = information / entropies[:, None]; for each column the largest less the second largest; then the mean."
        if problem := compare(answer(information, entropies), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("8.5", praise="The part of the price that says nothing about the image.")
def mismatch(answer):
    g = draws()
    drawn = torch.randn(5, generator=g).double(), 0.3 + 0.5 * torch.rand(5, generator=g).double()
    axis = torch.linspace(-9, 9, 1801, dtype=torch.float64)
    h = (axis[1] - axis[0]).item()
    p = norm.pdf(axis.numpy())
    for mu, sigma in ((torch.tensor([-1.5, 1.5]).double(), torch.tensor([0.15, 0.15]).double()), drawn):
        parts = list(zip(mu.tolist(), sigma.tolist(), strict=True))

        def density(z, parts=parts):
            return sum(norm.pdf(z, m, s) for m, s in parts) / len(parts)

        def integrand(z, density=density):
            return density(z) * (math.log(density(z)) - norm.logpdf(z)) if density(z) > 0 else 0.0

        exact = quad(integrand, -9, 9, points=sorted(mu.tolist()), limit=500)[0]
        q = density(axis.numpy())
        reverse = (p * (norm.logpdf(axis.numpy()) - torch.tensor(q).clamp(min=1e-300).log().numpy())).sum() * h
        m, s2 = mu.mean().item(), (sigma**2).mean().item() + mu.var(correction=0).item()
        slips = {
            "That is the mean of the KLs, the whole price: average the densities first.": sum(
                0.5 * (u**2 + s**2 - 1) - math.log(s) for u, s in parts
            )
            / len(parts),
            "The two are swapped: q(z) weighs the logarithm of q over p.": float(reverse),
            "A sum over the grid is an integral only with the step h.": exact / h,
            "q(z) is a mixture: a Gaussian of its mean and variance is another distribution.": 0.5 * (m**2 + s2 - 1 - math.log(s2)),
            "This is the sum of the densities: q(z) is their mean.": len(parts) * (exact + math.log(len(parts))),
        }
        got = answer(mu, sigma, axis)
        if torch.as_tensor(got).isnan().any():
            return (
                f"expected {exact:.4g}, got nan. Hint: far out q(z) is 0 in float64, and 0 · log 0 is not a number: as what does it count?"
            )
        question = "What must it be when every q(z|x) is the prior? Whose density weighs the logarithm?"
        formula = "q = mean over images of N(axis; μ, σ²); Σ q log(q / p) · h, with torch.special.xlogy."
        if problem := compare(got, exact, slips, question, rtol=1e-3, what="KL(q(z) ‖ p(z))", formula=formula):
            return problem
    return None


@exercise("8.6", praise="Each draw is another small experiment; their spread is the error of the share that you report.")
def few_of_each(answer):
    g = draws()
    for classes, each, size in ((3, 2, 24), (4, 3, 60)):
        labels = torch.cat([torch.arange(classes).repeat(each + 2), torch.randint(classes, (size,), generator=g)])
        values = torch.tensor([4, 1, 12, 7])[:classes]  # labels need not count from 0
        labels = values[labels[torch.randperm(len(labels), generator=g)]]
        picked = [torch.as_tensor(answer(labels, each, torch.Generator().manual_seed(k))) for k in range(3)]
        first, wanted = picked[0], classes * each
        if first.shape != (wanted,) or first.is_floating_point():
            kind = "whole numbers" if first.is_floating_point() else f"shape ({wanted},)"
            question = "How many images of each class, in one list, and which classes occur in `labels`?"
            return f"expected {wanted} indices ({kind}), got {tuple(first.shape)}, {first.dtype}. Hint: {question}"
        if (different := min(len(set(p.tolist())) for p in picked)) < wanted:
            return f"expected {wanted} different images, got {different}. Hint: was an image drawn, and put back?"
        counts = [(labels[first] == value).sum().item() for value in values]
        if counts != [each] * classes:
            return f"expected {each} images of each class, got {counts}. Hint: is the draw made within each class, or from all images?"
        again = torch.as_tensor(answer(labels, each, torch.Generator().manual_seed(0)))
        if set(again.tolist()) != set(first.tolist()):
            return "expected the same images from a generator of the same seed, got others. Hint: is every draw made with `generator`?"
        if all(set(p.tolist()) == set(first.tolist()) for p in picked):
            return (
                "expected other images from another generator, got the same. Hint: does the draw use the generator, or take the first ones?"
            )
    labels = torch.arange(3).repeat(4)
    seen = {i for k in range(80) for i in torch.as_tensor(answer(labels, 1, torch.Generator().manual_seed(k))).tolist()}
    if missing := sorted(set(range(12)) - seen):
        return f"in 80 draws image {missing[0]} never came. Hint: has every image of a class the same chance?"
    return None


@exercise("8.7", praise="More seeds, something to compare with, an error of the difference: then a picture of z becomes a finding.")
def what_is_missing(answer):
    table = {
        "a": ("seeds", "would the next training put the slant there, too?"),
        "b": ("baseline", "how many does something simpler get right, without a model?"),
        "c": ("baseline", "how large is this D for two samples of one and the same distribution?"),
        "d": (
            "nothing",
            "go through the list: several draws, something to compare with, an error of the difference. Is any of them missing?",
        ),
        "e": ("error", "how uncertain is the difference of the two means?"),
    }
    return judged(answer, table, ("seeds", "baseline", "error", "nothing"))

"""Checks of notebook 05, continued: 5.6 and 5.7: nats to bits, and which numbers may be compared."""

import math
import re

import torch

from ...exercises import compare, draws, exercise, letters


@exercise("5.6", praise="Fewer bits are better, and the width of the levels is in them.")
def bits_per_dimension(answer):
    g = draws()
    for pixels, width in ((64, 1 / 16), (784, 1.0), (100, float(torch.rand(1, generator=g)) / 8 + 0.01)):
        nats = 100 * torch.randn(4, generator=g, dtype=torch.float64) - pixels  # exp of some of these is 0
        exact = -(nats / pixels + math.log(width)) / math.log(2)
        slips = {
            "The width is missing: the probability of a level is about density × width.": -nats / (pixels * math.log(2)),
            "The width counts once for each of the D pixels.": -(nats + math.log(width)) / (pixels * math.log(2)),
            "Density × width, not density / width: the logarithm of the width is added to the nats.": -(nats / pixels - math.log(width))
            / math.log(2),
            "Per dimension: divide by D as well.": exact * pixels,
            "This is in nats: divide by log 2.": exact * math.log(2),
            "Nats are the larger unit: one nat is 1/log 2 = 1.44 bits, so divide by log 2.": exact * math.log(2) ** 2,
            "Fewer bits are better, more nats are: the sign is turned.": -exact,
            "One number per image; the average comes later.": exact.mean(),
            "log₂ of the width is a number of bits already: only the nats are divided by log 2.": -nats / (pixels * math.log(2))
            - math.log2(width) / math.log(2),
        }
        question = "What must come out when every level of the W is as probable as the others, and what for a density of 1 everywhere?"
        formula = "−(nats + D log width) / (D log 2)."
        if problem := compare(
            answer(nats, pixels, width), exact, slips, question, formula=formula, what=f"D = {pixels}, width = {width:.3g}"
        ):
            return problem
    return None


@exercise("5.7", praise="Same data, same unit: only then does the larger number win.")
def comparable(answer):
    groups = {frozenset(letters(group, "ABCDEFG")) for group in (re.split(r"[^A-Za-z]+", answer) if isinstance(answer, str) else answer)}
    groups = {group for group in groups if len(group) > 1}
    together = {frozenset((a, b)) for group in groups for a in group for b in group if a != b}
    for pair, wrong, hint in (
        ("EG", True, "E and G are both cross-entropies, but are they about the same images?"),
        ("CE", True, "What does exp(E) integrate to? Is E a log-density?"),
        ("DE", True, "What does exp(E) integrate to? Is E a log-density?"),
        ("AC", True, "May a probability of levels be held against a density, as they stand? Can one of the two be larger than 0?"),
        ("AD", True, "May a probability of levels be held against a density, as they stand? Can one of the two be larger than 0?"),
        ("AB", False, "A and B are in nats and in bits per dimension. Is there a factor between the two that is the same for every model?"),
        ("CD", False, "C and D are log-densities of the same pixels in the same unit. What would speak against comparing them as such?"),
        (
            "CF",
            False,
            "F is in another unit of the pixel than C. By how much does that move every log-density, and does it depend on the model?",
        ),
    ):
        if (frozenset(pair) in together) == wrong:
            return f"{pair[0]} and {pair[1]} are {'' if wrong else 'not '}in one group. Hint: {hint}"
    if together != {frozenset(p) for p in ("AB", "CD", "CF", "DF")}:
        got = sorted("".join(sorted(group)) for group in groups)
        return f"expected groups of one unit each, got {got}. Hint: which image, and which unit, has each?"
    return None

"""Checks of notebook 10: the clinic's diagnoses, and five exercises about collapse, cures, coverage and judgement."""

import math

import torch

from ... import datasets
from ...exercises import compare, draws, exercise, filled_in, judged, several, verdicts
from .patients import ILLNESSES, WARD

# What would be seen if it were that illness: said against a wrong guess, and, of the right one, as the sign that was overlooked.
SHOWS = {
    "KL averaged over latents": "a nat would cost 1/L = 0.25 by both readings, and the logged KL would be a quarter of the measured one",
    "reconstruction averaged over pixels": "the logged reconstruction would be about 64 times smaller than the measured one",
    "lost ½": "a nat would cost 2 by both readings, and the logged KL would be twice the measured one",
    "KL forgotten": "a nat would cost nothing, and the KL would be tens of nats",
    "log σ² used as σ": "the measured ELBO would be far below the logged one, and reading z as μ + log σ² · ε would win it back",
    "(ε + μ) σ": "decoding σ μ in place of μ would give better reconstructions",
    "encoder cut off or β too large": "the KL would be zero while log and measurement agree",
    "units dead": "most hidden units would be off for every image",
    "logged with z = μ": "the logged reconstruction would be the one at z = μ, above the one with samples, and all else as usual",
    "−KL logged as KL": "the logged KL would be below zero, and all else as usual",
}


@exercise("10.1", praise="Ten of ten. Now hang the chart on a model of your own.")
def diagnosis(answer):
    named = {letter: guess for letter, guess in verdicts(answer, WARD, ILLNESSES).items() if guess}
    right = [letter for letter, guess in named.items() if guess == ILLNESSES[WARD[letter]]]
    for letter, guess in named.items():
        if letter not in right:
            truth = SHOWS[ILLNESSES[WARD[letter]]].replace("would be", "is").replace("would", "does")
            return (
                f"{len(right)} right so far. Patient {letter}: expected another illness, got {guess!r}. Speaks against it: {SHOWS[guess]}. "
                f"Hint: the sign to look at is this one: {truth}."
            )
    if missing := [letter for letter in WARD if letter not in right]:
        return f"expected ten diagnoses, got {len(right)}, all of them right. Hint: still to see: {', '.join(missing)}."
    return None


@exercise("10.2", praise="Above the water a dimension gets half a log, below it nothing.")
def waterline(answer):
    function, found = answer

    def exact(values, level):
        rates = [0.5 * math.log(v / level) for v in values.tolist() if v > level]
        return float(len(rates)), sum(rates)

    drawn = torch.rand(8, generator=draws()) * 3 + 0.05
    for values, sigma2, beta in ((torch.tensor([2.0, 0.9, 0.5, 0.1]), 0.4, 1.5), (drawn, 0.2, 1.7)):
        alive, rate = exact(values, beta * sigma2)
        slips = {
            "β raises the water: the line is β σ², not σ².": exact(values, sigma2),
            "β multiplies σ², it does not divide it.": exact(values, sigma2 / beta),
            "The ½ is missing: a dimension is worth half the logarithm.": (alive, 2 * rate),
            "Dimensions below the water count nothing: clamp their negative logarithms at zero.": (
                alive,
                sum(0.5 * math.log(v / (beta * sigma2)) for v in values.tolist()),
            ),
            "Nats, not bits: the natural logarithm.": (alive, rate / math.log(2)),
        }
        question, formula = "Where is the water, and what is a dimension above it worth?", "Σ ½ ln(λ / βσ²) over the λ above βσ²."
        if problem := compare(
            several(function(values, sigma2, beta), "alive", "nats"),
            (alive, rate),
            slips,
            question,
            what="(dimensions alive, nats)",
            formula=formula,
        ):
            return problem
    pixels = datasets.load("digits").train.images.flatten(1).double()
    variances = torch.linalg.eigvalsh(torch.cov(pixels.T))
    dimensions = [(variances > beta * 0.05).sum() for beta in (1, 4)]
    slips = {
        "The water stands at β σ²: at β = 4 it is four times as high.": [dimensions[0], dimensions[0]],
        "Is 0.05 taken for σ? It is σ².": [(variances > beta * 0.05**2).sum() for beta in (1, 4)],
        "The other way round: β = 1 first.": dimensions[::-1],
        "Those are singular values or the images' second moments: was the mean image subtracted?": [
            (torch.linalg.eigvalsh(pixels.T @ pixels / len(pixels)) > beta * 0.05).sum() for beta in (1, 4)
        ],
    }
    question = "How many eigenvalues of the 64 × 64 covariance are above 0.05, and how many above four times that?"
    return compare(filled_in(found, "alive", "waterline"), dimensions, slips, question, what="alive")


@exercise("10.3", praise="Below the floor a dimension has no reason to shrink.")
def free_bits(answer):
    fixed = torch.tensor([[0.1, 2.0, 0.0], [0.5, 1.0, 0.02]])
    for kl, floor in ((fixed, 0.25), (torch.rand(6, 5, generator=draws()) * torch.tensor([0.1, 0.3, 0.9, 2.0, 0.5]), 0.2)):
        means = kl.mean(0)
        exact = means.clamp(min=floor).sum()
        slips = {
            "The floor holds for a dimension's average over the batch: average over images first, then take the larger.": (
                kl.clamp(min=floor).sum(1).mean()
            ),
            "The smaller of the two caps the KL: take the larger.": means.clamp(max=floor).sum(),
            "Sum over dimensions, do not average.": exact / kl.shape[1],
            "The floor does nothing there: each dimension has one, not their sum.": means.sum().clamp(min=floor),
            "That subtracts the floor: its gradient is the same, the value is not that of the loss.": (means - floor).clamp(min=0).sum(),
        }
        question = "What is averaged first, what is compared with the floor, what is added up last?"
        if problem := compare(answer(kl, floor), exact, slips, question, formula="Σ_j max(floor, mean over the batch of KL_j)."):
            return problem
    return None


@exercise("10.4", praise="A model that draws one perfect digit covers little.")
def coverage(answer):
    drawn_anew = draws()
    for g, k in ((torch.Generator().manual_seed(0), 3), (drawn_anew, 3), (drawn_anew, 6)):  # shares of sixty: two may be equal
        real, drawn = torch.randn(60, 5, generator=g), 0.7 * torch.randn(25, 5, generator=g) + 0.5
        among, across = torch.cdist(real, real), torch.cdist(real, drawn)
        radius, too_small = (among.sort().values[:, place] for place in (k, k - 1))
        of_drawn = torch.cdist(drawn, drawn).sort().values[:, k]
        exact = (across < radius[:, None]).any(1).double().mean()
        slips = {
            "The nearest of all is the image itself: its k-th neighbour is the next one in the sorted row.": (
                (across < too_small[:, None]).any(1).double().mean()
            ),
            "That asks how many drawn images lie near real ones: ask it of each real image.": (
                (across < radius[:, None]).any(0).double().mean()
            ),
            "The radius belongs to the real image, not to the drawn one.": (across < of_drawn).any(1).double().mean(),
        }
        question, formula = (
            "Whose neighbour is k-th, and who must be nearer?",
            "For each real image: min distance to drawn < its k-th to real.",
        )
        if problem := compare(answer(drawn, real, k), exact, slips, question, formula=formula):
            return problem
    return None


@exercise("10.5", praise="Where one dimension is out of line, its noise was not what you think.")
def price_of_each(answer):
    for g in (torch.Generator().manual_seed(0), draws()):
        W, x, mu = torch.randn(6, 3, generator=g), torch.randn(4, 6, generator=g), torch.randn(4, 3, generator=g)
        sigma, eps = torch.rand(4, 3, generator=g) * 0.5 + 0.2, torch.randn(500, 4, 3, generator=g)

        def log_likelihood(z, W=W, x=x):
            return -((x - z @ W.T) ** 2).sum(-1) / (2 * 0.49)

        gain = (((x - (mu + sigma * eps) @ W.T) @ W) * sigma * eps).mean(0) / 0.49  # ∂/∂log s_j of each image, by hand: (4, 3)
        room = 1 - sigma**2
        exact = -gain.sum(0) / room.sum(0)
        slips = {
            "That is one price for all dimensions: give each dimension a scale of its own.": (-gain.sum() / room.sum()).expand(3),
            "One price a dimension: give each a scale of its own.": -gain.sum() / room.sum(),
            "The sign: more noise loses reconstruction, and a price is positive.": -exact,
            "The KL changes by 1 − σ², not by σ².": -gain.sum(0) / (sigma**2).sum(0),
            "Add up over images first, then divide: (10.1) is a ratio of two averages.": (-gain / room).mean(0),
        }
        question, formula = (
            "What scales each dimension's noise, and what does that gain in R and in the KL?",
            "−∂R/∂log s_j / Σ (1 − σ_j²).",
        )
        given = answer(log_likelihood, mu, sigma, eps)
        if problem := compare(given, exact, slips, question, rtol=1e-3, what="the price of each dimension", formula=formula):
            return problem
    return None


@exercise("10.6", praise="The bound decides, not the count of units.")
def judgement(answer):
    table = {
        "P": (
            "mistake",
            "warm-up reached a bound a nat higher with the same model, so the empty code was not the best that it could do.",
        ),
        "Q": ("optimum", "its bound beats the run that uses z, and 0.3 nats are all that anybody could gain."),
        "R": ("optimum", "all runs put their nats into a few dimensions, at the bound of the smaller model: the rest is spare room."),
        "S": ("mistake", "the bound of the same model rises once its encoder gets a better gradient."),
    }
    return judged(answer, table, ("mistake", "optimum"))

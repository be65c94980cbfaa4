"""Checks of notebook 07."""

import math

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from ... import results
from ...evaluation import estimate
from ...exercises import NotAttempted, compare, draws, exercise, filled_in, gradient, letters, several, word
from ...exercises.answers import Said

FAULTS = {
    "detached": "z is computed without gradients: the reconstruction teaches the decoder, and never the encoder.",
    "one noise": "All images get the noise of the first: each needs its own row of eps.",
    "mean over pixels": "The cross-entropy is averaged over pixels beside a KL that is summed: a hidden β = D. Sum it, image by image.",
}


def networks(latent_dim: int, pixels: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """A small encoder, D → 2L, and decoder, L → D, float64."""
    nets = nn.Sequential(nn.Linear(pixels, 2 * latent_dim), nn.Tanh()), nn.Linear(latent_dim, pixels)
    for weight in (w for net in nets for w in net.parameters()):
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return nets


def loss_with(faults: tuple[str, ...], encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    """The loss of the step with some of its faults left in."""
    mu, logvar = encoder(x).chunk(2, -1)
    q = Normal(mu, logvar.exp().sqrt())
    z = q.icdf(Normal(0.0, 1.0).cdf(eps[:1] if "one noise" in faults else eps))  # the same quantile of q as eps is of N(0, 1)
    log_p = Independent(Bernoulli(logits=decoder(z.detach() if "detached" in faults else z)), 1).log_prob(x)
    return (kl_divergence(q, Normal(0.0, 1.0)).sum(-1) - (log_p / x.shape[1] if "mean over pixels" in faults else log_p)).mean()


@exercise("7.1", praise="The value is that of minus the ELBO, and every weight of both networks gets its gradient.")
def loss_of_step(answer):
    for stream, images, latent_dim, pixels in ((torch.Generator().manual_seed(0), 3, 2, 5), (draws(), 6, 3, 8)):
        encoder, decoder = networks(latent_dim, pixels, stream)
        x = torch.bernoulli(torch.full((images, pixels), 0.4, dtype=torch.float64), generator=stream)
        eps = torch.randn(images, latent_dim, generator=stream, dtype=torch.float64)
        weights = [*decoder.parameters(), *encoder.parameters()]
        names = [f"the {part}'s {name}" for part, net in (("decoder", decoder), ("encoder", encoder)) for name, _ in net.named_parameters()]
        right, as_given, detached, one_noise, mean = (
            loss_with(faults, encoder, decoder, x, eps) for faults in ((), tuple(FAULTS), *((fault,) for fault in FAULTS))
        )
        got = answer(encoder, decoder, x, eps)
        if compare(got, as_given) is None and got.requires_grad and compare_all(gradient(got, *weights), gradient(as_given, *weights)):
            raise NotAttempted
        slips = {
            FAULTS["one noise"]: one_noise,
            FAULTS["mean over pixels"]: mean,
            "Two faults are still in the value: look at eps, and at what is averaged.": as_given,
            "Summed over images: average them.": right * images,
            "This is the ELBO: the loss is minus that.": -right,
        }
        question = "Which sums belong inside an image, and what is done over images?"
        formula = "Mean over images of [Σ over pixels of the cross-entropy + Σ over latent dimensions of the KL], with z = μ + σ ε."
        if problem := compare(got, right, slips, question, what="the loss", formula=formula):
            return problem
        question = "The value is right. Through which line must the gradient of the reconstruction pass, and can it?"
        for name, *three in zip(names, *(gradient(loss, *weights) for loss in (got, right, detached)), strict=True):
            if problem := compare(three[0], three[1], {FAULTS["detached"]: three[2]}, question, what=f"the gradient of {name}"):
                return problem
    return None


def compare_all(some: list[Tensor], others: list[Tensor]) -> bool:
    return all(compare(a, b) is None for a, b in zip(some, others, strict=True))


@exercise("7.2", praise="Both models saw the same images: what makes an image hard cancels in the difference.")
def paired(answer):
    function, spare = answer
    g = draws()
    easy = torch.tensor([-10.0, -20.0, -30.0, -40.0])
    for a, b in ((easy, easy + torch.tensor([-1.0, -2.0, -1.5, -0.5])), (torch.randn(9, generator=g) * 5, torch.randn(9, generator=g) * 5)):
        d, n = [u - v for u, v in zip(a.tolist(), b.tolist(), strict=True)], len(a)
        mean = sum(d) / n
        square = sum((v - mean) ** 2 for v in d)
        exact = mean, math.sqrt(square / (n - 1) / n)
        apart = math.sqrt((a.double().var() + b.double().var()) / n)
        slips = {
            "That error treats the two as different images: take the difference of each image first.": (mean, apart),
            "That is the spread over images: the error of their mean is smaller by √N.": (mean, math.sqrt(square / (n - 1))),
            "Divide the sum of squares by N − 1 (torch's std does), then by N.": (mean, math.sqrt(square / n) / math.sqrt(n)),
            "The sign is turned: a less b.": (-mean, exact[1]),
            "Two differences of opposite sign must cancel: no absolute values.": (sum(map(abs, d)) / n, exact[1]),
        }
        question = "Which N numbers do you average, and how uncertain is the mean of N numbers?"
        formula = "d = a − b; its mean, and its standard deviation divided by √N."
        if problem := compare(
            several(function(a, b), "mean", "standard error"), exact, slips, question, what="(mean, standard error)", formula=formula
        ):
            return problem
    rows = {(row["latent_dim"], row["seed"]): row["bound_500"] for row in results.load("spare_dimensions") if row["epochs"] == 300}
    seeds = sorted(seed for size, seed in rows if size == 64)
    wanted = tuple(estimate(torch.tensor([rows[64, seed] - rows[16, seed] for seed in seeds])))
    question = "Did you take the rows of 300 epochs, seed by seed, 64 dimensions less 16?"
    return compare(
        filled_in(spare, "spare", "paired"),
        wanted,
        {"The sign is turned: 64 less 16.": (-wanted[0], wanted[1])},
        question,
        what="spare",
        rtol=1e-3,
    )


@exercise("7.3", praise="It survives weights of exp(−1000), and its gradient is each sample's share of the weight.")
def bound_from_weights(answer):
    fixed = torch.tensor([[-3.0, -1200.0], [-1.0, -1201.0], [-2.5, -1190.0]])
    for log_weights in (fixed, 3 * torch.randn(5, 4, generator=draws()) - 20):
        log_weights = log_weights.requires_grad_()
        exact = torch.tensor([math.log(sum(math.exp(v - max(c)) for v in c) / len(c)) + max(c) for c in log_weights.T.tolist()])
        slips = {
            "The mean of the logarithms is the ELBO: the average belongs inside the logarithm.": log_weights.mean(0),
            "This is the log of the sum: a mean divides by K.": exact + math.log(len(log_weights)),
            "K is the first axis: reduce over axis 0.": log_weights.logsumexp(1) - math.log(log_weights.shape[1]),
            "exp(−1200) is 0 in float32: stay in the logarithm with logsumexp.": log_weights.exp().mean(0).log(),
            "The largest weight alone is not their mean.": log_weights.amax(0),
        }
        question = "What must it be when all K weights are equal? Which axis is K?"
        got = answer(log_weights)
        if problem := compare(got, exact, slips, question, rtol=1e-5, formula="logsumexp over K, less log K."):
            return problem
        share = log_weights.detach().double().softmax(0)
        question = "Was something detached, or rounded, on the way from the weights to the bound?"
        if problem := compare(*gradient(got, log_weights), share, hint=question, what="the gradient"):
            return problem
    return None


def stopped(validation: list[float], patience: int, tie: bool = False, start: int = 0) -> tuple[int, int]:
    """By the definition: the first epoch at which the best so far is `patience` epochs old."""
    for n in range(1, len(validation) + 1):
        seen = validation[start:n]
        best = (len(seen) - 1 - seen[::-1].index(max(seen)) if tie else seen.index(max(seen))) + 1 + start if seen else 1
        if n - best >= patience:
            return n, best
    return len(validation), best


@exercise("7.4", praise="Then load the weights of the best epoch.")
def early_stop(answer):
    g = draws()
    drawn = [[round(v, 1) for v in walk] for walk in (torch.randn(4, 12, generator=g).cumsum(1) - 30).tolist()]
    drawn[0][6] = max(drawn[0][:6])  # a tie, somewhere
    cases = [
        ([-30.0, -26.0, -25.0, -25.5, -24.0, -24.5, -24.2, -24.1, -24.3, -23.0], 3),
        ([-20.0, -21.0, -22.0, -19.0], 2),  # the first epoch is the best
        ([-30.0, -25.0, -26.0, -25.0, -24.5], 2),  # a tie is no new best
        ([-3.0, -2.0, -1.0], 2),
        *((walk, 2) for walk in drawn),
    ]
    for validation, patience in cases:
        ended, best = right = stopped(validation, patience)
        slips = {
            "A tie is not a new best value.": stopped(validation, patience, tie=True),
            "The first epoch counts, too: it may be the best.": stopped(validation, patience, start=1),
            "Count from 1, not from 0.": (ended - 1, best - 1),
            "That is one epoch too patient.": stopped(validation, patience + 1),
            "One fall is not yet a lack of improvement: wait for `patience` epochs.": stopped(validation, 1),
            "Training should have ended earlier.": (len(validation), validation.index(max(validation)) + 1),
            "Give back the best epoch too, not the last one.": (ended, ended),
            "Give back the last epoch too, not only the best one.": (best, best),
        }
        question = "At each epoch: which was the best so far, and how many epochs ago?"
        formula = "Remember the best epoch so far; stop when the current one is `patience` epochs later."
        what = f"(epochs trained, best epoch) for {validation}, patience {patience}"
        got = several(answer(list(validation), patience), "epochs trained", "best epoch")
        if problem := compare(got, right, slips, question, what=what, formula=formula):
            return problem
    return None


@exercise("7.5", praise="A sum over the plane, without ever leaving the logarithm.")
def log_evidence(answer):
    g = draws()
    for n, reach, low in ((201, 6.0, -900.0), (161, 7.0, 300 * torch.rand(1, generator=g).item() - 500)):
        axis = torch.linspace(-reach, reach, n, dtype=torch.float64)
        means = torch.randn(4, generator=g, dtype=torch.float64)
        w, sigma = torch.tensor([0.8, -0.5], dtype=torch.float64), 0.6  # x = w·z + σ·noise, so p(x) = N(0, |w|² + σ²)
        at = w[0] * axis[:, None] + w[1] * axis
        table = Normal(at[..., None], sigma).log_prob(means) + low  # (n, n, 4)
        exact = Normal(0.0, math.sqrt(w.square().sum() + sigma**2)).log_prob(means) + low
        h = (axis[1] - axis[0]).item()
        log_prior = Normal(0.0, 1.0).log_prob(axis)
        flat = table.logsumexp((0, 1)) + 2 * math.log(h)
        slips = {
            "Each of two dimensions has the step h: the cell is h².": exact - math.log(h),
            "The cell's area h² is missing: this is a sum, not an integral.": exact - 2 * math.log(h),
            "The prior is missing: p(x|z) must be weighted by N(z; 0, I).": flat,
            "The prior must integrate to 1: its two factors 1/√(2π) are missing.": exact + math.log(2 * math.pi),
            "Both coordinates have a prior: one of them is missing.": (table + log_prior[:, None, None]).logsumexp((0, 1))
            + 2 * math.log(h),
            "That is a mean over the grid: the integral is the sum times h².": exact - 2 * math.log(h * n),
            "exp of numbers below −745 is 0: stay in the logarithm with logsumexp.": torch.full((4,), -math.inf),
        }
        question = "What must it be if p(x|z) is 1 everywhere? Which axes are summed, and what is the area of a cell?"
        formula = "logsumexp over both axes of log p(x|z) + log N(z₁) + log N(z₂), plus 2 log h."
        if problem := compare(answer(table, axis), exact, slips, question, rtol=1e-6, what="log p(x)", formula=formula):
            return problem
    return None


WHY_NOT = {
    "D": "z = μ is no sample of q: D is neither log p(x) nor a bound on it.",
    "E": "E is a cross-entropy of grey pixels, not a log-likelihood, and of other data.",
    "F": "F is a density of real-valued pixels: another quantity, of other data.",
}


@exercise("7.6", praise="One table, and no verdict yet: a bound that is lower may belong to the better model.")
def judge(answer):
    if ... in answer:
        return "expected two answers, together and better, got one. Hint: which is still open?"
    together, better = letters(answer[0], "ABCDEF"), word(answer[1], ("yes", "no", "not shown"), "better")
    for letter in sorted(together - set("ABC")):
        raise Said(f"expected a table without {letter}. Hint: {WHY_NOT[letter]}")
    if missing := sorted(set("ABC") - together):
        question = "Is it a lower bound on log p(x), or its value, for the same pixels?"
        return f"a row is missing, {missing[0]}. Hint: {question}"
    if better != "not shown":
        question = "How far may log p(x) lie above A and B, and is ± 0.2 the error of a difference?"
        return f"expected another verdict than {better!r}. Hint: {question}"
    return None

"""Checks of notebook 12: the truth comes from autograd, torch.distributions or a direct maximisation."""

import math

import torch
from torch.distributions import Normal

from ...exercises import compare, draws, exercise, filled_in, judged


@exercise("12.1", praise="The prior pulls with the weight itself, a little for each image.")
def map_adagrad(answer):
    fixed = torch.tensor([0.5, -2.0, 0.1]), torch.tensor([0.3, 0.4, -0.2]), torch.tensor([0.01, 0.09, 0.0]), 0.1, 4
    g = draws()
    drawn = torch.randn(5, generator=g), torch.randn(5, generator=g), torch.rand(5, generator=g), 0.02, 50
    for weight, gradient, total, step_size, n_images in (fixed, drawn):
        w = weight.clone().requires_grad_()
        (prior,) = torch.autograd.grad(Normal(0.0, 1.0).log_prob(w).sum() / n_images, w)

        def step(g, total=total, weight=weight, step_size=step_size):
            return weight + step_size * g / (total + g**2).sqrt()

        both = gradient + prior
        slips = {
            "log p(θ) is one term for the whole data set: an image's share of it is 1/N.": step(gradient + n_images * prior),
            "The prior pulls the weights towards zero: its gradient is −θ/N.": step(gradient - prior),
            "The weight decay is missing.": step(gradient),
            "Uphill: the bound is to rise.": 2 * weight - step(both),
            "The new square belongs into the sum before the root is taken.": weight + step_size * both / total.sqrt(),
            "Divide by the root of the sum, not by the sum.": weight + step_size * both / (total + both**2),
            "The sum takes the square of all of g, with the prior in it.": weight + step_size * both / (total + gradient**2).sqrt(),
        }
        question, formula = (
            "What is the gradient of log p(θ)/N, and what is it divided by?",
            "g = ∇L − θ/N, s + g², θ + η g/√(s + g²).",
        )
        if problem := compare(answer(weight, gradient, total, step_size, n_images), step(both), slips, question, formula=formula):
            return problem


@exercise("12.2", praise="AEVB keeps the conditional variances; sleep would keep the marginal ones, the diagonal of Σ.")
def inside_variances(answer):
    function, ratio = answer
    fixed = torch.tensor([[1.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
    root = torch.randn(3, 3, generator=draws(), dtype=torch.float64)
    for covariance in (fixed, root @ root.T + 0.3 * torch.eye(3, dtype=torch.float64)):
        precision = torch.linalg.inv(covariance)
        slips = {
            "Those are the marginal variances, which sleep finds: minimise Σ_j (v_j (Σ⁻¹)_jj − log v_j)/2.": covariance.diagonal(),
            "That is the diagonal of the precision: the variance is one over it.": precision.diagonal(),
            "One over the variances is no variance: invert the matrix first, then take the diagonal.": 1 / covariance.diagonal(),
            "Variances are asked for, not standard deviations.": precision.diagonal().rsqrt(),
            "These are eigenvalues: q's axes are the coordinates, not the posterior's own.": torch.linalg.eigvalsh(covariance),
        }
        question, formula = "Where is the derivative of KL(q‖p) in v_j zero?", "v_j = 1/(Σ⁻¹)_jj."
        if problem := compare(function(covariance), 1 / precision.diagonal(), slips, question, formula=formula):
            return problem
    covariance = 0.9 + 0.1 * torch.eye(10, dtype=torch.float64)
    exact = torch.linalg.inv(covariance).diagonal()[0]  # of variances that are 1
    slips = {
        "That is for two dimensions: how much do nine others say about each?": 1 / (1 - 0.9**2),
        "The other way round: sleep's variance over AEVB's.": 1 / exact,
        "Those are standard deviations.": exact.sqrt(),
    }
    question = "What does your function say of a matrix with 1 on the diagonal and 0.9 elsewhere, and what does sleep find?"
    return compare(filled_in(ratio, "ratio", "inside_variances"), exact, slips, question, rtol=0.01, what="ratio")


@exercise("12.3", praise="And it survives log-densities of −1000.")
def from_posterior_draws(answer):
    g = draws()
    fixed = torch.tensor([[-2.0, -1.0], [-3.0, -0.5], [-2.5, -4.0]]), torch.tensor([[-90.0, -1000.0], [-91.0, -1003.0], [-89.0, -999.0]])
    drawn = torch.randn(7, 4, generator=g), -100 + 3 * torch.randn(7, 4, generator=g)
    for log_q, log_joint in (fixed, drawn):
        difference = (log_q - log_joint).double()
        shift = difference.amax(0)
        exact = -((difference - shift).exp().mean(0).log() + shift)
        slips = {
            "That is the estimator for draws from q: these come from the posterior, so the ratio is turned round.": (-difference).logsumexp(
                0
            )
            - math.log(len(log_q)),
            "The mean of the ratios estimates 1/p(x): mind the sign of the logarithm.": -exact,
            "That averages logarithms: average the ratios.": -difference.mean(0),
            "A mean of ratios, not their sum: log S is missing.": -difference.logsumexp(0),
            "S is the first axis: reduce over axis 0.": -(difference.logsumexp(1) - math.log(log_q.shape[1])),
        }
        question, formula = "Which of p(x) and 1/p(x) is the mean of these ratios?", "log p(x) ≈ log S − logsumexp(log q − log p(x, z))."
        if problem := compare(answer(log_q, log_joint), exact.float(), slips, question, formula=formula):
            return problem


@exercise("12.4", praise="Each cell of the picture holds the same prior probability.")
def manifold_codes(answer):
    for n in (3, int(torch.randint(4, 300, (), generator=draws()))):
        u = (torch.arange(n) + 0.5) / n
        axis = torch.special.ndtri(u)
        exact = torch.stack([axis.expand(n, n), axis.flip(0)[:, None].expand(n, n)], -1)
        even = torch.linspace(float(axis[0]), float(axis[-1]), n)
        slips = {
            "These steps are even in z: they must be even in probability, u, and pass through the inverse CDF.": torch.stack(
                [even.expand(n, n), even.flip(0)[:, None].expand(n, n)], -1
            ),
            "The top row has the largest z₂: the vertical axis is upside down.": exact.flip(0),
            "z₁ runs along a row, z₂ down the columns: the two are swapped.": exact.flip(-1),
            "z₁ runs along a row, z₂ down the columns, and the top is high.": torch.stack(
                [axis[:, None].expand(n, n), axis.expand(n, n)], -1
            ),
            "These are the u themselves: the inverse CDF is missing.": torch.stack([u.expand(n, n), u.flip(0)[:, None].expand(n, n)], -1),
        }
        question, formula = "Where do n cells of equal probability have their centres?", "u = (i + ½)/n, z = Φ⁻¹(u)."
        if problem := compare(answer(n), exact, slips, question, what=f"n = {n}", formula=formula):
            return problem


JUDGEMENTS = {
    "A": (
        "supports",
        "The training is long over. What would an overfit look like, and is it there?",
    ),
    "B": ("contradicts", "What happens to the held-out bound while the training bound rises?"),
    "C": ("does not say", "How often has each image been seen? Could any model have overfitted by then?"),
    "D": ("does not say", "The larger model is behind on its own training images. Is that overfitting, or is it not yet trained?"),
}


@exercise("12.5", praise="A claim about overfitting needs a model that had the time to overfit.")
def overfitting_verdicts(answer):
    return judged(answer, JUDGEMENTS, ("supports", "contradicts", "does not say"))

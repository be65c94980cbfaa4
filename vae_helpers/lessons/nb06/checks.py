"""Checks of notebook 06: gradients through randomness. The truth comes from autograd through torch.distributions, or from counting."""

import torch
from torch.distributions import Normal

from ...exercises import compare, draws, exercise, gradient, several
from .more_checks import place  # and with it 6.6 to 6.8


@exercise("6.1", praise="The noise is the derivative of z in σ.")
def pathwise(answer):
    g = draws()
    cases = [(torch.tensor(0.7), torch.tensor(1.6), torch.tensor([-1.5, -0.2, 0.4, 2.0]), 3)]
    for mu, sigma, eps, power in [*cases, (*place(g), torch.randn(5, 2, generator=g, dtype=torch.float64), 4)]:
        many_mu, many_sigma = (p.expand_as(eps).clone().requires_grad_() for p in (mu, sigma))
        g_mu, g_sigma = torch.autograd.grad((many_mu + many_sigma * eps).pow(power).sum(), (many_mu, many_sigma))

        def slope(z, power=power):
            return power * z ** (power - 1)

        of_mu, of_sigma = several(answer(slope, mu, sigma, eps), "estimates for μ", "estimates for σ")
        slips_mu = {
            "The slope is wanted at z = μ + σ ε, not at μ.": slope(mu).expand_as(eps),
            "σ is missing in z = μ + σ ε.": slope(mu + eps),
            "z is μ + σ ε, not (μ + ε) σ.": slope((mu + eps) * sigma),
            "∂z/∂μ is 1, so the estimate for μ is the slope itself. Is this one for σ?": g_mu * eps,
            "Return one estimate for each ε; the average comes later.": g_mu.mean(),
        }
        slips_sigma = {
            "∂z/∂σ is ε, not 1.": g_mu,
            "∂z/∂σ is ε, not σ.": g_mu * sigma,
            "∂z/∂σ is ε: multiply by it, and not by σ as well.": g_sigma * sigma,
            "That is the score function's factor; the path's is ε.": g_mu * (eps**2 - 1) / sigma,
            "ε moves z as a whole, once: ∂z/∂σ is ε, not ε².": g_mu * eps**2,
        }
        question, formula = "Where is the slope taken, and by how much does z move when {} does?", "f′(z) · ∂z/∂{}, with ∂z/∂{} = {}."
        problem = compare(
            of_mu, g_mu, slips_mu, question.format("μ"), formula=formula.format("μ", "μ", 1), what="the estimates for μ"
        ) or compare(
            of_sigma, g_sigma, slips_sigma, question.format("σ"), formula=formula.format("σ", "σ", "ε"), what="the estimates for σ"
        )
        if problem:
            return problem
    return None


@exercise("6.2", praise="A score averages to zero; a sum of positive terms cannot.")
def scores(answer):
    g = draws()
    cases = [(torch.tensor([-1.0, 0.3, 0.9, 2.5]), torch.tensor(0.4), torch.tensor(1.3))]
    for z, mu, sigma in [*cases, (torch.randn(6, generator=g, dtype=torch.float64), *place(g))]:
        many_mu, many_sigma = (p.expand_as(z).clone().requires_grad_() for p in (mu, sigma))
        s_mu, s_sigma = torch.autograd.grad(Normal(many_mu, many_sigma).log_prob(z).sum(), (many_mu, many_sigma))
        of_mu, of_sigma = several(answer(z, mu, sigma), "d_mu", "d_sigma")
        slips_mu = {
            "This line was right: its average over samples was zero already. The wrong sign is in the other one.": -s_mu,
            "Only a sign is wrong, the powers are right: σ² below.": s_mu * sigma,
            "Return one score for each z.": s_mu.mean(),
        }
        slips_sigma = {
            "This still has the wrong sign: both terms are positive, so their average cannot be zero.": s_sigma + 2 / sigma,
            "The other of the two signs: where |z − μ| is large, a larger σ makes z more likely, so the score is positive there.": -s_sigma,
            "Both signs are turned now; one was right.": -s_sigma - 2 / sigma,
            "Only a sign is wrong, the powers are right: σ³ and σ below.": s_sigma * sigma,
            "This is the derivative in σ²; the question is for σ.": s_sigma / (2 * sigma),
            "This is the derivative in log σ; the question is for σ.": s_sigma * sigma,
        }
        problem = compare(
            of_mu, s_mu, slips_mu, "What is the average of this line over many z ~ N(μ, σ²), before any change?", what="the score for μ"
        ) or compare(
            of_sigma,
            s_sigma,
            slips_sigma,
            "What is its average over many z ~ N(μ, σ²), and which sign has it far from μ?",
            formula="(z − μ)²/σ³ − 1/σ.",
            what="the score for σ",
        )
        if problem:
            return problem
    return None


@exercise("6.3", praise="The same estimate as leaving one out: a covariance with K − 1.")
def mended(answer):
    g = draws()
    for k, batch in ((4, 3), (2, 5), (7, 2)):
        values, s = (torch.randn(k, batch, generator=g, dtype=torch.float64) for _ in range(2))
        values = 3 + 2 * values
        others = torch.stack([torch.cat([values[:i], values[i + 1 :]]).mean(0) for i in range(k)])
        exact, biased = ((values - others) * s).mean(0), ((values - values.mean(0)) * s).mean(0)
        slips = {
            "This is the colleague's estimate: its mean is (1 − 1/K) times the gradient.": biased,
            "The wrong way round: what has shrunk by 1 − 1/K must grow by K/(K − 1).": biased * (k - 1) / k,
            "The factor is K/(K − 1), from 1/(1 − 1/K).": biased * k,
            "K samples, not the images of the batch, share the mean.": biased * batch / (batch - 1),
            "No baseline at all is unbiased too, but the noise comes back. Keep the batch mean.": (values * s).mean(0),
            "Average over the K samples, do not sum.": exact * k,
            "Average over the samples only: one estimate for each image.": exact.mean(),
            "One estimate for each image: average over the first axis, the samples.": (values - others) * s,
            "The samples are on the first axis, the images on the second.": ((values - values.mean(1, keepdim=True)) * s).mean(1)
            * batch
            / (batch - 1),
            "Each image has a mean of its own: average over the first axis only.": ((values - values.mean()) * s).mean(0) * k / (k - 1),
        }
        question = "By which factor does (6.19) say that the mean has shrunk, and over how many samples is it taken here?"
        formula = "K/(K − 1) · mean over the K samples of (f − f̄) · s."
        if problem := compare(answer(values, s), exact, slips, question, formula=formula, what=f"K = {k}, {batch} images"):
            return problem
    return None


@exercise("6.4", praise="A scale times a noise without a parameter.")
def rayleigh(answer):
    g = draws()
    cases = [(torch.tensor([0.05, 0.3, 0.5, 0.9]), torch.tensor(1.7)), (torch.rand(5, generator=g, dtype=torch.float64), place(g)[1])]
    for u, s in cases:
        s = s.clone().requires_grad_()
        got, noise, scale = answer(u, s), (-2 * torch.log1p(-u)).sqrt(), s.detach()
        slips = {
            "That is right in distribution, but solves F(z) = 1 − u; take log(1 − u).": scale * (-2 * torch.log(u)).sqrt(),
            "The factor 2 of 2s² is missing.": scale * (-torch.log1p(-u)).sqrt(),
            "That is z²: take the root.": (scale * noise) ** 2,
            "s is the scale: it multiplies the root.": noise / scale,
            "The scale s is missing.": noise,
            "s goes inside the root as s², outside as s.": (-2 * scale * torch.log1p(-u)).sqrt(),
            "The root is of the whole: s² goes with it.": scale**2 * noise,
        }
        question, formula = "Which z has F(z) = u? Put your z into F: what comes out?", "z = s · √(−2 log(1 − u))."
        problem = compare(got, scale * noise, slips, question, formula=formula, what="the samples") or compare(
            gradient(got, s)[0], noise.sum(), hint="Where does s come into z, and is the way back to it whole?", what="the derivative in s"
        )
        if problem:
            return problem
    return None


@exercise("6.5", praise="Weighted by s²: what f is worth where the score is large.")
def best_constant(answer):
    g = draws()
    cases = [(torch.tensor([3.0, -1.0, 4.0, 0.5, 2.0]), torch.tensor([0.2, -1.5, 0.9, -0.4, 2.1]))]
    for values, s in [*cases, tuple(torch.randn(2, 7, generator=g, dtype=torch.float64) + torch.tensor([[2.0], [0.3]]))]:
        exact = (values * s**2).mean() / (s**2).mean()
        slips = {
            "That is the plain mean of f. The best constant weighs each value by s².": values.mean(),
            "The denominator E[s²] is missing.": (values * s**2).mean(),
            "Divide by the sum of s², or take means in both places.": (values * s**2).sum(),
            "Square the score, not the product.": ((values * s) ** 2).mean() / (s**2).mean(),
            "The score enters squared, above and below.": (values * s).mean() / s.mean(),
            "The score enters squared above, too.": (values * s).mean() / (s**2).mean(),
            "A sum above and a mean below: take means, or sums, in both places.": (values * s**2 / (s**2).mean()).sum(),
            "Its mean is zero, but in these samples it need not be: E[s²] is the mean of s², not the variance.": (values * s**2).mean()
            / s.var(),
        }
        question, formula = "What must it be when all values are equal?", "E[f s²] / E[s²], each replaced by a mean over the samples."
        if problem := compare(answer(values, s), exact, slips, question, formula=formula):
            return problem
    return None

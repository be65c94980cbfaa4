"""Checks of notebook 07."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from ...exercises import compare, exercise


@exercise("7.1", praise="The noise is scaled, the mean is moved, and both have a gradient.")
def sample_code(answer):
    mu, logvar, eps = torch.tensor([[0.5, -1.0]]), torch.tensor([[0.8, -1.4]]), torch.tensor([[1.5, -0.3]])
    q = Normal(mu, logvar.exp().sqrt())
    return compare(
        answer(mu, logvar, eps),
        q.icdf(Normal(0.0, 1.0).cdf(eps)),  # the same quantile of q as eps is of N(0, 1)
        slips={
            "logvar is log σ², not σ: take the square root of its exponential.": mu + logvar * eps,
            "That multiplies by the variance: σ = exp(logvar / 2).": mu + logvar.exp() * eps,
            "The mean must not be scaled: multiply eps alone.": (eps + mu) * (logvar / 2).exp(),
            "No noise: z = μ is the autoencoder.": mu,
        },
        hint="z = μ + σ ε, with σ = exp(½ log σ²).",
    )


@exercise("7.2", praise="Summed over pixels and latent dimensions, averaged over images: nats per image.")
def loss_of_batch(answer):
    g = torch.Generator().manual_seed(0)
    logits, mu, logvar = (torch.randn(3, n, generator=g) for n in (10, 2, 2))
    x = torch.bernoulli(torch.full((3, 10), 0.4), generator=g)
    cross_entropy = -Independent(Bernoulli(logits=logits), 1).log_prob(x)
    kl = kl_divergence(Normal(mu, logvar.exp().sqrt()), Normal(0.0, 1.0)).sum(-1)
    exact = (cross_entropy + kl).mean()
    return compare(
        answer(logits, x, mu, logvar),
        exact,
        slips={
            "The reconstruction is averaged over pixels beside a summed KL: a hidden β = D.": (cross_entropy / 10 + kl).mean(),
            "The KL is averaged over latent dimensions: sum it.": (cross_entropy + kl / 2).mean(),
            "Summed over images: average them.": (cross_entropy + kl).sum(),
            "The KL has the wrong sign: the loss is cross-entropy plus KL.": (cross_entropy - kl).mean(),
            "This is the ELBO: the loss is minus that.": -exact,
            "The ½ of the KL is missing.": (cross_entropy + 2 * kl).mean(),
            "This gives one number an image: average them.": cross_entropy + kl,
            "Sigmoid twice? binary_cross_entropy_with_logits takes the logits as they are.": (
                F.binary_cross_entropy_with_logits(logits.sigmoid(), x, reduction="none").sum(-1) + kl
            ).mean(),
        },
        hint="Cross-entropy summed over pixels, plus KL summed over latent dimensions, averaged over images.",
    )


@exercise("7.3", praise="And it survives weights of exp(−1000).")
def bound_from_weights(answer):
    log_weights = torch.tensor([[-3.0, -1200.0], [-1.0, -1201.0], [-2.5, -1190.0]])
    shift = log_weights.double().amax(0)
    exact = ((log_weights - shift).exp().mean(0).log() + shift).float()  # the largest weight taken out by hand
    return compare(
        answer(log_weights),
        exact,
        slips={
            "The mean of the logarithms is the ELBO: the average belongs inside the logarithm.": log_weights.mean(0),
            "This is the log of the sum: subtract log K for the mean.": exact + math.log(3),
            "K is the first axis: reduce over axis 0.": log_weights.logsumexp(1) - math.log(2),
            "exp(−1200) is 0 in float32: stay in the logarithm with logsumexp.": log_weights.exp().mean(0).log(),
        },
        hint="log (1/K) Σ w = logsumexp(log w) − log K.",
    )


@exercise("7.4", praise="Then load the weights of the best epoch.")
def early_stop(answer):
    validation = [-30.0, -26.0, -25.0, -25.5, -24.0, -24.5, -24.2, -24.1, -23.0]
    return compare(
        answer(validation, 3),
        (8, 5),
        slips={
            "Training should have ended earlier: it may not see epoch 9.": (9, 9),
            "Count from 1, not from 0.": (7, 4),
            "One fall is not yet a lack of improvement: wait for `patience` epochs.": (4, 3),
            "Give back the best epoch too, not the last one.": (8, 8),
            "That is one epoch too patient.": (9, 5),
        },
        what="(epochs trained, best epoch)",
        hint="Remember the best epoch so far; stop when the current one is `patience` epochs later.",
    ) or compare(
        answer([-3.0, -2.0, -1.0], 2), (3, 3), what="for a bound that always rises", hint="Without a stop, all epochs are trained."
    )

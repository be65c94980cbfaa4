"""Plausible wrong answers to the exercises of notebook 06, each with a part of the hint that it must get."""

STRICT = True
PATH, SCORES = "def pathwise_estimates(slope, mu, sigma, eps):\n    ", "def gaussian_scores(z, mu, sigma):\n    "
MEND, RAYLEIGH, BEST = "def mended(values, scores):\n    ", "def rayleigh(u, s):\n    ", "def best_constant(values, scores):\n    "
VARIANCE, BITS = "def exact_variance(estimate, mu, sigma):\n    ", "def score_surrogate(values, logits, drawn):\n    "
GRID = VARIANCE + "z = mu + sigma * torch.linspace(-12, 12, 4001, dtype=torch.float64)\n    w = Normal(mu, sigma).log_prob(z).exp()\n    "
LOG_Q = BITS + "log_q = torch.distributions.Bernoulli(logits=logits).log_prob(drawn)\n    "

WRONG = {
    "6.1": [
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g", "∂z/∂σ is ε, not 1"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g * sigma", "ε, not σ"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g * sigma * eps", "not by σ as well"),
        (PATH + "g = slope((mu + eps) * sigma)\n    return g, g * eps", "not (μ + ε) σ"),
        (PATH + "g = slope(mu + eps)\n    return g, g * eps", "σ is missing"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g.mean(), (g * eps).mean()", "one estimate for each ε"),
        (PATH + "return slope(mu + sigma * eps)", "return estimates for μ, estimates for σ"),
        (PATH + "eps *= sigma\n    g = slope(mu + eps)\n    return g, g * eps / sigma", "changes its input eps"),
    ],
    "6.2": [
        (SCORES + "return (z - mu) / sigma**2, (z - mu) ** 2 / sigma**3 + 1 / sigma", "still has the wrong sign"),
        (SCORES + "return -(z - mu) / sigma**2, (z - mu) ** 2 / sigma**3 - 1 / sigma", "This line was right"),
        (SCORES + "return (z - mu) / sigma**2, 1 / sigma - (z - mu) ** 2 / sigma**3", "The other of the two signs"),
        (SCORES + "return (z - mu) / sigma, (z - mu) ** 2 / sigma**3 - 1 / sigma", "powers are right"),
        (SCORES + "return (z - mu) / sigma**2, (z - mu) ** 2 / sigma**2 - 1", "powers are right: σ³"),
        (SCORES + "return (z - mu) / sigma**2, ((z - mu) ** 2 / sigma**3 - 1 / sigma) / (2 * sigma)", "derivative in σ²"),
        (SCORES + "return (z - mu) ** 2, (z - mu) / sigma", "the average of this line"),
    ],
    "6.3": [
        (MEND + "return ((values - values.mean(0)) * scores).mean(0)", "This is the colleague's estimate"),
        (MEND + "K = len(values)\n    return (K - 1) / K * ((values - values.mean(0)) * scores).mean(0)", "The wrong way round"),
        (MEND + "return (values * scores).mean(0)", "the noise comes back"),
        (
            MEND + "K = values.shape[1]\n    return K / (K - 1) * ((values - values.mean(0)) * scores).mean(0)",
            "not the images of the batch",
        ),
        (MEND + "K = len(values)\n    return K / (K - 1) * ((values - values.mean(0)) * scores).sum(0)", "do not sum"),
        (MEND + "K = len(values)\n    return K / (K - 1) * ((values - values.mean()) * scores).mean(0)", "a mean of its own"),
        (MEND + "K = len(values)\n    return K / (K - 1) * ((values - values.mean(0)) * scores).mean()", "one estimate for each image"),
    ],
    "6.4": [
        (RAYLEIGH + "return s * torch.sqrt(-2 * torch.log(u))", "1 − u"),
        (RAYLEIGH + "return s * torch.sqrt(-torch.log1p(-u))", "factor 2"),
        (RAYLEIGH + "return -2 * s**2 * torch.log1p(-u)", "take the root"),
        (RAYLEIGH + "return s.item() * torch.sqrt(-2 * torch.log1p(-u))", "that autograd can differentiate"),
        (RAYLEIGH + "return s**2 * torch.sqrt(-2 * torch.log1p(-u))", "The root is of the whole"),
        (RAYLEIGH + "return s.detach() * torch.sqrt(-2 * torch.log1p(-u)) + 0 * s", "is the way back to it whole"),
    ],
    "6.5": [
        (BEST + "return values.mean()", "plain mean"),
        (BEST + "return (values * scores**2).mean()", "denominator"),
        (BEST + "return (values * scores).mean() / (scores**2).mean()", "squared above"),
        (BEST + "return (values * scores**2).mean() / scores.var()", "not the variance"),
        (BEST + "return values.median()", "when all values are equal"),
        (BEST + "return (values * scores**2).sum() / (scores**2).mean()", "A sum above and a mean below"),
    ],
    "6.6": [
        (GRID + "return torch.trapezoid(w * estimate(z) ** 2, z)", "subtract the square of the mean"),
        (GRID + "return torch.trapezoid(w * estimate(z), z)", "not their variance"),
        (
            GRID + "m = torch.trapezoid(w * estimate(z), z)\n    return torch.trapezoid(w * (estimate(z) - m) ** 2, z).sqrt()",
            "standard deviation",
        ),
        (VARIANCE + "z = mu + sigma * torch.randn(20_000, dtype=torch.float64)\n    return estimate(z).var()", "nothing drawn at random"),
        (
            GRID.replace("-12, 12", "-2, 2")
            + "m = torch.trapezoid(w * estimate(z), z)\n    return torch.trapezoid(w * (estimate(z) - m) ** 2, z)",
            "wide and fine enough",
        ),
        ("samples = 745", "ratio of the standard deviations"),
        ("samples = 55.5", "how many samples against 100?"),
        ("samples = 1.8", "The other way round"),
        ("samples = 100", "Which of the two variances is larger"),
    ],
    "6.7": [
        (LOG_Q + "return (values * log_q.sum(-1)).sum()", "do not sum"),
        (LOG_Q + "return -(values * log_q.sum(-1)).mean()", "sign is turned"),
        (LOG_Q + "return (values * log_q.sum(-1).exp()).mean()", "not the probability"),
        (LOG_Q + "return (values * log_q.mean(-1)).mean()", "Sum log q over the latents"),
        (LOG_Q + "return ((values - values.mean()) * log_q.sum(-1)).mean()", "shrinks the gradient"),
        (LOG_Q + "return log_q.sum(-1).mean()", "values are missing"),
        (LOG_Q + "return (values * log_q.sum(-1)).mean().detach()", "the way back to the logits whole"),
        (LOG_Q + "return values * log_q.sum(-1) / len(values)", "expected one number"),
        (BITS + "return (values[:, None] * (drawn - logits.sigmoid())).mean(0).sum()", "derivative of your result in one logit"),
    ],
    "6.8": [
        ('verdict = {"biased": "BC", "best": "E"}', "D has variance zero"),
        ('verdict = {"biased": "ABCD", "best": "E"}', "its own standard error"),
        ('verdict = {"biased": "BD", "best": "E"}', "How many of its standard errors"),
        ('verdict = {"biased": "BCDF", "best": "E"}', "enough to call F biased"),
        ('verdict = {"biased": "BCD", "best": "A"}', "the least noisy"),
        ('verdict = {"biased": "BCD"}', "what does the stub begin with?"),
        ('verdict = {"biased": "BCD", "best": ...}', "which is still open?"),
    ],
}

RIGHT = {"6.8": ["verdict = {'biased': 'B, C and D', 'best': 'e'}", "verdict = {'biased': {'B', 'C', 'D'}, 'best': ['E']}"]}

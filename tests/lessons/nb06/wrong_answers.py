"""Plausible wrong answers to the exercises of notebook 06, each with a part of the hint that it must get."""

PATH, SCORES = "def pathwise_estimates(slope, mu, sigma, eps):\n    ", "def gaussian_scores(z, mu, sigma):\n    "
LEFT, BEST = "def leave_one_out_baseline(values):\n    ", "def best_constant(values, scores):\n    "

WRONG = {
    "6.1": [
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g", "∂z/∂σ is ε, not 1"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g * sigma", "ε, not σ"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g, g * sigma * eps", "not by σ as well"),
        (PATH + "g = slope((mu + eps) * sigma)\n    return g, g * eps", "not (μ + ε) σ"),
        (PATH + "g = slope(mu + eps)\n    return g, g * eps", "σ is missing"),
        (PATH + "g = slope(mu + sigma * eps)\n    return g.mean(), (g * eps).mean()", "one estimate for each ε"),
        (PATH + "return slope(mu + sigma * eps)", "type and shape"),
    ],
    "6.2": [
        (SCORES + "return (z - mu) / sigma**2, (z - mu) ** 2 / sigma**3 + 1 / sigma", "still has the wrong sign"),
        (SCORES + "return -(z - mu) / sigma**2, (z - mu) ** 2 / sigma**3 - 1 / sigma", "This line was right"),
        (SCORES + "return (z - mu) / sigma**2, 1 / sigma - (z - mu) ** 2 / sigma**3", "The other of the two signs"),
        (SCORES + "return (z - mu) / sigma, (z - mu) ** 2 / sigma**3 - 1 / sigma", "powers are right"),
    ],
    "6.3": [
        (LEFT + "return values.mean(0).expand_as(values)", "contains the sample itself"),
        (LEFT + "return values.mean(0)", "one row for each sample"),
        (LEFT + "return (values.sum(0) - values) / len(values)", "divide by K − 1"),
        (LEFT + "return (values.sum() - values) / (values.numel() - 1)", "of the same image"),
        (LEFT + "return values - (values.sum(0) - values) / (len(values) - 1)", "Return the baseline itself"),
    ],
    "6.4": [
        ("def rayleigh(u, s):\n    return s * torch.sqrt(-2 * torch.log(u))", "1 − u"),
        ("def rayleigh(u, s):\n    return s * torch.sqrt(-torch.log1p(-u))", "factor 2"),
        ("def rayleigh(u, s):\n    return -2 * s**2 * torch.log1p(-u)", "take the root"),
        ("def rayleigh(u, s):\n    return s.item() * torch.sqrt(-2 * torch.log1p(-u))", "autograd can differentiate"),
    ],
    "6.5": [
        (BEST + "return values.mean()", "plain mean"),
        (BEST + "return (values * scores**2).mean()", "denominator"),
        (BEST + "return (values * scores).mean() / (scores**2).mean()", "squared above"),
    ],
}

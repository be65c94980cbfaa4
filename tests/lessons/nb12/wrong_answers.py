"""Plausible wrong answers to the exercises of notebook 12, and what the hint must say."""

STRICT = True

ADAGRAD = "def map_adagrad(weight, gradient, total, step_size, n_images):\n"
G = "    g = gradient - weight / n_images\n"
BODY = "    return weight + step_size * g / (total + g**2).sqrt()"
GRID = "    z2, z1 = torch.meshgrid(axis.flip(0), axis, indexing='ij')\n    return torch.stack([z1, z2], -1)"
JUDGED = {"A": "supports", "B": "contradicts", "C": "does not say", "D": "does not say"}

WRONG = {
    "12.1": [
        (ADAGRAD + "    g = gradient - weight\n" + BODY, "an image's share of it is 1/N"),
        (ADAGRAD + "    g = gradient + weight / n_images\n" + BODY, "towards zero"),
        (ADAGRAD + "    g = gradient\n" + BODY, "weight decay is missing"),
        (ADAGRAD + G + "    return weight - step_size * g / (total + g**2).sqrt()", "Uphill"),
        (ADAGRAD + G + "    return weight + step_size * g / (total + g**2)", "root of the sum"),
        (ADAGRAD + G + "    return weight + step_size * g / (total + gradient**2).sqrt()", "with the prior in it"),
        (ADAGRAD + G + "    return weight + step_size * g / total.sqrt()", "before the root is taken"),
    ],
    "12.2": [
        ("def inside_variances(covariance):\n    return covariance.diagonal()", "which sleep finds"),
        ("def inside_variances(covariance):\n    return torch.linalg.inv(covariance).diagonal()", "one over it"),
        ("def inside_variances(covariance):\n    return 1 / covariance.diagonal()", "invert the matrix first"),
        ("def inside_variances(covariance):\n    return torch.linalg.eigvalsh(covariance)", "eigenvalues"),
        ("ratio = 5.263", "for two dimensions"),
        ("ratio = 0.111", "The other way round"),
        ("ratio = 3", "standard deviations"),
        ("ratio = 10", "what does sleep find?"),
    ],
    "12.3": [
        (
            "def from_posterior_draws(log_q, log_joint):\n    return (log_joint - log_q).logsumexp(0) - math.log(len(log_q))",
            "the ratio is turned round",
        ),
        ("def from_posterior_draws(log_q, log_joint):\n    return (log_joint - log_q).mean(0)", "averages logarithms"),
        ("def from_posterior_draws(log_q, log_joint):\n    return -(log_q - log_joint).logsumexp(0)", "log S is missing"),
        (
            "def from_posterior_draws(log_q, log_joint):\n    return (log_q - log_joint).logsumexp(0) - math.log(len(log_q))",
            "mind the sign",
        ),
    ],
    "12.4": [
        (
            "def manifold_codes(n):\n    end = torch.special.ndtri(torch.tensor(1 - 0.5 / n))\n    axis = torch.linspace(-end, end, n)\n"
            + GRID,
            "even in probability",
        ),
        (
            "def manifold_codes(n):\n    axis = torch.special.ndtri((torch.arange(n) + 0.5) / n)\n"
            "    z2, z1 = torch.meshgrid(axis, axis, indexing='ij')\n    return torch.stack([z1, z2], -1)",
            "upside down",
        ),
        (
            "def manifold_codes(n):\n    axis = torch.special.ndtri((torch.arange(n) + 0.5) / n)\n"
            "    z2, z1 = torch.meshgrid(axis.flip(0), axis, indexing='ij')\n    return torch.stack([z2, z1], -1)",
            "swapped",
        ),
        ("def manifold_codes(n):\n    axis = (torch.arange(n) + 0.5) / n\n" + GRID, "the inverse CDF is missing"),
    ],
    "12.5": [
        (f"verdicts = {JUDGED | {'C': 'supports'}}", "How often has each image been seen"),
        (f"verdicts = {JUDGED | {'D': 'contradicts'}}", "behind on its own training images"),
        (f"verdicts = {JUDGED | {'B': 'supports'}}", "while the training bound rises"),
        (f"verdicts = {JUDGED | {'A': 'maybe'}}", "expected one of"),
    ],
}

RIGHT = {"12.5": ["verdicts = {'A': 'Supports', 'B': 'contradicts', 'C': 'does not say', 'D': 'does_not_say'}"]}

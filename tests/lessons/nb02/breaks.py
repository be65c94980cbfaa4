"""Corrupted formulas of notebook 02: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("2.1", "prior = 1 / 3 *", "prior = 1 / 2 *"),
    ("2.2", "(kept[:, 2] == 0)", "(kept[:, 2] == 1)"),
    ("2.3", "z**2 / 2 + z / 4", "z**2 / 2 + z / 3"),
    ("2.4", "(kept > -0.25)", "(kept > 1.0)"),
    ("2.5", "0.5 * torch.eye(5", "0.6 * torch.eye(5"),
    ("2.6", ".exp().mean(-1)", ".exp().median(-1).values"),
    ("2.7", "V = second_moment / p_x**2 - 1", "V = second_moment / p_x**2"),
    ("2.8", "model.sigma2 / 2)", "model.sigma2 / 3)"),
    ("2.9", "1 / (2 + sigma**2)", "1 / (1 + sigma**2)"),
    ("2.10", "- flat.posterior(x).log_prob(five)", "- 1.1 * flat.posterior(x).log_prob(five)"),
    ("2.11", "posterior.log_prob(there) - posterior", "posterior.log_prob(there) + posterior"),
    ("2.12", "back = density(there)", "back = density(here)"),
    ("2.13", "(log_q - log_p)", "(log_p - log_q)"),
    ("2.14", "- wide.log_prob(spread)).exp()", "- wide.log_prob(spread)).exp().sqrt()"),
    ("2.15", "0.5 * math.log(2 * math.pi * math.e)", "0.5 * math.log(2 * math.pi)"),
]

"""Formulas of notebook 06 corrupted, one at a time: the check of each equation must notice."""

BREAK = [
    ("6.1", "2 * (mu - k)", "2 * (k - mu)"),
    ("6.1", "[1], 2 * sigma,", "[1], 2 * sigma**2,"),
    ("6.3", "(grid - mu) / sigma**2  # the derivative", "(grid - mu) / sigma  # the derivative"),
    ("6.5", "(2 * (mu - k), 2 * sigma)", "(2 * (mu - k), 2 * sigma**2)"),
    ("6.6", "(grid - mu) ** 2 / sigma**3 - 1 / sigma", "(grid - mu) ** 2 / sigma**3 + 1 / sigma"),
    ("6.6", "(grid - mu) ** 2 / sigma**3 - 1 / sigma", "(grid - mu) ** 2 / sigma**2 - 1"),
    ("6.6", "score_mu, (grid - mu) / sigma**2", "score_mu, (grid - mu) / sigma"),
    ("6.10", "for dz in (1, grid)", "for dz in (1, 1 + grid)"),
    ("6.11", "- 2 * k * sigma / a)", "- 2 * k * sigma)"),
    ("6.14", "14 * d**2", "13 * d**2"),
    ("6.16", "v / sigma**2)", "v)"),
    ("6.16", "rest**2 * m**2 / sigma**2", "rest**2 * m**2"),
    ("6.18", "(b - best) ** 2 / sigma**2", "(b - best) ** 2"),
    ("6.18", "best = d**2 + 3 * sigma**2", "best = d**2 + 3 * sigma"),
    ("6.19", "heights - heights.mean(1, keepdim=True)", "heights"),
    ("6.19", "* every / sigma)", "* every * sigma)"),
    ("6.20", "(worth.sum() - worth) / 6", "worth.mean()"),
    ("6.21", "V_eps / 8, (", "V_eps / 8**0.5, ("),
    ("6.21", "V_eps / 8, (", "0 * V_eps, ("),
]

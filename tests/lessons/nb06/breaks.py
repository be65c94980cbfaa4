"""Formulas of notebook 06 corrupted, one at a time: the check of each equation must notice."""

BREAK = [
    ("6.1", "2 * (mu - k)", "2 * (k - mu)"),
    ("6.6", "(grid - mu) ** 2 / sigma**3 - 1 / sigma", "(grid - mu) ** 2 / sigma**3 + 1 / sigma"),
    ("6.10", "for dz in (1, grid)", "for dz in (1, 1 + grid)"),
    ("6.11", "- 2 * k * sigma / a)", "- 2 * k * sigma)"),
    ("6.14", "14 * d**2", "13 * d**2"),
    ("6.19", "heights - heights.mean(1, keepdim=True)", "heights"),
    ("6.20", "(worth.sum() - worth) / 6", "worth.mean()"),
]

"""Corruptions of notebook 04 that its checks must notice: (tag, code as it stands, corrupted code)."""

BREAK = [
    ("4.1", "q.log_prob(grid) - p.log_prob(grid)", "q.log_prob(grid) + p.log_prob(grid)"),
    ("4.6", "mu**2 + sigma**2 - 1 - math.log(sigma**2)", "mu**2 + sigma**2 - 1 - math.log(sigma)"),
    ("4.8", "return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)", "return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(-1)"),
    ("4.13", "0.5 * (rest - 2)", "0.5 * (rest - 1)"),
    ("4.14", "1 / precision.diagonal(), ", "cov.diagonal(), "),
    ("4.18", "0.5 * (logvar.exp() - 1)", "(logvar.exp() - 1)"),
    ("4.19", "integrate(p.exp() * (p - log_q))", "integrate(log_q.exp() * (log_q - p))"),
    ("4.24", "0.5 * (sigma**2 - 1) ** 2", "(sigma**2 - 1) ** 2"),
    ("4.28", "p - q + q * u", "p + q * u"),
    ("4.29", "math.exp(mu**2 / (2 * sigma**2 - 1))", "math.exp(mu**2 / (2 * sigma**2))"),
    ("4.25", "mu**2 * s**2 / 2 + (1", "mu**2 * s**2 + (1"),
    ("4.25", "by_mu, by_logvar = (1 - s**2) ** 2,", "by_mu, by_logvar = (1 - s**2),"),
    ("4.20", "<= math.log(2) <", "<= math.log(3) <"),
]

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

EQUIVALENT = [  # what `python run.py mutants` finds and no check can see: (equation, change, why it changes nothing)
    ("4.1", "samples.mean(0) -> (samples.mean(-1))", "the samples have one axis"),
    *(
        ("4.3", change, "2π cancels, as (4.4) says: any constant in its place does")
        for change in (
            "0.5 * math.log(2 * math.pi) -> (math.log(2 * math.pi))",
            "0.5 * math.log(2 * math.pi) -> (0.5 / math.log(2 * math.pi))",
            "2 * math.pi -> (math.pi)",
            "2 * math.pi -> (2 / math.pi)",
        )
    ),
    ("4.15", "0 * m -> (0 / m)", "zeros, both"),
    ("4.21", "A.mean(1) -> (A.mean(0))", "a mean over images and samples: either axis first"),
    ("4.21", "B.mean(1) -> (B.mean(0))", "a mean over images and samples: either axis first"),
    ("4.22", "estimate[:, :40].mean(1) -> (estimate[:, :40].mean(0))", "a mean over images and samples: either axis first"),
    *(
        ("4.23", change, "a covariance needs only one of its two factors centred")
        for change in (
            "r - r.mean(0) -> (r + r.mean(0))",
            "r.mean(0) -> (r.sum(0))",
            "u - u.mean(0) -> (u + u.mean(0))",
            "u.mean(0) -> (u.sum(0))",
        )
    ),
    *(
        ("4.29", change, "the integral grows by 10¹² and more from reach to reach: weaker bounds hold too")
        for change in (
            "1e3 * reaches[0] -> (reaches[0])",
            "1e3 * reaches[0] -> (1000.0 / reaches[0])",
            "1e3 * reaches[1] -> (reaches[1])",
            "1e3 * reaches[1] -> (1000.0 / reaches[1])",
        )
    ),
    ("4.20", "log_p.exp() * (log_p - log_q) -> (log_p.exp() / (log_p - log_q))", "the forward fit, of which (4.20) says nothing"),
    ("4.21", "(A - B).mean(1) -> ((A - B).sum(1))", "the scale of a standard error"),
    ("4.21", "(A - B).mean(1) -> ((A - B).mean(0))", "the scale of a standard error"),
    ("4.21", "A - B -> (A + B)", "the scale of a standard error"),
    ("4.21", "logvar / 2 -> (logvar)", "another q, in the cell that checks (4.8)"),
    ("4.21", "logvar / 2 -> (logvar * 2)", "another q, in the cell that checks (4.8)"),
    ("4.25", "m**2 + logvar.exp() - 1 -> (m ** 2 + logvar.exp())", "a constant has no gradient"),
    ("4.25", "m**2 + logvar.exp() - 1 -> (m ** 2 + logvar.exp() + 1)", "a constant has no gradient"),
    ("4.26", "100 * seed -> (seed)", "other VAEs"),
]

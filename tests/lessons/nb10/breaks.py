"""Corrupted formulas of notebook 10: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("10.1", "log_S.detach() + 2 * log_s", "log_S.detach() + log_s"),
    ("10.1", "-by_s / (1 - S).sum()", "-by_s / S.sum()"),
    ("10.2", "by_a / means.sum()", "by_a / means.sqrt().sum()"),
    ("10.3", "(eigenvalues[:L] - waterline).clamp(min=0)", "(eigenvalues[:L] - noise).clamp(min=0)"),
    ("10.4", "(eigenvalues[:L] / waterline).log().clamp(min=0) / 2", "(eigenvalues[:L] / waterline).log().clamp(min=0)"),
    ("10.5", "slope = -(distortion.diff(dim=0) / rate.diff(dim=0))", "slope = -(rate.diff(dim=0) / distortion.diff(dim=0))"),
    ("10.6", "R(sigma * beta**0.5)", "R(sigma * beta)"),
    ("10.6", "32 * beta * math.log(2 * math.pi * beta * sigma**2)", "32 * math.log(2 * math.pi * beta * sigma**2)"),
    ("10.7", "Normal(0.0, 1.0).icdf(((cells", "Normal(0.0, 1.2).icdf(((cells"),
    ("10.8", "(1 + strengths**2).log()", "(1 + strengths).log()"),
]

EQUIVALENT = [
    ("10.3", "torch.eye(64) - W @ V -> (torch.eye(64) + W @ V)", "V and −V: the KL does not see the sign"),
    *(
        ("10.5", change, "the scale of a standard error")
        for change in (
            "low - 5 * error -> (low + 5 * error)",
            "high + 5 * error -> (high - 5 * error)",
            "5 * error -> (error)",
            "5 * error -> (5 / error)",
        )
    ),
    ("10.5", "rate.mean(1) -> (rate.sum(1))", "the same weights have an empty code by either threshold"),
    ("10.6", "2 * q.stddev.log() -> (q.stddev.log())", "the KL of another q: (10.6) holds for each"),
    ("10.7", "1 - 1e-6 -> (1)", "a clamp that no draw reaches"),
    ("10.7", "1 - 1e-6 -> (1 + 1e-06)", "a clamp that no draw reaches"),
]

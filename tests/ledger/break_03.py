"""Corrupted formulas of notebook 03: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("3.4", "elbo = expect(log_q, log_joint - log_q)", "elbo = expect(log_q, log_joint)"),
    ("3.6", "reconstruction - kl_prior", "reconstruction - kl"),
    ("3.16", "by[2][2] - by[1][2]", "by[2][2] + by[1][2]"),
    ("3.24", "torch.trace(W @ S @ W.T)", "torch.trace(S)"),
    ("3.28", "a * variance / 2", "a * variance / 3"),
]

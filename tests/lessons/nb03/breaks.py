"""Corrupted formulas of notebook 03: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("3.4", "elbo = expect(log_q, log_joint - log_q)", "elbo = expect(log_q, log_joint)"),
    ("3.6", "agree(reconstruction - kl_prior", "agree(reconstruction - kl"),
    ("3.16", "of_evidence[2] - of_kl[2]", "of_evidence[2] + of_kl[2]"),
    ("3.19", "bump_1 / (bump_0 + bump_1)", "bump_0 / (bump_0 + bump_1)"),
    ("3.24", "torch.trace(W @ S @ W.T)", "torch.trace(S)"),
    ("3.28", "a * variance / 2", "a * variance / 3"),
]

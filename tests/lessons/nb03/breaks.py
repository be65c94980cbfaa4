"""Corrupted formulas of notebook 03: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("3.4", "elbo = expect(log_q, log_joint - log_q)", "elbo = expect(log_q, log_joint)"),
    ("3.6", "agree(reconstruction - kl_prior", "agree(reconstruction - kl"),
    ("3.16", "of_evidence[2] - of_kl[2]", "of_evidence[2] + of_kl[2]"),
    ("3.19", "bump_1 / (bump_0 + bump_1)", "bump_0 / (bump_0 + bump_1)"),
    ("3.24", "torch.trace(W @ S @ W.T)", "torch.trace(S)"),
    ("3.27", "a * variance / 2", "a * variance / 3"),
    ("3.1", "log_q - posterior.log_density(z)), kl, what", "log_q - posterior.log_density(z) + 0.3), kl, what"),
    ("3.4", "log_p_x = toy.posterior(x), toy.log_evidence(x)", "log_p_x = toy.posterior(x), toy.log_evidence(x) + 0.3"),
    ("3.9", "line = torch.expm1  #", "line = torch.exp  #"),
    ("3.12", "math.log(evidence)  # normalised", "math.log(2 * evidence)  # normalised"),
    ("3.15", "-torch.stack(by_steps)", "torch.stack(by_steps)"),
]

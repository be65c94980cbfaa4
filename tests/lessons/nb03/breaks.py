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

EQUIVALENT = [  # what `python run.py mutants` finds and no check can see: (equation, change, why it changes nothing)
    ("3.1", "values.sum(-1) -> (values.sum(0))", "the values of one density have one axis"),
    ("3.9", "log_joint - log_q - log_p_x -> (log_joint - log_q + log_p_x)", "(3.9) holds for every t > 0"),
    ("3.9", "log_joint - log_q -> (log_joint + log_q)", "(3.9) holds for every t > 0"),
    (
        "3.19",
        "(0.5 * standard.log_prob(data).exp() + 0.5 * standard.log_prob(data - theta).exp()).log().mean(-1) -> "
        "((0.5 * standard.log_prob(data).exp() + 0.5 * standard.log_prob(data - theta).exp()).log().mean(0))",
        "for one θ there is one axis",
    ),
    ("3.19", "3 * (torch.rand(200, generator=g) < 0.5) -> (torch.rand(200, generator=g) < 0.5)", "other data, of which the same is true"),
    ("3.23", "-0.25 + math.sqrt(1 / 16 + 2 * x) -> (-0.25 - math.sqrt(1 / 16 + 2 * x))", "the other root, at the same x"),
    ("3.23", "2 * x -> (2 / x)", "x = 1"),
    ("3.24", "images.mean(0) -> (images.sum(0))", "another b: the formula holds for any"),
]

"""Formulas of notebook 12 corrupted, one at a time: the check of each equation must notice."""

BREAK = [
    ("12.1", "0.5 * (1 + logvar", "1.0 * (1 + logvar"),
    ("12.1", "- logvar.exp()).sum(-1)", "- (logvar / 2).exp()).sum(-1)"),
    ("12.1", "z = mu + (logvar / 2).exp()", "z = mu + logvar.exp()"),
    ("12.2", "weight_decay=1 / len(x)", "weight_decay=10 / len(x)"),
    ("12.3", "w += 0.02 * g / (s.sqrt() + 1e-10)", "w += 0.02 * g / (s + 1e-10)"),
    ("12.4", "covariance.diagonal() + c**2) / v", "covariance.diagonal() + c) / v"),
    ("12.4", "[-c / v,", "[-c,"),
    ("12.5", '"AEVB": 1 / precision.diagonal()}', '"AEVB": covariance.diagonal()}'),
    ("12.5", '{"wake-sleep": covariance.diagonal(),', '{"wake-sleep": 1 / precision.diagonal(),'),
    ("12.6", "torch.diag(rest[name])) / sigma**2, error", "torch.diag(rest[name])) / sigma, error"),
    ("12.6", "W @ (covariance - torch.diag(rest[name])) / sigma**2", "W @ (covariance - covariance) / sigma**2"),
    ("12.7", "torch.special.ndtri(torch.arange(1, 20, dtype=torch.float64) / 20)", "torch.arange(1, 20, dtype=torch.float64) / 10 - 1"),
    ("12.8", "1 / evidence, ratio", "evidence, ratio"),
    ("12.8", "(q.log_prob(chains) - toy", "(2 * q.log_prob(chains) - toy"),
]

EQUIVALENT = [
    *(
        ("12.8", change, "any density q will do: that is what the equation says")
        for change in ("0.6 * exact.sd -> (exact.sd)", "0.6 * exact.sd -> (0.6 / exact.sd)")
    ),
    (
        "12.8",
        "(q.log_prob(chains) - toy.log_joint(seen, chains)).exp().mean(0)"
        " -> ((q.log_prob(chains) - toy.log_joint(seen, chains)).exp().mean(-1))",
        "the same mean of all draws; only its error is taken over steps in place of chains",
    ),
]

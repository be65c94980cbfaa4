"""Corrupted formulas of notebook 09: (equation, code as it stands, code that must break the check)."""

BREAK = [
    ("9.1", "stats.beta.pdf(z, a + k, b + n - k)", "stats.beta.pdf(z, a + k, b + n)"),
    ("9.1", "a + k, b + n - k), joint", "a + k + 1, b + n - k), joint"),
    ("9.2", "[[a + k, b + n - k, a + b + n]", "[[a + k, b + n - k, a + b]"),
    ("9.2", "log_B[0] - log_B[1]", "log_B[0]"),
    ("9.3", "len(x) / s**2)", "len(x) / s)"),
    ("9.3", "(m / v + x.sum() / s**2)", "(m / v**2 + x.sum() / s**2)"),
    ("9.3", "(m / v + x.sum() / s**2)", "(m / v + x.mean() / s**2)"),
    ("9.4", "W.T @ W / sigma2", "W.T @ W / sigma2**2"),
    ("9.4", "torch.eye(2).double() + W.T", "2 * torch.eye(2).double() + W.T"),
    ("9.4", "W.T @ (x3 - b_vec) / sigma2)", "W.T @ x3 / sigma2)"),
    ("9.5", "c = expected.logsumexp(0) - (q2 * q2.log()).sum()", "c = expected.logsumexp(0)"),
    ("9.5", "(q1 / best).log()", "(best / q1).log()"),
    ("9.6", "best = expected.softmax(0)", "best = log_p.exp().sum(1) / log_p.exp().sum()"),
    ("9.7", "precision[j, i] / precision[j, j]", "0.5 * precision[j, i] / precision[j, j]"),
    ("9.7", "precision[0, 0] ** -0.5).log_prob", "precision[0, 0] ** 0.5).log_prob"),
    ("9.8", "[rho**2] * 7", "[rho] * 7"),
    ("9.9", "kl_best + top - elbo", "kl + top - elbo"),
    ("9.9", "(log_q.exp() * (log_q - log_posterior))", "(log_posterior.exp() * (log_posterior - log_q))"),
    ("9.10", "prior.concentration + q.r.sum(0)", "prior.concentration + q.r.mean(0)"),
    ("9.11", "1 / (1 / prior.centre_sd**2 + tau", "1 / (1 / prior.centre_sd + tau"),
    ("9.11", "(variance * tau)[:, None]", "variance[:, None]"),
    ("9.12", "prior.rate + 0.5 * (q.r", "prior.rate + (q.r"),
    ("9.12", "shape=prior.shape + q.r.sum(0), rate", "shape=prior.shape + q.r.sum(0) / 2, rate"),
    ("9.13", ".sum(-1) + 2 * q.variance", ".sum(-1)"),
    ("9.13", "q.concentration.digamma() - q.concentration.sum().digamma()", "(q.concentration / q.concentration.sum()).log()"),
    ("9.14", "Dirichlet(prior.concentration + n)", "Dirichlet(prior.concentration + n + 1)"),
    ("9.14", "(v * p.precisions)[:, None] * total", "v[:, None] * total"),
    ("9.14", "Gamma(prior.shape + n, rate)", "Gamma(prior.shape + n / 2, rate)"),
    ("9.14", "p.weights.log() + p.precisions.log()", "p.weights.log() + 0.5 * p.precisions.log()"),
    ("9.15", "r + step / 2 * slope(z)\n    z", "r + step * slope(z)\n    z"),
    ("9.15", "(x_toy - toy.f(z)) / toy.s**2 * (z + 0.25)", "(x_toy - toy.f(z)) / toy.s * (z + 0.25)"),
    ("9.16", "back, momentum_back = far, -momentum", "back, momentum_back = far, momentum"),
    ("9.17", "+ 0.5 * r**2", "+ 0.25 * r**2"),
    ("9.17", "(energy(z, r) - energy(far, momentum)).exp()", "(0.5 * (energy(z, r) - energy(far, momentum))).exp()"),
    ("9.18", "Lambda.diagonal().log().sum() - Lambda.logdet()", "Lambda.diagonal().log().sum()"),
    ("9.19", "(high - low) * (log_target(z) - log_prior(z))", "high * (log_target(z) - log_prior(z))"),
    ("9.19", "(density(z) - 0.5 * r.square().sum(-1))", "density(z)"),
    ("9.19", "r = r + step / 2 * slope(z)\n        z", "r = r + step * slope(z)\n        z"),
    ("9.20", "z_true.expand(20, -1, -1)", "start"),
]

EQUIVALENT = [
    ("9.4", "plane - mass @ plane -> (plane + mass @ plane)", "E[(z − m)(z + m)ᵀ] is the covariance as well"),
    ("9.8", "[rho**2] * 7 -> ([rho ** 2])", "one number for seven equal ones"),
    *(
        ("9.10", change, "another start: the slopes vanish after an update from any")
        for change in (
            "-2 * torch.cdist(points, seeds) ** 2 -> (2 * (torch.cdist(points, seeds) ** 2))",
            "-2 * torch.cdist(points, seeds) ** 2 -> (-2 / torch.cdist(points, seeds) ** 2)",
            "torch.cdist(points, seeds) ** 2 -> ((torch.cdist(points, seeds)) ** 1)",
        )
    ),
    ("9.14", "100 + i -> (100 - i)", "another stream of random numbers"),
    *(
        ("9.19", change, "the prior's constant cancels in log p(x, z) − log p(z)")
        for change in (
            "z.square() + math.log(2 * math.pi) -> (z.square() - math.log(2 * math.pi))",
            "2 * math.pi -> (math.pi)",
            "2 * math.pi -> (2 / math.pi)",
        )
    ),
    ("9.19", "z + step * r -> (z - step * r)", "reversible and volume-preserving as well: another valid move, less often accepted"),
    ("9.19", "density(z).sum() -> (density(z).mean())", "a slope of another size: reversible and volume-preserving as well"),
    (
        "9.19",
        "density(there) - 0.5 * end.square().sum(-1) - (density(z) - 0.5 * r.square().sum(-1))"
        " -> (density(there) - 0.5 * end.square().sum(-1) + (density(z) - 0.5 * r.square().sum(-1)))",
        "no move is accepted any more: importance sampling from the prior, which is without bias, too",
    ),
    *(
        ("9.20", change, "the scale of a standard error")
        for change in (
            "5 * low.std(1) / 30**0.5 -> (5 * low.std(1) * 30 ** 0.5)",
            "5 * low.std(1) -> (low.std(1))",
            "5 * low.std(1) -> (5 / low.std(1))",
            "-5 * high.std(1) / 30**0.5 -> (-5 * high.std(1) * 30 ** 0.5)",
            "-5 * high.std(1) -> (5 * (high.std(1)))",
            "-5 * high.std(1) -> (-5 / high.std(1))",
        )
    ),
    ("9.20", "low.mean(1) -> (low.sum(1))", "a sum of thirty has the sign of their mean"),
    ("9.20", "high.mean(1) -> (high.sum(1))", "a sum of thirty has the sign of their mean"),
]

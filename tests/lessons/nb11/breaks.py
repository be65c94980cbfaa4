"""Formulas of notebook 11 corrupted one at a time: the check of each equation must notice."""

BREAK = [
    ("11.1", "toy.log_prior(z[:, 0]) - log_q).exp()", "toy.log_prior(z[:, 0])).exp()"),
    ("11.1", "/ logvar.exp() + logvar", "/ logvar.exp() ** 0.5 + logvar"),
    ("11.2", ".logsumexp(0) - math.log(K)  # (batch,)", ".logsumexp(0)"),
    ("11.3", "log_w.detach().softmax(0)  # w̃, (K, batch)", "log_w.detach().softmax(1)"),
    ("11.4", "/ noise).sqrt().mean())", "/ noise).mean())"),
    ("11.4", "(share[..., None] * (1.5 - z)).sum(0)", "(1.5 - z)[0]"),
    ("11.5", "lambda grad: share[..., None] * grad", "lambda grad: grad"),
    ("11.5", "log_normal(z, mu.detach(), logvar.detach())", "log_normal(z, mu, logvar)"),
    ("11.6", "log_start - stretch[0]  # (11.6)", "log_start + stretch[0]"),
    ("11.7", "(1 - bend**2) * (w * u)", "(1 - bend**4) * (w * u)"),
    ("11.8", "prior(every_code) - F.softplus", "-F.softplus"),
    ("11.9", "covariance * 2 / tau", "covariance / tau"),
    ("11.10", "(log_q - log_prior(plane).double())", "(log_q - 0.5 * log_prior(plane).double())"),
    ("11.11", " + self.shares.log_softmax(0)", ""),
    ("11.12", "g.log().sum(-1)", "gate.sum(-1)"),
    ("11.12", "shift], -1), s.sum(-1)", "shift], -1), s.exp().sum(-1)"),
    ("11.13", "fits.mean(0) - 0.5 * (mu**2", "fits.mean(0) + 0.5 * (mu**2"),
    ("11.14", "c = alpha.sqrt() * (1 - bar[:-1])", "c = alpha * (1 - bar[:-1])"),
    ("11.15", "rebuilt - at_prior - instalments.sum()", "rebuilt - instalments.sum()"),
    ("11.16", "(snr[:-1] - snr[1:]) / 2 * off[2:]", "(snr[:-1] - snr[1:]) * off[2:]"),
]

EQUIVALENT = [
    ("11.3", "1e-3 * b.abs().max() -> (b.abs().max())", "a tolerance"),
    ("11.3", "1e-3 * b.abs().max() -> (0.001 / b.abs().max())", "a tolerance"),
    (
        "11.5",
        "torch.logaddexp(log_of_w[:, None], log_of_w) - math.log(2) -> (torch.logaddexp(log_of_w[:, None], log_of_w) + math.log(2))",
        "a constant has no gradient",
    ),
    (
        "11.5",
        "torch.stack([importance_bound(trained, x_test, K, dice) for _ in range(200 // K)]).mean(0) "
        "-> (torch.stack([importance_bound(trained, x_test, K, dice) for _ in range(200 // K)]).sum(0))",
        "of the cell of (11.2), whose check notices",
    ),
    *(
        (equation, change, "the scale of a standard error")
        for equation, change in (
            ("11.4", "5 * error -> (error)"),
            ("11.4", "5 * error -> (5 / error)"),
            ("11.10", "error_1**2 + error_2**2 -> (error_1 ** 2 - error_2 ** 2)"),
            ("11.10", "error_1**2 -> ((error_1) ** 1)"),
            ("11.10", "error_2**2 -> ((error_2) ** 1)"),
            ("11.13", "5 * tries.std(0) / 200**0.5 -> (5 * tries.std(0) * 200 ** 0.5)"),
            ("11.13", "5 * tries.std(0) -> (5 / tries.std(0))"),
        )
    ),
    ("11.8", "some.mean() -> (some.sum())", "of the cell of (11.4): this `some` is not in (11.8)"),
    ("11.15", "1.7**2 -> ((1.7) ** 1)", "another s²"),
]

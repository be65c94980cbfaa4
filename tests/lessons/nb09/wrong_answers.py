"""Plausible wrong answers to the exercises of notebook 09, each with a fragment of the hint that it must get."""


def update(log_weight: str, distance: str, axis: str = "-1") -> str:
    return (
        "def responsibilities(x, concentration, mean, variance, tau):\n"
        f"    log_weight = {log_weight}\n"
        f"    distance = {distance}\n"
        f"    return (log_weight - 0.5 * tau * distance).softmax({axis})"
    )


LOG_MEAN, MEAN_LOG = "(concentration / concentration.sum()).log()", "concentration.digamma() - concentration.sum().digamma()"
PLAIN = "(x[:, None] - mean).square().sum(-1)"


def leapfrog(first: str, between: str, last: str) -> str:
    return (
        "def leapfrog_steps(slope, z, r, step, n):\n"
        f"    {first}\n"
        "    for i in range(n):\n"
        "        z = z + step * r\n"
        f"        if i < n - 1:\n            {between}\n"
        f"    {last}\n"
        "    return z, r"
    )


HALF, WHOLE = "r = r + step / 2 * slope(z)", "r = r + step * slope(z)"

STRICT = True

WRONG = {
    "9.1": [
        (
            "def posterior_of_readings(m, v, x, s):\n"
            "    precision = 1 / v + (1 / s).sum()\n"
            "    return (m / v + (x / s).sum()) / precision, 1 / precision",
            "s is a standard deviation",
        ),
        (
            "def posterior_of_readings(m, v, x, s):\n"
            "    precision = 1 / v + (1 / s**2).sum()\n"
            "    return (m / v + (x / s**2).sum()) / precision, precision",
            "That is the precision",
        ),
        (
            "def posterior_of_readings(m, v, x, s):\n"
            "    precision = (1 / s**2).sum()\n"
            "    return (x / s**2).sum() / precision, 1 / precision",
            "The prior is a reading too",
        ),
        (
            "def posterior_of_readings(m, v, x, s):\n"
            "    precision = 1 / v**2 + (1 / s**2).sum()\n"
            "    return (m / v**2 + (x / s**2).sum()) / precision, 1 / precision",
            "v is a variance already",
        ),
        (
            "def posterior_of_readings(m, v, x, s):\n"
            "    precision = 1 / v + (1 / s**2).sum()\n"
            "    return (m + x.sum()) / (1 + len(x)), 1 / precision",
            "plain average",
        ),
        ("def posterior_of_readings(m, v, x, s):\n    return 1 / (1 / v + (1 / s**2).sum())", "return mean, variance"),
        (
            "def posterior_of_readings(m, v, x, s):\n    precision = 1 / v + (1 / s**2).sum()\n"
            "    return 1 / precision, (m / v + (x / s**2).sum()) / precision",
            "in the opposite order",
        ),
    ],
    "9.2": [
        (update(LOG_MEAN, PLAIN), "Both expectations are still wrong"),
        (update(LOG_MEAN, PLAIN + " + x.shape[1] * variance"), "the weight is not"),
        (update(MEAN_LOG, PLAIN), "the distance is not"),
        (update(MEAN_LOG, PLAIN), "nats below that of the best r"),
        (update(MEAN_LOG, PLAIN + " + variance"), "once a dimension"),
        (update(MEAN_LOG, PLAIN + " + x.shape[1] * variance", "0"), "Normalise over the components"),
    ],
    "9.3": [
        (leapfrog(WHOLE, WHOLE, "pass"), "Those are whole kicks"),
        (leapfrog(HALF, WHOLE, "pass"), "kick at the end is missing"),
        (leapfrog(HALF, WHOLE, WHOLE), "last kick is half a kick too"),
        (leapfrog(HALF, WHOLE, WHOLE), "Run back from its end"),
        (leapfrog(WHOLE, WHOLE, HALF), "too much"),
        (leapfrog(HALF, WHOLE, HALF).replace("r + step", "r - step"), "added, not subtracted"),
    ],
    "9.4": [
        (
            "def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n"
            '    return diagonal - encoder, log_p - diagonal, "bigger encoder"',
            "swapped",
        ),
        (
            'def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n    return log_p - full, diagonal - encoder, "bigger encoder"',
            "best *diagonal* q",
        ),
        (
            "def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n"
            '    return log_p - diagonal, bigger_encoder - encoder, "bigger encoder"',
            "a perfect encoder",
        ),
        (
            'def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n    return log_p - diagonal, log_p - encoder, "bigger encoder"',
            "The whole gap",
        ),
        (
            "def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n"
            '    buy = "bigger encoder" if diagonal - encoder < log_p - diagonal else "full covariance"\n'
            "    return log_p - diagonal, diagonal - encoder, buy",
            "the sizes of the two gaps do not decide",
        ),
        (
            "def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n"
            '    buy = "bigger encoder" if diagonal - encoder > log_p - diagonal else "full covariance"\n'
            "    return log_p - diagonal, diagonal - encoder, buy",
            "the sizes of the two gaps do not decide",
        ),
        (
            "def diagnose(log_p, encoder, bigger_encoder, diagonal, full):\n"
            '    buy = "bigger encoder" if diagonal - encoder > full - diagonal else "full covariance"\n'
            "    return log_p - diagonal, diagonal - encoder, buy",
            "the sizes of the two gaps do not decide",
        ),
    ],
    "9.5": [
        ("def annealed_bound(betas, log_likelihood):\n    return (betas.diff()[:, None] * log_likelihood).sum(0).mean()", "looser one"),
        (
            "def annealed_bound(betas, log_likelihood):\n    return (betas.diff()[:, None] * log_likelihood).sum(0).logsumexp(0)",
            "log of the sum",
        ),
        (
            "def annealed_bound(betas, log_likelihood):\n"
            "    log_w = (betas[1:, None] * log_likelihood).sum(0)\n"
            "    return log_w.logsumexp(0) - math.log(len(log_w))",
            "*rise*",
        ),
        (
            "def annealed_bound(betas, log_likelihood):\n"
            "    log_w = (betas.diff()[:, None] * log_likelihood).sum(0)\n"
            "    return log_w.logsumexp(0) - math.log(len(betas) - 1)",
            "you divide by the number of rungs",
        ),
        (
            "def annealed_bound(betas, log_likelihood):\n    return (betas.diff()[:, None] * log_likelihood).sum(0).exp().mean().log()",
            "0 in float",
        ),
        (
            "def annealed_bound(betas, log_likelihood):\n    log_w = (betas.diff()[:, None] * log_likelihood).sum(0)\n"
            "    return log_w.logsumexp(0) - math.log(len(log_w) - 1)",
            "a sum over rungs",
        ),
    ],
    "9.6": [
        (
            "def price_of_mean_field(cov):\n"
            "    precision = torch.linalg.inv(cov)\n"
            "    return cov.logdet() + precision.diagonal(dim1=-2, dim2=-1).log().sum(-1)",
            "½ is missing",
        ),
        (
            "def price_of_mean_field(cov):\n    return 0.5 * (cov.diagonal(dim1=-2, dim2=-1).log().sum(-1) - cov.logdet())",
            "covering direction",
        ),
        (
            "def price_of_mean_field(cov):\n"
            "    variance = cov.diagonal(dim1=-2, dim2=-1)\n"
            "    ratio = (torch.linalg.inv(cov).diagonal(dim1=-2, dim2=-1) * variance).sum(-1)\n"
            "    return 0.5 * (ratio - cov.shape[-1] + cov.logdet() - variance.log().sum(-1))",
            "p's own marginal variances",
        ),
        ("rho = 0.8647", "That is ρ²"),
        ("rho = 0.991", "is the ½ in it?"),
        ("rho = 0.795", "half a nat"),
        ("rho = 0.5", "at which ρ is that 1?"),
    ],
}

RIGHT = {
    "9.5": [
        "def annealed_bound(betas, log_likelihood):\n    log_w = torch.zeros(log_likelihood.shape[1])  # 32 bits\n"
        "    for t in range(1, len(betas)):\n        log_w += (betas[t] - betas[t - 1]) * log_likelihood[t - 1]\n"
        "    return log_w.logsumexp(0) - math.log(len(log_w))"
    ],
}

"""Plausible wrong answers to the exercises of notebook 02, each with a fragment of the hint that it must get."""

WRONG = {
    "2.1": [
        ("def bayes_rule(prior, likelihood):\n    return prior * likelihood", "divide by the evidence"),
        ("def bayes_rule(prior, likelihood):\n    return likelihood / likelihood.sum()", "The prior is missing"),
        ("def bayes_rule(prior, likelihood):\n    return prior * likelihood / likelihood.sum()", "sum of the joint"),
    ],
    "2.2": [
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.mean()", "mean of the logarithms"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.logsumexp(0)", "subtract log S"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.exp().mean().log()", "use logsumexp"),
    ],
    "2.3": [
        ("def accept(log_joint_now, log_joint_proposed, u):\n    return u.log() < log_joint_now - log_joint_proposed", "upside down"),
        ("def accept(log_joint_now, log_joint_proposed, u):\n    return u < log_joint_proposed - log_joint_now", "Compare log u"),
        ("def accept(log_joint_now, log_joint_proposed, u):\n    return log_joint_proposed > log_joint_now", "Downhill"),
    ],
    "2.4": [
        (
            "def samples_needed(L, sigma, error):\n"
            "    rho = (1 + sigma**2) / (sigma * math.sqrt(2 + sigma**2)) * math.exp(1 / (2 + sigma**2))\n"
            "    return (rho**L - 1) / error",
            "square the error",
        ),
        (
            "def samples_needed(L, sigma, error):\n"
            "    rho = (1 + sigma**2) / (sigma * math.sqrt(2 + sigma**2)) * math.exp(1 / (2 + sigma**2))\n"
            "    return rho**L / error**2",
            "subtract the one",
        ),
        (
            "def samples_needed(L, sigma, error):\n"
            "    rho = (1 + sigma) / math.sqrt(sigma * (2 + sigma)) * math.exp(1 / (2 + sigma))\n"
            "    return (rho**L - 1) / error**2",
            "the variance, where you have σ",
        ),
    ],
    "2.5": [
        (
            "def importance_log_evidence(log_joint, mu, sigma, eps):\n"
            "    return log_joint(mu + sigma * eps).logsumexp(0) - math.log(len(eps))",
            "Divide by q(z)",
        ),
        (
            "def importance_log_evidence(log_joint, mu, sigma, eps):\n"
            "    z = mu + sigma * eps\n"
            "    return (log_joint(z) - Normal(mu, sigma).log_prob(z)).mean()",
            "a lower bound",
        ),
        (
            "def importance_log_evidence(log_joint, mu, sigma, eps):\n"
            "    z = mu + sigma * eps\n"
            "    return (log_joint(z) - Normal(0.0, 1.0).log_prob(eps)).logsumexp(0) - math.log(len(eps))",
            "not that of N(0, 1)",
        ),
    ],
}

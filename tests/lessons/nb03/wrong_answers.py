"""Plausible wrong answers to the exercises of notebook 03, each with a part of the hint that it must get."""

WRONG = {
    "3.1": [
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    z = mu + sigma * eps\n    return log_joint(z).mean()",
            "−log q(z) is missing",
        ),
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    z = mu + sigma * eps\n"
            "    return (log_joint(z) - Normal(mu, sigma).log_prob(z)).logsumexp(0) - math.log(len(eps))",
            "average the logs",
        ),
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    z = mu + sigma**2 * eps\n"
            "    return (log_joint(z) - Normal(mu, sigma).log_prob(z)).mean()",
            "not μ + σ² ε",
        ),
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    z = mu + sigma * eps\n"
            "    return (log_joint(z) - Normal(0.0, 1.0).log_prob(eps)).mean()",
            "Evaluate q at z",
        ),
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    return (log_joint(eps) - Normal(mu, sigma).log_prob(eps)).mean()",
            "z = μ + σ ε comes first",
        ),
        (
            "def elbo_from_draws(log_joint, mu, sigma, eps):\n    z = mu + sigma * eps\n"
            "    return -(log_joint(z) - Normal(mu, sigma).log_prob(z)).mean()",
            "sign is turned",
        ),
    ],
    "3.2": [
        (
            "def e_step(x, centres, weights):\n    return Normal(centres, 1.0).log_prob(x[:, None]).softmax(-1)",
            "prior weights are missing",
        ),
        (
            "def e_step(x, centres, weights):\n    j = weights * Normal(centres, 1.0).log_prob(x[:, None]).exp()\n    return j / j.sum(0)",
            "not over the data",
        ),
        (
            "def e_step(x, centres, weights):\n    return weights * Normal(centres, 1.0).log_prob(x[:, None]).exp()",
            "This is the joint",
        ),
        (
            "def e_step(x, centres, weights):\n    j = weights * Normal(centres, 1.0).log_prob(x[:, None]).exp()\n"
            "    return j / j.sum(-1, keepdim=True)",
            "softmax of logarithms",
        ),
    ],
    "3.3": [
        ("def m_step(x, r):\n    return (r * x[:, None]).mean(0), r.mean(0)", "not by N"),
        ("def m_step(x, r):\n    return (r * x[:, None]).sum(0) / r.sum(0), r.sum(0)", "add up to one"),
        ("def m_step(x, r):\n    return r.mean(0), (r * x[:, None]).sum(0) / r.sum(0)", "exchanged"),
        ("def m_step(x, r):\n    return (r * x[:, None]).sum(0) / r.sum(0)", "something else"),
    ],
    "3.4": [
        (
            "def best_value(log_prior, log_likelihood, dz, beta):\n"
            "    return (log_prior + log_likelihood / beta).logsumexp(0) + math.log(dz)",
            "factor β in front",
        ),
        (
            "def best_value(log_prior, log_likelihood, dz, beta):\n    return beta * (log_prior + log_likelihood / beta).logsumexp(0)",
            "step dz",
        ),
        (
            "def best_value(log_prior, log_likelihood, dz, beta):\n"
            "    return beta * ((log_prior + beta * log_likelihood).logsumexp(0) + math.log(dz))",
            "1/β, not β",
        ),
        (
            "def best_value(log_prior, log_likelihood, dz, beta):\n    return (log_prior + log_likelihood).logsumexp(0) + math.log(dz)",
            "β does not enter",
        ),
    ],
    "3.5": [
        (
            "def diagonal_gap(W, sigma2):\n    P = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / sigma2\n"
            "    return P.diagonal().log().sum() - torch.logdet(P)",
            "factor ½",
        ),
        (
            "def diagonal_gap(W, sigma2):\n    S = torch.linalg.inv(torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / sigma2)\n"
            "    return 0.5 * (S.diagonal().log().sum() - torch.logdet(S))",
            "1/(S⁻¹)_ll",
        ),
        (
            "def diagonal_gap(W, sigma2):\n    P = W.T @ W / sigma2\n    return 0.5 * (P.diagonal().log().sum() - torch.logdet(P))",
            "identity is missing",
        ),
    ],
}

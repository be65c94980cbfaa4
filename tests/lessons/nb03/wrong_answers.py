"""Plausible wrong answers to the exercises of notebook 03, each with a part of the hint that it must get."""

STRICT = True
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
        ("def m_step(x, r):\n    return ((r * x[:, None]).sum(0) / r.sum(0))[0]", "return centres, weights"),
        (
            "def m_step(x, r):\n    hard = torch.nn.functional.one_hot(r.argmax(1), r.shape[1]).double()\n"
            "    return (r * x[:, None]).sum(0) / r.sum(0), hard.mean(0)",
            "add up shares",
        ),
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
        (
            "def best_value(log_prior, log_likelihood, dz, beta):\n"
            "    return beta * ((log_prior / beta + log_likelihood).logsumexp(0) + math.log(dz))",
            "the likelihood that is raised",
        ),
    ],
    "3.5": [
        ("def untangle(W):\n    return torch.eye(W.shape[1], dtype=W.dtype)", "a rotation never change"),
        ("def untangle(W):\n    return torch.linalg.eigh(W.T @ W).eigenvectors.T", "This is Rᵀ"),
        ("def untangle(W):\n    return W @ torch.linalg.eigh(W.T @ W).eigenvectors", "Return R, not W R"),
        ("def untangle(W):\n    return torch.linalg.eigvalsh(W.T @ W)", "One number a latent"),
        ("def untangle(W):\n    return torch.linalg.inv(torch.linalg.cholesky(W.T @ W)).T", "keeps lengths"),
    ],
    "3.6": [
        (
            "def two_parts(log_joint, log_q, dz):\n    q = log_q.exp() * dz\n"
            "    elbo = (q * (log_joint - log_q)).sum()\n    return elbo, -elbo",
            "no density",
        ),
        (
            "def two_parts(log_joint, log_q, dz):\n    q, log_p = log_q.exp() * dz, log_joint.logsumexp(0)\n"
            "    elbo = (q * (log_joint - log_q)).sum()\n    return elbo, log_p - elbo",
            "needs the step dz too",
        ),
        (
            "def two_parts(log_joint, log_q, dz):\n    q, log_p = log_q.exp() * dz, log_joint.logsumexp(0) + math.log(dz)\n"
            "    elbo = (q * log_joint).sum()\n    return elbo, log_p - elbo",
            "log q is subtracted",
        ),
        (
            "def two_parts(log_joint, log_q, dz):\n    q, log_p = log_q.exp() * dz, log_joint.logsumexp(0) + math.log(dz)\n"
            "    elbo = (q * (log_joint - log_q)).sum()\n    return log_p - elbo, elbo",
            "exchanged",
        ),
        (
            "def two_parts(log_joint, log_q, dz):\n    q, log_p = log_q.exp() * dz, log_joint.logsumexp(0) + math.log(dz)\n"
            "    p = (log_joint - log_p).exp() * dz\n"
            "    return (q * (log_joint - log_q)).sum(), (p * (log_joint - log_p - log_q)).sum()",
            "starts from the posterior",
        ),
    ],
    "3.7": [
        (
            "def two_choices(x, thetas):\n    a = Normal(0.0, 1.0).log_prob(x)[:, None].expand(-1, len(thetas))\n"
            "    j = torch.stack([a, Normal(thetas, 1.0).log_prob(x[:, None])])\n"
            "    return j.logsumexp(0).mean(0).argmax(), j.amax(0).mean(0).argmax()",
            "positions in thetas",
        ),
        (
            "def two_choices(x, thetas):\n    a = Normal(0.0, 1.0).log_prob(x)[:, None].expand(-1, len(thetas))\n"
            "    j = torch.stack([a, Normal(thetas, 1.0).log_prob(x[:, None])])\n    best = thetas[j.logsumexp(0).mean(0).argmax()]\n"
            "    return best, best",
            "Both are chosen by log p(x)",
        ),
        (
            "def two_choices(x, thetas):\n    a = Normal(0.0, 1.0).log_prob(x)[:, None].expand(-1, len(thetas))\n"
            "    j = torch.stack([a, Normal(thetas, 1.0).log_prob(x[:, None])])\n"
            "    return thetas[j.amax(0).mean(0).argmax()], thetas[j.logsumexp(0).mean(0).argmax()]",
            "exchanged",
        ),
        (
            "def two_choices(x, thetas):\n    a = Normal(0.0, 1.0).log_prob(x)[:, None].expand(-1, len(thetas))\n"
            "    j = torch.stack([a, Normal(thetas, 1.0).log_prob(x[:, None])])\n"
            "    return thetas[j.logsumexp(0).mean(0).argmax()], thetas[j.mean(0).mean(0).argmax()]",
            "r = ½ for every point",
        ),
        ("push = 1.9, 4.0", "by how much do they lie above"),
        ("push = 0, 0", "Where does the bound have its top?"),
        ("push = 0.0, 0.4", "in the opposite order"),
        ("push = -0.4, 0", "The sign is turned"),
        ("push = 0.2", "how far is that from where"),
    ],
    "3.8": [
        ('def nearer(first, second):\n    return "first" if first["elbo"] > second["elbo"] else "second"', "Two models have two evidences"),
        ('def nearer(first, second):\n    return "cannot tell"', "It is one model"),
        (
            'def nearer(first, second):\n    if first["model"] == second["model"]:\n'
            '        return "first" if first["elbo"] > second["elbo"] else "second"\n    return "cannot tell"',
            "Which number measures",
        ),
        (
            'def nearer(first, second):\n    if first["log_p"] is None or second["log_p"] is None:\n'
            '        if first["model"] != second["model"]:\n            return "cannot tell"\n'
            '    return "first" if first["elbo"] > second["elbo"] else "second"',
            "belongs to the worse q",
        ),
        ('def nearer(first, second):\n    return first["elbo"] > second["elbo"]', "expected one of 'first'"),
    ],
}

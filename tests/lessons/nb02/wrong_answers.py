"""Plausible wrong answers to the exercises of notebook 02, each with a fragment of the hint that it must get."""

STRICT = True

MOVE = "def acceptance(log_density, z, proposal):\n    log_ratio = {ratio}\n    return {back}"
MOVED = {"ratio": "log_density(proposal) - log_density(z) + (proposal / z).log()", "back": "log_ratio.exp().clamp(max=1)"}
BILL = """
def samples_needed(L, sigma, error):
    rho = (1 + sigma**2) / (sigma * math.sqrt(2 + sigma**2)) * math.exp(1 / (2 + sigma**2))
    return {}
"""
WEIGHT = "def importance_log_evidence(log_joint, mu, sigma, eps):\n    z = {z}\n    log_weight = {weight}\n    return {back}"
WEIGHTED = {
    "z": "mu + sigma * eps",
    "weight": "log_joint(z) - Normal(mu, sigma).log_prob(z)",
    "back": "log_weight.logsumexp(0) - math.log(len(eps))",
}
FIT = """
def fit_gaussian(log_joint):
    eps = torch.linspace(-5, 5, 101, dtype=torch.float64)
    weight = (-(eps**2) / 2).softmax(0)
    mu, log_sigma = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.Adam([mu, log_sigma], lr=0.05)
    for _ in range({steps}):
        loss = {loss}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {back}
"""
FITTED = {
    "steps": "400",
    "loss": "-(weight * log_joint(mu + log_sigma.exp() * eps)).sum() - log_sigma",
    "back": "mu.item(), log_sigma.exp().item()",
}

WRONG = {
    "2.1": [
        ("def bayes_rule(prior, likelihood):\n    return prior * likelihood", "divide by the evidence"),
        ("def bayes_rule(prior, likelihood):\n    return likelihood / likelihood.sum()", "The prior is missing"),
        ("def bayes_rule(prior, likelihood):\n    return prior * likelihood / likelihood.sum()", "sum of the joint, not of"),
        ("def bayes_rule(prior, likelihood):\n    return (prior * likelihood).sum()", "one number for each cause"),
        ("def bayes_rule(prior, likelihood):\n    return (prior + likelihood) / (prior + likelihood).sum()", "Which product says"),
        ("def bayes_rule(prior, likelihood):\n    prior *= likelihood\n    return prior / prior.sum()", "changes its input prior"),
    ],
    "2.2": [
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.mean()", "mean of the logarithms"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.logsumexp(0)", "subtract log S"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.exp().mean().log()", "takes out the largest value first"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.exp().mean()", "take its logarithm"),
        ("def log_evidence_estimate(log_likelihood):\n    return log_likelihood.max()", "Of what is the average taken"),
    ],
    "2.3": [
        (MOVE.format(**MOVED | {"ratio": "log_density(proposal) - log_density(z)"}), "which way is the likelier?"),
        (
            MOVE.format(**MOVED | {"ratio": "log_density(proposal) - log_density(z) - (proposal / z).log()"}),
            "The correction is upside down",
        ),
        (
            MOVE.format(**MOVED | {"ratio": "log_density(z) - log_density(proposal) - (proposal / z).log()"}),
            "ratio of densities is upside down",
        ),
        (MOVE.format(**MOVED | {"back": "log_ratio.exp()"}), "at most 1"),
        (MOVE.format(**MOVED | {"back": "log_ratio.clamp(max=0)"}), "return the probability"),
        (MOVE.format(**MOVED | {"back": "log_ratio.sigmoid()"}), "a move to a better place ever refused"),
        (MOVE.format(**MOVED | {"back": "(log_ratio > 0).double()"}), "uphill moves only"),
        (
            "def acceptance(log_density, z, proposal):\n"
            "    return (log_density(proposal).exp() * proposal / (log_density(z).exp() * z)).clamp(max=1)",
            "subtract logarithms first",
        ),
        (MOVE.format(**MOVED | {"back": "0.5 * log_ratio.exp().clamp(max=1) + 0.25"}), "the same in both directions"),
    ],
    "2.4": [
        (BILL.format("(rho**L - 1) / error"), "square the error"),
        (BILL.format("rho**L / error**2"), "subtract the one"),
        (BILL.format("(rho * L - 1) / error**2"), "to the power L"),
        (
            BILL.replace("sigma**2", "sigma").format("(rho**L - 1) / error**2").replace("(sigma *", "(math.sqrt(sigma) *"),
            "the variance, where you have σ",
        ),
        (BILL.format("2 * (rho**L - 1) / error**2"), "What is V at L = 1"),
    ],
    "2.5": [
        (WEIGHT.format(**WEIGHTED | {"weight": "log_joint(z)"}), "Divide by q(z)"),
        (WEIGHT.format(**WEIGHTED | {"back": "log_weight.mean()"}), "a lower bound"),
        (WEIGHT.format(**WEIGHTED | {"weight": "log_joint(z) - Normal(0.0, 1.0).log_prob(eps)"}), "not that of N(0, 1)"),
        (WEIGHT.format(**WEIGHTED | {"back": "log_weight.logsumexp(0)"}), "also divides by S"),
        (WEIGHT.format(**WEIGHTED | {"z": "(mu + eps) * sigma"}), "not (μ + ε) σ"),
        (WEIGHT.format(**WEIGHTED | {"back": "log_weight.exp().mean().log()"}), "use logsumexp"),
        (WEIGHT.format(**WEIGHTED | {"back": "log_weight.max()"}), "Where do the draws come from"),
    ],
    "2.6": [
        ("draws_from_q = 1_000", "goes with its square"),
        ("draws_from_q = 1_000_000", "do as well as 10,000 from q"),
        ("draws_from_q = 1", "What does half the error cost"),
    ],
    "2.7": [
        (FIT.format(**FITTED | {"back": "mu.item(), log_sigma.exp().item() ** 2"}), "That is the variance"),
        (FIT.format(**FITTED | {"back": "mu.item(), log_sigma.item()"}), "That is log σ: return σ."),
        (
            FIT.format(**FITTED | {"loss": "-(weight * log_joint(mu + log_sigma.exp() * eps)).sum()", "steps": "1000"}),
            "Is the entropy, log σ, in the loss",
        ),
        (FIT.format(**FITTED | {"loss": "-log_joint(mu) - log_sigma"}), "A width without end"),
        (FIT.format(**FITTED | {"steps": "5"}), "until nothing changes"),
        (FIT.format(**FITTED | {"back": "mu.item()"}), "does it end with `return mu, sigma`?"),
        (FIT.format(**FITTED).replace("        optimizer.zero_grad()\n", "").replace("range(400)", "range(401)"), "Hint: "),
        (FIT.format(**FITTED | {"back": "log_sigma.exp().item(), mu.item()"}), "The two are exchanged"),
        (
            FIT.format(**FITTED | {"loss": "(weight * log_joint(mu + log_sigma.exp() * eps)).sum() - log_sigma"}),
            "does the loss fall as the ELBO rises?",
        ),
        (FIT.format(**FITTED | {"back": "mu.item(), float('nan')"}), "a division by 0"),
    ],
    "2.8": [
        ("def believe(log_weights):\n    return True", "you said the same to all"),
        ("def believe(log_weights):\n    return len(log_weights) >= 1_000", "Samples that never came leave no trace"),
        ("def believe(log_weights):\n    return log_weights.exp().var() < 1e-6", "which of their ratios count?"),
        ("def believe(log_weights):\n    return 1 / log_weights.softmax(0).square().sum() > 3_000", "more than 10 % needs"),
        ("def believe(log_weights):\n    return log_weights > log_weights.mean()", "which one number sums up"),
    ],
}

RIGHT = {  # other answers that must pass
    "2.1": [
        "def bayes_rule(prior, likelihood):\n    return (prior.log() + likelihood.log()).softmax(0)",
        "def bayes_rule(prior, likelihood):\n    joint = [a * b for a, b in zip(prior, likelihood)]\n"
        "    return [j / sum(joint) for j in joint]",
    ],
    "2.2": [
        "def log_evidence_estimate(log_likelihood):\n    top = log_likelihood.max()\n"
        "    return top + (log_likelihood - top).exp().mean().log()",
    ],
    "2.3": [MOVE.format(**MOVED | {"back": "torch.minimum(log_ratio.exp(), torch.ones_like(z))"})],
    "2.4": [
        BILL.format("math.ceil((rho**L - 1) / error**2)"),
        BILL.replace("math.exp(1 / (2 + sigma**2))", "torch.exp(1 / (2 + sigma**2))").format("(rho**L - 1) / error**2"),
    ],
    "2.6": ["draws_from_q = 96"],
    "2.7": [
        FIT.replace(
            "eps = torch.linspace(-5, 5, 101, dtype=torch.float64)", "eps = Normal(0.0, 1.0).icdf((torch.arange(2_000) + 0.5) / 2_000)"
        )
        .replace("(-(eps**2) / 2).softmax(0)", "1 / 2_000")
        .format(**FITTED),
    ],
    "2.8": [
        "def believe(log_weights):\n    return log_weights.softmax(0).max() < 0.1",
        "def believe(log_weights):\n    weights = (log_weights - log_weights.max()).exp()\n"
        "    return weights.std() / len(weights) ** 0.5 < 0.1 * weights.mean()",
    ],
}

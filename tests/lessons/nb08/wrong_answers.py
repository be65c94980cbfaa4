"""Plausible wrong answers to the exercises of notebook 08, and what the hint must say."""

STRICT = True

NAMED = (
    "def deserves(shares):\n"
    "    best, j = shares.max(-1)\n"
    "    second = shares.sort(-1).values[..., -2]\n"
    "    of = shares.gather(2, j[:, None].expand(-1, shares.shape[1], -1))\n"
    "    other = of.masked_fill(torch.eye(shares.shape[1], dtype=torch.bool), 0).amax(1)\n"
)
ALL = "    return ((best >= 0.2) & (best >= 2 * second) & (best >= 2 * other)).sum(0)\n"
MISSING = {"a": "seeds", "b": "baseline", "c": "baseline", "d": "nothing", "e": "error"}
MIXTURE = (
    "def mismatch_on_a_line(mu, sigma, axis):\n"
    "    q = Normal(mu, sigma).log_prob(axis[:, None]).exp().mean(1)\n"
    "    p = Normal(0.0, 1.0).log_prob(axis).exp()\n"
)

WRONG = {
    "8.1": [
        (NAMED + "    return ((best >= 2 * second) & (best >= 2 * other)).sum(0)\nat_two = 0", "a fifth of the factor's entropy"),
        (NAMED + "    return ((best >= 0.2) & (best >= 2 * other)).sum(0)\nat_two = 0", "No other dimension may know half"),
        (NAMED + "    return ((best >= 0.2) & (best >= 2 * second)).sum(0)\nat_two = 0", "half as much of another factor"),
        (NAMED + ALL.replace(".sum(0)", ".double().mean(0)") + "at_two = 0", "not a share of them"),
        (NAMED + ALL + "at_two = ...", "Fill in `at_two`"),
        (NAMED + ALL + "at_two = [6, 6, 6, 6, 6]", "the rows of β = 2"),
    ],
    "8.2": [
        (
            "def energy_without_self_pairs(a, b):\n"
            "    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()",
            "how many of the n² pairs within a cloud are left",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    n, m = len(a), len(b)\n"
            "    within = torch.cdist(a, a).sum() / (n * (n - 1)) + torch.cdist(b, b).sum() / (m * (m - 1))\n"
            "    return torch.cdist(a, b).mean() - within",
            "counts twice",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    n, m = len(a), len(b)\n"
            "    within = torch.cdist(a, a).sum() / (n * (n - 1)) + torch.cdist(b, b).sum() / (m * (m - 1))\n"
            "    return (2 * torch.cdist(a, b).mean() - within).clamp(min=0)",
            "no clamp",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    n, m = len(a), len(b)\n"
            "    within = torch.cdist(a, a).sum() / (n * (n - 1)) + torch.cdist(b, b).sum() / (m * (m - 1))\n"
            "    return (2 * torch.cdist(a, b).mean() - within).abs()",
            "no absolute value",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    n = len(a)\n"
            "    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).sum() / (n * (n - 1)) - torch.cdist(b, b).mean()",
            "Only one of the two clouds",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    return 2 * torch.cdist(a, b).mean() - torch.pdist(a).mean() / 2 - torch.pdist(b).mean() / 2",
            "in both orders",
        ),
    ],
    "8.3": [
        (
            "def traversal(z, values):\n"
            "    out = z.repeat(len(z), len(values), 1)\n"
            "    for j in range(len(z)):\n"
            "        out[j, :, j] += values\n"
            "    return out",
            "do not add",
        ),
        (
            "def traversal(z, values):\n"
            "    out = torch.zeros(len(z), len(values), len(z))\n"
            "    for j in range(len(z)):\n"
            "        out[j, :, j] = values\n"
            "    return out",
            "stay at z",
        ),
        (
            "def traversal(z, values):\n"
            "    out = z.repeat(len(values), len(z), 1)\n"
            "    for j in range(len(z)):\n"
            "        out[:, j, j] = values\n"
            "    return out",
            "Rows are dimensions",
        ),
        (
            "def traversal(z, values):\n    out = z.repeat(len(z), len(values), 1)\n    out[:, :, 0] = values\n    return out",
            "row j turns dimension j",
        ),
    ],
    "8.4": [
        (
            "def purity(information, entropies):\n"
            "    best = (information / entropies[:, None]).sort(dim=1, descending=True).values\n"
            "    return (best[:, 0] - best[:, 1]).mean()",
            "That is the MIG",
        ),
        (
            "def purity(information, entropies):\n"
            "    best = information.sort(dim=0, descending=True).values\n"
            "    return (best[0] - best[1]).mean()",
            "Divide by the entropies",
        ),
        (
            "def purity(information, entropies):\n    return (information / entropies[:, None]).amax(0).mean()",
            "subtract the second best",
        ),
        (
            "def purity(information, entropies):\n"
            "    best = (information / entropies[:, None]).sort(dim=0, descending=True).values\n"
            "    return (best[0] - best[1])[best[0] > 0].mean()",
            "knows nothing counts as well",
        ),
    ],
    "8.5": [
        (
            "def mismatch_on_a_line(mu, sigma, axis):\n    return (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).mean()",
            "the whole price",
        ),
        (MIXTURE + "    return (p * (p / q.clamp(min=1e-300)).log()).sum() * (axis[1] - axis[0])", "The two are swapped"),
        (MIXTURE + "    return torch.special.xlogy(q, q / p).sum()", "only with the step h"),
        (MIXTURE + "    return (q * (q / p).log()).sum() * (axis[1] - axis[0])", "0 · log 0"),
        (
            "def mismatch_on_a_line(mu, sigma, axis):\n    s2 = (sigma**2).mean() + mu.var(correction=0)\n"
            "    return 0.5 * (mu.mean() ** 2 + s2 - 1 - s2.log())",
            "q(z) is a mixture",
        ),
        (
            MIXTURE.replace("mean(1)", "sum(1)") + "    return torch.special.xlogy(q, q / p).sum() * (axis[1] - axis[0])",
            "q(z) is their mean",
        ),
    ],
    "8.6": [
        (
            "def few_of_each(labels, each, generator):\n    return torch.cat([(labels == c).nonzero()[:each, 0] for c in labels.unique()])",
            "take the first ones",
        ),
        (
            "def few_of_each(labels, each, generator):\n"
            "    return torch.randperm(len(labels), generator=generator)[: each * len(labels.unique())]",
            "within each class",
        ),
        (
            "def few_of_each(labels, each, generator):\n"
            "    of = [(labels == c).nonzero()[:, 0] for c in labels.unique()]\n"
            "    return torch.cat([i[:1].repeat(each) for i in of])",
            "put back",
        ),
        ("def few_of_each(labels, each, generator):\n    return torch.randperm(len(labels), generator=generator)[:each]", "of each class"),
        (
            "def few_of_each(labels, each, generator):\n    order = torch.randperm(len(labels))\n"
            "    return torch.cat([order[labels[order] == c][:each] for c in labels.unique()])",
            "is every draw made with `generator`?",
        ),
        (
            "def few_of_each(labels, each, generator):\n    order = torch.randperm(len(labels), generator=generator)\n"
            "    return torch.cat([order[labels[order] == c][:each] for c in range(10)])",
            "which classes occur in `labels`?",
        ),
    ],
    "8.7": [
        *[(f"missing = {MISSING | {key: 'nothing'}}", f"another word at {key}, the rest is right") for key in "abce"],
        (f"missing = {MISSING | {'d': 'seeds'}}", "Is any of them missing?"),
        (f"missing = {MISSING | {'d': 'proof'}}", "d: expected one of 'seeds'"),
    ],
}

RIGHT = {"8.7": [f"missing = { {key: word.upper() for key, word in MISSING.items()} }"]}

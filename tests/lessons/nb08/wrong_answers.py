"""Plausible wrong answers to the exercises of notebook 08, and what the hint must say."""

THETA = "    theta = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))\n"

WRONG = {
    "8.1": [
        ("def slerp(a, b, t):\n    return (1 - t) * a + t * b", "straight line"),
        (
            "def slerp(a, b, t):\n" + THETA + "    return (torch.sin(t * theta) * a + torch.sin((1 - t) * theta) * b) / torch.sin(theta)",
            "weights are swapped",
        ),
        (
            "def slerp(a, b, t):\n" + THETA + "    return torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b",
            "Divide by sin θ",
        ),
        (
            "def slerp(a, b, t):\n" + THETA + "    return (torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b) / torch.sin(theta)",
            "0/0 is not a number",
        ),
        (
            "def slerp(a, b, t):\n" + THETA + "    if theta < 1e-3:\n        return (1 - t) * a + t * b\n"
            "    return (torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b) / torch.sin(theta)",
            "no turn is singled out",
        ),
        (
            "def slerp(a, b, t):\n    a, b = a / a.norm(), b / b.norm()\n" + THETA + "    "
            "return (torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b) / torch.sin(theta)",
            "use unit vectors for the angle only",
        ),
    ],
    "8.2": [
        (
            "def energy_without_self_pairs(a, b):\n"
            "    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()",
            "only n(n − 1) count",
        ),
        (
            "def energy_without_self_pairs(a, b):\n"
            "    n, m = len(a), len(b)\n"
            "    within = torch.cdist(a, a).sum() / (n * (n - 1)) + torch.cdist(b, b).sum() / (m * (m - 1))\n"
            "    return torch.cdist(a, b).mean() - within",
            "counts twice",
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
    ],
}

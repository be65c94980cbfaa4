"""Plausible wrong answers to the exercises of notebook 05, each with a part of the hint that it must get."""

WRONG = {
    "5.1": [
        (
            "def gaussian_nll(x, m, logvar):\n"
            "    return ((x - m) ** 2 / (2 * math.exp(logvar)) + 0.5 * (math.log(2 * math.pi) + logvar)).mean(-1)",
            "do not average",
        ),
        ("def gaussian_nll(x, m, logvar):\n    return -Normal(m, math.exp(logvar)).log_prob(x).sum(-1)", "not exp(2·logvar)"),
        (
            "def gaussian_nll(x, m, logvar):\n    return ((x - m) ** 2 / (2 * math.exp(logvar)) + 0.5 * math.log(2 * math.pi)).sum(-1)",
            "best σ is infinite",
        ),
        (
            "def gaussian_nll(x, m, logvar):\n"
            "    return ((x - m) ** 2 / math.exp(logvar) + 0.5 * (math.log(2 * math.pi) + logvar)).sum(-1)",
            "½ in front of the squared error",
        ),
        ("def gaussian_nll(x, m, logvar):\n    return Normal(m, math.exp(logvar / 2)).log_prob(x).sum(-1)", "sign is turned"),
        ("def gaussian_nll(x, m, logvar):\n    return -Normal(m, math.exp(logvar / 2)).log_prob(x).sum()", "leave the sum over images"),
    ],
    "5.2": [
        ("def hidden_sigma(beta, D):\n    return math.sqrt(beta / 2)", "divides by D as well"),
        ("def hidden_sigma(beta, D):\n    return beta * D / 2", "This is σ²"),
        ("def hidden_sigma(beta, D):\n    return math.sqrt(beta * D)", "The ½ is missing"),
        ("def hidden_sigma(beta, D):\n    return math.sqrt(beta / (2 * D))", "D multiplies β"),
    ],
    "5.3": [
        (
            "def cross_entropy_from_logits(x, a):\n    p = torch.sigmoid(a)\n"
            "    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(-1)",
            "exactly 1 in float32",
        ),
        (
            "def cross_entropy_from_logits(x, a):\n    p = torch.sigmoid(a).clamp(1e-7, 1 - 1e-7)\n"
            "    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(-1)",
            "cuts the cost off",
        ),
        ("def cross_entropy_from_logits(x, a):\n    return (torch.log(1 + torch.exp(a)) - x * a).sum(-1)", "overflows"),
        ("def cross_entropy_from_logits(x, a):\n    return (F.softplus(a) - x * a).mean(-1)", "do not average"),
        ("def cross_entropy_from_logits(x, a):\n    return (F.softplus(a) + x * a).sum(-1)", "sign of x·a"),
    ],
    "5.4": [
        ("def best_sigmas(x, m, floor):\n    return (x - m).square().mean(0).clamp(min=floor).sqrt()", "take the root first"),
        ("def best_sigmas(x, m, floor):\n    return (x - m).square().mean(0).sqrt()", "floor is missing"),
        ("def best_sigmas(x, m, floor):\n    return (x - m).square().mean(1).sqrt().clamp(min=floor)", "axis 0"),
        ("def best_sigmas(x, m, floor):\n    return (x - m).std(0).clamp(min=floor)", "subtracts the mean error"),
    ],
    "5.5": [
        (
            "def logistic_levels(x, m, s):\n"
            "    return torch.log(torch.sigmoid((x + 1 / 32 - m) / s) - torch.sigmoid((x - 1 / 32 - m) / s)).sum(-1)",
            "outermost bins",
        ),
        (
            "def logistic_levels(x, m, s):\n    p = torch.sigmoid((x - m) / s)\n    return torch.log(p * (1 - p) / s / 16).sum(-1)",
            "short cut",
        ),
        (
            "def logistic_levels(x, m, s):\n    low = torch.where(x < 1e-3, 0.0, torch.sigmoid((x - 1 / 32 - m) / s))\n"
            "    high = torch.where(x > 1 - 1e-3, 1.0, torch.sigmoid((x + 1 / 32 - m) / s))\n    return torch.log((high - low).sum(-1))",
            "ends open",
        ),
        (
            "def logistic_levels(x, m, s):\n    low = torch.where(x < 1e-3, 0.0, torch.sigmoid((x - 1 / 16 - m) / s))\n"
            "    high = torch.where(x > 1 - 1e-3, 1.0, torch.sigmoid((x + 1 / 16 - m) / s))\n    return torch.log(high - low).sum(-1)",
            "half a width",
        ),
    ],
}

"""Corruptions of notebook 05 that its checks must notice: (tag, code as it stands, corrupted code)."""

BREAK = [
    ("5.2", "squares / (2 * sigma**2) + D / 2", "squares / sigma**2 + D / 2"),
    ("5.4", "squares + 2 * sigma**2 * kl", "squares + sigma**2 * kl"),
    ("5.9", "F.softplus(a) - b * a", "F.softplus(a) + b * a"),
    ("5.10", "a.sigmoid() - b", "b - a.sigmoid()"),
    ("5.11", "(2 * lam - 1) /", "(1 - 2 * lam) /"),
    ("5.16", "pixel.var(correction=0) + (pixel.mean() - m) ** 2", "pixel.var(correction=0)"),
    ("5.6", "1 - mse / log_var.exp()", "1 - mse / log_var.exp() ** 2"),
    ("5.7", "* (math.log(2 * math.pi * mse) + 1), what", "* math.log(2 * math.pi * mse), what"),
    ("5.17", "(5.5 - 16 * m) / (16 * sigma)", "(5.5 - 16 * m) / sigma"),
    ("5.17", "(4.5 - 16 * m) / (16 * sigma)", "(4 - 16 * m) / (16 * sigma)"),
    ("5.19", "(m - c).square().sum()", "(m + c).square().sum()"),
    ("5.5", "F.mse_loss(means, x) + kl.mean()", 'F.mse_loss(means, x, reduction="sum") + kl.mean()'),
    ("5.18", "u) * 16 - math.log(16)", "u) * 16 - 2 * math.log(16)"),
    ("5.18", "u) * 16 - math.log(16)", "u) * 16 - math.log(17)"),
]

EQUIVALENT = [
    (
        "5.6",
        "mse / log_var.exp() + math.log(2 * math.pi) -> (mse / log_var.exp() - math.log(2 * math.pi))",
        "what does not depend on σ does not move its best value; the value itself is (5.7)",
    ),
    ("5.6", "2 * math.pi -> (math.pi)", "what does not depend on σ does not move its best value; the value itself is (5.7)"),
    ("5.6", "2 * math.pi -> (2 / math.pi)", "what does not depend on σ does not move its best value; the value itself is (5.7)"),
    (
        "5.4",
        "value.mean() -> (value.sum())",
        "both losses are summed instead of averaged: one factor on both sides of a comparison of gradients",
    ),
    (
        "5.15",
        "torch.bincount((pixel * 16).round().long(), minlength=17).double() / len(pixel) -> "
        "(torch.bincount((pixel * 16).round().long(), minlength=17).double() * len(pixel))",
        "Categorical divides its probabilities by their sum",
    ),
    ("5.18", "x + u -> (x - u)", "u is uniform on an interval that is symmetric about 0, and so is its grid"),
]

"""Formulas of notebook 08 corrupted one at a time: the check of each equation must notice."""

BREAK = [
    ("8.1", "torch.sin(t * theta) * b) / torch.sin(theta)", "torch.sin(t * theta) * b)"),
    ("8.2", "straight.mean(), ((1 - t) ** 2 + t**2) * 8", "straight.mean(), ((1 - t) ** 2 + t) * 8"),
    ("8.3", "(m**2 + s**2 - 1)", "(m**2 + s**2)"),
    ("8.4", "2 * torch.cdist(a, b).mean()", "torch.cdist(a, b).mean()"),
    ("8.5", "joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)", "joint.sum(1, keepdim=True)"),
    ("8.6", "best[:, 0] - best[:, 1]", "best[:, 0]"),
]

EQUIVALENT = [
    ("8.2", "(1 - t) * a + t * b -> ((1 - t) * a - t * b)", "b and −b are one in distribution"),
    *(
        ("8.2", change, "the scale of a standard error")
        for change in (
            "((1 - t) ** 2 + t**2) * math.sqrt(2 * 8 / 20_000) -> (((1 - t) ** 2 + t ** 2) / math.sqrt(2 * 8 / 20000))",
            "(1 - t) ** 2 -> ((1 - t) ** 1)",
            "1 - t -> (1 + t)",
            "t**2 -> ((t) ** 1)",
            "2 * 8 / 20_000 -> (2 * 8)",
            "2 * 8 / 20_000 -> (2 * 8 * 20000)",
            "2 * 8 -> (2)",
        )
    ),
    *(
        ("8.3", change, "the scale of a standard error")
        for change in (
            "(information[0] - information[1]).square().mean() / 4 / len(m) "
            "-> ((information[0] - information[1]).square().mean() / 4 * len(m))",
            "(information[0] - information[1]).square().mean() / 4 -> ((information[0] - information[1]).square().mean())",
            "(information[0] - information[1]).square().mean() / 4 -> ((information[0] - information[1]).square().mean() * 4)",
            "(information[0] - information[1]).square().mean() -> ((information[0] - information[1]).square().sum())",
            "information[0] - information[1] -> (information[0] + information[1])",
        )
    ),
    ("8.3", "Normal(0.0, 1.0).log_prob(z).sum(-1) -> (Normal(0.0, 1.0).log_prob(z).mean(-1))", "of the pad's cell: this z is not in (8.3)"),
    ("8.5", "sprites.test.images.sum((1, 2)) -> (sprites.test.images.mean((1, 2)))", "bins go by rank"),
]

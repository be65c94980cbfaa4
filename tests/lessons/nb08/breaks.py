"""Formulas of notebook 08 corrupted one at a time: the check of each equation must notice."""

BREAK = [
    ("8.1", "torch.sin(t * theta) * b) / torch.sin(theta)", "torch.sin(t * theta) * b)"),
    ("8.2", "straight.mean(), ((1 - t) ** 2 + t**2) * 8", "straight.mean(), ((1 - t) ** 2 + t) * 8"),
    ("8.3", "(mu**2 + sigma**2 - 1)", "(mu**2 + sigma**2)"),
    ("8.4", "2 * torch.cdist(a, b).mean()", "torch.cdist(a, b).mean()"),
    ("8.5", "joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)", "joint.sum(1, keepdim=True)"),
    ("8.6", "best[:, 0] - best[:, 1]", "best[:, 0]"),
]

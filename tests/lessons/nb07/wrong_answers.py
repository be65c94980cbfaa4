"""Plausible wrong answers to the exercises of notebook 07, and what the hint must say."""

WRONG = {
    "7.1": [
        ("def sample_code(mu, logvar, eps):\n    return mu + logvar * eps", "logvar is log σ²"),
        ("def sample_code(mu, logvar, eps):\n    return mu + logvar.exp() * eps", "multiplies by the variance"),
        ("def sample_code(mu, logvar, eps):\n    return (eps + mu) * (logvar / 2).exp()", "must not be scaled"),
    ],
    "7.2": [
        (
            "def loss_of_batch(logits, x, mu, logvar):\n"
            "    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)\n"
            "    return F.binary_cross_entropy_with_logits(logits, x) + kl.mean()",
            "hidden β = D",
        ),
        (
            "def loss_of_batch(logits, x, mu, logvar):\n"
            "    kl = (mu**2 + logvar.exp() - 1 - logvar).sum(-1)\n"
            "    return F.binary_cross_entropy_with_logits(logits, x, reduction='none').sum(-1).mean() + kl.mean()",
            "½ of the KL is missing",
        ),
        (
            "def loss_of_batch(logits, x, mu, logvar):\n"
            "    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()\n"
            "    return F.binary_cross_entropy_with_logits(logits, x, reduction='sum') + kl",
            "average them",
        ),
    ],
    "7.3": [
        ("def bound_from_weights(log_weights):\n    return log_weights.mean(0)", "the ELBO"),
        ("def bound_from_weights(log_weights):\n    return log_weights.logsumexp(0)", "subtract log K"),
        ("def bound_from_weights(log_weights):\n    return log_weights.exp().mean(0).log()", "logsumexp"),
    ],
    "7.4": [
        (
            "def early_stop(validation, patience):\n    return len(validation), max(range(9), key=validation.__getitem__) + 1",
            "ended earlier",
        ),
        ("def early_stop(validation, patience):\n    return 7, 4", "Count from 1"),
    ],
}

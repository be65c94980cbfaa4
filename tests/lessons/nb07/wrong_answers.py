"""Plausible wrong answers to the exercises of notebook 07, and what the hint must say."""

STRICT = True


def step(noise="eps", cut=False, pixels="reduction='none').sum(-1)", end="mean()"):
    """The training step of 7.1 with some of its faults."""
    line = f"z = mu + sigma * {noise}"
    return (
        "def loss_of_step(encoder, decoder, x, eps):\n"
        "    mu, logvar = encoder(x).chunk(2, -1)\n"
        "    sigma = (logvar / 2).exp()\n"
        + (f"    with torch.no_grad():\n        {line}\n" if cut else f"    {line}\n")
        + f"    cross_entropy = F.binary_cross_entropy_with_logits(decoder(z), x, {pixels}\n"
        "    kl = 0.5 * (mu**2 + sigma**2 - 1 - logvar).sum(-1)\n"
        f"    return (cross_entropy + kl).{end}"
    )


PAIRED = "def paired(a, b):\n    d = a - b\n    return d.mean(), d.std() / math.sqrt(len(d))\n"
GRID = "def log_evidence(log_likelihood, axis):\n    h = axis[1] - axis[0]\n    log_prior = -0.5 * axis**2 - 0.5 * math.log(2 * math.pi)\n"

WRONG = {
    "7.1": [
        (step(cut=True), "never the encoder"),
        (step(noise="eps[0]"), "its own row of eps"),
        (step(pixels="reduction='mean')"), "hidden β = D"),
        (step(noise="eps[0]", pixels="reduction='mean')"), "Two faults are still in the value"),
        (step(end="sum()"), "average them"),
        (step().replace("return", "return -"), "minus that"),
        (step(end="mean().detach()"), "where is the way back cut"),
        (step().replace("mu + sigma * eps", "mu + sigma.detach() * eps"), "Through which line must the gradient"),
        (step(end="mean().item()"), "where is the way back cut"),
        (step(end="mean()").replace("(cross_entropy + kl)", "(cross_entropy.detach() + kl)"), "the gradient of the decoder's"),
    ],
    "7.2": [
        ("def paired(a, b):\n    return (a - b).mean(), ((a.var() + b.var()) / len(a)).sqrt()\nspare = 0, 1", "different images"),
        ("def paired(a, b):\n    return (a - b).mean(), (a - b).std()\nspare = 0, 1", "smaller by √N"),
        ("def paired(a, b):\n    return (a - b).mean(), (a - b).std(correction=0) / len(a) ** 0.5\nspare = 0, 1", "N − 1"),
        ("def paired(a, b):\n    return (b - a).mean(), (a - b).std() / len(a) ** 0.5\nspare = 0, 1", "a less b"),
        (PAIRED + "spare = ...", "Fill in `spare`"),
        (PAIRED + "spare = 0.0, 0.1", "seed by seed"),
    ],
    "7.3": [
        ("def bound_from_weights(log_weights):\n    return log_weights.mean(0)", "the ELBO"),
        ("def bound_from_weights(log_weights):\n    return log_weights.logsumexp(0)", "a mean divides by K"),
        ("def bound_from_weights(log_weights):\n    return log_weights.exp().mean(0).log()", "logsumexp"),
        ("def bound_from_weights(log_weights):\n    return log_weights.logsumexp(1) - math.log(2)", "reduce over axis 0"),
        ("def bound_from_weights(log_weights):\n    return log_weights.logsumexp(0) - math.log(3)", "K weights are equal"),
        (
            "def bound_from_weights(log_weights):\n    return (log_weights.logsumexp(0) - math.log(len(log_weights))).detach()",
            "where is the way back cut",
        ),
    ],
    "7.4": [
        (
            "def early_stop(validation, patience):\n    return len(validation), validation.index(max(validation)) + 1",
            "ended earlier",
        ),
        ("def early_stop(validation, patience):\n    return 7, 4", "Count from 1"),
        (
            "def early_stop(validation, patience):\n    best = 0\n    for epoch, value in enumerate(validation):\n"
            "        if value >= validation[best]:\n            best = epoch\n        if epoch - best >= patience:\n            break\n"
            "    return epoch + 1, best + 1",
            "A tie is not",
        ),
        (
            "def early_stop(validation, patience):\n    best = 1\n    for epoch in range(1, len(validation)):\n"
            "        if validation[epoch] > validation[best]:\n            best = epoch\n        if epoch - best >= patience:\n"
            "            break\n    return epoch + 1, best + 1",
            "The first epoch counts",
        ),
        (
            "def early_stop(validation, patience):\n    best = 0\n    for epoch, value in enumerate(validation):\n"
            "        if value > validation[best]:\n            best = epoch\n        if epoch - best > patience:\n            break\n"
            "    return epoch + 1, best + 1",
            "too patient",
        ),
    ],
    "7.5": [
        (
            GRID + "    joint = log_likelihood + (log_prior[:, None] + log_prior)[..., None]\n    return joint.logsumexp((0, 1)) + h.log()",
            "h²",
        ),
        (
            GRID + "    joint = log_likelihood + (log_prior[:, None] + log_prior)[..., None]\n    return joint.logsumexp((0, 1))",
            "not an integral",
        ),
        (GRID + "    return log_likelihood.logsumexp((0, 1)) + 2 * h.log()", "The prior is missing"),
        (
            GRID + "    joint = log_likelihood - 0.5 * (axis[:, None] ** 2 + axis**2)[..., None]\n"
            "    return joint.logsumexp((0, 1)) + 2 * h.log()",
            "integrate to 1",
        ),
        (
            GRID + "    joint = log_likelihood + (log_prior[:, None] + log_prior)[..., None]\n"
            "    return (joint.exp().sum((0, 1)) * h**2).log()",
            "stay in the logarithm",
        ),
    ],
    "7.6": [
        ("together, better = 'ABCD', 'yes'", "no sample of q"),
        ("together, better = 'ABCE', 'yes'", "grey pixels"),
        ("together, better = 'ABCF', 'no'", "a density"),
        ("together, better = 'AC', 'not shown'", "a row is missing, B"),
        ("together, better = 'ABC', 'yes'", "the error of a difference"),
        ("together, better = 'ABC', ...", "which is still open?"),
    ],
}

RIGHT = {"7.6": ["together, better = 'A, B and C', 'Not shown'", "together, better = ['C', 'B', 'A'], 'not_shown'"]}

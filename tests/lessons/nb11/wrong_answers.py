"""Plausible wrong answers to the exercises of notebook 11, and what the hint must say."""

STRICT = True

UNFOLD = (
    "def unfold(moved, u_hat, w, b):\n    slope, target = w @ u_hat, moved @ w\n"
    "    low, high = target - slope.abs(), target + slope.abs()\n    for _ in range(60):\n        a = (low + high) / 2\n"
    "        above = a + slope * torch.tanh(a + b) > target\n"
    "        low, high = torch.where(above, low, a), torch.where(above, a, high)\n"
)
AGGREGATE = (
    "def log_best_prior(z, mu, logvar):\n"
    "    each = -0.5 * ((z[:, None] - mu) ** 2 / {}.exp() + {} + math.log(2 * math.pi)).sum(-1)\n    return "
)
STEP = (
    "def step_back(z, x, before, now):\n    alpha = now / before\n    from_x, from_z = 1 / (1 - before), alpha / (1 - alpha)\n"
    "    variance = 1 / (from_x + from_z)\n    return variance * (from_x * {} + from_z * {} / alpha**0.5), {}"
)
CHOICE = 'choice = {{"A": "{}", "B": "{}", "C": "{}", "D": "{}"}}'
BITS = (
    "def bits_of_codes(train, test, J):\n    bits = 0.0\n    for place in range(train.shape[1]):\n"
    "        counts = {}\n        {}\n    return {}"
)
COUNTS = "train[:, place].bincount(minlength=J) + 1"
ADD = "bits = bits - (counts[test[:, place]] / counts.sum()).log2().mean()"

WRONG = {
    "11.1": [
        ("def effective_samples(log_w):\n    return (log_w.softmax(0) ** 2).sum(0)", "effective size is one over it"),
        ("def effective_samples(log_w):\n    return 1 / log_w.softmax(0).sum(0)", "Is it the squares of the shares"),
        ("def effective_samples(log_w):\n    w = log_w.exp()\n    return w.sum(0) ** 2 / (w**2).sum(0)", "let softmax do it"),
        ("def effective_samples(log_w):\n    return 1 / (log_w.softmax(1) ** 2).sum(0)", "normalise over the K samples"),
        ("def effective_samples(log_w):\n    return 1 / (log_w.softmax(0) ** 2).mean(0)", "1 / Σ_k w̃_k²"),
        ("spread = 4.6", "That is s²"),
        ("spread = 1.52", "one sample in ten"),
        ("spread = 3", "What are E w and E w²"),
    ],
    "11.2": [
        (
            "def unfold(moved, u_hat, w, b):\n    return moved - torch.tanh(moved @ w + b)[:, None] * u_hat",
            "solve for w·z first",
        ),
        (UNFOLD + "    return moved + torch.tanh(a + b)[:, None] * u_hat", "once more: subtract it"),
        (UNFOLD + "    return moved + ((a - target) / (w @ w))[:, None] * w", "across w"),
        (UNFOLD + "    return moved - torch.tanh(a)[:, None] * u_hat", "one equation for a = w·z: a + "),
    ],
    "11.3": [
        (BITS.format(COUNTS, ADD.replace("log2", "log"), "bits"), "bits are log₂"),
        (BITS.format(COUNTS, ADD, "bits / train.shape[1]"), "sum over the places"),
        (BITS.format("train.flatten().bincount(minlength=J) + 1", ADD, "bits"), "do not pool them"),
        (BITS.format("train[:, place].bincount(minlength=J)", ADD, "bits"), "needs its extra count"),
        (BITS.format(COUNTS, ADD.replace("mean", "sum"), "bits"), "total of all test images"),
    ],
    "11.4": [
        (AGGREGATE.format("logvar", "logvar") + "each.logsumexp(1)", "subtract log N"),
        (AGGREGATE.format("logvar", "logvar") + "each.mean(1)", "mean of the logarithms"),
        (AGGREGATE.format("logvar", "logvar") + "each.exp().mean(1).log()", "use logsumexp"),
        (AGGREGATE.format("(2 * logvar)", "2 * logvar") + "each.logsumexp(1) - math.log(len(mu))", "log σ², not log σ"),
    ],
    "11.5": [
        (STEP.format("before * x", "z", "variance"), "√ᾱ, not ᾱ"),
        (STEP.format("before**0.5 * x", "z", "variance**0.5"), "return the variance"),
        (STEP.format("before**0.5 * x", "z", "1 - alpha"), "variance of the step forward"),
        ("def step_back(z, x, before, now):\n    return before**0.5 * x, 1 - before", "z says something, too"),
        (STEP.format("before**0.5 * x", "z * alpha", "variance"), "Which two Gaussians speak"),
    ],
    "11.6": [
        (CHOICE.format("importance weights", "flow", "learned prior", "flow"), "the family is too small"),
        (CHOICE.format("flow", "flow", "learned prior", "importance weights"), "hardly trained, misses it"),
        (CHOICE.format("flow", "train the encoder", "flow", "importance weights"), "where no codes are"),
        (CHOICE.format("flow", "train the encoder", "learned prior", "flow"), "bend the decoder less"),
        (CHOICE.format("flow", "train the encoder", "learned prior", "more data"), "D: expected one of 'flow', 'importance weights'"),
    ],
}

RIGHT = {"11.6": ["choice = {'A': 'Flow', 'B': 'train the encoder ', 'C': 'Learned prior', 'D': 'importance_weights'}"]}

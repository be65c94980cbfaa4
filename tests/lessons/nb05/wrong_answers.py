"""Plausible wrong answers to the exercises of notebook 05, each with a part of the hint that it must get."""

STRICT = True
NLL, SIGMA, GREY = "def gaussian_nll(x, m, logvar):\n    ", "def hidden_sigma(beta, D):\n    ", "def grey_nll(x, a):\n    "
FLOOR, LEVELS = "def best_sigmas(x, m, floor):\n    ", "def logistic_levels(x, m, s):\n    "
BITS = "def bits_per_dimension(nats, D, width):\n    "
OPEN = (
    LEVELS + "low = torch.where(x < 1e-3, -math.inf, (x - 1 / 32 - m) / s)\n"
    "    high = torch.where(x > 1 - 1e-3, math.inf, (x + 1 / 32 - m) / s)\n    "
)

WRONG = {
    "5.1": [
        (NLL + "return ((x - m) ** 2 / (2 * math.exp(logvar)) + 0.5 * (math.log(2 * math.pi) + logvar)).mean(-1)", "do not average"),
        (NLL + "return -Normal(m, math.exp(logvar)).log_prob(x).sum(-1)", "not exp(2·logvar)"),
        (NLL + "return ((x - m) ** 2 / (2 * math.exp(logvar)) + 0.5 * math.log(2 * math.pi)).sum(-1)", "best σ is infinite"),
        (
            NLL + "return ((x - m) ** 2 / math.exp(logvar) + 0.5 * (math.log(2 * math.pi) + logvar)).sum(-1)",
            "½ in front of the squared error",
        ),
        (NLL + "return Normal(m, math.exp(logvar / 2)).log_prob(x).sum(-1)", "sign is turned"),
        (NLL + "return -Normal(m, math.exp(logvar / 2)).log_prob(x).sum()", "leave the sum over images"),
        (NLL + "x -= m\n    return -Normal(0.0, math.exp(logvar / 2)).log_prob(x).sum(-1)", "changes its input x"),
    ],
    "5.2": [
        (SIGMA + "return math.sqrt(beta / 2)", "divides by D as well"),
        (SIGMA + "return beta * D / 2", "This is σ²"),
        (SIGMA + "return math.sqrt(beta * D)", "The ½ is missing"),
        (SIGMA + "return math.sqrt(beta / (2 * D))", "D multiplies β"),
        (SIGMA + "return math.sqrt(D / 2)", "weighed by β too"),
        ("def hidden_sigma(beta, D):\n    return math.sqrt(beta) * D / 2", "By what must the loss be multiplied"),
    ],
    "5.3": [
        (GREY + "return (F.softplus(a) - x * a).sum(-1)", "constant of (5.11) is missing"),
        (GREY + "return (F.softplus(a) - x * a + torch.log(a / torch.tanh(a / 2))).sum(-1)", "wrong sign"),
        (GREY + "return (F.softplus(a) - x * a - math.log(2)).sum(-1)", "at a = 0 only"),
        (GREY + "return (F.softplus(a) - x * a - torch.log(a / torch.tanh(a / 2))).sum(-1)", "0/0 at a = 0"),
        (
            GREY + "return (torch.log(1 + torch.exp(a)) - x * a - torch.log((a + 1e-9) / torch.tanh((a + 1e-9) / 2))).sum(-1)",
            "too large for a float",
        ),
        (
            GREY + "c = torch.where(a == 0, math.log(2), torch.log(a / torch.tanh(a / 2)))\n    return (F.softplus(a) - x * a - c).sum(-1)",
            "torch.where hides a value",
        ),
        (
            GREY
            + "s = torch.where(a == 0, 1e-3, a.detach())\n    return (F.softplus(a) - x * a - torch.log(s / torch.tanh(s / 2))).sum(-1)",
            "the slope",
        ),
        (
            GREY + "a = a.clamp(-20, 20) + 1e-6\n    return (F.softplus(a) - x * a - torch.log(a / torch.tanh(a / 2))).sum(-1)",
            "cut off by a clamp",
        ),
        (
            GREY + "b = torch.where(a.abs() < 0.5, 0.5, a)\n    return (F.softplus(a) - x * a - torch.log(b / torch.tanh(b / 2))).sum(-1)",
            "integrate to",
        ),
        (
            GREY + "b = torch.where(a.abs() < 1e-3, 1e-3, a)\n    c = torch.log(b / torch.tanh(b / 2)).detach()\n"
            "    return (F.softplus(a) - x * a - c).sum(-1)",
            "is it detached?",
        ),
    ],
    "5.4": [
        (FLOOR + "return (x - m).square().mean(0).clamp(min=floor).sqrt()", "take the root first"),
        (FLOOR + "return (x - m).square().mean(0).sqrt()", "floor is missing"),
        (FLOOR + "return (x - m).square().mean(1).sqrt().clamp(min=floor)", "axis 0"),
        (FLOOR + "return (x - m).std(0).clamp(min=floor)", "subtracts the mean error"),
        (FLOOR + "s = (x - m).square().mean(0).sqrt()\n    s[s == 0] = floor\n    return s", "for every small σ"),
        ("at_floor = 4", "Those never change"),
        ("at_floor = 52", "stand above it"),
        ("at_floor = 28", "compare σ² with the floor"),
        ("at_floor = 30", "exactly the floor"),
        ("at_floor = ...", "Fill in `at_floor`"),
    ],
    "5.5": [
        (LEVELS + "return torch.log(torch.sigmoid((x + 1 / 32 - m) / s) - torch.sigmoid((x - 1 / 32 - m) / s)).sum(-1)", "outermost bins"),
        (LEVELS + "p = torch.sigmoid((x - m) / s)\n    return torch.log(p * (1 - p) / s / 16).sum(-1)", "short cut"),
        (OPEN + "return torch.log((torch.sigmoid(high) - torch.sigmoid(low)).sum(-1))", "comes before the sum"),
        (OPEN.replace("1 / 32", "1 / 16") + "return torch.log(torch.sigmoid(high) - torch.sigmoid(low)).sum(-1)", "half a width"),
        (OPEN + "return torch.log(torch.sigmoid(high) - torch.sigmoid(low)).sum(-1)", "far in the tails"),
        (OPEN + "return torch.log((torch.sigmoid(high) - torch.sigmoid(low)).clamp(min=1e-12)).sum(-1)", "far in the tails"),
    ],
    "5.6": [
        (BITS + "return -nats / (D * math.log(2))", "width is missing"),
        (BITS + "return -(nats + math.log(width)) / (D * math.log(2))", "once for each of the D pixels"),
        (BITS + "return -(nats - D * math.log(width)) / (D * math.log(2))", "not density / width"),
        (BITS + "return -(nats + D * math.log(width)) / math.log(2)", "divide by D as well"),
        (BITS + "return -(nats / D + math.log(width)) * math.log(2)", "Nats are the larger unit"),
        (BITS + "return (nats / D + math.log(width)) / math.log(2)", "sign is turned"),
        ("def bits_per_dimension(nats, D, width):\n    return -torch.log2(nats.exp() * width**D) / D", "the logarithm of 0"),
    ],
    "5.7": [
        ('comparable = ["ABCDFG"]', "a probability of levels be held against a density"),
        ('comparable = ["EG", "CD"]', "about the same images"),
        ('comparable = ["CDF"]', "a factor between the two"),
        ('comparable = ["AB", "CDE"]', "Is E a log-density"),
        ('comparable = ["AB", "CD"]', "another unit of the pixel"),
        ('comparable = ["AB", "CDF", "BG"]', "which image, and which unit"),
        ('comparable = ["A and B"]', "C and D are not in one group"),
        ('comparable = ["row A"]', "which rows are meant?"),
    ],
}

RIGHT = {"5.7": ['comparable = "AB, CDF"', 'comparable = [{"A", "B"}, ["c", "d", "f"]]', 'comparable = ("BA", "F, D and C", "E")']}

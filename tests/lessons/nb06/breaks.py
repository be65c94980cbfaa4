"""Formulas of notebook 06 corrupted, one at a time: the check of each equation must notice."""

BREAK = [
    ("6.1", "2 * (mu - k)", "2 * (k - mu)"),
    ("6.1", "[1], 2 * sigma,", "[1], 2 * sigma**2,"),
    ("6.3", "(grid - mu) / sigma**2  # the derivative", "(grid - mu) / sigma  # the derivative"),
    ("6.5", "(2 * (mu - k), 2 * sigma)", "(2 * (mu - k), 2 * sigma**2)"),
    ("6.6", "(grid - mu) ** 2 / sigma**3 - 1 / sigma", "(grid - mu) ** 2 / sigma**3 + 1 / sigma"),
    ("6.6", "(grid - mu) ** 2 / sigma**3 - 1 / sigma", "(grid - mu) ** 2 / sigma**2 - 1"),
    ("6.6", "score_mu, (grid - mu) / sigma**2", "score_mu, (grid - mu) / sigma"),
    ("6.10", "for dz in (1, eps)", "for dz in (1, 1 + eps)"),
    ("6.11", "- 2 * k * sigma / a)", "- 2 * k * sigma)"),
    ("6.14", "14 * d**2", "13 * d**2"),
    ("6.16", "v / sigma**2)", "v)"),
    ("6.16", "rest**2 * m**2 / sigma**2", "rest**2 * m**2"),
    ("6.16", "2 * sigma**4", "sigma**4"),
    ("6.18", "(b - best) ** 2 / sigma**2", "(b - best) ** 2"),
    ("6.18", "best = d**2 + 3 * sigma**2", "best = d**2 + 3 * sigma"),
    ("6.19", "heights - heights.mean(1, keepdim=True)", "heights"),
    ("6.19", "* every / sigma)", "* every * sigma)"),
    ("6.20", "(worth.sum() - worth) / 6", "worth.mean()"),
    ("6.21", "V_eps / 8, (", "V_eps / 8**0.5, ("),
    ("6.21", "V_eps / 8, (", "0 * V_eps, ("),
]

# what tests/mutants.py prints as survivors, and why each is none
ARGUED = {
    "the check is at L = 1, where a sum over the dimensions is their mean": [
        ("6.1", "((z - k) ** 2).sum(-1) -> (((z - k) ** 2).mean(-1))"),
        ("6.11", "torch.exp(-k * z**2).sum(-1) -> (torch.exp(-k * z ** 2).mean(-1))"),
        ("6.12", "torch.cos(k * z).sum(-1) -> (torch.cos(k * z).mean(-1))"),
        ("6.15", "torch.sign(z - c).sum(-1) -> (torch.sign(z - c).mean(-1))"),
    ],
    "(6.20) is an identity of any numbers f and s: these only make seven of each": [
        ("6.20", "(seven - k) ** 2 -> ((seven - k) ** 1)"),
        ("6.20", "seven - k -> (seven + k)"),
        ("6.20", "(seven - mu) / sigma**2 -> ((seven - mu) * sigma ** 2)"),
        ("6.20", "seven - mu -> (seven + mu)"),
        ("6.20", "sigma**2 -> ((sigma) ** 1)"),
    ],
    "the standard error of the comparison, no formula of (6.21)": [
        ("6.21", "error**2 -> ((error) ** 1)"),
        ("6.21", "(V_error**2 + 2 * V_eps_error**2) * (100 / M) ** 2 -> ((V_error ** 2 + 2 * V_eps_error ** 2) / (100 / M) ** 2)"),
        ("6.21", "V_error**2 -> ((V_error) ** 1)"),
        ("6.21", "2 * V_eps_error**2 -> (V_eps_error ** 2)"),
        ("6.21", "2 * V_eps_error**2 -> (2 / V_eps_error ** 2)"),
        ("6.21", "V_eps_error**2 -> ((V_eps_error) ** 1)"),
        ("6.21", "(100 / M) ** 2 -> ((100 / M) ** 1)"),
        ("6.21", "100 / M -> (100 * M)"),
    ],
    "one in 200: far below the standard error of a variance": [
        ("6.21", "len(draws) - 1 -> (len(draws))"),
        ("6.21", "len(draws) - 1 -> (len(draws) + 1)"),
    ],
    "a quantity of another cell that bears the same name": [
        ("6.21", "g.var(0).sum() / draws[\"pathwise, 1\"].var(0).sum() -> (g.var(0).sum() * draws['pathwise, 1'].var(0).sum())"),
        ("6.21", "g.var(0).sum() -> (g.var(0).mean())"),
        ("6.21", "draws[\"pathwise, 1\"].var(0).sum() -> (draws['pathwise, 1'].var(0).mean())"),
        ("6.21", "signal / g.std(0) -> (signal * g.std(0))"),
        ("6.21", "(reward.sum(0) - reward) / (n_samples - 1) -> ((reward.sum(0) - reward) * (n_samples - 1))"),
        ("6.21", "np.cumsum(g.numpy())[9::10] / counts[9::10] -> (np.cumsum(g.numpy())[9::10] * counts[9::10])"),
    ],
}
EQUIVALENT = [(equation, mutant, why) for why, found in ARGUED.items() for equation, mutant in found]

"""Plausible wrong answers to the exercises of notebook 04, each with a part of the hint that it must get."""

WRONG = {
    "4.1": [
        ("def my_kl(mu, logvar):\n    return (mu**2 + logvar.exp() - 1 - logvar).sum(-1)", "factor ½"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(-1)", "do not average"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + (2 * logvar).exp() - 1 - logvar).sum(-1)", "not log σ"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + (2 * logvar).exp() - 1 - 2 * logvar).sum(-1)", "as if it were log σ"),
        ("def my_kl(mu, logvar):\n    return -0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)", "sign is turned"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + logvar.exp() - logvar).sum(-1)", "−1 is missing"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)", "One number per image"),
        ("def my_kl(mu, logvar):\n    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1).mean()", "leave the average over images"),
    ],
    "4.2": [
        (
            "def my_kl_full(mu_q, cov_q, mu_p, cov_p):\n    d, P = mu_q - mu_p, torch.linalg.inv(cov_p)\n"
            "    return torch.logdet(cov_p) - torch.logdet(cov_q) - len(d) + torch.trace(P @ cov_q) + d @ P @ d",
            "factor ½",
        ),
        (
            "def my_kl_full(mu_q, cov_q, mu_p, cov_p):\n    d, P = mu_q - mu_p, torch.linalg.inv(cov_p)\n"
            "    return 0.5 * (torch.logdet(cov_q) - torch.logdet(cov_p) - len(d) + torch.trace(P @ cov_q) + d @ P @ d)",
            "wrong way round",
        ),
        (
            "def my_kl_full(mu_q, cov_q, mu_p, cov_p):\n    d, P = mu_q - mu_p, torch.linalg.inv(cov_p)\n"
            "    return 0.5 * (torch.logdet(cov_p) - torch.logdet(cov_q) + torch.trace(P @ cov_q) + d @ P @ d)",
            "L is not subtracted",
        ),
        (
            "def my_kl_full(mu_q, cov_q, mu_p, cov_p):\n"
            "    return kl_divergence(MultivariateNormal(mu_p, cov_p), MultivariateNormal(mu_q, cov_q))",
            "exchanged",
        ),
        (
            "def my_kl_full(mu_q, cov_q, mu_p, cov_p):\n    d, P = mu_q - mu_p, torch.linalg.inv(cov_p)\n"
            "    return 0.5 * (torch.logdet(cov_p) - torch.logdet(cov_q) - len(d) + torch.trace(P @ cov_q) + d @ d)",
            "measured by Σp⁻¹",
        ),
    ],
    "4.3": [
        ("def my_k3(log_ratio):\n    return log_ratio.exp() - 1 - log_ratio", "p/q = exp(−log_ratio)"),
        ("def my_k3(log_ratio):\n    return (-log_ratio).exp() + log_ratio", "−1 is missing"),
        ("def my_k3(log_ratio):\n    return ((-log_ratio).exp() - 1 + log_ratio).mean()", "One value per sample"),
        ("def my_k3(log_ratio):\n    return (-log_ratio).exp() - 1 - log_ratio", "added, not subtracted"),
    ],
    "4.4": [
        ("def best_diagonal(cov):\n    return cov.diagonal(), 1 / torch.linalg.inv(cov).diagonal()", "answer for forward"),
        ("def best_diagonal(cov):\n    v = 1 / torch.linalg.inv(cov).diagonal()\n    return v, v", "forward matches the moments"),
        ("def best_diagonal(cov):\n    return torch.linalg.inv(cov).diagonal(), cov.diagonal()", "one over each entry"),
        ("def best_diagonal(cov):\n    e = torch.linalg.eigvalsh(cov)\n    return e, e", "eigenvalues"),
    ],
    "4.5": [
        ("def kl_laplace(m, b):\n    return abs(m) + b - 1 - math.log(b)", "crosses zero"),
        ("def kl_laplace(m, b):\n    return 0.5 * (m**2 + 2 * b**2 - 1 - math.log(2 * b**2))", "E_q[log q]"),
        ("def kl_laplace(m, b):\n    return 0.5 * (m**2 + b**2 - 1 - math.log(b**2))", "formula for Gaussians"),
    ],
}

"""Plausible wrong answers to the exercises of notebook 04, each with a part of the hint that it must get."""

STRICT = True
KL = "def my_kl(mu_q, logvar_q, mu_p, logvar_p):\n    "
KL_RETURN = KL + "d = (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp()\n    return "
KL_SIGMA = KL + "d = ((2 * logvar_q).exp() + (mu_q - mu_p) ** 2) / (2 * logvar_p).exp()\n    return "
WRONG = {
    "4.1": [
        (KL_RETURN + "0.5 * 2 * (logvar_p - logvar_q + d - 1).sum(-1)", "factor ½"),
        (KL_RETURN + "0.5 * (logvar_p - logvar_q + d - 1).mean(-1)", "do not average"),
        (KL_RETURN + "0.5 * (logvar_p - logvar_q + d - 1)", "One number per image"),
        (KL_RETURN + "0.5 * (logvar_p - logvar_q + d - 1).sum(-1).mean()", "leave the average over images"),
        (KL_RETURN + "0.5 * (logvar_p - logvar_q + d).sum(-1)", "−1 is missing"),
        (KL_RETURN + "0.5 * (logvar_q - logvar_p + d - 1).sum(-1)", "wrong way round"),
        (KL_RETURN + "-0.5 * (logvar_p - logvar_q + d - 1).sum(-1)", "sign is turned"),
        (KL + "return 0.5 * (mu_q**2 + logvar_q.exp() - 1 - logvar_q).sum(-1)", "its own mean and variance"),
        (
            KL + "d = logvar_q.exp() / logvar_p.exp() + (mu_q - mu_p) ** 2\n    return 0.5 * (logvar_p - logvar_q + d - 1).sum(-1)",
            "in units of p",
        ),
        (KL_SIGMA + "0.5 * (logvar_p - logvar_q + d - 1).sum(-1)", "not log σ"),
        (KL_SIGMA + "0.5 * (2 * logvar_p - 2 * logvar_q + d - 1).sum(-1)", "as if it were log σ"),
        (KL + "return kl_divergence(Normal(mu_p, (logvar_p / 2).exp()), Normal(mu_q, (logvar_q / 2).exp())).sum(-1)", "exchanged"),
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
        ("def kl_laplace(m, b):\n    return 0.5 * (m**2 + 2 * b**2 - 1 - math.log(2 * b**2))", "What is the average of log q?"),
        ("def kl_laplace(m, b):\n    return 0.5 * (m**2 + b**2 - 1 - math.log(b**2))", "formula for Gaussians"),
        ("slopes_at = 0.865, -1.594", "the slope by b, times b"),
        ("slopes_at = -0.865, 0.797", "The sign is turned"),
        ("slopes_at = 1, -0.75", "a Gaussian's springs"),
        ("slopes_at = 0.865, -0.7", "when log b does?"),
    ],
    "4.6": [
        ("def slopes(mu, logvar, tau):\n    return mu, 0.5 * (logvar.exp() - 1)", "its value at τ = 1"),
        ("def slopes(mu, logvar, tau):\n    return mu / tau, 0.5 * (logvar.exp() / tau**2 - 1)", "τ enters squared"),
        ("def slopes(mu, logvar, tau):\n    return -mu / tau**2, -0.5 * (logvar.exp() / tau**2 - 1)", "sign is turned"),
        ("def slopes(mu, logvar, tau):\n    return mu / tau**2, logvar.exp() / tau**2 - 1", "slope by log σ"),
        ("def slopes(mu, logvar, tau):\n    return mu / tau**2, 0.5 * (1 / tau**2 - 1 / logvar.exp())", "not by its logarithm"),
        ("def slopes(mu, logvar, tau):\n    return 0.5 * (logvar.exp() / tau**2 - 1), mu / tau**2", "exchanged"),
        ("def slopes(mu, logvar, tau):\n    return 2 * mu / tau**2, 0.5 * (logvar.exp() / tau**2 - 1)", "twice the slope"),
    ],
    "4.7": [
        ("def standard_errors(r, u):\n    return (r - u).std(0), r.std(0)", "scatter of one sample"),
        (
            "def standard_errors(r, u):\n    k = len(r) ** 0.5\n    return (r.var(0) + u.var(0)).sqrt() / k, r.std(0) / k",
            "take r − u first",
        ),
        ("def standard_errors(r, u):\n    k = len(r) ** 0.5\n    return r.std(0) / k, (r - u).std(0) / k", "That is the error of B"),
        ("def standard_errors(r, u):\n    return (r - u).var(0) / len(r), r.var(0) / len(r)", "take the root"),
        ("def standard_errors(r, u):\n    k = len(r) ** 0.5\n    return (r + u).std(0) / k, r.std(0) / k", "r − u, not r + u"),
        ("def standard_errors(r, u):\n    k = r.shape[1] ** 0.5\n    return (r - u).std(1) / k, r.std(1) / k", "first axis"),
        ("def standard_errors(r, u):\n    a = (r - u).std(0) / len(r) ** 0.5\n    return a, a", "That is the error of A"),
    ],
    "4.8": [
        ("def finite_variance(mu, logvar):\n    return (logvar.exp() > 0.5).any(-1)", "all must pass"),
        ("def finite_variance(mu, logvar):\n    return ((logvar / 2).exp() > 0.5).all(-1)", "not for σ"),
        ("def finite_variance(mu, logvar):\n    return (logvar > 0.5).all(-1)", "compare exp(logvar)"),
        ("def finite_variance(mu, logvar):\n    return (logvar.exp() <= 0.5).any(-1)", "other way round"),
        ("def finite_variance(mu, logvar):\n    return logvar.exp() > 0.5", "One answer an image"),
        ("def finite_variance(mu, logvar):\n    return ((logvar.exp() > 0.5) & (mu.abs() < 2)).all(-1)", "not infinite"),
        ("def finite_variance(mu, logvar):\n    return ((2 * logvar).exp() > 0.5).all(-1)", "When is (4.29) finite"),
    ],
}

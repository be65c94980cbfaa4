"""Plausible wrong answers to the exercises of notebook 10, and what the hint must say."""

ILL = {
    "A": "log σ² used as σ",
    "B": "KL averaged over latents",
    "C": "units dead",
    "D": "lost ½",
    "E": "−KL logged as KL",
    "F": "KL forgotten",
    "G": "logged with z = μ",
    "H": "reconstruction averaged over pixels",
    "I": "(ε + μ) σ",
    "J": "encoder cut off or β too large",
}

STRICT = True

WRONG = {
    "10.1": [
        (f"diagnosis = {ILL | {'B': 'lost ½'}}", "a nat would cost 2"),
        (f"diagnosis = {ILL | {'H': 'encoder cut off or β too large', 'J': 'reconstruction averaged over pixels'}}", "64 times smaller"),
        (f"diagnosis = {ILL | {'J': ...}}", "still to see: J"),
        (f"diagnosis = {ILL | {'G': 'overfitting'}}", "G: expected one of"),
        ("diagnosis = ['lost ½']", "what does the stub begin with?"),
    ],
    "10.2": [
        (
            "def waterline(eigenvalues, sigma2, beta):\n"
            "    nats = (eigenvalues / sigma2).log().clamp(min=0) / 2\n"
            "    return (nats > 0).sum(), nats.sum()",
            "not σ²",
        ),
        (
            "def waterline(eigenvalues, sigma2, beta):\n"
            "    nats = (eigenvalues / (beta * sigma2)).log().clamp(min=0)\n"
            "    return (nats > 0).sum(), nats.sum()",
            "The ½ is missing",
        ),
        (
            "def waterline(eigenvalues, sigma2, beta):\n"
            "    nats = (eigenvalues / (beta * sigma2)).log() / 2\n"
            "    return (nats > 0).sum(), nats.sum()",
            "clamp",
        ),
        ("alive = 18, 18", "four times as high"),
        ("alive = 7, 18", "The other way round: β = 1 first"),
        ("alive = 53, 42", "Hint: "),
        ("alive = 17, 7", "Hint: How many eigenvalues"),
        ("alive = 18", "Hint: How many eigenvalues"),
    ],
    "10.3": [
        ("def free_bits(kl, floor):\n    return kl.clamp(min=floor).sum(1).mean()", "average over images first"),
        ("def free_bits(kl, floor):\n    return kl.mean(0).clamp(max=floor).sum()", "take the larger"),
        ("def free_bits(kl, floor):\n    return kl.mean(0).clamp(min=floor).mean()", "do not average"),
        ("def free_bits(kl, floor):\n    return kl.mean(0).sum()", "The floor does nothing there"),
    ],
    "10.4": [
        (
            "def coverage(drawn, real, k):\n"
            "    radius = torch.cdist(real, real).kthvalue(k, dim=1).values\n"
            "    return (torch.cdist(real, drawn).amin(1) < radius).double().mean()",
            "the image itself",
        ),
        (
            "def coverage(drawn, real, k):\n"
            "    radius = torch.cdist(real, real).kthvalue(k + 1, dim=1).values\n"
            "    return (torch.cdist(drawn, real) < radius).any(1).double().mean()",
            "ask it of each real image",
        ),
    ],
    "10.5": [
        (
            "def price_of_each(log_likelihood, mu, sigma, eps):\n"
            "    log_s = torch.zeros(mu.shape[1], requires_grad=True)\n"
            "    R = log_likelihood(mu + log_s.exp() * sigma * eps).mean(0).sum()\n"
            "    (by_s,) = torch.autograd.grad(R, log_s)\n"
            "    return by_s / (1 - sigma**2).sum(0)",
            "The sign",
        ),
        (
            "def price_of_each(log_likelihood, mu, sigma, eps):\n"
            "    log_s = torch.zeros(mu.shape[1], requires_grad=True)\n"
            "    R = log_likelihood(mu + log_s.exp() * sigma * eps).mean(0).sum()\n"
            "    (by_s,) = torch.autograd.grad(R, log_s)\n"
            "    return -by_s / (sigma**2).sum(0)",
            "1 − σ²",
        ),
    ],
    "10.6": [
        ('judgement = {"P": "mistake", "Q": "mistake", "R": "optimum", "S": "mistake"}', "beats the run that uses z"),
        ('judgement = {"P": "optimum", "Q": "optimum", "R": "optimum", "S": "mistake"}', "warm-up reached"),
        ('judgement = {"P": "mistake", "Q": "optimum", "R": "mistake", "S": "mistake"}', "spare room"),
    ],
}

RIGHT = {
    "10.1": [
        f"diagnosis = {ILL | {'A': 'Log sigma^2 used as sigma', 'D': 'lost 1/2', 'E': '-KL logged as KL', 'G': 'logged with z = mu'}}",
        f"diagnosis = {ILL | {'I': '(eps + mu) sigma'}}",
    ],
    "10.6": ["judgement = ('Mistake', 'optimum', 'optimum', 'mistake ')"],
}

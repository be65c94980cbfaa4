"""Is the encoder's σ(x) the model's uncertainty? Widths of q beside widths of the true posterior, on whole and on half-hidden images.

    python experiments/posterior_widths.py            run what is missing in posterior_widths.csv (about five minutes on one core)
    python experiments/posterior_widths.py digits     the digits only

The lower half of each test image is hidden. The posterior given the upper half, p(z | seen) ∝ p(z) Π_seen p(x_d | z), follows from the
same decoder; the encoder is shown the image with the hidden half blank, as nobody has trained it for anything else. The width of a
distribution is the root of the mean of its L variances; "X_over_Y" are ratios of widths, geometric means over images, with the standard
error of their logarithm as "X_over_Y_se".

digits  L = 2, the posterior on a grid, 60 images
mnist   L = 10, the posterior by chains of HMC that have climbed from the prior by annealing, 30 images
"""

import argparse

import torch
import torch.nn.functional as F
from inference_gaps import images, last, model
from sweep import sweep
from torch import Tensor

from vae_helpers.evaluation import estimate
from vae_helpers.inference import ais
from vae_helpers.inference.mcmc import hmc
from vae_helpers.inference.per_image import encoded, fit_gaussians
from vae_helpers.models import VAE

CHAINS, RUNGS, LEAPFROG, MOVES = 6, 100, 8, 100
FACTS = {"hidden": "the lower half", "mnist": f"{CHAINS} chains, {RUNGS} rungs, then {MOVES} moves of {LEAPFROG} leapfrog steps"}


def log_joint_of_seen(vae: VAE, x: Tensor, seen: Tensor):
    """z (K, batch, L) ↦ log p(z) + log p(seen pixels | z), (K, batch)."""

    def log_joint(z: Tensor) -> Tensor:
        logits = vae.outputs(z.float())
        log_likelihood = ((x * logits - F.softplus(logits)) * seen).sum(-1).double()
        return log_likelihood + vae.prior.log_prob(z.float()).double()

    return log_joint


def exact_moments(vae: VAE, log_joint) -> tuple[Tensor, Tensor]:
    """Mean and variances of p(z | seen), (batch, 2), on a grid."""
    axis = torch.linspace(-6, 6, 161, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    mass = torch.cat([log_joint(part[:, None]) for part in z.split(2_000)]).softmax(0)
    mean = mass.T @ z
    return mean, mass.T @ z**2 - mean**2


def sampled_moments(vae: VAE, log_joint, batch: int, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """The same by chains: annealed from the prior, then HMC with each image's last step size."""
    start = torch.randn(CHAINS, batch, vae.latent_dim, dtype=torch.float64, generator=noise)

    def log_prior(z: Tensor) -> Tensor:
        return vae.prior.log_prob(z.float()).double()

    betas = ais.ladder(RUNGS)
    steps = ais.tune_steps(log_prior, log_joint, start, betas, LEAPFROG, generator=noise)
    up = ais.anneal(log_prior, log_joint, start, betas, steps, LEAPFROG, generator=noise)
    rows = lambda z: log_joint(z.unflatten(0, (CHAINS, batch))).flatten()  # noqa: E731
    samples = hmc(rows, up.z.flatten(0, 1), MOVES, steps[-1].repeat(CHAINS), LEAPFROG, generator=noise).samples
    samples = samples.unflatten(1, (CHAINS, batch)).flatten(0, 1)  # (MOVES · CHAINS, batch, L)
    return samples.mean(0), samples.var(0)


def run(data: str, seed: int) -> dict[str, float]:
    """Widths of one model's posteriors and of its encoder's q, whole and half."""
    vae, noise = model(data, seed), torch.Generator().manual_seed(seed)
    x = images(data, "test", seed)[0][: 60 if data == "digits" else 30]
    upper = (torch.arange(vae.pixels) < vae.pixels // 2).float()
    width, found = {}, {}
    for name, seen in (("whole", torch.ones_like(upper)), ("half", upper)):
        log_joint, q = log_joint_of_seen(vae, x, seen), encoded(vae, x * seen)
        small = vae.latent_dim <= 2
        mean, variance = exact_moments(vae, log_joint) if small else sampled_moments(vae, log_joint, len(x), noise)
        best = last(fit_gaussians(log_joint, q, 200, points=8, generator=noise))
        for whose, v in (("true", variance), ("encoder", q.sd**2), ("best", best.sd**2)):
            width[whose, name] = v.mean(-1).sqrt().log()
        both = torch.stack([width["true", name], width["encoder", name]])
        found |= {f"true_{name}": width["true", name].exp().mean().item(), f"correlation_{name}": torch.corrcoef(both)[0, 1].item()}
        away = ((q.mu - mean).square().mean(-1).sqrt() / width["true", name].exp()).median().item()
        found[f"encoder_away_{name}"] = away  # in widths of the posterior, the median image
    for name, (a, b) in {
        "encoder_over_true_whole": (("encoder", "whole"), ("true", "whole")),
        "encoder_over_true_half": (("encoder", "half"), ("true", "half")),
        "best_over_true_whole": (("best", "whole"), ("true", "whole")),
        "half_over_whole_true": (("true", "half"), ("true", "whole")),
        "half_over_whole_encoder": (("encoder", "half"), ("encoder", "whole")),
    }.items():
        log_ratio, stderr = estimate(width[a] - width[b])
        found |= {name: torch.tensor(log_ratio).exp().item(), f"{name}_se": stderr}
    return {name: round(value, 4) for name, value in found.items()} | {"images": len(x)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["digits", "mnist"], help="digits, mnist or both (the default)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    order = [("mnist", 0), *(("digits", seed) for seed in range(8)), ("mnist", 1), ("mnist", 2)]
    settings = [{"data": data, "seed": seed} for data, seed in order if data in options.data]
    sweep("posterior_widths", run, settings, FACTS, options.workers)


if __name__ == "__main__":
    main()

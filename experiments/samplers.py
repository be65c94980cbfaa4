"""Metropolis against Hamiltonian Monte Carlo, both tuned: how many independent draws do 1,000 evaluations of log p(x, z) buy?

    python experiments/samplers.py              run what is missing in samplers.csv (about five minutes on one core)
    python experiments/samplers.py toy mnist    these targets only

Three posteriors: the curved toy of notebook 02 at x = 1 (one number, two peaks), six test images of notebook 07's model (L = 2), six of
the shipped MNIST model (L = 10). First every step size, and for HMC every length of trajectory, with seed 0; then the best of each with
seeds 1 to 3, and only these are quoted. A value of log p with its slope counts as one evaluation. "effective" is the effective sample size
of the slowest latent number per 1,000 evaluations, averaged over images (toy: over groups); "effective_se" its standard error.
"""

import argparse
from functools import cache

import torch
from inference_gaps import images, last, model
from sweep import sweep

from vae_helpers.evaluation import estimate
from vae_helpers.inference.mcmc import effective_sample_size, hmc, metropolis
from vae_helpers.inference.per_image import encoded, fit_gaussians, joint_of
from vae_helpers.toy import CurvedToy

EVALUATIONS = {"toy": 6_000, "digits": 3_000, "mnist": 3_000}  # a chain, a tenth of them thrown away first
STEPS = {
    ("toy", "metropolis"): (0.5, 1.0, 2.0, 3.0, 4.0, 6.0),
    ("toy", "hmc"): (0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8),
    ("digits", "metropolis"): (0.1, 0.2, 0.4, 0.8, 1.2),
    ("digits", "hmc"): (0.1, 0.2, 0.3, 0.5),
    ("mnist", "metropolis"): (0.02, 0.04, 0.07, 0.1, 0.14, 0.2),
    ("mnist", "hmc"): (0.04, 0.06, 0.08, 0.1),
}
LENGTHS = {"toy": (1, 3, 10, 30), "digits": (2, 4, 8), "mnist": (3, 6, 12)}
CHAINS, GROUPS = {"toy": 16, "digits": 8, "mnist": 8}, {"toy": 3, "digits": 6, "mnist": 6}  # eight chains may all sit on one peak
FACTS = {"targets": "toy s = 0.25 at x = 1, 3 groups of 16 chains; test images 0 to 5 of digits and MNIST, 8 chains each"}


@cache
def target(name: str):
    """log p of rows (48,) or (48, L), and where the 48 chains start: group by group (image by image) within each draw."""
    noise = torch.Generator().manual_seed(7)
    if name == "toy":
        toy = CurvedToy(0.25)
        return lambda z: toy.log_joint(1.0, z), torch.randn(48, dtype=torch.float64, generator=noise)
    vae, x = model(name, 0), images(name, "test", 0)[0][: GROUPS[name]]
    log_joint, q = joint_of(vae, x), encoded(vae, x)
    q = last(fit_gaussians(log_joint, q, 200, full=True, generator=noise))
    start = q.at(torch.randn(CHAINS[name], *q.mu.shape, dtype=torch.float64, generator=noise))
    return lambda z: log_joint(z.unflatten(0, (CHAINS[name], GROUPS[name]))).flatten(), start.flatten(0, 1)


def run(target_name: str, sampler: str, step: float, n_leapfrog: int, seed: int) -> dict[str, float]:
    """Effective samples of 48 chains, group by group."""
    log_density, start = target(target_name)
    noise, moves = torch.Generator().manual_seed(seed), EVALUATIONS[target_name] // n_leapfrog
    if sampler == "metropolis":
        chains = metropolis(log_density, start, moves, step, moves // 10, noise)
    else:
        chains = hmc(log_density, start, moves, step, n_leapfrog, moves // 10, noise)
    shape = CHAINS[target_name], GROUPS[target_name]
    groups = chains.samples.unflatten(1, shape).unbind(2)  # (moves, chains) or (moves, chains, L) each
    sizes = torch.stack([effective_sample_size(group).min() for group in groups])
    mean, stderr = estimate(1_000 * sizes / (moves * n_leapfrog * shape[0]))
    return {"acceptance": round(chains.acceptance.mean().item(), 3), "effective": round(mean, 3), "effective_se": round(stderr, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=list(EVALUATIONS), help="toy, digits, mnist (default: all)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    for (name, sampler), steps in STEPS.items():
        if name not in options.targets:
            continue
        tried = [
            {"target_name": name, "sampler": sampler, "step": step, "n_leapfrog": length, "seed": 0}
            for step in steps
            for length in (LENGTHS[name] if sampler == "hmc" else (1,))
        ]
        best = max(sweep("samplers", run, tried, FACTS, options.workers), key=lambda row: row["effective"])
        again = {key: best[key] for key in tried[0]}
        sweep("samplers", run, [again | {"seed": seed} for seed in (1, 2, 3)], FACTS, options.workers)


if __name__ == "__main__":
    main()

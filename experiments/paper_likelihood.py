"""Figure 3 of Kingma & Welling (2014): the estimated marginal likelihood of AEVB, wake–sleep and Monte Carlo EM, 100 hidden units, L = 3.

    python experiments/paper_likelihood.py                          run what is missing, up to a million images a curve, one seed
    python experiments/paper_likelihood.py --samples 6e7 --seeds 3  and on, to the end of the paper's axis

Rows, step sizes and unfinished curves are kept as by paper_bound.py (paper_likelihood_rates.csv, paper_likelihood.csv). Of Monte Carlo
EM an image counts once for every weight update that it takes part in. log p(x) by the estimator of the paper's appendix D: the first
1,000 training and test images, 50 posterior samples to fit a Gaussian to and 50 new ones, by HMC with 4 leapfrog steps.
"""

import argparse
import math

import torch
from paper import ACCEPTANCE, STEP_SIZES, Training, alone, images, log_joint, waiting
from paper_bound import POINTS, best_rate
from sweep import sweep
from torch import Tensor
from torch.distributions import MultivariateNormal

from vae_helpers.evaluation import estimate
from vae_helpers.inference import LogDensity
from vae_helpers.inference.mcmc import at, hmc, hmc_step
from vae_helpers.models import VAE

SIZES, ALGORITHMS, HIDDEN, LATENT_DIM = (1_000, 50_000), ("AEVB", "wake-sleep", "MCEM"), 100, 3
EARLY, EARLY_SEED, N_SCORED = 50_000, 100, 1_000
SAMPLES, LEAPFROGS, WARMUP, GUESSES = 50, 4, 60, 500  # of the estimator: appendix E names the first two
FACTS = {
    "data": "mnist, pixels drawn once",
    "model": f"one hidden layer, tanh, {HIDDEN} units, 3 latent",
    "optimizer": "Adagrad, batches of 100, MAP",
}


def appendix_d(log_density: LogDensity, start: Tensor, random: torch.Generator, n_samples: int = SAMPLES) -> Tensor:
    """log p(x) ≈ −log (1/S) Σ_s q(z_s) / p(x, z_s) with z_s from p(z|x) by HMC and q a Gaussian fitted to other such z; (chains,), nats.

    log_density: z ↦ log p(x, z), one chain an image; start (chains, L). 1/p(x) is estimated without bias, so by Jensen's inequality
    log p(x) comes out too high on average, if little. For less than five latent numbers (Kingma & Welling 2014, appendix D).
    """
    now, step = at(log_density, start.double()), torch.full((len(start),), 0.1, dtype=torch.float64)
    for _ in range(WARMUP):
        now, accepted = hmc_step(log_density, now, step, LEAPFROGS, random)
        step = step * torch.exp(0.2 * (accepted.double() - ACCEPTANCE))
    chains = hmc(log_density, now.z, 2 * n_samples, step, LEAPFROGS, generator=random).samples
    fitted, z = chains.split(n_samples)  # (S, chains, L)
    centred = fitted - fitted.mean(0)
    covariance = torch.einsum("sci,scj->cij", centred, centred) / (n_samples - 1) + 1e-9 * torch.eye(z.shape[-1], dtype=z.dtype)
    log_q = MultivariateNormal(fitted.mean(0), covariance).log_prob(z)
    log_p = torch.stack([at(log_density, one).log_p for one in z])
    return math.log(n_samples) - (log_q - log_p).logsumexp(0)


@torch.no_grad()
def guesses(vae: VAE, x: Tensor, random: torch.Generator) -> Tensor:
    """Where chains may start, (N, L): of some draws from the prior one for each image, by its likelihood."""
    z = torch.randn(GUESSES, vae.latent_dim, generator=random)
    weights = vae.likelihood.log_prob_table(vae.outputs(z), x).T.softmax(-1)  # (N, GUESSES)
    return z[torch.multinomial(weights, 1, generator=random)[:, 0]]


def log_evidence(vae: VAE, x: Tensor, seed: int = 0) -> Tensor:
    """Appendix D for images x (N, D) → (N,)."""
    vae.requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    found = appendix_d(log_joint(vae, x), guesses(vae, x, random), random)
    vae.requires_grad_(True)
    return found


def run(n_train: int, algorithm: str, step_size: float, seed: int, samples: int) -> dict[str, float]:
    """Train on to `samples` images; estimated log p(x) in nats per image, NaN from a training that ran away."""
    file = waiting(figure=3, n_train=n_train, algorithm=algorithm, step_size=step_size, seed=seed)
    with alone(file):
        training, test = start(n_train, algorithm, step_size, seed)
        training.train(samples, file)
        return scores(training.vae, {"train": training.x[:N_SCORED], "test": test[:N_SCORED]})


def start(n_train: int, algorithm: str, step_size: float, seed: int) -> tuple[Training, Tensor]:
    train, test = images("mnist")
    return Training(train[:n_train], (28, 28), HIDDEN, LATENT_DIM, algorithm, step_size, seed), test


def scores(vae: VAE, parts: dict[str, Tensor]) -> dict[str, float]:
    found = {}
    for name, x in parts.items():
        finite = all(w.isfinite().all() for w in vae.parameters())
        mean, error = estimate(log_evidence(vae, x)) if finite else (math.nan, math.nan)
        found |= {name: round(mean, 3), f"{name}_error": round(error, 3)}
    return found


def early(n_train: int, algorithm: str, step_size: float, seed: int) -> dict[str, float]:
    """Estimated log p(x) of 200 training images after 500 updates."""
    training, _ = start(n_train, algorithm, step_size, seed)
    training.train(EARLY)
    return {"train": scores(training.vae, {"train": training.x[:200]})["train"]}


def chosen(curves: list[dict], workers: int) -> list[dict]:
    """Each curve with the step size that was best early on."""
    settings = [c | {"step_size": s, "seed": EARLY_SEED} for c in curves for s in STEP_SIZES]
    rows = sweep("paper_likelihood_rates", early, settings, FACTS, workers)
    return [c | {"step_size": best_rate(rows, c)} for c in curves]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=float, default=1e6, help="how far each curve goes (1e6; the paper's axis ends at 6e7)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … (1)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time (1)")
    asked = parser.parse_args()
    curves = chosen([{"n_train": n, "algorithm": algorithm} for n in SIZES for algorithm in ALGORITHMS], asked.workers)
    points = [n for n in POINTS if n <= asked.samples]
    settings = [c | {"seed": seed, "samples": n} for n in points for seed in range(asked.seeds) for c in curves]
    sweep("paper_likelihood", run, settings, FACTS, asked.workers)


if __name__ == "__main__":
    main()

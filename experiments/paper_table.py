"""Table 1 of Burda, Grosse & Salakhutdinov (2016), one stochastic layer: VAE and IWAE with k = 1, 5, 50 samples, as far as time allows.

    python experiments/paper_table.py              run what is missing, up to 13 passes over the training images, one seed
    python experiments/paper_table.py --passes 40  and on, stage after stage (the paper ends at 3,280)

784-200-200-50-200-200-784, tanh, batches of 20, Adam (0.9, 0.999, ε = 1e-4), 3^i passes at rate 0.001 · 10^(−i/7) for i = 0 … 7, weights
as Glorot & Bengio; pixels drawn anew for every batch (stochastic binarization). Of the test images (drawn once) the first 1,000 are
scored by the importance-weighted bound with 5,000 samples. Unfinished trainings are kept as by paper_bound.py.
"""

import argparse

import torch
from paper import Resumable, alone, waiting
from sweep import sweep
from torch import Tensor, nn

from vae_helpers import datasets
from vae_helpers.evaluation import active_units, evaluate_bound
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo, importance_weighted_bound
from vae_helpers.runtime import fast_matmul, seeded, stream

STAGES = [sum(3**j for j in range(i + 1)) for i in range(8)]  # passes made when a stage ends: 1, 4, 13, … 3280
CELLS = [("VAE", 1), ("VAE", 5), ("IWAE", 5), ("VAE", 50), ("IWAE", 50)]  # with k = 1 the two are one
N_TEST, N_SAMPLES = 1_000, 5_000
FACTS = {
    "data": "mnist, binarized anew for every batch; first 1,000 test images, 5,000 samples",
    "model": "784-200-200-50-200-200-784, tanh",
    "optimizer": "Adam, batches of 20, 3^i passes at rate 0.001 * 10^(-i/7)",
}


class Burda(Resumable):
    """One cell of the table: bound "VAE" (the ELBO with k samples) or "IWAE" (the importance-weighted bound)."""

    batch_size = 20

    def __init__(self, x: Tensor, bound: str, k: int, seed: int):
        vae = VAE((28, 28), 50, (200, 200), activation="tanh")
        with seeded(seed):
            for layer in vae.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.xavier_uniform_(layer.weight)
                    nn.init.zeros_(layer.bias)
        super().__init__(x, vae, torch.optim.Adam(vae.parameters(), betas=(0.9, 0.999), eps=1e-4, fused=True), stream(seed, 1))
        self.bound, self.k = bound, k

    def iterate(self) -> None:
        passes = self.samples / len(self.x)
        self.optimizer.param_groups[0]["lr"] = rate(passes)
        x = datasets.binarize(self.x[self.minibatch()], self.random)
        self.update(self.objective(x))

    def objective(self, x: Tensor) -> Tensor:
        if self.bound == "VAE":
            return elbo(self.vae, x, self.k, kl="sampled", generator=self.random).elbo
        return importance_weighted_bound(self.vae, x, self.k, self.random)


def rate(passes: float) -> float:
    """The learning rate after so many passes over the training images."""
    stage = sum(passes >= end for end in STAGES[:-1])
    return 0.001 * 10 ** (-stage / 7)


def run(bound: str, k: int, seed: int, passes: int) -> dict[str, float]:
    """Train on to so many passes; test NLL in nats per image, and active units."""
    data, file = datasets.load("mnist", progress=False), waiting(table=1, bound=bound, k=k, seed=seed)
    test = data.binarized(0).test.images
    with alone(file):
        training = Burda(data.train.images.flatten(1), bound, k, seed)
        training.train(passes * len(training.x), file)
    with fast_matmul():
        score = evaluate_bound(training.vae, test[:N_TEST], N_SAMPLES)
    active = int(active_units(training.vae, test).sum())
    return {"nll": round(-score.mean, 3), "nll_error": round(score.stderr, 3), "active": active}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=13, help=f"how far each training goes, one of {STAGES} (13)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … (1)")
    parser.add_argument("--k", nargs="+", type=int, default=[1, 5, 50], help="only these numbers of samples (all)")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time (1)")
    asked = parser.parse_args()
    cells = [{"bound": bound, "k": k} for bound, k in CELLS if k in asked.k]
    stages = [n for n in STAGES if n <= asked.passes]
    settings = [c | {"seed": seed, "passes": n} for n in stages for seed in range(asked.seeds) for c in cells]
    sweep("paper_table", run, settings, FACTS, asked.workers)


if __name__ == "__main__":
    main()

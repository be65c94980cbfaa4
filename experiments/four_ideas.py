"""Notebook 11's comparisons: one VAE, one start, equal data and steps; only one of its places differs from run to run.

    python experiments/four_ideas.py digits    L = 2, scored by the exact log p(x): objective, q(z|x), prior, networks
    python experiments/four_ideas.py wider     L = 8 on digits: which objective keeps how many dimensions in use
    python experiments/four_ideas.py mnist     L = 10: the same places; ELBO and importance-weighted bounds on 500 test images
    python experiments/four_ideas.py cost      what a step costs on digits, relative to the plain VAE's; cost_mnist: on MNIST, up to K = 5
    python experiments/four_ideas.py longer    the plain VAE on digits for twice, three and eight times as many steps: what time alone does

Each takes --workers N, --seeds N (6) and --only WORD (such as dreg), and runs what its table ideas_….csv does not hold yet. Networks
D-128-L-128-D (MNIST: D-100-L-100-D), Bernoulli likelihood, pixels binarized afresh in every batch of 100; Adam, one cycle. Everything but
the setting named is as in the plain VAE: the same first weights of encoder and decoder, as many steps. (Batches, pixels and z are
drawn from one stream: a setting that draws more for z sees other batches.)
"""

import argparse
import math
import statistics
import time

import torch
from sweep import sweep
from torch import Tensor, nn

from vae_helpers import datasets, flows, runtime
from vae_helpers.evaluation import active_units
from vae_helpers.models import VAE

PLAIN = {"objective": "iwae", "n_samples": 1, "posterior": "gaussian", "prior": "standard", "network": "mlp"}
OBJECTIVES = [{"objective": o, "n_samples": k} for o, k in (("iwae", 5), ("iwae", 50), ("dreg", 5), ("dreg", 50))]
POSTERIORS = [{"posterior": kind} for kind in ("planar", "coupling", "inverse autoregressive")]
PRIORS = [{"prior": kind} for kind in ("mixture", "vamp")]
DEPTH, COMPONENTS = 4, {"digits": 20, "mnist": 50}
HIDDEN = {"digits": {"mlp": 128, "conv": 32, "mlp as large as conv": 187}, "mnist": {"mlp": 100, "conv": 64, "mlp as large as conv": 138}}
STEPS, RATE, BATCH_SIZE = {"digits": 1500, "mnist": 2000}, {"digits": 1e-2, "mnist": 3e-3}, 100


class Model(nn.Module):
    """A VAE with its q(z|x) and its prior to choose: log w = log p(x|z) + log p(z) − log q(z|x), z from q."""

    def __init__(self, data: str, latent_dim: int, posterior: str, prior: str, network: str, seed: int):
        super().__init__()
        images, hidden = datasets.load(data).train.images, (HIDDEN[data][network],)
        self.vae = VAE(tuple(images.shape[1:]), latent_dim, hidden, network=network.split()[0], seed=seed)
        with torch.random.fork_rng():
            torch.manual_seed(1000 + seed)
            depth = 0 if posterior == "gaussian" else DEPTH
            self.flow = flows.make(posterior if depth else "planar", depth, latent_dim, hidden[0])
            count, self.prior = COMPONENTS[data], prior
            if prior != "standard":
                self.shares = nn.Parameter(torch.zeros(count))
            if prior == "mixture":
                self.centres, self.logvars = (
                    nn.Parameter(torch.randn(count, latent_dim)),
                    nn.Parameter(torch.full((count, latent_dim), -1.0)),
                )
            if prior == "vamp":
                some = datasets.binarize(images[torch.randperm(len(images))[:count]]).flatten(1)
                self.pseudo = nn.Parameter(6 * some - 3)  # logits: 0.05 and 0.95

    def q(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """μ, log σ² and the encoder's last hidden layer."""
        hidden = self.vae.encoder[:-1](self.vae.flatten(x))
        return *self.vae.encoder[-1](hidden).chunk(2, -1), hidden

    def log_prior(self, z: Tensor) -> Tensor:
        if self.prior == "standard":
            return log_normal(z, z.new_zeros(()), z.new_zeros(()))
        mu, logvar = (self.centres, self.logvars) if self.prior == "mixture" else self.q(self.pseudo.sigmoid())[:2]
        return (log_normal(z[..., None, :], mu, logvar) + self.shares.log_softmax(0)).logsumexp(-1)

    def log_weights(self, x: Tensor, n_samples: int, g: torch.Generator, stop: bool = False) -> tuple[Tensor, Tensor]:
        """log w, (K, batch), and the z it belongs to; stop: log q gets no gradient through its own parameters (Gaussian q only)."""
        mu, logvar, hidden = self.q(x)
        if len(self.flow.flows):
            z, log_q = flows.sample(self.flow, mu, logvar, n_samples, hidden, g)
        else:
            z = mu + (logvar / 2).exp() * torch.randn(n_samples, *mu.shape, generator=g)
            log_q = log_normal(z, mu.detach(), logvar.detach()) if stop else log_normal(z, mu, logvar)
        return self.vae.likelihood.log_prob(self.vae.outputs(z), self.vae.flatten(x)) + self.log_prior(z) - log_q, z


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, exp(logvar)), summed over the last axis."""
    return -0.5 * ((z - mu).square() / logvar.exp() + logvar + math.log(2 * math.pi)).sum(-1)


def objective(model: Model, x: Tensor, kind: str, n_samples: int, g: torch.Generator) -> Tensor:
    """A number whose gradient is that of the mean bound 𝓛_K: "iwae", or "dreg" (Tucker et al. 2019), the same in expectation."""
    log_w, z = model.log_weights(x, n_samples, g, stop=kind == "dreg")
    if kind == "iwae":
        return (log_w.logsumexp(0) - math.log(n_samples)).mean()
    share = log_w.detach().softmax(0)
    z.register_hook(lambda grad: share[..., None] * grad)  # the encoder's part is weighed once more
    return (share * log_w).sum(0).mean()


def train(model: Model, images: Tensor, kind: str, n_samples: int, steps: int, rate: float, seed: int, weights=None, labels=None) -> None:
    g = torch.Generator().manual_seed(10_000 + seed)
    optimizer = torch.optim.Adam(model.parameters() if weights is None else weights, lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (BATCH_SIZE,), generator=g)
        if labels is not None:
            model.labels = labels[rows]
        x = datasets.binarize(images[rows], g)
        optimizer.zero_grad()
        with runtime.fast_matmul():
            (-objective(model, x, kind, n_samples, g)).backward()
        optimizer.step()
        schedule.step()


def trained(data: str, latent_dim: int, seed: int, **places) -> Model:
    places = PLAIN | places
    kind, n_samples = places.pop("objective"), places.pop("n_samples")
    model = Model(data, latent_dim, seed=seed, **places)
    train(model, datasets.load(data).train.images, kind, n_samples, STEPS[data], RATE[data], seed)
    return model


@torch.no_grad()
def bound(model: Model, x: Tensor, n_samples: int, repeats: int = 1) -> Tensor:
    """The importance-weighted bound of each image (batch,), in pieces; the mean of `repeats` of them."""
    g, at_once = torch.Generator().manual_seed(0), max(1, 2**22 // (len(x) * model.vae.pixels))
    rounds = []
    for _ in range(repeats):
        pieces = [model.log_weights(x, len(k), g)[0].logsumexp(0) for k in torch.arange(n_samples).split(at_once)]
        rounds.append(torch.stack(pieces).logsumexp(0) - math.log(n_samples))
    return torch.stack(rounds).mean(0)


@torch.no_grad()
def on_grid(model: Model, x: Tensor, half_width: float = 12.0, points: int = 481) -> tuple[Tensor, float]:
    """log p(x) of each image (batch,) by a sum over the plane, and the prior's mass on the grid."""
    axis = torch.linspace(-half_width, half_width, points)
    cell, total, mass = 2 * math.log(2 * half_width / (points - 1)), torch.full((len(x),), -math.inf), 0.0
    for z in torch.cartesian_prod(axis, axis).split(20_000):
        log_prior = model.log_prior(z) + cell
        mass += log_prior.exp().sum().item()
        total = torch.logaddexp(total, (model.vae.likelihood.log_prob_table(model.vae.outputs(z), x) + log_prior[:, None]).logsumexp(0))
    return total, mass


@torch.no_grad()
def mismatch(model: Model, x: Tensor, per_image: int = 20) -> float:
    """KL(aggregate q(z) ‖ prior), nats, by samples: log q(z) is the mean density over all images' q (Gaussian q only)."""
    mu, logvar, _ = model.q(x)
    z = mu + (logvar / 2).exp() * torch.randn(per_image, *mu.shape, generator=torch.Generator().manual_seed(1))
    parts = [log_normal(some[:, None], mu, logvar).logsumexp(1) for some in z.flatten(0, 1).split(500)]
    return (torch.cat(parts) - math.log(len(x)) - model.log_prior(z.flatten(0, 1))).mean().item()


def digits(seed: int, **places) -> dict:
    model, binary = trained("digits", 2, seed, **places), datasets.load("digits").binarized(0)
    x = binary.test.images.flatten(1)
    exact, mass = on_grid(model, x)
    assert abs(mass - 1) < 1e-3, f"the prior's mass on the grid is {mass}"
    found = {"elbo": bound(model, x, 1, 50).mean(), "bound_5": bound(model, x, 5, 20).mean(), "bound_50": bound(model, x, 50, 5).mean()}
    gaussian = (PLAIN | places)["posterior"] == "gaussian"
    found |= {"log_evidence": exact.mean(), "mismatch": mismatch(model, binary.train.images) if gaussian else math.nan}
    return {key: round(float(value), 4) for key, value in found.items()} | {"weights": count(model)}


def longer(seed: int, times: int) -> dict:
    places = {key: PLAIN[key] for key in ("posterior", "prior", "network")}
    model = Model("digits", 2, seed=seed, **places)
    train(model, datasets.load("digits").train.images, "iwae", 1, times * STEPS["digits"], RATE["digits"], seed)
    x = datasets.load("digits").binarized(0).test.images.flatten(1)
    found = {"elbo": bound(model, x, 1, 50).mean(), "log_evidence": on_grid(model, x)[0].mean()}
    return {key: round(float(value), 4) for key, value in found.items()}


def bounds_only(data: str, latent_dim: int, seed: int, **places) -> dict:
    model = trained(data, latent_dim, seed, **places)
    x = datasets.load(data).binarized(0).test.images[:500].flatten(1)
    found = {"elbo": bound(model, x, 1, 20).mean(), "bound_50": bound(model, x, 50, 2).mean(), "bound_500": bound(model, x, 500).mean()}
    mu, logvar, _ = model.q(x)
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(0)
    return {key: round(float(value), 4) for key, value in found.items()} | {
        "active": int(active_units(model.vae, x).sum()),
        "above_a_tenth": int((kl > 0.1).sum()),
        "weights": count(model),
    }


def wider(seed: int, **places) -> dict:
    return bounds_only("digits", 8, seed, **places)


def mnist(seed: int, **places) -> dict:
    return bounds_only("mnist", 10, seed, **places)


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def cost(seed: int, data: str = "digits", latent_dim: int = 2, **places) -> dict:
    """Time of a step relative to the plain one: fifteen blocks of ten steps of each in turn, the median ratio."""
    images, steps, seconds = datasets.load(data).train.images, 10, ([], [])
    models = [(Model(data, latent_dim, p["posterior"], p["prior"], p["network"], seed), p) for p in (PLAIN, places)]
    for _ in range(15):
        for (model, p), times in zip(models, seconds, strict=True):
            start = time.perf_counter()
            train(model, images, p["objective"], p["n_samples"], steps, 1e-3, seed)
            times.append(time.perf_counter() - start)
    return {"step_cost": round(statistics.median(b / a for a, b in zip(*seconds, strict=True)), 2)}


def cost_mnist(seed: int, **places) -> dict:
    return cost(seed, "mnist", 10, **places)


def main() -> None:
    everything = [{}, *PRIORS, *POSTERIORS, {"network": "conv"}, {"network": "mlp as large as conv"}, *OBJECTIVES]
    parts = {"digits": (digits, everything), "wider": (wider, [{}, *OBJECTIVES]), "mnist": (mnist, everything), "cost": (cost, everything)}
    parts["cost_mnist"] = cost_mnist, [place for place in everything if place.get("n_samples", 1) < 50]
    parts["longer"] = longer, [{"times": times} for times in (2, 3, 8)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    parser.add_argument("--seeds", type=int, default=6, help="trainings of each")
    parser.add_argument("--only", default="", help="only what has this word among its settings")
    options = parser.parse_args()
    run, places = parts[options.part]
    base = {} if options.part == "longer" else PLAIN
    settings = [base | place | {"seed": seed} for seed in range(options.seeds) for place in places if options.only in str(place)]
    data = "mnist" if options.part.endswith("mnist") else "digits"
    facts = {"steps": STEPS[data], "rate": RATE[data], "hidden": HIDDEN[data]["mlp"], "depth": DEPTH, "components": COMPONENTS[data]}
    sweep(f"ideas_{options.part}", run, settings, facts, options.workers)


if __name__ == "__main__":
    main()

"""Notebook 11's VQ-VAE: which cure keeps the codebook in use, and what an image then costs in nats.

    python experiments/codebook.py digits    four tokens from 16 entries, scored on all 359 test images
    python experiments/codebook.py mnist     four tokens, and eight; scored on 500 test images

Each takes --workers N and --seeds N (6), and runs what its table codebook_….csv does not hold yet. Networks D-128-(tokens · 16)-128-D
(MNIST: 100), Bernoulli likelihood, pixels binarized afresh in every batch of 100, Adam, one cycle: as in four_ideas.py. Afterwards a prior
over the tokens is fitted, each token given those before it. "elbo_uniform" and "elbo": log p(x|code) + log p(code) at the encoder's code,
under the uniform and the fitted prior; "log_evidence": log Σ p(code) p(x|code) over all 65,536 codes (four tokens only).
"""

import argparse
import math

import torch
import torch.nn.functional as F
from sweep import sweep
from torch import Tensor, nn

from vae_helpers import datasets, runtime

ENTRIES, SIZE = 16, 16  # of the codebook: how many, and how many numbers each
CURES = ("none", "start from codes", "moving averages", "restart the dead")
HIDDEN, STEPS, RATE, BATCH_SIZE = {"digits": 128, "mnist": 100}, {"digits": 1500, "mnist": 2000}, {"digits": 1e-2, "mnist": 3e-3}, 100
COMMITMENT, MEMORY, DEAD = (
    0.25,
    0.95,
    0.5,
)  # weight of the commitment term; of the past in running counts; uses a batch below which an entry is dead


class Quantizer(nn.Module):
    """x → `tokens` indices into one codebook → x (van den Oord et al. 2017)."""

    def __init__(self, pixels: int, hidden: int, tokens: int, g: torch.Generator):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, tokens * SIZE), nn.Unflatten(-1, (tokens, SIZE))
        )
        self.decoder = nn.Sequential(nn.Flatten(-2), nn.Linear(tokens * SIZE, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
        self.book = nn.Parameter(torch.randn(ENTRIES, SIZE, generator=g))

    def nearest(self, vectors: Tensor) -> Tensor:
        """(..., tokens, SIZE) → the index of the nearest entry, (..., tokens)."""
        return torch.cdist(vectors, self.book).argmin(-1)

    def log_likelihood(self, codes: Tensor, x: Tensor) -> Tensor:
        """log p(x|code) for codes (batch, tokens) and x (batch, D): (batch,)."""
        return -F.binary_cross_entropy_with_logits(self.decoder(self.book[codes]), x, reduction="none").sum(-1)


class CodePrior(nn.Module):
    """p(code) = Π p(token | those before it), a small network for each place."""

    def __init__(self, tokens: int):
        super().__init__()
        self.places = nn.ModuleList(
            nn.Sequential(nn.Linear(max(1, ENTRIES * t), 64), nn.ReLU(), nn.Linear(64, ENTRIES)) for t in range(tokens)
        )

    def forward(self, codes: Tensor) -> Tensor:
        """log p of codes (batch, tokens): (batch,)."""
        seen = F.one_hot(codes, ENTRIES).float().flatten(1)
        inputs = [torch.ones(len(codes), 1), *(seen[:, : ENTRIES * t] for t in range(1, codes.shape[1]))]
        return sum(
            net(x).log_softmax(-1).gather(1, codes[:, [t]])[:, 0] for t, (net, x) in enumerate(zip(self.places, inputs, strict=True))
        )


def train(model: Quantizer, images: Tensor, cure: str, steps: int, rate: float, g: torch.Generator) -> None:
    averaged, book = cure == "moving averages", model.book
    if cure == "start from codes":
        with torch.no_grad():
            vectors = model.encoder(datasets.binarize(images[:1000], g)).flatten(0, 1)
            book.copy_(vectors[torch.randperm(len(vectors), generator=g)[:ENTRIES]])
    book.requires_grad_(not averaged)
    uses, sums = torch.ones(ENTRIES), book.detach().clone()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        x = datasets.binarize(images[torch.randint(len(images), (BATCH_SIZE,), generator=g)], g)
        vectors = model.encoder(x)
        codes = model.nearest(vectors.detach())
        entries = book[codes]
        through = vectors + (entries - vectors).detach()  # forward the entry, backward the identity
        loss = F.binary_cross_entropy_with_logits(model.decoder(through), x, reduction="none").sum(-1)
        loss = loss + COMMITMENT * (vectors - entries.detach()).square().sum((-2, -1))
        if not averaged:
            loss = loss + (vectors.detach() - entries).square().sum((-2, -1))
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            chosen, vectors = F.one_hot(codes, ENTRIES).float().flatten(0, 1), vectors.flatten(0, 1)
            uses = MEMORY * uses + (1 - MEMORY) * chosen.sum(0)
            sums = MEMORY * sums + (1 - MEMORY) * chosen.T @ vectors
            if averaged:
                book.copy_(sums / uses.clamp(min=1e-3)[:, None])
            if cure == "restart the dead" and (dead := uses < DEAD).any():
                book[dead] = vectors[torch.randint(len(vectors), (int(dead.sum()),), generator=g)]
                uses[dead] = 1.0


@torch.no_grad()
def codes_of(model: Quantizer, x: Tensor) -> Tensor:
    return model.nearest(model.encoder(x))


def fit_prior(model: Quantizer, images: Tensor, tokens: int, g: torch.Generator, steps: int = 600) -> CodePrior:
    prior = CodePrior(tokens)
    optimizer = torch.optim.AdamW(prior.parameters(), lr=3e-3, weight_decay=0.01)
    for _ in range(steps):
        x = datasets.binarize(images[torch.randint(len(images), (BATCH_SIZE,), generator=g)], g)
        optimizer.zero_grad()
        (-prior(codes_of(model, x.flatten(1)))).mean().backward()
        optimizer.step()
    return prior


@torch.no_grad()
def by_enumeration(model: Quantizer, prior: CodePrior, x: Tensor, tokens: int) -> Tensor:
    """log p(x) of each image (batch,): every code there is."""
    total = torch.full((len(x),), -math.inf)
    for codes in torch.cartesian_prod(*[torch.arange(ENTRIES)] * tokens).split(4096):
        logits = model.decoder(model.book[codes])
        table = logits @ x.T - F.softplus(logits).sum(-1, keepdim=True) + prior(codes)[:, None]
        total = torch.logaddexp(total, table.logsumexp(0))
    return total


def run(data: str, tokens: int, cure: str, seed: int) -> dict:
    loaded = datasets.load(data)
    images, g = loaded.train.images.flatten(1), torch.Generator().manual_seed(10_000 + seed)
    torch.manual_seed(seed)
    model = Quantizer(images.shape[1], HIDDEN[data], tokens, g)
    with runtime.fast_matmul():
        train(model, images, cure, STEPS[data], RATE[data], g)
    prior = fit_prior(model, images, tokens, g)
    x = loaded.binarized(0).test.images[:500].flatten(1)
    codes = codes_of(model, x)
    with torch.no_grad():
        log_likelihood, log_prior = model.log_likelihood(codes, x), prior(codes)
    uses = torch.bincount(codes_of(model, loaded.binarized(0).train.images[:5000].flatten(1)).flatten(), minlength=ENTRIES).float()
    share = uses / uses.sum()
    exact = by_enumeration(model, prior, x, tokens).mean().item() if tokens <= 4 else math.nan
    return {
        "used": int((uses > 0).sum()),
        "perplexity": round(torch.special.entr(share).sum().exp().item(), 2),
        "reconstruction": round(log_likelihood.mean().item(), 4),
        "bits": round(-log_prior.mean().item() / math.log(2), 3),
        "elbo_uniform": round(log_likelihood.mean().item() - tokens * math.log(ENTRIES), 4),
        "elbo": round((log_likelihood + log_prior).mean().item(), 4),
        "log_evidence": round(exact, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=("digits", "mnist"))
    parser.add_argument("--workers", type=int, default=1, help="runs at a time")
    parser.add_argument("--seeds", type=int, default=6, help="trainings of each")
    options = parser.parse_args()
    tokens = (4, 8) if options.data == "mnist" else (4,)
    settings = [
        {"data": options.data, "tokens": t, "cure": cure, "seed": seed} for seed in range(options.seeds) for t in tokens for cure in CURES
    ]
    facts = {"entries": ENTRIES, "size": SIZE, "steps": STEPS[options.data], "rate": RATE[options.data], "hidden": HIDDEN[options.data]}
    sweep(f"codebook_{options.data}", run, settings, facts, options.workers)


if __name__ == "__main__":
    main()

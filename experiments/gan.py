"""Are the pictures of a GAN sharper, and what does it lose? One decoder under two rules, over seeds (notebook 10).

    python experiments/gan.py digits     or mnist; --seeds N for the first N only

Generator: a VAE's decoder, L-hidden-pixels, ReLU, at its end linear or a sigmoid. Discriminator: pixels-hidden-1, leaky ReLU. The
non-saturating loss (Goodfellow et al. 2014), one step of each in turn, Adam with β₁ = 0.5; `penalty` weighs the squared gradient of the
discriminator at real images (R1, Mescheder et al. 2018), 0 leaves it out. The VAE: that decoder with an encoder of the same size, under a
Gaussian whose σ is learned (either end) or a Bernoulli (sigmoid). Grey pixels, the same batches, as many steps of the same size. Scores of
1,000 drawn images (of a VAE the mean images), and of as many training images ("real"):
edges: mean squared difference of neighbouring pixels, over that of real test images; softness: mean of m (1 − m), over theirs;
distance: to the nearest training image, over theirs; coverage: the share of test images that have a drawn image nearer than their own
fifth neighbour among the test images, with as many drawn as there are test images (Naeem et al. 2020).
"""

import argparse

import torch
import torch.nn.functional as F
from sweep import sweep
from torch import Tensor, nn

from vae_helpers import datasets
from vae_helpers.evaluation import nearest_distance
from vae_helpers.likelihoods import Bernoulli, Gaussian
from vae_helpers.models import VAE
from vae_helpers.objectives import elbo

LATENT_DIM, BATCH, LR = 8, 100, 1e-3
HIDDEN, STEPS, SEEDS = {"digits": 128, "mnist": 200}, {"digits": 3000, "mnist": 4000}, {"digits": range(8), "mnist": range(6)}
ENDS = {"linear": nn.Identity(), "sigmoid": nn.Sigmoid()}


def edges(images: Tensor) -> float:
    """Mean squared difference of neighbouring pixels, of images (n, H, W)."""
    return (images.diff(dim=1).square().mean() + images.diff(dim=2).square().mean()).item() / 2


def coverage(drawn: Tensor, real: Tensor, k: int = 5) -> float:
    """The share of real images that have a drawn one nearer than their own k-th neighbour among the real (Naeem et al. 2020)."""
    drawn, real = drawn.flatten(1), real.flatten(1)
    radius = torch.cdist(real, real).kthvalue(k + 1, dim=1).values  # the nearest of all is the image itself
    return (torch.cdist(real, drawn).amin(1) < radius).float().mean().item()


def play(generator: nn.Module, judge: nn.Module, batches, steps: int, penalty: float, noise: torch.Generator) -> None:
    """Train both in place, one step of each in turn."""
    of_judge, of_generator = (torch.optim.Adam(net.parameters(), lr=LR, betas=(0.5, 0.999), fused=True) for net in (judge, generator))
    for _, x in zip(range(steps), batches, strict=False):
        fake, x = generator(torch.randn(BATCH, LATENT_DIM, generator=noise)), x.requires_grad_()
        verdict = judge(x)
        loss = F.softplus(-verdict).mean() + F.softplus(judge(fake.detach())).mean()
        if penalty:
            (slope,) = torch.autograd.grad(verdict.sum(), x, create_graph=True)
            loss = loss + penalty / 2 * slope.square().sum(1).mean()
        of_judge.zero_grad()
        loss.backward()
        of_judge.step()
        of_generator.zero_grad()
        F.softplus(-judge(fake)).mean().backward()
        of_generator.step()


def train_vae(vae: VAE, batches, steps: int, noise: torch.Generator) -> None:
    """Train in place by the ELBO."""
    optimizer = torch.optim.Adam(vae.parameters(), lr=LR, fused=True)
    for _, x in zip(range(steps), batches, strict=False):
        optimizer.zero_grad()
        (-elbo(vae, x, generator=noise).elbo.mean()).backward()
        optimizer.step()


def drawn_by(model: str, end: str, penalty: float, data: datasets.Dataset, seed: int) -> Tensor:
    """1,000 images of a model trained from this seed, (1000, H, W)."""
    images, hidden = data.train.images, HIDDEN[data.name]
    order, noise, prior = (torch.Generator().manual_seed(100 * seed + k) for k in range(3))
    if model == "real":
        return images[torch.randperm(len(images), generator=order)[:1000]]
    batches = (images[torch.randint(len(images), (BATCH,), generator=order)].flatten(1) for _ in iter(int, 1))
    bernoulli = (model, end) == ("vae", "sigmoid")
    vae = VAE(data.image_shape, LATENT_DIM, (hidden,), Bernoulli() if bernoulli else Gaussian("shared"), seed=seed)
    if model == "gaussian vae":
        vae.decoder, end = nn.Sequential(vae.decoder, ENDS[end]), "linear"  # its means are what comes out of the sigmoid
    if "vae" in model:
        if not bernoulli:
            vae.likelihood.logvar.data.fill_(images.flatten(1).var(0).mean().log())
        train_vae(vae, batches, STEPS[data.name], noise)
    else:
        torch.manual_seed(seed)
        judge = nn.Sequential(nn.Linear(vae.pixels, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))
        play(nn.Sequential(vae.decoder, ENDS[end]), judge, batches, STEPS[data.name], penalty, noise)
    with torch.no_grad():
        return ENDS[end](vae.decoder(torch.randn(1000, LATENT_DIM, generator=prior))).unflatten(-1, data.image_shape).clamp(0, 1)


def run(data: str, model: str, end: str, penalty: float, seed: int) -> dict:
    """The four numbers of the head."""
    loaded = datasets.load(data)
    drawn, real, train = drawn_by(model, end, penalty, loaded, seed), loaded.test.images[:1000], loaded.train.images[:10_000]
    softness = [(x * (1 - x)).mean().item() for x in (drawn, real)]
    distance = [nearest_distance(x, train).mean().item() for x in (drawn, real)]
    scores = {
        "edges": edges(drawn) / edges(real),
        "softness": softness[0] / softness[1],
        "distance": distance[0] / distance[1],
        "coverage": coverage(drawn[: len(real)], real),
    }
    return {name: round(value, 4) for name, value in scores.items()}


def settings(data: str, seeds: int | None = None) -> list[dict]:
    """The VAEs and the GAN at two penalties, on the digits with either end; training images in place of a model's, once."""
    models = [
        (model, end, penalty)
        for end in (ENDS if data == "digits" else ["sigmoid"])
        for model, penalty in (("vae", 0.0), ("gan", 0.0), ("gan", 10.0))
    ] + [("gaussian vae", "sigmoid", 0.0)]
    rows = [{"model": m, "end": e, "penalty": p, "seed": seed} for seed in SEEDS[data][:seeds] for m, e, p in models]
    return [{"data": data} | row for row in [*rows, {"model": "real", "end": "none", "penalty": 0.0, "seed": 0}]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=list(SEEDS))
    parser.add_argument("--seeds", type=int)
    options = parser.parse_args()
    sweep("gan", run, settings(options.data, options.seeds))

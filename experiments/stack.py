"""Many small VAEs of one shape, trained side by side: their weights are stacked, so that one product serves them all.

Error bars over seeds are what this is for: sixty models of 8×8 digits take about a quarter of the time that they take one by one. Each
model has its own start, weight β, free bits and estimator; models of one seed see the same batches and the same noise, so that they can
be compared in pairs. The trained weights go back into the package's own `VAE`s, which are then evaluated like any other.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from vae_helpers.datasets import binarize
from vae_helpers.likelihoods import Bernoulli
from vae_helpers.models import VAE


def train(
    models: list[VAE],
    seeds: list[int],
    images: Tensor,
    *,
    steps: int,
    batch_size: int = 100,
    lr: float = 5e-3,
    weight: Callable[[int], Tensor] | None = None,
    free: Tensor | None = None,
    score: Tensor | None = None,
    lead: Tensor | None = None,
    grey: bool = False,
) -> None:
    """Train all models in place on images (N, H, W), binarized anew in every batch (grey: as they are), one-cycle step size up to `lr`.

    seeds: of each model's batches and noise. weight(step): β of each model, (S,), 1 where not given. free: nats of each latent dimension
    that cost nothing (Kingma et al. 2016), (S,). score: 1 where the encoder's gradient is the naive score function's (06), else 0, (S,).
    lead: True where the encoder runs ahead, the decoder stepping only every fifth time in the first half (after He et al. 2019), (S,).
    """
    objectives = [Objective(model) for model in models]
    weights, buffers = stack_module_state(objectives)
    streams = {seed: torch.Generator().manual_seed(10_000 + seed) for seed in seeds}
    which = torch.tensor([list(streams).index(seed) for seed in seeds])
    free = torch.zeros(len(models)) if free is None else free
    score = torch.zeros(len(models)) if score is None else score
    optimizer = torch.optim.Adam(weights.values(), lr=lr, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, cycle_momentum=False)
    all_values = vmap(lambda state, held, *inputs: functional_call(objectives[0], (state, held), inputs))
    for step in range(steps):
        batches, noises = [], []
        for stream in streams.values():
            x = images[torch.randint(len(images), (batch_size,), generator=stream)]
            batches.append((x if grey else binarize(x, stream)).flatten(1))
            noises.append(torch.randn(batch_size, models[0].latent_dim, generator=stream))
        x, eps = torch.stack(batches)[which], torch.stack(noises)[which]
        beta = torch.ones(len(models)) if weight is None else weight(step)
        optimizer.zero_grad()
        (-all_values(weights, buffers, x, eps, beta, free, score).sum()).backward()
        waits = lead is not None and step < steps / 2 and step % 5 > 0
        before = {name: w[lead].clone() for name, w in weights.items() if "encoder" not in name} if waits else {}
        optimizer.step()
        with torch.no_grad():
            for name, w in before.items():
                weights[name][lead] = w
        schedule.step()
    for i, objective in enumerate(objectives):
        objective.load_state_dict(
            {name: value[i].detach() for name, value in weights.items()} | dict(objective.named_buffers()), strict=False
        )


class Objective(nn.Module):
    """What is maximised, as a module, so that `functional_call` can give it the weights of any model of the stack."""

    def __init__(self, vae: VAE):
        super().__init__()
        self.vae = vae

    def forward(self, x: Tensor, eps: Tensor, beta: Tensor, free: Tensor, score: Tensor) -> Tensor:
        mu, logvar = self.vae.encoder(x).chunk(2, -1)
        z = mu + (logvar / 2).exp() * eps
        z = score * z.detach() + (1 - score) * z
        reconstruction = self.vae.likelihood.log_prob(self.vae.decoder(z), x)
        log_q = -0.5 * ((z - mu).square() * (-logvar).exp() + logvar).sum(-1)
        kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(0)  # of each dimension
        value = reconstruction.mean() + score * (reconstruction.detach() * log_q).mean()
        return value - beta * torch.maximum(kl, free).sum()


class Context(Bernoulli):
    """Black-or-white pixels, each of which also sees the `reach` pixels before it, row by row: logits + W x, W strictly lower triangular.

    Given z this is a fully visible belief net (Neal 1992). Its mean image, were one asked for, would leave the context out.
    """

    def __init__(self, pixels: int, reach: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(pixels, pixels))
        lag = torch.arange(pixels)[:, None] - torch.arange(pixels)
        self.register_buffer("mask", ((lag > 0) & (lag <= reach)).float())

    def log_prob(self, outputs: Tensor, x: Tensor) -> Tensor:
        return super().log_prob(outputs + x @ (self.weight * self.mask).T, x)

    def log_prob_table(self, outputs: Tensor, x: Tensor) -> Tensor:
        seen = x @ (self.weight * self.mask).T
        parts = [logits[:, None] + seen for logits in outputs.split(max(1, 2**21 // x.numel()))]
        return torch.cat([(logits * x - F.softplus(logits)).sum(-1) for logits in parts])

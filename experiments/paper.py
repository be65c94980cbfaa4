"""Kingma & Welling (2014), section 5: their networks, their three algorithms, and a training that goes on where it was killed.

Where the paper leaves a choice open it is made as in the first author's published code: grey MNIST pixels under a Bernoulli, 50,000
training images, initial weights with a standard deviation of 0.01. The prior N(0, I) is on all weights. Frey Faces are split by time.
"""

import math
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import load_file, save
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Normal

from vae_helpers import datasets
from vae_helpers.files import write_beside_and_rename
from vae_helpers.inference.mcmc import at, hmc_step
from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE
from vae_helpers.objectives import sample, terms_of_rows
from vae_helpers.runtime import fast_matmul, stream

FOLDER = Path(__file__).parents[1] / ".cache" / "experiments" / "paper"  # where unfinished curves wait
STEP_SIZES, BATCH_SIZE, EVERY = (0.01, 0.02, 0.1), 100, 1000  # of Adagrad; M; updates from one checkpoint to the next
LEAPFROGS, UPDATES, ACCEPTANCE = 10, 5, 0.9  # of Monte Carlo EM (appendix E)


class SigmoidGaussian(Gaussian):
    """Pixels N(μ, σ²), both from the decoder, μ through a sigmoid (section 5 and appendix C.2)."""

    def __init__(self):
        super().__init__("pixel")

    def _mean_and_sigma(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = outputs.chunk(2, -1)
        return mean.sigmoid(), (logvar / 2).exp()


@cache
def images(data: str) -> tuple[Tensor, Tensor]:
    """Training and test images (N, D): "mnist" (grey), "mnist, binary" (each pixel drawn once), "frey_faces"."""
    loaded = datasets.load(data.split(",")[0], progress=False)
    loaded = loaded.binarized(0) if data.endswith("binary") else loaded
    return loaded.train.images[:50_000].flatten(1), loaded.test.images.flatten(1)


class Training:
    """One curve: a model, Adagrad, random numbers and how many training images were seen, `samples`.

    x: training images (N, D). The algorithm is "AEVB", "wake-sleep" or "MCEM"; hidden: units of each network's one layer.
    Mini-batches are drawn anew for every update, with replacement, so that all there is to a state are tensors.
    """

    def __init__(self, x: Tensor, image_shape, hidden: int, latent_dim: int, algorithm: str, step_size: float, seed: int, gaussian=False):
        self.x, self.algorithm, self.samples = x, algorithm, 0
        likelihood = SigmoidGaussian() if gaussian else "bernoulli"
        self.vae, self.random = VAE(image_shape, latent_dim, hidden, likelihood, activation="tanh"), stream(seed, 1)
        start = stream(seed, 0)
        with torch.no_grad():
            for weight in self.vae.parameters():
                weight.copy_(0.01 * torch.randn(weight.shape, generator=start))
        self.optimizer = adagrad(self.vae.parameters(), step_size, len(x))
        self.chains = torch.randn(len(x), latent_dim, generator=start) if algorithm == "MCEM" else torch.zeros(0, latent_dim)
        self.step = torch.tensor(0.1, dtype=torch.float64)  # of the leapfrog

    def train(self, samples: int, file: Path | None = None) -> None:
        """Go on until `samples` images were seen; with a file, from what it holds, and keep the state there on the way and at the end."""
        if file and file.exists() and int((state := load_file(file))["samples"]) <= samples:
            self.restore(state)
        with fast_matmul():
            while self.samples < samples:
                self.iterate()
                if file and (self.samples % (EVERY * BATCH_SIZE) == 0 or self.samples >= samples):
                    write_beside_and_rename(file, save(self.state()))

    def iterate(self) -> None:
        """A mini-batch; of Monte Carlo EM the chains of its images move once, then come five updates."""
        rows = torch.randint(len(self.x), (BATCH_SIZE,), generator=self.random)
        x = self.x[rows]
        if self.algorithm == "MCEM":
            z = self.move(rows)
            for _ in range(UPDATES):
                self.update(self.vae.likelihood.log_prob(self.vae.outputs(z), x))
        else:
            self.update({"AEVB": aevb, "wake-sleep": wake_sleep}[self.algorithm](self.vae, x, self.random))

    def update(self, objective: Tensor) -> None:
        """One step uphill; objective (M,), whose mean over the mini-batch has the gradient to follow."""
        self.optimizer.zero_grad()
        (-objective.mean()).backward()
        self.optimizer.step()
        self.samples += len(objective)

    def move(self, rows: Tensor) -> Tensor:
        """One transition of HMC for the chains of these images: z (M, L), and the leapfrog's step a little nearer to 90 % accepted."""
        density = log_joint(self.vae, self.x[rows])
        now, accepted = hmc_step(density, at(density, self.chains[rows].double()), self.step, LEAPFROGS, self.random)
        self.step = self.step * math.exp(0.1 * (accepted.double().mean().item() - ACCEPTANCE))
        self.chains[rows] = now.z.float()
        return self.chains[rows]

    def state(self) -> dict[str, Tensor]:
        """All that the next update depends on."""
        sums = {f"sum {i}": self.optimizer.state[w]["sum"] for i, w in enumerate(self.vae.parameters())}
        steps = {f"step {i}": self.optimizer.state[w]["step"] for i, w in enumerate(self.vae.parameters())}
        own = {"samples": torch.tensor(self.samples), "random": self.random.get_state(), "chains": self.chains, "step": self.step}
        return self.vae.state_dict() | sums | steps | own

    def restore(self, state: dict[str, Tensor]) -> None:
        """Back to a state."""
        self.vae.load_state_dict({name: state[name] for name in self.vae.state_dict()})
        for i, w in enumerate(self.vae.parameters()):
            self.optimizer.state[w].update({"sum": state[f"sum {i}"], "step": state[f"step {i}"]})
        self.random.set_state(state["random"])
        self.samples, self.chains, self.step = int(state["samples"]), state["chains"], state["step"]


def adagrad(weights, step_size: float, n_images: int) -> torch.optim.Optimizer:
    """Adagrad on −(mean objective + log p(weights) / N) with p = N(0, I), whose gradient is −weights / N: the MAP criterion, an image."""
    return torch.optim.Adagrad(weights, lr=step_size, weight_decay=1 / n_images, fused=True)


def aevb(vae: VAE, x: Tensor, random: torch.Generator) -> Tensor:
    """The estimator L^B with one sample, (M,): equation 10."""
    return terms_of_rows(vae, x, generator=random)["objective"]


def wake_sleep(vae: VAE, x: Tensor, random: torch.Generator) -> Tensor:
    """(M,): log p(x|z) of images with z from the encoder moves the decoder; log q(z|x) of the model's own dreams moves the encoder."""
    with torch.no_grad():
        z = sample(*vae.encoder(x).chunk(2, -1), 1, random)[0]
        z_dream = torch.randn(z.shape, generator=random)
        x_dream = draw(vae.likelihood(vae.outputs(z_dream)), random)
    wake = vae.likelihood.log_prob(vae.outputs(z), x)
    mu, logvar = vae.encoder(x_dream).chunk(2, -1)
    return wake + Normal(mu, (logvar / 2).exp(), validate_args=False).log_prob(z_dream).sum(-1)


def draw(p: Distribution, random: torch.Generator) -> Tensor:
    """One sample of each p(x|z), (M, D). (torch's own `sample` takes no generator.)"""
    if isinstance(p.base_dist, Bernoulli):
        return (torch.rand(p.mean.shape, generator=random) < p.mean).float()
    return p.mean + p.stddev * torch.randn(p.mean.shape, generator=random)


def log_joint(vae: VAE, x: Tensor):
    """z ↦ log p(x, z), one chain an image: z (M, L) in float64 → (M,); the decoder computes in its own precision."""
    return lambda z: vae.likelihood.log_prob(vae.outputs(z.to(x.dtype)), x).double() + Normal(0.0, 1.0).log_prob(z).sum(-1)


def waiting(**settings) -> Path:
    """The file of a curve that is not finished, by its settings."""
    return FOLDER / (", ".join(f"{key} {value}" for key, value in settings.items()) + ".safetensors")


def alone(file: Path) -> FileLock:
    """Two workers that go on with the same curve do so one after the other."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{file}.lock")

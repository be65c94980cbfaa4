"""Kingma & Welling (2014), section 5: their networks, their three algorithms, and a training that goes on where it was killed.

Where the paper leaves a choice open it is made as in the first author's published code until August 2014: 50,000 training images, initial
weights with a standard deviation of 0.01 (its weights of log σ² start at zero). But MNIST's pixels, grey there, are drawn black or white
once: wake–sleep dreams in black and white, and its encoder would be used on images that it never saw. The prior N(0, I) is on all weights.
Frey Faces are split by time; mixed first, as many frames are drawn at random for the test, so that most of these have a neighbour in the
film to train on.
"""

import math
import sys
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
from vae_helpers.runtime import fast_matmul, noise_like, stream

FOLDER = Path(__file__).parents[1] / ".cache" / "experiments" / "paper"  # where unfinished curves wait
STEP_SIZES, BATCH_SIZE, EVERY = (0.01, 0.02, 0.1), 100, 1000  # of Adagrad; M; updates from one checkpoint to the next
INITIAL_SD = 0.01  # of all weights
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
    """Training and test images (N, D): "mnist" (each pixel drawn once), "mnist, grey", "frey_faces", "frey_faces, mixed"."""
    loaded = datasets.load(data.split(",")[0], progress=False)
    loaded = loaded.binarized(0) if data == "mnist" else loaded
    train, test = loaded.train.images[:50_000].flatten(1), loaded.test.images.flatten(1)
    if not data.endswith(", mixed"):
        return train, test
    frames = torch.cat([train, test])
    return frames[torch.randperm(len(frames), generator=stream(0, 0))].split([len(train), len(test)])


class Resumable:
    """A training that can be put down and taken up: model, optimizer, random numbers, and how many images were seen, `samples`.

    x: training images (N, D). Mini-batches are drawn for every update, with replacement, so that a state is nothing but tensors.
    """

    batch_size = BATCH_SIZE

    def __init__(self, x: Tensor, vae: VAE, optimizer: torch.optim.Optimizer, random: torch.Generator):
        self.x, self.vae, self.optimizer, self.random, self.samples = x, vae, optimizer, random, 0
        self.own: dict[str, Tensor] = {}  # what else a state holds

    def iterate(self) -> None:
        """Take a mini-batch and update the weights."""
        raise NotImplementedError

    def train(self, samples: int, file: Path | None = None) -> None:
        """Go on until `samples` images were seen; with a file, from what it holds, and keep the state there on the way and at the end."""
        if file and file.exists() and int((state := load_file(file))["samples"]) <= samples:
            self.restore(state)
        with fast_matmul():
            while self.samples < samples:
                self.iterate()
                if file and (self.samples % (EVERY * self.batch_size) == 0 or self.samples >= samples):
                    self.keep(file)

    def keep(self, file: Path) -> None:
        """Write the state; where there is no room the file stays as it was, and the training goes on."""
        try:
            write_beside_and_rename(file, save(self.state()))
        except OSError as error:
            print(f"{file.name}: {error.strerror}; the training goes on", file=sys.stderr, flush=True)

    def minibatch(self) -> Tensor:
        """Which images come next, (M,)."""
        return torch.randint(len(self.x), (self.batch_size,), generator=self.random)

    def update(self, objective: Tensor) -> None:
        """One step uphill; objective (M,), whose mean over the mini-batch has the gradient to follow."""
        self.optimizer.zero_grad()
        (-objective.mean()).backward()
        self.optimizer.step()
        self.samples += len(objective)

    def state(self) -> dict[str, Tensor]:
        """All that the next update depends on."""
        sums = {f"{key} {i}": v for i, w in enumerate(self.vae.parameters()) for key, v in self.optimizer.state[w].items()}
        return self.vae.state_dict() | sums | self.own | {"samples": torch.tensor(self.samples), "random": self.random.get_state()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Back to a state."""
        self.vae.load_state_dict({name: state[name] for name in self.vae.state_dict()})
        for i, w in enumerate(self.vae.parameters()):
            own = {name.split()[0]: v for name, v in state.items() if name.endswith(f" {i}")}
            self.optimizer.state[w] |= {key: v if key == "step" else v.to(w.device) for key, v in own.items()}
        self.random.set_state(state["random"])
        self.samples, self.own = int(state["samples"]), {name: state[name] for name in self.own}


class Training(Resumable):
    """A curve of the paper: "AEVB", "wake-sleep" or "MCEM"; hidden: units of each network's one layer; gaussian: real pixels.

    device: where weights and images are; random numbers are drawn on the CPU, so they are the same on any device.
    """

    def __init__(
        self,
        x: Tensor,
        image_shape: tuple[int, int],
        hidden: int,
        latent_dim: int,
        algorithm: str,
        step_size: float,
        seed: int,
        gaussian: bool = False,
        device: str = "cpu",
    ):
        vae = VAE(image_shape, latent_dim, hidden, SigmoidGaussian() if gaussian else "bernoulli", activation="tanh")
        start = stream(seed, 0)
        with torch.no_grad():
            for weight in vae.parameters():
                weight.copy_(INITIAL_SD * torch.randn(weight.shape, generator=start))
        x, vae = x.to(device), vae.to(device)
        super().__init__(x, vae, adagrad(vae.parameters(), step_size, len(x), fused=device == "cpu"), stream(seed, 1))
        self.algorithm = algorithm
        if algorithm == "MCEM":
            self.own = {"chains": torch.randn(len(x), latent_dim, generator=start), "step": torch.tensor(0.1, dtype=torch.float64)}

    def iterate(self) -> None:
        """One update; of Monte Carlo EM five, after the chains of the mini-batch's images have moved once."""
        rows = self.minibatch()
        x = self.x[rows]
        if self.algorithm == "MCEM":
            z = self.move(rows)
            for _ in range(UPDATES):
                self.update(self.vae.likelihood.log_prob(self.vae.outputs(z), x))
        else:
            self.update({"AEVB": aevb, "wake-sleep": wake_sleep}[self.algorithm](self.vae, x, self.random))

    def move(self, rows: Tensor) -> Tensor:
        """One transition of HMC for the chains of these images: z (M, L), and the leapfrog's step a little nearer to 90 % accepted."""
        density, chains, step = log_joint(self.vae, self.x[rows]), self.own["chains"], self.own["step"]
        now, accepted = hmc_step(density, at(density, chains[rows].double()), step, LEAPFROGS, self.random)
        self.own["step"] = step * math.exp(0.5 * (accepted.double().mean().item() - ACCEPTANCE))
        chains[rows] = now.z.float()
        return chains[rows]


def adagrad(weights, step_size: float, n_images: int, fused: bool = True) -> torch.optim.Optimizer:
    """Adagrad on −(mean objective + log p(weights) / N) with p = N(0, I), whose gradient is −weights / N: the MAP criterion, an image."""
    return torch.optim.Adagrad(weights, lr=step_size, weight_decay=1 / n_images, fused=fused)


def aevb(vae: VAE, x: Tensor, random: torch.Generator) -> Tensor:
    """The estimator L^B with one sample, (M,): equation 10."""
    return terms_of_rows(vae, x, generator=random)["objective"]


def wake_sleep(vae: VAE, x: Tensor, random: torch.Generator) -> Tensor:
    """(M,): log p(x|z) of images with z from the encoder moves the decoder; log q(z|x) of the model's own dreams moves the encoder."""
    with torch.no_grad():
        z = sample(*vae.encoder(x).chunk(2, -1), 1, random)[0]
        z_dream = noise_like(z, random)
        x_dream = draw(vae.likelihood(vae.outputs(z_dream)), random)
    wake = vae.likelihood.log_prob(vae.outputs(z), x)
    mu, logvar = vae.encoder(x_dream).chunk(2, -1)
    return wake + Normal(mu, (logvar / 2).exp(), validate_args=False).log_prob(z_dream).sum(-1)


def draw(p: Distribution, random: torch.Generator) -> Tensor:
    """One sample of each p(x|z), (M, D). (torch's own `sample` takes no generator.)"""
    if isinstance(p.base_dist, Bernoulli):
        return (noise_like(p.mean, random, draw="uniform_") < p.mean).to(p.mean.dtype)
    return p.mean + p.stddev * noise_like(p.mean, random)


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

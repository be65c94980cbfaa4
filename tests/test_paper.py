"""Kingma & Welling's experiments against known answers: closed forms of a linear model, the grid, and trainings that nobody killed."""

import math
import multiprocessing
import random
import time

import numpy as np
import paper
import paper_bound
import pytest
import torch
from filelock import Timeout
from linear_vae import linear_vae
from paper import Training, aevb, log_joint, wake_sleep
from paper_likelihood import appendix_d, log_evidence
from paper_table import STAGES, Burda, rate
from safetensors.torch import load_file
from scipy.stats import norm
from sweep import sweep

from vae_helpers import datasets, results
from vae_helpers.evaluation import log_evidence_grid
from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE

SIGMA = 0.5
W = torch.tensor([[1.0, 0.6], [0.2, 0.9], [-0.5, 0.4]], dtype=torch.float64)  # not orthogonal: z₁ and z₂ are correlated given x
SIGMA_POST = torch.linalg.inv(W.T @ W / SIGMA**2 + torch.eye(2, dtype=torch.float64))


def correlated(variances: torch.Tensor) -> VAE:
    """x = Wz + σ·noise, and an encoder with the exact posterior mean and these variances (2,)."""
    vae = VAE((1, 3), 2, hidden=(), likelihood=Gaussian(SIGMA)).double()
    with torch.no_grad():
        vae.decoder[0].weight.copy_(W)
        vae.decoder[0].bias.zero_()
        vae.encoder[0].weight.copy_(torch.cat([SIGMA_POST @ W.T / SIGMA**2, torch.zeros(2, 3)]))
        vae.encoder[0].bias.copy_(torch.cat([torch.zeros(2), variances.log()]))
    return vae


def mean_gradient(algorithm, vae: VAE, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the objective, on images that the model itself drew: its mean and standard error over batches."""
    g, found = torch.Generator().manual_seed(0), []
    for _ in range(40):
        z = torch.randn(3_000, 2, generator=g, dtype=torch.float64)
        x = z @ W.T + SIGMA * torch.randn(3_000, 3, generator=g, dtype=torch.float64)
        found.append(torch.autograd.grad(algorithm(vae, x, g).mean(), weight)[0])
    found = torch.stack(found)
    return found.mean(0), found.std(0) / math.sqrt(len(found))


def off_by(mean, stderr, truth) -> float:
    """How many standard errors the worst entry is off."""
    return ((mean - truth).abs() / (stderr + 1e-12)).max().item()


def test_sleep_makes_the_encoder_cover_the_posterior_and_aevb_makes_it_fit_inside():
    covering, inside = SIGMA_POST.diagonal(), 1 / torch.linalg.inv(SIGMA_POST).diagonal()  # marginal and conditional variances
    assert (inside < 0.9 * covering).all()
    for algorithm, own, other in ((wake_sleep, covering, inside), (aevb, inside, covering)):
        for variances, at_rest in ((own, True), (other, False)):
            vae = correlated(variances)
            mean, stderr = mean_gradient(algorithm, vae, vae.encoder[0].bias)
            assert (off_by(mean, stderr, torch.zeros(4)) < 5) == at_rest, (algorithm.__name__, mean, stderr)


def test_wake_sleep_leaves_the_maximum_likelihood_by_a_known_amount():
    """On the model's own images the likelihood is flat in W. With the encoder where sleep leaves it the wake gradient is not zero but
    W (Σ − diag Σ) / σ², with Σ the posterior covariance: what the encoder cannot say about z₁ and z₂ together."""
    vae = correlated(SIGMA_POST.diagonal())
    mean, stderr = mean_gradient(wake_sleep, vae, vae.decoder[0].weight)
    bias = W @ (SIGMA_POST - torch.diag(SIGMA_POST.diagonal())) / SIGMA**2
    assert off_by(mean, stderr, bias) < 5 < off_by(mean, stderr, torch.zeros(3, 2)), (mean, bias, stderr)


def toy(algorithm: str = "AEVB", gaussian: bool = False, seed: int = 0) -> Training:
    """300 images (3, 4): four patterns, one pixel in ten turned over; as real pixels, a little blurred."""
    g = torch.Generator().manual_seed(3)
    x = torch.rand(4, 12, generator=g).round()[torch.randint(4, (300,), generator=g)]
    x = (x - (torch.rand(300, 12, generator=g) < 0.1).float()).abs()
    x = 0.1 + 0.8 * x + 0.05 * torch.rand(300, 12, generator=g) if gaussian else x
    return Training(x, (3, 4), 8, 2, algorithm, 0.1, seed, gaussian)


def test_an_update_is_adagrad_on_the_map_criterion():
    """Three updates, against Adagrad by hand on mean objective + log p(weights)/N, the prior from SciPy's density."""
    training = toy()
    weights, sums, noise = [w.detach().double().numpy() for w in training.vae.parameters()], [0.0] * 8, torch.Generator()
    for _ in range(3):
        x = training.x[:100]
        noise.manual_seed(1)
        gradients = torch.autograd.grad(aevb(training.vae, x, noise).mean(), list(training.vae.parameters()))
        for i, (w, g) in enumerate(zip(weights, gradients, strict=True)):
            h = 1e-5
            prior = (norm.logpdf(w + h) - norm.logpdf(w - h)) / (2 * h)
            g = g.double().numpy() + prior / 300
            sums[i] = sums[i] + g**2
            weights[i] = w + 0.1 * g / (np.sqrt(sums[i]) + 1e-10)
        noise.manual_seed(1)
        training.update(aevb(training.vae, x, noise))
        for ours, theirs in zip(training.vae.parameters(), weights, strict=True):
            assert np.abs(ours.detach().numpy() - theirs).max() < 2e-5
    assert training.samples == 300


def test_the_gaussian_decoder_is_the_paper_s():
    training = toy(gaussian=True)
    z, x = torch.randn(5, 2, dtype=torch.float32), training.x[:5]
    with torch.no_grad():
        for w in training.vae.parameters():
            w.mul_(100)
        (w3, b3), (w45, b45) = ((training.vae.decoder[i].weight, training.vae.decoder[i].bias) for i in (0, 2))
        out = torch.tanh(z @ w3.T + b3) @ w45.T + b45
        mean, sd = 1 / (1 + np.exp(-out[:, :12].double().numpy())), np.exp(out[:, 12:].double().numpy() / 2)
        expected = norm.logpdf(x.double().numpy(), mean, sd).sum(-1)
        assert np.allclose(training.vae.likelihood.log_prob(training.vae.outputs(z), x).numpy(), expected, rtol=1e-4)


def test_appendix_d_agrees_with_a_closed_form_and_with_the_grid():
    """1/p(x) is estimated without bias: the mean of p(x)/estimate is one."""
    linear, exact = linear_vae()
    x = torch.rand(40, 6, generator=torch.Generator().manual_seed(7))
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        start = torch.randn(40, 2, generator=g)
    linear.requires_grad_(False)
    found = torch.stack([appendix_d(log_joint(linear, x), start, g) for _ in range(5)])
    assert_reciprocal(found, torch.from_numpy(exact(x)))

    bent, g = VAE((4, 4), 2, (12,), activation="tanh", seed=4), torch.Generator().manual_seed(2)
    with torch.no_grad():
        for w in bent.parameters():
            w.mul_(4)
        x = torch.bernoulli(bent.mean_image(torch.randn(40, 2, generator=g)).flatten(1), generator=g)
    found = torch.stack([log_evidence(bent, x, seed) for seed in range(5)])
    assert_reciprocal(found, log_evidence_grid(bent, x).log_evidence)
    assert all(w.requires_grad for w in bent.parameters())


def assert_reciprocal(found: torch.Tensor, truth: torch.Tensor) -> None:
    ratio = (truth - found).exp()  # (repeats, images)
    means = ratio.mean(0)
    assert abs(means.mean() - 1) < 5 * means.std() / math.sqrt(len(means)), (means.mean(), means.std())
    assert (found.mean(0) - truth).abs().mean() < 0.1


def test_chains_of_monte_carlo_em_accept_nine_in_ten_and_fit_better_than_the_start():
    training = toy("MCEM")
    before = log_evidence_grid(training.vae, training.x).log_evidence.mean()
    training.train(60_000)
    assert training.samples == 60_000
    accepted = []
    density = log_joint(training.vae, training.x)
    now = paper.at(density, training.own["chains"].double())
    for _ in range(50):
        now, moved = paper.hmc_step(density, now, training.own["step"], paper.LEAPFROGS, training.random)
        accepted.append(moved.double().mean())
    assert 0.8 < sum(accepted) / 50 < 0.98
    assert log_evidence_grid(training.vae, training.x).log_evidence.mean() > before + 1


def burda() -> Burda:
    return Burda(torch.rand(200, 784, generator=torch.Generator().manual_seed(3)), "IWAE", 3, 0)


MAKERS = {
    "AEVB": toy,
    "wake-sleep": lambda: toy("wake-sleep"),
    "AEVB, Gaussian": lambda: toy(gaussian=True),
    "wake-sleep, Gaussian": lambda: toy("wake-sleep", gaussian=True),
    "MCEM": lambda: toy("MCEM"),
    "Burda": burda,
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_training_put_down_and_taken_up_is_the_training(tmp_path, make):
    unit = 5 * make().batch_size
    make().train(4 * unit, tmp_path / "whole")
    make().train(unit, tmp_path / "parts")
    make().train(4 * unit, tmp_path / "parts")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    other = make()
    other.train(2 * unit, tmp_path / "whole")  # holds more than was asked for: the start it is
    assert other.samples == 2 * unit


def go(folder, name: str, every: int) -> None:
    """In a process of its own, to be killed."""
    paper.EVERY = every
    torch.set_num_threads(1)
    toy("MCEM").train(100_000, folder / name)


def test_a_curve_killed_at_ten_random_moments_ends_where_it_would_have(tmp_path):
    processes, chance = multiprocessing.get_context("forkserver"), random.Random(0)
    processes.set_forkserver_preload(["torch", "scipy.stats", "joblib", "safetensors.torch"])
    seen = 0
    for _ in range(10):
        child = processes.Process(target=go, args=(tmp_path, "killed", 5))
        child.start()
        time.sleep(chance.uniform(0.0, 0.4))
        child.kill()
        child.join()
        now = int(load_file(tmp_path / "killed")["samples"]) if (tmp_path / "killed").exists() else 0
        assert seen <= now
        seen = now
    for name, every in (("killed", 5), ("whole", 10**9)):
        child = processes.Process(target=go, args=(tmp_path, name, every))
        child.start()
        child.join()
        assert child.exitcode == 0
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "whole").read_bytes()


CURVES = [
    {"data": "toy", "latent_dim": 2, "algorithm": algorithm, "step_size": 0.1, "seed": seed, "samples": samples}
    for samples in (5_000, 10_000)
    for seed in range(2)
    for algorithm in ("AEVB", "wake-sleep")
]


def go_through_all(folder, every: int) -> None:
    """The sweep of figure 2, its rows and its states, on toy images; in a process of its own, to be killed."""
    paper.EVERY, paper.FOLDER, keep = every, folder / "states", paper.Resumable.keep

    def counted(training, file) -> None:
        keep(training, file)
        with (folder / "kept").open("a", encoding="utf-8") as ticks:
            ticks.write(".")

    paper.Resumable.keep = counted
    paper_bound.start = lambda data, latent_dim, algorithm, step_size, seed, device: (toy(algorithm, seed=seed), toy().x[:50])
    sweep("paper_bound", paper_bound.run, CURVES, paper_bound.FACTS, folder=folder)


def test_the_sweep_of_figure_2_killed_at_ten_random_moments_goes_on_and_keeps_its_rows(tmp_path):
    processes, chance, kept = multiprocessing.get_context("forkserver"), random.Random(1), b""
    processes.set_forkserver_preload(["torch", "scipy.stats", "joblib", "safetensors.torch"])
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for _ in range(10):
        until = ticks(killed) + chance.randint(1, 12)  # of eighty times that a state is kept: within a curve, or between two
        child = processes.Process(target=go_through_all, args=(killed, 5))
        child.start()
        while ticks(killed) < until and child.is_alive():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        child.kill()
        child.join()
        now = (killed / "paper_bound.csv").read_bytes() if (killed / "paper_bound.csv").exists() else b""
        assert now.startswith(kept), "a finished row has changed"
        kept = now
    for folder, every in ((killed, 5), (whole, 10**9)):
        child = processes.Process(target=go_through_all, args=(folder, every))
        child.start()
        child.join()
        assert child.exitcode == 0
    assert (killed / "paper_bound.csv").read_bytes().startswith(kept)
    assert numbers(killed) == numbers(whole) and len(numbers(whole)) == len(CURVES)
    for state in (whole / "states").glob("*.safetensors"):
        assert state.read_bytes() == (killed / "states" / state.name).read_bytes()
    assert not list(killed.glob("**/*.part")) + list(killed.glob("**/.*.part"))


def ticks(folder) -> int:
    """How often a state was kept so far."""
    return (folder / "kept").stat().st_size if (folder / "kept").exists() else 0


def numbers(folder) -> list[dict]:
    """The rows without the one number that a kill may change."""
    return [row | {"seconds": None} for row in results.load("paper_bound", folder)]


def test_two_sweeps_refuse_and_two_workers_take_a_curve_one_after_the_other(tmp_path):
    with paper.FileLock(tmp_path / ".paper_bound.csv.lock"), pytest.raises(RuntimeError, match="another sweep is writing paper_bound.csv"):
        sweep("paper_bound", paper_bound.run, CURVES, paper_bound.FACTS, folder=tmp_path)
    with paper.alone(tmp_path / "states" / "curve"), pytest.raises(Timeout):
        paper.alone(tmp_path / "states" / "curve").acquire(timeout=0)


def test_a_training_goes_on_where_the_disk_is_full_and_its_file_stays_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paper, "EVERY", 5)
    toy().train(1000, tmp_path / "file")
    before, write = (tmp_path / "file").read_bytes(), paper.write_beside_and_rename

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paper, "write_beside_and_rename", full)
    training = toy()
    training.train(3000, tmp_path / "file")
    assert training.samples == 3000 and (tmp_path / "file").read_bytes() == before
    assert "file: No space left on device; the training goes on" in capsys.readouterr().err
    monkeypatch.setattr(paper, "write_beside_and_rename", write)
    toy().train(3000, tmp_path / "file")
    assert load_file(tmp_path / "file").keys() == (ours := training.state()).keys()
    assert all(torch.equal(ours[name], kept) for name, kept in load_file(tmp_path / "file").items())


def test_the_rates_of_table_1_are_its_schedule():
    assert STAGES == [1, 4, 13, 40, 121, 364, 1093, 3280]
    assert [rate(p) for p in (0, 0.99, 1, 3.9, 4, 1093, 5000)] == [0.001 * 10 ** (-i / 7) for i in (0, 0, 1, 1, 2, 7, 7)]


def test_mixed_faces_are_all_frames_once_and_not_in_the_film_s_order(monkeypatch):
    film = (torch.arange(1965.0) / 2048)[:, None, None].expand(-1, 28, 20)
    split = [datasets.Split(part, torch.arange(len(part))) for part in film.split([1572, 393])]
    monkeypatch.setattr(paper.datasets, "load", lambda name, progress: datasets.Dataset(name, *split))
    images = paper.images.__wrapped__
    by_time, mixed = ([part[:, 0] for part in images(data)] for data in ("frey_faces", "frey_faces, mixed"))
    assert torch.equal(torch.cat(by_time), film[:, 0, 0]) and [len(part) for part in mixed] == [1572, 393]
    assert torch.equal(torch.cat(mixed).sort().values, film[:, 0, 0])
    neighbours = torch.isin(mixed[1] + 1 / 2048, mixed[0]) | torch.isin(mixed[1] - 1 / 2048, mixed[0])
    assert neighbours.float().mean() > 0.9  # by time one frame in 393 has one

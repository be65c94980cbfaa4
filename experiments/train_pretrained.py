"""Train the models that ship with the package, and write weights and card; or check that retraining lands where the card says.

    python experiments/train_pretrained.py [names]            retrain and replace the shipped files (MNIST is fetched if it is not there)
    python experiments/train_pretrained.py --check [names]    retrain with the card's seed, write nothing, fail if the result is off
    python experiments/train_pretrained.py --codes [names]    write only the codes of test images anew, from the shipped weights

The card's stated error is three times the standard deviation over three seeds, but at least the standard error over test images.
"digits_beta" is a family of small VAEs of the 8×8 digits: several β, and for β = 1 checkpoints over the training. It needs no MNIST.
"""

import argparse
import copy
import itertools
import json
import math
import statistics
import sys
from pathlib import Path

import torch
from safetensors.torch import save

from vae_helpers import datasets, pretrained, runtime
from vae_helpers.evaluation import Estimate, Evaluation, estimate, evaluate, evaluate_bound
from vae_helpers.files import write_beside_and_rename
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.objectives import squared_error
from vae_helpers.training import Trainer, fit

FOLDER = Path(__file__).parents[1] / "vae_helpers" / "pretrained"
HIDDEN = (200, 64)  # encoder and decoder together stay below 700 kB in half precision, for the browser
TRAINING = {"epochs": 60, "batch_size": 200, "lr": 1e-2, "schedule": "one_cycle"}
MODELS = {
    "mnist_vae_2d": (VAE, 2),
    "mnist_ae_2d": (Autoencoder, 2),
    "mnist_vae_10d": (VAE, 10),
}
SEEDS = (0, 1, 2)  # the first one ships

FAMILY = "digits_beta"
BETAS = (0.1, 0.3, 0.5, 1, 2, 3, 4, 8)
CHECKPOINTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 400)  # epochs, for β = 1; the other β have the last one only
FAMILY_HIDDEN = (64,)
FAMILY_TRAINING = {"epochs": CHECKPOINTS[-1], "batch_size": 100, "lr": 1e-2, "schedule": "one_cycle"}


def train(name: str, seed: int) -> VAE | Autoencoder:
    """The model `name`, trained from `seed` on MNIST (for a VAE: dynamically binarized)."""
    model_class, latent_dim = MODELS[name]
    model = model_class((28, 28), latent_dim, HIDDEN, seed=seed)
    fit(model, datasets.load("mnist"), seed=seed, binarize=model_class is VAE, **TRAINING)
    return model


def held_out(model: VAE | Autoencoder) -> dict[str, Estimate]:
    """On MNIST's test images: ELBO and importance-weighted bound of one fixed binarization, nats; for an autoencoder the squared error."""
    test = test_split(model).images
    if isinstance(model, Autoencoder):
        with torch.no_grad():
            return {"squared_error": estimate(squared_error(model, test))}
    result = evaluate(model, test, n_samples=10)
    bound = evaluate_bound(model, test[:1000], n_samples=500)
    return {"elbo": result.elbo, "kl": result.kl, "bound_k500": bound}


@torch.no_grad()
def codes(model: VAE | Autoencoder) -> pretrained.Codes:
    """q(z|x), or the codes, of every tenth test image, on the CPU."""
    test = test_split(model)
    images, labels = test.images[::10], test.labels[::10]
    if isinstance(model, Autoencoder):
        return pretrained.Codes(model.encode(images), None, labels)
    q = model.encode(images)
    return pretrained.Codes(q.mean, q.stddev, labels)


def test_split(model: VAE | Autoencoder) -> datasets.Split:
    """MNIST's test images: one fixed binarization for a VAE, grey for an autoencoder, as each was trained."""
    data = datasets.load("mnist")
    return (data.binarized(0) if isinstance(model, VAE) else data).test


def write_codes(name: str) -> None:
    """Codes beside the weights, and a line on them in the card."""
    model = pretrained.load(name)
    tensors = {key: value.contiguous() for key, value in codes(model)._asdict().items() if value is not None}
    tensors["labels"] = tensors["labels"].to(torch.uint8)
    write_beside_and_rename(FOLDER / f"{name}_codes.safetensors", save(tensors))
    which = "test images 0, 10, …, 9990" + (", binarized as the held-out data" if isinstance(model, VAE) else ", grey")
    content = pretrained.card(name) | {"codes": f"{'q(z|x)' if isinstance(model, VAE) else 'codes'} of {which}, by `--codes {name}`"}
    write_card(name, content)


def write_card(name: str, content: dict) -> None:
    write_beside_and_rename(FOLDER / f"{name}.json", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write(name: str) -> None:
    models = [train(name, seed) for seed in SEEDS]
    results = [held_out(model) for model in models]
    headline = next(iter(results[0]))
    sd = statistics.stdev(result[headline].mean for result in results)
    models[0].save(FOLDER / f"{name}.safetensors")
    content = {
        "model": type(models[0]).__name__,
        "data": "MNIST, 60,000 training images" + (", binarized anew for every batch" if isinstance(models[0], VAE) else ""),
        "settings": models[0].config | TRAINING,
        "seed": SEEDS[0],
        "command": f"python experiments/train_pretrained.py {name}",
        "held_out": {key: {"mean": round(mean, 3), "stderr_over_images": round(stderr, 3)} for key, (mean, stderr) in results[0].items()},
        "held_out_data": "10,000 MNIST test images"
        + (" (one fixed binarization; the importance-weighted bound on the first 1,000)" if isinstance(models[0], VAE) else ""),
        "unit": "nats per image" if isinstance(models[0], VAE) else "sum of squared pixel errors per image",
        "sd_over_seeds": {"seeds": list(SEEDS), headline: round(sd, 3)},
        "stated_error": round(max(3 * sd, results[0][headline].stderr), 3),
        "versions": runtime.versions(),
    }
    write_card(name, content)
    write_codes(name)
    print(f"{name}: {headline} {results[0][headline]}, s.d. over seeds {sd:.2f}", flush=True)


def check(name: str) -> bool:
    stated = pretrained.card(name)
    headline, there = next(iter(stated["held_out"].items()))
    now = held_out(train(name, stated["seed"]))[headline]
    fine = math.isclose(now.mean, there["mean"], abs_tol=stated["stated_error"])
    verdict = "agrees" if fine else "OFF"
    print(f"{name}: {headline} {now.mean:.2f}, card {there['mean']:.2f} ± {stated['stated_error']}: {verdict}", flush=True)
    return fine


def train_family(seed: int) -> dict[tuple[float, int], VAE]:
    """(β, epoch) → VAE, all from the same initial weights and the same noise; rounded to half precision, as they ship."""
    data, family = datasets.load("digits"), {}
    for beta in BETAS:
        vae, wanted = VAE((8, 8), 2, FAMILY_HIDDEN, seed=seed), CHECKPOINTS if beta == 1 else CHECKPOINTS[-1:]
        if 0 in wanted:
            family[beta, 0] = copy.deepcopy(vae)
        for step in Trainer(vae, data, seed=seed, binarize=True, beta=float(beta), **FAMILY_TRAINING):
            if step.epoch_done and step.epoch in wanted:
                family[beta, step.epoch] = copy.deepcopy(vae)
    images = data.train.images
    for vae in family.values():
        align(vae, family[1, CHECKPOINTS[-1]], images)
        vae.half().float()
    return family


@torch.no_grad()
def align(vae: VAE, reference: VAE, images: torch.Tensor) -> None:
    """Swap and mirror the axes of z so that the codes lie nearest to the reference's.

    N(0, I) and a diagonal q(z|x) do not change under this, so neither does any p or q: encoder and decoder are turned together.
    """
    mu, wanted, dims = vae.mu_logvar(images)[0], reference.mu_logvar(images)[0], vae.latent_dim
    choices = itertools.product(itertools.permutations(range(dims)), itertools.product((1.0, -1.0), repeat=dims))
    order, signs = max(choices, key=lambda choice: (mu[:, choice[0]] * torch.tensor(choice[1]) * wanted).sum().item())
    last, first, rows = vae.encoder[-1], vae.decoder[0], [*order, *(dims + k for k in order)]
    scale = torch.tensor([*signs, *[1.0] * dims])
    last.weight.copy_(scale[:, None] * last.weight[rows])
    last.bias.copy_(scale * last.bias[rows])
    first.weight.copy_(first.weight[:, order] * torch.tensor(signs))


def held_out_family(family: dict[tuple[float, int], VAE]) -> dict[tuple[float, int], Evaluation]:
    """ELBO and its parts on the digits' test images, one fixed binarization, 100 noise samples an image."""
    test = datasets.load("digits").binarized(0).test.images
    return {key: evaluate(vae, test, n_samples=100) for key, vae in family.items()}


def write_family() -> None:
    families = [train_family(seed) for seed in SEEDS]
    results = [held_out_family(family) for family in families]
    members, tensors = [], {}
    for (beta, epoch), vae in families[0].items():
        own = results[0][beta, epoch]
        sd = statistics.stdev(result[beta, epoch].elbo.mean for result in results)
        parts = {key: getattr(own, key) for key in ("elbo", "reconstruction", "kl")}
        held_out = {key: {"mean": round(mean, 3), "stderr_over_images": round(stderr, 3)} for key, (mean, stderr) in parts.items()}
        error = {"elbo_sd_over_seeds": round(sd, 3), "stated_error": round(max(3 * sd, own.elbo.stderr), 3)}
        members.append({"beta": beta, "epoch": epoch, **held_out, **error})
        tensors |= {f"beta {beta:g} epoch {epoch}/{key}": value.half() for key, value in vae.state_dict().items()}
        print(f"{FAMILY}, β = {beta:g}, epoch {epoch}: ELBO {own.elbo}, s.d. over seeds {sd:.2f}", flush=True)
    content = {
        "model": "VAE",
        "data": "scikit-learn's digits, 1,438 training images of 8×8 pixels, binarized anew for every batch",
        "config": families[0][1, 0].config,
        "settings": FAMILY_TRAINING,
        "seed": SEEDS[0],
        "command": f"python experiments/train_pretrained.py {FAMILY}",
        "held_out_data": "359 test images (one fixed binarization), 100 noise samples an image",
        "unit": "nats per image",
        "seeds": list(SEEDS),
        "members": members,
        "versions": runtime.versions(),
    }
    write_beside_and_rename(FOLDER / f"{FAMILY}.safetensors", save(tensors))
    write_card(FAMILY, content)


def check_family() -> bool:
    stated, fine = pretrained.card(FAMILY), True
    now = held_out_family(train_family(stated["seed"]))
    for member in stated["members"]:
        there, error = member["elbo"]["mean"], member["stated_error"]
        value = now[member["beta"], member["epoch"]].elbo.mean
        verdict = "agrees" if math.isclose(value, there, abs_tol=error) else "OFF"
        fine &= verdict == "agrees"
        name = f"{FAMILY}, β = {member['beta']:g}, epoch {member['epoch']}"
        print(f"{name}: ELBO {value:.3f}, card {there:.3f} ± {error}: {verdict}", flush=True)
    return fine


def main() -> None:
    known = [*MODELS, FAMILY]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(known)}; all of them if none is named")
    parser.add_argument("--check", action="store_true", help="retrain, write nothing, compare with the card")
    parser.add_argument("--codes", action="store_true", help="retrain nothing, write the codes of test images from the shipped weights")
    arguments = parser.parse_args()
    names = arguments.names or (list(MODELS) if arguments.codes else known)
    if unknown := set(names) - set(MODELS if arguments.codes else known):
        parser.error(f"unknown model {', '.join(unknown)}: expected any of {', '.join(MODELS if arguments.codes else known)}")
    torch.set_num_threads(runtime.threads())
    if arguments.check:
        sys.exit(0 if all([check_family() if name == FAMILY else check(name) for name in names]) else 1)
    for name in names:
        if name == FAMILY:
            write_family()
        else:
            write_codes(name) if arguments.codes else write(name)


if __name__ == "__main__":
    main()

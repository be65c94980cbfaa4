"""Train the models that ship with the package, and write weights and card; or check that retraining lands where the card says.

    python experiments/train_pretrained.py [names]            train what is missing, write the shipped files (MNIST is fetched if need be)
    python experiments/train_pretrained.py --check [names]    train with the card's seed, write nothing, fail if the result is off
    python experiments/train_pretrained.py --codes [names]    write only the codes of test images anew, from the shipped weights

Every model is trained from three seeds: each training is a row of a table of the model's name, and its weights are kept in
.cache/experiments/ (take both away to train again). The first seed ships. The card's stated error is three times the standard deviation
over the seeds, but at least the standard error over test images. "digits_beta" is a family of small VAEs of the 8×8 digits: several β,
and for β = 1 checkpoints over the training. It needs no MNIST.
"""

import argparse
import copy
import itertools
import json
import math
import statistics
import sys
from functools import cache, partial
from pathlib import Path

import torch
from safetensors.torch import save
from sweep import sweep
from trained import kept, load

from vae_helpers import datasets, pretrained, runtime
from vae_helpers.evaluation import Estimate, estimate, evaluate, evaluate_bound
from vae_helpers.files import write_beside_and_rename
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.objectives import squared_error
from vae_helpers.training import Trainer, fit

FOLDER = Path(__file__).parents[1] / "vae_helpers" / "pretrained"
HIDDEN = (200, 64)  # encoder and decoder together stay below 700 kB in half precision, for the browser
TRAINING = {"epochs": 60, "batch_size": 200, "lr": 1e-2, "schedule": "one_cycle"}
MODELS = {  # class, latent dimensions, and what its training has of its own
    "mnist_vae_2d": (VAE, 2, {"lr": 3e-3}),  # chosen on validation images: mnist_settings.py
    "mnist_ae_2d": (Autoencoder, 2, {}),
    "mnist_vae_10d": (VAE, 10, {}),
}
SEEDS = (0, 1, 2)

FAMILY = "digits_beta"
BETAS = (0.1, 0.3, 0.5, 1, 2, 3, 4, 8)
CHECKPOINTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 400)  # epochs, for β = 1; the other β have the last one only
MEMBERS = [(beta, epoch) for beta in BETAS for epoch in (CHECKPOINTS if beta == 1 else CHECKPOINTS[-1:])]
FAMILY_HIDDEN = (64,)
FAMILY_TRAINING = {"epochs": CHECKPOINTS[-1], "batch_size": 100, "lr": 1e-2, "schedule": "one_cycle"}


def train(name: str, seed: int) -> VAE | Autoencoder:
    """The model `name`, trained from `seed` on MNIST (for a VAE: dynamically binarized)."""
    model_class, latent_dim, _ = MODELS[name]
    model = model_class((28, 28), latent_dim, HIDDEN, seed=seed)
    fit(model, load("mnist"), seed=seed, binarize=model_class is VAE, progress=False, **recipe(name))
    return model


def recipe(name: str) -> dict:
    return TRAINING | MODELS[name][2]


def of_seed(name: str, seed: int) -> VAE | Autoencoder:
    return kept({"name": name, "hidden": HIDDEN, "seed": seed} | recipe(name), MODELS[name][0], lambda: train(name, seed))


def held_out(model: VAE | Autoencoder) -> dict[str, Estimate]:
    """On MNIST's test images: ELBO and importance-weighted bound of one fixed binarization, nats; for an autoencoder the squared error."""
    test = test_split(model).images
    if isinstance(model, Autoencoder):
        with torch.no_grad():
            return {"squared_error": estimate(squared_error(model, test))}
    result = evaluate(model, test, n_samples=10)
    bound = evaluate_bound(model, test[:1000], n_samples=500)
    return {"elbo": result.elbo, "kl": result.kl, "bound_k500": bound}


def as_row(found: dict[str, Estimate]) -> dict[str, float]:
    """Each figure and its standard error over images, rounded as the card has them."""
    return {f"{key}{part}": round(v, 3) for key, both in found.items() for part, v in zip(("", "_stderr"), both, strict=True)}


def as_card(row: dict) -> dict[str, dict[str, float]]:
    return {key: {"mean": row[key], "stderr_over_images": row[f"{key}_stderr"]} for key in row if f"{key}_stderr" in row}


def run(name: str, seed: int) -> dict[str, float]:
    return as_row(held_out(of_seed(name, seed)))


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
    data = load("mnist")
    return (data.binarized(0) if isinstance(model, VAE) else data).test


def write_codes(name: str) -> None:
    """Codes beside the weights; the card says of which images."""
    tensors = {key: value.contiguous() for key, value in codes(pretrained.load(name))._asdict().items() if value is not None}
    tensors["labels"] = tensors["labels"].to(torch.uint8)
    write_beside_and_rename(FOLDER / f"{name}_codes.safetensors", save(tensors))


def write_card(name: str, content: dict) -> None:
    content |= {"seed": SEEDS[0], "command": f"python experiments/train_pretrained.py {name}", "versions": runtime.versions()}
    write_beside_and_rename(FOLDER / f"{name}.json", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write(name: str) -> None:
    rows = sweep(name, partial(run, name), [{"seed": seed} for seed in SEEDS], {"hidden": "-".join(map(str, HIDDEN))} | recipe(name))
    model, held_out = of_seed(name, SEEDS[0]), as_card(rows[0])
    headline, is_vae = next(iter(held_out)), isinstance(model, VAE)
    sd = statistics.stdev(row[headline] for row in rows)
    content = {
        "model": type(model).__name__,
        "data": "MNIST, 60,000 training images" + ", binarized anew for every batch" * is_vae,
        "settings": model.config | recipe(name),
        "held_out": held_out,
        "held_out_data": "10,000 MNIST test images" + " (one fixed binarization; the bound on the first 1,000)" * is_vae,
        "unit": "nats per image" if is_vae else "sum of squared pixel errors per image",
        "sd_over_seeds": {"seeds": list(SEEDS), headline: round(sd, 3)},
        "stated_error": round(max(3 * sd, rows[0][f"{headline}_stderr"]), 3),
        "codes": (
            "q(z|x) of test images 0, 10, …, 9990, binarized as the" if is_vae else "codes of test images 0, 10, …, 9990, grey, as the"
        )
        + f" held-out data, by `--codes {name}`",
    }
    model.save(FOLDER / f"{name}.safetensors")
    write_card(name, content)
    write_codes(name)


def check(name: str) -> bool:
    stated = pretrained.card(name)
    headline, there = next(iter(stated["held_out"].items()))
    return agrees(f"{name}: {headline}", held_out(train(name, stated["seed"]))[headline].mean, there["mean"], stated["stated_error"])


def agrees(what: str, now: float, there: float, error: float) -> bool:
    fine = math.isclose(now, there, abs_tol=error)
    print(f"{what} {now:.3f}, card {there:.3f} ± {error}: {'agrees' if fine else 'OFF'}", flush=True)
    return fine


@cache
def train_family(seed: int) -> dict[tuple[float, int], VAE]:
    """(β, epoch) → VAE, all from the same initial weights and the same noise; rounded to half precision, as they ship."""
    data, family = load("digits"), {}
    for beta in BETAS:
        vae = VAE((8, 8), 2, FAMILY_HIDDEN, seed=seed)
        if (beta, 0) in MEMBERS:
            family[beta, 0] = copy.deepcopy(vae)
        for step in Trainer(vae, data, seed=seed, binarize=True, beta=float(beta), **FAMILY_TRAINING):
            if step.epoch_done and (beta, step.epoch) in MEMBERS:
                family[beta, step.epoch] = copy.deepcopy(vae)
    for vae in family.values():
        align(vae, family[1, CHECKPOINTS[-1]], data.train.images)
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


def held_out_member(vae: VAE) -> dict[str, Estimate]:
    """ELBO and its parts on the digits' test images, one fixed binarization, 100 noise samples an image."""
    result = evaluate(vae, load("digits").binarized(0).test.images, n_samples=100)
    return {part: getattr(result, part) for part in ("elbo", "reconstruction", "kl")}


def run_member(beta: float, epoch: int, seed: int) -> dict[str, float]:
    return as_row(held_out_member(train_family(seed)[beta, epoch]))


def write_family() -> None:
    settings = [{"beta": beta, "epoch": epoch, "seed": seed} for seed in SEEDS for beta, epoch in MEMBERS]
    rows, members = sweep(FAMILY, run_member, settings, {"hidden": FAMILY_HIDDEN[0]} | FAMILY_TRAINING), []
    for k, (beta, epoch) in enumerate(MEMBERS):
        own, sd = rows[k], statistics.stdev(row["elbo"] for row in rows[k :: len(MEMBERS)])
        error = {"elbo_sd_over_seeds": round(sd, 3), "stated_error": round(max(3 * sd, own["elbo_stderr"]), 3)}
        members.append({"beta": beta, "epoch": epoch} | as_card(own) | error)
    family = train_family(SEEDS[0])
    tensors = {f"beta {b:g} epoch {e}/{key}": v.half() for (b, e), vae in family.items() for key, v in vae.state_dict().items()}
    content = {
        "model": "VAE",
        "data": "scikit-learn's digits, 1,438 training images of 8×8 pixels, binarized anew for every batch",
        "config": family[1, 0].config,
        "settings": FAMILY_TRAINING,
        "held_out_data": "359 test images (one fixed binarization), 100 noise samples an image",
        "unit": "nats per image",
        "seeds": list(SEEDS),
        "members": members,
    }
    write_beside_and_rename(FOLDER / f"{FAMILY}.safetensors", save(tensors))
    write_card(FAMILY, content)


def check_family() -> bool:
    stated = pretrained.card(FAMILY)
    family = train_family(stated["seed"])
    now = [(m, held_out_member(family[m["beta"], m["epoch"]])["elbo"].mean) for m in stated["members"]]
    return all([agrees(f"{FAMILY}, β = {m['beta']:g}, epoch {m['epoch']}: ELBO", v, m["elbo"]["mean"], m["stated_error"]) for m, v in now])


def main() -> None:
    known = [*MODELS, FAMILY]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(known)}; all of them if none is named")
    parser.add_argument("--check", action="store_true", help="train again, write nothing, compare with the card")
    parser.add_argument("--codes", action="store_true", help="train nothing, write the codes of test images from the shipped weights")
    arguments = parser.parse_args()
    known = list(MODELS) if arguments.codes else known
    if unknown := set(arguments.names) - set(known):
        parser.error(f"unknown model {', '.join(unknown)}: expected any of {', '.join(known)}")
    torch.set_num_threads(runtime.threads())
    work, of_family = (check, check_family) if arguments.check else (write_codes if arguments.codes else write, write_family)
    results = [of_family() if name == FAMILY else work(name) for name in arguments.names or known]
    sys.exit(1 if False in results else 0)


if __name__ == "__main__":
    main()

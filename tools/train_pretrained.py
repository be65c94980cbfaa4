"""Train the models that ship with the package, and write weights and card; or check that retraining lands where the card says.

    python tools/train_pretrained.py [names]            retrain and replace the shipped files (MNIST is fetched if it is not there)
    python tools/train_pretrained.py --check [names]    retrain with the card's seed, write nothing, fail if the result is off
    python tools/train_pretrained.py --codes [names]    write only the codes of test images anew, from the shipped weights

The card's stated error is three times the standard deviation over three seeds, but at least the standard error over test images.
"""

import argparse
import json
import math
import statistics
import sys
from pathlib import Path

import torch
from safetensors.torch import save

from vae_helpers import datasets, runtime
from vae_helpers.evaluation import Estimate, estimate, evaluate
from vae_helpers.models import VAE, Autoencoder, Codes, card, pretrained, write_beside_and_rename
from vae_helpers.objectives import squared_error
from vae_helpers.training import fit

FOLDER = Path(__file__).parents[1] / "vae_helpers" / "pretrained"
HIDDEN = (200, 64)  # encoder and decoder together stay below 700 kB in half precision, for the browser
TRAINING = {"epochs": 60, "batch_size": 200, "lr": 1e-2, "schedule": "one_cycle"}
MODELS = {
    "mnist_vae_2d": (VAE, 2),
    "mnist_ae_2d": (Autoencoder, 2),
    "mnist_vae_10d": (VAE, 10),
}
SEEDS = (0, 1, 2)  # the first one ships


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
    bound = evaluate(model, test[:1000], importance_samples=500).log_evidence
    return {"elbo": result.elbo, "kl": result.kl, "log_evidence_bound_k500": bound}


@torch.no_grad()
def codes(model: VAE | Autoencoder) -> Codes:
    """q(z|x), or the codes, of every tenth test image, on the CPU."""
    test = test_split(model)
    images, labels = test.images[::10], test.labels[::10]
    if isinstance(model, Autoencoder):
        return Codes(model.encode(images), None, labels)
    q = model.encode(images)
    return Codes(q.mean, q.stddev, labels)


def test_split(model: VAE | Autoencoder) -> datasets.Split:
    """MNIST's test images: one fixed binarization for a VAE, grey for an autoencoder, as each was trained."""
    data = datasets.load("mnist")
    return (data.binarized(0) if isinstance(model, VAE) else data).test


def write_codes(name: str) -> None:
    """Codes beside the weights, and a line on them in the card."""
    model = pretrained(name)
    tensors = {key: value.contiguous() for key, value in codes(model)._asdict().items() if value is not None}
    tensors["labels"] = tensors["labels"].to(torch.uint8)
    write_beside_and_rename(FOLDER / f"{name}_codes.safetensors", save(tensors))
    which = "test images 0, 10, …, 9990" + (", binarized as the held-out data" if isinstance(model, VAE) else ", grey")
    content = card(name) | {"codes": f"{'q(z|x)' if isinstance(model, VAE) else 'codes'} of {which}, by `--codes {name}`"}
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
        "command": f"python tools/train_pretrained.py {name}",
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
    stated = card(name)
    headline, there = next(iter(stated["held_out"].items()))
    now = held_out(train(name, stated["seed"]))[headline]
    fine = math.isclose(now.mean, there["mean"], abs_tol=stated["stated_error"])
    verdict = "agrees" if fine else "OFF"
    print(f"{name}: {headline} {now.mean:.2f}, card {there['mean']:.2f} ± {stated['stated_error']}: {verdict}", flush=True)
    return fine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(MODELS)}; all of them if none is named")
    parser.add_argument("--check", action="store_true", help="retrain, write nothing, compare with the card")
    parser.add_argument("--codes", action="store_true", help="retrain nothing, write the codes of test images from the shipped weights")
    arguments = parser.parse_args()
    names = arguments.names or list(MODELS)
    if unknown := set(names) - MODELS.keys():
        parser.error(f"unknown model {', '.join(unknown)}: expected any of {', '.join(MODELS)}")
    torch.set_num_threads(runtime.threads())
    if arguments.check:
        sys.exit(0 if all([check(name) for name in names]) else 1)
    for name in names:
        write_codes(name) if arguments.codes else write(name)


if __name__ == "__main__":
    main()

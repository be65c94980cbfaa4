"""What training is told, checked once before anything is trained: `training.Trainer` describes the settings."""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from .datasets import Dataset, Split
from .inputs import ArrayLike, check_known, check_unit_range, image_rows, positive_number
from .models import VAE, Autoencoder

OPTIMIZERS = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}
SCHEDULES = (None, "one_cycle")


def check_choices(
    model: VAE | Autoencoder,
    optimizer: str,
    schedule: str | None,
    patience: int | None,
    validation: float | None,
    beta: float | Callable[[int], float],
    n_samples: int,
) -> None:
    """Raise ValueError for a name that nobody knows, and for a setting that another makes useless."""
    if not isinstance(model, VAE) and (beta != 1 or n_samples != 1):
        raise ValueError("beta and n_samples belong to a VAE's objective, and this model is an Autoencoder: leave them out")
    if schedule is not None and patience is not None:
        raise ValueError("choose schedule or patience: a stop by patience would come before the step size has fallen")
    if validation is not None and patience is None:
        raise ValueError("validation is the share of images held out for patience: set patience too, or leave it out")
    if validation is not None and not validation < 1:
        raise ValueError(f"validation must be a fraction between 0 and 1, got {validation!r}")
    check_known("optimizer", optimizer, OPTIMIZERS)
    check_known("schedule", schedule, SCHEDULES)


def checked_beta(beta: float | Callable[[int], float]) -> float | Callable[[int], float]:
    """The weight of the KL: a number, or a function of the step, tried at the first one (and not called for it again)."""
    if not callable(beta):
        return positive_number("beta", beta, zero=True)
    beta = lru_cache(maxsize=1)(beta)
    try:
        first = beta(1)
    except TypeError as error:
        raise TypeError(f"expected beta as a number or a function of the step, got a function that fails at step 1: {error}") from error
    positive_number("beta at step 1", first, zero=True)
    return beta


def check_weights(model: VAE | Autoencoder) -> None:
    """Raise ValueError or TypeError for weights that cannot be trained, or have been spoilt already."""
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError("all weights of the model are frozen, so nothing would be trained: model.requires_grad_(True) thaws them")
    if next(model.parameters()).dtype not in (torch.float32, torch.float64):
        raise TypeError(f"expected weights in float32 or float64, got {next(model.parameters()).dtype}, too coarse to train: model.float()")
    if not all(weight.isfinite().all() for weight in model.parameters()):
        raise ValueError("the model's weights hold NaN or infinity before any training: build it anew, or load it again")


def rows_to_train_on(model: VAE | Autoencoder, data: Dataset | Split | ArrayLike, batch_size: int, binarize: bool) -> Tensor:
    """Images (N, D) where the model is, checked once for the whole training."""
    images = data.train if isinstance(data, Dataset) else data
    if binarize or not isinstance(model, VAE):
        x = image_rows(images, model.image_shape, next(model.parameters()))
        check_unit_range(x)
    else:
        x = model.flatten(images)
        model.likelihood.remark(x)
    if batch_size > len(x):
        raise ValueError(f"batch_size {batch_size} is larger than the data set of {len(x)} images: choose at most {len(x)}")
    return x

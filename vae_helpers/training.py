"""Algorithm 1 of Kingma & Welling (2014): `fit` runs it to the end, `Trainer` a step at a time.

Images stay in memory and are picked by index: a DataLoader over tensors this small costs more than the arithmetic.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from .datasets import Dataset, Split, binarize
from .inputs import MOST_SEED, ArrayLike, positive_number, true_or_false, whole_number
from .models import VAE, Autoencoder, check_model
from .objectives import terms_of_rows
from .runtime import fast_matmul, stream
from .settings import OPTIMIZERS, check_choices, check_weights, checked_beta, rows_to_train_on


@dataclass
class History:
    """What happened, one entry an epoch, means over the training images, in nats per image (an autoencoder: `error`, pixels squared).

    `validation`: the objective on held-out images after each epoch (empty without `patience`); `stopped`: "running", "finished",
    "early stop", "interrupted".
    """

    elbo: list[float] = field(default_factory=list)
    reconstruction: list[float] = field(default_factory=list)
    kl: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = "running"

    @property
    def epochs(self) -> int:
        """Epochs completed."""
        return max(len(self.elbo), len(self.error))


class Step(NamedTuple):
    """One optimisation step: counts from 1 on, and the objective and its parts for each image of its mini-batch, (batch,)."""

    epoch: int
    step: int
    n_steps: int
    images: dict[str, Tensor]
    epoch_done: bool

    @property
    def terms(self) -> dict[str, Tensor]:
        """The objective and its parts, averaged over the mini-batch."""
        return {name: values.mean() for name, values in self.images.items()}


def fit(model: VAE | Autoencoder, data: Dataset | Split | ArrayLike, *, progress: bool = True, **settings) -> History:
    """Train `model` in place and return its history. Settings as for `Trainer`.

    Ctrl-C (or JupyterLab's stop button) ends the training and keeps the model as it is. Same seed, same numbers.
    """
    trainer, bar, shown = Trainer(model, data, **settings), None, 0.0
    if progress:
        from tqdm.auto import tqdm

        bar = tqdm(total=trainer.n_steps, unit="step", leave=False)
    try:
        for step in trainer:
            if bar is not None and (step.epoch_done or time.perf_counter() - shown > 0.2):
                bar.update(step.step - bar.n)
                bar.set_postfix_str(", ".join(f"{name} {value:.2f}" for name, value in step.terms.items()) + " per image", refresh=False)
                shown = time.perf_counter()
    except KeyboardInterrupt:
        trainer.history.stopped = "interrupted"
        print(f"Stopped after {trainer.history.epochs} whole epochs: the model keeps what it has learned.")
    finally:
        if bar is not None:
            bar.close()
    return trainer.history


class Trainer:
    """Iterate over it to train: each turn of the loop is one step of Algorithm 1, and leaving the loop keeps the model.

    model: a VAE (maximises the ELBO) or an Autoencoder (minimises the squared error). data: a Dataset (its training images), a Split, or
    images (N, H, W), (N, 1, H, W) or (N, D) as a tensor or an array. epochs; batch_size M; lr: step size; seed: mini-batches and noise;
    optimizer: "adam" or "adagrad" (the paper's); beta: weight of the KL, a number or a function of the step (annealing); n_samples: noise
    samples an image; binarize=True draws new black-or-white pixels for every batch (dynamic binarization); schedule: None or "one_cycle"
    (the step size rises to lr and falls to 0); patience: stop when the held-out objective has not improved for so many epochs, and go
    back to the best weights, holding out the fraction `validation` of the training images, a tenth (not together with a schedule).
    Raises ValueError or TypeError for bad settings, weights or images and for a setting that would not be used, before anything is trained;
    RuntimeError where gradients are switched off; FloatingPointError if the objective or a weight stops being a number (the model is
    then as it was at the start of that epoch).
    """

    def __init__(
        self,
        model: VAE | Autoencoder,
        data: Dataset | Split | ArrayLike,
        *,
        epochs: int = 50,
        batch_size: int = 128,
        lr: float = 1e-3,
        seed: int = 0,
        optimizer: str = "adam",
        beta: float | Callable[[int], float] = 1.0,
        n_samples: int = 1,
        binarize: bool = False,
        schedule: str | None = None,
        patience: int | None = None,
        validation: float | None = None,
    ):
        check_model(model, VAE, Autoencoder)
        check_weights(model)
        self.epochs, self.batch_size = whole_number("epochs", epochs), whole_number("batch_size", batch_size)
        self.n_samples, seed = whole_number("n_samples", n_samples), whole_number("seed", seed, least=0, most=MOST_SEED)
        self.patience, lr = None if patience is None else whole_number("patience", patience), positive_number("lr", lr)
        self.beta = checked_beta(beta)
        binarize, validation = (
            true_or_false("binarize", binarize),
            None if validation is None else positive_number("validation", validation),
        )
        check_choices(model, optimizer, schedule, patience, validation, self.beta, self.n_samples)
        self.model, self.binarize, x = model, binarize, rows_to_train_on(model, data, self.batch_size, binarize)
        self.device = x.device
        self.order = stream(seed, 0)  # which images make a batch: on the CPU, so that a GPU sees the same batches
        self.noise = stream(seed, 1, self.device)
        self.held_out = x[:0]
        if patience is not None:
            shuffled = x[torch.randperm(len(x), generator=self.order).to(self.device)]
            n_held_out = max(1, round((0.1 if validation is None else validation) * len(x)))
            self.held_out, x = shuffled[:n_held_out], shuffled[n_held_out:]
            if len(x) < batch_size:
                raise ValueError(f"{len(x)} images are left to train on after holding out {n_held_out}: lower batch_size or validation")
        self.x = x
        self.steps_per_epoch = math.ceil(len(x) / batch_size)
        self.n_steps = self.epochs * self.steps_per_epoch
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.optimizer = OPTIMIZERS[optimizer](self.weights, lr=lr, fused=optimizer == "adam" or self.device.type == "cpu")
        one_cycle = torch.optim.lr_scheduler.OneCycleLR
        self.schedule = None if schedule is None else one_cycle(self.optimizer, lr, total_steps=self.n_steps + 1, cycle_momentum=False)
        self.history = History()
        self._loop = self._run()

    def __iter__(self) -> Iterator[Step]:
        return self._loop

    def terms(self, x: Tensor, step: int = 0, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """The objective and its parts for images x (batch, D), each (batch,); "objective" is what is maximised."""
        return terms_of_rows(self.model, x, self.n_samples, self.beta(step) if callable(self.beta) else self.beta, generator)

    def _run(self) -> Iterator[Step]:
        step, best, since_best = 0, (-math.inf, None), 0
        for epoch in range(1, self.epochs + 1):
            at_start = _copy(self.model)
            seen = []  # each mini-batch's terms; added up when the epoch ends, since a step costs two milliseconds and every call counts
            order = torch.randperm(len(self.x), generator=self.order).to(self.device)
            for indices in order.split(self.batch_size):
                start = time.perf_counter()
                step += 1
                with fast_matmul(), torch.autocast(self.device.type, enabled=False):  # bfloat16 sums would ruin the weights
                    terms = self._step(self.x.index_select(0, indices), step)
                seen.append(terms)
                self.history.seconds += time.perf_counter() - start
                if step % self.steps_per_epoch:
                    yield Step(epoch, step, self.n_steps, terms, False)
            self._end_epoch({name: torch.cat([t[name] for t in seen]).mean().item() for name in terms}, at_start, epoch)
            if self.patience is not None:
                best, since_best = self._validate(best, since_best)
            yield Step(epoch, step, self.n_steps, terms, True)
            if self.patience is not None and since_best >= self.patience:
                self.history.stopped = "early stop"
                break
        else:
            self.history.stopped = "finished"
        if best[1] is not None:
            self.model.load_state_dict(best[1])

    def _step(self, x: Tensor, step: int) -> dict[str, Tensor]:
        if not torch.is_grad_enabled():
            raise RuntimeError("training needs gradients, which no_grad or inference_mode has switched off here: train outside of it")
        if self.binarize:
            x = binarize(x, self.noise)
        terms = self.terms(x, step, self.noise)
        loss = -terms["objective"].mean()
        for weight in self.weights:
            weight.grad = None  # what zero_grad does, without its bookkeeping
        loss.backward()
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        return {name: value.detach() for name, value in terms.items()}

    def _end_epoch(self, means: dict[str, float], at_start: dict[str, Tensor], epoch: int) -> None:
        finite = math.isfinite(means["objective"])
        if not finite or not all(weight.isfinite().all() for weight in self.model.parameters()):
            self.model.load_state_dict(at_start)
            self.history.stopped = "not a number"
            what = "a weight stopped being a number" if finite else f"the objective became {means['objective']}"
            raise FloatingPointError(f"{what} in epoch {epoch}: try a smaller lr; the model is as it was before that epoch")
        if "error" in means:
            self.history.error.append(means["error"])
        else:
            self.history.reconstruction.append(means["reconstruction"])
            self.history.kl.append(means["kl"])
            self.history.elbo.append(means["reconstruction"] - means["kl"])  # the ELBO has β = 1, whatever was maximised

    @torch.no_grad()
    def _validate(self, best, since_best):
        generator = torch.Generator(self.device).manual_seed(0)  # the same noise every epoch, so that only the model changes
        x = binarize(self.held_out, generator) if self.binarize else self.held_out
        pieces = x.split(self.model.images_at_once(self.n_samples))
        with torch.autocast(self.device.type, enabled=False):
            value = torch.cat([self.terms(piece, self.n_steps, generator)["objective"] for piece in pieces]).mean().item()
        self.history.validation.append(value)
        return ((value, _copy(self.model)), 0) if value > best[0] else (best, since_best + 1)


def _copy(model) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}

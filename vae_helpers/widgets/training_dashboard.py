"""Training, watched and steered: play, pause, step and stop while the curves, the images and the code plane move."""

import asyncio
import copy
import math
import time
import weakref

import numpy as np
import torch
import traitlets
from torch import Tensor

from ..datasets import Dataset
from ..inputs import pictures
from ..look import COLOURS, label_looks, number
from ..models import VAE, Autoencoder
from ..training import History, Trainer
from .kit.base import View, draw_png, javascript, stylesheet
from .training_picture import draw

IN_A_ROW, MOST_CODES = 10, 400  # images in each row; codes on the plane
SLICE, NUMBERS, PICTURES = 0.02, 0.1, 0.5  # seconds between turns for the rest of the kernel, news of numbers, news of pictures
OVER = ("stopped", "finished", "failed")


class TrainingDashboard(View):
    """Trains its own copy of ``model`` on ``data`` with the settings of ``training.fit``, and shows how it goes.

    ``dashboard.model`` is the copy, usable at any time; ``dashboard.history`` is what ``fit`` returns: same seed, same numbers,
    paused or not. The buttons train in the background, so that other cells run meanwhile; ``run_sync()`` trains to the end and returns.
    Raises what ``Trainer`` raises for bad settings or images.
    """

    _esm = javascript("common.js", "training_dashboard.js")
    _css = stylesheet("common.css", "training_dashboard.css")
    _playing: "weakref.WeakSet[TrainingDashboard]" = weakref.WeakSet()

    status = traitlets.Enum(("ready", "training", "paused", *OVER), "ready").tag(sync=True)
    reading = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    progress = traitlets.Tuple((0, 1)).tag(sync=True)  # steps done, steps in all
    epochs = traitlets.Int().tag(sync=True)
    panels = traitlets.List().tag(sync=True)  # [{lines: names, unit, range: [low, high]}]
    curves = traitlets.Bytes().tag(sync=True)  # float32 (points, 1 + lines): epoch, then one number a line
    rows = traitlets.List().tag(sync=True)  # what each row of images shows
    image_shape = traitlets.Tuple().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)  # uint8 (rows, IN_A_ROW, H, W)
    codes = traitlets.Bytes().tag(sync=True)  # float32 (codes, 2); empty unless the code has two dimensions
    labels = traitlets.List().tag(sync=True)
    colours = traitlets.List(list(COLOURS)).tag(sync=True)  # of the lines
    label_colours = traitlets.Dict().tag(sync=True)
    reach = traitlets.Int(4).tag(sync=True)  # the plane shows -reach … reach
    plane_title = traitlets.Unicode().tag(sync=True)
    has_prior = traitlets.Bool().tag(sync=True)

    def __init__(self, model: VAE | Autoencoder, data, **settings):
        self._untrained, self._data, self._settings = copy.deepcopy(model), data, settings
        data = data if isinstance(data, Dataset) else pictures(data, model.image_shape)
        shown = data if isinstance(data, Tensor) else data.test.images
        labels = [] if isinstance(data, Tensor) else data.test.labels.tolist()
        self._device = next(model.parameters()).device
        self._images = shown[_one_of_each(labels, len(shown))].to(self._device)
        every = math.ceil(len(shown) / MOST_CODES)
        self._to_encode = shown[::every].to(self._device)
        noise = torch.Generator().manual_seed(0)  # the same places all the way, so that one sees what becomes of them
        self._z = torch.randn(IN_A_ROW, model.latent_dim, generator=noise).to(self._device)
        self._loop, self._task = _running_loop(), None
        vae, what = isinstance(model, VAE), "images" if isinstance(data, Tensor) else "test images"
        self._names = ("elbo", "reconstruction", "kl") if vae else ("error",)
        super().__init__(
            has_prior=vae,
            plane_title=f"codes of {what}" + ("; dotted: prior, 1σ and 2σ" if vae else ""),
            rows=[what, "reconstructions", *(["samples from the prior"] if vae else [])],
            image_shape=model.image_shape,
            labels=[str(label) for label in labels[::every]],
            label_colours={name: colour for name, (colour, _) in label_looks(labels or ["•"]).items()},
        )
        self._restart()
        self.on_msg(self._on_message)

    # --- what the buttons do, also from a cell ---

    def play(self) -> None:
        """Train in the background from here on; after the end or a stop, anew from the untrained model.

        Raises RuntimeError where no event loop runs, that is outside a notebook.
        """
        self._loop = self._loop or _running_loop()
        if self._loop is None:
            raise RuntimeError("play() needs a running notebook kernel to train in the background: use run_sync() here")
        if self.status in OVER:
            self._restart()
        for other in list(self._playing - {self}):
            other.pause()  # two trainings at once would only slow each other down
        self._playing.add(self)
        self._publish(status="training")
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._train())

    def pause(self) -> None:
        """Wait; play() and step() go on from here."""
        if self.status == "training":
            self._publish(status="paused")

    def step(self) -> None:
        """One optimisation step, then wait."""
        if self.status not in OVER:
            self._show_failure(self._advance)
            if self.status not in OVER:
                self._publish(status="paused")

    def stop(self) -> None:
        """End the training. ``model`` keeps what it has learned."""
        if self.status not in OVER:
            self.history.stopped = "interrupted"
            self._publish(status="stopped")

    def run_sync(self) -> History:
        """Train to the end in this cell and return the history. The kernel's interrupt button stops it and keeps the model.

        Goes on from where the buttons have left it; if the training is over, it returns at once. Raises what the training raises.
        """
        if self.status in ("ready", "training", "paused"):
            self._publish(status="training")
            try:
                while self._advance():
                    pass
            except KeyboardInterrupt:
                self.stop()
            except Exception as error:
                self._fail(error)
                raise
        return self.history

    @property
    def history(self) -> History:
        """What ``fit`` returns: one entry an epoch."""
        return self._trainer.history

    def picture(self) -> bytes:
        return draw_png(lambda figure: draw(figure, self), (10, 6.2))

    # --- the training ---

    def _on_message(self, _, content, __) -> None:
        # Messages may arrive on a second thread: there, only put the wish on the main thread's list.
        command = {"play": self.play, "pause": self.pause, "step": self.step, "stop": self.stop}[content["command"]]
        self._loop.call_soon_threadsafe(command)

    def _restart(self) -> None:
        self.model = copy.deepcopy(self._untrained)
        self._trainer = Trainer(self.model, self._data, **self._settings)
        self._sums, self._count, self._steps_done = {}, 0, 0
        self._told = {"numbers": 0.0, "pictures": 0.0}
        self.epochs, self.error = self._trainer.epochs, ""
        self._publish(status="ready")

    async def _train(self) -> None:
        turn = time.perf_counter()
        while self.status == "training" and self._show_failure(self._advance):
            if time.perf_counter() - turn > SLICE:
                await asyncio.sleep(0)  # the kernel's turn: other cells, buttons
                turn = time.perf_counter()

    def _advance(self) -> bool:
        """One step, and the news of it when it is time. False after the last."""
        step = next(iter(self._trainer), None)
        if step is None:
            self._publish(status="finished")
            return False
        self._steps_done = step.step
        if step.epoch_done:
            self._sums, self._count = {}, 0  # the history has the epoch's means now
        else:
            for name, value in step.terms.items():
                self._sums[name] = self._sums.get(name, 0) + value
            self._count += 1
        now = time.perf_counter()
        if now - self._told["pictures"] > PICTURES:
            self._publish()
        elif now - self._told["numbers"] > NUMBERS:
            self._publish(pictures=False)
        return True

    def _show_failure(self, action) -> bool:
        try:
            return action()
        except Exception as error:  # in the background nobody sees a traceback
            self._fail(error)
            return False

    def _fail(self, error: Exception) -> None:
        self.error = f"Training ended: {error} ({type(error).__name__})"
        self._publish(status="failed")

    # --- what is shown ---

    def _publish(self, pictures: bool = True, status: str | None = None) -> None:
        """Bring the traits up to date; they go to the browser in one message."""
        self._told["numbers"] = time.perf_counter()
        with self.hold_sync():
            self.status = status or self.status
            curves = self._curves()
            self.curves, self.progress = curves.astype("<f4").tobytes(), (self._steps_done, self._trainer.n_steps)
            self.panels = self._panels(curves)
            self.reading = self._reading(curves)
            kind = "VAE" if self.has_prior else "autoencoder"
            self.caption = (
                f"Training of {'a' if self.has_prior else 'an'} {kind} with {self.model.latent_dim} latent dimensions. {self.reading}"
            )
            if pictures:
                self._publish_pictures()
                self._told["pictures"] = time.perf_counter()

    def _curves(self) -> np.ndarray:
        """(points, 1 + lines): epoch, then the history's means; last, the mean over the steps of the epoch that is under way."""
        columns = [getattr(self.history, name) for name in self._names]
        points = [(i + 1, *values) for i, values in enumerate(zip(*columns, strict=True))]
        if self._count:
            mean = {name: value.item() / self._count for name, value in self._sums.items()}
            mean["elbo"] = mean.get("reconstruction", 0) - mean.get("kl", 0)
            if all(map(math.isfinite, mean.values())):  # if not, the trainer says so at the end of the epoch
                points.append((self._steps_done / self._trainer.steps_per_epoch, *(mean[name] for name in self._names)))
        return np.array(points, dtype=np.float64).reshape(-1, 1 + len(self._names))

    def _panels(self, curves: np.ndarray) -> list[dict]:
        if not self.has_prior:
            return [{"lines": ["squared error"], "unit": "pixels² per image", "range": _range(curves[:, 1:])}]
        nats = "nats per image"
        return [
            {"lines": ["ELBO", "reconstruction"], "unit": nats, "range": _range(curves[:, 1:3])},
            {"lines": ["KL"], "unit": nats, "range": _range(curves[:, 3:])},
        ]

    def _reading(self, curves: np.ndarray) -> str:
        if not len(curves):
            return f"Not trained yet: {self.epochs} epochs, {self._trainer.n_steps} steps to go."
        epoch = min(self.epochs, math.ceil(curves[-1, 0]))
        place = f"Epoch {epoch} of {self.epochs}, step {self._steps_done} of {self._trainer.n_steps}"
        values = [number(v) for v in curves[-1, 1:]]
        if not self.has_prior:
            return f"{place}: squared error {values[0]} pixels² per image."
        return f"{place}: ELBO {values[0]} = reconstruction {values[1]} − KL {values[2]} nats per image."

    @torch.no_grad()
    def _publish_pictures(self) -> None:
        def mean_codes(x):
            q = self.model.encode(x)
            return q.mean if self.has_prior else q

        rows = [self._images, self.model.mean_image(mean_codes(self._images))]
        if self.has_prior:
            rows.append(self.model.mean_image(self._z))
        images = torch.stack([row.reshape(IN_A_ROW, *self.image_shape) for row in rows])
        self.pixels = (images.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy().tobytes()
        if self.model.latent_dim == 2:
            codes = mean_codes(self._to_encode).nan_to_num().cpu()
            self.codes, self.reach = codes.numpy().astype("<f4").tobytes(), max(4, math.ceil(codes.abs().max().item()))


def _one_of_each(labels: list[int], n_images: int) -> list[int]:
    """Indices of IN_A_ROW images: the first of each label in order, if there are labels enough, else the first images."""
    first = [labels.index(label) for label in sorted(set(labels))][:IN_A_ROW]
    if n_images < IN_A_ROW:
        return [i % n_images for i in range(IN_A_ROW)]
    return first if len(first) == IN_A_ROW else list(range(IN_A_ROW))


def _range(values: np.ndarray) -> list[float]:
    """Limits of the axis: all points once the first tenth, where everything still falls steeply, is left out."""
    values = values[len(values) // 10 :]
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return [low - margin, high + margin]


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

"""Training, watched and steered: play, pause, step and stop while the curves, the images and the code plane move."""

import asyncio
import copy
import time
import weakref

import traitlets

from .. import inputs
from ..datasets import Dataset
from ..look import COLOURS, label_looks
from ..models import VAE, Autoencoder
from ..training import History, Trainer
from .kit.base import View, bundle, draw_png
from .training_picture import draw
from .training_shown import Sights, curves_of, panels_of, sentence

SLICE, NUMBERS, PICTURES = 0.02, 0.1, 0.5  # seconds between turns for the rest of the kernel, news of numbers, news of pictures
OVER = ("stopped", "finished", "failed")
USABLE = {"ready": ("play", "step"), "training": ("pause", "stop"), "paused": ("play", "step", "stop"), **dict.fromkeys(OVER, ("play",))}


class TrainingDashboard(View):
    """Trains its own copy of ``model`` on ``data`` with the settings of ``training.fit``, and shows how it goes.

    ``dashboard.model`` is the copy, usable at any time; ``dashboard.history`` is what ``fit`` returns: same seed, same numbers,
    paused or not. The buttons train in the background, so that other cells run meanwhile; ``run_sync()`` trains to the end and returns.
    Raises what ``Trainer`` raises for bad settings or images.
    """

    _esm, _css = bundle("training_dashboard.js"), bundle("training_dashboard.css")
    _playing: "weakref.WeakSet[TrainingDashboard]" = weakref.WeakSet()

    status = traitlets.Enum(tuple(USABLE), "ready").tag(sync=True)
    usable = traitlets.Dict(USABLE).tag(sync=True)  # status → the buttons that do something
    over = traitlets.List(OVER).tag(sync=True)
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
    label_colours = traitlets.Dict().tag(sync=True)  # of the codes
    reach = traitlets.Int(4).tag(sync=True)  # the plane shows -reach … reach
    plane_title = traitlets.Unicode().tag(sync=True)
    has_prior = traitlets.Bool().tag(sync=True)

    def __init__(self, model: VAE | Autoencoder, data, **settings):
        data = data if isinstance(data, Dataset) else inputs.pictures(data, model.image_shape)
        Trainer(model, data, **settings)  # refuses what cannot be trained before anything is drawn
        self._untrained, self._data, self._settings = copy.deepcopy(model), data, settings
        self._sights, self._loop, self._task = Sights(model, data), _running_loop(), None
        vae, what, labels = isinstance(model, VAE), self._sights.what, self._sights.labels
        super().__init__(
            has_prior=vae,
            plane_title=f"codes of {what}" + ("; dotted: prior, 1σ and 2σ" if vae else ""),
            rows=[what, "reconstructions", *(["samples from the prior"] if vae else [])],
            image_shape=model.image_shape,
            labels=labels,
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

    def _publish(self, pictures: bool = True, status: str | None = None) -> None:
        """Bring the traits up to date; they go to the browser in one message."""
        self._told["numbers"] = time.perf_counter()
        trainer, done = self._trainer, self._steps_done
        with self.hold_sync():
            self.status = status or self.status
            mean = {name: value.item() / self._count for name, value in self._sums.items()}
            curves = curves_of(self.history, self.has_prior, done / trainer.steps_per_epoch, mean)
            self.curves, self.progress = curves.astype("<f4").tobytes(), (done, trainer.n_steps)
            self.panels, self.reading = panels_of(curves, self.has_prior), sentence(curves, self.has_prior, self.epochs, *self.progress)
            kind = "a VAE" if self.has_prior else "an autoencoder"
            self.caption = f"Training of {kind} with {self.model.latent_dim} latent dimensions. {self.reading}"
            if pictures:
                for name, value in self._sights.of(self.model).items():
                    setattr(self, name, value)
                self._told["pictures"] = time.perf_counter()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

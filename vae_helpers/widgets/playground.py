"""`Playground`: a VAE that trains in the browser, no kernel needed, while the reader moves β, the noise, the KL and the step size."""

import base64
import copy
import re
from functools import cached_property

import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..datasets import Dataset, load
from ..inputs import MOST_SEED, in_short, whole_number
from ..likelihoods import Gaussian
from ..look import label_looks, label_names, show_image
from ..models import VAE
from ..objectives import elbo
from ..plots import tile
from ..training import fit
from .kit.base import Number, View, bundle, draw_png

LEVELS = 240  # grey levels on the way to the browser: a multiple of 16, so that the digits come through exactly
MOST_PIXELS, MOST_TEST = 400, 359
SHEET, REACH, STILL_EPOCHS = 13, 3.0, 20


class Playground(View):
    """Algorithm 1 under the reader's fingers: a VAE D–hidden–L–hidden–D with one ReLU each, Adam, mini-batches of 100.

    data: a Dataset of small images (at most 400 pixels), by default the digits. With Bernoulli pixels each mini-batch is drawn black or
    white anew and the test images once. The traits may be read and set while it trains: ``playing``, ``beta`` (0.01 to 31.6), ``kl`` and
    ``noise`` (switches), ``lr``, ``likelihood`` ("bernoulli" or "gaussian" with ``sigma``), ``latent_dim`` (1 or 2) and ``seed``: the last
    three begin anew. ``model`` is a VAE with the weights that the browser has trained, ``steps`` how many steps.
    Raises ValueError for larger images and for values outside these limits.
    """

    _esm, _css = bundle("playground.js"), bundle("playground.css")

    # What runs in the worker, which is no module: from a page that was opened as a file Chromium starts no other kind.
    program = traitlets.Unicode(re.sub("^export ", "", bundle("train_worker.js"), flags=re.MULTILINE)).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    beta, lr, sigma = (
        Number(1.0, min=0.01, max=32).tag(sync=True),
        Number(3e-3, min=1e-4, max=0.1).tag(sync=True),
        Number(0.25, min=0.06, max=1.6).tag(sync=True),
    )
    kl, noise = traitlets.Bool(True).tag(sync=True), traitlets.Bool(True).tag(sync=True)
    likelihood = traitlets.Enum(("bernoulli", "gaussian"), "bernoulli").tag(sync=True)
    latent_dim = traitlets.Enum((1, 2), 2).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=MOST_SEED).tag(sync=True)
    steps = traitlets.Int(0).tag(sync=True)
    reading = traitlets.Unicode().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)  # float32 in base64, as train.js lays them out; none until the browser has sent some
    hidden = traitlets.Int().tag(sync=True)
    image_shape = traitlets.Tuple().tag(sync=True)
    levels = traitlets.Int(LEVELS).tag(sync=True)
    images, test, black = (traitlets.Bytes().tag(sync=True) for _ in range(3))  # uint8 (N, H, W): training, test, and the latter binarized
    labels = traitlets.List().tag(sync=True)
    label_colours = traitlets.Dict().tag(sync=True)

    def __init__(self, data: Dataset | None = None, hidden: int = 128, **settings):
        data = load("digits") if data is None else data
        if not isinstance(data, Dataset):
            raise TypeError(f'Expected a Dataset, such as load("digits"), got {in_short(data)}.')
        shape = tuple(data.train.images.shape[1:])
        if shape[0] * shape[1] > MOST_PIXELS:
            raise ValueError(
                f"Expected images of at most {MOST_PIXELS} pixels, which a browser trains at the speed of the hand; got {shape}."
            )
        self._data, labels = data, label_names(data.test.labels[:MOST_TEST])
        looks = label_looks(labels)
        super().__init__(
            hidden=whole_number("hidden", hidden),
            image_shape=shape,
            images=_bytes(data.train.images),
            test=_bytes(data.test.images[:MOST_TEST]),
            black=_bytes(data.binarized(0).test.images[:MOST_TEST]),
            labels=labels,
            label_colours={name: colour for name, (colour, _) in looks.items()},
            caption="A VAE that trains in the browser: press Play, and move β, the noise and the KL while it learns. "
            "Left: test codes over the digits that the decoder makes there; right: the bound, rebuilt digits and samples.",
            **settings,
        )

    @property
    def model(self) -> VAE:
        """A VAE with the weights that the browser has now, or with untrained ones before it has sent any."""
        vae = VAE(self.image_shape, self.latent_dim, (self.hidden,), likelihood=self._likelihood(), seed=self.seed)
        row = torch.frombuffer(bytearray(base64.b64decode(self.weights)), dtype=torch.float32) if self.weights else torch.empty(0)
        parameters = [*vae.encoder.parameters(), *vae.decoder.parameters()]
        if len(row) == sum(p.numel() for p in parameters):  # not those of another latent_dim, on their way
            torch.nn.utils.vector_to_parameters(row, parameters)
        return vae

    def _likelihood(self):
        return "bernoulli" if self.likelihood == "bernoulli" else Gaussian(sigma=self.sigma)

    @cached_property
    def _after_a_while(self) -> VAE:
        """What some seconds of Play lead to, for pages where nobody can press it."""
        vae = copy.deepcopy(self.model)
        settings = {"epochs": STILL_EPOCHS, "batch_size": 100, "lr": self.lr, "beta": self.beta if self.kl else 0.0, "progress": False}
        fit(vae, self._data, binarize=self.likelihood == "bernoulli", seed=self.seed, **settings)
        return vae

    def picture(self) -> bytes:
        """Code plane over the sheet, rebuilt test images and samples, of the trained weights or, before, of twenty epochs in Python."""
        vae, test = self.model if self.steps else self._after_a_while, self._data.binarized(0).test.images[:MOST_TEST]
        test = test if self.likelihood == "bernoulli" else self._data.test.images[:MOST_TEST]
        q = vae.encode(test)
        samples = torch.randn(10, self.latent_dim, generator=torch.Generator().manual_seed(self.seed))
        bound = elbo(vae, test, 5, generator=torch.Generator().manual_seed(self.seed)).elbo.mean().item()

        def draw(figure: Figure) -> None:
            left, right = figure.subfigures(1, 2, width_ratios=[1, 1.2])
            self._plane(left.subplots(), vae, q.mean)
            right.suptitle(f"test ELBO {bound:.1f} nats an image".replace("-", "−"), fontsize=13)
            rows = {"test images": test[:10], "rebuilt": vae.mean_image(q.mean[:10]), "samples": vae.mean_image(samples)}
            for ax, (name, images) in zip(right.subplots(3, 1), rows.items(), strict=True):
                show_image(ax, tile(images[None]))
                ax.set_title(name, fontsize=12, loc="left")

        return draw_png(draw, (9.2, 4.6))

    def _plane(self, ax: Axes, vae: VAE, codes: Tensor) -> None:
        line, edge = torch.linspace(-REACH, REACH, SHEET), REACH + REACH / (SHEET - 1)
        if self.latent_dim == 2:
            sheet = vae.mean_image(torch.cartesian_prod(line.flip(0), line).flip(1))  # rows from the top
            ax.imshow(tile(sheet.unflatten(0, (SHEET, SHEET))), cmap="gray_r", alpha=0.45, extent=(-edge, edge, -edge, edge))
            ax.set(xlabel="$z_1$", ylabel="$z_2$")
        else:
            codes = torch.cat([codes, torch.tensor([[-float(self.labels.index(label))] for label in self.labels])], 1)
            ax.set(xlabel="$z$", yticks=[])
        for k, (label, colour) in enumerate(self.label_colours.items()):
            chosen = codes[[k for k, other in enumerate(self.labels) if other == label]]
            ax.plot(*chosen.T.numpy(), "o", markersize=5, color=colour, markeredgecolor="white", markeredgewidth=0.6)
            ax.text(0.3 + 0.06 * k, 1.02, label, color=colour, fontsize=13, weight="bold", transform=ax.transAxes)
        ax.text(0, 1.02, "codes of", fontsize=12, transform=ax.transAxes)
        ax.set(xlim=(-edge, edge), ylim=(-edge, edge) if self.latent_dim == 2 else None, box_aspect=1)


def _bytes(images: Tensor) -> bytes:
    return (images * LEVELS).round().numpy().astype(np.uint8).tobytes()

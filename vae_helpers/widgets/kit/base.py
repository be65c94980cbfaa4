"""What every view shares: one sentence, one static picture for pages without a kernel, and JavaScript joined from small files.

A view's traits are its whole state. The browser draws what moves; ``picture()`` draws the same state with matplotlib, for pages
without a kernel: GitHub, PDF, print.
"""

import base64
import io
import math
import os
import re
import threading
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from IPython import get_ipython
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...inputs import float64, in_short, tensor_of

KIT = Path(__file__).parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PAGE_VIEW = "application/vnd.vae-helpers.view+json"  # what tools/export_page.py asks for, by this variable
PAGE_SWITCH = "VAE_HELPERS_PAGE"
# Under the picture, for a front end that has ipywidgets but not anywidget, and shows an error where the view would be. It comes late, as a
# view takes its time to load, and where the view is seen, controls.css hides it.
STILL = """<p>A still picture: the live view needs <code>anywidget</code> in the environment that JupyterLab itself runs in.
Install it there (<code>pip install anywidget</code>), and load this page anew.</p>
<style>.vae-still { animation: vae-late 5s step-end } @keyframes vae-late { from { position: absolute; visibility: hidden } }</style>"""
DPI = 144  # pixels per inch in the file; shown at half size, so one point is one pixel on screen
drawing = threading.RLock()  # widget messages arrive on a second thread, and matplotlib's text is not made for two


class View(anywidget.AnyWidget):
    """Base of the views: ``caption`` says in a sentence what is seen, ``picture()`` returns its PNG.

    ``words`` of a view are the sentences that the browser says too (common.js), with {names} in the places of values.
    """

    caption = traitlets.Unicode().tag(sync=True)
    told = frozenset()  # traits that the browser tells just now: what belongs to them it has moved along, and goes on moving

    def __init__(self, **traits):
        if unknown := [name for name in traits if not self.has_trait(name)]:
            raise TypeError(f"{type(self).__name__} has no setting {unknown[0]!r}: see help({type(self).__name__}) for those that it has.")
        super().__init__(**traits)

    def picture(self) -> bytes:
        """The state as a PNG, drawn without a browser."""
        raise NotImplementedError

    def say(self, name: str, **values) -> str:
        """The sentence of this name with these values."""
        return self.words[name].format(**values)

    def set_state(self, sync_data: dict) -> None:
        self.told = frozenset(sync_data)
        try:
            super().set_state(sync_data)
        finally:
            self.told = frozenset()

    def page_data(self) -> dict:
        """What a page without a kernel needs to show this view live: its JavaScript, style sheet and present state; page.py writes it."""
        own = set(self.traits(sync=True)) - set(anywidget.AnyWidget.class_traits(sync=True))
        state = self.get_state([name for name in sorted(own) if not name.startswith("_")])
        return {"javascript": self._esm, "stylesheet": self._css, "state": _as_json(state)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption}"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # A front end takes the live view, or the picture beside it if it lacks anywidget; GitHub, nbconvert and an unrun notebook take the
        # picture alone, and so does what nobody looks at while it runs; a terminal takes the sentence.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        png = self.picture()
        width, height = (n // 2 for n in png_size(png))
        if somebody_looks():
            still = ipywidgets.HTML(image(png, self.caption, width=width) + STILL).add_class("vae-still")
            data[WIDGET_VIEW]["model_id"] = ipywidgets.VBox([self, still]).model_id
        else:
            del data[WIDGET_VIEW]
        data["image/png"] = base64.b64encode(png).decode("ascii")
        if os.environ.get(PAGE_SWITCH):
            data[PAGE_VIEW] = self.page_data()
        return data, {**metadata, "image/png": {"width": width, "height": height}}


def somebody_looks() -> bool:
    """False where a program runs the notebook from top to bottom: nbconvert, papermill and nbclient say that nobody can be asked."""
    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "kernel") else {}
    return request.get("content", {}).get("allow_stdin", True)


class Limits(NamedTuple):
    """Where z may be: from low to high in each latent dimension; ``widen`` says what to give the view for more."""

    pairs: list[tuple[float, float]]
    widen: str

    def check(self, z: tuple[float, ...], name: str = "z") -> tuple[float, ...]:
        """z itself, or ValueError if it lies outside or has another number of numbers."""
        if len(z) != len(self.pairs):
            raise ValueError(f"Expected {name} with {len(self.pairs)} numbers, one a latent dimension, got {len(z)}.")
        for k, (value, (low, high)) in enumerate(zip(z, self.pairs, strict=True)):
            if not low <= value <= high:
                raise ValueError(f"Expected {name}{k + 1} from {low:g} to {high:g}, got {value:g}: give {self.widen}.")
        return z

    def nearest(self, z: Sequence[float]) -> tuple[float, ...]:
        """The point inside that is nearest to z."""
        return tuple(min(max(value, low), high) for value, (low, high) in zip(z, self.pairs, strict=True))


class Number(traitlets.Float):
    """A finite number within the trait's limits, which a slider has too; also NumPy's, or a tensor of one."""

    def validate(self, obj, value):
        try:
            number = float64(value, self.name).item()
        except (TypeError, RuntimeError):
            number = math.nan  # a word, or several numbers
        if not self.min <= number <= self.max or math.isinf(number):  # NaN as well
            raise ValueError(f"Expected {self.name} from {self.min:g} to {self.max:g}, got {in_short(value)}.")
        return super().validate(obj, number)


class Point(traitlets.Tuple):
    """z as a tuple of finite floats inside its view's ``limits``, given as a row, an array, a tensor, or one of the codes (1, L).

    Not a list: one changed in place would not reach the browser.
    """

    def validate(self, obj, value):
        row = doubles(value, self.name)
        row = row[0] if row.ndim == 2 and len(row) == 1 else row
        if row.ndim != 1:
            raise TypeError(f"Expected {self.name} as a row of numbers, got shape {row.shape}.")
        if not np.isfinite(row).all():
            raise ValueError(f"Expected finite numbers in {self.name}, got {value!r}.")
        return super().validate(obj, obj.limits.check(tuple(row.tolist())))


def doubles(value, name: str) -> np.ndarray:
    """Numbers in any form that inputs.tensor_of takes, as float64."""
    return tensor_of(value, name).detach().cpu().double().numpy()


def static(name: str) -> Path:
    """Where a view's JavaScript, style sheet or data file lies: beside the view, or in the kit."""
    return next(path for folder in (KIT.parent, KIT) if (path := folder / name).exists())


def bundle(name: str) -> str:
    """A script or style sheet with all that it imports, and what these import, joined into the one text that anywidget takes.

    Each file comes once and after those that it imports; the imports are dropped, since all names are in one place. Each file by itself is
    an ordinary module or style sheet.
    """
    texts: dict[Path, str] = {}

    def add(path: Path) -> None:
        text, imports = path.read_text(encoding="utf-8"), r'^(?:import \{[^}]*\} from|@import) "(\.[^"]*)";\n'
        for other in re.findall(imports, text, flags=re.MULTILINE):
            if (there := (path.parent / other).resolve()) not in texts:
                add(there)
        texts[path] = re.sub(imports, "", text, flags=re.MULTILINE)

    add(static(name))
    return "\n".join(texts.values())


def blank(size: tuple[float, float], layout: str = "constrained") -> Figure:
    """A figure of so many inches of 72 pixels that is nobody's but the caller's: pyplot does not know it."""
    figure = Figure(figsize=size, dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def png_of(figure: Figure, **options) -> bytes:
    """The figure as a PNG, the same bytes for the same picture."""
    out = io.BytesIO()
    figure.savefig(out, dpi=DPI, metadata={"Software": None}, **options)
    return out.getvalue()


def draw_png(draw: Callable[[Figure], object], size: tuple[float, float]) -> bytes:
    """PNG of what ``draw(figure)`` draws on a blank figure; no gradient, one thread at a time."""
    with drawing, torch.no_grad():
        draw(figure := blank(size))
        return png_of(figure)


def image(png: bytes, alt: str, kind: str = "", width: int | None = None) -> str:
    """An <img> that holds the PNG itself; without `width` a pixel of the file is a pixel on screen. A style sheet finds it as --width."""
    size = f' width="{width}" style="--width: {width}px"' if width else ""
    name = f' class="{kind}"' if kind else ""
    return f'<img{name}{size} alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _as_json(value):
    """Traits with their bytes as {"$bytes": base64}."""
    if isinstance(value, (bytes, memoryview)):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, dict):
        return {name: _as_json(v) for name, v in value.items()}
    return [_as_json(v) for v in value] if isinstance(value, (list, tuple)) else value


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the PNG's header."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")

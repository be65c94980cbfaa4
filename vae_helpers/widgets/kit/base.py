"""What every view shares: one sentence, one static picture for pages without a kernel, and JavaScript joined from small files.

A view's traits are its whole state. The browser draws what moves; ``picture()`` draws the same state with matplotlib, for pages
without a kernel: GitHub, PDF, print.
"""

import base64
import io
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import anywidget
import torch
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

KIT = Path(__file__).parent
PAGE_VIEW = "application/vnd.vae-helpers.view+json"  # what tools/export_page.py asks for, by this variable
PAGE_SWITCH = "VAE_HELPERS_PAGE"
DPI = 144  # pixels per inch in the file; shown at half size, so one point is one pixel on screen
drawing = threading.RLock()  # widget messages arrive on a second thread, and matplotlib's text is not made for two


class View(anywidget.AnyWidget):
    """Base of the views: ``caption`` says in a sentence what is seen, ``picture()`` returns its PNG."""

    caption = traitlets.Unicode().tag(sync=True)

    def picture(self) -> bytes:
        """The state as a PNG, drawn without a browser."""
        raise NotImplementedError

    def page_data(self) -> dict:
        """What a page without a kernel needs to show this view live: its JavaScript, style sheet and present state; page.py writes it."""
        own = set(self.traits(sync=True)) - set(anywidget.AnyWidget.class_traits(sync=True))
        state = self.get_state([name for name in sorted(own) if not name.startswith("_")])
        return {"javascript": self._esm, "stylesheet": self._css, "state": _as_json(state)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption}"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # A front end takes the live view; GitHub, nbconvert and an unrun notebook take the picture; a terminal takes the sentence.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        png = self.picture()
        width, height = png_size(png)
        data["image/png"] = base64.b64encode(png).decode("ascii")
        if os.environ.get(PAGE_SWITCH):
            data[PAGE_VIEW] = self.page_data()
        return data, {**metadata, "image/png": {"width": width // 2, "height": height // 2}}


class Point(traitlets.Tuple):
    """A tuple of finite floats, given as a sequence, array or tensor. Not a list: one changed in place would not reach the browser."""

    def validate(self, obj, value):
        values = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(values, (list, tuple)) or not all(isinstance(v, (int, float)) for v in values):
            raise TypeError(f"Expected {self.name} to be a row of numbers, got {value!r}.")
        if not all(abs(v) < float("inf") for v in values):
            raise ValueError(f"Expected finite numbers in {self.name}, got {value!r}.")
        return super().validate(obj, tuple(float(v) for v in values))


def static(name: str) -> Path:
    """Where a view's JavaScript, style sheet or data file lies: beside the view, or in the kit."""
    return next(path for folder in (KIT.parent, KIT) if (path := folder / name).exists())


def javascript(*names: str) -> str:
    """Static files joined into the one module that anywidget takes.

    Their imports of each other are dropped, since all names are now in one place; each file by itself is an ordinary module.
    """
    text = "\n".join(static(name).read_text(encoding="utf-8") for name in names)
    return re.sub(r'^import \{[^}]*\} from "\./(?:kit/)?\w+\.js";\n', "", text, flags=re.MULTILINE)


def stylesheet(*names: str) -> str:
    """Static style sheets joined."""
    return "\n".join(static(name).read_text(encoding="utf-8") for name in names)


def draw_png(draw: Callable[[Figure], object], size: tuple[float, float]) -> bytes:
    """PNG of what ``draw(figure)`` draws on a blank figure; size in inches of 72 pixels. No pyplot, no gradient, one thread at a time."""
    with drawing, torch.no_grad():
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        out = io.BytesIO()
        figure.savefig(out, dpi=DPI, metadata={"Software": None})
    return out.getvalue()


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

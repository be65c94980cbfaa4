"""`FrameStack`: matplotlib pictures over one parameter or two, drawn once by the kernel and swapped in the browser."""

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from ..files import palette_png
from ..inputs import in_short, whole_number
from .kit.base import View, blank, bundle, doubles, drawing

MOST_FRAMES = 120


class FrameStack(View):
    """A slider over pictures: ``draw(figure, value)`` draws one of them on a blank matplotlib Figure (never with pyplot).

    values: numbers or words in the slider's order, with their ``name`` and ``unit``. For two sliders give two lists of values and two
    names: ``draw(figure, first, second)``. describe(value) gives the sentence read under the picture. size is in inches of 72 pixels.
    ``value`` may be read and set; a number between two values becomes the nearest. ``nbytes`` is what is sent to the browser.
    """

    _esm, _css = bundle("frame_stack.js"), bundle("frame_stack.css")

    value = traitlets.TraitType(0).tag(sync=True)  # not Any, which takes None unchecked
    values = traitlets.List().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    texts = traitlets.List().tag(sync=True)
    readings = traitlets.List().tag(sync=True)
    frames = traitlets.List().tag(sync=True)

    def __init__(
        self,
        draw: Callable[..., object],
        values: Sequence,
        name: str | tuple[str, str] = "value",
        unit: str | tuple[str, str] = "",
        value=None,
        describe: Callable[..., str] | None = None,
        size: tuple[float, float] = (9.0, 4.5),
        caption: str = "",
        colours: int = 64,
    ):
        for what, function in (("draw(figure, value)", draw), ("describe(value)", describe or str)):
            if not callable(function):
                raise TypeError(f"Expected {what} as a function, got {in_short(function)}.")
        inches, colours = doubles(size, "size"), whole_number("colours", colours, least=2, most=256)
        if inches.shape != (2,) or not (np.isfinite(inches) & (inches > 0)).all():
            raise ValueError(f"Expected size as (width, height) in inches, got {size!r}.")
        names = [name] if isinstance(name, str) else list(name)
        units = [unit] * len(names) if isinstance(unit, str) else list(unit)
        lists = [_plain(v) for v in ([values] if len(names) == 1 else values)]
        if len(lists) != len(names) or len(units) != len(names) or not all(lists):
            raise ValueError(f"Expected one list of values for each of {names}, none of them empty, got {lists}.")
        states = list(itertools.product(*lists))
        if len(states) > MOST_FRAMES:
            raise ValueError(f"Expected at most {MOST_FRAMES} pictures, got {len(states)}: give fewer values.")
        if value is None:
            value = [v[len(v) // 2] for v in lists] if len(lists) > 1 else lists[0][len(lists[0]) // 2]
        super().__init__(
            values=lists,
            value=value,
            names=names,
            texts=[[f"{v:.4g}{_gap(u)}".replace("-", "−") if _is_number(v) else v for v in vs] for vs, u in zip(lists, units, strict=True)],
            readings=[describe(*state) if describe else "" for state in states],
            frames=render(draw, states, names, size, colours),
            caption=caption or f"Pictures over {' and '.join(names)}.",
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all pictures together, sent once."""
        return sum(map(len, self.frames))

    def picture(self) -> bytes:
        """The picture at the present value, as a PNG."""
        state = self.value if len(self.values) > 1 else (self.value,)
        index = 0
        for value, values in zip(state, self.values, strict=True):
            index = index * len(values) + values.index(value)
        return self.frames[index]

    @traitlets.validate("value")
    def _nearest_value(self, proposal):
        if len(self.values) == 1:
            return _nearest(proposal.value, self.values[0], self.names[0])
        if not isinstance(proposal.value, (list, tuple)) or len(proposal.value) != len(self.values):
            raise ValueError(f"Expected one value for each of {self.names}, got {proposal.value!r}.")
        return tuple(map(_nearest, proposal.value, self.values, self.names))


def render(
    draw: Callable[..., object], states: Sequence[tuple], names: Sequence[str], size: tuple[float, float], colours: int
) -> list[bytes]:
    """One palette PNG a state, each on a blank figure; nothing of pyplot, no gradient, one thread at a time.

    The layout is solved once, on the middle picture: axes that shift by a tick label's width from frame to frame would tremble.
    """

    def render_one(state: tuple, figure: Figure, places: list) -> Figure:
        figure.clear()  # the same sheet again: a new one for each picture would wait in memory for the next garbage collection
        try:
            draw(figure, *state)
            if len(places) == len(figure.axes):
                for ax, place in zip(figure.axes, places, strict=True):
                    ax.set_position(place)
            figure.canvas.draw()
        except Exception as error:
            error.add_note(f"while drawing the picture at {', '.join(f'{n} = {v}' for n, v in zip(names, state, strict=True))}")
            raise
        return figure

    with drawing, torch.no_grad():
        places = [ax.get_position(original=True) for ax in render_one(states[len(states) // 2], blank(size), []).axes]
        sheet = blank(size, "none")
        return [palette_png(_rgb(render_one(state, sheet, places)), colours, quick=True) for state in states]


def _rgb(figure: Figure) -> Image.Image:
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")


def _plain(values: Sequence) -> list:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise TypeError(f"Expected the slider's values as a list, got {in_short(values)}.")
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    return [v.item() if hasattr(v, "item") else v for v in values]


def _nearest(value, values: list, name: str):
    if value in values:
        return values[values.index(value)]  # JavaScript writes 1.0 as 1
    if not all(map(_is_number, [value, *values])) or value != value:
        raise ValueError(f"Expected {name} to be one of {values}, got {value!r}.")
    return min(values, key=lambda v: abs(v - value))


def _is_number(value) -> bool:
    return isinstance(value, (int, float))


def _gap(unit: str) -> str:
    """A unit with a space before it."""
    return f" {unit}" if unit else ""

"""How things look, said once: colours, what a label looks like, one image, numbers in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from torch import Tensor

# For lines and areas on a page's white paper: seaborn's "colorblind", and a grey.
BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#777777"
CRIMSON = "#d20f5a"  # what the hand draws, and a view's second line

# For labels, and for the lines of views, told apart by colour-blind eyes too (found by search: CIELAB distances above 17 as Machado et
# al. 2009 simulate protanopes and deuteranopes); each at 3:1 or better on white paper and on JupyterLab's dark page.
COLOURS = (BLUE, CRIMSON, "#3ca500", "#8700ff", "#d2785a", "#69690f", "#789687", "#e11ec3", "#965a87", "#6969ff")
DASHES, MARKERS = ("-", "--", "-.", ":"), "os^DvP*X<>"  # colour is never the only sign


def label_looks(labels: Iterable) -> dict[str, tuple[str, str]]:
    """Colour and marker of each label, in order: the same in all pictures and views of a page.

    Labels of one character are their own markers. A digit keeps its colour whichever labels stand beside it; others take turns.
    """
    names = sorted(set(label_names(labels)))
    themselves = all(len(name) == 1 and (name.isalnum() or name == "•") for name in names)
    return {
        name: (COLOURS[int(name) % 10 if name.isdecimal() else k % 10], f"${name}$" if themselves else MARKERS[k % 10])
        for k, name in enumerate(names)
    }


def label_names(labels: Iterable | None) -> list[str]:
    """Labels as text, of a list, an array or a tensor of numbers or words."""
    labels = [] if labels is None else labels.tolist() if hasattr(labels, "tolist") else labels
    if not isinstance(labels, Iterable):
        raise TypeError(f"Expected labels as a list, an array or a tensor, got {labels!r}.")
    return [str(label.item() if hasattr(label, "item") else label) for label in labels]


def scatter(ax: Axes, codes: Tensor, labels: Sequence | None = None) -> list[Artist]:
    """Codes (N, 2), with a label each (N,) or with none; returns what was drawn, a legend included where labels are words."""
    codes = np.asarray(codes)
    names = np.array(label_names(labels) or [""] * len(codes))
    if len(names) != len(codes):
        raise ValueError(f"Expected one label a code, got {len(codes)} codes and {len(names)} labels.")
    artists: list[Artist] = []
    for name, (colour, marker) in label_looks(names).items():
        size = 44 if marker.startswith("$") else 18
        artists.append(ax.scatter(*codes[names == name].T, s=size, marker=marker, color=colour, linewidths=0, label=name))
    if names[0] and not marker.startswith("$"):
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1), "borderaxespad": 0}
        artists.append(ax.legend(fontsize=12, handletextpad=0.2, frameon=False, **place))
    return artists


def show_image(ax: Axes, image: Tensor) -> Axes:
    """One image (H, W) as the browser paints it: dark ink on white paper, no axes but a frame."""
    ax.imshow(np.asarray(image), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#bbb")
    return ax


def number(value: float, digits: int = 2) -> str:
    """1.50, −1.50 with a true minus sign, and never −0.00: as the browser writes it."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def three_digits(value: float) -> str:
    """1.5, −0.0312, 12,300: three significant digits, a true minus sign, no exponent for what is large."""
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", "−")

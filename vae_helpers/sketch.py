"""Parts of the sketches of machines and graphs: an image in a frame, a network as a funnel, an arrow."""

from matplotlib.axes import Axes
from torch import Tensor

from . import inputs


def placed_image(ax: Axes, image: Tensor, left: float, width: float, name: str) -> Axes:
    """A square image (n, n) in a frame on a sketch, from x = left on and centred on y = 0, with its name below."""
    half = width / 2
    shades = {"cmap": "gray_r", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    ax.imshow(inputs.tensor_of(image, "images").detach().numpy(), extent=(left, left + width, -half, half), **shades)
    ax.plot([left, left + width, left + width, left, left], [-half, -half, half, half, -half], color="black", linewidth=1)
    ax.text(left + half, -half - 0.15, name, ha="center", va="top", fontsize=13)
    return ax


def funnel(ax: Axes, x: tuple[float, float], reach: tuple[float, float], colour: str, name: str) -> Axes:
    """A network on a sketch: from x[0] to x[1] its height goes from ±reach[0] to ±reach[1]."""
    ax.fill([x[0], x[1], x[1], x[0]], [-reach[0], -reach[1], reach[1], reach[0]], color=colour, alpha=0.35, linewidth=0)
    ax.text(sum(x) / 2, 0, name, ha="center", va="center", fontsize=14)
    return ax


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "black", **style) -> Axes:
    """An arrow on a sketch, from start to end. style: more of matplotlib's `arrowprops`, such as ls="--"."""
    plain = {"arrowstyle": "-|>", "color": colour, "lw": 2, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=plain | style)
    return ax

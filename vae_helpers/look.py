"""How things look, said once: colours, numbers in words, one image."""

from matplotlib.axes import Axes
from torch import Tensor

# For lines and labels, told apart by colour-blind eyes too (found by search: CIELAB distances above 17 as Machado et al. 2009 simulate
# protanopes and deuteranopes); each at 3:1 or better on white paper and on JupyterLab's dark page.
COLOURS = ("#0173b2", "#d20f5a", "#3ca500", "#8700ff", "#d2785a", "#69690f", "#789687", "#e11ec3", "#965a87", "#6969ff")


def show_image(ax: Axes, image: Tensor) -> Axes:
    """One image (H, W) as the browser paints it: dark ink on white paper, no axes but a frame."""
    ax.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#bbb")
    return ax


def number(value: float, digits: int = 2) -> str:
    """1.50, −1.50 with a true minus sign, and never −0.00: as the browser writes it."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else "−")

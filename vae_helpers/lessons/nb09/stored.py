"""What the stored rows of notebook 09 say: means over models, and the climbs of their test images."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ...evaluation import Estimate, estimate
from ...look import BLUE, RED
from ...results import values

STEPS = (1, 2, 5, 10, 20, 50)


def told(rows: Sequence[dict], name: str, **where) -> Estimate:
    """Mean over models ± its standard error."""
    return estimate(values(rows, name, **where))


def climbs(ax: Axes, rows: Sequence[dict], title: str = "", **where) -> Axes:
    """Nats missing after some steps of a climb from the encoder's guess and from the prior, over models; dashed: at the best diagonal q."""
    for start, colour, marker in (("encoder", BLUE, "o"), ("prior", RED, "s")):
        means, errors = zip(*(told(rows, f"from_{start}_{t}", **where) for t in STEPS), strict=True)
        ax.errorbar(STEPS, means, errors, color=colour, marker=marker, capsize=4, label=f"from the {start}")
    ax.axhline(told(rows, "approximation", **where).mean, color="black", ls="--", lw=1.5, label="the best diagonal q")
    ax.set(xscale="log", yscale="log", xlabel="steps", ylabel="nats below log p(x)", title=title)
    ax.set_xticks(STEPS, STEPS)
    ax.minorticks_off()
    ax.legend(fontsize=12)
    return ax

"""One way to say "these two numbers agree": shown, and asserted."""

import sys
from functools import lru_cache
from html import escape

import numpy as np

from .inputs import ArrayLike, float64, tensor_of

Numbers = float | ArrayLike
SIGMAS = 5  # four would fail by chance somewhere among thousands of checks and seeds


def agree(estimate: Numbers, exact: Numbers, stderr: Numbers | None = None, what: str = "", rtol: float | None = None) -> None:
    """Print how well `estimate` meets `exact`, and raise AssertionError if it does not.

    In a notebook the third exact agreement of a cell folds all of them into one line, which says how many there are and how large the
    largest difference is. What has a standard error is a measurement, and always printed.

    estimate, exact: numbers, arrays or tensors of shapes that broadcast. Without `stderr` the identity is exact and
    the largest difference may be `rtol` (1e-6) times the largest magnitude (compute in float64). With `stderr`, the standard
    error of a Monte Carlo estimate (same shape), every difference must be within five of them.
    Raises ValueError if anything is empty or not finite, a standard error is not positive, or rtol stands beside a standard error.
    """
    if stderr is not None and rtol is not None:
        raise ValueError("with a standard error the tolerance is five of them, and rtol would not be used: leave one of the two out")
    rtol = 1e-6 if rtol is None else rtol
    a, b = _array(estimate), _array(exact)
    difference = np.abs(a - b)
    name = f"{what}: " if what else ""
    if stderr is None:
        scale = max(np.abs(a).max(), np.abs(b).max(), 1e-12)
        error = difference.max() / scale
        assert error <= rtol, f"{name}expected agreement to {rtol:.0e} relative, got {error:.1e}: {_show(a)} against {_show(b)}"
        _tell(f"{name}{_show(a)} = {_show(b)} ({f'relative difference {error:.0e}' if error else 'exactly'})", error)
    else:
        s = _array(stderr)
        if (s <= 0).any():
            raise ValueError(f"{name}a standard error must be positive, got {s.min()}: an exact identity needs none, leave stderr out")
        away = (difference / s).max()
        print(f"{name}{_show(a)} ± {_show(s)} against {_show(b)} ({away:.1f} standard errors)")
        assert away <= SIGMAS, f"{name}expected agreement within {SIGMAS} standard errors, got {away:.1f}: {_show(a)} against {_show(b)}"


def _array(value) -> np.ndarray:
    a = float64(tensor_of(value, "numbers")).detach().cpu().numpy()
    if a.size == 0 or not np.isfinite(a).all():
        raise ValueError(f"expected finite numbers to compare, got {'nothing' if a.size == 0 else a}")
    return a


def _show(a: np.ndarray) -> str:
    return f"{a.item():.6g}" if a.size == 1 else f"[{a.min():.4g} … {a.max():.4g}, {a.size} values]"


@lru_cache(maxsize=1)
def _told(cell: str) -> list[tuple[float, str]]:
    """The exact agreements that this run of a cell has shown, with their differences; the next run of a cell begins anew."""
    return []


def _tell(line: str, error: float) -> None:
    """Print an exact agreement. In a notebook's cell the first two stand in their places, and a third folds all into that of the first."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    cell = shell.get_parent().get("header", {}).get("msg_id") if hasattr(shell, "kernel") else None  # the message that runs it
    if cell is None:
        print(line)
        return
    from IPython.display import display

    told = _told(cell)
    told.append((error, line))
    first, second = f"{cell}-first", f"{cell}-second"
    if len(told) <= 2:
        display({"text/plain": line}, raw=True, display_id=(first, second)[len(told) - 1])
        return
    worst = max(told)[0]
    summary = f"{len(told)} checks agree" + (f", worst relative difference {worst:.0e}" if worst else " exactly")
    lines = "\n".join(line for _, line in told)
    fold = f'<details class="checks"><summary>{summary}</summary><pre>{escape(lines, quote=False)}</pre></details>'
    display({"text/plain": f"{summary}:\n{lines}", "text/html": fold}, raw=True, display_id=first, update=True)
    display({"text/plain": ""}, raw=True, display_id=second, update=True)

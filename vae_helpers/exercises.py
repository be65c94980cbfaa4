"""The checks of the exercises: `exercises.check("4.2", kl_full)` says "not attempted yet", "correct", or what came and a hint.

The checks of notebook 04 live in `lessons/nb04/checks.py`, loaded when an exercise of that notebook is first checked. A check gets the
reader's answer and returns None when it is right, else one sentence with the values and a hint, which `compare` writes:

    @exercise("4.2", praise="The trace counts the variances, the quadratic form the means.")
    def kl_full(answer):
        mu, cov = ...
        exact = kl_divergence(...)
        return compare(answer(mu, cov), exact, slips={"The factor ½ in front is missing.": 2 * exact}, hint="Start from the trace.")

A check calls `answer` as often as it likes: `compare(...) or compare(...)` reports the first that is wrong. Where the answer is a
function that still returns None or `...`, the exercise counts as not attempted, and an exception in it becomes a message with the line
at fault; the check sees neither. Random answers are compared within five standard errors: `compare(mean, exact, stderr=se)`.
"""

import functools
import importlib
import inspect
import math
import re
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

NOT_ATTEMPTED, CORRECT, WRONG = "not attempted", "correct", "wrong"
_checks: dict[str, tuple[Callable, str]] = {}


class Result(NamedTuple):
    """What `grade` found: `status` is "not attempted", "correct" or "wrong"; `message` is the sentence that the reader sees."""

    status: str
    message: str


class NotAttempted(Exception):
    """Raised when the answer is still the stub. A check may raise it where this module cannot see that for itself."""


def check(number: str, answer: object) -> None:
    """Print how `answer` does on exercise `number`, such as "4.2". No answer makes it raise; an unknown number does (ValueError)."""
    print(grade(number, answer).message)


def grade(number: str, answer: object) -> Result:
    """What `check` prints, with the status."""
    function, praise = _find(number)
    name = f"Exercise {number}: "
    watched = _watch(answer) if inspect.isfunction(answer) else answer
    try:
        if answer is None or answer is ...:
            raise NotAttempted
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):  # the notebook's own random numbers go on as if nothing had run
            warnings.simplefilter("ignore")
            problem = function(watched)
    except NotAttempted:
        return Result(NOT_ATTEMPTED, name + "not attempted yet.")
    except _Raised as raised:
        problem = str(raised)
    except Exception as error:  # the check could not digest what the answer returned
        problem = (
            f"expected an answer of another kind: using yours raised {_named(error)}. Hint: compare its type and shape with the prompt."
        )
    if problem is None:
        return Result(CORRECT, f"{name}correct. {praise}".strip())
    return Result(WRONG, name + problem)


def exercise(number: str, praise: str = "") -> Callable:
    """Register a check under the exercise's number; `praise` is said after "correct.". Raises ValueError for a number given twice."""

    def register(function: Callable) -> Callable:
        known = _checks.get(number, (function,))[0]
        if (known.__module__, known.__qualname__) != (function.__module__, function.__qualname__):
            raise ValueError(
                f"exercise {number} has two checks, {known.__qualname__} and {function.__qualname__}: give each its own number"
            )
        _checks[number] = (function, praise)
        return function

    return register


def compare(
    got: object,
    expected: object,
    slips: Mapping[str, object] | None = None,
    hint: str = "",
    rtol: float = 1e-4,
    stderr: object = None,
    what: str = "",
) -> str | None:
    """None if `got` meets `expected`, else "expected ..., got .... Hint: ...".

    got, expected: numbers, arrays or tensors; the shapes must be equal (0-dimensional and one number are the same).
    slips: hint → the value that this slip gives; the first that fits `got` gives its hint, else `hint` does.
    rtol: largest difference, relative to the largest magnitude of `expected`. stderr: the standard error of `got`, where it is random;
    then every difference must be within five of them. what: what is compared, such as "the gradient for σ".
    """
    right, mine = _tensor(expected), _tensor(got)
    if _close(mine, right, rtol, stderr):
        return None
    label = f"{what}: " if what else ""
    fitting = (text for text, value in (slips or {}).items() if _close(mine, _tensor(value), rtol, stderr))
    hint = next(fitting, hint)
    advice = f" Hint: {hint}" if hint else ""
    if mine.shape != right.shape:
        return f"{label}expected shape {tuple(right.shape)}, got {tuple(mine.shape)}.{advice}"
    return f"{label}expected {_show(right, mine, right)}, got {_show(mine, mine, right)}.{advice}"


def numbers(notebook: int) -> list[str]:
    """The exercises of a notebook that have a check, in order."""
    name = f"{__package__}.lessons.nb{notebook:02d}.checks"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(str(error.name)):  # a check's own import failed
            raise
    return sorted((n for n in _checks if n.split(".")[0] == str(notebook)), key=lambda n: int(n.split(".")[1]))


def _find(number: str) -> tuple[Callable, str]:
    if not isinstance(number, str) or not re.fullmatch(r"\d+\.\d+", number):
        raise ValueError(f'expected the number of an exercise as text, such as "4.2", got {number!r}')
    known = numbers(int(number.split(".")[0]))
    if number not in known:
        raise ValueError(
            f"there is no exercise {number}: " + (f"this notebook has {', '.join(known)}" if known else "its notebook has none")
        )
    return _checks[number]


class _Raised(Exception):
    """The reader's own code raised; the text says what and where."""


def _watch(answer: Callable) -> Callable:
    """The reader's function, with "not attempted" and exceptions told apart from answers."""

    @functools.wraps(answer)
    def watched(*args, **kwargs):
        try:
            value = answer(*args, **kwargs)
        except NotImplementedError:
            raise NotAttempted from None
        except Exception as error:
            raise _Raised(f"your code raised {_named(error)}{_line_of(error, answer)}. Hint: {_advice(error)}") from None
        if value is ... or (isinstance(value, tuple) and value and all(v is ... for v in value)):
            raise NotAttempted
        if value is None:
            if _is_empty(answer):
                raise NotAttempted
            raise _Raised("expected a value, got None. Hint: is a `return` missing?")
        return value

    return watched


def _is_empty(function: Callable) -> bool:
    """Is the body no more than `...` or `pass`? Such a body compiles to as little code as there can be."""
    return len(function.__code__.co_code) <= len((lambda: None).__code__.co_code)


def _named(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _line_of(error: Exception, function: Callable) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == function.__code__.co_filename]
    return f" at `{frames[-1].line}`" if frames and frames[-1].line else ""


def _advice(error: Exception) -> str:
    if isinstance(error, NameError):
        return "the name is not defined: run the first cell of the notebook, and use only what it imports."
    if isinstance(error, TypeError) and "argument" in str(error):
        return "keep the name and the parameters of the stub."
    return "print the shapes of the inputs inside your function, and go through it line by line."


def _tensor(value: object) -> Tensor:
    """A float64 tensor of anything that holds numbers; one number has no dimensions."""
    if isinstance(value, (list, tuple)):
        value = torch.stack([_tensor(v) for v in value])
    tensor = torch.as_tensor(value).detach().cpu().double()
    return tensor.reshape(()) if tensor.numel() == 1 else tensor


def _close(got: Tensor, expected: Tensor, rtol: float, stderr: object) -> bool:
    if got.shape != expected.shape:
        return False
    largest = expected.nan_to_num(posinf=0.0, neginf=0.0).abs().max()
    allowed = 5 * _tensor(stderr) if stderr is not None else rtol * largest + 1e-7
    return bool(((got == expected) | ((got - expected).abs() <= allowed)).all())  # the first is for answers that are rightly infinite


def _show(values: Tensor, got: Tensor, expected: Tensor) -> str:
    """A few numbers whole; of many, the one that is furthest off."""
    if values.numel() <= 4:
        return str([_number(v) for v in values.flatten().tolist()]).replace("'", "") if values.dim() else _number(values.item())
    worst = int((got - expected).abs().nan_to_num(math.inf).argmax())
    where = torch.unravel_index(torch.tensor(worst), values.shape)
    return f"{_number(values.flatten()[worst].item())} at [{', '.join(str(int(i)) for i in where)}]"


def _number(value: float) -> str:
    return f"{value:.4g}"

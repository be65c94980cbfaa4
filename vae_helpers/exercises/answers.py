"""What a check gets in place of the reader's function: the same function, watched."""

import functools
import inspect
import traceback
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


class NotAttempted(Exception):
    """Raised when the answer is still the stub. A check may raise it where this package cannot see that for itself."""


class Said(Exception):
    """What is wrong with the answer, as the sentence that the reader sees; raised where there are no values to compare."""


def watch(answer: Callable) -> Callable:
    """The reader's function on copies of its inputs, with "not attempted", exceptions and changed inputs told apart from answers."""

    @functools.wraps(answer)
    def watched(*args, **kwargs):
        before, handed = ((list(map(handed_over, args)), {key: handed_over(v) for key, v in kwargs.items()}) for _ in range(2))
        try:
            value = answer(*handed[0], **handed[1])
        except NotImplementedError:
            raise NotAttempted from None
        except Exception as error:
            raise Said(f"your code raised {named(error)}{_line_of(error, answer)}. Hint: {_advice(error)}") from None
        if value is ... or (isinstance(value, tuple) and value and all(v is ... for v in value)):
            raise NotAttempted
        if value is None and _is_empty(answer):
            raise NotAttempted
        if changed := _changed(answer, before, handed):
            raise Said(
                f"your function changes its input {changed}, and whoever called it still needs that. "
                f"Hint: which line writes into `{changed}`? `+=` and functions whose names end in `_` do, as does `{changed}[...] = ...`."
            )
        if value is None:
            raise Said("expected a value, got None. Hint: is a `return` missing?")
        return value

    return watched


def handed_over(value: object) -> object:
    """A copy of what can be changed (a tensor's copy carries gradients to the original), a tensor of a float, else the thing itself."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(v if isinstance(v, float) else handed_over(v) for v in value)
    return {key: handed_over(v) for key, v in value.items()} if isinstance(value, dict) else value


def named(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _changed(answer: Callable, before: tuple, after: tuple) -> str:
    """The name of the first input that is not what it was, or ""."""
    try:
        names = list(inspect.signature(answer).bind(*before[0], **before[1]).arguments)
    except (TypeError, ValueError):  # a builtin without a signature, or one that takes any number
        names = []
    pairs = zip([*before[0], *before[1].values()], [*after[0], *after[1].values()], strict=True)
    return next((names[i] if i < len(names) else f"number {i + 1}" for i, pair in enumerate(pairs) if not _same(*pair)), "")


def _same(a: object, b: object) -> bool:
    if isinstance(a, Tensor):
        return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | ((a != a) & (b != b))).all())
    if isinstance(a, np.ndarray):
        return _same(torch.from_numpy(a), torch.from_numpy(b)) if a.dtype.kind in "biuf" else np.array_equal(a, b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(_same(a[key], b[key]) for key in a)
    return a is b or type(a) is type(b) and a == b


def _is_empty(function: Callable) -> bool:
    """Is the body no more than `...` or `pass`? Such a body compiles to as little code as there can be."""
    code = getattr(function, "__code__", None)
    return code is not None and len(code.co_code) <= len((lambda: None).__code__.co_code)


def _line_of(error: Exception, function: Callable) -> str:
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" at `{frames[-1].line}`" if frames and frames[-1].line else ""


def _advice(error: Exception) -> str:
    if isinstance(error, NameError):
        return "the name is not defined: has the first cell of the notebook run, does it import that name, or do you?"
    if "NoneType" in str(error):
        return "something is None there: may an input be missing, or has a function of yours no `return`?"
    if isinstance(error, TypeError) and "argument" in str(error):
        return "keep the name and the parameters of the stub."
    return "print the shapes of the inputs inside your function, and go through it line by line."

"""The checks of the exercises: `exercises.check("4.2", kl_full)` says "not attempted yet", "correct", or what came and a hint.

The checks of notebook 04 live in `lessons/nb04/checks.py`, loaded when an exercise of that notebook is first checked. A check gets the
reader's answer and returns None when it is right, else one sentence with the values and a hint, which `compare` writes:

    @exercise("4.2", praise="The trace counts the variances, the quadratic form the means.")
    def kl_full(answer):
        for mu, cov in ((fixed_mu, fixed_cov), drawn(draws())):  # a case that shows every slip, and one that is new at each try
            exact = kl_divergence(...)
            slips = {"The factor ½ in front is missing.": 2 * exact}
            question, formula = "What must it be for q = p?", "½ [log det Σp − log det Σq − ...]."
            if problem := compare(answer(mu, cov), exact, slips, question, formula=formula):
                return problem

A hint names a slip only where the slip was recognised; else it asks, and from the second failed try on the formula follows. Two results:
`reverse, forward = several(answer(cov), "reverse", "forward")`. A lesson on gradients: `compare(gradient(answer(mu), mu), ...)`.
Random answers are compared within five standard errors: `compare(mean, exact, stderr=se)`. Judgements are words: `word`, `verdicts`,
`letters` read them whatever their case, spaces and signs; `judged` compares a table of them. A function and what it says when it is
tried, `check("7.2", (paired, spare))`: `function, spare = answer`, and, when it is right, `compare(filled_in(spare, ...), ...)`.

What no check needs to think of (`answers.watch`): the answer gets copies of tensors, arrays and lists, and is told when it changes them;
plain floats come as tensors, so that torch.exp takes them; gradients are on, whatever the notebook switched off; a function that still
returns None or `...` counts as not attempted, and an exception in it becomes a message with the line at fault.
"""

import importlib
import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch

from .. import runtime
from . import comparing
from .answers import NotAttempted, Said, named, watch
from .comparing import compare, gradient, several
from .judging import judged, letters, verdicts, word

__all__ = [
    "NotAttempted",
    "Result",
    "check",
    "compare",
    "draws",
    "exercise",
    "filled_in",
    "grade",
    "gradient",
    "judged",
    "letters",
    "numbers",
    "several",
    "verdicts",
    "word",
]

NOT_ATTEMPTED, CORRECT, WRONG = "not attempted", "correct", "wrong"
_checks: dict[str, tuple[Callable, str]] = {}
_tries, _failed = Counter(), Counter()  # by number, since the notebook was started; failed: in a row


class Result(NamedTuple):
    """What `grade` found: `status` is "not attempted", "correct" or "wrong"; `message` is the sentence that the reader sees."""

    status: str
    message: str


def check(number: str, answer: object) -> None:
    """Print how `answer` does on exercise `number`, such as "4.2". No answer makes it raise; an unknown number does (ValueError)."""
    print(grade(number, answer).message)


def grade(number: str, answer: object) -> Result:
    """What `check` prints, with the status."""
    function, praise = _find(number)
    name = f"Exercise {number}: "
    _tries[number] += 1
    try:
        if answer is None or answer is ... or isinstance(answer, tuple | list) and answer and all(v is ... or v is None for v in answer):
            raise NotAttempted
        comparing.show_formula = _failed[number] > 0
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):  # the notebook's own random numbers go on as if nothing had run
            warnings.simplefilter("ignore")
            with torch.inference_mode(False), torch.enable_grad():
                problem = function(_watched(answer))
    except NotAttempted:
        return Result(NOT_ATTEMPTED, name + "not attempted yet.")
    except Said as said:
        problem = str(said)
    except Exception as error:  # the check could not digest what the answer returned
        problem = (
            f"expected an answer of another kind: using yours raised {named(error)}. Hint: compare its type and shape with the prompt."
        )
    finally:
        comparing.show_formula = True  # for whoever compares outside of a check
    if problem is None:
        _failed[number] = 0
        return Result(CORRECT, f"{name}correct. {praise}".strip())
    _failed[number] += 1
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


def draws() -> torch.Generator:
    """Random numbers for a check, others at each try: what an earlier message printed is no answer to the next one."""
    return runtime.generator(1_000_000 + sum(_tries.values()))


def filled_in(value: object, name: str, function: str) -> object:
    """What the reader found with a function that is right by now; the check ends with a sentence where it is still open."""
    if value is ... or value is None:
        raise Said(f"`{function}` is right. Hint: what does it say when you try it as the prompt asks? Fill in `{name}`, too.")
    return value


def numbers(notebook: int) -> list[str]:
    """The exercises of a notebook that have a check, in order."""
    name = f"{__package__.rpartition('.')[0]}.lessons.nb{notebook:02d}.checks"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(str(error.name)):  # a check's own import failed
            raise
    return sorted((n for n in _checks if n.split(".")[0] == str(notebook)), key=lambda n: int(n.split(".")[1]))


def _watched(answer: object) -> object:
    """The function watched, alone or as the first of several things handed in."""
    if isinstance(answer, tuple) and callable(answer[0]):
        return (_watched(answer[0]), *answer[1:])
    return watch(answer) if callable(answer) and not isinstance(answer, type) else answer


def _find(number: str) -> tuple[Callable, str]:
    if not isinstance(number, str) or not re.fullmatch(r"\d+\.\d+", number):
        raise ValueError(f'expected the number of an exercise as text, such as "4.2", got {number!r}')
    known = numbers(int(number.split(".")[0]))
    if number not in known:
        raise ValueError(
            f"there is no exercise {number}: " + (f"this notebook has {', '.join(known)}" if known else "its notebook has none")
        )
    return _checks[number]

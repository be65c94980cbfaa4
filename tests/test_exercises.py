"""Exercises: the contract of `vae_helpers.exercises`, and every exercise of every notebook held to it.

In a notebook: a heading `### Exercise 4.2 · title` with the prompt, a stub cell (tag `exercise-stub`), a check cell (tag `exercise-check`,
`exercises.check("4.2", name)`), a solution cell (tag `solution`, markdown, `<details>` around one ```python block). The untouched stub must
count as not attempted, the solution as correct, and each wrong answer (tests/lessons/nb04/wrong_answers.py) as wrong
with the hint it deserves; under RIGHT stand right answers of another kind. Where that file says `STRICT = True`
(in the end: everywhere), the checks are also held to what `weak` says.
"""

import ast
import contextlib
import functools
import math
import re
import runpy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from freshness import read
from notebook_reading import NOTEBOOKS, after_setup, number, tags

from vae_helpers import exercises
from vae_helpers.exercises import CORRECT, NOT_ATTEMPTED, WRONG, compare, draws, exercise, grade, gradient, letters, several, verdicts, word
from vae_helpers.exercises.answers import NotAttempted, Said, watch

INF = float("inf")
AT_LEAST = {"00": 0}  # exercises a notebook must have, where three would make no sense: 00 is the map
HEADING = re.compile(r"^### Exercise (\d+\.\d+) · \S", re.MULTILINE)
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


class Exercise(NamedTuple):
    """One exercise as its notebook holds it: what runs, and the expression handed to the check."""

    number: str
    answer: str
    stub: str
    solution: str


def find_exercises(notebook: dict) -> list[Exercise]:
    """The exercises of a notebook, in order. Raises AssertionError, with the number, where a part is missing or out of place."""
    cells = notebook["cells"]
    found, roles = [], []
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "markdown" and (heading := HEADING.search(cell["source"])) and "solution" not in tags(cell):
            roles.append((index, "heading", heading[1]))
        roles += [(index, role, "") for role in ("exercise-stub", "exercise-check", "solution") if role in tags(cell)]
    for start in range(0, len(roles), 4):
        part = roles[start : start + 4]
        name = part[0][2] or f"before cell {part[0][0]}"
        order = [role for _, role, _ in part]
        assert order == ["heading", "exercise-stub", "exercise-check", "solution"], (
            f"exercise {name}: expected heading, exercise-stub, exercise-check, solution in this order, got {', '.join(order)}"
        )
        stub, check, solution = (cells[index] for index, _, _ in part[1:])
        called, answer = _check_call(check["source"], name)
        assert called == name, f"exercise {name}: its check cell checks {called}"
        assert solution["cell_type"] == "markdown" and "<details>" in solution["source"], (
            f"exercise {name}: the solution is not folded in <details>"
        )
        blocks = BLOCK.findall(solution["source"])
        assert len(blocks) == 1, f"exercise {name}: the solution has {len(blocks)} ```python blocks, expected one"
        found.append(Exercise(name, answer, stub["source"], blocks[0]))
    return found


def _check_call(source: str, name: str) -> tuple[str, str]:
    """Number and answer expression of `exercises.check("4.2", kl_full)`."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "exercises.check"]
    assert len(calls) == 1 and len(calls[0].args) == 2, f'exercise {name}: expected one exercises.check("{name}", answer) in its check cell'
    return ast.literal_eval(calls[0].args[0]), ast.unparse(calls[0].args[1])


def outcome(task: Exercise, source: str, namespace: dict) -> exercises.Result:
    """The grade of an answer given as source, in a namespace that the setup cells made."""
    return grade(task.number, answered(task, source, namespace))


def answered(task: Exercise, source: str, namespace: dict) -> object:
    """What the check cell hands over. Names that `source` leaves out are the stub's; if it has no function where one is asked for, the
    solution's function stands: only what it says when it is tried is in question."""
    namespace = dict(namespace)
    for part in (task.solution if "def " in task.stub and "def " not in source else task.stub, source):
        exec(compile(part, f"<exercise {task.number}>", "exec"), namespace)
    return eval(task.answer, namespace)


def problems(notebook: dict, wrong: dict, namespace: dict) -> list[str]:
    """Everything in which the exercises of a notebook break the contract."""
    found = []
    for task in find_exercises(notebook):
        for expected, source, hint in [
            (NOT_ATTEMPTED, task.stub, ""),
            (CORRECT, task.solution, ""),
            *[(WRONG, source, hint) for source, hint in wrong.get(task.number, [])],
        ]:
            result = outcome(task, source, namespace)
            if result.status != expected or hint not in result.message:
                found.append(f"{result.message!r} should be {expected}{f' and say {hint!r}' if hint else ''}, for:\n{source}")
        if len(wrong.get(task.number, [])) < 2:
            found.append(f"exercise {task.number} has {len(wrong.get(task.number, []))} wrong answers, expected at least two")
    return found


def weak(task: Exercise, namespace: dict, replays: tuple[str, ...] = ()) -> list[str]:
    """What every check must notice: constants, values of an earlier try, changed inputs. Where it recognises nothing, it asks."""
    whole, found, said = answered(task, task.solution, namespace), [], []
    for _ in range(3):  # with other draws at each try
        result = grade(task.number, whole)
        if result.status != CORRECT:
            found.append(f"{result.message!r} for the solution, at another draw")
    several_parts = isinstance(whole, tuple)  # a function, and what it says when it is tried
    solution = whole[0] if several_parts else whole
    if not callable(solution):
        return found

    def graded(function) -> exercises.Result:
        function = functools.wraps(solution)(function)
        return grade(task.number, (function, *whole[1:]) if several_parts else function)

    def remembers(*args, **kwargs):
        said.append(solution(*args, **kwargs))
        return said[-1]

    def changes(*args, **kwargs):
        value = solution(*args, **kwargs)
        for tensor in filter(torch.is_tensor, [*args, *kwargs.values()]):
            with torch.no_grad():
                touched.append(tensor.fill_(1) if tensor.dtype == torch.bool else tensor.add_(1))
        return value

    touched = []
    graded(remembers)
    if not said:
        return [*found, f"exercise {task.number} never hears the solution out"]
    first, again = said[0], iter(list(said))
    if len(said) < 2:
        found.append(f"exercise {task.number} tries one case, expected at least two")
    cases = {"a constant": lambda: first, "the values of the try before: draw one case with `draws()`": lambda: next(again)}
    for what, value in ({} if task.number in replays else cases).items():
        if graded(lambda *_, value=value, **__: value()).status != WRONG:
            found.append(f"exercise {task.number} accepts {what}")
    result = graded(changes)
    if touched and "changes its input" not in result.message:
        found.append(f"{result.message!r} for an answer that changes its input")
    for off in (torch.no_grad, torch.inference_mode, _doubles):  # what a notebook may have switched
        with off():
            if (result := grade(task.number, whole)).status != CORRECT:
                found.append(f"{result.message!r} for the solution, under {off.__name__}")
    if several_parts and "Fill in `" not in (message := grade(task.number, (solution, ...)).message):
        found.append(f"{message!r} where the second part is still open")
    grade(task.number, whole)  # no failed try so far
    nonsense = [graded(lambda *args, **kwargs: 0.12345).message for _ in range(2)]
    if not nonsense[0].endswith("?") and " results, (" not in nonsense[0]:  # `several` says what to return
        found.append(f"{nonsense[0]!r} for a value that no slip gives: expected a question")
    return found


@contextlib.contextmanager
def _doubles():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def wrong_answers(path: Path) -> dict[str, list[tuple[str, str]]]:
    return _told(path).get("WRONG", {})


def _told(path: Path) -> dict:
    file = Path(__file__).parent / f"lessons/nb{number(path)}/wrong_answers.py"
    return runpy.run_path(str(file)) if file.exists() else {}


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if _told(path).get("STRICT")], ids=lambda path: path.stem)
def test_no_check_is_weak(path):
    found = [problem for task in find_exercises(read(path)) for problem in weak(task, after_setup(path), _told(path).get("REPLAYS", ()))]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_exercises_of_the_notebook_keep_the_contract(path):
    notebook = read(path)
    numbers = [task.number for task in find_exercises(notebook)]
    assert len(numbers) >= AT_LEAST.get(number(path), 3), f"{len(numbers)} exercises, expected {AT_LEAST.get(number(path), 3)}"
    assert numbers == exercises.numbers(int(number(path))), "the notebook's exercises and the registered checks differ"
    found = problems(notebook, wrong_answers(path), after_setup(path))
    for task in find_exercises(notebook):
        for source in _told(path).get("RIGHT", {}).get(task.number, []):
            if (result := outcome(task, source, after_setup(path))).status != CORRECT:
                found.append(f"{result.message!r} for an answer that is right too:\n{source}")
    assert not found, "\n\n".join(found)


# ---------------------------------------------------------------- the contract itself


@pytest.fixture
def half_square():
    """Exercise 77.1: half the square of x, summed over the last axis."""

    @exercise("77.1", praise="A spring.")
    def half_square(answer):
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        exact = (x**2).sum(-1) / 2
        slips = {"The factor ½ is missing.": 2 * exact, "Sum over the last axis.": x**2 / 2}
        return compare(answer(x), exact, slips=slips, hint="Draw it.", formula="x²/2.")

    yield half_square
    exercises._checks.pop("77.1")
    exercises._failed.clear()


def square(x):
    return (x**2).sum(-1)


def stub(x):
    """Half the square."""
    ...


def forgets_return(x):
    (x**2).sum(-1)


def unfinished(x):
    raise NotImplementedError


def broken(x):
    return x @ x


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (lambda x: (x**2).sum(-1) / 2, CORRECT, "Exercise 77.1: correct. A spring."),
        (square, WRONG, "Exercise 77.1: expected [2.5, 12.5, 30.5], got [5, 25, 61]. Hint: The factor ½ is missing."),
        (lambda x: x**2 / 2, WRONG, "expected shape (3,), got (3, 2). Hint: Sum over the last axis."),
        (lambda x: (x**3).sum(-1), WRONG, "Hint: Draw it."),
        (lambda x: (x**2).sum(-1) / 0 * float("nan"), WRONG, "got [nan, nan, nan]"),
        (lambda x: [2.5, 12.5, 30.5], CORRECT, ""),
        (lambda x: "12.5", WRONG, "expected a number, got '12.5'. Hint: which number is it, without quotes?"),
        (lambda x: [2.5, None, 30.5], WRONG, "expected a number, got None"),
        (lambda x: [2.5, ..., 30.5], WRONG, "expected a number, got nothing yet"),
        (lambda x: (), WRONG, "expected shape (3,), got (0,)"),
        (lambda x: (x - 9).sum(-1).tolist()[0] ** 0.5, WRONG, "expected real numbers, got complex ones. Hint: where is a root"),
        (stub, NOT_ATTEMPTED, "Exercise 77.1: not attempted yet."),
        (unfinished, NOT_ATTEMPTED, "not attempted yet"),
        (lambda x: ..., NOT_ATTEMPTED, ""),
        (None, NOT_ATTEMPTED, ""),
        (..., NOT_ATTEMPTED, ""),
        ((..., None), NOT_ATTEMPTED, ""),
        (forgets_return, WRONG, "is a `return` missing?"),
        (broken, WRONG, "your code raised RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2) at `return x @ x`. Hint:"),
        (lambda x: x + forgets_return(x), WRONG, "something is None there"),
        (lambda: 1, WRONG, "keep the name and the parameters of the stub"),
        (lambda x: undefined_name, WRONG, "use only what it imports"),  # noqa: F821
        (3, WRONG, "an answer of another kind"),
    ],
)
def test_every_kind_of_answer_gets_its_sentence(half_square, answer, status, message):
    result = grade("77.1", answer)
    assert result.status == status, result
    assert message in result.message


def test_check_prints_the_sentence_and_returns_nothing(half_square, capsys):
    assert exercises.check("77.1", square) is None
    assert capsys.readouterr().out == grade("77.1", square).message + "\n"


def test_a_check_leaves_the_random_numbers_of_the_notebook_alone(half_square):
    torch.manual_seed(0)
    grade("77.1", lambda x: torch.rand(3))
    after = torch.rand(1)
    torch.manual_seed(0)
    assert after == torch.rand(1)


def test_two_numbers_that_differ_look_different():
    assert compare(11.261, 11.264, hint="Why?") == "expected 11.264, got 11.261. Hint: Why?"
    assert compare([1.0, 2.00041], [1.0, 2.0]) == "expected [1, 2], got [1, 2.0004]."
    assert compare(1.0, float("nan")) == "expected nan, got 1."


@pytest.mark.parametrize(
    ("got", "hint"),
    [
        ([[2.5, 12.75]], "The numbers are right, their shape is not: which axis is one too many, or missing?"),
        ([12.75, 2.5], "The numbers are right, in the opposite order: which of them comes first?"),
        ([2.0, 12.0], "Are whole numbers asked for?"),
        ([2.5, 12.8], "Was it rounded on the way?"),
        ([2.5, float("nan")], "Where does it come from: a division by 0"),
        ([2.5, -INF], "Where does it come from: a division by 0"),
        ([0.0, 0.0], "Why?"),
        ([1.0, 1.0], "Why?"),
    ],
)
def test_what_goes_wrong_in_any_answer_is_recognised(got, hint):
    message = compare(got, [2.5, 12.75], hint="Why?")
    assert f"Hint: {hint}" in message and message.endswith(("?", "after the point.", "every digit."))
    assert compare(got, [2.5, 12.75], {"A slip of this exercise.": got}, "Why?").endswith("A slip of this exercise.")


def test_rows_for_columns():
    assert "rows and columns are exchanged" in compare(torch.arange(6.0).reshape(2, 3).T, torch.arange(6.0).reshape(2, 3), hint="Why?")
    assert compare([1.0, 0.0], [1.0, INF], hint="Why?").endswith("Why?")


WORDS = ("not shown", "lost ½", "log σ² used as σ", "−KL logged as KL")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (" Not_Shown ", "not shown"),
        ("'not-shown'.", "not shown"),
        ("Lost 1/2", "lost ½"),
        ("log sigma^2 used as sigma", "log σ² used as σ"),
        ("-KL logged as KL", "−KL logged as KL"),
        ("log σ^2 used as σ", "log σ² used as σ"),
    ],
)
def test_a_word_is_read_however_it_is_typed(given, meant):
    assert word(given, WORDS) == meant


def test_another_word_is_refused():
    for given in ("shown", "not shown, lost ½", 3, None, [], ...):
        with pytest.raises(Said, match="d: expected one of 'not shown', 'lost ½'.*Hint: which fits.$"):
            word(given, WORDS, "d")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"A": "Yes", "B": "no"}, {"A": "yes", "B": "no"}),
        ({"b": "no", "a": "yes"}, {"A": "yes", "B": "no"}),
        (("yes", "no"), {"A": "yes", "B": "no"}),
        ({"A": "yes", "B": ...}, {"A": "yes", "B": ""}),
        ({"A": "yes"}, {"A": "yes", "B": ""}),
        ({"A": ..., "B": None}, NotAttempted),
        ({"A": "yes", "C": "no"}, "got 'C' too"),
        ({"A": "yes", "B": "maybe"}, "B: expected one of 'yes', 'no', got 'maybe'"),
        (["yes"], "expected a dictionary with the keys A, B"),
        ("yes", "expected a dictionary with the keys A, B"),
    ],
)
def test_verdicts_are_read_and_what_is_open_is_empty(given, found):
    if isinstance(found, dict):
        assert verdicts(given, "AB", ("yes", "no")) == found
    else:
        with pytest.raises(NotAttempted if found is NotAttempted else Said, match=None if found is NotAttempted else found):
            verdicts(given, "AB", ("yes", "no"))


@pytest.mark.parametrize("given", ["BCD", "b, c and d", ["B", "C", "D"], {"D", "C", "B"}, ("B", "CD"), "{D} C B"])
def test_letters_in_any_order_and_dress(given):
    assert letters(given, "ABCD") == set("BCD")


@pytest.mark.parametrize(("given", "came"), [("BX", "'X'"), ("row B", "'O'"), (7, "7")])
def test_other_letters_are_refused(given, came):
    with pytest.raises(Said, match=rf"expected letters from A to D.*, got {came}. Hint"):
        letters(given, "ABCD")
    assert letters("none", "ABCD") == letters("", "ABCD") == set()


def test_a_small_number_beside_a_large_one_is_compared_as_well():
    assert compare([1000.0, 0.3], [1000.0, 0.1], rtol=1e-4) is not None
    assert compare(torch.tensor([1000.0, 1e-5]), [1000.0, 0.0]) is None  # rounding


def test_the_formula_comes_at_the_second_failed_try(half_square):
    first, second = (grade("77.1", lambda x: x.sum(-1)).message for _ in range(2))
    assert first.endswith("Hint: Draw it.") and second.endswith("Hint: Draw it. x²/2.")
    assert grade("77.1", lambda x: x.square().sum(-1) / 2).status == CORRECT
    assert grade("77.1", lambda x: x.sum(-1)).message.endswith("Hint: Draw it.")  # counted anew
    assert grade("77.1", square).message.endswith("The factor ½ is missing.")  # a slip that was recognised needs no formula


@pytest.mark.parametrize(
    ("answer", "value", "name"),
    [
        (lambda x: x.mul_(0), torch.ones(3), "x"),
        (lambda x: x.__setitem__(0, 7.0) or 1, np.ones(3), "x"),
        (lambda *, x: x.append(1) or 1, [1, 2], "x"),
        (lambda n, *rest: rest[0].zero_(), torch.ones(2), "rest"),
        (lambda x: x.t_(), torch.ones(2, 3), "x"),
        (lambda x: x["a"].fill_(float("nan")), {"a": torch.ones(1)}, "x"),
    ],
)
def test_an_answer_that_changes_its_input_is_told_so_and_harms_nobody(answer, value, name):
    before = repr(value)
    with pytest.raises(Said, match=f"your function changes its input {name}, "):
        watch(answer)(**{name: value}) if name == "x" else watch(answer)(1, value)
    assert repr(value) == before


def test_inputs_that_stay_as_they_are_pass_also_with_nan():
    assert watch(lambda x, y: x + 1)(torch.tensor([1.0, float("nan")]), {"a": [np.ones(2), "b", None, math.pi]}).isnan().tolist() == [
        False,
        True,
    ]


def test_gradients_pass_to_the_input_whatever_the_notebook_switched_off(half_square):
    @exercise("77.3")
    def slope(answer):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        return compare(*gradient(answer(x), x), 2 * x)

    try:
        for off in (torch.no_grad, torch.inference_mode, torch.enable_grad):
            with off():
                assert grade("77.3", square).status == CORRECT
        message = grade("77.3", lambda x: square(x).detach()).message
        assert "expected a result that autograd can differentiate, got plain numbers. Hint: where is the way back cut?" in message
        assert "expected [2, 4], got [0, 0]" in grade("77.3", lambda x: torch.zeros(1, requires_grad=True)).message
    finally:
        exercises._checks.pop("77.3")


def test_plain_floats_come_as_tensors():
    assert watch(lambda x, n: torch.exp(x) * n)(1.0, 2).item() == pytest.approx(2 * math.e)
    assert watch(lambda x, n: math.exp(x) * n)(1.0, 2) == 2 * math.e
    assert watch(lambda x, n: isinstance(n, int))(1.0, 2)


def test_two_results_may_come_stacked():
    for value in ((1, 2), [1, 2], torch.tensor([1, 2]), np.array([[1.0, 2], [3, 4]])):
        assert len(several(value, "a", "b")) == 2
    for value, came in (
        (torch.ones(3, 2), r"a tensor of shape \(3, 2\)"),
        ((1, 2, 3), "3 results"),
        (7, "one int"),
        (torch.tensor(1), "one Tensor"),
    ):
        with pytest.raises(Said, match=rf"expected 2 results, \(a, b\), got {came}. Hint: does it end with `return a, b`\?"):
            several(value, "a", "b")


def test_each_try_draws_other_numbers(half_square):
    seen = []
    for _ in range(3):
        grade("77.1", lambda x: seen.append(torch.rand(1, generator=draws()).item()))
    assert len(set(seen)) == 3


def test_random_answers_are_compared_within_five_standard_errors():
    assert compare(1.4, 1.0, stderr=0.1) is None
    assert compare(1.6, 1.0, stderr=0.1) == "expected 1, got 1.6."


@pytest.mark.parametrize(
    ("got", "right"), [([INF, 1], True), ([5, 1], False), ([INF, 2], False), ([-INF, 1], False), ([float("nan"), 1], False)]
)
def test_infinite_answers(got, right):
    assert (compare(got, [INF, 1]) is None) == right


def test_of_many_numbers_the_worst_is_shown():
    got = torch.zeros(3, 4)
    got[1, 2] = 7
    assert compare(got, torch.zeros(3, 4), what="the gradient") == "the gradient: expected 0 at [1, 2], got 7 at [1, 2]."


@pytest.mark.parametrize("number", ["77.2", "4", 4.2, "x.y"])
def test_an_unknown_exercise_is_an_error(half_square, number):
    with pytest.raises(ValueError, match="there is no exercise 77.2: this notebook has 77.1|expected the number of an exercise"):
        grade(number, square)


def test_one_number_one_check(half_square):
    with pytest.raises(ValueError, match="exercise 77.1 has two checks"):
        exercise("77.1")(square)


# ---------------------------------------------------------------- the tests above can fail

GOOD = {
    "heading": ("markdown", [], "### Exercise 77.1 · A spring\nHalf the square of x, summed."),
    "stub": ("code", ["exercise-stub"], "def spring(x):\n    ..."),
    "check": ("code", ["exercise-check"], 'exercises.check("77.1", spring)'),
    "solution": (
        "markdown",
        ["solution"],
        "<details><summary>Solution</summary>\n\n```python\ndef spring(x):\n    return (x**2).sum(-1) / 2\n```\n</details>",
    ),
}
GOOD_WRONG = {
    "77.1": [
        ("def spring(x):\n    return (x**2).sum(-1)", "½ is missing"),
        ("def spring(x):\n    return x**2 / 2", "Sum over the last axis"),
    ]
}


def page(**changed) -> dict:
    parts = {name: cell for name, cell in (GOOD | changed).items() if cell}
    return {"cells": [{"cell_type": kind, "metadata": {"tags": tags}, "source": source} for kind, tags, source in parts.values()]}


def test_a_good_exercise_has_no_problem(half_square):
    assert problems(page(), GOOD_WRONG, {}) == []


@pytest.mark.parametrize(
    ("changed", "wrong", "message"),
    [
        ({"stub": ("code", ["exercise-stub"], "def spring(x):\n    return x")}, GOOD_WRONG, "should be not attempted"),
        ({"solution": (*GOOD["solution"][:2], GOOD["solution"][2].replace("/ 2", "/ 3"))}, GOOD_WRONG, "should be correct"),
        ({}, {"77.1": GOOD_WRONG["77.1"][:1]}, "has 1 wrong answers"),
        ({}, {"77.1": [*GOOD_WRONG["77.1"], (GOOD["solution"][2].split("python\n")[1].split("```")[0], "")]}, "should be wrong"),
        ({}, {"77.1": [*GOOD_WRONG["77.1"], ("def spring(x):\n    return x.sum(-1)", "½")]}, "and say '½'"),
    ],
)
def test_each_breach_is_reported(half_square, changed, wrong, message):
    assert message in "\n".join(problems(page(**changed), wrong, {}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"solution": None}, "expected heading, exercise-stub, exercise-check, solution"),
        ({"heading": None}, "expected heading"),
        ({"check": ("code", ["exercise-check"], 'exercises.check("77.2", spring)')}, "its check cell checks 77.2"),
        ({"check": ("code", ["exercise-check"], "spring(1)")}, "expected one exercises.check"),
        ({"solution": ("markdown", ["solution"], GOOD["solution"][2].replace("<details>", ""))}, "not folded"),
        ({"solution": ("markdown", ["solution"], "<details>none</details>")}, "0 ```python blocks"),
    ],
)
def test_each_missing_part_is_reported(changed, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        find_exercises(page(**changed))

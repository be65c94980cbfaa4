"""Is what came what was expected? If not, one sentence that shows both and gives a hint."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from .answers import Said

show_formula = True  # `grade` switches it off for the first try


def compare(
    got: object,
    expected: object,
    slips: Mapping[str, object] | None = None,
    hint: str = "",
    rtol: float = 1e-4,
    stderr: object = None,
    what: str = "",
    formula: str = "",
) -> str | None:
    """None if `got` meets `expected`, else "expected ..., got .... Hint: ...".

    got, expected: numbers, arrays or tensors; the shapes must be equal (0-dimensional and one number are the same).
    slips: hint → the value that this slip gives; the first that fits `got` gives its hint. Next come the slips that any answer can have:
    right numbers in another shape or order, cut or rounded ones, nan. Else `hint` does, a question, and from the second failed try on
    `formula` after it.
    rtol: largest difference, relative to each number of `expected` (and a hundredth of it, relative to the largest: rounding errors).
    stderr: the standard error of `got`, where it is random; then every difference must be within five of them.
    what: what is compared, such as "the gradient for σ".
    """
    right, mine = _tensor(expected), _tensor(got)
    if not mine.isnan().any() and _close(mine, right, rtol, stderr):
        return None
    label = f"{what}: " if what else ""
    fitting = (text for text, value in (slips or {}).items() if _close(mine, _tensor(value), rtol, stderr))
    fallback = f"{hint} {formula}".strip() if show_formula else hint
    hint = next(fitting, "") or _common_slip(mine, right, rtol, stderr) or fallback
    advice = f" Hint: {hint}" if hint else ""
    if mine.shape != right.shape:
        return f"{label}expected shape {tuple(right.shape)}, got {tuple(mine.shape)}.{advice}"
    wanted, came = _show(right, mine)
    return f"{label}expected {wanted}, got {came}.{advice}"


def several(value: object, *names: str) -> list:
    """An answer of several results, one for each name: a tuple, a list, or a tensor stacked along its first axis.

    Anything else ends the check with a sentence that says what to return.
    """
    if isinstance(value, tuple | list) or (hasattr(value, "ndim") and value.ndim > 0):
        if len(value) == len(names):
            return list(value)
        came = f"{len(value)} results" if isinstance(value, tuple | list) else f"a tensor of shape {tuple(value.shape)}"
    else:
        came = f"one {type(value).__name__}"
    raise Said(f"expected {len(names)} results, ({', '.join(names)}), got {came}. Hint: does it end with `return {', '.join(names)}`?")


def gradient(result: Tensor, *inputs: Tensor) -> list[Tensor]:
    """d sum(result) / d input for each of `inputs`, as autograd finds it: zeros where an input plays no part.

    A result that autograd cannot differentiate ends the check with a sentence.
    """
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise Said(
            "expected a result that autograd can differentiate, got plain numbers. "
            "Hint: where is the way back cut? `.detach()`, `.item()`, `torch.no_grad()` and a new `torch.tensor(...)` all do that."
        )
    found = torch.autograd.grad(result.sum(), inputs, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def _tensor(value: object) -> Tensor:
    """A float64 tensor of anything that holds numbers; one number has no dimensions."""
    if value is None or value is ... or isinstance(value, str):
        raise Said(f"expected a number, got {'nothing yet' if value is ... else repr(value)}. Hint: which number is it, without quotes?")
    if isinstance(value, (list, tuple)):
        value = torch.stack([_tensor(v) for v in value]) if value else torch.zeros(0)
    tensor = torch.as_tensor(value).detach().cpu()
    if tensor.is_complex():
        raise Said("expected real numbers, got complex ones. Hint: where is a root or a power taken of a negative number?")
    tensor = tensor.double()
    return tensor.reshape(()) if tensor.numel() == 1 else tensor


def _close(got: Tensor, expected: Tensor, rtol: float, stderr: object) -> bool:
    if got.shape != expected.shape:
        return False
    largest = expected.nan_to_num(posinf=0.0, neginf=0.0).abs().max() if expected.numel() else 0.0
    allowed = 5 * _tensor(stderr) if stderr is not None else rtol * (expected.abs() + largest / 100) + 1e-7
    allowed = torch.as_tensor(allowed).nan_to_num(posinf=0.0)
    same = (got == expected) | (got.isnan() & expected.isnan())  # infinite answers may be right, and slips give nan
    return bool((same | ((got - expected).abs() <= allowed)).all())


def _common_slip(got: Tensor, expected: Tensor, rtol: float, stderr: object) -> str:
    """A question about what can go wrong in any answer, if it has gone wrong here, else ""."""

    def fits(value: Tensor) -> bool:
        return _close(value, expected, rtol, stderr)

    if not got.isfinite().all() and expected.isfinite().all():
        return "Where does it come from: a division by 0, the logarithm of 0 or of less, exp of a large number, ∞ − ∞?"
    if got.shape != expected.shape:
        if got.dim() > 1 and fits(got.transpose(0, 1)):
            return "The numbers are right, rows and columns are exchanged: which axis comes first in the prompt?"
        if got.numel() == expected.numel() and fits(got.reshape(expected.shape)):
            return "The numbers are right, their shape is not: which axis is one too many, or missing?"
        return ""
    if not got.any():
        return ""
    if got.dim() and fits(got.flip(0)):
        return "The numbers are right, in the opposite order: which of them comes first?"
    if expected.abs().max() > 1 and any(torch.equal(got, cut(expected)) for cut in (torch.trunc, torch.floor, torch.round)):
        return "Are whole numbers asked for? `//`, `int`, `round` and whole-number tensors drop what comes after the point."
    for digits in (1, 2, 3, 4):
        if torch.allclose(got, expected.round(decimals=digits), rtol=1e-6, atol=1e-9):
            return "Was it rounded on the way? Give back every digit."
    return ""


def _show(expected: Tensor, got: Tensor) -> tuple[str, str]:
    """A few numbers whole, of many the one that is furthest off; with as many digits as it takes to see a difference."""
    for digits in range(4, 18):
        texts = tuple(_few(values, got, expected, digits) for values in (expected, got))
        if texts[0] != texts[1]:
            break
    return texts


def _few(values: Tensor, got: Tensor, expected: Tensor, digits: int) -> str:
    if values.dim() == 0:
        return f"{values.item():.{digits}g}"
    if values.numel() <= 4:
        return f"[{', '.join(f'{v:.{digits}g}' for v in values.flatten().tolist())}]"
    worst = int((got - expected).abs().nan_to_num(math.inf).argmax())
    where = torch.unravel_index(torch.tensor(worst), values.shape)
    return f"{values.flatten()[worst].item():.{digits}g} at [{', '.join(str(int(i)) for i in where)}]"

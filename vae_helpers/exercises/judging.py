"""Answers in words and letters: which of them was meant, however it is written, and what is still open."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from .answers import NotAttempted, Said

_KEYS = str.maketrans(
    {"−": "-", "–": "-", "⁄": "/", "β": "beta", "μ": "mu", "σ": "sigma", "ε": "eps"}
)  # signs that a keyboard may not have


def word(value: object, words: Iterable[str], what: str = "") -> str:
    """The one of `words` that was meant, whatever its case, spaces and signs. Anything else ends the check with a sentence."""
    known = {_plain(one): one for one in words}
    if _plain(value) in known:
        return known[_plain(value)]
    label, came = f"{what}: " if what else "", "nothing yet" if value is ... else repr(value)
    raise Said(f"{label}expected one of {', '.join(map(repr, known.values()))}, got {came}. Hint: which fits?")


def verdicts(value: object, keys: Iterable[str], words: Iterable[str]) -> dict[str, str]:
    """Key → the word chosen for it, from a dictionary, or from a list in the order of `keys`; "" where nothing is filled in yet.

    Raises NotAttempted if nothing is; a missing or unknown key and an unknown word end the check with a sentence.
    """
    keys = list(keys)
    if isinstance(value, tuple | list) and len(value) == len(keys):
        value = dict(zip(keys, value, strict=True))
    if not isinstance(value, Mapping):
        raise Said(f"expected a dictionary with the keys {', '.join(keys)}, got {value!r}. Hint: what does the stub begin with?")
    given = {str(key).strip().upper(): one for key, one in value.items()}
    if strange := [key for key in value if str(key).strip().upper() not in map(str.upper, keys)]:
        raise Said(f"expected the keys {', '.join(keys)}, got {strange[0]!r} too. Hint: which key of the stub is meant?")
    filled = {key: one for key in keys if (one := given.get(key.upper(), ...)) not in (..., None, "")}
    if not filled:
        raise NotAttempted
    return {key: word(filled[key], words, key) if key in filled else "" for key in keys}


def judged(value: object, table: Mapping[str, tuple[str, str]], words: Iterable[str]) -> str | None:
    """None if every key of `table` got its right word; else where it did not, and the question that leads to the first of them.

    table: key → (the right word, the question). Raises as `verdicts` does.
    """
    given = verdicts(value, table, words)
    wrong = [key for key, (right, _) in table.items() if given[key] != right]
    return f"expected another word at {', '.join(wrong)}, the rest is right. Hint: {wrong[0]}: {table[wrong[0]][1]}" if wrong else None


def letters(value: object, allowed: str) -> set[str]:
    """The letters of "BCD", "b, c and d", ["B", "C", "D"] or a set of them. An unknown one ends the check with a sentence."""
    if isinstance(value, str):
        found = {letter for part in re.findall(r"\w+", value.upper()) if part not in ("AND", "NONE") for letter in part}
    elif isinstance(value, Iterable):
        found = set().union(*(letters(part, allowed) for part in value))
    else:
        raise Said(f"expected letters from {allowed[0]} to {allowed[-1]} in a string, got {value!r}. Hint: which letters?")
    if strange := sorted(found - set(allowed)):
        raise Said(f"expected letters from {allowed[0]} to {allowed[-1]}, got {strange[0]!r}. Hint: which rows are meant?")
    return found


def _plain(value: object) -> str:
    """Lower case without spaces and quotes, Greek letters by their names."""
    text = unicodedata.normalize("NFKC", str(value)).lower().translate(_KEYS).replace("epsilon", "eps")
    return re.sub(r"[^\w+/()=]+|_", "", text)

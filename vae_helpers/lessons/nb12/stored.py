"""What the stored rows of notebook 12 say: how far each curve goes and with which seeds, and differences with their errors.

A curve is what has the same settings but for its seed; seeds and lengths may differ from curve to curve, since the sweeps go on.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import hypot
from statistics import mean, stdev
from typing import NamedTuple

TABLES = ("paper_rates", "paper_bound", "paper_likelihood_rates", "paper_likelihood", "paper_table")
FIGURE_2 = {"mnist": (3, 5, 10, 20, 200), "frey_faces": (2, 5, 10, 20)}  # the paper's panels: data, latent sizes


class Difference(NamedTuple):
    """A mean difference over seeds in nats, its standard error, and how many seeds there are."""

    mean: float
    error: float
    seeds: int

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ± {self.error:.1f}".replace("-", "−")

    def sign(self, errors: float = 3.0) -> int:
        """1 or −1 where the difference is more than so many of its errors, else 0: level."""
        return (self.mean > errors * self.error) - (self.mean < -errors * self.error)


def of_figure_2(rows: Iterable[Mapping]) -> list[Mapping]:
    """The rows of the paper's nine panels, without those for its other figures."""
    return [row for row in rows if row["latent_dim"] in FIGURE_2.get(row["data"], ())]


def curves(rows: Iterable[Mapping], *names: str) -> dict[tuple, dict[int, list[Mapping]]]:
    """Values of these settings → seed → the curve's rows, in the order of its points."""
    found: dict[tuple, dict[int, list[Mapping]]] = {}
    for row in sorted(rows, key=lambda row: row["samples"]):
        found.setdefault(tuple(row[name] for name in names), {}).setdefault(row["seed"], []).append(row)
    return dict(sorted(found.items()))


def ahead(rows: Iterable[Mapping], part: str, *names: str, pair: tuple[str, str] = ("AEVB", "wake-sleep")) -> dict[tuple, Difference]:
    """How far the first algorithm is above the second on "train" or "test" images: (*settings, samples) → nats.

    Paired by seed; a point without a seed in common is left out.
    """
    points = curves(rows, *names, "samples", "algorithm")
    found = {}
    for *key, algorithm in points:
        one, other = (points.get((*key, name), {}) for name in pair)
        if algorithm == pair[0] and (shared := sorted(one.keys() & other.keys())):
            found[tuple(key)] = _difference([(_score(one[seed][0], part), _score(other[seed][0], part)) for seed in shared])
    return found


def apart(rows: Iterable[Mapping], *names: str) -> dict[tuple, Difference]:
    """The score of training images less that of test images: (*settings, samples) → nats."""
    points = curves(rows, *names, "samples")
    return {key: _difference([(_score(row, "train"), _score(row, "test")) for (row,) in runs.values()]) for key, runs in points.items()}


def last(points: Mapping[tuple, Difference], seeds: int = 1) -> dict[tuple, tuple[int, Difference]]:
    """Of each curve the last point that has at least so many seeds: settings → (samples, difference)."""
    return {tuple(key): (samples, difference) for (*key, samples), difference in sorted(points.items()) if difference.seeds >= seeds}


def reached(rows: Iterable[Mapping], *names: str) -> dict[tuple, tuple[str, Mapping]]:
    """How far each curve goes, in words, and the row of its last point, of the first seed that came there: settings → (words, row)."""
    found = {}
    for key, runs in curves(rows, *names).items():
        ends: dict[int, list[int]] = {}
        for seed, run in sorted(runs.items()):
            ends.setdefault(run[-1]["samples"], []).append(seed)
        (furthest, first), *others = sorted(ends.items(), reverse=True)
        words = f"{furthest:,} images (seed{'s' * (len(first) > 1)} {', '.join(map(str, first))})"
        words += "".join(f", {n:,} ({', '.join(map(str, seeds))})" for n, seeds in others)
        found[key] = words, runs[first[0]][-1]
    return found


def falls(rows: Iterable[Mapping], part: str, *names: str) -> dict[tuple, tuple[int, int]]:
    """Between how many neighbouring points of how many each curve falls: settings → (falls, steps)."""
    steps = {key: [b[part] - a[part] for run in runs.values() for a, b in pairwise(run)] for key, runs in curves(rows, *names).items()}
    return {key: (sum(step < 0 for step in some), len(some)) for key, some in steps.items()}


def extrapolated(scores: Sequence[float], more: int) -> tuple[float, float]:
    """Where the last three of scores at equal steps, which change less and less, go in `more` further steps, in two ways that both pass
    through all three: with steps that shrink by one factor, and as a + b/(step + c). Three scores cannot tell which is right, if one is.
    """
    first, second = scores[-2] - scores[-3], scores[-1] - scores[-2]
    r = second / first
    c = 2 * r / (1 - r)
    geometric = scores[-1] + second * r * (1 - r**more) / (1 - r)
    hyperbolic = scores[-3] + first * (c + 1) * (2 + more) / (2 + more + c)
    return geometric, hyperbolic


def _score(row: Mapping, part: str) -> tuple[float, float]:
    return row[part], row[f"{part}_error"]


def _difference(pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> Difference:
    """Of (score, error over images) and another such, a pair a seed.

    The error takes both: over images, as if the two scores' were independent, which is too large where they are of the same images and
    is not made smaller by more seeds; and over seeds, where there are several.
    """
    gaps, images = [a - b for (a, _), (b, _) in pairs], mean(hypot(a, b) for (_, a), (_, b) in pairs)
    return Difference(mean(gaps), hypot(images, stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else 0.0), len(gaps))

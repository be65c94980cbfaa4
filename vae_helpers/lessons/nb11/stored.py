"""What the stored rows of notebook 11 say: runs that differ in one place, compared seed by seed, in lines to print."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from ...evaluation import estimate
from ...results import of, values

PLAIN = {"objective": "iwae", "n_samples": 1, "posterior": "gaussian", "prior": "standard", "network": "mlp"}


class Paired(NamedTuple):
    """A mean difference between runs with the same seed, its standard error (nan of one), and how many seeds there were."""

    mean: float
    stderr: float
    n: int

    @property
    def in_errors(self) -> float:
        """How many of its standard errors it is away from nothing; positive above."""
        return self.mean / self.stderr

    def __str__(self) -> str:
        error = f" ± {self.stderr:.2f}" if self.n > 1 else ""
        return f"{self.mean:+.2f}{error} ({self.n})".replace("-", "−")


def by_seed(rows: Sequence[dict], **settings) -> dict[int, dict]:
    """The stored runs with these settings: seed → row."""
    return {row["seed"]: row for row in of(rows, **settings)}


def runs(rows: Sequence[dict], **places) -> dict[int, dict]:
    """The stored runs that differ from the plain VAE in these places only: seed → row."""
    return by_seed(rows, **PLAIN | places)


def paired(runs: dict[int, dict], others: dict[int, dict], name: str, others_name: str | None = None) -> Paired:
    """Mean difference of a number between runs with the same seed, ± standard error over seeds; `others_name` if theirs is another."""
    shared = sorted(runs.keys() & others.keys())
    differences = torch.tensor([runs[seed][name] - others[seed][others_name or name] for seed in shared], dtype=torch.float64)
    error = differences.std().item() / len(shared) ** 0.5 if len(shared) > 1 else math.nan
    return Paired(differences.mean().item(), error, len(shared))


def against_plain(cases: dict[str, dict], tables: dict[str, tuple[Sequence[dict], str]], costs: Sequence[dict]) -> str:
    """A table: what each change adds to a data set's score and to the ELBO of the plain VAE, paired; last, the time of a step.

    cases: name → places; tables: data → (rows, score); costs: rows with the time of a step relative to the plain VAE's.
    """
    head = [f"{data}: {what}" for data in tables for what in ("model", "ELBO")]
    lines = [f"{'':24}" + "".join(f"{title:>19}" for title in head) + f"{'a step':>15}"]
    for name, places in cases.items():
        cells = [str(paired(runs(rows, **places), runs(rows), score)) for rows, best in tables.values() for score in (best, "elbo")]
        lines.append(f"{name:24}" + "".join(f"{cell:>19}" for cell in cells) + f"{f'{step_cost(costs, **places)} ×':>15}")
    return "\n".join(lines)


def step_cost(costs: Sequence[dict], **places) -> str:
    """How many times as long a step takes with these places changed, ± standard error over the measurements if there are several."""
    found = values(costs, "step_cost", **PLAIN | places)
    return str(estimate(found)) if len(found) > 1 else f"{found.mean():.2f}"


def in_training(rows: Sequence[dict], costs: Sequence[dict]) -> str:
    """A line for each objective: what it adds to log p(x) and to the ELBO of the plain VAE, paired over seeds, and its price."""
    lines = []
    for K in (5, 50):
        for objective, name in (("iwae", "plain gradient"), ("dreg", "doubly reparameterized")):
            places = {"objective": objective, "n_samples": K}
            won = {score: paired(runs(rows, **places), runs(rows), score) for score in ("log_evidence", "elbo")}
            price = f"a step costs {step_cost(costs, **places)} times as much"
            lines.append(f"K = {K:2}, {name:22}: log p(x) {won['log_evidence']}, ELBO {won['elbo']}; {price}")
    return "\n".join(lines)


def cured(rows: Sequence[dict], tokens: int = 4) -> str:
    """A line for each cure of a codebook: its use, and what it adds to the ELBO and (four words) to log p(x) of no cure, paired."""
    lines, none = [], by_seed(rows, cure="none", tokens=tokens)
    for cure in dict.fromkeys(row["cure"] for row in rows):
        some, line = by_seed(rows, cure=cure, tokens=tokens), f"{cure:16}"
        for name, words in (("used", "entries in use"), ("perplexity", "perplexity"), ("bits", "bits a code")):
            line += f" {sum(row[name] for row in some.values()) / len(some):4.1f} {words},"
        if cure != "none":
            scores = [("ELBO", "elbo")] + [("log p(x)", "log_evidence")] * (tokens == 4)
            line += ",".join(f" {title} {paired(some, none, name)}" for title, name in scores)
            dearer = sum(some[seed]["elbo"] < none[seed]["elbo"] for seed in some.keys() & none.keys())
            line += f"; an image costs more in {dearer}"
        lines.append(line.rstrip(","))
    return "\n".join(lines)


def words_against_numbers(words: Sequence[dict], numbers: Sequence[dict], score: str, tokens: int = 4) -> str:
    """A line for each cure: its log p(x) (of four words) less the plain VAE's score, and its ELBO less the plain VAE's, paired."""
    lines, plain = [], runs(numbers)
    for cure in dict.fromkeys(row["cure"] for row in words):
        some = by_seed(words, cure=cure, tokens=tokens)
        model = f" log p(x) {paired(some, plain, 'log_evidence', score)}," if tokens == 4 else ""
        lines.append(f"{cure:16}{model} ELBO {paired(some, plain, 'elbo')}")
    return "\n".join(lines)


def shares_closed(rows: Sequence[dict]) -> str:
    """A line for each richer q: the share that it closes of the gap of the Gaussian made in the same way, ± standard error over seeds."""
    gaps, lines = {}, []
    for row in rows:
        gaps.setdefault(row["q"], {})[row["seed"]] = row["test_gap"]
    for q in [name for name in gaps if ": " in name]:
        base = "for each image: diagonal Gaussian" if q.startswith("for") else "amortized: gaussian"
        if q != base:
            share = estimate(torch.tensor([1 - gaps[q][seed] / gaps[base][seed] for seed in gaps[q].keys() & gaps[base].keys()]))
            lines.append(f"{q:34} closes {share.mean:.0%} ± {share.stderr:.0%} of the gap of {base!r}")
    return "\n".join(lines)

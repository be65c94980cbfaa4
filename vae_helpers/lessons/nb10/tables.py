"""Tables of notebook 10: stored trainings, the charts of all patients, and what the chart said of models that it had not seen."""

from collections.abc import Sequence

import numpy as np
import torch

from ... import clinic
from ...clinic.signs import said
from ...evaluation import Estimate, estimate
from ...results import of


def table(rows: Sequence[dict], dial: str) -> str:
    """Stored trainings, a line for each setting of the dial: means over seeds, ± their standard deviation."""
    if not rows:
        return "no rows"
    head = f"{rows[0]['data']}, L = {rows[0]['latent_dim'] if dial != 'latent_dim' else 'as given'}, {dial}"
    lines = [f"{head:<36}ELBO      log p(x) ≥           KL     alive   by the mean  seeds"]
    for value, same in by(ordered(rows, dial), dial).items():
        for steps, these in by(same, "steps").items():
            name = f"{value}" + (f", {steps} steps" if len(by(rows, "steps")) > 1 else "")
            cells = [
                _mean_sd(these, key, digits) for key, digits in (("elbo", 2), ("log_p", 2), ("kl", 2), ("units", 1), ("units_by_mean", 1))
            ]
            lines.append(f"{name:<24}" + " ".join(f"{cell:>14}" for cell in cells) + f"{len(these):>6}")
    return "\n".join(lines) + "\n"


def in_pairs(rows: Sequence[dict], key: str, dial: str, one: str | float, other: str | float) -> Estimate:
    """`key` at dial = other less that at dial = one, seed by seed: mean ± standard error over the seeds that have both."""
    at = [{row["seed"]: float(row[key]) for row in rows if row[dial] == value} for value in (one, other)]
    return estimate(torch.tensor([at[1][seed] - at[0][seed] for seed in sorted(at[0].keys() & at[1].keys())]))


def by_dimension(rows: Sequence[dict], shown: int = 8) -> str:
    """KL of each latent dimension, sorted, before and after each cure: means over seeds, and ± their standard deviation below."""
    lines = [f"{'KL of dimension':<24}" + "".join(f"{j:>7}" for j in range(1, shown + 1)) + "  the rest"]
    for name, these in by([row | {"name": f"{row['data']}, {row['method']}"} for row in rows], "name").items():
        kl = dimensions(these)
        kl = np.concatenate([kl[:, :shown], kl[:, shown:].sum(1, keepdims=True)], axis=1)
        for label, values in ((name, kl.mean(0)), (f"  ± ({len(kl)} seeds)", kl.std(0, ddof=1))):
            lines.append(f"{label:<24}" + "".join(f"{v:>7.2f}" for v in values[:-1]) + f"{values[-1]:>10.2f}")
    return "\n".join(lines)


def dimensions(rows: Sequence[dict]) -> np.ndarray:
    """The stored KL of each dimension, the largest first: (seeds, L)."""
    return np.array([[row[f"kl_{j}"] for j in range(1, row["latent_dim"] + 1)] for row in rows])


def blur(rows: Sequence[dict]) -> str:
    """The runs of experiments/blur.py: a line for each setting, means over seeds ± their standard deviation."""
    lines = [f"{'':<34}{'edges rebuilt':>15}{'drawn':>14}{'KL':>15}{'alive':>13}{'by the mean':>13}{'directions':>13}  seeds"]
    for data, some in by(rows, "data").items():
        names = [row | {"name": f"{data}, σ = {row['sigma']}, β = {row['beta']:g}, L = {row['latent_dim']}"} for row in some]
        for name, these in by(names, "name").items():
            cells = [_mean_sd(these, key, 2) for key in ("edges_rebuilt", "edges_drawn", "kl")]
            cells += [_mean_sd(these, key, 1) for key in ("units", "by_mean", "directions")]
            lines.append(
                f"{name:<34}{cells[0]:>15}{cells[1]:>14}{cells[2]:>15}" + "".join(f"{c:>13}" for c in cells[3:]) + f"{len(these):>6}"
            )
    return "\n".join(lines)


def dials(rows: Sequence[dict]) -> dict[tuple[str, str], list[dict]]:
    """The runs of experiments/blur.py by data and by the one setting that differs: "sigma", "beta" or "latent_dim"."""
    found = {}
    for data, some in by(rows, "data").items():
        base = {"sigma": 0.1, "beta": 1.0, "latent_dim": next(row["latent_dim"] for row in some if row["beta"] != 1)}
        found |= {(data, dial): of(some, **{key: value for key, value in base.items() if key != dial}) for dial in base}
    return found


def two_elbos(letter: str, chart: clinic.Chart) -> str:
    """What is read under a patient's chart."""
    return f"Patient {letter}: ELBO {chart.history.elbo[-1]:.1f} nats by its log, {chart.elbo.mean:.1f} as measured.".replace("-", "−")


def gan_table(rows: Sequence[dict]) -> str:
    """The runs of experiments/gan.py: a line for each model, means over seeds ± their standard deviation, and how many failed."""
    lines = [f"{'':<40}{'edges':>14}{'softness':>14}{'distance':>14}{'coverage':>14}{'failed':>12}"]
    for data, some in by(rows, "data").items():
        for name, these in by([row | {"name": model_of(row)} for row in some], "name").items():
            cells = [_mean_sd(these, key, 2) for key in ("edges", "softness", "distance", "coverage")]
            bad = f"{sum(failed(row, rows) for row in these)} of {len(these)}" if these[0]["model"] == "gan" else ""
            lines.append(f"{data + ', ' + name:<40}" + "".join(f"{cell:>14}" for cell in cells) + f"{bad:>12}")
    return "\n".join(lines)


def failed(row: dict, rows: Sequence[dict]) -> bool:
    """A run has failed where it covers less than half of what the VAEs with the same end cover."""
    vaes = [other["coverage"] for other in rows if (other["data"], other["model"], other["end"]) == (row["data"], "vae", row["end"])]
    return row["coverage"] < sum(vaes) / len(vaes) / 2


def ward(found: dict[str, clinic.Chart]) -> str:
    """The charts of all patients as one table: a line a sign, a column a patient."""
    lines = {
        "ELBO, logged": [f"{c.history.elbo[-1]:.1f}" for c in found.values()],
        "ELBO, measured": [f"{c.elbo.mean:.1f}" for c in found.values()],
        "log p(x) ≥": [f"{c.bound.mean:.1f}" for c in found.values()],
        "reconstruction, logged": [f"{c.history.reconstruction[-1]:.1f}" for c in found.values()],
        "reconstruction, measured": [f"{c.reconstruction.mean:.1f}" for c in found.values()],
        "reconstruction at z = μ": [f"{c.at_mean.mean:.1f}" for c in found.values()],
        "KL, logged": [f"{c.history.kl[-1]:.2f}" for c in found.values()],
        "KL, measured": [f"{c.kl.mean:.2f}" for c in found.values()],
        "dimensions above 0.1 nat": [str(int((c.kl_each > 0.1).sum())) for c in found.values()],
        "a nat costs, by noise": [said(c.price[0]) for c in found.values()],
        "a nat costs, by means": [said(c.price[1]) for c in found.values()],
    }
    for sign in next(iter(found.values())).signs:
        if "never on" in sign.name or sign.name.startswith("if z is"):
            values = [next(s.value for s in c.signs if s.name == sign.name) for c in found.values()]
            lines[sign.name.replace("hidden units", "units").replace(": gain, price", ": gain")] = [v.split(",")[0] for v in values]
    width = max(map(len, lines)) + 2
    head = " " * width + "".join(f"{letter:>8}" for letter in found)
    return "\n".join([head, *(f"{name:<{width}}" + "".join(f"{v:>8}" for v in values) for name, values in lines.items())])


def confusion(rows: Sequence[dict]) -> str:
    """What the chart said (columns in words) of models that it had not seen: a line for each truth."""
    lines = []
    for truth, these in by(rows, "truth").items():
        said = {name: len(group) for name, group in by(these, "said").items()}
        right = said.pop("nothing to report" if truth == "healthy" else truth, 0)
        others = ", ".join(f"{n} × {name}" for name, n in said.items())
        lines.append(f"{truth:<38}{right:>3} of {len(these)}" + (f"   also said: {others}" if others else ""))
    return "\n".join(lines)


def model_of(row: dict) -> str:
    """A run of experiments/gan.py in words."""
    if row["model"] == "real":
        return "training images"
    bernoulli = (row["model"], row["end"]) == ("vae", "sigmoid")
    name = "GAN" if row["model"] == "gan" else "VAE, Bernoulli" if bernoulli else "VAE, Gaussian"
    return f"{name}, {row['end']} end" + (f", penalty {row['penalty']:g}" if row["model"] == "gan" else "")


def ordered(rows: Sequence[dict], key: str) -> list[dict]:
    """The rows in the order of this key where it is a number, else as they are."""
    return sorted(rows, key=lambda row: row[key]) if all(isinstance(row[key], int | float) for row in rows) else list(rows)


def by(rows: Sequence[dict], key: str) -> dict:
    """The rows of each value under this key, in order of appearance."""
    groups: dict = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _mean_sd(rows: Sequence[dict], key: str, digits: int) -> str:
    values = np.array([np.nan if row[key] is None else float(row[key]) for row in rows])
    values = values[np.isfinite(values)]
    if not len(values):
        return "–"
    return f"{values.mean():.{digits}f}" + (f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else "")

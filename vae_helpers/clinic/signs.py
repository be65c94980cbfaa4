"""The signs of a chart, in the order in which one illness hides another, and the illnesses for which they speak."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from ..evaluation import estimate
from ..models import VAE
from ..training import History
from .measuring import Measured

NOTHING = "nothing to report"
FAIR = 1.6  # a price of a nat that is off one by less than this factor is no sign of anything
# Name → what to look at.
ILLNESSES = {
    "pixels out of range": "Divide by the largest grey level where the images are loaded, once: training and encoder take pixels in 0 … 1.",
    "not a number": "Look for a logarithm of 0 or a step size that is too large: work on logits, and lower lr.",
    "−KL logged as KL": "A KL is never negative: the log has −KL. Look at the sign, in the loss too.",
    "reconstruction averaged over pixels": "The log is smaller by D, the number of pixels: sum over pixels, or the KL weighs D-fold.",
    "units dead": "Most hidden units are off for every image: lower the step size and train anew.",
    "(ε + μ) σ": "The decoder was trained with z = (ε + μ) σ: scale the noise, not the mean.",
    "log σ² used as σ": "The decoder was trained with z = μ + log σ² · ε, or without noise: σ is exp(½ log σ²).",
    "σ² used as σ": "The decoder was trained with z = μ + σ² ε: σ is exp(½ log σ²).",
    "encoder cut off or β too large": "The code says nothing. Does the encoder get a gradient (rsample, no detach), and the "
    "input of its own target? Is β too large, or σ, or the reconstruction a mean over pixels?",
    "KL forgotten": "A nat of KL cost nothing in training: this is an autoencoder. Is β 0, or warmed up from 0 and never raised?",
    "KL averaged over latents": "A nat of KL cost 1/L: sum the KL over latent dimensions.",
    "lost ½": "A nat of KL cost two: the ½ of the closed form is missing, or β is 2.",
    "weight": "A nat of KL did not cost one nat: if β was not meant, look for a mean where a sum belongs.",
    "logged with z = μ": "The log is that of z = μ: it is no bound. Evaluate with samples z ~ q(z|x).",
    "log is off": "The log does not say what these images show: another model's, a mean for a sum in the log only, or an overfit.",
    "σ is not the residual's": "The noise of p(x|z) is not the size of the errors: learn σ, or train on until it has arrived.",
    "still rising": "The bound was still rising when training ended: go on.",
    "two prices": "Noise and means name two prices for a nat: not trained to the end, or the decoder was given another z than μ + σ ε.",
    NOTHING: "That does not mean that it is well: compare its bound with another model's, on held-out images.",
}


class Sign(NamedTuple):
    """One line of a chart: what was measured, what came, what is usual, and the illness it speaks for ("": none)."""

    name: str
    value: str
    usual: str
    illness: str


def signs(vae: VAE, found: Measured, history: History | None) -> Iterator[Sign]:
    """Every sign after the pixels."""
    rec, kl, log = estimate(found.reconstruction), estimate(found.kl.sum(-1)), history is not None and bool(history.kl)
    finite = found.finite and not (log and not all(map(math.isfinite, [*history.elbo, *history.kl])))
    yield Sign("weights and log are numbers", "yes" if finite else "no", "yes", "" if finite else "not a number")
    if log:
        logged, ratio = history.reconstruction[-1], abs(rec.mean / (history.reconstruction[-1] or math.nan))
        averaged = ratio > 0 and abs(math.log(ratio / vae.pixels)) < 0.4
        negative = "−KL logged as KL" if min(history.kl) < -0.01 else ""
        yield Sign("KL in the log", f"{history.kl[-1]:.2f} nats", f"about {kl.mean:.2f}", negative)
        usual, illness = f"about {rec.mean:.2f}", "reconstruction averaged over pixels" if averaged else ""
        yield Sign("reconstruction in the log", f"{logged:.2f} nats", usual, illness)
    dead = found.never_on > 0.7
    yield Sign("hidden units that are never on", f"{100 * found.never_on:.0f} %", "below 70 %", "units dead" if dead else "")
    yield from _readings(found, kl.mean)
    (by_noise, by_mean), in_log = found.price, history.kl[-1] / kl.mean if log and kl.mean > 0.1 else math.nan
    weight = _weight(found.price, vae.latent_dim, in_log)
    empty, wide = kl.mean < 0.1, found.sigma_ratio is not None and found.sigma_ratio > 1.4
    yield Sign("KL", f"{kl} nats", "more than 0.1", "encoder cut off or β too large" if empty and not wide and not weight else "")
    if found.sigma_ratio is not None:
        fits = 1 / 3 < found.sigma_ratio < (1.4 if empty else 3)
        yield Sign("σ / root mean squared error", f"{found.sigma_ratio:.2f}", "about 1", "" if fits else "σ is not the residual's")
    yield Sign("a nat of KL costs (by noise; by μ)", f"{said(by_noise)}; {said(by_mean)} nats", f"{1 / FAIR:.1f} to {FAIR}", weight)
    if log:
        surplus, at_mean = logged - rec.mean, (found.at_mean - found.reconstruction).mean().item()
        flattered = surplus > 0.2 and 0.7 * at_mean < surplus < 1.5 * at_mean
        other = abs(surplus) > max(1.5, 0.1 * abs(rec.mean)) or abs(history.kl[-1] - kl.mean) > 0.3 + 0.3 * kl.mean
        usual, illness = f"about 0 ({at_mean:.2f} at z = μ)", "logged with z = μ" if flattered else "log is off" if other else ""
        yield Sign("reconstruction, logged − measured", f"{surplus:.2f} nats", usual, illness)
    if log and len(history.elbo) >= 20:
        tenth, elbo = len(history.elbo) // 10, history.elbo
        rise = (sum(elbo[-tenth:]) - sum(elbo[-2 * tenth : -tenth])) / tenth
        most = max(0.5, 0.03 * (max(elbo) - elbo[tenth]))
        yield Sign("ELBO, last tenth − the one before", f"{rise:.2f} nats", f"below {most:.1f}", "still rising" if rise > most else "")
    ratio = by_noise / by_mean if by_mean and by_noise * by_mean > 0 else math.nan  # no ratio of what has no price
    yield Sign("price by noise / price by μ", said(ratio), "1", "two prices" if (ratio <= 1 / 3 or ratio >= 3) and not empty else "")


def said(price: float) -> str:
    """A price as the charts print it; an empty code has none."""
    return f"{price:.2f}" if math.isfinite(price) else "–"


def _readings(found: Measured, kl: float) -> Iterator[Sign]:
    """Does the decoder take something else for z than μ + σ ε? Then under that reading images are likelier and a nat costs one nat."""
    usual = all(0.7 < p < 1.4 for p in found.price)  # False where one is NaN
    for illness, formula, reading, values, least in (
        ("(ε + μ) σ", "σ μ for μ", "(ε + μ) σ", found.at_shrunk_mean - found.at_mean, 0.02),
        ("log σ² used as σ", "μ + log σ² · ε", "μ + log σ² · ε", found.gains["μ + log σ² · ε"], 0.2),
        ("σ² used as σ", "μ + σ² ε", "μ + σ² ε", found.gains["μ + σ² ε"], 0.2),
    ):
        gain, prices = estimate(values), [p for p in found.prices[reading] if math.isfinite(p)]
        costs_one = bool(prices) and all(0.7 < p < 1.4 for p in prices)
        better = gain.mean > max(least, 5 * gain.stderr) and kl > 0.05 and costs_one and not usual
        cost = "; ".join(map(said, found.prices[reading]))
        yield Sign(f"if z is {formula}: gain, price", f"{gain.mean:.2f}, {cost} nats", "a loss, or not 1; 1", illness if better else "")


def _weight(price: tuple[float, float], latent_dim: int, in_log: float) -> str:
    """The illness for which the price of a nat speaks; where noise and means do not agree on it, the logged KL over the measured one."""
    known = [p for p in price if math.isfinite(p)]
    if known and max(map(abs, known)) < 0.4 / latent_dim:
        return "KL forgotten"
    if known and max(known) < -0.4:
        return "−KL logged as KL"
    if not known or min(known) <= 0 or max(known) > 1.5 * min(known):
        if latent_dim > 1 and abs(in_log * latent_dim - 1) < 0.03:
            return "KL averaged over latents"
        return "lost ½" if abs(in_log / 2 - 1) < 0.03 else ""
    beta = math.prod(known) ** (1 / len(known))
    off = [abs(math.log(beta / value)) for value in (1, 1 / latent_dim, 2)]
    if off[0] < math.log(FAIR):
        return ""
    if off[1] < math.log(1.25):
        return "KL averaged over latents"
    return "lost ½" if off[2] < math.log(1.25) else "weight"

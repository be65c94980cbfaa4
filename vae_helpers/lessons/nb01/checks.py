"""Checks of notebook 01."""

import math
from functools import lru_cache

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from ... import datasets
from ...evaluation import nearest_distance
from ...exercises import compare, draws, exercise, judged, several, word
from ...models import Autoencoder
from ...objectives import squared_error
from ...training import fit


@exercise("1.1", praise="PCA with as many numbers leaves about half of the variance. Write it once more tomorrow, from memory.")
def own_autoencoder(answer):
    g = draws()
    sizes = torch.randint(5, 9, (2,), generator=g).tolist()
    for shape in ((6, 8), tuple(sizes)):
        images, fresh = _spots(shape, 200, g), _spots(shape, 100, g)
        encoder, decoder = several(answer(images, 2), "encoder", "decoder")
        with torch.no_grad():
            codes = encoder(fresh)
            if codes.shape != (100, 2):
                return (
                    f"expected codes of shape (100, 2) for images of shape {tuple(fresh.shape)}, got {tuple(codes.shape)}. Hint: {_CODES}"
                )
            rebuilt = decoder(codes)
        if rebuilt.shape != fresh.shape:
            shapes = f"expected rebuilt images of shape {tuple(fresh.shape)}, got {tuple(rebuilt.shape)}"
            return f"{shapes}. Hint: does the decoder end as images begin?"
        left = ((fresh - rebuilt).square().sum() / (fresh - images.mean(0)).square().sum()).item()
        if not left < 0.25:
            if not left < 0.9:
                hint = "is it trained at all? Does the loss measure squared errors, are old gradients cleared, and both networks stepped?"
                if rebuilt.std(0).max() < 1e-3:
                    hint = (
                        "it puts out one image for everybody. Are old gradients cleared at each step, and what does the decoder see of x?"
                    )
            else:
                pca = PCA(2).fit(images.flatten(1))
                flat = 1 - pca.explained_variance_ratio_.sum()
                curved = f"PCA leaves {flat:.0%}: is anything between the layers curved, and do both networks learn? "
                hint = (curved if left > flat - 0.05 else "") + "Has the loss stopped falling, or did you?"
            return f"expected less than 25 % of the variance of new images to be lost at shape {shape}, got {left:.0%}. Hint: {hint}"


@exercise("1.2", praise="Ten times less squared error is ten decibels more.")
def peak_signal_to_noise(answer):
    for n, size, g in ((4, 8, torch.Generator().manual_seed(1)), (6, 5, draws())):
        clean = torch.rand(n, size, size, generator=g)
        images = clean + (0.1 + 0.3 * torch.rand(n, 1, 1, generator=g)) * torch.randn(n, size, size, generator=g)
        squares = (images.double().numpy() - clean.double().numpy()) ** 2
        mse, per_image = np.mean(squares), np.mean(squares, axis=(1, 2))
        if problem := compare(
            answer(images, clean),
            10 * math.log10(1 / mse),
            slips={
                "The sign is turned: a smaller error must give more decibels.": 10 * math.log10(mse),
                "That is the natural logarithm: decibels need base 10.": -10 * math.log(mse),
                "That is the logarithm of base 2: decibels need base 10.": -10 * math.log2(mse),
                "That is the root of the MSE: 10 belongs to the MSE itself.": -5 * math.log10(mse),
                "20 belongs to the root of the MSE: with the MSE itself it is 10.": -20 * math.log10(mse),
                "MSE is averaged over pixels, not summed.": -10 * math.log10(mse * size**2),
                "That is averaged over nothing: the sum of all squares.": -10 * math.log10(mse * squares.size),
                "One number for the batch: average the squares over images too, before the logarithm.": -10 * np.log10(per_image).mean(),
                "That is one number an image: average the squares over all of the batch first.": -10 * np.log10(per_image),
                "The factor 10 is missing: that is bels.": -math.log10(mse),
                "That is the MSE: take its logarithm.": mse,
            },
            hint="What is averaged, and over what? And what must come out where every pixel is off by 0.1: 20 decibels?",
            formula="PSNR = −10 log₁₀ of the squared error, averaged over all pixels of all images.",
        ):
            return problem


@exercise("1.3", praise="A share of images has an error too; without it nobody knows whether 7 % is more than 5 %.")
def share_beyond(answer):
    g = torch.Generator().manual_seed(3)
    fixed = 0.9 + 0.8 * torch.rand(80, generator=g), 1 + 0.5 * torch.rand(300, generator=g)
    g = draws()
    for found, real in (fixed, (0.8 + 0.9 * torch.rand(150, generator=g), 1 + 0.5 * torch.rand(400, generator=g))):
        found = found[(found < real.quantile(0.94)) | (found > real.quantile(0.96))]  # however a quantile is defined
        n, limit = len(found), np.quantile(real.double().numpy(), 0.95)
        beyond = found.double().numpy() > limit
        share, stderr = beyond.mean(), math.sqrt(beyond.mean() * (1 - beyond.mean()) / n)
        got, error = several(answer(found, real), "share", "stderr")
        others = {
            "That is the share *within* the limit.": 1 - share,
            "The other 5 %: the limit is what 95 % of the real distances stay below.": (
                found.double().numpy() > np.quantile(real, 0.05)
            ).mean(),
            "That is the number of images: a share is at most 1.": share * n,
            "The two are exchanged: the share comes first.": stderr,
            "That is per cent: return a share, at most 1.": share * 100,
            "The limit comes from the *real* distances.": (found.double().numpy() > np.quantile(found, 0.95)).mean(),
            "That compares with the mean of the real distances: half of the real images lie beyond that.": (found > real.mean())
            .double()
            .mean(),
            "That compares with the largest real distance.": (found > real.max()).double().mean(),
            "This is the share of real images beyond the limit, 5 % by construction.": (real.double().numpy() > limit).mean(),
        }
        errors = {
            "The root is missing: that is the variance.": stderr**2,
            "Divide by the root of n: that is the spread of one image's yes or no.": stderr * math.sqrt(n),
            "n is the number of random images, not of real ones.": stderr * math.sqrt(n / len(real)),
            "√(share/n) is the error of a rare count; the factor 1 − share is missing.": math.sqrt(share / n),
        }
        question = "Which distances set the limit, and which are counted? What is the answer where both have the same distribution?"
        error_question = "What is the spread of one yes or no, and of the mean of n of them? What must it be for a share of 0 or 1?"
        # a spread with n − 1 below is as good
        problem = compare(
            got, share, others, question, rtol=1e-6, what="the share", formula="(found > real.quantile(0.95)), averaged."
        ) or compare(error, stderr, errors, error_question, rtol=1.01 / n, what="its standard error", formula="√(share (1 − share) / n).")
        if problem:
            return problem


@exercise("1.4", praise="Now spend some bits.")
def round_codes(answer):
    fixed = torch.tensor([[0.0, -2.0], [0.30, 6.0], [0.71, 1.2], [1.0, 2.9], [0.12, 5.1]])
    drawn = 4 * torch.rand(12, 3, generator=draws()) - 1
    constant = torch.tensor([[3.0, 0.0], [3.0, 1.0], [3.0, 0.2]])
    for codes, bits in ((fixed, 2), (drawn, 3), (drawn, 1), (constant, 2)):
        low, width = codes.double().numpy().min(0), np.ptp(codes.double().numpy(), axis=0)
        share = (codes.double().numpy() - low) / np.where(width > 0, width, 1)
        flat_low, flat_width = codes.double().min(), codes.double().max() - codes.double().min()
        steps = 2**bits - 1

        def back(levels, rounding=np.round, low=low, width=width, share=share):
            return low + width * rounding(share * levels) / levels

        values = low + width * np.arange(steps + 1)[:, None, None] / steps  # (values, 1, columns)
        nearest = np.take_along_axis(values, np.abs(codes.double().numpy() - values).argmin(0)[None], 0)[0]  # by search
        problem = compare(
            answer(codes, bits),
            torch.from_numpy(nearest),
            slips={
                "2^bits values have 2^bits − 1 steps between them: as it is, there is one value too many.": back(2**bits),
                "Rounding down loses half a step on average: round to the nearest.": back(steps, np.floor),
                "That is `bits` values, or as many steps: n bits tell 2^n values apart.": back(bits),
                "That is 2·bits values: n bits tell 2^n values apart.": back(2 * bits - 1),
                "Each column has its own smallest and largest value: use amin(0) and amax(0).": (
                    flat_low + flat_width * ((codes.double() - flat_low) / flat_width * steps).round() / steps
                ),
                "These are the whole numbers that would be stored: turn them back into codes.": np.round(share * steps),
                "Nothing was rounded.": codes,
                "A column that never changes has no width, and 0/0 is not a number: what should such a column become?": np.where(
                    width > 0, nearest, np.nan
                ),
            },
            what="one column constant" if codes is constant else f"with {bits} bit{'s' * (bits > 1)}",
            hint="Which values may a column take? How many steps lie between the smallest and the largest?",
            formula="Scale each column to 0 … 2^bits − 1, round, and scale back.",
        )
        if problem:
            return problem


@exercise("1.5", praise="Many coarse numbers before few fine ones, and one bit each is worse than nothing.")
def sixteen_bits(answer):
    bits, better = several(answer, "enough_bits", "better")
    slips = {
        "Three bits lose more than a quarter. Is the error compared with that of exact codes?": 3,
        "Two bits are what 16 bits buy for eight numbers; are they within ten per cent?": 2,
    }
    if bits in (5, 6, 7, 8):
        slips["That many bits lose next to nothing: fewer are within ten per cent, too."] = bits
    question = "What is the error with exact codes, and with how many bits is it first below 1.1 times that?"
    if problem := compare(bits, 4, slips, question, what="enough bits"):
        return problem.replace("expected 4, got", "expected another number than")
    if word(better, ("eight", "8", "two", "2"), "better") not in ("eight", "8"):
        return f"expected the other one, got {better!r}. Hint: `models[8]` with two bits, `models[2]` with eight: which error is smaller?"


@exercise("1.6", praise="A small error says that the network can paint it, and nothing more: not that it has seen it.")
def fool(answer):
    drawn = torch.randint(1_000, (1,), generator=draws()).item()
    images, fresh = datasets.load("digits").train.images, datasets.load("digits").test.images
    limit = nearest_distance(fresh, images).quantile(0.99)
    for model in (_alarm(8, 0), _alarm(12, 1 + drawn)):
        image = torch.as_tensor(answer(model, images)).detach().float()
        if image.shape != (8, 8):
            return f"expected one image of shape (8, 8), got {tuple(image.shape)}. Hint: do you return one image, without a batch axis?"
        if not (image >= 0).all() or not (image <= 1).all():
            return f"expected grey levels from 0 to 1, got {image.min():.3g} to {image.max():.3g}. Hint: what can the decoder paint?"
        distance, error = nearest_distance(image[None], images).item(), squared_error(model, image[None]).item()
        usual = squared_error(model, fresh).median().item()
        if error > usual:
            return (
                f"expected an image that is rebuilt with an error below {usual:.2f}, what half of the test digits have, got {error:.2f}: "
                "the alarm rings. Hint: which images can this decoder paint? Where else than at codes of digits can you ask it?"
            )
        if distance < limit:
            return (
                f"expected an image further than {limit:.2f} pixels from every training digit, got {distance:.2f}: that is nearly a digit, "
                "and the alarm is right. Hint: where in code space has no training image ever been?"
            )


@exercise("1.7", praise="Before “X beats Y”: the same images, the same size, the same unit, the same knowledge.")
def what_is_unequal(answer):
    table = {
        "a": ("images", "on which images has each been judged, and which had it seen before?"),
        "b": ("size", "how many numbers may each of the two keep?"),
        "c": ("knowledge", "what was each told about the noise before it met a noisy image?"),
        "d": ("nothing", "go through the list: images, size, unit, knowledge. Is any of them unequal?"),
        "e": ("unit", "what does 0.031 become when it is summed over 64 pixels?"),
    }
    return judged(answer, table, sorted(right for right, _ in table.values()))


_CODES = "one row an image, one column a code number: does the encoder flatten images of any shape?"


def _spots(shape: tuple[int, int], n: int, g: torch.Generator) -> Tensor:
    """One round spot an image, anywhere: two numbers tell it all, (n, H, W)."""
    centre = torch.rand(n, 2, generator=g) * torch.tensor([shape[0] - 1.0, shape[1] - 1.0])
    down, along = (torch.arange(side)[None] - centre[:, k, None] for k, side in enumerate(shape))
    return torch.exp(-(down[:, :, None] ** 2 + along[:, None, :] ** 2) / (2 * 1.2**2))


@lru_cache(maxsize=4)
def _alarm(code_size: int, seed: int) -> Autoencoder:
    model = Autoencoder((8, 8), code_size, hidden=(128,), seed=seed)
    fit(model, datasets.load("digits"), epochs=20, batch_size=100, lr=1e-2, schedule="one_cycle", seed=seed, progress=False)
    return model.requires_grad_(False)

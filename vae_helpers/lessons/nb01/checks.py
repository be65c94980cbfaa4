"""Checks of notebook 01."""

import math

import numpy as np
import torch

from ...exercises import compare, exercise


@exercise("1.1", praise="Summed over pixels, averaged over images: the unit is squared pixels per image.")
def reconstruction_loss(answer):
    g = torch.Generator().manual_seed(0)
    images, rebuilt = torch.rand(2, 5, 3, 4, generator=g)
    differences = (images - rebuilt).double().numpy()
    exact = sum(np.linalg.norm(d) ** 2 for d in differences) / 5  # image by image, the Frobenius norm
    return compare(
        answer(images, rebuilt),
        exact,
        slips={
            "That is averaged over pixels too: sum over the last two axes first.": exact / 12,
            "That is summed over images: average them.": exact * 5,
            "Square the differences, and take no root at the end.": float(np.mean([np.linalg.norm(d) for d in differences])),
            "Without the square, errors of opposite sign cancel.": float(differences.sum() / 5),
            "Absolute differences: the loss squares them.": float(np.abs(differences).sum() / 5),
            "This gives one number an image: average them.": torch.tensor([np.linalg.norm(d) ** 2 for d in differences]),
        },
        hint="(images − rebuilt) squared, summed over axes 1 and 2, then the mean.",
    )


@exercise("1.2", praise="Ten times less squared error is ten decibels more.")
def peak_signal_to_noise(answer):
    g = torch.Generator().manual_seed(1)
    clean = torch.rand(4, 8, 8, generator=g)
    images = clean + torch.tensor([0.1, 0.2, 0.3, 0.4])[:, None, None] * torch.randn(4, 8, 8, generator=g)
    mse = np.mean((images.double().numpy() - clean.double().numpy()) ** 2)
    per_image = np.mean((images - clean).double().numpy() ** 2, axis=(1, 2))
    return compare(
        answer(images, clean),
        10 * math.log10(1 / mse),
        slips={
            "The sign is turned: a smaller error must give more decibels.": 10 * math.log10(mse),
            "That is the natural logarithm: decibels need base 10.": -10 * math.log(mse),
            "20 belongs to the root of the MSE: with the MSE itself it is 10.": -20 * math.log10(mse),
            "MSE is averaged over pixels, not summed.": -10 * math.log10(mse * 64),
            "One number for the batch: average the squares over images too, before the logarithm.": float(
                np.mean(-10 * np.log10(per_image))
            ),
            "The factor 10 is missing: that is bels.": -math.log10(mse),
        },
        hint="−10 log₁₀ of the squared error, averaged over all pixels of all images.",
    )


@exercise("1.3", praise="Each dimension has its own range, and every place in it the same chance.")
def draw_from_box(answer):
    n, low, high = 20_000, torch.tensor([-8.0, 2.0, -1.0]), torch.tensor([4.0, 3.0, 20.0])
    corners = torch.stack([low, high, (low + high) / 2, (low + 3 * high) / 4])
    got = torch.as_tensor(answer(corners, n)).double()
    if got.shape != (n, 3):
        return f"expected codes of shape ({n}, 3), got {tuple(got.shape)}. Hint: n rows, one column a dimension of the codes."
    width, share = (high - low).double(), (got - low) / (high - low)
    if ((share < -1e-6) | (share > 1 + 1e-6)).any():
        if max(np.ptp(got.amin(0).numpy()), np.ptp(got.amax(0).numpy())) < 1:  # one range for all columns
            hint = "take the smallest and the largest of each column: amin(0) and amax(0), not min() and max()."
        else:
            hint = "scale uniform numbers between 0 and 1 (torch.rand, not randn) by the width of the box, and add its lower corner."
        worst = share.sub(0.5).abs().amax(0).argmax().item()
        return (
            f"expected dimension {worst + 1} from {low[worst]:g} to {high[worst]:g}, "
            f"got {got[:, worst].min():.2f} to {got[:, worst].max():.2f}. Hint: {hint}"
        )
    if (got.std(0) < 1e-6).any() or torch.corrcoef(got.T).sub(torch.eye(3)).abs().nan_to_num(1).max() > 0.5:
        return "expected dimensions drawn independently, got one number for all. Hint: torch.rand needs the shape (n, L)."
    stderr = width / math.sqrt(12 * n)
    slips = {"Not the mean of the codes, but the middle of the box: draw uniformly between its sides.": corners.double().mean(0)}
    return compare(
        got.mean(0), ((low + high) / 2).double(), slips=slips, stderr=stderr, what="the mean of the draws", hint="Uniform, so not `randn`."
    ) or compare(
        got.std(0), width / math.sqrt(12), stderr=stderr, what="the spread of the draws", hint="The draws must fill the whole box."
    )


@exercise("1.4", praise="Now plot the error against bits.")
def round_codes(answer):
    codes = torch.tensor([[0.0, -2.0], [0.30, 6.0], [0.71, 1.2], [1.0, 2.9], [0.12, 5.1]])
    low, width = np.array([0.0, -2.0]), np.array([1.0, 8.0])
    share = (codes.double().numpy() - low) / width

    def back(levels, rounding=np.round):
        return torch.from_numpy(low + width * rounding(share * levels) / levels)

    nearest = [np.array([low + width * k / 3 for k in range(4)])[np.abs(share * 3 - np.arange(4)[:, None, None]).argmin(0), [0, 1]]]
    whole = (codes.double() + 2) / 8 * 3
    return compare(
        answer(codes, 2),
        torch.from_numpy(nearest[0]),  # each number moved to the nearest of the four values, by search
        slips={
            "2^bits values have 2^bits − 1 steps between them: as it is, there is one value too many.": back(4),
            "Rounding down loses half a step on average: round to the nearest.": back(3, np.floor),
            "That is `bits` values, or as many steps: n bits tell 2^n values apart.": back(2),
            "Each column has its own smallest and largest value: use amin(0) and amax(0).": -2 + 8 * whole.round() / 3,
            "These are the whole numbers that would be stored: turn them back into codes.": torch.from_numpy(np.round(share * 3)),
            "Nothing was rounded.": codes,
        },
        what="with 2 bits",
        hint="Scale each column to 0 … 2^bits − 1, round, and scale back.",
    ) or compare(answer(codes, 1), back(1), what="with 1 bit", hint="One bit leaves the column's smallest and its largest value.")

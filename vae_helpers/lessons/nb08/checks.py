"""Checks of notebook 08."""

import math

import numpy as np
import torch
from scipy.spatial import geometric_slerp

from ...exercises import compare, exercise


@exercise("8.1", praise="Around the corner, and safe where there is no corner.")
def slerp(answer):
    a = torch.tensor([2.0, 0.0, 1.5, 0.0])  # of length 2.5
    b = torch.tensor([0.0, -1.5, 0.0, 0.0])  # of length 1.5, at a right angle
    t, theta = 0.3, math.pi / 2
    for_a, for_b = geometric_slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([t]))[0].tolist()  # the path is linear in a and b
    exact = for_a * a + for_b * b
    near = a / 2.5 + b / 1.5
    near = 2.5 * near / near.norm()  # at 45 degrees, for the slip that is right at 90
    middle = (a + near) / (a + near).norm()  # half-way between two codes of one length lies their bisector
    return (
        compare(
            answer(a, b, t),
            exact,
            slips={
                "That is the straight line: the weights are sines of the angle.": (1 - t) * a + t * b,
                "t = 0 must give a and t = 1 must give b: the weights are swapped.": math.sin(t * theta) * a
                + math.sin((1 - t) * theta) * b,
                "The path keeps the lengths of a and b: use unit vectors for the angle only.": for_a * a / 2.5 + for_b * b / 1.5,
                "The result has length one: do not divide the path by its length.": exact / exact.norm(),
            },
            hint="Weights sin((1 − t)θ) / sin θ and sin(tθ) / sin θ, with cos θ = a·b / (‖a‖ ‖b‖).",
        )
        or compare(
            answer(a, near, 0.5),
            2.5 * middle,
            slips={"Divide by sin θ.": 2.5 * middle * math.sin(math.pi / 4)},
            what="at an acute angle",
            hint="Divide both weights by sin θ.",
        )
        or compare(
            answer(a, 2 * a, 0.25),
            1.25 * a,
            what="for two codes of one direction",
            hint="Where the angle is 0, sin θ is 0 and 0/0 is not a number: take the straight line there.",
        )
        or compare(
            answer(a, -2 * a, 0.25),
            0.25 * a,
            what="for two codes of opposite directions",
            hint="Where the angle is π, sin θ is 0, too, and no turn is singled out: take the straight line there.",
        )
    )


@exercise("8.2", praise="Now two samples of one distribution give zero on average, and sometimes less than zero.")
def energy_without_self_pairs(answer):
    g = torch.Generator().manual_seed(1)
    a, b = torch.randn(6, 2, generator=g), torch.randn(4, 2, generator=g) + 1

    def apart(one, other, skip):
        distances = [math.dist(u, v) for i, u in enumerate(one.tolist()) for j, v in enumerate(other.tolist()) if not (skip and i == j)]
        return sum(distances) / len(distances)

    across = apart(a, b, False)
    exact = 2 * across - apart(a, a, True) - apart(b, b, True)
    with_self = 2 * across - apart(a, a, False) - apart(b, b, False)
    return compare(
        answer(a, b),
        exact,
        slips={
            "A point paired with itself is at distance 0: of the n² pairs within a cloud only n(n − 1) count.": with_self,
            "The distance across counts twice.": exact - across,
            "No square root: the formula is the distance D itself.": math.sqrt(exact),
            "Across the clouds every pair counts: there is no self pair.": 2 * across * 24 / 20 - apart(a, a, True) - apart(b, b, True),
        },
        hint="Divide the sum of the distances within a cloud of n points by n(n − 1).",
    )


@exercise("8.3", praise="One row a dimension, and nothing else moves.")
def traversal(answer):
    z, values = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([-2.0, 0.0, 1.0, 2.5])
    exact = torch.tensor([[[v if k == j else z[k].item() for k in range(3)] for v in values.tolist()] for j in range(3)])
    alone = torch.tensor([[[v if k == j else 0.0 for k in range(3)] for v in values.tolist()] for j in range(3)])
    return compare(
        answer(z, values),
        exact,
        slips={
            "Set the dimension to the value, do not add the value to it.": z + alone,
            "The other dimensions stay at z, not at zero.": alone,
            "Rows are dimensions and columns values: shape (L, n, L).": exact.transpose(0, 1),
        },
        hint="Repeat z to (L, n, L), then set entry j of row j.",
    )


@exercise("8.4", praise="A dimension that mixes two factors pays here, where the MIG lets it pass.")
def purity(answer):
    information = torch.tensor([[0.9, 0.1, 0.2, 0.0], [0.8, 0.1, 1.1, 0.3], [0.0, 0.4, 0.1, 0.6]], dtype=torch.float64)
    entropies = torch.tensor([1.0, 2.0, 1.5], dtype=torch.float64)
    shares = [[i / h for i in row] for row, h in zip(information.tolist(), entropies.tolist(), strict=True)]

    def gaps(lists):
        return [sorted(values)[-1] - sorted(values)[-2] for values in lists]

    exact = sum(gaps(zip(*shares, strict=True))) / 4
    nats = gaps(zip(*information.tolist(), strict=True))
    return compare(
        answer(information, entropies),
        exact,
        slips={
            "That is the MIG: sort along the factors, the first axis.": sum(gaps(shares)) / 3,
            "Divide by the entropies first: factors have different amounts to be known.": sum(nats) / 4,
            "Sum over the dimensions: take their mean.": 4 * exact,
            "That is the best share: subtract the second best.": sum(max(values) for values in zip(*shares, strict=True)) / 4,
        },
        hint="Shares = information / entropies[:, None]; for each column the largest less the second largest; then the mean.",
    )

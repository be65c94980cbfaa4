"""Notebook 09's stored rows: means over models are of the rows asked for, and the picture of the climbs shows them."""

import pytest
from matplotlib.figure import Figure

from vae_helpers import results
from vae_helpers.lessons.nb09 import stored

ROWS = [
    {"data": data, "split": "test", "seed": seed, "approximation": 0.1 * scale}
    | {f"from_{start}_{t}": scale * (seed + 1) * level / t for start, level in (("encoder", 1), ("prior", 3)) for t in stored.STEPS}
    for data, scale in (("digits", 1.0), ("mnist", 10.0))
    for seed in (1, 0)
]


def test_values_come_in_the_order_of_the_seeds_and_only_of_the_rows_asked_for():
    assert results.values(ROWS, "from_encoder_2", data="mnist").tolist() == [5.0, 10.0]
    mean, error = stored.told(ROWS, "from_encoder_2", data="mnist")
    assert (mean, error) == (7.5, 2.5)


def test_the_climbs_are_those_of_one_data_set_with_their_means_and_the_family_below():
    ax = stored.climbs(Figure().subplots(), ROWS, "title", data="digits", split="test")
    encoder, prior = (bars.lines[0] for bars in ax.containers)
    assert encoder.get_ydata() == pytest.approx([1.5 / t for t in stored.STEPS])
    assert prior.get_ydata() == pytest.approx([4.5 / t for t in stored.STEPS])
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(0.1) and [text.get_text() for text in ax.get_legend().texts][1:] == [
        "from the encoder",
        "from the prior",
    ]

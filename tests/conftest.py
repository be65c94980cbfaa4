"""What holds in every test: one thread for the arithmetic, as in the notebooks, and a figure style that no other test has left behind."""

import matplotlib as mpl
import pytest
import torch

torch.set_num_threads(1)  # on a busy machine, two that wait for each other are slower


@pytest.fixture(autouse=True)
def own_figure_style():
    with mpl.rc_context():
        mpl.rcdefaults()
        yield

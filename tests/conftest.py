"""One thread for the arithmetic of every test, as in the notebooks: on a busy machine, two that wait for each other are slower."""

import torch

torch.set_num_threads(1)

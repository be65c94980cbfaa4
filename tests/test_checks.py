import numpy as np
import pytest
import torch

from vae_helpers.checks import agree


def test_agreement_is_printed(capsys):
    agree(torch.tensor([1.0, 2.0]), [1.0, 2.0], what="two numbers")
    agree(3.1, 3.0, stderr=0.05)
    printed = capsys.readouterr().out
    assert "two numbers" in printed and "3.1 ± 0.05 against 3" in printed


def test_numbers_of_every_kind_are_compared():
    weight = torch.ones(2, requires_grad=True)
    agree([weight[0], weight[1]], np.ones(2, dtype=np.float32))
    agree(weight, (1, 1))
    with pytest.raises(TypeError, match="expected numbers as one tensor or array of numbers, got str"):
        agree("1.0", 1.0)


@pytest.mark.parametrize(("estimate", "exact", "stderr"), [(1.0, 1.00001, None), (3.3, 3.0, 0.05), ([1.0, 2.0], [1.0, 2.1], [1.0, 0.01])])
def test_disagreement_raises(estimate, exact, stderr):
    with pytest.raises(AssertionError, match="expected agreement"):
        agree(estimate, exact, stderr)


@pytest.mark.parametrize(("estimate", "stderr"), [(np.nan, None), ([], None), (1.0, 0.0), (np.inf, 1.0)])
def test_what_cannot_be_compared_is_refused(estimate, stderr):
    with pytest.raises(ValueError):
        agree(estimate, 1.0, stderr)


def test_a_tolerance_that_would_not_be_used_is_refused():
    with pytest.raises(ValueError, match="rtol would not be used"):
        agree(1.0, 1.0, stderr=0.1, rtol=1e-3)
    with pytest.raises(AssertionError, match="to 1e-03 relative"):
        agree(1.0, 1.01, rtol=1e-3)

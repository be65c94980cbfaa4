import asyncio

import nbformat
import nbformat.v4
import numpy as np
import pytest
import torch
from build_notebooks import execute

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


def test_in_a_notebook_the_third_agreement_of_a_cell_folds_all_of_them(tmp_path):
    """One line with their number and the worst of them, the lines inside; in the place of the first. Measurements, prints and what failed
    stay outside, the next cell begins anew, and one or two are printed as anywhere else."""
    few = "agree(1, 1, what='one')\nprint('between')\nagree(2, 2, what='two')"
    same = "for k in range(3):\n    agree(k, k)"
    many = "for k in range(1, 5):\n    agree(k, k + 1e-9, what=f'{k} < 5')\n    print(k)\nagree(1.1, 1.0, 0.1)"
    failed = f"{many}\ntry:\n    agree(1, 2)\nexcept AssertionError as error:\n    print(error)"
    cells = [nbformat.v4.new_code_cell(source) for source in ("from vae_helpers.checks import agree", few, many, few, same, failed)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "98_checks.ipynb")
    _, first, second, third, fourth, last = (
        cell["outputs"] for cell in asyncio.run(execute(tmp_path / "98_checks.ipynb")).notebook["cells"]
    )

    one, two = (f"{name}: {k} = {k} (exactly)\n" for k, name in ((1, "one"), (2, "two")))
    assert [output["text"] for output in first] == [f"{one}between\n{two}"] and third == first
    fold, printed = second
    lines = [f"{k} < 5: {k} = {k} (relative difference {1e-9 / k:.0e})" for k in range(1, 5)]
    assert fold["data"]["text/plain"].splitlines() == ["4 checks agree, worst relative difference 1e-09:", *lines]
    inside = "\n".join(lines).replace("<", "&lt;")
    summary = "<summary>4 checks agree, worst relative difference 1e-09</summary>"
    assert fold["data"]["text/html"] == f'<details class="checks">{summary}<pre>{inside}</pre></details>'
    assert fourth[0]["data"]["text/plain"].startswith("3 checks agree exactly:\n0 = 0 (exactly)\n")
    measured = "1.1 ± 0.1 against 1 (1.0 standard errors)\n"
    assert printed["text"] == f"1\n2\n3\n4\n{measured}"
    assert last[0] == fold and last[1]["text"].startswith(f"{printed['text']}expected agreement to 1e-06 relative") and len(last) == 2

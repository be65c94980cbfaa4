"""The harness itself."""

import sys

import pytest
from lab import open_notebook


def test_the_harness_sees_what_it_must(lab):
    page = lab(["import sys; sys.executable", "1 / 0"])
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        page.run_all()
    page.page.evaluate("() => { console.error('seen'); return fetch('http://elsewhere.invalid/x').catch(() => null) }")
    assert "seen" in page.console_errors and page.other_hosts == ["http://elsewhere.invalid/x"]
    page.console_errors.clear()
    page.other_hosts.clear()


def test_the_kernel_is_this_python(lab):
    page = lab(["import sys; print(sys.executable, sys.version)"]).run_all()
    assert page.output(0).inner_text().split() == f"{sys.executable} {sys.version}".split()


def test_nothing_is_left_of_the_notebook_before(lab, server):
    left = "() => [document.querySelectorAll(\"head style[id^='vae_helpers']\").length, document.body.dataset.jpThemeLight, innerWidth]"
    pad = "from vae_helpers import pretrained, widgets\nwidgets.LatentPad(pretrained.load('mnist_vae_2d'))"
    page = lab([pad, "names = dir()"], size=(600, 800)).run_all().theme(dark=True)
    assert page.page.evaluate(left) == [1, "false", 600]
    page = open_notebook(
        server, None, ["import sys; print('names' in dir(), 'vae_helpers' in sys.modules)"], "next.ipynb", page=page.leave()
    )
    assert page.page.evaluate(left) == [0, "true", 1280]
    assert page.run_all().output(0).inner_text().strip() == "False False"

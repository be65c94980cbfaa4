"""The harness itself, and every committed notebook as a reader first meets it in JupyterLab: opened, not run."""

import sys
from pathlib import Path

import nbformat
import pytest
from lab import open_notebook

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb"))


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


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_opens_with_its_pictures(lab, notebook):
    """Before anything runs, each picture that the notebook holds is on the page (a widget's static picture too), drawn and not broken."""
    pictures = 0
    for cell in nbformat.read(ROOT / notebook, as_version=4).cells:
        pictures += sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    page = lab(notebook)
    images = page.page.locator(".jp-OutputArea-output img")
    if pictures:
        images.nth(pictures - 1).wait_for(state="attached")
    assert images.count() == pictures
    page.page.wait_for_function("() => [...document.querySelectorAll('.jp-OutputArea-output img')].every(image => image.naturalWidth > 0)")
    assert not page.errors()
    page.screenshot(f"opened-{Path(notebook).stem}")

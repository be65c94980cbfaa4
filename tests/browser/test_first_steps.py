"""The harness itself."""

import sys

import nbformat
import pytest
from lab import open_notebook
from playwright.sync_api import expect


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


# Opens a notebook and runs all of it twice at once; whether its kernel was there already.
AT_ONCE = """async (path) => {
    const { commands } = window.jupyterapp, { context } = await commands.execute("docmanager:open", { path });
    await context.ready;
    const early = !context.sessionContext.isReady;
    for (let k = 0; k < 2; k++) void commands.execute("notebook:run-all-cells");
    return early;
}"""


def test_run_all_pressed_twice_before_there_is_a_kernel_runs_every_cell(lab, server):
    """JupyterLab by itself empties them all (share/jupyter/labextensions/vae-lecture/static/patience.js)."""
    page, name = lab(["1"]), "early.ipynb"
    cells = [nbformat.v4.new_code_cell(f"print({k})", outputs=[nbformat.v4.new_output("stream", text="stored")]) for k in range(5)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), server.notebooks / name)
    assert page.page.evaluate(AT_ONCE, name), "the kernel was there before the press, which shows nothing"
    notebook = page.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    for k in range(5):
        expect(notebook.locator(".jp-CodeCell").nth(k).locator(".jp-OutputArea-output")).to_have_text(f"{k}\n")


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

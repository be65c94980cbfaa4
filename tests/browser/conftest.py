"""A real JupyterLab server and a real Chromium for the browser tests.

`lab` opens a notebook (a copy of a file, or one made of code given as strings) and hands back a `Page`. When the test ends, it
fails if the page wrote an error to the console or asked any other host for anything. Loading JupyterLab is most of what a test would
wait for, so a page is kept, emptied, for the file's next test.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from .warm_kernel import warm_kernels

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell is in the page, seen or not
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
START_S, RUN_S = 120, 300  # generous limits that end a hung run; nothing passes or fails by speed
expect.set_options(timeout=START_S * 1000)


class Server:
    """JupyterLab on the loopback address with settings, data and configuration of its own: nothing of the user's is read or written."""

    def __init__(self, folder: Path, **variables: str):
        self.notebooks, runtime, self.log = folder / "notebooks", folder / "runtime", folder / "server.log"
        (folder / "config" / "labconfig").mkdir(parents=True)
        (folder / "config" / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
        self.notebooks.mkdir()
        own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
        own |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
        self.token = secrets.token_hex(16)
        options = {"ip": "127.0.0.1", "port": 0, "open_browser": False, "allow_root": True, "root_dir": self.notebooks}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"]
        command += [f"--ServerApp.{name}={value}" for name, value in options.items()] + [f"--IdentityProvider.token={self.token}"]
        env = os.environ | {name: str(folder / value) for name, value in own.items()} | variables
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=env)
        limit = time.monotonic() + START_S
        while not (port := _port(runtime)):
            if self.process.poll() is not None or time.monotonic() > limit:
                self.stop()
                pytest.fail(f"JupyterLab did not start within {START_S} s; its log ends:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.1)
        self.url = f"http://127.0.0.1:{port}"

    def api(self, method: str, path: str, body=None):
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=START_S) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def set_subshells(self, used: bool) -> None:
        """Widget messages on a thread of their own, as JupyterLab does by itself, or on the main thread, as this collection sets it."""
        settings = {"commsOverSubshells": "perCommTarget" if used else "disabled"}
        self.api("PUT", "lab/api/settings/@jupyterlab/apputils-extension:kernels-settings", {"raw": json.dumps(settings)})

    def stop_kernels(self) -> None:
        for session in self.api("GET", "api/sessions"):
            self.api("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _port(runtime: Path) -> int | None:
    """Where the server listens, from the file that it leaves, or None while that is not there or half written."""
    for path in runtime.glob("jpserver-*.json"):
        with suppress(ValueError):
            return json.loads(path.read_text())["port"]
    return None


SECOND_THREAD = """async () => {
    const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
    await Promise.all([...kernel._comms.values()].map((comm) => comm.subshellStarted));
    await Promise.all([...kernel._futures.values()].map((message) => message.done));
}"""
EMPTY = """() => {
    for (const widget of [...window.jupyterapp.shell.widgets("main")]) widget.dispose();
    document.querySelectorAll("head style[id^='vae_helpers.']").forEach((style) => style.remove());
}"""


class Page:
    """One open notebook. `.page` is Playwright's page; the rest is what every test needs."""

    def __init__(self, page, server: Server):
        self.page, self.server, self.console_errors, self.other_hosts = page, server, [], []
        page.set_default_timeout(START_S * 1000)
        page.on("console", lambda message: self.console_errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        page.on("request", self._record)

    def _record(self, request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(self.server.url + "/"):
            self.other_hosts.append(request.url)

    def open(self, name: str) -> "Page":
        if self.page.url == "about:blank":  # /doc is the mode with one document; "reset" forgets the workspace of the test before
            self.page.goto(f"{self.server.url}/doc/tree/{name}?reset&token={self.server.token}")
        else:
            self.command("docmanager:open", path=name)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.wait_idle()
        return self

    def wait_idle(self) -> None:
        """Waits until the kernel is up and idle, by the status bar (the toolbar's dot lags behind)."""
        expect(self.page.locator("#jp-main-statusbar .jp-StatusBar-TextItem", has_text="| Idle")).to_be_visible(timeout=RUN_S * 1000)

    def wait_second_thread(self) -> "Page":
        """With `subshells=True`: waits until the thread is there that the widgets' messages go to, and every message so far is handled."""
        self.page.evaluate(SECOND_THREAD)
        return self

    def command(self, name: str, **arguments):
        """Runs one of JupyterLab's own commands and waits for it."""
        return self.page.evaluate(
            "([name, arguments]) => window.jupyterapp.commands.execute(name, arguments).then(() => null)", [name, arguments]
        )

    def run_all(self) -> "Page":
        """Runs every cell, waits for the last, and fails with the first traceback if a cell raised."""
        self.page.set_default_timeout(RUN_S * 1000)
        self.command("notebook:run-all-cells")
        self.wait_idle()
        self.page.set_default_timeout(START_S * 1000)
        assert not (errors := self.errors()), errors[0]
        return self

    def run_cell(self, index: int) -> "Page":
        """Runs one cell, as Ctrl-Enter does, and waits for it; what else goes on in the kernel goes on."""
        self.cell(index).locator(".jp-InputPrompt").click()
        self.command("notebook:run-cell")
        return self

    def start_cell(self, index: int) -> "Page":
        """Runs one cell and does not wait for it."""
        self.cell(index).locator(".jp-InputPrompt").click()
        self.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-cell')")
        return self

    def cell(self, index: int):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int):
        """The output area of one cell (its text, its widget, its picture)."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def widget(self, index: int, selector: str = ".jp-OutputArea-output .jupyter-widgets, .jp-OutputArea-output .widget-output"):
        """The live widget, or something in it, in one cell's output; waited for."""
        found = self.output(index).locator(selector).first
        found.wait_for()
        return found

    def errors(self) -> list[str]:
        """What the notebook shows as tracebacks or on stderr."""
        return self.page.locator(
            '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'
        ).all_inner_texts()

    def theme(self, dark: bool) -> "Page":
        self.command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        self.page.locator(f'body[data-jp-theme-light="{"false" if dark else "true"}"]').wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        return self

    def screenshot(self, name: str, of=None) -> None:
        """Saves a picture of the window, or of one locator, if VAE_HELPERS_SCREENSHOTS names a folder."""
        if folder := os.environ.get("VAE_HELPERS_SCREENSHOTS"):
            (of or self.page).screenshot(path=Path(folder) / f"{name}.png")

    def leave(self) -> "Page":
        """Nothing open, no kernel, no view's style sheet, the light theme: as when JupyterLab has just been loaded."""
        self.page.evaluate(EMPTY)
        self.server.stop_kernels()
        self.theme(dark=False)
        self.console_errors.clear()  # JupyterLab's debugger complains if the kernel is gone before it has asked
        return self

    def close(self) -> None:
        self.page.context.close()
        self.server.stop_kernels()


def browser_program(playwright) -> str:
    """The Chromium to use: VAE_HELPERS_CHROMIUM, or one on the PATH, or Playwright's own."""
    named = os.environ.get("VAE_HELPERS_CHROMIUM")
    on_path = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    for program in [named] if named else [*on_path, playwright.chromium.executable_path]:
        if program and Path(program).exists():
            return program
    pytest.fail(
        "The browser tests need Chromium or Chrome: install one (`python -m playwright install chromium`, or Debian's package `chromium`), "
        "or set VAE_HELPERS_CHROMIUM to the program's path."
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with warm_kernels(tmp_path_factory.mktemp("kernel")) as variables:
        server = Server(tmp_path_factory.mktemp("jupyter"), **variables)
        yield server
        server.stop()


@pytest.fixture(scope="package")  # not session: while Playwright runs, its event loop is this thread's, and nobody else's asyncio.run works
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program(playwright), args=FLAGS.split())
        yield browser
        browser.close()


def new_page(server, browser, subshells=False, script="", **context) -> Page:
    """A window in which nothing is loaded yet; `script` is JavaScript that will run before the page's own."""
    server.set_subshells(subshells)
    page = browser.new_context(**context).new_page()
    page.add_init_script(script)
    return Page(page, server)


def open_notebook(server, browser, notebook, name: str, size=(1280, 720), page=None, **options) -> Page:
    """A copy of a notebook's file, or one made of code given as strings, opened under this name in `page`, or in a new one."""
    if isinstance(notebook, (str, Path)):
        shutil.copy(ROOT / notebook, server.notebooks / name)
    else:
        cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(notebook)]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), server.notebooks / name)
    page = page or new_page(server, browser, **options)
    page.page.set_viewport_size({"width": size[0], "height": size[1]})
    return page.open(name)


@pytest.fixture(scope="module")
def kept():
    """The pages that JupyterLab is loaded in, emptied, each list under the options that it was loaded with."""
    kept = defaultdict(list)
    yield kept
    for page in sum(kept.values(), []):
        page.close()


@pytest.fixture
def lab(server, browser, kept, tmp_path, request):
    """`lab(path)` opens a copy of a notebook, `lab(["code", "code"])` one made of these cells; `size=(1280, 720)` is the window.

    With `subshells=True` widget messages come on a thread of their own, as where the collection's settings are not installed. `script`
    is JavaScript that runs before the page's own; other options are the browser context's. A page is kept for tests with the same
    options; one that a test has failed in is not.
    """
    pages, failed = [], request.session.testsfailed

    def open_one(notebook, size=(1280, 720), **options) -> Page:
        same = kept[repr(sorted(options.items()))]
        page = same.pop() if same else new_page(server, browser, **options)
        pages.append((page, same))
        return open_notebook(server, browser, notebook, f"{tmp_path.name}-{len(pages)}.ipynb", size, page)

    yield open_one
    errors = [error for page, _ in pages for error in page.console_errors]
    urls = [url for page, _ in pages for url in page.other_hosts]
    for page, same in pages:
        if errors or urls or request.session.testsfailed > failed:
            page.close()
        else:
            same.append(page.leave())
    assert not errors, f"errors on the console: {errors}"
    assert not urls, f"requests to other hosts: {urls}"

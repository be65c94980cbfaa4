"""A JupyterLab in a real browser (chromium.py), driven by a program: for the browser tests and the benchmarks."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from freshness import ROOT
from install import surroundings
from playwright.sync_api import expect

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell is in the page, seen or not
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
START_S, RUN_S = 120, 300  # generous limits that end a hung run; nothing passes or fails by speed
expect.set_options(timeout=START_S * 1000)


class Server:
    """JupyterLab on the loopback address with settings, data and configuration of its own: nothing of the user's is read or written.

    Notebooks lie in `root`, by default a folder of its own. `command` starts JupyterLab, `limit` ends a start that hangs (seconds),
    `variables` are added to its environment. Raises RuntimeError, with the end of its log, if it does not start.
    """

    def __init__(
        self,
        folder: Path,
        root: Path | None = None,
        command: Sequence = (sys.executable, "-m", "jupyterlab"),
        settings: dict = SETTINGS,
        limit: float = START_S,
        **variables: str,
    ):
        self.notebooks, runtime, self.log = root or folder / "notebooks", folder / "runtime", folder / "server.log"
        overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
        for needed in (self.notebooks, overrides.parent):
            needed.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(runtime, ignore_errors=True)  # where a server before this one said where it listened
        overrides.write_text(json.dumps(settings), encoding="utf-8")
        own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
        own |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
        self.token = secrets.token_hex(16)
        options = {"ip": "127.0.0.1", "port": 0, "open_browser": False, "allow_root": True, "root_dir": self.notebooks}
        command = [*command, "--no-browser", "--expose-app-in-browser", f"--IdentityProvider.token={self.token}"]
        command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
        env = surroundings() | {name: str(folder / value) for name, value in own.items()} | variables
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=env)
        end = time.monotonic() + limit
        while not (port := _port(runtime)):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"JupyterLab did not start within {limit} s; its log ends:\n{tail}")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

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
    """Where the server listens: from the file that it leaves, which it does a moment before it listens; None until then."""
    for path in runtime.glob("jpserver-*.json"):
        with suppress(ValueError, OSError):
            port = json.loads(path.read_text(encoding="utf-8"))["port"]
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port


# What a view has put off (controls.js, follow) is drawn with the screen's next refresh.
REFRESH = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Then the kernel hears of it: each model has one message under way, and one that waits until that has come.
ARRIVED = """async () => {
    const messages = () => [...(window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel?._futures.values() ?? [])];
    for (const round of ["under way", "waiting"]) await Promise.allSettled(messages().map((message) => message.done));
}"""
SECOND_THREAD = """async () => {
    const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
    await Promise.all([...kernel._comms.values()].map((comm) => comm.subshellStarted));
    const cell = (message) => message.msg.header.msg_type === "execute_request";
    await Promise.all([...kernel._futures.values()].filter((message) => !cell(message)).map((message) => message.done));
}"""
EMPTY = """() => {
    for (const widget of [...window.jupyterapp.shell.widgets("main")]) widget.dispose();
    document.querySelectorAll("head style[id^='vae_helpers.']").forEach((style) => style.remove());
}"""


class Page:
    """One open notebook. `.page` is Playwright's page; the rest is what every user of it needs."""

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
        """With `subshells=True`: waits until the thread is there that the widgets' messages go to, and it has handled each one so far."""
        self.page.evaluate(SECOND_THREAD)
        return self

    def refresh(self) -> "Page":
        """Waits until all that was moved so far is on the screen."""
        self.page.evaluate(REFRESH)
        return self

    def command(self, name: str, **arguments) -> None:
        """Runs one of JupyterLab's own commands and waits for it."""
        self.page.evaluate("([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => null)", [name, arguments])

    def run_all(self) -> "Page":
        """Runs every cell, waits for the last, and fails with the first traceback if a cell raised."""
        self.page.set_default_timeout(RUN_S * 1000)
        self.command("notebook:run-all-cells")
        self.wait_idle()
        self.page.set_default_timeout(START_S * 1000)
        assert not (errors := self.errors()), errors[0]
        return self

    def run_cell(self, index: int) -> "Page":
        """Runs one cell, as Ctrl-Enter does, and waits for it; whatever the views were told before, the kernel has heard of by then."""
        self.refresh().page.evaluate(ARRIVED)
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
        return self.page.locator('[data-mime-type$="jupyter.stderr"], [data-mime-type$="jupyter.error"]').all_inner_texts()

    def drag(self, part, start: tuple[float, float], end: tuple[float, float], steps: int = 20) -> "Page":
        """The pressed mouse goes from one place on a part to another, both as shares of its width and height; then all is drawn."""
        part.scroll_into_view_if_needed()
        box, mouse = part.bounding_box(), self.page.mouse
        places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in (start, end)]
        mouse.move(*places[0])
        mouse.down()
        mouse.move(*places[1], steps=steps)
        mouse.up()
        return self.refresh()

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


def new_page(server: Server, browser, subshells: bool = False, script: str = "", **context) -> Page:
    """A window in which nothing is loaded yet; `script` is JavaScript that will run before the page's own."""
    server.set_subshells(subshells)
    page = browser.new_context(**context).new_page()
    page.add_init_script(script)
    return Page(page, server)


def open_notebook(server: Server, browser, notebook, name: str, size=(1280, 720), page: Page | None = None, **options) -> Page:
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

"""A JupyterLab in a real browser (chromium.py), driven by a program: for the browser tests and the benchmarks."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from freshness import ROOT
from lab_server import START_S, Server
from playwright.sync_api import expect

RUN_S = 300  # as generous, for a notebook
expect.set_options(timeout=START_S * 1000)

# What a view has put off (controls.js, follow) is drawn with the screen's next refresh.
REFRESH = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Each model has one message to the kernel under way, and one that waits until that has come. Cells that run go on.
HEARD = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel;
    const messages = () => [...(kernel?._futures.values() ?? [])].filter(({ msg }) => msg.header.msg_type !== "execute_request");
    const comms = [...(kernel?._comms.values() ?? [])].filter((comm) => comm._commsOverSubshells !== "disabled");
    await Promise.all(comms.map((comm) => comm.subshellStarted));
    for (const round of ["under way", "waiting"]) await Promise.allSettled(messages().map((message) => message.done));
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

    def refresh(self) -> "Page":
        """Waits until all that was moved so far is on the screen."""
        self.page.evaluate(REFRESH)
        return self

    def heard(self) -> "Page":
        """Waits until the kernel has heard of it too. With `subshells=True`: until the thread is there that the views' messages go to."""
        self.refresh().page.evaluate(HEARD)
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
        """Runs one cell, as Ctrl-Enter does, and waits for it; the kernel has heard by then of whatever the views were told before."""
        self.heard().cell(index).locator(".jp-InputPrompt").click()
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

"""From a fresh clone to the first picture on screen, in seconds: with the installation, and at the second start without it.

    python benchmarks/first_picture.py [--no-install]

Clones this repository's last commit into an empty folder, gives the README's command (`python run.py lab`), and opens the notebook that it
opens in Chromium, in a window tall enough for its picture: until the stored picture is there; and, once every cell is set running, until
the first live one is. Caches are empty the first time, pip's too, so the installation is as fast as the network. With --no-install this
environment serves the clone, to see that the rest works.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright
from rows import Row, plain

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser.conftest import FLAGS, ROOT, Page, Server, _port, browser_program
from browser.drag import RECORDER

PHASES = ("environment", "JupyterLab's server", "page with the stored picture", "kernel ready", "from Run All to the first live picture")
INSTALL_S = 1200  # ends a hung run


class Lab(Server):
    """`python run.py lab` in a clone, in surroundings of its own. `.seconds` has what the environment and the server took."""

    def __init__(self, clone: Path, away: Path, install: bool):
        self.token, stamp, runtime = secrets.token_hex(16), clone / ".venv" / "installed", away / "runtime"
        serve = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={clone}"]
        command = [sys.executable, "run.py", "lab"] if install else serve
        command += ["--no-browser", "--allow-root", "--expose-app-in-browser", "--port=0", f"--IdentityProvider.token={self.token}"]
        names = {"XDG_CACHE_HOME": "cache", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
        names |= {"IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
        env = os.environ | {name: str(away / folder) for name, folder in names.items()}
        begin = time.perf_counter()
        with (away / "server.log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=clone, env=env)
        environment = self._wait(lambda: not install or stamp.exists(), begin, away)
        server = self._wait(lambda: _port(runtime), begin, away)
        self.seconds = [environment, server - environment]
        self.url = f"http://127.0.0.1:{_port(runtime)}"

    def _wait(self, condition, begin: float, away: Path) -> float:
        while not condition():
            if self.process.poll() is not None or time.perf_counter() > begin + INSTALL_S:
                self.stop()
                raise SystemExit(f"JupyterLab did not start; its log ends:\n{(away / 'server.log').read_text()[-2000:]}")
            time.sleep(0.02)
        return time.perf_counter() - begin

    def stop(self) -> None:
        """run.py's child is the server, and a signal to run.py alone would leave it running."""
        if self.process.poll() is None:
            for process in psutil.Process(self.process.pid).children(recursive=True):
                process.terminate()
        super().stop()


def start(browser, clone: Path, away: Path, install: bool) -> list[float]:
    """The seconds of each phase."""
    lab = Lab(clone, away, install)
    try:
        view = browser.new_context(viewport={"width": 1280, "height": 1300}).new_page()
        view.add_init_script(RECORDER)
        page, clock = Page(view, lab), [time.perf_counter()]
        view.goto(f"{lab.url}/lab/tree/notebooks/00_start_here.ipynb?token={lab.token}")
        view.wait_for_function("recorder.paints[0]?.frame")
        clock.append(time.perf_counter())
        page.wait_idle()
        clock.append(time.perf_counter())
        view.evaluate("recorder.paints = [], void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        view.wait_for_function("recorder.paints[0]?.frame")
        clock.append(time.perf_counter())
        assert view.locator(".vae-image").first.is_visible()
        page.wait_idle()
        assert not (errors := page.errors()), errors[0]
        page.close()
    finally:
        lab.stop()
    return lab.seconds + [b - a for a, b in zip(clock[:-1], clock[1:], strict=True)]


def measure(install: bool = True) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clone, away = Path(folder) / "clone", Path(folder) / "away"
        away.mkdir()
        browser = playwright.chromium.launch(executable_path=browser_program(playwright), args=FLAGS.split())
        begin = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        cloning = time.perf_counter() - begin
        first, second = (start(browser, clone, away, install) for _ in range(2))
        browser.close()
    rows = [Row("From a fresh clone to the first picture on screen: at the first start, at the second")]
    rows += [Row("clone (from this disk)", f"{cloning:.1f} s")]
    rows += [Row(what, f"{a:.1f} s, {b:.1f} s") for what, a, b in zip(PHASES, first, second, strict=True)]
    stored, live = (f"{cloning + sum(first[:n]):.1f} s, {sum(second[:n]):.1f} s" for n in (3, 5))
    return [*rows, Row("**together, to the stored picture**", stored), Row("**together, to the first live picture**", live)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-install", action="store_true")
    print(plain(measure(install=not parser.parse_args().no_install)))

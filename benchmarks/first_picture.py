"""From a fresh clone to the first picture on screen, in seconds: with the installation, and at the second start without it.

    python benchmarks/first_picture.py [--no-install]

Clones this repository's last commit into an empty folder, gives the README's command (`python3 run.py lab`), and opens the notebook that it
opens in Chromium, in a window tall enough for its picture: until the stored picture is there; and, once every cell is set running, until
the first live one is. Caches are empty the first time, pip's too, so the installation is as fast as the network. With --no-install this
environment serves the clone, to see that the rest works.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Row, command_line

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from chromium import chromium
from lab import ROOT, Server, new_page
from recorder import RECORDER

PHASES = ("environment", "JupyterLab's server", "page with the stored picture", "kernel ready", "from Run All to the first live picture")
INSTALL_S = 1200  # ends a hung run


def start(browser, clone: Path, away: Path, install: bool) -> list[float]:
    """The seconds of each phase."""
    command, stamp, clock = [sys.executable, "-m", "jupyterlab"], clone / ".venv" / "installed", [time.time()]
    if install:
        command = [sys.executable, clone / "run.py", "--yes", "lab"]
    with Server(away, clone, command, {}, INSTALL_S, XDG_CACHE_HOME=str(away / "cache")) as server:
        clock += [max(stamp.stat().st_mtime, clock[0]) if install else clock[0], time.time()]
        page = new_page(server, browser, script=RECORDER, viewport={"width": 1280, "height": 1300})
        view = page.page
        view.goto(f"{server.url}/lab/tree/notebooks/00_start_here.ipynb?token={server.token}")
        view.wait_for_function("recorder.paints[0]?.frame")
        clock.append(time.time())
        page.wait_idle()
        clock.append(time.time())
        view.evaluate("recorder.paints = [], void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        view.wait_for_function("recorder.paints[0]?.frame")
        clock.append(time.time())
        assert view.locator(".vae-image").first.is_visible()
        page.wait_idle()
        assert not (errors := page.errors()), errors[0]
        page.close()
    return [b - a for a, b in zip(clock[:-1], clock[1:], strict=True)]


def measure(install: bool = True) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        clone, away = Path(folder) / "clone", Path(folder) / "away"
        begin = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        cloning = time.perf_counter() - begin
        first, second = (start(browser, clone, away, install) for _ in range(2))
    rows = [Row("From a fresh clone to the first picture on screen: at the first start, at the second")]
    rows += [Row("clone (from this disk)", f"{cloning:.1f} s")]
    rows += [Row(what, f"{a:.1f} s, {b:.1f} s") for what, a, b in zip(PHASES, first, second, strict=True)]
    stored, live = (f"{cloning + sum(first[:n]):.1f} s, {sum(second[:n]):.1f} s" for n in (3, 5))
    return [*rows, Row("**together, to the stored picture**", stored), Row("**together, to the first live picture**", live)]


if __name__ == "__main__":
    command_line(measure, __doc__)

"""Memory of JupyterLab with two notebooks open and fully run, as on Binder, where 1 to 2 GB is all there is.

    python benchmarks/binder.py [07_train_a_vae 08_latent_space]

Both run from top to bottom in one JupyterLab, in a real browser, one after the other, and stay open. Summed over the server and its kernels
is the proportional set size, which counts shared pages once (elsewhere than on Linux the resident set). The browser is the reader's own.
"""

import os
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from rows import Row, command_line

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from chromium import chromium
from lab import Server, open_notebook

LIMIT_MB = 1500


def measure(names: list[str] | None = None) -> list[Row]:
    names = names or ["07_train_a_vae", "08_latent_space"]
    os.environ["OMP_NUM_THREADS"] = "1"  # as binder/start does
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, chromium() as browser:
        over, peak = threading.Event(), [0.0]

        def watch() -> None:
            while not over.wait(0.3):
                peak[0] = max(peak[0], megabytes(server.process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            readings = [megabytes(server.process.pid)]
            for name in names:
                open_notebook(server, browser, f"notebooks/{name}.ipynb", f"{name}.ipynb").run_all()
                readings.append(megabytes(server.process.pid))
                print(f"  {name} open and run: {readings[-1]:.0f} MB", flush=True)
            assert len(server.api("GET", "api/kernels")) == len(names)
        finally:
            over.set()
            watcher.join()
            server.stop_kernels()
    which = f"with {' and '.join(name[:2] for name in names)} open and fully run (limit: {LIMIT_MB} MB)"
    return [
        Row("Memory of JupyterLab's server and its kernels, as on Binder"),
        Row("server alone", f"{readings[0]:.0f} MB"),
        Row(which, f"{readings[-1]:.0f} MB", f"while they run at most {max(peak[0], *readings):.0f} MB"),
    ]


def megabytes(pid: int) -> float:
    """Memory of a process and all its descendants, in MB of 10⁶ bytes."""
    total = 0
    server = psutil.Process(pid)
    for process in (server, *server.children(recursive=True)):
        try:
            memory = process.memory_full_info()
        except psutil.NoSuchProcess:  # ended since it was listed
            continue
        total += getattr(memory, "pss", memory.rss)
    return total / 1e6


if __name__ == "__main__":
    command_line(measure, __doc__)

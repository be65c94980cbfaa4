"""A JupyterLab of its own on the loopback address, for lab.py."""

import json
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

from install import surroundings

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell is in the page, seen or not
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
START_S = 120  # a generous limit that ends a hung run; nothing passes or fails by speed


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

"""Kernels that start at once: each is forked from one process in which Python has already read the large libraries.

Read are only libraries that take no notice of IPython; matplotlib, ipywidgets and this package are imported in each kernel, as anywhere.
That imports work in a kernel of the usual kind is seen when the notebooks are run by themselves.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT


@contextmanager
def warm_kernels(folder: Path) -> Iterator[dict[str, str]]:
    """The variables of a JupyterLab whose kernels start warm. Elsewhere than on Linux, where forking is not safe, there are none."""
    from install import surroundings  # tools/ is on the tests' path, not on that of this file as a program

    if sys.platform != "linux":
        yield {}
        return
    spec, path = folder / "kernels/python3/kernel.json", folder / "socket"
    spec.parent.mkdir(parents=True)
    described = {"display_name": "Python 3 (ipykernel)", "language": "python", "interrupt_mode": "message"}
    spec.write_text(json.dumps(described | {"argv": [sys.executable, __file__, str(path), "{connection_file}"]}), encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listener, (folder / "log").open("w", encoding="utf-8") as log:
        listener.bind(str(path))
        listener.listen()
        command = [sys.executable, __file__, str(listener.fileno())]
        process = subprocess.Popen(command, stdin=PIPE, stdout=log, stderr=STDOUT, pass_fds=[listener.fileno()])
    with process:  # whose end closes the pipe
        yield {"JUPYTER_PATH": os.pathsep.join([str(folder), surroundings()["JUPYTER_PATH"]])}


def serve(listener: socket.socket) -> None:
    """Reads the libraries, and forks a kernel for each that asks. Ends when the tests close its input, or are no more."""
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401
    import torch._dynamo  # noqa: F401  (with torch; the first optimizer of a kernel would read it for most of a second)
    from ipykernel.kernelapp import IPKernelApp  # noqa: F401

    del sys.path[0]  # this file's folder
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel that has ended
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        asker, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            become_kernel(asker)
        asker.close()


def become_kernel(asker: socket.socket) -> None:
    """A kernel that ends when what asked for it ends: that is the process which Jupyter knows, and kills."""
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder, connection_file = json.loads(asker.recv(10_000))
    os.chdir(folder)
    threading.Thread(target=lambda: (asker.recv(1), os._exit(1)), daemon=True).start()
    IPKernelApp.launch_instance(argv=["-f", connection_file])
    os._exit(0)


def ask(path: str, connection_file: str) -> None:
    """What Jupyter starts as a kernel: it asks for one, and ends when that does."""
    with socket.socket(socket.AF_UNIX) as kernel:
        kernel.connect(path)
        kernel.sendall(json.dumps([os.getcwd(), connection_file]).encode())
        kernel.recv(1)


if __name__ == "__main__":
    ask(*sys.argv[1:]) if sys.argv[2:] else serve(socket.socket(fileno=int(sys.argv[1])))

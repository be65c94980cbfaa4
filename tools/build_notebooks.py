"""Execute the committed notebooks and write them back in one normal form, so that a second run changes no byte.

    python tools/build_notebooks.py                      run those whose outputs are stale
    python tools/build_notebooks.py notebooks/04_*.ipynb run these, stale or not
    python tools/build_notebooks.py --check              only say which are stale, in under a second; exit status 1 if any is

Stale means: the code cells, a package file that they use, or the outputs changed since this tool ran (freshness.py says how it knows).
The kernel runs with seed 0, no data folder, no user profile and no network beyond this machine.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from freshness import ROOT, read, staleness, stamp, there

from vae_helpers.files import lighter, write_beside_and_rename

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_METADATA = {"slideshow", "tags", "alt", "jupyter", "jp-MarkdownHeadingCollapsed"}
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookFailed(Exception):
    """A cell raised, or wrote what a committed notebook must not hold. `cell` is its index."""

    def __init__(self, cell: int, message: str):
        super().__init__(f"cell {cell}: {message}")
        self.cell, self.message = cell, message


class Run(NamedTuple):
    """An executed notebook, the seconds it took with the kernel's start, and the kernel's peak memory in MB (nan where unknown)."""

    notebook: dict
    seconds: float
    peak_mb: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=there, help="notebooks to run (default: the stale ones in notebooks/)")
    parser.add_argument("--check", action="store_true", help="run nothing, list the stale notebooks")
    options = parser.parse_args(arguments)
    paths = options.paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    stale = {path: why for path in paths if (why := staleness(read(path)))}
    if options.check or not options.paths:
        print(*(f"{path.name}: {why}" for path, why in stale.items()), f"{len(stale)} of {len(paths)} notebooks stale", sep="\n")
    if options.check:
        return int(bool(stale))
    return int(not all([build(path) for path in options.paths or stale]))


def build(path: Path) -> bool:
    """Run one notebook and replace its file if anything changed. On failure the file stays as it is. Prints one line."""
    try:
        run = asyncio.run(execute(path))
    except NotebookFailed as failure:
        print(f"{path.name}: FAILED in {failure}", flush=True)
        return False
    run.notebook["metadata"]["vae_helpers"] = stamp(run.notebook)
    changed = write(run.notebook, path)
    cost = f"{run.seconds:.0f} s, peak {run.peak_mb:.0f} MB, {path.stat().st_size / 1000:.0f} kB"
    print(f"{path.name}: {'written' if changed else 'unchanged'}, {cost}", flush=True)
    return True


def write(notebook: dict, path: Path) -> bool:
    """Write beside and rename, so that no reader ever sees half a file. Returns whether the bytes changed."""
    text = as_text(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_beside_and_rename(path, text)
    return True


def as_text(notebook: dict) -> str:
    import nbformat  # takes most of a second, and --check does without

    return nbformat.writes(nbformat.from_dict(notebook), indent=1) + "\n"


def normalise(notebook: dict, number: str) -> dict:
    """Keep what a reader sees and drop what changes from run to run, in place. `number` is the notebook's, for the cell ids.

    Of a widget its static picture stays; a widget without a picture (progress bars, buttons) leaves nothing.
    """
    kept = notebook["metadata"].get("vae_helpers")
    notebook["metadata"] = json.loads(json.dumps(NOTEBOOK_METADATA)) | ({"vae_helpers": kept} if kept else {})
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    for index, cell in enumerate(notebook["cells"]):
        cell["id"] = f"nb{number}-{index:03d}"
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in CELL_METADATA and value}
        if cell["cell_type"] == "code":
            cell["outputs"] = _lines_joined([output for output in cell["outputs"] if _keep(output)])
    return notebook


def _keep(output: dict) -> bool:
    data = output.get("data", {})
    if WIDGET_VIEW in data:
        del data[WIDGET_VIEW]
        if not any(kind.startswith("image/") or kind == "text/html" for kind in data):
            return False
    output.pop("transient", None)
    return data != {"text/plain": ""}  # a line of agree's that it has folded


def _lines_joined(outputs: list[dict]) -> list[dict]:
    """Printed lines that follow each other are one output; one that was displayed as mere text, as agree does it, is among them."""
    joined: list[dict] = []
    for output in outputs:
        if output["output_type"] == "display_data" and output["data"].keys() == {"text/plain"}:
            output = {"output_type": "stream", "name": "stdout", "text": output["data"]["text/plain"] + "\n"}
        if joined and "text" in output and joined[-1].get("name") == output["name"]:
            joined[-1]["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def unwanted(notebook: dict) -> Iterator[tuple[int, str]]:
    """Outputs that must not be committed: (cell index, what is wrong)."""
    for index, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            if output["output_type"] == "error":
                yield index, f"raised {output['ename']}: {output['evalue']}"
            if output.get("name") == "stderr":
                yield index, f"wrote to stderr: {text.strip()[:300]}"
            if address := re.search(r"\bat 0x[0-9a-f]+", text):
                yield (
                    index,
                    f"shows a memory address, which changes with every run: ...{text[max(0, address.start() - 60) : address.end()]}",
                )


# Run before the first cell, silently and among names of its own.
OFFLINE = """
import socket
connect = socket.socket.connect
def connect_here_only(self, address):
    if isinstance(address, tuple) and address[0] not in ("localhost", "127.0.0.1", "::1"):
        raise OSError(f"notebooks are built offline, and this one asked for {address[0]}")
    return connect(self, address)
socket.socket.connect = connect_here_only
"""
# The kernel's own largest resident set, in kB. Not Linux's getrusage: that begins with the set of the process which started it.
PEAK = {
    "linux": "int(__import__('re').search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status', encoding='ascii').read())[1])",
    "darwin": "__import__('resource').getrusage(0).ru_maxrss // 1024",
}.get(sys.platform, "None")  # Windows has no such count


async def execute(path: Path, variables: dict[str, str] | None = None, timeout: int = 600, folder: Path | None = None) -> Run:
    """Run a notebook top to bottom in a new kernel of this Python, in `folder` or the notebook's own, and normalise it. Nothing is written.

    `variables` are added to its environment, such as {"VAE_HELPERS_SEED": "3"}.

    Raises NotebookFailed for the first cell that raises or runs longer than `timeout` seconds, or for outputs that must not be committed.
    """
    import nbformat
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.from_dict(read(path) | {"nbformat_minor": 5})
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        os.mkdir(f"{empty}/data")
        manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))  # this Python, no other
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=timeout,
            extra_arguments=["--log-level=CRITICAL"],
            record_timing=False,
            store_widget_state=False,
            resources={"metadata": {"path": str(folder or path.resolve().parent)}},
        )
        async with client.async_setup_kernel(env=_environment(empty) | (variables or {}), cleanup_kc=True):
            if sys.platform != "win32":  # nbclient takes Ctrl-C as the kernel's end; here it ends the tool, and the kernel with it
                asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
            await client.kc.execute(f"exec({OFFLINE!r}, {{}})", silent=True, reply=True)
            for index, cell in enumerate(notebook["cells"]):
                try:
                    await client.async_execute_cell(cell, index)
                except CellExecutionError as error:
                    raise NotebookFailed(index, _what_failed(error)) from None
                except CellTimeoutError:
                    raise NotebookFailed(index, f"ran for more than {timeout} s") from None
                except DeadKernelError:
                    raise NotebookFailed(index, "the kernel died (out of memory?)") from None
            last = await client.kc.execute("", silent=True, user_expressions={"peak": PEAK}, reply=True)
    seconds = time.perf_counter() - start
    notebook = normalise(json.loads(json.dumps(notebook)), path.name[:2])
    for index, what in unwanted(notebook):
        raise NotebookFailed(index, what)
    for data in (output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])):
        if "image/png" in data:
            data["image/png"] = base64.b64encode(lighter(base64.b64decode(data["image/png"]))).decode()
    return Run(notebook, seconds, _megabytes(last["content"]["user_expressions"]["peak"]))


def _environment(empty: str) -> dict[str, str]:
    """The surroundings in which outputs are made: nothing of this user's or this shell's reaches them."""
    dropped = re.compile("VAE_HELPERS_.*|.*_proxy|PYTHONSTARTUP|MPLBACKEND", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not dropped.fullmatch(name)}
    return kept | {"VAE_HELPERS_DATA": f"{empty}/data", "IPYTHONDIR": f"{empty}/ipython", "PYTHONHASHSEED": "0"}


def _megabytes(peak: dict) -> float:
    """The kernel's answer to PEAK, in MB; nan where it has none."""
    text = peak.get("data", {}).get("text/plain", "")
    return int(text) / 1024 if text.isdigit() else float("nan")


def _what_failed(error) -> str:
    """The exception and the line that raised it, in one line."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
    line = next(iter(re.findall(r"^-+> *\d+ (.*)$", plain, flags=re.MULTILINE)), "").strip()
    return f"{error.ename}: {' '.join(error.evalue.split())[:300] or 'no message'}" + (f"    at `{line}`" if line else "")


if __name__ == "__main__":
    sys.exit(main())

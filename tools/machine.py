"""What the machine and its user bring, and what is said where that will not do. Standard library only, as in install.py."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # for these, all pins have wheels; the README and run.py quote the first and the last


class SetUpError(Exception):
    """The environment could not be made; the message says why and what to do."""


def running() -> str:
    """The version of the Python that runs this, such as "3.12"."""
    return "{}.{}".format(*sys.version_info)


def unsupported(version: str, system: str, machine: str, macos: str, libc: str = "") -> str:
    """Why no environment can be made with this Python ("3.12", built for "win-amd64" or "macosx-11.0-arm64") on this machine (with
    such as "glibc 2.31"), or ""."""
    elsewhere = "Open the collection on Binder, by the README's link."
    if version not in PYTHONS:
        better = next((name for v in reversed(PYTHONS) if starts(name := f"python{v}")), "")
        hint = f"This machine has one: {better} run.py lab" if better else "Install one of these, and call run.py with it"
        return f"The pinned packages work with Python {PYTHONS[0]} to {PYTHONS[-1]}; {sys.executable} is Python {version}. {hint}."
    if system == "win32" or re.fullmatch("linux-(i.86|armv.*)", system):
        return "PyTorch has no build for a Python of 32 bits. Install one of 64 bits, and call run.py with it."
    if libc.startswith("musl") or (libc.startswith("glibc ") and [*map(int, re.findall(r"\d+", libc))] < [2, 28]):
        return f"PyTorch's build needs the C library glibc 2.28 or newer (Debian 10, Ubuntu 20.04, RHEL 8), and this is {libc}. {elsewhere}"
    if system == "win-arm64":
        return "PyTorch has no build for Windows on ARM. Install the Python for Intel (x64), which this Windows runs too, and use that."
    if macos and machine == "x86_64":
        return f"PyTorch has no build for Macs with Intel processors any more. {elsewhere}"
    if macos and int(macos.split(".")[0]) < 14:
        return f"PyTorch's build needs macOS 14 or newer, and this is {macos}. Update it, or: {elsewhere}"
    return ""


def starts(program: str) -> bool:
    """Whether there is such a program, and it answers: pyenv puts a name on the PATH for each Python, in use or not."""
    return bool(found := shutil.which(program)) and subprocess.run([found, "--version"], capture_output=True).returncode == 0


def enough_room(gigabytes: float, there: float = 0.0) -> None:
    """Raises SetUpError where so many GB, less what is `there`, do not fit; a third of it is what pip downloads to a folder of its own."""
    for folder, needed in ((ROOT, gigabytes - there), (Path(tempfile.gettempdir()), (gigabytes - there) / 3)):
        if (free := shutil.disk_usage(folder).free / 1e9) < needed:
            advice = "Make room, then give the same command again."
            raise SetUpError(f"The disk of {folder} has {free:.1f} GB free, and this needs about {needed:.1f}. {advice}")


def size(folder: Path) -> float:
    """What lies in a folder, in GB."""
    return sum(file.lstat().st_size for file in folder.rglob("*")) / 1e9


def is_root() -> bool:
    """Whether this is Unix's superuser."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def writable(folder: str | Path) -> bool:
    """Whether a file can be made there: the system's own answer is about permissions alone, and on Windows not even about those."""
    probe = Path(folder, f".probe-{os.getpid()}")
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def agreed(question: str) -> bool:
    """Whether somebody is there and says yes."""
    try:
        return sys.stdin is not None and sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        return False


def read_only(folder: Path) -> SetUpError:
    advice = "Whoever may write there gives this command once, or you do in a copy of your own."
    return SetUpError(f"{folder} may only be read, and its environment is not up to date. {advice}")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One at a time in this folder: a second call waits until the first is done. On a disk that cannot lock, nobody waits."""
    try:
        file = (folder / ".venv.lock").open("a", encoding="utf-8")
    except OSError:
        raise read_only(folder) from None
    with file:
        for attempt in range(10**9):
            if _locked(file):
                break
            if not attempt:
                print("Another run.py is at work in this folder. Waiting for it; Ctrl-C stops only the waiting.")
            time.sleep(0.5)
        yield


def _locked(file) -> bool:
    """The system takes the lock back when the file is closed, however the process ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # no locks here
        return True
    return True


def why_pip_failed(said: str) -> str:
    """What to do, by pip's own words; a sentence without its end."""
    place = ROOT / ".venv"
    for pattern, advice in {
        r"No space left|Errno 28|not enough space": "The disk is full. Make room",
        r"Long Path": "A path is longer than Windows allows. Move this folder nearer to the root of its drive",
        r"WinError (5|32)": f"A file in {place} is in use, or not yours. Close every JupyterLab and editor that uses it",
        r"[Pp]ermission denied|Read-only file": f"It may not write to {place}. Have its owner do this, or work in your own copy",
        r"ProxyError|407 Proxy": "The proxy refused. Check the variables https_proxy and http_proxy, and pip's setting `proxy`",
        r"CERTIFICATE|SSLError": "A certificate was not accepted. Tell pip (its setting `cert`) the one that your network uses",
        r"resolution|Name or service|getaddrinfo|nodename|unreachable|NewConnection|imed out|Connection (refused|reset)": (
            "The package index that pip uses does not answer, so this machine seems to be offline. Connect it"
        ),
        r"No matching distribution|satisfies the requirement": "Its index lacks what is named above, for this Python or machine. Mend that",
    }.items():
        if re.search(pattern, said):
            return advice
    return f"Its message is above. Mend what it names (if nothing helps, delete {place})"

"""The environment in `.venv`: made, checked, brought up to date. Standard library only, because it runs before anything is installed.

A stamp, written last, makes the next call instant: a hash of all that decides what is installed. The one before it stays until then, and
where an update fails (no network), what is there is used as long as it works.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from machine import PYTHONS, ROOT, SetUpError, agreed, alone, enough_room, read_only, running, size, unsupported, why_pip_failed, writable

VENV = ROOT / ".venv"
STAMP = VENV / "installed"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DECIDES = ["requirements.txt", "requirements-test.txt"]  # what the environment depends on
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PIP = ("-P", "-m", "pip", "--disable-pip-version-check")
ROOM, ROOM_CUDA = 3.0, 9.0  # GB that must be free: an environment is 1.8, with the CUDA build 5.5, and what is downloaded comes on top


def set_up(yes: bool = False) -> None:
    """Make `.venv` match the pinned requirements. `yes`: what would be asked is agreed to. Raises SetUpError."""
    if complete():
        return
    try:
        with alone(ROOT):
            if not complete():  # a second look: the first may have seen another call's work half done
                bring_up(yes)
    except SetUpError as error:
        if not works():
            raise
        print(f"{error}\nUntil then this starts with what is installed, which may differ from the requirements.", file=sys.stderr)


def complete() -> bool:
    """Whether there is nothing to do: all is there, and for these very lists."""
    version, faults = state()
    return not faults and STAMP.exists() and STAMP.read_bytes() == fingerprint(version).encode()


def bring_up(yes: bool) -> None:
    """Make, mend or update `.venv`, and stamp it. Raises SetUpError."""
    version, faults = state()
    if VENV.is_dir() and not writable(VENV):
        raise read_only(VENV)
    if VENV.exists() and (not version or (STAMP.exists() and faults and not works())):
        if not VENV.is_dir() or VENV.is_symlink():
            raise SetUpError(f"{VENV} is in the way: expected a folder that run.py may fill. Move it elsewhere and try again.")
        print(f"The environment in {VENV} no longer works (its Python was replaced, or files are missing). Making it anew.")
        shutil.rmtree(VENV)
    if not VENV.exists():
        make()
        version, faults = state()
    elif faults:
        enough_room(ROOM, size(VENV))
    install(yes, faults)
    version, faults = state()
    if faults:
        raise SetUpError(
            f"pip says that all is installed, yet {VENV} lacks {', '.join(faults)}. If settings of pip's lead elsewhere (`pip config list` "
            "shows target, prefix, root), take them out; else delete that folder. Then give the same command again."
        )
    beside = STAMP.with_suffix(".new")
    beside.write_text(fingerprint(version), encoding="utf-8")
    os.replace(beside, STAMP)


def make() -> None:
    """An empty `.venv`, or none."""
    libc = " ".join(platform.libc_ver())
    if why := unsupported(running(), sysconfig.get_platform(), platform.machine(), platform.mac_ver()[0], libc):
        raise SetUpError(why)
    enough_room(ROOM)
    print(f"Making an environment in {VENV} with Python {sys.version.split()[0]}. The first time takes a few minutes.")
    try:
        python = getattr(sys, "_base_executable", "") or sys.executable  # this one may have lain in the `.venv` that went
        if subprocess.call([python, "-m", "venv", VENV], env=surroundings()):
            raise SetUpError("Python's venv module failed; its message is above. On Debian and Ubuntu: apt install python3-venv.")
    except BaseException:  # Ctrl-C too: half an environment has half a pip
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def install(yes: bool, faults: Sequence[str]) -> None:
    """Install what `.venv` lacks, as state() has it; on Linux with no NVIDIA GPU, PyTorch's CPU build first. Raises SetUpError."""
    if not pip_answers():  # an environment made by uv has none, an interrupted one half of it
        subprocess.call([PYTHON, "-m", "ensurepip"], env=surroundings())
    torch = next(pin for pin in pins() if pin.startswith("torch=="))
    damaged = {fault.removeprefix(FILES) for fault in faults if fault.startswith(FILES)}  # pip takes these for installed
    if sys.platform.startswith("linux") and {torch, FILES + torch} & set(faults):  # elsewhere the usual build is the CPU's
        gpu = shutil.which("nvidia-smi") is not None
        wanted = [f"{torch}+cpu", "--no-deps", *["--force-reinstall"] * (torch in damaged)]  # not the one that a mirror may have
        if not gpu and not pip("install", "--index-url", CPU_INDEX, "--timeout", "30", "--retries", "1", *wanted):
            damaged.discard(torch)
        elif brings_cuda(torch):
            agree_to_cuda(gpu, yes)
    said = pip("install", *pins())
    if damaged and not said:
        said = pip("install", "--no-deps", "--force-reinstall", *sorted(damaged))
    if said:
        raise SetUpError(f"pip could not install the requirements. {why_pip_failed(said)}, then give the same command again.")
    link()


def link() -> None:
    """The package itself is this folder's, for programs that run.py does not start (VS Code's kernel): a path in a file of the environment.
    Not by `pip install -e .`, which writes the whole path in UTF-8, where Python up to 3.12 reads another encoding and in some folders does
    not start any more; this one is plain ASCII, and right also after the folder was renamed."""
    for packages in (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages")):
        (packages / "vae_helpers.pth").write_text(Path(os.path.relpath(ROOT, packages)).as_posix() + "\n", encoding="utf-8")


def pip_answers() -> bool:
    return subprocess.call([PYTHON, *PIP, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=surroundings()) == 0


def pip(*arguments: str) -> str:
    """Run pip in `.venv`; what it says is shown as it comes. Returns its complaints, or the empty string if all went well."""
    command = [PYTHON, *PIP, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", cwd=ROOT, env=surroundings()) as process:
        said = []
        for line in process.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            said.append(line)
    return ("".join(said) or f"exit status {process.returncode}") if process.returncode else ""


def brings_cuda(torch: str) -> bool:
    """Whether pip, left to itself, would fetch the build for NVIDIA GPUs: it is asked, and downloads nothing yet. Raises SetUpError where
    pip cannot say: what comes must not be a surprise."""
    command = [PYTHON, *PIP, "install", "--dry-run", "--quiet", "--report", "-", torch]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", cwd=ROOT, env=surroundings())
    if done.returncode:
        print(done.stderr, end="", file=sys.stderr)
        raise SetUpError(f"pip could not find {torch}. {why_pip_failed(done.stderr)}, then give the same command again.")
    return any(item["metadata"]["name"].lower().startswith(("nvidia", "cuda")) for item in json.loads(done.stdout)["install"])


def agree_to_cuda(gpu: bool, yes: bool) -> None:
    """Say, or without a GPU ask, before 3 GB come. Raises SetUpError where nobody says yes, or the disk is too full."""
    print("pip would now fetch PyTorch's build for NVIDIA GPUs: about 3 GB to download, 5.5 GB on disk.")
    enough_room(ROOM_CUDA, size(VENV))
    if not gpu:
        print(f"The small build for the CPU, from {CPU_INDEX}, was tried twice and did not come.")
        if not yes and not agreed("Go on? [y/N] "):
            raise SetUpError("Nothing was installed. Try again later, or agree with the option --yes.")


def pins() -> list[str]:
    """Lines such as "torch==2.13.0" of both lists."""
    lines = [line.split("#")[0].strip() for name in DECIDES for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "==" in line]


FILES = "files of "
# Run by the environment's own Python: its version; then each pin that is not there, and each package of which files are not. Of all that is
# installed every fiftieth file is looked for; where one is missing, every file.
STATE = f"""
import importlib.metadata as metadata, os, sys
print("{{}}.{{}}".format(*sys.version_info))
for pin in sys.argv[1:]:
    name, version = pin.split("==")
    try:
        fits = metadata.version(name).split("+")[0] == version
    except Exception:
        fits = False
    if not fits:
        print(pin)
def damaged(step):
    for found in metadata.distributions():
        files = [line.rsplit(",", 2)[0] for line in (found.read_text("RECORD") or "").splitlines()]
        code = [file for file in files if ".dist-info/" not in file and "__pycache__" not in file and '"' not in file]
        if found.metadata["Name"] != "vae_helpers" and not all(os.path.exists(found.locate_file(file)) for file in code[::step]):
            yield f"{FILES}{{found.metadata['Name']}}=={{found.version.split('+')[0]}}"
if any(damaged(50)):
    print(*damaged(1), sep="\\n")
print("all")"""


def state() -> tuple[str, list[str]]:
    """The Python version inside `.venv`, such as "3.11" ("" if it does not start, or is not what `.venv` was made with), and what it lacks:
    pins, and "files of" a package. Raises SetUpError if that cannot be said."""
    command = [PYTHON, "-P", "-c", STATE, *pins()]
    try:
        asked = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=120, env=surroundings())
        settings = (VENV / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:  # no reason to throw it away
        raise SetUpError(f"The Python in {VENV} does not answer: the disk may be very busy. Give the same command again later.") from None
    except OSError:
        return "", ["a Python that starts"]
    version, *faults = asked.stdout.splitlines() or [""]
    made_with = re.search(r"^version(?:_info)? *= *([\d.]+)", settings, re.MULTILINE)  # venv and uv; virtualenv
    if version not in PYTHONS or not made_with or not f"{made_with[1]}.".startswith(f"{version}."):
        return "", ["a Python that starts"]
    return version, faults[:-1] if faults[-1:] == ["all"] else [*faults, "records that can be read"]


def works() -> bool:
    """Whether what the notebooks need can be imported, from elsewhere than this folder."""
    needed = "import anywidget, ipykernel, jupyterlab, matplotlib, scipy, seaborn, sklearn, torch, vae_helpers.widgets"
    try:
        return subprocess.run([PYTHON, "-P", "-c", needed], capture_output=True, env=surroundings()).returncode == 0
    except OSError:
        return False


def fingerprint(version: str) -> str:
    """A hash of all that decides what is installed: the lists and the Python version."""
    parts = [version, *((ROOT / name).read_text(encoding="utf-8") for name in DECIDES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# Variables that lead Python, pip, Jupyter or IPython to other packages, or make them do something else: a cluster's modules, another
# environment that is active (IPython looks there first), `pip install --user`; Python's own, but for a few.
DROPPED = re.compile(
    r"PYTHON(?!DONTWRITEBYTECODE|PYCACHEPREFIX|UNBUFFERED|UTF8=1)[A-Z0-9]+=.*|__PYVENV_LAUNCHER__=.*|VIRTUAL_ENV=.*|MPLBACKEND=.*"
    r"|PIP_(TARGET|PREFIX|ROOT|PYTHON|DRY_RUN|NO_DEPS)=.*|JUPYTER_PATH=.*|JUPYTERLAB_DIR=.*",
    re.IGNORECASE | re.DOTALL,
)


def surroundings() -> dict[str, str]:
    """The variables of every program that is started here: this user's, less those DROPPED, plus what keeps a `python3` kernel in the home
    folder out of the way, and where JupyterLab's settings for the collection lie, and the order of its slide show."""
    kept = {name: value for name, value in os.environ.items() if not DROPPED.fullmatch(f"{name}={value}")}
    ours = str(ROOT / "share" / "jupyter")
    configured = [ours, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    return kept | {
        "PATH": os.pathsep.join([str(Path(PYTHON).parent), *filter(None, [os.environ.get("PATH")])]),  # `!pip` in a notebook is ours too
        "PIP_USER": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8",  # what programs say to a file or to each other; Windows would take its code page
        "PYTHONPATH": str(ROOT),  # in place of the user's
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_PATH": os.pathsep.join(configured),
        "JUPYTER_PATH": ours,
    }

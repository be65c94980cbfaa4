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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DECIDES = ["requirements.txt", "requirements-test.txt", "pyproject.toml"]  # what the environment depends on
PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # for these, all pins have wheels; the README quotes the first and the last
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ROOM, ROOM_CUDA = 3.0, 9.0  # GB that must be free: an environment is 1.8, with the CUDA build 5.5, and what is downloaded comes on top


class SetUpError(Exception):
    """The environment could not be made; the message says why and what to do."""


def set_up(yes: bool = False) -> None:
    """Make `.venv` match the pinned requirements. `yes`: what would be asked is agreed to. Raises SetUpError."""
    version, whole = state()
    stamp = fingerprint(version)
    if whole and STAMP.exists() and STAMP.read_text(encoding="utf-8") == stamp:
        return
    if VENV.exists() and (not version or (STAMP.exists() and not whole and not works())):
        if not VENV.is_dir() or VENV.is_symlink():
            raise SetUpError(f"{VENV} is in the way: expected a folder that run.py may fill. Move it elsewhere and try again.")
        print(f"The environment in {VENV} no longer works (its Python was replaced, or files are missing). Making it anew.")
        shutil.rmtree(VENV)
    if not VENV.exists():
        make()
        stamp = fingerprint(state()[0])
    try:
        install(yes)
    except SetUpError as error:
        if not works():
            raise
        print(f"{error}\nUntil then this starts with what is installed, which is not quite what the requirements ask for.", file=sys.stderr)
        return
    beside = STAMP.with_suffix(".new")
    beside.write_text(stamp, encoding="utf-8")
    os.replace(beside, STAMP)


def make() -> None:
    """An empty `.venv`, or none."""
    if why := unsupported(running(), sysconfig.get_platform(), platform.machine(), platform.mac_ver()[0]):
        raise SetUpError(why)
    enough_room(ROOM)
    print(f"Making an environment in {VENV} with Python {sys.version.split()[0]}. The first time takes a few minutes.")
    try:
        if subprocess.call([sys.executable, "-m", "venv", VENV], env=surroundings()):
            raise SetUpError("Python's venv module failed; its message is above. On Debian and Ubuntu: apt install python3-venv.")
    except BaseException:  # Ctrl-C too: half an environment has half a pip
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def install(yes: bool = False) -> None:
    """Install the requirements into `.venv`; on Linux with no NVIDIA GPU, PyTorch's CPU build first. Raises SetUpError."""
    if subprocess.call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL, env=surroundings()):  # an environment made by uv has none
        subprocess.call([PYTHON, "-m", "ensurepip"], env=surroundings())
    torch = next(pin for pin in pins() if pin.startswith("torch=="))
    gpu = shutil.which("nvidia-smi") is not None
    if sys.platform.startswith("linux"):  # elsewhere the usual build is the CPU's
        from_cpu_index = ["--no-deps", "--index-url", CPU_INDEX, "--timeout", "30", "--retries", "1", torch]
        if (gpu or pip("install", *from_cpu_index)) and brings_cuda(torch):
            agree_to_cuda(gpu, yes)
    if said := pip("install", "-r", "requirements-test.txt"):
        raise SetUpError(f"pip could not install the requirements. {why_pip_failed(said)}, then give the same command again.")


def pip(*arguments: str) -> str:
    """Run pip in `.venv`; what it says is shown as it comes. Returns its complaints, or the empty string if all went well."""
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", cwd=ROOT, env=surroundings()) as process:
        said = []
        for line in process.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            said.append(line)
    return ("".join(said) or f"exit status {process.returncode}") if process.returncode else ""


def brings_cuda(torch: str) -> bool:
    """Whether pip, left to itself, would fetch the build for NVIDIA GPUs: it is asked, and downloads nothing yet."""
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--quiet", "--report", "-", torch]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", cwd=ROOT, env=surroundings())
    if done.returncode:
        return False  # what is wrong is said when it installs
    return any(item["metadata"]["name"].lower().startswith(("nvidia", "cuda")) for item in json.loads(done.stdout)["install"])


def agree_to_cuda(gpu: bool, yes: bool) -> None:
    """Say, or without a GPU ask, before 3 GB come. Raises SetUpError where nobody says yes, or the disk is too full."""
    print("pip would now fetch PyTorch's build for NVIDIA GPUs: about 3 GB to download, 5.5 GB on disk.")
    enough_room(ROOM_CUDA)
    if not gpu:
        print(f"The small build for the CPU, from {CPU_INDEX}, was tried twice and did not come.")
        if not yes and not (sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes")):
            raise SetUpError("Nothing was installed. Try again later, or agree with the option --yes.")


def enough_room(gigabytes: float) -> None:
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < gigabytes:
        raise SetUpError(
            f"The disk has {free:.1f} GB free, and this needs about {gigabytes:.0f}. Make room, then give the same command again."
        )


def why_pip_failed(said: str) -> str:
    """What to do, by pip's own words; a sentence without its end."""
    for pattern, advice in {
        r"No space left|Errno 28|not enough space": "The disk is full. Make room",
        r"[Pp]ermission denied|Read-only file|WinError 5": f"It may not write to {VENV}. Have its owner do this, or work in your own copy",
        r"ProxyError|407 Proxy": "The proxy refused. Check the variables https_proxy and http_proxy, and pip's setting `proxy`",
        r"CERTIFICATE|SSLError": "A certificate was not accepted. Tell pip (its setting `cert`) the one that your network uses",
        r"resolution|Name or service|getaddrinfo|nodename|unreachable|NewConnection|imed out|Connection (refused|reset)": (
            "The package index that pip uses does not answer, so this machine seems to be offline. Connect it"
        ),
        r"No matching distribution|satisfies the requirement": "Its index lacks what is named above, for this Python or machine. Mend that",
    }.items():
        if re.search(pattern, said):
            return advice
    return f"Its message is above. Mend what it names (if nothing helps, delete {VENV})"


def unsupported(version: str, system: str, machine: str, macos: str) -> str:
    """Why no environment can be made with this Python ("3.12", built for "win-amd64" or "macosx-11.0-arm64") on this machine, or ""."""
    elsewhere = "Open the collection on Binder, by the README's link."
    if version not in PYTHONS:
        better = next((f"python{v}" for v in reversed(PYTHONS) if shutil.which(f"python{v}")), "")
        hint = f"This machine has one: {better} run.py lab" if better else "Install one of these, and call run.py with it"
        return f"The pinned packages work with Python {PYTHONS[0]} to {PYTHONS[-1]}; {sys.executable} is Python {version}. {hint}."
    if system == "win-arm64":
        return "PyTorch has no build for Windows on ARM. Install the Python for Intel (x64), which this Windows runs too, and use that."
    if macos and machine == "x86_64":
        return f"PyTorch has no build for Macs with Intel processors any more. {elsewhere}"
    if macos and int(macos.split(".")[0]) < 14:
        return f"PyTorch's build needs macOS 14 or newer, and this is {macos}. Update it, or: {elsewhere}"
    return ""


def running() -> str:
    """The version of the Python that runs this, such as "3.12"."""
    return "{}.{}".format(*sys.version_info)


def pins() -> list[str]:
    """Lines such as "torch==2.13.0" of both lists."""
    lines = [line.split("#")[0].strip() for name in DECIDES[:2] for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "==" in line]


# Run by the environment's own Python: its version; then whether each pin is there, and every fiftieth file of all that is installed.
STATE = """
import importlib.metadata as metadata, os, sys
print("{}.{}".format(*sys.version_info))
for name, version in (pin.split("==") for pin in sys.argv[1:]):
    assert metadata.version(name).split("+")[0] == version
for found in metadata.distributions():
    files = [line.rsplit(",", 2)[0] for line in (found.read_text("RECORD") or "").splitlines()]
    code = [file for file in files if ".dist-info/" not in file and "__pycache__" not in file and '"' not in file]
    assert all(os.path.exists(found.locate_file(file)) for file in code[::50])
print("whole")"""


def state() -> tuple[str, bool]:
    """The Python version inside `.venv`, such as "3.11" ("" if it does not start, or is not what `.venv` was made with), and whether
    everything is installed. Raises SetUpError if that cannot be said."""
    try:
        asked = subprocess.run([PYTHON, "-c", STATE, *pins()], capture_output=True, encoding="utf-8", timeout=120, env=surroundings())
        settings = (VENV / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:  # no reason to throw it away
        raise SetUpError(f"The Python in {VENV} does not answer: the disk may be very busy. Give the same command again later.") from None
    except OSError:
        return "", False
    version, *rest = asked.stdout.split() or [""]
    made_with = re.search(r"^version(?:_info)? *= *([\d.]+)", settings, re.MULTILINE)  # venv and uv; virtualenv
    fits = version in PYTHONS and made_with and f"{made_with[1]}.".startswith(f"{version}.")
    return (version, rest == ["whole"]) if fits else ("", False)


def works() -> bool:
    """Whether what the notebooks need can be imported, from elsewhere than this folder."""
    needed = "import anywidget, ipykernel, jupyterlab, matplotlib, scipy, sklearn, torch, vae_helpers.widgets"
    return subprocess.run([PYTHON, "-c", needed], capture_output=True, cwd=VENV, env=surroundings()).returncode == 0


def fingerprint(version: str) -> str:
    """A hash of all that decides what is installed: the lists, the Python version, this folder (the package is installed by path)."""
    parts = [version, str(ROOT), *((ROOT / name).read_text(encoding="utf-8") for name in DECIDES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def surroundings() -> dict[str, str]:
    """The variables of every program that is started here: this user's, less those that lead Python, pip or Jupyter to other packages
    (a cluster's modules, `pip install --user`, a `python3` kernel in the home folder), plus where JupyterLab's settings for the collection
    lie, and the order of its slide show."""
    dropped = {"PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "JUPYTER_PATH", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in dropped}
    ours = str(ROOT / "share" / "jupyter")
    configured = [ours, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    return kept | {
        "PIP_USER": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": str(ROOT),  # in place of the user's, and right also after this folder was renamed
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_PATH": os.pathsep.join(configured),
        "JUPYTER_PATH": ours,
    }

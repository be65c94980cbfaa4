"""Set up the collection and open or test it: `python run.py lab`, `python run.py test`.

Only Python's standard library, because it runs before anything is installed. The environment lives in `.venv` beside this file;
the second call finds it ready and starts at once.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - here, before anything that an older Python cannot run
    sys.exit(f"This needs Python 3.11 or newer; {sys.executable} is Python {sys.version.split()[0]}. Call run.py with a newer one.")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DECIDES = [
    "requirements.txt",
    "requirements-test.txt",
    "pyproject.toml",
    "share/jupyter/lab/settings/overrides.d/vae_helpers.json5",
]  # what the environment depends on
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
USAGE = """Usage: python run.py COMMAND [options]

Each command first makes an environment in .venv, the first time only (about 2 GB on disk).

  lab       open the collection in JupyterLab; options go to JupyterLab, such as --no-browser
  test      run every test: units, notebooks and browser; options go to pytest, such as -k kl or tests/test_setup.py
"""
SCRIPTS = {  # command: (script, what it does)
    "build": ("tools/build_notebooks.py", "execute the notebooks whose outputs are stale, and store the outputs"),
    "export": ("tools/export_page.py", "make one HTML file of a notebook, live figures and all, to hand out: no kernel, no network"),
    "seeds": ("tools/seeds.py", "run the notebooks with twenty seeds and in other surroundings, and store nothing"),
    "pretrain": ("experiments/train_pretrained.py", "train the package's models again; with --check, compare and store nothing"),
    "bench": ("benchmarks/table.py", "measure training, drag, notebooks, imports and start, and print one table"),
}
USAGE += "".join(f"  {name:<10}{purpose}\n" for name, (_, purpose) in SCRIPTS.items())


def main(argv: list[str]) -> int:
    """Run one command and return its exit status."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if argv else 2
    command, *options = argv
    if command not in ("lab", "test", *SCRIPTS):
        return fail(f"There is no command {command!r}.\n\n{USAGE}", status=2)
    if command in SCRIPTS and not (ROOT / SCRIPTS[command][0]).exists():
        return fail(f"{command!r} needs {SCRIPTS[command][0]}, which this copy of the collection does not have.")
    os.chdir(ROOT)
    sys.stdout.reconfigure(line_buffering=True)  # what is said here comes before what pip says
    try:
        set_up()
    except (SetUpError, OSError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("Stopped before the environment was complete. The same command takes it up again.", status=130)
    if command == "lab":
        return call([PYTHON, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", "notebooks/00_start_here.ipynb", *options])
    if command == "test":
        return call([PYTHON, "-m", "pytest", *test_arguments(options)], find_browser(options))
    return call([PYTHON, SCRIPTS[command][0], *options])


class SetUpError(Exception):
    """The environment could not be made; the message says why and what to do."""


def set_up() -> None:
    """Make `.venv` match the pinned requirements. A stamp, written last, makes the next call instant."""
    version = venv_version()
    if VENV.exists() and version is None:
        if not VENV.is_dir() or VENV.is_symlink():
            raise SetUpError(f"{VENV} is in the way: expected a folder that run.py may fill. Move it elsewhere and try again.")
        print(f"The environment in {VENV} no longer works (its Python is missing, older than 3.11 or was replaced). Making it anew.")
        shutil.rmtree(VENV)
    if not VENV.exists():
        print(f"Making an environment in {VENV} with Python {sys.version.split()[0]}. The first time takes a few minutes.")
        try:
            if subprocess.call([sys.executable, "-m", "venv", VENV]):
                raise SetUpError("Python's venv module failed; its message is above. On Debian and Ubuntu: apt install python3-venv.")
        except BaseException:  # Ctrl-C too: half an environment has half a pip
            shutil.rmtree(VENV, ignore_errors=True)
            raise
        version = venv_version()
    stamp = fingerprint(str(version))
    if STAMP.exists() and STAMP.read_text() == stamp:
        return
    STAMP.unlink(missing_ok=True)
    install()
    STAMP.write_text(stamp)


def install() -> None:
    """Install requirements.txt into `.venv`; on Linux with no NVIDIA GPU, PyTorch's CPU build first."""
    if subprocess.call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL):  # an environment made by uv has none
        subprocess.call([PYTHON, "-m", "ensurepip"])
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]
    if wants_cpu_torch(sys.platform, shutil.which("nvidia-smi")):
        cpu_torch = [*pip, "--index-url", CPU_INDEX, torch_pin((ROOT / "requirements.txt").read_text(encoding="utf-8"))]
        if not answers(CPU_INDEX + "/torch/") or subprocess.call(cpu_torch):
            print(f"No CPU build of torch from {CPU_INDEX} (asked for 3 seconds), so pip takes torch from where it takes the rest.")
            print("If pip starts on packages named nvidia-*, that is the build for NVIDIA GPUs, about 3 GB: stop with Ctrl-C, try later.")
    if subprocess.call([*pip, "-r", "requirements-test.txt"]):
        raise SetUpError(why_pip_failed(shutil.disk_usage(ROOT).free, answers("https://pypi.org/simple/pip/")))


def venv_version() -> str | None:
    """The Python version inside `.venv`, such as "3.11"; None if it does not start, is too old, or is not what `.venv` was made with."""
    try:
        ask = [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        version = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        settings = dict(line.split(" = ", 1) for line in (VENV / "pyvenv.cfg").read_text().splitlines() if " = " in line)
    except (OSError, subprocess.SubprocessError):
        return None
    made_with = settings.get("version", settings.get("version_info", ""))  # venv and uv; virtualenv
    too_old = tuple(map(int, version.split("."))) < (3, 11)
    return None if too_old or not f"{made_with}.".startswith(f"{version}.") else version


def fingerprint(version: str) -> str:
    """A hash of all that decides what is installed: the lists, the Python version, this folder (the package is installed by path)."""
    parts = [version, str(ROOT), *((ROOT / name).read_text(encoding="utf-8") for name in DECIDES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def wants_cpu_torch(platform: str, nvidia_smi: str | None) -> bool:
    """Whether PyTorch's CPU index is worth asking. Elsewhere than on Linux, torch from PyPI is the CPU build already."""
    return platform.startswith("linux") and nvidia_smi is None


def torch_pin(requirements: str) -> str:
    """The line that pins torch, such as "torch==2.13.0"."""
    return next(line.split("#")[0].strip() for line in requirements.splitlines() if line.startswith("torch=="))


def answers(url: str, seconds: float = 3.0) -> bool:
    """Whether `url` can be read within `seconds`. A thread keeps the time, because urllib's own limit leaves out the name look-up."""
    answered = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds):
                answered.append(url)
        except (OSError, ValueError):  # refused, timed out, not found, no such host, no certificate
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answered)


def why_pip_failed(free_bytes: int, online: bool) -> str:
    """One paragraph with the likely cause."""
    if free_bytes < 2e9:
        cause = f"The disk is nearly full: {free_bytes / 1e9:.1f} GB are free, and the environment needs about 2. Make room"
    elif not online:
        cause = "pypi.org does not answer, so this machine seems to be offline. Connect it"
    else:
        cause = (
            "Its message is above. PyTorch has no builds for Macs with Intel processors, nor yet for the newest Python. Mend what it names"
        )
    return f"pip could not install the requirements. {cause}, then give the same command again. If nothing helps, delete {VENV}."


def test_arguments(options: list[str]) -> list[str]:
    """pytest's arguments: everything, unless an option names a file or folder of its own."""
    paths = [] if any(names_path(option) for option in options) else ["tests", "notebooks"]
    return [*paths, "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "300", "-rs", *options]


def find_browser(options: list[str]) -> dict[str, str]:
    """The variable that tells the browser tests where Chromium is. With none on the machine, Playwright is asked to fetch its own."""
    paths = [option for option in options if names_path(option)]
    if os.environ.get("VAE_HELPERS_CHROMIUM") or (paths and not any("browser" in path for path in paths)):
        return {}
    path = installed_browser()
    if path:
        return {"VAE_HELPERS_CHROMIUM": path}
    print("No Chromium or Chrome found, so Playwright fetches its own for the browser tests.")
    if subprocess.call([PYTHON, "-m", "playwright", "install", "chromium"]):
        print(
            "That failed, so the browser tests will fail. Install Chromium or Chrome, or set VAE_HELPERS_CHROMIUM to its path.", flush=True
        )
    return {}


def installed_browser() -> str | None:
    """Where Chromium, Chrome or Edge is installed, or None."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"]
    usual = [Path("/Applications", f"{name}.app/Contents/MacOS/{name}") for name in ("Chromium", "Google Chrome", "Microsoft Edge")]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if variable in os.environ:
            usual += [Path(os.environ[variable], "Google/Chrome/Application/chrome.exe")]
            usual += [Path(os.environ[variable], "Microsoft/Edge/Application/msedge.exe")]
    found = [shutil.which(name) for name in names] + [str(path) for path in usual if path.exists()]
    return next(filter(None, found), None)


def names_path(option: str) -> bool:
    """Whether a pytest option is a file, a folder or a test in a file (`tests/test_a.py::test_b`)."""
    return not option.startswith("-") and (ROOT / option.split("::")[0]).exists()


def call(command: list, extra: dict[str, str] | None = None) -> int:
    """Run a program to its end. Ctrl-C is the program's to handle (JupyterLab asks back), so this process only waits."""
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.call(command, env={**os.environ, **(extra or {})})


def fail(message: str, status: int = 1) -> int:
    print(message.rstrip(), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

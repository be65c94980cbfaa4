"""Set up the collection and open or test it: `python3 run.py lab`, `python3 run.py test`.

Only Python's standard library, because it runs before anything is installed, and no syntax that is newer than Python 3.6: an older Python
is told so. tools/install.py makes the environment, in `.venv` beside this file; the second call finds it ready and starts at once.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - here, before anything that an older Python cannot run
    sys.exit(
        f"This needs Python 3.11 to 3.14; {sys.executable} is Python {sys.version.split()[0]}. "
        "Call run.py with one of these, such as: python3.13 run.py lab"
    )

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))
import chromium  # noqa: E402
import install  # noqa: E402
import machine  # noqa: E402

USAGE = """Usage: python3 run.py COMMAND [options]        (on Windows: py run.py COMMAND)

Each command first makes an environment in .venv, the first time only (about 2 GB on disk). --yes agrees to what that would ask.

  lab       open the collection in JupyterLab, or the notebook that is named; options go to JupyterLab, such as --no-browser
            --copy FOLDER puts the notebooks there first and opens that folder: to work in, where this one is shared
  test      run every test: units, notebooks and browser; options go to pytest, such as -k kl or tests/test_setup.py
"""
SCRIPTS = {  # command: (script, what it does)
    "build": ("tools/build_notebooks.py", "execute the notebooks whose outputs are stale, and store the outputs"),
    "export": ("tools/export_page.py", "make one HTML file of a notebook, live figures and all, to hand out: no kernel, no network"),
    "seeds": ("tools/seeds.py", "run the notebooks with twenty seeds and in other surroundings, and store nothing"),
    "mutants": ("tests/mutants.py", "corrupt every checked formula by rule, and print which corruptions no check notices"),
    "pretrain": ("experiments/train_pretrained.py", "train the package's models again; with --check, compare and store nothing"),
    "bench": ("benchmarks/table.py", "measure training, drag, notebooks, imports and start, and print one table"),
}
USAGE += "".join(f"  {name:<10}{purpose}\n" for name, (_, purpose) in SCRIPTS.items())
WRITES_HERE = ("test", "build", "pretrain")


def main(argv: list[str]) -> int:
    """Run one command and return its exit status."""
    yes, argv = "--yes" in argv, [word for word in argv if word != "--yes"]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if argv else 2
    command, *options = [name for word in argv for name in expanded(word)]
    if command not in ("lab", "test", *SCRIPTS):
        return fail(f"There is no command {command!r}.\n\n{USAGE}", status=2)
    if command in SCRIPTS and not (ROOT / SCRIPTS[command][0]).exists():
        return fail(f"{command!r} needs {SCRIPTS[command][0]}, which this copy of the collection does not have.")
    if command in WRITES_HERE and not machine.writable(ROOT):
        return fail(f"`run.py {command}` writes into {ROOT}, which you may only read. Copy that folder to a place of your own first.")
    if sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a folder may have a name that the terminal's encoding lacks
    sys.stdout.reconfigure(line_buffering=True)  # what is said here comes before what pip says
    try:
        options = lab_arguments(options) if command == "lab" else options
        install.set_up(yes)
    except (install.SetUpError, OSError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("Stopped before all was ready. The same command takes it up again.", status=130)
    if command == "lab":
        if machine.is_root() and not any("allow_root" in option.replace("-", "_") for option in options):
            options.append("--allow-root")  # in a container there is often nobody else, and JupyterLab would end here
        return call("-P", "-m", "jupyterlab", *options, **homeless())  # -P: a `random.py` in the caller's folder is not Python's
    if command == "test":
        return call("-P", "-m", "pytest", *test_arguments(options), **find_browser(options))
    return call(str(ROOT / SCRIPTS[command][0]), *options)


def expanded(word: str) -> list[str]:
    """The files of `notebooks/04_*`, which the shells of Windows leave to the program; a word that is no such pattern as it is."""
    found = [] if word.startswith("-") or "*" not in word else sorted(glob.glob(word))
    return found or [word]


def lab_arguments(options: list[str]) -> list[str]:
    """What JupyterLab is told: which folder is its root, and what to open in it. `--copy FOLDER` is ours.

    Raises SetUpError for a notebook that is not there, and a copy without a folder.
    """
    root, notebook, named = ROOT, ROOT / "notebooks" / "00_start_here.ipynb", None
    copied, rest = None, []
    words = iter(options)
    for word in words:
        if word == "--copy" or word.startswith("--copy="):
            copied = word[len("--copy=") :] or next(words, "")
        elif word.endswith(".ipynb") and not word.startswith("-"):
            named = Path(word).resolve()
        else:
            rest.append(word)
    if copied is not None:
        if not copied or copied.startswith("-"):
            raise install.SetUpError("--copy needs a folder of your own: python3 run.py lab --copy my-notebooks")
        root = copy_notebooks(Path(copied).expanduser().resolve())
        notebook = root / notebook.name
        if named and not named.exists():
            named = root / named.name
        elif named and named.is_relative_to(ROOT / "notebooks"):
            named = root / named.relative_to(ROOT / "notebooks")
    elif not machine.writable(ROOT):
        print("You may only read this folder, so what you change will not be saved: `run.py lab --copy my-notebooks` gives you a copy.")
    if named:
        if not named.is_file():
            raise install.SetUpError(f"There is no notebook {named}. Give the path of one as seen from your folder, {Path.cwd()}.")
        notebook, root = named, root if named.is_relative_to(root) else named.parent
    told = any(option.startswith("--ServerApp.root_dir") for option in rest)
    return [*([] if told else [f"--ServerApp.root_dir={root}"]), str(notebook), *rest]


def copy_notebooks(folder: Path) -> Path:
    """The notebooks, and what they read, in a folder of the reader's own. What is there already stays as it is."""
    kept = 0
    for file in [file for file in (ROOT / "notebooks").rglob("*") if file.is_file() and ".ipynb_checkpoints" not in file.parts]:
        target = folder / file.relative_to(ROOT / "notebooks")
        kept += target.exists()
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")  # never half a notebook, which would stay as it is
            shutil.copyfile(file, part)  # without its permissions: what was read-only may now be written
            os.replace(part, target)
    print(f"The notebooks are in {folder}" + (f"; {kept} files were there before, and stay as they were." if kept else "."))
    return folder


def homeless() -> dict[str, str]:
    """Where Jupyter, IPython and matplotlib may write if the home folder may only be read, or is none: a new folder, for this time."""
    home = os.path.expanduser("~")
    if machine.writable(home):
        return {}
    print(f"Nothing can be written to {home}, so settings of JupyterLab's that you change will be forgotten.")
    own = tempfile.mkdtemp(prefix="jupyter-")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    return {name: os.environ.get(name) or os.path.join(own, name) for name in names}


def test_arguments(options: list[str]) -> list[str]:
    """pytest's arguments: everything, unless an option names a file or folder of its own. Paths are the caller's, those of reports too."""
    where = [] if paths_in(options) else [str(ROOT / "tests"), str(ROOT / "notebooks")]
    settings = ["-c", str(ROOT / "pyproject.toml"), "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "300", "-rs"]
    return [*where, *settings, *options]


def paths_in(options: list[str]) -> list[str]:
    """Those options that name a file, a folder or a test (`tests/test_a.py::test_b`) that is there. What follows -k is an expression."""
    pairs = zip(["", *options], options)  # noqa: B905 - the first list is the longer one
    words = [word for before, word in pairs if before not in ("-k", "-m") and not word.startswith("-")]
    return [word for word in words if Path(word.split("::")[0]).exists()]


def find_browser(options: list[str]) -> dict[str, str]:
    """The variable that tells the browser tests where Chromium is. With none on the machine, Playwright is asked to fetch its own."""
    paths = paths_in(options)
    if paths and not any("browser" in path or "lessons" in path for path in paths):
        return {}
    program = chromium.installed()
    if program:
        return {"VAE_HELPERS_CHROMIUM": program}
    print("No Chromium or Chrome found, so Playwright fetches its own for the browser tests.")
    if subprocess.call([install.PYTHON, "-m", "playwright", "install", "chromium"], env=install.surroundings()):
        print(f"That failed, so the browser tests will fail: {chromium.INSTALL}.", flush=True)
    return {}


def call(*arguments: str, **variables: str) -> int:
    """Run a program of the environment to its end. Ctrl-C is the program's to handle (JupyterLab asks back); on POSIX it takes this
    process's place, elsewhere this process only waits."""
    command, env = [str(install.PYTHON), *arguments], install.surroundings() | variables
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, env)
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.call(command, env=env)


def fail(message: str, status: int = 1) -> int:
    print(message.rstrip(), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

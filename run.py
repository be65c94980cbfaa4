"""Set up the collection and open or test it: `python3 run.py lab`, `python3 run.py test`.

Only Python's standard library, because it runs before anything is installed. tools/install.py makes the environment, in `.venv` beside
this file; the second call finds it ready and starts at once.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - here, before anything that an older Python cannot run
    sys.exit(f"This needs Python 3.11 or newer; {sys.executable} is Python {sys.version.split()[0]}. Call run.py with a newer one.")

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))
import chromium  # noqa: E402
import install  # noqa: E402

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
    command, *options = argv
    if command not in ("lab", "test", *SCRIPTS):
        return fail(f"There is no command {command!r}.\n\n{USAGE}", status=2)
    if command in SCRIPTS and not (ROOT / SCRIPTS[command][0]).exists():
        return fail(f"{command!r} needs {SCRIPTS[command][0]}, which this copy of the collection does not have.")
    if command in WRITES_HERE and not os.access(ROOT, os.W_OK):
        return fail(f"`run.py {command}` writes into {ROOT}, which you may only read. Copy that folder to a place of your own first.")
    sys.stdout.reconfigure(line_buffering=True)  # what is said here comes before what pip says
    try:
        install.set_up(yes)
        if command == "lab":
            return call("-m", "jupyterlab", *lab_arguments(options))
    except (install.SetUpError, OSError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("Stopped before the environment was complete. The same command takes it up again.", status=130)
    if command == "test":
        options = [placed(option) for option in options]
        os.chdir(ROOT)
        return call("-m", "pytest", *test_arguments(options), **find_browser(options))
    return call(str(ROOT / SCRIPTS[command][0]), *options)


def placed(option: str) -> str:
    """A file, folder or test (`tests/test_a.py::test_b`) that is there, as seen from the caller's folder, by its whole path."""
    name, *test = option.split("::")
    return "::".join([str(Path(name).resolve()), *test]) if names_path(option) else option


def names_path(option: str) -> bool:
    return not option.startswith("-") and Path(option.split("::")[0]).exists()


def lab_arguments(options: list[str]) -> list[str]:
    """What JupyterLab is told: which folder is its root, and what to open in it. `--copy FOLDER` is ours."""
    root, notebook = ROOT, ROOT / "notebooks" / "00_start_here.ipynb"
    if "--copy" in options:
        at = options.index("--copy")
        if not options[at + 1 :]:
            raise install.SetUpError("--copy needs a folder of your own: python3 run.py lab --copy my-notebooks")
        root = copy_notebooks(Path(options[at + 1]).resolve())
        notebook, options = root / notebook.name, options[:at] + options[at + 2 :]
    elif not os.access(ROOT, os.W_OK):
        print("You may only read this folder, so what you change will not be saved: `run.py lab --copy my-notebooks` gives you a copy.")
    if named := [option for option in options if option.endswith(".ipynb")]:
        notebook, options = Path(named[0]).resolve(), [option for option in options if option not in named]
        root = root if notebook.is_relative_to(root) else notebook.parent
    return [f"--ServerApp.root_dir={root}", str(notebook), *options]


def copy_notebooks(folder: Path) -> Path:
    """The notebooks, and what they read, in a folder of the reader's own. What is there already stays as it is."""
    kept = 0
    for file in (file for file in (ROOT / "notebooks").rglob("*") if file.is_file() and ".ipynb_checkpoints" not in file.parts):
        target = folder / file.relative_to(ROOT / "notebooks")
        kept += target.exists()
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)  # without its permissions: what was read-only may now be written
    print(f"The notebooks are in {folder}" + (f"; {kept} files were there before, and stay as they were." if kept else "."))
    return folder


def test_arguments(options: list[str]) -> list[str]:
    """pytest's arguments: everything, unless an option names a file or folder of its own."""
    paths = [] if any(names_path(option) for option in options) else ["tests", "notebooks"]
    return [*paths, "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "300", "-rs", *options]


def find_browser(options: list[str]) -> dict[str, str]:
    """The variable that tells the browser tests where Chromium is. With none on the machine, Playwright is asked to fetch its own."""
    paths = [option for option in options if names_path(option)]
    if paths and not any("browser" in path or "lessons" in path for path in paths):
        return {}
    if program := chromium.installed():
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

"""run.py: its commands, what they hand on, and what it says instead. How the environment is made is in test_install.py."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import build_notebooks
import chromium
import install
import machine
import mutants
import pytest
import seeds
from freshness import ROOT
from notebook_reading import COURSE

import run


def call_run(*arguments):
    return subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, encoding="utf-8")


@pytest.fixture
def called(monkeypatch):
    """run.main without an installation; what it would have started is in the list."""
    programs = []
    monkeypatch.setattr(install, "set_up", lambda yes: programs.append(yes))
    monkeypatch.setattr(run, "call", lambda *arguments, **variables: programs.append(arguments) or 0)
    monkeypatch.setattr(run, "find_browser", lambda options: {})
    monkeypatch.setattr(run.machine, "is_root", lambda: False)
    return programs


def test_help_and_wrong_commands():
    assert call_run("--help").stdout.startswith("Usage: python3 run.py COMMAND") and call_run("--help").returncode == 0
    assert call_run().stdout == call_run("--help").stdout and call_run().returncode == 2
    wrong = call_run("labb")
    assert wrong.returncode == 2 and wrong.stderr.startswith("There is no command 'labb'.\n\nUsage:")


@pytest.mark.parametrize("command", sorted(run.SCRIPTS))
def test_every_command_has_its_script(command, called):
    script, _ = run.SCRIPTS[command]
    assert (ROOT / script).is_file()
    assert run.main([command, "--help"]) == 0
    assert called == [False, (str(ROOT / script), "--help")]


@pytest.mark.parametrize("error", [install.SetUpError("The disk is full."), PermissionError("The disk is full.")])
def test_a_failed_installation_ends_in_a_sentence(monkeypatch, capsys, error):
    monkeypatch.setattr(install, "set_up", lambda yes: (_ for _ in ()).throw(error))
    assert run.main(["test"]) == 1
    assert capsys.readouterr().err == "The disk is full.\n"


def test_yes_is_for_run_py(called):
    run.main(["build", "--check", "--yes"])
    assert called == [True, (str(ROOT / "tools/build_notebooks.py"), "--check")]


def test_the_program_takes_over_with_the_surroundings_of_the_collection(tmp_path):
    """On POSIX there is no process of run.py left between the caller and the program: a signal reaches it, and its status is ours."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import run
run.install.PYTHON = sys.executable
print(__import__("os").getpid(), flush=True)
program = "import os, vae_helpers; print(os.getpid(), os.getcwd(), vae_helpers.__file__, os.environ['A']); exit(7)"
sys.exit(run.call("-c", program, A="b"))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=tmp_path)
    before, after, folder, package, variable = done.stdout.split()
    assert done.returncode == 7 and (before == after or os.name != "posix")
    assert (Path(folder), Path(package), variable) == (tmp_path, ROOT / "vae_helpers" / "__init__.py", "b")


def test_a_python_that_is_too_old_can_read_run_py():
    """Down to 3.6, which some clusters still call python3; it says which versions work, and does nothing else."""
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    start = f"import sys; sys.version_info = (3, 6, 8)\n{source}"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and done.stderr.startswith(f"This needs Python {install.PYTHONS[0]} to {install.PYTHONS[-1]}; ")


def test_a_name_that_the_terminal_cannot_say(tmp_path):
    """As on Windows, where what is said goes to a file."""
    code = "import run, install; install.set_up = lambda yes: None; run.call = lambda *_: 0; run.main(['lab', '--copy', 'Łukasz'])"
    env = install.surroundings() | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="cp1252", cwd=tmp_path, env=env)
    assert "\\u0141ukasz" in done.stdout and (done.stderr, done.returncode) == ("", 0)


# Paths


def test_relative_paths_are_the_callers(called, tmp_path, monkeypatch):
    (tmp_path / "mine.ipynb").touch()
    (tmp_path / "test_mine.py").touch()
    monkeypatch.chdir(tmp_path)
    run.main(["export", "mine.ipynb", "-o", "page.html"])
    assert called.pop() == (str(ROOT / "tools/export_page.py"), "mine.ipynb", "-o", "page.html") and Path.cwd() == tmp_path
    run.main(["lab", "mine.ipynb"])
    assert called.pop() == ("-P", "-m", "jupyterlab", f"--ServerApp.root_dir={tmp_path}", str(tmp_path / "mine.ipynb"))
    run.main(["test", "test_mine.py::test_a", "-x"])
    assert called[-1][-2:] == ("test_mine.py::test_a", "-x") and str(ROOT / "notebooks") not in called[-1]
    run.main(["test", "--junitxml", "report.xml"])  # a file that is written, which only pytest knows
    assert called[-1][-2:] == ("--junitxml", "report.xml") and str(ROOT / "tests") in called[-1] and Path.cwd() == tmp_path


@pytest.mark.parametrize("program", [build_notebooks, mutants, seeds])
@pytest.mark.parametrize("name", ["none.ipynb", "README.md"])
def test_a_path_that_is_no_notebook_is_named(program, name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        program.main([name])
    assert f"there is no notebook {name}: give the path of one" in capsys.readouterr().err


def test_patterns_are_understood_where_the_shell_does_not(called, monkeypatch):
    monkeypatch.chdir(ROOT)
    run.main(["build", "notebooks/0[34]_*", "--check"])
    assert [Path(word).name for word in called[-1][1:]] == ["03_elbo.ipynb", "04_kl_term.ipynb", "--check"]
    run.main(["export", "notebooks/99_*", "--*"])
    assert called[-1][1:] == ("notebooks/99_*", "--*")


def test_pytest_runs_from_any_folder(tmp_path):
    """With the collection's settings, and its paths are the caller's."""
    (tmp_path / "test_mine.py").write_text("import install, run\n\ndef test_mine(): pass", encoding="utf-8")
    arguments = run.test_arguments(["test_mine.py", str(ROOT / "tests/test_files.py"), "--collect-only", "-q"])
    command = [sys.executable, "-P", "-m", "pytest", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path, env=install.surroundings())
    assert done.returncode == 0 and all(name in done.stdout for name in ("::test_mine", "test_files.py::")), done.stdout + done.stderr


def test_pytest_gets_everything_or_what_was_named(monkeypatch):
    monkeypatch.chdir(ROOT)
    for options in (["-k", "kl"], ["-k", "notebooks"], ["-m", "tests"], []):  # the second names a folder, and means an expression
        assert run.test_arguments(options)[:2] == [str(ROOT / "tests"), str(ROOT / "notebooks")]
    assert run.test_arguments(["tests/test_setup.py::test_a", "-x"])[0] == "-c"


def test_lab_opens_the_first_notebook_or_the_one_that_is_named(called, monkeypatch):
    monkeypatch.chdir(ROOT)
    run.main(["lab", "--no-browser"])
    run.main(["lab", "notebooks/04_kl_term.ipynb"])
    root, first, option = called[1][3:]
    assert root == f"--ServerApp.root_dir={ROOT}" and option == "--no-browser"
    assert (Path(first), Path(called[3][4])) == (ROOT / "notebooks/00_start_here.ipynb", ROOT / "notebooks/04_kl_term.ipynb")


def test_lab_starts_for_root_too(called, monkeypatch):
    """A fresh container has no other user, and JupyterLab refuses root unless it is told."""
    run.main(["lab"])
    monkeypatch.setattr(run.machine, "is_root", lambda: True)
    run.main(["lab"])
    assert called[3] == (*called[1], "--allow-root")


def test_what_jupyterlab_is_told_already_is_not_told_twice(called, monkeypatch):
    """It takes one root folder, and ends at a second."""
    monkeypatch.setattr(run.machine, "is_root", lambda: True)
    told = ["--ServerApp.root_dir=/srv/class", "--ServerApp.allow_root=True"]
    run.main(["lab", *told])
    assert called[1][3:] == (str(ROOT / "notebooks/00_start_here.ipynb"), *told)


# A shared folder


def test_lab_copy_puts_the_notebooks_into_a_folder_of_ones_own(called, tmp_path, monkeypatch, capsys):
    """Twice: what the reader has written stays."""
    monkeypatch.chdir(tmp_path)
    assert run.main(["lab", "--no-browser", "--copy", "mine"]) == 0
    root, notebook, option = called[-1][3:]
    assert (root, option) == (f"--ServerApp.root_dir={tmp_path / 'mine'}", "--no-browser")
    assert Path(notebook).read_bytes() == (ROOT / "notebooks/00_start_here.ipynb").read_bytes()
    ours = {file.name for file in (ROOT / "notebooks").iterdir() if file.is_file()}
    assert {file.name for file in (tmp_path / "mine").iterdir()} == ours
    Path(notebook).write_text("my own", encoding="utf-8")
    (tmp_path / "mine" / "04_kl_term.ipynb").unlink()
    run.main(["lab", "--copy", "mine"])
    assert Path(notebook).read_text(encoding="utf-8") == "my own" and (tmp_path / "mine" / "04_kl_term.ipynb").exists()
    assert f"{len(ours) - 1} files were there before, and stay as they were." in capsys.readouterr().out
    for wrong in (["--copy"], ["--copy", "--no-browser"], ["--copy="]):
        assert run.main(["lab", *wrong]) == 1
        assert "--copy needs a folder" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["04_kl_term.ipynb", str(ROOT / "notebooks" / "04_kl_term.ipynb")])
def test_with_a_copy_its_own_notebook_is_opened(called, tmp_path, monkeypatch, named):
    """Not the shared one, where nothing can be saved."""
    monkeypatch.chdir(tmp_path)
    assert run.main(["lab", named, "--copy=mine"]) == 0
    assert called[-1][3:] == (f"--ServerApp.root_dir={tmp_path / 'mine'}", str(tmp_path / "mine" / "04_kl_term.ipynb"))


def test_a_copy_that_was_cut_short_leaves_no_half_notebook(called, tmp_path, monkeypatch):
    def full(source, target):
        Path(target).write_text("half", encoding="utf-8")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(run.shutil, "copyfile", full)
        assert run.main(["lab", "--copy", str(tmp_path / "mine")]) == 1
    assert run.main(["lab", "--copy", str(tmp_path / "mine")]) == 0
    for file in COURSE:
        assert (tmp_path / "mine" / file.name).read_bytes() == file.read_bytes()


def test_a_copy_into_the_notebooks_own_folder_ends(called, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").touch()
    monkeypatch.setattr(run, "ROOT", tmp_path)
    assert run.main(["lab", "--copy", str(tmp_path / "notebooks" / "mine")]) == 0
    assert [file.name for file in (tmp_path / "notebooks" / "mine").rglob("*")] == ["00_start_here.ipynb"]


def test_a_notebook_that_is_not_there_is_named(called, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(["lab", "notebooks/04_kl_term.ipynb"]) == 1 and called == []
    assert capsys.readouterr().err.startswith(f"There is no notebook {tmp_path / 'notebooks' / '04_kl_term.ipynb'}. Give the path")


def test_what_writes_here_says_so_where_it_may_only_read(called, monkeypatch, capsys):
    monkeypatch.setattr(machine, "writable", lambda folder: False)
    assert run.main(["test"]) == 1 and run.main(["build"]) == 1 and called == []
    assert capsys.readouterr().err.startswith(f"`run.py test` writes into {ROOT}, which you may only read. Copy that folder")
    assert run.main(["lab"]) == 0 and run.main(["export", "a.ipynb"]) == 0
    assert "`run.py lab --copy my-notebooks` gives you a copy" in capsys.readouterr().out


def test_a_home_folder_that_may_only_be_read(called, tmp_path, monkeypatch, capsys):
    """JupyterLab would end in a traceback. What the user has set stays."""
    given = {}
    monkeypatch.setattr(run, "call", lambda *_, **variables: given.update(variables) or 0)
    assert run.main(["lab"]) == 0 and given == {}
    monkeypatch.setattr(run.os.path, "expanduser", lambda path: str(tmp_path / "none"))
    monkeypatch.setattr(run.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", "mine")
    assert run.main(["lab"]) == 0 and "settings of JupyterLab's that you change will be forgotten" in capsys.readouterr().out
    assert given.pop("IPYTHONDIR") == "mine" and {"JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"} < set(given)
    assert all(Path(folder).is_relative_to(tmp_path) for folder in given.values())


# The browser


def test_browser_is_found_and_passed_on(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("VAE_HELPERS_CHROMIUM", raising=False)
    monkeypatch.setattr(chromium.shutil, "which", lambda name: f"/usr/bin/{name}" if name in ("google-chrome", "microsoft-edge") else None)
    assert run.find_browser([]) == run.find_browser(["tests/browser"]) == {"VAE_HELPERS_CHROMIUM": "/usr/bin/google-chrome"}
    assert run.find_browser(["tests/lessons/nb02"]) == {"VAE_HELPERS_CHROMIUM": "/usr/bin/google-chrome"}
    assert run.find_browser(["tests/test_setup.py"]) == {}
    monkeypatch.setenv("VAE_HELPERS_CHROMIUM", "/my/chrome")
    assert run.find_browser([]) == {"VAE_HELPERS_CHROMIUM": "/my/chrome"}


def test_without_a_browser_playwright_is_asked_for_one(monkeypatch, capfd):
    calls = []
    monkeypatch.setattr(chromium, "installed", lambda: None)
    monkeypatch.setattr(run.subprocess, "call", lambda command, env: calls.append(command[1:]) or 1)
    assert run.find_browser([]) == {}
    assert calls == [["-m", "playwright", "install", "chromium"]]
    assert "install Chromium or Chrome" in capfd.readouterr().out


def test_a_browser_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("VAE_HELPERS_CHROMIUM", "/no/such/chrome")
    code = "from chromium import chromium\nwith chromium() as browser: pass"  # apart: Playwright's event loop stays in its process
    env = install.surroundings() | {"PYTHONPATH": str(ROOT / "tools")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=env)
    assert "NoBrowser: Expected a browser at /no/such/chrome, and there is none: install Chromium or Chrome" in done.stderr

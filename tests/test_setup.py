"""The ways to install the collection: run.py, requirements.txt, environment.yml (conda), and what they must agree on."""

import ast
import http.server
import re
import subprocess
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import run

ROOT = Path(__file__).parents[1]
PINS = (ROOT / "requirements.txt").read_text().splitlines()
PINNED = [Requirement(line) for line in PINS if line and not line.startswith(("#", "-"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = {canonicalize_name(Requirement(line).name): Requirement(line) for line in PROJECT["dependencies"]}


# The lists


def test_requirements_are_exact_pins_and_end_with_the_package_itself():
    tests = (ROOT / "requirements-test.txt").read_text().splitlines()
    lines = [line for line in (*PINS, *tests) if line and not line.startswith("#")]
    assert [line for line in lines if line.startswith("-")] == ["-e .", "-r requirements.txt"]
    for line in lines:
        if line.startswith("-"):
            continue
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), f"expected name==version, got {line!r}"


def test_pins_satisfy_the_ranges_of_the_package():
    pinned = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in PINNED}
    for name, wanted in DECLARED.items():
        assert name in pinned, f"pyproject.toml needs {name}, which requirements.txt does not pin"
        assert wanted.specifier.contains(pinned[name]), f"{name}=={pinned[name]} is outside {wanted}"


FOLDERS = ["vae_helpers", "tests", "tools", "experiments", "benchmarks"]


def imports(paths):
    """The top-level names that these files import from outside the standard library and the repository, with one file for each."""
    ours = {"run"} | {name for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") for name in (path.stem, path.parent.name)}
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            found.update({name.split(".")[0]: path for name in names})
    return {name: path for name, path in found.items() if name not in ours | set(sys.stdlib_module_names)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_import_is_declared(folder):
    """The package's imports are in pyproject.toml; everybody else's come with requirements.txt."""
    providers = packages_distributions()
    for name, path in imports(sorted((ROOT / folder).rglob("*.py"))).items():
        distributions = {canonicalize_name(each) for each in providers.get(name, [])}
        assert distributions, f"{path} imports {name}, which nothing in this environment provides"
        if folder == "vae_helpers":
            assert distributions & set(DECLARED), f"{path} imports {name}, which the dependencies in pyproject.toml do not name"


def test_run_py_needs_only_the_standard_library():
    assert imports([ROOT / "run.py"]) == {}


# The README


def test_readme_names_what_exists():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in link and not link.startswith("#")}
    assert not [link for link in links if not (ROOT / link).exists()]
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= {Path(link).name for link in links}
    assert set(re.findall(r"python run\.py (\w+)", readme)) == {"lab", "test", *run.SCRIPTS}
    assert next(line for line in PINS if line.startswith("torch==")) in readme


# conda


def test_environment_yml_is_not_a_second_list():
    python, pip, packages = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.removeprefix("python="))
    assert (pip, packages["pip"]) == ("pip", [f"--extra-index-url {run.CPU_INDEX}", "-r requirements.txt"])


# JupyterLab


def test_jupyterlab_has_our_settings(tmp_path):
    """Read back the way the server does: the installed file must name settings that this JupyterLab knows."""
    from jupyterlab.commands import get_app_dir
    from jupyterlab_server.settings_utils import get_settings

    def default(plugin, name):
        app = Path(get_app_dir())
        settings, _ = get_settings(str(app / "settings"), str(app / "schemas"), str(tmp_path), f"@jupyterlab/apputils-extension:{plugin}")
        return settings["schema"]["properties"][name]["default"]

    ours = next(Path(name) for name in run.DECIDES if name.startswith("share/"))
    assert (Path(sys.prefix) / ours).read_bytes() == (ROOT / ours).read_bytes()
    assert default("kernels-settings", "commsOverSubshells") == "disabled"
    assert default("notification", "fetchNews") == "false"
    assert default("notification", "checkForUpdates") is False


# run.py


def call_run(*arguments):
    return subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True)


def test_help_and_wrong_commands():
    assert call_run("--help").stdout.startswith("Usage: python run.py COMMAND") and call_run("--help").returncode == 0
    assert call_run().stdout == call_run("--help").stdout and call_run().returncode == 2
    wrong = call_run("labb")
    assert wrong.returncode == 2 and wrong.stderr.startswith("There is no command 'labb'.\n\nUsage:")


@pytest.mark.parametrize("command", sorted(run.SCRIPTS))
def test_every_command_has_its_script(command):
    script, _ = run.SCRIPTS[command]
    assert (ROOT / script).is_file()


@pytest.mark.parametrize(
    "platform, nvidia_smi, wanted",
    [("linux", None, True), ("linux", "/usr/bin/nvidia-smi", False), ("darwin", None, False), ("win32", None, False)],
)
def test_cpu_torch_only_on_linux_without_nvidia(platform, nvidia_smi, wanted):
    assert run.wants_cpu_torch(platform, nvidia_smi) is wanted


def test_torch_pin_is_the_line_of_requirements():
    assert run.torch_pin("# torch==1.0\nnumpy==2.0\ntorch==2.13.0  # exactly\n") == "torch==2.13.0"
    assert run.torch_pin((ROOT / "requirements.txt").read_text()) in PINS


@contextmanager
def server(status=200, delay=0.0):
    """An index on loopback that answers with `status` after `delay` seconds."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            released.wait(delay)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    released = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as index:
        threading.Thread(target=index.serve_forever).start()
        yield f"http://127.0.0.1:{index.server_port}/"
        released.set()
        index.shutdown()


def test_an_index_that_answers_is_used():
    with server() as url:
        assert run.answers(url)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_an_index_that_refuses_is_not_used(status):
    with server(status) as url:
        assert not run.answers(url)


def test_an_index_that_is_silent_or_absent_is_not_waited_for():
    with server(delay=60.0) as url:
        begin = time.monotonic()
        assert not run.answers(url, seconds=0.2)
        assert time.monotonic() - begin < 30  # far below the server's delay; not a measure of speed
    assert not run.answers(url)  # the server is gone: refused
    assert not run.answers("not an address")


def test_a_name_lookup_that_hangs_is_not_waited_for(monkeypatch):
    """urllib's own limit does not cover it, so a thread keeps the time."""
    released = threading.Event()

    def look_up(url, timeout):
        released.wait(60)
        raise OSError("no such host")

    monkeypatch.setattr(run.urllib.request, "urlopen", look_up)
    begin = time.monotonic()
    assert not run.answers("https://example.invalid/", seconds=0.2)
    assert time.monotonic() - begin < 30
    released.set()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """run.py with a root of its own, an environment that works, and an installation that only counts its calls."""
    for name in run.DECIDES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    for name in ("VENV", "STAMP", "PYTHON"):
        monkeypatch.setattr(run, name, tmp_path / getattr(run, name).relative_to(ROOT))
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "installations", 0, raising=False)
    monkeypatch.setattr(run, "install", lambda: setattr(run, "installations", run.installations + 1))
    return tmp_path


def test_the_second_call_installs_nothing(clone):
    run.set_up()
    run.set_up()
    assert run.installations == 1


@pytest.mark.parametrize("name", run.DECIDES)
def test_a_change_to_what_is_installed_installs_again(clone, name):
    run.set_up()
    (clone / name).write_text((clone / name).read_text() + "\n")
    run.set_up()
    assert run.installations == 2


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), run.SetUpError("the disk is full")])
def test_an_interrupted_installation_leaves_no_stamp(clone, monkeypatch, interruption):
    def stop():
        raise interruption

    run.set_up()
    (clone / "requirements.txt").write_text("torch==0.0\n")
    with monkeypatch.context() as patch, pytest.raises(type(interruption)):
        patch.setattr(run, "install", stop)
        run.set_up()
    assert not run.STAMP.exists()
    run.set_up()
    assert run.installations == 2


@pytest.mark.parametrize("failure", [KeyboardInterrupt, lambda: 1], ids=["Ctrl-C", "exit status 1"])
def test_half_an_environment_is_removed(clone, monkeypatch, failure):
    def make(command):
        run.VENV.mkdir()
        result = failure()
        if isinstance(result, BaseException):
            raise result
        return result

    run.shutil.rmtree(run.VENV)
    monkeypatch.setattr(run.subprocess, "call", make)
    with pytest.raises((KeyboardInterrupt, run.SetUpError)):
        run.set_up()
    assert not run.VENV.exists()


@pytest.mark.parametrize("damage", ["no python", "python was replaced", "no pyvenv.cfg"])
def test_a_broken_environment_is_made_anew(clone, monkeypatch, capfd, damage):
    run.set_up()
    settings = clone / ".venv/pyvenv.cfg"
    if damage == "no python":
        run.PYTHON.unlink()
    elif damage == "python was replaced":
        settings.write_text(re.sub(r"version = .*", "version = 3.10.1", settings.read_text()))
    else:
        settings.unlink()
    make = subprocess.call
    monkeypatch.setattr(run.subprocess, "call", lambda command: make([*command, "--without-pip"]))  # quicker, and no less an environment
    run.set_up()
    assert run.installations == 2 and run.venv_version() == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert "no longer works" in capfd.readouterr().out


@pytest.mark.parametrize("kind", ["file", "link to a folder"])
def test_something_else_named_venv_is_left_alone(clone, kind):
    run.shutil.rmtree(run.VENV)
    (clone / "mine").mkdir()
    (clone / "mine/notes").write_text("keep")
    run.VENV.symlink_to(clone / "mine") if kind == "link to a folder" else run.VENV.write_text("keep")
    with pytest.raises(run.SetUpError, match="in the way"):
        run.set_up()
    assert (clone / "mine/notes").read_text() == "keep" and run.VENV.exists()


@pytest.mark.parametrize(
    "free, online, said", [(1e8, True, "nearly full: 0.1 GB"), (1e11, False, "offline"), (1e11, True, "message is above")]
)
def test_a_failure_of_pip_names_the_likely_cause(free, online, said):
    assert said in run.why_pip_failed(free, online)


def test_pytest_gets_everything_or_what_was_named():
    assert run.test_arguments(["-k", "kl"])[:2] == ["tests", "notebooks"]
    assert run.test_arguments(["tests/test_setup.py::test_a", "-x"])[0] == "--nbval-lax"


def test_browser_is_found_and_passed_on(tmp_path, monkeypatch):
    monkeypatch.delenv("VAE_HELPERS_CHROMIUM", raising=False)
    monkeypatch.setattr(run.shutil, "which", lambda name: "/usr/bin/chromium" if name == "chromium" else None)
    assert run.find_browser([]) == {"VAE_HELPERS_CHROMIUM": "/usr/bin/chromium"}
    assert run.find_browser(["tests/test_setup.py"]) == {}
    monkeypatch.setenv("VAE_HELPERS_CHROMIUM", "/my/chrome")
    assert run.find_browser([]) == {}


def test_without_a_browser_playwright_is_asked_for_one(monkeypatch, capfd):
    calls = []
    monkeypatch.delenv("VAE_HELPERS_CHROMIUM", raising=False)
    monkeypatch.setattr(run, "installed_browser", lambda: None)
    monkeypatch.setattr(run.subprocess, "call", lambda command: calls.append(command[1:]) or 1)
    assert run.find_browser([]) == {}
    assert calls == [["-m", "playwright", "install", "chromium"]]
    assert "Install Chromium or Chrome" in capfd.readouterr().out

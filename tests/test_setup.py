"""The ways to install the collection: run.py, requirements.txt, environment.yml (conda), and what they must agree on. What run.py does is
in test_run.py, how it installs in test_install.py."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import install
import pytest
import yaml
from freshness import ROOT
from notebook_reading import COURSE
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import run
from vae_helpers import environment

PINS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
PINNED = [Requirement(line) for line in PINS if line and not line.startswith(("#", "-"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {canonicalize_name(Requirement(line).name): Requirement(line) for line in PROJECT["dependencies"]}


# The lists


def test_requirements_are_exact_pins_and_end_with_the_package_itself():
    tests = (ROOT / "requirements-test.txt").read_text(encoding="utf-8").splitlines()
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
    """Playwright is imported by what calls `chromium()`, which runs in the environment."""
    assert set(imports([ROOT / "run.py", *(ROOT / "tools" / f"{name}.py" for name in ("install", "machine", "chromium"))])) <= {
        "playwright"
    }


def test_no_package_host_is_asked_by_name():
    """A user's pip may be configured for another one. PyTorch's index of CPU builds is asked through pip."""
    host = re.compile(r"pypi[.]org|python[h]osted")
    files = [file for kind in ("py", "md", "txt", "toml", "yml") for file in ROOT.glob(f"**/*.{kind}") if ".venv" not in file.parts]
    assert not [file.name for file in files if host.search(file.read_text(encoding="utf-8"))]


def test_all_agree_on_the_versions_of_python():
    oldest, newest = install.PYTHONS[0], install.PYTHONS[-1]
    assert f"Python {oldest} to {newest}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert PROJECT["requires-python"] == f">={oldest}"
    assert ".".join(map(str, environment.PYTHON)) == oldest
    assert f"needs Python {oldest} to {newest};" in (ROOT / "run.py").read_text(encoding="utf-8")


# The README


def test_readme_names_what_exists():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in link and not link.startswith("#")}
    assert not [link for link in links if not (ROOT / link).exists()]
    assert {f"notebooks/{path.name}" for path in COURSE} <= links
    assert set(re.findall(r"python3 run\.py (\w+)", readme)) == {"lab", "test", *run.SCRIPTS}
    assert not re.search(r"(?<![\w/.-])python [\w/]+\.py", readme)  # many systems have no `python`
    assert next(line for line in PINS if line.startswith("torch==")) in readme


# conda


def test_environment_yml_is_not_a_second_list():
    python, pip, packages = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert python.removeprefix("python=") in install.PYTHONS
    assert (pip, packages["pip"]) == ("pip", [f"--extra-index-url {install.CPU_INDEX}", "-r requirements.txt"])


# JupyterLab


def test_jupyterlab_has_our_settings_where_it_is_ours_alone(tmp_path, monkeypatch):
    """Read back the way the server does, with run.py's surroundings: the file must name settings that this JupyterLab knows."""
    from jupyterlab.commands import get_app_dir
    from jupyterlab_server.settings_utils import get_settings

    def default(plugin, name):
        settings, _ = get_settings(str(tmp_path), f"{get_app_dir()}/schemas", str(tmp_path), f"@jupyterlab/apputils-extension:{plugin}")
        return settings["schema"]["properties"][name]["default"]

    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    ours = {"commsOverSubshells": "kernels-settings", "fetchNews": "notification", "checkForUpdates": "notification"}
    before = {name: default(plugin, name) for name, plugin in ours.items()}
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", install.surroundings()["JUPYTER_CONFIG_PATH"])
    after = {name: default(plugin, name) for name, plugin in ours.items()}
    assert after == {"commsOverSubshells": "disabled", "fetchNews": "false", "checkForUpdates": False}
    assert not set(before.items()) & set(after.items())


def test_the_package_brings_no_settings_for_a_strangers_jupyterlab():
    """Other notebooks of the environment that it is installed into are not its business."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["vae_helpers"], "dev-mode-exact": True}

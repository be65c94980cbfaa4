"""Binder: what repo2docker makes of the folder binder/, read from the Dockerfile that it writes; and the links that open a notebook."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import install
import pytest
from freshness import read
from notebook_reading import COURSE, NOTEBOOKS, code_cells
from packaging.requirements import Requirement
from test_setup import PROJECT, ROOT

from vae_helpers import datasets

# repo2docker's own import
repo2docker = pytest.mark.filterwarnings("ignore:pythonjsonlogger.jsonlogger has been moved:DeprecationWarning")
script = pytest.mark.skipif(sys.platform == "win32", reason="a script for Binder, so for Linux")


@pytest.fixture
def buildpack(monkeypatch):
    """What repo2docker picks for this repository."""
    from repo2docker.app import Repo2Docker

    monkeypatch.chdir(ROOT)
    app = Repo2Docker()
    packs = (pack(app.base_image) for pack in app.buildpacks)
    chosen = next(pack for pack in packs if pack.detect())
    chosen.platform = "linux/amd64"
    return chosen


@repo2docker
def test_the_image_is_built_with_pip_on_a_python_that_we_support(buildpack):
    assert type(buildpack).__name__ == "PythonBuildPack"
    assert buildpack.python_version == "3.12"
    assert buildpack.python_version in Requirement(f"python{PROJECT['requires-python']}").specifier


@repo2docker
def test_the_steps_of_the_build(buildpack):
    """The list and the package itself (-e .) are local files, so they are copied first; pip keeps no cache; both scripts are used."""
    steps = buildpack.render({})
    wanted = ["COPY --chown=1000:1000 src/ ${REPO_DIR}/", 'pip install --no-cache-dir -r "binder/requirements.txt"']
    wanted += ["RUN ./binder/postBuild", 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"']
    places = [steps.index(step) for step in wanted]
    assert places == sorted(places)
    assert steps.count("pip install") == 1 and "env update" not in steps
    users = re.findall(r"^USER (.*)$", steps[: places[2]], flags=re.MULTILINE)
    assert users[-1] == "${NB_USER}"  # whose cache folder it is at run time too


def test_binder_has_no_second_list():
    lines = [line for line in (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == [f"--extra-index-url {install.CPU_INDEX}", "-r ../requirements.txt", "notebook"]


@script
def test_jupyterlab_starts_with_one_thread_and_our_settings():
    command = [ROOT / "binder" / "start", "printenv", "OMP_NUM_THREADS", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH"]
    env = {name: value for name, value in os.environ.items() if name != "JUPYTER_PATH"}
    ours = str(ROOT / "share" / "jupyter")
    for before in ({}, {"JUPYTER_PATH": "theirs"}):
        shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd="/", env=env | before)
        assert shown.stdout.split() == ["1", ours, os.pathsep.join([ours, *before.values()])]


@script
def test_without_a_network_the_image_is_built_without_mnist(tmp_path):
    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = os.environ | nowhere | {"PATH": path, "VAE_HELPERS_DATA": str(tmp_path / "data")}
    done = subprocess.run([ROOT / "binder" / "postBuild"], capture_output=True, encoding="utf-8", env=env, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The image is built without MNIST. Cannot fetch mnist/train-images-idx3-ubyte.gz")
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_with_a_network_mnist_is_fetched_to_where_load_looks(monkeypatch, capsys):
    digits, asked = datasets.load("digits"), []
    monkeypatch.setattr(datasets, "load", lambda name, **options: asked.append(name) or digits)
    monkeypatch.setattr(datasets, "found", lambda: {"mnist": "the cache folder"})
    runpy.run_path(str(ROOT / "binder" / "postBuild"))
    assert asked == ["mnist"]
    assert capsys.readouterr().out == "MNIST, 1,438 images, is in the cache folder\n"


# The links in the README


def test_every_notebook_has_a_launch_link_and_all_links_go_to_one_repository():
    """The repository's public address is written OWNER/REPO until it has one; whoever publishes replaces all at once."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"https://mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/HEAD\?urlpath=lab/tree/([^)\s]+)", readme)
    assert len(links) == readme.count("https://mybinder.org/v2/"), "a link to Binder is not of the form .../HEAD?urlpath=lab/tree/FILE"
    assert {file for _, file in links} == {f"notebooks/{path.name}" for path in COURSE}
    pages = [readme, *(cell["source"] for path in NOTEBOOKS for cell in code_cells(read(path)))]
    installed = {repository for page in pages for repository in re.findall(r"git\+https://github\.com/([\w.-]+/[\w.-]+)", page)}
    assert {repository for repository, _ in links} == installed and len(installed) == 1, f"different repositories: {installed}, {links}"
    assert "(https://mybinder.org/badge_logo.svg)" in readme

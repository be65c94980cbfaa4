"""The build tool: same bytes twice, one normal form, refusals, staleness; and the table of seeds."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import build_notebooks
import freshness
import nbformat
import nbformat.v4
import pytest
import seeds
from build_notebooks import NotebookFailed, build, execute, normalise
from freshness import read, sources, staleness, stamp

PICTURE = """
import matplotlib.image, numpy
from io import BytesIO
from IPython.display import display
file = BytesIO()
matplotlib.image.imsave(file, numpy.eye(8), format="png")
display({"image/png": file.getvalue(), "application/vnd.jupyter.widget-view+json": {"model_id": "1f"}, "text/plain": "View"}, raw=True)
display({"application/vnd.jupyter.widget-view+json": {"model_id": "2f"}, "text/plain": "0%|  |"}, raw=True)"""
SETTINGS = """
import os, socket
print(os.environ.get("VAE_HELPERS_SEED"), os.listdir(os.environ["VAE_HELPERS_DATA"]), os.environ.get("https_proxy"))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as error:
    print(error)
print(sorted(name for name in globals() if "connect" in name))"""


def notebook(folder: Path, *code: str) -> Path:
    """A notebook with these code cells, as an editor might leave it."""
    cells = [nbformat.v4.new_markdown_cell("# Sample"), *(nbformat.v4.new_code_cell(source) for source in code)]
    cells[0]["metadata"] = {"scrolled": True, "slideshow": {"slide_type": "slide"}}
    path = folder / "98_sample.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {"state": 1}}), path)
    return path


@pytest.fixture
def run():
    """Execute one notebook, without writing it."""
    return lambda path, **options: asyncio.run(execute(path, **options))


# ---------------------------------------------------------------- building


def test_building_twice_changes_no_byte(tmp_path, capsys):
    path = notebook(
        tmp_path,
        "import random, sys\nprint('a')\nsys.stdout.flush()\nprint('b', len({'x', 'y'}))",
        PICTURE,
        "print({'p', 'q', 'r', 's', 't'})",
    )
    assert staleness(read(path)) == "never built"
    assert build(path)
    first = path.read_bytes()
    assert staleness(read(path)) == ""
    assert build(path)
    assert path.read_bytes() == first
    assert [line.split(",")[0].split(": ")[1] for line in capsys.readouterr().out.splitlines()] == ["written", "unchanged"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_normal_form(tmp_path):
    path = notebook(tmp_path, "print('a')\nimport sys; sys.stdout.flush(); print('b')", PICTURE)
    build(path)
    built = read(path)
    assert [cell["id"] for cell in built["cells"]] == ["nb98-000", "nb98-001", "nb98-002"]
    assert [cell["metadata"] for cell in built["cells"]] == [{"slideshow": {"slide_type": "slide"}}, {}, {}]
    assert [cell["execution_count"] for cell in built["cells"][1:]] == [1, 2]
    assert set(built["metadata"]) == {"kernelspec", "language_info", "vae_helpers"}
    assert [output["text"] for output in built["cells"][1]["outputs"]] == ["a\nb\n"]
    assert [sorted(output["data"]) for output in built["cells"][2]["outputs"]] == [["image/png", "text/plain"]]  # the bar left nothing
    assert normalise(read(path), "98") == built
    nbformat.validate(nbformat.read(path, as_version=4))


def test_the_kernel_sees_no_settings_no_data_no_network(tmp_path, monkeypatch, run):
    monkeypatch.setenv("VAE_HELPERS_SEED", "7")
    monkeypatch.setenv("VAE_HELPERS_DATA", str(Path(__file__).parent))
    monkeypatch.setenv("https_proxy", "http://localhost:1")
    done = run(notebook(tmp_path, SETTINGS))
    printed = done.notebook["cells"][1]["outputs"][0]["text"].splitlines()
    assert printed == ["None [] None", "notebooks are built offline, and this one asked for 192.0.2.1", "[]"]
    assert done.seconds > 0


def test_the_peak_is_the_kernels_own(tmp_path, run):
    """Whatever this process has held: a gigabyte here, as torch's CUDA build takes by itself, is not the kernel's."""
    here = bytes(range(256)) * 2**22
    path = notebook(tmp_path, "held = bytes(range(256)) * 2**20; del held")
    assert 256 < run(path).peak_mb < 512 < len(here) / 2**20


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\nassert x == 2, 'x is not two'", "cell 2: AssertionError: x is not two    at `assert x == 2, 'x is not two'`"),
        ("assert 1 == 2", "cell 2: AssertionError: no message    at `assert 1 == 2`"),
        ("import warnings\nwarnings.warn('careful')", "cell 2: wrote to stderr"),
        ("object()", "cell 2: shows a memory address"),
        ("import time\ntime.sleep(60)", "cell 2: ran for more than 1 s"),
        ("import os\nos._exit(1)", "cell 2: the kernel died"),
    ],
)
def test_what_a_committed_notebook_must_not_hold_is_refused(tmp_path, run, code, message):
    with pytest.raises(NotebookFailed) as failure:
        run(notebook(tmp_path, "pass", code), timeout=1 if "sleep" in code else 60)
    assert str(failure.value).startswith(message)


def test_a_failure_leaves_the_file_alone_and_sets_the_exit_status(tmp_path, capsys):
    path = notebook(tmp_path, "1 / 0")
    before = path.read_bytes()
    assert build_notebooks.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "98_sample.ipynb: FAILED in cell 1: ZeroDivisionError: division by zero    at `1 / 0`" in capsys.readouterr().out


def test_seeds_and_surroundings_reach_the_kernel_and_a_failure_names_its_run(tmp_path, capsys):
    code = """
import os, time
seed, threads = os.environ.get("VAE_HELPERS_SEED"), os.environ.get("VAE_HELPERS_THREADS")
told = [(seed, threads) == ("1", "1"), threads == "2", time.localtime(0).tm_hour == 14, os.environ.get("LC_ALL") == "tr_TR.UTF-8"]
told.append(os.path.basename(os.getcwd()) == "Übung 1" and os.path.exists("98_sample.ipynb"))
assert not any(told), f"unlucky: {told.index(True)}"
"""
    path = notebook(tmp_path, code)
    before = path.read_bytes()
    assert seeds.main(["--seeds", "3", "-j", "2", str(path)]) == 1
    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines() if line.startswith("98_sample ")] == [["98_sample", *".F.FFFF"]]
    for run, what in (("seed 1", 0), ("two threads", 1), ("time zone", 2), ("locale", 3), ("other folder", 4)):
        assert f"98_sample, {run}, cell 1: AssertionError: unlucky: {what}" in printed
    assert "| 98_sample | 2 of 3 | ✗ | ✗ | ✗ | ✗ | ✓ | ✓ |" in printed
    assert path.read_bytes() == before
    assert seeds.main(["--seeds", "1", str(notebook(tmp_path, "1 + 1"))]) == 0
    assert "| 98_sample | 1 of 1 | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ |" in capsys.readouterr().out


def test_seeds_tell_when_a_run_writes_to_the_checkout(tmp_path, capsys, monkeypatch):
    path = notebook(tmp_path, "open('left_behind.txt', 'w').close()")
    monkeypatch.setattr(seeds, "ROOT", tmp_path)
    monkeypatch.setattr(seeds, "SURROUNDINGS", [])
    assert seeds.main(["--seeds", "1", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "left_behind.txt" in printed and "| 98_sample | 1 of 1 | ✗ | ✓ |" in printed


def test_seeds_run_on_a_read_only_checkout_with_no_network(tmp_path):
    if not seeds.shutting_in():
        pytest.skip("this machine lets no user have a namespace: the kernels refuse other hosts, and changed files are told")
    code = f"""
import errno
from pathlib import Path
try:
    Path({str(freshness.ROOT / "left_behind.txt")!r}).touch()
except OSError as error:
    refused = error.errno == errno.EROFS
assert refused and Path("/proc/net/route").read_text().count("\\n") == 1  # its heading, and no way to anywhere
"""
    command = [sys.executable, freshness.ROOT / "tools" / "seeds.py", "--seeds", "1", notebook(tmp_path, code)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert "could not be written to" in done.stdout and done.returncode == 0, done.stdout + done.stderr
    assert not (freshness.ROOT / "left_behind.txt").exists()


# ---------------------------------------------------------------- staleness

FILES = {
    "__init__.py": "",
    "runtime.py": "import torch",
    "models.py": "from . import likelihoods  # no bar, nor large",
    "likelihoods.py": "def f():\n    from .divergences import kl",
    "divergences.py": "",
    "unused.py": "",
    "plots.py": "from . import toy",
    "toy.py": "",
    "widgets/__init__.py": "HOMES = {'Pad': 'pad', 'Bar': 'bar', 'save': 'kit.page'}\ndef __getattr__(name): ...",
    "widgets/kit/__init__.py": "",
    "widgets/kit/base.py": "",
    "widgets/kit/page.py": "from .base import View",
    "widgets/kit/engine.js": "",
    "widgets/pad.py": "from .kit.base import View\n_esm = javascript('pad.js')",
    "widgets/pad.js": 'import { run } from "./kit/engine.js";',
    "widgets/bar.py": "_esm = javascript('bar.js')",
    "widgets/bar.js": "",
    "exercises.py": "",
    "lessons/__init__.py": "",
    "lessons/nb04/__init__.py": "",
    "lessons/nb04/checks.py": "from vae_helpers import divergences",
    "lessons/nb05/__init__.py": "",
    "lessons/nb05/checks.py": "",
    "pretrained/small.safetensors": "\0",
    "pretrained/small_codes.safetensors": "\0",
    "pretrained/large.safetensors": "\0",
}


PAD = [f"widgets/{n}" for n in ("__init__.py", "kit/__init__.py", "kit/base.py", "kit/engine.js", "pad.py", "pad.js")]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the same build as vae_helpers, in which files can be changed."""
    root = tmp_path / "vae_helpers"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(freshness, "PACKAGE", root)
    return root


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("x = 1", []),
        ("import torch", []),
        ("import vae_helpers.runtime as r", ["runtime.py"]),
        ("from vae_helpers import runtime, models", ["runtime.py", "models.py", "likelihoods.py", "divergences.py"]),
        ("%load_ext x\ndef f():\n    from vae_helpers.toy import CurvedToy", ["toy.py"]),
        ("from vae_helpers import plots", ["plots.py", "toy.py"]),
        ("from vae_helpers.widgets.pad import Pad", PAD),
        ("from vae_helpers.widgets import Pad", PAD),
        ("from vae_helpers import widgets\nwidgets.Pad()  # no Bar", PAD),
        ("from vae_helpers import widgets as w\nw.Bar()", ["widgets/__init__.py", "widgets/bar.py", "widgets/bar.js"]),
        ("from vae_helpers import widgets", ["widgets/__init__.py"]),
        ("from vae_helpers import widgets\nwidgets.load('Pad')", PAD),
        ("from vae_helpers import widgets\nwidgets.load(name)", [*PAD, "widgets/bar.py", "widgets/bar.js", "widgets/kit/page.py"]),
        ("from vae_helpers.widgets import *", [*PAD, "widgets/bar.py", "widgets/bar.js", "widgets/kit/page.py"]),
        (
            "from vae_helpers.widgets import save",
            [f"widgets/{n}" for n in ("__init__.py", "kit/__init__.py", "kit/base.py", "kit/page.py")],
        ),
        (
            "from vae_helpers import exercises\nexercises.check('4.2', f)",
            ["exercises.py", "lessons/__init__.py", "lessons/nb04/__init__.py", "lessons/nb04/checks.py", "divergences.py"],
        ),
        (
            "from vae_helpers import models\nmodels.load('small')",
            ["models.py", "likelihoods.py", "divergences.py", "pretrained/small.safetensors", "pretrained/small_codes.safetensors"],
        ),
    ],
)
def test_the_files_that_code_depends_on(package, code, files):
    expected = ["__init__.py", *files] if files else []
    assert [str(file.relative_to(package).as_posix()) for file in sources(code)] == sorted(expected, key=lambda name: Path(name).parts)


def built(code: str) -> dict:
    """A notebook as if it had been built."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), nbformat.v4.new_code_cell(code, execution_count=1)])
    page["cells"][1]["outputs"] = [nbformat.v4.new_output("stream", text="1\n2\n")]
    page["metadata"]["vae_helpers"] = stamp(page)
    return page


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda page, package: page["cells"][0].update(source="# B"), ""),
        (lambda page, package: page["cells"][1]["metadata"].update(tags=["x"]), ""),
        (lambda page, package: (package / "unused.py").write_text("x = 1", encoding="utf-8"), ""),
        (lambda page, package: (package / "likelihoods.py").write_bytes(FILES["likelihoods.py"].replace("\n", "\r\n").encode()), ""),
        (lambda page, package: (package / "divergences.py").write_text("x = 1", encoding="utf-8"), "its code, or a module"),
        (lambda page, package: page["cells"][1].update(source="import vae_helpers.models  # again"), "its code, or a module"),
        (lambda page, package: page["cells"][1].update(outputs=[]), "its outputs were not written by this tool"),
        (lambda page, package: page["metadata"].pop("vae_helpers"), "never built"),
    ],
)
def test_what_makes_outputs_stale(package, change, why):
    page = built("import vae_helpers.models")
    assert staleness(page) == ""
    change(page, package)
    assert staleness(page).startswith(why) and bool(staleness(page)) == bool(why)


def test_the_stamp_is_the_same_read_from_the_file_or_made_in_memory(package, tmp_path):
    page = built("from vae_helpers import models\nx = 1")
    path = tmp_path / "98_sample.ipynb"
    build_notebooks.write(page, path)
    assert isinstance(json.loads(path.read_text(encoding="utf-8"))["cells"][1]["source"], list)
    assert staleness(read(path)) == ""


def test_check_runs_nothing_and_tells_by_exit_status(package, tmp_path, capsys):
    path = tmp_path / "98_sample.ipynb"
    build_notebooks.write(built("import vae_helpers.models\nraise SystemExit"), path)
    assert build_notebooks.main(["--check", str(path)]) == 0
    (package / "models.py").write_text("x = 1", encoding="utf-8")
    assert build_notebooks.main(["--check", str(path)]) == 1
    assert "98_sample.ipynb: its code" in capsys.readouterr().out


def test_the_real_package_has_the_files_that_the_closure_needs():
    names = {file.name for file in sources("from vae_helpers import exercises, runtime\nfrom vae_helpers.models import VAE")}
    assert {"__init__.py", "runtime.py", "models.py", "likelihoods.py"} <= names

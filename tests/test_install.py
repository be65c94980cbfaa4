"""How run.py makes its environment: when it installs, what it says when that fails, and which surroundings it gives to what it starts."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from pathlib import Path

import install
import machine
import pytest
from freshness import ROOT
from install import SetUpError

VERSION, INSTALL = install.running(), install.install


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """The installer with a root of its own, whose list has one package, an environment that starts, and an installation that counts its
    calls and puts that package there. What can be imported "works"."""
    (tmp_path / "requirements.txt").write_text("thing==1.0\n", encoding="utf-8")
    (tmp_path / "requirements-test.txt").write_text("-r requirements.txt\n", encoding="utf-8")
    for name in ("VENV", "STAMP", "PYTHON"):
        monkeypatch.setattr(install, name, tmp_path / getattr(install, name).relative_to(ROOT))
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "installations", 0, raising=False)
    monkeypatch.setattr(install, "install", lambda yes, faults: put_thing("files of thing==1.0" in faults))
    monkeypatch.setattr(install, "works", lambda: bool([*install.VENV.glob("[Ll]ib/**/thing.py")]))
    make_venv()
    return tmp_path


def make_venv():
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", install.VENV], check=True)


def packages() -> Path:
    return next(install.VENV.glob("[Ll]ib/**/site-packages"))


def put_thing(forced: bool = False) -> None:
    """As pip does: what its records name is there is left alone, unless it is told to."""
    install.installations += 1
    version = install.pins()[0].split("==")[1]
    for old in packages().glob("thing-*"):
        if old.name == f"thing-{version}.dist-info" and not forced:
            return
        shutil.rmtree(old)
    info = packages() / f"thing-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n", encoding="utf-8")
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\nextra.py,,\nthing.py,,\n", encoding="utf-8")
    (packages() / "extra.py").touch()
    (packages() / "thing.py").touch()


def offline(yes, faults):
    install.installations += 1
    raise SetUpError("This machine seems to be offline.")


# When it installs


def test_the_second_call_installs_nothing(clone):
    install.set_up()
    install.set_up()
    assert install.installations == 1


@pytest.mark.parametrize("name", install.DECIDES)
def test_a_change_to_what_is_installed_installs_again(clone, name):
    install.set_up()
    (clone / name).write_text((clone / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    install.set_up()
    assert install.installations == 2


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SetUpError("the disk is full")])
def test_an_interrupted_first_installation_leaves_no_stamp(clone, monkeypatch, interruption):
    with monkeypatch.context() as patch, pytest.raises(type(interruption)):
        patch.setattr(install, "install", lambda *_: (_ for _ in ()).throw(interruption))
        install.set_up()
    assert not install.STAMP.exists()
    install.set_up()
    assert install.installations == 1 and install.STAMP.exists()


def test_an_update_that_fails_leaves_a_good_environment_in_use(clone, monkeypatch, capsys):
    """As after `git pull` without a network. The old stamp stays, so each start tries again."""
    install.set_up()
    stamp = install.STAMP.read_text(encoding="utf-8")
    (clone / "requirements.txt").write_text("thing==2.0\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(install, "install", offline)
        install.set_up()
        install.set_up()
    assert install.installations == 3 and install.STAMP.read_text(encoding="utf-8") == stamp
    assert "seems to be offline.\nUntil then this starts with what is installed" in capsys.readouterr().err
    install.set_up()
    assert install.STAMP.read_text(encoding="utf-8") != stamp
    install.set_up()
    assert install.installations == 4


def test_a_folder_with_a_new_name_needs_nothing(clone, monkeypatch):
    """No network, no pip; and the package is found there also by a program that run.py did not start."""
    (clone / "vae_helpers").mkdir()
    (clone / "vae_helpers" / "__init__.py").touch()
    install.set_up()
    install.link()
    renamed = clone.rename(clone.with_name("Łukasz 王"))
    for name in ("VENV", "STAMP", "PYTHON"):
        monkeypatch.setattr(install, name, renamed / getattr(install, name).relative_to(clone))
    monkeypatch.setattr(install, "ROOT", renamed)
    install.set_up()
    assert install.installations == 1
    for more in ({"PYTHONUTF8": "1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
        command = [install.PYTHON, "-c", "import vae_helpers, os; print(os.fsencode(vae_helpers.__file__))"]
        found = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd="/", env=env)
        assert found.stdout.strip() == repr(os.fsencode(renamed / "vae_helpers" / "__init__.py"))


def test_an_old_list_that_comes_back_is_checked_against_what_is_there(clone, monkeypatch):
    """The update stopped half-way, and the checkout went back: its stamp fits, its packages do not."""
    install.set_up()
    old = (clone / "requirements.txt").read_text(encoding="utf-8")
    (clone / "requirements.txt").write_text("thing==2.0\n", encoding="utf-8")
    put_thing()
    (clone / "requirements.txt").write_text(old, encoding="utf-8")
    install.set_up()
    assert install.installations == 3 and install.state() == (VERSION, [])


def test_a_package_that_lacks_files_is_installed_again(clone, monkeypatch, capfd):
    """What is needed imports, so the environment stays; pip believes its records, so it must be told. Offline all starts as it is."""
    install.set_up()
    (packages() / "extra.py").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(install, "install", offline)
        install.set_up()
    assert "Until then this starts" in capfd.readouterr().err and install.state() == (VERSION, ["files of thing==1.0"])
    install.set_up()
    assert install.installations == 3 and install.state() == (VERSION, []) and "no longer works" not in capfd.readouterr().out


def test_pip_that_installed_elsewhere_is_not_believed(clone, monkeypatch):
    """As with `target` in pip's own settings."""
    monkeypatch.setattr(install, "install", lambda *_: None)
    with pytest.raises(SetUpError, match=r"pip says that all is installed, yet .* lacks thing==1.0"):
        install.set_up()
    assert not install.STAMP.exists()


def test_two_at_once_install_once(clone, capfd):
    """The second waits, and finds that all is done."""
    with ThreadPoolExecutor() as pool:
        with machine.alone(clone):
            both = [pool.submit(install.set_up) for _ in range(2)]
            assert not wait(both, timeout=2).done
        [one.result(timeout=60) for one in both]
    assert install.installations == 1 and "Another run.py is at work in this folder" in capfd.readouterr().out


@pytest.mark.parametrize("shut", ["the folder", "its environment"])
def test_a_folder_that_may_only_be_read(clone, monkeypatch, capsys, shut):
    """pip is not even asked: with an environment that works the collection starts, without one it says who can help."""
    if shut == "the folder":
        (clone / ".venv.lock").mkdir()  # cannot be opened, by root neither
    else:
        monkeypatch.setattr(install, "writable", lambda folder: folder != install.VENV)
    with pytest.raises(SetUpError, match="may only be read, .* Whoever may write there gives this command once"):
        install.set_up()
    put_thing()
    install.set_up()
    assert "Until then this starts with what is installed" in capsys.readouterr().err and install.installations == 1


@pytest.mark.parametrize("failure", [KeyboardInterrupt, lambda: 1], ids=["Ctrl-C", "exit status 1"])
def test_half_an_environment_is_removed(clone, monkeypatch, failure):
    def make(command, env):
        install.VENV.mkdir()
        result = failure()
        if isinstance(result, BaseException):
            raise result
        return result

    install.shutil.rmtree(install.VENV)
    monkeypatch.setattr(install.subprocess, "call", make)
    with pytest.raises((KeyboardInterrupt, SetUpError)):
        install.set_up()
    assert not install.VENV.exists()


@pytest.mark.parametrize("damage", ["no python", "python was replaced", "no pyvenv.cfg", "half deleted"])
def test_a_broken_environment_is_made_anew(clone, monkeypatch, capfd, damage):
    install.set_up()
    settings = install.VENV / "pyvenv.cfg"
    if damage == "no python":
        install.PYTHON.unlink()
    elif damage == "python was replaced":
        settings.write_text(re.sub(r"version = .*", "version = 3.10.1", settings.read_text(encoding="utf-8")), encoding="utf-8")
    elif damage == "no pyvenv.cfg":
        settings.unlink()
    else:
        (packages() / "extra.py").unlink()
        (packages() / "thing.py").unlink()
    make = subprocess.call
    monkeypatch.setattr(install.subprocess, "call", lambda command, env: make([*command, "--without-pip"]))  # quicker
    install.set_up()
    assert install.installations == 2 and install.state() == (VERSION, [])
    assert "no longer works" in capfd.readouterr().out


def test_the_home_folder_may_have_any_name(clone):
    """pyvenv.cfg names it, in UTF-8; where it is damaged, that is no reason to crash."""
    settings = install.VENV / "pyvenv.cfg"
    before = settings.read_bytes()
    for name, version in (("Łukasz Иван 王".encode(), VERSION), ("Łukasz".encode("cp1250"), "")):
        settings.write_bytes(before + b"\nprompt = " + name)
        assert install.state()[0] == version


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locale")
def test_run_py_works_in_a_locale_that_cannot_read_the_folders_name(tmp_path):
    """In C without Python's UTF-8 mode a name is bytes. Everything is there, so nothing is installed, and what follows is started."""
    folder = tmp_path / "Łukasz 王"
    (folder / "tools").mkdir(parents=True)
    for name in (*install.DECIDES, "run.py", "tools/install.py", "tools/machine.py", "tools/chromium.py"):
        shutil.copy(ROOT / name, folder / name)
    code = "import run, install, os; install.state = lambda: ('3.12', []); install.bring_up = None; install.VENV.mkdir(); "
    code += "install.STAMP.write_text(install.fingerprint('3.12'), encoding='utf-8'); run.call = lambda *words: print(*words) or 0; "
    code += "(run.ROOT / 'notebooks').mkdir(); exit(run.main(['lab', '--copy', 'mine']))"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    env |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=folder, env=env)
    assert (done.returncode, done.stderr) == (0, "") and f"--ServerApp.root_dir={folder / 'mine'}" in done.stdout


def test_what_a_program_says_may_be_in_any_encoding(clone):
    """Tracebacks name folders, in Windows' code page."""
    install.set_up()
    (packages() / "sitecustomize.py").write_text("import sys\nsys.stderr.buffer.write('王'.encode('cp936'))", encoding="utf-8")
    assert install.state() == (VERSION, [])


def test_a_slow_disk_costs_nobody_the_environment(clone, monkeypatch):
    def never_ends(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(install.subprocess, "run", never_ends)
    with pytest.raises(SetUpError, match="does not answer"):
        install.set_up()
    assert install.PYTHON.exists()


@pytest.mark.parametrize("kind", ["file", "link to a folder"])
def test_something_else_named_venv_is_left_alone(clone, kind):
    install.shutil.rmtree(install.VENV)
    (clone / "mine").mkdir()
    (clone / "mine/notes").write_text("keep", encoding="utf-8")
    install.VENV.symlink_to(clone / "mine") if kind == "link to a folder" else install.VENV.write_text("keep", encoding="utf-8")
    with pytest.raises(SetUpError, match="in the way"):
        install.set_up()
    assert (clone / "mine/notes").read_text(encoding="utf-8") == "keep" and install.VENV.exists()


def test_this_environment_is_seen_to_work(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    assert install.works()
    monkeypatch.setattr(install, "surroundings", lambda: os.environ | {"PYTHONPATH": str(tmp_path)})
    (tmp_path / "torch.py").write_text("raise ImportError('half of it is gone')", encoding="utf-8")
    assert not install.works()


# What it says


@pytest.mark.parametrize(
    ("version", "system", "machine", "macos", "said"),
    [
        ("3.11", "linux-x86_64", "x86_64", "", ""),
        ("3.14", "win-amd64", "ARM64", "", ""),  # an Intel Python on an ARM machine
        ("3.13", "macosx-11.0-arm64", "arm64", "14.1", ""),
        ("3.15", "linux-x86_64", "x86_64", "", "work with Python 3.11 to 3.14; .* is Python 3.15"),
        ("3.13", "win-arm64", "ARM64", "", "no build for Windows on ARM"),
        ("3.13", "macosx-10.13-universal2", "x86_64", "15.0", "Macs with Intel processors"),
        ("3.13", "macosx-11.0-arm64", "arm64", "13.6", "needs macOS 14 or newer, and this is 13.6"),
        ("3.13", "win32", "AMD64", "", "no build for a Python of 32 bits"),
        ("3.13", "linux-armv7l", "armv7l", "", "no build for a Python of 32 bits"),
        ("3.13", "linux-aarch64", "aarch64", "", ""),
    ],
)
def test_where_there_are_no_builds_that_is_said_at_once(version, system, machine, macos, said):
    found = install.unsupported(version, system, machine, macos)
    assert re.search(said, found) if said else found == ""


@pytest.mark.parametrize(
    ("libc", "fits"), [("glibc 2.17", False), ("glibc 2.28", True), ("glibc 2.100", True), ("musl 1.2.5", False), (" ", True)]
)
def test_an_old_linux_is_told(libc, fits):
    found = install.unsupported("3.12", "linux-x86_64", "x86_64", "", libc)
    assert (found == "") if fits else f"and this is {libc}. Open the collection on Binder" in found


def test_a_fitting_python_on_the_machine_is_named(monkeypatch):
    """Not one of pyenv's names, which are there for each Python, in use or not."""
    monkeypatch.setattr(machine, "starts", lambda name: name in ("python3.12", "python3.13"))
    assert "This machine has one: python3.13 run.py lab" in install.unsupported("3.15", "linux-x86_64", "x86_64", "")
    monkeypatch.undo()
    monkeypatch.setattr(machine.shutil, "which", lambda name: {"good": sys.executable, "shim": "/bin/false"}.get(name))
    assert machine.starts("good") and not machine.starts("shim") and not machine.starts("none")


RETRY = "WARNING: Retrying (Retry(total=0)) after connection broken by '{}': /simple/thing/\n"
NONE = "ERROR: Could not find a version that satisfies the requirement thing==9.9\nERROR: No matching distribution found for thing==9.9\n"
OSERROR = "ERROR: Could not install packages due to an OSError: {}\n"


@pytest.mark.parametrize(
    ("said", "advice"),
    [  # what pip wrote when these things were brought about
        (
            RETRY.format("NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known')") + NONE,
            "offline",
        ),
        (RETRY.format("ConnectTimeoutError('Connection to localhost timed out. (connect timeout=3.0)')") + NONE, "offline"),
        (RETRY.format("ProxyError('Cannot connect to proxy.', NewConnectionError('[Errno 111] Connection refused'))") + NONE, "proxy"),
        (RETRY.format("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')") + NONE, "certificate"),
        (NONE, "lacks what is named above"),
        (OSERROR.format("[Errno 28] No space left on device"), "disk is full"),
        (OSERROR.format("[Errno 13] Permission denied: '/srv/lib'"), "may not write"),
        (OSERROR.format("[WinError 32] The process cannot access the file because it is being used by another process"), "Close every"),
        (
            OSERROR.format("[Errno 2] No such file")
            + "HINT: This error might have occurred since this system does not have Windows Long Path"
            " support enabled.",
            "nearer to the root",
        ),
        ("error: subprocess-exited-with-error\n", "Its message is above"),
    ],
)
def test_a_failure_of_pip_is_judged_by_what_pip_said(said, advice):
    assert advice in install.why_pip_failed(said)


def disk(monkeypatch, gigabytes):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: usage(gigabytes * 1e9))


def test_a_full_disk_is_seen_before_anything_is_made(clone, monkeypatch):
    install.shutil.rmtree(install.VENV)
    disk(monkeypatch, 1.0)
    with pytest.raises(SetUpError, match=r"has 1.0 GB free, and this needs about 3.0. Make room"):
        install.set_up()
    assert not install.VENV.exists()


@pytest.mark.parametrize("full", ["this folder's", "the one that pip downloads to"])
def test_an_interrupted_installation_needs_room_too(clone, monkeypatch, full):
    """Less what it has already."""
    monkeypatch.setattr(machine, "ROOT", clone)
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: "/elsewhere")
    monkeypatch.setattr(install, "size", lambda folder: 1.2)
    room = {clone: 1.7, Path("/elsewhere"): 99.0} if full == "this folder's" else {clone: 99.0, Path("/elsewhere"): 0.5}
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: usage(room[path] * 1e9))
    needed = "has 1.7 GB free, and this needs about 1.8" if full == "this folder's" else "disk of /elsewhere has 0.5 GB .* about 0.6"
    with pytest.raises(SetUpError, match=needed):
        install.set_up()
    assert install.installations == 0
    room.update({clone: 1.9, Path("/elsewhere"): 0.7})
    install.set_up()


def test_where_a_file_can_be_made(tmp_path):
    assert machine.writable(tmp_path) and not [*tmp_path.iterdir()]
    assert not machine.writable(tmp_path / "none") and (not machine.writable("/proc") or os.name == "nt")


def test_the_size_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(3000))
    assert 3e-6 <= machine.size(tmp_path) < 1e-4


@pytest.mark.parametrize(
    ("gpu", "yes", "typed", "free", "stops"),
    [
        (False, False, None, 99, "Nothing was installed"),  # a script: nobody to ask
        (False, False, "n\n", 99, "Nothing was installed"),
        (False, False, "", 99, "Nothing was installed"),  # Ctrl-D
        (False, False, "y\n", 99, None),
        (False, True, None, 99, None),
        (True, False, None, 99, None),
        (True, True, None, 8, "8.0 GB free"),
    ],
)
def test_three_gigabytes_do_not_come_by_surprise(clone, monkeypatch, capsys, gpu, yes, typed, free, stops):
    disk(monkeypatch, free)
    monkeypatch.setattr("sys.stdin", namedtuple("stdin", "isatty readline")(lambda: typed is not None, lambda: typed))
    with pytest.raises(SetUpError, match=stops) if stops else nullcontext():
        install.agree_to_cuda(gpu, yes)
    assert "about 3 GB to download, 5.5 GB on disk" in capsys.readouterr().out


# What pip is asked


@pytest.mark.parametrize(
    ("platform", "gpu", "cpu_build", "cuda", "asked"),
    [
        ("linux", False, True, None, ["cpu", "rest"]),
        ("linux", False, False, False, ["cpu", "would", "rest"]),  # a mirror, or a folder of wheels, that has the small build
        ("linux", False, False, True, ["cpu", "would", "agree", "rest"]),
        ("linux", True, None, True, ["would", "agree", "rest"]),
        ("win32", False, None, None, ["rest"]),
        ("darwin", False, None, None, ["rest"]),
    ],
)
def test_the_small_build_of_torch_is_tried_first_on_linux_without_a_gpu(monkeypatch, platform, gpu, cpu_build, cuda, asked):
    seen = []

    def pip(*arguments):
        seen.append("cpu" if install.CPU_INDEX in arguments else "rest")
        return "" if seen[-1] == "rest" or cpu_build else NONE

    monkeypatch.setattr(install, "PYTHON", sys.executable)
    monkeypatch.setattr(install.sys, "platform", platform)
    monkeypatch.setattr(install.shutil, "which", lambda name: "/usr/bin/nvidia-smi" if gpu else None)
    monkeypatch.setattr(install, "pip", pip)
    monkeypatch.setattr(install, "brings_cuda", lambda torch: seen.append("would") or cuda)
    monkeypatch.setattr(install, "link", lambda: None)
    monkeypatch.setattr(install, "agree_to_cuda", lambda gpu, yes: seen.append("agree"))
    install.install(False, install.pins())
    assert seen == asked
    seen.clear()
    install.install(False, [pin for pin in install.pins() if not pin.startswith("torch==")])
    assert seen == ["rest"]  # torch stays as it is: on a cluster, one node has a GPU and the next has none


def wheel(folder: Path, name: str, needs: str = "") -> Path:
    """A package without content, as a file that pip takes."""
    path, info = folder / f"{name}-99.0-py3-none-any.whl", f"{name}-99.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
        )
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


@pytest.mark.parametrize("needs", ["nvidia_cublas", ""])
def test_pip_is_asked_which_build_it_would_bring(tmp_path, monkeypatch, needs):
    wheel(tmp_path, "flame", needs)
    wheel(tmp_path, "nvidia_cublas")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(install, "PYTHON", sys.executable)
    assert install.brings_cuda("flame==99.0") == bool(needs)
    with pytest.raises(SetUpError, match="could not find flame==1.0. Its index lacks"):
        install.brings_cuda("flame==1.0")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the usual build is the CPU's")
def test_a_further_index_of_the_users_does_not_slip_the_big_build_in(clone, tmp_path, monkeypatch):
    """The index of CPU builds does not answer, and a mirror has the other build under the pinned version."""
    subprocess.run([install.PYTHON, "-m", "ensurepip"], check=True, capture_output=True)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (clone / "requirements.txt").write_text("torch==99.0\n", encoding="utf-8")
    wheel(tmp_path, "torch", "nvidia_cublas")
    wheel(tmp_path, "nvidia_cublas")
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SetUpError, match="Nothing was installed"):
        INSTALL(False, ["torch==99.0"])
    assert not [*packages().glob("torch*")]


def test_what_lacks_files_is_forced_and_the_small_build_stays_small(monkeypatch):
    said = []
    monkeypatch.setattr(install, "link", lambda: None)
    monkeypatch.setattr(install, "PYTHON", sys.executable)
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    monkeypatch.setattr(install, "pip", lambda *arguments: said.append(arguments) or "")
    torch = next(pin for pin in install.pins() if pin.startswith("torch=="))
    install.install(False, [f"files of {torch}", "files of seaborn==1.0", "numpy==1.0"])
    small, rest, forced = said
    assert install.CPU_INDEX in small and "--force-reinstall" in small and rest == ("install", *install.pins())
    assert forced == ("install", "--no-deps", "--force-reinstall", "seaborn==1.0")
    said.clear()
    install.install(False, [torch])
    assert len(said) == 2 and "--force-reinstall" not in said[0]


# Surroundings


def test_pip_installs_into_the_environment_whatever_a_user_has_set(clone, tmp_path, monkeypatch):
    """`user = true` in pip's settings, PIP_USER, and a PYTHONPATH that leads to other packages. Its own words come back if it fails."""
    subprocess.run([install.PYTHON, "-m", "ensurepip"], check=True, capture_output=True)
    (tmp_path / "pip.conf").write_text("[global]\nuser = true\nno-index = true\n", encoding="utf-8")
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "pip.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    for name, value in {"PIP_CONFIG_FILE": "pip.conf", "PIP_USER": "1", "PYTHONPATH": "cluster", "PIP_TARGET": "cluster"}.items():
        monkeypatch.setenv(name, value if value == "1" else str(tmp_path / value))
    assert install.pip("install", str(wheel(tmp_path, "gift"))) == ""
    assert (packages() / "gift.py").exists()
    assert "No matching distribution found for gift==1" in install.pip("install", "gift==1")


def test_the_kernel_is_ours_whatever_lies_in_the_home_folder(tmp_path, monkeypatch):
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_PATH"):
        foreign = tmp_path / name / "kernels" / "python3"
        foreign.mkdir(parents=True)
        (foreign / "kernel.json").write_text('{"argv": ["/no/python"], "display_name": "Python 3"}', encoding="utf-8")
        monkeypatch.setenv(name, str(tmp_path / name))

    def kernel(env):
        command = [sys.executable, "-m", "jupyter", "kernelspec", "list", "--json"]
        listed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=env)
        return Path(json.loads(listed.stdout)["kernelspecs"]["python3"]["resource_dir"])

    assert kernel(os.environ).is_relative_to(tmp_path)
    assert kernel(install.surroundings()).is_relative_to(sys.prefix)


def test_the_package_is_that_of_this_folder(tmp_path, monkeypatch):
    """Also after the folder was renamed, when what pip noted down leads nowhere; and no `PYTHONPATH` of the user's is before it."""
    (tmp_path / "vae_helpers.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, "-c", "import vae_helpers; print(vae_helpers.__file__)"]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", cwd="/", env=install.surroundings())
    assert Path(found.stdout.strip()) == ROOT / "vae_helpers" / "__init__.py"


@pytest.mark.parametrize(
    ("variable", "stays"),
    [
        *[(name, False) for name in ("PYTHONHOME=/x", "PYTHONOPTIMIZE=1", "PYTHONSAFEPATH=1", "PYTHONWARNINGS=error", "PYTHONUTF8=0")],
        *[(name, False) for name in ("VIRTUAL_ENV=/x", "JUPYTERLAB_DIR=/x", "PIP_TARGET=/x", "PIP_PYTHON=/x", "MPLBACKEND=Agg")],
        *[(name, True) for name in ("PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHON_KEYRING_BACKEND=x", "CONDA_PREFIX=/x")],
        *[(name, True) for name in ("PIP_INDEX_URL=x", "PIP_CERT=x", "https_proxy=x", "JUPYTER_CONFIG_DIR=/x", "PIP_CONFIG_FILE=x")],
    ],
)
def test_a_users_variables(monkeypatch, variable, stays):
    """What leads elsewhere goes; where packages come from, and by which proxy, is the user's to say."""
    name, value = variable.split("=")
    monkeypatch.setenv(name, value)
    assert (install.surroundings().get(name) == value) == stays


def test_another_environment_that_is_active_lends_nothing(tmp_path, monkeypatch):
    """IPython by itself looks first into the one that VIRTUAL_ENV names. Nor does a file in the caller's folder hide one of Python's."""
    others = tmp_path / "lib" / f"python{VERSION}" / "site-packages"
    others.mkdir(parents=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    command = [sys.executable, "-W", "ignore", "-m", "IPython", "--no-banner", "-c", "import sys; print(sys.path)"]
    paths = [
        subprocess.run(command, capture_output=True, encoding="utf-8", env=env | {"IPYTHONDIR": str(tmp_path)}).stdout
        for env in (os.environ, install.surroundings())
    ]
    assert str(others) in paths[0] or os.name == "nt"
    assert "site-packages" in paths[1] and str(tmp_path) not in paths[1]


def test_a_file_in_the_callers_folder_hides_none_of_pythons(clone, tmp_path, monkeypatch):
    install.set_up()
    (tmp_path / "callers").mkdir()
    for name in ("csv", "email", "zipfile", "pip"):
        (tmp_path / "callers" / f"{name}.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "callers")
    assert install.state() == (VERSION, [])


def test_the_users_own_settings_of_jupyter_stay(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    assert install.surroundings()["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(ROOT / "share" / "jupyter"), "mine"]
    assert install.surroundings()["JUPYTER_PATH"] == str(ROOT / "share" / "jupyter")  # a kernel of theirs is none of ours

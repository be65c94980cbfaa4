"""Downloads, against a server on 127.0.0.1: every way to fail gives one clear sentence, leaves no half file and touches no old one."""

import errno
import gzip
import hashlib
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch

from vae_helpers import datasets
from vae_helpers.datasets import download, public
from vae_helpers.datasets.download import DownloadError, RemoteFile, get

REAL_DATA = os.environ.get("VAE_HELPERS_DATA")
BODY = bytes(range(256)) * 1024  # 256 kB, several chunks
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `pages`, path → bytes; a path may also sleep, be cut short, or answer 404. Remembers what it was asked for."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        self.meeting: threading.Barrier | None = None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.lstrip("/")
        self.server.asked.append(path)
        if path == "silent":
            self.server.closing.wait(30)
            return
        if path == "stalls":
            self.answer(BODY[:1000], length=len(BODY))
            self.wfile.flush()
            self.server.closing.wait(30)
            return
        if path == "short":
            self.answer(BODY[:1000], length=len(BODY))
            return
        if path not in self.server.pages:
            self.send_error(404, "Not Found")
            return
        if self.server.meeting:
            self.server.meeting.wait(60)
        self.answer(self.server.pages[path], length=None if path == "no-length" else len(self.server.pages[path]))

    def answer(self, body: bytes, length: int | None):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder that does not exist yet."""
    folder = tmp_path / "data"
    monkeypatch.setenv("VAE_HELPERS_DATA", str(folder))
    return folder


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_bytes(path: Path) -> np.ndarray:
    return np.fromfile(path, np.uint8)


def remote(*urls: str, digest: str = DIGEST, places: tuple[str, ...] = ("set/file.bin",), read=read_bytes) -> RemoteFile:
    return RemoteFile(places, digest, urls, read)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def message(error: pytest.ExceptionInfo) -> str:
    """The message, which must be about one paragraph and never mention the temporary file."""
    text = str(error.value)
    assert "\n" not in text and len(text) < 1500 and "part-" not in text
    return text


# --- what works ---


@pytest.mark.parametrize("page", ["good", "no-length"])
def test_fetches_once_and_then_needs_no_network(server, folder, page):
    server.pages[page] = BODY
    file = remote(server.url(page))
    assert get(file, progress=False).tobytes() == BODY
    assert get(file, progress=False).tobytes() == BODY
    assert server.asked == [page] and files_in(folder) == ["set/file.bin"]


def test_kept_file_can_be_read_by_others(server, folder):
    if os.name == "nt":
        pytest.skip("Windows has no umask")
    server.pages["good"] = BODY
    get(remote(server.url("good")), progress=False)
    umask = os.umask(0)
    os.umask(umask)
    assert (folder / "set/file.bin").stat().st_mode & 0o777 == 0o666 & ~umask


def test_progress_is_shown_on_standard_output_when_asked(server, folder, capsys):
    server.pages["good"] = BODY
    get(remote(server.url("good"), places=("a.bin",)), progress=False)
    assert capsys.readouterr() == ("", "")
    get(remote(server.url("good"), places=("b.bin",)), progress=True)
    out, err = capsys.readouterr()
    assert "good" in out and "262k" in out and err == ""


def test_mirrors_are_tried_in_turn(server, folder, closed_port):
    server.pages |= {"good": BODY, "wrong": b"<html>please log in</html>"}
    urls = (f"http://127.0.0.1:{closed_port}/x", server.url("missing"), server.url("wrong"), server.url("short"), server.url("good"))
    assert get(remote(*urls, server.url("never")), progress=False).tobytes() == BODY
    assert server.asked == ["missing", "wrong", "short", "good"] and files_in(folder) == ["set/file.bin"]


def test_file_in_place_is_used_wherever_it_may_lie(server, folder):
    for place in ("set/other.bin", "set/file.bin"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(BODY)
        assert get(remote(server.url("good"), places=("set/other.bin", "set/file.bin"))).tobytes() == BODY
        (folder / place).unlink()
    assert server.asked == []


def test_without_the_variable_the_users_cache_folder_is_meant(monkeypatch):
    for value in (None, ""):
        monkeypatch.delenv("VAE_HELPERS_DATA", raising=False)
        if value is not None:
            monkeypatch.setenv("VAE_HELPERS_DATA", value)
        assert datasets.data_folder() == Path(pooch.os_cache("vae_helpers"))
    monkeypatch.setenv("VAE_HELPERS_DATA", "~/somewhere")
    assert datasets.data_folder() == Path.home() / "somewhere"


# --- mirrors that fail ---


def test_refused_connection(folder, closed_port):
    with pytest.raises(DownloadError, match=f"http://127.0.0.1:{closed_port}/x refused the connection") as error:
        get(remote(f"http://127.0.0.1:{closed_port}/x"), progress=False)
    text = message(error)
    assert DIGEST in text and str(folder / "set/file.bin") in text and "VAE_HELPERS_DATA" in text and 'load("digits")' in text
    assert files_in(folder) == []


@pytest.mark.parametrize("page", ["silent", "stalls"])
def test_silent_mirror_times_out(server, folder, page):
    with pytest.raises(DownloadError, match=f"/{page} did not answer within 0.3 s") as error:
        get(remote(server.url(page)), timeout=0.3, progress=False)
    message(error)
    assert server.asked == [page] and files_in(folder) == []


def test_cut_short(server, folder):
    with pytest.raises(DownloadError, match="/short was cut short after 1,000 of 262,144 bytes") as error:
        get(remote(server.url("short")), progress=False)
    message(error)
    assert files_in(folder) == []


def test_wrong_hash(server, folder):
    server.pages["wrong"] = BODY[:-1]
    came = hashlib.sha256(BODY[:-1]).hexdigest()
    with pytest.raises(DownloadError, match=rf"/wrong sent a wrong file, which has sha256:{came} \(262,143 bytes\)") as error:
        get(remote(server.url("wrong")), progress=False)
    assert DIGEST in message(error) and files_in(folder) == []


def test_missing_page(server, folder):
    with pytest.raises(DownloadError, match="/missing answered 404 Not Found") as error:
        get(remote(server.url("missing")), progress=False)
    message(error)
    assert files_in(folder) == []


def test_unknown_host(folder):
    with pytest.raises(DownloadError, match="is not known to this machine's name service|refused|did not answer|failed") as error:
        get(remote("http://no-such-host.invalid/file"), timeout=5, progress=False)
    assert "http://no-such-host.invalid/file" in message(error) and files_in(folder) == []


def test_all_mirrors_are_listed_with_what_each_did(server, folder, closed_port):
    server.pages["wrong"] = b"no"
    with pytest.raises(DownloadError) as error:
        get(remote(f"http://127.0.0.1:{closed_port}/x", server.url("missing"), server.url("wrong")), progress=False)
    assert re.search("any of its 3 mirrors: .*/x refused.*; .*/missing answered 404.*; .*/wrong sent a wrong file", message(error))


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeout_must_be_positive(folder, timeout):
    with pytest.raises(ValueError, match="timeout, in seconds, must be a positive number"):
        get(remote("http://127.0.0.1/x"), timeout=timeout)


def test_interrupted_download_leaves_nothing(server, folder, monkeypatch):
    def interrupted(self, url, output_file, pooch):
        Path(output_file).write_bytes(BODY[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(remote(server.url("good")), progress=False)
    assert files_in(folder) == []


# --- files that were there before ---


def test_wrong_file_in_place_is_named_and_left_alone(server, folder):
    server.pages["good"] = BODY
    (folder / "set").mkdir(parents=True)
    mine = folder / "set/file.bin"
    mine.write_bytes(b"my own notes")
    with pytest.raises(DownloadError, match="is not the file it should be") as error:
        get(remote(server.url("good")), progress=False)
    text = message(error)
    assert str(mine) in text and DIGEST in text and hashlib.sha256(b"my own notes").hexdigest() in text and "left as it is" in text
    assert mine.read_bytes() == b"my own notes" and files_in(folder) == ["set/file.bin"] and server.asked == []


def test_file_that_appears_during_the_download_is_not_overwritten(server, folder, monkeypatch):
    server.pages["good"] = BODY
    fetch = download._download

    def fetch_while_someone_writes(url, part, *rest):
        fetch(url, part, *rest)
        (folder / "set/file.bin").write_bytes(b"somebody was faster")

    monkeypatch.setattr(download, "_download", fetch_while_someone_writes)
    assert get(remote(server.url("good")), progress=False).tobytes() == BODY
    assert (folder / "set/file.bin").read_bytes() == b"somebody was faster" and files_in(folder) == ["set/file.bin"]


def test_unreadable_file_in_place_is_named(folder, monkeypatch):
    (folder / "set").mkdir(parents=True)
    (folder / "set/file.bin").write_bytes(BODY)

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pooch, "file_hash", refuse)
    with pytest.raises(DownloadError, match=r"file.bin is not the file it should be.*cannot be read \(Permission denied\)"):
        get(remote("http://127.0.0.1/x"), progress=False)


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_garbage_under_a_pixel_hash_is_named(folder, suffix):
    (folder / "set").mkdir(parents=True)
    (folder / f"set/file{suffix}").write_bytes(b"this is not an archive, and long enough to be looked at" * 20)
    file = remote(digest="pixels:" + "0" * 64, places=(f"set/file{suffix}",), read=public._read_frey)
    with pytest.raises(DownloadError, match=f"file{suffix} is not the file it should be.*cannot be read as {suffix}"):
        get(file)
    assert files_in(folder) == [f"set/file{suffix}"]


# --- folders that cannot be written to ---


@pytest.mark.parametrize("step", ["write", "rename"])
@pytest.mark.parametrize(
    "code, says",
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "it is read-only for this user"),
        (errno.EROFS, "it is read-only"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_folder_full_or_read_only(server, folder, monkeypatch, step, code, says):
    """As the operating system reports it; permissions alone would not stop a test that runs as root."""
    server.pages["good"] = BODY

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    def fail_half_way(self, url, output_file, pooch):
        Path(output_file).write_bytes(BODY[:1000])
        fail()

    if step == "write":
        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fail_half_way)
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(DownloadError, match=f"Cannot keep set/file.bin in the folder .*: .*{says}") as error:
        get(remote(server.url("good"), server.url("good")), progress=False)
    text = message(error)
    assert str(folder) in text and "VAE_HELPERS_DATA" in text and DIGEST in text
    assert files_in(folder) == [] and len(server.asked) <= 1  # another mirror would not help


def test_folder_that_refuses_new_files(server, folder):
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("permissions do not stop this user; test_folder_full_or_read_only covers the case")
    folder.mkdir(mode=0o500)
    with pytest.raises(DownloadError, match="read-only for this user"):
        get(remote(server.url("good")), progress=False)
    assert server.asked == []


@pytest.mark.parametrize("in_the_way", ["data", "data/set"])
def test_file_where_the_folder_should_be(server, folder, in_the_way):
    blocker = folder.parent / in_the_way
    blocker.parent.mkdir(exist_ok=True)
    blocker.write_bytes(b"a file")
    with pytest.raises(DownloadError, match="a file of that name is in the way") as error:
        get(remote(server.url("good")), progress=False)
    message(error)
    assert blocker.read_bytes() == b"a file" and server.asked == []


# --- two processes at once ---

FETCH = """
import hashlib, sys
from vae_helpers.datasets.download import RemoteFile, get
import numpy as np
content = get(RemoteFile(("set/file.bin",), sys.argv[2], (sys.argv[1],), lambda path: np.fromfile(path, np.uint8)), progress=False)
print(hashlib.sha256(content).hexdigest())
"""


def test_two_processes_at_once(server, folder):
    server.pages["good"] = BODY
    server.meeting = threading.Barrier(2)  # no answer before both have asked
    command = [sys.executable, "-c", FETCH, server.url("good"), DIGEST]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") for _ in range(2)]
    results = [process.communicate(timeout=120) for process in both]
    assert [out.strip() for out, _ in results] == [DIGEST.removeprefix("sha256:")] * 2, results
    assert server.asked == ["good", "good"] and files_in(folder) == ["set/file.bin"]
    assert (folder / "set/file.bin").read_bytes() == BODY


def test_windows_refusal_to_replace_a_file_in_use(server, folder, monkeypatch):
    """There os.replace is refused while the faster process reads its copy."""
    server.pages["good"] = BODY

    def refuse(part, target):
        target.write_bytes(BODY)
        raise PermissionError(errno.EACCES, "in use by another process")

    monkeypatch.setattr(os, "replace", refuse)
    assert get(remote(server.url("good")), progress=False).tobytes() == BODY
    assert files_in(folder) == ["set/file.bin"]


# --- the named data sets, from a server with small files of the same formats ---


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def pixels_digest(pixels: np.ndarray) -> str:
    return "pixels:" + hashlib.sha256(pixels.tobytes()).hexdigest()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_load_mnist_from_a_mirror(server, folder, monkeypatch, name):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (5, 28, 28)), np.array([3, 1, 4, 1, 5]), rng.integers(0, 256, (2, 28, 28)), np.array([9, 2])]
    files = [Path(file.places[0]).name for file in public.FILES[name].values()]
    server.pages = {file: idx(array) for file, array in zip(files, arrays, strict=True)}
    digests = tuple("md5:" + hashlib.md5(server.pages[file]).hexdigest() for file in files)
    monkeypatch.setitem(public.FILES, name, public._idx_files(name, (server.url("nothing/"), server.url("")), digests))
    assert datasets.found()[name] is None
    data = datasets.load(name, progress=False, timeout=10)
    assert torch.equal(data.train.images, torch.from_numpy(arrays[0] / 255).float()) and data.test.images.shape == (2, 28, 28)
    assert data.train.labels.tolist() == [3, 1, 4, 1, 5] and data.test.labels.tolist() == [9, 2]
    assert datasets.found()[name] == str(folder / name) and files_in(folder) == sorted(f"{name}/{file}" for file in files)


def test_load_frey_faces_from_a_mirror_and_from_either_format(server, folder, monkeypatch):
    from scipy.io import savemat

    faces = np.random.default_rng(0).integers(0, 256, (10, 28, 20)).astype(np.uint8)
    savemat(folder.parent / "made.mat", {"ff": faces.reshape(10, 560).T})
    server.pages["frey_rawface.mat"] = (folder.parent / "made.mat").read_bytes()
    real = public.FILES["frey_faces"]["faces"]
    file = RemoteFile(real.places, pixels_digest(faces), (server.url("frey_rawface.mat"),), real.read)
    monkeypatch.setitem(public.FILES, "frey_faces", {"faces": file})
    first = datasets.load("frey_faces", progress=False)
    assert files_in(folder) == ["frey_faces/frey_rawface.mat"] and (len(first.train), len(first.test)) == (8, 2)
    assert torch.equal(first.train.images, torch.from_numpy(faces[:8] / 255).float()) and first.test.labels.tolist() == [8, 9]
    (folder / "frey_faces/frey_rawface.mat").unlink()
    np.savez(folder / "frey_faces/frey_faces.npz", faces=faces)
    assert torch.equal(datasets.load("frey_faces").test.images, first.test.images) and len(server.asked) == 1
    np.savez(folder / "frey_faces/frey_faces.npz", faces=faces[::-1])  # another order of frames is another data set
    with pytest.raises(DownloadError, match="frey_faces.npz is not the file it should be"):
        datasets.load("frey_faces")


def test_load_binarized_mnist_from_a_mirror_and_packed(server, folder, monkeypatch):
    rng = np.random.default_rng(0)
    splits = {split: rng.integers(0, 2, (n, 28, 28)).astype(np.uint8) for split, n in (("train", 5), ("valid", 3), ("test", 2))}
    files = {}
    for split, pixels in splits.items():
        name = f"binarized_mnist_{split}.amat"
        server.pages[name] = "".join(" ".join(map(str, row)) + " \n" for row in pixels.reshape(-1, 784)).encode()
        real = public.FILES["binarized_mnist"][split]
        files[split] = RemoteFile(real.places, pixels_digest(pixels), (server.url(name),), real.read)
    monkeypatch.setitem(public.FILES, "binarized_mnist", files)
    first = datasets.load("binarized_mnist", progress=False)
    for split, ours in (("train", first.train), ("valid", first.validation), ("test", first.test)):
        assert torch.equal(ours.images, torch.from_numpy(splits[split]).float()) and (ours.labels == -1).all()
        (folder / f"binarized_mnist/binarized_mnist_{split}.amat").unlink()
    packed = {split: np.packbits(pixels.reshape(-1, 784), axis=1) for split, pixels in splits.items()}
    np.savez(folder / "binarized_mnist/binarized_mnist.npz", **packed)
    assert torch.equal(datasets.load("binarized_mnist").validation.images, first.validation.images) and len(server.asked) == 3


def test_real_mnist_through_a_mirror(server, folder, monkeypatch):
    source = Path(REAL_DATA or "", "mnist")
    files = public.FILES["mnist"]
    if not REAL_DATA or not all((Path(REAL_DATA) / file.places[0]).is_file() for file in files.values()):
        pytest.skip("VAE_HELPERS_DATA holds no MNIST: its real files are not served")
    server.pages = {path.name: path.read_bytes() for path in source.iterdir()}
    served = public._idx_files("mnist", (server.url(""),), tuple(file.digest for file in files.values()))
    monkeypatch.setitem(public.FILES, "mnist", served)
    data = datasets.load("mnist", progress=False)
    assert len(data.train) == 60_000 and len(server.asked) == 4


def test_every_public_file_has_mirrors_a_digest_and_a_place_of_its_own():
    every = [file for files in public.FILES.values() for file in files.values()]
    lengths = {"md5": 32, "sha256": 64, "pixels": 64}
    for file in every:
        kind, value = file.digest.split(":")
        assert re.fullmatch(f"[0-9a-f]{{{lengths[kind]}}}", value)
        assert len(file.urls) >= 2 and all(url.endswith(Path(file.places[-1]).name) for url in file.urls)
    assert len({file.places[-1] for file in every}) == len({file.digest for file in every}) == len(every)

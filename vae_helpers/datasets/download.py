"""Data files from public mirrors: found in the data folder or fetched once with pooch, and in either case checked by hash.

The data folder is VAE_HELPERS_DATA if that is set (it may be read-only if it holds the files already), else the user's cache folder.
A file is written beside its place and renamed, so that nobody ever sees half of one; no file that was there before is touched.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import beside
from ..inputs import positive_number


class DownloadError(RuntimeError):
    """A data file could not be fetched, kept or trusted; the message says what was expected, what came and what to do."""


class _WrongContent(Exception):
    """The content of a file is not what its hash promises; the message says what it has instead."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that public mirrors serve, and how to know it.

    places: where it may lie below the data folder, in the order in which to look; a download goes to the last
    digest: "md5:…" or "sha256:…" of the file's bytes; or "pixels:…", the SHA-256 of its pixels as uint8, in whatever format they come
    urls:   its mirrors, in the order in which to try
    read:   path → uint8 array
    """

    places: tuple[str, ...]
    digest: str
    urls: tuple[str, ...]
    read: Callable[[Path], np.ndarray]


def data_folder() -> Path:
    """The folder that holds the data sets: VAE_HELPERS_DATA, else the user's cache folder."""
    chosen = os.environ.get("VAE_HELPERS_DATA")
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("vae_helpers"))


def locate(file: RemoteFile) -> Path | None:
    """Where the file lies in the data folder, or None. Its content is not looked at."""
    paths = (data_folder() / place for place in file.places)
    return next((path for path in paths if os.path.isfile(path)), None)


def get(file: RemoteFile, timeout: float = 30.0, progress: bool = True) -> np.ndarray:
    """The file's content, from the data folder or else from the first mirror that serves it whole; checked by hash.

    timeout: seconds to wait for a mirror to connect, and for each next piece of the file.
    Raises DownloadError, and leaves no part of a file behind.
    """
    timeout = positive_number("timeout, in seconds,", timeout)
    path = locate(file)
    if path is None:
        return _fetch(file, timeout, progress)
    try:
        return _read_checked(file, path)
    except _WrongContent as problem:
        complaint = str(problem)
    except OSError as problem:
        complaint = f"cannot be read ({problem.strerror})"
    raise DownloadError(
        f"{path} is not the file it should be: expected {file.digest}, but it {complaint}. "
        "It is left as it is; move it away and load again to fetch a good copy, or point VAE_HELPERS_DATA at another folder."
    )


def _fetch(file: RemoteFile, timeout: float, progress: bool) -> np.ndarray:
    import requests

    target = data_folder() / file.places[-1]
    failures = []
    try:
        with beside(target, overwrite=False) as part:  # what another process has put there meanwhile has passed the same check
            for url in file.urls:
                try:
                    _download(url, part, timeout, progress)
                    return _read_checked(file, part)
                except (requests.RequestException, _WrongContent) as problem:  # RequestException is an OSError: this clause stays first
                    failures.append(f"{url} {_what_happened(problem, timeout)}")
            raise DownloadError(
                f"Cannot fetch {file.places[-1]} (expected {file.digest}) from any of its {len(file.urls)} mirrors: {'; '.join(failures)}. "
                f"Check the network and load again, put the file at {target}, or set VAE_HELPERS_DATA to a folder that holds it. "
                'load("digits") and load("sprites") need no download.'
            )
    except OSError as problem:
        raise DownloadError(
            f"Cannot keep {file.places[-1]} in the folder {data_folder()}: {_what_is_wrong_with_the_folder(problem)}. "
            "Nothing was left behind. Set VAE_HELPERS_DATA to a folder with room that you may write to, "
            f"or to one that holds {' or '.join(file.places)} ({file.digest})."
        ) from problem


def _download(url: str, part: Path, timeout: float, progress: bool) -> None:
    import pooch
    from tqdm import tqdm

    # total: pooch sets it once it knows, but asks a bar without one for its truth first. Standard output: notebooks keep stderr clean.
    name = url.rsplit("/", 1)[-1]
    with tqdm(desc=name, total=1, unit="B", unit_scale=True, leave=False, disable=not progress, file=sys.stdout) as bar:
        # identity: the hash is that of the file as it is stored, not as a server may pack it for the way
        fetch = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=timeout, headers={"Accept-Encoding": "identity"})
        fetch(url, str(part), None)


def _read_checked(file: RemoteFile, path: Path) -> np.ndarray:
    """Read the file; raise _WrongContent unless it is the one that its digest names."""
    import pooch

    kind, expected = file.digest.split(":")
    if kind != "pixels":
        came = pooch.file_hash(str(path), alg=kind)
    else:
        try:
            pixels = np.ascontiguousarray(file.read(path), dtype=np.uint8)
        except Exception as problem:  # whatever a parser says about bytes that are no such file
            raise _WrongContent(f"cannot be read as {path.suffix} ({problem})") from problem
        came = hashlib.sha256(pixels).hexdigest()
    if came != expected:
        raise _WrongContent(f"has {kind}:{came} ({path.stat().st_size:,} bytes)")
    return pixels if kind == "pixels" else file.read(path)


def _what_happened(problem: Exception, timeout: float) -> str:
    import requests

    text = str(problem)
    if isinstance(problem, _WrongContent):
        return f"sent a wrong file, which {text}"
    if isinstance(problem, requests.HTTPError):
        return f"answered {problem.response.status_code} {problem.response.reason}"
    if isinstance(problem, requests.Timeout) or "timed out" in text:
        return f"did not answer within {timeout:g} s"
    if short := re.search(r"(\d+) bytes read, (\d+) more expected", text):
        came, missing = map(int, short.groups())
        return f"was cut short after {came:,} of {came + missing:,} bytes"
    if isinstance(problem, requests.exceptions.SSLError):
        return "has a certificate that this machine does not trust"
    if "refused" in text:
        return "refused the connection"
    if "resolve" in text or "getaddrinfo" in text:
        return "is not known to this machine's name service (no network?)"
    return f"failed ({type(problem).__name__})"


def _what_is_wrong_with_the_folder(problem: OSError) -> str:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "it is read-only for this user"
    if problem.errno in (errno.ENOTDIR, errno.EEXIST):
        return "a file of that name is in the way"
    return problem.strerror or str(problem)

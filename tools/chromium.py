"""The one finder of the browser, for run.py, the browser tests, the benchmarks and the README's animation."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
INSTALL = "install Chromium or Chrome, or set VAE_HELPERS_CHROMIUM to its path"


class NoBrowser(Exception):
    """There is none; the message says what to do."""


def installed() -> str | None:
    """Chromium, Chrome or Edge: the one that VAE_HELPERS_CHROMIUM names, or one on the PATH or where it usually lies, or None."""
    if named := os.environ.get("VAE_HELPERS_CHROMIUM"):
        return named
    usual = [Path("/Applications", f"{name}.app/Contents/MacOS/{name}") for name in ("Chromium", "Google Chrome", "Microsoft Edge")]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            usual += [
                Path(folder, program) for program in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
            ]
    found = [*map(shutil.which, NAMES), *(str(path) for path in usual if path.exists())]
    return next(filter(None, found), None)


@contextmanager
def chromium() -> Iterator:
    """Playwright's browser, started, and closed at the end. Raises NoBrowser where there is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = installed() or playwright.chromium.executable_path  # its own, if it has fetched one
        if not Path(program).exists():
            raise NoBrowser(f"Expected a browser at {program}, and there is none: {INSTALL}.")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        try:
            yield browser
        finally:
            browser.close()

"""What every test shares: one thread, a figure style that no other test has left behind, and a JupyterLab in a browser for those that ask.

The browser's tests come last, all together: one server and one browser serve them, and while Playwright runs, its event loop is this
thread's, and nobody else's asyncio.run works.
"""

from collections import defaultdict

import matplotlib as mpl
import pytest
import torch
from chromium import chromium
from lab import Page, Server, new_page, open_notebook
from warm_kernel import warm_kernels

torch.set_num_threads(1)  # on a busy machine, two that wait for each other are slower


@pytest.hookimpl(tryfirst=True)  # before pytest looks at -m
def pytest_collection_modifyitems(items):
    """Marks the browser's tests: `-m browser` runs them alone, `-m "not browser"` all others."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True)
def own_figure_style():
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with warm_kernels(tmp_path_factory.mktemp("kernel")) as variables, Server(tmp_path_factory.mktemp("jupyter"), **variables) as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def kept():
    """The pages that JupyterLab is loaded in, emptied, each list under the options that it was loaded with."""
    kept = defaultdict(list)
    yield kept
    for page in sum(kept.values(), []):
        page.close()


@pytest.fixture
def lab(server, browser, kept, tmp_path, request):
    """`lab(path)` opens a copy of a notebook, `lab(["code", "code"])` one made of these cells; `size=(1280, 720)` is the window.

    With `subshells=True` widget messages come on a thread of their own, as where the collection's settings are not installed. `script`
    is JavaScript that runs before the page's own; other options are the browser context's. When the test ends, it fails if a page wrote
    an error to the console or asked any other host for anything. Loading JupyterLab is most of what a test would wait for, so a page is
    kept for tests with the same options; one that a test has failed in is not.
    """
    pages, failed = [], request.session.testsfailed

    def open_one(notebook, size=(1280, 720), **options) -> Page:
        same = kept[repr(sorted(options.items()))]
        page = same.pop() if same else new_page(server, browser, **options)
        pages.append((page, same))
        return open_notebook(server, browser, notebook, f"{tmp_path.name}-{len(pages)}.ipynb", size, page)

    yield open_one
    errors = [error for page, _ in pages for error in page.console_errors]
    urls = [url for page, _ in pages for url in page.other_hosts]
    for page, same in pages:
        if errors or urls or request.session.testsfailed > failed:
            page.close()
        else:
            same.append(page.leave())
    assert not errors, f"errors on the console: {errors}"
    assert not urls, f"requests to other hosts: {urls}"

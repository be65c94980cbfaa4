"""Every view on the screens that readers have: JupyterLab with its file list on a small laptop and a projector, and a page on a phone.

VAE_HELPERS_SCREENSHOTS=folder python -m pytest tests/browser/test_screens.py        keeps a picture of each view at each setting
"""

import pytest
from lab import REFRESH, new_page, open_notebook
from playwright.sync_api import expect

from .test_accessibility import SETUP, VIEW_COUNT, VIEWS

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
FINGER = 44  # pixels
# What of a view reaches beyond the column that it stands in, sideways; and how high the view is.
ROOM = """view => {
    const column = (view.closest(".jp-OutputArea-output") ?? document.body).getBoundingClientRect();
    const seen = (part) => part.checkVisibility({ visibilityProperty: true }) && !part.closest("svg *, .vae-overlay, .vae-unseen");
    const beyond = ({ left, right, width }) => width && (right > column.right + 1 || left < column.left - 1);
    const out = [view, ...view.querySelectorAll("*")].filter((part) => seen(part) && beyond(part.getBoundingClientRect()));
    return [out.map((part) => `${part.tagName} ${part.className.baseVal ?? part.className}`), view.getBoundingClientRect().height];
}"""
# Scrolled to, its pictures read and drawn.
AT_REST = f"view => Promise.all([...view.querySelectorAll('img')].map((image) => image.decode())).then({REFRESH})"
# What a finger cannot meet for sure: a control, with the label that belongs to it, with its width and height.
SMALL = """(view, least) => [...view.querySelectorAll("button, input, summary, [role=application]")]
    .filter((part) => part.checkVisibility())
    .map((part) => [part, (part.closest("label") ?? part).getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < least)
    .map(([part, { width, height }]) => [part.ariaLabel || part.closest("label, button")?.textContent, width, height])"""


@pytest.fixture(scope="module")
def desk(server, browser):
    """All views below each other in JupyterLab as it opens: menus, the file list at the left, and the notebook in what is left."""
    name = "screens.ipynb"
    page = new_page(server, browser)
    page.page.goto(f"{server.url}/lab?reset&token={server.token}")
    page.page.locator("#jp-main-dock-panel").wait_for()
    open_notebook(server, browser, [SETUP, VIEWS, "'the end'"], name, page=page).run_all()
    expect(page.page.locator(".vae-view")).to_have_count(VIEW_COUNT)
    expect(page.page.locator(".jp-FileBrowser")).to_be_visible()
    yield page
    page.close()
    assert not page.console_errors and not page.other_hosts, (page.console_errors, page.other_hosts)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 720), (1366, 768)], ids=str)
def test_beside_the_file_list_each_view_is_seen_whole(desk, size, dark):
    desk.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    desk.theme(dark)
    panel = desk.page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    for k, view in enumerate(desk.page.locator(".vae-view").all()):
        view.evaluate("view => view.scrollIntoView({ block: 'start' })")
        view.evaluate(AT_REST)
        desk.screenshot(f"{k}-{size[0]}-{'dark' if dark else 'light'}")
        beyond, height = view.evaluate(ROOM)
        assert not beyond, (k, beyond)
        assert height <= panel["height"], (k, height, panel["height"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_each_view_has_its_place_and_a_finger_its_targets(desk, browser, scheme):
    page = browser.new_context(offline=True, color_scheme=scheme, **PHONE).new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((file := desk.server.notebooks / "everything.html").as_uri())
    expect(page.locator(".vae-view")).to_have_count(VIEW_COUNT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = []
    for k, view in enumerate(page.locator(".vae-view").all()):
        view.evaluate("view => view.scrollIntoView({ block: 'start' })")
        view.evaluate(AT_REST)
        desk.screenshot(f"{k}-phone-{scheme}", of=page)
        beyond, _ = view.evaluate(ROOM)
        assert not beyond, (k, beyond)
        small += [(k, *target) for target in view.evaluate(SMALL, FINGER)]
    page.context.close()
    assert not small and not errors
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [file.as_uri()]

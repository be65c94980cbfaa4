"""Every view on the screens that readers have: JupyterLab with its file list on a small laptop and a projector, and a page on a phone.

VAE_HELPERS_SCREENSHOTS=folder python -m pytest tests/browser/test_screens.py        keeps a picture of each view at each setting
"""

import math

import pytest
from lab import REFRESH, new_page, open_notebook
from playwright.sync_api import expect
from slides import room

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

# Letters and lines of a view on the whole screen that the last row could not see, but for drawings in small and the names of rings.
DIM = """view => {
    const dim = [], seen = { visibilityProperty: true, opacityProperty: true };
    const shown = (part) => part.checkVisibility(seen) && !part.closest(".vae-unseen, .vae-knob") && part.getBoundingClientRect().width;
    const scale = (part) => (part.getScreenCTM ? Math.hypot(part.getScreenCTM().a, part.getScreenCTM().b) : view.currentCSSZoom);
    const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const part = text.parentElement, size = parseFloat(getComputedStyle(part).fontSize) * scale(part);
        if (text.textContent.trim() && shown(part) && size < 17.9) dim.push([text.textContent, size]);
    }
    for (const line of view.querySelectorAll("svg :is(path, polyline, ellipse, rect):not(.vae-stroke)")) {
        const { stroke, strokeWidth, vectorEffect } = getComputedStyle(line);
        const width = parseFloat(strokeWidth) * (vectorEffect === "none" ? scale(line) : view.currentCSSZoom);
        if (stroke !== "none" && shown(line) && width < 2.95) dim.push([line.outerHTML.slice(0, 60), width]);
    }
    return dim;
}"""
# Of a code plane or a bell: how far from the screen's top left its knobs are, and the place in it that is farthest from all of them.
HOLD = """pad => {
    pad.scrollIntoView({ block: "center" });
    const { left, top, width, height } = pad.getBoundingClientRect();
    const middle = (knob) => (({ x, y, width, height }) => [x + width / 2, y + height / 2])(knob.getBoundingClientRect());
    const knobs = [...pad.querySelectorAll(".vae-knob")].map(middle), grid = [0.2, 0.35, 0.5, 0.65, 0.8];
    const away = ([x, y]) => Math.min(...knobs.map(([a, b]) => Math.hypot(x - a, y - b)));
    const free = grid.flatMap((u) => grid.map((v) => [left + u * width, top + v * height])).sort((a, b) => away(b) - away(a))[0];
    return [knobs, free];
}"""
HELD = "([x, y]) => Boolean(document.elementFromPoint(x, y)?.closest('.vae-knob'))"
SAID = "pad => [...pad.closest('.vae-view').querySelectorAll('.vae-reading, .vae-seen')].map((part) => part.textContent).join()"
PLANE = "view => view.querySelector('.vae-pad canvas')?.toDataURL()"


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


def test_past_a_plane_a_finger_scrolls_the_page_and_by_its_ring_it_drags(desk, browser):
    """On every view that has a plane, or a panel that is read at a place: a swipe that begins beside the ring scrolls and changes nothing.
    On a plane, a tap moves the ring, or what it asks for; a drag from within 22 pixels of the ring moves it, up as well, and not the page.
    """
    page = browser.new_context(offline=True, **PHONE).new_page()
    page.goto((desk.server.notebooks / "everything.html").as_uri())
    expect(page.locator(".vae-view")).to_have_count(VIEW_COUNT)
    finger = page.context.new_cdp_session(page)

    def touch(start: tuple[float, float], *corners: tuple[float, float]) -> None:
        """A finger comes down, goes from corner to corner, and lifts."""
        places = [start]
        for corner in corners:
            (x, y), (u, v) = places[-1], corner
            places += [(x + (u - x) * k / 10, y + (v - y) * k / 10) for k in range(1, 11)]
        for k, (x, y) in enumerate(places):
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove" if k else "touchStart", "touchPoints": [{"x": x, "y": y}]})
            page.evaluate(REFRESH)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(300)  # a scroll runs out

    pads, panels = (page.locator(f".vae-{each}").all() for each in ("pad, .vae-ground", "estimates-panel"))
    assert (len(pads), len(panels)) == (7, 3)
    for k, each in enumerate([*pads, *panels]):
        _, (x, y) = each.evaluate(HOLD)
        before, top = each.evaluate(SAID), page.evaluate("scrollY")
        touch((x, y), (x, y - 160))
        assert page.evaluate("scrollY") > top + 60 and each.evaluate(SAID) == before, k
    for k, pad in enumerate(pads):
        _, place = pad.evaluate(HOLD)
        before, top = pad.evaluate(SAID), page.evaluate("scrollY")
        touch(place)
        assert page.evaluate("scrollY") == top and pad.evaluate(SAID) != before, k
        knobs, far = pad.evaluate(HOLD)
        for x, y in knobs:
            for right, down in ((-21, 0), (21, 0), (0, -21), (0, 21)):
                assert page.evaluate(HELD, [x + right, y + down]), (k, x, y)
        if knobs:
            before, top, (x, y) = pad.evaluate(SAID), page.evaluate("scrollY"), knobs[-1]
            touch((x, y), (x, y + math.copysign(60, far[1] - y)), far)
            assert page.evaluate("scrollY") == top and pad.evaluate(SAID) != before, k
    page.context.close()


def test_on_the_whole_screen_of_a_room_lines_and_letters_are_large(desk, browser):
    """Each view is within the screen, reaches two of its sides, and can be read from the last row; what lies on a code plane as well."""
    page = browser.new_context(offline=True, bypass_csp=True, viewport={"width": 1280, "height": 720}).new_page()
    page.goto((desk.server.notebooks / "everything.html").as_uri())
    expect(page.locator(".view.live")).to_have_count(VIEW_COUNT)
    page.add_script_tag(content=f"{room()}\nprojector();")
    for k, view in enumerate(page.locator(".vae-view").all()):
        view.evaluate(AT_REST)
        plane = view.evaluate(PLANE)
        view.evaluate("view => view.requestFullscreen()")
        page.wait_for_function("() => document.fullscreenElement?.style.zoom")
        desk.screenshot(f"{k}-room", of=page)
        boxes = [part.bounding_box() for part in view.locator("> *").all() if part.is_visible()]
        left, top = (min(box[side] for box in boxes) for side in "xy")
        right, bottom = (max(box[side] + box[size] for box in boxes) for side, size in (("x", "width"), ("y", "height")))
        assert left >= 0 and top >= 0 and right <= 1280 and bottom <= 720, (k, left, top, right, bottom)
        assert right - left > 1200 or bottom - top > 640, (k, left, top, right, bottom)
        assert not (dim := view.evaluate(DIM)), (k, dim)
        assert plane is None or view.evaluate(PLANE) != plane
        page.evaluate("document.exitFullscreen()")
        page.wait_for_function("() => !document.fullscreenElement")
        page.wait_for_function(f"([view, plane]) => ({PLANE})(view) == plane", arg=[view.element_handle(), plane])  # drawn with the refresh
    page.context.close()

"""Every view for everybody: what axe-core finds, and a walk by keys alone, in JupyterLab's two themes and in pages by themselves."""

import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import ROOT, open_notebook
from playwright.sync_api import TimeoutError, expect

from .test_latent_pad import CONTRAST

SETUP = """
import torch
from IPython.display import display
from vae_helpers import datasets, runtime, widgets
from vae_helpers import pretrained
from vae_helpers.models import VAE
runtime.setup()
data, family = datasets.load("digits").binarized(0), pretrained.family()
x, labels, wide = data.test.images, data.test.labels, VAE((8, 8), 4, seed=0)
vaes = {beta: family[beta, 400].vae for beta in (0.5, 1, 2)}
q, ten = vaes[1].encode(x[:200]), [int((labels == digit).nonzero()[0]) for digit in range(10)]
plane = vaes[1], q.mean.detach(), labels[:200], q.stddev.detach()
z = torch.linspace(-9, 9, 901)

def shade(figure, share):
    figure.set_facecolor((share, share, share))
"""
VIEWS = """
views = [
    widgets.Bell(z, -(z**2), 0.57),
    widgets.Estimates(count=100),
    widgets.LatentPad(*plane, path=[(-1, 0), (1, 0)]),
    widgets.LatentSliders(wide, kl=[1.5, 0.001, 0.4, 0.2], examples=x[ten], example_labels=labels[ten]),
    widgets.DigitCanvas(*plane, example=4),
    widgets.Interpolation(vaes[1], x[ten], labels[ten], a=3, b=6, kind="spherical"),
    widgets.Interpolation(wide, x[ten], labels[ten], a=3, b=6, t=0.5),
    widgets.BetaStory(list(vaes.values()), list(vaes), x[:60], labels[:60]),
    widgets.FrameStack(shade, [0, 0.5, 1], "share", describe="{:.0%} white.".format, size=(4, 2)),
    widgets.Playground(),
]
assert {type(view).__name__ for view in views} == {name for name in widgets.__all__ if name[0].isupper()}, "a view is missing here"
widgets.save_page(views, "everything.html", "Every view")
display(*views)
"""
VIEW_COUNT = 10
LEVELS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
# Not scanned: what marks a place in a picture, in black on its white paper.
MARKS = [[".vae-overlay"]]
OURS = {"include": [[".vae-view"]]}


@pytest.fixture(scope="module")
def lab(server, browser):
    """All views, one below the other, in a window that is high enough for all: axe-core does not look at what is scrolled away."""
    lab = open_notebook(server, browser, [SETUP, VIEWS, "'the end'"], "everything.ipynb", size=(1280, 5000)).run_all()
    lab.page.evaluate("document.body.style.height = '100vh'")  # it has none in JupyterLab, and axe-core takes all in it for hidden
    expect(lab.page.locator(".vae-view")).to_have_count(VIEW_COUNT)
    yield lab
    lab.close()
    assert not lab.console_errors and not lab.other_hosts, (lab.console_errors, lab.other_hosts)


@pytest.fixture(scope="module")
def pages(lab, tmp_path_factory):
    """Two files: the same views, and a notebook as it is stored."""
    exported = tmp_path_factory.mktemp("page") / "notebook.html"
    command = [sys.executable, ROOT / "tools/export_page.py", "--stored", ROOT / "notebooks/04_kl_term.ipynb", "-o", exported]
    subprocess.run(command, check=True, capture_output=True)
    return {"views": lab.server.notebooks / "everything.html", "notebook": exported}


@pytest.fixture(params=["light", "dark"])
def alone(pages, browser, request):
    """`alone(name)` opens one of the pages by itself."""
    page = browser.new_context(offline=True, color_scheme=request.param, viewport={"width": 1280, "height": 720}).new_page()
    asked, errors, opened = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))

    def open_page(name: str):
        opened.append(pages[name].as_uri())
        page.goto(opened[-1])
        expect(page.locator(".vae-view")).to_have_count(VIEW_COUNT if name == "views" else 0)
        return page

    yield open_page
    page.context.close()
    assert not errors and [url for url in asked if not url.startswith(("data:", "blob:"))] == opened, (errors, asked)


def scan(page, context=None, views=VIEW_COUNT, sure_of=("button-name", "label", "image-alt", "role-img-alt", "svg-img-alt")) -> list[str]:
    """What axe-core finds wrong, as "rule: element: why". Where it cannot tell a text's contrast, CONTRAST does.

    Fails unless it has read texts of every view, and found that the rules `sure_of` hold somewhere.
    """
    for numbers in page.locator(".vae-numbers").all():
        expect(numbers).to_have_attribute("aria-busy", "false")  # no longer dimmed
    assert page.evaluate(FILLED), "drawn text is not filled with its colour, which is what CONTRAST looks at"
    told = Axe().run(page, {"exclude": MARKS, **(context or {})}, LEVELS).response
    passes, wrong, unsure = ([(r["id"], node) for r in told[k] for node in r["nodes"]] for k in ("passes", "violations", "incomplete"))
    read = [node["target"][0] for rule, node in passes if rule == "color-contrast"]
    assert page.evaluate(VIEWS_OF, read) == list(range(views)), "there are views whose texts axe-core has not read"
    assert {"color-contrast", *sure_of} <= {rule for rule, _ in passes}
    for rule, node in unsure:
        if rule != "color-contrast" or page.locator(node["target"][0]).evaluate(CONTRAST) < 4.5:
            wrong.append((rule, node))
    return [f"{rule}: {node['target'][0]}: {node['failureSummary']}" for rule, node in wrong]


def test_axe_in_jupyterlab(lab):
    canvas = lab.page.locator(".vae-digit")
    for dark, button in ((False, "clear"), (False, "example 4"), (True, "example 4")):
        lab.theme(dark)
        canvas.get_by_role("button", name=button, exact=True).click()
        assert scan(lab.page, OURS) == []
        for k, view in enumerate(lab.page.locator(".vae-view").all()):
            lab.screenshot(f"everything-{k}-{'dark' if dark else 'light'}", of=view)


def test_axe_on_a_page_by_itself(alone):
    assert scan(alone("views")) == []
    assert scan(alone("notebook"), views=0, sure_of=("document-title", "html-has-lang", "image-alt")) == []


def test_axe_reports_what_is_planted(lab):
    planted = "<div id=planted><img src='data:,'><button></button><p style='background: #fff; color: #999'>Too dim a sentence.</p></div>"
    lab.page.locator(".vae-view").first.evaluate("(view, html) => view.insertAdjacentHTML('beforeend', html)", planted)
    try:
        found = scan(lab.page, OURS)
    finally:
        lab.page.evaluate("document.getElementById('planted').remove()")
    assert sorted(line.split(":")[0] for line in found) == ["button-name", "color-contrast", "image-alt"]


def test_keys_reach_and_move_everything(lab):
    """Tab goes through every control in order, each shows that it has the focus and obeys its keys; and out again, and all the way back."""
    page = lab.page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    lab.theme(dark=False).cell(0).locator(".jp-InputPrompt").click()
    at = next(at for at in (tab(page) for _ in range(9)) if at)  # JupyterLab's own buttons of the cell come before
    walked = []
    while at:
        assert at["place"] == len(walked) and at["ring"] >= 3, (at, walked)
        assert obeys(page, at), at
        page.keyboard.press("b")  # JupyterLab's "insert a cell below"
        walked.append(at["name"])
        at = tab(page)
    assert len(walked) == page.evaluate(f"{CONTROLS}.length") > 60
    lab.theme(dark=True)
    for place in reversed(range(len(walked))):
        at = tab(page, "Shift+Tab")
        assert at and at["place"] == place and at["ring"] >= 3, (at, walked[place])
    assert tab(page, "Shift+Tab") is None
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "a letter typed in a view inserted a cell"


def test_keys_reach_everything_on_a_page_by_itself(alone):
    page, place = alone("views"), 0
    while at := tab(page):
        assert at["place"] == place and at["ring"] >= 3, at
        place += 1
    assert place == page.evaluate(f"{CONTROLS}.length")


def tab(page, key="Tab") -> dict | None:
    """Press it. Then: which control has the focus, of which kind, with which contrast of its ring; None outside of the views."""
    page.keyboard.press(key)  # where the focus is: a locator's press would move it first
    return page.evaluate(WHERE)


def obeys(page, at) -> bool:
    """Press the keys of this kind of control: what the view reads out changes, or at least something in it."""
    read = READINGS if at["kind"] in ("range", "application") else STATE
    before = page.evaluate(f"({read})(document.activeElement)")
    for key in DRAW if at["name"].startswith("Canvas") else [KEYS[at["kind"]]]:
        page.keyboard.press(key)
    try:
        page.wait_for_function(f"before => ({read})(document.activeElement) !== before", arg=before)
    except TimeoutError:
        return False
    return True


KEYS = {"range": "ArrowRight", "application": "ArrowRight", "radio": "ArrowRight", "checkbox": "Space", "button": "Enter"}
DRAW = ["Space", "ArrowLeft", "ArrowLeft", "ArrowLeft"]
READINGS = "node => [...node.closest('.vae-view').querySelectorAll('.vae-reading, .vae-seen')].map((each) => each.textContent).join()"
STATE = "node => [...node.closest('.vae-view').querySelectorAll('input')].map((n) => n.checked) + node.closest('.vae-view').innerHTML"
CONTROLS = """[...document.querySelectorAll('.vae-view :is(button, input, [tabindex]):not(:disabled)')]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }) && (node.type !== 'radio' || node.checked))"""
WHERE = f"""() => {{
    const node = document.activeElement, place = {CONTROLS}.indexOf(node), label = node.closest('label');
    if (place < 0) return null;
    const ringed = node.closest('label.vae-example') ?? node, style = getComputedStyle(ringed), probe = document.createElement('span');
    Object.assign(probe.style, {{ color: style.outlineColor, opacity: style.opacity }});
    ringed.parentElement.append(probe);
    const ring = style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 ? 0 : ({CONTRAST})(probe);
    probe.remove();
    return {{ place, ring, kind: node.getAttribute('role') ?? node.type, name: node.ariaLabel ?? (label ?? node).textContent }};
}}"""
FILLED = """[...document.querySelectorAll('.vae-view svg text:not([style], [fill], .vae-letter)')]
    .map((text) => getComputedStyle(text)).every((style) => style.fill === style.color)"""
VIEWS_OF = """read => {
    const views = [...document.querySelectorAll('.vae-view')];
    const seen = read.map((selector) => document.querySelector(selector).closest('.vae-view'));
    return [...views.keys()].filter((k) => seen.includes(views[k]));
}"""

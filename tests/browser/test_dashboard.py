"""The training dashboard under a real hand, in JupyterLab and Chromium."""

import pytest
from playwright.sync_api import expect

SETUP = """
from vae_helpers import datasets, runtime
from vae_helpers.models import VAE
from vae_helpers.training import fit
from vae_helpers.widgets import TrainingDashboard
seed = runtime.setup()
data = datasets.load("digits")
vae = VAE(image_shape=(8, 8), latent_dim=2, hidden=(128,), seed=seed)
dashboard = TrainingDashboard(vae, data, epochs={epochs}, lr={lr}, seed=seed)
"""
FOREVER = 100_000  # epochs: the test ends it, not the clock


def open_dashboard(lab, *cells, epochs=FOREVER, lr=1e-3, **options):
    page = lab([SETUP.format(epochs=epochs, lr=lr), "dashboard", *cells], **options)
    page.run_cell(0).run_cell(1)
    page.widget(1, ".vae-dashboard")
    return page


def button(page, name):
    return page.widget(1, f".vae-{name}")


def expect_status(page, expected) -> None:
    expect(page.widget(1, ".vae-status")).to_have_text(expected)


def steps(page) -> int:
    """Steps done, from the words on the page."""
    words = page.widget(1, ".vae-reading").inner_text()
    return int(words.split(" step ")[1].split(" of ")[0]) if " step " in words else 0


def wait_for_steps(page, more_than: int) -> int:
    page.page.wait_for_function(
        "least => Number((document.querySelector('.vae-reading').textContent.match(/ step (\\d+)/) ?? [0, 0])[1]) > least", arg=more_than
    )
    return steps(page)


def picture_of(page, selector):
    """What an element shows, as text: a canvas's pixels, or a drawing's shapes."""
    return page.widget(1, selector).evaluate("node => node.toDataURL ? node.toDataURL() : node.innerHTML")


def test_play_pause_step_stop(lab):
    """Numbers grow and pictures change while it plays; other cells run; a step is one step; what Stop leaves is a trained model."""
    page = open_dashboard(
        lab,
        "print(dashboard.status, 6 * 7)",
        "from vae_helpers.objectives import elbo\n"
        "before, after = (elbo(m, data.test.images).elbo.mean().item() for m in (vae, dashboard.model))\n"
        "print(dashboard.history.stopped, after - before > 5, dashboard.progress[0])",
    )
    expect_status(page, "ready")
    parts = (".vae-curves", ".vae-plane", "canvas >> nth=1", "canvas >> nth=2")
    before = [picture_of(page, part) for part in parts]
    button(page, "play").click()
    at = wait_for_steps(page, 0)
    at = wait_for_steps(page, at)
    page.run_cell(2)
    expect(page.output(2)).to_contain_text("training 42")
    wait_for_steps(page, max(at, 500))
    assert all(picture_of(page, part) != old for part, old in zip(parts, before, strict=True))

    button(page, "pause").click()
    expect_status(page, "paused")
    at = steps(page)
    button(page, "step").click()
    assert wait_for_steps(page, at) == at + 1, "paused, yet it went on"
    button(page, "step").dblclick()
    assert wait_for_steps(page, at + 2) == at + 3
    button(page, "play").click()
    at = wait_for_steps(page, at + 3)

    button(page, "stop").click()
    expect_status(page, "stopped")
    at = steps(page)
    expect(button(page, "play")).to_have_text("Restart")
    page.run_cell(3)
    expect(page.output(3)).to_contain_text(f"interrupted True {at}")
    assert not page.errors()
    page.screenshot("dashboard-stopped")


@pytest.mark.parametrize("subshells", [False, True])
def test_two_quick_clicks_give_the_numbers_of_fit(lab, subshells):
    page = open_dashboard(
        lab,
        "history = fit(vae, data, epochs=8, seed=seed, progress=False)\nprint(history.elbo == dashboard.history.elbo, len(history.elbo))",
        epochs=8,
        subshells=subshells,
    )
    button(page, "play").dblclick()
    expect_status(page, "finished")
    page.run_cell(2)
    expect(page.output(2)).to_contain_text("True 8")


def test_by_keyboard_alone(lab):
    """Tab reaches each button, the focus can be seen, Space and Enter press it, and JupyterLab takes none of the keys for itself."""
    page = open_dashboard(lab)
    n_cells = page.page.locator(".jp-Notebook .jp-Cell").count()
    button(page, "play").focus()
    button(page, "play").press(" ")
    wait_for_steps(page, 0)
    button(page, "play").press("Tab")
    expect(button(page, "pause")).to_be_focused()
    style, width = button(page, "pause").evaluate("node => [getComputedStyle(node).outlineStyle, getComputedStyle(node).outlineWidth]")
    assert style == "solid" and float(width.removesuffix("px")) >= 2
    button(page, "pause").press("Enter")
    expect_status(page, "paused")
    expect(button(page, "pause")).to_be_focused()  # it cannot be used now, but a keyboard user is still there
    button(page, "pause").press("b")  # JupyterLab's "insert a cell below"
    at = steps(page)
    button(page, "pause").press("Enter")  # of no use now, and harmless
    button(page, "pause").press("Tab")
    button(page, "step").press(" ")
    assert wait_for_steps(page, at) == at + 1
    button(page, "step").press("Tab")
    button(page, "stop").press(" ")
    expect_status(page, "stopped")
    assert page.page.locator(".jp-Notebook .jp-Cell").count() == n_cells
    spoken = page.widget(1, "[role=status]").inner_text()
    assert spoken.startswith("stopped. Epoch ") and "ELBO" in spoken


def test_a_failure_is_a_sentence(lab):
    page = open_dashboard(lab, lr=1e30)
    button(page, "play").click()
    expect_status(page, "failed")
    expect(page.widget(1, "[role=alert]")).to_contain_text("try a smaller lr")


def test_a_second_view_and_a_finished_run_show_the_same(lab):
    """A run finished in a cell reaches the view above it, and a view opened afterwards; it fits a small screen, in both themes."""
    page = open_dashboard(lab, "dashboard.run_sync()\ndashboard", epochs=8)
    page.run_cell(2)
    expect_status(page, "finished")
    page.widget(2, ".vae-dashboard")
    for part in (".vae-curves polyline >> nth=0", ".vae-reading"):
        first, second = (page.widget(i, part).evaluate("node => node.getAttribute('points') ?? node.textContent") for i in (1, 2))
        assert first == second
    assert page.widget(1, ".vae-dashboard").bounding_box()["height"] < 600  # what JupyterLab leaves of 720
    page.cell(2).scroll_into_view_if_needed()
    colours = []
    for dark in (False, True):
        page.theme(dark=dark)
        page.screenshot(f"dashboard-{'dark' if dark else 'light'}", page.widget(2, ".vae-dashboard"))
        colours.append(page.widget(2, ".vae-curves text").evaluate("node => getComputedStyle(node).fill"))
    assert colours[0] != colours[1], "the drawing's words keep the light theme's colour on the dark one"

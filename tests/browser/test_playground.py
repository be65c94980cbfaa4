"""`Playground` under a real hand: it trains, obeys while it trains, hands its weights to Python, and lives in a page alone."""

import json
import re

from lab import REFRESH
from playwright.sync_api import expect

from vae_helpers.widgets import Playground, save_page

SETUP = "from vae_helpers import datasets\nfrom vae_helpers.objectives import elbo\nfrom vae_helpers.widgets import Playground"
BOUND = """import json
x = datasets.load('digits').binarized(0).test.images
print(json.dumps([playground.steps, elbo(playground.model, x, 20).elbo.mean().item()]))"""
PAIR = r"[Aa]t step (\d+): ELBO\s(-?[\d.]+), log\sp\(x\)\s(-?[\d.]+)\."
COLLECT = "node => { window.said = []; new MutationObserver(() => window.said.push(node.textContent)).observe(node, { childList: true }); }"
PLAYING = "typeof playing !== 'undefined' && playing"  # train_worker.js


def numbers(view) -> dict[str, float]:
    text = view.locator(".vae-reading").last.inner_text().replace("\u2212", "-")
    step, bound = re.search(r"Step (\d+)", text), re.search(r"Test ELBO\s(-?[\d.]+)", text)
    return {"step": int(step[1]), "bound": float(bound[1])} if step and bound else {"step": -1, "bound": float("nan")}


def wait(page, view, true):
    for _ in range(600):  # a minute: nothing is judged by its time
        if true(now := numbers(view)):
            return now
        page.wait_for_timeout(100)
    raise AssertionError(view.locator(".vae-reading").last.inner_text())


def rests(page, view) -> dict[str, float]:
    """The numbers, once the worker has heard that it is to pause and the page has shown its last word."""
    wait(page, view, lambda _: not any(worker.evaluate(PLAYING) for worker in page.workers))
    page.evaluate(REFRESH)
    return numbers(view)


def test_it_trains_and_python_gets_the_weights(lab):
    page = lab([SETUP, "playground = Playground(); playground", BOUND, "playground.playing = True", "playground.latent_dim = 1"])
    page.run_cell(0)
    page.run_cell(1)
    view = page.widget(1, ".vae-view")
    start = wait(page.page, view, lambda now: now["step"] == 0)
    view.locator(".vae-play").click()
    wait(page.page, view, lambda now: now["step"] > 300)
    view.get_by_role("checkbox", name="the KL term").click()  # while it trains
    expect(view.locator(".vae-reading").last).to_contain_text("no KL")
    view.locator(".vae-play").click()
    expect(view.locator(".vae-play")).to_have_text("▶ Play")
    still = rests(page.page, view)
    assert still["bound"] > start["bound"] + 10
    page.run_cell(2)
    page.wait_idle()
    assert numbers(view) == still  # paused
    steps, bound = json.loads(page.output(2).inner_text())
    assert steps == still["step"] and abs(bound - still["bound"]) < 1  # one sample an image there, twenty here
    page.run_cell(3)  # Python presses Play
    wait(page.page, view, lambda now: now["step"] > still["step"] + 20)
    page.run_cell(4)  # begins anew
    wait(page.page, view, lambda now: -1 < now["step"] < still["step"])
    workers = len(page.page.workers)
    page.run_cell(1)  # the old view goes while it trains, and its worker with it
    wait(page.page, page.widget(1, ".vae-view"), lambda now: now["step"] >= 0)
    assert len(page.page.workers) == workers > 0


def test_the_scrubber_goes_back_and_step_goes_one_on(lab):
    page = lab([SETUP, "playground = Playground(); playground"])
    page.run_cell(0)
    page.run_cell(1)
    view = page.widget(1, ".vae-view")
    wait(page.page, view, lambda now: now["step"] == 0)
    view.locator(".vae-step").click()
    wait(page.page, view, lambda now: now["step"] == 1)
    view.locator(".vae-play").click()
    wait(page.page, view, lambda now: now["step"] > 60)
    view.locator(".vae-play").click()
    end, epoch = rests(page.page, view), view.get_by_role("slider", name="epoch")
    most, lines = epoch.get_attribute("max"), view.locator(".vae-game-curves polyline")
    curve = lines.first.get_attribute("points")
    for key, step in (("Home", 0), ("ArrowRight", 15), ("End", end["step"]), ("ArrowLeft", 15 * int(most) - 15)):
        epoch.press(key)
        wait(page.page, view, lambda now, step=step: now["step"] == step)
        assert (epoch.get_attribute("max"), lines.first.get_attribute("points")) == (most, curve)  # the later run stays
    expect(view.locator(".vae-reading")).to_contain_text(f"of {most}; Play or Step drops the later ones")
    view.locator(".vae-step").click()
    wait(page.page, view, lambda now: now["step"] == 15 * int(most) - 14)
    assert int(epoch.get_attribute("max")) == int(most) - 1 and lines.first.get_attribute("points") != curve
    code = view.locator(".vae-seen")
    view.locator(".vae-ground").press("ArrowRight")
    expect(code).to_contain_text("Test image 2")
    told = code.inner_text()
    view.locator(".vae-step").click()
    expect(code).not_to_have_text(told)  # it goes with the ring
    expect(code).to_contain_text("Test image 2")
    view.locator(".vae-ground circle").nth(6).hover(force=True)  # the plane hears of it
    expect(code).not_to_contain_text("Test image 2,")
    expect(code).to_contain_text(re.compile(r"Test image \d+, a \d: μ = .*; σ = "))
    assert view.locator(".vae-ground ellipse").count() == 2
    sigma = view.get_by_role("slider", name="σ of p(x|z)")
    expect(sigma).to_be_hidden()
    view.locator(".vae-restart").click()
    wait(page.page, view, lambda now: now["step"] == 0)
    assert lines.count() == 6  # three curves, and the last run's in grey
    view.get_by_role("radio", name="1", exact=True).click()
    expect(code).to_have_text(re.compile(r"μ = [^,]*; σ = [^,]*\.$"))
    view.get_by_role("radio", name="Gaussian").click()  # begins anew, on grey pixels: a run in other units is not drawn
    expect(lines).to_have_count(3)
    wait(page.page, view, lambda now: now["step"] == 0)
    sigma.press("ArrowLeft")
    expect(view.locator(".vae-reading").last).to_contain_text("σ 0.2")


def test_it_trains_in_a_page_alone(browser, tmp_path):
    path = save_page(Playground(), tmp_path / "page.html", "Play")
    page = browser.new_context(offline=True, viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    view = page.locator(".vae-view")
    start = wait(page, view, lambda now: now["step"] == 0)
    play, reading = (view.locator(part).bounding_box() for part in (".vae-play", ".vae-reading"))
    assert play["y"] < reading["y"] < play["y"] + 200  # what Play does is read where it was pressed
    view.locator(".vae-reading").evaluate(COLLECT)
    view.locator(".vae-play").tap()
    end = wait(page, view, lambda now: now["step"] > 200)
    assert end["bound"] > start["bound"] + 5
    expect(view.locator(".vae-reading")).to_contain_text(re.compile(r"[Aa]t step [1-9]"), timeout=60_000)
    pairs = [re.search(PAIR, text.replace("\u2212", "-")) for text in page.evaluate("window.said")]
    assert len({pair[1] for pair in pairs}) > 1
    assert all(float(pair[2]) < float(pair[3]) + 0.5 for pair in pairs)  # a bound, to its error
    view.get_by_role("checkbox", name="noise").tap()
    down = view.locator(".vae-game-curves text").filter(has_text="↓")  # below the frame: an arrow tells how far
    expect(down).to_have_text(re.compile(r"↓ −\d\d"), timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heights = view.locator("button, label").evaluate_all(
        "all => all.filter((n) => n.checkVisibility()).map((n) => n.getBoundingClientRect().height)"
    )
    assert len(heights) > 12 and min(heights) >= 44
    page.context.close()
    assert not errors

"""Notebook 06's views under a hand."""

import json
import math

import pytest
from browser.figure import Figure, tagged
from browser.test_latent_pad import looks_right
from playwright.sync_api import expect

from vae_helpers.look import number
from vae_helpers.widgets import Estimates


class Hand:
    """The page's view on screen: `.totals` and `.detail` are the two sentences below its panels."""

    def __init__(self, lab, **options):
        cells = tagged("06_gradients.ipynb", "estimates")
        tell = "import json\nview = [v for v in Out.values() if hasattr(v, 'estimates')][-1]\n"
        tell += "print(json.dumps([view.function, view.mu, view.sigma, view.count, view.seed]))"
        self.lab = lab([*cells, tell, "view.function, view.mu, view.sigma, view.count = 'cos z', -1.0, 0.4, 50"], **options)
        self.last = len(cells)
        for k in range(self.last):
            self.lab.run_cell(k)
        assert not (errors := self.lab.errors()), errors[0]
        self.view = self.lab.widget(self.last - 1, ".vae-estimates")
        self.totals, self.detail = self.view.locator("output").all()
        self.panels = self.view.locator(".vae-estimates-panel").all()
        self.mu, self.sigma = self.view.get_by_role("slider").all()

    def press(self, name: str) -> None:
        self.view.get_by_role("button", name=name, exact=True).click()

    def choose(self, name: str) -> None:
        self.view.get_by_role("radio", name=name, exact=True).click()

    def arrived(self, function: str, mu: float, sigma: float, count: int) -> None:
        """The kernel has this state, and the sentence says what Python says of it."""
        self.lab.run_cell(self.last).wait_idle()
        state = json.loads(self.lab.output(self.last).inner_text())
        assert state == [function, pytest.approx(mu), pytest.approx(sigma), count, state[-1]]
        expect(self.totals).to_have_text(sentence(Estimates(**dict(zip(("function", "mu", "sigma", "count", "seed"), state, strict=True)))))


def sentence(view: Estimates) -> str:
    """Of at least two draws."""
    truth, *exact = view.exact
    score, path = rows = [row.numpy() for row in view.estimates.values()]
    means = [f"{number(row.mean(), 3)} ± {number(row.std(ddof=1) / len(row) ** 0.5, 3)}" for row in rows]
    v, w = (row.var(ddof=1) for row in rows)
    ratio, pull = v / w, (score - score.mean()) ** 2 / v - (path - path.mean()) ** 2 / w
    right = exact[0] / exact[1]
    digits = 3 if right < 1 else 2 if right < 100 else 0
    measured = f"{number(ratio, digits)} ± {number(ratio * pull.std(ddof=1) / len(pull) ** 0.5, digits)}"
    averages = f"score function {means[0]}, pathwise {means[1]}, exact {number(truth, 3)}"
    return f"{view.count:,} draws: {averages}. Ratio of the two variances: {measured}, exact {number(right, digits)}."


def test_single_estimates_fall_and_averages_come_to_the_truth(lab):
    hand = Hand(lab)
    expect(hand.totals).to_have_text("No draw yet: exact gradient −4.000. Ratio of the two variances: exact 21.75.")
    hand.press("draw 1")
    expect(hand.totals).to_contain_text("1 draw: score function ")
    view = Estimates(count=1)
    (score,), (path,) = (row.tolist() for row in view.estimates.values())
    expect(hand.detail).to_contain_text(f"is {number(score, 3)} (score function); slope f′ = {number(path, 3)} (pathwise).")
    hand.press("draw 100")
    hand.arrived("(z − 3)²", 1.0, 1.0, 101)
    hand.choose("(z − 3)² + 10")
    expect(hand.totals).to_contain_text("exact 81.75.")
    hand.choose("cos 4z")
    hand.sigma.press("Home")
    hand.mu.press("ArrowRight")
    hand.arrived("cos 4z", 1.02, 0.2, 101)

    hand.press("▶ run")
    expect(hand.totals).to_contain_text("10,000 draws: ")
    hand.arrived("cos 4z", 1.02, 0.2, 10_000)
    expect(hand.view.get_by_role("button", name="▶ run")).to_be_visible()
    hand.lab.drag(hand.sigma, (0.1, 0.5), (0.99, 0.5))  # with all of them
    hand.arrived("cos 4z", 1.02, 3.0, 10_000)
    hand.press("draw 1")  # begins again
    expect(hand.totals).to_contain_text("1 draw: ")
    hand.press("▶ run")
    expect(hand.totals).not_to_contain_text("1 draw: ")
    hand.press("■ stop")
    hand.press("restart")
    expect(hand.totals).to_contain_text("No draw yet")
    hand.lab.run_cell(hand.last + 1)  # from Python
    hand.arrived("cos z", -1.0, 0.4, 50)
    expect(hand.view.get_by_role("radio", name="cos z", exact=True)).to_be_checked()
    looks_right(hand.lab, {"estimates": hand.view}, "label, button, .vae-reading", height=520)


def test_what_stands_under_the_hand_is_read_out(lab):
    hand = Hand(lab)
    hand.lab.run_cell(hand.last)
    hand.lab.run_cell(hand.last + 1)
    hand.arrived("cos z", -1.0, 0.4, 50)
    rest = hand.detail.inner_text()
    score, path = Estimates(function="cos z", mu=-1.0, sigma=0.4, count=50).estimates.values()

    hand.panels[0].press("ArrowRight")  # from the middle, z = 1, by a sixtieth of twelve
    height = f"height f = {number(math.cos(1.2), 3)} times score {number(2.2 / 0.16, 3)} is {number(math.cos(1.2) * 2.2 / 0.16, 3)}"
    expect(hand.detail).to_have_text(f"A draw at z = 1.20: {height} (score function); slope f′ = {number(-math.sin(1.2), 3)} (pathwise).")
    hand.panels[1].press("ArrowRight")  # from the bin that begins at 0 to the next
    shares = [number(100 * ((row >= 4 / 30) & (row < 8 / 30)).double().mean().item(), 1) for row in (score, path)]
    expect(hand.detail).to_have_text(
        f"Estimates from 0.13 to 0.27: {shares[0]}% of the score function's, {shares[1]}% of the pathwise ones."
    )
    box = hand.panels[2].bounding_box()
    hand.lab.page.mouse.move(box["x"] + box["width"] * (36 + 240 * 1.1 / 4.2) / 300, box["y"] + 80)
    mean = number(score[:10].mean().item(), 3)
    expect(hand.detail).to_contain_text(f"After 10 draws: score function {mean} ± ")
    hand.lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 60)
    hand.panels[2].evaluate("node => document.activeElement.blur()")
    expect(hand.detail).to_have_text(rest)


def test_on_a_phone_nothing_is_too_small_for_a_finger(lab):
    hand = Hand(lab, has_touch=True, is_mobile=True)
    hand.lab.page.set_viewport_size({"width": 390, "height": 844})
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth")
    targets = hand.view.locator("button, label").all()
    assert len(targets) == 11 and min(target.bounding_box()["height"] for target in targets) >= 44
    hand.view.get_by_role("button", name="draw 100").tap()
    hand.arrived("(z − 3)²", 1.0, 1.0, 100)
    hand.panels[2].tap()
    expect(hand.detail).to_contain_text("After ")
    hand.lab.screenshot("estimates-phone", of=hand.view)


def test_dimension_and_samples_move_the_figure(lab):
    figure = Figure(lab, "06_gradients.ipynb", "dimension")
    dimension, samples = figure.sliders
    readings = {figure.reading.inner_text()}
    figure.drag(dimension, 0.5, 1)
    expect(dimension).to_have_value("4")
    figure.arrived((100, 4))
    readings.add(figure.reading.inner_text())
    samples.press("ArrowRight")
    expect(samples).to_have_value("3")
    figure.arrived((100, 8))
    readings.add(figure.reading.inner_text())
    assert len(readings) == 3, "the sentence stayed behind"

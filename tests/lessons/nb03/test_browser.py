"""Notebook 03's interactive figures under a hand."""

import ast
import math

import pytest
import torch
from browser.figure import Figure, tagged
from browser.test_latent_pad import looks_right
from playwright.sync_api import expect

from vae_helpers.inference.variational import gaussian_elbo
from vae_helpers.look import number
from vae_helpers.toy import CurvedToy


def reading_at(mu: float, sigma: float) -> str:
    """What the sentence must say: the bound by Gauss–Hermite quadrature, where the browser sums over a table."""
    toy = CurvedToy(0.25)
    elbo = gaussian_elbo(lambda z: toy.log_joint(1.0, z), *torch.tensor([mu, sigma], dtype=torch.float64)).item()
    log_p_x = toy.log_evidence(1.0).item()
    bound = f"ELBO {number(elbo)} + KL {number(log_p_x - elbo)} = log p(x) {number(log_p_x)} nats"
    return f"μ = {number(mu)}, σ = {number(sigma, 3)}: {bound}"


class Hand:
    """The page's bell on screen: `.density` and `.map` are its two pads, `.reading` the sentence below."""

    def __init__(self, lab, **options):
        cells = tagged("03_elbo.ipynb", "bar")
        name = "bell = [view for view in Out.values() if hasattr(view, 'panels')][-1]"
        boxes = "print([bell.panels[k]['box'] + bell.panels[k]['extent'] for k in ('density', 'map')], (bell.mu, bell.sigma), sep='|')"
        self.lab = lab([*cells, f"{name}; {boxes}", "bell.mu, bell.sigma = -1.6, 0.184"], **options)
        self.last = len(cells)
        for k in range(self.last + 1):
            self.lab.run_cell(k)
        self.page, self.view = self.lab.page, self.lab.widget(self.last - 1, ".vae-bell")
        self.density, self.map = self.view.locator(".vae-pad").all()
        self.reading = self.view.locator(".vae-reading")
        self.axes = self.kernel()[0]

    def kernel(self):
        """(left, top, width, height, limits) of the two axes, and μ and σ, as the kernel has them."""
        self.lab.run_cell(self.last).wait_idle()
        return tuple(map(ast.literal_eval, self.lab.output(self.last).inner_text().split("|")))

    def mu(self) -> float:
        return self.kernel()[1][0]

    def arrived(self, mu: float, sigma: float, of_pixel: float = 0.0) -> None:
        """Sentence and kernel tell this q, to so many units of z."""
        _, found = self.kernel()
        assert found == pytest.approx((mu, sigma), abs=max(of_pixel, 1e-9))
        expect(self.reading).to_have_text(reading_at(*found))

    def places(self, *points) -> list[tuple[float, float]]:
        """Where points (z, density) are on the screen."""
        left, top, width, height, x0, x1, y0, y1 = self.axes[0]
        self.density.scroll_into_view_if_needed()
        box = self.density.bounding_box()
        u, v = ([left + width * (x - x0) / (x1 - x0) for x, _ in points], [top + height * (y1 - y) / (y1 - y0) for _, y in points])
        return [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in zip(u, v, strict=True)]

    def drag(self, *points) -> None:
        first, *others = self.places(*points)
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place, steps=20)
        self.page.mouse.up()


PIXEL = 7 / 300  # a pixel of the screen is less of z than this


def test_the_bell_by_mouse_keys_and_from_python(lab):
    hand = Hand(lab)
    expect(hand.reading).to_have_text(reading_at(0.8, 0.5))
    peak = 1 / (0.5 * math.sqrt(2 * math.pi))
    hand.drag((0.8, peak), (-1.0, 0.1), (1.12, 2.0))  # its top: only across counts
    hand.arrived(1.12, 0.5, PIXEL)
    mu = hand.mu()
    hand.drag((mu + 0.5, peak * 0.607), (mu + 0.2, 1.0))  # a flank: μ stays
    hand.arrived(mu, 0.2, PIXEL)
    assert hand.mu() == mu
    hand.drag((mu - 0.2, 1.2), (mu + 2, 1.2))  # through the top and beyond: as narrow as may be
    hand.arrived(mu, 0.05)

    for key in ("Home", "ArrowRight", "Shift+ArrowUp", "b", "ArrowUp"):
        hand.density.press(key)
    hand.arrived(0.8 + 0.02 * 4.4, 0.5 * 26**0.022)
    hand.map.press("Home")
    hand.map.press("ArrowLeft")
    hand.arrived(0.8 - 0.02 * 4.4, 0.5)

    hand.lab.run_cell(hand.last + 1)
    hand.arrived(-1.6, 0.184)
    left, top, width, height, *_ = hand.axes[1]
    corner = left + width, top
    hand.lab.drag(hand.map, (left + width / 2, top + height / 2), (corner[0] + 0.01, corner[1] - 0.01))
    hand.arrived(2.2, 1.3)
    assert hand.view.locator(".vae-bell-solid").evaluate("part => part.getBoundingClientRect().height") == 0
    ring = hand.map.locator(".vae-knob").bounding_box()
    box = hand.map.bounding_box()
    middle = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    assert middle == pytest.approx((box["x"] + corner[0] * box["width"], box["y"] + corner[1] * box["height"]), abs=1)
    looks_right(hand.lab, {"bell": hand.view}, "p, .vae-reading", height=480)


def test_the_bell_by_finger_on_a_phone(lab):
    hand = Hand(lab, has_touch=True)
    hand.page.set_viewport_size({"width": 390, "height": 844})
    assert hand.view.evaluate("view => view.scrollWidth <= view.clientWidth")
    finger = hand.page.context.new_cdp_session(hand.page)
    way = hand.places(*((0.8 - 0.24 * k, 0.8) for k in range(11)))
    for kind, points in [("touchStart", way[:1]), *(("touchMove", [place]) for place in way[1:]), ("touchEnd", [])]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    hand.arrived(-1.6, 0.5, 7 / 200)
    hand.view.get_by_role("button", name="begin again").tap()
    hand.arrived(0.8, 0.5)
    looks_right(hand.lab, {"bell-phone": hand.view}, "p, .vae-reading", height=844)


def test_the_half_steps_of_em(lab):
    figure = Figure(lab, "03_elbo.ipynb", "em")
    (slider,) = figure.sliders
    slider.press("Home")
    expect(figure.reading).to_contain_text("θ = −1.00")  # the start
    slider.press("ArrowRight")
    expect(figure.reading).to_contain_text("θ = −1.00")  # an E step leaves θ alone
    slider.press("ArrowRight")
    expect(figure.reading).not_to_contain_text("θ = −1.00")  # an M step moves it
    figure.drag(slider, 0.2, 1)
    expect(slider).to_have_value("12")
    figure.arrived(12)

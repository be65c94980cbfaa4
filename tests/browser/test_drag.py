"""A fast drag over LatentPad: every position is painted, on any link, and at the end everything agrees. No timing decides anything here."""

import ast
import re

import pytest
from recorder import POSITIONS, RECORDER, SLOW_LINK, drag

SETUP = """
from vae_helpers import pretrained, pretrained, runtime
from vae_helpers.widgets import LatentPad
runtime.setup()
pad = LatentPad(pretrained.load("mnist_vae_2d"), extent=(-4, 4, -4, 4))
"""
STATE = "print([pad.z, [255 * (1 - v) for v in pad.image.flatten().tolist()], pad.plane.box])"
SHADES = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 == 0)"


@pytest.mark.parametrize("link", ["", SLOW_LINK], ids=["near kernel", "150 ms away"])
def test_a_fast_drag(lab, link):
    page = lab([SETUP, "pad", STATE], script=link + RECORDER)
    page.run_cell(0).run_cell(1)
    assert not page.errors()
    pad, reading, canvas = (page.widget(1, f".vae-{part}") for part in ("pad", "reading", "image"))

    def kernel():
        page.run_cell(2).wait_idle()
        return ast.literal_eval(page.output(2).inner_text())

    left, top, width, height = kernel()[2]
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [
        (box["x"] + box["width"] * (left + width * u), box["y"] + box["height"] * (top + height * v)) for u, v in ((0.1, 0.2), (0.85, 0.7))
    ]
    hand = (-4 + 8 * 0.85, 4 - 8 * 0.7)
    seen = drag(page.page, *places, after=page.wait_idle)

    assert len(seen.events) == POSITIONS
    shown = seen.shown()
    assert None not in shown, f"not painted: {[k for k, paint in enumerate(shown) if paint is None]}"
    readings = [paint["text"] for paint in shown]
    assert len(set(readings)) == POSITIONS, "a picture came twice, or without its reading"
    assert seen.blanks == 0 and seen.frames > 10

    for _ in range(10):  # the last message may still be on its way
        z, shades, _ = kernel()
        if z == pytest.approx(hand, abs=8 / 300):
            break
    assert z == pytest.approx(hand, abs=8 / 300), "the kernel's z is not where the hand stopped"
    assert readings[-1] == reading.text_content().strip()
    said = [float(v.replace("−", "-")) for v in re.search(r"\((.*?)\)", readings[-1]).group(1).split(", ")]
    assert said == pytest.approx(z, abs=0.0051)
    assert canvas.evaluate(SHADES) == pytest.approx(shades, abs=1 + 255 * 2e-3)

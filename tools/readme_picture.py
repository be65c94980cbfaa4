"""Draw the README's animation, docs/explorer.gif: the view of the code plane in a real browser, its ring dragged around once.

    python tools/readme_picture.py

The view is the package's own, of the model and the codes that ship with it, in a page of its own without kernel or network. The pressed
mouse follows a closed curve that passes every kind of digit. Needs Chromium, as the browser tests do.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from chromium import chromium
from freshness import ROOT
from PIL import Image
from scipy.interpolate import CubicSpline

from vae_helpers import pretrained
from vae_helpers.widgets import LatentPad
from vae_helpers.widgets.kit.page import save_page

TARGET = ROOT / "docs" / "explorer.gif"
WIDTH, HEIGHT = 720, 396  # pixels
FRAMES, SECONDS = 72, 6.0  # of one round
MOST_BYTES = 600_000
EXTENT = (-3.0, 3.0, -3.0, 3.0)
PLACES = [(-2.4, 0.1), (-0.9, 1.4), (0.0, 1.45), (0.35, 1.1), (1.3, 1.5)]
PLACES += [(2.3, -0.3), (0.55, -0.62), (0.15, -1.9), (-0.9, -1.7), (-0.45, 0.05)]
STYLE = f"""
main {{ padding: 0; }} h1, main > p, .vae-path, .vae-switches, .vae-help {{ display: none; }} .view {{ margin: 0; }}
.vae-view {{ padding: 11px 11px 0; width: {WIDTH}px; height: {HEIGHT}px; }}
.vae-field {{ max-width: 400px; }} .vae-side {{ max-width: 282px; }} .vae-reading {{ font-size: 17px; }} .vae-pad:focus {{ outline: none; }}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        frames = record(browser, Path(folder) / "explorer.html", FRAMES)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content := gif(frames))
    print(f"{TARGET.relative_to(ROOT)}: {len(frames)} frames of {WIDTH} × {HEIGHT}, {len(content) / 1000:.0f} kB")
    assert len(content) <= MOST_BYTES, f"at most {MOST_BYTES} bytes are wanted: fewer frames"


def curve(places: list[tuple[float, float]], count: int) -> np.ndarray:
    """A smooth closed curve through the places, as `count` points at equal distances along it, (count, 2)."""
    closed = np.array([*places, places[0]])
    knots = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    fine = CubicSpline(knots, closed, bc_type="periodic")(np.linspace(0, knots[-1], 5000))
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, lengths[-1], count, endpoint=False)
    return np.stack([np.interp(wanted, lengths, fine[:, axis]) for axis in (0, 1)], axis=1)


def record(browser, page_file: Path, count: int) -> list[Image.Image]:
    """What the browser shows while the mouse drags the ring along the curve: so many frames of one round."""
    codes = pretrained.codes("mnist_vae_2d")
    pad = LatentPad(pretrained.load("mnist_vae_2d"), codes.mean, codes.labels, extent=EXTENT, z=PLACES[0])
    (left, top, width, height), (x0, x1, y0, y1) = pad.plane.box, EXTENT
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page.goto(save_page([pad], page_file, "Explorer").as_uri())
    page.add_style_tag(content=STYLE)
    box = page.locator(".vae-pad").bounding_box()
    frames = []
    for x, y in curve(PLACES, count):
        u, v = left + width * (x - x0) / (x1 - x0), top + height * (y1 - y) / (y1 - y0)
        page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"])
        page.mouse.down()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.close()
    return frames


def gif(frames: list[Image.Image]) -> bytes:
    """An endless GIF in one palette for all frames, so that what stays is the same and takes no space."""
    together = Image.new("RGB", (WIDTH, 4 * HEIGHT))
    for k in range(4):
        together.paste(frames[k * len(frames) // 4], (0, k * HEIGHT))
    palette = together.quantize(256, method=Image.Quantize.MEDIANCUT)
    colours = np.reshape(palette.getpalette(), (-1, 3))
    colours[colours.min(1) >= 248] = 255  # the mean of paper and what is nearly paper is not quite white
    palette.putpalette(colours.ravel().tolist())
    first, *rest = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    first.save(out := io.BytesIO(), "GIF", save_all=True, append_images=rest, duration=round(1000 * SECONDS / len(frames)), loop=0)
    return out.getvalue()


if __name__ == "__main__":
    main()

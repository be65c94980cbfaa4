"""A fast drag as the hand sees it: LatentPad beside the usual `interact` + `plt.show` of the same decoder, in Chromium on JupyterLab.

    python benchmarks/drag.py [--repeats 3]

The pressed mouse moves over 100 positions, 50 a second, once with the kernel on this machine and once with 150 ms added to its round
trip. Timed inside the page (tools/recorder.py): from the moment the page hears of a move to the picture on the canvas (or to the
decoded image in the output), and to the frame that shows it; from the mouse's own time stamp to that frame; from running the cell to the
first picture's frame. A position counts as shown if its own picture was. Needs Chromium, as the browser tests do.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rows import Row, summary

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from chromium import chromium
from lab import Server, open_notebook
from recorder import DELAY_MS, EVENTS_A_SECOND, POSITIONS, RECORDER, SLOW_LINK, drag

SETUP = """
import torch
from ipywidgets import FloatSlider, interact
from matplotlib import pyplot as plt
from vae_helpers import pretrained, runtime
from vae_helpers.widgets import LatentPad
runtime.setup()
vae = pretrained.load("mnist_vae_2d")
codes = pretrained.codes("mnist_vae_2d")
"""
PAD = "pad = LatentPad(vae, codes.mean, codes.labels, extent=(-3, 3, -3, 3)); pad"
INTERACT = """
@interact(z1=FloatSlider(min=-3, max=3, step=0.06, layout={"width": "600px"}), z2=FloatSlider(min=-3, max=3, step=0.06))
def show(z1, z2):
    which = round((z1 + 3) / 0.06)  # told by the paper's colour, so that the page can see which position a picture shows
    plt.figure(figsize=(4, 4), facecolor=((255 - which) / 255, 1, 1))
    plt.imshow(vae.mean_image(torch.tensor([z1, z2])), cmap="gray_r", vmin=0, vmax=1)
    plt.axis("off")
    plt.show()
"""


class Run(NamedTuple):
    """One drag. Times in ms, one for each position that was shown."""

    shown: int
    canvas: list[float]
    frame: list[float]
    from_mouse: list[float]
    blanks: int
    right: bool
    first: float
    kilobytes: float
    weights: float
    rate: float


def run(server: Server, browser, name: str, view: str, slow: bool) -> Run:
    """Open a notebook, run the view's cell, drag, and read the recorder."""
    ask = "print(f'{len(pad.weights) / 1000:.0f}|{pad.reading}')" if view == PAD else "print('0|')"
    lab = open_notebook(server, browser, [SETUP, view, ask], name, script=(SLOW_LINK if slow else "") + RECORDER)
    lab.run_cell(0).wait_idle()
    assert not (errors := lab.errors()), errors[0]
    lab.cell(1).locator(".jp-InputPrompt").click()
    lab.page.evaluate("recorder.paints = [], recorder.bytes = 0, window.pressed = performance.now()")
    lab.start_cell(1)
    lab.page.wait_for_function("recorder.paints[0]?.frame")
    first = lab.page.evaluate("recorder.paints[0].frame - pressed")
    lab.wait_idle()
    kilobytes = lab.page.evaluate("recorder.bytes") / 1000
    if view == PAD:
        part, (u, v), (w, x) = ".vae-pad", (0.15, 0.2), (0.9, 0.75)
    else:
        lab.widget(1, ".noUi-handle").press("Home")  # to the left end, where the hand takes it
        lab.page.wait_for_function("recorder.paints.at(-1).text === '0'")
        part, (u, v), (w, x) = ".noUi-base", (0, 0.5), (1, 0.5)
    handle = lab.widget(1, part)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    ends = [(box["x"] + s * box["width"], box["y"] + t * box["height"]) for s, t in ((u, v), (w, x))]

    def settle() -> None:
        lab.page.wait_for_timeout(2000)  # far longer than any picture is late
        lab.wait_idle()

    seen = drag(lab.page, *ends, after=settle)
    lab.run_cell(2).wait_idle()
    weights, reading = lab.output(2).inner_text().split("|")
    assert len(seen.events) == POSITIONS, f"the page heard of {len(seen.events)} moves of {POSITIONS}"
    if view == PAD:
        shown = seen.shown()
        right = lab.widget(1, ".vae-reading").inner_text().split() == reading.replace(";", "").split()
    else:
        by_position = {paint["text"]: paint for paint in reversed(seen.paints)}
        shown = [by_position.get(str(k + 1)) for k in range(POSITIONS)]
        right = seen.paints[-1]["text"] == str(POSITIONS) and lab.widget(1, ".widget-readout").inner_text() == "3.00"
    pairs = [(event, paint) for event, paint in zip(seen.events, shown, strict=True) if paint]
    lab.close()
    return Run(
        len(pairs),
        [paint["at"] - event["heard"] for event, paint in pairs],
        [paint["frame"] - event["heard"] for event, paint in pairs],
        [paint["frame"] - event["moved"] for event, paint in pairs],
        seen.blanks,
        right,
        first,
        kilobytes,
        float(weights),
        POSITIONS / seen.seconds,
    )


def times(runs: list[list[float]]) -> tuple[str, str]:
    """Median and 95th percentile of all positions of all runs."""
    values = [v for run in runs for v in run]
    if len(values) < 2:
        return "–", "–"
    return f"{statistics.median(values):.1f}", f"{statistics.quantiles(values, n=20)[-1]:.1f}"


def span(values: list[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f}" if min(values) == max(values) else f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def record(repeats: int) -> dict[str, list[Run]]:
    """All drags, the cases by turns."""
    cases = {
        "LatentPad": (PAD, False),
        "interact": (INTERACT, False),
        f"LatentPad, +{DELAY_MS} ms": (PAD, True),
        f"interact, +{DELAY_MS} ms": (INTERACT, True),
    }
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, chromium() as browser:
        for repeat in range(repeats):
            for k, (name, (view, slow)) in enumerate(cases.items()):
                runs[name].append(run(server, browser, f"drag-{repeat}-{k}.ipynb", view, slow))
                print(f"  {name}: {runs[name][-1].shown} of {POSITIONS} shown", flush=True)
    return runs


def measure(repeats: int = 3) -> list[Row]:
    runs = record(repeats)
    rows = [Row(f"A drag over {POSITIONS} positions, {EVENTS_A_SECOND} a second, in JupyterLab: how many are shown, and how soon")]
    for name, of_case in runs.items():
        canvas, frame = times([run.canvas for run in of_case]), times([run.frame for run in of_case])
        shown = f"{span([run.shown for run in of_case])} shown, {canvas[0]} ms to the canvas, {frame[0]} to the frame"
        rows.append(Row(name, shown, f"95th percentiles {canvas[1]}, {frame[1]} ms, {len(of_case)} run{'s' * (len(of_case) > 1)}"))
    firsts = (summary(f"{name}, cell to first picture", [run.first for run in runs[name]], 0, " ms") for name in ("LatentPad", "interact"))
    return [*rows, *firsts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    runs = record(repeats)
    table = {
        f"positions shown of {POSITIONS}": lambda r: span([x.shown for x in r]),
        "event → canvas, ms": lambda r: " / ".join(times([x.canvas for x in r])),
        "event → frame, ms": lambda r: " / ".join(times([x.frame for x in r])),
        "mouse → frame, ms": lambda r: " / ".join(times([x.from_mouse for x in r])),
        "blank frames": lambda r: span([x.blanks for x in r]),
        "last picture and reading right": lambda r: f"{sum(x.right for x in r)} of {len(r)}",
        "cell → first picture, ms": lambda r: span([x.first for x in r]),
        "received for the cell, kB": lambda r: span([x.kilobytes for x in r]),
        "of this the model, kB": lambda r: span([x.weights for x in r]),
        "events a second": lambda r: span([x.rate for x in r], 1),
    }
    print(f"\nmedian / 95th percentile over all positions, or from least to most of {repeats} runs")
    print(f"{'':32}" + "".join(f"{name:>22}" for name in runs))
    for name, cell in table.items():
        print(f"{name:32}" + "".join(f"{cell(of_case):>22}" for of_case in runs.values()))


if __name__ == "__main__":
    main()

"""A fast drag as the hand sees it, in Chromium on JupyterLab: LatentPad beside the usual `interact` + `plt.show` of the same decoder, and
two views that compute in the browser, Bell by its top and Estimates, of ten thousand draws, by its slider of σ.

    python benchmarks/drag.py [--repeats 3]

The pressed mouse moves over 100 positions, 50 a second, once with the kernel on this machine and once with 150 ms added to its round
trip. Timed inside the page (tools/recorder.py): from the moment the page hears of a move to the picture on the canvas or in the drawing
(or to the decoded image in the output), and to the frame that shows it; and from running the cell to the first picture's frame. A position
counts as shown if its own picture was. Needs Chromium, as the browser tests do.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rows import Row, command_line, summary

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from chromium import chromium
from lab import Server, open_notebook
from recorder import DELAY_MS, EVENTS_A_SECOND, POSITIONS, RECORDER, SLOW_LINK, drag

SETUP = """
import torch
from ipywidgets import FloatSlider, interact
from matplotlib import pyplot as plt
from vae_helpers import pretrained, runtime
from vae_helpers.widgets import Bell, Estimates, LatentPad
runtime.setup()
vae = pretrained.load("mnist_vae_2d")
codes = pretrained.codes("mnist_vae_2d")
"""
BELL = """
z = torch.linspace(-9, 9, 901)
Bell(z, torch.logsumexp(torch.distributions.Normal(torch.tensor([[-1.6], [1.1]]), 0.2).log_prob(z), 0) - 2, -1.3)
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


class Case(NamedTuple):
    """A view's cell; what the hand drags, from where to where, as shares of its width and height."""

    cell: str
    part: str
    start: tuple[float, float]
    end: tuple[float, float]


CASES = {
    "LatentPad": Case(PAD, ".vae-pad", (0.15, 0.2), (0.9, 0.75)),
    "Bell": Case(BELL, ".vae-bell-row > .vae-pad", (0.65, 0.6), (0.3, 0.6)),
    "Estimates": Case("Estimates(count=10_000)", ".vae-slider input >> nth=1", (0.1, 0.5), (0.9, 0.5)),
    "interact": Case(INTERACT, ".noUi-base", (0, 0.5), (1, 0.5)),
}


class Run(NamedTuple):
    """One drag: how many positions were shown, and in ms how late each was on the canvas and in a frame; and the cell's first picture."""

    shown: int
    canvas: list[float]
    frame: list[float]
    first: float


def run(server: Server, browser, name: str, case: Case, slow: bool) -> Run:
    """Open a notebook, run the view's cell, drag, and read the recorder."""
    lab = open_notebook(server, browser, [SETUP, case.cell], name, script=(SLOW_LINK if slow else "") + RECORDER)
    lab.run_cell(0).wait_idle()
    assert not (errors := lab.errors()), errors[0]
    lab.cell(1).locator(".jp-InputPrompt").click()
    lab.page.evaluate("recorder.paints = [], window.pressed = performance.now()")
    lab.start_cell(1)
    lab.page.wait_for_function("recorder.paints[0]?.frame")
    first = lab.page.evaluate("recorder.paints[0].frame - pressed")
    lab.wait_idle()
    ours = case.cell != INTERACT
    if not ours:
        lab.widget(1, ".noUi-handle").press("Home")  # to the left end, where the hand takes it
        lab.page.wait_for_function("recorder.paints.at(-1).text === '0'")
    handle = lab.widget(1, case.part)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    ends = [(box["x"] + s * box["width"], box["y"] + t * box["height"]) for s, t in (case.start, case.end)]
    seen = drag(lab.page, *ends, after=lambda: lab.page.wait_for_timeout(2000))  # far longer than any picture is late
    assert len(seen.events) == POSITIONS, f"the page heard of {len(seen.events)} moves of {POSITIONS}"
    by_position = {paint["text"]: paint for paint in reversed(seen.paints)}
    shown = seen.shown() if ours else [by_position.get(str(k + 1)) for k in range(POSITIONS)]
    pairs = [(event, paint) for event, paint in zip(seen.events, shown, strict=True) if paint]
    lab.close()
    late = ([paint[moment] - event["heard"] for event, paint in pairs] for moment in ("at", "frame"))
    return Run(len(pairs), *late, first)


def times(runs: list[list[float]]) -> tuple[str, str]:
    """Median and 95th percentile of all positions of all runs."""
    values = [v for run in runs for v in run]
    if len(values) < 2:
        return "–", "–"
    return f"{statistics.median(values):.1f}", f"{statistics.quantiles(values, n=20)[-1]:.1f}"


def measure(repeats: int = 3) -> list[Row]:
    """The cases by turns."""
    cases = {name + (f", +{DELAY_MS} ms" if slow else ""): (case, slow) for slow in (False, True) for name, case in CASES.items()}
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, chromium() as browser:
        for repeat in range(repeats):
            for k, (name, (case, slow)) in enumerate(cases.items()):
                runs[name].append(run(server, browser, f"drag-{repeat}-{k}.ipynb", case, slow))
                print(f"  {name}: {runs[name][-1].shown} of {POSITIONS} shown", flush=True)
    rows = [Row(f"A drag over {POSITIONS} positions, {EVENTS_A_SECOND} a second, in JupyterLab: how many are shown, and how soon")]
    for name, of_case in runs.items():
        canvas, frame = times([run.canvas for run in of_case]), times([run.frame for run in of_case])
        counts = " to ".join(map(str, sorted({min(run.shown for run in of_case), max(run.shown for run in of_case)})))
        shown = f"{counts} shown, {canvas[0]} ms to the canvas, {frame[0]} to the frame"
        rows.append(Row(name, shown, f"95th percentiles {canvas[1]}, {frame[1]} ms, {len(of_case)} run{'s' * (len(of_case) > 1)}"))
    firsts = (summary(f"{name}, cell to first picture", [run.first for run in runs[name]], 0, " ms") for name in CASES)
    return [*rows, *firsts]


if __name__ == "__main__":
    command_line(measure, __doc__)

"""The playground as the reader meets it: how fast it trains in its worker while the view is live, whether the page still moves, and what
can be read on it ten seconds after Play.

    python benchmarks/playground.py [--repeats 3]

In Chromium on JupyterLab, as fast as it can. Steps are those that the view tells, by the page's own clock; a frame is late by what lies
between two refreshes of the screen beyond 17 ms. Read means: what the decoder makes of a test image's code is taken by its five nearest
training images for the digit that it is. The same number of steps by `fit` (`tests/test_train.py`) ends within half a nat of the ELBO.
Needs Chromium, as the browser tests do.
"""

import json
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rows import Row, command_line, others_busy, summary

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from chromium import chromium
from lab import Server, open_notebook

SECONDS = 10
SETUP = """
import json, torch
from sklearn.neighbors import KNeighborsClassifier
from vae_helpers import datasets, runtime
from vae_helpers.widgets import Playground
runtime.setup()
data = datasets.load("digits")
nearest, test = KNeighborsClassifier(5).fit(data.train.images.flatten(1), data.train.labels), data.binarized(0).test
"""
VIEW = "playground = Playground(seed={seed}); playground"
READ = """
vae, labels = playground.model, test.labels.numpy()
with torch.no_grad():
    rebuilt = vae.mean_image(vae.encode(test.images).mean).flatten(1)
print(json.dumps([nearest.score(images, labels) for images in (rebuilt, test.images.flatten(1))]))
"""
# Play, then after so many seconds: steps, seconds and each refresh of the screen, in ms after the one before.
PLAY = """async ([view, seconds]) => {
    const told = () => Number(view.querySelector(".vae-game-words").textContent.match(/Step (\\d+)/)[1]), times = [];
    const refresh = (now) => (times.push(now), requestAnimationFrame(refresh));
    requestAnimationFrame(refresh);
    const first = told(), began = performance.now();
    view.querySelector(".vae-play").click();
    await new Promise((done) => setTimeout(done, 1000 * seconds));
    const steps = told() - first, took = (performance.now() - began) / 1000;
    view.querySelector(".vae-play").click();
    return [steps, took, times.slice(1).map((time, k) => time - times[k])];
}"""


class Run(NamedTuple):
    """One press of Play: steps a second, gaps between refreshes in ms, the ELBO told at the end, the shares read: rebuilt, originals."""

    rate: float
    gaps: list[float]
    bound: float
    rebuilt: float
    originals: float


def run(server: Server, browser, name: str, seed: int) -> Run:
    """Open a notebook, make the view, play, pause, and ask Python for the weights that it has now."""
    lab = open_notebook(server, browser, [SETUP, VIEW.format(seed=seed), READ], name)
    for k in (0, 1):
        lab.run_cell(k).wait_idle()
    assert not (errors := lab.errors()), errors[0]
    view = lab.widget(1, ".vae-view")
    view.locator(".vae-game-words", has_text="Step 0").wait_for()
    view.scroll_into_view_if_needed()
    steps, took, gaps = lab.page.evaluate(PLAY, [view.element_handle(), SECONDS])
    lab.page.wait_for_timeout(1000)  # what the worker had in hand
    bound = re.search(r"Test ELBO\s(-?[\d.]+)", view.locator(".vae-game-words").inner_text().replace("−", "-"))
    lab.run_cell(2).wait_idle()
    rebuilt, originals = json.loads(lab.output(2).inner_text())
    lab.close()
    return Run(steps / took, gaps, float(bound[1]), rebuilt, originals)


def measure(repeats: int = 3) -> list[Row]:
    """So many trainings, each from other weights."""
    busy, runs = others_busy(), []
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, chromium() as browser:
        for seed in range(repeats):
            runs.append(run(server, browser, f"play-{seed}.ipynb", seed))
            print(f"  {runs[-1].rate:.0f} steps a second, {runs[-1].rebuilt:.0%} read", flush=True)
    gaps = [gap for each in runs for gap in each.gaps]
    late = statistics.quantiles(gaps, n=20)[-1]
    return [
        Row(f"The playground in JupyterLab, {SECONDS} seconds after Play (others took {busy:.0f} % of the processor)"),
        summary("steps a second, with the view live", [each.rate for each in runs], 0),
        Row("a refresh of the screen, ms", f"{statistics.median(gaps):.0f}", f"95th percentile {late:.0f}, longest {max(gaps):.0f}"),
        summary("test ELBO, nats", [each.bound for each in runs], 1),
        summary("rebuilt test images that are read as their digit, %", [100 * each.rebuilt for each in runs], 0),
        Row("originals that are, %", f"{100 * runs[0].originals:.0f}"),
    ]


if __name__ == "__main__":
    command_line(measure, __doc__)

"""`Bell` without a browser: the quadrature of both sides against another rule, its limits, its picture. The hand is in lessons/nb03."""

import io
import itertools
import math

import numpy as np
import pytest
import torch
from node import in_node, needs_node
from PIL import Image

from vae_helpers.inference.variational import gaussian_elbo
from vae_helpers.toy import CurvedToy
from vae_helpers.widgets import Bell
from vae_helpers.widgets.bell import MUS, SIGMAS

TOY, Z = CurvedToy(0.25), torch.linspace(-9, 9, 901, dtype=torch.float64)
MU, SIGMA = torch.tensor(list(itertools.product([*MUS, -1.6, 0.0, 1.12], [*SIGMAS, 0.1, 0.184, 0.5, 0.8])), dtype=torch.float64).T


def bell(x=1.0, **traits):
    return Bell(Z, TOY.log_joint(x, Z), TOY.log_evidence(x), **traits)


@pytest.mark.parametrize("x", [1.0, -0.5])
def test_the_bound_is_the_one_of_gauss_and_hermite(x):
    truth = torch.stack([gaussian_elbo(lambda z: TOY.log_joint(x, z), mu, sigma) for mu, sigma in zip(MU, SIGMA, strict=True)])
    torch.testing.assert_close(bell(x).bounds(MU, SIGMA), truth, atol=1e-6, rtol=2e-5)  # the far tails of σ = 1.3 leave the table
    view = bell(x, mu=-1.6, sigma=0.184)
    assert view.elbo == pytest.approx(gaussian_elbo(lambda z: TOY.log_joint(x, z), *torch.tensor([-1.6, 0.184]).double()).item())
    assert view.elbo < view.log_evidence


def test_a_table_in_float32_will_do():
    view = Bell(Z.float(), TOY.log_joint(1.0, Z).float(), -1.5)
    torch.testing.assert_close(view.bounds(MU, SIGMA), bell().bounds(MU, SIGMA), rtol=1e-4, atol=1e-3)
    assert view.grid == pytest.approx((-9, 0.02), rel=1e-6)


@needs_node
def test_the_browser_computes_the_same(tmp_path):
    view = bell()
    given = {"table": view.log_joint, "grid": view.grid, "q": torch.stack([MU, SIGMA], 1).tolist()}
    script = 'import { elbo } from "bell.js";\ntell(given.q.map(([mu, sigma]) => elbo(given.table, given.grid, mu, sigma)));'
    assert in_node(tmp_path, script, given) == pytest.approx(view.bounds(MU, SIGMA).tolist(), rel=1e-9)


def test_the_map_has_its_two_hills():
    """−1.93 at μ = 1.12 and −2.61 at μ = −1.60: found by a finer search, and dearer all around."""
    view = bell()
    for top, height in ((1.12, -1.9286), (-1.60, -2.6056)):
        around = view.bounds(*torch.tensor([(top + a, 0.184 * b) for a in (-0.1, 0, 0.1) for b in (0.8, 1, 1.25)]).T)
        assert around.argmax() == 4 and around[4].item() == pytest.approx(height, abs=2e-4)


def test_the_picture_follows_q():
    view = bell()
    pictures = [view.picture()]
    for view.mu, view.sigma in ((1.12, 0.5), (1.12, 0.184), (0.8, 0.5)):
        pictures.append(view.picture())
    assert pictures[0] == pictures[3] and len(set(pictures)) == 3


@pytest.mark.parametrize("name", ["density", "map"])
def test_what_moves_is_drawn_over_the_axes(name):
    """The frame of the axes lies in the picture where the browser is told."""
    panel = bell().panels[name]
    grey = np.asarray(Image.open(io.BytesIO(panel["underlay"])).convert("L"))
    left, top, width, height = panel["box"]
    for u, v in ((left, top + height / 2), (left + width, top + height / 2), (left + width / 2, top + height)):
        x, y = round(u * grey.shape[1]), round(v * grey.shape[0])
        assert grey[y - 3 : y + 3, x - 3 : x + 3].min() < 60, (u, v)
    assert panel["extent"] == pytest.approx({"density": (-3.5, 3.5, 0, 2.8), "map": (*MUS, *SIGMAS)}[name])


def test_what_it_refuses():
    table = TOY.log_joint(1.0, Z)
    for z, values in ((Z**3 / 81, table), (Z / 2, table), (Z, table[:-1]), (Z, table / 0)):
        with pytest.raises(ValueError, match=r"even steps of z from -8\.7 or below to 8\.7 or above, got z \(901,\)"):
            Bell(z, values, -1.5)
    for name, value in (("mu", 3.0), ("sigma", 0.0), ("sigma", math.nan), ("mu", "0.5")):
        with pytest.raises(ValueError, match=f"Expected {name} from .* to .*, got {value}" if name == "sigma" else f"Expected {name} from"):
            bell(**{name: value})
    for wrong in (math.nan, torch.zeros(2)):
        with pytest.raises(ValueError, match="log_evidence as one finite number"):
            Bell(Z, table, wrong)
    with pytest.raises(TypeError, match="Bell has no setting 'mean'"):
        bell(mean=0.5)
    assert bell(mu=np.float32(0.5)).mu == 0.5 and bell(sigma=torch.tensor(0.25)).sigma == 0.25

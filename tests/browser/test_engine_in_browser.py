"""engine.js in Chromium, as a module written into a page: every shipped model, both ways, against PyTorch."""

import base64

import pytest
import torch
from test_engine import SHIPPED, TOLERANCES, codes_of, encoders_agree, images_of

from vae_helpers.widgets.kit.base import bundle
from vae_helpers.widgets.kit.pack import mean_network, pack

RUN = """([packed, inputs]) => {
    const bytes = Uint8Array.from(atob(packed.weights), (character) => character.charCodeAt(0));
    const run = engine(packed, new DataView(bytes.buffer));
    return inputs.map((input) => Array.from(run(input)));
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_context().new_page()
    page.set_content(f'<!DOCTYPE html><script type="module">{bundle("engine.js")}\nglobalThis.engine = load;</script>')
    page.wait_for_function("() => globalThis.engine")
    yield page
    page.context.close()


def run_in(page, packed: dict, inputs: torch.Tensor) -> torch.Tensor:
    packed = packed | {"weights": base64.b64encode(packed["weights"]).decode()}
    return torch.tensor(page.evaluate(RUN, [packed, inputs.flatten(1).tolist()]))


@pytest.mark.parametrize("dtype, tolerance", TOLERANCES)
@pytest.mark.parametrize("model", SHIPPED)
def test_decode_and_encode_agree_with_pytorch(page, model, dtype, tolerance):
    model = SHIPPED[model]()
    z, x = codes_of(model), images_of(model)
    decoded = run_in(page, pack(mean_network(model), dtype=dtype), z)
    assert (decoded - model.mean_image(z).flatten(1)).abs().max() < tolerance
    encoders_agree(model, x, run_in(page, pack(model.encoder, dtype=dtype), x), tolerance)

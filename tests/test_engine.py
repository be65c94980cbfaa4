"""The browser's engine (engine.js), run by Node, against PyTorch: the same file, the same packed networks."""

import base64
from functools import cache, partial
from importlib.resources import files

import numpy as np
import pytest
import torch
from node import in_node, needs_node
from torch import nn

from vae_helpers import likelihoods, pretrained
from vae_helpers.models import VAE, Autoencoder
from vae_helpers.widgets.digit_canvas import EXAMPLES
from vae_helpers.widgets.ink import FRAMES, prepare
from vae_helpers.widgets.kit.pack import FirstHalf, LevelMean, mean_network, pack

CASES = {
    "relu": (lambda: nn.Sequential(nn.Linear(2, 40), nn.ReLU(), nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 64), nn.Sigmoid()), (2,)),
    "tanh": (lambda: nn.Sequential(nn.Linear(3, 50), nn.Tanh(), nn.Linear(50, 64), nn.Sigmoid()), (3,)),
    "no bias": (lambda: nn.Sequential(nn.Linear(2, 9, bias=False), nn.Sigmoid()), (2,)),
    "conv": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)),
            nn.ReLU(),
            nn.Conv2d(3, 4, 3, bias=False),
            nn.Flatten(),
            nn.Linear(48, 5),
        ),
        (2, 10, 7),
    ),
    "transposed conv": (
        lambda: nn.Sequential(
            nn.Linear(2, 24),
            nn.ReLU(),
            nn.Unflatten(1, (4, 2, 3)),
            nn.ConvTranspose2d(4, 3, (4, 3), stride=2, padding=1, output_padding=(0, 1)),
            nn.Tanh(),
            nn.ConvTranspose2d(3, 1, 3, stride=(1, 2), bias=False),
            nn.Sigmoid(),
        ),
        (2,),
    ),
    "first half": (lambda: nn.Sequential(nn.Linear(2, 18), FirstHalf()), (2,)),
    "levels": (lambda: nn.Sequential(nn.Linear(2, 6 * 17), LevelMean(17)), (2,)),
}
MODELS = {
    "autoencoder": lambda: Autoencoder((8, 8), 2, (64,), seed=1),
    "autoencoder, conv": lambda: Autoencoder((8, 12), 5, (64,), network="conv", seed=1),
    "bernoulli": lambda: VAE((28, 28), 2, (100,), activation="tanh", seed=1),
    "bernoulli, conv": lambda: VAE((28, 28), 2, (64,), network="conv", seed=1),
    "gaussian": lambda: VAE((8, 8), 2, (64,), likelihood="gaussian", seed=1),
    "gaussian_pixel": lambda: VAE((8, 8), 2, (64,), likelihood="gaussian_pixel", seed=1),
    "gaussian_pixel, conv": lambda: VAE((8, 8), 2, (64,), likelihood="gaussian_pixel", network="conv", seed=1),
    "categorical": lambda: VAE((8, 8), 3, (64,), likelihood=likelihoods.Categorical(levels=17), seed=1),
}


def shipped() -> dict:
    """Every model that ships: name → what loads it. Members of a family go by their β and epoch."""
    found = {}
    for name in sorted(path.stem for path in (files("vae_helpers") / "pretrained").glob("*.json")):
        if "members" in pretrained.card(name):
            found |= {
                f"{name} {facts['beta']:g} {facts['epoch']}": partial(member, name, facts) for facts in pretrained.card(name)["members"]
            }
        elif pretrained.card(name)["model"] != "ConditionalVAE":  # which takes a label too (notebook 11)
            found[name] = partial(pretrained.load, name)
    return found


family = cache(pretrained.family)


def member(name: str, facts: dict) -> VAE:
    return family(name)[facts["beta"], facts["epoch"]].vae


SHIPPED = shipped()
MODELS |= SHIPPED
TOLERANCES = [("float32", 1e-5), ("int16", 2e-3)]  # of a pixel; of μ and log σ²


def run_packed(tmp_path, packed, inputs: torch.Tensor) -> torch.Tensor:
    """Outputs of a packed network for inputs (batch, …), by Node; the weights come at an odd offset, as a comm message may bring them."""
    given = packed | {"weights": base64.b64encode(b"?" + packed["weights"]).decode(), "inputs": inputs.flatten(1).tolist()}
    script = """
        import { load } from "engine.js";
        const run = load(given, new DataView(bytes(given.weights).buffer, 1));
        tell(given.inputs.map((x) => Array.from(run(x))));
    """
    return torch.tensor(in_node(tmp_path, script, given))


@needs_node
@pytest.mark.parametrize("dtype, tolerance", TOLERANCES)
@pytest.mark.parametrize("case", CASES)
def test_layers_agree_with_pytorch(tmp_path, case, dtype, tolerance):
    torch.manual_seed(0)
    make, shape = CASES[case]
    network, x = make(), torch.randn(5, *shape)
    with torch.no_grad():
        expected = network(x).flatten(1)
    assert (run_packed(tmp_path, pack(network, shape, dtype), x) - expected).abs().max() < tolerance


def codes_of(model) -> torch.Tensor:
    """Five z for a decoder to decode."""
    return 2 * torch.randn(5, model.latent_dim, generator=torch.Generator().manual_seed(0))


def images_of(model) -> torch.Tensor:
    """Ten images of the model's size for an encoder to encode: digits where the canvas can make them, else random dots."""
    if model.image_shape in FRAMES:
        return torch.stack([torch.tensor(prepare(strokes, FRAMES[model.image_shape]).x) for strokes in EXAMPLES.values()])
    return (torch.rand(10, *model.image_shape, generator=torch.Generator().manual_seed(0)) < 0.2).float()


@needs_node
@pytest.mark.parametrize("dtype, tolerance", TOLERANCES)
@pytest.mark.parametrize("model", MODELS)
def test_models_agree_with_pytorch(tmp_path, model, dtype, tolerance):
    model = MODELS[model]()
    z = codes_of(model)
    browser = run_packed(tmp_path, pack(mean_network(model), dtype=dtype), z)
    assert (browser - model.mean_image(z).flatten(1)).abs().max() < tolerance


@needs_node
@pytest.mark.parametrize("dtype, tolerance", TOLERANCES)
@pytest.mark.parametrize("model", MODELS)
def test_encoders_agree_with_pytorch(tmp_path, model, dtype, tolerance):
    model = MODELS[model]()
    x = images_of(model)
    encoders_agree(model, x, run_packed(tmp_path, pack(model.encoder, (x[0].numel(),), dtype), x), tolerance)


@torch.no_grad()
def encoders_agree(model, x: torch.Tensor, browser: torch.Tensor, tolerance: float) -> None:
    """Codes, or μ and log σ², within the tolerance, and a VAE's μ within a twentieth of σ: an ellipse is drawn where it belongs."""
    expected = model.encoder(x.flatten(1))
    assert (browser - expected).abs().max() < tolerance
    if isinstance(model, VAE):
        (mu, _), (expected_mu, logvar) = browser.chunk(2, -1), expected.chunk(2, -1)
        assert ((mu - expected_mu).abs() < 0.05 * (logvar / 2).exp()).all()


@pytest.mark.parametrize("model", SHIPPED)
def test_a_model_is_sent_in_less_than_700_kb(model):
    model = SHIPPED[model]()
    assert len(pack(mean_network(model))["weights"]) + len(pack(model.encoder)["weights"]) < 700_000


@needs_node
@pytest.mark.parametrize(
    "change, message",
    [
        ({"layers": [{"type": "GRU"}]}, 'no layer "GRU"'),
        ({"dtype": "int8"}, "int16 or float32, not int8"),
        ({"layers": [{"type": "Linear", "in": 3, "out": 3}]}, "The layers need 6 + 9 numbers, 6 + 6 came."),
    ],
)
def test_the_engine_says_what_it_cannot_read(tmp_path, change, message):
    given = {"layers": [{"type": "Linear", "in": 2, "out": 3}], "dtype": "int16", "floats": 6} | change
    script = 'import { load } from "engine.js"; try { load(given, new ArrayBuffer(36)); } catch (error) { tell(error.message); }'
    assert message in in_node(tmp_path, script, given)


def test_shipped_size_is_half():
    network = mean_network(VAE((28, 28), 2, (400,), seed=0))
    half, full = pack(network), pack(network, dtype="float32")
    assert len(half["weights"]) < 0.51 * len(full["weights"])
    assert len(half["weights"]) < 700_000


def test_rows_of_any_size_and_rows_of_zeros_are_packed():
    network = nn.Sequential(nn.Linear(2, 3))
    network[0].weight.data = torch.tensor([[1e6, 1.0], [1e-6, 2e-6], [0, 0]])
    packed = pack(network)
    floats = np.frombuffer(packed["weights"], "<f4", packed["floats"])
    numbers = np.frombuffer(packed["weights"], "<i2", offset=4 * packed["floats"]).reshape(3, 2)
    rows = numbers * floats[:3, None]
    step = network[0].weight.data.abs().amax(1, keepdim=True).numpy() / 32767  # no number is off by more than half of it
    assert (abs(rows - network[0].weight.data.numpy()) <= 0.51 * step).all()
    np.testing.assert_array_equal(floats[3:], network[0].bias.detach())


@pytest.mark.parametrize(
    "network, error, message",
    [
        (nn.Sequential(nn.Linear(2, 3), nn.GELU()), TypeError, "cannot run a layer of type GELU. It knows Linear, Conv2d"),
        (nn.Sequential(nn.Linear(2, 8), nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 2, 1, groups=2)), TypeError, "one group"),
        (nn.Sequential(nn.Conv2d(1, 1, 1)), ValueError, "give the shape of one input"),
    ],
)
def test_what_cannot_be_packed_is_said(network, error, message):
    with pytest.raises(error, match=message):
        pack(network)


def test_weights_that_are_nan_are_said():
    network = nn.Sequential(nn.Linear(2, 3))
    network[0].bias.data[1] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinity, so there is nothing to show"):
        pack(network)


def test_a_model_that_adds_something_to_its_decoder_is_refused():
    class Brighter(Autoencoder):
        def decode(self, z):
            return super().decode(z).sqrt()

    with pytest.raises(TypeError, match="do not add up to its mean_image"):
        mean_network(Brighter((8, 8), 2, (16,), seed=0))

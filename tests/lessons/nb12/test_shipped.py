"""What ships of the paper's models is what they decode, to half precision, and no image of the data."""

import paper_pictures
import pytest
import torch
from paper import Training

from vae_helpers.lessons.nb12 import shipped


@pytest.mark.parametrize(("data", "gaussian"), [("mnist", False), ("frey_faces", True)])
def test_a_shipped_decoder_draws_what_its_model_draws(tmp_path, monkeypatch, data, gaussian):
    h, w = shipped.SHAPES[data]
    models = {size: Training(torch.rand(50, h * w), (h, w), 20, size, "AEVB", 0.1, 0, gaussian).vae for size in (2, 5, 10, 20)}
    with torch.no_grad():
        for weight in models[2].parameters():
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel())))
    vae = models[2]
    monkeypatch.setattr(paper_pictures, "trained", lambda data, size: (models[size], "so many"))
    monkeypatch.setattr(paper_pictures, "SHAPES", {data: (h, w)})
    monkeypatch.setattr(shipped, "FILE", tmp_path / "models.safetensors")
    paper_pictures.main()
    z = torch.randn(30, 2, generator=torch.Generator().manual_seed(1))
    assert (shipped.manifold(data, z) - vae.mean_image(z)).abs().max() < 5e-3
    assert shipped.facts()[data] == "so many"
    assert list(shipped.drawn()) == [2, 5, 10, 20] and shipped.drawn()[2].shape == (64, h, w)
    codes = torch.randn(64, 2, generator=paper_pictures.runtime.stream(0, 2))
    assert (shipped.drawn()[2] - vae.mean_image(codes)).abs().max() <= 0.5 / 255 + 1e-6


def test_the_file_holds_decoders_and_draws_and_is_small():
    assert shipped.FILE.stat().st_size < 2e6
    with shipped.safe_open(shipped.FILE, "pt") as file:
        weights = {f"{data}.{layer}.{part}" for data in shipped.SHAPES for layer in (0, 2) for part in ("weight", "bias")}
        assert set(file.keys()) == weights | {f"drawn {size}" for size in (2, 5, 10, 20)}
    for data in shipped.SHAPES:
        picture = shipped.manifold(data, torch.zeros(1, 2))
        assert picture.shape == (1, *shipped.SHAPES[data]) and picture.std() > 0.05
    assert all(images.shape == (64, 28, 28) and 0 <= images.min() and images.max() <= 1 for images in shipped.drawn().values())

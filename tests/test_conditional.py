"""The conditional VAE: the label as an input beside x and z, saving and loading, and what is refused."""

import pytest
import torch

from vae_helpers.conditional import ConditionalVAE

x, y, z = torch.rand(6, 8, 8).round(), torch.tensor([0, 1, 2, 9, 9, 3]), torch.randn(6, 2)


def test_the_label_enters_beside_the_image_and_beside_the_code():
    """The first layers are one dense layer over [x, one-hot y] and [z, one-hot y]."""
    vae = ConditionalVAE(seed=3)
    one_hot = torch.eye(10)[y]
    for network, label, first, got in (
        (vae.encoder, vae.label_to_encoder, x.flatten(1), torch.cat(vae.mu_logvar(x, y), -1)),
        (vae.decoder, vae.label_to_decoder, z, vae.outputs(z, y)),
    ):
        together = torch.cat([network[0].weight, label.weight], 1)  # (hidden, D + 10)
        by_hand = network[1:](torch.cat([first, one_hot], 1) @ together.T + network[0].bias)
        torch.testing.assert_close(got, by_hand)
    other = (y + 1) % 10
    assert (vae.outputs(z, y) - vae.outputs(z, other)).abs().min(1).values.max() > 0  # and it matters


def test_distributions_and_images_have_their_shapes():
    vae = ConditionalVAE(latent_dim=3, hidden=(20, 10), n_labels=4, seed=0)
    labels = torch.tensor([0, 1, 2, 3, 3, 3])
    q = vae.encode(x, labels)
    assert q.batch_shape == (6,) and q.event_shape == (3,)
    many = q.rsample((5,))
    assert vae.decode(many, labels).log_prob(x.flatten(1)).shape == (5, 6)  # labels are the batch's, for every sample
    assert vae.mean_image(many, labels).shape == (5, 6, 8, 8)
    assert vae.mean_image(torch.zeros(7, 3), torch.tensor(2)).shape == (7, 8, 8)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    vae = ConditionalVAE(latent_dim=3, hidden=(20,), n_labels=4, activation="tanh", seed=1)
    vae.save(tmp_path / "c.safetensors")
    again = ConditionalVAE.load(tmp_path / "c.safetensors")
    assert again.config == vae.config and torch.equal(
        again.outputs(torch.ones(2, 3), torch.tensor([0, 3])), vae.outputs(torch.ones(2, 3), torch.tensor([0, 3]))
    )


def test_the_seed_fixes_all_weights():
    a, b, c = (ConditionalVAE(seed=s) for s in (5, 5, 6))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not any(torch.equal(p, q) for p, q in zip(a.parameters(), c.parameters(), strict=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ConditionalVAE().encode(x, torch.tensor([0, 1, 2, 3, 4, 10])), "from 0 to 9 as labels"),
        (lambda: ConditionalVAE().outputs(z, torch.tensor([-1])), "from 0 to 9 as labels"),
        (lambda: ConditionalVAE().outputs(z, torch.tensor([0.5])), "whole numbers"),
        (lambda: ConditionalVAE(network="conv"), 'expected network "mlp"'),
        (lambda: ConditionalVAE(n_labels=0), "n_labels must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()

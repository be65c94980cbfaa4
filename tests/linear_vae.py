"""A VAE whose evidence and posterior are known: probabilistic PCA with orthogonal columns, so that the exact posterior is diagonal."""

import numpy as np
import torch
from scipy.stats import multivariate_normal

from vae_helpers.likelihoods import Gaussian
from vae_helpers.models import VAE

SIGMA = 0.4


def linear_vae(exact: bool = True) -> tuple[VAE, "callable"]:
    """A linear VAE on 2×3 images with L = 2, and its exact log p(x) from SciPy. exact=False: an encoder that is off."""
    vae = VAE((2, 3), latent_dim=2, hidden=(), likelihood=Gaussian(SIGMA))
    g = torch.Generator().manual_seed(3)
    orthogonal = torch.linalg.qr(torch.randn(6, 2, generator=g, dtype=torch.float64))[0]
    weight, bias = orthogonal * torch.tensor([0.5, 0.9], dtype=torch.float64), 0.5 + 0.1 * torch.randn(6, generator=g, dtype=torch.float64)
    precision = weight.square().sum(0) / SIGMA**2 + 1  # of the posterior, diagonal
    to_mu = (weight / SIGMA**2 / precision).T
    with torch.no_grad():
        vae.decoder[0].weight.copy_(weight)
        vae.decoder[0].bias.copy_(bias)
        vae.encoder[0].weight.copy_(torch.cat([to_mu, torch.zeros_like(to_mu)]))
        vae.encoder[0].bias.copy_(torch.cat([-to_mu @ bias, -precision.log()]))
        if not exact:
            vae.encoder[0].bias += torch.tensor([0.3, -0.2, 0.5, -0.4])
    evidence = multivariate_normal(bias.numpy(), (weight @ weight.T).numpy() + SIGMA**2 * np.eye(6))
    return vae, lambda x: evidence.logpdf(x.reshape(len(x), 6).double().numpy())


def images(n: int = 20) -> torch.Tensor:
    return torch.rand(n, 2, 3, generator=torch.Generator().manual_seed(5))

"""Kullback–Leibler divergences between Gaussians, in nats, and three ways to estimate a KL from samples.

Every closed form takes parameters with the latent dimension last and returns one number per row: (..., L) → (...).
Variances come as log σ², because an encoder puts out log σ². What that buys, in float32 (kl_standard_normal):
- log σ² = −80: exact, 39.5 nats a dimension plus ½μ². The formula never takes the logarithm of a number that may have underflowed to 0.
- log σ² = +80: finite, about 2.8e34 nats, which is the truth. It overflows to inf above log σ² = 88.7, never to NaN.
- log σ² near 0: expm1 keeps the digits that exp(·) − 1 throws away.
Gradients are finite wherever the value is. A huge one is for the caller to clip: a clamp in here would silently return another function.

Sources: Kingma & Welling (2014), appendix B; Schulman (2020), "Approximating KL divergence" (http://joschu.net/blog/kl-approx.html).
"""

import torch
from torch import Tensor

from .inputs import tensor_of


def kl_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) ‖ N(0, I)) in nats, summed over the last axis: ½ Σ (μ² + σ² − 1 − log σ²) (Kingma & Welling, appendix B).

    mu, logvar: (..., L), same shape and floating dtype. Returns (...), in that dtype. ValueError or TypeError otherwise.
    """
    mu, logvar = _pair(mu, logvar, "mu", "logvar")
    return 0.5 * (mu.square() + torch.expm1(logvar) - logvar).sum(-1)


def kl_diagonal(mu_q: Tensor, logvar_q: Tensor, mu_p: Tensor, logvar_p: Tensor) -> Tensor:
    """KL(N(mu_q, exp(logvar_q)) ‖ N(mu_p, exp(logvar_p))) in nats, for diagonal covariances, summed over the last axis.

    All (..., L); the leading (batch) axes of q and p broadcast against each other, the last axis may not. Returns (...).
    """
    mu_q, logvar_q = _pair(mu_q, logvar_q, "mu_q", "logvar_q")
    mu_p, logvar_p = _pair(mu_p, logvar_p, "mu_p", "logvar_p")
    _check_match(mu_q, mu_p)
    log_ratio = logvar_q - logvar_p
    distance = (mu_q - mu_p) * torch.exp(-0.5 * logvar_p)  # in σ_p; scaled before squaring: no 0 · inf above log σ_p² = −177
    return 0.5 * (distance.square() + torch.expm1(log_ratio) - log_ratio).sum(-1)


def kl_full(mu_q: Tensor, cov_q: Tensor, mu_p: Tensor, cov_p: Tensor) -> Tensor:
    """KL(N(mu_q, cov_q) ‖ N(mu_p, cov_p)) in nats, for full covariance matrices.

    mu: (..., L); cov: (..., L, L), symmetric and positive definite, else ValueError. Leading axes broadcast. Returns (...).
    With Σ = C Cᵀ (Cholesky): tr(Σp⁻¹ Σq) = ‖Cp⁻¹ Cq‖², and log det Σ = 2 Σ log diag C. No matrix is inverted.
    """
    mu_q, cov_q, mu_p, cov_p = (tensor_of(v, "means and covariances") for v in (mu_q, cov_q, mu_p, cov_p))
    if mu_q.dtype in (torch.float16, torch.bfloat16):  # in which torch factors no matrix
        mu_q, cov_q, mu_p, cov_p = mu_q.float(), cov_q.float(), mu_p.float(), cov_p.float()
    chol_q, chol_p = _cholesky(mu_q, cov_q, "q"), _cholesky(mu_p, cov_p, "p")
    _check_match(mu_q, mu_p, cov_q.shape[:-2], cov_p.shape[:-2])
    trace = torch.linalg.solve_triangular(chol_p, chol_q, upper=False).square().sum((-2, -1))
    distance = torch.linalg.solve_triangular(chol_p, (mu_q - mu_p).unsqueeze(-1), upper=False).square().sum((-2, -1))
    return 0.5 * (trace + distance - mu_q.shape[-1]) + _half_log_det(chol_p) - _half_log_det(chol_q)


# Per-sample estimates of KL(q ‖ p) from log_ratio = log q(z) − log p(z) at z ~ q. Their mean over K samples is the estimate, their standard
# deviation divided by √K its standard error.


def k1(log_ratio: Tensor) -> Tensor:
    """log q/p itself. Unbiased; negative for many samples although the KL is not."""
    return tensor_of(log_ratio, "log ratios")


def k2(log_ratio: Tensor) -> Tensor:
    """½ (log q/p)². Never negative, small spread; biased, except in the limit q → p."""
    return 0.5 * tensor_of(log_ratio, "log ratios").square()


def k3(log_ratio: Tensor) -> Tensor:
    """p/q − 1 + log q/p. Unbiased and never negative.

    Its variance contains E_q[(p/q)²]. That is infinite where q is too narrow: for Gaussians, when σ_q² ≤ ½ σ_p² in some direction.
    """
    log_ratio = tensor_of(log_ratio, "log ratios")
    return torch.expm1(-log_ratio) + log_ratio


def _half_log_det(chol: Tensor) -> Tensor:
    return chol.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _pair(mean: Tensor, logvar: Tensor, mean_name: str, logvar_name: str) -> tuple[Tensor, Tensor]:
    mean, logvar = tensor_of(mean, mean_name), tensor_of(logvar, logvar_name)
    if mean.shape != logvar.shape or mean.dim() == 0:
        raise ValueError(
            f"{mean_name} and {logvar_name} must both have the shape (..., L), but are {tuple(mean.shape)} and {tuple(logvar.shape)}."
        )
    if not (mean.is_floating_point() and logvar.is_floating_point()):
        raise TypeError(
            f"{mean_name} and {logvar_name} must be floating point, but are {mean.dtype} and {logvar.dtype}; convert them with .float()."
        )
    return mean, logvar


def _check_match(mu_q: Tensor, mu_p: Tensor, *batches: torch.Size) -> None:
    if mu_q.shape[-1] != mu_p.shape[-1]:
        raise ValueError(f"q has {mu_q.shape[-1]} dimensions and p has {mu_p.shape[-1]}: both must live in the same space.")
    batches = (mu_q.shape[:-1], mu_p.shape[:-1], *batches)
    try:
        torch.broadcast_shapes(*batches)
    except RuntimeError:
        raise ValueError(f"the batch axes of q and p do not broadcast: {', '.join(str(tuple(b)) for b in batches)}.") from None


def _cholesky(mean: Tensor, cov: Tensor, name: str) -> Tensor:
    """The lower Cholesky factor of cov, after checking what torch.linalg.cholesky would pass over or report in its own words."""
    if mean.dim() == 0 or cov.shape[-2:] != (mean.shape[-1], mean.shape[-1]):
        raise ValueError(
            f"mu_{name} must have the shape (..., L) and cov_{name} (..., L, L), but are {tuple(mean.shape)} and {tuple(cov.shape)}; "
            "a vector of variances becomes a matrix by torch.diag_embed."
        )
    if not (mean.is_floating_point() and cov.is_floating_point()):
        raise TypeError(
            f"mu_{name} and cov_{name} must be floating point, but are {mean.dtype} and {cov.dtype}; convert them with .float()."
        )
    if not cov.isfinite().all():
        raise ValueError(f"cov_{name} contains NaN or inf.")
    scale = cov.diagonal(dim1=-2, dim2=-1).abs().amax((-1,), keepdim=True).unsqueeze(-1)
    if ((cov - cov.mT).abs() > 1e-5 * scale).any():  # Cholesky reads the lower triangle only, and would not notice
        raise ValueError(f"cov_{name} is not symmetric: a covariance matrix equals its transpose.")
    chol, failed = torch.linalg.cholesky_ex(cov)
    if failed.any():
        smallest = torch.linalg.eigvalsh(cov).min().item()
        raise ValueError(
            f"cov_{name} is not positive definite (its smallest eigenvalue is {smallest:.3g}), so no density on R^L has it: "
            "check how it was made, or add a small multiple of the identity."
        )
    return chol

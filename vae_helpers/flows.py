"""Normalizing flows: a simple density pushed through invertible maps whose change of volume is known.

Every flow is called as `flow(z, context)` and returns the moved point and log |det ∂(moved)/∂z|: z (..., L) → (..., L) and (...), in nats.
A density moves along: log q(moved) = log q(z) − log |det| (Rezende & Mohamed 2015, equation 5). `context` (..., C), broadcast against z in
front, is what the map may depend on besides z, such as an encoder's hidden layer; a flow built with context_dim=0 takes none.
`Coupling` and `InverseAutoregressive` also have `inverse(moved, context)` → z; `Planar` has an inverse, but no formula for it.
"""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import check_broadcast, in_short, tensor_of, whole_number
from .runtime import noise_like


def planar(z: Tensor, u: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """z + û tanh(w·z + b) and log |det|: one fold along w (Rezende & Mohamed 2015, equations 10 to 12).

    z, u, w: (..., L); b: (...); all broadcast. u is first moved along w until û·w > −1, where the map can be undone (their appendix A.1,
    with the softplus shifted so that u = 0 stays 0 and leaves z where it is).
    """
    z, u, w, b = (tensor_of(v, name) for v, name in ((z, "z"), (u, "u"), (w, "w"), (b, "b")))
    along = (w * u).sum(-1, keepdim=True)
    u = u + (F.softplus(along + math.log(math.e - 1)) - 1 - along) * w / w.square().sum(-1, keepdim=True).clamp(min=1e-12)
    bend = torch.tanh((w * z).sum(-1) + b)
    return z + u * bend[..., None], torch.log1p((1 - bend.square()) * (w * u).sum(-1))


def sample(
    flow: nn.Module, mu: Tensor, logvar: Tensor, n_samples: int, context: Tensor | None = None, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draws from N(mu, exp(logvar)) sent through the flow, (K, batch, L), and their log-density under the flow's own q, (K, batch).

    mu, logvar: (batch, L); context: (batch, C) or None. Both results are differentiable (pathwise).
    """
    weight = _weight_of(flow)
    mu, logvar = (tensor_of(v, name).to(weight) for v, name in ((mu, "mu"), (logvar, "logvar")))
    if mu.shape != logvar.shape:
        raise ValueError(f"expected mu and logvar of one shape, got {tuple(mu.shape)} and {tuple(logvar.shape)}")
    eps = noise_like(mu, generator, (whole_number("n_samples", n_samples), *mu.shape))
    z, log_det = flow(mu + (logvar / 2).exp() * eps, context)
    return z, -0.5 * (eps.square() + logvar + math.log(2 * math.pi)).sum(-1) - log_det


class Planar(nn.Module):
    """`planar` with its 2L + 1 numbers learned: one set for all z or, with a context, a linear function of the context.

    Starts at u = 0, as the identity. Raises ValueError for sizes below 1 (context_dim: below 0).
    """

    def __init__(self, latent_dim: int, context_dim: int = 0):
        super().__init__()
        latent_dim, context_dim, _ = _sizes(self, latent_dim, context_dim)
        self.fold = nn.Parameter(torch.cat([torch.zeros(latent_dim), torch.randn(latent_dim + 1)]))  # u, w, b
        self.by_context = nn.Linear(context_dim, 2 * latent_dim + 1, bias=False) if context_dim else None
        if context_dim:
            nn.init.normal_(self.by_context.weight, std=0.01)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, context = _checked(self, z, context)
        fold = self.fold if context is None else self.fold + self.by_context(context)
        u, w, b = fold.split([self.latent_dim, self.latent_dim, 1], -1)
        return planar(z, u, w, b[..., 0])


class Coupling(nn.Module):
    """One half of z moves by a scale and a shift that a network reads off the other half (Dinh et al. 2017, equations 4 to 8).

    The first L // 2 numbers stay and the others move; flipped: the other way round. The log scale is kept in (−1, 1) by a tanh.
    Starts as the identity. Raises ValueError for latent_dim < 2: one number has no halves.
    """

    def __init__(self, latent_dim: int, context_dim: int = 0, hidden: int = 32, flipped: bool = False):
        super().__init__()
        latent_dim, context_dim, hidden = _sizes(self, latent_dim, context_dim, hidden)
        if latent_dim < 2:
            raise ValueError(f"a coupling needs two halves, latent_dim of at least 2, got {latent_dim}: use Planar for one number")
        self.flipped = flipped
        kept = latent_dim // 2 if not flipped else latent_dim - latent_dim // 2
        self.network = nn.Sequential(nn.Linear(kept + context_dim, hidden), nn.Tanh(), nn.Linear(hidden, 2 * (latent_dim - kept)))
        _start_at_zero(self.network[-1])

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, context = _checked(self, z, context)
        kept, moved = self._halves(z)
        log_scale, shift = self._scale_and_shift(kept, context)
        return self._join(kept, moved * log_scale.exp() + shift), log_scale.sum(-1)

    def inverse(self, moved: Tensor, context: Tensor | None = None) -> Tensor:
        """The z that `forward` sends to `moved` (..., L): the kept half is there to be read again."""
        moved, context = _checked(self, moved, context)
        kept, half = self._halves(moved)
        log_scale, shift = self._scale_and_shift(kept, context)
        return self._join(kept, (half - shift) * (-log_scale).exp())

    def _scale_and_shift(self, kept: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.network(_beside(kept, context)).chunk(2, -1)
        return log_scale.tanh(), shift

    def _halves(self, z: Tensor) -> tuple[Tensor, Tensor]:
        first, second = z.tensor_split([self.latent_dim // 2], -1)
        return (second, first) if self.flipped else (first, second)

    def _join(self, kept: Tensor, moved: Tensor) -> Tensor:
        return torch.cat([moved, kept] if self.flipped else [kept, moved], -1)


class InverseAutoregressive(nn.Module):
    """Each number moves by a gate and a target that depend on the numbers before it only (Kingma et al. 2016, algorithm 1).

    moved_i = g_i z_i + (1 − g_i) m_i with g_i = sigmoid(s_i + 2); s_i and m_i see z_1 … z_{i−1} (a masked network: Germain et al. 2015)
    and the context. All of them at once going forward, so sampling is fast; one after the other going back. flipped: from the last number
    to the first. Starts near the identity. Raises ValueError for sizes below 1.
    """

    def __init__(self, latent_dim: int, context_dim: int = 0, hidden: int = 32, flipped: bool = False):
        super().__init__()
        latent_dim, context_dim, hidden = _sizes(self, latent_dim, context_dim, hidden)
        self.flipped = flipped
        order = torch.arange(latent_dim)
        rank = torch.arange(hidden) % max(1, latent_dim - 1)  # a hidden unit of rank r sees z_0 … z_r
        self.first, self.last = nn.Linear(latent_dim, hidden), nn.Linear(hidden, 2 * latent_dim)
        self.by_context = nn.Linear(context_dim, hidden, bias=False) if context_dim else None
        self.register_buffer("sees", (order <= rank[:, None]).float(), persistent=False)
        self.register_buffer("feeds", (rank < order[:, None]).float().repeat(2, 1), persistent=False)
        _start_at_zero(self.last)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, context = _checked(self, z, context)
        z = z.flip(-1) if self.flipped else z
        gate, target = self._gate_and_target(z, context)
        moved = gate.sigmoid() * z + (-gate).sigmoid() * target
        return moved.flip(-1) if self.flipped else moved, F.logsigmoid(gate).sum(-1)

    def inverse(self, moved: Tensor, context: Tensor | None = None) -> Tensor:
        """The z that `forward` sends to `moved` (..., L), in L passes: each needs the numbers found before it."""
        moved, context = _checked(self, moved, context)
        moved = moved.flip(-1) if self.flipped else moved
        z = torch.zeros_like(moved)
        for i in range(self.latent_dim):
            gate, target = self._gate_and_target(z, context)
            found = (moved - (-gate).sigmoid() * target) / gate.sigmoid()
            z = torch.cat([z[..., :i], found[..., i : i + 1], z[..., i + 1 :]], -1)
        return z.flip(-1) if self.flipped else z

    def _gate_and_target(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        hidden = F.linear(z, self.first.weight * self.sees, self.first.bias)
        if context is not None:
            hidden = hidden + self.by_context(context)
        gate, target = F.linear(hidden.tanh(), self.last.weight * self.feeds, self.last.bias).chunk(2, -1)
        return gate + 2, target


class Chain(nn.Module):
    """Flows one after the other: the log-determinants add up. Empty, it is the identity. Raises ValueError for another latent_dim."""

    def __init__(self, flows: Iterable[nn.Module] = ()):
        super().__init__()
        flows = [flows] if isinstance(flows, nn.Module) else list(flows)
        if other := [type(flow).__name__ for flow in flows if not hasattr(flow, "latent_dim") or not isinstance(flow, nn.Module)]:
            raise TypeError(f"expected flows such as Planar or Coupling, got {other[0]}")
        self.flows = nn.ModuleList(flows)
        if len({flow.latent_dim for flow in self.flows}) > 1:
            raise ValueError(f"expected flows of one latent_dim, got {[flow.latent_dim for flow in self.flows]}")

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z = tensor_of(z, "z").to(_weight_of(self)) if len(self.flows) else tensor_of(z, "z")
        total = z.new_zeros(z.shape[:-1])
        for flow in self.flows:
            z, log_det = flow(z, context)
            total = total + log_det
        return z, total

    def inverse(self, moved: Tensor, context: Tensor | None = None) -> Tensor:
        """Back through the flows, the last one first. Raises TypeError where one of them has no inverse in closed form."""
        for flow in reversed(self.flows):
            if not hasattr(flow, "inverse"):
                raise TypeError(f"{type(flow).__name__} has no inverse in closed form: use Coupling or InverseAutoregressive to go back")
            moved = flow.inverse(moved, context)
        return moved


def make(kind: str, depth: int, latent_dim: int, context_dim: int = 0, hidden: int = 32) -> Chain:
    """A chain of `depth` flows: "planar", "coupling" or "inverse autoregressive", every second one flipped. ValueError for another name."""
    kinds, depth = {"coupling": Coupling, "inverse autoregressive": InverseAutoregressive}, whole_number("depth", depth, least=0)
    if kind == "planar":
        return Chain(Planar(latent_dim, context_dim) for _ in range(depth))
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(f"unknown flow {in_short(kind)}: expected one of planar, {', '.join(kinds)}")
    return Chain(kinds[kind](latent_dim, context_dim, hidden, flipped=k % 2 == 1) for k in range(depth))


def _beside(z: Tensor, context: Tensor | None) -> Tensor:
    """z and the context as one input, the context repeated for every sample."""
    return z if context is None else torch.cat([z, context.expand(*z.shape[:-1], -1)], -1)


def _start_at_zero(layer: nn.Linear) -> None:
    nn.init.normal_(layer.weight, std=1e-3)
    nn.init.zeros_(layer.bias)


def _sizes(flow: nn.Module, latent_dim: int, context_dim: int, hidden: int = 1) -> tuple[int, int, int]:
    """The three sizes as whole numbers, of which the flow keeps the first two."""
    flow.latent_dim, flow.context_dim = whole_number("latent_dim", latent_dim), whole_number("context_dim", context_dim, least=0)
    return flow.latent_dim, flow.context_dim, whole_number("hidden", hidden)


def _weight_of(flow: nn.Module) -> Tensor:
    """A tensor of the flow's dtype, where it is."""
    if not isinstance(flow, nn.Module):
        raise TypeError(f"expected a flow such as Planar or Chain, got {type(flow).__name__}")
    return next(flow.parameters(), torch.empty(0))


def _checked(flow: nn.Module, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """z (..., L) and the context (..., C), in any form, as the flow's weights are."""
    z, weight = tensor_of(z, "z"), _weight_of(flow)
    if z.shape[-1:] != (flow.latent_dim,):
        raise ValueError(f"expected z of shape (..., {flow.latent_dim}), got {tuple(z.shape)}")
    context = None if context is None else tensor_of(context, "context")
    if (0 if context is None else context.shape[-1]) != flow.context_dim:
        came = "none" if context is None else tuple(context.shape)
        raise ValueError(f"expected a context of shape (..., {flow.context_dim}), got {came}")
    if context is None:
        return z.to(weight), None
    check_broadcast(z=z.shape[:-1], context=context.shape[:-1])
    return z.to(weight), context.to(weight)

"""p(x|z): what the decoder's outputs mean. Each likelihood turns (…, D·n_outputs) numbers into a distribution over D pixels.

`"bernoulli"`, `"gaussian"` (one learned σ), `"gaussian_pixel"` (a σ for each pixel, from the decoder), `"categorical"`,
or an instance: `Gaussian(sigma=0.5)` for a fixed σ, `Categorical(levels=17)`.
"""

import copy
import inspect
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Distribution, Independent, constraints
from torch.distributions import Normal as TorchNormal

from .inputs import check_finite, check_unit_range, float64, in_short, is_binary, positive_number, whole_number

LEAST_SIGMA = 1e-12  # float32 holds its square and one over that


class Likelihood(nn.Module):
    """Base: `n_outputs` numbers a pixel; calling it gives the distribution, batch_shape (…,), event_shape (D,)."""

    n_outputs = 1

    def forward(self, outputs: Tensor) -> Distribution:
        """p(x|z) from the decoder's outputs (…, D·n_outputs): batch_shape (…,), event_shape (D,)."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(outputs) that returns p(x|z), a distribution over pixels: write it"
        )

    def mean(self, outputs: Tensor) -> Tensor:
        """Pixel means (…, D) from the decoder's outputs (…, D·n_outputs)."""
        return self(outputs).mean

    def log_prob(self, outputs: Tensor, x: Tensor) -> Tensor:
        """log p(x|z): outputs (…, D·n_outputs), x (…, D) → (…). The same as self(outputs).log_prob(x)."""
        return self(outputs).log_prob(x)

    def log_prob_table(self, outputs: Tensor, x: Tensor) -> Tensor:
        """log p(x|z) for every pair: outputs (G, D·n_outputs), x (batch, D) → (G, batch). By matrix products where possible."""
        return torch.stack([self(outputs).log_prob(image) for image in x], dim=1)

    def check(self, x: Tensor) -> None:
        """Raise ValueError if images x (batch, D) cannot be observations."""
        check_unit_range(x)

    def remark(self, x: Tensor) -> None:
        """Print, once, if the number for images x (batch, D) will not be a log-likelihood."""

    @property
    def config(self) -> dict:
        """What rebuilds it: {"name": …, options}. A likelihood of your own is handed to `VAE.load` as well."""
        return {"name": type(self).__name__}


class Bernoulli(Likelihood):
    """Black-or-white pixels; outputs are logits (Kingma & Welling 2014, appendix C.1).

    Grey pixels in [0, 1] are accepted, as everybody's first VAE does it, but then the number is a cross-entropy and not
    a log-likelihood: no distribution over grey images has it as its density (notebook 05). `remark` says so once.
    """

    config = {"name": "bernoulli"}
    _said = False

    def forward(self, outputs: Tensor) -> Distribution:
        return Independent(TorchBernoulli(logits=outputs, validate_args=False), 1, validate_args=False)

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()

    def log_prob(self, outputs: Tensor, x: Tensor) -> Tensor:
        # training spends its time here: no distribution object, and one pass over the pixels less than −BCE pixel by pixel
        return -F.binary_cross_entropy_with_logits(outputs, x.expand_as(outputs), reduction="none").sum(-1)

    def log_prob_table(self, outputs: Tensor, x: Tensor) -> Tensor:
        # log p = Σ_d x_d · logit_d − log(1 + e^logit_d): the first part is one matrix product
        # (in float32, several times as fast and off by about 1e-5 nats)
        return outputs @ x.T - F.softplus(outputs).sum(-1, keepdim=True)

    def remark(self, x: Tensor) -> None:
        if not Bernoulli._said and not is_binary(x):
            Bernoulli._said = True
            print(
                "Note: grey pixels under a Bernoulli: the reconstruction term is a cross-entropy, not a log-likelihood "
                "(notebook 05). For a log-likelihood, binarize the images."
            )


class Gaussian(Likelihood):
    """Real-valued pixels, p(x|z) = N(x; mean, σ²). sigma: a positive number (fixed), "shared" (one learned) or "pixel" (from the decoder).

    Any finite pixels will do, standardized ones too. With "pixel" the outputs are [means, log σ²], each (…, D) (Kingma & Welling 2014,
    appendix C.2). Raises ValueError for sigma < 1e-12.
    """

    def __init__(self, sigma: float | str = "shared"):
        super().__init__()
        if isinstance(sigma, str) and sigma not in ("shared", "pixel"):
            raise ValueError(f'sigma must be a positive number, "shared" or "pixel", got {sigma!r}')
        self.sigma = sigma if isinstance(sigma, str) else positive_number("sigma", sigma, least=LEAST_SIGMA)
        self.n_outputs = 2 if sigma == "pixel" else 1
        if sigma == "shared":
            self.logvar = nn.Parameter(torch.zeros(()))

    def forward(self, outputs: Tensor) -> Distribution:
        mean, sigma = self._mean_and_sigma(outputs)
        return Independent(TorchNormal(mean, sigma, validate_args=False), 1, validate_args=False)

    def check(self, x: Tensor) -> None:
        check_finite(x)

    def log_prob_table(self, outputs: Tensor, x: Tensor) -> Tensor:
        # the square expanded: Σ x²/σ² − 2 x·m/σ² + m²/σ², three matrix products
        mean, sigma = map(float64, self._mean_and_sigma(outputs))
        weight = (sigma**-2).expand_as(mean)
        x = float64(x)
        squares = weight @ (x**2).T - 2 * (weight * mean) @ x.T + (weight * mean**2).sum(-1, keepdim=True)
        return -0.5 * (squares + (math.log(2 * math.pi) - weight.log()).sum(-1, keepdim=True))

    def _mean_and_sigma(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        if self.sigma == "pixel":
            mean, logvar = outputs.chunk(2, -1)
            return mean, (logvar / 2).exp()
        if self.sigma == "shared":
            return outputs, (self.logvar / 2).exp()
        return outputs, outputs.new_tensor(self.sigma)

    @property
    def config(self) -> dict:
        return {"name": "gaussian", "sigma": self.sigma}


class Categorical(Likelihood):
    """Pixels with a finite number of levels 0, 1/(levels−1), …, 1; outputs are `levels` logits a pixel, (…, D·levels)."""

    def __init__(self, levels: int = 256):
        super().__init__()
        self.n_outputs = self.levels = whole_number("levels", levels, least=2)

    def forward(self, outputs: Tensor) -> Distribution:
        return PixelLevels(outputs.unflatten(-1, (-1, self.levels)))

    def check(self, x: Tensor) -> None:
        check_unit_range(x)
        steps = x * (self.levels - 1)
        if (steps - steps.round()).abs().max() > 1e-3:
            raise ValueError(f"expected pixels on {self.levels} levels k/{self.levels - 1}, got values between them: round them")

    @property
    def config(self) -> dict:
        return {"name": "categorical", "levels": self.levels}


class PixelLevels(Distribution):
    """Independent categorical pixels whose values are k/(levels−1). logits: (…, D, levels)."""

    arg_constraints: dict = {}
    support = constraints.unit_interval

    def __init__(self, logits: Tensor):
        self.logits = logits.log_softmax(-1)
        super().__init__(logits.shape[:-2], logits.shape[-2:-1], validate_args=False)

    @property
    def values(self) -> Tensor:
        """The levels, 0 … 1: (levels,)."""
        return torch.linspace(0, 1, self.logits.shape[-1], device=self.logits.device, dtype=self.logits.dtype)

    @property
    def mean(self) -> Tensor:
        return self.logits.exp() @ self.values

    def log_prob(self, x: Tensor) -> Tensor:
        level = (x * (self.logits.shape[-1] - 1)).round().long()
        shape = torch.broadcast_shapes(level.shape, self.logits.shape[:-1])
        logits = self.logits.expand(*shape, -1)
        return logits.gather(-1, level.expand(shape).unsqueeze(-1)).squeeze(-1).sum(-1)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return self.values[TorchCategorical(logits=self.logits).sample(sample_shape)]


def make(likelihood: "str | dict | Likelihood") -> Likelihood:
    """A likelihood from its name, its config, or another one, copied so that no two models learn one σ. ValueError for another name."""
    if isinstance(likelihood, Likelihood):
        return copy.deepcopy(likelihood)
    known = {"bernoulli": Bernoulli, "gaussian": Gaussian, "gaussian_pixel": lambda: Gaussian("pixel"), "categorical": Categorical}
    options = dict(likelihood) if isinstance(likelihood, dict) else {"name": likelihood}
    name = options.pop("name", None)
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"unknown likelihood {in_short(name)}: expected one of {', '.join(known)}, or an instance such as Gaussian(sigma=0.5); "
            "one of your own class is handed over as an instance, also to VAE.load(path, likelihood=…)"
        )
    takes = [option.name for option in inspect.signature(known[name]).parameters.values() if option.kind is option.POSITIONAL_OR_KEYWORD]
    if unknown := [option for option in options if option not in takes]:
        raise ValueError(f"likelihood {name!r} takes {', '.join(takes) or 'no options'}, got {', '.join(map(repr, unknown))}")
    return known[name](**options)


def config_of(likelihood: Likelihood) -> dict:
    """What a file says of it; of one of your own class the name alone, since nothing here could build it."""
    return likelihood.config if type(likelihood).__module__ == __name__ else {"name": type(likelihood).__name__}


def check(likelihood: Likelihood, pixels: int) -> None:
    """Raise ValueError unless a likelihood of your own class gives a distribution over all D pixels of an image, not one for each."""
    if type(likelihood) in (Bernoulli, Gaussian, Categorical):
        return
    p = likelihood(next(likelihood.parameters(), torch.empty(0)).new_zeros(1, pixels * likelihood.n_outputs))
    if (p.batch_shape, p.event_shape) != ((1,), (pixels,)):
        raise ValueError(
            f"expected a likelihood that gives one image batch_shape (1,) and event_shape ({pixels},), got {tuple(p.batch_shape)} and "
            f"{tuple(p.event_shape)}: wrap what its forward returns, torch.distributions.Independent(…, 1)"
        )

"""`Interpolation`: from one image to another through latent space, on a straight path or on a spherical one."""

import math
from collections.abc import Sequence

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..inputs import whole_number
from ..look import BLUE, number, show_image
from .kit.base import Number, bundle, draw_png
from .kit.decoder import WORDS, DecoderView, latent_dim
from .kit.given import Codes, ExamplesTrait, as_bytes, read_codes, read_examples, read_labels
from .kit.plane import Content, Plane, PlaneTrait, ShownTrait, WindowTrait

OPPOSITE = 1e-3  # radians short of half a turn: the path would go far out, in a direction that rounding decides
ORIGIN = 1e-6  # a shorter code points nowhere
DRAWN = 101  # points of a path that is searched for its largest norm
READING = "t = {t} on the {kind} path from A, {a}, to B, {b}; ‖z‖ = {norm}"


def straight(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """(1 − t) start + t end: (L,), (L,) and (n,) → (n, L)."""
    return torch.outer(1 - t, start) + torch.outer(t, end)


def spherical(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """[sin((1 − t)Ω) start + sin(tΩ) end] / sin Ω with Ω the angle between them: (L,), (L,) and (n,) → (n, L).

    Shoemake (1985) for directions, White (2016), "Sampling generative networks", for codes: for two codes of one length it is the arc of
    a circle around the origin at a constant speed. Straight where no arc is defined (`why_straight`) or needed (Ω = 0).
    """
    angle = arc(start, end)
    if not angle:
        return straight(start, end, t)
    return (torch.outer(((1 - t) * angle).sin(), start) + torch.outer((t * angle).sin(), end)) / math.sin(angle)


PATHS = {"straight": straight, "spherical": spherical}


def angle_between(start: Tensor, end: Tensor) -> float:
    """In radians, 0 to π; by Kahan's formula, exact for small angles too, where the arc cosine of the product is not."""
    u, v = start / start.norm(), end / end.norm()
    return 2 * math.atan2((u - v).norm().item(), (u + v).norm().item())


def arc(start: Tensor, end: Tensor) -> float:
    """The angle of the spherical path between these two codes, in radians; 0 where it is the straight one."""
    angle = 0.0 if why_straight(start, end) else angle_between(start, end)
    return angle if angle >= 1e-9 else 0.0


def why_straight(start: Tensor, end: Tensor) -> str:
    """A sentence if there is no spherical path between these two codes, else nothing."""
    for name, code in (("A", start), ("B", end)):
        if code.norm() < ORIGIN:
            return f"The code of {name} is at the origin and points nowhere: the spherical path is the straight one."
    if angle_between(start, end) > math.pi - OPPOSITE:
        return "The codes of A and B point in opposite directions, and every arc is as short: the spherical path is the straight one."
    return ""


def oddity(kind: str, start: Tensor, end: Tensor) -> str:
    """A sentence if the path between these two codes (L,) is not what its kind promises, else nothing."""
    if torch.equal(start, end):
        return "A and B have the same code: the path is one point."
    if kind == "straight":
        return ""
    furthest = spherical(start, end, torch.linspace(0, 1, DRAWN, dtype=start.dtype)).norm(dim=1).max().item()
    if (why := why_straight(start, end)) or furthest < 1.05 * max(start.norm().item(), end.norm().item()):
        return why
    degrees = math.degrees(angle_between(start, end))
    return f"This path swings out to ‖z‖ = {number(furthest)}: the codes of A and B are {degrees:.0f}° apart and differ in length."


class Interpolation(DecoderView):
    """Two of the examples, ``a`` and ``b``, a ``kind`` of path between their codes, and a point on it, ``t`` from 0 to 1, to drag or play.

    examples: 2 to 20 images (n, H, W), which the model encodes (a VAE: z = μ), or codes (n, L), with labels. kind: "straight" or
    "spherical". ``path`` (n, L) and ``images`` (n, H, W) are the film strip of n images; ``z`` and ``image`` belong to t, ``note`` says
    what is odd about the path. a, b, kind and t may be read and set at any time. codes (N, L) with labels: for two latent dimensions
    drawn on the plane, and with labels the nearest is named. Raises ValueError for shapes that do not fit, NaN, or an unknown kind.
    """

    _esm, _css = bundle("interpolation.js"), bundle("interpolation.css")

    a = traitlets.Int().tag(sync=True)
    b = traitlets.Int().tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    t = Number(min=0, max=1).tag(sync=True)  # 0 at A, 1 at B
    n = traitlets.Int().tag(sync=True)
    words = traitlets.Dict({**WORDS, "reading": READING}).tag(sync=True)
    typical = traitlets.Float().tag(sync=True)  # ‖z‖ of the prior's samples, about; 0 without a prior
    frames = traitlets.Bytes().tag(sync=True)  # the film strips of both kinds, where the browser cannot decode
    angles = traitlets.List().tag(sync=True)  # of the spherical paths from each example to each: `arc`
    notes = traitlets.Dict().tag(sync=True)  # kind → what is odd about the paths from each example to each
    examples, plane, shown, window = ExamplesTrait(), PlaneTrait(), ShownTrait(), WindowTrait()

    def __init__(
        self,
        model: nn.Module,
        examples: Tensor,
        example_labels: Tensor | Sequence | None = None,
        a: int = 0,
        b: int = 1,
        kind: str = "straight",
        t: float = 0.0,
        n: int = 9,
        codes: Tensor | None = None,
        labels: Tensor | Sequence | None = None,
        caption: str = "Images decoded along a straight and along a spherical path between two codes.",
    ):
        n = whole_number("n, the images of the film strip,", n, least=3, most=15)
        dims, has_prior = latent_dim(model), hasattr(model, "prior")
        examples = read_examples(model, examples, example_labels, dims, at_least=2)
        seen, ends = read_codes(codes, labels, None, dims), examples.codes.double()
        self._ends = ends
        traits = {"examples": examples, "a": a, "b": b, "kind": kind, "t": t, "n": n, "caption": caption}
        if dims == 2:
            shown = Codes(examples.codes, read_labels(example_labels, len(ends), "example")) if codes is None else seen
            traits["plane"] = Plane(Content(shown, has_prior), _square(ends, has_prior))
            traits["shown"] = list(traits["plane"].names)
        super().__init__(
            model,
            seen,
            typical=dims**0.5 if has_prior else 0,
            angles=[[arc(start, end) for end in ends] for start in ends],
            notes={kind: [[oddity(kind, start, end) for end in ends] for start in ends] for kind in PATHS},
            **traits,
        )
        self._film()

    @property
    def path(self) -> Tensor:
        """The codes of the film strip, evenly spaced in t from 0 to 1: (n, L), float32."""
        return self._points(self.kind, torch.linspace(0, 1, self.n, dtype=torch.float64)).float()

    @property
    def images(self) -> Tensor:
        """The film strip: pixel means along ``path``, (n, H, W)."""
        return torch.stack([self._decode(z) for z in self.path.tolist()])

    @property
    def z(self) -> tuple[float, ...]:
        """The point at t, which follows from a, b, kind and t, in the browser and here."""
        return tuple(self._points(self.kind, torch.tensor([self.t], dtype=torch.float64))[0].tolist())

    @z.setter
    def z(self, value) -> None:
        raise ValueError("Expected a, b, kind or t to be set: z follows from them.")

    @property
    def reading(self) -> str:
        """Where on the path z is, in the words that the browser shows."""
        a, b = (self.examples.names[k] for k in (self.a, self.b))
        return self.say("reading", t=number(self.t), kind=self.kind, a=a, b=b, norm=number(math.hypot(*self.z)))

    @property
    def note(self) -> str:
        """What is odd about this path, or nothing."""
        return self.notes[self.kind][self.a][self.b]

    def picture(self) -> bytes:
        """The film strips of both kinds of path, the two ends framed, each image with its ‖z‖, as a PNG."""

        def draw(figure: Figure) -> None:
            for axes, kind in zip(figure.subplots(2, self.n), PATHS, strict=True):
                points = self._points(kind, torch.linspace(0, 1, self.n, dtype=torch.float64)).float()
                for k, (ax, z) in enumerate(zip(axes, points, strict=True)):
                    show_image(ax, self._decode(z.tolist()))
                    ax.set_xlabel(("‖z‖ = " if k == 0 else "") + number(z.norm().item()), fontsize=12)
                    if k in (0, self.n - 1):
                        ax.spines[:].set(color=BLUE, linewidth=3)
                        ax.set_title("A" if k == 0 else "B", fontsize=12, fontweight="bold")
                axes[0].set_ylabel(kind, fontsize=12)

        height, width = self.image_shape
        return draw_png(draw, (9.2, 2 * (8.6 / self.n * height / width + 0.62)))

    def _points(self, kind: str, t: Tensor) -> Tensor:
        return PATHS[kind](self._ends[self.a], self._ends[self.b], t)

    @traitlets.observe("a", "b")
    def _film(self, change=None) -> None:
        if "missing" in self.network:
            t = torch.linspace(0, 1, self.n, dtype=torch.float64)
            points = [z.tolist() for kind in PATHS for z in self._points(kind, t).float()]
            self.frames = as_bytes(torch.stack([self._decode(z) for z in points]))

    @traitlets.validate("a", "b")
    def _ends_are_examples(self, proposal):
        count = len(self._ends)
        if not 0 <= proposal.value < count:
            raise ValueError(
                f"Expected {proposal.trait.name} from 0 to {count - 1}, an index into the {count} examples, got {proposal.value}."
            )
        return proposal.value

    @traitlets.validate("kind")
    def _kind_is_known(self, proposal):
        if proposal.value not in PATHS:
            raise ValueError(f"Expected kind to be one of {', '.join(PATHS)}, got {proposal.value!r}.")
        return proposal.value


def _square(ends: Tensor, has_prior: bool) -> tuple[float, float, float, float]:
    """Limits of a square around the origin that hold the prior's two σ and each path between two ends, except where one goes far astray."""
    t = torch.linspace(0, 1, DRAWN, dtype=torch.float64)
    paths = [spherical(start, end, t).abs().max().item() for k, start in enumerate(ends) for end in ends[:k]]
    near = max(ends.abs().max().item(), 2.0 if has_prior else 1e-3)
    half = 1.15 * max(near, min(max(paths), 1.3 * near))
    return -half, half, -half, half

"""What TeX's commands mean to mathml.py: tables from a command, without its backslash, to what it stands for; and what is written often.

`SYMBOLS` has what is one element by itself, with its kind, which decides the gaps around it; the other tables are for what takes arguments.
"""

from html import escape


def _pairs(text: str) -> dict[str, str]:
    """ "le ≤ ge ≥" → {"le": "≤", "ge": "≥"}."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(
    "alpha α beta β gamma γ delta δ zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ chi χ "
    "psi ψ omega ω epsilon ϵ varepsilon ε phi ϕ varphi φ vartheta ϑ ell ℓ partial ∂"
)
_UPRIGHT = _pairs(
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω nabla ∇ infty ∞ top ⊤ varnothing ∅ "
    "ldots … cdots ⋯ dots … % % & & # # _ _"
)
_RELATIONS = _pairs(
    "sim ∼ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ propto ∝ in ∈ equiv ≡ mid | ll ≪ gg ≫ to → mapsto ↦ leftarrow ← rightarrow → "
    "longrightarrow ⟶ Rightarrow ⇒ Longrightarrow ⟹ iff ⟺ subset ⊂ perp ⟂ parallel ∥"
)
_BINARY = _pairs("cdot ⋅ times × pm ± odot ⊙ oplus ⊕ circ ∘ cup ∪ cap ∩ setminus ∖")
_SUMS = _pairs("sum ∑ prod ∏ bigcup ⋃")
_FUNCTIONS = "log exp ln sin cos tan tanh det arg dim tr".split()
_WITH_LIMITS = "min max inf sup lim argmin argmax".split()
_RELATION, _SIGN = '<mo stretchy="false" lspace="0.278em" rspace="0.278em">{}</mo>', '<mo{} lspace="0" rspace="0">{}</mo>'
SYMBOLS = (
    {name: (f"<mi>{letter}</mi>", "ord") for name, letter in LETTERS.items()}
    | {name: (f'<mi mathvariant="normal">{escape(letter)}</mi>', "ord") for name, letter in _UPRIGHT.items()}
    | {name: (_RELATION.format(sign), "rel") for name, sign in _RELATIONS.items()}
    | {name: (f"<mo>{sign}</mo>", "bin") for name, sign in _BINARY.items()}
    | {name: (_SIGN.format("", sign), "op limits") for name, sign in _SUMS.items()}
    | {name: (_SIGN.format(' movablelimits="true"', name.replace("arg", "arg ")), "op limits") for name in _WITH_LIMITS}
    | {name: (f"<mi>{name}</mi>", "op") for name in _FUNCTIONS}
    | {"int": (_SIGN.format("", "∫"), "op")}
)
SPACES = _pairs(", 0.167em : 0.222em ; 0.278em ! -0.167em quad 1em qquad 2em") | {" ": "0.25em"}
ACCENTS = _pairs("hat ^ widehat ^ bar ¯ overline ¯ tilde ~ widetilde ~ dot ˙ vec →")
SIZES = {name + side: size for name, size in {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}.items() for side in ("", "l", "r", "m")}
DELIMITERS = _pairs("{ { } } | ‖ lbrace { rbrace } langle ⟨ rangle ⟩ Vert ‖ vert | lVert ‖ rVert ‖")
SIDES = dict.fromkeys("{ ⟨ ( [".split(), "open") | dict.fromkeys("} ⟩ ) ]".split(), "close")
FONTS = {"mathcal": 0x1D49C, "mathbb": 0x1D538, "mathbf": 0x1D400, "boldsymbol": 0x1D468, "mathsf": 0x1D5A0}  # where Unicode has its A
OLDER = {  # and letters that it has elsewhere
    "mathcal": _pairs("B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ"),
    "mathbb": _pairs("C ℂ H ℍ N ℕ P ℙ Q ℚ R ℝ Z ℤ"),
}
ENVIRONMENTS = _pairs("align rl align* rl aligned rl gathered c cases l matrix c pmatrix c bmatrix c")  # with the sides of their columns
FENCES = {"cases": ("{", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]")}


def gap(width: str = "0.167em") -> str:
    return f'<mspace width="{width}"></mspace>'


def fence(mark: str, size: float = 0, stretchy: bool = False) -> str:
    """A bracket or bar without gaps: as high as the text, of `size` em, or (stretchy) as high as its row."""
    if not mark:
        return ""
    height = f' minsize="{size}em" maxsize="{size}em"' if size else ""
    return f'<mo stretchy="{"true" if size or stretchy else "false"}"{height} lspace="0" rspace="0">{escape(mark)}</mo>'


def table(name: str, rows: list[list[str]], numbers: list[str]) -> str:
    r"""The cells of an environment in its fences; a row with a number of \tag has it in a last column."""
    columns, sides = max(map(len, rows)), ENVIRONMENTS[name]
    lines = ""
    for cells, number in zip(rows, numbers, strict=True):
        cells = [*cells, *["<mrow></mrow>"] * (columns - len(cells))]
        kinds = [sides[k % len(sides)] + " reason" * (name.startswith("align") and k == 3) for k in range(columns)]
        line = "".join(f'<mtd class="{kind}">{cell}</mtd>' for kind, cell in zip(kinds, cells, strict=True))
        if any(numbers):
            line += f'<mtd class="number"><mtext>{f"({escape(number)})" if number else ""}</mtext></mtd>'
        lines += f"<mtr>{line}</mtr>"
    style = ' displaystyle="true"' if name.startswith(("align", "gather")) else ""
    left, right = FENCES.get(name, ("", ""))
    return f"<mrow>{fence(left, stretchy=True)}<mtable{style}>{lines}</mtable>{fence(right, stretchy=True)}</mrow>"

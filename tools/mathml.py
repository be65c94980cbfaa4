r"""TeX as the notebooks write it → MathML, which browsers show by themselves: a page needs no MathJax, no font file and no script.

`convert(r"\log p(x) \ge \mathbb E_q[\log w] \tag{3.9}", display=True)`. A command that is not in the tables below raises BadTeX, which
names it. Only elements of MathML Core (w3.org/TR/mathml-core) are written; `widgets/kit/page.css` places the numbers of \tag, and
draws the box of \boxed and the brace of \underbrace, for which not every font has pieces.

latex2mathml 3.81 was tried first: on our formulas it loses \mathcal N and \mathbb E without braces, \big\| and \arg, numbers the rows of
align a second time, and writes \boxed as an element that Chromium does not draw.
"""

import re
from html import escape


def _pairs(text: str) -> dict[str, str]:
    """ "le ≤ ge ≥" → {"le": "≤", "ge": "≥"}."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(
    "alpha α beta β gamma γ delta δ zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ chi χ "
    "psi ψ omega ω epsilon ϵ varepsilon ε phi ϕ varphi φ vartheta ϑ ell ℓ partial ∂"
)
UPRIGHT = _pairs(
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω nabla ∇ infty ∞ top ⊤ varnothing ∅ "
    "ldots … cdots ⋯ dots … % % & & # # _ _"
)
RELATIONS = _pairs(
    "sim ∼ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ propto ∝ in ∈ equiv ≡ mid | ll ≪ gg ≫ to → mapsto ↦ leftarrow ← rightarrow → "
    "longrightarrow ⟶ Rightarrow ⇒ Longrightarrow ⟹ iff ⟺ subset ⊂ perp ⟂ parallel ∥"
)
BINARY = _pairs("cdot ⋅ times × pm ± odot ⊙ oplus ⊕ circ ∘ cup ∪ cap ∩ setminus ∖")
SUMS = _pairs("sum ∑ prod ∏ bigcup ⋃")
FUNCTIONS = "log exp ln sin cos tan tanh det arg dim tr".split()
WITH_LIMITS = "min max inf sup lim argmin argmax".split()
SPACES = _pairs(", 0.167em : 0.222em ; 0.278em ! -0.167em quad 1em qquad 2em") | {" ": "0.25em"}
ACCENTS = _pairs("hat ^ widehat ^ bar ¯ overline ¯ tilde ~ widetilde ~ dot ˙ vec →")
SIZES = {name + side: size for name, size in {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}.items() for side in ("", "l", "r", "m")}
DELIMITERS = _pairs("{ { } } | ‖ lbrace { rbrace } langle ⟨ rangle ⟩ Vert ‖ vert | lVert ‖ rVert ‖")
FONTS = {"mathcal": 0x1D49C, "mathbb": 0x1D538, "mathbf": 0x1D400, "boldsymbol": 0x1D468, "mathsf": 0x1D5A0}  # where Unicode has its A
OLDER = {
    "mathcal": _pairs("B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ"),
    "mathbb": _pairs("C ℂ H ℍ N ℕ P ℙ Q ℚ R ℝ Z ℤ"),
}  # and letters that it has elsewhere
ENVIRONMENTS = {
    "align": "rl",
    "align*": "rl",
    "aligned": "rl",
    "gathered": "c",
    "cases": "l",
    "matrix": "c",
    "pmatrix": "c",
    "bmatrix": "c",
}
FENCES = {"cases": ("{", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]")}
TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


class BadTeX(ValueError):
    """The formula holds something that the tables of this module lack; the message names it."""


def convert(tex: str, display: bool = False) -> str:
    """One formula → a `<math>` element; a displayed one in a `<span class="equation">`, with the number of its \\tag at the right."""
    parser = _Parser(tex)
    row = parser.row()
    if parser.tokens:
        raise BadTeX(f"The formula {tex!r} has a {parser.tokens[0]!r} too many.")
    if not display:
        return f"<math>{row}</math>"
    number = f'<span class="number">({escape(parser.tag)})</span>' if parser.tag else ""
    return f'<span class="equation"><math display="block">{row}</math>{number}</span>'


class _Parser:
    """Recursive descent. Each part comes with its kind ("ord", "open", "close", "rel", "bin", "op", "punct", "space"): it decides gaps."""

    def __init__(self, tex: str):
        self.tex, self.tokens, self.tag = tex, TOKEN.findall(tex), ""

    def row(self, stop: tuple[str, ...] = ()) -> str:
        """Everything up to one of the tokens in `stop`, which stays; as one element."""
        parts, before = [], "open"  # what came before decides whether a minus is a sign, and whether a function needs a gap
        while self._peek() and self._peek() not in stop and self._peek() != "}":
            if self._peek() in ("\\textstyle", "\\displaystyle"):
                style = "true" if self._next() == "\\displaystyle" else "false"
                parts.append(f'<mstyle displaystyle="{style}" scriptlevel="0">{self.row(stop)}</mstyle>')
                break
            part, kind = self._scripts(*self._atom(before))
            if kind == "op":
                part = (_gap() if before in ("ord", "close") else "") + part + ("" if self._opens() else _gap())
            parts.append(part)
            before = kind if part and kind != "space" else before
        return parts[0] if len(parts) == 1 and parts[0].count("<m") == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def _peek(self) -> str:
        while self.tokens and self.tokens[0].isspace():
            self.tokens.pop(0)
        return self.tokens[0] if self.tokens else ""

    def _next(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise BadTeX(f"The formula {self.tex!r} wants {wanted or 'something more'!r} where {token or 'the end'!r} comes.")
        return self.tokens.pop(0)

    def _opens(self) -> bool:
        """After a function, whether a bracket, a space, a script or nothing comes, so that no gap is needed."""
        token = self._peek()
        return (
            not token
            or token in ("(", "[", "}", "&", ",", ")", "]")
            or token.startswith("\\")
            and token[1:] in {*SIZES, *SPACES, "left", "{", "\\", "tag"}
        )

    def _argument(self) -> str:
        """What stands in braces, or the one token that stands there: both arguments of \\frac12."""
        if self._peek() == "{":
            self._next()
            row = self.row()
            self._next("}")
            return row
        if self._peek().isdigit() and len(self._peek()) > 1:
            self.tokens[0:1] = list(self._peek())
        return self._atom("open")[0]

    def _raw(self) -> str:
        """The text in braces as it is, braces within it included."""
        self._next("{")
        text, depth = "", 1
        while self.tokens:
            token = self.tokens.pop(0)
            depth += (token == "{") - (token == "}")
            if not depth:
                return text
            text += token
        raise BadTeX(f"The formula {self.tex!r} ends before its brace is closed.")

    def _scripts(self, base: str, kind: str, under: bool = False) -> tuple[str, str]:
        """The base with the ^, _ and ' that follow it."""
        if kind.endswith("limits"):
            kind, under = kind.split()[0], True
        low = high = ""
        while (mark := self._peek()) in ("^", "_", "'") and mark:
            self._next()
            if mark == "_":
                low = self._argument()
            elif mark == "^":
                high += self._argument()
            else:
                high += "<mo>′</mo>"
        high = f"<mrow>{high}</mrow>" if high.count("<m") > 1 else high
        if not low and not high:
            return base, kind
        if "minsize" in base:
            base = f"<mrow>{base}<mi></mi></mrow>"  # no longer an operator by itself, or the script would shrink it
        name = ("munder", "mover", "munderover") if under else ("msub", "msup", "msubsup")
        name = name[2] if low and high else name[0] if low else name[1]
        return f"<{name}>{base}{low}{high}</{name}>", kind

    def _atom(self, before: str) -> tuple[str, str]:
        token = self._next()
        if token == "{":
            self.tokens.insert(0, "{")
            return self._argument(), "ord"
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>", "ord"
        if token.isalpha():
            return f"<mi>{token}</mi>", "ord"
        if token in "([":
            return _fence(token), "open"
        if token in ")]":
            return _fence(token), "close"
        if token in "+-*":
            sign = ' form="prefix"' if before in ("open", "rel", "bin", "punct", "op") else ' form="infix"'
            return f"<mo{sign}>{token.replace('-', '−').replace('*', '∗')}</mo>", "bin"
        if token in "=:" and self._peek() in ("=", ":"):
            token += self._next()  # defined as
        if token in ("=", "<", ">", ":", ":=", "=:"):
            return f"<mo>{escape(token)}</mo>", "rel"
        if token in ",;":
            return f'<mo separator="true" lspace="0" rspace="0.167em">{token}</mo>', "punct"
        if token in "|/.!~":
            return (_fence(token), "ord") if token != "~" else (_gap("0.25em"), "space")
        if token in "^_'":
            self.tokens.insert(0, token)
            return "<mrow></mrow>", "ord"
        if ord(token) > 127:
            return f"<mo>{token}</mo>", "ord"
        raise BadTeX(f"The formula {self.tex!r} holds {token!r}, which does not belong there.")

    def _command(self, name: str) -> tuple[str, str]:
        if name in LETTERS:
            return f"<mi>{LETTERS[name]}</mi>", "ord"
        if name in UPRIGHT:
            return f'<mi mathvariant="normal">{escape(UPRIGHT[name])}</mi>', "ord"
        if name in RELATIONS:
            return f'<mo stretchy="false" lspace="0.278em" rspace="0.278em">{RELATIONS[name]}</mo>', "rel"
        if name in BINARY:
            return f"<mo>{BINARY[name]}</mo>", "bin"
        if name in SUMS:
            return f'<mo lspace="0" rspace="0">{SUMS[name]}</mo>', "op limits"
        if name == "int":
            return '<mo lspace="0" rspace="0">∫</mo>', "op"
        if name in FUNCTIONS:
            return f"<mi>{name}</mi>", "op"
        if name in WITH_LIMITS:
            return f'<mo movablelimits="true" lspace="0" rspace="0">{name.replace("arg", "arg ")}</mo>', "op limits"
        if name in SPACES:
            return _gap(SPACES[name]), "space"
        if name in DELIMITERS:
            return _fence(DELIMITERS[name]), {"{": "open", "}": "close", "⟨": "open", "⟩": "close"}.get(DELIMITERS[name], "ord")
        if name in SIZES:
            mark = self._delimiter()
            return _fence(mark, SIZES[name]), "open" if mark in "([{⟨" else "close" if mark in ")]}⟩" else "ord"
        if name in ACCENTS:
            wide = "true" if name.startswith(("wide", "over")) else "false"
            return f'<mover accent="true">{self._argument()}<mo stretchy="{wide}">{ACCENTS[name]}</mo></mover>', "ord"
        if name in FONTS or name in ("mathrm", "operatorname", "mathit"):
            return self._font(name)
        if name in ("text", "textrm", "mbox"):
            return f"<mtext>{self._text()}</mtext>", "ord"
        return self._structure(name)

    def _structure(self, name: str) -> tuple[str, str]:
        if name in ("frac", "dfrac", "tfrac"):
            fraction = f"<mfrac>{self._argument()}{self._argument()}</mfrac>"
            styles = {"tfrac": "false", "dfrac": "true"}
            return (f'<mstyle displaystyle="{styles[name]}" scriptlevel="0">{fraction}</mstyle>' if name in styles else fraction), "ord"
        if name == "sqrt":
            return f"<msqrt>{self._argument()}</msqrt>", "ord"
        if name == "boxed":
            return f'<mrow class="boxed">{self._argument()}</mrow>', "ord"
        if name in ("underbrace", "overbrace"):
            tag, mark = ("munder", "_") if name == "underbrace" else ("mover", "^")
            braced = f'<mrow class="{name}">{self._argument()}</mrow>'
            if self._peek() == mark:
                self._next()
                braced = f"<{tag}>{braced}{self._argument()}</{tag}>"
            return braced, "ord"
        if name == "left":
            left = self._delimiter()
            inside = self.row(stop=("\\right",))
            self._next("\\right")
            return f"<mrow>{_fence(left, stretchy=True)}{inside}{_fence(self._delimiter(), stretchy=True)}</mrow>", "ord"
        if name == "begin":
            return self._table(self._raw()), "ord"
        if name == "tag":
            self.tag = self._raw()
            return "", "space"
        raise BadTeX(
            f"The formula {self.tex!r} uses \\{name}, which tools/mathml.py does not know: add it to its tables, or write it otherwise."
        )

    def _delimiter(self) -> str:
        """The bracket after \\big, \\left, \\right; a dot stands for none."""
        token = self._next()
        mark = DELIMITERS.get(token[1:], "") if token.startswith("\\") else "" if token == "." else token
        if not mark and token != ".":
            raise BadTeX(f"The formula {self.tex!r} wants a bracket where {token!r} comes.")
        return mark

    def _font(self, name: str) -> tuple[str, str]:
        letters = self._raw().strip() if self._peek() == "{" else self._next()
        if name in ("mathrm", "operatorname"):
            upright = ' mathvariant="normal"' if len(letters) == 1 else ""
            return f"<mi{upright}>{escape(letters.replace(chr(92) + ',', ' '))}</mi>", "op" if name == "operatorname" else "ord"
        letters = LETTERS.get(letters[1:], letters)
        if name != "mathit" and letters.isascii():
            start, older = FONTS[name], OLDER.get(name, {})
            letters = "".join(older.get(c) or (chr(start + ord(c) - (65 if c.isupper() else 71)) if c.isalpha() else c) for c in letters)
        return f"<mi>{escape(letters)}</mi>", "ord"

    def _text(self) -> str:
        """Plain words; spaces at either end are kept, as TeX keeps them."""
        text = self._raw()
        if "\\" in text or "$" in text:
            raise BadTeX(f"The formula {self.tex!r} has a command inside \\text: close the brace before it.")
        return escape(re.sub(r"^ | $", "\u00a0", text))

    def _table(self, name: str) -> str:
        if name not in ENVIRONMENTS:
            raise BadTeX(f"The formula {self.tex!r} uses the environment {name}; known are {', '.join(ENVIRONMENTS)}.")
        outer_tag, rows, sides = self.tag, [[]], ENVIRONMENTS[name]
        numbers = [""]
        while True:
            self.tag = ""
            rows[-1].append(self.row(stop=("&", "\\\\", "\\end")))
            numbers[-1] = self.tag or numbers[-1]
            end = self._next()
            if end == "\\end":
                break
            if end == "\\\\":
                rows.append([])
                numbers.append("")
        self._raw()
        self.tag = outer_tag
        columns = max(map(len, rows))
        lines = ""
        for cells, number in zip(rows, numbers, strict=True):
            cells += ["<mrow></mrow>"] * (columns - len(cells))
            line = "".join(
                f'<mtd class="{sides[k % len(sides)]}{" reason" if name.startswith("align") and k == 3 else ""}">{cell}</mtd>'
                for k, cell in enumerate(cells)
            )
            if any(numbers):
                line += f'<mtd class="number"><mtext>{f"({escape(number)})" if number else ""}</mtext></mtd>'
            lines += f"<mtr>{line}</mtr>"
        style = ' displaystyle="true"' if name.startswith(("align", "gather")) else ""
        left, right = FENCES.get(name, ("", ""))
        return f"<mrow>{_fence(left, stretchy=True)}<mtable{style}>{lines}</mtable>{_fence(right, stretchy=True)}</mrow>"


def _gap(width: str = "0.167em") -> str:
    return f'<mspace width="{width}"></mspace>'


def _fence(mark: str, size: float = 0, stretchy: bool = False) -> str:
    """A bracket or bar without gaps: as high as the text, of `size` em, or (stretchy) as high as its row."""
    if not mark:
        return ""
    height = f' minsize="{size}em" maxsize="{size}em"' if size else ""
    return f'<mo stretchy="{"true" if size or stretchy else "false"}"{height} lspace="0" rspace="0">{escape(mark)}</mo>'

r"""TeX as the notebooks write it → MathML, which browsers show by themselves: a page needs no MathJax, no font file and no script.

`convert(r"\log p(x) \ge \mathbb E_q[\log w] \tag{3.9}", display=True)`. A command that is not in the tables of tex.py raises BadTeX, which
names it. Only elements of MathML Core (w3.org/TR/mathml-core) are written; `widgets/kit/page.css` places the numbers of \tag, and
draws the box of \boxed and the brace of \underbrace, for which not every font has pieces.

latex2mathml 3.81 was tried first: on our formulas it loses \mathcal N and \mathbb E without braces, \big\| and \arg, numbers the rows of
align a second time, and writes \boxed as an element that Chromium does not draw.
"""

import re
from html import escape

from tex import ACCENTS, DELIMITERS, ENVIRONMENTS, FONTS, LETTERS, OLDER, SIDES, SIZES, SPACES, SYMBOLS, fence, gap, table

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


class BadTeX(ValueError):
    """The formula holds something that the tables of tex.py lack; the message names it."""


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
                part = (gap() if before in ("ord", "close") else "") + part + ("" if self._opens() else gap())
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
        return token in ("", *"([}&,)]") or (token[0] == "\\" and token[1:] in {*SIZES, *SPACES, "left", "{", "\\", "tag"})

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
        while self._peek() in ("^", "_", "'"):
            mark = self._next()
            low = self._argument() if mark == "_" else low
            high += self._argument() if mark == "^" else "<mo>′</mo>" if mark == "'" else ""
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
        if token in SIDES:
            return fence(token), SIDES[token]
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
            return (fence(token), "ord") if token != "~" else (gap("0.25em"), "space")
        if token in "^_'":
            self.tokens.insert(0, token)
            return "<mrow></mrow>", "ord"
        if ord(token) > 127:
            return f"<mo>{token}</mo>", "ord"
        raise BadTeX(f"The formula {self.tex!r} holds {token!r}, which does not belong there.")

    def _command(self, name: str) -> tuple[str, str]:
        if name in SYMBOLS:
            return SYMBOLS[name]
        if name in SPACES:
            return gap(SPACES[name]), "space"
        if name in DELIMITERS:
            return fence(DELIMITERS[name]), SIDES.get(DELIMITERS[name], "ord")
        if name in SIZES:
            mark = self._delimiter()
            return fence(mark, SIZES[name]), SIDES.get(mark, "ord")
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
            return f"<mrow>{fence(left, stretchy=True)}{inside}{fence(self._delimiter(), stretchy=True)}</mrow>", "ord"
        if name == "begin":
            return self._table(self._raw()), "ord"
        if name == "tag":
            self.tag = self._raw()
            return "", "space"
        raise BadTeX(
            f"The formula {self.tex!r} uses \\{name}, which tools/mathml.py does not know: add it to tools/tex.py, or write it otherwise."
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
        outer_tag, rows, numbers = self.tag, [[]], [""]
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
        return table(name, rows, numbers)

"""Matrix notation as text and as LaTeX, from the tree in `notation.terms`."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Any

from ..core.expressions import Expr
from ..core.numbers import Number
from ..errors import ExportError
from ..rewrite import simplify
from .functions import latex_name
from .index import to_index
from .terms import Term, matrix_term

__all__ = ["to_latex", "to_matrix", "to_text"]

_LEVEL = {"add": 1, "had": 2, "kron": 2, "scalars": 2, "mul": 3, "power": 4, "pow": 4, "T": 5}


class _Writer:
    """Writes a tree; subclasses choose the signs."""

    latex = False

    def write(self, term: Term) -> str:
        """The text of a tree."""
        method = getattr(self, f"_{term.op}", None)
        if method is None:
            raise ExportError(f"no notation for {term.op!r}")
        text: str = method(term)
        return text

    def inside(self, term: Term, level: float) -> str:
        """The text with brackets where it binds more weakly than `level`."""
        text = self.write(term)
        weak = _LEVEL.get(term.op, 9) < level
        if term.op == "add" and len(term.args) == 1 and level <= 2:
            weak = str(term.data[0]).startswith("-")
        return self.bracket(text) if weak else text

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def _name(self, term: Term) -> str:
        return _latex_name(term.text) if self.latex else term.text

    def _T(self, term: Term) -> str:
        inner = term.args[0]
        if self.latex and inner.op == "call" and inner.text == "inv":
            return rf"{self.inside(inner.args[0], 6)}^{{-\top}}"
        text = self.inside(inner, 6)
        return rf"{text}^{{\top}}" if self.latex else f"{text}ᵀ"

    def _mul(self, term: Term) -> str:
        return self.join([self.inside(part, 4 if part.op in ("power", "pow") else 3.5) for part in term.args])

    def join(self, parts: list[str]) -> str:
        """Factors side by side, with a space where two names would run together."""
        if self.latex:
            return " ".join(parts)
        text = ""
        for part in parts:
            gap = text and re.match(r"[\w(]", part) and re.search(r"\w$", text) and not text.endswith("ᵀ")
            text += (" " if gap else "") + part
        return text

    def _had(self, term: Term) -> str:
        sign = r" \circ " if self.latex else "∘"
        return sign.join(self.inside(part, 4) for part in term.args)

    def _kron(self, term: Term) -> str:
        sign = r" \otimes " if self.latex else "⊗"
        return sign.join(self.inside(part, 4) for part in term.args)

    def _scalars(self, term: Term) -> str:
        above = [part for part in term.args if not _is_reciprocal(part)]
        below = [_inverted(part) for part in term.args if _is_reciprocal(part)]
        texts = [
            self.write(p) if p.op in ("name", "call", "tr", "sum", "Diag") else self.bracket(self.write(p))
            for p in above[:-1]
        ]
        if above:
            last = above[-1]
            texts.append(self.inside(last, 2 if len(above) == 1 and not below else 3.5))
        text = self.join(texts) if texts else "1"
        for part in below:
            if self.latex:
                text = rf"\frac{{{text}}}{{{self.write(part)}}}"
            else:
                text += "/" + self.inside(part, 4 if part.op == "power" else 3.5)
        return text

    def _add(self, term: Term) -> str:
        text = ""
        for number, part in zip(term.data, term.args, strict=True):
            negative = not isinstance(number, complex) and number < 0
            sign = ("-" if self.latex or not text else "−") if negative else "+"
            body = self._scaled(-number if negative else number, part)
            if text:
                text += f" {sign} {body}"
            else:
                text = ("-" if negative else "") + body
        return text.replace("-", "−", 1) if text.startswith("-") and not self.latex else text

    def _scaled(self, number: Number, part: Term) -> str:
        if number == 1:
            return self.inside(part, 2)
        head = self.number(number)
        if part.op == "number":
            return head
        body = self.inside(part, 2 if part.op == "scalars" else 2.5)
        if body.startswith("1/") or re.match(r"[\d]", body):
            return f"{head}*{body}" if not self.latex else rf"{head} \cdot {body}"
        gap = " " if self.latex or re.search(r"/", head) or "." in head else ""
        return head + gap + body

    def number(self, number: Number) -> str:
        """A coefficient."""
        if isinstance(number, Fraction):
            if self.latex:
                return rf"\tfrac{{{number.numerator}}}{{{number.denominator}}}"
            decimal = f"{float(number):.4g}"
            return decimal if Fraction(decimal) == number else f"{number.numerator}/{number.denominator}"
        return f"({number})" if isinstance(number, complex) else repr(number)

    def _number(self, term: Term) -> str:
        return self.number(term.data)

    def _call(self, term: Term) -> str:
        args = ", ".join(self.write(part) for part in term.args)
        if term.text.startswith("logsoftmax"):
            rest = term.text.removeprefix("log")
            inner = f"{rest}({args})"
            return rf"\log\left(\operatorname{{{rest}}}\left({args}\right)\right)" if self.latex else f"log({inner})"
        if self.latex and term.text == "inv":
            return f"{self.inside(term.args[0], 6)}^{{-1}}"
        if self.latex and term.text == "conj":
            return rf"\overline{{{args}}}"
        return rf"{latex_name(term.text)}\left({args}\right)" if self.latex else f"{term.text}({args})"

    def _unary(self, name: str, term: Term) -> str:
        inner = self.write(term.args[0])
        return rf"\operatorname{{{name}}}\left({inner}\right)" if self.latex else f"{name}({inner})"

    def _Diag(self, term: Term) -> str:
        return self._unary("Diag", term)

    def _diag(self, term: Term) -> str:
        return self._unary("diag", term)

    def _tr(self, term: Term) -> str:
        return self._unary("tr", term)

    def _sum(self, term: Term) -> str:
        return self._unary("sum", term)

    def _eye(self, term: Term) -> str:
        return f"I_{{{term.data}}}" if self.latex or "*" in str(term.data) else f"I_{term.data}"

    def _ones(self, term: Term) -> str:
        if self.latex:
            return rf"\mathbf{{1}}_{{{term.data}}}"
        return f"𝟏_{{{term.data}}}" if "*" in str(term.data) else f"𝟏_{term.data}"

    def _zero(self, term: Term) -> str:
        return "0"

    def _power(self, term: Term) -> str:
        exponent, scalar = term.data
        base = term.args[0]
        norm = _norm(base) if scalar else None
        if norm is not None and exponent * 2 == int(exponent * 2):
            base, exponent = Term("call", (norm,), text="norm2"), exponent * 2
            if self.latex:
                base = Term("verbatim", (norm,))
        if exponent == 1:
            return self.write(base)
        if exponent == Fraction(1, 2):
            inner = self.write(base)
            return rf"\sqrt{{{inner}}}" if self.latex else f"sqrt({inner})"
        shown = str(exponent) if not isinstance(exponent, Fraction) or exponent.denominator == 1 else f"({exponent})"
        if self.latex:
            circ = "" if scalar else r"\circ "
            return f"{self.inside(base, 6)}^{{{circ}{exponent}}}"
        if not scalar and exponent == -1:
            return f"1./{self.inside(base, 4)}"
        return f"{self.inside(base, 6)}{'^' if scalar else '.^'}{shown if not shown.startswith('-') else f'({shown})'}"

    def _pow(self, term: Term) -> str:
        base, exponent = (self.inside(part, 6) for part in term.args)
        if self.latex:
            return f"{base}^{{{exponent}}}"
        return f"{base}{'^' if term.data else '.^'}{self.bracket(self.write(term.args[1]))}"

    def _verbatim(self, term: Term) -> str:
        return rf"\lVert {self.write(term.args[0])} \rVert"


def _is_reciprocal(term: Term) -> bool:
    return term.op == "power" and term.data[1] and not isinstance(term.data[0], complex) and term.data[0] < 0


def _inverted(term: Term) -> Term:
    """1/term, for a power with a negative exponent."""
    exponent = -term.data[0]
    return term.args[0] if exponent == 1 else Term("power", term.args, data=(exponent, True))


def _norm(base: Term) -> Term | None:
    """x where the term is xᵀx, X where it is tr(XᵀX)."""
    inner = base.args[0] if base.op == "tr" and base.args[0].op == "mul" else base
    if inner.op == "mul" and len(inner.args) == 2:
        first, second = inner.args
        if first == Term("T", (second,)):
            return second
    return None


class _Latex(_Writer):
    latex = True


_GREEK = {
    letter: unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ").lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
}


def _latex_name(name: str) -> str:
    head, _, tail = name.partition("_")
    match = re.fullmatch(r"(\D+?)(\d+)", head)
    if match and not tail:
        head, tail = match.groups()
    word = "\\" + _GREEK[head] if head in _GREEK else head if len(head) == 1 else rf"\mathrm{{{head}}}"
    tail = tail.replace("_", r"\_")
    return f"{word}_{{{tail}}}" if tail else word


def to_matrix(expr: Expr) -> str:
    """The matrix notation of the reading form, which `tensordiag.parse` reads back.

    Raises `ExportError` for results of order above 2 and networks that are no chains of matrix products.
    """
    return _Writer().write(matrix_term(simplify(expr)))


def to_latex(expr: Expr) -> str:
    """The matrix notation as LaTeX (amsmath); the index notation where there is none."""
    try:
        return _Latex().write(matrix_term(simplify(expr)))
    except ExportError:
        return to_index(expr, latex=True)


def to_text(expr: Expr) -> str:
    """What `str` shows: matrix notation, else index notation; for very large expressions a summary."""
    if _size(expr) > _MOST_SHOWN:
        return repr(expr)
    try:
        return to_matrix(expr)
    except ExportError:
        return to_index(expr)


_MOST_SHOWN = 400


def _size(expr: Expr) -> int:
    from ..core.expressions import walk

    count: Any = 0
    for count, _ in enumerate(walk(expr)):
        if count > _MOST_SHOWN:
            break
    return int(count)

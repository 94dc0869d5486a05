"""Matrix notation as text, which `parse` reads back, from the tree in `notation.terms`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from ..core.expressions import Expr
from ..core.numbers import Number, as_number
from ..errors import ExportError
from .decimals import PI, ClosedForm, closed_form
from .kronecker import kronecker_term
from .reading import reading_form
from .reduction import matrix_term
from .terms import Term, inverted, is_reciprocal, runs, transposed

__all__ = ["Writer", "to_kronecker", "to_matrix"]

_LEVEL = {"add": 1, "had": 2, "kron": 2, "scalars": 2, "mul": 3, "power": 4, "pow": 4, "mpower": 4, "T": 5}


def level(term: Term) -> float:
    """How strongly the outermost sign of a term binds; brackets stand where it must bind more strongly."""
    if is_reciprocal(term) or (term.op == "number" and ("/" in decimal(term.data) or _is_closed(term.data))):
        return 2
    if term.op == "mul" and (len(runs(term.args)) == 1 or _is_square(term)):
        return 4
    return _LEVEL.get(term.op, 9)


def decimal(number: Number) -> str:
    """A number as text: a short exact decimal, else a fraction."""
    if isinstance(number, Fraction):
        short = f"{float(number):.4g}"
        exact = Fraction(short) == number and number.denominator > 1
        return short if exact else str(number)
    return f"({number})" if isinstance(number, complex) else repr(number)


def _is_closed(number: Number) -> bool:
    return isinstance(number, float) and closed_form(abs(number)) is not None


def split_number(number: Number, split: bool) -> tuple[Number, int]:
    """(numerator, denominator) of a coefficient; the denominator is 1 where it is written with the number."""
    if isinstance(number, Fraction) and ((split and number.denominator < 10) or "/" in decimal(number)):
        return number.numerator, number.denominator
    return number, 1


class Writer:
    """Writes a tree as text; the LaTeX writer replaces the signs.  `names` are those of the tensors."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)

    def write(self, term: Term) -> str:
        """The text of a tree."""
        method = getattr(self, f"_{term.op}", None)
        if method is None:
            raise ExportError(f"no notation for {term.op!r}")
        text: str = method(term)
        return text

    def inside(self, term: Term, least: float) -> str:
        """The text with brackets where it binds more weakly than `least`."""
        text = self.write(term)
        weak = level(term) < least
        if term.op == "add" and len(term.args) == 1 and least <= 2:
            weak = isinstance(term.data[0], complex) or term.data[0] < 0
        return self.bracket(text) if weak else text

    def bracket(self, text: str) -> str:
        return f"({text})"

    # -- products ----------------------------------------------------------------------------------

    def _mul(self, term: Term) -> str:
        if _is_square(term):
            return self.raised(self.norm(term.args[1]), "2", True)
        parts = runs(term.args)
        if len(parts) == 1:
            return self.write(parts[0])
        return self.join([self.inside(part, 3.5) for part in parts])

    def join(self, parts: list[str]) -> str:
        """Factors side by side, with a space where two names would run together, a sign before a number."""
        text = ""
        for part in parts:
            if text and re.match("[0-9]", part):
                text += f"*{part}"
                continue
            gap = text and re.match(r"[\w(]", part) and re.search(r"\w$", text) and not text.endswith("ᵀ")
            text += (" " if gap else "") + part
        return text

    def _had(self, term: Term) -> str:
        return self.entrywise(1, term.args)

    def entrywise(self, number: Number, factors: tuple[Term, ...]) -> str:
        """number∘a∘b./(c∘d)."""
        above = [self.inside(part, 3.5 if part.op == "power" else 4) for part in factors if not is_reciprocal(part)]
        below = [inverted(part) for part in factors if is_reciprocal(part)]
        text = "∘".join(above)
        if number != 1 or not above:
            text = self.number(number) + (f" ({text})" if above else "")
        if not below:
            return text
        if len(below) == 1:
            return f"{text}./{self.inside(below[0], 4)}"
        return f"{text}./({self.entrywise(1, tuple(below))})"

    def _kron(self, term: Term) -> str:
        return "⊗".join(self.inside(part, 4) for part in term.args)

    def _scalars(self, term: Term) -> str:
        return self.scaled(1, term)

    def scaled(self, number: Number, part: Term, split: bool = False) -> str:
        """A number, which is not negative, times a term; with `split` the term stands above its denominator."""
        if part.op == "number" and part.data == 1:
            return self.number(number)
        if part.op in ("had", "power") and _is_entrywise_quotient(part):
            return self.entrywise(number, part.args if part.op == "had" else (part,))
        factors = part.args if part.op == "scalars" else (part,)
        below = [inverted(factor) for factor in factors if _is_scalar_reciprocal(factor)]
        above = [factor for factor in factors if not _is_scalar_reciprocal(factor)]
        closed = self.closed(number)
        if closed is not None:
            number, above, below = as_number(closed.ratio), [*closed.above, *above], [*closed.below, *below]
        top, bottom = split_number(number, split or closed is not None or bool(below))
        return self.quotient(top, above, bottom, below)

    def closed(self, number: Number) -> ClosedForm | None:
        """A float as a fraction with roots and π, where it is one and no tensor has that name."""
        return closed_form(number) if isinstance(number, float) and PI not in self.names else None

    def quotient(self, top: Number, above: list[Term], bottom: int, below: list[Term]) -> str:
        """top·above/(bottom·below)."""
        text = self.product(top, above)
        if not below:
            return text if bottom == 1 else f"{text}/{bottom}"
        single = bottom == 1 and len(below) == 1
        under = self.inside(below[0], 3.5) if single else self.bracket(self.product(bottom, below))
        return f"{text}/{under}"

    def product(self, number: Number, factors: list[Term]) -> str:
        """A number and scalars before at most one term with legs."""
        if not factors:
            return self.number(number)
        last = 2 if number == 1 and len(factors) == 1 else 2.5
        texts = [self.inside(factor, 4 if factor.op != "power" else 3.5) for factor in factors[:-1]]
        texts.append(self.inside(factors[-1], last))
        if number == 1:
            return self.join(texts)
        head = self.number(number)
        body = self.join(texts)
        gap = (
            "*"
            if re.match(r"[0-9]", body)
            else " "
            if re.search(r"[/.e]", head) or re.match(r"[eE][0-9]", body)
            else ""
        )
        return head + gap + body

    def _add(self, term: Term) -> str:
        text = ""
        split = len(term.args) > 1 and any("/" in decimal(number) for number in term.data)  # x/6 + y/2, no 0.5 y
        for number, part in zip(term.data, term.args, strict=True):
            negative = not isinstance(number, complex) and number < 0
            body = self.scaled(-number if negative else number, part, split)
            if part.op == "add" and number == 1:
                body = self.bracket(body)
            if text:
                text += f" {self.minus if negative else '+'} {body}"
            else:
                text = (self.minus if negative else "") + body
        return text

    minus = "−"

    # -- leaves and functions ----------------------------------------------------------------------

    def number(self, number: Number) -> str:
        """A coefficient."""
        closed = self.closed(number)
        if closed is None:
            return self.plain(number)
        top, bottom = split_number(as_number(closed.ratio), True)
        return self.quotient(top, list(closed.above), bottom, list(closed.below))

    def plain(self, number: Number) -> str:
        """A number in digits."""
        return decimal(number)

    def _number(self, term: Term) -> str:
        return self.number(term.data)

    def _name(self, term: Term) -> str:
        return term.text

    def _T(self, term: Term) -> str:
        return f"{self.inside(term.args[0], 6)}ᵀ"

    def _call(self, term: Term) -> str:
        args = ", ".join(self.write(part) for part in term.args)
        if term.text.startswith("logsoftmax"):
            return f"log({term.text.removeprefix('log')}({args}))"
        return self.call(term.text, args)

    def call(self, name: str, args: str) -> str:
        """A function of arguments."""
        return f"{name}({args})"

    def _Diag(self, term: Term) -> str:
        return self.call("Diag", self.write(term.args[0]))

    def _diag(self, term: Term) -> str:
        return self.call("diag", self.write(term.args[0]))

    def _tr(self, term: Term) -> str:
        norm = norm_of(term)
        if norm is not None and norm.op == "add":
            return self.raised(self.norm(norm), "2", True)
        return self.call("tr", self.write(term.args[0]))

    def _sum(self, term: Term) -> str:
        return self.call("sum", self.write(term.args[0]))

    def _eye(self, term: Term) -> str:
        bare = str(term.data).isalnum() and f"I_{term.data}" not in self.names
        return f"I_{term.data}" if bare else f"I_{{{term.data}}}"

    def _ones(self, term: Term) -> str:
        return f"𝟏_{{{term.data}}}" if not str(term.data).isalnum() else f"𝟏_{term.data}"

    def _zero(self, term: Term) -> str:
        return "0"

    # -- powers ------------------------------------------------------------------------------------

    def _power(self, term: Term) -> str:
        exponent, scalar = term.data
        if is_reciprocal(term):
            return self.quotient(1, [], 1, [inverted(term)]) if scalar else self.entrywise(1, (term,))
        base = term.args[0]
        norm = norm_of(base) if scalar else None
        if norm is not None and isinstance(exponent, Fraction) and exponent.denominator == 2:
            text, exponent = self.norm(norm), exponent * 2
            return text if exponent == 1 else self.raised(text, self.plain(exponent), scalar)
        if exponent == 1:
            return self.write(base)
        if exponent == Fraction(1, 2):
            return self.root(self.write(base))
        return self.raised(self.inside(base, 6), self.plain(exponent), scalar)

    def norm(self, term: Term) -> str:
        """The Euclidean or Frobenius norm."""
        return self.call("norm2", self.write(term))

    def root(self, text: str) -> str:
        """The square root."""
        return self.call("sqrt", text)

    def raised(self, base: str, exponent: str, scalar: bool) -> str:
        """A power, elementwise unless of a scalar."""
        if not re.fullmatch(r"\w+|\d+\.\d+", exponent):
            exponent = f"({exponent})"
        return f"{base}{'^' if scalar else '.^'}{exponent}"

    def _pow(self, term: Term) -> str:
        base, exponent = term.args
        text = self.write(exponent)
        bare = exponent.op in ("name", "call", "number") and level(exponent) > 2
        shown = text if bare else self.bracket(text)
        return f"{self.inside(base, 6)}{'^' if term.data else '.^'}{shown}"

    def _mpower(self, term: Term) -> str:
        return self.raised(self.inside(term.args[0], 6), str(term.data), True)


def _is_scalar_reciprocal(term: Term) -> bool:
    return is_reciprocal(term) and bool(term.data[1])


def _is_entrywise_quotient(term: Term) -> bool:
    """Whether a number would be written in its numerator."""
    factors = term.args if term.op == "had" else (term,)
    return all(is_reciprocal(factor) and not factor.data[1] for factor in factors)


def _is_square(term: Term) -> bool:
    """Whether a product, known to be a scalar, is written as the square of a norm: XᵀX of a matrix is none."""
    norm = norm_of(term) if term.data == "scalar" else None
    return norm is not None and norm.op == "add"


def norm_of(base: Term) -> Term | None:
    """x where the term is xᵀx, X where it is tr(XᵀX)."""
    inner = base.args[0] if base.op == "tr" and base.args[0].op == "mul" else base
    if inner.op == "mul" and len(inner.args) == 2:
        first, second = inner.args
        if first == transposed(second):
            return second
    return None


def to_matrix(expr: Expr) -> str:
    """The matrix notation of the reading form, which `tensordiag.parse` reads back with the same value.

    (Reading back needs tensors with names of the language, and real coefficients.)

    Raises `ExportError` for results of order above 2 and networks that are no chains of matrix products.

    >>> import tensordiag as td
    >>> to_matrix(td.grad(td.parse("y'*inv(X)*y"), "X"))
    '−inv(X)ᵀy yᵀinv(X)ᵀ'
    """
    return Writer(tensor.name for tensor in expr.tensors).write(matrix_term(reading_form(expr)))


def to_kronecker(expr: Expr, rows: int | None = None) -> str:
    """A result of order 3 or 4, read as a matrix in row-major order, as a sum of Kronecker products.

    The first `rows` legs count the rows, the others the columns: of order 4 two and two.  `tensordiag.parse` reads the
    text back as the reshaped expression.  Raises `ExportError` where there is no such form (a transposed factor, as
    in the derivative of Xᵀ, needs a commutation matrix: then use `.index()`), `OrderError` for other orders.

    >>> import tensordiag as td
    >>> A, X, B = td.tensors("A[m,n] X[n,p] B[p,q]")
    >>> to_kronecker(td.diff(A @ X @ B, X))
    'A⊗Bᵀ'
    """
    return Writer(tensor.name for tensor in expr.tensors).write(kronecker_term(expr, rows))

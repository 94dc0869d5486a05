"""Matrix notation as a small tree: the operations of the notation, and the algebra that keeps it as people write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..core.numbers import Number

__all__ = ["Term", "hadamard", "is_reciprocal", "powers", "product", "scalar_product", "scaled", "total", "transposed"]


@dataclass(frozen=True, slots=True)
class Term:
    """A node of matrix notation: an operation, its arguments, and for leaves a text and marks."""

    op: str
    args: tuple[Term, ...] = ()
    text: str = ""
    data: Any = None
    symmetric: bool = False


def transposed(term: Term) -> Term:
    """The transpose, moved inwards as people write it."""
    if term.op == "T":
        return term.args[0]
    if term.symmetric or term.op in ("Diag", "eye", "number"):
        return term
    if term.op == "mul":
        return Term("mul", tuple(transposed(part) for part in reversed(term.args)))
    if term.op in ("had", "kron"):
        return Term(term.op, tuple(transposed(part) for part in term.args))
    return Term("T", (term,))


def product(*factors: Term) -> Term:
    """A matrix product, nested ones opened."""
    parts: list[Term] = []
    for factor in factors:
        parts.extend(factor.args if factor.op == "mul" else [factor])
    return parts[0] if len(parts) == 1 else Term("mul", tuple(parts))


def hadamard(factors: Sequence[Term]) -> Term:
    """An elementwise product."""
    parts = [part for factor in factors for part in (factor.args if factor.op == "had" else (factor,))]
    return parts[0] if len(parts) == 1 else Term("had", tuple(parts))


def scalar_product(scalars: Iterable[Term], core: Term | None) -> Term:
    """Scalars, then at most one term with legs."""
    factors = sorted(powers(scalars, scalar=True), key=lambda factor: (factor.op == "pow", factor.op == "add"))
    parts = [*factors, *([] if core is None else [core])]
    if not parts:
        return Term("number", data=1)
    return parts[0] if len(parts) == 1 else Term("scalars", tuple(parts))


def powers(factors: Iterable[Term], scalar: bool) -> list[Term]:
    """Equal commuting factors as powers; two equal names side by side stay x∘x."""
    count: dict[Term, int] = {}
    for factor in factors:
        count[factor] = count.get(factor, 0) + 1
    made: list[Term] = []
    for factor, times in count.items():
        plain = factor.op == "name" or (factor.op == "T" and factor.args[0].op == "name")
        if times == 1 or (times == 2 and plain and not scalar):
            made.extend([factor] * times)
        else:
            made.append(Term("power", (factor,), data=(Fraction(times), scalar)))
    return made


def scaled(number: Number, term: Term) -> Term:
    """A number times a term."""
    if term.op == "number" and term.data == 1 and not isinstance(number, complex) and number >= 0:
        return Term("number", data=number)
    return term if number == 1 else Term("add", (term,), data=(number,))


def total(parts: Sequence[tuple[Number, Term]], symmetric: bool = False) -> Term:
    """A sum, positive terms first."""
    parts = sorted(parts, key=lambda part: not isinstance(part[0], complex) and part[0] < 0)
    if len(parts) == 1:
        return scaled(*parts[0])
    if all(term.op == "Diag" for _, term in parts):
        return Term("Diag", (total([(c, term.args[0]) for c, term in parts]),))
    return Term("add", tuple(term for _, term in parts), data=tuple(c for c, _ in parts), symmetric=symmetric)


def is_reciprocal(term: Term) -> bool:
    """Whether a term is a power with a negative exponent."""
    return term.op == "power" and not isinstance(term.data[0], complex) and term.data[0] < 0


def inverted(term: Term) -> Term:
    """1/term, for a power with a negative exponent."""
    exponent, scalar = term.data
    return term.args[0] if exponent == -1 else Term("power", term.args, data=(-exponent, scalar))


def runs(factors: Sequence[Term]) -> list[Term]:
    """The factors of a matrix product with equal neighbours as powers: X X is X², Xᵀ Xᵀ is (X²)ᵀ."""
    block = _repeated_block(factors)
    if block is not None:
        return [Term("mpower", (Term("mul", tuple(block)),), data=len(factors) // len(block))]
    made: list[Term] = []
    position = 0
    while position < len(factors):
        factor = factors[position]
        times = 1
        while position + times < len(factors) and factors[position + times] == factor:
            times += 1
        position += times
        if times == 1:
            made.append(factor)
        elif factor.op == "T":
            made.append(Term("T", (Term("mpower", factor.args, data=times),)))
        else:
            made.append(Term("mpower", (factor,), data=times))
    return made


def _repeated_block(factors: Sequence[Term]) -> Sequence[Term] | None:
    """The block of several factors whose repetition the whole product is: A B A B is (A B)²."""
    if all(factor == factors[0] for factor in factors):
        return None
    for length in range(2, len(factors) // 2 + 1):
        if len(factors) % length == 0 and list(factors) == list(factors[:length]) * (len(factors) // length):
            return factors[:length]
    return None

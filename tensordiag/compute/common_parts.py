"""Functions of one array that have a dear part in common: a root, or the error function, computed once for all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from .forms import Change, opened, rebuilt
from .values import Term, Value, Values, below, is_apply

__all__ = ["with_common_parts"]

_HALF = Fraction(1, 2)
_LARGEST = 4


def with_common_parts(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with gelu(x) made of the erf that its derivative has, and half powers of one base of one root."""
    while (change := _change(values, below(roots))) is not None:  # what is made of changed values comes next
        after = opened(values, rebuilt(values, roots, change))
        if all(a is b for a, b in zip(after, roots, strict=True)):
            break
        roots = after
    return list(roots)


def _change(values: Values, everything: Sequence[Value]) -> Change | None:
    """What is done to each value; None where nothing is in common."""
    known = {value.number for value in everything if is_apply(value, "erf")}
    exponents: defaultdict[int, set[Any]] = defaultdict(set)
    for value in everything:
        if _is_half_power(value):
            exponents[value.operands[0].number].add(value.data[1][0])
    rooted = {number for number, found in exponents.items() if len(found) > 1}
    if not rooted and not (known and any(is_apply(value, "gelu") for value in everything)):
        return None

    def change(value: Value) -> Value:
        if _is_half_power(value) and value.operands[0].number in rooted:
            return _by_root(values, value.operands[0], value.data[1][0])
        if is_apply(value, "gelu"):
            x = value.operands[0]
            for part in _error_functions(values, x):
                if part.number in known:
                    return _product(values, Fraction(1, 2), [x, _product(values, 1, [part], 1)])
        return value

    return change


def _is_half_power(value: Value) -> bool:
    exponent = value.data[1][0] if is_apply(value, "power") else 0
    return isinstance(exponent, Fraction) and exponent.denominator == 2 and abs(exponent) < _LARGEST


def _product(values: Values, coefficient: Any, factors: Sequence[Value], constant: int = 0) -> Value:
    """coefficient · Π factor, entry by entry, plus a constant."""
    shape = factors[0].shape
    row, size = tuple(range(len(shape))), dict(enumerate(shape))
    terms = [Term(coefficient, tuple(factors), (row,) * len(factors), row, size)]
    if constant:
        terms.append(Term(constant, (), (), row, size))
    return values.poly(terms, shape)


def _error_functions(values: Values, x: Value) -> Iterator[Value]:
    """The forms that erf(x/√2) may have: of a sum, the factor may be part of its terms."""
    factor = math.sqrt(0.5)
    arguments = [_product(values, factor, [x])]
    if x.kind == "poly":
        arguments.append(values.poly([term.scaled(factor) for term in x.terms], x.shape))
    for argument in arguments:
        yield values.make("apply", ("erf", ()), (argument,), x.shape)


def _by_root(values: Values, base: Value, exponent: Fraction) -> Value:
    """A half power as whole powers of the base times its root, or one over that."""
    root = values.make("apply", ("power", (_HALF,)), (base,), base.shape)
    whole = _product(values, 1, [base] * int(abs(exponent) - _HALF) + [root])
    return whole if exponent > 0 else values.make("apply", ("power", (-1,)), (whole,), base.shape)

"""Exact coefficients: int and Fraction where possible, float and complex where not."""

from __future__ import annotations

import numbers
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Number", "as_number", "is_number"]

Number: TypeAlias = int | Fraction | float | complex

_LARGEST_DENOMINATOR = 1024


def is_number(value: object) -> bool:
    """Whether a value can be a coefficient."""
    return isinstance(value, numbers.Number) and not isinstance(value, bool)


def as_number(value: object) -> Number:
    """The one representative of a coefficient: `2.0` is `2`, `0.5` is `Fraction(1, 2)`.

    A float becomes exact only where that changes nothing: a binary fraction with a small denominator.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Rational):
        return as_number(Fraction(int(value.numerator), int(value.denominator)))
    if isinstance(value, numbers.Real):
        number = float(value)
        if number - number == 0.0 and abs(number) < 2**53:  # finite
            exact = Fraction(number)
            if exact.denominator <= _LARGEST_DENOMINATOR:
                return as_number(exact)
        return number
    if isinstance(value, numbers.Complex):
        number_ = complex(value)
        return as_number(number_.real) if number_.imag == 0 else number_
    raise TypeError(f"a coefficient is a number, not {value!r}")

"""Floats that are a fraction times roots and powers of π, such as the 2/sqrt(π) in the derivative of erf."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from .terms import Term, scaled

__all__ = ["PI", "ClosedForm", "closed_form"]

PI = "π"
_LARGEST = 64  # so few candidates that one meets an unrelated float once in 10^11
_ROUNDING = 1e-15
_RADICANDS = (1, 2, 3)
_HALF_POWERS = (0, -1, 1, -2, 2, -3, 3, -4, 4)


class ClosedForm(NamedTuple):
    """ratio·above/below, the latter two of at most one term."""

    ratio: Fraction
    above: tuple[Term, ...]
    below: tuple[Term, ...]


@cache
def closed_form(number: float) -> ClosedForm | None:
    """The form of a positive float, where it is one to the last digits; None of fractions and of other numbers."""
    if not 1e-6 < number < 1e6:
        return None
    best: tuple[int, int, int, Fraction] | None = None
    for half in _HALF_POWERS:
        for radicand in _RADICANDS:
            if half == 0 and radicand == 1:
                continue
            root = math.sqrt(radicand) ** (1 if half > 0 else -1)
            ratio = _ratio(number / (root * math.pi ** (half / 2)))
            if ratio is not None:
                size = ratio.numerator + ratio.denominator + abs(half)
                best = min(best or (size, half, radicand, ratio), (size, half, radicand, ratio))
    if best is None:
        return None
    _, half, radicand, ratio = best
    factors = _factors(abs(half), radicand)
    return ClosedForm(ratio, factors, ()) if half > 0 else ClosedForm(ratio, (), factors)


def _ratio(number: float) -> Fraction | None:
    """The small fraction that a float is, up to rounding."""
    ratio = Fraction(number).limit_denominator(_LARGEST)
    near = 0 < ratio.numerator <= _LARGEST and abs(float(ratio) / number - 1) < _ROUNDING
    return ratio if near else None


def _factors(half: int, radicand: int) -> tuple[Term, ...]:
    """π^(half/2)·sqrt(radicand) as terms."""
    pi = Term("name", text=PI)
    whole, odd = divmod(half, 2)
    power = [] if not whole else [pi] if whole == 1 else [Term("power", (pi,), data=(Fraction(whole), True))]
    under = scaled(radicand, pi) if odd else Term("number", data=radicand)
    root = [Term("power", (under,), data=(Fraction(1, 2), True))] if odd or radicand > 1 else []
    return (*power, *root)

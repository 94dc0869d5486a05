"""Sums of terms: what their outputs have in common, their common factor, their symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.numbers import Number, as_number
from .values import Term, Value

__all__ = ["Core", "common_factor", "core_places", "divided", "output_pattern", "sum_symmetry"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Core:
    """A term and the part of its output that is not the same pattern in all terms."""

    term: Term
    output: Indices

    @property
    def is_plain(self) -> bool:
        present = {i for row in self.term.rows for i in row}
        return not self.term.fixed and len(set(self.output)) == len(self.output) and present.issuperset(self.output)


def _representatives(terms: Sequence[Term]) -> list[int]:
    """For each output place the first one that carries the same index in all terms."""
    seen: dict[tuple[int, ...], int] = {}
    columns = list(zip(*(t.output for t in terms), strict=True))
    return [seen.setdefault(column, p) for p, column in enumerate(columns)]


def core_places(terms: Sequence[Term]) -> Indices:
    """The output places that a core needs: one of those tied in all terms, none of those that all terms repeat."""
    present = [{i for row in t.rows for i in row} | {i for i, _ in t.fixed} for t in terms]
    first = _representatives(terms)
    apart = sorted(set(first))

    def needed(place: int) -> bool:
        return any(
            t.output[place] in inside or sum(t.output[other] == t.output[place] for other in apart) > 1
            for t, inside in zip(terms, present, strict=True)
        )

    return tuple([place for place in apart if needed(place)])


def output_pattern(terms: Sequence[Term], places: Indices) -> tuple[int, ...]:
    """For each output place the core's axis that it repeats, or a negative label where it is broadcast."""
    axis = {p: k for k, p in enumerate(places)}
    return tuple([axis.get(p, -1 - p) for p in _representatives(terms)])


def common_factor(coefficients: Sequence[Number]) -> Number:
    """The factor that leaves the most coefficients 1 or −1."""
    if all(abs(c) == abs(coefficients[0]) for c in coefficients):
        positive = [c for c in coefficients if not isinstance(c, complex) and c > 0]
        return positive[0] if positive else coefficients[0]
    return 1


def divided(coefficient: Number, common: Number) -> Number:
    if coefficient == common:
        return 1
    return -1 if coefficient == -common else coefficient if common == 1 else as_number(coefficient / common)


def sum_symmetry(parts: Sequence[tuple[Value, Any]], shape: Indices) -> tuple[Indices, ...]:
    """(1, 0) where every term of a sum of matrices is symmetric or has its mirror in the sum."""
    if len(shape) != 2 or shape[0] != shape[1]:
        return ()
    listed = {(box.number, data) for box, data in parts}
    for box, (coefficient, row, pattern, fixed) in parts:
        mirrored = (box.number, (coefficient, tuple([1 - i for i in row]), pattern, fixed))
        symmetric = len(row) == 2 and (1, 0) in box.symmetry
        if pattern != (0, 1) or fixed or not (symmetric or mirrored in listed):
            return ()
    return ((1, 0),)

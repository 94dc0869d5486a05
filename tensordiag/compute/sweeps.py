"""Contraction trees: their values, and the environments of all their leaves by one sweep up and one down."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from ..core.numbers import Number
from .values import Value

__all__ = ["Tree", "along", "products_of_others", "swept"]

Indices = tuple[int, ...]
Tree: TypeAlias = Sequence[tuple[int, int, frozenset[int]]]


class Pairing(Protocol):
    """What makes products (`products.Planner`)."""

    def pair(self, a: tuple[Value, Indices], b: tuple[Value, Indices], kept: frozenset[int]) -> tuple[Value, Indices]:
        """The product of two values, summed over the indices that are not kept."""

    def reduced(self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int]) -> list[tuple[Value, Indices]]:
        """The operands with repeated indices taken as diagonals and lone indices summed."""


def along(
    planner: Pairing, leaves: Sequence[tuple[Value, Indices]], tree: Tree, cut: frozenset[int] = frozenset()
) -> list[tuple[Value, Indices]]:
    """All values of a tree, leaves first; `cut` are indices that the leaves have lost."""
    made = list(leaves)
    for a, b, legs in tree:
        made.append(planner.pair(made[a], made[b], legs - cut))
    return made


def swept(
    planner: Pairing,
    operands: Sequence[tuple[Value, Indices]],
    tree: Tree,
    outer: frozenset[int],
    cut: frozenset[int] = frozenset(),
) -> list[tuple[Value, Indices] | None]:
    """For every leaf of a tree the product of all others, and of the adjoint that may follow the leaves.

    One sweep up and one down; None stands for the number 1.
    """
    count = len(tree) + 1
    made = along(planner, operands[:count], tree, cut)
    cotangent: dict[int, tuple[Value, Indices] | None] = {len(made) - 1: operands[count] if operands[count:] else None}
    for number in range(len(tree) - 1, -1, -1):
        above = cotangent.pop(count + number)
        a, b, _ = tree[number]
        for mine, other in ((a, b), (b, a)):
            legs = (frozenset(made[mine][1]) | outer) - cut
            pieces = planner.reduced([made[other]] if above is None else [above, made[other]], legs)
            cotangent[mine] = pieces[0] if above is None else planner.pair(pieces[0], pieces[1], legs)
    return [cotangent[k] for k in range(count)]


def products_of_others(numbers: Sequence[Number]) -> list[Number]:
    """For every place the product of the numbers at all others.  Cost: linear."""
    before = list(itertools.accumulate(numbers, operator.mul, initial=1))
    after = list(itertools.accumulate(reversed(numbers), operator.mul, initial=1))
    return [before[k] * after[len(numbers) - 1 - k] for k in range(len(numbers))]

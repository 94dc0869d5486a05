"""Products with a common operand in one sum joined: A·X + A·Y as A·(X + Y), where nobody else needs A·X or A·Y."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from .forms import rebuilt, use_counts
from .sums import common_factor, divided
from .values import Value, Values, below

__all__ = ["joined"]

Cost = Callable[[Value], float]
Member = tuple[int, int, tuple[Any, ...]]
"""A term of a sum, the side of its product that is not common, and what the axes of that side are."""


def joined(values: Values, plan: Sequence[Value], cost: Cost) -> list[Value]:
    """The plan with products in sums joined wherever `cost` falls.  Cost: linear; nothing without sums."""
    while any(value.kind == "sum" for value in below(plan)):
        count = use_counts(plan)

        def change(value: Value, count: Counter[int] = count) -> Value:
            return _joined(values, value, count, cost) if value.kind == "sum" else value

        after = rebuilt(values, plan, change)
        if after == list(plan):
            break
        plan = after
    return list(plan)


def _joined(values: Values, total: Value, count: Counter[int], cost: Cost) -> Value:
    """The sum with its first group of products joined; the sum itself where that does not pay."""
    groups: defaultdict[Any, list[Member]] = defaultdict(list)
    for k, (term, product) in enumerate(zip(total.data, total.operands, strict=True)):
        if product.kind == "pair" and count[product.number] == 1 and _is_plain(term):
            for side in (0, 1):
                if (found := _described(term, product, side)) is not None:
                    common, axes = found
                    groups[product.operands[1 - side].number, common, frozenset(axes)].append((k, side, axes))
    for members in groups.values():
        if len(members) < 2 or len({k for k, _, _ in members}) < len(members):
            continue
        made, product, inner = _with_one_product(values, total, members)
        before = cost(total) + sum([cost(total.operands[k]) for k, _, _ in members])
        if cost(made) + cost(product) + cost(inner) < before:
            return made
    return total


def _is_plain(term: Any) -> bool:
    _, row, pattern, fixed = term
    return not fixed and len(set(pattern)) == len(pattern) and len(set(row)) == len(row)


def _described(term: Any, product: Value, side: int) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """What the axes of the other operand and of this one are: a place in the sum, or an axis that is summed."""
    _, row, pattern, _ = term
    rows, order = product.data
    own, other = rows[side], rows[1 - side]
    if len(set(own)) < len(own) or len(set(other)) < len(other):
        return None
    name = {i: ("kept", pattern.index(row[i])) for i in range(order)}
    summed = {i: ("summed", axis) for axis, i in enumerate(other) if i >= order}
    if any(i not in name and i not in summed for i in own):
        return None
    table = name | summed
    return tuple([table[i] for i in other]), tuple([table[i] for i in own])


def _with_one_product(values: Values, total: Value, members: Sequence[Member]) -> tuple[Value, Value, Value]:
    """The sum, with one product for the members; that product; the sum that is its new operand."""
    first, side, axes = members[0]
    product = total.operands[first]
    own = product.operands[side]
    common = common_factor([total.data[k][0] for k, _, _ in members])
    straight = tuple(range(len(axes)))
    data = tuple(
        [
            (divided(total.data[k][0], common), tuple([axes.index(a) for a in seen]), straight, ())
            for k, _, seen in members
        ]
    )
    inner = values.make("sum", data, tuple([total.operands[k].operands[s] for k, s, _ in members]), own.shape)
    operands = (inner, product.operands[1]) if side == 0 else (product.operands[0], inner)
    made = values.make("pair", product.data, operands, product.shape)
    gone = {k for k, _, _ in members[1:]}
    kept = [k for k in range(len(total.operands)) if k not in gone]
    terms = tuple([(common, *total.data[k][1:]) if k == first else total.data[k] for k in kept])
    whole = values.make(
        "sum",
        terms,
        tuple([made if k == first else total.operands[k] for k in kept]),
        total.shape,
        symmetry=total.symmetry,
    )
    return whole, made, inner

"""The order of axes of intermediate products, chosen so that their users need no copies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .values import Value, Values, reachable

__all__ = ["arranged", "copied_entries", "summed_order"]

Indices = tuple[int, ...]

_WORTH_STACKING = 20_000
_SMALL = 100
_TELLABLE = frozenset({"pair", "sum", "turn", "reduce"})


def summed_order(ra: Sequence[int], rb: Sequence[int], order: int, size: Mapping[int, int]) -> tuple[int, list[int]]:
    """(entries that have to be copied, order of the summed indices) for one matrix product without a batch."""
    shared = {i for i in ra if i in rb and i >= order}
    best: tuple[int, list[int]] | None = None
    for row in (ra, rb):
        summed = [i for i in row if i in shared]
        cost = sum(math.prod([size[i] for i in r]) for r in (ra, rb) if not _is_matrix(r, summed))
        if best is None or cost < best[0]:
            best = cost, summed
    assert best is not None
    return best


def _is_matrix(row: Sequence[int], summed: Sequence[int]) -> bool:
    """Whether the axes are the summed ones in this order and the others as in the result, in two groups."""
    k = len(summed)
    first, last = list(row[:k]), list(row[len(row) - k :])
    rest = row[k:] if first == list(summed) else row[: len(row) - k] if last == list(summed) else None
    return rest is not None and list(rest) == sorted(rest)


def stacked_lead(ra: Indices, rb: Indices, order: int, size: Mapping[int, int]) -> int | None:
    """The summed index that a sum of stacked products can run over without copies of a large operand."""
    if len(ra) != 3 or len(rb) != 3 or ra[0] != rb[0] or ra[0] < order or set(ra) == set(rb):
        return None
    if len({i for i in ra if i in rb and i >= order}) != 2 or any(i in rb and i < order for i in ra):
        return None
    large = max(math.prod([size[i] for i in row]) for row in (ra, rb))
    return ra[0] if large >= _WORTH_STACKING else None


@lru_cache(maxsize=4096)
def copied_entries(ra: Indices, rb: Indices, order: int, shape_a: Indices, shape_b: Indices) -> int:
    """The entries that a product of operands with these axes has to copy first."""
    size = dict(zip(ra + rb, shape_a + shape_b, strict=True))
    if not any(i in rb and i >= order for i in ra):  # elementwise: strided, not copied
        last = list(range(order))[-1:]
        return sum(math.prod([size[i] for i in r]) // 4 for r in (ra, rb) if last and last[0] in r and r[-1] != last[0])
    if any(i in rb and i < order for i in ra):
        batch = [i for i in range(order) if i in ra and i in rb]
        return sum(math.prod([size[i] for i in r]) // 2 for r in (ra, rb) if list(r[: len(batch)]) != batch)
    if stacked_lead(ra, rb, order, size) is not None:
        return 0
    return summed_order(ra, rb, order, size)[0]


def arranged(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with the axes of products turned where their users then copy less."""
    order = reachable(roots)
    products = [v for v in order if v.kind == "pair" and len(v.shape) > 1 and v.entries > _SMALL]
    if not products:
        return list(roots)
    users: dict[int, list[Value]] = {}
    for value in order:
        for operand in set(value.operands):
            users.setdefault(operand.number, []).append(value)
    turned: dict[int, Indices] = {}
    for _ in range(2):
        for value in products:
            mine = users.get(value.number, [])
            if all(u.kind in _TELLABLE for u in mine) and any(u.kind in ("pair", "sum") for u in mine):
                _turn(value, mine, turned)
    if not turned:
        return list(roots)
    return _rebuilt(values, order, roots, turned)


def _turn(value: Value, users: Sequence[Value], turned: dict[int, Indices]) -> None:
    """Choose the axis order of one product."""
    straight = tuple(range(len(value.shape)))
    best, chosen = math.inf, turned.get(value.number, straight)
    for perm in _orders(value, users, turned):
        turned[value.number] = perm
        cost = _cost(value, turned) + sum(
            _cost(user, turned) if user.kind == "pair" else _sum_cost(user, value, perm)
            for user in users
            if user.kind in ("pair", "sum")
        )
        cost += 0.1 * (perm != straight)
        if cost < best:
            best, chosen = cost, perm
    if chosen == straight:
        turned.pop(value.number, None)
    else:
        turned[value.number] = chosen


def _orders(value: Value, users: Sequence[Value], turned: Mapping[int, Indices]) -> list[Indices]:
    """The axis orders that a product can be computed in: the axes of one operand, then those of the other.

    Those of each come as they were, as they are in the operand, or as a sum wants them.
    """
    ra, rb = _rows(value, turned)
    order = value.data[1]
    out = tuple(range(order))
    batch = [i for i in out if i in ra and i in rb]
    left, right = [i for i in out if i in ra and i not in rb], [i for i in out if i in rb and i not in ra]
    if len(ra) + len(rb) == order + len(batch):  # elementwise: any order will do
        last = bool(batch) and out[-1] == batch[-1] and len(batch) == 1
        return [out, (*right, *left, *batch) if last else (*batch, *right, *left)]
    if batch:
        return [out]
    ways = [out]
    for wish in (out, (*ra, *rb), *_wishes(value, users)):
        one, two = [i for i in wish if i in left], [i for i in wish if i in right]
        ways += [(*one, *two), (*two, *one)]
    return list(dict.fromkeys(ways))


def _wishes(value: Value, users: Sequence[Value]) -> Iterator[Indices]:
    """The orders of a value's axes that sums could read straight."""
    for user in users:
        if user.kind == "sum":
            for operand, (_, row, _, _) in zip(user.operands, user.data, strict=True):
                if operand is value:
                    yield tuple(sorted(range(len(row)), key=row.__getitem__))


def _rows(value: Value, turned: Mapping[int, Indices]) -> tuple[Indices, Indices]:
    """The rows of a product whose operands have turned axes."""
    (ra, rb), _ = value.data
    a, b = [turned.get(operand.number) for operand in value.operands]
    return tuple([ra[axis] for axis in a]) if a else ra, tuple([rb[axis] for axis in b]) if b else rb


def _cost(user: Value, turned: Mapping[int, Indices]) -> float:
    (ra, rb), order = user.data
    shapes = [operand.shape for operand in user.operands]
    rows = (ra, rb)
    perms = [turned.get(operand.number) for operand in user.operands]
    if perms[0] or perms[1]:
        rows = _rows(user, turned)
        shapes = [tuple([n[axis] for axis in perm]) if perm else n for n, perm in zip(shapes, perms, strict=True)]
    if perm := turned.get(user.number):
        label = {axis: k for k, axis in enumerate(perm)}
        rows = (tuple([label.get(i, i) for i in rows[0]]), tuple([label.get(i, i) for i in rows[1]]))
    return copied_entries(rows[0], rows[1], order, shapes[0], shapes[1])


def _sum_cost(user: Value, value: Value, perm: Indices) -> float:
    """What a sum pays for reading a term against the order of its own axes."""
    against = 0
    for operand, (_, row, _, _) in zip(user.operands, user.data, strict=True):
        turned = [row[axis] for axis in perm] if operand is value else []
        against += operand is value and turned != sorted(turned)
    return against * value.entries / 2


def _rebuilt(
    values: Values, order: Sequence[Value], roots: Sequence[Value], turned: Mapping[int, Indices]
) -> list[Value]:
    made: dict[int, Value] = {}
    for value in order:
        operands = tuple([made[o.number] for o in value.operands])
        perms = [turned.get(o.number) for o in value.operands]
        perm = turned.get(value.number)
        if perm is None and all(a is b for a, b in zip(operands, value.operands, strict=True)):
            made[value.number] = value
            continue
        data, shape = _turned_data(value, perms), value.shape
        if perm is not None:
            (ra, rb), count = data
            label = {axis: k for k, axis in enumerate(perm)}
            data = (tuple([label.get(i, i) for i in ra]), tuple([label.get(i, i) for i in rb])), count
            shape = tuple([value.shape[axis] for axis in perm])
        if value.kind == "turn" and perms[0] is not None and data == tuple(range(len(data))):
            made[value.number] = operands[0]
        else:
            made[value.number] = values.make(value.kind, data, operands, shape)
    found = []
    for root in roots:
        perm = turned.get(root.number)
        result = made[root.number]
        if perm is not None:
            result = values.make("turn", tuple([perm.index(k) for k in range(len(perm))]), (result,), root.shape)
        found.append(result)
    return found


def _turned_data(value: Value, perms: Sequence[Indices | None]) -> Any:
    """What a value does, said for operands with turned axes."""
    if all(perm is None for perm in perms):
        return value.data
    if value.kind == "pair":
        rows, order = value.data
        return tuple(
            [tuple([row[a] for a in perm]) if perm else row for row, perm in zip(rows, perms, strict=True)]
        ), order
    first = perms[0]
    if value.kind == "sum":
        return tuple(
            [
                (c, tuple([row[a] for a in perm]) if perm else row, pattern, fixed)
                for (c, row, pattern, fixed), perm in zip(value.data, perms, strict=True)
            ]
        )
    assert first is not None
    if value.kind == "turn":
        return tuple([first.index(axis) for axis in value.data])
    if value.kind == "reduce":
        row, out = value.data
        return tuple([row[a] for a in first]), out
    raise AssertionError(value.kind)

"""The forms of products of two: rows of indices alone, which many products of a computation have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .values import relabelled

__all__ = ["PairForm", "pair_form", "pair_layout"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PairForm:
    """A product of two different operands, by their rows alone.

    `in_order` says whether the first was made before the second, `out` are the indices of the result's axes, `axes`
    an operands' axis for each; `data` is what the value holds, `key` and `order` are what `Planner.products` holds.
    """

    in_order: bool
    out: Indices
    axes: Indices
    data: Any
    key: Any
    order: Indices


def pair_form(ra: Indices, rb: Indices, kept: frozenset[int], in_order: bool) -> PairForm:
    """The form of a product with these rows; compare `Planner.key`."""
    rows, _, listed = relabelled((ra, rb) if in_order else (rb, ra), ())
    data, out, axes = pair_layout(ra, rb, tuple([i in kept for i in ra + rb]))
    key = rows, tuple([i in kept for i in listed])
    return PairForm(in_order, out, axes, (data, len(out)), key, tuple([listed.index(i) for i in out]))


@lru_cache(maxsize=4096)
def pair_layout(
    ia: Indices, ib: Indices, is_kept: tuple[bool, ...]
) -> tuple[tuple[Indices, Indices], Indices, tuple[int, ...]]:
    """Rows relabelled with the result's axes first (0, 1, …), the result's indices, and an operands' axis for each.

    The axes of both operands are counted through, as in `is_kept`.
    """
    kept = {i for i, flag in zip(ia + ib, is_kept, strict=True) if flag}
    inside_b, inside_a = set(ib), set(ia)
    batch = [i for i in ia if i in kept and i in inside_b]
    alone = [i for i in ia if i in kept and i not in inside_b] + [i for i in ib if i in kept and i not in inside_a]
    last = batch and ia[-1] == ib[-1] == batch[-1] and len(batch) == len(inside_a & inside_b)
    out = tuple([*batch[:-1], *alone, batch[-1]] if last else [*batch, *alone])
    rows, _, _ = relabelled((ia, ib), out)
    return (rows[0], rows[1]), out, tuple([(ia + ib).index(i) for i in out])

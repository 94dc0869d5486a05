"""Merged legs in exported einsums: a reshape of an operand or of the result instead of an array of zeros and ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.expressions import Expr, Structural
from ..core.networks import Network
from ..rewrite.matching import unmerged

__all__ = ["Split", "split_merges"]

Group = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Operands whose axes are groups of indices: an axis with other than one index is split or merged by a reshape.

    `wholes` are the merged indices that stand nowhere any more.
    """

    operands: tuple[Expr, ...]
    rows: tuple[tuple[Group, ...], ...]
    output: tuple[Group, ...]
    wholes: frozenset[int]


def split_merges(network: Network) -> Split:
    """The network with its merges taken into the axes that they join; one that meets another whole stays."""
    boxes = list(zip(network.operands, network.indices, strict=True))
    parts: dict[int, Group] = {}
    kept = []
    for k, (box, row) in enumerate(boxes):
        *legs, whole = row or (0,)
        alone = (
            isinstance(box, Structural)
            and box.name == "merge"
            and len(set(row)) == len(row)
            and whole not in parts
            and not _is_whole_elsewhere(boxes, k, whole)
            and not set(legs) & _below(whole, parts)
        )
        if alone:
            parts[whole] = tuple(legs)
        else:
            kept.append(k)
    rows = tuple(tuple(unmerged(i, parts) for i in boxes[k][1]) for k in kept)
    return Split(
        tuple(boxes[k][0] for k in kept), rows, tuple(unmerged(i, parts) for i in network.output), frozenset(parts)
    )


def _is_whole_elsewhere(boxes: Sequence[tuple[Expr, tuple[int, ...]]], own: int, whole: int) -> bool:
    """Whether another merge has the same leg for its product: then both factorisations are seen."""
    return any(
        k != own and isinstance(box, Structural) and box.name == "merge" and row[-1] == whole
        for k, (box, row) in enumerate(boxes)
    )


def _below(index: int, parts: dict[int, Group]) -> set[int]:
    """The indices whose parts hold an index, and it."""
    found, before = {index}, set[int]()
    while found != before:
        before = set(found)
        found |= {whole for whole, legs in parts.items() if found & set(legs)}
    return found

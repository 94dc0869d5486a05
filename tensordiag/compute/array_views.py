"""Source text of an array with its axes reordered and merged: a view where the order allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["as_matrix", "as_stack", "broadcast"]

Indices = tuple[int, ...]


def broadcast(x: str, row: Sequence[int], out: Sequence[int], leading: bool) -> str:
    """x with its axes in the order of `out` and axes of length 1 where it has none."""
    wanted = [i for i in out if i in row]
    if tuple(wanted) != tuple(row):
        order = [list(row).index(i) for i in wanted]
        x = f"{x}.T" if order == [1, 0] else f"{x}.transpose({', '.join(map(str, order))})"
    if not row or len(wanted) == len(out):
        return x
    slots = [":" if i in row else "None" for i in out]
    while slots and slots[0] == "None" and leading:
        slots.pop(0)
    while slots and slots[-1] == ":":
        slots.pop()
    return f"{x}[{', '.join(slots)}]" if slots else x


def as_matrix(x: str, row: Indices, first: Sequence[int], second: Sequence[int], size: dict[int, int]) -> str:
    """x as a matrix of two groups of axes (a vector where one is empty): a view where the order allows."""
    groups = [group for group in (first, second) if group]
    shape = ", ".join(str(math.prod(size[i] for i in group)) for group in groups)
    straight = [i for group in groups for i in group]
    if list(row) == straight:
        return x if all(len(group) == 1 for group in groups) else f"{x}.reshape({shape})"
    if len(groups) == 2 and list(row) == [*groups[1], *groups[0]]:
        if len(row) == 2:
            return f"{x}.T"
        turned = ", ".join(str(math.prod(size[i] for i in group)) for group in reversed(groups))
        return f"{x}.reshape({turned}).T"
    order = ", ".join(str(list(row).index(i)) for i in straight)
    made = f"{x}.transpose({order})"
    return made if all(len(group) == 1 for group in groups) else f"{made}.reshape({shape})"


def as_stack(
    x: str, row: Indices, batch: Sequence[int], first: Sequence[int], second: Sequence[int], size: dict[int, int]
) -> str:
    """x as a stack of matrices: the axes of the batch, then those of each group merged."""
    straight = [*batch, *first, *second]
    if list(row) != straight:
        order = [list(row).index(i) for i in straight]
        x = f"{x}.transpose({', '.join(map(str, order))})"
    if len(batch) == len(first) == len(second) == 1:
        return x
    shape = ", ".join(str(math.prod(size[i] for i in group)) for group in (batch, first, second))
    return f"{x}.reshape({shape})"

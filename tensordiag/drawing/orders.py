"""Which way a closed row is read: forward, so that few boxes are turned, bras stand left, and names come as given."""

from __future__ import annotations

from .components import Component
from .skeletons import OPEN

__all__ = ["read_forward"]

_ROWED = frozenset({"matrix", "orthogonal", "function", "frame"})


def read_forward(component: Component, row: list[int], *, ring: bool = False) -> list[int]:
    """A row of nodes from left to right, or the other way round where fewer boxes are turned then.

    Of a ring the first node stays the first one.  In a tie a conjugate stands left of what is none, and then what was
    written first.
    """
    back = [row[0], *row[:0:-1]] if ring else row[::-1]
    kept, other = (_turned(component, nodes, ring=ring) for nodes in (row, back))
    if kept != other:
        return row if kept < other else back
    place = 1 if ring and len(row) > 1 else 0
    first, last = component.node(row[place]), component.node(back[place])
    if first.conjugate != last.conjugate and not ring:
        return row if first.conjugate else back
    return back if last.place < first.place else row


def _turned(component: Component, row: list[int], *, ring: bool) -> int:
    """How many boxes of a row have their leg 0 on the right."""
    count = 0
    for place, node in enumerate(row):
        if component.node(node).kind in _ROWED and component.node(node).legs == 2:
            before = row[place - 1] if place or ring else OPEN
            after = row[(place + 1) % len(row)] if place + 1 < len(row) or ring else OPEN
            first, second = (there[0] for _, there in component.links[node])
            count += first == after != before or second == before != after
    return count

"""What hangs on a node whose legs have no order: which branches go up, which go down, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence

from .components import Component

__all__ = ["amid", "in_order", "shared_out"]


def amid(component: Component, node: int, hanging: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """What hangs on a node without an order of legs, matrices that stand across amid the others."""
    parts = {(what if kind == "node" else -2 - what): (kind, what) for kind, what in hanging}
    return [parts[key] for key in component.across_amid(node, list(parts))]


def in_order(component: Component, node: int, hanging: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """What hangs on a node, what has open legs in the order of the first of these, among the places that it has."""
    if component.node(node).kind == "merge":
        return list(hanging)
    first = [what if kind == "leg" else component.first_leg(what, node) for kind, what in hanging]
    ranked = iter(sorted((leg, number) for number, leg in enumerate(first) if leg is not None))
    return [item if leg is None else hanging[next(ranked)[1]] for item, leg in zip(hanging, first, strict=True)]


def shared_out(component: Component, node: int, hanging: list[tuple[str, int, bool]]) -> list[tuple[str, int, bool]]:
    """For a node whose legs have no order: open legs below, other branches above; half and half if none is open."""
    is_open = [kind == "leg" or component.first_leg(what, node) is not None for kind, what, _ in hanging]
    opened = [(kind, what, True) for (kind, what, _), found in zip(hanging, is_open, strict=True) if found]
    closed = [(kind, what, False) for (kind, what, _), found in zip(hanging, is_open, strict=True) if not found]
    if not opened and len(closed) > 1:
        half = (len(closed) + 1) // 2
        closed = closed[:half] + [(kind, what, True) for kind, what, _ in closed[half:]]
    return closed + opened

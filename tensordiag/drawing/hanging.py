"""What hangs on a node whose legs have no order: which branches go up, which go down, and how they stand."""

from __future__ import annotations

from .components import Component
from .skeletons import OPEN

__all__ = ["amid", "shared_out"]


def amid(component: Component, node: int, hanging: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """What hangs on a node without an order of legs, matrices that stand across amid the others."""
    parts = {(what if kind == "node" else -2 - what): (kind, what) for kind, what in hanging}
    return [parts[key] for key in component.across_amid(node, list(parts))]


def shared_out(component: Component, node: int, hanging: list[tuple[str, int, bool]]) -> list[tuple[str, int, bool]]:
    """For a node whose legs have no order: open legs below, other branches above; half and half if none is open."""

    def has_open(kind: str, what: int) -> bool:
        if kind == "leg":
            return True
        seen, stack = {node, what}, [what]
        while stack:
            here = stack.pop()
            if any(there[0] == OPEN for _, there in component.links[here]):
                return True
            for there in component.neighbours[here]:
                if there not in seen:
                    seen.add(there)
                    stack.append(there)
        return False

    opened = [(kind, what, True) for kind, what, _ in hanging if has_open(kind, what)]
    closed = [(kind, what, False) for kind, what, _ in hanging if not has_open(kind, what)]
    opened.sort(key=lambda item: item[1] if item[0] == "leg" else -1)
    if not opened and len(closed) > 1:
        half = (len(closed) + 1) // 2
        closed = closed[:half] + [(kind, what, True) for kind, what, _ in closed[half:]]
    return closed + opened

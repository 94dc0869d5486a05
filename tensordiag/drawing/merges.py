"""Rows through merges: a row enters and leaves a merge by its product, so that every wire leaves on its own side."""

from __future__ import annotations

from collections.abc import Sequence

from .components import Component, leg_key
from .skeletons import OPEN

__all__ = ["grown_back", "is_joined", "offsets", "straightened"]

_FIRST = 0.9  # from the wide side of a merge to the wire that bends beside it
_APART = 0.9


def is_joined(component: Component, node: int, leg: int) -> bool:
    """Whether a leg is one of those that a merge joins."""
    return component.node(node).kind == "merge" and leg != component.node(node).legs - 1


def straightened(component: Component, row: list[int], left: int, right: int) -> list[int]:
    """A row of nodes that leaves every merge by its product where it came in by a joined leg, or the other way round.

    `left` and `right` are the open legs at the row's ends, or -1.  Where the row would turn round in a merge, its
    shorter side hangs on the merge instead, and the row goes on along the product.
    """
    while (place := _turning(component, row, left, right)) is not None:
        rest = _along_product(component, row[place])
        if place < len(row) - 1 - place:
            row, left = [*rest[::-1], *row[place:]], -1
        else:
            row, right = [*row[: place + 1], *rest], -1
    return row


def _turning(component: Component, row: list[int], left: int, right: int) -> int | None:
    """The place of the first merge that the row enters and leaves on its wide side."""
    for place, node in enumerate(row):
        if component.node(node).kind != "merge":
            continue
        before = row[place - 1] if place else OPEN if left >= 0 else None
        after = row[place + 1] if place + 1 < len(row) else OPEN if right >= 0 else None
        if all(_leg_toward(component, node, end, place_) for end, place_ in ((before, left), (after, right))):
            return place
    return None


def _leg_toward(component: Component, node: int, end: int | None, place: int) -> bool:
    """Whether what a row goes to from a merge is at a joined leg of it, and not at its product as well."""
    if end is None:
        return False
    legs = [
        leg
        for leg, (_, there) in enumerate(component.links[node])
        if there[0] == end and (end != OPEN or there[1] == place)
    ]
    return bool(legs) and all(is_joined(component, node, leg) for leg in legs)


def _along_product(component: Component, merge: int) -> list[int]:
    """The longest path from a merge's product that turns round in no merge on its way."""
    first = component.links[merge][-1][1][0]
    if first == OPEN:
        return []
    paths: dict[int, list[int]] = {first: [first]}
    queue = [(first, merge)]
    for node, before in queue:
        row = component.links[node]
        entered = [leg for leg, (_, there) in enumerate(row) if there[0] == before]
        turned = all(is_joined(component, node, leg) for leg in entered)
        for leg, (_, there) in enumerate(row):
            if there[0] in (OPEN, node, merge) or there[0] in paths or (turned and is_joined(component, node, leg)):
                continue
            paths[there[0]] = [*paths[node], there[0]]
            queue.append((there[0], node))
    return max(paths.values(), key=len)


def grown_back(component: Component, node: int, before: int) -> list[int]:
    """What else is on the wide side of a merge by which a tree comes to it: nodes that stand beside its wire."""
    row = component.links[node]
    entered = [leg for leg, (_, there) in enumerate(row) if leg_key(there) == before]
    if not entered or not all(is_joined(component, node, leg) for leg in entered):
        return []
    product = row[-1][1][0]
    found = dict.fromkeys(there[0] for _, there in row[:-1] if leg_key(there) != before)
    return [n for n in found if n not in (OPEN, node, product)]


def offsets(breadths: Sequence[float], gap: float) -> list[float]:
    """How far from a merge's wide side the middle of each thing stands that hangs there, from the nearest outward."""
    made: list[float] = []
    edge = float("-inf")
    for breadth in breadths:
        middle = max(edge + breadth / 2, made[-1] + _APART if made else _FIRST)
        made.append(middle)
        edge = middle + breadth / 2 + gap
    return made

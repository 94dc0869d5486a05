"""Connected components of a skeleton, and the questions about their shape that choose a layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .shapes import BAR_KINDS
from .skeletons import OPEN, End, Node, Skeleton

__all__ = ["Component", "components", "inversions", "is_paired", "leg_key"]


def is_paired(skeleton: Skeleton, number: int, row: Sequence[tuple[int, End]]) -> bool:
    """Whether both wires of a frame go to one larger node: they leave side by side, with numbers."""
    node = skeleton.nodes[number]
    others = {there[0] for _, there in row}
    single = node.kind == "frame" and node.legs == 2 and len(others) == 1 and OPEN not in others
    return single and skeleton.nodes[others.pop()].legs > 2


@dataclass(frozen=True)
class Component:
    """The nodes of one connected part, by their numbers in the skeleton, and the open legs on it."""

    skeleton: Skeleton
    nodes: tuple[int, ...]
    outputs: tuple[int, ...]

    @cached_property
    def links(self) -> dict[int, list[tuple[int, End]]]:
        """For every node, for every leg: the wire's number and the other end."""
        rows = self.skeleton.links()
        return {node: rows[node] for node in self.nodes}

    def node(self, number: int) -> Node:
        """A node by its number."""
        return self.skeleton.nodes[number]

    @cached_property
    def neighbours(self) -> dict[int, list[int]]:
        """For every node the other nodes it is joined to, each once, in the order of its legs."""
        return {
            node: [n for n in dict.fromkeys(there[0] for _, there in row) if n not in (OPEN, node)]
            for node, row in self.links.items()
        }

    @cached_property
    def homes(self) -> dict[int, End]:
        """For every open leg the node and leg that it sits on."""
        return {
            there[1]: (node, leg)
            for node, row in self.links.items()
            for leg, (_, there) in enumerate(row)
            if there[0] == OPEN
        }

    @property
    def is_tree(self) -> bool:
        """Whether the nodes form a tree, parallel wires counted once."""
        return sum(map(len, self.neighbours.values())) == 2 * (len(self.nodes) - 1)

    def is_bar(self, number: int) -> bool:
        """Whether a node has its two legs on opposite sides."""
        return self.node(number).kind in BAR_KINDS

    @cached_property
    def is_ring(self) -> bool:
        """Whether every node has two legs, all joined inside: a trace of a product."""
        return (
            all(len(row) == 2 and all(there[0] != OPEN for _, there in row) for row in self.links.values())
            and len(self.nodes) >= 1
        )

    def path(self, start: int, end: int) -> list[int]:
        """The shortest path between two nodes, the same every time."""
        before = {start: start}
        queue = [start]
        for here in queue:
            if here == end:
                break
            for there in self.neighbours[here]:
                if there not in before:
                    before[there] = here
                    queue.append(there)
        found = [end]
        while found[-1] != start:
            found.append(before[found[-1]])
        return found[::-1]

    def farthest(self, start: int, *, first: bool = False) -> int:
        """A node farthest from another; of several the one that was written last (or first), then the last one."""
        depth = {start: 0}
        queue = [start]
        for here in queue:
            for there in self.neighbours[here]:
                if there not in depth:
                    depth[there] = depth[here] + 1
                    queue.append(there)
        sign = -1 if first else 1
        return max(depth, key=lambda node: (depth[node], sign * self.node(node).place, node))

    def turned_from(self, node: int, parent: int) -> list[int]:
        """What else is at a node, in the order of its legs, counted on from the one that leads to `parent`.

        An open leg k stands as the number `-2 - k`; `parent` may be one.
        """
        row = self.links[node]
        at = next((leg for leg, (_, there) in enumerate(row) if leg_key(there) == parent), -1)
        legs = [*range(at + 1, len(row)), *range(max(at, 0))]
        if self.node(node).kind in ("copy", "plain"):
            legs = sorted(range(len(row)), key=lambda leg: (self._place(row[leg][1][0]), row[leg][1]))
        found = [n for n in dict.fromkeys(leg_key(row[leg][1]) for leg in legs) if n not in (node, parent)]
        if self.node(node).kind not in ("copy", "plain"):
            return found
        return self.across_amid(node, found)

    def _place(self, number: int) -> int:
        """The place of a node in the product as it was written; open legs come first."""
        return self.node(number).place if number != OPEN else -1

    def first_leg(self, node: int, before: int) -> int | None:
        """The first open leg that is reached through a node when one comes to it from the node before."""
        legs: list[int] = []
        seen, stack = {before, node}, [node]
        for here in stack:
            legs += [there[1] for _, there in self.links[here] if there[0] == OPEN]
            fresh = [n for n in self.neighbours[here] if n not in seen]
            seen.update(fresh)
            stack += fresh
        return min(legs, default=None)

    def leg_of(self, node: int, wire: int) -> int:
        """The first leg of a node that a wire is on."""
        return next(leg for leg, (number, _) in enumerate(self.links[node]) if number == wire)

    def is_across(self, node: int, hub: int) -> bool:
        """Whether a matrix has both its wires at one node, so that it stands across them."""
        return self.is_bar(node) and self.wires_between(hub, node) == 2

    def across_amid(self, hub: int, found: list[int]) -> list[int]:
        """What hangs on a hub, matrices that stand across amid the others, where their far wires have a way."""
        across = [n for n in found if n >= 0 and self.is_across(n, hub)]
        rest = [n for n in found if n not in across]
        return [*rest[: len(rest) // 2], *across, *rest[len(rest) // 2 :]]

    def wires_between(self, a: int, b: int) -> int:
        """How many wires join two nodes."""
        return sum(there[0] == b for _, there in self.links[a])


def leg_key(end: End) -> int:
    """The node at an end, or a number below OPEN that stands for an open leg: `-2 - place`."""
    return end[0] if end[0] != OPEN else -2 - end[1]


def components(skeleton: Skeleton) -> tuple[list[Component], list[tuple[int, int]]]:
    """The components with nodes, in the order of their first nodes, and the bare wires as pairs of open legs.

    A node that was written before others comes before them.
    """
    parent = list(range(len(skeleton.nodes)))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    bare: list[tuple[int, int]] = []
    for (a, leg_a), (b, leg_b) in skeleton.wires:
        if a == OPEN and b == OPEN:
            bare.append((min(leg_a, leg_b), max(leg_a, leg_b)))
        elif OPEN not in (a, b):
            first, second = sorted((find(a), find(b)))
            parent[second] = first
    groups: dict[int, list[int]] = {}
    for node in range(len(skeleton.nodes)):
        groups.setdefault(find(node), []).append(node)
    outputs: dict[int, list[int]] = {root: [] for root in groups}
    for ends in skeleton.wires:
        for (here, _), (there, place) in (ends, ends[::-1]):
            if there == OPEN and here != OPEN:
                outputs[find(here)].append(place)
    made = [Component(skeleton, tuple(nodes), tuple(sorted(outputs[root]))) for root, nodes in groups.items()]
    made.sort(key=lambda part: min(part.node(number).place for number in part.nodes))
    return made, sorted(bare)


def inversions(order: Sequence[int]) -> int:
    """How many pairs of a sequence stand in the wrong order."""
    return sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])

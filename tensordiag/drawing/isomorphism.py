"""Isomorphism of coloured graphs by refinement: what refinement cannot tell apart is paired off one by one.

Source: B. D. McKay and A. Piperno, "Practical graph isomorphism, II" (2014), without the search tree's pruning: equal
parts of a diagram, of which there may be many, are nearly always alike, so that the first pairing tried succeeds.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

import networkx as nx

__all__ = ["isomorphic"]

Vertex: TypeAlias = tuple[int, Hashable]
"""Which of the two graphs, and a node of it."""
Colors: TypeAlias = dict[Vertex, int]


def isomorphic(first: nx.Graph, second: nx.Graph) -> bool:
    """Whether a bijection keeps edges and the nodes' `color`."""
    if len(first) != len(second) or first.number_of_edges() != second.number_of_edges():
        return False
    near: dict[Vertex, list[Vertex]] = {}
    given: dict[Vertex, str] = {}
    for side, graph in enumerate((first, second)):
        for node, color in graph.nodes(data="color"):
            near[side, node] = [(side, other) for other in graph[node]]
            given[side, node] = color
    names = {color: number for number, color in enumerate(sorted(set(given.values())))}
    pending = [{vertex: names[color] for vertex, color in given.items()}]
    while pending:
        colors = _refined(near, pending.pop())
        classes = _classes(colors)
        if any(sum(side for side, _ in found) * 2 != len(found) for found in classes):
            continue
        open_ = [found for found in classes if len(found) > 2]
        if not open_:
            return True  # every class is a pair, and refinement has seen that their neighbours agree
        choice = min(open_, key=len)
        one = next(vertex for vertex in choice if vertex[0] == 0)
        fresh = max(colors.values()) + 1
        pending += [{**colors, one: fresh, other: fresh} for other in choice[::-1] if other[0] == 1]
    return False


def _refined(near: dict[Vertex, list[Vertex]], colors: Colors) -> Colors:
    """The coarsest finer colouring in which equal vertices have equal neighbours."""
    count = len(set(colors.values()))
    while True:
        marks = {vertex: (colors[vertex], *sorted(colors[other] for other in near[vertex])) for vertex in near}
        numbers = {mark: number for number, mark in enumerate(sorted(set(marks.values())))}
        colors = {vertex: numbers[mark] for vertex, mark in marks.items()}
        if len(numbers) == count:
            return colors
        count = len(numbers)


def _classes(colors: Colors) -> list[list[Vertex]]:
    found: dict[int, list[Vertex]] = {}
    for vertex, color in colors.items():
        found.setdefault(color, []).append(vertex)
    return list(found.values())

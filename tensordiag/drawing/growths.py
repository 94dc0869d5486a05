"""Growths: tidy trees in coordinates of depth, away from the root, and breadth, across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .components import Component
from .extents import Size
from .geometry import Point
from .hanging import in_order
from .merges import grown_back
from .style import Style

__all__ = ["LEG_WIDTH", "Growth", "grow", "total"]

LEG_WIDTH = 0.9
Sides: TypeAlias = tuple[float, float]
"""How far something reaches from its axis: to less breadth and to more."""


@dataclass
class Growth:
    """A tree with its root at the origin.

    Open legs stand among the nodes under the numbers of `leg_key`.  `lead` is the room that the tree needs before its
    root: what hangs on the wide side of a merge grows back there.  `hung` are vectors that stand beside their dots.
    """

    at: dict[int, Point]
    breadth: float
    lead: float
    hung: frozenset[int]


@dataclass
class _Tree:
    """The parts of a tree: nodes in order from the root, what is before each, and what grows on it.

    `back` grows toward the root, and `hung` are vectors beside their dots, −1 or 1 being the side.  `block` is how
    far a node with all that grows on it reaches to both sides, `inner` how far its children do.
    """

    order: list[int]
    children: dict[int, list[int]]
    back: dict[int, list[int]]
    hung: dict[int, tuple[int, int]] = field(default_factory=dict)
    block: dict[int, Sides] = field(default_factory=dict)
    inner: dict[int, Sides] = field(default_factory=dict)
    lead: dict[int, float] = field(default_factory=dict)


def grow(
    component: Component, root: int, parent: int, size: Size, style: Style, rise: float = 0.0, *, level: int = 0
) -> Growth:
    """Place the subtree of `root` seen from `parent`: blocks of children side by side, none overlapping.

    Open legs stand in their order where the tree is to grow down (`rise` = −1) or up (1), where breadth runs left.
    In a `level` tree, whose breadth runs up (1) or down (−1), a single vector that is at a dot with something large
    hangs on the dot, and what is large goes on.
    """
    tree = _tree(component, root, parent, rise)
    for node in tree.order if level > 0 else ():
        if node >= 0 and component.node(node).kind in ("copy", "plain"):  # what was written first stands on top
            tree.children[node].reverse()
    _measure(component, tree, size, style, level=level)
    at = _placed(component, tree, size, style)
    return Growth(at, sum(tree.block[root]), tree.lead[root], frozenset(leaf for leaf, _ in tree.hung.values()))


def total(widths: Sequence[float], style: Style) -> float:
    """How broad things of these breadths are side by side."""
    return sum(widths) + style.row_gap * max(0, len(widths) - 1)


def _tree(component: Component, root: int, parent: int, rise: float) -> _Tree:
    made = _Tree([root], {}, {})
    above = {root: parent}
    for node in made.order:
        found = component.turned_from(node, above[node]) if node >= 0 else []
        made.back[node] = grown_back(component, node, above[node]) if node >= 0 else []
        made.children[node] = [child for child in found if child not in made.back[node]]
        if rise and node >= 0:
            ends = [("node", child) if child >= 0 else ("leg", -2 - child) for child in made.children[node]]
            ends = in_order(component, node, ends[::-1])[::-1] if rise > 0 else in_order(component, node, ends)
            made.children[node] = [what if kind == "node" else -2 - what for kind, what in ends]
        above.update((child, node) for child in found)
        made.order.extend(found)
    return made


def _room(component: Component, node: int, size: Size, level: int) -> Sides:
    """The breadth that a node takes, loops and the arcs of a doubly joined matrix included."""
    if node < 0:
        return LEG_WIDTH / 2, LEG_WIDTH / 2
    extra = max([0.0, *(0.55 * (component.wires_between(node, n) - 1) for n in component.neighbours[node])])
    if component.wires_between(node, node):
        extra = 3.6
    elif len(component.neighbours[node]) == 1 and component.is_across(node, component.neighbours[node][0]):
        extra = 4.4
    half = size(node)[1] / 2
    below, above = size.reach(node) if level else (half, half)
    low, high = (above, below) if level < 0 else (below, above)
    return low + extra / 2, high + extra / 2


def _measure(component: Component, tree: _Tree, size: Size, style: Style, *, level: int) -> None:
    """Find the breadths of blocks, from the leaves to the root, and which vectors hang on their dots."""
    deep: dict[int, float] = {}
    block, lead = tree.block, tree.lead
    for node in reversed(tree.order):
        beside = sum(sum(block[child]) + style.row_gap for child in tree.back[node])
        if level and (hung := _hanging_vector(component, tree, node, style)) is not None:
            tree.hung[node] = hung
            tree.children[node] = [child for child in tree.children[node] if child != hung[0]]
            beside = max(beside, size(node)[1] / 2 + style.gap + size(hung[0])[0])
        below = tree.children[node]
        half = total([sum(block[child]) for child in below], style) / 2
        tree.inner[node] = block[below[0]] if len(below) == 1 else (half, half)
        room, inner = _room(component, node, size, level), tree.inner[node]
        block[node] = max(room[0], inner[0], beside), max(room[1], inner[1], beside)
        lead[node] = max((deep[child] + style.gap for child in tree.back[node]), default=0.0)
        ahead = max((style.fan_gap + deep[child] for child in below), default=0.0)
        deep[node] = lead[node] + (size(node)[0] if node >= 0 else 0.0) + ahead


def _hanging_vector(component: Component, tree: _Tree, node: int, style: Style) -> tuple[int, int] | None:
    """The vector at a dot that carries one large thing besides, and its side: −1 where it comes first."""
    below = tree.children[node]
    if node < 0 or component.node(node).kind != "copy" or len(below) != 2 or tree.back[node] or min(below) < 0:
        return None
    for place, (leaf, other) in enumerate((below, below[::-1])):
        alone = not tree.children[leaf] and component.node(leaf).legs == 1 and component.node(leaf).kind != "frame"
        if alone and sum(tree.block[other]) > style.body + style.row_gap and component.wires_between(node, other) == 1:
            return leaf, 2 * place - 1
    return None


def _placed(component: Component, tree: _Tree, size: Size, style: Style) -> dict[int, Point]:
    """Where all nodes are, from the root on."""
    root = tree.order[0]
    at: dict[int, Point] = {root: (0.0, 0.0)}
    way = {root: 1.0}
    for node in tree.order:
        below = tree.children[node]
        here = at[node][1] - tree.inner[node][0]
        fan = _fan(component, node, [(child, tree.block[child]) for child in below], style)
        if node in tree.hung:
            leaf, side = tree.hung[node]
            at[leaf] = (at[node][0], at[node][1] + side * (size(node)[1] / 2 + style.gap + size(leaf)[0] / 2))
            way[leaf] = way[node]
            fan = max(style.gap, (size(leaf)[1] - size(node)[0]) / 2 + style.row_gap)
        for child in below:
            width = size(child)[0] if child >= 0 else 0.0
            single = len(below) == 1 and child >= 0 and component.wires_between(node, child) == 1
            gap = tree.lead[child] + (style.gap if single and node not in tree.hung else fan)
            depth = at[node][0] + way[node] * (size(node)[0] / 2 + gap + width / 2)
            at[child], way[child] = (depth, here + tree.block[child][0]), way[node]
            here += sum(tree.block[child]) + style.row_gap
        aside = at[node][1] + style.row_gap / 2
        for child in tree.back[node]:
            depth = at[node][0] - way[node] * (size(node)[0] / 2 + style.gap + tree.lead[child] + size(child)[0] / 2)
            at[child], way[child] = (depth, aside + tree.block[child][0]), -way[node]
            aside += sum(tree.block[child]) + style.row_gap
    return at


def _fan(component: Component, node: int, below: list[tuple[int, Sides]], style: Style) -> float:
    """How far from a node its children stand, so that wires are not too steep, least of all round those across."""
    whole = total([sum(sides) for _, sides in below], style)
    here = steep = 0.0
    for child, sides in below:
        if child >= 0 and node >= 0 and component.is_across(child, node):
            steep = max(steep, abs(here + sides[0] - whole / 2))
        here += sum(sides) + style.row_gap
    return max(style.fan_gap, 0.22 * whole, 0.8 * steep)

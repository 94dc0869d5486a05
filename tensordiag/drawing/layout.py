"""Layouts of one component: where its nodes are, which way they may turn, and where its open legs leave.

A layout knows sizes and wiring, never shapes or colours.  Each returns a `Placement` in its own coordinates, with
the line that sums are aligned on at y = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .components import Component, leg_key
from .extents import Size
from .geometry import Point
from .growths import LEG_WIDTH, grow, total
from .hanging import amid, in_order, shared_out
from .merges import offsets, straightened
from .orders import read_forward
from .shapes import TURNING_KINDS
from .skeletons import OPEN
from .style import Style

__all__ = ["Placement", "place"]


@dataclass
class Placement:
    """Centres of nodes; the axes along which a node's legs point; sides of the open legs.

    An axis is `h`, `v`, `corner`, `free`, or `square` (free by quarter turns).
    `tips` gives for an open leg the side (`left`, `right`, `up`, `down`, or `slant`) and its place along it;
    `closures` the wires that run round the others, with their depth; `vias` a point that a wire passes; `rays` the
    open legs that run straight to the frame at any angle; `lanes` a point from which an open leg runs straight, past
    what is beside it; `rooms` points that wires may reach; `points` the tips of slanted legs; `upright` says that
    rows run from top to bottom; `kind` is the structure's name.
    """

    kind: str
    centers: dict[int, Point] = field(default_factory=dict)
    axes: dict[int, str] = field(default_factory=dict)
    tips: dict[int, tuple[str, float]] = field(default_factory=dict)
    closures: dict[int, tuple[str, int]] = field(default_factory=dict)
    vias: dict[int, Point] = field(default_factory=dict)
    rays: set[int] = field(default_factory=set)
    lanes: dict[int, Point] = field(default_factory=dict)
    rooms: list[Point] = field(default_factory=list)
    points: dict[int, Point] = field(default_factory=dict)
    upright: bool = False


def place(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement:
    """The layout that fits the component's structure; `sides` says which open legs may go left or right."""
    from .lattices import recognise
    from .rings import closed_ring, periodic
    from .stress import general

    if component.is_ring:
        return closed_ring(component, size, style)
    if component.is_tree:
        outer = [place for place in component.outputs if sides.get(place) in ("left", "right")]
        if _rooted_is_better(component, outer):
            return _rooted(component, size, style, sides)
        return _spine(component, size, style, sides)
    found = recognise(component, size, style, sides) or periodic(component, size, style)
    return found if found is not None else general(component, size, style, sides)


def _branching(component: Component) -> list[int]:
    return [
        n
        for n in component.nodes
        if len(component.neighbours[n]) + sum(there[0] == OPEN for _, there in component.links[n]) > 2
    ]


def _rooted_is_better(component: Component, outer: Sequence[int]) -> bool:
    """Whether a fan to the left of one root reads better than a row with branches above and below."""
    if len(component.outputs) > 1 or len(outer) < len(component.outputs):
        return False
    hubs = _branching(component)
    if not hubs:
        return True
    if not component.outputs:
        return len(hubs) == 1 and len(component.neighbours[hubs[0]]) > 3
    return all(len(component.neighbours[hub]) < 9 for hub in hubs) and len(hubs) <= _MOST_HUBS


_MOST_HUBS = 6


# -- rooted: a tidy tree growing to the left of its root -------------------------------------------------


def _rooted(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement:
    made = Placement("tree" if _branching(component) else "path")
    if component.outputs:
        output = component.outputs[0]
        root, parent = component.homes[output][0], -2 - output
        side = sides.get(output, "right")
    else:
        output, parent, side = -1, OPEN, "right"
        root = component.farthest(component.farthest(component.nodes[-1]))
        root = max(root, component.farthest(root), key=lambda node: component.node(node).place)
        if not _branching(component):
            root = read_forward(component, component.path(component.farthest(root), root))[-1]
    sign = 1 if side == "left" else -1
    growth = grow(component, root, parent, size, style, level=sign)
    for node, (depth, breadth) in growth.at.items():
        made.centers[node] = (sign * depth, sign * breadth)
        made.axes[node] = "v" if node in growth.hung else "h"
    if output >= 0:
        made.tips[output] = (side, 0.0)
    return made


# -- spine: a row between two open legs, branches above and below ----------------------------------------


def _spine_nodes(component: Component, sides: dict[int, str]) -> list[int]:
    homes = component.homes
    if len(component.outputs) >= 2:
        right = next((o for o in component.outputs[::-1] if sides.get(o) == "right"), -1)
        other = next(o for o in component.outputs if o != right)
        left = next((o for o in component.outputs if sides.get(o) == "left"), other)
        last = right if right >= 0 else next(o for o in component.outputs[::-1] if o != left)
        return straightened(component, component.path(homes[left][0], homes[last][0]), left, right)
    if component.outputs:
        end = homes[component.outputs[0]][0]
        return straightened(component, component.path(component.farthest(end), end), -1, component.outputs[0])
    start = component.farthest(component.nodes[-1])
    end = component.farthest(start, first=True)
    if component.node(end).place:
        other = component.farthest(end, first=True)
        start = min(end, other, key=lambda node: component.node(node).place)
        end = component.farthest(start)
    return straightened(component, read_forward(component, component.path(min(start, end), max(start, end))), -1, -1)


def _spine(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement:
    row = _spine_nodes(component, sides)
    made = Placement("path" if len(row) == len(component.nodes) else "tree")
    _lay_row(component, row, size, style, made, sides)
    return made


def _lay_row(
    component: Component,
    row: list[int],
    size: Size,
    style: Style,
    made: Placement,
    sides: dict[int, str],
) -> None:
    """Place a row of nodes at y = 0 with their branches and open legs above and below.

    The row and what is above and below it each advance on their own, so that a wide branch does not stretch the row.
    """
    edge = {"row": -style.gap, "up": -style.row_gap, "down": -style.row_gap}
    for place_, node in enumerate(row):
        before = row[place_ - 1] if place_ else -2
        after = row[place_ + 1] if place_ + 1 < len(row) else -2
        up, down = _branches(component, node, before, after, sides, made)
        width, height = size(node)
        if (component.is_bar(node) or _is_bracket(component, node)) and up + down:
            taken = {made.tips[o][0] for o, (home, _) in component.homes.items() if home == node and o in made.tips}
            last = "left" in taken or (after == -2 and "right" not in taken)
            room = (edge["row"] + style.gap, width, edge["down"] + style.row_gap)
            x = _bar_with_legs(component, node, up + down, room, last, made, style)
            edge["row"] = x - style.gap
            edge["down"] = max(edge["down"], edge["row"])
            continue
        if component.node(node).legs == 1 and down and down[0][0] == "leg":
            made.axes[node] = "v"
        if component.node(node).kind == "merge" and up + down:
            _lay_merge(_Row(component, size, style, made, edge), node, up + down, before)
            continue
        aside = {
            way: found[0][1] for way, found in (("up", up), ("down", down)) if _is_lone_frame(component, node, found)
        }
        branches = {
            way: (found, _branch_widths(component, node, found, size, style))
            for way, found in (("up", up), ("down", down))
            if way not in aside
        }
        # only a single branch stands straight over its node; legs and several branches need the room beside it too
        own = max([width, *(total(w, style) for b, w in branches.values() if len(b) > 1 or (b and b[0][0] == "leg"))])
        x = max([edge["row"] + style.gap + own / 2, *(edge[way] + style.row_gap - width / 2 for way in aside)])
        tall = height > style.matrix_width + 0.2 or component.wires_between(node, node) > 0
        tall = tall or any(component.is_across(node, hub) for hub in component.neighbours[node])
        for way, (branch, widths) in branches.items():
            if branch or tall:
                x = max(x, edge[way] + style.row_gap + max(total(widths, style), width if tall else 0.0) / 2)
        made.centers[node] = (x, 0.0)
        made.axes.setdefault(node, "h")
        edge["row"] = x + own / 2
        for way, frame in aside.items():
            _lay_frame(_Row(component, size, style, made, edge), frame, x + width / 2 + style.gap, way)
        for way, (branch, widths) in branches.items():
            _lay_branches(component, node, (branch, widths), (x, 1.0 if way == "up" else -1.0), size, style, made)
            if branch or tall:
                edge[way] = x + max(total(widths, style), width if tall else 0.0) / 2


@dataclass
class _Row:
    """A row in the making: how far it and what hangs above and below it have come."""

    component: Component
    size: Size
    style: Style
    made: Placement
    edge: dict[str, float]


def _lay_merge(row: _Row, node: int, hanging: list[tuple[str, int]], before: int) -> None:
    """Place a merge of the row whose joined legs bend up or down beside its wide side; moves the edges on."""
    component, size, style, made, edge = row.component, row.size, row.style, row.made, row.edge
    width = size(node)[0]
    product = component.links[node][-1][1]
    to_right = product[0] == before or (product[0] == OPEN and made.tips.get(product[1], ("", 0.0))[0] == "left")
    sign = 1.0 if to_right else -1.0
    parts = _beside_merge(component, node, hanging)
    spread: list[tuple[str, tuple[str, int], float, float]] = []
    for way, found in parts.items():
        widths = _branch_widths(component, node, found, size, style)
        middles = offsets(widths, style.row_gap)
        spread += [(way, what, middle, breadth) for what, middle, breadth in zip(found, middles, widths, strict=True)]
    room = max(middle for *_, middle, _ in spread) + 0.6
    x = edge["row"] + style.gap + (0.0 if to_right else room)
    for way, _, middle, breadth in spread:
        near = width + middle - breadth / 2 if to_right else -middle - breadth / 2
        x = max(x, edge[way] + style.row_gap - near)
    made.centers[node], made.axes[node] = (x + width / 2, 0.0), "h"
    edge["row"] = x + width + (room if to_right else 0.0)
    for way, what, middle, breadth in spread:
        at = (x + width if to_right else x) + sign * middle
        branch = ([what], [breadth])
        _lay_branches(component, node, branch, (at, 1.0 if way == "up" else -1.0), size, style, made)
        edge[way] = max(edge[way], at + breadth / 2)


def _is_lone_frame(component: Component, node: int, hanging: list[tuple[str, int]]) -> bool:
    """Whether a frame with one leg is all that hangs on a dot on one side: it keeps its wire at its left."""
    kind, what = hanging[0] if len(hanging) == 1 else ("leg", OPEN)
    single = kind == "node" and component.node(what).kind == "frame" and component.node(what).legs == 1
    return single and component.node(node).kind == "copy"


def _lay_frame(row: _Row, frame: int, x: float, way: str) -> None:
    """Place a frame above or below the row, its left side at x; moves the edge on."""
    below, above = row.size.reach(frame)
    y = row.style.body / 2 + row.style.row_gap + (below if way == "up" else above)
    row.made.centers[frame] = (x + row.size(frame)[0] / 2, y if way == "up" else -y)
    row.made.axes[frame] = "h"
    row.edge[way] = x + row.size(frame)[0]


def _beside_merge(component: Component, node: int, hanging: list[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """What hangs on a merge above and below the joined leg that the row takes, from the outermost leg inward."""
    row = component.links[node]
    legs = {leg_key(there): leg for leg, (_, there) in enumerate(row)}
    placed = {what: legs[what if kind == "node" else -2 - what] for kind, what in hanging}
    joined = range(len(row) - 1)
    taken = [leg for leg in joined if leg not in placed.values()]
    middle = taken[0] if taken else (len(joined) - 1) / 2 + 0.1
    ranked = sorted(hanging, key=lambda item: placed[item[1]])
    return {
        "up": [item for item in ranked if placed[item[1]] < middle],
        "down": [item for item in ranked[::-1] if placed[item[1]] > middle],
    }


_STEEP = 3.0
"""An open leg farther aside than this would meet the corner of what hangs beside it."""


def _is_bracket(component: Component, node: int) -> bool:
    """Whether a node is a frame with wires at its two sides, of which one is open."""
    here = component.node(node)
    return here.kind == "frame" and here.legs == 2 and any(there[0] == OPEN for _, there in component.links[node])


def _bar_with_legs(
    component: Component,
    node: int,
    legs: list[tuple[str, int]],
    at: tuple[float, float, float],
    last: bool,
    made: Placement,
    style: Style,
) -> float:
    """Place a matrix whose open legs bend down beside it; the x where the next node may begin.

    `at` is where it may begin, its width, and where the first leg may go down.
    """
    x, width, free = at
    both = len(legs) == 2
    places = sorted(what for _, what in legs)
    left = places[0] if both or not last else None
    right = places[-1] if both or last else None
    x = max(x, free - 0.3 if left is not None else free - width - style.gap * 0.7)
    if left is not None:
        made.tips[left] = ("down", x + 0.3)
        x += 0.3 + style.gap * 0.7
    made.centers[node], made.axes[node] = (x + width / 2, 0.0), "h"
    x += width
    if right is not None:
        x += style.gap * 0.7
        made.tips[right] = ("down", x)
        x += 0.3
    return x + style.gap


def _upright(component: Component, size: Size) -> Size:
    """Depth and breadth of nodes in a branch that grows up or down: a matrix stands on its side there."""

    def turned(node: int, numbered: bool) -> tuple[float, float]:  # a frame in a branch has its wires above and below
        return size(node) if component.node(node).kind in TURNING_KINDS else size(node, True)[::-1]

    return Size(turned)


def _branch_widths(
    component: Component, node: int, branch: list[tuple[str, int]], size: Size, style: Style
) -> list[float]:
    widths = []
    for kind, what in branch:
        if kind == "leg":
            widths.append(LEG_WIDTH)
        else:
            widths.append(grow(component, what, node, _upright(component, size), style).breadth)
    return widths


def _lay_branches(
    component: Component,
    node: int,
    branches: tuple[list[tuple[str, int]], list[float]],
    at: tuple[float, float],
    size: Size,
    style: Style,
    made: Placement,
) -> None:
    """Place what hangs above (`at[1]` = 1) or below (−1) a node of the row at x = `at[0]`."""
    branch, widths = branches
    x, way = at
    across = _upright(component, size)
    here = x - total(widths, style) / 2
    shared = any(kind == "node" for kind, _ in branch)
    for (kind, what), width in zip(branch, widths, strict=True):
        middle = here + width / 2
        here += width + style.row_gap
        if kind == "leg":
            made.tips[what] = ("up" if way > 0 else "down", middle)
            if shared and abs(middle - x) > _STEEP:
                made.lanes[what] = middle, way * (size(node)[1] / 2 + 0.7 * style.fan_gap)
            continue
        growth = grow(component, what, node, across, style, way)
        gap = style.gap if len(branch) == 1 else 0.7 * style.fan_gap
        if width / 2 > size(node)[0] / 2 + style.gap:  # it stands over the node's neighbours too
            gap = max(gap, (style.body - size(node)[1]) / 2 + style.row_gap)
            if any(component.is_across(n, node) for n in component.neighbours[node]):
                gap = max(gap, style.body + 0.6)  # and over the wires that bend round one of them
        start = size(node)[1] / 2 + gap + growth.lead + across(what)[0] / 2
        for inner, (depth, breadth) in growth.at.items():
            # breadth runs so that legs stay counter-clockwise: to the left above the row, to the right below it
            if inner < 0:
                made.tips[-2 - inner] = ("up" if way > 0 else "down", middle - way * breadth)
                continue
            made.centers[inner] = (middle - way * breadth, way * (start + depth))
            made.axes[inner] = "v"


def _branches(
    component: Component, node: int, before: int, after: int, sides: dict[int, str], made: Placement
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """What hangs above a node of the row (left to right) and what hangs below it."""
    row = component.links[node]
    start = end = -1
    for leg, (_, there) in enumerate(row):
        if start < 0 and (there[0] == before or (before == -2 and there[0] == OPEN and sides.get(there[1]) == "left")):
            start = leg
            if there[0] == OPEN:
                made.tips[there[1]] = ("left", 0.0)
        elif end < 0 and (there[0] == after or (after == -2 and there[0] == OPEN and sides.get(there[1]) == "right")):
            end = leg
            if there[0] == OPEN:
                made.tips[there[1]] = ("right", 0.0)
    free = component.node(node).kind in ("copy", "plain", "frame")
    count = len(row)
    first = start if start >= 0 else (end + 1 if end >= 0 else 0)
    turn = [(first + step) % count for step in range(count)]
    hanging: list[tuple[str, int, bool]] = []
    below = True
    seen = {before, after, node}
    for leg in turn:
        if leg in (start, end):
            below = below and leg != end
            continue
        there = row[leg][1]
        if there[0] == OPEN:
            hanging.append(("leg", there[1], below or sides.get(there[1]) == "down"))
        elif there[0] not in seen:
            seen.add(there[0])
            first_leg = component.first_leg(there[0], node)
            hanging.append(("node", there[0], below or (first_leg is not None and sides.get(first_leg) == "down")))
    if free:
        hanging = shared_out(component, node, hanging)
    down = in_order(component, node, [(kind, what) for kind, what, low in hanging if low])
    up = [(kind, what) for kind, what, low in hanging if not low]
    up = in_order(component, node, up if free else up[::-1])
    if not free:
        return up, down
    return amid(component, node, up), amid(component, node, down)

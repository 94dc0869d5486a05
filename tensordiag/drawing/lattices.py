"""Structures beyond trees that have a picture of their own: two hubs with rows between them, ladders and grids."""

from __future__ import annotations

from .components import Component
from .layout import Placement, Size
from .skeletons import OPEN
from .style import Style

__all__ = ["recognise"]


def recognise(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """The structure that a component is, placed; None where it is none of these."""
    return (_theta(component, size, style, sides) or _lasso(component, size, style, sides)
            or _grid(component, size, style, sides))


# -- two hubs ------------------------------------------------------------------------------------------

Strand = tuple[list[int], int]
"""The nodes of a path from the left hub to the right one, and the wire of an empty path."""


def _theta(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """Rows of paths between two hubs: CP terms, Hadamard and Kronecker products of matrices."""
    hubs = [n for n in component.nodes if len(component.links[n]) > 2]
    if len(hubs) != 2:
        return None
    left, right = _left_hub_first(component, hubs, sides)
    strands: list[Strand] = []
    tails: dict[int, list[int]] = {left: [], right: []}
    legs: dict[int, list[int]] = {left: [], right: []}
    for hub in (left, right):
        for wire, there in _turning(component, hub, hub == left):
            path, end, wire_number = _follow(component, hub, wire, there)
            if end == OPEN and not path:
                legs[hub].append(there[1])
            elif end in (OPEN, -2):
                if any(component.homes[o][0] in path for o in component.outputs) or tails[hub]:
                    return None
                tails[hub] = path
            elif end == hub:
                return None
            elif hub == left:
                strands.append((path, wire_number))
    if any(len(legs[hub]) + bool(tails[hub]) > 1 for hub in (left, right)) or len(strands) < 2:
        return None
    used = {left, right}.union(*(p for p, _ in strands), *tails.values())
    if used != set(component.nodes) or len({tuple(p) or w for p, w in strands}) != len(strands):
        return None
    for hub, side in ((left, "left"), (right, "right")):
        if legs[hub] and sides.get(legs[hub][0]) not in (side, "down"):
            return None
    made = Placement("theta")
    _place_strands(component, (left, right), strands, size, style, made)
    for hub, sign, side in ((left, -1.0, "left"), (right, 1.0, "right")):
        x = made.centers[hub][0] + sign * size(hub)[0] / 2
        for node in tails[hub]:
            width = size(node)[0]
            made.centers[node], made.axes[node] = (x + sign * (style.gap + width / 2), 0.0), "h"
            x += sign * (style.gap + width)
        for leg in legs[hub]:
            made.tips[leg] = (side, 0.0) if sides.get(leg) == side else ("down", made.centers[hub][0] + sign)
    return made


def _left_hub_first(component: Component, hubs: list[int], sides: dict[int, str]) -> tuple[int, int]:
    """The hub that goes left: by its open leg, else by what hangs on it, else the one with ordered legs."""
    first, second = hubs
    for leg, (home, _) in sorted(component.homes.items()):
        if home in hubs and sides.get(leg) in ("left", "right"):
            other = second if home == first else first
            return (home, other) if sides[leg] == "left" else (other, home)
    if component.node(first).kind == "copy" and component.node(second).kind != "copy":
        return second, first
    return first, second


def _turning(component: Component, hub: int, at_left: bool) -> list[tuple[int, tuple[int, int]]]:
    """The wires of a hub in the order in which its strands stand from top to bottom."""
    row = list(component.links[hub])
    if component.node(hub).kind == "tensor" and at_left:
        return row[::-1]
    return row


def _follow(component: Component, hub: int, wire: int, there: tuple[int, int]) -> tuple[list[int], int, int]:
    """The path that begins with a wire: its nodes, and where it ends: a hub, OPEN, or -2 for a dead end."""
    path: list[int] = []
    node, leg = there
    while node != OPEN and len(component.links[node]) <= 2:
        path.append(node)
        if len(component.links[node]) == 1:
            return path, -2, wire
        _, (node, leg) = component.links[node][1 - leg]
    return path, node, wire


def _place_strands(component: Component, hubs: tuple[int, int], strands: list[Strand], size: Size, style: Style,
                   made: Placement) -> None:
    """Hubs at both ends of the base line, strands in rows between them."""
    left, right = hubs
    widths = [sum(size(n)[0] for n in path) + style.gap * max(0, len(path) - 1) for path, _ in strands]
    heights = [max([size(n)[1] for n in path] or [0.6]) for path, _ in strands]
    middle = max(widths)
    total = sum(heights) + style.row_gap * (len(strands) - 1)
    fan = max(style.fan_gap, 0.33 * total)
    x_right = middle + 2 * fan
    made.centers[left] = (-size(left)[0] / 2, 0.0)
    made.centers[right] = (x_right + size(right)[0] / 2, 0.0)
    made.axes[left] = made.axes[right] = "h"
    y = total / 2
    for (path, wire), width, height in zip(strands, widths, heights, strict=True):
        middle_y = y - height / 2
        y -= height + style.row_gap
        x = fan + (middle - width) / 2
        if not path and abs(middle_y) > 1e-9:
            made.vias[wire] = (x_right / 2, middle_y)
        for node in path:
            made.centers[node], made.axes[node] = (x + size(node)[0] / 2, middle_y), "h"
            x += size(node)[0] + style.gap


# -- a lasso --------------------------------------------------------------------------------------------


def _lasso(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """One hub with one path that returns to it: the path in two rows beside the hub, bent round at their end."""
    hubs = [n for n in component.nodes if len(component.links[n]) > 2]
    if len(hubs) != 1 or len(component.links[hubs[0]]) != 3 or len(component.outputs) > 1:
        return None
    hub = hubs[0]
    loops = []
    tail: list[int] = []
    for wire, there in component.links[hub]:
        path, end, _ = _follow(component, hub, wire, there)
        if end == hub and path:
            loops.append(path)
        elif end == OPEN or end == -2:
            tail = path
    if not loops or set(loops[0]) | set(tail) | {hub} != set(component.nodes) or len(loops[0]) < 2:
        return None
    path = loops[0]
    output = component.outputs[0] if component.outputs else -1
    sign = 1.0 if sides.get(output) == "left" else -1.0
    return _place_lasso(component, (hub, path, tail), sign, size, style)


def _place_lasso(component: Component, parts: tuple[int, list[int], list[int]], sign: float, size: Size,
                 style: Style) -> Placement:
    """Put the hub at 0, the path's halves in rows on the `sign` side, the tail on the other."""
    hub, path, tail = parts
    made = Placement("lasso", {hub: (0.0, 0.0)}, {hub: "h"})
    half = len(path) // 2
    rows = (path[:half], path[len(path) - half :][::-1])
    tall = max(size(n)[1] for n in path)
    reach = 0.0
    for row, level in zip(rows, (1.0, -1.0), strict=True):
        x = size(hub)[0] / 2 + style.fan_gap
        for node in row:
            width = size(node)[0]
            made.centers[node] = (sign * (x + width / 2), level * (tall + style.row_gap) / 2)
            made.axes[node] = "h"
            x += width + style.gap
        reach = max(reach, x)
    if len(path) % 2:
        middle = path[half]
        made.centers[middle] = (sign * (reach + size(middle)[1] / 2 + 0.4), 0.0)
        made.axes[middle] = "v"
    made.rooms.append((sign * (reach + 1.4), 0.0))
    x = size(hub)[0] / 2
    for node in tail:
        made.centers[node], made.axes[node] = (-sign * (x + style.gap + size(node)[0] / 2), 0.0), "h"
        x += style.gap + size(node)[0]
    for leg in component.outputs:
        made.tips[leg] = ("left" if sign > 0 else "right", 0.0)
    return made


# -- grids ----------------------------------------------------------------------------------------------


def _grid(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """A lattice of rows and columns, a ladder being one of two rows; open legs oblique."""
    if any(len(row) != len({there[0] for _, there in row if there[0] != OPEN})
           + sum(there[0] == OPEN for _, there in row) for row in component.links.values()):
        return None
    homes = [home for home, _ in component.homes.values()]
    if len(set(homes)) != len(homes):
        return None
    corners = [n for n in component.nodes if len(component.neighbours[n]) == 2]
    if len(component.nodes) < 4 or not corners or any(not 2 <= len(v) <= 4 for v in component.neighbours.values()):
        return None
    start = corners[0]
    from_start = _distances(component, start)
    for corner in corners[1:]:
        at = _coordinates(component, from_start, _distances(component, corner), from_start[corner] + 1)
        if at is not None:
            return _place_grid(component, _upright(component, at, start), size, style, sides)
    return None


def _distances(component: Component, start: int) -> dict[int, int]:
    depth = {start: 0}
    queue = [start]
    for here in queue:
        for there in component.neighbours[here]:
            if there not in depth:
                depth[there] = depth[here] + 1
                queue.append(there)
    return depth


def _coordinates(component: Component, a: dict[int, int], b: dict[int, int], columns: int) -> dict[
    int, tuple[int, int]
] | None:
    """Column and row of every node by its distances from two corners of one side; None where that is no lattice."""
    at = {n: ((a[n] - b[n] + columns - 1) / 2, (a[n] + b[n] - columns + 1) / 2) for n in component.nodes}
    if any(x != int(x) or y != int(y) for x, y in at.values()):
        return None
    placed = {n: (int(x), int(y)) for n, (x, y) in at.items()}
    rows = max(y for _, y in placed.values()) + 1
    if len(set(placed.values())) != len(placed) or len(placed) != rows * columns or min(rows, columns) < 2:
        return None
    for node, (x, y) in placed.items():
        expected = {p for p in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1))
                    if 0 <= p[0] < columns and 0 <= p[1] < rows}
        if {placed[n] for n in component.neighbours[node]} != expected:
            return None
    return placed


def _upright(component: Component, at: dict[int, tuple[int, int]], start: int) -> dict[int, tuple[int, int]]:
    """The long side horizontal; of a square lattice the side with the lower neighbour."""
    columns, rows = max(x for x, _ in at.values()) + 1, max(y for _, y in at.values()) + 1
    first = min(component.neighbours[start])
    if rows > columns or (rows == columns and at[first] == (0, 1)):
        return {n: (y, x) for n, (x, y) in at.items()}
    return at


def _place_grid(component: Component, at: dict[int, tuple[int, int]], size: Size, style: Style,
                sides: dict[int, str]) -> Placement:
    made = Placement("grid")
    slanted = bool(component.outputs)
    pitch_x = max(size(n)[0] for n in component.nodes) + (2.6 if slanted else 1.6)
    pitch_y = max(size(n)[1] for n in component.nodes) + (2.6 if slanted else 1.8)
    rows = max(y for _, y in at.values()) + 1
    for node, (x, y) in at.items():
        made.centers[node] = (x * pitch_x, ((rows - 1) / 2 - y) * pitch_y)
        made.axes[node] = "corner"
    for leg in component.outputs:
        made.tips[leg] = ("slant", 0.0)
        made.rays.add(leg)
    return made

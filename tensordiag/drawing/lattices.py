"""Structures beyond trees that have a picture of their own: two hubs with rows between them, ladders and grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .components import Component, inversions
from .extents import Size
from .layout import Placement
from .merges import is_joined
from .shapes import TURNING_KINDS
from .skeletons import OPEN
from .style import Style

__all__ = ["recognise"]


def recognise(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """The structure that a component is, placed; None where it is none of these."""
    return (
        _theta(component, size, style, sides)
        or _lasso(component, size, style, sides)
        or _grid(component, size, style, sides)
    )


# -- two hubs ------------------------------------------------------------------------------------------

Strand = tuple[list[int], int]
"""The nodes of a path from the left hub to the right one, and the wire of an empty path."""


@dataclass
class _Hub:
    """What hangs on a hub besides the strands: a path, and an open leg at its end or on the hub itself.

    `beside` is what hangs among the strands, by the hub's legs: on legs that a merge joins, on all but one of a dot's.
    Each is a path with the open leg at its end, or −1.
    """

    node: int
    tail: list[int]
    leg: int | None
    beside: dict[int, tuple[list[int], int]] = field(default_factory=dict)


def _theta(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """Rows of paths between two hubs: CP terms, Hadamard and Kronecker products of matrices."""
    hubs = [n for n in component.nodes if len(component.links[n]) > 2]
    if len(hubs) != 2:
        return None
    if component.node(hubs[1]).kind == "copy" and component.node(hubs[0]).kind != "copy":
        hubs = hubs[::-1]  # a tensor at the right has its legs from top to bottom
    found: list[Placement] = []
    for first, second in (hubs, hubs[::-1]):
        left, right = _hub(component, first, sides), _hub(component, second, sides)
        if left is None or right is None:
            return None
        wanted = [(hub.leg, side) for hub, side in ((left, "left"), (right, "right")) if hub.leg is not None]
        if all(sides.get(leg) in (side, "down", "across", "any") for leg, side in wanted):
            made = _place_theta(component, left, right, size, style, sides)
            found += [made] if made is not None else []
    return min(found, key=_disorder, default=None)


def _disorder(made: Placement) -> int:
    """How many pairs of open legs stand in the wrong order above or below."""
    rows = [sorted((at, leg) for leg, (side, at) in made.tips.items() if side == way) for way in ("up", "down")]
    return sum(inversions([leg for _, leg in row]) for row in rows)


def _hub(component: Component, hub: int, sides: dict[int, str]) -> _Hub | None:
    """What hangs on a hub; None where that is more than one thing on a node that needs its legs in order."""
    kind = component.node(hub).kind
    hanging: dict[int, tuple[list[int], int]] = {}
    for leg, (wire, there) in enumerate(component.links[hub]):
        path, (end, place), _ = _follow(component, wire, there)
        if end == hub:
            return None
        if end in (OPEN, _DEAD):
            hanging[leg] = path, place if end == OPEN else -1
        elif kind == "merge" and not is_joined(component, hub, leg):
            return None
    outer = [leg for leg in hanging if not is_joined(component, hub, leg)]
    if len(outer) > 1 and kind == "copy":
        outer = [leg for leg in outer if sides.get(hanging[leg][1]) in ("left", "right")][-1:] or outer[:1]
    if len(outer) > 1:
        return None
    path, place = hanging.pop(outer[0]) if outer else ([], -1)
    return _Hub(hub, path, place if place >= 0 else None, hanging)


def _place_theta(
    component: Component, left: _Hub, right: _Hub, size: Size, style: Style, sides: dict[int, str]
) -> Placement | None:
    ordered = component.node(left.node).kind == "copy" and component.node(right.node).kind == "tensor"
    here, far = (right, left) if ordered else (left, right)
    strands: list[Strand] = []
    upward = not ordered and component.node(far.node).kind != "copy"  # at a dot they may stand as they come
    for wire, there in _turning(component, here, upward=upward):
        path, (end, _), number = _follow(component, wire, there)
        if end == far.node:
            strands.append((path[::-1] if ordered else path, number))
    used = {left.node, right.node, *left.tail, *right.tail}.union(*(p for p, _ in strands))
    used = used.union(*(path for hub in (left, right) for path, _ in hub.beside.values()))
    if len(strands) < 2 or used != set(component.nodes):
        return None
    made = Placement("theta")
    _place_strands(component, (left, right), strands, size, style, made)
    for hub, sign in ((left, 1.0), (right, -1.0)):
        _lay_beside(component, hub, sign, size, style, made)
    for hub, sign, side in ((left, -1.0, "left"), (right, 1.0, "right")):
        x = made.centers[hub.node][0] + sign * size(hub.node)[0] / 2
        for node in hub.tail:
            width = size(node)[0]
            made.centers[node], made.axes[node] = (x + sign * (style.gap + width / 2), 0.0), "h"
            x += sign * (style.gap + width)
        if hub.leg is not None:
            made.tips[hub.leg] = (side, 0.0) if sides.get(hub.leg) == side else ("down", x + sign)
    return made


def _turning(component: Component, hub: _Hub, *, upward: bool) -> list[tuple[int, tuple[int, int]]]:
    """A hub's wires in the order in which its strands stand from top to bottom: a left hub's legs turn upward."""
    row = list(component.links[hub.node])
    if component.node(hub.node).kind != "tensor":
        return row
    outer = {hub.tail[0]} if hub.tail else {OPEN}
    first = next((k for k, (_, there) in enumerate(row) if there[0] in outer), -1)
    row = row[first + 1 :] + row[: first + 1]
    return row[::-1] if upward else row


_DEAD = -3


def _follow(component: Component, wire: int, there: tuple[int, int]) -> tuple[list[int], tuple[int, int], int]:
    """The path that begins with a wire: its nodes, the end it leads to (a hub, OPEN, or _DEAD), the wire itself."""
    path: list[int] = []
    node, leg = there
    while node != OPEN and len(component.links[node]) <= 2:
        path.append(node)
        if len(component.links[node]) == 1:
            return path, (_DEAD, 0), wire
        _, (node, leg) = component.links[node][1 - leg]
    return path, (node, leg), wire


def _place_strands(
    component: Component, hubs: tuple[_Hub, _Hub], strands: list[Strand], size: Size, style: Style, made: Placement
) -> None:
    """Hubs at both ends of the base line, strands in rows between them."""
    left, right = (hub.node for hub in hubs)
    widths = [sum(size(n)[0] for n in path) + style.gap * max(0, len(path) - 1) for path, _ in strands]
    heights = [_reach(path, size) for path, _ in strands]
    middle = max(widths)
    total = sum(map(sum, heights)) + style.row_gap * (len(strands) - 1)
    fan = max(style.fan_gap, 0.33 * total) + max(_beside_room(component, hub, size, style) for hub in hubs)
    x_right = middle + 2 * fan
    made.centers[left] = (-size(left)[0] / 2, 0.0)
    made.centers[right] = (x_right + size(right)[0] / 2, 0.0)
    made.axes[left] = made.axes[right] = "h"
    y = total / 2
    for (path, wire), width, (below, above) in zip(strands, widths, heights, strict=True):
        middle_y = y - above
        y -= below + above + style.row_gap
        x = fan + (middle - width) / 2
        if not path and abs(middle_y) > 1e-9:
            made.vias[wire] = (x_right / 2, middle_y)
        if path and middle - width > style.fan_gap and abs(middle_y) > 1e-9:
            first = next(w for w, there in component.links[path[0]] if there[0] == left)
            last = next(w for w, there in component.links[path[-1]] if there[0] == right)
            made.vias[first], made.vias[last] = (fan, middle_y), (fan + middle, middle_y)
        for node in path:
            made.centers[node], made.axes[node] = (x + size(node)[0] / 2, middle_y), "h"
            x += size(node)[0] + style.gap


def _reach(row: Sequence[int], size: Size) -> tuple[float, float]:
    """How far a row of nodes reaches below its line and above it; an empty one has a wire."""
    found = [size.reach(node) for node in row] or [(0.6, 0.6)]
    return max(below for below, _ in found), max(above for _, above in found)


def _beside_room(component: Component, hub: _Hub, size: Size, style: Style) -> float:
    """How far what hangs among the strands of a hub reaches toward their middle."""
    if not hub.beside or component.node(hub.node).kind != "merge":
        return 0.0
    breadths = [max([0.0, *(size(n)[1] for n in path)]) for path, _ in hub.beside.values()]
    return _apart(breadths, style)[-1] + max(_BESIDE, breadths[-1] / 2)


def _lay_beside(component: Component, hub: _Hub, sign: float, size: Size, style: Style, made: Placement) -> None:
    """Let what hangs among the strands of a hub go up over them all, or down; `sign` says where the strands are."""
    x = made.centers[hub.node][0]
    free = component.node(hub.node).kind != "merge"
    hanging = sorted(hub.beside) if not free else sorted(hub.beside, key=lambda leg: hub.beside[leg][1])
    joined = range(component.node(hub.node).legs - 1)
    first = -1 if free else next((leg for leg in joined if leg not in hub.beside), 0)
    rows = {"up": [leg for leg in hanging if leg < first], "down": [leg for leg in hanging if leg > first]}
    for way, legs in rows.items():
        breadths = [max([0.0, *(size(n)[1] for n in hub.beside[leg][0])]) for leg in legs]
        at = _apart(breadths, style)
        middle = (at[0] + at[-1]) / 2 if at else 0.0
        for leg, place in zip(legs if free or way == "up" else legs[::-1], at, strict=True):
            aside = place - middle if free else sign * (size(hub.node)[0] / 2 + _BESIDE + place)
            _hang(hub, leg, (x + aside, 1.0 if way == "up" else -1.0), size, style, made)


def _apart(breadths: Sequence[float], style: Style) -> list[float]:
    """Where things of these breadths stand beside each other, seen from the first one."""
    at: list[float] = []
    for before, here in zip([0.0, *breadths], breadths, strict=False):
        at.append(at[-1] + max(_BESIDE, (before + here) / 2 + style.row_gap * (before + here > 0)) if at else 0.0)
    return at


def _hang(hub: _Hub, leg: int, at: tuple[float, float], size: Size, style: Style, made: Placement) -> None:
    """Place a path that hangs on a hub above (`at[1]` = 1) or below it, and the open leg at its end."""
    path, place = hub.beside[leg]
    x, way = at
    y = size(hub.node)[1] / 2
    for node in path:
        depth = size(node)[0]
        made.centers[node], made.axes[node] = (x, way * (y + style.gap + depth / 2)), "v"
        y += style.gap + depth
    if place >= 0:
        made.tips[place] = ("up" if way > 0 else "down", x)


_BESIDE = 0.95
"""How far apart open legs are beside a hub."""

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
        path, (end, _), _ = _follow(component, wire, there)
        if end == hub and path:
            loops.append(path)
        elif end in (OPEN, _DEAD):
            tail = path
    if not loops or set(loops[0]) | set(tail) | {hub} != set(component.nodes) or len(loops[0]) < 2:
        return None
    path = loops[0]
    return _place_lasso(component, (hub, path, tail), sides, size, style)


def _place_lasso(
    component: Component, parts: tuple[int, list[int], list[int]], sides: dict[int, str], size: Size, style: Style
) -> Placement:
    """Put the hub at 0, the path's halves in rows on one side, the tail and the open leg on the other."""
    hub, path, tail = parts
    sign = 1.0 if any(sides.get(leg) == "left" for leg in component.outputs) else -1.0
    made = Placement("lasso", {hub: (0.0, 0.0)}, {hub: "h"})
    half = len(path) // 2
    level = len(path) % 2 == 1 and component.node(path[half]).kind not in TURNING_KINDS  # it cannot stand across
    rows = (path[: half + level], path[len(path) - half :][::-1])
    apart = _reach(rows[0], size)[0] + style.row_gap + _reach(rows[1], size)[1]
    heights = (apart / 2, -apart / 2)
    start = size(hub)[0] / 2 + style.fan_gap
    reach = start + max(sum(size(n)[0] + style.gap for n in row) for row in rows)
    for row, height in zip(rows, heights, strict=True):
        x = reach - sum(size(n)[0] + style.gap for n in row)  # both end where the path turns round
        if x - start > style.fan_gap:
            wire = next(w for w, there in component.links[row[0]] if there[0] == hub)
            made.vias[wire] = (sign * start, height)
        for node in row:
            width = size(node)[0]
            made.centers[node] = (sign * (x + width / 2), height)
            made.axes[node] = "h"
            x += width + style.gap
    if len(path) % 2 and not level:
        middle = path[half]
        made.centers[middle] = (sign * (reach + size(middle)[1] / 2 + 0.4), 0.0)
        made.axes[middle] = "v"
    made.rooms.append((sign * (reach + 1.4), 0.0))
    x = size(hub)[0] / 2
    for node in tail:
        made.centers[node], made.axes[node] = (-sign * (x + style.gap + size(node)[0] / 2), 0.0), "h"
        x += style.gap + size(node)[0]
    for leg in component.outputs:
        side = "left" if sign > 0 else "right"
        made.tips[leg] = (side, 0.0) if sides.get(leg) == side else ("down", -sign * (x + 0.9))
    return made


# -- grids ----------------------------------------------------------------------------------------------

_HOLE = -5
"""The node that stands for the place of a removed one in a lattice."""
Neighbours = dict[int, list[int]]


def _grid(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """A lattice of rows and columns, a ladder being one of two rows, whole or with one node removed."""
    if any(component.wires_between(n, m) > 1 for n in component.nodes for m in component.neighbours[n]) or any(
        component.wires_between(n, n) for n in component.nodes
    ):
        return None
    homes = [component.homes[leg][0] for leg in component.outputs]
    at = _lattice(component.neighbours) if len(set(homes)) == len(homes) else None
    if at is not None:
        return _place_grid(component, at, size, style, component.outputs)
    for count in (2, 3, 4):
        around = homes[len(homes) - count :]
        if len(homes) < count or len(set(around)) != count or len(set(homes[:-count])) != len(homes) - count:
            continue
        joined = {n: [*near, _HOLE] if n in around else near for n, near in component.neighbours.items()}
        at = _lattice({**joined, _HOLE: around})
        if at is not None:
            made = _place_grid(component, at, size, style, component.outputs[: len(homes) - count])
            _open_hole(component, made, component.outputs[len(homes) - count :])
            return made
    return None


def _lattice(near: Neighbours) -> dict[int, tuple[int, int]] | None:
    """Columns and rows of the nodes of a lattice, its long side level; None for anything else."""
    if len(near) < 4 or any(not 2 <= len(row) <= 4 for row in near.values()):
        return None
    corners = [n for n in near if len(near[n]) == 2]
    if not corners:
        return None
    start = min((n for n in corners if n >= 0), default=corners[0])
    from_start = _distances(near, start)
    if len(from_start) < len(near):
        return None
    for corner in corners:
        if corner == start:
            continue
        at = _coordinates(near, from_start, _distances(near, corner), from_start[corner] + 1)
        if at is not None:
            return _upright(near, at, start)
    return None


def _distances(near: Neighbours, start: int) -> dict[int, int]:
    depth = {start: 0}
    queue = [start]
    for here in queue:
        for there in near[here]:
            if there not in depth:
                depth[there] = depth[here] + 1
                queue.append(there)
    return depth


def _coordinates(
    near: Neighbours, a: dict[int, int], b: dict[int, int], columns: int
) -> dict[int, tuple[int, int]] | None:
    """Column and row of every node by its distances from two corners of one side; None where that is no lattice."""
    at = {n: ((a[n] - b[n] + columns - 1) / 2, (a[n] + b[n] - columns + 1) / 2) for n in near}
    if any(x != int(x) or y != int(y) for x, y in at.values()):
        return None
    placed = {n: (int(x), int(y)) for n, (x, y) in at.items()}
    rows = max(y for _, y in placed.values()) + 1
    if len(set(placed.values())) != len(placed) or len(placed) != rows * columns or min(rows, columns) < 2:
        return None
    for node, (x, y) in placed.items():
        expected = {
            p for p in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)) if 0 <= p[0] < columns and 0 <= p[1] < rows
        }
        if {placed[n] for n in near[node]} != expected:
            return None
    return placed


def _upright(near: Neighbours, at: dict[int, tuple[int, int]], start: int) -> dict[int, tuple[int, int]]:
    """The long side level; of a square lattice the side with the lower neighbour."""
    columns, rows = max(x for x, _ in at.values()) + 1, max(y for _, y in at.values()) + 1
    first = min(near[start])
    if rows > columns or (rows == columns and at[first] == (0, 1)):
        return {n: (y, x) for n, (x, y) in at.items()}
    return at


def _place_grid(
    component: Component, at: dict[int, tuple[int, int]], size: Size, style: Style, slanted: Sequence[int]
) -> Placement:
    made = Placement("grid")
    wide = 2.6 if slanted else 1.6
    pitch_x = max(size(n)[0] for n in component.nodes) + wide
    pitch_y = max(size(n)[1] for n in component.nodes) + wide + 0.2
    rows = max(y for _, y in at.values()) + 1
    for node, (x, y) in at.items():
        made.centers[node] = (x * pitch_x, ((rows - 1) / 2 - y) * pitch_y)
        made.axes[node] = "corner"
    for leg in slanted:
        made.tips[leg] = ("slant", 0.0)
        made.rays.add(leg)
        home = component.homes[leg][0]
        made.points[leg] = (made.centers[home][0] + SLANT[0], made.centers[home][1] + SLANT[1])
    return made


SLANT = (2.3, 1.93)
"""Where a lattice's open legs end, seen from their nodes: 40 degrees up."""


def _open_hole(component: Component, made: Placement, legs: Sequence[int]) -> None:
    """Open legs that end at the rim of the hole where a node was removed."""
    hole = made.centers.pop(_HOLE)
    del made.axes[_HOLE]
    for leg in legs:
        x, y = made.centers[component.homes[leg][0]]
        made.points[leg] = (hole[0] + 0.36 * (x - hole[0]), hole[1] + 0.36 * (y - hole[1]))
        made.tips[leg] = ("slant", 0.0)
        made.rays.add(leg)

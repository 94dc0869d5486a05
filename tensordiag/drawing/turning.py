"""Layouts turned by quarters: rows from top to bottom, with their open legs at the sides that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .components import Component
from .extents import Size
from .geometry import Point
from .layout import Placement
from .shapes import TURNING_KINDS
from .skeletons import OPEN, End

__all__ = ["QUARTERS", "turned"]

QUARTERS = {"up": 2, "all-left": 3, "all-right": 1, "ud": 3}
"""By how many quarters, counter-clockwise, a layout is turned whose open legs leave at these sides."""
_REVERSED = frozenset({"up", "all-right"})
"""Sides along which open legs would stand in falling order, if they stood in rising order below."""
_SIDES = ("right", "up", "left", "down")
Layout = Callable[[Component, Size, dict[int, str]], Placement]


def turned(part: Component, size: Size, sides: dict[int, str], where: str, layout: Layout) -> Placement:
    """The layout of a part, turned so that legs that left it down, or left and right, leave where they should."""
    last = part.skeleton.order - 1
    back = where in _REVERSED
    shown = _reversed(part, last) if back else part

    def upright(node: int, numbered: bool) -> tuple[float, float]:
        return size(node) if part.node(node).kind in TURNING_KINDS else size(node, True)[::-1]

    if QUARTERS[where] == 2:
        other = {"left": "right", "right": "left"}
        sides = {leg: other.get(side, side) for leg, side in sides.items()}
    made = layout(
        shown,
        Size(upright if QUARTERS[where] % 2 else size.measure),  # what is above may come to be below
        {last - leg: side for leg, side in sides.items()} if back else sides,
    )
    if made.kind == "grid":  # its open legs are slanted, whatever is asked for
        return layout(part, size, sides)
    return _turned(made, QUARTERS[where], last if back else None)


def _reversed(part: Component, last: int) -> Component:
    """The part with its open legs in the opposite order."""

    def moved(end: End) -> End:
        return (OPEN, last - end[1]) if end[0] == OPEN else end

    wires = tuple((moved(a), moved(b)) for a, b in part.skeleton.wires)
    outputs = tuple(sorted(last - leg for leg in part.outputs))
    return Component(replace(part.skeleton, wires=wires), part.nodes, outputs)


def _turned(made: Placement, quarters: int, last: int | None) -> Placement:
    """A placement turned counter-clockwise, its open legs renumbered where they were in the opposite order."""

    def spun(point: Point) -> Point:
        for _ in range(quarters):
            point = (-point[1], point[0])
        return point

    def name(leg: int) -> int:
        return leg if last is None else last - leg

    def tip(side: str, at: float) -> tuple[str, float]:
        place = spun((0.0, at) if side in ("left", "right") else (at, 0.0))
        way = _SIDES[(_SIDES.index(side) + quarters) % 4]
        return way, place[1] if way in ("left", "right") else place[0]

    axes = {"h": "v", "v": "h"} if quarters % 2 else {}
    heights = [spun(center)[1] for center in made.centers.values()]
    middle = (max(heights) + min(heights)) / 2 if quarters % 2 else 0.0

    def moved(point: Point) -> Point:
        x, y = spun(point)
        return x, y - middle

    tips = {name(leg): tip(*given) for leg, given in made.tips.items()}
    return replace(
        made,
        centers={node: moved(center) for node, center in made.centers.items()},
        axes={node: axes.get(axis, axis) for node, axis in made.axes.items()},
        tips={leg: (side, at - middle * (side in ("left", "right"))) for leg, (side, at) in tips.items()},
        vias={wire: moved(point) for wire, point in made.vias.items()},
        rays={name(leg) for leg in made.rays},
        lanes={name(leg): moved(point) for leg, point in made.lanes.items()},
        rooms=[moved(point) for point in made.rooms],
        points={name(leg): moved(point) for leg, point in made.points.items()},
        upright=quarters % 2 == 1,
    )

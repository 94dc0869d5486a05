"""Steepening: wires that cross at a flat angle are bent, so that the eye does not slip from one to the other."""

from __future__ import annotations

import math
from dataclasses import replace

from .crossings import Crossing, crossings
from .geometry import Path, Point, distance, rotated, sub, unit
from .routing import route
from .scene import Item, Scene, Wire

__all__ = ["FLAT", "direction", "passing", "steepened"]

FLAT = 45.0
"""In degrees: crossings should be steeper."""
_MORE = 4.0


def steepened(scene: Scene) -> Scene:
    """The scene with the wires of flat crossings bent through the point where they cross; as it is without one."""
    wires = scene.wires
    found = crossings(wires)
    count = [sum(number in (c.under, c.over) for c in found) for number in range(len(wires))]
    bent: dict[str, Item] = {}
    for crossing in found:
        pair = wires[crossing.under], wires[crossing.over]
        if crossing.angle < FLAT and count[crossing.under] == count[crossing.over] == 1:
            bent.update((wire.id, wire) for wire in _bent(pair, crossing))
    return replace(scene, items=tuple(bent.get(item.id, item) for item in scene.items)) if bent else scene


def _bent(pair: tuple[Wire, Wire], crossing: Crossing) -> list[Wire]:
    """Two wires that cross once, turned away from each other there."""
    first, second = (direction(wire, crossing.point) for wire in pair)
    forward = first[0] * second[0] + first[1] * second[1] > 0
    side = first[0] * second[1] - first[1] * second[0]
    turn = math.copysign((FLAT + _MORE - crossing.angle) / 2, side if forward else -side)
    ways = rotated(first, -turn), rotated(second, turn)
    return [replace(wire, path=passing(wire.path, crossing.point, way)) for wire, way in zip(pair, ways, strict=True)]


def direction(wire: Wire, point: Point) -> Point:
    """The direction of a wire at a point of it."""
    points = wire.points
    near = min(range(len(points) - 1), key=lambda k: distance(points[k], point) + distance(points[k + 1], point))
    return unit(sub(points[near + 1], points[near]))


def passing(path: Path, point: Point, way: Point) -> Path:
    """A path from the same port to the same port that passes a point in a direction."""
    start, end = path[0][1][0], path[-1][1][-1]
    out, inward = unit(sub(path[1][1][0], start)), unit(sub(path[-1][1][-2] if len(path[-1][1]) > 1 else start, end))
    back = (-way[0], -way[1])
    return (*route(start, out, point, back), *route(point, way, end, inward)[1:])

"""Outlines round shapes: the convex hull of points, at a distance from them, its corners round."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from .geometry import Command, Path, Point, add, distance, inside, polyline, rotated, sub, unit

__all__ = ["around", "hull", "lowest"]


def hull(points: Iterable[Point]) -> list[Point]:
    """The corners of the convex hull, counter-clockwise; A. M. Andrew's monotone chain (1979)."""
    ranked = sorted({(round(x, 6), round(y, 6)) for x, y in points})
    if len(ranked) < 3:
        return ranked

    def half(row: Sequence[Point]) -> list[Point]:
        made: list[Point] = []
        for point in row:
            while len(made) > 1 and _turn(made[-2], made[-1], point) <= 1e-9:
                made.pop()
            made.append(point)
        return made[:-1]

    return half(ranked) + half(ranked[::-1])


def _turn(a: Point, b: Point, c: Point) -> float:
    (ux, uy), (vx, vy) = sub(b, a), sub(c, b)
    return ux * vy - uy * vx


_SOFTER = (1.2, 0.9, 0.6, 0.3)
"""How much wider than its distance the arcs of a line may be, the widest first."""


def around(corners: Sequence[Point], room: float) -> Path:
    """A line at this distance from a convex polygon, with wide arcs round its corners, nearer to these by a third."""
    for more in _SOFTER:
        core = _eroded(corners, more)
        if len(core) > 2:
            made = _offset(core, room + more)
            line = polyline(made, 8)
            if all(inside(p, line) and _gap(p, line) > 0.6 * room for p in corners):
                return made
    return _offset(corners, room)


def _gap(point: Point, line: Sequence[Point]) -> float:
    """How far a point is from a line's corners, which are close together where it bends."""
    return min(distance(point, other) for other in line)


def _eroded(corners: Sequence[Point], by: float) -> list[Point]:
    """The part of a convex polygon that is at least this far from its sides."""
    core = list(corners)
    for here, there in zip(corners, [*corners[1:], corners[0]], strict=True):
        dx, dy = unit(sub(there, here))
        depth = [(p[1] - here[1]) * dx - (p[0] - here[0]) * dy - by for p in core]
        clipped: list[Point] = []
        for p, q, a, b in zip(core, [*core[1:], *core[:1]], depth, [*depth[1:], *depth[:1]], strict=True):
            if a >= 0:
                clipped.append(p)
            if (a >= 0) != (b >= 0):
                clipped.append(add(p, sub(q, p), a / (a - b)))
        core = clipped
    return hull(core)


def _offset(corners: Sequence[Point], room: float) -> Path:
    """The line at this distance from a convex polygon, with an arc round every corner."""
    ring = list(corners) if len(corners) > 1 else [corners[0], add(corners[0], (1e-6, 0.0))]
    normals = []
    for here, there in zip(ring, [*ring[1:], ring[0]], strict=True):
        dx, dy = unit(sub(there, here))
        normals.append((dy, -dx))
    made: list[Command] = [("M", (add(ring[0], normals[-1], room),))]
    for corner, before, after in zip(ring, [normals[-1], *normals[:-1]], normals, strict=True):
        if len(made) > 1:
            made.append(("L", (add(corner, before, room),)))
        made += _arc(corner, before, after, room)
    return (*made, ("Z", ()))


def _arc(center: Point, start: Point, end: Point, radius: float) -> list[Command]:
    """An arc counter-clockwise from one direction to another, in pieces of at most a quarter of a circle."""
    angle = math.degrees(math.atan2(start[0] * end[1] - start[1] * end[0], start[0] * end[0] + start[1] * end[1]))
    angle %= 360.0
    pieces = max(1, math.ceil(angle / 90.0 - 1e-6))
    step = angle / pieces
    handle = radius * 4 / 3 * math.tan(math.radians(step) / 4)
    ways = [rotated(start, step * piece) for piece in range(pieces + 1)]
    return [
        (
            "C",
            (
                add(add(center, a, radius), (-a[1], a[0]), handle),
                add(add(center, b, radius), (b[1], -b[0]), handle),
                add(center, b, radius),
            ),
        )
        for a, b in itertools.pairwise(ways)
    ]


def lowest(corners: Sequence[Point], x: float) -> Point:
    """The lowest point of a polygon at this place along it, or at the nearest one that it has."""
    x = min(max(x, min(p[0] for p in corners)), max(p[0] for p in corners))
    found = [
        a[1] if a[0] == b[0] else a[1] + (x - a[0]) / (b[0] - a[0]) * (b[1] - a[1])
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
        if min(a[0], b[0]) <= x <= max(a[0], b[0])
    ]
    return x, min(found)

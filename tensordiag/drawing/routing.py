"""Routes: a smooth path for every wire from port to port, leaving and arriving at right angles to the borders."""

from __future__ import annotations

import math

from .geometry import Path, Point, add, cubic, distance, line, sub, unit

__all__ = ["bend", "closure", "is_ahead", "loop", "route", "through"]

_FACING, _ASIDE = 0.05, 0.9


def route(start: Point, out: Point, end: Point, inward: Point) -> Path:
    """A wire between two ports with outward normals: straight where they face each other, else one smooth curve."""
    along = unit(sub(end, start))
    if along[0] * out[0] + along[1] * out[1] > 0.9995 and along[0] * inward[0] + along[1] * inward[1] < -0.9995:
        return line(start, end)
    length = distance(start, end)
    handle = min(max(0.45 * length, min(0.8, 0.5 * length)), 3.0)
    return cubic(start, add(start, out, handle), add(end, inward, handle), end)


def is_ahead(start: Point, out: Point, tip: Point) -> bool:
    """Whether a straight wire leaves its port at a right angle, to the eye."""
    way = unit(sub(tip, start))
    return way[0] * out[0] + way[1] * out[1] > 0.95


def bend(start: Point, out: Point, tip: Point, away: Point) -> Path:
    """An open leg: a quarter turn from its port, then straight to the tip, which it reaches in direction `away`."""
    dx, dy = sub(tip, start)
    if out[0] * away[0] + out[1] * away[1] < -0.9 and abs(dx * away[1] - dy * away[0]) > _ASIDE:
        return _turn_round(start, out, tip, away)
    forward = dx * out[0] + dy * out[1]
    onward = dx * away[0] + dy * away[1]
    square = abs(out[0] * away[0] + out[1] * away[1]) < 1e-6
    if not square or forward < 0.2 or onward < 0.2:
        aside = abs(dx * away[1] - dy * away[0])
        need = max(1.6, 1.2 * aside)
        if not square and aside > 1e-6 and onward > need + 0.5:
            knee = add(tip, away, need - onward)  # turn into the leg's own lane early, then run straight
            return (*route(start, out, knee, (-away[0], -away[1])), ("L", (tip,)))
        return route(start, out, tip, (-away[0], -away[1]))
    radius = min(forward, onward, 2.0)
    first = add(start, out, forward - radius)
    corner = add(start, out, forward)
    second = add(corner, away, radius)
    k = radius * 0.5523
    path: list[tuple[str, tuple[Point, ...]]] = [("M", (start,))]
    if forward - radius > 1e-9:
        path.append(("L", (first,)))
    path.append(("C", (add(first, out, k), add(second, away, -k), second)))
    if distance(second, tip) > 1e-9:
        path.append(("L", (tip,)))
    return tuple(path)


def _turn_round(start: Point, out: Point, tip: Point, away: Point) -> Path:
    """Half a circle from a port back past its node, then straight to the tip."""
    dx, dy = sub(tip, start)
    onward = dx * away[0] + dy * away[1]
    across = (dx - onward * away[0], dy - onward * away[1])
    first = add(start, out, 0.3)
    second = add(first, across)
    reach = 2 / 3 * math.hypot(*across)
    return (
        ("M", (start,)),
        ("L", (first,)),
        ("C", (add(first, out, reach), add(second, out, reach), second)),
        ("L", (tip,)),
    )


def closure(start: Point, end: Point, level: float) -> Path:
    """A wire from a port at the left end of a row to one at its right end, round below (or above) everything."""
    way = math.copysign(1.0, level - start[1])
    height = abs(level - start[1])
    radius = min(1.2, height / 2)
    k = radius * 0.4477
    left, right = start[0] - radius, end[0] + radius
    turn = way * radius
    if abs(start[1] - end[1]) > 1e-9:
        height = max(height, 2 * radius)
    return (
        ("M", (start,)),
        ("C", ((start[0] - radius + k, start[1]), (left, start[1] + way * k), (left, start[1] + turn))),
        ("L", ((left, level - turn),)),
        ("C", ((left, level - way * k), (left + k, level), (left + radius, level))),
        ("L", ((right - radius, level),)),
        ("C", ((right - k, level), (right, level - way * k), (right, level - turn))),
        ("L", ((right, end[1] + turn),)),
        ("C", ((right, end[1] + way * k), (end[0] + radius - k, end[1]), end)),
    )


def through(start: Point, out: Point, via: Point, end: Point, inward: Point, *, upright: bool = False) -> Path:
    """A wire that passes a point on its way, level or upright there."""
    way = unit((0.0, end[1] - start[1]) if upright else (end[0] - start[0], 0.0))
    first = route(start, out, via, (-way[0], -way[1]))
    return (*first, *route(via, way, end, inward)[1:])


def loop(start: Point, out: Point, end: Point, inward: Point) -> Path:
    """A trace on a round node: a loop outside it from one port to the other."""
    reach = 2.6
    return cubic(start, add(start, out, reach), add(end, inward, reach), end)

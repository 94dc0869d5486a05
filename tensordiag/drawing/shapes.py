"""Outlines of node kinds and the ports where wires meet them; shape carries meaning, colour only repeats it.

At turn 0 leg 0 leaves to the left.  A triangle's apex carries its leg; a matrix has a bevelled corner at the left
end of its top side, where leg 0 is; an orthogonal one is a trapezoid, wide at leg 0; a function's output is leg 0, with
an arrowhead; the wide side of a merge carries the legs that it joins, its narrow side their product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .geometry import Path, Point, add, circle, line, polygon, rotated, rounded, shape, unit

__all__ = ["BAR_KINDS", "ROUND_KINDS", "TURNING_KINDS", "arrowhead", "bevel", "hatching", "outline", "port", "stroke"]

BAR_KINDS = frozenset({"matrix", "symmetric", "diagonal", "function", "orthogonal"})
"""Kinds with leg 0 on one side and leg 1 on the opposite one."""
TURNING_KINDS = BAR_KINDS | {"vector", "unit", "merge"}
"""Kinds that turn with the row or branch that they stand in."""
ROUND_KINDS = frozenset({"tensor", "plain", "copy", "ones"})
"""Kinds whose ports may be anywhere on the rim."""
_BEVEL = 0.7


def _local(kind: str, width: float, height: float) -> Path:
    w, h = width / 2, height / 2
    if kind in ("vector", "unit"):
        return polygon([(-w, 0.0), (w, h), (w, -h)])
    if kind == "matrix":
        cut = min(_BEVEL, height / 3)
        return polygon([(-w, h - cut), (-w + cut, h), (w, h), (w, -h), (-w, -h)])
    if kind in ("symmetric", "diagonal"):
        return polygon([(-w, h), (w, h), (w, -h), (-w, -h)])
    if kind == "orthogonal":
        return polygon([(-w, h), (w, 0.55 * h), (w, -0.55 * h), (-w, -h)])
    if kind == "function":
        return rounded(width, height, 0.7)
    if kind == "frame":
        return rounded(width, height, 0.8)
    if kind == "merge":
        return polygon([(-w, h), (w, 0.45), (w, -0.45), (-w, -h)])
    if kind in ("scalar", "hidden"):
        return ()
    return circle(w, h)


def outline(kind: str, width: float, height: float, turn: float, mirrored: bool, center: Point) -> Path:
    """The outline of a node; empty for a scalar, which is only text."""
    return shape(_local(kind, width, height), turn, mirrored, center)


def bevel(height: float, width: float, turn: float, mirrored: bool, center: Point) -> Path:
    """The corner that a matrix lacks."""
    w, h, cut = width / 2, height / 2, min(_BEVEL, height / 3)
    return shape(polygon([(-w, h - cut), (-w, h), (-w + cut, h)]), turn, mirrored, center)


def hatching(corners: Sequence[Point], hatch: tuple[float, float]) -> list[Path]:
    """Parallel lines inside a convex outline, at an angle in degrees and a distance."""
    angle, gap = hatch
    turned = [rotated(point, -angle) for point in corners]
    ys = [y for _, y in turned]
    made = []
    for step in range(math.ceil(min(ys) / gap), math.floor(max(ys) / gap) + 1):
        y = step * gap
        xs = []
        for (ax, ay), (bx, by) in zip(turned, [*turned[1:], turned[0]], strict=True):
            if (ay <= y) != (by <= y):
                xs.append(ax + (y - ay) / (by - ay) * (bx - ax))
        if len(xs) == 2 and abs(xs[0] - xs[1]) > 0.1:
            made.append(line(rotated((xs[0], y), angle), rotated((xs[1], y), angle)))
    return made


def stroke(
    kind: str, width: float, height: float, turn: float, mirrored: bool, center: Point, label: float = 0.0
) -> Path:
    """A line inside the outline that is part of the shape: the stroke of a diagonal matrix, round a label this wide."""
    if kind != "diagonal":
        return ()
    w, h = width / 2, height / 2
    room = (0.78, label / 2 + 0.15) if turn in (90.0, 270.0) else (label / 2 + 0.15, 0.78)
    gap = min(0.8, room[0] / w, room[1] / h)
    pieces = (*line((-w, h), (-gap * w, gap * h)), *line((gap * w, -gap * h), (w, -h)))
    return shape(pieces, turn, mirrored, center)


def arrowhead(kind: str, width: float, turn: float, center: Point) -> Path:
    """The arrow at a function's output."""
    if kind != "function":
        return ()
    w = width / 2
    return shape(polygon([(-w - 0.55, 0.0), (-w, 0.32), (-w, -0.32)]), turn, False, center)


def port(
    kind: str, width: float, height: float, turn: float, center: Point, leg: int, direction: Point
) -> tuple[Point, Point]:
    """The point of the border where a leg leaves, and the outward normal there.

    `direction` says where to a round node's wire goes; other kinds have their ports at fixed places.
    """
    w, h = width / 2, height / 2
    if kind in BAR_KINDS or kind in ("vector", "unit"):
        way = rotated((-1.0 if leg == 0 else 1.0, 0.0), turn)
        return add(center, way, w), way
    a, b = unit(direction)
    if kind == "copy" and w < 0.5:
        return add(center, (a, b), w), (a, b)
    reach = 1.0 / math.sqrt((a / w) ** 2 + (b / h) ** 2)
    point = (a * reach, b * reach)
    return add(center, point), unit((point[0] / (w * w), point[1] / (h * h)))

"""Plane geometry: points, paths of lines and cubic curves, boxes; pure Python, no NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Box",
    "Command",
    "Path",
    "Point",
    "add",
    "bounds",
    "circle",
    "cubic",
    "distance",
    "inside",
    "line",
    "moved",
    "polygon",
    "polyline",
    "rotated",
    "rounded",
    "scaled",
    "shape",
    "sub",
    "unit",
]

Point: TypeAlias = tuple[float, float]
Command: TypeAlias = tuple[str, tuple[Point, ...]]
Path: TypeAlias = tuple[Command, ...]

_KAPPA = 0.5522847498307936  # a quarter of a circle as one cubic


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def center(self) -> Point:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def grown(self, by: float) -> Box:
        """The box with this margin on every side."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)

    def shifted(self, dx: float, dy: float) -> Box:
        """The box moved."""
        return Box(self.left + dx, self.bottom + dy, self.right + dx, self.top + dy)

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def contains(self, point: Point, slack: float = 0.0) -> bool:
        """Whether a point lies inside, or outside by at most `slack`."""
        return (
            self.left - slack <= point[0] <= self.right + slack and self.bottom - slack <= point[1] <= self.top + slack
        )

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """The smallest box around others; an empty box at the origin for none."""
        found = list(boxes)
        if not found:
            return Box(0.0, 0.0, 0.0, 0.0)
        return Box(
            min(b.left for b in found),
            min(b.bottom for b in found),
            max(b.right for b in found),
            max(b.top for b in found),
        )


def add(a: Point, b: Point, times: float = 1.0) -> Point:
    """a + times·b."""
    return a[0] + times * b[0], a[1] + times * b[1]


def sub(a: Point, b: Point) -> Point:
    """a − b."""
    return a[0] - b[0], a[1] - b[1]


def distance(a: Point, b: Point) -> float:
    """The distance of two points."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def unit(v: Point) -> Point:
    """The vector of length 1 in this direction; (1, 0) for the zero vector."""
    length = math.hypot(*v)
    return (v[0] / length, v[1] / length) if length > 1e-12 else (1.0, 0.0)


def rotated(point: Point, degrees: float) -> Point:
    """The point turned about the origin, counter-clockwise; exact for quarter turns."""
    quarter, rest = divmod(degrees, 90.0)
    x, y = point
    for _ in range(int(quarter) % 4):
        x, y = -y, x
    if rest:
        c, s = math.cos(math.radians(rest)), math.sin(math.radians(rest))
        x, y = c * x - s * y, s * x + c * y
    return x, y


def shape(path: Path, degrees: float, mirrored: bool, center: Point) -> Path:
    """A path about the origin, mirrored about the horizontal axis, then turned, then moved to a centre."""

    def place(p: Point) -> Point:
        return add(rotated((p[0], -p[1]) if mirrored else p, degrees), center)

    return tuple((code, tuple(place(p) for p in points)) for code, points in path)


def moved(path: Path, dx: float, dy: float) -> Path:
    """The path shifted."""
    return tuple((code, tuple((x + dx, y + dy) for x, y in points)) for code, points in path)


def scaled(path: Path, factor: float) -> Path:
    """The path made larger about the origin."""
    return tuple((code, tuple((x * factor, y * factor) for x, y in points)) for code, points in path)


def polygon(points: Sequence[Point]) -> Path:
    """A closed path of straight sides."""
    return ("M", (points[0],)), *(("L", (p,)) for p in points[1:]), ("Z", ())


def line(*points: Point) -> Path:
    """An open path of straight pieces."""
    return ("M", (points[0],)), *(("L", (p,)) for p in points[1:])


def cubic(start: Point, first: Point, second: Point, end: Point) -> Path:
    """One cubic Bézier curve."""
    return ("M", (start,)), ("C", (first, second, end))


def circle(rx: float, ry: float | None = None) -> Path:
    """An ellipse about the origin."""
    a, b = rx, rx if ry is None else ry
    k, m = a * _KAPPA, b * _KAPPA
    return (
        ("M", ((a, 0.0),)),
        ("C", ((a, m), (k, b), (0.0, b))),
        ("C", ((-k, b), (-a, m), (-a, 0.0))),
        ("C", ((-a, -m), (-k, -b), (0.0, -b))),
        ("C", ((k, -b), (a, -m), (a, 0.0))),
        ("Z", ()),
    )


def rounded(width: float, height: float, radius: float, cut: float = 0.0) -> Path:
    """A rectangle about the origin with round corners; `cut` bevels the top left one instead."""
    w, h = width / 2, height / 2
    r = min(radius, w, h)
    k = r * (1 - _KAPPA)
    start: Path = (
        (("M", ((-w, h - cut),)), ("L", ((-w + cut, h),)))
        if cut
        else (("M", ((-w, h - r),)), ("C", ((-w, h - k), (-w + k, h), (-w + r, h))))
    )
    return (
        *start,
        ("L", ((w - r, h),)),
        ("C", ((w - k, h), (w, h - k), (w, h - r))),
        ("L", ((w, -h + r),)),
        ("C", ((w, -h + k), (w - k, -h), (w - r, -h))),
        ("L", ((-w + r, -h),)),
        ("C", ((-w + k, -h), (-w, -h + k), (-w, -h + r))),
        ("Z", ()),
    )


def polyline(path: Path, pieces: int = 16) -> list[Point]:
    """Points along a path, `pieces` to a curve."""
    points: list[Point] = []
    for code, given in path:
        if code in "ML":
            points.append(given[0])
        elif code == "C":
            p0, (p1, p2, p3) = points[-1], given
            for step in range(1, pieces + 1):
                t = step / pieces
                s = 1 - t
                a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
                points.append(
                    (a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0], a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1])
                )
        else:
            points.append(points[0])
    return points


def bounds(points: Iterable[Point]) -> Box:
    """The smallest box around points."""
    found = list(points)
    xs, ys = [p[0] for p in found], [p[1] for p in found]
    return Box(min(xs), min(ys), max(xs), max(ys))


def inside(point: Point, corners: Sequence[Point]) -> bool:
    """Whether a point is inside a polygon (even–odd rule)."""
    x, y = point
    found = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found

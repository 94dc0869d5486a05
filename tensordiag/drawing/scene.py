"""The scene: an immutable list of primitives in u, which every backend paints and every metric measures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias, TypeVar

from .geometry import Box, Path, Point, add, bounds, distance, moved, polyline, sub
from .shapes import outline
from .typesetting import typeset

__all__ = ["Arrow", "Bubble", "End", "Item", "NodeShape", "Scene", "TermBox", "Text", "Wire", "tip_text"]

_SIGNS = frozenset("+−=")
_SAMPLE, _MOST_SAMPLES = 0.3, 300
End: TypeAlias = tuple[str, int]
"""The id of a node and a leg of it; `("", k)` is open leg k."""


@dataclass(frozen=True)
class Text:
    """A piece of text, centred at a point; `owner` is the id of what it labels."""

    id: str
    label: str
    center: Point
    size: float = 1.0
    role: str = "ink"
    roman: bool = False
    owner: str = ""

    @cached_property
    def box(self) -> Box:
        """The extent of its ink, and of its advance in width."""
        glyphs = typeset(self.label, self.roman)
        left, base = self.origin
        size = self.size
        return Box(left, base + size * glyphs.bottom, left + size * glyphs.width, base + size * glyphs.top)

    @property
    def origin(self) -> Point:
        """The left end of the baseline: signs are centred, ascending labels on capital height, others on x-height."""
        glyphs = typeset(self.label, self.roman)
        middle = (glyphs.top + glyphs.bottom) / 2
        drop = middle if self.label in _SIGNS else 0.33 if glyphs.top > 0.52 else 0.22
        return self.center[0] - self.size * glyphs.width / 2, self.center[1] - self.size * drop

    def shifted(self, dx: float, dy: float) -> Text:
        made = replace(self, center=(self.center[0] + dx, self.center[1] + dy))
        return _with_box(made, self, dx, dy)


_Placed = TypeVar("_Placed", bound="Text | NodeShape | Wire | Bubble | Scene")


def _with_box(made: _Placed, old: _Placed, dx: float, dy: float) -> _Placed:
    """What was moved, its extent moved with it where that is known."""
    if "box" in old.__dict__:
        made.__dict__["box"] = old.box.shifted(dx, dy)
    return made


_TIP_GAP, _TIP_SIZE = 0.35, 0.85


def tip_text(place: int, label: str, tip: Point, way: Point, role: str) -> Text:
    """The name of an open leg beyond its tip; names below or above a row of tips stand on one line."""
    text = Text(f"t{place}", label, tip, _TIP_SIZE, role, owner=f"leg{place}")
    glyphs = typeset(label)
    reach = way[0] * (text.box.width / 2 + _TIP_GAP)
    if abs(way[1]) < 0.9:
        return replace(text, center=(tip[0] + reach, tip[1] + way[1] * (text.box.height / 2 + _TIP_GAP)))
    above = max(0.7, glyphs.top) if way[1] < 0 else min(-0.22, glyphs.bottom)
    line = tip[1] + way[1] * _TIP_GAP - _TIP_SIZE * above
    return replace(text, center=(tip[0] + reach, line + text.center[1] - text.origin[1]))


@dataclass(frozen=True)
class NodeShape:
    """A node: its kind's outline turned by `turn` degrees; of a mirrored one the outline is mirrored first.

    `tick` is the point of the rim where leg 0 is marked; a `hollow` one says that the legs turn the other way than
    those of its kind do.  `role` chooses the fill, `state` is `normal`, `accent`
    or `ghost`.
    """

    id: str
    kind: str
    label: str
    center: Point
    width: float
    height: float
    turn: float = 0.0
    mirrored: bool = False
    role: str = "tensor"
    state: str = "normal"
    tick: Point | None = None
    hollow: bool = False

    @cached_property
    def path(self) -> Path:
        """The outline."""
        return outline(self.kind, self.width, self.height, self.turn, self.mirrored, self.center)

    @cached_property
    def corners(self) -> list[Point]:
        """The outline as a polygon."""
        return polyline(self.path, 12) if self.path else []

    @cached_property
    def box(self) -> Box:
        """The extent."""
        if not self.path:
            x, y = self.center
            return Box(x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2)
        return bounds(self.corners)

    def shifted(self, dx: float, dy: float) -> NodeShape:
        tick = None if self.tick is None else (self.tick[0] + dx, self.tick[1] + dy)
        made = replace(self, center=(self.center[0] + dx, self.center[1] + dy), tick=tick)
        return _with_box(made, self, dx, dy)


@dataclass(frozen=True)
class Wire:
    """A wire from one end to another; an open end is a tip on the frame, or slanted beside its node in a lattice.

    `count` is how many parallel wires it stands for, `hue` the number of its dimension's colour; a `dotted` one is an
    axis along which a function works on every entry alike.
    """

    id: str
    path: Path
    ends: tuple[End, End]
    state: str = "normal"
    slanted: bool = False
    width: float | None = None
    count: int = 1
    dotted: bool = False
    hue: int | None = None

    @cached_property
    def points(self) -> list[Point]:
        """Points along it."""
        return polyline(self.path, 24)

    @cached_property
    def samples(self) -> list[Point]:
        """Points along it that are near each other, on its straight pieces too."""
        made = self.points[:1]
        for here, there in pairwise(self.points):
            steps = min(_MOST_SAMPLES, max(1, math.ceil(distance(here, there) / _SAMPLE)))
            made += [add(here, sub(there, here), k / steps) for k in range(1, steps + 1)]
        return made

    @cached_property
    def box(self) -> Box:
        """The extent."""
        return bounds(self.points)

    @property
    def tips(self) -> list[tuple[int, Point]]:
        """Its open ends: the open leg's number and the tip."""
        places = (self.points[0], self.points[-1])
        return [(leg, point) for (node, leg), point in zip(self.ends, places, strict=True) if not node]

    def shifted(self, dx: float, dy: float) -> Wire:
        return _with_box(replace(self, path=moved(self.path, dx, dy)), self, dx, dy)


@dataclass(frozen=True)
class Bubble:
    """A closed outline around shapes: a derivative bubble or a bracket."""

    id: str
    path: Path
    state: str = "normal"

    @cached_property
    def corners(self) -> list[Point]:
        """The outline as a polygon."""
        return polyline(self.path, 12)

    @cached_property
    def box(self) -> Box:
        """The extent."""
        return bounds(self.corners)

    def shifted(self, dx: float, dy: float) -> Bubble:
        return _with_box(replace(self, path=moved(self.path, dx, dy)), self, dx, dy)


@dataclass(frozen=True)
class Arrow:
    """An arrow between two panels of a strip."""

    id: str
    start: Point
    end: Point

    @cached_property
    def box(self) -> Box:
        """The extent."""
        return bounds([self.start, self.end]).grown(0.3)

    def shifted(self, dx: float, dy: float) -> Arrow:
        return replace(self, start=(self.start[0] + dx, self.start[1] + dy), end=(self.end[0] + dx, self.end[1] + dy))


Item: TypeAlias = NodeShape | Wire | Text | Bubble | Arrow


@dataclass(frozen=True)
class TermBox:
    """Where a term of a sum lies: its id (the prefix of its items' ids), frame and baseline, as items below it."""

    id: str
    frame: Box
    baseline: float
    coefficient: str = ""

    def shifted(self, dx: float, dy: float) -> TermBox:
        return replace(self, frame=self.frame.shifted(dx, dy), baseline=self.baseline + dy)


@dataclass(frozen=True)
class Scene:
    """Primitives in the order in which they are painted, the terms that they belong to, labels that found no room."""

    items: tuple[Item, ...] = ()
    terms: tuple[TermBox, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def nodes(self) -> list[NodeShape]:
        """The node shapes."""
        return [item for item in self.items if isinstance(item, NodeShape)]

    @property
    def wires(self) -> list[Wire]:
        """The wires, open legs among them."""
        return [item for item in self.items if isinstance(item, Wire)]

    @property
    def texts(self) -> list[Text]:
        """The labels and signs."""
        return [item for item in self.items if isinstance(item, Text)]

    @property
    def bubbles(self) -> list[Bubble]:
        """The bubbles."""
        return [item for item in self.items if isinstance(item, Bubble)]

    @property
    def arrows(self) -> list[Arrow]:
        """The arrows."""
        return [item for item in self.items if isinstance(item, Arrow)]

    @cached_property
    def box(self) -> Box:
        """The extent of everything."""
        return Box.around(item.box for item in self.items)

    def shifted(self, dx: float, dy: float) -> Scene:
        """The scene moved."""
        made = Scene(
            tuple(item.shifted(dx, dy) for item in self.items),
            tuple(t.shifted(dx, dy) for t in self.terms),
            self.dropped,
        )
        return _with_box(made, self, dx, dy)

    def prefixed(self, prefix: str) -> Scene:
        """The scene with this before every id, so that it can stand beside others."""

        def rename(item: Item) -> Item:
            named = replace(item, id=prefix + item.id)
            if isinstance(named, Text) and named.owner:
                return replace(named, owner=prefix + named.owner)
            if isinstance(named, Wire):
                first, second = ((prefix + node if node else "", leg) for node, leg in named.ends)
                return replace(named, ends=(first, second))
            return named

        made = Scene(
            tuple(rename(item) for item in self.items),
            tuple(replace(term, id=prefix + term.id) for term in self.terms),
            self.dropped,
        )
        return _with_box(made, self, 0.0, 0.0)

    @staticmethod
    def joined(scenes: Iterator[Scene] | list[Scene]) -> Scene:
        """Several scenes as one."""
        found = list(scenes)
        return Scene(
            tuple(i for s in found for i in s.items),
            tuple(t for s in found for t in s.terms),
            tuple(d for s in found for d in s.dropped),
        )

"""Openings: for every wire that a removal opens, the way to the frame on which it meets least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .crossings import crossings
from .geometry import Box, Path, Point
from .metrics import coincide, hits
from .routing import bend
from .scene import End, NodeShape, Scene, Text, Wire, tip_text

__all__ = ["Openings", "Way"]

_DROP = 1.5
_APART = 0.9
_STEPS = [0.95 * step for k in range(1, 6) for step in (k, -k)]


@dataclass(frozen=True)
class Way:
    """A way from a port, or from an open leg's tip, to the lower or the upper side of the frame."""

    start: Point
    out: Point
    x: float
    up: bool = False


class Openings:
    """What stands in the way of new legs, those opened before among it, and the sides of the frame that they reach."""

    def __init__(self, scene: Scene, frame: Box, gone: set[str]) -> None:
        items = [item for item in scene.items if item.id not in gone]
        self.wires = [i for i in items if isinstance(i, Wire)]
        self.texts = [i for i in items if isinstance(i, Text)]
        shapes = [i for i in items if isinstance(i, NodeShape)]
        self.shapes = [shape for shape in shapes if shape.state != "ghost"]
        self.ghosts = [shape for shape in shapes if shape.state == "ghost"]
        outer = [wire for wire in scene.wires if "." not in wire.id and not wire.slanted]  # not those inside a frame
        tips = [point for wire in outer for _, point in wire.tips]
        extent = Box.around(i.box for i in scene.items if not isinstance(i, Text))
        self.taken = {
            up: [x for x, y in tips if abs(y - (frame.top if up else frame.bottom)) < 1e-6] for up in (False, True)
        }
        self.levels = {
            False: frame.bottom if self.taken[False] else min(frame.bottom, extent.bottom) - _DROP,
            True: frame.top if self.taken[True] else max(frame.top, extent.top) + _DROP,
        }
        self.used: set[bool] = set()

    def tip(self, way: Way) -> Point:
        """Where a way ends."""
        return way.x, self.levels[way.up]

    def path(self, way: Way) -> Path:
        """A way as a path."""
        return bend(way.start, way.out, self.tip(way), (0.0, 1.0 if way.up else -1.0))

    def best(self, usual: Way, others: Iterable[Way], name: str, label: str, ends: tuple[End, End]) -> Way:
        """The usual way where it meets nothing, else the one that meets least, among those near it too."""

        def cost(way: Way) -> float:
            wire = Wire(name, self.path(way), ends)
            up = (0.0, 1.0 if way.up else -1.0)
            return self._met(wire, way, tip_text(0, label, self.tip(way), up, "accent"))

        least = cost(usual)
        if not least:
            return usual
        found = [(least, 0, usual)]
        starts = list(dict.fromkeys((w.start, w.out, w.up) for w in (usual, *others)))
        for start, out, up in starts:
            for step in (0.0, *_STEPS):
                way = Way(start, out, start[0] + step, up)
                found.append((round(cost(way) + 0.1 * abs(step) + 0.3 * (up != usual.up), 6), len(found), way))
        return min(found, key=lambda entry: entry[:2])[2]

    def _met(self, wire: Wire, way: Way, text: Text) -> float:
        """What a new leg meets: wires, nodes, labels, other tips; ghosts count least."""
        near = [other for other in self.wires if other.box.grown(0.3).meets(wire.box.grown(0.3))]
        met = 10.0 * sum(len(crossings([other, wire])) for other in near)
        mine = np.array(wire.points)
        met += 10.0 * sum(coincide(np.array(other.points), mine, 0.3) for other in near)
        met += 10.0 * hits(wire, self.shapes) + 1.0 * (hits(wire, self.ghosts) > 0)
        met += 10.0 * any(abs(x - way.x) < _APART - 1e-6 for x in self.taken[way.up])
        met += 6.0 * sum(other.box.meets(text.box.grown(0.1)) for other in self.texts)
        met += 6.0 * sum(any(text.box.contains(p) for p in other.samples) for other in near)
        met += 6.0 * sum(
            other.box.meets(wire.box) and any(other.box.contains(p) for p in wire.samples) for other in self.texts
        )
        return met

    def add(self, wire: Wire, way: Way, text: Text) -> None:
        """Let a new leg stand in the way of the next ones."""
        self.wires.append(wire)
        self.texts.append(text)
        self.taken[way.up].append(way.x)
        self.used.add(way.up)

    def frame(self, frame: Box) -> Box:
        """The frame with the sides that new legs reach."""
        bottom = self.levels[False] if False in self.used else frame.bottom
        return Box(frame.left, bottom, frame.right, self.levels[True] if True in self.used else frame.top)

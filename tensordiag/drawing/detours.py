"""Detours: a wire that passes a foreign node too closely is led round it, where that meets nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .crossings import crossings
from .geometry import Point, add, distance, sub, unit
from .metrics import coincides, hits
from .scene import NodeShape, Scene, Text, Wire
from .steepening import direction, passing

__all__ = ["detoured"]

_ASIDE = (0.5, 1.0, 1.6, 2.4, 3.4, 5.0)


def detoured(scene: Scene) -> Scene:
    """The scene with such wires led round; as it is where there are none."""
    shapes = [shape for shape in scene.nodes if shape.path and "." not in shape.id]
    wires = {wire.id: wire for wire in scene.wires if "." not in wire.id}
    changed = False
    for name, wire in list(wires.items()):
        met = [shape for shape in shapes if hits(wire, [shape])]
        if not met or wire.slanted:
            continue
        others = [other for other in wires.values() if other.id != name]
        least, best = _cost(wire, shapes, others, scene.texts), wire
        for tried in _tries(wire, met[0]):
            cost = _cost(tried, shapes, others, scene.texts)
            if cost < least:
                least, best = cost, tried
            if not cost:
                break
        wires[name] = best
        changed = changed or best is not wire
    if not changed:
        return scene
    return replace(scene, items=tuple(wires.get(i.id, i) if isinstance(i, Wire) else i for i in scene.items))


def _tries(wire: Wire, shape: NodeShape) -> Iterator[Wire]:
    """The wire led past a node at both sides, nearer and farther, and past its corners."""
    near = min(wire.samples[1:-1] or wire.samples, key=lambda point: distance(point, shape.center))
    along = direction(wire, near)
    across = (-along[1], along[0])
    side = 1.0 if across[0] * (near[0] - shape.center[0]) + across[1] * (near[1] - shape.center[1]) >= 0 else -1.0
    for aside in _ASIDE:
        for sign in (side, -side):
            yield replace(wire, path=passing(wire.path, add(near, across, sign * aside), along))
    box = shape.box.grown(0.8)
    for corner in ((box.left, box.bottom), (box.left, box.top), (box.right, box.bottom), (box.right, box.top)):
        yield replace(wire, path=passing(wire.path, corner, _chord(wire, corner, along)))


def _chord(wire: Wire, point: Point, along: Point) -> Point:
    """The direction from a wire's first end by a point to its other end."""
    start, end = wire.points[0], wire.points[-1]
    if min(distance(start, point), distance(point, end)) < 1e-6:
        return along
    (ax, ay), (bx, by) = unit(sub(point, start)), unit(sub(end, point))
    return unit((ax + bx, ay + by)) if abs(ax + bx) + abs(ay + by) > 1e-6 else along


def _cost(wire: Wire, shapes: list[NodeShape], others: list[Wire], texts: list[Text]) -> int:
    """What a wire meets: nodes, other wires, labels."""
    near = [other for other in others if other.box.grown(0.2).meets(wire.box.grown(0.2))]
    met = hits(wire, shapes) + sum(len(crossings([other, wire])) for other in near)
    met += sum(coincides(other, wire) for other in near)
    boxes = [text.box for text in texts if text.box.meets(wire.box)]
    return met + sum(any(box.contains(point) for point in wire.samples) for box in boxes)

"""Measurements of a scene: crossings, overlaps, wires through nodes, labels in the way."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from .crossings import crossings, meeting
from .geometry import Box, Point, distance, inside
from .readback import border_gap
from .scene import NodeShape, Scene, Text, Wire

__all__ = ["DrawMetrics", "coincide", "coincides", "hits", "measure"]


@dataclass(frozen=True)
class DrawMetrics:
    """What can be wrong with a picture, as numbers: all counts are 0 in a good one, crossings in a planar one.

    Angles are in degrees: the smallest between wires at one round node, and between wires that cross (90 without
    crossings).  `layout_seconds` is the processor time from the expression to the scene.
    """

    crossings: int
    coincident_wires: int
    node_overlaps: int
    wire_node_hits: int
    label_label: int
    label_node: int
    label_wire: int
    label_spill: int
    dangling_wire_ends: int
    open_legs_inside: int
    outside_frame: int
    min_angle: float
    edge_length_cv: float
    aspect: float
    area_used: float
    dropped_labels: int
    crossing_angle: float
    layout_seconds: float


def measure(scene: Scene, frame: Box, dropped: int = 0, seconds: float = 0.0) -> DrawMetrics:
    """The metrics of a scene; `frame` is the page, `seconds` what its layout took."""
    shapes = [s for s in scene.nodes if s.state != "ghost"]
    solid = [s for s in shapes if s.kind != "frame"]
    wires = scene.wires
    lengths = [_length(w) for w in wires] or [1.0]
    mean = sum(lengths) / len(lengths)
    spread = math.sqrt(sum((v - mean) ** 2 for v in lengths) / len(lengths)) / mean
    used = sum(s.box.width * s.box.height for s in solid)
    crossed = crossings(wires)
    return DrawMetrics(
        len(crossed),
        _coincident(wires),
        _overlaps(shapes),
        sum(hits(w, shapes) for w in wires),
        *_labels(scene, solid, wires),
        _dangling(scene.nodes, wires),
        _inside_legs(scene),
        sum(not _within(item.box, frame) for item in scene.items),
        _min_angle(solid, wires),
        spread,
        frame.width / max(frame.height, 1e-9),
        used / max(frame.width * frame.height, 1e-9),
        dropped,
        min((crossing.angle for crossing in crossed), default=90.0),
        seconds,
    )


def _length(wire: Wire) -> float:
    points = wire.points
    return sum(distance(a, b) for a, b in itertools.pairwise(points)) or 1e-9


def _within(inner: Box, outer: Box) -> bool:
    return outer.contains((inner.left, inner.bottom), 1e-6) and outer.contains((inner.right, inner.top), 1e-6)


def _coincident(wires: list[Wire]) -> int:
    """Pairs of wires that run on top of each other."""
    lines = [np.array(w.points) for w in wires]
    spots = [_evenly(line) for line in lines]
    pairs = meeting(wires)
    return sum(_runs_along(spots[a], lines[b]) or _runs_along(spots[b], lines[a]) for a, b in pairs)


def coincide(first: np.ndarray, second: np.ndarray, room: float = 0.1) -> bool:
    """Whether two polylines run closer than `room` over half of the shorter one."""
    return _runs_along(_evenly(first), second, room) or _runs_along(_evenly(second), first, room)


def coincides(first: Wire, second: Wire) -> bool:
    """Whether two wires run on top of each other."""
    return coincide(np.array(first.points), np.array(second.points))


_SPOTS = 32


def _evenly(line: np.ndarray) -> np.ndarray:
    """Points of a polyline, as far from each other along it."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = (np.arange(_SPOTS) + 0.5) * lengths[-1] / _SPOTS
    return np.stack([np.interp(at, lengths, line[:, 0]), np.interp(at, lengths, line[:, 1])], 1)


def _runs_along(spots: np.ndarray, line: np.ndarray, room: float = 0.1) -> bool:
    """Whether more than half of the points are closer than `room` to a polyline."""
    low, high = line.min(0) - room, line.max(0) + room
    spots = spots[((spots > low) & (spots < high)).all(1)]
    if 2 * len(spots) <= _SPOTS:  # which is quickly seen
        return False
    start, step = line[:-1], line[1:] - line[:-1]
    length = np.maximum((step**2).sum(1), 1e-12)
    t = np.clip((((spots[:, None] - start[None]) * step[None]).sum(2)) / length[None], 0, 1)
    gaps = np.hypot(*np.moveaxis(spots[:, None] - start[None] - t[..., None] * step[None], 2, 0)).min(1)
    return bool((gaps < room).sum() > _SPOTS / 2)


def _overlaps(shapes: list[NodeShape]) -> int:
    """Pairs of nodes nearer than 0.4, a frame and what is inside it apart."""
    count = 0
    for i, a in enumerate(shapes):
        for b in shapes[i + 1 :]:
            nested = b.id.startswith(a.id + ".") or a.id.startswith(b.id + ".")
            if nested:
                outer, inner = (a, b) if b.id.startswith(a.id + ".") else (b, a)
                count += not _within(inner.box, outer.box)
            elif a.box.grown(0.2).meets(b.box.grown(0.2)) and _near(a, b, 0.4):
                count += 1
    return count


def _near(a: NodeShape, b: NodeShape, room: float) -> bool:
    """Whether two outlines are nearer than `room`, or one contains the other."""
    if not a.corners or not b.corners:
        return True
    if inside(a.corners[0], b.corners) or inside(b.corners[0], a.corners):
        return True
    first, second = np.array(a.corners), np.array(b.corners)

    def gap(points: np.ndarray, ring: np.ndarray) -> float:
        start, step = ring, np.roll(ring, -1, 0) - ring
        length = np.maximum((step**2).sum(1), 1e-12)
        t = np.clip(((points[:, None] - start[None]) * step[None]).sum(2) / length[None], 0, 1)
        found = points[:, None] - start[None] - t[..., None] * step[None]
        return float(np.hypot(found[..., 0], found[..., 1]).min())

    return min(gap(first, second), gap(second, first)) < room - 1e-9


def hits(wire: Wire, shapes: list[NodeShape]) -> int:
    """Foreign nodes that a wire runs through or nearer to than 0.25; of its own nodes, running inside them."""
    count = 0
    own = {node for node, _ in wire.ends}
    for shape in shapes:
        if not shape.path or not wire.box.grown(0.3).meets(shape.box):
            continue
        if wire.id.startswith(shape.id + "."):
            continue
        around = shape.box.grown(0.3)
        if shape.id in own:
            inner = (p for p in wire.samples[2:-2] if around.contains(p))
            count += any(inside(p, shape.corners) and border_gap(shape, p) > 0.12 for p in inner)
        elif any(inside(p, shape.corners) or border_gap(shape, p) < 0.25 for p in wire.samples if around.contains(p)):
            count += 1
    return count


def _labels(scene: Scene, shapes: list[NodeShape], wires: list[Wire]) -> tuple[int, int, int, int]:
    """Labels on labels, on foreign nodes, on wires, and out of their own node."""
    texts = scene.texts
    label_label = label_node = label_wire = spill = 0
    by_id = {s.id: s for s in scene.nodes}
    for i, text in enumerate(texts):
        box = text.box
        label_label += sum(box.meets(other.box) for other in texts[i + 1 :])
        home = by_id.get(text.owner)
        for shape in shapes:
            if shape is not home and shape.path and box.meets(shape.box) and _on(text, shape):
                label_node += 1
        if home is not None:
            if home.path:
                spill += not all(inside(p, home.corners) for p in _corners(box))
            continue
        for wire in wires:
            if wire.box.meets(box) and any(box.contains(p) for p in wire.samples):
                label_wire += 1
    return label_label, label_node, label_wire, spill


def _corners(box: Box) -> list[Point]:
    return [(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)]


def _on(text: Text, shape: NodeShape) -> bool:
    box = text.box
    points = [*_corners(box), box.center]
    return any(inside(p, shape.corners) for p in points) or any(box.contains(p) for p in shape.corners)


def _dangling(shapes: list[NodeShape], wires: list[Wire]) -> int:
    """Ends of wires that are not on the border of the node they name."""
    by_id = {s.id: s for s in shapes}
    count = 0
    for wire in wires:
        for (node, _), point in zip(wire.ends, (wire.points[0], wire.points[-1]), strict=True):
            if node and (node not in by_id or border_gap(by_id[node], point) > 1e-3):
                count += 1
    return count


def _inside_legs(scene: Scene) -> int:
    """Open legs that do not end on their term's frame."""
    count = 0
    for term in scene.terms:
        frame = term.frame
        for wire in scene.wires:
            if wire.slanted or not wire.id.startswith(f"{term.id}/") or "." in wire.id[len(term.id) + 1 :]:
                continue
            for _, (x, y) in wire.tips:
                edge = min(abs(x - frame.left), abs(x - frame.right), abs(y - frame.top), abs(y - frame.bottom))
                count += edge > 0.3
    return count


def _min_angle(shapes: list[NodeShape], wires: list[Wire]) -> float:
    """The smallest angle in degrees between wires at one round node."""
    best = 360.0
    for shape in shapes:
        angles = sorted(
            math.atan2(point[1] - shape.center[1], point[0] - shape.center[0])
            for wire in wires
            for (node, _), point in zip(wire.ends, (wire.points[0], wire.points[-1]), strict=True)
            if node == shape.id
        )
        for a, b in zip(angles, [*angles[1:], angles[0] + 2 * math.pi] if angles else [], strict=True):
            best = min(best, math.degrees(b - a)) if len(angles) > 1 else best
    return best

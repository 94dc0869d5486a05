"""Holes: a network drawn in its own places with a part a ghost, its wires dashed, or open as new legs.

The part is one node, or a function on its wire with everything behind it: the node that has the wires comes first.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .arrangements import Options
from .geometry import Box, Point, add, distance, rotated, sub
from .openings import Openings, Way
from .pictures import Builder, Picture, tip_point
from .poses import Pose
from .readback import same
from .routing import closure
from .scene import Item, Scene, Text, Wire, tip_text
from .shapes import ROUND_KINDS
from .sizes import Sizes
from .skeletons import OPEN, End, Skeleton

__all__ = ["Part", "holed_picture", "open_legs", "part_at", "removed_part", "without"]

Part: TypeAlias = tuple[int, ...]
"""Numbers of nodes that are removed together, first the one that has the wires."""


def part_at(skeleton: Skeleton, number: int) -> Part:
    """The part that a node stands for: itself, and of a function on its wire what is behind it."""
    if skeleton.nodes[number].kind != "function":
        return (number,)
    links = skeleton.links()
    behind = {links[number][1][1][0]: None}
    queue = list(behind)
    for node in queue:
        fresh = [there[0] for _, there in links[node] if there[0] not in (*behind, number, OPEN)]
        behind.update(dict.fromkeys(fresh))
        queue += dict.fromkeys(fresh)
    return (number, *behind)


def open_legs(skeleton: Skeleton, part: Part) -> list[int]:
    """The legs of a part's first node that lead out of it, in their order; of a wire to itself both."""
    row = skeleton.links()[part[0]]
    return [leg for leg, (_, there) in enumerate(row) if there[0] not in part[1:]]


def without(skeleton: Skeleton, part: Part) -> Skeleton:
    """The skeleton with a part removed; its legs are the last open legs, in their order."""
    base, legs = skeleton.order, open_legs(skeleton, part)
    kept = [k for k in range(len(skeleton.nodes)) if k not in part]
    place = {old: new for new, old in enumerate(kept)}

    def moved(end: tuple[int, int]) -> tuple[int, int]:
        if end[0] == OPEN:
            return end
        return (OPEN, base + legs.index(end[1])) if end[0] == part[0] else (place[end[0]], end[1])

    rest = [k for k, ends in enumerate(skeleton.wires) if not _is_within(ends, part)]
    wires = tuple((moved(a), moved(b)) for a, b in (skeleton.wires[k] for k in rest))
    dims = tuple(skeleton.dims[k] for k in rest) if skeleton.dims else ()
    return Skeleton(tuple(skeleton.nodes[k] for k in kept), wires, base + len(legs), dims)


def _is_within(ends: tuple[End, End], part: Part) -> bool:
    """Whether a wire is inside a part of several nodes."""
    return any(node in part[1:] for node, _ in ends)


def removed_part(parent: Skeleton, term: Skeleton, used: Collection[Part] = ()) -> Part | None:
    """The part whose removal from the parent gives the term, if possible not one of the `used`; or None."""
    parts = [part_at(parent, n) for n, node in enumerate(parent.nodes) if node.kind not in ("copy", "ones", "scalar")]
    for part in sorted(parts, key=lambda part: part in used):
        fits = len(term.nodes) == len(parent.nodes) - len(part)
        if fits and same(without(parent, part), term):
            return part
    return None


_STEP = 0.92  # how far apart legs bend down beside a frame


@dataclass
class _Hole:
    """A parent's picture with a part removed: its first node, the legs that open, and the frame."""

    builder: Builder
    number: int
    legs: Sequence[int]
    frame: Box
    fans: dict[End, tuple[tuple[Point, Point], float]] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        """Whether new legs leave upwards: a ring that stays closed below is in their way."""
        return any(
            side == "below" and self.number in part.nodes and all(wire != w for w, _ in part.links[self.number])
            for part, placement in self.builder.placements
            for wire, (side, _) in placement.closures.items()
        )

    def port(self, poses: dict[int, Pose], end: tuple[int, int]) -> tuple[Point, Point]:
        """Where a wire of the removed node ends on the other side, and the direction in which it comes from there."""
        if end[0] != OPEN:
            return poses[end[0]].ports[end[1]]
        for part, placement in self.builder.placements:
            if end[1] in placement.tips:
                point = tip_point(part, placement, end[1], self.frame)
                inward = {"left": (1.0, 0.0), "right": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0)}
                return point, inward.get(placement.tips[end[1]][0], (0.0, -1.0))
        raise AssertionError("every open leg has a tip")

    def spread(self, poses: dict[int, Pose], row: Sequence[tuple[int, End]]) -> None:
        """Give several wires that come free at one round node ports and tips from left to right in their order."""
        homes: dict[int, list[End]] = {}
        for leg in self.legs:
            end = row[leg][1]
            if end[0] not in (OPEN, self.number) and poses[end[0]].node.kind in ROUND_KINDS:
                homes.setdefault(end[0], []).append(end)
        self._nest(poses, row)
        for number, ends in homes.items():
            if len(ends) > 1 and not self.up:
                here = poses[number]
                ports = _fan_ports(here, [leg for _, leg in ends])
                middle = sum(point[0] for point, _ in ports) / len(ports)
                for k, (end, port_) in enumerate(zip(ends, ports, strict=True)):
                    here.ports[end[1]] = port_
                    self.fans[end] = port_, middle + 0.95 * (k - (len(ends) - 1) / 2)

    def _nest(self, poses: dict[int, Pose], row: Sequence[tuple[int, End]]) -> None:
        """Let several wires that come free at one side of a frame bend down beside each other, the lowest innermost."""
        beside: dict[tuple[int, Point], list[tuple[float, int]]] = {}
        for leg in self.legs:
            number, other = row[leg][1]
            if number not in (OPEN, self.number) and poses[number].node.kind == "frame":
                point, out = poses[number].ports[other]
                if out[0]:
                    beside.setdefault((number, out), []).append((point[1], leg))
        for (number, out), found in beside.items():
            if len(found) > 1 and not self.up:
                room = min(
                    abs(poses[number].ports[row[leg][1][1]][0][0] - poses[self.number].ports[leg][0][0])
                    for _, leg in found
                )
                first = min(0.95, max(0.4, room - _STEP * (len(found) - 1) - 0.4))
                for rank, (_, leg) in enumerate(sorted(found)):
                    port_ = poses[number].ports[row[leg][1][1]]
                    self.fans[row[leg][1]] = port_, port_[0][0] + out[0] * (first + _STEP * rank)

    def ways(self, poses: dict[int, Pose], leg: int, end: End, openings: Openings) -> list[Way]:
        """The ways that a re-opened wire may take, the usual one first."""
        here = poses.get(end[0])
        start, out = self.port(poses, end)
        if here is None:
            point, normal = poses[self.number].ports[leg]
            x = add(point, normal, 0.5)[0]
            return [Way(start, out, x), Way(start, out, x, up=True)]
        if end in self.fans:
            (start, out), x = self.fans[end]
            return [Way(start, out, x)]
        ports = [(start, out)]
        if here.node.kind in ROUND_KINDS:
            below, above = _free_port(here, end[1], -1.0), _free_port(here, end[1], 1.0)
            ports = [below if out[1] > -0.9 else ports[0], above]
            start, out = ports[0]
        up = out[1] > 0.5 or (self.up and out[1] > -0.5)
        aside = 0.0 if abs(out[0]) < (0.5 if up else 1e-6) else math.copysign(0.95, out[0])
        usual = Way(start, out, start[0] + aside, up)
        return [usual, *(Way(p, way, p[0], side) for p, way in ports for side in (False, True))]


def _fan_ports(here: Pose, legs: Sequence[int]) -> list[tuple[Point, Point]]:
    """Ports side by side in the lower half of a round node, from left to right, far from its other wires."""
    others = [unit_to(here, point) for leg, (point, _) in here.ports.items() if leg not in legs]
    step = min(35.0, 130.0 / (len(legs) - 1))
    places = [(k - (len(legs) - 1) / 2) * step for k in range(len(legs))]
    fans = [[rotated((1.0, 0.0), middle + place) for place in places] for middle in (270.0, 300.0, 240.0)]

    def room(fan: list[Point]) -> float:
        return min((distance(way, other) for way in fan for other in others), default=2.0)

    best = max(fans, key=lambda fan: round(min(room(fan), 0.35), 3))
    return [(add(here.center, (x * here.width / 2, y * here.height / 2)), (x, y)) for x, y in best]


def _free_port(here: Pose, leg: int, sign: float) -> tuple[Point, Point]:
    """The port in the lower or the upper half of a round node that is farthest from its other wires."""
    others = [unit_to(here, point) for other, (point, _) in here.ports.items() if other != leg]

    def room(way: Point) -> float:
        return min((distance(way, other) for other in others), default=2.0)

    ways = [rotated((1.0, 0.0), -sign * angle) for angle in (270.0, 300.0, 240.0, 315.0, 225.0)]
    best = max(ways, key=lambda way: round(min(room(way), 0.6), 3))
    return add(here.center, (best[0] * here.width / 2, best[1] * here.height / 2)), best


def unit_to(here: Pose, point: Point) -> Point:
    """The direction from a node's centre."""
    dx, dy = sub(point, here.center)
    size = max(1e-9, (dx * dx + dy * dy) ** 0.5)
    return dx / size, dy / size


def holed_picture(skeleton: Skeleton, part: Part, sizes: Sizes, options: Options, *, opened: bool) -> Picture:
    """The picture of a network with a part a ghost; its wires dashed, or open as new legs."""
    legs, number = options.legs, part[0]
    inner = [k for k, ends in enumerate(skeleton.wires) if _is_within(ends, part)]
    mine = [k for k, ends in enumerate(skeleton.wires) if number in (ends[0][0], ends[1][0]) and k not in inner]
    states: dict[int, str] = dict.fromkeys(part, "ghost") | {-1 - k: "removed" for k in mine}
    states |= {-1 - k: "ghost" for k in inner}
    plain = replace(options, legs=legs[: skeleton.order], states=states)
    builder = Builder(skeleton, sizes, plain)
    made = builder.build()
    if not opened:
        return made
    gone = {f"w{k}" for k in mine}
    loops = {f"w{k}" for k in mine if skeleton.wires[k][0][0] == skeleton.wires[k][1][0]}  # they stay where they are
    if loops:
        gone |= {
            i.id for i in made.scene.texts if i.owner.partition("#")[0] == f"n{number}"
        }  # the new legs' names stand there
    poses = {n: replace(here, ports=dict(here.ports)) for n, here in made.poses.items()}
    hole = _Hole(builder, number, open_legs(skeleton, part), made.frame)
    hole.spread(poses, skeleton.links()[number])
    openings = Openings(made.scene, made.frame, gone - loops)
    added = [item for wire in mine for item in _opened_wire(hole, replace(made, poses=poses), wire, legs, openings)]
    items: list[Item] = [i for i in made.scene.items if i.id not in gone]
    for n in [
        n for n, here in poses.items() if here.ports != made.poses[n].ports
    ]:  # leg 0, or the turn, may have moved
        shapes, texts = builder.node_items(poses[n])
        items = [
            shapes[0] if i.id == f"n{n}" else i for i in items if getattr(i, "owner", "").partition("#")[0] != f"n{n}"
        ] + texts
    scene = Scene((*added, *items), made.scene.terms)
    return replace(made, scene=scene, frame=openings.frame(made.frame), poses=poses)


def _opened_wire(hole: _Hole, made: Picture, wire: int, legs: Sequence[str], openings: Openings) -> list[Item]:
    """The new legs that one wire of the removed node becomes."""
    number, skeleton = hole.number, hole.builder.skeleton
    place = {leg: skeleton.order + k for k, leg in enumerate(hole.legs)}
    first, second = skeleton.wires[wire]
    if first[0] == number and second[0] == number:
        ports = made.poses[number].ports
        left, right = sorted((first[1], second[1]), key=lambda leg: ports[leg][0])
        old = next(w for w in made.scene.wires if w.id == f"w{wire}")
        a, b = ports[left][0], ports[right][0]
        if skeleton.nodes[number].kind in ROUND_KINDS:
            return _opened_loop(old, ports, place, legs)
        path = closure(a, b, old.box.bottom)
        texts = [
            _loop_text(place[leg], legs, add(p, (way, 0.0), 0.55)) for leg, p, way in ((left, a, 1.0), (right, b, -1.0))
        ]
        return [Wire(f"w{wire}", path, (("", place[left]), ("", place[right])), "accent"), *texts]
    mine, other = (first, second) if first[0] == number else (second, first)
    usual, *others = hole.ways(made.poses, mine[1], other, openings)
    leg = place[mine[1]]
    ends = (("", other[1]) if other[0] == OPEN else (f"n{other[0]}", other[1]), ("", leg))
    way = openings.best(usual, others, f"w{wire}", legs[leg], ends)
    if other[0] != OPEN:
        made.poses[other[0]].ports[other[1]] = way.start, way.out
    opened = Wire(f"w{wire}", openings.path(way), ends, "accent")
    text = tip_text(leg, legs[leg], openings.tip(way), (0.0, 1.0 if way.up else -1.0), "accent")
    openings.add(opened, way, text)
    return [opened, text]


def _opened_loop(
    old: Wire, ports: dict[int, tuple[Point, Point]], place: dict[int, int], legs: Sequence[str]
) -> list[Item]:
    """A round node's wire to itself, its ends now two new legs with their names where the node was."""
    texts = [_loop_text(place[leg], legs, add(*ports[leg], -0.55)) for _, leg in old.ends]
    (_, first), (_, second) = old.ends
    return [Wire(old.id, old.path, (("", place[first]), ("", place[second])), "accent"), *texts]


def _loop_text(place: int, legs: Sequence[str], center: Point) -> Text:
    return Text(f"t{place}", legs[place], center, 0.85, "accent", owner=f"leg{place}")

"""Holes: a network drawn in its own places with a part a ghost, its wires dashed, or open as new legs.

The part is one node, or a function on its wire with everything behind it: the node that has the wires comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .arrangements import Options
from .geometry import Box, Point, add, distance, rotated, sub
from .pictures import Builder, Picture, tip_point
from .poses import Pose
from .readback import same
from .routing import bend, closure, route
from .scene import Item, Scene, Text, Wire, tip_text
from .sizes import Sizes
from .skeletons import OPEN, End, Skeleton

__all__ = ["Part", "holed_picture", "open_legs", "part_at", "removed_part", "without"]

Part: TypeAlias = tuple[int, ...]
"""Numbers of nodes that are removed together, first the one that has the wires."""

_DROP = 1.5


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


@dataclass
class _Hole:
    """A parent's picture with a part removed: its first node, the legs that open, and the frame."""

    builder: Builder
    number: int
    legs: Sequence[int]
    frame: Box

    @property
    def up(self) -> bool:
        """Whether new legs leave upwards: a ring is closed below."""
        placements = self.builder.placements
        return any(placement.kind == "ring" and self.number in part.nodes for part, placement in placements)

    def port(self, poses: dict[int, Pose], wire: int, end: tuple[int, int]) -> tuple[Point, Point]:
        """Where a wire of the removed node ends on the other side, and the direction in which it comes from there."""
        if end[0] != OPEN:
            return poses[end[0]].ports[end[1]]
        for part, placement in self.builder.placements:
            if end[1] in placement.tips:
                point = tip_point(part, placement, end[1], self.frame)
                inward = {"left": (1.0, 0.0), "right": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0)}
                return point, inward.get(placement.tips[end[1]][0], (0.0, -1.0))
        raise AssertionError("every open leg has a tip")

    def leg(
        self, poses: dict[int, Pose], wire: int, leg: int, end: tuple[int, int], bottom: float
    ) -> tuple[Any, Point, str]:
        """The path of a re-opened wire, its tip and the side at which it leaves."""
        start, out = self.port(poses, wire, end)
        port_, normal = poses[self.number].ports[leg]
        hole = add(port_, normal, 0.5)
        here = poses.get(end[0])
        if here is not None and here.node.kind in ("copy", "tensor", "plain", "ones") and out[1] > -0.9:
            start, out = here.ports[end[1]] = _free_port(here, end[1])
        if here is not None and (out[1] > 0.5 or (self.up and out[1] > -0.5)):
            aside = 0.95 * (out[0] > 0.5) - 0.95 * (out[0] < -0.5)
            tip = (start[0] + aside, self.frame.top + _DROP)
            return bend(start, out, tip, (0.0, 1.0)), tip, "up"
        if here is None:
            tip = hole[0], bottom
        elif abs(out[0]) < 1e-6:
            tip = start[0], bottom
        else:
            tip = start[0] + (0.95 if out[0] > 0 else -0.95), bottom
        return bend(start, out, tip, (0.0, -1.0)), tip, "down"


def _free_port(here: Pose, leg: int) -> tuple[Point, Point]:
    """The port in the lower half of a round node that is farthest from its other wires."""
    others = [unit_to(here, point) for other, (point, _) in here.ports.items() if other != leg]

    def room(way: Point) -> float:
        return min((distance(way, other) for other in others), default=2.0)

    ways = [rotated((1.0, 0.0), angle) for angle in (270.0, 300.0, 240.0, 315.0, 225.0)]
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
    hole = _Hole(builder, number, open_legs(skeleton, part), made.frame)
    bottom = min(made.frame.bottom, _extent(made, number).bottom) - _DROP
    gone = {f"w{k}" for k in mine}
    if any(skeleton.wires[k][0][0] == skeleton.wires[k][1][0] for k in mine):
        gone.add(f"n{number}-label")  # the new legs' names stand there
    items: list[Item] = [i for i in made.scene.items if i.id not in gone]
    added: list[Item] = []
    shared: dict[str, list[Point]] = {}
    poses = {n: replace(here, ports=dict(here.ports)) for n, here in made.poses.items()}
    made = replace(made, poses=poses)
    before = {n: dict(here.ports) for n, here in poses.items()}
    for wire in mine:
        added += _opened_wire(hole, made, skeleton, wire, bottom, legs, shared)
    for n in [n for n, here in poses.items() if here.ports != before[n]]:  # leg 0, or the turn, may be elsewhere now
        shapes, texts = builder.node_items(poses[n])
        items = [shapes[0] if i.id == f"n{n}" else i for i in items if getattr(i, "owner", "") != f"n{n}"] + texts
    frame = Box.around([made.frame, *(i.box for i in added if isinstance(i, Wire))])
    tipped = {side for i in added if isinstance(i, Wire) for side in _sides_of(i, made.frame, bottom)}
    frame = Box(
        made.frame.left,
        bottom if "down" in tipped else made.frame.bottom,
        made.frame.right,
        frame.top if "up" in tipped else made.frame.top,
    )
    return replace(made, scene=Scene((*added, *items), made.scene.terms), frame=frame)


def _sides_of(wire: Wire, frame: Box, bottom: float) -> list[str]:
    return ["down" if abs(y - bottom) < 1e-6 else "up" if y > frame.top else "" for _, (_, y) in wire.tips]


def _extent(made: Picture, number: int) -> Box:
    boxes = [i.box for i in made.scene.items if not isinstance(i, Text)]
    return Box.around(boxes)


def _opened_wire(
    hole: _Hole,
    made: Picture,
    skeleton: Skeleton,
    wire: int,
    bottom: float,
    legs: Sequence[str],
    shared: dict[str, list[Point]],
) -> list[Item]:
    """The new legs that one wire of the removed node becomes."""
    number = hole.number
    place = {leg: skeleton.order + k for k, leg in enumerate(hole.legs)}
    first, second = skeleton.wires[wire]
    if first[0] == number and second[0] == number:
        ports = made.poses[number].ports
        left, right = sorted((first[1], second[1]), key=lambda leg: ports[leg][0])
        old = next(w for w in made.scene.wires if w.id == f"w{wire}")
        a, b = ports[left][0], ports[right][0]
        path = closure(a, b, old.box.bottom)
        texts = [
            _loop_text(place[leg], legs, add(p, (way, 0.0), 0.55)) for leg, p, way in ((left, a, 1.0), (right, b, -1.0))
        ]
        return [Wire(f"w{wire}", path, (("", place[left]), ("", place[right])), "accent"), *texts]
    mine, other = (first, second) if first[0] == number else (second, first)
    path, tip, side = hole.leg(made.poses, wire, mine[1], other, bottom)
    for taken in shared.setdefault(side, []):
        if abs(taken[0] - tip[0]) < 0.9:
            tip = taken[0] + 0.9, tip[1]
            start, out = path[0][1][0], (0.0, -1.0) if side == "down" else (0.0, 1.0)
            path = route(start, out, tip, (0.0, 1.0) if side == "down" else (0.0, -1.0))
    shared[side].append(tip)
    ends = (("", other[1]) if other[0] == OPEN else (f"n{other[0]}", other[1]), ("", place[mine[1]]))
    way = (0.0, -1.0) if side == "down" else (0.0, 1.0)
    return [
        Wire(f"w{wire}", path, ends, "accent"),
        tip_text(place[mine[1]], legs[place[mine[1]]], tip, way, "accent"),
    ]


def _loop_text(place: int, legs: Sequence[str], center: Point) -> Text:
    return Text(f"t{place}", legs[place], center, 0.85, "accent", owner=f"leg{place}")

"""Poses: which way every placed node turns, and where on its border each wire meets it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .components import Component, is_paired
from .extents import Size
from .geometry import Box, Point, add, distance, rotated, sub, unit
from .layout import Placement
from .shapes import BAR_KINDS, ROUND_KINDS, port
from .skeletons import OPEN, Node

__all__ = ["Pose", "pose"]

_SIDES: dict[str, Point] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}


@dataclass
class Pose:
    """A node with its centre, size and turn, and for every leg the port and its outward normal.

    `lift` is how far the middle of a frame is above its centre, the line that its wires and its content stand on.
    """

    number: int
    node: Node
    center: Point
    width: float
    height: float
    turn: float = 0.0
    mirrored: bool = False
    ports: dict[int, tuple[Point, Point]] = field(default_factory=dict)
    paired: bool = False
    lift: float = 0.0

    @property
    def middle(self) -> Point:
        """The middle of the shape."""
        return add(self.center, (0.0, self.lift))

    @property
    def numbered(self) -> bool:
        """Whether the legs of a disc need numbers: they turn neither counter-clockwise from leg 0 nor clockwise."""
        if self.node.kind == "frame":
            return self.node.legs > 2 or self.paired
        if self.node.kind != "tensor":
            return False
        if any(first > last for first, last in self.node.spans):
            return True
        return not self._turns(1.0) and not self.hollow

    @property
    def hollow(self) -> bool:
        """Whether the legs of a disc turn the other way than usual, which its tick says."""
        single = self.node.kind == "tensor" and not self.node.spans
        return single and not self._turns(1.0) and self._turns(-1.0)

    def _turns(self, way: float) -> bool:
        """Whether the legs follow each other in this turn, 1 being the usual one."""
        sign = -way if self.mirrored else way
        angles = [sign * math.atan2(*sub(p, self.center)[::-1]) for _, (p, _) in sorted(self.ports.items())]
        turned = [(a - angles[0]) % (2 * math.pi) for a in angles]
        return all(a <= b for a, b in itertools.pairwise(turned))


def pose(
    component: Component,
    placement: Placement,
    size: Size,
    tip_at: Callable[[int], Point],
    extent: Callable[[int, bool], Box],
) -> dict[int, Pose]:
    """The poses of a component's nodes; `tip_at` gives the point of an open leg's tip, roughly.

    `extent` is the box of a frame about its centre, or with numbers at two legs.
    """
    made: dict[int, Pose] = {}
    for number in component.nodes:
        node = component.node(number)
        width, height = size(number)
        if placement.axes.get(number) == "corner" and node.kind in BAR_KINDS:
            width = height = max(width, height)  # it may stand either way, and its row stays level
        here = Pose(number, node, placement.centers[number], width, height)
        hints = [_hint(component, placement, number, leg, tip_at) for leg in range(node.legs)]
        upright = _is_upright(here, hints, placement.axes.get(number, "free"))
        here.paired = upright or is_paired(component.skeleton, number, component.links[number])
        if node.kind == "frame":
            box = extent(number, upright)
            here.width, here.height, here.lift = box.width, box.height, box.center[1]
        here.mirrored = node.conjugate and node.kind not in ("frame", "scalar")
        _turn(component, placement, here, hints)
        made[number] = here
    fixed = [here for here in made.values() if here.node.kind not in ROUND_KINDS]
    fixed.sort(key=lambda here: here.node.kind == "frame" and here.numbered)  # after what their wires go to
    for here in [*fixed, *(h for h in made.values() if h.node.kind in ROUND_KINDS)]:
        hints = [_hint(component, placement, here.number, leg, tip_at, made) for leg in range(here.node.legs)]
        _ports(component, placement, here, hints)
    for here in fixed:
        _untwist(component, here, made)
    return made


def _is_upright(here: Pose, hints: list[Point], axis: str) -> bool:
    """Whether a frame's two wires do not come in at its left and right sides, so that it needs numbers."""
    if here.node.kind != "frame" or here.node.legs != 2:
        return False
    if axis != "free":
        return axis == "v"
    level = all(abs(x) * here.height >= abs(y) * here.width for x, y in hints)
    return not level or hints[0][0] * hints[1][0] > 0


def _untwist(component: Component, here: Pose, made: dict[int, Pose]) -> None:
    """Turn a matrix that stands across by half a turn where its two wires would cross."""
    row = component.links[here.number]
    others = {there[0] for _, there in row}
    if here.node.kind not in BAR_KINDS or len(others) != 1 or others & {OPEN, here.number}:
        return
    ends = [made[there[0]].ports[there[1]][0] for _, there in row]

    def cost(order: tuple[int, int]) -> float:
        return sum(distance(here.ports[leg][0], end) for leg, end in zip(order, ends, strict=True))

    if cost((1, 0)) < cost((0, 1)) - 1e-6:
        here.turn = (here.turn + 180.0) % 360.0
        here.ports = {0: here.ports[1], 1: here.ports[0]}


def _hint(
    component: Component,
    placement: Placement,
    number: int,
    leg: int,
    tip_at: Callable[[int], Point],
    made: dict[int, Pose] | None = None,
) -> Point:
    """The direction in which a leg should leave."""
    wire, there = component.links[number][leg]
    center = placement.centers[number]
    if wire in placement.vias:
        return unit(sub(placement.vias[wire], center))
    if wire in placement.closures:
        other = placement.centers[there[0]]
        if there[0] == number:
            return (
                (-1.0, 0.0)
                if leg == min(k for k, (w, _) in enumerate(component.links[number]) if w == wire)
                else (1.0, 0.0)
            )
        return (-1.0, 0.0) if center[0] < other[0] else (1.0, 0.0)
    if there[0] == OPEN:
        side = placement.tips[there[1]][0]
        if component.is_bar(number) or component.node(number).kind in ("frame", "merge"):
            return unit(sub(tip_at(there[1]), center))
        if there[1] in placement.rays or side == "slant":
            return unit(sub(tip_at(there[1]), center))
        if (side in ("up", "down")) == placement.upright:
            return _SIDES[side]
        reach = component.node(number).legs * 0.3 + 2.4
        aside = sub(tip_at(there[1]), center)
        return unit((_SIDES[side][0] * reach, aside[1]) if placement.upright else (aside[0], _SIDES[side][1] * reach))
    if there[0] == number:
        return (0.0, 1.0)
    if made is not None and there[0] in made and (target := made[there[0]].ports.get(there[1])):
        return unit(sub(target[0], center))
    return unit(sub(placement.centers[there[0]], center))


def _turn(component: Component, placement: Placement, here: Pose, hints: list[Point]) -> None:
    """Choose the turn that points the legs along their hints best."""
    kind, axis = here.node.kind, placement.axes.get(here.number, "free")
    if kind in ROUND_KINDS or kind in ("scalar", "frame") or not hints:
        return
    if kind == "frame":
        return
    wanted = _wanted(kind, hints)
    neighbours = {there[0] for _, there in component.links[here.number]}
    closed = any(wire in placement.closures for wire, _ in component.links[here.number])
    if kind in BAR_KINDS and len(neighbours) == 1 and not neighbours & {OPEN, here.number} and not closed:
        # both wires go to one node: stand across, so that each of them bends round once
        toward = hints[0]
        wanted = (-toward[1], toward[0])
        axis = "v" if axis == "h" else "h" if axis == "v" else axis
    if axis in ("free", "square"):
        here.turn = round(math.degrees(math.atan2(wanted[1], wanted[0])) - 180.0, 3) % 360.0
        if axis == "square":
            here.turn = 90.0 * round(here.turn / 90.0) % 360.0
        return
    turns = (90.0, 270.0) if axis == "v" else (0.0, 180.0)

    def score(turn: float) -> float:
        way = rotated((-1.0, 0.0), turn)
        return way[0] * wanted[0] + way[1] * wanted[1]

    here.turn = max(turns, key=lambda turn: (round(score(turn), 6), -turn))


def _wanted(kind: str, hints: list[Point]) -> Point:
    """The direction in which leg 0 should leave, all legs considered."""
    if kind == "merge":
        total = (0.0, 0.0)
        for hint in hints[:-1]:
            total = add(total, hint, 1 / (len(hints) - 1))
        return sub(total, hints[-1])
    if len(hints) == 1:
        return hints[0]
    return sub(hints[0], hints[1])


def _ports(component: Component, placement: Placement, here: Pose, hints: list[Point]) -> None:
    kind = here.node.kind
    if kind == "scalar":
        return
    if kind == "merge":
        _merge_ports(here, hints)
    elif kind == "frame":
        _frame_ports(here, hints, placement.axes.get(here.number, "free"))
    elif kind in ROUND_KINDS:
        _round_ports(component, placement, here, hints)
    elif placement.axes.get(here.number) == "corner" and kind in BAR_KINDS:
        _corner_ports(here, hints)
    else:
        for leg in range(here.node.legs):
            here.ports[leg] = port(kind, here.width, here.height, here.turn, here.center, leg, (1.0, 0.0))


def _corner_ports(here: Pose, hints: list[Point]) -> None:
    """A matrix at the corner of a lattice: leg 0 on the bevelled side, leg 1 on whichever other side it goes to."""
    rest = [way for way in _SIDES.values() if way != max(_SIDES.values(), key=lambda w: _along(w, hints[0]))]
    first = max(_SIDES.values(), key=lambda w: _along(w, hints[0]))
    second = max(rest, key=lambda w: _along(w, hints[1]))
    here.turn = {(-1.0, 0.0): 0.0, (0.0, -1.0): 90.0, (1.0, 0.0): 180.0, (0.0, 1.0): 270.0}[first]
    w, h = (here.width, here.height) if here.turn % 180 == 0 else (here.height, here.width)
    for leg, way in ((0, first), (1, second)):
        here.ports[leg] = (add(here.center, (way[0] * w / 2, way[1] * h / 2)), way)


def _along(way: Point, hint: Point) -> float:
    return way[0] * hint[0] + way[1] * hint[1]


def _merge_ports(here: Pose, hints: list[Point]) -> None:
    """The joined legs along the wide side in order, mirrored where that follows the hints better."""
    count = here.node.legs - 1
    across = rotated((0.0, 1.0), here.turn)
    slopes = [hint[0] * across[0] + hint[1] * across[1] for hint in hints[:-1]]
    here.mirrored = sum((a < b) - (a > b) for i, a in enumerate(slopes) for b in slopes[i + 1 :]) > 0
    for leg in range(count):
        y = here.height * (0.5 - (leg + 0.5) / count) * (-1 if here.mirrored else 1)
        here.ports[leg] = (add(here.center, rotated((-here.width / 2, y), here.turn)), rotated((-1.0, 0.0), here.turn))
    here.ports[count] = (add(here.center, rotated((here.width / 2, 0.0), here.turn)), rotated((1.0, 0.0), here.turn))


def _frame_ports(here: Pose, hints: list[Point], axis: str) -> None:
    """Two legs at the left and right sides; one at the side that it goes to; more where their wires come from."""
    w, h = here.width / 2, here.height / 2
    count = here.node.legs
    if count == 1:
        x, y = hints[0]
        level = axis == "h" if axis in ("h", "v") else abs(x) * h >= abs(y) * w
        way = (math.copysign(1.0, x), 0.0) if level else (0.0, math.copysign(1.0, y))
        here.ports[0] = (add(here.middle if way[1] else here.center, (way[0] * w, way[1] * h)), way)
    elif count == 2 and not here.paired:
        flip = -1.0 if hints[0][0] > hints[1][0] + 1e-9 else 1.0
        here.turn = 180.0 if flip < 0 else 0.0
        here.ports[0] = (add(here.center, (-flip * w, 0.0)), (-flip, 0.0))
        here.ports[1] = (add(here.center, (flip * w, 0.0)), (flip, 0.0))
    else:
        _rim_ports(here, hints, (w, h))


def _rim_ports(here: Pose, hints: list[Point], half: Point) -> None:
    """Ports on the sides of a rectangle in the directions of the hints, those of one side spread apart."""
    w, h = half
    sides: dict[Point, list[tuple[float, int]]] = {}
    for leg, (x, y) in enumerate(hints):
        level = abs(x) * h >= abs(y) * w
        way = (math.copysign(1.0, x), 0.0) if level else (0.0, math.copysign(1.0, y))
        at = (y / max(abs(x), 1e-9) * w - here.lift) if level else (x / max(abs(y), 1e-9) * h)
        sides.setdefault(way, []).append((round(at, 6), -leg if level else leg))  # the first one on top, or left
    for way, found in sides.items():
        reach = (h if way[0] else w) - _RIM
        apart = min(1.0, 2 * reach / max(1, len(found) - 1))
        ranked = sorted(found)
        low, high = -reach, reach - apart * (len(ranked) - 1)
        pooled = _pooled([at - k * apart for k, (at, _) in enumerate(ranked)])
        places = [min(max(at, low), high) + k * apart for k, at in enumerate(pooled)]
        for (_, leg), at in zip(ranked, places, strict=True):
            point = (way[0] * w, at) if way[0] else (at, way[1] * h)
            here.ports[abs(leg)] = (add(here.middle, point), way)


_RIM = 0.9  # no port in a rounded corner


def _round_ports(component: Component, placement: Placement, here: Pose, hints: list[Point]) -> None:
    """Ports in the directions of the hints, parallel wires and crowded ones spread apart."""
    groups: dict[tuple[str, int], list[int]] = {}
    for leg, (_, there) in enumerate(component.links[here.number]):
        key = ("open", there[1]) if there[0] == OPEN else ("node", there[0])
        if component.links[here.number][leg][0] in placement.vias:
            key = ("via", leg)
        groups.setdefault(key, []).append(leg)
    radius = max(here.width, here.height) / 2
    angle = {leg: math.atan2(hint[1], hint[0]) for leg, hint in enumerate(hints)}
    if here.node.kind == "copy":
        step = 0.55
    else:
        step = min((1.3 if here.node.spans else 0.85) / radius, 2 * math.pi / max(1, here.node.legs))
    for key, legs in groups.items():
        if len(legs) == 1:
            continue
        if key == ("node", here.number):
            _loop_ports(component, here.number, legs, angle)
            continue
        hint = hints[legs[0]] if len({hints[leg] for leg in legs}) == 1 else _mean([hints[leg] for leg in legs])
        middle = math.atan2(hint[1], hint[0])
        step_here = _BAR_STEP if component.is_bar(key[1]) and key[0] == "node" else step
        others = [abs(math.remainder(angle[leg] - middle, 2 * math.pi)) for leg in angle if leg not in legs]
        step_here = min(step_here, 1.2 * min(others, default=9.0) / (len(legs) - 1))
        ranked = _ranked(component, here.number, legs)
        if key[0] == "node" and component.node(key[1]).kind in ("merge", "frame"):  # its ports are known
            ranked = sorted(legs, key=lambda leg: round(math.remainder(angle[leg] - middle, 2 * math.pi), 6))
        for rank, leg in enumerate(ranked):
            angle[leg] = middle + (rank - (len(ranked) - 1) / 2) * step_here
    _spread(angle, _DOT_STEP if here.node.kind == "copy" else step)
    for leg, turn in angle.items():
        way = (round(math.cos(turn), 9), round(math.sin(turn), 9))
        here.ports[leg] = port(here.node.kind, here.width, here.height, 0.0, here.center, leg, way)


def _mean(ways: list[Point]) -> Point:
    return sum(way[0] for way in ways), sum(way[1] for way in ways)


_DOT_STEP = 0.35  # wires at a dot part at no less than twenty degrees where there is room
_BAR_STEP = 1.7  # two wires to one matrix part widely, since they meet it on opposite sides


def _loop_ports(component: Component, number: int, legs: list[int], angle: dict[int, float]) -> None:
    """The two ends of every self-wire side by side, several such wires where most room is."""
    loops = list(dict.fromkeys(component.links[number][leg][0] for leg in legs))
    others = [angle[leg] for leg in angle if leg not in legs]

    def room(way: float) -> float:
        return min((abs(math.remainder(way - other, 2 * math.pi)) for other in others), default=0.0)

    start = max(
        (math.pi / 2 + k * math.pi / 8 for k in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8)),
        key=lambda way: round(min(room(way), 1.5), 3),
    )
    for place, wire in enumerate(loops):
        middle = start + (place - (len(loops) - 1) / 2) * 1.3
        ends = [leg for leg in legs if component.links[number][leg][0] == wire]
        for side, leg in enumerate(ends):
            angle[leg] = middle + (side - 0.5) * (1.0 if len(loops) == 1 else 0.6)


def _ranked(component: Component, number: int, legs: list[int]) -> list[int]:
    """Parallel wires counter-clockwise at the lower node, clockwise at the other, so that they do not cross."""
    other = component.links[number][legs[0]][1][0]
    if other in (OPEN, number):
        return legs
    lower = min(number, other)
    first = component.links[lower]
    order = [wire for wire, there in first if there[0] == max(number, other)]
    ranked = sorted(legs, key=lambda leg: order.index(component.links[number][leg][0]))
    return ranked if number == lower else ranked[::-1]


def _spread(angle: dict[int, float], step: float) -> None:
    """Push ports apart that are nearer than `step`, keeping their order round the node, as little as possible."""
    turn = 2 * math.pi
    legs = sorted(angle, key=lambda leg: (round(angle[leg] % turn, 6), leg))
    if len(legs) < 2:
        return
    need = min(step, turn / len(legs)) * 0.999
    gaps = [(angle[b] - angle[a]) % turn for a, b in zip(legs[-1:] + legs[:-1], legs, strict=True)]
    first = max(range(len(legs)), key=lambda k: (round(gaps[k], 6), -k))
    legs = legs[first:] + legs[:first]
    origin = angle[legs[0]]
    pooled = _pooled([(angle[leg] - origin) % turn - place * need for place, leg in enumerate(legs)])
    for place, (leg, value) in enumerate(zip(legs, pooled, strict=True)):
        angle[leg] = origin + value + place * need


def _pooled(values: Sequence[float]) -> list[float]:
    """The nearest values that never fall, by pooling adjacent violators."""
    pools: list[list[float]] = []
    for given in values:
        pools.append([given, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [[(a * m + b * n) / (m + n), m + n]]
    return [value for value, count in pools for _ in range(int(count))]

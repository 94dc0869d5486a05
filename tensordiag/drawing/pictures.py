"""The scene of one term: its components placed, posed and routed, open legs on a common frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace

from ..core.expressions import Expr
from ..dimension import as_dimension
from .arrangements import Arrangement, Options
from .components import Component
from .detours import detoured
from .extents import Size
from .geometry import Box, Point, add, line, rotated, sub, unit
from .layout import Placement
from .metrics import measure
from .poses import Pose, pose
from .routing import bend, closure, is_ahead, loop, route, through
from .scene import Item, NodeShape, Scene, Text, Wire, tip_text
from .shapes import TURNING_KINDS
from .sizes import Sizes, is_roman, label_offset
from .skeletons import OPEN, Node, Skeleton, turned_label
from .steepening import FLAT, steepened

_WAYS: dict[str, Point] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}

__all__ = ["Builder", "Picture", "letters", "picture"]


@dataclass
class Picture:
    """A drawn term: its scene with the baseline at y = 0, its placements and poses for whoever keeps its slots."""

    scene: Scene
    frame: Box
    placements: list[tuple[Component, Placement]]
    poses: dict[int, Pose]
    kind: str


def letters(order: int, taken: frozenset[str]) -> tuple[str, ...]:
    """Names for open legs, in alphabetical order, none of which is a tensor's name."""
    alphabet = [c for c in "ijklmnopqrstuvwabcdefgh" if c not in taken]
    return tuple(alphabet[k] if k < len(alphabet) else f"i_{{{k}}}" for k in range(order))


_BESIDE = 1.1  # what is farther above or below an open leg is not in its way
_ASIDE = 1.4  # a wire that goes no farther aside turns up or down at once
_BUNDLE = 2.2  # how much thicker a bundle is than a wire
_SPREADS = (1.5, 2.2, 3.0)
_SPREAD_UP_TO, _SQUARE_UP_TO, _NUMBERED_UP_TO = 16, 60, 60


def _clashes(scene: Scene) -> int:
    """How many things are in each other's way, ghosts among them, so that a hole does not change a layout."""
    solid = [replace(i, state="normal") if isinstance(i, NodeShape) else i for i in scene.items]
    found = measure(replace(scene, items=tuple(solid)), scene.box)
    overlaps = found.node_overlaps + found.wire_node_hits + found.coincident_wires
    overlaps += found.crossing_angle < FLAT
    return overlaps + found.crossings + found.label_label + found.label_node + found.label_wire


class Builder(Arrangement):
    """Places the parts of one term and turns them into primitives."""

    # -- making primitives -----------------------------------------------------------------------

    def frame(self) -> Box:
        """The frame that the open legs reach; what is above or below them may stand out of its sides."""
        opened = [(part, placement) for part, placement in self.placements if part.outputs]
        boxes = self._boxes(opened) or [Box(self.closed_to, 0.0, self.closed_to, 0.0)]
        box = Box.around(boxes)
        if self.rows:
            ys = [y for _, _, y in self.rows]
            box = Box.around([box, Box(box.left, min(ys), box.right, max(ys))])
        tips = [(side, at) for _, placement in opened for side, at in placement.tips.values()]
        sides = {side for side, _ in tips}
        if self.rows and not opened:
            return Box(box.left, box.bottom, box.left + 2.2 * self.style.leg, box.top)
        leg = self.style.leg
        boxes += self._spread_wires(opened)
        left = right = boxes
        if not self.rows and not self.options.outer and all(_is_level(placement) for _, placement in opened):
            left, right = (
                [b for b in boxes if any(b.bottom < at + _BESIDE and at - _BESIDE < b.top for at in levels)] or boxes
                for levels in ([at for side, at in tips if side == way] for way in ("left", "right"))
            )
        return Box(
            min(b.left for b in left) - (leg if "left" in sides or self.rows else 0.0),
            box.bottom - (leg if "down" in sides else 0.0),
            max(b.right for b in right) + (leg if "right" in sides or self.rows else 0.0),
            box.top + (leg if "up" in sides else 0.0),
        )

    def _spread_wires(self, pairs: Sequence[tuple[Component, Placement]]) -> list[Box]:
        """Where wires that leave a row run along it, on their way to what does not stand straight over their node."""
        made = []
        for part, placement in pairs:
            for a in part.nodes:
                for b in part.neighbours[a]:
                    (x, y), there = placement.centers[a], self.node_box(b, placement)
                    aside = placement.axes[b] == "h"
                    end = min(max(x, there.left), there.right) if aside else placement.centers[b][0]
                    if abs(end - x) > _ASIDE and not there.bottom < y < there.top:
                        made.append(Box(min(x, end), y - 0.1, max(x, end), y + 0.1))
        return made

    def build(self) -> Picture:
        """Everything as primitives; a general layout that leaves a wire too little room is spread."""
        self.arrange()
        made = self.finish(self.frame())
        count = len(self.skeleton.nodes)
        if all(placement.kind != "general" for _, placement in self.placements):
            return self._freed(made) if count <= _SPREAD_UP_TO else made
        if count > _SQUARE_UP_TO:
            return made
        best = _clashes(made.scene)
        for spread in _SPREADS if best and count <= _SPREAD_UP_TO else ():
            other = Builder(self.skeleton, self.sizes, self.options, spread)
            other.arrange()
            tried = other.finish(other.frame())
            count = _clashes(tried.scene)
            if count < best:
                best, made = count, tried
                self.placements, self.rows, self.spread = other.placements, other.rows, spread
            if not best:
                break
        made = self._squared(made, best)
        for mend in (steepened, detoured):
            mended = replace(made, scene=mend(made.scene))
            better = mended.scene is not made.scene and _clashes(mended.scene) < _clashes(made.scene)
            made = mended if better else made
        return made

    def _freed(self, made: Picture) -> Picture:
        """The picture of a structure, laid out as a general network instead where less is in the way then."""
        if self.options.layout == "stress" or not self.placements:
            return made
        found = _clashes(made.scene)
        if not found:
            return made
        other = Builder(self.skeleton, self.sizes, replace(self.options, layout="stress"))
        tried = other.build()
        if _clashes(tried.scene) >= found:
            return made
        self.placements, self.rows, self.spread = other.placements, other.rows, other.spread
        return tried

    def _squared(self, made: Picture, clashes: int) -> Picture:
        """The picture with the nodes of general layouts level or upright, where that costs nothing."""
        if all(n.turn % 90.0 == 0.0 for n in made.scene.nodes):
            return made
        other = copy(self)
        other.inner_terms, other.dropped = [], []
        other.placements = [
            (part, replace(placement, axes={n: self._square(n, axis) for n, axis in placement.axes.items()}))
            for part, placement in self.placements
        ]
        tried = other.finish(other.frame())
        if _clashes(tried.scene) > clashes:
            return made
        self.placements = other.placements
        return tried

    def _square(self, number: int, axis: str) -> str:
        return "square" if axis == "free" and self.skeleton.nodes[number].kind in TURNING_KINDS else axis

    def finish(self, frame: Box) -> Picture:
        """The primitives of what is placed, with the open legs on this frame."""
        items: list[Item] = []
        texts: list[Item] = []
        wires: list[Item] = []
        poses: dict[int, Pose] = {}
        for number, point in self.scalars:
            node = self.skeleton.nodes[number]
            box = self.extent(number)
            poses[number] = Pose(number, node, point, box.width, box.height, lift=box.center[1])
        for part, placement in self.placements:

            def tip(place_: int, placement: Placement = placement, part: Component = part) -> Point:
                return tip_point(part, placement, place_, frame)

            poses.update(pose(part, placement, Size(self.size), tip, self.extent))
            wires += self._wires(part, placement, poses, tip)
            for place_ in part.outputs:
                way = _WAYS.get(placement.tips[place_][0])
                if way is None:
                    way = unit(sub(tip(place_), placement.centers[part.homes[place_][0]]))
                texts += self._tip_label(place_, way, tip(place_))
        for a, b, y in self.rows:
            left, right = (frame.left, y), (frame.right, y)
            wires.append(
                Wire(
                    f"w-{a}-{b}",
                    route(left, (1.0, 0.0), right, (-1.0, 0.0)),
                    (("", a), ("", b)),
                    "accent" if {a, b} & self.options.new_legs else "normal",
                    dotted={a, b} <= self.options.dotted,
                    hue=self._hue(next(k for k, ends in enumerate(self.skeleton.wires) if (OPEN, a) in ends)),
                )
            )
            texts += self._tip_label(a, (-1.0, 0.0), left) + self._tip_label(b, (1.0, 0.0), right)
        self.letters = sum(OPEN not in (a[0], b[0]) for a, b in self.skeleton.wires)
        for number in sorted(poses):
            shapes, labels = self.node_items(poses[number])
            items += shapes
            texts += labels
        texts = self._with_outer_numbers(poses, wires, items, texts)
        if self.skeleton.counts:
            from .labels import bundle_labels  # few pictures have bundles

            texts += bundle_labels([*wires, *items, *texts])
        if self.options.inner:
            from .labels import wire_labels  # only pictures with labelled wires need it

            drawn = [*wires, *items, *texts]
            more, dropped = wire_labels(self.skeleton, drawn, self.options.inner, self.options.taken)
            texts += more
            self.dropped += dropped
        scene = Scene((*wires, *items, *texts), tuple(self.inner_terms), tuple(self.dropped))
        kinds = [placement.kind for _, placement in self.placements]
        return Picture(scene, frame, self.placements, poses, kinds[0] if len(kinds) == 1 else "parts")

    def _with_outer_numbers(
        self, poses: dict[int, Pose], wires: Sequence[Item], items: Sequence[Item], texts: list[Item]
    ) -> list[Item]:
        """The texts with the numbers of discs outside of these, where there is room for all that one has."""
        crowded = [here for _, here in sorted(poses.items()) if here.node.kind == "tensor" and here.numbered]
        if not crowded or self.sizes.dots or len(crowded) > _NUMBERED_UP_TO:
            return texts
        from .labels import outer_numbers  # few pictures have numbers

        for here in crowded:
            if here.node.spans:
                continue
            name = f"n{here.number}"
            old = [t for t in texts if isinstance(t, Text) and t.owner == name and t.id != f"{name}-label"]
            rest = [t for t in texts if t not in old]
            moved = outer_numbers(name, here.ports, [*wires, *items, *rest], old[0].role)
            texts = [*rest, *moved] if moved is not None else texts
        return texts

    def _tip_label(self, place_: int, way: Point, tip: Point) -> list[Item]:
        if self.options.labels == "none":
            return []
        label = self.options.legs[place_]
        if self.options.labels == "dims":
            label += f"\\mathrm{{:}}{self.dim_of(place_)}"
        role = "accent" if place_ in self.options.new_legs else "wire"
        return [tip_text(place_, label, tip, way, role)]

    def dim_of(self, place_: int) -> str:
        """The dimension of an open leg."""
        for ends, dim in zip(self.skeleton.wires, self.skeleton.dims, strict=False):
            if (OPEN, place_) in ends:
                return dim
        return ""

    def _wires(
        self, part: Component, placement: Placement, poses: dict[int, Pose], tip: Callable[[int], Point]
    ) -> list[Item]:
        made: list[Item] = []
        mine = set(part.nodes)
        for number, (first, second) in enumerate(self.skeleton.wires):
            if first[0] not in mine and second[0] not in mine:
                continue
            if first[0] == OPEN:
                first, second = second, first
            start, out = poses[first[0]].ports[first[1]]
            name = f"w{number}"
            state = "normal"
            if second[0] == OPEN:
                side = placement.tips[second[1]][0]
                away = _WAYS.get(side, out)
                if second[1] in placement.rays and is_ahead(start, out, tip(second[1])):
                    path = line(start, tip(second[1]))
                elif second[1] in placement.lanes:
                    lane = route(start, out, placement.lanes[second[1]], (-away[0], -away[1]))
                    path = (*lane, ("L", (tip(second[1]),)))
                else:
                    path = bend(start, out, tip(second[1]), away)
                state = "accent" if second[1] in self.options.new_legs else "normal"
                ends = ((f"n{first[0]}", first[1]), ("", second[1]))
            else:
                end, inward = poses[second[0]].ports[second[1]]
                if number in placement.closures:
                    path = self._closure(part, placement, number, (start, out), (end, inward))
                elif number in placement.vias:
                    path = through(start, out, placement.vias[number], end, inward, upright=placement.upright)
                elif first[0] == second[0]:
                    path = loop(start, out, end, inward)
                else:
                    path = route(start, out, end, inward)
                ends = ((f"n{first[0]}", first[1]), (f"n{second[0]}", second[1]))
                if number in placement.closures and out[0] >= inward[0]:  # its path begins at the left
                    ends = (ends[1], ends[0])
            slanted = second[0] == OPEN and placement.tips[second[1]][0] == "slant"
            state = "ghost" if self.options.ghost else self.options.states.get(-1 - number, state)
            count = self.skeleton.count(number)
            width = _BUNDLE * self.style.wire if count > 1 else self._width(number)
            dotted = second[0] == OPEN and second[1] in self.options.dotted
            made.append(Wire(name, path, ends, state, slanted, width, count, dotted, self._hue(number)))
        return made

    def _width(self, wire: int) -> float | None:
        """The width of a wire in points by its dimension, where that is asked for and known."""
        dims, sizes = self.skeleton.dims, self.options.sizes
        if sizes is None or wire >= len(dims):
            return None
        dim = as_dimension(dims[wire])
        return min(3.2, max(0.8, 0.4 * math.log2(max(1, dim.value(sizes))))) if dim.symbols <= sizes.keys() else None

    def _hue(self, wire: int) -> int | None:
        """The number of the colour of a wire's dimension, where colours are asked for."""
        hues = self.options.hues
        return (
            None
            if hues is None or wire >= len(self.skeleton.dims)
            else hues.setdefault(self.skeleton.dims[wire], len(hues))
        )

    def _closure(
        self,
        part: Component,
        placement: Placement,
        number: int,
        first: tuple[Point, Point],
        second: tuple[Point, Point],
    ) -> tuple[tuple[str, tuple[Point, ...]], ...]:
        side, depth = placement.closures[number]
        nodes = Box.around(self.node_box(n, placement) for n in part.nodes)
        level = nodes.bottom - 0.9 * depth if side == "below" else nodes.top + 0.9 * depth
        left, right = (first, second) if first[1][0] < second[1][0] else (second, first)
        return closure(left[0], right[0], level)

    def node_items(self, here: Pose) -> tuple[list[Item], list[Item]]:
        """The shapes of a node, itself first, and its texts."""
        node, name = here.node, f"n{here.number}"
        usual = "accent" if is_marked(node, self.options.marked) else "normal"
        state = "ghost" if self.options.ghost else self.options.states.get(here.number, usual)
        role = "ghost" if state == "ghost" else node.role
        tick = None
        if here.ports and node.kind in ("tensor", "merge") and not here.numbered and not self.sizes.dots:
            point, normal = here.ports[0]
            tick = add(point, normal, -0.28)
        hollow = tick is not None and here.hollow
        kind = "copy" if self.sizes.dots and node.kind != "ones" else node.kind
        label, turn = node.label, here.turn
        if node.kind == "frame":
            label, turn = (turned_label(label) if turn == 180.0 else label), 0.0  # only what is inside shows a turn
        shape = NodeShape(
            name, kind, label, here.middle, here.width, here.height, turn, here.mirrored, role, state, tick, hollow
        )
        if node.kind == "frame" and not self.sizes.dots:
            return self._frame(here, shape), _port_numbers(here, name, state)
        if self.sizes.dots or not node.label:
            return [shape], []
        center = here.center
        if node.kind in ("vector", "unit"):
            offset = label_offset(node.label, self.sizes.label_scale(node), here.width, here.turn)
            center = add(center, rotated((offset, 0.0), here.turn))
        ink = "ghost" if state == "ghost" else "accent" if node.kind == "scalar" and state == "accent" else "ink"
        label = node.label
        if self.options.transpose != "rotate" and node.kind in ("matrix", "orthogonal") and here.turn in (90.0, 180.0):
            label += "^{⊤}"
        texts: list[Item] = [
            Text(f"{name}-label", label, center, self.sizes.label_scale(node), ink, is_roman(node), name)
        ]
        return [shape], [*texts, *_port_numbers(here, name, state)]

    def _frame(self, here: Pose, shape: NodeShape) -> list[Item]:
        """A frame's outline and what is inside, with the open legs inside on the sides of the frame's own legs."""
        normal = here.ports[0][1] if here.ports else (1.0, 0.0)
        side = {(-1.0, 0.0): "left", (0.0, -1.0): "down", (0.0, 1.0): "up"}.get(normal, "right")
        scene = self.content(here.number, side if here.node.legs == 1 else "right", here.turn == 180.0, here.paired)
        inner = scene.shifted(*here.center).prefixed(f"{shape.id}.")
        self.inner_terms += inner.terms
        self.dropped += inner.dropped
        if self.options.inner != "all":
            return [shape, *inner.items]
        from .labels import relabelled  # as in `finish`

        items, count = relabelled(inner.items, self.letters, self.options.taken)
        self.letters += count
        return [shape, *items]


def _port_numbers(here: Pose, name: str, state: str) -> list[Item]:
    """Which leg is which, at the rim inside, where the shape alone does not say so."""
    ports = here.ports.items() if here.numbered else ()
    role = "ghost" if state == "ghost" else "muted"
    made: list[Item] = []
    for leg, (point, normal) in ports:
        first, last = here.node.spans[leg] if here.node.spans else (leg, leg)
        label = str(first) if first == last else f"{first}–{last}"
        inward = 0.38 + 0.3 * abs(normal[0]) * (first != last)
        made.append(Text(f"{name}-{leg}", label, add(point, normal, -inward), 0.6, role, True, name))
    return made


def _is_level(placement: Placement) -> bool:
    """Whether open legs leave a layout along its rows, at known heights."""
    return not placement.upright and placement.kind not in ("general", "grid")


def tip_point(part: Component, placement: Placement, place_: int, frame: Box) -> Point:
    """Where an open leg ends: on the side of the frame, at its place along it."""
    side, at = placement.tips[place_]
    if side == "left":
        return frame.left, at
    if side == "right":
        return frame.right, at
    if side == "slant":
        return placement.points[place_]
    return at, frame.top if side == "up" else frame.bottom


def is_marked(node: Node, marked: frozenset[Expr]) -> bool:
    """Whether a node is one of these tensors, or a function of one that is drawn as a single shape."""
    if not marked or node.box is None or node.kind == "frame":
        return False
    return node.box in marked or (node.kind != "function" and any(tensor in marked for tensor in node.box.tensors))


def picture(skeleton: Skeleton, sizes: Sizes, options: Options) -> Picture:
    """The picture of one network."""
    return Builder(skeleton, sizes, options).build()

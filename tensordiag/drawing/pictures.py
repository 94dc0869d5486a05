"""The scene of one term: its components placed, posed and routed, open legs on a common frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..core.expressions import Expr
from ..dimension import as_dimension
from .components import Component, components, inversions
from .geometry import Box, Point, add, line, rotated, sub, unit
from .layout import Placement, place
from .poses import Pose, pose
from .routing import bend, closure, is_ahead, loop, route, through
from .scene import Item, NodeShape, Scene, TermBox, Text, Wire, tip_text
from .shapes import BAR_KINDS
from .sizes import Sizes, is_roman
from .skeletons import OPEN, Node, Skeleton
from .stress import general
from .style import Style
from .typesetting import typeset

_WAYS: dict[str, Point] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}

__all__ = ["Options", "Picture", "letters", "picture"]


@dataclass(frozen=True)
class Options:
    """What the caller chose: the style, the labels of the open legs, wire labels, dots instead of shapes."""

    style: Style
    labels: str = "open"
    legs: tuple[str, ...] = ()
    side: str = "right"
    states: Mapping[int, str] = field(default_factory=dict)
    new_legs: frozenset[int] = frozenset()
    marked: frozenset[Expr] = frozenset()
    transpose: str = "rotate"
    sizes: Mapping[str, int] | None = None
    layout: str = "auto"


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


def _outer(part: Component, place_: int, outputs: tuple[int, ...]) -> int:
    """The open leg that leaves sideways in place of one on a merge's wide side: the merge's product."""
    home, leg = part.homes[place_]
    node = part.node(home)
    if node.kind == "merge" and leg != node.legs - 1:
        return next((o for o in outputs if part.homes[o] == (home, node.legs - 1)), place_)
    return place_


class Builder:
    """Places the parts of one term and turns them into primitives."""

    def __init__(self, skeleton: Skeleton, sizes: Sizes, options: Options) -> None:
        self.skeleton, self.sizes, self.options = skeleton, sizes, options
        self.style = options.style
        self.placements: list[tuple[Component, Placement]] = []
        self.rows: list[tuple[int, int, float]] = []  # bare wires: two open legs and their height
        self.scalars: list[tuple[int, Point]] = []
        self.inner_terms: list[TermBox] = []
        self.links = skeleton.links()
        self._contents: dict[tuple[int, str, bool], Scene] = {}

    def size(self, number: int) -> tuple[float, float]:
        """Width and height of a node at turn 0; of a frame, those of what is inside."""
        node = self.skeleton.nodes[number]
        if node.kind != "frame" or self.sizes.dots:
            return self.sizes(node)
        ways = ("left", "right") if node.legs == 1 else ("right",)
        boxes = [self.content(number, way, False).box for way in ways]
        if node.legs == 2:
            boxes.append(self.content(number, "right", True).box)
        return max(b.width for b in boxes) + 1.8, max(b.height for b in boxes) + 1.4

    def content(self, number: int, side: str, flip: bool) -> Scene:
        """The scene inside a frame, its centre at the origin."""
        from .frames import content_scene  # a frame holds pictures, and a picture frames

        key = number, side, flip
        if key not in self._contents:
            self._contents[key] = content_scene(self.skeleton.nodes[number], self.sizes, self.options, side, flip)
        return self._contents[key]

    # -- placing ---------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Place every component: scalars, closed parts, open parts; bare wires and matrices in rows."""
        parts, bare = components(self.skeleton)
        scalars = [p for p in parts if self.skeleton.nodes[p.nodes[0]].legs == 0]
        closed = [p for p in parts if not p.outputs and p not in scalars]
        opened = sorted((p for p in parts if p.outputs), key=lambda p: p.outputs)
        x = self._scalars(scalars)
        for part in closed:
            x = self._beside(part, {}, x)
        if x and (opened or bare):
            x += self.style.leg + 0.8  # room for a leg and its label to the left of the open parts
        elif closed:
            x -= self.style.component_gap
        self.closed_to = x
        if len(opened) + len(bare) > 1 and self._in_rows(opened, bare):
            self._rows(opened, bare, x)
            return
        x = self._columns(opened, x)
        top = self._extent(self.placements).top if self.placements else -1.0
        for place_, (a, b) in enumerate(bare):
            self.rows.append(
                (
                    a,
                    b,
                    (top + 0.9 + 1.2 * (len(bare) - 1 - place_))
                    if self.placements
                    else 1.2 * ((len(bare) - 1) / 2 - place_),
                )
            )

    def _scalars(self, scalars: list[Component]) -> float:
        x = 0.0
        for part in scalars:
            width = self.size(part.nodes[0])[0]
            self.scalars.append((part.nodes[0], (x + width / 2, 0.0)))
            x += width + 0.35
        return x + (0.5 if scalars else 0.0)

    def _sides(self, parts: list[Component]) -> list[dict[int, str]]:
        """Which open legs leave at the left and at the right: of parts in a row only the outermost ones."""
        sides: list[dict[int, str]] = [dict.fromkeys(part.outputs, "down") for part in parts]
        if not parts or self.options.side == "down":
            return sides
        if len(parts) == 1:
            outputs = parts[0].outputs
            if len(outputs) == 1:
                sides[0][outputs[0]] = self.options.side
            else:
                left = _outer(parts[0], outputs[0], outputs)
                right = next(o for o in (_outer(parts[0], outputs[-1], outputs), *outputs[::-1]) if o != left)
                sides[0][left], sides[0][right] = "left", "right"
            return sides
        sides[0][parts[0].outputs[0]] = "left"
        last = parts[-1].outputs
        rest = [o for part in parts for o in part.outputs if o != parts[0].outputs[0]]
        best = min(last[::-1], key=lambda o: inversions([p for p in rest if p != o]))
        sides[-1][best] = "right"
        return sides

    def _columns(self, opened: list[Component], x: float) -> float:
        for part, sides in zip(opened, self._sides(opened), strict=True):
            x = self._beside(part, sides, x)
        return x

    def _place(self, part: Component, sides: dict[int, str]) -> Placement:
        return (general if self.options.layout == "stress" else place)(part, self.size, self.style, sides)

    def _beside(self, part: Component, sides: dict[int, str], x: float) -> float:
        placement = self._place(part, sides)
        box = self._extent([(part, placement)])
        shift(placement, x - box.left, 0.0)
        self.placements.append((part, placement))
        return x + box.width + self.style.component_gap

    def _in_rows(self, opened: list[Component], bare: list[tuple[int, int]]) -> bool:
        """Whether every part has two open legs, so that parts stacked in rows keep both sides in order."""
        if self.options.side == "down" or any(len(part.outputs) != 2 for part in opened):
            return False
        pairs = sorted([*bare, *((part.outputs[0], part.outputs[1]) for part in opened)])
        return inversions([b for _, b in pairs]) == 0

    def _rows(self, opened: list[Component], bare: list[tuple[int, int]], x: float) -> None:
        rows: list[tuple[tuple[int, int], Component | None]] = [(pair, None) for pair in bare]
        rows += [((part.outputs[0], part.outputs[1]), part) for part in opened]
        rows.sort(key=lambda row: row[0])
        y = 0.0
        heights: list[float] = []
        for (a, b), part in rows:
            if part is None:
                self.rows.append((a, b, y))
                heights.append(y)
                y -= 1.2 if len(rows) == len(bare) else 1.0 + self.style.row_gap
                continue
            placement = self._place(part, {a: "left", b: "right"})
            box = self._extent([(part, placement)])
            drop = y - box.top if heights else 0.0
            shift(placement, x - box.left, drop)
            self.placements.append((part, placement))
            heights.append(drop)
            y = drop + box.bottom - self.style.row_gap
            if len(heights) == 1 and part is not None:
                y = box.bottom - self.style.row_gap
        self._center_rows(heights)

    def _center_rows(self, heights: list[float]) -> None:
        middle = (max(heights) + min(heights)) / 2
        opened = [(part, placement) for part, placement in self.placements if part.outputs]
        right = max((self._extent([pair]).right for pair in opened), default=0.0)
        for part, placement in opened:
            box = self._extent([(part, placement)])
            shift(placement, (right - box.right) / 2, -middle)
        self.rows = [(a, b, y - middle) for a, b, y in self.rows]

    def node_box(self, number: int, placement: Placement) -> Box:
        """Room for a node however it turns."""
        width, height = self.size(number)
        axis = placement.axes.get(number, "free")
        kind = self.skeleton.nodes[number].kind
        if axis == "v" and kind in BAR_KINDS | {"vector", "unit", "merge"}:
            width, height = height, width
        if axis == "free" and kind not in ("frame", "scalar"):
            width = height = max(width, height)
        if any(there[0] == number for _, there in self.links[number]) and kind not in BAR_KINDS:
            width, height = width + 3.6, height + 3.6
        x, y = placement.centers[number]
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def _extent(self, pairs: list[tuple[Component, Placement]]) -> Box:
        """The box of nodes, closures and branch legs."""
        boxes = []
        for part, placement in pairs:
            boxes += [self.node_box(number, placement) for number in part.nodes]
            nodes = Box.around(boxes)
            for side, depth in placement.closures.values():
                if side == "below":
                    boxes.append(Box(nodes.left - 1.2, nodes.bottom - 0.9 * depth, nodes.right + 1.2, nodes.top))
            boxes += [Box(x, y - 0.3, x, y + 0.3) for x, y in placement.vias.values()]
            boxes += [Box(x, y, x, y) for x, y in placement.rooms]
            for place_, (side, at) in placement.tips.items():
                if side == "slant":
                    x, y = placement.points[place_]
                    boxes.append(Box(x, y, x, y))
                if side in ("down", "up"):
                    boxes.append(Box(at - 0.4, 0.0, at + 0.4, 0.0))
        return Box.around(boxes)

    # -- making primitives -----------------------------------------------------------------------

    def frame(self) -> Box:
        """The frame that the open legs reach."""
        opened = [(part, placement) for part, placement in self.placements if part.outputs]
        box = self._extent(opened) if opened else Box(self.closed_to, 0.0, self.closed_to, 0.0)
        if self.rows:
            ys = [y for _, _, y in self.rows]
            box = Box.around([box, Box(box.left, min(ys), box.right, max(ys))])
        sides = {side for _, placement in opened for side, _ in placement.tips.values()}
        if self.rows and not opened:
            return Box(box.left, box.bottom, box.left + 2.2 * self.style.leg, box.top)
        leg = self.style.leg
        wide = "left" in sides or "right" in sides or self.rows
        return (
            Box(
                box.left - (leg if "left" in sides or self.rows else 0.0),
                box.bottom - (leg if "down" in sides else 0.0),
                box.right + (leg if "right" in sides or self.rows else 0.0),
                box.top + (leg if "up" in sides else 0.0),
            )
            if wide or sides
            else box
        )

    def build(self) -> Picture:
        """Everything as primitives."""
        self.arrange()
        return self.finish(self.frame())

    def finish(self, frame: Box) -> Picture:
        """The primitives of what is placed, with the open legs on this frame."""
        items: list[Item] = []
        texts: list[Item] = []
        wires: list[Item] = []
        poses: dict[int, Pose] = {}
        for number, point in self.scalars:
            node = self.skeleton.nodes[number]
            poses[number] = Pose(number, node, point, *self.size(number))
        for part, placement in self.placements:

            def tip(place_: int, placement: Placement = placement, part: Component = part) -> Point:
                return tip_point(part, placement, place_, frame)

            poses.update(pose(part, placement, self.size, tip))
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
                )
            )
            texts += self._tip_label(a, (-1.0, 0.0), left) + self._tip_label(b, (1.0, 0.0), right)
        for number in sorted(poses):
            shapes, labels = self._node(poses[number])
            items += shapes
            texts += labels
        dropped: tuple[str, ...] = ()
        if self.options.labels in ("all", "dims") and not self.sizes.dots:
            from .labels import wire_labels  # only pictures with labelled wires need it

            drawn = [*wires, *items, *texts]
            more, dropped = wire_labels(self.skeleton, drawn, self.options.labels, self.options.legs)
            texts += more
        scene = Scene((*wires, *items, *texts), tuple(self.inner_terms), dropped)
        kinds = [placement.kind for _, placement in self.placements]
        return Picture(scene, frame, self.placements, poses, kinds[0] if len(kinds) == 1 else "parts")

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
                path = bend(start, out, tip(second[1]), out if second[1] in placement.rays else away)
                if second[1] in placement.rays and is_ahead(start, out, tip(second[1])):
                    path = line(start, tip(second[1]))
                state = "accent" if second[1] in self.options.new_legs else "normal"
                ends = ((f"n{first[0]}", first[1]), ("", second[1]))
            else:
                end, inward = poses[second[0]].ports[second[1]]
                if number in placement.closures:
                    path = self._closure(part, placement, number, (start, out), (end, inward))
                elif number in placement.vias:
                    path = through(start, out, placement.vias[number], end, inward)
                elif first[0] == second[0]:
                    path = loop(start, out, end, inward)
                else:
                    path = route(start, out, end, inward)
                ends = ((f"n{first[0]}", first[1]), (f"n{second[0]}", second[1]))
            slanted = second[0] == OPEN and placement.tips[second[1]][0] == "slant"
            state = self.options.states.get(-1 - number, state)
            made.append(Wire(name, path, ends, state, slanted, self._width(number)))
        return made

    def _width(self, wire: int) -> float | None:
        """The width of a wire in points by its dimension, where that is asked for and known."""
        dims, sizes = self.skeleton.dims, self.options.sizes
        if sizes is None or wire >= len(dims):
            return None
        dim = as_dimension(dims[wire])
        return min(3.2, max(0.8, 0.4 * math.log2(max(1, dim.value(sizes))))) if dim.symbols <= sizes.keys() else None

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

    def _node(self, here: Pose) -> tuple[list[Item], list[Item]]:
        node, name = here.node, f"n{here.number}"
        state = self.options.states.get(here.number, "accent" if is_marked(node, self.options.marked) else "normal")
        role = "ghost" if state == "ghost" else node.role
        tick = None
        if here.ports and node.kind in ("tensor", "merge") and not here.numbered and not self.sizes.dots:
            point, normal = here.ports[0]
            tick = add(point, normal, -0.28)
        kind = "copy" if self.sizes.dots and node.kind != "ones" else node.kind
        shape = NodeShape(
            name, kind, node.label, here.center, here.width, here.height, here.turn, here.mirrored, role, state, tick
        )
        if node.kind == "frame" and not self.sizes.dots:
            return self._frame(here, shape), []
        if self.sizes.dots or not node.label:
            return [shape], []
        center = here.center
        if node.kind in ("vector", "unit"):
            text = typeset(node.label).width * self.sizes.label_scale(node)
            offset = min(here.width * 0.14, max(0.0, here.width / 2 - text / 2 - 0.32))
            center = add(center, rotated((offset, 0.0), here.turn))
        ink = "ghost" if state == "ghost" else "accent" if node.kind == "scalar" and state == "accent" else "ink"
        label = node.label
        if self.options.transpose != "rotate" and node.kind in ("matrix", "orthogonal") and here.turn in (90.0, 180.0):
            label += "^{⊤}"
        texts: list[Item] = [
            Text(f"{name}-label", label, center, self.sizes.label_scale(node), ink, is_roman(node), name)
        ]
        if here.numbered:
            for leg, (point, normal) in here.ports.items():
                texts.append(Text(f"{name}-{leg}", str(leg), add(point, normal, -0.36), 0.55, "muted", True, name))
        return [shape], texts

    def _frame(self, here: Pose, shape: NodeShape) -> list[Item]:
        """A frame's outline and what is inside, with the open legs inside on the sides of the frame's own legs."""
        normal = here.ports[0][1] if here.ports else (1.0, 0.0)
        side = {(-1.0, 0.0): "left", (0.0, -1.0): "down", (0.0, 1.0): "up"}.get(normal, "right")
        scene = self.content(here.number, side if here.node.legs == 1 else "right", here.turn == 180.0)
        inner = scene.shifted(*here.center).prefixed(f"{shape.id}.")
        self.inner_terms += inner.terms
        return [shape, *inner.items]


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


def shift(placement: Placement, dx: float, dy: float) -> None:
    """Move a placement."""
    placement.centers = {n: (x + dx, y + dy) for n, (x, y) in placement.centers.items()}
    placement.points = {leg: (x + dx, y + dy) for leg, (x, y) in placement.points.items()}
    placement.rooms = [(x + dx, y + dy) for x, y in placement.rooms]
    placement.vias = {wire: (x + dx, y + dy) for wire, (x, y) in placement.vias.items()}
    placement.tips = {
        leg: (side, at + (dx if side in ("up", "down") else dy)) for leg, (side, at) in placement.tips.items()
    }


def picture(skeleton: Skeleton, sizes: Sizes, options: Options) -> Picture:
    """The picture of one network."""
    return Builder(skeleton, sizes, options).build()

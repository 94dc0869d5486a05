"""Arrangements: the connected parts of one term beside each other or in rows, on a common baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..core.expressions import Expr
from .components import Component, components, inversions, is_paired
from .extents import Size
from .geometry import Box, Point
from .layout import Placement, place
from .scene import Scene, TermBox, Text
from .shapes import BAR_KINDS, TURNING_KINDS
from .sizes import Sizes
from .skeletons import OPEN, Skeleton
from .stress import general
from .style import Style
from .turning import QUARTERS, turned

__all__ = ["Arrangement", "Options"]


@dataclass(frozen=True)
class Options:
    """What the caller chose: the style, the labels of the open legs, those of `inner` wires, dots instead of shapes.

    `taken` are names that no wire gets.  `states` are those of nodes by number and of wires by −1 − number; `ghost`
    makes all of them ghosts.  `hues` are the numbers of the dimensions' colours so far, to which
    a picture adds its own, or None.  `dotted` are open legs along which a function works on every entry alike.
    `outer` lets open legs end outside of everything, and not only of what is beside them.
    """

    style: Style
    labels: str = "open"
    inner: str = ""
    taken: frozenset[str] = frozenset()
    legs: tuple[str, ...] = ()
    side: str = "right"
    states: Mapping[int, str] = field(default_factory=dict)
    ghost: bool = False
    new_legs: frozenset[int] = frozenset()
    marked: frozenset[Expr] = frozenset()
    transpose: str = "rotate"
    sizes: Mapping[str, int] | None = None
    layout: str = "auto"
    dotted: frozenset[int] = frozenset()
    hues: dict[str, int] | None = None
    outer: bool = False


_FAR = 1e3


def _outer(part: Component, place_: int, outputs: tuple[int, ...]) -> int:
    """The open leg that leaves sideways in place of one on a merge's wide side: the merge's product."""
    home, leg = part.homes[place_]
    node = part.node(home)
    if node.kind == "merge" and leg != node.legs - 1:
        return next((o for o in outputs if part.homes[o] == (home, node.legs - 1)), place_)
    return place_


class Arrangement:
    """Where the parts of one term are placed."""

    def __init__(self, skeleton: Skeleton, sizes: Sizes, options: Options, spread: float = 1.0) -> None:
        self.skeleton, self.sizes, self.options = skeleton, sizes, options
        self.style, self.spread = options.style, spread
        self.placements: list[tuple[Component, Placement]] = []
        self.rows: list[tuple[int, int, float]] = []  # bare wires: two open legs and their height
        self.scalars: list[tuple[int, Point]] = []
        self.inner_terms: list[TermBox] = []
        self.dropped: list[str] = []
        self.letters = 0  # how many letters the wires have
        self.links = skeleton.links()

    def size(self, number: int, numbered: bool = False) -> tuple[float, float]:
        """Width and height of a node at turn 0; of a frame, those of what is inside, its two legs with numbers."""
        if self.skeleton.nodes[number].kind != "frame" or self.sizes.dots:
            return self.sizes(self.skeleton.nodes[number])
        box = self.extent(number, numbered)
        return box.width, 2 * max(box.top, -box.bottom)

    def extent(self, number: int, numbered: bool = False) -> Box:
        """A node's box at turn 0 about its place: a frame's place is on the line that its content stands on."""
        node = self.skeleton.nodes[number]
        if node.kind != "frame" or self.sizes.dots:
            width, height = self.sizes(node)
            return Box(-width / 2, -height / 2, width / 2, height / 2)
        if numbered and node.legs == 2:
            boxes = [self.content(number, "right", False, True).box]
        else:
            ways = ("left", "right") if node.legs == 1 else ("right",)
            boxes = [self.content(number, way, False).box for way in ways]
            if node.legs == 2:
                boxes.append(self.content(number, "right", True).box)
        half = max(box.width for box in boxes) / 2 + 0.9
        return Box(-half, min(box.bottom for box in boxes) - 0.7, half, max(box.top for box in boxes) + 0.7)

    def content(self, number: int, side: str, flip: bool, paired: bool | None = None) -> Scene:
        """The scene inside a frame, centred across the origin; `paired` says whether two legs are told by numbers."""
        from .frames import content_scene  # a frame holds pictures, and a picture frames

        node = self.skeleton.nodes[number]
        if paired is None:
            paired = is_paired(self.skeleton, number, self.links[number])
        ghost = self.options.ghost or self.options.states.get(number) == "ghost"
        wide = any(term.skeleton.order > 2 for terms in node.content for term in terms)
        labels = "open" if node.legs > 2 or paired or wide else "none"
        key = id(node), side, flip and not paired, labels, ghost
        if key not in self.sizes.contents:
            options = replace(self.options, labels=labels, states={}, ghost=ghost)
            made = content_scene(node, self.sizes, options, side, flip and not paired)
            if ghost:  # signs and coefficients too
                items = [replace(i, role="ghost") if isinstance(i, Text) else i for i in made.items]
                made = replace(made, items=tuple(items))
            self.sizes.contents[key] = node, made
        return self.sizes.contents[key][1]

    # -- placing ---------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Place every component: scalars, closed parts, open parts; bare wires and matrices in rows."""
        parts, bare = components(self.skeleton)
        scalars = [p for p in parts if self.skeleton.nodes[p.nodes[0]].legs == 0]
        closed = [p for p in parts if not p.outputs and p not in scalars]
        opened = sorted((p for p in parts if p.outputs), key=lambda p: p.outputs)
        x = self._scalars(scalars, last=len(scalars) == len(parts) and not bare)
        for part in closed:
            x = self._beside(part, {}, x)
        if x and (opened or bare):
            leads = bool(bare) or any("left" in row.values() for row in self._sides(opened))
            # room for a leg and its label to the left of the open parts, so that a product is tighter than a sum
            x += (self.style.leg + (0.15 if closed else 1.15)) if leads else 0.0
        elif closed:
            x -= self.style.component_gap
        self.closed_to = x
        if self.options.side in ("all-left", "all-right"):
            self._stack(opened, x)
            self._bare(bare, opened)
            return
        if len(opened) + len(bare) > 1 and self._in_rows(opened, bare):
            self._rows(opened, bare, x)
            return
        x = self._columns(opened, x, free=not bare)
        self._bare(bare, opened)

    def _bare(self, bare: list[tuple[int, int]], opened: list[Component]) -> None:
        """Bare wires in rows of their own: above the parts or, where their open legs come later, below, if free."""
        if not opened:
            self.rows += [(a, b, 1.2 * ((len(bare) - 1) / 2 - k)) for k, (a, b) in enumerate(bare)]
            return
        box = self._extent(self.placements)
        sides = {side for _, placement in self.placements for side, _ in placement.tips.values()}
        tips = {leg: side for _, placement in self.placements for leg, (side, _) in placement.tips.items()}
        late = [pair for pair in bare if _comes_after(pair, tips)]
        below = bare if "up" in sides and "down" not in sides else [] if "down" in sides else late
        above = [pair for pair in bare if pair not in below]
        self.rows += [(a, b, box.top + 0.9 + 1.2 * (len(above) - 1 - k)) for k, (a, b) in enumerate(above)]
        self.rows += [(a, b, box.bottom - 0.9 - 1.2 * k) for k, (a, b) in enumerate(below)]

    def _scalars(self, scalars: list[Component], *, last: bool) -> float:
        x = 0.0
        for part in scalars:
            width = self.size(part.nodes[0])[0]
            self.scalars.append((part.nodes[0], (x + width / 2, 0.0)))
            x += width + 0.45
        return x + (-0.45 if last else 0.5 if scalars else 0.0)

    def _sides(self, parts: list[Component]) -> list[dict[int, str]]:
        """Which open legs leave at the left and at the right: of parts in a row only the outermost ones."""
        where = self.options.side
        inner = "across" if len(parts) > 1 else "any"  # no leg may pass another part
        if where == "down" or (where in QUARTERS and where != "ud"):
            return [dict.fromkeys(part.outputs, "down") for part in parts]
        sides: list[dict[int, str]] = [dict.fromkeys(part.outputs, inner) for part in parts]
        if where == "ud":
            middle = (self.skeleton.order - 1) / 2
            for part, row in zip(parts, sides, strict=True):
                row[part.outputs[0]] = "left" if len(part.outputs) > 1 or part.outputs[0] <= middle else "right"
                row[part.outputs[-1]] = "left" if row[part.outputs[0]] == "left" and len(row) == 1 else "right"
        if where == "ud" or not parts:
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

    def _columns(self, opened: list[Component], x: float, *, free: bool) -> float:
        """Parts beside each other; one whose legs would be out of order below has them above, if that is free."""
        below: list[int] = []
        for part, sides in zip(opened, self._sides(opened), strict=True):
            fresh = [leg for leg in part.outputs if sides[leg] not in ("left", "right")]
            late = (
                free
                and self.options.side not in ("down", *QUARTERS)
                and inversions([*below, *fresh]) > inversions(below)
            )
            x = self._beside(part, sides, x, "up" if late else "")
            below += [] if late else fresh
        return x

    def _place(self, part: Component, sides: dict[int, str], where: str = "") -> Placement:
        where = where or self.options.side
        if where in QUARTERS and part.outputs:
            return turned(part, Size(self.size, self.extent), sides, where, self._laid)
        return self._laid(part, Size(self.size, self.extent), sides)

    def _laid(self, part: Component, size: Size, sides: dict[int, str]) -> Placement:
        style = replace(self.style, gap=self.spread * self.style.gap)
        free = self.options.layout == "stress" and len(part.nodes) > 1
        made = (general if free else place)(part, size, style, sides)
        if self.spread == 1.0 or made.kind == "general":
            return made
        return place(part, size, self.style, sides)

    def _stack(self, opened: list[Component], x: float) -> None:
        """Parts below each other, so that legs of all of them reach one side."""
        y = 0.0
        for part in opened:
            placement = self._place(part, dict.fromkeys(part.outputs, "down"))
            box = self._extent([(part, placement)])
            shift(placement, x - box.left, y - box.top)
            self.placements.append((part, placement))
            y -= box.height + self.style.row_gap
        for _, placement in self.placements[len(self.placements) - len(opened) :]:
            shift(placement, 0.0, -(y + self.style.row_gap) / 2)

    def _beside(self, part: Component, sides: dict[int, str], x: float, where: str = "") -> float:
        """Place a part beside the others, as near as its outline and theirs allow; where the next one may begin."""
        placement = self._place(part, sides, where)
        box = self._extent([(part, placement)])
        before = [pair for pair in self.placements if pair[0].outputs]
        if before and part.outputs:
            x -= self._slack(before, (part, placement), x - box.left)
        shift(placement, x - box.left, 0.0)
        self.placements.append((part, placement))
        return self._extent(self.placements).right + self.style.component_gap

    def _slack(self, before: list[tuple[Component, Placement]], pair: tuple[Component, Placement], dx: float) -> float:
        """How much nearer a part that is to be moved by `dx` may stand to those before it."""
        gap, apart = self.style.component_gap, self.style.row_gap
        mine = [box.shifted(dx, 0.0) for box in self._solid([pair])]
        least = Box.around(mine).left - max(self._extent([other]).center[0] for other in before) - gap
        for other in self._solid(before):
            for box in mine:
                if other.bottom < box.top + apart and box.bottom - apart < other.top:
                    least = min(least, box.left - other.right - gap)
        return max(0.0, least)

    def _solid(self, pairs: list[tuple[Component, Placement]]) -> list[Box]:
        """What other parts have to stay off: nodes, the lines between them, and the lanes of open legs."""
        boxes = self._boxes(pairs)
        for part, placement in pairs:
            for ends in part.skeleton.wires:
                if all(node in placement.centers for node, _ in ends):
                    (a, b), (c, d) = (placement.centers[node] for node, _ in ends)
                    points = [(a + (c - a) * k / 8, b + (d - b) * k / 8) for k in range(9)]
                    boxes += [Box(x, y, x, y).grown(0.3) for x, y in points]
            for side, at in placement.tips.values():
                if side in ("up", "down"):
                    boxes.append(
                        Box(at - 0.4, 0.0, at + 0.4, _FAR) if side == "up" else Box(at - 0.4, -_FAR, at + 0.4, 0.0)
                    )
        return boxes

    def _in_rows(self, opened: list[Component], bare: list[tuple[int, int]]) -> bool:
        """Whether every part has two open legs, so that parts stacked in rows keep both sides in order."""
        if (
            self.options.side == "down"
            or self.options.side in QUARTERS
            or any(len(part.outputs) != 2 for part in opened)
        ):
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
        axis = placement.axes.get(number, "free")
        kind = self.skeleton.nodes[number].kind
        numbered = kind == "frame" and (axis in ("v", "free") or is_paired(self.skeleton, number, self.links[number]))
        x, y = placement.centers[number]
        if kind == "frame":
            return self.extent(number, numbered).shifted(x, y)
        width, height = self.size(number)
        if axis == "v" and kind in TURNING_KINDS:
            width, height = height, width
        if axis in ("free", "corner") and kind != "scalar":
            width = height = max(width, height)
        if any(there[0] == number for _, there in self.links[number]) and kind not in BAR_KINDS:
            width, height = width + 3.6, height + 3.6
        if any(there[0] != OPEN and self._stands_across(number, there[0]) for _, there in self.links[number]):
            width, height = (width, height + 2.6) if axis != "h" else (width + 2.6, height)
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def _stands_across(self, number: int, hub: int) -> bool:
        """Whether both wires of a matrix go to one node, and bend round its ends."""
        row = self.links[number]
        is_bar = self.skeleton.nodes[number].kind in BAR_KINDS
        return is_bar and hub != number and len(row) == 2 and all(there[0] == hub for _, there in row)

    def _extent(self, pairs: list[tuple[Component, Placement]]) -> Box:
        """The box of nodes, closures and branch legs."""
        return Box.around(self._boxes(pairs))

    def _boxes(self, pairs: list[tuple[Component, Placement]]) -> list[Box]:
        """The boxes of nodes, closures and branch legs."""
        boxes = []
        for part, placement in pairs:
            own = [self.node_box(number, placement) for number in part.nodes]
            boxes += own
            nodes = Box.around(own)
            for side, depth in placement.closures.values():
                if side == "above":
                    boxes.append(Box(nodes.left - 1.2, nodes.bottom, nodes.right + 1.2, nodes.top + 0.9 * depth))
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
                elif placement.upright and place_ not in placement.rays:
                    x = placement.centers[part.homes[place_][0]][0]
                    boxes.append(Box(x, at - 0.4, x, at + 0.4))
        return boxes


def _comes_after(pair: tuple[int, int], tips: Mapping[int, str]) -> bool:
    """Whether a bare wire comes after other open legs at its two sides, or where there are none after the first one."""
    beside = [(pair[side == "right"], leg) for leg, side in tips.items() if side in ("left", "right")]
    after = sum((mine > leg) - (mine < leg) for mine, leg in beside)
    return after > 0 if after else pair[0] > min(tips, default=pair[0])


def shift(placement: Placement, dx: float, dy: float) -> None:
    """Move a placement."""
    placement.centers = {n: (x + dx, y + dy) for n, (x, y) in placement.centers.items()}
    placement.lanes = {leg: (x + dx, y + dy) for leg, (x, y) in placement.lanes.items()}
    placement.points = {leg: (x + dx, y + dy) for leg, (x, y) in placement.points.items()}
    placement.rooms = [(x + dx, y + dy) for x, y in placement.rooms]
    placement.vias = {wire: (x + dx, y + dy) for wire, (x, y) in placement.vias.items()}
    placement.tips = {
        leg: (side, at + (dx if side in ("up", "down") else dy)) for leg, (side, at) in placement.tips.items()
    }

"""Derivation strips: a panel for every step, in which nothing moves that did not change.

Removing a node is drawn in its parent's slots: the node becomes a ghost, its wires dashed, then open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from ..core.expressions import Expr
from ..core.networks import flatten
from ..errors import DrawingError, did_you_mean
from ..rewrite import Derivation, Step
from . import canvas
from .alternatives import describe
from .drawings import Drawing, Settings, expression_blocks, finished, picture_options, write_whole
from .geometry import Box, Point, add, distance, rotated, sub
from .painting import strokes
from .pictures import Builder, Options, Picture, tip_point
from .poses import Pose
from .readback import same
from .routing import bend, closure, route
from .rows import Block, blocks, text_block, wrap
from .scene import Arrow, Item, Scene, Text, Wire, tip_text
from .sizes import Sizes
from .skeletons import OPEN, Skeleton, Term, terms_of
from .style import find_theme
from .typesetting import markup, plain, typeset

__all__ = ["draw_derivation", "holed_picture", "removed_node", "without"]

_DROP = 1.5


def without(skeleton: Skeleton, number: int) -> Skeleton:
    """The skeleton with one node removed; its legs are the last open legs, in their order."""
    base = skeleton.order
    kept = [k for k in range(len(skeleton.nodes)) if k != number]
    place = {old: new for new, old in enumerate(kept)}

    def moved(end: tuple[int, int]) -> tuple[int, int]:
        if end[0] == OPEN:
            return end
        return (OPEN, base + end[1]) if end[0] == number else (place[end[0]], end[1])

    wires = tuple((moved(a), moved(b)) for a, b in skeleton.wires)
    return Skeleton(tuple(skeleton.nodes[k] for k in kept), wires, base + skeleton.nodes[number].legs, skeleton.dims)


def removed_node(parent: Skeleton, term: Skeleton) -> int | None:
    """The node whose removal from the parent gives the term, or None."""
    for number, node in enumerate(parent.nodes):
        if (
            node.legs
            and node.kind not in ("copy", "ones")
            and len(term.nodes) == len(parent.nodes) - 1
            and same(without(parent, number), term)
        ):
            return number
    return None


@dataclass
class _Hole:
    """A parent's picture with one node removed: where it was, and its wires dashed or open."""

    builder: Builder
    number: int
    opened: bool
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
            start, out = _free_port(here, end[1])
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


def holed_picture(skeleton: Skeleton, number: int, sizes: Sizes, options: Options, *, opened: bool) -> Picture:
    """The picture of a network with one node a ghost; its wires dashed, or open as new legs."""
    legs = options.legs
    mine = [k for k, ends in enumerate(skeleton.wires) if number in (ends[0][0], ends[1][0])]
    states: dict[int, str] = {number: "ghost"} | {-1 - k: "removed" for k in mine}
    plain = replace(options, legs=legs[: skeleton.order], states=states)
    builder = Builder(skeleton, sizes, plain)
    made = builder.build()
    if not opened:
        return made
    hole = _Hole(builder, number, opened, made.frame)
    bottom = min(made.frame.bottom, _extent(made, number).bottom) - _DROP
    gone = {f"w{k}" for k in mine}
    if any(skeleton.wires[k][0][0] == skeleton.wires[k][1][0] for k in mine):
        gone.add(f"n{number}-label")  # the new legs' names stand there
    items: list[Item] = [i for i in made.scene.items if i.id not in gone]
    added: list[Item] = []
    shared: dict[str, list[Point]] = {}
    for wire in mine:
        added += _opened_wire(hole, made, skeleton, wire, bottom, legs, shared)
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
    number, order = hole.number, skeleton.order
    first, second = skeleton.wires[wire]
    if first[0] == number and second[0] == number:
        ports = made.poses[number].ports
        left, right = sorted((first[1], second[1]), key=lambda leg: ports[leg][0])
        old = next(w for w in made.scene.wires if w.id == f"w{wire}")
        a, b = ports[left][0], ports[right][0]
        path = closure(a, b, old.box.bottom)
        texts = [
            _loop_text(order + leg, legs, add(p, (way, 0.0), 0.55))
            for leg, p, way in ((left, a, 1.0), (right, b, -1.0))
        ]
        return [Wire(f"w{wire}", path, (("", order + left), ("", order + right)), "accent"), *texts]
    mine, other = (first, second) if first[0] == number else (second, first)
    path, tip, side = hole.leg(made.poses, wire, mine[1], other, bottom)
    for taken in shared.setdefault(side, []):
        if abs(taken[0] - tip[0]) < 0.9:
            tip = taken[0] + 0.9, tip[1]
            start, out = path[0][1][0], (0.0, -1.0) if side == "down" else (0.0, 1.0)
            path = route(start, out, tip, (0.0, 1.0) if side == "down" else (0.0, -1.0))
    shared[side].append(tip)
    ends = (("", other[1]) if other[0] == OPEN else (f"n{other[0]}", other[1]), ("", order + mine[1]))
    way = (0.0, -1.0) if side == "down" else (0.0, 1.0)
    return [
        Wire(f"w{wire}", path, ends, "accent"),
        tip_text(order + mine[1], legs[order + mine[1]], tip, way, "accent"),
    ]


def _loop_text(place: int, legs: Sequence[str], center: Point) -> Text:
    return Text(f"t{place}", legs[place], center, 0.85, "accent", owner=f"leg{place}")


# -- the strip --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """A panel: its blocks, what stands over the arrow that leads to it, and its description."""

    row: list[Block]
    rule: str
    alt: str


def draw_derivation(derivation: Derivation, target: Any = None, *, orient: str = "row", **options: Any) -> Drawing:
    """The strip of a derivation: a panel a step, with the rule's name over the arrow that leads to it.

    Parameters
    ----------
    derivation
        Any `Derivation`.
    target
        As for `draw`; a path that ends in `.gif` gets an animation, a frame a panel; a folder gets the frames as
        `frame-0.png`, `frame-1.png`, …
    orient
        ``"row"`` (wrapped at `max_width`), ``"column"`` (one panel a line) or ``"grid"`` (in columns).
    options
        Those of `draw`; `simplify` is False here, since the steps are drawn as they are.

    Returns
    -------
    A `Drawing` of all panels.

    Raises
    ------
    DrawingError
        as `draw`, and for an unknown `orient`.
    """
    if orient not in _ORIENTS:
        raise DrawingError(f"orient is 'row', 'column' or 'grid', not {orient!r}{did_you_mean(orient, _ORIENTS)}")
    settings = Settings.of({"simplify": False, **options})
    panels = _panels(derivation.steps, settings)
    scene = _strip(panels, settings) if orient == "row" else _table(panels, settings, _ORIENTS[orient])
    alt = "\n".join(f"{plain(panel.rule)}: {panel.alt}" if panel.rule else panel.alt for panel in panels)
    drawing = finished(scene, alt, settings)
    if isinstance(target, (str, os.PathLike)):
        name = os.fspath(target)
        if name.lower().endswith(".gif"):
            write_whole(name, _animation(panels, settings))
            return drawing
        if os.path.isdir(name):
            for number, frame in enumerate(_frames(panels, settings, 150.0)):
                write_whole(os.path.join(name, f"frame-{number}.png"), frame)
            return drawing
    return drawing.to(target)


_ORIENTS = {"row": 0, "column": 1, "grid": 2}
"""How many panels stand side by side; 0 for as many as fit."""


def _panels(steps: Sequence[Step], settings: Settings) -> list[_Panel]:
    panels: list[_Panel] = []
    for number, step in enumerate(steps):
        hole = _hole_of(step)
        if number == 0 or steps[number - 1].after != step.before:
            rows = _marked(step, hole, settings, f"{number}a")
            panels.append(_Panel(rows, "" if number == 0 else "\\mathrm{next}", describe(step.before)))
        rule = _rule_markup(step.rule)
        if hole is not None:
            ghost = _holed_row(step, hole, settings, f"{number}b", opened=False)
            panels.append(_Panel(ghost, rule, f"the node removed, its wires cut: {describe(step.before)}"))
            rule = "\\mathrm{open its wires}"
            row = _holed_row(step, hole, settings, f"{number}c", opened=True)
        else:
            row = _slotted(step, settings, f"{number}c")
        panels.append(_Panel(row, rule, describe(step.after)))
    return panels


def _rule_markup(rule: str) -> str:
    """A rule's name in words, the tensor that it removes as a formula."""
    head, _, name = rule.partition(" ")
    if head == "remove" and name:
        return f"\\mathrm{{remove }}{markup(name)}"
    return f"\\mathrm{{{rule}}}"


def _hole_of(step: Step) -> int | None:
    """The node of the drawn skeleton that a step removes."""
    terms = terms_of(step.before)
    if step.removed is None or len(terms) != 1:
        return None
    after = terms_of(step.after)
    if len(after) != 1:
        return None
    boxes = getattr(step.before.base, "boxes", (step.before.base,))
    before = sum(len(flatten(box).operands) for box in boxes[: step.removed])
    skeleton = terms[0].skeleton
    candidates = [n for n, node in enumerate(skeleton.nodes) if node.box == boxes[step.removed]]
    ordered = sorted(candidates, key=lambda n: abs(n - before))
    exact = [n for n in ordered if same(without(skeleton, n), after[0].skeleton)]
    return exact[0] if exact else None


def _marked(step: Step, hole: int | None, settings: Settings, prefix: str) -> list[Block]:
    """The expression before a step, the node to be removed in accent."""
    terms = list(terms_of(step.before))
    if hole is None:
        return expression_blocks(step.before, settings, prefix)
    sizes, options = picture_options(step.before, terms, settings)
    made = Builder(terms[0].skeleton, sizes, replace(options, states={hole: "accent"})).build()
    return blocks(terms, [made], settings.style, prefix)


def _holed_row(step: Step, hole: int, settings: Settings, prefix: str, *, opened: bool) -> list[Block]:
    terms = list(terms_of(step.before))
    sizes, options = picture_options(step.before, terms, settings, extra=terms[0].skeleton.nodes[hole].legs)
    made = holed_picture(terms[0].skeleton, hole, sizes, options, opened=opened)
    return blocks(terms, [made], settings.style, prefix)


def _slotted(step: Step, settings: Settings, prefix: str) -> list[Block]:
    """The expression after a step; terms that lack one node of a single parent are drawn in its slots."""
    return slotted_blocks(step.after, step.before, settings, prefix)


def slotted_blocks(expr: Expr, parent: Expr, settings: Settings, prefix: str) -> list[Block]:
    """A sum in the slots of the expression that it came from: a hole where a node was."""
    above, terms = terms_of(parent), terms_of(expr)
    if len(above) == 1 and terms and len(above[0].skeleton.nodes) <= 40:
        holes = [removed_node(above[0].skeleton, term.skeleton) for term in terms]
        if all(hole is not None for hole in holes):
            sizes, options = picture_options(parent, list(above), settings, extra=expr.order - parent.order)
            pictures = [
                holed_picture(above[0].skeleton, hole, sizes, options, opened=True)
                for hole in holes
                if hole is not None
            ]
            return blocks([Term(t.coefficient, above[0].skeleton) for t in terms], pictures, settings.style, prefix)
    return expression_blocks(expr, settings, prefix)


def _arrow(rule: str, name: str) -> Block:
    """An arrow with the rule's name over it."""
    width = max(3.0, typeset(rule).width * 0.8 + 1.2)
    text = Text(f"{name}rule", rule, (width / 2, 0.75), 0.8, "muted")
    arrow = Arrow(f"{name}arrow", (0.4, 0.0), (width - 0.4, 0.0))
    return Block(Scene((arrow, text)), 0.0, width, breaks=True)


def _table(panels: Sequence[_Panel], settings: Settings, columns: int) -> Scene:
    """The panels in columns, every line on its own baseline."""
    style = settings.style
    cells = []
    for number, panel in enumerate(panels):
        lead = [_arrow(panel.rule, f"a{number}")] if panel.rule else []
        cells.append(wrap([*lead, *panel.row], style, settings.max_width if columns > 1 else None))
    boxes = [Box.around([cell.box, *(term.frame for term in cell.terms)]) for cell in cells]
    widths = [max(box.width for box in boxes[k::columns]) for k in range(min(columns, len(cells)))]
    scenes: list[Scene] = []
    y = 0.0
    for start in range(0, len(cells), columns):
        line = list(range(start, min(start + columns, len(cells))))
        y -= max(boxes[k].top for k in line) if start else 0.0
        x = 0.0
        for column, k in enumerate(line):
            scenes.append(cells[k].shifted(x - boxes[k].left, y))
            x += widths[column] + 2 * style.component_gap
        y += min(boxes[k].bottom for k in line) - style.line_gap
    return Scene.joined(scenes)


def _strip(panels: Sequence[_Panel], settings: Settings) -> Scene:
    """The panels one after the other, wrapped before an arrow."""
    row: list[Block] = []
    for number, panel in enumerate(panels):
        if panel.rule:
            row.append(_joined([_arrow(panel.rule, f"a{number}"), panel.row[0]]))
            row += panel.row[1:]
        else:
            row += panel.row
    return wrap(row, settings.style, settings.max_width)


def _joined(pieces: Sequence[Block]) -> Block:
    """Blocks that stay on one line."""
    scenes: list[Scene] = []
    x = 0.0
    for piece in pieces:
        scenes.append(piece.scene.shifted(x - piece.left, 0.0))
        x += piece.width + 0.3
    return Block(Scene.joined(scenes), 0.0, x - 0.3, breaks=True)


def _frames(panels: Sequence[_Panel], settings: Settings, dpi: float) -> list[bytes]:
    """The panels as pictures of one size, what has not changed at one place."""
    scenes = []
    for panel in panels:
        body = wrap(panel.row, settings.style, settings.max_width)
        if panel.rule:
            rule = wrap([text_block(panel.rule, "rule", 0.0, roman=False, size=0.8)], settings.style, None)
            body = Scene.joined([body, rule.shifted(0.0, body.box.top + 1.6)])
        scenes.append(body)
    page = Box.around(scene.box for scene in scenes).grown(settings.style.margin)
    theme, style = find_theme(settings.theme), settings.style
    return [
        canvas.png(strokes(scene, theme, style), page, theme, style, ("", panel.alt, dpi))
        for scene, panel in zip(scenes, panels, strict=True)
    ]


def _animation(panels: Sequence[_Panel], settings: Settings) -> bytes:
    """The frames as a GIF."""
    from PIL import Image

    frames = [
        Image.open(BytesIO(content)).convert("P", palette=Image.Palette.ADAPTIVE)
        for content in _frames(panels, settings, 150.0)
    ]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=1400, loop=0)
    return buffer.getvalue()

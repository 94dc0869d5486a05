"""Penrose's derivative bubbles: a closed line round a diagram, with one new leg for each leg of the variable.

Source: R. Penrose, "Applications of negative dimensional tensors" (1971), as in The Road to Reality, chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..core.expressions import Expr, Tensor
from ..errors import DrawingError, UnknownTensorError
from .components import components
from .drawings import picture_options
from .geometry import Box, Point, add, bounds, line, sub
from .hulls import around, hull, lowest
from .pictures import Builder, Picture
from .rows import Block, blocks
from .scene import Bubble, Item, NodeShape, Scene, Text, Wire, tip_text
from .settings import Settings
from .shapes import BAR_KINDS, ROUND_KINDS
from .skeletons import Term, zero_skeleton
from .typesetting import markup

__all__ = ["bubble_blocks"]

_OFFSET = 0.9
_SPACE = 1.1
_DOT = 0.42
_OUT = 1.5
_CLEAR = 0.3  # between a variable's name and the next bubble


def bubble_blocks(expr: Expr, settings: Settings, prefix: str = "") -> list[Block]:
    """The terms of an expression, each in a bubble for every variable, the first one innermost."""
    given = settings.derivative
    names: Sequence[Tensor | str] = [given] if isinstance(given, (str, Tensor)) else list(given)
    try:
        variables = [expr.tensor(n.name if isinstance(n, Tensor) else n) for n in names]
    except UnknownTensorError as problem:
        raise DrawingError(f"cannot draw a derivative bubble: {problem}") from problem
    extra = sum(variable.order for variable in variables)
    found = settings.terms_of(expr)
    terms = [settings.bundled(term) for term in found] or [Term(1, zero_skeleton(expr.order))]
    style = replace(settings.style, leg=settings.style.leg + _OFFSET + sum(map(_room, variables[:-1])))
    sizes, options = picture_options(expr, terms, settings, extra=extra)
    pictures = []
    for term in terms:
        parts, _ = components(term.skeleton)
        # a leg that left to the left would pass the closed parts
        side = "down" if len({bool(part.outputs) for part in parts}) == 2 else options.side
        made = Builder(term.skeleton, sizes, replace(options, style=style, side=side, outer=True)).build()
        made = _bubbled(made, variables, options.legs[expr.order :], expr.order)
        pictures.append(made)
    return blocks(terms, pictures, settings.style, prefix)


def _bubbled(made: Picture, variables: Sequence[Tensor], legs: Sequence[str], place: int) -> Picture:
    """A picture in one bubble a variable, with the variables' legs going down from dots on the outlines."""
    x, frame = made.frame.center[0], made.frame
    bare = [(x, frame.bottom - _CLEAR), (x, frame.top + _CLEAR)]  # where there are only wires
    inside = bounds([p for item in made.scene.items if _is_inside(item) for p in _corners(item)] or bare)
    taken = [tip[0] for wire in made.scene.wires for _, tip in wire.tips if abs(tip[1] - made.frame.bottom) < 1e-6]
    rows = _dots(variables, inside.center[0], taken)
    xs = [*(x + way for row in rows for x in row for way in (-1.0, 1.0)), *taken]  # the outline is level where legs are
    left, right = min([inside.left, *xs]), max([inside.right, *xs])
    # a rectangle, so that legs cross the outline, and leave it, at right angles
    points = [(left, inside.bottom), (right, inside.bottom), (right, inside.top), (left, inside.top)]
    bubbles: list[Bubble] = []
    added: list[Item] = []
    dots: list[list[Point]] = []
    room = _OFFSET
    for number, (variable, row) in enumerate(zip(variables, rows, strict=True)):
        bubbles.append(Bubble(f"b{number}", around(hull(points), room)))
        points = bubbles[-1].corners
        dots.append([lowest(points, x) for x in row])
        added.append(_free_sign(f"d{number}sign", variable, points, made))
        room = _room(variable)
    inner = Box.around([bounds(points), *(item.box for item in added)])
    outer = _leg_frame(made, inner)
    for number, (variable, spots) in enumerate(zip(variables, dots, strict=True)):
        added += _legs(f"d{number}", spots, outer.bottom, legs[: variable.order], place)
        legs, place = legs[variable.order :], place + variable.order
    items = _moved_names([_extended(item, made.frame, outer) for item in made.scene.items], made.scene.items)
    scene = Scene((*reversed(bubbles), *items, *added), made.scene.terms, made.scene.dropped)
    return replace(made, scene=scene, frame=outer)


def _dots(variables: Sequence[Tensor], middle: float, taken: Sequence[float]) -> list[list[float]]:
    """Where along the outlines the legs of the variables leave: side by side, clear of other legs that go down."""
    rows: list[list[float]] = []
    x = middle
    for number, variable in enumerate(variables):
        if number:
            x += _SPACE * (variables[number - 1].order + variable.order) / 2
        tries = [
            x + step * way for step in (0.3 * k for k in range(400)) for way in ((1.0,) if number else (1.0, -1.0))
        ]
        half = _SPACE * (variable.order + 1) / 2
        x = next((t for t in tries if all(abs(t - other) >= half for other in taken)), x)
        rows.append([x + (leg - (variable.order - 1) / 2) * _SPACE for leg in range(variable.order)])
    return rows


def _leg_frame(made: Picture, inner: Box) -> Box:
    """The frame that all legs reach, outside of the bubbles where legs leave these."""
    frame = made.frame
    tips = [tip for wire in made.scene.wires for _, tip in wire.tips]
    up = any(abs(y - frame.top) < 1e-6 for _, y in tips)
    left, right = (any(abs(x - side) < 1e-6 for x, _ in tips) for side in (frame.left, frame.right))
    return Box(
        min(frame.left, inner.left - _OUT * left),
        min(frame.bottom, inner.bottom - 2.0),
        max(frame.right, inner.right + _OUT * right),
        max(frame.top, inner.top + _OUT * up),
    )


def _extended(item: Item, old: Box, new: Box) -> Item:
    """An open leg, or its name, as far out as another frame."""

    def beyond(point: Point) -> Point:
        x, y = point
        sides = ((old.left, new.left), (old.right, new.right))
        level = next((there for here, there in sides if abs(x - here) < 1e-6), x)
        ends = ((old.bottom, new.bottom), (old.top, new.top)) if level == x else ()
        return level, next((there for here, there in ends if abs(y - here) < 1e-6), y)

    if isinstance(item, Wire) and "." not in item.id:
        path = item.path
        first, last = item.points[0], item.points[-1]
        if not item.ends[1][0] and beyond(last) != last:
            path = (*path, ("L", (beyond(last),)))
        if not item.ends[0][0] and beyond(first) != first:
            path = (("M", (beyond(first),)), ("L", (first,)), *path[1:])
        return replace(item, path=path)
    return item


def _moved_names(items: Sequence[Item], before: Sequence[Item]) -> list[Item]:
    """The items with the names of open legs at their tips again."""
    shifts: dict[str, Point] = {}
    for now, then in zip(items, before, strict=True):
        if isinstance(now, Wire) and isinstance(then, Wire) and "." not in now.id:
            for (leg, tip), (_, old) in zip(now.tips, then.tips, strict=True):
                shifts[f"leg{leg}"] = sub(tip, old)
    return [i.shifted(*shifts.get(i.owner, (0.0, 0.0))) if isinstance(i, Text) else i for i in items]


def _corners(item: Item) -> list[Point]:
    """The points that a line round an item goes round."""
    if isinstance(item, Wire):
        return item.points[::4]
    if isinstance(item, NodeShape) and item.path and item.kind not in BAR_KINDS:
        return item.corners[::3] if item.kind in ROUND_KINDS else item.corners
    box = item.box
    return [(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)]


def _room(variable: Tensor) -> float:
    """How far from a bubble the next one round it is: the variable's name stands between the two."""
    box = _sign("", variable, [(0.0, 0.0)]).box
    return max(_OFFSET, _CLEAR + math.hypot(box.right, box.bottom))


def _sign(name: str, variable: Tensor, outline: Sequence[Point], way: Point = (1.0, -1.0)) -> Text:
    """The variable outside a bubble, at its corner in this direction."""
    corner = max(outline, key=lambda point: (round(way[0] * point[0] + way[1] * point[1], 6), point))
    sign = Text(name, "∂" + markup(variable.name), corner, 0.85)
    reach = way[0] * (sign.box.width / 2 + 0.1), way[1] * (sign.box.height / 2 + 0.1)
    return replace(sign, center=add(corner, reach))


def _free_sign(name: str, variable: Tensor, outline: Sequence[Point], made: Picture) -> Text:
    """The variable's name at the lower right of a bubble, or at the next corner that no open leg passes."""
    frame = made.frame
    tips = [tip for wire in made.scene.wires for _, tip in wire.tips]
    for way in ((1.0, -1.0), (-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)):
        sign = _sign(name, variable, outline, way)
        box = sign.box.grown(0.15)
        level = frame.right if way[0] > 0 else frame.left
        upright = frame.top if way[1] > 0 else frame.bottom
        passed = any(abs(x - level) < 1e-6 and box.bottom < y < box.top for x, y in tips)
        if not passed and not any(abs(y - upright) < 1e-6 and box.left < x < box.right for x, y in tips):
            return sign
    return _sign(name, variable, outline)


def _is_inside(item: Item) -> bool:
    """Whether a bubble has to contain this: nodes, their labels, wires between nodes; open legs leave it."""
    if isinstance(item, Wire):
        return all(node for node, _ in item.ends)
    return isinstance(item, NodeShape) or (isinstance(item, Text) and not item.owner.startswith("leg"))


def _legs(name: str, dots: Sequence[Point], bottom: float, legs: Sequence[str], place: int) -> list[Item]:
    """A leg for each leg of the variable, from a dot of its own on the outline straight down to the frame."""
    made: list[Item] = []
    for leg, (label, dot) in enumerate(zip(legs, dots, strict=True)):
        home = f"{name}_{leg}"
        path = line((dot[0], dot[1] - _DOT / 2), (dot[0], bottom))
        made.append(NodeShape(home, "anchor", "", dot, _DOT, _DOT))
        made.append(Wire(f"{name}w{leg}", path, ((home, leg), ("", place + leg)), "accent"))
        made.append(tip_text(place + leg, label, (dot[0], bottom), (0.0, -1.0), "accent"))
    return made

"""Penrose's derivative bubbles: a closed line round a diagram, with one new leg for each leg of the variable.

Source: R. Penrose, "Applications of negative dimensional tensors" (1971), as in The Road to Reality, chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..core.expressions import Expr, Tensor
from ..errors import DrawingError, UnknownTensorError
from .drawings import picture_options
from .geometry import Box, Point, add, bounds, line
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
        made = Builder(term.skeleton, sizes, replace(options, style=style, outer=True)).build()
        made = _bubbled(made, variables, options.legs[expr.order :], expr.order)
        pictures.append(made)
    return blocks(terms, pictures, settings.style, prefix)


def _bubbled(made: Picture, variables: Sequence[Tensor], legs: Sequence[str], place: int) -> Picture:
    """A picture in one bubble a variable, with the variables' legs going down from dots on the outlines."""
    points = [point for item in made.scene.items if _is_inside(item) for point in _corners(item)] or [(0.0, 0.0)]
    taken = [tip[0] for wire in made.scene.wires for _, tip in wire.tips if abs(tip[1] - made.frame.bottom) < 1e-6]
    box = bounds(points)  # so that legs cross the outline, and leave it, at right angles
    points = [(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)]
    bubbles: list[Bubble] = []
    added: list[Item] = []
    places: list[float] = []
    dots: list[list[Point]] = []
    room = _OFFSET
    for number, variable in enumerate(variables):
        bubbles.append(Bubble(f"b{number}", around(hull(points), room)))
        points = bubbles[-1].corners
        x = bubbles[-1].box.center[0]
        if places:
            x = places[-1] + _SPACE * (variables[number - 1].order + variable.order) / 2
        while any(abs(x - other) < _SPACE * (variable.order + 1) / 2 for other in taken):
            x += 0.3
        places.append(x)
        steps = [leg - (variable.order - 1) / 2 for leg in range(variable.order)]
        dots.append([lowest(points, x + step * _SPACE) for step in steps])
        added.append(_sign(f"d{number}sign", variable, points))
        room = _room(variable)
    inner = Box.around([bounds(points), *(item.box for item in added)])
    bottom = min(made.frame.bottom, inner.bottom - 2.0)
    for number, (variable, row) in enumerate(zip(variables, dots, strict=True)):
        added += _legs(f"d{number}", row, bottom, legs[: variable.order], place)
        legs, place = legs[variable.order :], place + variable.order
    frame = Box.around([made.frame, inner])
    scene = Scene((*reversed(bubbles), *made.scene.items, *added), made.scene.terms, made.scene.dropped)
    return replace(made, scene=scene, frame=Box(frame.left, bottom, frame.right, frame.top))


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


def _sign(name: str, variable: Tensor, outline: Sequence[Point]) -> Text:
    """The variable outside a bubble, at its lower right."""
    corner = max(outline, key=lambda point: (round(point[0] - point[1], 6), point))
    sign = Text(name, "∂" + markup(variable.name), corner, 0.85)
    return replace(sign, center=add(corner, (sign.box.width / 2 + 0.1, -sign.box.height / 2 - 0.1)))


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

"""Penrose's derivative bubbles: a closed line round a diagram, with one new leg for each leg of the variable.

Source: R. Penrose, "Applications of negative dimensional tensors" (1971), as in The Road to Reality, chapter 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.expressions import Expr, Tensor
from ..errors import DrawingError, UnknownTensorError
from .drawings import picture_options
from .geometry import Box, add, moved, rotated, rounded
from .pictures import Builder, Picture
from .routing import bend
from .rows import Block, blocks, zero_skeleton
from .scene import Bubble, Item, NodeShape, Scene, Text, Wire, tip_text
from .settings import Settings
from .skeletons import Term
from .typesetting import markup

__all__ = ["bubble_blocks"]

_OFFSET = 0.9
_SPACE = 1.1


def bubble_blocks(expr: Expr, settings: Settings, prefix: str = "") -> list[Block]:
    """The terms of an expression, each in a bubble for every variable, the first one innermost."""
    given = settings.derivative
    names: Sequence[Tensor | str] = [given] if isinstance(given, (str, Tensor)) else list(given)
    try:
        variables = [expr.tensor(n.name if isinstance(n, Tensor) else n) for n in names]
    except UnknownTensorError as problem:
        raise DrawingError(f"cannot draw a derivative bubble: {problem}") from problem
    extra = sum(variable.order for variable in variables)
    terms = list(settings.terms_of(expr)) or [Term(1, zero_skeleton(expr.order))]
    style = replace(settings.style, leg=settings.style.leg + 0.9 * len(variables))
    sizes, options = picture_options(expr, terms, settings, extra=extra)
    pictures = []
    for term in terms:
        made = Builder(term.skeleton, sizes, replace(options, style=style)).build()
        made = _bubbled(made, variables, options.legs[expr.order :], expr.order)
        pictures.append(made)
    return blocks(terms, pictures, settings.style, prefix)


def _bubbled(made: Picture, variables: Sequence[Tensor], legs: Sequence[str], place: int) -> Picture:
    """A picture in one bubble a variable, with the variables' legs going down from dots on the outlines."""
    inner = Box.around(item.box for item in made.scene.items if _is_inside(item))
    taken = [tip[0] for wire in made.scene.wires for _, tip in wire.tips if abs(tip[1] - made.frame.bottom) < 1e-6]
    bubbles: list[Bubble] = []
    added: list[Item] = []
    anchors: list[tuple[float, float]] = []
    for number, variable in enumerate(variables):
        inner = inner.grown(_OFFSET)
        bubbles.append(Bubble(f"b{number}", moved(rounded(inner.width, inner.height, 1.6), *inner.center)))
        x = inner.center[0]
        if anchors:
            x = anchors[-1][0] + _SPACE * (variables[number - 1].order + variable.order) / 2
        while any(abs(x - other) < _SPACE * (variable.order + 1) / 2 for other in taken):
            x += 0.3
        anchors.append((x, inner.bottom))
        sign = Text(f"d{number}sign", "∂" + markup(variable.name), inner.center, 0.85)
        at = inner.right - 0.2 + sign.box.width / 2, inner.bottom - 0.4
        added.append(replace(sign, center=at))
        inner = Box.around([inner, added[-1].box])
    bottom = min(made.frame.bottom, inner.bottom - 2.0)
    for number, (variable, anchor) in enumerate(zip(variables, anchors, strict=True)):
        added.append(NodeShape(f"d{number}", "anchor", "", anchor, 0.5, 0.5))
        added += _legs(f"d{number}", anchor, bottom, legs[: variable.order], place)
        legs, place = legs[variable.order :], place + variable.order
    frame = Box.around([made.frame, inner])
    scene = Scene((*reversed(bubbles), *made.scene.items, *added), made.scene.terms, made.scene.dropped)
    return replace(made, scene=scene, frame=Box(frame.left, bottom, frame.right, frame.top))


def _is_inside(item: Item) -> bool:
    """Whether a bubble has to contain this: nodes, their labels, wires between nodes; open legs leave it."""
    if isinstance(item, Wire):
        return all(node for node, _ in item.ends)
    return isinstance(item, NodeShape) or (isinstance(item, Text) and not item.owner.startswith("leg"))


def _legs(name: str, anchor: tuple[float, float], bottom: float, legs: Sequence[str], place: int) -> list[Item]:
    """One leg for each leg of the variable, from the dot on the outline down to the frame."""
    x, _ = anchor
    made: list[Item] = []
    for leg, label in enumerate(legs):
        dx = (leg - (len(legs) - 1) / 2) * _SPACE
        out = rotated((0.0, -1.0), 90.0 * dx / (_SPACE * max(1, len(legs))))
        tip = (x + dx, bottom)
        path = bend(add(anchor, out, 0.25), out, tip, (0.0, -1.0))
        made.append(Wire(f"{name}w{leg}", path, ((name, leg), ("", place + leg)), "accent"))
        made.append(tip_text(place + leg, label, tip, (0.0, -1.0), "accent"))
    return made

"""Painting: a scene and a theme as strokes in the order they are laid down, for every backend alike."""

from __future__ import annotations

from dataclasses import dataclass

from .crossings import crossings
from .geometry import Path, add, circle, distance, line, moved, polygon, rotated, scaled, sub, unit
from .scene import Arrow, Bubble, Item, NodeShape, Scene, Text, Wire
from .shapes import arrowhead, bevel, hatching, outline, stroke
from .style import Style, Theme, mixed
from .typesetting import typeset

__all__ = ["DASHED", "DOTTED", "Stroke", "strokes"]

DASHED, DOTTED = (1.6, 1.3), (0.0, 2.0)


@dataclass(frozen=True)
class Stroke:
    """A path with its colours; the width is in points, an empty colour means none.

    `dash` is how long the dashes and the gaps of a broken line are, in widths of it; dashes of no length are dots.
    """

    path: Path
    fill: str = ""
    color: str = ""
    width: float = 0.0
    dash: tuple[float, float] | tuple[()] = ()
    item: str = ""
    title: str = ""


def _layer(item: Item) -> int:
    if isinstance(item, Bubble) or (isinstance(item, NodeShape) and item.kind == "frame"):
        return 0
    return 1 if isinstance(item, Wire) else 2 if isinstance(item, NodeShape) else 3


def strokes(scene: Scene, theme: Theme, style: Style) -> list[Stroke]:
    """All strokes of a scene: frames and bubbles, wires, shapes, texts."""
    made: list[Stroke] = []
    gaps = _gaps(scene, theme, style)
    for item in sorted(scene.items, key=_layer):
        if isinstance(item, Wire):
            made += [*gaps.get(item.id, []), *_wire(item, theme, style)]
        elif isinstance(item, NodeShape):
            made += _node(item, theme, style)
        elif isinstance(item, Text):
            made.append(_text(item, theme))
        elif isinstance(item, Bubble):
            made.append(Stroke(item.path, theme.panel, _state(item.state, theme.ink, theme), 1.3, (), item.id))
        else:
            made += _arrow(item, theme)
    return made


def _state(state: str, color: str, theme: Theme) -> str:
    return {"accent": theme.accent, "removed": theme.accent, "ghost": theme.ghost}.get(state, color)


def _gaps(scene: Scene, theme: Theme, style: Style) -> dict[str, list[Stroke]]:
    """For every wire that is painted over others: pieces of ground that interrupt those where they cross."""
    made: dict[str, list[Stroke]] = {}
    wires = scene.wires
    grounds = [item for item in scene.items if _layer(item) == 0]
    for crossing in crossings(wires) if style.halo else []:
        wire, point = wires[crossing.over], crossing.point
        near = [p for p in wire.points if distance(p, point) < _REACH]
        way = unit(sub(near[-1], near[0])) if len(near) > 1 else unit(sub(wire.points[-1], wire.points[0]))
        ground = theme.panel if any(g.box.contains(point) for g in grounds) else theme.background
        width = (wire.width or style.wire) + style.halo * style.font_size
        made.setdefault(wire.id, []).append(
            Stroke(line(add(point, way, -_REACH), add(point, way, _REACH)), "", ground, width)
        )
    return made


_REACH = 0.35


def _wire(item: Wire, theme: Theme, style: Style) -> list[Stroke]:
    width = item.width or (style.accent_line if item.state == "accent" else style.wire)
    dash = DASHED if item.state in ("ghost", "removed") else DOTTED if item.dotted else ()
    usual = theme.wire if item.hue is None or item.hue >= len(theme.hues) else theme.hues[item.hue]
    color = _state(item.state, usual, theme)
    made = [Stroke(item.path, "", color, width, dash, item.id)]
    if item.count > 1:  # a slash across the middle of a bundle
        middle = len(item.points) // 2
        before, after = item.points[middle - 1], item.points[middle]
        way = rotated(unit(sub(after, before)), 60.0)
        center = add(before, sub(after, before), 0.5)
        made.append(Stroke(line(add(center, way, -0.42), add(center, way, 0.42)), "", color, style.wire))
    return made


def _node(item: NodeShape, theme: Theme, style: Style) -> list[Stroke]:
    if not item.path:
        return []
    title = item.label or item.kind
    ghost = item.state == "ghost"
    dash = DASHED if ghost else ()
    if item.kind == "anchor":  # a leg begins here; no copy tensor, which is larger and has the wires' colour
        return [Stroke(item.path, theme.accent, theme.accent, style.outline, (), item.id, "leg")]
    if item.kind in ("copy", "ones"):
        hollow = item.kind == "ones" or theme.open_dots or ghost
        fill = theme.background if hollow else theme.ink
        color = _state(item.state, theme.ink, theme)
        return [Stroke(item.path, fill, color, style.outline + 0.2, dash, item.id, "copy")]
    color = theme.ghost if ghost else theme.ink
    width = 1.8 if item.state == "accent" else style.outline
    fill = theme.background if ghost else theme.fill("accent" if item.state == "accent" else item.role)
    if item.state == "accent":
        color = theme.accent
    square = item.kind == "matrix" and style.mark == "none"
    kind = "symmetric" if square else item.kind
    path = outline(kind, item.width, item.height, item.turn, item.mirrored, item.center)
    made = [Stroke(path, fill, color, width, dash, item.id, title)]
    if item.kind == "matrix" and style.mark == "strong" and not ghost:
        mark = bevel(item.height, item.width, item.turn, item.mirrored, item.center)
        made.append(Stroke(mark, mixed(fill, color, 0.35), color, width))
    role = "accent" if item.state == "accent" else item.role
    if role in theme.hatches and not ghost:
        made += [Stroke(piece, "", theme.hatch, 0.5) for piece in hatching(item.corners, theme.hatches[role])]
    label = typeset(item.label).width if item.label else 0.0
    inner = stroke(item.kind, item.width, item.height, item.turn, item.mirrored, item.center, label)
    if inner:
        made.append(Stroke(inner, "", color, 0.8, dash))
    arrow = arrowhead(item.kind, item.width, item.turn, item.center)
    if arrow:
        made.append(Stroke(arrow, color))
    if item.tick is not None:
        mark = moved(circle(0.15 if item.hollow else 0.14), *item.tick)
        made.append(Stroke(mark, theme.background, color, 0.8) if item.hollow else Stroke(mark, color))
    return made


def _text(item: Text, theme: Theme) -> Stroke:
    color = {"accent": theme.accent, "ghost": theme.ghost, "wire": theme.wire, "muted": theme.wire}.get(
        item.role, theme.ink
    )
    path = moved(scaled(typeset(item.label, item.roman).path, item.size), *item.origin)
    return Stroke(path, color, "", 0.0, (), item.id, "")


def _arrow(item: Arrow, theme: Theme) -> list[Stroke]:
    (x1, y1), (x2, y2) = item.start, item.end
    length = max(1e-9, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    back = (x2 - 0.7 * ux, y2 - 0.7 * uy)
    head = polygon([(x2, y2), (back[0] - 0.28 * uy, back[1] + 0.28 * ux), (back[0] + 0.28 * uy, back[1] - 0.28 * ux)])
    shaft: Path = (("M", ((x1, y1),)), ("L", (back,)))
    return [Stroke(shaft, "", theme.ink, 1.2, (), item.id), Stroke(head, theme.ink)]

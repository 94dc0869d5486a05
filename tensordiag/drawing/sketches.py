"""Sketches in Unicode characters, for terminals and screen readers."""

from __future__ import annotations

import math

from .geometry import add, distance
from .scene import NodeShape, Scene
from .typesetting import plain

__all__ = ["sketch"]

_COLUMN, _ROW = 0.62, 1.05


def sketch(scene: Scene) -> str:
    """The scene on a grid of characters: wires as lines, matrices as `/A]` (the slash marks leg 0), vectors as `x>`."""
    cells: dict[tuple[int, int], str] = {}
    for wire in scene.wires:
        for a, b in zip(wire.points, wire.points[1:], strict=False):
            steps = max(1, math.ceil(distance(a, b) / 0.2))
            for k in range(steps + 1):
                x, y = add(a, (b[0] - a[0], b[1] - a[1]), k / steps)
                cells[_cell(x, y)] = _stroke(b[0] - a[0], b[1] - a[1])
    for shape in scene.nodes:
        if shape.kind == "frame":
            _border(shape, cells)
    for shape in scene.nodes:
        if shape.kind != "frame":
            _write(cells, shape.center, _sign(shape))
    for text in scene.texts:
        if "#" not in text.owner and not any(text.owner == shape.id and shape.kind != "frame" for shape in scene.nodes):
            _write(cells, text.center, plain(text.label))
    for arrow in scene.arrows:
        _write(cells, ((arrow.start[0] + arrow.end[0]) / 2, arrow.start[1]), "──→")
    if not cells:
        return ""
    left = min(c for c, _ in cells)
    rows = sorted({r for _, r in cells})
    lines = []
    for row in range(rows[0], rows[-1] + 1):
        columns = [c for c, r in cells if r == row]
        line = "".join(cells.get((c, row), " ") for c in range(left, max(columns) + 1)) if columns else ""
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _cell(x: float, y: float) -> tuple[int, int]:
    return math.floor(x / _COLUMN + 0.5), math.floor(-y / _ROW + 0.5)


def _stroke(dx: float, dy: float) -> str:
    if abs(dx) > 2.2 * abs(dy):
        return "─"
    if abs(dy) > 2.2 * abs(dx):
        return "│"
    return "╱" if dx * dy > 0 else "╲"


def _sign(shape: NodeShape) -> str:
    name = plain(shape.label)
    turn = shape.turn % 360
    if shape.kind in ("vector", "unit"):
        return f"◁{name}" if turn == 0 else f"{name}▷" if turn == 180 else f"△{name}" if turn == 270 else f"▽{name}"
    if shape.kind in ("matrix", "orthogonal"):
        return f"/{name}]" if turn in (0, 270) else f"[{name}/"
    if shape.kind in ("symmetric", "diagonal"):
        return f"[{name}]"
    if shape.kind == "function":
        return f"←({name})" if turn == 0 else f"({name})→"
    if shape.kind in ("copy", "anchor"):
        return "●"
    if shape.kind == "ones":
        return "○"
    if shape.kind == "merge":
        return "▷" if turn == 0 else "◁"
    return f"({name})" if shape.path else name


def _border(shape: NodeShape, cells: dict[tuple[int, int], str]) -> None:
    left, top = _cell(shape.box.left, shape.box.top)
    right, bottom = _cell(shape.box.right, shape.box.bottom)
    for column in range(left, right + 1):
        cells[(column, top)] = cells[(column, bottom)] = "─"
    for row in range(top, bottom + 1):
        cells[(left, row)] = cells[(right, row)] = "│"
    for corner, sign in (((left, top), "╭"), ((right, top), "╮"), ((left, bottom), "╰"), ((right, bottom), "╯")):
        cells[corner] = sign


def _write(cells: dict[tuple[int, int], str], center: tuple[float, float], text: str) -> None:
    column, row = _cell(*center)
    start = column - len(text) // 2
    for k, character in enumerate(text):
        cells[(start + k, row)] = character

"""Sums and equations: pictures, signs and coefficients in rows on one baseline, wrapped before an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .geometry import Box
from .geometry import line as segment
from .pictures import Picture
from .scene import Item, Scene, TermBox, Text, Wire
from .skeletons import Node, Skeleton, Term, coefficient_markup
from .style import Style
from .typesetting import markup, typeset

__all__ = ["Block", "blocks", "hue_legend", "text_block", "wrap", "zero_skeleton"]


@dataclass(frozen=True)
class Block:
    """A scene on the baseline y = 0 with the horizontal room it takes.

    `breaks` says that a line may end before it, `opens` that a panel begins with it.
    """

    scene: Scene
    left: float
    right: float
    breaks: bool = False
    anchor: bool = False
    opens: bool = False

    @property
    def width(self) -> float:
        return self.right - self.left


def zero_skeleton(order: int) -> Skeleton:
    """Zero with its open legs."""
    kinds = {0: "scalar", 1: "vector"}
    node = Node(kinds.get(order, "plain"), "0", order)
    return Skeleton((node,), tuple(((0, leg), (-1, leg)) for leg in range(order)), order)


def text_block(
    label: str,
    name: str,
    room: float,
    *,
    breaks: bool = False,
    anchor: bool = False,
    roman: bool = True,
    size: float = 1.2,
) -> Block:
    """A sign or a word centred in its slot."""
    width = max(room, typeset(label, roman).width * size + 0.6)
    text = Text(name, label, (width / 2, 0.0), size, "ink", roman)
    return Block(Scene((text,)), 0.0, width, breaks, anchor)


def hue_legend(hues: Mapping[str, int], count: int) -> Scene:
    """A line that says which of so many colours is which dimension: a piece of wire before each."""
    items: list[Item] = []
    x = 0.0
    for dim, hue in list(hues.items())[:count]:
        text = Text(f"hue{hue}text", markup(dim), (0.0, 0.0), 0.85, "wire")
        items.append(Wire(f"hue{hue}", segment((x, 0.0), (x + 1.6, 0.0)), (("", 0), ("", 1)), hue=hue))
        items.append(text.shifted(x + 2.0 - text.box.left, 0.0))
        x += 2.0 + text.box.width + 1.4
    return Scene(tuple(items))


def blocks(terms: Sequence[Term], pictures: Sequence[Picture], style: Style, prefix: str = "") -> list[Block]:
    """The blocks of a sum: for every term its sign, its coefficient and its picture."""
    made: list[Block] = []
    for number, (term, picture) in enumerate(zip(terms, pictures, strict=True)):
        sign, coefficient = coefficient_markup(term.coefficient, number == 0)
        name = f"{prefix}{number}/"
        empty = not term.skeleton.nodes and not term.skeleton.wires
        shown = coefficient or "1" * empty
        pieces: list[Block] = []
        if sign:
            slot = style.operator_slot if number else 1.0
            pieces.append(text_block(sign, f"{name}sign", slot))
        if shown:
            pieces.append(text_block(shown, f"{name}coefficient", 0.0))
        if not empty:
            box = picture.scene.box
            scene = picture.scene.prefixed(name)
            pieces.append(Block(scene, min(box.left, picture.frame.left), max(box.right, picture.frame.right)))
        frame_terms = TermBox(f"{prefix}{number}", picture.frame, 0.0, ("−" if sign == "−" else "") + coefficient)
        made.append(_merged(pieces, frame_terms, breaks=number > 0))
    return made


def _merged(pieces: Sequence[Block], term: TermBox, *, breaks: bool) -> Block:
    """Blocks side by side as one, which no line break may divide."""
    x = 0.0
    items: list[Item] = []
    inner: list[TermBox] = []
    dropped: list[str] = []
    boxed = term
    for piece in pieces:
        dx = x - piece.left
        items += piece.scene.shifted(dx, 0.0).items
        inner += piece.scene.shifted(dx, 0.0).terms
        dropped += piece.scene.dropped
        boxed = term.shifted(dx, 0.0)
        x += piece.width + 0.25
    return Block(Scene(tuple(items), (boxed, *inner), tuple(dropped)), 0.0, x - 0.25, breaks)


def _panel_width(row: Sequence[Block], place: int) -> float:
    """The width of the panel that a block opens, on one line."""
    total = row[place].width
    for block in row[place + 1 :]:
        if block.opens:
            break
        total += block.width + 0.2
    return total


def wrap(row: Sequence[Block], style: Style, max_width: float | None, shortest: float = 0.0) -> Scene:
    """Blocks in lines no wider than `max_width` where a break allows it; lines continue under the first anchor.

    No line ends before it is as long as `shortest`: a short one above a long one saves no room.

    A block that opens a panel starts a line where the panel before it took several, or the panel would not fit whole.
    """
    lines: list[list[Block]] = [[]]
    limit = max_width if max_width is not None else float("inf")
    x = indent = 0.0
    wrapped = False
    for place, block in enumerate(row):
        whole = _panel_width(row, place) if block.opens else 0.0
        closed = block.opens and (wrapped or x + whole > limit >= indent + whole)
        wrapped = wrapped and not block.opens
        if block.breaks and lines[-1] and (closed or (x + block.width > limit and x - indent > shortest)):
            wrapped = not block.opens
            lines.append([])
            x = indent
        lines[-1].append(block)
        if block.anchor and len(lines) == 1:
            indent = x
        x += block.width + 0.2
    scenes: list[Scene] = []
    y = 0.0
    for number, line in enumerate(lines):
        box = Box.around([b.scene.box for b in line] + [t.frame for b in line for t in b.scene.terms])
        if number:
            y -= box.top
        x = indent if number else 0.0
        for block in line:
            scenes.append(block.scene.shifted(x - block.left, y))
            x += block.width + 0.2
        y += box.bottom - style.line_gap
    return Scene.joined(scenes)

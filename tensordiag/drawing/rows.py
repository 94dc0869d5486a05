"""Sums and equations: pictures, signs and coefficients in rows on one baseline, wrapped before an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .geometry import Box
from .geometry import line as segment
from .pictures import Picture
from .scene import Item, Scene, TermBox, Text, Wire
from .skeletons import Term, coefficient_markup
from .style import Style
from .typesetting import markup, typeset

__all__ = ["Block", "blocks", "hue_legend", "text_block", "wrap"]


@dataclass(frozen=True)
class Block:
    """A scene on the baseline y = 0 with the horizontal room it takes.

    `breaks` says that a line may end before it, `opens` that a panel begins with it; `lead` is how far its term stands
    behind the arrow of a panel or the sign of a term, for what lines are aligned on.
    """

    scene: Scene
    left: float
    right: float
    breaks: bool = False
    anchor: bool = False
    opens: bool = False
    lead: float = 0.0

    @property
    def width(self) -> float:
        return self.right - self.left


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
            if not empty and _begins_with_leg(picture):
                pieces[-1] = replace(pieces[-1], right=pieces[-1].right + _BEFORE_LEG)
        if not empty:
            box = picture.scene.box
            scene = picture.scene.prefixed(name)
            pieces.append(Block(scene, min(box.left, picture.frame.left), max(box.right, picture.frame.right)))
        frame_terms = TermBox(f"{prefix}{number}", picture.frame, 0.0, ("−" if sign == "−" else "") + coefficient)
        made.append(_merged(pieces, frame_terms, breaks=number > 0))
    return made


_BEFORE_LEG = 0.6  # else a coefficient and the name of a leg read as one


def _begins_with_leg(picture: Picture) -> bool:
    """Whether the name of an open leg is what stands farthest left."""
    first = min(picture.scene.items, key=lambda item: item.box.left)
    return isinstance(first, Text) and first.owner.startswith("leg")


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
    lead = pieces[0].width + 0.25 if breaks else 0.0
    return Block(Scene(tuple(items), (boxed, *inner), tuple(dropped)), 0.0, x - 0.25, breaks, lead=lead)


def _panel_width(row: Sequence[Block], place: int) -> float:
    """The width of the panel that a block opens, on one line."""
    total = row[place].width
    for block in row[place + 1 :]:
        if block.opens:
            break
        total += block.width + 0.2
    return total


@dataclass
class _Lines:
    """Blocks in lines, each with the place where it begins."""

    rows: list[list[Block]]
    starts: list[float]


def _broken(row: Sequence[Block], limit: float, shortest: float) -> _Lines:
    """The blocks in lines; those after the first begin so that terms stand below the first term of their panel."""
    made = _Lines([[]], [0.0])
    x = term = 0.0
    for place, block in enumerate(row):
        start = 0.0 if block.opens else max(0.0, term - block.lead)
        crowded = x + (_panel_width(row, place) if block.opens else block.width) > limit
        after_sum = block.opens and len(made.rows) > 1 and not any(b.opens for b in made.rows[-1])
        if block.breaks and made.rows[-1] and (after_sum or (crowded and x - start > shortest)):
            made.rows.append([])
            made.starts.append(start)
            x = start
        if block.opens or not made.rows[-1]:
            term = x + block.lead
        made.rows[-1].append(block)
        x += block.width + 0.2
        if block.anchor and len(made.rows) == 1:
            term = x
    return made


def wrap(row: Sequence[Block], style: Style, max_width: float | None, shortest: float = 0.0) -> Scene:
    """Blocks in lines no wider than `max_width` where a break allows it, their terms aligned on the first one's.

    No line ends before it is as long as `shortest`: a short one above a long one saves no room.

    A block that opens a panel starts a line where the panel before it took several, or the panel would not fit whole.
    """
    limit = max_width if max_width is not None else float("inf")
    lines = _broken(row, limit, shortest)
    if len(lines.rows) > 1 and not any(block.opens or block.anchor for block in row):
        lines = _broken(_with_slot(row), limit, shortest)
    scenes: list[Scene] = []
    ends: list[tuple[float, float]] = []  # the right and the lower end of every block: one at the left is in no way
    for line, start in zip(lines.rows, lines.starts, strict=True):
        boxes = [Box.around([b.scene.box, *(t.frame for t in b.scene.terms)]) for b in line]
        above = min((bottom for right, bottom in ends if right > start), default=None)
        y = 0.0 if above is None else above - style.line_gap - Box.around(boxes).top
        x = start
        for block, box in zip(line, boxes, strict=True):
            scenes.append(block.scene.shifted(x - block.left, y))
            ends.append((x + block.width, y + box.bottom))
            x += block.width + 0.2
    return Scene.joined(scenes)


def _with_slot(row: Sequence[Block]) -> list[Block]:
    """The row with room for a sign before its first term, as the lines below have."""
    lead = max(block.lead for block in row)
    head = replace(row[0], left=row[0].left - (lead - row[0].lead), lead=lead)
    return [head, *row[1:]]

"""What is inside a frame: the terms of a sum, or the arguments of a function under its name."""

from __future__ import annotations

from dataclasses import replace

from .arrangements import Options
from .bundles import bundled
from .pictures import picture
from .readback import is_symmetric
from .rows import Block, blocks, text_block, wrap
from .scene import Scene, Text, Wire
from .sides import single_side
from .sizes import Sizes
from .skeletons import OPEN, End, Node, Skeleton, is_entrywise, turned_label
from .typesetting import typeset

__all__ = ["content_scene"]

_WIDTH, _SHORTEST = 36.0, 6.0


def _swapped(skeleton: Skeleton) -> Skeleton:
    """The skeleton with its two open legs exchanged."""

    def swap(end: End) -> End:
        return (OPEN, 1 - end[1]) if end[0] == OPEN else end

    return replace(skeleton, wires=tuple((swap(a), swap(b)) for a, b in skeleton.wires))


def _renamed(scene: Scene) -> Scene:
    """The scene of a swapped skeleton with its open legs under their own numbers again."""

    def rename(wire: Wire) -> Wire:
        first, second = ((node, 1 - leg) if not node else (node, leg) for node, leg in wire.ends)
        return replace(wire, ends=(first, second))

    return replace(scene, items=tuple(rename(i) if isinstance(i, Wire) else i for i in scene.items))


def content_scene(node: Node, sizes: Sizes, options: Options, side: str, flip: bool) -> Scene:
    """The scene inside a frame, on the line y = 0 and centred across it; `side` is where a single open leg leaves.

    `flip` draws it as seen from behind: the content turned, or where that means something else, the label marked.
    """
    style = replace(options.style, leg=0.9)
    label = turned_label(node.label) if flip else node.label
    flip = flip and label == node.label and not is_symmetric(node)
    row: list[Block] = []
    for number in range(len(node.content)):
        if number:
            row.append(text_block(",", f"c{number}", 0.8))
        row += _argument(node, number, sizes, replace(options, style=style), side, flip)
    scene = wrap(row, style, _WIDTH, _SHORTEST)
    level = all(term.baseline == 0.0 for term in scene.terms if "/" not in term.id)  # not those in inner frames
    scene = scene.shifted(0.0, 0.0 if level else -scene.box.center[1])
    if label:
        glyphs = typeset(label, True)
        title = Text("title", label, (scene.box.left + glyphs.width / 2, scene.box.top + 0.9), 1.0, "ink", True)
        scene = replace(scene, items=(*scene.items, title))
    return scene.shifted(-scene.box.center[0], 0.0)


def _argument(node: Node, number: int, sizes: Sizes, options: Options, side: str, flip: bool) -> list[Block]:
    """One of the arguments of a frame."""
    terms = node.content[number]
    prefix = f"{number}." if number else ""
    order = terms[0].skeleton.order if terms else 0
    dotted = frozenset(1 - leg if flip else leg for leg in range(order) if is_entrywise(node.box, leg))
    names = tuple(map(str, range(order)))
    labels = options.labels if order > 1 else "none"
    options = replace(options, labels=labels, legs=names, new_legs=frozenset(), dotted=dotted)
    if order != 1:
        options = replace(options, side="right")
    elif node.legs == 1 and side not in ("up", "down"):
        options = replace(options, side=side)
    else:
        options = replace(options, side=single_side(terms))
    made = []
    for term in map(bundled, terms):
        skeleton = _swapped(term.skeleton) if flip and order == 2 else term.skeleton
        drawn = picture(skeleton, sizes, options)
        if flip and order == 2:
            drawn = replace(drawn, scene=_renamed(drawn.scene))
        made.append(drawn)
    return blocks(terms, made, options.style, prefix)

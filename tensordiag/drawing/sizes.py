"""Sizes of nodes: by kind and label, the same for all nodes of one kind in a figure, so that columns align."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from .scene import Scene, Text
from .shapes import BAR_KINDS
from .skeletons import Node
from .style import Style
from .typesetting import typeset

__all__ = ["Sizes", "is_roman", "label_offset"]


_COMMON = 1.6


def is_roman(node: Node) -> bool:
    """Whether the label is set upright: the number n of a closed wire stays italic, function names do not."""
    return node.kind in ("function", "frame")


_CLEAR = 0.02
_LONG_IN_TRIANGLE = 1.6
_SLIM = 0.62  # how high the triangle of a unit vector is, which has a single entry


@dataclass
class Sizes:
    """Widths by kind, gathered over all nodes of a figure; `dots` draws every node as a dot (huge networks).

    `contents` keeps what is inside the frames of the figure, with the node that it belongs to: a frame is measured
    several ways before it is placed, and so are the frames in it.
    """

    style: Style
    dots: bool = False
    widths: dict[str, float] = field(default_factory=dict)
    contents: dict[tuple[object, ...], tuple[Node, Scene]] = field(default_factory=dict)

    def gather(self, nodes: Iterable[Node]) -> None:
        """Let these nodes have their say in the common widths."""
        for node in () if self.dots else nodes:
            if node.kind in BAR_KINDS or node.kind in ("tensor", "plain"):
                family, own = self._family(node), self._own(node)
                if own <= _COMMON * self.style.matrix_width:  # a very long name widens its own node only
                    self.widths[family] = max(self.widths.get(family, 0.0), own)

    def _family(self, node: Node) -> str:
        if node.kind in ("tensor", "plain"):
            return "tensor"
        return "function" if node.kind == "function" else "matrix"

    def _own(self, node: Node) -> float:
        text = self.text(node)
        if node.kind in BAR_KINDS:
            return max(self.style.matrix_width, text + 1.1)
        return max(self._around(node), text + 1.2)

    def _around(self, node: Node) -> float:
        """The diameter that the legs of a disc need, and the numbers of its bundles."""
        numbers = 1.4 if node.spans else 0.0
        return max(2 * self.style.disc + numbers, 0.95 * node.legs * self.style.parallel / 3.1416 * 2)

    def __call__(self, node: Node) -> tuple[float, float]:
        """Width and height at turn 0."""
        style = self.style
        if self.dots:
            return 2 * style.dot, 2 * style.dot
        text = typeset(node.label, is_roman(node)).width
        if node.kind == "scalar":
            return text + 0.2, 1.2
        if node.kind == "copy":
            return 2 * style.dot, 2 * style.dot
        if node.kind == "ones":
            return 2.4 * style.dot, 2.4 * style.dot
        if node.kind in ("vector", "unit"):
            slim = 1.0 if node.kind == "vector" else _SLIM
            side = _triangle(node.label, self.label_scale(node), style.body, slim)
            return side, slim * side
        if node.kind == "merge":
            return 1.1, max(2.4, 2.0 * (node.legs - 1))
        width = max(self.widths.get(self._family(node), 0.0), self._own(node))
        if node.kind in BAR_KINDS:
            return width, style.body
        return width, min(width, self._around(node))

    def text(self, node: Node) -> float:
        """The width of the label as it is set."""
        return typeset(node.label, is_roman(node)).width * self.label_scale(node)

    def label_scale(self, node: Node) -> float:
        """How much a long label shrinks, at most to 70 %; from there on its node grows."""
        text = typeset(node.label, is_roman(node)).width
        longest = _LONG_IN_TRIANGLE if node.kind in ("vector", "unit") else self.style.max_label
        return max(0.7, longest / text) if text > longest else 1.0


def label_offset(label: str, scale: float, side: float, turn: float) -> float:
    """How far from the middle of a triangle, toward its base, its label stands."""
    box = Text("", label, (0.0, 0.0), scale).box
    along = max(box.top, -box.bottom) if turn in (90.0, 270.0) else box.width / 2
    share = 0.14 if turn % 90.0 == 0.0 else 0.19  # of a tilted one the centre of the inscribed circle
    return min(side * share, max(0.0, side / 2 - along - 0.32))


@lru_cache(maxsize=4096)
def _triangle(label: str, scale: float, least: float, slim: float) -> float:
    """The length of the smallest triangle, `slim` times as high, with room for a label whichever way it points."""
    box = Text("", label, (0.0, 0.0), scale).box
    high = max(box.top, -box.bottom)
    side = least
    while True:
        level, upright = (side / 2 + label_offset(label, scale, side, turn) for turn in (0.0, 90.0))
        # half of the height where the label ends toward the apex, and half of the width where it does in an upright one
        open_level, open_upright = slim * (level - box.width / 2) / 2, slim * (upright - high) / 2
        if open_level > high + _CLEAR and open_upright > box.width / 2 + _CLEAR:
            return side
        side += 0.1

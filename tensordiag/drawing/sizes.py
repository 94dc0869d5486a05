"""Sizes of nodes: by kind and label, the same for all nodes of one kind in a figure, so that columns align."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .scene import Scene
from .shapes import BAR_KINDS
from .skeletons import Node
from .style import Style
from .typesetting import typeset

__all__ = ["Sizes", "is_roman"]


_COMMON = 1.6


def is_roman(node: Node) -> bool:
    """Whether the label is set upright: the number n of a closed wire stays italic, function names do not."""
    return node.kind in ("function", "frame")


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
            long = max(0.0, self.text(node) - (1.2 if node.kind == "vector" else 0.8))
            body = style.body if node.kind == "vector" else 0.95 * style.body
            return body + 1.3 * long, body + 0.8 * long
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
        return max(0.7, self.style.max_label / text) if text > self.style.max_label else 1.0

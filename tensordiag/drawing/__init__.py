"""Pictures of expressions, equations and derivations; matplotlib is loaded when the first one is drawn."""

from .drawings import Drawing, draw, draw_equation, draw_equations, mimebundle
from .strips import draw_derivation
from .style import Style, Theme

__all__ = ["Drawing", "Style", "Theme", "draw", "draw_derivation", "draw_equation", "draw_equations", "mimebundle"]

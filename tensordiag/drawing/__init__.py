"""Pictures of expressions, equations and derivations; matplotlib is loaded when the first one is drawn."""

from .drawings import Drawing, draw, draw_equation, draw_equations, mimebundle
from .style import Style, Theme

__all__ = ["Drawing", "Style", "Theme", "draw", "draw_equation", "draw_equations", "mimebundle"]

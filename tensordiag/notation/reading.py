"""The form of an expression that is written: simplified, and not nested deeper than a text can be read."""

from __future__ import annotations

from ..core.expressions import Apply, Expr, Sum, walk
from ..errors import ExportError
from ..rewrite import simplify

__all__ = ["reading_form"]

_DEEPEST = 120


def reading_form(expr: Expr) -> Expr:
    """The simplified expression; `ExportError` where functions and sums in it are nested too deeply for a text."""
    made = simplify(expr)
    depth: dict[Expr, int] = {}
    for node in walk(made):
        depth[node] = max([depth[child.base] for child in node.children], default=0) + isinstance(node, (Apply, Sum))
    deepest = depth[made.base]
    if deepest > _DEEPEST:
        raise ExportError(
            f"functions and sums {deepest} deep in one another would not be read: at most {_DEEPEST}; use .einsum()"
        )
    return made

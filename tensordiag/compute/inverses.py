"""Inverses that are known without computing them whole: of products with a number, diagonals, Kronecker products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.expressions import Apply, Expr
from ..core.traversal import rebuild
from ..rewrite.normalforms import inverse
from .structure import Application, Piece

__all__ = ["with_known_inverses"]


def with_known_inverses(steps: Mapping[Expr, Piece], roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """The roots with inv(A ⊗ B) as inv(A) ⊗ inv(B) and the like, so that what is joined to it meets the factors.

    `steps` are the pieces of the roots.  Cost: nothing without an inverse; else linear for every root.
    """
    if not any(isinstance(step, Application) and step.function == "inv" for step in steps.values()):
        return tuple(roots)

    def change(node: Expr) -> Expr | None:
        found = inverse(node) if isinstance(node, Apply) and node.function == "inv" else None
        return None if found is None or found.base is node else rebuild(found, change)  # it may hold simpler inverses

    return tuple([rebuild(root, change).base for root in roots])

"""The convenient methods of expressions that look upward, loaded only when they are called.

Expressions live in layer 1 and know nothing of notation, computation or drawing; this one table lets
`f.draw(…)` be written all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Never

if TYPE_CHECKING:
    from .core.expressions import Expr
    from .drawing import Drawing
    from .notation import Einsum

__all__ = ["Views"]


def _load(module: str, name: str) -> Any:
    return getattr(import_module(f"tensordiag.{module}"), name)


class Views:
    """Ways to look at an expression; every method says which function does the work."""

    __slots__ = ()

    def simplify(self) -> Expr:
        """The reading form: flat, fused, collected (`tensordiag.simplify`)."""
        simplified: Expr = _load("rewrite", "simplify")(self)
        return simplified

    def flat(self) -> Expr:
        """The network with nested diagrams inlined and copy tensors fused (`tensordiag.flat`)."""
        flattened: Expr = _load("core.networks", "flat")(self)
        return flattened

    def evaluate(
        self,
        arrays: Mapping[str, Any] | None = None,
        /,
        *positional: Never,
        sizes: Mapping[str, int] | None = None,
        **named: Any,
    ) -> Any:
        """The value as an array (`tensordiag.evaluate`).

        Arrays go by name, as keywords or in one mapping; every tensor that the expression has or was declared
        with may be given.  `sizes` are for dimensions that no array has.  Keywords `log`, `memory_limit` and
        `backend` are options of `tensordiag.evaluate`.
        """
        given = (arrays, *positional) if positional else arrays
        return _load("compute", "evaluate")(self, given, sizes=sizes, **named)

    def einsum(self) -> Einsum:
        """The einsum that computes it: `.terms`, `.code("numpy")`, `str` of it (`tensordiag.notation.to_einsum`)."""
        made: Einsum = _load("notation", "to_einsum")(self)
        return made

    def matrix(self) -> str:
        """The matrix notation, such as ``(A + Aᵀ)x``; `ExportError` where there is none."""
        text: str = _load("notation", "to_matrix")(self)
        return text

    def kronecker(self, rows: int | None = None) -> str:
        """A result of order 3 or 4 as a matrix of Kronecker products (`tensordiag.notation.to_kronecker`)."""
        text: str = _load("notation", "to_kronecker")(self, rows)
        return text

    def latex(self) -> str:
        """The matrix notation as LaTeX, or the index notation where there is none."""
        text: str = _load("notation", "to_latex")(self)
        return text

    def index(self) -> str:
        """The index notation, which every expression has."""
        text: str = _load("notation", "to_index")(self)
        return text

    def code(self, library: str = "numpy", name: str = "f") -> str:
        """Source code of one function that computes it, for ``"numpy"``, ``"torch"`` or ``"jax"``."""
        text: str = _load("notation", "to_source")(self, library, name)
        return text

    def draw(self, target: Any = None, **options: Any) -> Drawing:
        """The picture, written to a path or into a matplotlib `Axes` (`tensordiag.draw`)."""
        drawing: Drawing = _load("drawing", "draw")(self, target, **options)
        return drawing

    def __str__(self) -> str:
        text: str = _load("notation", "to_text")(self)
        return text

    def _repr_latex_(self) -> str | None:
        text: str = _load("notation", "to_latex")(self)
        return f"$\\displaystyle {text}$"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return _load("drawing", "mimebundle")(self, include, exclude)

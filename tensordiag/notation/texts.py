"""The notation that shows an expression best: matrix notation where there is one, else index notation."""

from __future__ import annotations

from ..core.expressions import Expr, walk
from ..errors import ExportError
from .index import to_index
from .latex import LatexWriter
from .matrix import to_matrix
from .reading import reading_form
from .reduction import matrix_term

__all__ = ["to_latex", "to_text"]

_MOST_SHOWN = 400


def to_latex(expr: Expr) -> str:
    """The matrix notation as LaTeX (amsmath); the index notation where there is none.

    >>> import tensordiag as td
    >>> A, x = td.tensors("A[n,n] x[n]")
    >>> print(to_latex(td.grad(x @ A @ x, x)))
    \\left(A + A^{\\top}\\right) x
    """
    try:
        return LatexWriter().write(matrix_term(reading_form(expr)))
    except ExportError:
        return to_index(expr, latex=True)


def to_text(expr: Expr) -> str:
    """What `str` shows: matrix notation, else index notation; for very large or deep expressions a summary."""
    if _size(expr) > _MOST_SHOWN:
        return repr(expr)
    for write in (to_matrix, to_index):
        try:
            return write(expr)
        except ExportError:
            continue
    return repr(expr)


def _size(expr: Expr) -> int:
    count = 0
    for count, _ in enumerate(walk(expr)):
        if count > _MOST_SHOWN:
            break
    return count

"""Results of order 3 and 4 read as matrices: sums of Kronecker products."""

from __future__ import annotations

from math import prod

from ..core.algebra import reshape
from ..core.expressions import Expr
from ..dimension import as_dimension
from ..errors import ExportError, OrderError
from ..rewrite import simplify
from .reduction import matrix_term
from .terms import Term

__all__ = ["kronecker_term"]


def kronecker_term(expr: Expr, rows: int | None = None) -> Term:
    """An expression of order 3 or 4, read as a matrix, as a sum of Kronecker products.

    The first `rows` legs, in row-major order, count the rows, the others the columns (by default two and two).
    Raises `ExportError` where a term is no Kronecker product, `OrderError` for other orders.
    """
    if expr.order not in (3, 4):
        raise OrderError(f"the Kronecker form is for results of order 3 and 4, not {expr.order}; use .matrix()")
    if rows is None and expr.order == 3:
        raise OrderError("say whether 1 or 2 legs of a result of order 3 count its rows: rows=1 or rows=2")
    rows = 2 if rows is None else rows
    if not 0 < rows <= 2 or expr.order - rows > 2:
        raise OrderError(f"{rows} of {expr.order} legs cannot count the rows: at most 2 count rows or columns")
    shape = [prod(dims, start=as_dimension(1)) for dims in (expr.dims[:rows], expr.dims[rows:])]
    try:
        return matrix_term(simplify(reshape(simplify(expr), shape)))
    except ExportError:
        raise ExportError("this is no sum of Kronecker products; use .index()") from None

"""Derivatives of fields: divergence, Laplacian and Taylor polynomials, as diagrams."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

from ..core.diagrams import contract
from ..core.expressions import Expr, Tensor, add
from ..core.traversal import substitute
from ..errors import DimensionError, OrderError
from .derivatives import Variable, diff, resolve
from .directions import Direction, direction_of

__all__ = ["divergence", "laplacian", "taylor"]


def divergence(expr: Expr, wrt: Variable) -> Expr:
    """Σ ∂f_i/∂x_i over all legs: the Jacobian's legs joined in pairs.  A scalar.

    Raises `OrderError` or `DimensionError` unless the expression has the legs of the variable.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> divergence(A @ x, x).matrix()
    'tr(A)'
    """
    variable = resolve(expr, wrt)
    if expr.order != variable.order:
        raise OrderError(
            f"a divergence needs the legs of {variable.signature}, but {expr!r} has {expr.order} of {variable.order}"
        )
    for leg, (mine, theirs) in enumerate(zip(expr.dims, variable.dims, strict=True)):
        if mine is not theirs:
            raise DimensionError(f"leg {leg} of {expr!r} is {mine}, that of {variable.signature} is {theirs}")
    legs = range(expr.order)
    return contract([diff(expr, variable)], [(*legs, *legs)], [])


def laplacian(expr: Expr, wrt: Variable) -> Expr:
    """Σ ∂²f/∂x_i² over all entries of the variable.  Legs: those of the expression.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> laplacian(x @ A @ x, x).matrix()
    '2tr(A)'
    """
    variable = resolve(expr, wrt)
    kept = range(expr.order)
    pairs = range(expr.order, expr.order + variable.order)
    return contract([diff(expr, variable, variable)], [(*kept, *pairs, *pairs)], kept)


def taylor(expr: Expr, wrt: Variable, order: int, direction: Direction = None) -> Expr:
    """The Taylor polynomial Σ_k Dᵏf[h, …, h]/k! up to an order, at the variable in the direction h.

    Legs: those of the expression.  `direction` as in `tensordiag.jvp`.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> value = taylor(x @ A @ x, x, 2)
    >>> float(value.evaluate(x=[1.0], h=[2.0], A=[[3.0]]))  # 3(1 + 2)², since the polynomial is exact
    27.0
    """
    if not isinstance(order, int) or order < 0:
        raise OrderError(f"the order of a Taylor polynomial is a natural number, not {order!r}")
    variable = resolve(expr, wrt)
    h = direction_of(expr, variable, direction)
    fixed = h if isinstance(h, Tensor) else direction_of(add([(1, expr)]).declaring(h.tensors), variable, None)
    assert isinstance(fixed, Tensor)
    terms: list[tuple[Fraction, Expr]] = [(Fraction(1), expr)]
    derived = expr
    kept = range(expr.order)
    for k in range(1, order + 1):
        # the direction is glued on at once and held constant, so that no tensor of order 2k is made
        made = diff(derived, variable)
        last = range(expr.order, made.order)
        derived = contract([made, fixed], [(*kept, *last), last], kept)
        terms.append((Fraction(1, factorial(k)), derived))
    total = add(terms)
    return total.declaring({fixed}) if fixed is h else substitute(total, {fixed: h})

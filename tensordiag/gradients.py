"""A scalar's value together with its gradients, in one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .calculus import grad
from .calculus.derivatives import Variable
from .compute import Compiled, compile
from .core.expressions import Expr

__all__ = ["value_and_grad"]


def value_and_grad(
    expr: Expr,
    wrt: Variable | Sequence[Variable],
    backend: str = "numpy",
    *,
    sizes: Mapping[str, int] | None = None,
    memory_limit: int | None = None,
    slicing: bool | int = False,
) -> Compiled:
    """A callable that computes a scalar and its gradients together: ``compile([expr, grad(expr, wrt)…])``.

    Parameters
    ----------
    expr
        A scalar: an expression without legs.
    wrt
        A tensor or its name, or a list of them.
    backend, sizes, memory_limit, slicing
        As for `compile`.

    Returns
    -------
    A callable from arrays to the list of the value and one gradient for each tensor, with the tensor's shape.

    Raises
    ------
    What `grad` and `compile` raise.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> value, gx, gA = value_and_grad(x @ A @ x, [x, A])(x=[1.0, 2.0], A=[[1, 0], [0, 3]])
    >>> float(value), gx, gA
    (13.0, array([ 2., 12.]), array([[1., 2.],
           [2., 4.]]))
    """
    gradients = grad(expr, [wrt] if isinstance(wrt, (str, Expr)) else wrt)
    return compile([expr, *gradients], backend, sizes=sizes, memory_limit=memory_limit, slicing=slicing)

"""The value of an expression as an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.expressions import Expr
from ..errors import BackendError
from .compilation import Compiled
from .compilation import compile as compile_
from .logarithms import log_value

__all__ = ["evaluate"]


def evaluate(
    expr: Expr,
    arrays: Mapping[str, Any] | None = None,
    /,
    *,
    sizes: Mapping[str, int] | None = None,
    log: bool = False,
    memory_limit: int | None = None,
    backend: str | None = None,
    **named: Any,
) -> Any:
    """The value of an expression: its open legs are the axes of the array.

    Parameters
    ----------
    expr
        Any expression.
    arrays, named
        Arrays by tensor name, in a mapping or as keywords (a tensor that is called like an option goes through
        the mapping).  Every tensor that occurs needs one; one that was only declared may have one.
    sizes
        Sizes of named dimensions that no array has.
    log
        For a scalar: return (sign, log of the absolute value), with magnitudes kept apart on the way, so that
        products and sums neither overflow nor underflow (functions of them, such as exp or det, still may).
    memory_limit
        Bytes that the intermediates may take together; three quarters of the machine's memory by default.
    backend
        ``"numpy"`` (the default), or ``"torch"`` or ``"jax"``, which gives an array of that library.

    Returns
    -------
    A fresh array, or a NumPy scalar for an expression without legs.  float32, float64 and complex types are kept, ints
    and bools become float64, float16 becomes float32, mixed types promote as in NumPy.

    Raises
    ------
    UnknownTensorError
        for a name that the expression does not know, or a missing array.
    ShapeError
        for an array that does not fit its tensor; it names the leg, the dimension and both sizes.
    MemoryLimitError
        before anything is allocated; it names the intermediate.
    SingularError
        for a singular matrix under ``inv``.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> float(evaluate(x @ A @ x, x=[1.0, 2.0], A=[[1, 0], [0, 3]]))
    13.0
    """
    if log:
        if backend not in (None, "numpy"):
            raise BackendError(f"log=True is computed by numpy, not by {backend}")
        return log_value(expr, arrays, named, sizes, memory_limit)
    return _compiled(expr, backend or "numpy", sizes, memory_limit)(arrays, **named)


def _compiled(expr: Expr, backend: str, sizes: Mapping[str, int] | None, memory_limit: int | None) -> Compiled:
    """The compiled expression, made once for these options and kept with the expression."""
    made: dict[Any, Compiled] = expr.memo.setdefault("compiled", {})
    key = backend, memory_limit, expr.declared, tuple(sorted((sizes or {}).items()))
    if key not in made:
        made[key] = compile_(expr, backend, sizes=sizes, memory_limit=memory_limit)
    return made[key]

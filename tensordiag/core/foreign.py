"""What people bring along from NumPy: its functions called with expressions, its attributes, and what to write here."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from ..errors import OrderError
from .base import Expr

__all__ = ["advice_on_attribute", "called_by_numpy", "operated_by_numpy"]

_OPERATORS = {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "true_divide": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"),
    "matmul": ("__matmul__", "__rmatmul__"),
}
_WRITTEN = {
    "absolute": "abs(expr)",
    "conj": "expr.conj()",
    "conjugate": "expr.conj()",
    "dot": "a @ b",
    "einsum": "td.einsum",
    "inner": "td.inner(a, b)",
    "kron": "td.kron(a, b)",
    "maximum": "td.maximum(a, b)",
    "minimum": "td.minimum(a, b)",
    "negative": "-expr",
    "outer": "td.outer(a, b)",
    "slogdet": "td.logdet(expr)",
    "square": "expr**2",
    "solve": "td.solve(a, b)",
    "tensordot": "td.einsum",
}
_ATTRIBUTES = {
    "shape": ".dims has the dimensions of its legs",
    "ndim": ".order is the number of its legs",
    "size": ".dims has the dimensions of its legs",
    "dtype": "it has no numbers before evaluate()",
    "dot": "write a @ b",
    "flatten": "write td.reshape(expr, dims)",
    "ravel": "write td.reshape(expr, dims)",
}


@cache
def _functions() -> frozenset[str]:
    """The functions of expressions by the names that `tensordiag` has them by."""
    from . import algebra, elementary, selections

    inner = {"affine", "as_expr", "conj", "divide", "plus", "select", "slice_map", "sum_legs"}
    named = {*algebra.__all__, *elementary.__all__, *selections.__all__} - inner
    return frozenset(named | {"einsum", "mean", "reciprocal", "sqrt", "sum"})


def operated_by_numpy(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc with an expression among its inputs: an operator, which is ours to carry out, or an error.

    NumPy's numbers come here with their operators, and its arrays, which an operator of ours refuses.
    """
    if method == "__call__" and not options and len(inputs) == 2:
        a, b = inputs
        if name in ("equal", "not_equal"):
            return (a is b or (isinstance(a, Expr) and a == b)) is (name == "equal")
        if name in _OPERATORS:
            forward, backward = _OPERATORS[name]
            return getattr(a, forward)(b) if isinstance(a, Expr) else getattr(b, backward)(a)
    if "out" in options:
        raise OrderError(f"numpy.{name} cannot write an expression into an array: evaluate it first")
    raise called_by_numpy(name if method == "__call__" else f"{name}.{method}")


def called_by_numpy(name: str) -> OrderError:
    """The error for a function of NumPy that is called with an expression: what to write instead."""
    return OrderError(f"numpy.{name} does not take expressions: {_instead(name)}")


def _instead(name: str) -> str:
    if name in _WRITTEN:
        return f"use {_WRITTEN[name]}"
    if name in _functions():
        return f"use td.{name}(expr)"
    close = difflib.get_close_matches(name, sorted(_functions()), n=3, cutoff=0.7)
    meant = f"; did you mean {' or '.join(f'td.{other}' for other in close)}?" if close else ""
    return f"use what tensordiag has, or evaluate first{meant}"


def advice_on_attribute(name: str) -> str:
    """The tail of a message about an attribute that expressions do not have."""
    if name in _ATTRIBUTES:
        return f"; {_ATTRIBUTES[name]}"
    if name in _functions():
        return f"; write td.{name}(expr)"
    return ""

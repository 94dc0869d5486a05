"""Functions of one's own: one call fills the tables of the core, of the computation and of the notation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from .compute import register_array
from .core.expressions import FUNCTIONS, Apply, Expr, Tensor
from .core.functions import apply, register
from .dimension import Dimension, DimLike
from .errors import DifferentiationError, OrderError, TensordiagError
from .notation.functions import register_notation
from .testing import check_derivative

__all__ = ["function"]

Dims = tuple[Dimension, ...]


def function(
    name: str,
    array: Callable[..., Any],
    derivative: Callable[..., Expr | Sequence[Expr]],
    *,
    legs: Callable[..., Sequence[Dimension]] | None = None,
    example: Sequence[Sequence[DimLike]] = (("n",),),
    latex: str | None = None,
    code: str | None = None,
) -> Callable[..., Expr]:
    """Declare a function: how it is computed and how it is differentiated; its Jacobian is checked at once.

    Parameters
    ----------
    name
        What it is called in printed notation and, where it is elementwise, in the text language.
    array
        Gives the value of NumPy arrays.  Other array libraries: `tensordiag.register_array`.
    derivative
        Gives, for the arguments as expressions, the derivative by the argument, or one for each of several arguments.
        Of an elementwise function it has the legs of the arguments; else (legs of the result, legs of the argument).
        It may take one argument more: the value of the function.
    legs
        For a function that is not elementwise: the legs of the result, from the legs of each argument.
    example
        Legs of the arguments on which the derivative is checked by differences; one entry an argument.
    latex, code
        Its name in LaTeX, and a template such as ``"{np}.tanh({0})"`` for exported source code.

    Returns
    -------
    The function, of expressions.

    Raises
    ------
    DifferentiationError
        where the derivative is not that of the arrays, with the entry and both numbers; nothing is declared then.
    OrderError
        for a name that is taken or no identifier.

    >>> import numpy as np
    >>> import tensordiag as td
    >>> silu = td.function("silu", lambda x: x / (1 + np.exp(-x)), lambda x, y: td.sigmoid(x) * (1 + x - y))
    >>> x = td.Tensor("x", "n")
    >>> td.diff(silu(x), x).evaluate(x=[0.0, 1.0]).round(4)
    array([[0.5   , 0.    ],
           [0.    , 0.9277]])
    """
    if not name.isidentifier():
        raise OrderError(f"a function needs an identifier for its name, not {name!r}")
    if name in FUNCTIONS:
        raise OrderError(f"the function {name} exists: expressions may use it, so choose another name")
    arity = len(example)
    wants_value = len(signature(derivative).parameters) > arity

    def partial(node: Apply, place: int) -> Expr:
        made = derivative(*node.args, *[node] * wants_value)
        found = made if isinstance(made, Expr) else made[place]
        expected = node.dims if node.spec.elementwise else node.dims + node.args[place].dims
        if found.dims != expected:
            got, need = (f"({', '.join(map(str, dims))})" for dims in (found.dims, expected))
            raise DifferentiationError(f"the derivative of {name} by argument {place} has legs {got}, not {need}")
        return found

    def shape(dims: tuple[Dims, ...], params: tuple[Any, ...]) -> Dims:
        assert legs is not None
        return tuple(legs(*dims))

    def call(*args: object) -> Expr:
        return apply(name, *args)

    register(name, partial, arity=arity, legs=shape if legs else None)
    register_array(name, array)
    register_notation(name, latex, code)
    try:
        _check(name, example)
    except TensordiagError:
        del FUNCTIONS[name]
        raise
    call.__name__ = call.__qualname__ = name
    return call


def _check(name: str, example: Sequence[Sequence[DimLike]]) -> None:
    """`DifferentiationError` unless every derivative agrees with differences."""
    args = [Tensor(f"x{k}", dims) for k, dims in enumerate(example)]
    for variable in args:
        try:
            check_derivative(apply(name, *args), variable)
        except AssertionError as error:
            raise DifferentiationError(f"the derivative of {name} is not that of its arrays: {error}") from None

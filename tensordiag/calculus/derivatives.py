"""`diff` and its relatives: Jacobian, gradient, Hessian, as diagrams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, overload

from ..core.algebra import as_expr
from ..core.diagrams import permuted
from ..core.expressions import Expr, Tensor
from ..errors import DifferentiationError, DimensionError, OrderError, UnknownTensorError, counted, did_you_mean
from .engine import derivatives
from .parts import part_of, restricted

__all__ = ["Variable", "check_scalar", "diff", "grad", "hessian", "jacobian", "resolve", "resolve_all"]

Variable: TypeAlias = Expr | str
Layout: TypeAlias = Literal["numerator", "denominator"]


@overload
def diff(expr: Expr, wrt: Variable, *orders: Variable, layout: Layout = ...) -> Expr: ...  # type: ignore[overload-overlap]  # a str is a Sequence, too
@overload
def diff(expr: Expr, wrt: Sequence[Variable], *orders: Variable, layout: Layout = ...) -> list[Expr]: ...


def diff(
    expr: Expr,
    wrt: Variable | Sequence[Variable],
    *orders: Variable,
    layout: Layout = "numerator",
) -> Expr | list[Expr]:
    """The derivative of an expression by a tensor: the diagram with that tensor's node removed.

    Parameters
    ----------
    expr
        Any expression.
    wrt
        A tensor or its name, or a list of them for one derivative each from a single sweep.  An entry or a slice
        of a tensor (``x[2]``, ``A[:, 0]``), its transpose or reshape stands for that part of it.
    orders
        Further variables, by which the result is differentiated in turn: ``diff(f, x, x)`` is the Hessian.
    layout
        ``"numerator"``: the legs of ``expr``, then those of each variable in turn (as JAX).
        ``"denominator"``: the variables' legs first, in the same order, then those of ``expr``.

    Returns
    -------
    A diagram of order ``expr.order + wrt.order + …``; zero with those legs where the variable does not occur.

    Raises
    ------
    UnknownTensorError
        for a name that ``expr`` neither has nor was declared with.
    DifferentiationError
        for a variable that is no tensor.

    Notes
    -----
    A and its conjugate are independent (Wirtinger).  A symmetric tensor is differentiated as if its entries
    were independent.  Cost: linear in the shared expression, for all variables together.
    Source: Nakahira, arXiv:2207.04377, section 3.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> td.diff(x * y * z, x).matrix()
    'Diag(y∘z)'
    """
    if layout not in ("numerator", "denominator"):
        raise DifferentiationError(f"layout is 'numerator' or 'denominator', not {layout!r}")
    expr = as_expr(expr)
    several = not isinstance(wrt, (str, Expr)) and isinstance(wrt, Iterable)
    variables: Iterable[Variable] = wrt if several else [wrt]  # type: ignore[assignment, list-item]
    wanted = [part_of(v) for v in variables]
    first = resolve_all(expr, [whole for whole, _ in wanted])
    known = frozenset(expr.tensors) | frozenset(first)
    results = [made.declaring(known) for made in derivatives(expr, first)]
    results = [restricted(made, v.order, part) for made, v, (_, part) in zip(results, first, wanted, strict=True)]
    for variable in orders:
        results = [_next_order(result, variable) for result in results]
    if layout == "denominator":
        results = [_variables_first(result, expr.order) for result in results]
    return results if several else results[0]


def _next_order(result: Expr, variable: Variable) -> Expr:
    whole, part = part_of(variable)
    target = resolve(result, whole)
    made = derivatives(result, [target])[0].declaring(result.declared | {target})
    return restricted(made, target.order, part)


def _variables_first(result: Expr, order: int) -> Expr:
    return permuted(result, [*range(order, result.order), *range(order)])


def resolve(expr: Expr, variable: Variable) -> Tensor:
    """The tensor that a variable names; a name has to be known to the expression."""
    return resolve_all(as_expr(expr), [variable])[0]


def resolve_all(expr: Expr, variables: Sequence[Variable]) -> list[Tensor]:
    """The tensors that variables name, as `resolve`."""
    known = {tensor.name: tensor for tensor in expr.tensors}
    return [_resolve(known, variable) for variable in variables]


def _advice(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant by the name of no tensor."""
    if name in ("pi", "π"):
        return f"; undeclared, it is the number: declare it, e.g. dims={{'{name}': ('n',)}}"
    joined = [other for other in sorted(known) if name in other and other.isalpha()]
    if joined:
        return f"; {joined[0]} is one name, a product is written with * or a space"
    return did_you_mean(name, known)


def _resolve(known: dict[str, Tensor], variable: Variable) -> Tensor:
    if isinstance(variable, str):
        if variable not in known:
            raise UnknownTensorError(f"cannot differentiate by {variable!r}: no such tensor{_advice(variable, known)}")
        return known[variable]
    if not isinstance(variable, Tensor):
        raise DifferentiationError(f"here the variable is a tensor or its name, not {variable!r}")
    same = known.get(variable.name, variable)
    if same.dims != variable.dims:
        raise DimensionError(
            f"the expression has {same.signature}, but the variable is {variable.signature}: one name, two shapes"
        )
    found = variable.base if variable.conjugate else same
    assert isinstance(found, Tensor)
    return found


def jacobian(expr: Expr, wrt: Variable, *, layout: Layout = "numerator") -> Expr:
    """The derivative by one tensor, as `diff`."""
    return diff(expr, wrt, layout=layout)


@overload
def grad(expr: Expr, wrt: Variable) -> Expr: ...  # type: ignore[overload-overlap]  # a str is a Sequence, too
@overload
def grad(expr: Expr, wrt: Sequence[Variable]) -> list[Expr]: ...


def grad(expr: Expr, wrt: Variable | Sequence[Variable]) -> Expr | list[Expr]:
    """The gradient of a scalar: its derivative by each variable, all from one sweep.

    Legs: those of the variable.  `OrderError` where the expression is no scalar.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> td.grad(x @ A @ x, x).matrix()
    '(A + Aᵀ)x'
    """
    check_scalar("a gradient", expr)
    return diff(expr, wrt)


def hessian(expr: Expr, wrt: Variable, other: Variable | None = None) -> Expr:
    """The second derivative of a scalar by a tensor, or mixed by two.  Legs: those of each in turn."""
    check_scalar("a Hessian", expr)
    return diff(expr, wrt, wrt if other is None else other)


def check_scalar(what: str, expr: Expr) -> None:
    """`OrderError` for an expression with legs."""
    expr = as_expr(expr)
    if expr.order:
        raise OrderError(
            f"{what} needs a scalar, but {expr!r} has {counted(expr.order, 'leg')}; take .sum() or use diff"
        )

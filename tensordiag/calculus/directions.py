"""Derivatives joined to vectors: JVP, VJP and HVP, by one variable or several together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, overload

from ..core.algebra import as_expr
from ..core.diagrams import contract
from ..core.expressions import Expr, Tensor, add
from ..core.traversal import substitute
from ..errors import DifferentiationError, DimensionError
from .derivatives import Variable, check_scalar, diff, resolve_all
from .engine import derivatives

__all__ = ["Direction", "direction_of", "hvp", "jvp", "vjp"]

Direction: TypeAlias = str | Expr | None


@overload
def jvp(expr: Expr, wrt: Variable, direction: Direction = None) -> Expr: ...
@overload
def jvp(expr: Expr, wrt: Sequence[Variable], direction: Sequence[Direction] | None = None) -> Expr: ...


def jvp(
    expr: Expr, wrt: Variable | Sequence[Variable], direction: Direction | Sequence[Direction] | None = None
) -> Expr:
    """The linear map h ↦ derivative·h, as the derivative with a tensor h glued on its last legs.

    Parameters
    ----------
    expr
        Any expression.
    wrt
        A tensor or its name, or a list of them for the sum of their parts: the total derivative along all directions.
    direction
        A name or an expression; for a list of variables a list of these.  The name is ``"h"`` by default, and
        ``"h_x"``, ``"h_A"`` … for a list of variables; a number is added where a tensor of the expression has it.

    Returns
    -------
    An expression with the legs of ``expr``.

    Raises
    ------
    DimensionError
        for a direction that does not have the legs of its variable.
    DifferentiationError
        for a direction that is no name or expression, or another number of directions than variables.

    Notes
    -----
    One name is one tensor: in ``jvp(f, x) + jvp(f, y)`` both go along the same h.  For two directions name them, or
    take both variables together: ``jvp(f, [x, y])``.

    >>> import tensordiag as td
    >>> x, y, z = td.tensors("x[n] y[n] z[n]")
    >>> td.jvp(x * y * z, x).matrix()
    'h∘y∘z'
    >>> td.jvp(x * y, [x, y]).matrix()
    'h_x∘y + h_y∘x'
    """
    expr = as_expr(expr)
    variables, several = _variables(expr, wrt)
    along = _directions(expr, variables, direction, several)
    return _total(expr, variables, along).declaring(_known(expr, variables, along))


@overload
def vjp(expr: Expr, wrt: Variable, cotangent: Direction = None) -> Expr: ...  # type: ignore[overload-overlap]  # a str is a Sequence, too
@overload
def vjp(expr: Expr, wrt: Sequence[Variable], cotangent: Direction = None) -> list[Expr]: ...


def vjp(expr: Expr, wrt: Variable | Sequence[Variable], cotangent: Direction = None) -> Expr | list[Expr]:
    """The linear map g ↦ g·derivative: a tensor g glued on the expression's legs.  Legs: the variable's.

    `wrt` is a tensor or its name, or a list of them for a list of results from one sweep; `cotangent` a name
    (``"g"``; a number is added where it is taken) or an expression.  Raises `DimensionError` for a cotangent that does
    not have the legs of the expression, `DifferentiationError` for one that is no name or expression.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[m,n]")
    >>> [made.matrix() for made in td.vjp(A @ x, [x, A])]
    ['Aᵀg', 'g xᵀ']
    """
    expr = as_expr(expr)
    variables, several = _variables(expr, wrt)
    if not isinstance(cotangent, Expr):
        cotangent = Tensor(
            _fresh("cotangent", "g" if cotangent is None else cotangent, {t.name for t in expr.tensors}), expr.dims
        )
    if cotangent.dims != expr.dims:
        raise DimensionError(f"the cotangent {cotangent!r} does not have the legs of {expr!r}")
    known = _known(expr, variables, [cotangent])
    made = [_glued_before(cotangent, derivative).declaring(known) for derivative in diff(expr, variables)]
    return made if several else made[0]


@overload
def hvp(expr: Expr, wrt: Variable, direction: Direction = None) -> Expr: ...  # type: ignore[overload-overlap]  # a str is a Sequence, too
@overload
def hvp(expr: Expr, wrt: Sequence[Variable], direction: Sequence[Direction] | None = None) -> list[Expr]: ...


def hvp(
    expr: Expr, wrt: Variable | Sequence[Variable], direction: Direction | Sequence[Direction] | None = None
) -> Expr | list[Expr]:
    """The Hessian of a scalar times a direction, glued on before anything is computed.  Legs: the variable's.

    For a list of variables a list: the joint Hessian, with all its mixed blocks, times all directions; one entry for
    each variable, with its legs.  `wrt` and `direction` are those of `jvp`, and so is what is raised, with `OrderError`
    where the expression is no scalar.

    >>> import tensordiag as td
    >>> x, A = td.tensors("x[n] A[n,n]")
    >>> td.hvp(x @ A @ x, x).matrix()
    '(A + Aᵀ)h'
    >>> [made.matrix() for made in td.hvp(x @ A @ x, [x, A])]
    ['(A + Aᵀ)h_x + (h_A + h_Aᵀ)x', 'h_x xᵀ + x h_xᵀ']
    """
    check_scalar("a Hessian-vector product", expr)
    expr = as_expr(expr)
    variables, several = _variables(expr, wrt)
    along = _directions(expr, variables, direction, several)
    known = _known(expr, variables, along)
    if not several:
        return _glued_on(diff(expr, variables[0], variables[0]), along[0]).declaring(known)
    fixed, replaced = _constants(variables, along, known)
    made = derivatives(_total(expr, variables, fixed), variables)
    if replaced:  # else environments stay as they are, not carried out
        made = [substitute(gradient, replaced) for gradient in made]
    return [gradient.declaring(known) for gradient in made]


def direction_of(expr: Expr, variable: Tensor, given: Direction, default: str = "h", taken: Iterable[str] = ()) -> Expr:
    """The tensor glued on: a fresh one of this name with the variable's legs, or a given expression."""
    if isinstance(given, Expr):
        if given.dims != variable.dims:
            raise DimensionError(f"the direction {given!r} does not have the legs of {variable.signature}")
        return given
    names = {tensor.name for tensor in expr.tensors} | {variable.name, *taken}
    return Tensor(_fresh("direction", default if given is None else given, names), variable.dims)


def _variables(expr: Expr, wrt: Variable | Sequence[Variable]) -> tuple[list[Tensor], bool]:
    """The tensors, and whether they were given as a list."""
    several = not isinstance(wrt, (str, Expr)) and isinstance(wrt, Iterable)
    return resolve_all(expr, list(wrt) if several else [wrt]), several  # type: ignore[list-item, arg-type]


def _directions(
    expr: Expr, variables: Sequence[Tensor], given: Direction | Sequence[Direction], several: bool
) -> list[Expr]:
    """A direction for each variable, all with names of their own."""
    if not several:
        return [direction_of(expr, variables[0], given)]  # type: ignore[arg-type]
    if given is None:
        given = [None] * len(variables)
    if isinstance(given, (str, Expr)) or not isinstance(given, Sequence) or len(given) != len(variables):
        names = ", ".join(variable.name for variable in variables)
        raise DifferentiationError(f"the variables {names} need a list of as many directions, not {given!r}")
    taken = {tensor.name for h in given if isinstance(h, Expr) for tensor in h.tensors}
    taken |= {variable.name for variable in variables}
    made: list[Expr] = []
    for variable, h in zip(variables, given, strict=True):
        made.append(direction_of(expr, variable, h, f"h_{variable.name}", taken))
        taken |= {tensor.name for tensor in made[-1].tensors}
    return made


def _constants(
    variables: Sequence[Tensor], along: Sequence[Expr], known: Iterable[Tensor]
) -> tuple[list[Expr], dict[Tensor, Expr]]:
    """The directions as constants: tensors stand for those that have a variable in them."""
    own = {variable.name for variable in variables}
    taken = {tensor.name for tensor in known}
    replaced: dict[Tensor, Expr] = {}
    made: list[Expr] = []
    for variable, h in zip(variables, along, strict=True):
        if own.isdisjoint([tensor.name for tensor in h.tensors]):
            made.append(h)
            continue
        stand_in = Tensor(_fresh("direction", f"h_{variable.name}", taken), variable.dims)
        taken.add(stand_in.name)
        replaced[stand_in] = h
        made.append(stand_in)
    return made, replaced


def _fresh(what: str, name: object, taken: Iterable[str]) -> str:
    if not isinstance(name, str):
        raise DifferentiationError(
            f"a {what} is a name or an expression, not {type(name).__name__}: "
            "name it, and give the array when it is evaluated"
        )
    number, fresh, names = 0, name, set(taken)
    while fresh in names:
        number += 1
        fresh = f"{name}{number}"
    return fresh


def _known(expr: Expr, variables: Sequence[Tensor], along: Sequence[Expr]) -> frozenset[Tensor]:
    """The tensors that arrays are taken for, also where one of them does not matter."""
    return frozenset(expr.tensors).union(variables, *(h.tensors for h in along))


def _total(expr: Expr, variables: Sequence[Tensor], along: Sequence[Expr]) -> Expr:
    """The sum of the derivatives by all variables, each along its direction."""
    parts = [_glued_on(made, h) for made, h in zip(diff(expr, variables), along, strict=True)]
    return add([(1, part) for part in parts], expr.dims, spread=True)


def _glued_on(derivative: Expr, h: Expr) -> Expr:
    """The derivative joined to a direction by its last legs."""
    kept = derivative.order - h.order
    return contract([derivative, h], [range(derivative.order), range(kept, derivative.order)], range(kept))


def _glued_before(g: Expr, derivative: Expr) -> Expr:
    """The derivative joined to a cotangent by its first legs."""
    n = g.order
    return contract([g, derivative], [range(n), range(derivative.order)], range(n, derivative.order))

"""The one engine: a reverse sweep over the shared expression, environments for boxes.

Each node that depends on a variable gets one adjoint, a diagram with legs (result legs, the node's legs).  The
number of values made is linear in the size of the expression, for all variables at once.  Source: reverse mode
(e.g. Griewank and Walther, Evaluating Derivatives, ch. 3) on diagrams (Nakahira, arXiv:2207.04377, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.diagrams import Diagram, Environment, contract, environment, wiring
from ..core.expressions import Apply, Expr, Sum, Tensor, add, walk
from ..core.functions import derivative
from ..core.numbers import Number
from ..core.traversal import live_children

__all__ = ["derivatives", "glue"]


def derivatives(expr: Expr, variables: Sequence[Tensor]) -> list[Expr]:
    """The derivative of an expression by each variable: legs are the expression's, then the variable's.

    A variable that does not occur gives zero.  Iterative; cost: linear in the shared expression.
    """
    targets = {variable.base for variable in variables}
    order, dependent = _dependents(expr.base, targets)
    parts: dict[Expr, list[tuple[Number, Expr]]] = {expr.base: [(1, _identity(expr))]}
    results: dict[Expr, Expr] = {}
    for node in reversed(order):
        adjoint = add(parts.pop(node), spread=True)
        if node in targets:
            results[node] = adjoint
        for child, coefficient, local in _local_derivatives(node, dependent):
            piece = adjoint if local is None else glue(adjoint, local, node.order)
            parts.setdefault(child.base, []).append((coefficient, piece))
    return [results.get(v.base) or add((), expr.dims + v.dims) for v in variables]


def _dependents(expr: Expr, targets: set[Expr]) -> tuple[list[Expr], set[Expr]]:
    """The nodes whose value depends on a target, children first, as a list and a set."""
    order: list[Expr] = []
    dependent: set[Expr] = set()
    for node in walk(expr, children=live_children):
        if node in targets or any(child.base in dependent for child in live_children(node)):
            order.append(node)
            dependent.add(node)
    return order, dependent


def _local_derivatives(node: Expr, dependent: set[Expr]) -> Iterator[tuple[Expr, Number, Expr | None]]:
    """(child, coefficient, derivative of the node by this occurrence; None for the identity)."""
    if isinstance(node, Diagram):
        for place, box in enumerate(node.boxes):
            if box in dependent:
                yield box, 1, environment(node, place)
    elif isinstance(node, Sum):
        for coefficient, term in node.terms:
            if term in dependent:
                yield term, coefficient, None
    elif isinstance(node, Environment):
        yield node.carried_out(), 1, None
    elif isinstance(node, Apply):
        for place, arg in enumerate(node.args):
            if arg in dependent:
                yield arg, 1, derivative(node, place)


def _identity(expr: Expr) -> Expr:
    """The identity map on an expression's legs: legs (its legs, its legs again)."""
    legs = tuple(range(expr.order))
    return wiring(legs + legs, expr.dims)


def glue(outer: Expr, inner: Expr, order: int) -> Expr:
    """The composition of two derivatives: the last `order` legs of one joined to the first of the other."""
    kept = outer.order - order
    middle = range(kept, outer.order)
    tail = range(outer.order, outer.order + inner.order - order)
    return contract([outer, inner], [range(outer.order), [*middle, *tail]], [*range(kept), *tail])

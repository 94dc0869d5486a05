"""The one engine: a reverse sweep over the shared expression, environments for boxes.

Each node that depends on a variable gets one adjoint, a diagram with legs (result legs, the node's legs).  The
number of values made is linear in the size of the expression, for all variables at once.  Source: reverse mode
(e.g. Griewank and Walther, Evaluating Derivatives, ch. 3) on diagrams (Nakahira, arXiv:2207.04377, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.diagrams import Diagram, Environment, environment, glue, pulled_back, wiring
from ..core.expressions import Apply, Expr, Sum, Tensor, add, walk
from ..core.functions import derivative
from ..core.numbers import Number
from ..core.traversal import live_children

__all__ = ["derivatives"]

_SMALL = 3
"""The boxes of a diagram that is opened for each of its derivatives, which for larger ones would not be linear."""


def derivatives(expr: Expr, variables: Sequence[Tensor]) -> list[Expr]:
    """The derivative of an expression by each variable: legs are the expression's, then the variable's.

    A variable that does not occur gives zero.  Iterative; cost: linear in the shared expression.
    """
    targets = {id(variable.base) for variable in variables}
    order, dependent = _dependents(expr.base, targets)
    parts: dict[int, list[tuple[Number, Expr]]] = {id(expr.base): [(1, _identity(expr))]}
    results: dict[int, Expr] = {}
    for node in reversed(order):
        (factor, adjoint), *rest = terms = parts.pop(id(node))
        if rest or factor != 1:
            adjoint = add(terms[::-1], spread=True)  # the sweep comes to the last occurrence first
        if id(node) in targets:
            results[id(node)] = adjoint
        for child, coefficient, piece in reversed(list(_handed_down(node, adjoint, dependent))):
            parts.setdefault(id(child.base), []).append((coefficient, piece))
    return [results.get(id(v.base)) or add((), expr.dims + v.dims) for v in variables]


def _dependents(expr: Expr, targets: set[int]) -> tuple[list[Expr], set[int]]:
    """The nodes whose value depends on a target (by id), children first, and their ids."""
    order: list[Expr] = []
    dependent: set[int] = set()
    for node in walk(expr, children=live_children):
        if id(node) in targets or not dependent.isdisjoint([id(child.base) for child in live_children(node)]):
            order.append(node)
            dependent.add(id(node))
    return order, dependent


def _handed_down(node: Expr, adjoint: Expr, dependent: set[int]) -> Iterator[tuple[Expr, Number, Expr]]:
    """(child, coefficient, adjoint joined to the derivative of the node by this occurrence of the child)."""
    if isinstance(node, Diagram):
        join = pulled_back if len(node.boxes) <= _SMALL else _glued_on
        for place, box in enumerate(node.boxes):
            if id(box) in dependent:
                yield box, 1, join(adjoint, node, place)
    elif isinstance(node, Sum):
        for coefficient, term in node.terms:
            if id(term) in dependent:
                yield term, coefficient, adjoint
    elif isinstance(node, Environment):
        yield node.carried_out(), 1, adjoint
    elif isinstance(node, Apply):
        for place, arg in enumerate(node.args):
            if id(arg) in dependent:
                yield arg, 1, glue(adjoint, derivative(node, place), len(node.dims))


def _glued_on(adjoint: Expr, node: Diagram, place: int) -> Expr:
    return glue(adjoint, environment(node, place), len(node.dims))


def _identity(expr: Expr) -> Expr:
    """The identity map on an expression's legs: legs (its legs, its legs again)."""
    legs = tuple(range(expr.order))
    return wiring(legs + legs, expr.dims)

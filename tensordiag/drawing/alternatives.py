"""Alternative text: what a picture shows, in words."""

from __future__ import annotations

from ..core.expressions import Expr
from .skeletons import OPEN, Skeleton, coefficient_markup, terms_of
from .typesetting import plain

__all__ = ["describe"]


def describe(expr: Expr) -> str:
    """The picture of an expression in words."""
    terms = terms_of(expr)
    if not terms:
        return f"Zero with {expr.order} open legs."
    parts = []
    for number, term in enumerate(terms):
        sign, coefficient = coefficient_markup(term.coefficient, True)
        head = f"Term {number + 1}: " if len(terms) > 1 else ""
        factor = f"{sign}{plain(coefficient) or (1 if sign else '')} times " if sign or coefficient else ""
        parts.append(f"{head}{factor}{_network(term.skeleton)}.")
    legs = f" {expr.order} open leg{'s' * (expr.order != 1)}." if expr.order else " A scalar."
    start = f"Sum of {len(terms)} diagrams. " if len(terms) > 1 else ""
    return start + " ".join(parts) + legs


def _network(skeleton: Skeleton) -> str:
    names = []
    for node in skeleton.nodes:
        kind = {"copy": "copy dot", "ones": "vector of ones", "plain": "symmetric tensor", "frame": "box"}.get(
            node.kind, node.kind)
        names.append(f"{kind} {plain(node.label)}".strip())
    joins = []
    for (a, leg_a), (b, leg_b) in skeleton.wires:
        if a == OPEN and b == OPEN:
            joins.append(f"open legs {leg_a} and {leg_b} are one wire")
        elif OPEN in (a, b):
            place, home = (leg_a, b) if a == OPEN else (leg_b, a)
            joins.append(f"open leg {place} at {names[home]}")
        else:
            joins.append(f"{names[a]} joined to {names[b]}")
    return "; ".join([", ".join(names) or "a number", *joins])

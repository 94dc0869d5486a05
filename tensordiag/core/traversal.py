"""Rewriting a shared expression from the leaves up, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import DimensionError, OrderError
from .diagrams import Environment
from .expressions import Expr, Tensor, walk

__all__ = ["live_children", "rebuild", "substitute"]


def live_children(node: Expr) -> tuple[Expr, ...]:
    """The children that a value depends on: of an environment, the network without the removed box."""
    return (node.carried_out(),) if isinstance(node, Environment) else node.children


def rebuild(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with `change` applied to every node, children first; None keeps a node.

    Environments are carried out on the way, since a changed diagram may have other boxes.  Each shared node
    is visited once.
    """
    done: dict[Expr, Expr] = {}
    for node in walk(expr, children=live_children):
        if isinstance(node, Environment):
            done[node] = done[node.carried_out().base]
            continue
        below = [done[child.base] for child in node.children]
        same = all(a is b for a, b in zip(below, node.children, strict=True))
        made = node if same else node.with_children(below)
        changed = change(made)
        done[node] = made if changed is None else changed
    made = done[expr.base]
    return made.declaring(expr.declared) if expr.declared else made


def substitute(expr: Expr, replacements: Mapping[Tensor, Expr]) -> Expr:
    """The expression with tensors replaced by expressions of the same legs, everywhere at once.

    Conjugates are separate tensors and are replaced only where they are named.  Raises `OrderError` or
    `DimensionError` naming the tensor, the leg and both dimensions.
    """
    for tensor, made in replacements.items():
        if tensor.order != made.order:
            raise OrderError(f"cannot replace {tensor!r} by {made!r}: {tensor.order} legs against {made.order}")
        for leg, (old, new) in enumerate(zip(tensor.dims, made.dims, strict=True)):
            if old is not new:
                raise DimensionError(f"cannot replace {tensor!r} by {made!r}: leg {leg} is {old} against {new}")
    table = {tensor.base: made for tensor, made in replacements.items()}
    return rebuild(expr, lambda node: table.get(node))

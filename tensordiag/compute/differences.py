"""Divided differences of matrix functions that meet one direction: one function of a block matrix instead of n²."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .forms import rebuilt
from .values import Term, Value, Values, is_apply

__all__ = ["with_directions"]


def with_directions(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with f[X, X] joined to all the rest of a network as a directional derivative L(X, E).

    Σ_ij f[X, X]_abij E_ij is L(X, E)_ab, and Σ_ab G_ab f[X, X]_abij is L(Xᵀ, G)_ij, since Tr(Gᵀ L(X, E)) is
    Tr(L(Xᵀ, G)ᵀ E) (Higham, Functions of Matrices, section 3.2).
    """

    def change(value: Value) -> Value:
        if value.kind != "poly" or not any(_is_difference(o) for t in value.terms for o in t.operands):
            return value
        return values.poly([_directed(values, term) for term in value.terms], value.shape)

    return rebuilt(values, roots, change)


def _is_difference(value: Value) -> bool:
    return is_apply(value, "divided_difference") and value.data[1][1] == 1


def _directed(values: Values, term: Term) -> Term:
    places = [k for k, box in enumerate(term.operands) if _is_difference(box)]
    if len(places) != 1 or term.fixed:
        return term
    (place,) = places
    box, row = term.operands[place], term.rows[place]
    outer, inner = row[:2], row[2:]
    at_outer, at_inner = (_reached(term, place, legs) for legs in (outer, inner))
    if _closed(term, at_inner, inner, outer):
        side, near, far, matrix = at_inner, inner, outer, box.operands[0]
    elif _closed(term, at_outer, outer, inner):
        side, near, far = at_outer, outer, inner
        size = dict(enumerate(box.operands[0].shape))
        matrix = values.poly([Term(1, box.operands, ((0, 1),), (1, 0), size)], box.operands[0].shape)
    else:
        return term
    inside = sorted(side)
    operands, rows = tuple([term.operands[k] for k in inside]), tuple([term.rows[k] for k in inside])
    direction = values.poly([Term(1, operands, rows, near, term.size)], matrix.shape)
    made = values.make("apply", ("frechet", (box.data[1][0],)), (matrix, direction), matrix.shape)
    rest = [k for k in range(len(term.operands)) if k != place and k not in side]
    return replace(
        term,
        operands=(*(term.operands[k] for k in rest), made),
        rows=(*(term.rows[k] for k in rest), far),
    )


def _reached(term: Term, place: int, legs: Sequence[int]) -> set[int]:
    """The operands that are joined to some legs of one operand, not through it."""
    found: set[int] = set()
    frontier = set(legs)
    while frontier:
        fresh = {k for k, row in enumerate(term.rows) if k != place and k not in found and frontier & set(row)}
        found |= fresh
        frontier = {i for k in fresh for i in term.rows[k]}
    return found


def _closed(term: Term, side: set[int], near: Sequence[int], far: Sequence[int]) -> bool:
    """Whether the operands on one side meet neither the output nor the legs on the other side."""
    indices = {*near, *(i for k in side for i in term.rows[k])}
    return not indices & set(far) and not indices & set(term.output)

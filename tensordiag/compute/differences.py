"""Divided differences of matrix functions that meet one direction: one function of a block matrix instead of n²."""

from __future__ import annotations

from collections.abc import Sequence

from .forms import rebuilt
from .values import Term, Value, Values

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
    return value.kind == "apply" and value.data[0] == "divided_difference" and value.data[1][1] == 1


def _directed(values: Values, term: Term) -> Term:
    places = [k for k, box in enumerate(term.operands) if _is_difference(box)]
    if len(places) != 1 or term.fixed:
        return term
    (place,) = places
    box, row = term.operands[place], term.rows[place]
    rest = [k for k in range(len(term.operands)) if k != place]
    met = {i for k in rest for i in term.rows[k]}
    outer, inner = row[:2], row[2:]
    kept = set(term.output)
    if not met & set(outer) and kept <= set(outer) and not set(outer) & set(inner):
        near, far, matrix = inner, outer, box.operands[0]
    elif not met & set(inner) and kept <= set(inner) and not set(outer) & set(inner):
        near, far = outer, inner
        size = dict(enumerate(box.operands[0].shape))
        matrix = values.poly([Term(1, box.operands, ((0, 1),), (1, 0), size)], box.operands[0].shape)
    else:
        return term
    operands, rows = tuple([term.operands[k] for k in rest]), tuple([term.rows[k] for k in rest])
    direction = values.poly([Term(1, operands, rows, near, term.size)], matrix.shape)
    made = values.make("apply", ("frechet", (box.data[1][0],)), (matrix, direction), matrix.shape)
    return Term(term.coefficient, (made,), (far,), term.output, term.size)

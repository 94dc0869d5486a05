"""Axes of length 1 left out: networks and elementwise functions are computed without them, results get them back."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.expressions import FUNCTIONS
from .values import Term, Value, Values, below

__all__ = ["without_short_axes"]


def without_short_axes(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots computed without axes of length 1, as far as functions do not ask for them."""
    everything = below(roots)
    if not any(1 in value.shape for value in everything):
        return list(roots)
    made: dict[int, Value] = {}
    for value in everything:
        shape = [n for n in value.shape if n != 1]
        if value.kind == "poly":
            terms = [_shortened(term, [made[o.number] for o in term.operands]) for term in value.terms]
            made[value.number] = values.poly(terms, shape)
        elif value.kind == "apply" and (spec := FUNCTIONS.get(value.data[0])) is not None and spec.elementwise:
            operands = tuple([made[o.number] for o in value.operands])
            made[value.number] = values.make(value.kind, value.data, operands, shape)
        else:
            operands = tuple([_reshaped(values, made[o.number], o.shape) for o in value.operands])
            whole = values.make(value.kind, value.data, operands, value.shape, symmetry=value.symmetry)
            made[value.number] = _reshaped(values, whole, shape)
    return [_reshaped(values, made[root.number], root.shape) for root in roots]


def _shortened(term: Term, operands: Sequence[Value]) -> Term:
    """A term without its indices of size 1."""
    kept = {i: n for i, n in term.size.items() if n != 1}
    rows = tuple([tuple([i for i in row if i in kept]) for row in term.rows])
    output = tuple([i for i in term.output if i in kept])
    fixed = tuple([(i, place) for i, place in term.fixed if i in kept])
    return Term(term.coefficient, tuple(operands), rows, output, kept, fixed)


def _reshaped(values: Values, value: Value, shape: Sequence[int]) -> Value:
    """The value with axes of length 1 where they are wanted."""
    if value.kind == "view" and value.data[1] is None:
        value = value.operands[0]
    if value.shape == tuple(shape):
        return value
    return values.make("view", (tuple(shape), None), (value,), shape)

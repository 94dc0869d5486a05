"""Axes of length 1 left out: networks and elementwise functions are computed without them, results get them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.expressions import FUNCTIONS
from .products import Removal
from .values import Term, Value, Values, below

__all__ = ["without_short_axes"]


def without_short_axes(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots computed without axes of length 1, as far as functions do not ask for them."""
    everything = below(roots)
    if not any(1 in value.shape for value in everything):
        return list(roots)
    made: dict[int, Value] = {}
    places: dict[int, list[int]] = {}
    for value in everything:
        shape = [n for n in value.shape if n != 1]
        if value.kind == "poly":
            terms = [_shortened(term, [made[o.number] for o in term.operands]) for term in value.terms]
            made[value.number] = values.poly(terms, shape)
        elif value.kind == "apply" and (spec := FUNCTIONS.get(value.data[0])) is not None and spec.elementwise:
            operands = tuple([made[o.number] for o in value.operands])
            made[value.number] = values.make(value.kind, value.data, operands, shape)
        elif value.kind == "network":
            made[value.number], places[value.number] = _shortened_network(values, value, made)
        elif value.kind == "removed":
            network = value.operands[0].number
            operands = tuple([made[o.number] for o in value.operands])
            data = _shortened_removal(value, places[network])
            made[value.number] = values.make("removed", data, operands, shape)
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


def _shortened_network(values: Values, value: Value, made: Mapping[int, Value]) -> tuple[Value, list[int]]:
    """A network that operands are removed from without its indices of size 1, and the new place of every operand."""
    coefficient, rows, kept = value.data
    short = _short_indices(value)
    operands = [made[o.number] for o in value.operands]
    left = [tuple([i for i in row if i not in short]) for row in rows]
    order = sorted(range(len(left)), key=lambda k: (operands[k].number, left[k]))
    data = (coefficient, tuple([left[k] for k in order]), kept - short)
    places = sorted(range(len(order)), key=lambda place: order[place])
    return values.make("network", data, tuple([operands[k] for k in order]), ()), places


def _shortened_removal(value: Value, places: Sequence[int]) -> Removal:
    """What is removed from a network, and from where, without indices of size 1."""
    removal: Removal = value.data
    short = _short_indices(value.operands[0])
    adjoint = removal.adjoint
    if adjoint is not None:
        short |= {i for i, n in zip(adjoint, value.operands[1].shape, strict=True) if n == 1}
        adjoint = tuple([i for i in adjoint if i not in short])
    return Removal(places[removal.place], adjoint, tuple([i for i in removal.output if i not in short]))


def _short_indices(network: Value) -> set[int]:
    rows = network.data[1]
    return {
        i for o, row in zip(network.operands, rows, strict=True) for i, n in zip(row, o.shape, strict=True) if n == 1
    }


def _reshaped(values: Values, value: Value, shape: Sequence[int]) -> Value:
    """The value with axes of length 1 where they are wanted."""
    if value.kind == "view" and value.data[1] is None:
        value = value.operands[0]
    if value.shape == tuple(shape):
        return value
    return values.make("view", (tuple(shape), None), (value,), shape)

"""Softmax, its logarithm and log-sum-exp of one array: largest entries, exponentials and sums computed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from .forms import opened, rebuilt
from .values import Term, Value, Values, below

__all__ = ["with_shared_softmax"]

_FAMILY = frozenset({"softmax", "logsoftmax", "logsumexp"})


def with_shared_softmax(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with softmax, logsoftmax and logsumexp taken apart where two of them meet at one argument."""
    while shared := _meeting(roots):

        def change(value: Value, shared: frozenset[Any] = shared) -> Value:
            return _from_parts(values, value) if _key(value) in shared else value

        roots = opened(values, rebuilt(values, roots, change))
    return list(roots)


def _key(value: Value) -> Any:
    """The argument and the legs of a softmax or one of its kind."""
    if value.kind != "apply" or value.data[0] not in _FAMILY:
        return None
    return value.operands[0].number, value.data[1]


def _meeting(roots: Sequence[Value]) -> frozenset[Any]:
    """The keys that two functions have."""
    met: defaultdict[Any, set[str]] = defaultdict(set)
    for value in below(roots):
        if (key := _key(value)) is not None:
            met[key].add(value.data[0])
    return frozenset(key for key, names in met.items() if len(names) > 1)


def _from_parts(values: Values, value: Value) -> Value:
    """e/s, t − log s or max + log s, where t is the argument less its largest entry, e = exp(t) and s its sum.

    t and the logarithms are values of their own, never multiplied out: the largest entry may be large.
    """
    name, legs = value.data
    argument = value.operands[0]
    row = tuple(range(len(argument.shape)))
    kept = tuple([leg for leg in row if leg not in legs])
    size = dict(enumerate(argument.shape))
    shape = tuple([size[leg] for leg in kept])
    top = values.make("apply", ("top", legs), (argument,), shape)
    t = values.make("apply", ("below_top", legs), (argument, top), argument.shape)
    e = values.make("apply", ("exp", ()), (t,), argument.shape)
    s = values.poly([Term(1, (e,), (row,), kept, size)], shape)
    if name == "logsumexp":
        return values.make("apply", ("log_total", ()), (s, top), shape)
    if name == "logsoftmax":
        return values.make("apply", ("log_share", legs), (t, s), argument.shape)
    share = values.make("apply", ("reciprocal", ()), (s,), shape)
    return values.poly([Term(1, (e, share), (row, kept), row, size)], argument.shape)

"""Signs that follow from facts and from functions: what is never negative, what is positive (over the reals)."""

from __future__ import annotations

from collections import Counter

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import flatten
from ..core.numbers import Number

__all__ = ["is_nonnegative", "is_positive"]

_POSITIVE = frozenset({"exp", "sigmoid", "softplus", "cosh", "softmax"})
_NONNEGATIVE = _POSITIVE | {"relu", "abs", "step", "argmax"}
_DEPTH = 8


def is_nonnegative(expr: Expr, depth: int = _DEPTH) -> bool:
    """Whether no entry is negative, as far as facts, functions, squares and their sums and products show it."""
    base = expr.base
    if depth == 0:
        return False
    if isinstance(base, Tensor):
        return bool(base.facts & {"pos", "prob", "mask"})
    if isinstance(base, Structural):
        return True  # entries 0 and 1
    if isinstance(base, Apply):
        if base.function == "power":
            even = isinstance(base.params[0], int) and base.params[0] % 2 == 0
            return even or is_nonnegative(base.args[0], depth - 1)
        return base.function in _NONNEGATIVE
    if isinstance(base, Sum):
        return all(_is_at_least_zero(c) and is_nonnegative(term, depth - 1) for c, term in base.terms)
    network = flatten(base)
    times = Counter(zip(network.operands, network.indices, strict=True))
    odd = [box for (box, _), count in times.items() if count % 2]
    return _is_at_least_zero(network.coefficient) and all(is_nonnegative(box, depth - 1) for box in odd)


def is_positive(expr: Expr, depth: int = _DEPTH) -> bool:
    """Whether every entry is above 0, as far as facts, functions and their sums and products show it."""
    base = expr.base
    if depth == 0 or isinstance(base, Structural):
        return False
    if isinstance(base, Tensor):
        return bool(base.facts & {"pos", "prob"})
    if isinstance(base, Apply):
        inner = base.function == "power" and is_positive(base.args[0], depth - 1)
        return inner or base.function in _POSITIVE
    if isinstance(base, Sum):
        some = any(is_positive(term, depth - 1) for _, term in base.terms)
        return some and is_nonnegative(base) and all(c != 0 for c, _ in base.terms)
    network = flatten(base)
    apart = len(set(network.output)) == len(network.output)  # an identity has zeros
    some = _is_at_least_zero(network.coefficient) and network.coefficient != 0
    return apart and some and all(is_positive(box, depth - 1) for box in network.operands)


def _is_at_least_zero(number: Number) -> bool:
    return not isinstance(number, complex) and number >= 0

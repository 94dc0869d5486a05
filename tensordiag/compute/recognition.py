"""Stable and cheaper functions recognised: logistic functions, and weights that a Gram matrix can take the root of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .forms import common_factors, distributed, factored, opened, rebuilt, use_counts
from .values import Term, Value, Values, is_apply, is_openable

__all__ = ["recognised", "with_root_weights", "with_solves"]

_UNIT = frozenset({"sigmoid", "softmax", "step", "argmax"})
_NEVER_ZERO = frozenset({"exp", "sigmoid", "softmax", "softplus"})
_POSITIVE = frozenset({"exp", "abs", "relu", "softplus"})
_OF_TRANSPOSES = frozenset({"inv", "det", "logdet"})
"""Functions that tell nothing new of a transposed matrix, so that both are computed once."""


def recognised(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with log(1 + eᵗ) as softplus(t), the fractions eᵗ/(1 + eᵗ) and 1/(1 + eᵗ) as logistic functions.

    The logarithm of a logistic function is −softplus(−t), that of a softmax logsoftmax, inv(Aᵀ) is inv(A)ᵀ.
    """

    def change(value: Value) -> Value:
        if value.kind == "apply":
            return _stable(values, value)
        return _logistic(values, value) if value.kind == "poly" else value

    def spread(value: Value) -> Value:
        if value.kind != "poly":
            return value
        terms = [made for term in value.terms for made in _spread_fractions(_reduced(values, term))]
        if len(terms) == len(value.terms) and all(a is b for a, b in zip(terms, value.terms, strict=True)):
            return value
        return values.poly(terms, value.shape)

    roots = rebuilt(values, rebuilt(values, roots, spread), change)
    count = use_counts(roots)
    return opened(values, rebuilt(values, roots, lambda value: _complement(values, value, count)))


def _reduced(values: Values, term: Term) -> Term:
    """The term without fractions of functions that are never 0, such as sigmoid(t)/sigmoid(t)."""
    pairs = list(zip(term.operands, term.rows, strict=True))
    for box, row in pairs:
        if not is_apply(box, "power") or box.operands[0].kind != "apply" or box.operands[0].data[0] not in _NEVER_ZERO:
            continue
        exponent, base = box.data[1][0], box.operands[0]
        if not isinstance(exponent, int) or exponent >= 0 or (base, row) not in pairs:
            continue
        left = pairs.copy()
        left.remove((box, row))
        left.remove((base, row))
        if not {i for _, r in left for i in r}.union(term.output).issuperset(row):  # the sum of 1 is a size
            continue
        pairs = left
        if exponent < -1:
            power = values.make("apply", ("power", (exponent + 1,)), (base,), base.shape)
            pairs.append((power, row))
        made = replace(term, operands=tuple([b for b, _ in pairs]), rows=tuple([r for _, r in pairs]))
        return _reduced(values, made)
    return term


def _complement(values: Values, value: Value, count: Counter[int]) -> Value:
    """1 − sigmoid(t) as sigmoid(−t), which is exact where it is small; not where sigmoid(t) is there anyway."""
    if value.kind != "poly" or len(value.terms) != 2:
        return value
    one, other = sorted(value.terms, key=lambda term: len(term.operands))
    if one.operands or one.coefficient != 1 or other.coefficient != -1 or len(other.operands) != 1:
        return value
    box = other.operands[0]
    plain = other.is_plain and other.rows[0] == other.output and one.output == other.output and not one.fixed
    if not plain or not is_apply(box, "sigmoid") or count[box.number] != 1 or box.shape != value.shape:
        return value
    return _function(values, "sigmoid", _negated(values, box.operands[0]))


def _function(values: Values, name: str, argument: Value) -> Value:
    return values.make("apply", (name, ()), (argument,), argument.shape)


def _exponent(value: Value) -> Value | None:
    """t where a value is 1 + exp(t)."""
    if value.kind != "poly" or len(value.terms) != 2:
        return None
    found = None
    for term in value.terms:
        if term.coefficient != 1 or term.fixed or len(set(term.output)) != len(term.output):
            return None
        if term.operands:
            box = term.operands[0]
            if len(term.operands) > 1 or term.rows[0] != term.output or not is_apply(box, "exp"):
                return None
            found = box.operands[0]
    return found


def _transposed(value: Value) -> Value | None:
    """A where a value is the transpose of A."""
    if value.kind != "poly" or len(value.terms) != 1:
        return None
    (term,) = value.terms
    if term.coefficient != 1 or len(term.operands) != 1 or term.fixed or not len(term.output) == len(value.shape) == 2:
        return None
    return term.operands[0] if term.output[0] != term.output[1] and term.rows == (term.output[::-1],) else None


def _stable(values: Values, value: Value) -> Value:
    name, _ = value.data
    below = value.operands[0]
    if name in _OF_TRANSPOSES and (matrix := _transposed(below)) is not None:
        made = values.make("apply", value.data, (matrix,), value.shape)
        return _turned(values, made) if name == "inv" else made
    if name == "log" and (t := _exponent(below)) is not None:
        return _function(values, "softplus", t)
    if name == "log1p" and is_apply(below, "exp"):
        return _function(values, "softplus", below.operands[0])
    if name == "log" and is_apply(below, "sigmoid"):
        return _negated(values, _function(values, "softplus", _negated(values, below.operands[0])))
    if name == "log" and is_apply(below, "softmax"):
        return values.make("apply", ("logsoftmax", below.data[1]), below.operands, value.shape)
    return value


def _logistic(values: Values, value: Value) -> Value:
    """Every exp(t)·(1 + exp(t))⁻¹ in a term as sigmoid(t), what is left of the fraction as sigmoid(−t)."""
    terms = [_logistic_term(values, term) for term in value.terms]
    if all(a is b for a, b in zip(terms, value.terms, strict=True)):
        return value
    return values.poly(terms, value.shape)


def _spread_fractions(term: Term) -> list[Term]:
    """The term with those sums multiplied out that hold a fraction over 1 + exp(t), where it has exp(t) itself."""
    exponents = {box.operands[0] for box in term.operands if is_apply(box, "exp")}
    sums = {
        box.number
        for box in term.operands
        if is_openable(box)
        and len(box.terms) > 1
        and any(is_apply(o, "power") and _exponent(o.operands[0]) in exponents for t in box.terms for o in t.operands)
    }
    return distributed(term, sums) if sums and exponents else [term]


def _logistic_term(values: Values, term: Term) -> Term:
    left = list(zip(term.operands, term.rows, strict=True))
    made: list[tuple[Value, tuple[int, ...]]] = []
    for box, row in list(left):
        if not (is_apply(box, "power") and isinstance(box.data[1][0], int) and box.data[1][0] < 0):
            continue
        t = _exponent(box.operands[0])
        if t is None:
            continue
        left.remove((box, row))
        for _ in range(-box.data[1][0]):
            top = next(
                (pair for pair in left if pair[1] == row and is_apply(pair[0], "exp") and pair[0].operands[0] is t),
                None,
            )
            if top is not None:
                left.remove(top)
                made.append((_function(values, "sigmoid", t), row))
            else:
                made.append((_function(values, "sigmoid", _negated(values, t)), row))
    if not made:
        return term
    chosen = left + made
    return replace(term, operands=tuple([box for box, _ in chosen]), rows=tuple([row for _, row in chosen]))


def _negated(values: Values, t: Value) -> Value:
    row = tuple(range(len(t.shape)))
    return values.poly([Term(-1, (t,), (row,), row, dict(enumerate(t.shape)))], t.shape)


# -- weights under a Gram matrix -----------------------------------------------------------------------


def bounds(value: Value) -> tuple[float, float]:
    """An interval that all entries lie in, for real arrays, as far as the form of the value shows it."""
    if value.kind == "apply":
        name, params = value.data
        if name in _UNIT:
            return 0.0, 1.0
        if name in _POSITIVE or (name == "power" and (_is_even(params[0]) or bounds(value.operands[0])[0] >= 0)):
            return 0.0, math.inf
        return -math.inf, math.inf
    if value.kind != "poly":
        return -math.inf, math.inf
    low = high = 0.0
    for term in value.terms:
        below, above = _term_bounds(term)
        low, high = low + below, high + above
    return low, high


def _is_even(exponent: Any) -> bool:
    return (isinstance(exponent, int) and exponent % 2 == 0) or exponent == Fraction(1, 2)


def _term_bounds(term: Term) -> tuple[float, float]:
    if isinstance(term.coefficient, complex):
        return -math.inf, math.inf
    count = Counter(zip(term.operands, term.rows, strict=True))
    low = high = 1.0
    for (box, _), times in count.items():
        below, above = bounds(box)
        if times % 2 == 0 and below < 0:
            below, above = 0.0, math.inf
        if below < 0 or low < 0:
            return -math.inf, math.inf
        low, high = low * below, math.inf if math.inf in (high, above) else high * above
    if any(i not in term.output for row in term.rows for i in row):
        high = math.inf
    c = float(term.coefficient)
    ends = sorted((c * low, c * high if math.isfinite(high) else math.copysign(math.inf, c)))
    return (ends[0], ends[1]) if c else (0.0, 0.0)


def with_root_weights(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with XᵀDX as (√D X)ᵀ(√D X), which is half the work, where D is sure not to be negative."""

    def change(value: Value) -> Value:
        if value.kind != "poly":
            return value
        terms = [_rooted(values, term) for term in value.terms]
        if all(a is b for a, b in zip(terms, value.terms, strict=True)):
            return value
        return values.poly(terms, value.shape)

    return rebuilt(values, roots, change)


def _rooted(values: Values, term: Term) -> Term:
    pairs = list(zip(term.operands, term.rows, strict=True))
    for k, (box, row) in enumerate(pairs):
        for other, row_ in pairs[k + 1 :]:
            shared = tuple(i for i in row if i in row_)
            if box is not other or len(shared) != 1 or len(row) != 2 or shared[0] in term.output:
                continue
            if row.index(shared[0]) != row_.index(shared[0]):
                continue
            weights = [pair for pair in pairs if pair[1] == shared]
            if not weights or any(
                shared[0] in r for b, r in pairs if r != shared and (b, r) not in ((box, row), (box, row_))
            ):
                continue
            size = {0: term.size[shared[0]]}
            weight = Term(1, tuple([b for b, _ in weights]), ((0,),) * len(weights), (0,), size)
            whole = _fully_factored(values, weight)
            if bounds(whole)[0] < 0:
                continue
            root = values.make("apply", ("power", (Fraction(1, 2),)), (whole,), whole.shape)
            scaled_size = {0: box.shape[0], 1: box.shape[1]}
            place = row.index(shared[0])
            scaled = values.poly([Term(1, (box, root), ((0, 1), (place,)), (0, 1), scaled_size)], box.shape)
            rest = [p for p in pairs if p[1] != shared]
            rest.remove((box, row))
            rest.remove((other, row_))
            rest += [(scaled, row), (scaled, row_)]
            return replace(term, operands=tuple([b for b, _ in rest]), rows=tuple([r for _, r in rest]))
    return term


def _fully_factored(values: Values, weight: Term) -> Value:
    """A weight multiplied out and then factored, so that its sign shows."""
    terms, place = [weight], 0
    while place < len(terms):
        sums = {o.number for o in terms[place].operands if is_openable(o) and o.terms}
        made = distributed(terms[place], sums) if sums else [terms[place]]
        if len(made) == 1 and made[0] is terms[place]:
            place += 1
        else:
            terms[place : place + 1] = made
    value = values.poly(terms, (weight.size[0],))
    outside: list[Term] = []
    while value.kind == "poly" and len(value.terms) > 1:
        taken = next(
            (
                f
                for x in common_factors(value)
                if (f := factored(values, value, x)) is not None and f.kind == "poly" and len(f.terms) == 1
            ),
            None,
        )
        if taken is None:
            break
        term = taken.terms[0]
        rest = next(o for o in term.operands if o.kind == "poly" and len(o.terms) > 1)
        outside.append(
            replace(
                term,
                coefficient=term.coefficient,
                operands=tuple([o for o in term.operands if o is not rest]),
                rows=tuple([r for o, r in zip(term.operands, term.rows, strict=True) if o is not rest]),
            )
        )
        value = rest
    operands = [value, *(o for term in outside for o in term.operands)]
    coefficient: Any = 1
    for term in outside:
        coefficient = coefficient * term.coefficient
    whole = Term(coefficient, tuple(operands), ((0,),) * len(operands), (0,), weight.size)
    return values.poly([whole], (weight.size[0],))


# -- inverses ------------------------------------------------------------------------------------------


def with_solves(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with inv(A)·B as the solution of A·X = B, where the inverse has no other user."""
    count = use_counts(roots)

    def change(value: Value) -> Value:
        if value.kind != "poly" or not any(is_apply(o, "inv") for o in value.operands):
            return value
        return values.poly([_all_solved(values, term, count) for term in value.terms], value.shape)

    return rebuilt(values, roots, change)


def _all_solved(values: Values, term: Term, count: Counter[int]) -> Term:
    while (made := _solved(values, term, count)) is not term:
        term = made
    return term


def _solved(values: Values, term: Term, count: Counter[int]) -> Term:
    pairs = list(zip(term.operands, term.rows, strict=True))
    for inverse, row in pairs:
        if not is_apply(inverse, "inv") or count[inverse.number] != 1 or row[0] == row[1]:
            continue
        for joined, kept in (row[::-1], row):
            others = [pair for pair in pairs if joined in pair[1] and pair[0] is not inverse]
            if joined in term.output or len(others) != 1 or len(others[0][1]) > 2 or kept in others[0][1]:
                continue
            right, own = others[0]
            if len(set(own)) != len(own) or any(right is not o and own == r for o, r in pairs if o is not inverse):
                continue
            made, legs = _solution(values, inverse.operands[0], row.index(joined) == 0, right, own, joined)
            rest = [pair for pair in pairs if pair not in ((inverse, row), (right, own))]
            rest.append((made, (kept, *legs)))
            return replace(term, operands=tuple([o for o, _ in rest]), rows=tuple([r for _, r in rest]))
    return term


def _solution(
    values: Values, matrix: Value, transposed: bool, right: Value, own: tuple[int, ...], joined: int
) -> tuple[Value, tuple[int, ...]]:
    """X of A·X = B (or Aᵀ·X = B), and the indices of its columns."""
    if transposed:
        matrix = _turned(values, matrix)
    if own.index(joined) == 1:
        right = _turned(values, right)
    made = values.make("apply", ("solve", ()), (matrix, right), right.shape)
    return made, tuple([i for i in own if i != joined])


def _turned(values: Values, matrix: Value) -> Value:
    n, m = matrix.shape
    return values.poly([Term(1, (matrix,), ((1, 0),), (0, 1), {0: m, 1: n})], (m, n))

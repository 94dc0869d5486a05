"""Factoring: what several terms of a sum have in common is taken out of each and glued on outside.

`A x + Aᵀ x` is `(A + Aᵀ) x`: removing a box is the derivative's own step, so the factored form is the sum of the
terms' environments with the common part joined to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations

from ..core.expressions import Expr, Sum, add
from ..core.networks import Network, flatten
from ..core.numbers import Number

__all__ = ["factor_terms"]

_MOST_TERMS = 12
_MOST_OPERANDS = 24
_STEPS = 400

Matching = tuple[tuple[int, int], ...]


def factor_terms(total: Sum, finish: Callable[[Network], Expr]) -> Expr:
    """The sum with pairs of terms factored as long as the result is shorter; `finish` puts a network in form."""
    terms = list(total.terms)
    if len(terms) > _MOST_TERMS:
        return total
    while True:
        best: tuple[int, int, int, Expr] | None = None
        for (i, (c, a)), (j, (d, b)) in combinations(enumerate(terms), 2):
            found = _factor_pair((c, flatten(a)), (d, flatten(b)), finish)
            if found is not None and (best is None or found[0] > best[0]):
                best = (found[0], i, j, found[1])
        if best is None:
            return add(terms, total.dims).base
        _, i, j, made = best
        terms = [term for k, term in enumerate(terms) if k not in (i, j)]
        terms.insert(i, (1, made))
        terms = [(n * m, t) for n, e in terms for m, t in _single(e)]


def _single(term: Expr) -> tuple[tuple[Number, Expr], ...]:
    """The coefficient and the rest of a term."""
    return term.terms if isinstance(term, Sum) and len(term.terms) == 1 else ((1, term),)


def _factor_pair(
    first: tuple[Number, Network], second: tuple[Number, Network], finish: Callable[[Network], Expr]
) -> tuple[int, Expr] | None:
    """(number of common boxes, factored expression), or None where factoring would not read better."""
    (c, a), (d, b) = first, second
    if max(len(a.operands), len(b.operands)) > _MOST_OPERANDS or not a.output:
        return None
    seeds = _extend({}, {}, zip(a.output, b.output, strict=True))
    if seeds is None:
        return None
    best: tuple[int, Network, Network, list[int], list[int], Matching] | None = None
    budget = [_STEPS]
    for matching, forward in _matchings(a, b, seeds, budget):
        rests = _rests(a, b, matching, forward)
        if rests is not None and (best is None or len(matching) > best[0]):
            best = (len(matching), *rests, matching)
    if best is None:
        return None
    size, rest_a, rest_b, boundary, _, matching = best
    ratio = _common(c * a.coefficient, d * b.coefficient)
    box = add(
        [
            (c * a.coefficient / ratio if ratio != 1 else c * a.coefficient, finish(rest_a)),
            (d * b.coefficient / ratio if ratio != 1 else d * b.coefficient, finish(rest_b)),
        ]
    )
    box = _opened(box)
    kept = [i for i, _ in matching]
    made = Network(
        ratio,
        (box, *(a.operands[k] for k in kept)),
        (tuple(boundary), *(a.indices[k] for k in kept)),
        a.output,
        a.dims,
    )
    return size, finish(flatten(_used(made).to_expr()))


def _opened(box: Expr) -> Expr:
    """A sum of sums as one sum."""
    if not isinstance(box, Sum):
        return box
    flat: list[tuple[Number, Expr]] = []
    for c, term in box.terms:
        flat.extend([(c * d, t) for d, t in term.terms] if isinstance(term, Sum) else [(c, term)])
    from .simplification import collect

    return collect(flat, box)


def _used(network: Network) -> Network:
    """The network without indices that stand nowhere any more."""
    count = network.occurrences()
    number: dict[int, int] = {}
    for index, times in enumerate(count):
        if times:
            number[index] = len(number)
    return Network(
        network.coefficient,
        network.operands,
        tuple(tuple(number[i] for i in row) for row in network.indices),
        tuple(number[i] for i in network.output),
        tuple(network.dims[i] for i in number),
    )


def _common(a: Number, b: Number) -> Number:
    """The common coefficient to take out: of exact numbers the greatest common divisor, with a's sign."""
    if isinstance(a, (int, Fraction)) and isinstance(b, (int, Fraction)):
        p, q = Fraction(a), Fraction(b)
        size = Fraction(math.gcd(p.numerator, q.numerator), math.lcm(p.denominator, q.denominator))
        return size if p > 0 or q > 0 else -size
    return a if abs(a) == abs(b) else 1


def _extend(
    forward: dict[int, int], backward: dict[int, int], pairs: object
) -> tuple[dict[int, int], dict[int, int]] | None:
    """A one-to-one map of indices extended by pairs; None where they contradict it."""
    forward, backward = dict(forward), dict(backward)
    for i, j in pairs:  # type: ignore[attr-defined]
        if forward.setdefault(i, j) != j or backward.setdefault(j, i) != i:
            return None
    return forward, backward


def _matchings(
    a: Network, b: Network, seeds: tuple[dict[int, int], dict[int, int]], budget: list[int]
) -> list[tuple[Matching, dict[int, int]]]:
    """Maximal ways to match equal boxes of two networks consistently with their open legs."""
    found: list[tuple[Matching, dict[int, int]]] = []
    seen: set[Matching] = set()
    stack: list[tuple[Matching, dict[int, int], dict[int, int]]] = [((), *seeds)]
    while stack and budget[0] > 0:
        budget[0] -= 1
        matching, forward, backward = stack.pop()
        used_a, used_b = {i for i, _ in matching}, {j for _, j in matching}
        for i, box in enumerate(a.operands):
            if i in used_a or not box.order:
                continue
            for j, other in enumerate(b.operands):
                if j in used_b or other is not box:
                    continue
                extended = _extend(forward, backward, zip(a.indices[i], b.indices[j], strict=True))
                grown = tuple(sorted((*matching, (i, j))))
                if extended is not None and grown not in seen:
                    seen.add(grown)
                    found.append((grown, extended[0]))
                    stack.append((grown, *extended))
    return found


def _rests(
    a: Network, b: Network, matching: Matching, forward: dict[int, int]
) -> tuple[Network, Network, list[int], list[int]] | None:
    """The two networks without the common part, both open towards it at the same places."""
    rest_a = [k for k in range(len(a.operands)) if k not in {i for i, _ in matching}]
    rest_b = [k for k in range(len(b.operands)) if k not in {j for _, j in matching}]
    limit = max(2, len(matching))
    if not rest_a or not rest_b or len(rest_a) > limit or len(rest_b) > limit:
        return None
    in_a = {i for k in rest_a for i in a.indices[k]}
    in_b = {i for k in rest_b for i in b.indices[k]}
    outside_a = set(a.output).union(*(a.indices[i] for i, _ in matching))
    outside_b = set(b.output).union(*(b.indices[j] for _, j in matching))
    boundary = sorted(in_a & outside_a)
    if not 1 <= len(boundary) <= 2 or {forward[i] for i in boundary} != in_b & outside_b:
        return None
    if not _covers(a, outside_a | in_a) or not _covers(b, outside_b | in_b):
        return None
    there = [forward[i] for i in boundary]
    made_a, made_b = _part(a, rest_a, boundary), _part(b, rest_b, there)
    if not (_touches_boundary(made_a) and _touches_boundary(made_b)):
        return None
    return made_a, made_b, boundary, there


def _covers(network: Network, indices: set[int]) -> bool:
    """No index is left that stands nowhere: its factor n would be lost."""
    return len(indices) == len(network.dims)


def _touches_boundary(part: Network) -> bool:
    """Whether every connected piece of a part has an open leg: a scalar factor would not read well inside."""
    from .canonical import components

    open_ = set(part.output)
    return all(open_ & set(indices) for _, indices in components(part))


def _part(network: Network, operands: list[int], open_: list[int]) -> Network:
    part = Network(
        1,
        tuple(network.operands[k] for k in operands),
        tuple(network.indices[k] for k in operands),
        tuple(open_),
        network.dims,
    )
    return _used(part)

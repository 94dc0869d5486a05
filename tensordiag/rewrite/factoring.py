"""Factoring: what several terms of a sum have in common is taken out of each and glued on outside.

`A x + Aᵀ x` is `(A + Aᵀ) x`: removing a box is the derivative's own step, so the factored form is the sum of the
terms' environments with the common part joined to it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from itertools import combinations
from typing import NamedTuple

from ..core.algebra import hadamard
from ..core.expressions import Expr, Sum, add, one
from ..core.networks import Network, flatten
from ..core.numbers import Number, as_number
from .canonical import box_key, components
from .normalforms import split_scalars

__all__ = ["factor_terms"]

_MOST_TERMS = 12
_MOST_OPERANDS = 24
_MOST_WRITTEN = 500
_STEPS = 400

Matching = tuple[tuple[int, int], ...]


Term = tuple[Number, Expr]


def factor_terms(total: Sum, finish: Callable[[Network], Expr]) -> Expr:
    """The sum with pairs of terms factored as long as the result is shorter; `finish` puts a network in form."""
    from .simplification import term_key, written_size

    terms = list(total.terms)
    if not 1 < len(terms) <= _MOST_TERMS:
        return total
    shared = _take_scalars(terms, total, finish)
    if shared is not None or written_size(total) > _MOST_WRITTEN:
        return total if shared is None else shared
    tried: dict[tuple[Term, Term, bool], tuple[int, Callable[[], Expr]] | None] = {}
    while True:
        best: tuple[int, int, int, Callable[[], Expr]] | None = None
        for (i, first), (j, second) in combinations(enumerate(terms), 2):
            pair = (first, second, len(terms) == 2)
            if pair not in tried:
                tried[pair] = _factor_pair(first, second, finish, alone=pair[2])
            found = tried[pair]
            if found is not None and (best is None or found[0] > best[0]):
                best = (found[0], i, j, found[1])
        if best is None:
            return add(sorted(terms, key=lambda term: term_key(term[1])), total.dims).base
        _, i, j, build = best
        made = build()
        terms = [term for k, term in enumerate(terms) if k not in (i, j)]
        terms.insert(i, (1, made))
        terms = [(as_number(n * m), t) for n, e in terms for m, t in _single(e)]


def _single(term: Expr) -> tuple[Term, ...]:
    """The coefficient and the rest of a term."""
    return term.terms if isinstance(term, Sum) and len(term.terms) == 1 else ((1, term),)


def _take_scalars(terms: list[Term], total: Sum, finish: Callable[[Network], Expr]) -> Expr | None:
    """The scalar factors that all terms share, times the sum of what is left, itself factored.

    A scalar that is left in a term as well (t beside t²) is no factor that one would take out, except where the terms
    differ in their scalars only: a x − a² x is a (1 − a)x.
    """
    split = [(c, *split_scalars(term)) for c, term in terms]
    counts = [Counter(_finished(scalar, finish) for scalar in scalars) for _, _, scalars, _ in split]
    common = counts[0].copy()
    for count in counts[1:]:
        common &= count
    rests = {rest for _, _, _, rest in split}
    alike = len(rests) == 1 and None not in rests
    left_too: set[Expr] = set() if alike else {scalar for count in counts for scalar in count - common}
    common = Counter({scalar: times for scalar, times in common.items() if scalar not in left_too})
    if not common and not alike:
        return None
    inner: list[Term] = []
    for (c, number, _, rest), count in zip(split, counts, strict=True):
        left = [rest] if rest is not None and not alike else []
        left += (count - common).elements()
        inner.append((as_number(c * number), finish(flatten(reduce(hadamard, left) if left else one()))))
    ratio, inner = _content(inner)
    box = _ordered(inner, inner[0][1])
    if isinstance(box, Sum) and len(box.terms) > 1:
        box = factor_terms(box, finish)
    factors = sorted(common.elements(), key=box_key) + [rest for rest in rests if alike and rest is not None]
    made = finish(flatten(reduce(hadamard, factors, box)))
    return made if ratio == 1 else add([(ratio, made)], total.dims)


def _finished(scalar: Expr, finish: Callable[[Network], Expr]) -> Expr:
    """A scalar factor in form, remembered: every pair of terms asks for the same ones again."""
    memo = scalar.memo
    if "finished" not in memo:
        memo["finished"] = finish(flatten(scalar))
    found: Expr = memo["finished"]
    return found


def _content(terms: list[Term]) -> tuple[Number, list[Term]]:
    """The common coefficient of terms, and the terms without it."""
    ratio = reduce(_common, (c for c, _ in terms))
    return ratio, [(as_number(_divided(c, ratio)), term) for c, term in terms]


def _divided(number: Number, by: Number) -> Number:
    """The quotient, exact where both are."""
    if isinstance(number, (int, Fraction)) and isinstance(by, (int, Fraction)):
        return Fraction(number) / by
    return number if by == 1 else number / by


def _factor_pair(
    first: Term, second: Term, finish: Callable[[Network], Expr], alone: bool
) -> tuple[int, Callable[[], Expr]] | None:
    """(number of common boxes, what builds the factored expression), or None where factoring would not read better."""
    (c, a), (d, b) = (first[0], flatten(first[1])), (second[0], flatten(second[1]))
    if max(len(a.operands), len(b.operands)) > _MOST_OPERANDS:
        return None
    if not alone and _may_share(first[1], second[1]):
        shared = _take_scalars([first, second], Sum((first, second), first[1].dims, False), finish)
        if shared is not None:
            return 1, lambda: shared
    seeds = _extend({}, {}, zip(a.output, b.output, strict=True))
    if seeds is None or not a.output:
        return None
    best: _Common | None = None
    budget = [_STEPS]
    for matching, forward in _matchings(a, b, seeds, budget):
        rests = _rests(a, b, matching, forward)
        if rests is None or not (alone or _is_short(rests[0]) or _is_short(rests[1])):
            continue
        if best is None or len(matching) > len(best.matching):
            best = _Common(*rests, matching)
    if best is None:
        return None
    chosen = best
    return len(best.matching), lambda: _joined(c, a, d, b, chosen, finish)


def _may_share(first: Expr, second: Expr) -> bool:
    """Whether two of several terms would read better with a common scalar out: they differ in scalars or one matrix."""
    rests = [split_scalars(term)[2] for term in (first, second)]
    parts = [flatten(rest) for rest in rests if rest is not None]
    return rests[0] == rests[1] or all(len(part.operands) == 1 and _is_short(part) for part in parts)


class _Common(NamedTuple):
    """Two networks' rests, open towards what they have in common, and the boxes that match."""

    first: Network
    second: Network
    boundary: list[int]
    matching: Matching


def _joined(c: Number, a: Network, d: Number, b: Network, common: _Common, finish: Callable[[Network], Expr]) -> Expr:
    """c a + d b with the sum of the rests joined to the common part."""
    ratio, parts = _content(
        [(as_number(c * a.coefficient), finish(common.first)), (as_number(d * b.coefficient), finish(common.second))]
    )
    box = _opened(add(parts))
    if isinstance(box, Sum) and len(box.terms) > 1:
        box = _take_scalars(list(box.terms), box, finish) or box
    kept = [i for i, _ in common.matching]
    made = Network(
        ratio,
        (box, *(a.operands[k] for k in kept)),
        (tuple(common.boundary), *(a.indices[k] for k in kept)),
        a.output,
        a.dims,
    )
    return finish(flatten(_used(made).to_expr()))


def _is_short(part: Network) -> bool:
    """Whether a part has at most one matrix: a sum of longer products inside a product is harder to read."""
    return sum(len(row) > 1 for row in part.indices) <= 1


def _ordered(terms: list[Term], like: Expr) -> Expr:
    """A sum with its terms in order."""
    from .simplification import collect

    return collect(terms, like)


def _opened(box: Expr) -> Expr:
    """A sum of sums as one sum."""
    if not isinstance(box, Sum):
        return box
    flat: list[Term] = []
    for c, term in box.terms:
        flat.extend([(as_number(c * d), t) for d, t in term.terms] if isinstance(term, Sum) else [(c, term)])
    return _ordered(flat, box)


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
) -> tuple[Network, Network, list[int]] | None:
    """The two networks without the common part, both open towards it at the same places."""
    rest_a = [k for k in range(len(a.operands)) if k not in {i for i, _ in matching}]
    rest_b = [k for k in range(len(b.operands)) if k not in {j for _, j in matching}]
    limit = max(2, len(matching))
    if len(rest_a) > limit or len(rest_b) > limit:
        return None
    in_a = {i for k in rest_a for i in a.indices[k]}
    in_b = {i for k in rest_b for i in b.indices[k]}
    outside_a = set(a.output).union(*(a.indices[i] for i, _ in matching))
    outside_b = set(b.output).union(*(b.indices[j] for _, j in matching))
    backward = {j: i for i, j in forward.items()}
    boundary = sorted(in_a & outside_a) if rest_a else sorted(backward[j] for j in in_b & outside_b if j in backward)
    there = [forward[i] for i in boundary if i in forward]
    if (
        not 1 <= len(boundary) <= (2 if rest_a and rest_b else 1)
        or (rest_b and set(there) != in_b & outside_b)
        or len(there) != len(boundary)
    ):
        return None
    if not _covers(a, outside_a | in_a) or not _covers(b, outside_b | in_b):
        return None
    made_a, made_b = _part(a, rest_a, boundary), _part(b, rest_b, there)
    if not (_touches_boundary(made_a) and _touches_boundary(made_b)):
        return None
    if len(boundary) == 2 and (_scales(made_a) or _scales(made_b)):
        return None
    return made_a, made_b, boundary


def _covers(network: Network, indices: set[int]) -> bool:
    """No index is left that stands nowhere: its factor n would be lost."""
    return len(indices) == len(network.dims)


def _touches_boundary(part: Network) -> bool:
    """Whether a part has an open leg in some piece of it: a scalar alone would not read well inside."""
    open_ = set(part.output)
    return not part.operands or any(open_ & set(indices) for operands, indices in components(part) if operands)


def _scales(part: Network) -> bool:
    """Whether a vector scales a matrix: x∘(A x) + Aᵀ(x∘x) is easier to read than (Diag(x)A + AᵀDiag(x))x."""
    on_matrices = {i for row in part.indices if len(row) > 1 for i in row}
    return any(len(row) == 1 and row[0] in on_matrices for row in part.indices)


def _part(network: Network, operands: list[int], open_: list[int]) -> Network:
    part = Network(
        1,
        tuple(network.operands[k] for k in operands),
        tuple(network.indices[k] for k in operands),
        tuple(open_),
        network.dims,
    )
    return _used(part)

"""Choosing the form: open, distribute, factor and recognise, wherever the joint cost of all results falls."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..core.numbers import Number, as_number
from .sums import divided
from .values import Term, Value, Values, below, is_openable, open_operands

__all__ = [
    "Change",
    "collected",
    "distributed",
    "factored",
    "opened",
    "rebuilt",
    "use_counts",
    "with_inner_coefficients",
]

Change = Callable[[Value], Value]

_MOST_TERMS = 48
_LARGEST_OPENED = 24


def use_counts(roots: Sequence[Value]) -> Counter[int]:
    """How often each value is used: by terms (with multiplicity), by functions, as a result."""
    count = Counter(root.number for root in roots)
    for value in below(roots):
        if value.kind == "poly":
            count.update(o.number for term in value.terms for o in term.operands)
        else:
            count.update(o.number for o in value.operands)
    return count


def rebuilt(values: Values, roots: Sequence[Value], change: Change) -> list[Value]:
    """The roots with every value rebuilt on its changed operands and then changed."""
    made: dict[int, Value] = {}
    for value in below(roots):
        fresh = value
        if any(made[o.number] is not o for o in value.operands):
            if value.kind == "poly":
                terms = [replace(t, operands=tuple([made[o.number] for o in t.operands])) for t in value.terms]
                fresh = values.poly(terms, value.shape)
            else:
                operands = tuple([made[o.number] for o in value.operands])
                fresh = values.make(value.kind, value.data, operands, value.shape, symmetry=value.symmetry)
        made[value.number] = change(fresh)
    return [made[root.number] for root in roots]


def opened(values: Values, roots: Sequence[Value]) -> list[Value]:
    """Open what need not be kept: networks with one user, products that only spread, sums inside sums.

    A sum that holds copy tensors (the Jacobian of a softmax) is distributed into the networks that use it.
    """
    for _ in range(_LARGEST_OPENED):
        count = use_counts(roots)

        def change(value: Value, count: Counter[int] = count) -> Value:
            if value.kind != "poly":
                return value
            terms = [made for term in value.terms for made in _opened_term(term, count)]
            if len(terms) == len(value.terms) and all(a is b for a, b in zip(terms, value.terms, strict=True)):
                return value
            return values.poly(terms, value.shape)

        after = rebuilt(values, roots, change)
        if all(a is b for a, b in zip(after, roots, strict=True)):
            break
        roots = after
    return list(roots)


def collected(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with fewer terms where some of a sum are alike, or cancel, once the products in them are opened."""

    def change(value: Value) -> Value:
        if value.kind != "poly" or len(value.terms) < 2:
            return value
        made = values.poly([_spelled_out(term) for term in value.terms], value.shape)
        return made if made.kind != "poly" or len(made.terms) < len(value.terms) else value

    return opened(values, rebuilt(values, roots, change))


def _spelled_out(term: Term) -> Term:
    """A term with the products among its operands opened that sum nothing."""
    while len(term.operands) <= _LARGEST_OPENED:
        chosen = {o.number for o in term.operands if is_openable(o) and len(o.terms) == 1 and not _sums(o.terms[0])}
        if not chosen:
            break
        term = open_operands(term, lambda box, chosen=chosen: box.terms[0] if box.number in chosen else None)  # type: ignore[misc]
    return term


def _sums(term: Term) -> bool:
    return any(i not in term.output for row in term.rows for i in row)


def _opened_term(term: Term, count: Counter[int]) -> list[Term]:
    single = [o for o in term.operands if _opens(o, count, term)]
    if single:
        chosen = {o.number for o in single}
        term = open_operands(term, lambda box: box.terms[0] if box.number in chosen else None)
    spread = [
        o
        for o in term.operands
        if o.kind == "poly"
        and len(o.terms) != 1
        and is_openable(o)
        and (
            any(_has_copies(t) for t in o.terms)
            or (len(term.operands) == 1 and _is_whole(term) and count[o.number] < 2)
        )
    ]
    if not spread or len(term.operands) > _LARGEST_OPENED:
        return [term]
    return distributed(term, {o.number for o in spread})


def _opens(box: Value, count: Counter[int], user: Term) -> bool:
    """Whether a network of one term is better part of the network that uses it."""
    if box.kind != "poly" or len(box.terms) != 1 or len(box.terms[0].operands) > _LARGEST_OPENED:
        return False
    term = box.terms[0]
    if not is_openable(box):
        return False
    if count[box.number] < 2 or not term.is_plain:
        return len(user.operands) + len(term.operands) <= _LARGEST_OPENED or not term.is_plain
    return not _sums(term) and box.entries > 2 * max((o.entries for o in term.operands), default=0)


def _has_copies(term: Term) -> bool:
    return len(set(term.output)) != len(term.output)


def _is_whole(term: Term) -> bool:
    """Whether a term is its one operand, axis by axis."""
    return sorted(term.rows[0]) == sorted(term.output) and len(set(term.output)) == len(term.output)


def distributed(term: Term, numbers: set[int]) -> list[Term]:
    """The term with these sums multiplied out; the term itself where that makes too many terms."""
    places = [k for k, o in enumerate(term.operands) if o.number in numbers and is_openable(o)]
    total = 1
    for k in places:
        total *= len(term.operands[k].terms)
    if total > _MOST_TERMS:
        return [term]
    made = []
    for choice in itertools.product(*(term.operands[k].terms for k in places)):
        picked = dict(zip(places, choice, strict=True))
        marks = [Value(-1 - k, "mark", None, (), o.shape) if k in picked else o for k, o in enumerate(term.operands)]
        marked = replace(term, operands=tuple(marks))
        made.append(open_operands(marked, lambda box, picked=picked: picked.get(-1 - box.number)))  # type: ignore[misc]
    return made


def distributed_everywhere(values: Values, roots: Sequence[Value], target: Value) -> list[Value]:
    """The roots with one sum multiplied out in every network that uses it once.

    A network that has it twice, such as ‖T − UVᵀ‖², keeps it: multiplied out, its terms would cancel.
    """

    def change(value: Value) -> Value:
        if value.kind != "poly" or value is target or target not in value.operands:
            return value
        terms = [
            made
            for t in value.terms
            for made in (distributed(t, {target.number}) if t.operands.count(target) == 1 else [t])
        ]
        return values.poly(terms, value.shape) if len(terms) <= _MOST_TERMS else value

    return opened(values, rebuilt(values, roots, change))


# -- factoring -----------------------------------------------------------------------------------------


def factored(values: Values, value: Value, factor: Value) -> Value | None:
    """The polynomial with a common operand taken out of all terms that have it in the same place; None if none."""
    groups: dict[Any, list[tuple[Term, int]]] = {}
    for term in value.terms:
        seen: set[Any] = set()
        for k, (box, row) in enumerate(zip(term.operands, term.rows, strict=True)):
            if box is not factor or len(set(row)) != len(row) or term.fixed:
                continue
            legs = tuple([tuple([p for p, i in enumerate(term.output) if i == leg]) for leg in row])
            if legs not in seen:
                seen.add(legs)
                groups.setdefault(legs, []).append((term, k))
    if not groups:
        return None
    legs = max(groups, key=lambda g: (len(groups[g]), g))
    if len(groups[legs]) < 2:
        return None
    inside = {id(term) for term, _ in groups[legs]}
    rest = _rest(values, groups[legs], legs)
    if rest is None:
        return None
    others = [term for term in value.terms if id(term) not in inside]
    return values.poly([rest, *others], value.shape)


def _rest(values: Values, members: Sequence[tuple[Term, int]], legs: Sequence[tuple[int, ...]]) -> Term | None:
    """The factor's row times the sum of what is left of the terms."""
    first, place = members[0]
    count = len(legs)
    covered = {p: leg for leg, places in enumerate(legs) for p in places}
    size = {leg: first.size[first.rows[place][leg]] for leg in range(count)}
    touched = [
        leg
        for leg in range(count)
        if not legs[leg] or any(t.rows[k][leg] in row for t, k in members for j, row in enumerate(t.rows) if j != k)
    ]
    open_places = [p for p in range(len(first.output)) if p not in covered]
    size |= {count + p: first.size[first.output[p]] for p in open_places}
    inner = []
    for term, k in members:
        output = (*(term.rows[k][leg] for leg in touched), *(term.output[p] for p in open_places))
        operands = term.operands[:k] + term.operands[k + 1 :]
        rows = term.rows[:k] + term.rows[k + 1 :]
        inner.append(replace(term, operands=operands, rows=rows, output=output))
    left = (*touched, *(count + p for p in open_places))
    rest = values.poly(inner, [size[i] for i in left])
    output = tuple([covered[p] if p in covered else count + p for p in range(len(first.output))])
    return Term(1, (members[0][0].operands[place], rest), (tuple(range(count)), left), output, size)


def factored_everywhere(values: Values, roots: Sequence[Value], target: Value, factor: Value) -> list[Value]:
    """The roots with a factor taken out of one polynomial."""

    def change(value: Value) -> Value:
        if value is not target:
            return value
        return factored(values, value, factor) or value

    return opened(values, rebuilt(values, roots, change))


def common_factors(value: Value) -> Iterable[Value]:
    """The operands that at least two terms of a polynomial have, largest first."""
    count: Counter[Value] = Counter()
    for term in value.terms:
        count.update(set(term.operands))
    return sorted((o for o, n in count.items() if n > 1), key=lambda o: (-o.entries, o.number))


# -- coefficients --------------------------------------------------------------------------------------


def with_inner_coefficients(values: Values, roots: Sequence[Value]) -> list[Value]:
    """The roots with a coefficient that all users of a sum share put into the sum, so that it is applied once."""
    while found := _shared_coefficient(roots):
        target, factor = found
        roots = rebuilt(values, roots, partial(_with_scaled, values, target, factor))
    return list(roots)


def _with_scaled(values: Values, target: Value, factor: Number, value: Value) -> Value:
    """A polynomial that uses a sum, on the scaled sum."""
    if value.kind != "poly" or target not in value.operands:
        return value
    scaled = values.poly([term.scaled(factor) for term in target.terms], target.shape)
    terms = [
        replace(
            term,
            coefficient=divided(term.coefficient, factor),
            operands=tuple([scaled if o is target else o for o in term.operands]),
        )
        if target in term.operands
        else term
        for term in value.terms
    ]
    return values.poly(terms, value.shape)


def _shared_coefficient(roots: Sequence[Value]) -> tuple[Value, Number] | None:
    """The smallest sum that at least two terms use, all once and with one coefficient up to its sign; that one."""
    seen: dict[int, list[Number]] = {root.number: [1] for root in roots}
    everything = below(roots)
    for value in everything:
        users = value.terms if value.kind == "poly" else [Term(1, value.operands, (), (), {})]
        for term in users:
            for o in term.operands:
                seen.setdefault(o.number, []).append(term.coefficient if term.operands.count(o) == 1 else 1)
    for value in sorted(everything, key=lambda v: v.entries):
        factors = seen.get(value.number, [])
        if value.kind == "poly" and len(value.terms) > 1 and len(factors) > 1:
            factor = factors[0] if all(c == factors[0] for c in factors) else as_number(abs(factors[0]))
            if factor != 1 and all(abs(c) == abs(factor) for c in factors):
                return value, factor
    return None

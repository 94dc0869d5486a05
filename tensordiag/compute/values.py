"""Values at known sizes: polynomials in other values, functions and views of them; equal ones are one object.

A polynomial is a sum of terms, a term a coefficient times a network of operands.  Everything that a plan decides
(distribute, factor, share) is a change of polynomials.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..core.numbers import Number, as_number

__all__ = [
    "Term",
    "Value",
    "Values",
    "all_arrangements",
    "below",
    "canonical_term",
    "is_apply",
    "is_openable",
    "open_operands",
    "reachable",
    "relabelled",
    "results_first",
]

Indices = tuple[int, ...]

_LARGEST_CANONICAL = 10
_ARRANGEMENTS = 64
_REMEMBERED = 4096


class Value:
    """One array of a computation; made by `Values`.

    `kind` is ``"input"``, ``"view"``, ``"apply"`` or ``"poly"`` as lowered; a plan adds ``"pair"``, ``"reduce"``,
    ``"expand"``, ``"scale"`` and ``"sum"``.  `data` is what, with the operands, determines it.  `symmetry` lists
    the axis orders (but the identity) that leave it unchanged, `entries` counts its entries.
    """

    __slots__ = ("data", "entries", "kind", "number", "operands", "shape", "symmetry")

    def __init__(
        self,
        number: int,
        kind: str,
        data: Any,
        operands: tuple[Value, ...],
        shape: Indices,
        symmetry: tuple[Indices, ...] = (),
    ) -> None:
        self.number = number
        self.kind = kind
        self.data = data
        self.operands = operands
        self.shape = shape
        self.symmetry = symmetry
        self.entries = math.prod(shape)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of a polynomial."""
        found: tuple[Term, ...] = self.data
        return found

    def __repr__(self) -> str:
        return f"<{self.kind} {self.number} {self.shape}>"


@dataclass(slots=True, eq=False)
class Term:
    """coefficient · Σ Π operand[row], with the axes `output`; see `networks.SizedNetwork`.

    Never changed (not `frozen`, which takes three times as long to make).
    An index may stand on several operands, several times in the output, or in the output alone.
    """

    coefficient: Number
    operands: tuple[Value, ...]
    rows: tuple[Indices, ...]
    output: Indices
    size: dict[int, int]
    fixed: tuple[tuple[int, int], ...] = ()

    @property
    def kept(self) -> frozenset[int]:
        """The indices that are not summed."""
        gone = {i for i, _ in self.fixed}
        return frozenset(i for i in self.output if i not in gone)

    @property
    def is_plain(self) -> bool:
        """Whether every output index stands once there and on an operand."""
        present = {i for row in self.rows for i in row}
        return not self.fixed and len(set(self.output)) == len(self.output) and present.issuperset(self.output)

    def scaled(self, factor: Number) -> Term:
        """The term times a number."""
        return replace(self, coefficient=as_number(self.coefficient * factor))


def arrangements(operands: Sequence[Value], rows: Sequence[Indices]) -> Iterator[list[tuple[Value, Indices]]]:
    """The ways to write a network that differ by equal operands and by symmetries of operands; at most a budget."""
    order = sorted(range(len(operands)), key=lambda k: (operands[k].number, rows[k]))
    listed = [(operands[k], rows[k]) for k in order]
    groups = [list(part) for _, part in itertools.groupby(listed, key=lambda pair: pair[0].number)]
    if len(operands) > _LARGEST_CANONICAL or all(len(g) == 1 and not g[0][0].symmetry for g in groups):
        yield listed
        return
    choices: list[list[list[tuple[Value, Indices]]]] = []
    count = 1
    for group in groups:
        orders = list(itertools.permutations(group)) if len(group) < 5 else [tuple(group)]
        ways = 1 + len(group[0][0].symmetry)
        if count * len(orders) * ways ** len(group) > _ARRANGEMENTS:
            orders, ways = orders[:1], 1
        made: list[list[tuple[Value, Indices]]] = []
        for chosen in orders:
            if ways == 1:
                made.append(list(chosen))
                continue
            turned = [[row, *(tuple([row[axis] for axis in perm]) for perm in box.symmetry)] for box, row in chosen]
            made.extend(
                [(box, row) for (box, _), row in zip(chosen, way, strict=True)] for way in itertools.product(*turned)
            )
        count *= len(made)
        choices.append(made)
    for parts in itertools.product(*choices):
        yield [pair for part in parts for pair in part]


def all_arrangements(operands: Sequence[Value], rows: Sequence[Indices]) -> Iterable[list[tuple[Value, Indices]]]:
    """`arrangements`, quickly where there is only one: different operands without symmetries."""
    if any(o.symmetry for o in operands) or len({o.number for o in operands}) < len(operands):
        return arrangements(operands, rows)
    listed = list(zip(operands, rows, strict=True))
    listed.sort(key=_number_first)
    return (listed,)


def _number_first(pair: tuple[Value, Indices]) -> int:
    return pair[0].number


@lru_cache(maxsize=_REMEMBERED)
def relabelled(rows: tuple[Indices, ...], output: Indices) -> tuple[tuple[Indices, ...], Indices, Indices]:
    """Rows and output with their indices numbered from 0, first the output's; and the index of each number."""
    label: dict[int, int] = {}
    for i in output:
        label.setdefault(i, len(label))
    made = tuple([tuple([label.setdefault(i, len(label)) for i in row]) for row in rows])
    return made, tuple([label[i] for i in output]), tuple(label)


class Values:
    """The table of values of one computation."""

    def __init__(self) -> None:
        self.known: dict[Any, Value] = {}
        self.count = 0

    def make(
        self,
        kind: str,
        data: Any,
        operands: tuple[Value, ...],
        shape: Sequence[int],
        *,
        key: Any = None,
        symmetry: tuple[Indices, ...] = (),
    ) -> Value:
        """The value with this content (or `key`), made where it is not known."""
        shape = tuple(shape)
        key = (kind, shape, data if key is None else key, tuple([o.number for o in operands]))
        found = self.known.get(key)
        if found is None:
            found = Value(self.count, kind, data, operands, shape, symmetry)
            self.count += 1
            self.known[key] = found
        return found

    def input(self, name: str, shape: Sequence[int], symmetric: bool) -> Value:
        """The array of a tensor."""
        symmetry = ((1, 0),) if symmetric and len(shape) == 2 else ()
        return self.make("input", name, (), shape, symmetry=symmetry)

    def poly(self, terms: Iterable[Term], shape: Sequence[int]) -> Value:
        """The polynomial with these terms: trivial operands opened, equal terms collected.

        It is the operand itself where one term has one operand as it stands.
        """
        collected: dict[Any, Term] = {}
        for term in terms:
            key, canonical = canonical_term(open_trivial(term))
            known = collected.get(key)
            if known is not None:
                canonical = replace(known, coefficient=as_number(known.coefficient + canonical.coefficient))
            collected[key] = canonical
        kept = {key: term for key, term in collected.items() if term.coefficient != 0}
        if len(kept) == 1:
            (term,) = kept.values()
            if (
                len(term.operands) == 1
                and term.coefficient == 1
                and term.is_plain
                and term.rows[0] == term.output
                and term.operands[0].shape == tuple(shape)
            ):
                return term.operands[0]
        ordered = sorted(kept, key=repr) if len(kept) > 1 else list(kept)
        key = (tuple([(k, kept[k].coefficient) for k in ordered]), tuple(shape))
        members = tuple([kept[k] for k in ordered])
        operands = tuple(dict.fromkeys([o for term in members for o in term.operands]))
        return self.make("poly", members, operands, shape, key=key)


def canonical_term(term: Term) -> tuple[Any, Term]:
    """A key that equal terms share (up to their coefficient), and the term written in that order."""
    best: Any = None
    chosen: list[tuple[Value, Indices]] = []
    for listed in all_arrangements(term.operands, term.rows):
        found = relabelled(tuple([row for _, row in listed]), term.output)
        if best is None or found[0] < best[0]:
            best, chosen = found, listed
    rows, output, listed_indices = best
    sizes = tuple([term.size[i] for i in listed_indices])
    fixed = tuple([(listed_indices.index(i), place) for i, place in term.fixed])
    made = Term(term.coefficient, tuple([box for box, _ in chosen]), rows, output, dict(enumerate(sizes)), fixed)
    return (tuple([box.number for box, _ in chosen]), rows, output, sizes, fixed), made


def open_trivial(term: Term) -> Term:
    """The term with operands opened that are polynomials of one term with at most one operand and no sum."""
    if not any(_is_trivial(o) for o in term.operands):
        return term
    return open_operands(term, lambda box: box.terms[0] if _is_trivial(box) else None)


def open_operands(term: Term, choose: Callable[[Value], Term | None]) -> Term:
    """The term with operands replaced by the networks that `choose` gives for them (and for what they contain).

    A chosen network must have the axes of its operand and no fixed index.
    """
    coefficient = term.coefficient
    operands: list[Value] = []
    rows: list[Indices] = []
    rename: dict[int, int] = {}
    size = dict(term.size)
    fresh = max(size, default=-1) + 1

    def find(i: int) -> int:
        while i in rename:
            i = rename[i]
        return i

    pending = list(zip(reversed(term.operands), reversed(term.rows), strict=True))
    while pending:
        box, row = pending.pop()
        inner = choose(box)
        if inner is None:
            operands.append(box)
            rows.append(row)
            continue
        coefficient = as_number(coefficient * inner.coefficient)
        local: dict[int, int] = {}
        for i, leg in zip(inner.output, row, strict=True):
            outer = find(leg)
            known = find(local.setdefault(i, outer))
            if known != outer:
                rename[outer] = known
        for below, r in zip(inner.operands, inner.rows, strict=True):
            for i in r:
                if i not in local:
                    local[i], size[fresh] = fresh, inner.size[i]
                    fresh += 1
            pending.append((below, tuple([local[i] for i in r])))
    return _without_lone(
        Term(
            coefficient,
            tuple(operands),
            tuple([tuple([find(i) for i in row]) for row in rows]),
            tuple([find(i) for i in term.output]),
            size,
            tuple([(find(i), p) for i, p in term.fixed]),
        ),
        term,
        find,
    )


def _without_lone(made: Term, before: Term, find: Any) -> Term:
    """Count the indices that stood on an opened operand and now stand nowhere as factors of their size."""
    present = {i for row in made.rows for i in row} | set(made.output)
    coefficient = made.coefficient
    for i in {find(i) for row in before.rows for i in row} - present:
        coefficient = coefficient * made.size[i]
    size = {i: made.size[i] for i in present}
    return Term(as_number(coefficient), made.operands, made.rows, made.output, size, made.fixed)


def is_apply(value: Value, name: str) -> bool:
    """Whether a value is this function of others."""
    return value.kind == "apply" and bool(value.data[0] == name)


def is_openable(box: Value) -> bool:
    """Whether a value is a polynomial with the axes of its terms and no fixed index, so that it can be opened."""
    if box.kind != "poly":
        return False
    return not any(t.fixed or box.shape != tuple([t.size[i] for i in t.output]) for t in box.data)


def _is_trivial(box: Value) -> bool:
    if box.kind != "poly" or len(box.data) != 1:
        return False
    term = box.data[0]
    return len(term.operands) <= 1 and is_openable(box) and all(i in term.output for row in term.rows for i in row)


def below(roots: Iterable[Value]) -> list[Value]:
    """Every value below and with the roots as they were made, which is operands first."""
    seen: dict[int, Value] = {}
    stack = list(roots)
    while stack:
        value = stack.pop()
        if value.number not in seen:
            seen[value.number] = value
            stack.extend(value.operands)
    return [seen[number] for number in sorted(seen)]


def reachable(roots: Iterable[Value]) -> list[Value]:
    """Every value below and with the roots, operands first; iterative."""
    seen: set[int] = set()
    done: set[int] = set()
    order: list[Value] = []
    stack = list(roots)
    stack.reverse()
    while stack:
        value = stack[-1]
        number = value.number
        if number not in seen:
            seen.add(number)
            waiting = [operand for operand in value.operands if operand.number not in seen]
            if waiting:
                waiting.reverse()
                stack += waiting
                continue
        stack.pop()
        if number not in done:
            done.add(number)
            order.append(value)
    return order


def results_first(roots: Iterable[Value]) -> list[Value]:
    """Every value below and with the roots, operands first, and of those that can be computed what ends soonest."""
    found = below(roots)
    users: dict[int, list[Value]] = {value.number: [] for value in found}
    height = dict.fromkeys(users, 0)
    waiting: dict[int, int] = {}
    for value in reversed(found):
        operands = set(value.operands)
        waiting[value.number] = len(operands)
        for operand in operands:
            users[operand.number].append(value)
            height[operand.number] = max(height[operand.number], height[value.number] + 1)
    by_number = {value.number: value for value in found}
    ready = [(height[number], number) for number, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[Value] = []
    while ready:
        value = by_number[heapq.heappop(ready)[1]]
        order.append(value)
        for user in users[value.number]:
            waiting[user.number] -= 1
            if not waiting[user.number]:
                heapq.heappush(ready, (height[user.number], user.number))
    return order

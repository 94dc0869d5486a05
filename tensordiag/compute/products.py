"""From polynomials to a plan: pairwise products, sums and functions, equal ones computed once.

Every network becomes a tree of pairs.  Results are known by what they are a product of, so that a subproduct that
several networks have (also mirrored, where an operand occurs twice or is symmetric) is one value of the plan.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.numbers import Number, as_number
from .costs import PairCosts, traffic_cost
from .forms import use_counts
from .pair_forms import PairForm, pair_layout
from .paths import DEFAULT, Search, find_path
from .slicing import Slicing, inner_inputs, sliced_indices, sliced_parts
from .sums import Core, common_factor, core_places, divided, output_pattern, sum_symmetry
from .sweeps import Tree, along, products_of_others, swept
from .trees import best_tree, with_legs
from .values import Term, Value, Values, all_arrangements, is_apply, relabelled, results_first

__all__ = ["Handle", "Planner", "Removal"]

Indices = tuple[int, ...]

_SMALL = 6
_LARGE = 4096


@dataclass(frozen=True, slots=True)
class Handle:
    """coefficient · (a plan's value with its axes reordered: axis k is the value's axis `axes[k]`)."""

    value: Value
    axes: Indices
    coefficient: Number = 1

    def row(self, row: Sequence[int]) -> Indices:
        """The indices of the value's own axes, from those of the reordered axes."""
        own = [0] * len(row)
        for axis, i in zip(self.axes, row, strict=True):
            own[axis] = i
        return tuple(own)


def _numbers(operands: Iterable[Value]) -> Indices:
    """What tells which operands a network has."""
    return tuple(sorted([operand.number for operand in operands]))


def _straight(value: Value) -> Handle:
    return Handle(value, tuple(range(len(value.shape))))


class Planner:
    """Makes the plan's values for a set of polynomials.

    `popular` says of how many networks some operands are part (the `seen` of an earlier planner): the cost of their
    product is then shared out among them, which may find what is good for all of them together.
    """

    def __init__(
        self,
        values: Values,
        search: Search = DEFAULT,
        popular: Mapping[Indices, int] | None = None,
        slicing: Slicing | None = None,
    ) -> None:
        self.values = values
        self.popular = popular or {}
        self.seen: Counter[Indices] = Counter()
        self.listed: set[Indices] = set()
        self.handles: dict[int, Handle] = {}
        self.products: dict[Any, tuple[Value, Indices]] = {}
        self.removals: dict[Any, list[tuple[Value, Indices, Number]]] = {}
        self.paths: dict[Any, Any] = {}
        self.swept: set[Indices] = set()
        self.search = search
        self.slicing = slicing

    def plan(self, roots: Iterable[Value]) -> list[Value]:
        """The plan's values of the roots, each with the axes of its root."""
        roots = list(roots)
        count = use_counts(roots)
        order = results_first(roots)
        self.swept |= {_numbers(value.operands[0].operands) for value in order if value.kind == "removed"}
        for value in order:
            if value.number not in self.handles:
                made = self._realise(value)
                if abs(made.coefficient) != 1 and count[value.number] > 1:  # scale once, not at every user
                    made = Handle(self.array(replace(made, axes=tuple(range(len(made.axes))))), made.axes)
                self.handles[value.number] = made
        return [self.array(self.handles[root.number]) for root in roots]

    def array(self, handle: Handle) -> Value:
        """The handle as a value: scaled and reordered where it has to be."""
        value = handle.value
        if handle.coefficient != 1:
            value = self.values.make("scale", handle.coefficient, (value,), value.shape, symmetry=value.symmetry)
        if handle.axes != tuple(range(len(handle.axes))):
            shape = [value.shape[axis] for axis in handle.axes]
            value = self.values.make("turn", handle.axes, (value,), shape)
        return value

    def _realise(self, value: Value) -> Handle:
        if value.kind == "poly":
            return self._polynomial(value)
        if value.kind == "removed":
            return self._removed(value)
        if not value.operands or value.kind == "network":
            return _straight(value)
        if is_apply(value, "sigmoid"):
            inner = self.handles[value.operands[0].number]
            if not isinstance(inner.coefficient, complex):  # the factor goes into the exponential
                made = self.values.make("logistic", inner.coefficient, (inner.value,), inner.value.shape)
                return Handle(made, inner.axes)
        below = tuple([self.array(self.handles[o.number]) for o in value.operands])
        return _straight(self.values.make(value.kind, value.data, below, value.shape))

    # -- polynomials -------------------------------------------------------------------------------

    def _polynomial(self, value: Value) -> Handle:
        shape = value.shape
        if not value.terms:
            return _straight(self.values.make("full", 0, (), shape))
        if len(value.terms) == 1 and value.terms[0].is_plain:
            term = value.terms[0]
            if tuple([term.size[i] for i in term.output]) == shape:
                product, row, coefficient = self.product(term, True)
                return Handle(product, tuple([row.index(i) for i in term.output]), coefficient)
        places = core_places(value.terms)
        pattern = output_pattern(value.terms, places)
        cores = [Core(term, tuple(term.output[p] for p in places)) for term in value.terms]
        made = self._core(cores)
        sizes = tuple([value.terms[0].size[i] for i in value.terms[0].output])
        if pattern != tuple(range(len(places))):
            whole = self.values.make("expand", (pattern, sizes), (self.array(made),), sizes)
            made = _straight(whole)
        if sizes != shape:
            view = self.values.make("view", (shape, None), (self.array(made),), shape)
            made = _straight(view)
        return made

    def _core(self, cores: Sequence[Core]) -> Handle:
        """The sum of terms with no index repeated in all of them."""
        parts = [(*self.product(core.term, len(cores) == 1), core) for core in cores]
        if len(parts) == 1 and parts[0][3].is_plain:
            product, row, coefficient, core = parts[0]
            return Handle(product, tuple([row.index(i) for i in core.output]), coefficient)
        shape = tuple([cores[0].term.size[i] for i in cores[0].output])
        parts_of: dict[Any, tuple[Number, Value]] = {}
        for product, row, coefficient, core in parts:
            label = {i: p for p, i in reversed(list(enumerate(core.output)))}
            fixed = tuple(sorted((label[i], place) for i, place in core.term.fixed if i in label))
            data = (tuple([label[i] for i in row]), tuple([label[i] for i in core.output]), fixed)
            before = parts_of.get((product.number, *data), (0, product))[0]
            parts_of[(product.number, *data)] = (as_number(before + coefficient), product)
        found = {key: part for key, part in sorted(parts_of.items(), key=lambda item: item[0]) if part[0] != 0}
        if len(found) == 1:
            ((_, row, pattern, fixed), (coefficient, product)) = next(iter(found.items()))
            if not fixed and sorted(row) == list(pattern):
                return Handle(product, tuple([row.index(i) for i in pattern]), coefficient)
        common = common_factor([coefficient for coefficient, _ in found.values()]) if found else 1
        scaled = self._scaled_once([(divided(c, common), product) for c, product in found.values()])
        data_ = tuple([(c, *key[1:]) for key, (c, _) in zip(found, scaled, strict=True)])
        operands = tuple([product for _, product in scaled])
        made = self.values.make(
            "sum", data_, operands, shape, symmetry=sum_symmetry(list(zip(operands, data_, strict=True)), shape)
        )
        return Handle(made, tuple(range(len(shape))), common)

    def _scaled_once(self, parts: Sequence[tuple[Number, Value]]) -> list[tuple[Number, Value]]:
        """The terms of a sum, a value that stands twice with one coefficient (itself and transposed) scaled before."""
        count = Counter([(abs(c), product.number) for c, product in parts])
        made = []
        for c, product in parts:
            if not isinstance(c, complex) and abs(c) != 1 and count[abs(c), product.number] > 1:
                product = self.array(Handle(product, tuple(range(len(product.shape))), as_number(abs(c))))
                c = 1 if c > 0 else -1
            made.append((c, product))
        return made

    # -- products ----------------------------------------------------------------------------------

    def product(self, term: Term, alone: bool) -> tuple[Value, Indices, Number]:
        """A term's network as (value, indices of its axes, coefficient); output patterns are left to the caller.

        `alone` says that the term is no part of a sum, so that its coefficient may go to a small operand.
        """
        coefficient = term.coefficient
        leaves: list[tuple[Value, Indices]] = []
        for box, row in zip(term.operands, term.rows, strict=True):
            handle = self.handles[box.number]
            coefficient = coefficient * handle.coefficient
            leaves.append((handle.value, handle.row(row)))
        coefficient = as_number(coefficient)
        if not leaves:
            return self.values.make("full", 1, (), ()), (), coefficient
        kept = term.kept
        if alone and abs(coefficient) != 1 and len(leaves) > 1:
            coefficient = self._scale_small(leaves, coefficient, math.prod([term.size[i] for i in kept]))
        leaves = self.reduced(leaves, kept)
        if len(leaves) == 1:
            return (*leaves[0], coefficient)
        if len(leaves) <= 2:
            return (*self.pair(leaves[0], leaves[1], kept), coefficient)
        sweep = _numbers(term.operands) in self.swept
        if self.slicing is not None:
            tree = self._tree(leaves, kept, sweep)
            parts = self._sliced(leaves, tree, [kept], lambda inner, cut, inside: [along(inner, inside, tree, cut)[-1]])
            if parts is not None:
                return (*parts[0], coefficient)
        if len(leaves) <= _SMALL:
            return (*self._small(leaves, kept, term.output), coefficient)
        return (*along(self, leaves, self._tree(leaves, kept, sweep))[-1], coefficient)

    def _scale_small(self, leaves: list[tuple[Value, Indices]], coefficient: Number, entries: int) -> Number:
        """Put a coefficient on the smallest operand where the result is much larger; what is left of it.

        A matrix that meets itself takes the root on both sides, so that it still does.
        """
        place = min(range(len(leaves)), key=lambda k: leaves[k][0].entries)
        box, row = leaves[place]
        if entries <= _LARGE or 8 * box.entries > entries:
            return coefficient
        straight = tuple(range(len(row)))
        if len(leaves) == 2 and leaves[0][0] is leaves[1][0]:
            if isinstance(coefficient, complex) or coefficient < 0:
                return coefficient
            scaled = self.array(Handle(box, straight, as_number(math.sqrt(coefficient))))
            leaves[:] = [(scaled, row) for _, row in leaves]
        else:
            leaves[place] = (self.array(Handle(box, straight, coefficient)), row)
        return 1

    def reduced(self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int]) -> list[tuple[Value, Indices]]:
        """The operands with repeated indices taken as diagonals and lone indices summed."""
        count: dict[int, int] = dict.fromkeys(kept, 1)
        for _, row in leaves:
            for i in set(row):
                count[i] = count.get(i, 0) + 1
        return [self._reduced(box, row, count) for box, row in leaves]

    def _reduced(self, box: Value, row: Indices, count: Mapping[int, int]) -> tuple[Value, Indices]:
        kept = tuple([i for i in dict.fromkeys(row) if count.get(i, 0) > 1])
        if kept == row:
            return box, row
        label = {i: k for k, i in enumerate(dict.fromkeys(row))}
        data = (tuple([label[i] for i in row]), tuple([label[i] for i in kept]))
        shape = [box.shape[row.index(i)] for i in kept]
        return self.values.make("reduce", data, (box,), shape), kept

    def pair(
        self,
        a: tuple[Value, Indices],
        b: tuple[Value, Indices],
        kept: frozenset[int] | set[int],
        leaves: Sequence[tuple[Value, Indices]] | None = None,
    ) -> tuple[Value, Indices]:
        """The product of two values, summed over the indices that are not kept.

        `leaves` are the operands that it is a product of, where that is more than these two.
        """
        key, listed, twins = self.key(leaves or (a, b), kept)
        known = self.products.get(key)
        if known is not None:
            return known[0], tuple([listed[label] for label in known[1]])
        names = {key: listed}
        if leaves is not None and len(leaves) > 2:  # it may be known as the product of just these two
            other, listed_, _ = self.key((a, b), kept)
            names[other] = listed_
            known = self.products.get(other)
        if known is not None:
            made, out = known[0], tuple([names[other][label] for label in known[1]])
        elif (whole := self._unsummed(leaves or (a, b), kept)) is not None:
            made, out = self._reduced(*whole, dict.fromkeys(kept, 2))
        else:
            rows, out, sizes = pair_layout(a[1], b[1], tuple([i in kept for i in a[1] + b[1]]))
            shapes = a[0].shape + b[0].shape
            shape = [shapes[axis] for axis in sizes]
            turns = dict.fromkeys([tuple([out.index(twin[listed.index(i)]) for i in out]) for twin in twins])
            turns.pop(tuple(range(len(out))), None)
            made = self.values.make("pair", (rows, len(out)), (a[0], b[0]), shape, symmetry=tuple(turns))
        for name, order in names.items():
            self.products[name] = made, tuple([order.index(i) for i in out])
            self.listed.add(name[0])
        return made, out

    def first_pair(self, a: Value, b: Value, form: PairForm) -> Value | None:
        """The product in this form of operands that have not met yet; None where `pair` has to look closer."""
        numbers = (a.number, b.number) if form.in_order else (b.number, a.number)
        if numbers[0] >= numbers[1] or numbers in self.listed or a.symmetry or b.symmetry:
            return None
        shapes = a.shape + b.shape
        made = self.values.make("pair", form.data, (a, b), [shapes[axis] for axis in form.axes])
        self.products[numbers, form.key] = made, form.order
        self.listed.add(numbers)
        return made

    def _unsummed(
        self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int] | set[int]
    ) -> tuple[Value, Indices] | None:
        """The product of these operands before the sum over its last index, where the plan has it: and its indices."""
        if not kept or _numbers([box for box, _ in leaves]) not in self.listed:
            return None
        for i in sorted({i for _, row in leaves for i in row}.difference(kept)):
            key, listed, _ = self.key(leaves, {*kept, i})
            if (known := self.products.get(key)) is not None:
                return known[0], tuple([listed[label] for label in known[1]])
        return None

    def key(
        self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int] | set[int]
    ) -> tuple[Any, Indices, list[Indices]]:
        """What identifies a product; its indices in canonical order; those orders of them that mean the same."""
        best: Any = None
        listed: Indices = ()
        twins: list[Indices] = []
        for ways in all_arrangements([box for box, _ in leaves], [row for _, row in leaves]):
            rows, _, label = relabelled(tuple([row for _, row in ways]), ())
            found = (rows, tuple([i in kept for i in label]))
            if best is None or found < best[1]:
                best, listed, twins = (tuple([box.number for box, _ in ways]), found), label, []
            elif found == best[1]:
                twins.append(label)
        return best, listed, twins

    def _small(
        self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int], output: Indices
    ) -> tuple[Value, Indices]:
        """The best tree of a few operands, subproducts that the plan has already for nothing."""
        squared = self._squared(leaves, kept)
        if squared is not None:
            return squared
        sizes = {i: n for box, row in leaves for i, n in zip(row, box.shape, strict=True)}
        wanted = [i for i in dict.fromkeys(output) if i in sizes and i in kept]
        found: set[Indices] = set()

        def counted(members: Sequence[int], legs: frozenset[int], cost: float) -> float:
            inside = [leaves[k] for k in members]
            numbers = _numbers([box for box, _ in inside])
            found.add(numbers)
            if numbers in self.listed:
                if self.key(inside, legs)[0] in self.products:
                    return 0.0
                if (whole := self._unsummed(inside, legs)) is not None:
                    cost = min(cost, traffic_cost(whole[0].entries, 1))
            return cost / max(1, self.popular.get(numbers, 1) - self.seen[numbers])

        costs = PairCosts(sizes, [row for box, row in leaves if box.kind != "pair"], wanted)
        tree = best_tree(costs, [frozenset(row) for _, row in leaves], kept.intersection(sizes), counted)
        self.seen.update(found)
        made: list[tuple[Value, Indices]] = list(leaves)
        below: list[list[tuple[Value, Indices]]] = [[leaf] for leaf in leaves]
        for a, b, legs in tree:
            below.append(below[a] + below[b])
            made.append(self.pair(made[a], made[b], legs, below[-1]))
        return made[-1]

    def _squared(self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int]) -> tuple[Value, Indices] | None:
        """(a∘b)·(a∘b) for elementwise operands that all stand there twice, so that a∘b is computed once."""
        single = [leaf for leaf, times in Counter(leaves).items() for _ in range(times // 2)]
        inside = frozenset(leaves[0][1])
        if 2 * len(single) != len(leaves) or any(inside.symmetric_difference(row) for _, row in leaves):
            return None
        half = single[0]
        for k, leaf in enumerate(single[1:], 2):
            half = self.pair(half, leaf, inside, single[:k])
        return self.pair(half, half, kept, leaves)

    def _tree(
        self, leaves: Sequence[tuple[Value, Indices]], kept: frozenset[int], sweep: bool = False
    ) -> list[tuple[int, int, frozenset[int]]]:
        sizes = {i: n for box, row in leaves for i, n in zip(row, box.shape, strict=True)}
        sets = [frozenset(row) for _, row in leaves]
        label: dict[int, int] = {}
        rows = tuple([tuple([label.setdefault(i, len(label)) for i in row]) for _, row in leaves])
        key = (rows, tuple(sizes[i] for i in label), tuple(i in kept for i in label), sweep)
        if key not in self.paths:
            self.paths[key] = find_path(sets, kept, sizes, self.search, sweep)
        return with_legs(sets, kept, self.paths[key])

    # -- environments ------------------------------------------------------------------------------

    def _removed(self, value: Value) -> Handle:
        """One environment of a network; all of them come from one tree, by the removal rule."""
        removal: Removal = value.data
        key = (*[o.number for o in value.operands], removal.adjoint)
        if key not in self.removals:
            self.removals[key] = self._environments(value)
        box, row, coefficient = self.removals[key][removal.place]
        if sorted(row) == sorted(removal.output):
            return Handle(box, tuple([row.index(i) for i in removal.output]), coefficient)
        label = {i: p for p, i in reversed(list(enumerate(removal.output)))}
        data = ((1, tuple([label[i] for i in row]), tuple([label[i] for i in removal.output]), ()),)
        made = self.values.make("sum", data, (box,), value.shape)
        return Handle(made, tuple(range(len(value.shape))), coefficient)

    def _environments(self, value: Value) -> list[tuple[Value, Indices, Number]]:
        """For every operand the network without it, times the adjoint: (value, its indices, coefficient)."""
        adjoint: Indices | None = value.data.adjoint
        whole = value.operands[0]
        coefficient, rows, kept = whole.data
        handles = [self.handles[o.number] for o in whole.operands]
        leaves = self.reduced([(h.value, h.row(row)) for h, row in zip(handles, rows, strict=True)], kept)
        tree = self._tree(leaves, kept, True)
        joined: list[tuple[Value, Indices]] = []
        if adjoint is not None:
            handle = self.handles[value.operands[1].number]
            coefficient = coefficient * handle.coefficient
            joined = [(handle.value, handle.row(adjoint))]
        outer = frozenset(adjoint or ()) - kept
        found: Sequence[tuple[Value, Indices] | None] | None = None
        if self.slicing is not None:
            found = self._sliced(
                leaves + joined,
                tree,
                [frozenset(row) | outer for _, row in leaves],
                lambda inner, cut, inside: swept(inner, inside, tree, outer, cut),
            )
        if found is None:
            found = swept(self, leaves + joined, tree, outer)
        factors = products_of_others([handle.coefficient for handle in handles])
        one = self.values.make("full", 1, (), ()), ()
        return [(*(found[k] or one), as_number(coefficient * factors[k])) for k in range(len(rows))]

    def _sliced(
        self,
        operands: Sequence[tuple[Value, Indices]],
        tree: Tree,
        wanted: Sequence[frozenset[int]],
        compute: Callable[[Planner, frozenset[int], Sequence[tuple[Value, Indices]]], Sequence[Any]],
    ) -> list[tuple[Value, Indices]] | None:
        """The results of a network with as few sliced indices as the limit asks for; None where none has to be.

        `compute` gives the results of one slice, from a planner, the sliced indices and the operands; `wanted` are
        the indices of each.
        """
        assert self.slicing is not None
        sizes = {i: n for box, row in operands for i, n in zip(row, box.shape, strict=True)}
        sets = [frozenset(row) for _, row in operands[: len(tree) + 1]]
        for cut in sliced_indices(tree, sets, sizes, self.slicing):
            inner = Planner(Values(), self.search)
            inside = inner_inputs(inner.values, operands, cut)
            found = [
                part or (inner.values.make("full", 1, (), ()), ()) for part in compute(inner, frozenset(cut), inside)
            ]
            parts = sliced_parts(
                self.values, inner.values, operands, [box for box, _ in inside], found, wanted, (cut, self.slicing)
            )
            if parts is not None:
                return parts if cut else None
        return None


@dataclass(frozen=True, slots=True)
class Removal:
    """A network without the operand `place`.

    The value's operands are the network (a value whose data are its coefficient, a row for each operand and its open
    indices) and perhaps an adjoint with the indices `adjoint`, joined to the open ones; `output` are the indices of
    the result.
    """

    place: int
    adjoint: Indices | None
    output: Indices

"""Networks computed slice by slice: an index is fixed at one place after the other, so that intermediates are smaller.

The slices of an index that is summed are added up, those of an index that is kept are put side by side.  Which indices
are sliced is decided greedily: the one of the largest intermediate that costs the least extra work
(Gray and Kourtis, Hyper-optimized tensor network contraction, Quantum 5, 410, 2021, section 4.3).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Array
from .layouts import arranged
from .memory import peak_bytes
from .sweeps import Tree
from .values import Value, Values, reachable

__all__ = ["Slices", "Slicing", "inner_inputs", "run_slices", "sliced_indices", "sliced_parts"]

Indices = tuple[int, ...]

_MOST_SLICES = 2**20


@dataclass(frozen=True, slots=True)
class Slicing:
    """Leave to slice: the bytes that one network may take, in how many threads, and the bytes of a number."""

    limit: int
    threads: int
    itemsize: int


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """One network as a small plan that is run for every slice.

    `rows` are the indices of the operands and `outputs` those of the results, sliced ones included; `sizes` the sizes
    of the sliced indices; `shapes` the shapes of the results.
    """

    inputs: tuple[Value, ...]
    results: tuple[Value, ...]
    order: list[Value]
    rows: tuple[Indices, ...]
    outputs: tuple[Indices, ...]
    sizes: dict[int, int]
    shapes: tuple[Indices, ...]
    threads: int

    @property
    def count(self) -> int:
        """How many slices there are."""
        return math.prod(self.sizes.values())

    def memory(self, itemsize: int) -> tuple[int, int]:
        """The entries of all results, and the bytes that are needed on the way to them."""
        kept = sum(math.prod(shape) for shape in self.shapes)
        apart = self.threads - 1  # every further thread adds up its own results
        return kept, self.threads * peak_bytes(self.order, self.results, itemsize) + apart * kept * itemsize


def sliced_indices(
    tree: Tree, sets: Sequence[frozenset[int]], sizes: Mapping[int, int], leave: Slicing
) -> Iterator[dict[int, int]]:
    """Sets of indices to slice with their sizes, one more each time; they end where there are too many slices.

    The first one is empty, the second one has what the largest intermediate alone asks for.
    """
    cut: dict[int, int] = {}
    yield dict(cut)
    while math.prod(cut.values()) <= _MOST_SLICES:
        left = dict(sizes) | dict.fromkeys(cut, 1)
        index = _dearest_index(tree, sets, left)
        if index is None:
            return
        cut[index] = sizes[index]
        left[index] = 1
        largest = max(math.prod([left[i] for i in legs]) for _, _, legs in tree)
        if largest * leave.itemsize <= leave.limit:
            yield dict(cut)


def _dearest_index(tree: Tree, sets: Sequence[frozenset[int]], sizes: Mapping[int, int]) -> int | None:
    """The index of the tree's largest intermediate whose slicing adds the least work; None where there is none."""
    rows = list(sets)
    work: list[frozenset[int]] = []
    for a, b, legs in tree:
        work.append(rows[a] | rows[b])
        rows.append(legs)
    largest = max(rows[len(sets) :], key=lambda row: math.prod([sizes[i] for i in row]), default=frozenset[int]())
    candidates = sorted(i for i in largest if sizes[i] > 1)
    if not candidates:
        return None
    flops = [math.prod([sizes[i] for i in row]) for row in work]
    apart = {i: sum([n for n, row in zip(flops, work, strict=True) if i not in row]) * sizes[i] for i in candidates}
    return min(candidates, key=lambda i: (apart[i] + sum(flops), i))


def inner_inputs(
    values: Values, operands: Sequence[tuple[Value, Indices]], cut: Mapping[int, int]
) -> list[tuple[Value, Indices]]:
    """The operands of one slice as inputs of a plan of its own: equal ones, cut alike, are one input."""
    made = []
    for box, row in operands:
        left = tuple([axis for axis, i in enumerate(row) if i not in cut])
        at = [str(row[axis]) for axis in range(len(row)) if axis not in left]
        name = f"{box.number}:{','.join(map(str, left))}:{','.join(at)}"
        made.append(
            (values.input(name, [box.shape[axis] for axis in left], False), tuple([row[axis] for axis in left]))
        )
    return made


def sliced_parts(
    outer: Values,
    inner: Values,
    operands: Sequence[tuple[Value, Indices]],
    inputs: Sequence[Value],
    results: Sequence[tuple[Value, Indices]],
    wanted: Sequence[frozenset[int]],
    plan: tuple[Mapping[int, int], Slicing],
) -> list[tuple[Value, Indices]] | None:
    """The results of a network as parts of one sliced value; None where they take more than the limit.

    `wanted` are the indices of each result, sliced ones included; `plan` is the sizes of the sliced indices and the
    leave to slice.
    """
    cut, leave = plan
    roots = arranged(inner, [value for value, _ in results])
    order = reachable(roots)
    outputs = [(*sorted(i for i in names if i in cut), *row) for names, (_, row) in zip(wanted, results, strict=True)]
    shapes = [
        (*[cut[i] for i in output[: len(output) - len(row)]], *root.shape)
        for output, (_, row), root in zip(outputs, results, roots, strict=True)
    ]
    first: dict[int, int] = {}
    for place, value in enumerate(inputs):
        first.setdefault(value.number, place)
    kept = sorted(first.values())
    made = Slices(
        tuple([inputs[k] for k in kept]),
        tuple(roots),
        order,
        tuple([operands[k][1] for k in kept]),
        tuple(outputs),
        dict(cut),
        tuple(shapes),
        _thread_count(sum(math.prod(shape) for shape in shapes), math.prod(cut.values()), leave),
    )
    entries, passing = made.memory(leave.itemsize) if cut else (0, peak_bytes(order, roots, leave.itemsize))
    if entries * leave.itemsize + passing > leave.limit:
        return None
    network = tuple([(box.number, row) for box, row in operands])  # an operand may stand in it several times
    key = (network, made.outputs, tuple(sorted(cut.items())))
    whole = outer.make("sliced", made, tuple([operands[k][0] for k in kept]), (), key=key)
    return [
        (outer.make("part", place, (whole,), shape), tuple(output))
        for place, (shape, output) in enumerate(zip(shapes, outputs, strict=True))
    ]


def _thread_count(entries: int, slices: int, leave: Slicing) -> int:
    """One where the results, which every thread adds up, take much of the limit."""
    return 1 if 4 * entries * leave.itemsize * leave.threads > leave.limit else min(leave.threads, slices)


def run_slices(
    body: Callable[..., Any],
    arrays: Sequence[Array],
    rows: tuple[Sequence[Indices], Sequence[Indices]],
    sizes: Mapping[int, int],
    shapes: Sequence[Indices],
    threads: int,
) -> list[Array]:
    """The results of `body`, which takes slices of the arrays, over all slices; in threads.

    `rows` are the indices of the arrays and those of the results; `sizes` says which of them are sliced.
    """
    inside, outputs = rows
    names = list(sizes)
    dtype = np.result_type(*arrays)

    def cut(row: Indices, at: Mapping[int, int]) -> tuple[Any, ...]:
        return tuple([at.get(i, slice(None)) for i in row])

    def work(thread: int) -> list[Array]:
        totals = [np.zeros(shape, dtype) for shape in shapes]
        places = itertools.product(*map(range, sizes.values()))
        for place in itertools.islice(places, thread, None, threads):
            at = dict(zip(names, place, strict=True))
            found = body(*[array[cut(row, at)] for array, row in zip(arrays, inside, strict=True)])
            for total, row, made in zip(totals, outputs, found, strict=True):
                total[cut(row, at)] += made
        return totals

    if threads == 1:
        return work(0)
    with ThreadPoolExecutor(threads) as pool:
        first, *others = pool.map(work, range(threads))
    for other in others:
        for total, more in zip(first, other, strict=True):
            total += more
    return first

"""Contraction order of one network: exact for few operands, by random greedy search for many."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opt_einsum

from ..progress import Progress
from .costs import CompiledCosts, CompiledSweepCosts, PairCosts, SweepCosts
from .trees import Path, annealed, best_tree, path_cost, refined

__all__ = ["DEFAULT", "Search", "find_path"]


@dataclass(frozen=True, slots=True)
class Search:
    """How long to search for a contraction order: random greedy runs, and seconds where a network is very dear.

    For a library that compiles programs itself (`compiled`), which takes seconds, it goes on in a large network where a
    few runs find nothing better, too.
    """

    repeats: int = 64
    seconds: float = 30.0
    compiled: bool = False


DEFAULT = Search()

_COSTS: dict[tuple[bool, bool], Callable[[Mapping[int, int]], PairCosts]] = {
    (False, False): PairCosts,
    (False, True): SweepCosts,
    (True, False): CompiledCosts,
    (True, True): CompiledSweepCosts,
}
"""By whether a compiler takes the path on, and whether all environments are wanted."""
_EXACT = 6
_FIRST_REPEATS = 8
_MANY = 16
_PROMISING = 0.99
_DEAR = 5e-6
_DEARER = 2e-5
_VERY_DEAR = 4.0
_TYPICAL_CALL = 2e-6


def find_path(
    inputs: Sequence[frozenset[int]],
    output: frozenset[int],
    size: Mapping[int, int],
    search: Search = DEFAULT,
    sweep: bool = False,
) -> Path:
    """Pairs of operand numbers to contract, in order; the result of pair k has number len(inputs) + k.

    Operands with equal indices are multiplied first.  With `sweep` all environments count, which come from the same
    tree.  Cost: 3ⁿ up to six operands, else that of opt_einsum's random greedy search.
    """
    path: Path = []
    ids, sets, following = _merge_equal(inputs, path)
    if len(ids) == 1:
        return path
    costs = _COSTS[search.compiled, sweep](size)
    output = output.intersection(size)  # an index of the result alone is no matter of the operands
    if len(ids) <= _EXACT:
        inner = [(a, b) for a, b, _ in best_tree(costs, sets, output)]
    else:
        inner = _searched(costs, sets, output, size, search)
    names = list(ids)
    for a, b in inner:
        path.append((names[a], names[b]))
        names.append(following)
        following += 1
    return path


def _merge_equal(inputs: Sequence[frozenset[int]], path: Path) -> tuple[list[int], list[frozenset[int]], int]:
    """Multiply operands of equal indices: they become one before the search."""
    following = len(inputs)
    first: dict[frozenset[int], int] = {}
    for number, row in enumerate(inputs):
        if row in first:
            path.append((first[row], number))
            first[row] = following
            following += 1
        else:
            first[row] = number
    return list(first.values()), list(first), following


def _searched(
    costs: PairCosts, sets: list[frozenset[int]], output: frozenset[int], size: Mapping[int, int], search: Search
) -> Path:
    """Greedy, refined; where that is dear, the best of several random greedy runs, annealed and refined."""
    inputs, kept, sizes = [set(row) for row in sets], set(output), dict(size)

    def finished(found: Sequence[Sequence[int]]) -> tuple[Path, float]:
        return refined(costs, sets, output, _as_pairs(found, len(sets)))

    path = _as_pairs(opt_einsum.paths.greedy(inputs, kept, sizes), len(sets))
    best = path_cost(costs, sets, output, path)
    patient = search.compiled and len(sets) > _MANY
    calls = 0.0 if patient else len(path) * _TYPICAL_CALL * costs.contractions
    if search.repeats > 1 and best - calls > _DEAR:
        path, best = refined(costs, sets, output, path)
    if search.repeats > 1 and best - calls > _DEARER:
        for repeats in (_FIRST_REPEATS, search.repeats):
            before = best
            random = opt_einsum.RandomGreedy(max_repeats=repeats, minimize="flops")
            path, best = _better((path, best), finished(random(inputs, kept, sizes, None)))
            if best > _PROMISING * before and not patient:  # what a few runs do not make better, many hardly do
                break
        if len(sets) > _MANY:
            path, best = _better((path, best), refined(costs, sets, output, annealed(costs, sets, output, path)))
        if best > _VERY_DEAR:
            for found in _long_search(inputs, kept, sizes, search.seconds):
                path, best = _better((path, best), finished(found))
    return path


def _better(first: tuple[Path, float], second: tuple[Path, float]) -> tuple[Path, float]:
    """The cheaper of two paths with their costs."""
    return second if second[1] < first[1] else first


def _long_search(inputs: list[set[int]], output: set[int], size: dict[int, int], seconds: float) -> Iterator[Any]:
    """Paths as they are found until the time is up: for small arrays, and by partitioning where cotengra is there.

    What is going on is written to stderr after the first seconds.
    """
    try:
        import cotengra
    except ImportError:
        cotengra = None
    with Progress(f"searching for an order to contract {len(inputs)} tensors", seconds) as progress:
        until = time.monotonic() + (seconds / 3 if cotengra else seconds)
        while (left := until - time.monotonic()) > 0:
            random = opt_einsum.RandomGreedy(max_repeats=32, max_time=left, minimize="size")
            yield random(inputs, output, size, None)
            progress.show(f"largest intermediate 2^{math.log2(max(1, random.best['size'])):.0f} entries")
    if cotengra:
        letters = {i: opt_einsum.get_symbol(i) for i in size}
        rows = [[letters[i] for i in row] for row in inputs]
        search = cotengra.HyperOptimizer(max_time=seconds * 2 / 3, progbar=False, parallel=False, minimize="combo")
        yield search(rows, [letters[i] for i in output], {letters[i]: n for i, n in size.items()})


def _as_pairs(found: Sequence[Sequence[int]], operands: int) -> Path:
    """A path of positions, as opt_einsum gives it, as pairs of operand numbers."""
    ids = list(range(operands))
    path: Path = []
    following = operands
    for places in found:
        taken = [ids.pop(place) for place in sorted(places, reverse=True)]
        while len(taken) > 1:
            path.append((taken.pop(), taken.pop()))
            taken.append(following)
            following += 1
        ids.append(taken[0])
    while len(ids) > 1:
        path.append((ids.pop(0), ids.pop(0)))
        ids.append(following)
        following += 1
    return path

"""Contraction order of one network: exact for few operands, by random greedy search for many."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opt_einsum

__all__ = ["DEFAULT", "Search", "best_tree", "find_path", "pair_cost", "path_cost", "traffic_cost"]

Path = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Search:
    """How long to search for a contraction order: random greedy runs, and seconds where a network is very dear."""

    repeats: int = 64
    seconds: float = 30.0


DEFAULT = Search()

_EXACT = 6
_SECONDS_PER_FLOP = 1 / 3e10
_SECONDS_PER_LOOP = 1 / 1.2e9
_SECONDS_PER_ENTRY = 0.6e-9
_SECONDS_PER_CALL = 1e-6
_DEAR = 1e-3
_VERY_DEAR = 10.0


def pair_cost(a: frozenset[int], b: frozenset[int], out: frozenset[int], size: Mapping[int, int]) -> float:
    """Estimated seconds to contract two operands: arithmetic, memory traffic and the call itself."""
    entries = [math.prod([size[i] for i in part]) for part in (a, b, out)]
    everything = a | b
    seconds = traffic_cost(sum(entries), 1)
    if len(everything) == len(out):
        return seconds
    work = math.prod([size[i] for i in everything])
    stacked = bool(a & b & out) and (a <= b or b <= a)  # no matrix product: a loop over the stack
    return seconds + work * (_SECONDS_PER_LOOP if stacked else _SECONDS_PER_FLOP * 2)


def traffic_cost(entries: int, calls: int) -> float:
    """Estimated seconds of calls that read and write so many entries."""
    return entries * _SECONDS_PER_ENTRY + calls * _SECONDS_PER_CALL


def find_path(
    inputs: Sequence[frozenset[int]], output: frozenset[int], size: Mapping[int, int], search: Search = DEFAULT
) -> Path:
    """Pairs of operand numbers to contract, in order; the result of pair k has number len(inputs) + k.

    Operands with equal indices are multiplied first.  Cost: 3ⁿ up to six operands, else that of
    opt_einsum's random greedy search.
    """
    path: Path = []
    ids, sets, following = _merge_equal(inputs, path)
    if len(ids) == 1:
        return path
    if len(ids) <= _EXACT:
        inner = [(a, b) for a, b, _ in best_tree(sets, output, size)]
    else:
        inner = _searched(sets, output, size, search)
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


def best_tree(
    sets: Sequence[frozenset[int]],
    output: frozenset[int],
    size: Mapping[int, int],
    share: Callable[[Sequence[int], frozenset[int]], float] | None = None,
) -> list[tuple[int, int, frozenset[int]]]:
    """The cheapest tree by dynamic programming over subsets, as pairs with the indices that they keep.

    `share(operands, indices)` is the part of a subproduct's cost that counts here: 0 where it is there already.
    """
    n = len(sets)
    everything = (1 << n) - 1
    inside = [frozenset[int]()] * (everything + 1)
    for mask in range(1, everything + 1):
        inside[mask] = inside[mask & (mask - 1)] | sets[(mask & -mask).bit_length() - 1]
    legs = [
        sets[m.bit_length() - 1] if m & (m - 1) == 0 and m else inside[m] & (output | inside[everything ^ m])
        for m in range(everything + 1)
    ]
    best = [0.0] * (everything + 1)
    split = [0] * (everything + 1)
    for mask in range(1, everything + 1):
        if mask & (mask - 1) == 0:
            continue
        best[mask] = math.inf
        counts = 1.0 if share is None else share([k for k in range(n) if mask >> k & 1], legs[mask])
        part = (mask - 1) & mask
        while part > mask ^ part:
            below = best[part] + best[mask ^ part]
            if below < best[mask]:
                total = below + pair_cost(legs[part], legs[mask ^ part], legs[mask], size)
                if total < best[mask]:
                    best[mask], split[mask] = total, part
            part = (part - 1) & mask
        best[mask] *= counts
    order: list[int] = []
    stack = [everything]
    while stack:
        mask = stack.pop()
        if mask & (mask - 1):
            order.append(mask)
            stack += [split[mask], mask ^ split[mask]]
    number = {1 << k: k for k in range(n)}
    tree: list[tuple[int, int, frozenset[int]]] = []
    for mask in reversed(order):
        tree.append((number[split[mask]], number[mask ^ split[mask]], legs[mask]))
        number[mask] = n + len(tree) - 1
    return tree


def _searched(sets: list[frozenset[int]], output: frozenset[int], size: Mapping[int, int], search: Search) -> Path:
    """Greedy, and where that is dear the best of several random greedy runs."""
    inputs, kept, sizes = [set(row) for row in sets], set(output), dict(size)
    path = _as_pairs(opt_einsum.paths.greedy(inputs, kept, sizes), len(sets))
    best = path_cost(sets, output, size, path)
    if search.repeats > 1 and best > _DEAR:
        random = opt_einsum.RandomGreedy(max_repeats=search.repeats, minimize="flops")
        path, best = _better(path, best, random(inputs, kept, sizes), (sets, output, size))
        if best > _VERY_DEAR:
            for found in _long_search(inputs, kept, sizes, search.seconds):
                path, best = _better(path, best, found, (sets, output, size))
    return path


def _better(path: Path, best: float, found: Sequence[Sequence[int]], network: Any) -> tuple[Path, float]:
    """The cheaper of a path and one that was found, and its cost."""
    sets, output, size = network
    other = _as_pairs(found, len(sets))
    cost = path_cost(sets, output, size, other)
    return (other, cost) if cost < best else (path, best)


def _long_search(inputs: list[set[int]], output: set[int], size: dict[int, int], seconds: float) -> Iterator[Any]:
    """Paths as they are found until the time is up: for small arrays, and by partitioning where cotengra is there.

    What is going on is written to stderr after the first seconds.
    """
    progress = Progress(f"searching for an order to contract {len(inputs)} tensors", seconds)
    try:
        import cotengra
    except ImportError:
        cotengra = None
    until = time.monotonic() + (seconds / 3 if cotengra else seconds)
    while (left := until - time.monotonic()) > 0:
        random = opt_einsum.RandomGreedy(max_repeats=32, max_time=left, minimize="size")
        yield random(inputs, output, size)
        progress.show(f"largest intermediate 2^{math.log2(max(1, random.best['size'])):.0f} entries")
    if cotengra:
        letters = {i: opt_einsum.get_symbol(i) for i in size}
        rows = [[letters[i] for i in row] for row in inputs]
        search = cotengra.HyperOptimizer(max_time=seconds * 2 / 3, progbar=False, parallel=False, minimize="combo")
        yield search(rows, [letters[i] for i in output], {letters[i]: n for i, n in size.items()})
    progress.finish()


class Progress:
    """A line on stderr about something that takes long, where stderr is a terminal."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what = what
        self.seconds = seconds
        self.start = time.monotonic()
        self.shown = False

    def show(self, state: str) -> None:
        """Say how far it is, from the third second on."""
        passed = time.monotonic() - self.start
        if passed > 2 and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"\r{self.what}: {passed:.0f} of at most {self.seconds:.0f} s, {state} ")
            sys.stderr.flush()
            self.shown = True

    def finish(self) -> None:
        """End the line."""
        if self.shown:
            sys.stderr.write("\n")


def path_cost(sets: Sequence[frozenset[int]], output: frozenset[int], size: Mapping[int, int], path: Path) -> float:
    """Estimated seconds of a path."""
    rows, alive, total = list(sets), dict(enumerate(sets)), 0.0
    count: dict[int, int] = dict.fromkeys(output, 1)
    for row in sets:
        for i in row:
            count[i] = count.get(i, 0) + 1
    for a, b in path:
        left, right = alive.pop(a), alive.pop(b)
        for row in (left, right):
            for i in row:
                count[i] -= 1
        out = frozenset(i for i in left | right if count[i])
        for i in out:
            count[i] += 1
        total += pair_cost(left, right, out, size)
        alive[len(rows)] = out
        rows.append(out)
    return total


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

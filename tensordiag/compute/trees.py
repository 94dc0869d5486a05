"""Contraction trees: the best one of a few operands, and large ones made better part by part."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from .costs import PairCosts

__all__ = ["Path", "annealed", "best_tree", "path_cost", "refined", "with_legs"]

Path = list[tuple[int, int]]

_PARTS = 6
_ROUNDS = 4
_WORTH = 0.999
_MOVES = 200
"""The rotations tried for every product."""
_HOT, _COLD = 0.1, 1e-3
"""The share of the whole cost that a rotation may well cost more, at first and in the end."""


def best_tree(
    costs: PairCosts,
    sets: Sequence[frozenset[int]],
    output: frozenset[int],
    counted: Callable[[Sequence[int], frozenset[int], float], float] | None = None,
) -> list[tuple[int, int, frozenset[int]]]:
    """The cheapest tree by dynamic programming over subsets, as pairs with the indices that they keep.

    `counted(operands, indices, cost)` is how much of a subproduct's cost counts here: 0 where it is there already.
    """
    tree, _ = _exact(costs, [costs.mask(row) for row in sets], costs.mask(output), counted)
    return [(a, b, costs.indices(legs)) for a, b, legs in tree]


def _exact(
    costs: PairCosts,
    sets: Sequence[int],
    output: int,
    counted: Callable[[Sequence[int], frozenset[int], float], float] | None = None,
) -> tuple[list[tuple[int, int, int]], float]:
    """`best_tree` on bits, and its cost.  Cost: 3ⁿ."""
    n = len(sets)
    everything = (1 << n) - 1
    inside = [0] * (everything + 1)
    for mask in range(1, everything + 1):
        inside[mask] = inside[mask & (mask - 1)] | sets[(mask & -mask).bit_length() - 1]
    legs = [inside[mask] & (output | inside[everything ^ mask]) for mask in range(everything + 1)]
    for k in range(n):
        legs[1 << k] = sets[k]
    best = [0.0] * (everything + 1)
    split = [0] * (everything + 1)
    for mask in range(1, everything + 1):
        if mask & (mask - 1) == 0:
            continue
        least, chosen, out = math.inf, 0, legs[mask]
        part = (mask - 1) & mask
        while part > mask ^ part:
            below = best[part] + best[mask ^ part]
            if below < least:
                total = below + costs.pair(legs[part], legs[mask ^ part], out)
                if total < least:
                    least, chosen = total, part
            part = (part - 1) & mask
        if counted is not None:
            least = counted([k for k in range(n) if mask >> k & 1], costs.indices(out), least)
        best[mask], split[mask] = least, chosen
    order: list[int] = []
    stack = [everything]
    while stack:
        mask = stack.pop()
        if mask & (mask - 1):
            order.append(mask)
            stack += [split[mask], mask ^ split[mask]]
    number = {1 << k: k for k in range(n)}
    tree: list[tuple[int, int, int]] = []
    for mask in reversed(order):
        tree.append((number[split[mask]], number[mask ^ split[mask]], legs[mask]))
        number[mask] = n + len(tree) - 1
    return tree, best[everything]


def _best_of(costs: PairCosts, sets: Sequence[int], output: int) -> tuple[list[tuple[int, int, int]], float]:
    """`_exact`, remembered: large networks have many parts of few forms."""
    rows = (*sets, output)
    listed: list[tuple[int, int, int]] = []
    left = functools.reduce(operator.or_, rows)
    while left:
        bit = left & -left
        left ^= bit
        inside = sum([1 << k for k, row in enumerate(rows) if row & bit])
        listed.append((inside, costs.entries(bit), bit))
    listed.sort()
    kind: Any = type(costs)
    tree, cost = _best_form(kind, len(sets), tuple([(inside, size) for inside, size, _ in listed]))
    return [(a, b, sum([bit for k, (_, _, bit) in enumerate(listed) if legs >> k & 1])) for a, b, legs in tree], cost


@functools.lru_cache(maxsize=4096)
def _best_form(
    kind: type[PairCosts], count: int, indices: tuple[tuple[int, int], ...]
) -> tuple[list[tuple[int, int, int]], float]:
    """`_exact` for so many sets: for every index the sets (and the output) that it is in, as bits, and its size."""
    rows = [sum([1 << i for i, (inside, _) in enumerate(indices) if inside >> k & 1]) for k in range(count + 1)]
    return _exact(kind({i: size for i, (_, size) in enumerate(indices)}), rows[:-1], rows[-1])


def with_legs(
    sets: Sequence[frozenset[int]], kept: frozenset[int], path: Sequence[tuple[int, int]]
) -> list[tuple[int, int, frozenset[int]]]:
    """A path with the indices that each of its results keeps."""
    rows = list(sets)
    count: dict[int, int] = dict.fromkeys(kept, 1)
    for row in sets:
        for i in row:
            count[i] = count.get(i, 0) + 1
    made = []
    for a, b in path:
        for row in (rows[a], rows[b]):
            for i in row:
                count[i] -= 1
        legs = frozenset([i for i in rows[a] | rows[b] if count[i]])
        for i in legs:
            count[i] += 1
        rows.append(legs)
        made.append((a, b, legs))
    return made


def path_cost(costs: PairCosts, sets: Sequence[frozenset[int]], output: frozenset[int], path: Path) -> float:
    """Estimated seconds of a path."""
    return _Tree(costs, sets, output, path).cost


def refined(costs: PairCosts, sets: Sequence[frozenset[int]], output: frozenset[int], path: Path) -> tuple[Path, float]:
    """A path whose small subtrees are the best for what they join, and its cost.

    Subtrees of a few parts are replaced by the exact optimum until nothing changes (subtree reconfiguration: Gray
    and Kourtis, Hyper-optimized tensor network contraction, Quantum 5, 410, 2021).
    """
    tree = _Tree(costs, sets, output, path)
    for _ in range(_ROUNDS):
        improved = [tree.improve(node) for node in tree.dearest_first()]
        if not any(improved):
            break
    return tree.path(), tree.cost


def annealed(costs: PairCosts, sets: Sequence[frozenset[int]], output: frozenset[int], path: Path) -> Path:
    """A path made cheaper by random rotations of its tree; dearer ones are taken too, fewer and fewer.

    It finds what is far from any path that is made greedily.  The same for the same path.  Source: Kalachev, Panteleev
    and Yung, Multi-tensor contraction for XEB verification of quantum circuits, arXiv:2108.05665.
    """
    random = Random(0).random
    tree = _Tree(costs, sets, output, path)
    nodes = list(tree.below)
    total = least = tree.cost
    best = tree.state
    moves = _MOVES * len(nodes)
    share, cooling = _HOT, (_COLD / _HOT) ** (1 / moves)
    for _ in range(moves):
        share *= cooling
        total += tree.rotate(nodes[int(random() * len(nodes))], random, share * total)
        if total < _WORTH * least:
            least, best = total, tree.state
    tree.state = best
    return tree.path()


class _Tree:
    """A contraction tree whose subtrees can be replaced."""

    def __init__(self, costs: PairCosts, sets: Sequence[frozenset[int]], output: frozenset[int], path: Path) -> None:
        self.costs = costs
        self.leaves = len(sets)
        self.legs: dict[int, int] = dict(enumerate([costs.mask(row) for row in sets]))
        self.below: dict[int, tuple[int, int]] = {}
        self.price: dict[int, float] = {}
        self.tried: set[tuple[int, ...]] = set()
        self.next = len(sets)
        for a, b, out in with_legs(sets, output, path):
            self.join(a, b, costs.mask(out))

    @property
    def cost(self) -> float:
        """Estimated seconds of all pairs."""
        return sum(self.price.values())

    def join(self, a: int, b: int, legs: int) -> int:
        """Add the product of two nodes; its number."""
        node = self.next
        self.next += 1
        self.legs[node], self.below[node] = legs, (a, b)
        self.price[node] = self.costs.pair(self.legs[a], self.legs[b], legs)
        return node

    @property
    def state(self) -> tuple[dict[int, tuple[int, int]], dict[int, int], dict[int, float]]:
        """What the products are of, their indices and their prices: to be taken back later."""
        return self.below.copy(), self.legs.copy(), self.price.copy()

    @state.setter
    def state(self, kept: tuple[dict[int, tuple[int, int]], dict[int, int], dict[int, float]]) -> None:
        self.below, self.legs, self.price = kept

    def rotate(self, node: int, random: Callable[[], float], heat: float) -> float:
        """Make (a b) c one of (a c) b and (b c) a, if it is cheaper or else by chance; what it costs more.

        The chance falls with what it costs more, by e for every `heat`.
        """
        inner, c = self.below[node]
        if inner not in self.below or (c in self.below and random() < 0.5):
            inner, c = c, inner
        if inner not in self.below:
            return 0.0
        a, b = self.below[inner]
        if random() < 0.5:
            a, b = b, a
        legs = (self.legs[a] | self.legs[c]) & (self.legs[node] | self.legs[b])
        first = self.costs.pair(self.legs[a], self.legs[c], legs)
        second = self.costs.pair(legs, self.legs[b], self.legs[node])
        more = first + second - self.price[inner] - self.price[node]
        if more > 0 and random() >= math.exp(-more / heat):
            return 0.0
        self.below[inner], self.below[node] = (a, c), (inner, b)
        self.legs[inner], self.price[inner], self.price[node] = legs, first, second
        return more

    def dearest_first(self) -> list[int]:
        """The products, those that cost most first."""
        return sorted(self.below, key=lambda node: (-self.price[node], node))

    def improve(self, root: int) -> bool:
        """Replace the top of the subtree of a product by the best for its parts; whether that made it cheaper."""
        if root not in self.below:
            return False
        parts, inner = list(self.below[root]), [root]
        while len(parts) < _PARTS:
            grow = max([part for part in parts if part in self.below], key=lambda part: self.price[part], default=None)
            if grow is None:
                break
            parts.remove(grow)
            parts += self.below[grow]
            inner.append(grow)
        parts.sort()
        if len(parts) < 3 or (key := (root, *parts)) in self.tried:
            return False
        self.tried.add(key)
        before = sum([self.price[node] for node in inner])
        tree, cost = _best_of(self.costs, [self.legs[part] for part in parts], self.legs[root])
        if cost > before * _WORTH:
            return False
        for node in inner:
            del self.price[node], self.below[node]
        numbers = list(parts)
        for a, b, legs in tree[:-1]:
            numbers.append(self.join(numbers[a], numbers[b], legs))
        a, b, _ = tree[-1]
        self.below[root] = numbers[a], numbers[b]
        self.price[root] = self.costs.pair(self.legs[numbers[a]], self.legs[numbers[b]], self.legs[root])
        return True

    def path(self) -> Path:
        """The pairs, operands before their users."""
        (top,) = self.below.keys() - {part for parts in self.below.values() for part in parts}
        order: list[int] = []
        stack = [top]
        while stack:
            node = stack.pop()
            if node in self.below:
                order.append(node)
                stack += self.below[node]
        number = {leaf: leaf for leaf in range(self.leaves)}
        made: Path = []
        for node in reversed(order):
            a, b = self.below[node]
            made.append((number[a], number[b]))
            number[node] = self.leaves + len(made) - 1
        return made

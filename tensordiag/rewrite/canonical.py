"""The canonical form of a flat network: equal for networks that differ only in the order of commuting factors
and the names of bound indices.

Per connected component: colours of indices and operands are refined from the open legs (colour refinement), what
remains tied is individualised under a budget, and the smallest certificate wins.  Beyond the budget the form is
still a correct network, only perhaps not equal to that of an isomorphic one.  Source: B. McKay, Practical graph
isomorphism (1981); Weisfeiler and Leman (1968) for the refinement.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ..core.expressions import Apply, Expr, Structural, Sum, Tensor
from ..core.networks import Network

__all__ = ["box_key", "canonicalize", "components"]

_LEAVES = 64
_ROUNDS = 40

Key = tuple[Any, ...]


def box_key(box: Expr) -> Key:
    """A total order of boxes that readers expect: tensors by name (numbers by value), then the rest."""
    memo = box.memo
    found: Key | None = memo.get("box_key")
    if found is None:
        if isinstance(box, Tensor):
            parts = tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"(\d+)", box.name) if p)
            found = (0, parts, box.signature, box.conjugate)
        else:
            kind = {Structural: 1, Apply: 2, Sum: 3}.get(type(box), 4)
            found = (kind, (), repr(box), box.digest)
        memo["box_key"] = found
    return found


def components(network: Network) -> list[tuple[list[int], list[int]]]:
    """Connected components as (operand numbers, index numbers), in order of first operand."""
    parent = list(range(len(network.dims)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for row in network.indices:
        for index in row[1:]:
            parent[find(index)] = find(row[0])
    groups: dict[Any, tuple[list[int], list[int]]] = {}
    for number, row in enumerate(network.indices):
        root: Any = find(row[0]) if row else ("scalar", number)
        groups.setdefault(root, ([], []))[0].append(number)
    for index in range(len(network.dims)):
        groups.setdefault(find(index), ([], []))[1].append(index)
    return list(groups.values())


def canonicalize(network: Network, symmetric: Callable[[Expr], bool]) -> Network:
    """The representative of a network's class; `symmetric(box)` says whether a box's legs may be exchanged.

    Cost: about linear in the legs where names differ; refinement rounds times legs else.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, index in enumerate(network.output):
        places[index].append(place)
    parts = []
    for operands, indices in components(network):
        part = _Part(network, operands, indices, places, symmetric)
        parts.append(part.best())
    parts.sort(key=lambda found: found[0])
    order = [operand for _, rows, _ in parts for operand, _ in rows]
    rows = [row for _, part_rows, _ in parts for _, row in part_rows]
    made = Network(
        network.coefficient, tuple(network.operands[k] for k in order), tuple(rows), network.output, network.dims
    )
    return made.numbered()


class _Part:
    """One connected component being put in order."""

    def __init__(
        self,
        network: Network,
        operands: Sequence[int],
        indices: Sequence[int],
        places: dict[int, list[int]],
        symmetric: Callable[[Expr], bool],
    ) -> None:
        self.rows = {k: network.indices[k] for k in operands}
        self.keys = {k: box_key(network.operands[k]) for k in operands}
        self.free = {k: len(self.rows[k]) > 1 and symmetric(network.operands[k]) for k in operands}
        self.index_keys: dict[int, Key] = {i: (tuple(places.get(i, ())), str(network.dims[i])) for i in indices}
        self.touching: dict[int, list[tuple[int, int]]] = {i: [] for i in indices}
        for k, row in self.rows.items():
            for leg, index in enumerate(row):
                self.touching[index].append((k, -1 if self.free[k] else leg))
        self.leaves = 0

    def best(self) -> tuple[Key, list[tuple[int, tuple[int, ...]]], bool]:
        """(certificate, ordered (operand, indices) pairs, whether the budget sufficed)."""
        operands = _ranks(self.keys)
        indices = _ranks(self.index_keys)
        best: tuple[Key, list[tuple[int, tuple[int, ...]]]] | None = None
        stack = [(operands, indices)]
        while stack and self.leaves < _LEAVES:
            operands, indices = self._refine(*stack.pop())
            tied = self._tied(operands)
            if tied is None:
                self.leaves += 1
                found = self._certificate(operands, indices)
                if best is None or found[0] < best[0]:
                    best = found
                continue
            for chosen in reversed(tied):
                apart = {k: (rank, k == chosen) for k, rank in operands.items()}
                stack.append((_ranks(apart), indices))
        assert best is not None or not self.rows
        certificate, rows = best if best is not None else self._certificate(operands, indices)
        return certificate, rows, not stack

    def _refine(self, operands: dict[int, int], indices: dict[int, int]) -> tuple[dict[int, int], dict[int, int]]:
        """Colour refinement until nothing splits any more."""
        operands, indices = self._propagate(operands, indices)
        for _ in range(_ROUNDS):
            count = len(set(operands.values())) + len(set(indices.values()))
            if count == len(operands) + len(indices):
                break
            seen = {i: (rank, sorted((operands[k], leg) for k, leg in self.touching[i])) for i, rank in indices.items()}
            indices = _ranks(seen)
            signatures = {k: (rank, self._colours(k, indices)) for k, rank in operands.items()}
            operands, indices = self._propagate(_ranks(signatures), indices)
            if len(set(operands.values())) + len(set(indices.values())) == count:
                break
        return operands, indices

    def _propagate(self, operands: dict[int, int], indices: dict[int, int]) -> tuple[dict[int, int], dict[int, int]]:
        """Colours of their own for whatever a walk from singular indices reaches without a tie.

        Long chains are put in order in one pass, where refinement alone needs as many rounds as links.
        """
        count: dict[int, int] = defaultdict(int)
        for rank in indices.values():
            count[rank] += 1
        queue = sorted((i for i, rank in indices.items() if count[rank] == 1), key=lambda i: indices[i])
        reached = {i: place for place, i in enumerate(queue)}
        order: dict[int, int] = {}
        for index in queue:  # grows while it is walked
            groups: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
            legs: dict[int, list[int]] = defaultdict(list)
            for k, leg in self.touching[index]:
                if k not in order:
                    legs[k].append(leg)
            for k, mine in legs.items():
                groups[operands[k], tuple(sorted(mine))].append(k)
            for key in sorted(groups):
                if len(groups[key]) > 1:
                    continue
                (k,) = groups[key]
                order[k] = len(order)
                fresh = [i for i in dict.fromkeys(self.rows[k]) if i not in reached]
                if not self.free[k] or len(fresh) == 1:
                    for i in fresh:
                        reached[i] = len(queue)
                        queue.append(i)
        return (
            _ranks({k: (rank, order.get(k, -1)) for k, rank in operands.items()}),
            _ranks({i: (rank, reached.get(i, -1)) for i, rank in indices.items()}),
        )

    def _colours(self, operand: int, indices: dict[int, int]) -> list[int]:
        colours = [indices[i] for i in self.rows[operand]]
        return sorted(colours) if self.free[operand] else colours

    def _tied(self, operands: dict[int, int]) -> list[int] | None:
        """The first class of operands that are still tied and not simply the same factor twice."""
        classes: dict[int, list[int]] = defaultdict(list)
        for k, rank in operands.items():
            classes[rank].append(k)
        for rank in sorted(classes):
            members = classes[rank]
            if len(members) > 1:
                distinct = {self._row(k): k for k in members}
                if len(distinct) > 1:
                    return list(distinct.values())
        return None

    def _row(self, operand: int) -> tuple[int, ...]:
        row = self.rows[operand]
        return tuple(sorted(row)) if self.free[operand] else row

    def _certificate(
        self, operands: dict[int, int], indices: dict[int, int]
    ) -> tuple[Key, list[tuple[int, tuple[int, ...]]]]:
        number: dict[int, int] = {}
        rows: list[tuple[int, tuple[int, ...]]] = []
        text: list[Key] = []
        for k in sorted(operands, key=lambda k: (operands[k], self._fixed_row(k, indices))):
            row = self.rows[k]
            if self.free[k]:
                row = tuple(sorted(row, key=lambda i: indices[i]))
            for index in row:
                number.setdefault(index, len(number))
            rows.append((k, row))
            text.append((self.keys[k], tuple(number[i] for i in row)))
        for index in sorted(indices, key=lambda i: indices[i]):
            number.setdefault(index, len(number))
        by_number = sorted(number, key=number.__getitem__)
        closing = tuple(self.index_keys[i] for i in by_number)
        return (not self.rows, tuple(text), closing), rows

    def _fixed_row(self, operand: int, indices: dict[int, int]) -> list[int]:
        return self._colours(operand, indices)


def _ranks(keys: dict[int, Any]) -> dict[int, int]:
    """Keys replaced by their places in the sorted order of distinct keys."""
    distinct = sorted({_frozen(key) for key in keys.values()})
    rank = {key: place for place, key in enumerate(distinct)}
    return {item: rank[_frozen(key)] for item, key in keys.items()}


def _frozen(key: Any) -> Any:
    return tuple(_frozen(part) for part in key) if isinstance(key, (list, tuple)) else key

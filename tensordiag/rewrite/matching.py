"""Finding a piece in a flat network, and taking operands and indices out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.diagrams import UnionFind
from ..core.networks import Network

__all__ = ["find_copy", "join_indices", "unmerged", "without"]


def without(network: Network, gone: set[int]) -> Network:
    """The network without some operands (their indices stay)."""
    kept = [k for k in range(len(network.operands)) if k not in gone]
    return Network(
        network.coefficient,
        tuple(network.operands[k] for k in kept),
        tuple(network.indices[k] for k in kept),
        network.output,
        network.dims,
    )


def unmerged(index: int, merged: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The indices that an index is merged of, in order; itself where it is none."""
    found: list[int] = []
    stack = [index]
    while stack:
        i = stack.pop()
        if i in merged:
            stack += reversed(merged[i])
        else:
            found.append(i)
    return tuple(found)


def join_indices(network: Network, pairs: list[tuple[int, int]], drop: set[int]) -> Network:
    """Indices made one, and the indices `drop`, which nothing uses any more, removed."""
    union = UnionFind()
    for a, b in pairs:
        union.join(a, b)
    kept = [i for i in range(len(network.dims)) if i not in drop and union.find(i) == i]
    number: dict[Any, int] = {index: place for place, index in enumerate(kept)}
    return Network(
        network.coefficient,
        network.operands,
        tuple(tuple(number[union.find(i)] for i in row) for row in network.indices),
        tuple(number[union.find(i)] for i in network.output),
        tuple(network.dims[i] for i in kept),
    )


_MOST_TRIED = 200


def find_copy(network: Network, piece: Network, row: tuple[int, ...]) -> tuple[set[int], set[int]] | None:
    """Operands that make up a copy of a piece whose open legs are at the indices `row`, and the indices inside it.

    An index inside the copy stands nowhere else.  Gives up after a bounded search.
    """
    start: dict[int, int] = {}
    for mine, its in zip(piece.output, row, strict=True):
        if start.setdefault(mine, its) != its:
            return None
    counts, need = network.occurrences(), piece.occurrences()
    stack: list[tuple[int, dict[int, int], frozenset[int]]] = [(0, start, frozenset())]
    for _ in range(_MOST_TRIED):
        if not stack:
            return None
        place, indices, used = stack.pop()
        if place == len(piece.operands):
            inner = {its for mine, its in indices.items() if mine not in start}
            separate = not inner & set(start.values()) and len(set(indices.values())) == len(indices)
            whole = len(indices) == len(piece.dims)
            if separate and whole and all(counts[indices[i]] == need[i] for i in indices if i not in start):
                return set(used), inner
            continue
        for k, (box, its_row) in enumerate(zip(network.operands, network.indices, strict=True)):
            if k in used or box is not piece.operands[place]:
                continue
            grown = _extended(indices, piece.indices[place], its_row)
            if grown is not None:
                stack.append((place + 1, grown, used | {k}))
    return None


def _extended(indices: dict[int, int], mine: tuple[int, ...], its: tuple[int, ...]) -> dict[int, int] | None:
    """The map of indices with those of two equal rows added; None where they contradict it."""
    grown = dict(indices)
    return grown if all(grown.setdefault(i, j) == j for i, j in zip(mine, its, strict=True)) else None

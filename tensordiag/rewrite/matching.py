"""Taking operands and indices out of a flat network: what every rule does after it has found its match."""

from __future__ import annotations

from typing import Any

from ..core.diagrams import UnionFind
from ..core.networks import Network

__all__ = ["join_indices", "without"]


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

"""Planar layouts: where a network can be drawn without crossings, a drawing without crossings.

An embedding (NetworkX's left–right test) with the open legs on the outer face is triangulated and drawn by Tutte's
method, then relaxed by steps that never bring a crossing back.
Source: W. T. Tutte, "How to draw a graph" (1963).
"""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np

__all__ = ["planar_start"]

Array = np.ndarray[Any, np.dtype[np.float64]]
_ROUNDS = 60


def planar_start(edges: list[tuple[int, int]], count: int, inner: int, wanted: Array) -> Array | None:
    """Points without crossings, or None; numbers from `inner` on are open legs and lie on the outer face."""
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges)
    hub = count
    graph.add_edges_from((leg, hub) for leg in range(inner, count))
    planar, embedding = nx.check_planarity(graph)
    if not planar:
        graph.remove_nodes_from([hub])
        planar, embedding = nx.check_planarity(graph)
        if not planar:
            return None
    position = nx.combinatorial_embedding_to_pos(embedding, fully_triangulate=False)
    at = np.array([position[k] for k in range(count)], dtype=float)
    reach = float(np.median([wanted[a, b] for a, b in edges]))
    lengths = [math.dist(at[a], at[b]) for a, b in edges]
    return _relaxed(at * (1.6 * reach / float(np.median(lengths))), edges, wanted)


def _relaxed(at: Array, edges: list[tuple[int, int]], wanted: Array) -> Array:
    """Reduce the stress node by node, taking no step that makes a crossing."""
    from .stress import crossing_count

    weight = 1.0 / np.where(wanted > 0, wanted, 1.0) ** 2
    np.fill_diagonal(weight, 0.0)
    at = at.copy()
    crossings = crossing_count(at, edges)
    for _ in range(_ROUNDS):
        largest = 0.0
        for node in range(len(at)):
            gaps = at[node] - at
            lengths = np.maximum(np.hypot(gaps[:, 0], gaps[:, 1]), 1e-9)
            pull = weight[node][:, None] * (at + gaps * (wanted[node] / lengths)[:, None])
            target = pull.sum(0) / weight[node].sum()
            here = at[node].copy()
            for share in (1.0, 0.5, 0.2, 0.05):
                at[node] = here + share * (target - here)
                if crossing_count(at, edges) <= crossings:
                    break
                at[node] = here
            largest = max(largest, float(np.hypot(*(at[node] - here))))
        if largest < 0.02:
            break
    return at

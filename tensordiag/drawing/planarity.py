"""Planar layouts: where a network can be drawn without crossings, a drawing without crossings.

An embedding (NetworkX's left–right test) with the open legs on the outer face is triangulated and drawn by Tutte's
method, then relaxed by steps that never bring a crossing back.
Source: W. T. Tutte, "How to draw a graph" (1963).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
from networkx.algorithms.planar_drawing import triangulate_embedding

__all__ = ["planar_start"]

Array = np.ndarray[Any, np.dtype[np.float64]]
_ROUNDS = 60


def planar_start(edges: list[tuple[int, int]], count: int, inner: int, wanted: Array, *, rim: bool) -> Array | None:
    """Points without crossings, or None; numbers from `inner` on are open legs, with `rim` on the outer face."""
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges)
    embedding = _with_rim(graph, list(range(inner, count))) if rim else nx.check_planarity(graph)[1]
    if embedding is None:
        return None
    at = _barycentric(embedding)[:count]
    reach = float(np.median([wanted[a, b] for a, b in edges]))
    lengths = [math.dist(at[a], at[b]) for a, b in edges]
    return _relaxed(at * (1.6 * reach / max(1e-6, float(np.median(lengths)))), edges, wanted)


def _barycentric(embedding: nx.PlanarEmbedding) -> Array:
    """Tutte's drawing: the outer face of the triangulated embedding on a circle, all others amid their neighbours."""
    filled, outer = triangulate_embedding(embedding, fully_triangulate=False)
    count = len(filled)
    matrix, sums = np.eye(count), np.zeros((count, 2))
    for place, node in enumerate(outer):
        turn = 2 * math.pi * place / len(outer)
        sums[node] = math.cos(turn), math.sin(turn)
    for node in sorted(set(range(count)) - set(outer)):
        near = sorted(filled[node])
        matrix[node, near] = -1 / len(near)
    found: Array = np.linalg.solve(matrix, sums).astype(np.float64)
    return found


def _with_rim(graph: nx.Graph, legs: list[int]) -> nx.PlanarEmbedding | None:
    """An embedding with all legs on one face, which is the outer one: they hang on a rim longer than any other face."""
    hub = len(graph)
    wheel = graph.copy()
    wheel.add_edges_from((leg, hub) for leg in legs)
    planar, embedding = nx.check_planarity(wheel)
    if not planar or not legs:
        return None
    rim = itertools.count(hub)
    spokes = list(embedding.neighbors_cw_order(hub))
    stretch = max(3, 2 * (len(graph) + graph.number_of_edges()) // len(spokes) + 1)
    round_ = [[next(rim) for _ in range(stretch)] for _ in spokes]
    ring = [node for part in round_ for node in part]
    rimmed = graph.copy()
    rimmed.add_edges_from(zip(ring, [*ring[1:], ring[0]], strict=True))
    rimmed.add_edges_from((leg, part[0]) for leg, part in zip(spokes, round_, strict=True))
    found: nx.PlanarEmbedding | None = nx.check_planarity(rimmed)[1]
    return found


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

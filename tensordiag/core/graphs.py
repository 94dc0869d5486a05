"""The diagram as a `networkx.MultiGraph`, and derivatives as the removal of a node from it.

Nodes are box numbers with an attribute `box`, and a boundary node `("open", i)` with an attribute `open` for
every open leg.  An edge is a wire: its attribute `ends` holds its two (node, leg) pairs, `dim` its dimension.
Never read legs off the edge's own direction: an undirected edge may iterate either way, and a trace joins a
node to itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import networkx as nx

from ..dimension import Dimension, as_dimension
from ..errors import DimensionError, GraphError, counted
from .diagrams import as_diagram, contract
from .expressions import Expr

__all__ = ["from_networkx", "remove_node", "to_networkx"]


def to_networkx(expr: Expr) -> nx.MultiGraph:
    """The frozen graph of an expression's top level.  Cost: linear in its legs."""
    diagram = as_diagram(expr)
    graph = nx.MultiGraph()
    ends: list[list[tuple[Hashable, int]]] = [[] for _ in diagram.wire_dims]
    for number, (box, row) in enumerate(zip(diagram.boxes, diagram.wires, strict=True)):
        graph.add_node(number, box=box)
        for leg, wire in enumerate(row):
            ends[wire].append((number, leg))
    for place, wire in enumerate(diagram.open):
        graph.add_node(("open", place), open=place)
        ends[wire].append((("open", place), 0))
    for wire, (first, second) in enumerate(ends):
        graph.add_edge(first[0], second[0], ends=(first, second), dim=diagram.wire_dims[wire])
    return nx.freeze(graph)


def remove_node(graph: nx.MultiGraph, node: Hashable) -> nx.MultiGraph:
    """The derivative by one box: the graph without its node, its wires left open.

    The new open legs stand after those that were there, in the order of the node's legs.  A wire that joined
    the node to itself stays as a bare wire between two of the new open legs (an identity matrix).
    Source: R. Penrose; K. Nakahira, arXiv:2207.04377.  Cost: linear in the graph (it is copied).

    >>> import tensordiag as td
    >>> x, y = td.tensors("x[n] y[n]")
    >>> graph = td.flat(x * y).graph
    >>> td.from_networkx(td.remove_node(graph, 0)).flat() == td.diff(x * y, x).flat()
    True
    """
    if node not in graph or "box" not in graph.nodes[node]:
        raise GraphError(f"there is no box {node!r} in this graph")
    made = nx.MultiGraph()
    made.add_nodes_from((n, dict(data)) for n, data in graph.nodes(data=True) if n != node)
    first = sum("open" in data for _, data in graph.nodes(data=True))
    for leg in range(graph.nodes[node]["box"].order):
        made.add_node(("open", first + leg), open=first + leg)
    for _, _, data in graph.edges(data=True):
        ends = tuple((("open", first + end[1]), 0) if end[0] == node else end for end in data["ends"])
        made.add_edge(ends[0][0], ends[1][0], ends=ends, dim=data["dim"])
    return made


def from_networkx(graph: nx.MultiGraph) -> Expr:
    """The expression of a graph in the form that `to_networkx` makes; the inverse of `expr.graph`.

    Raises `GraphError` naming the node or wire that breaks the form: a node that is neither a box nor
    an open leg, an edge without two `ends`, a leg that no wire or more than one wire touches.
    """
    if graph.is_directed() or not graph.is_multigraph():
        raise GraphError("a diagram is an undirected networkx.MultiGraph: wires have no direction and may be parallel")
    boxes: dict[Hashable, Expr] = {}
    outer: dict[Hashable, int] = {}
    for node, data in graph.nodes(data=True):
        if isinstance(data.get("box"), Expr):
            boxes[node] = data["box"]
        elif isinstance(data.get("open"), int):
            outer[node] = data["open"]
        else:
            raise GraphError(f"node {node!r} has neither a box (an expression) nor an open leg's number")
    places = sorted(outer.values())
    if places != list(range(len(places))):
        raise GraphError(f"the open legs must be numbered 0 to {len(places) - 1}, not {places}")
    labels: dict[Hashable, list[Any]] = {node: [None] * box.order for node, box in boxes.items()}
    labels |= {node: [None] for node in outer}
    dims: dict[Any, Dimension] = {}
    for wire, (one_end, other_end, data) in enumerate(graph.edges(data=True)):
        ends = _checked_ends((one_end, other_end), data.get("ends"))
        for node, leg in ends:
            if not (isinstance(leg, int) and 0 <= leg < len(labels[node])):
                raise GraphError(
                    f"the wire between {one_end!r} and {other_end!r} ends at leg {leg!r} of {node!r}, "
                    f"which has {counted(len(labels[node]), 'leg')}"
                )
            if labels[node][leg] is not None:
                raise GraphError(f"leg {leg} of {node!r} has two wires; a leg has exactly one")
            labels[node][leg] = wire
        if "dim" in data:
            dims[wire] = as_dimension(data["dim"])
            _check_dimension(boxes, ends, dims[wire])
    for node, row in labels.items():
        if None in row:
            raise GraphError(f"leg {row.index(None)} of {node!r} has no wire; a leg has exactly one")
    order = sorted(outer, key=outer.__getitem__)
    return contract(list(boxes.values()), [labels[n] for n in boxes], [labels[n][0] for n in order], dims)


def _checked_ends(nodes: tuple[Hashable, Hashable], ends: Any) -> tuple[tuple[Hashable, Any], ...]:
    """The two (node, leg) pairs of a wire, which end at the nodes that it joins."""
    name = f"the wire between {nodes[0]!r} and {nodes[1]!r}"
    pairs = tuple(ends) if isinstance(ends, Iterable) else ()
    if len(pairs) != 2 or not all(isinstance(end, Sequence) and len(end) == 2 for end in pairs):
        raise GraphError(f"{name} needs ends=((node, leg), (node, leg)), not {ends!r}")
    (first, _), (second, _) = pairs
    if nodes not in ((first, second), (second, first)):
        raise GraphError(f"{name} says that it ends at {first!r} and {second!r}")
    return pairs


def _check_dimension(boxes: Mapping[Hashable, Expr], ends: Iterable[tuple[Hashable, int]], dim: Dimension) -> None:
    for node, leg in ends:
        if node in boxes and boxes[node].dims[leg] is not dim:
            raise DimensionError(
                f"the wire at leg {leg} of {boxes[node]!r} says dimension {dim}, but the leg is {boxes[node].dims[leg]}"
            )

"""Crossings of layouts beside networkx's on ten diagrams, and times.  `python benchmarks/drawing.py`.

With `--baselines` it writes the fewest crossings of networkx's layouts, which the tests compare with.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import networkx as nx
import numpy as np

import tensordiag as td
from tensordiag.drawing import draw
from tensordiag.drawing.stress import crossing_count

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from test_drawing_samples import SAMPLES, lattice, matrix_product, norm


def simple_graph(expr: td.Expr) -> nx.Graph:
    """The diagram's graph, open legs as nodes, parallel wires once."""
    graph = nx.Graph(td.flat(expr).graph)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return nx.convert_node_labels_to_integers(graph)


def crossings(graph: nx.Graph, places: dict[int, np.ndarray]) -> int:
    """Crossings of straight edges."""
    number = {node: k for k, node in enumerate(graph)}
    edges = [tuple(sorted((number[a], number[b]))) for a, b in graph.edges]
    return crossing_count(np.array([places[n] for n in graph]), edges)


def cubic(count: int, seed: int) -> td.Expr:
    """A random network in which every tensor has three neighbours."""
    graph = nx.random_regular_graph(3, count, seed=seed)
    edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
    rows = [[k for k, edge in enumerate(edges) if node in edge] for node in range(count)]
    return td.contract([td.Tensor(f"T{k}", ("n",) * 3) for k in range(count)], rows, [])


BASELINES = Path(__file__).parents[1] / "tests" / "data" / "crossings.json"


def write_baselines() -> None:
    """For random cubic networks, by nodes and seed, the fewest crossings of spring (five seeds) and Kamada–Kawai."""
    made = {}
    for count, seed in ((24, 0), (24, 1), (24, 2), (30, 0), (50, 0), (50, 1), (100, 0)):
        graph = nx.random_regular_graph(3, count, seed=seed)
        layouts = [nx.spring_layout(graph, seed=k) for k in range(5)] + [nx.kamada_kawai_layout(graph)]
        made[f"{count} {seed}"] = min(crossings(graph, at) for at in layouts)
    BASELINES.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Print the table."""
    diagrams = {name: SAMPLES[name] for name in ("trace of four", "norm", "peps", "cp square", "kronecker")}
    diagrams |= {
        "mps 12": matrix_product(12),
        "norm 10": norm(10),
        "grid 5×6": lattice(5, 6, legs=False),
        "cubic 24": cubic(24, 0),
        "cubic 50": cubic(50, 0),
    }
    print(f"{'diagram':16}{'nodes':>6}{'tensordiag':>12}{'spring':>8}{'kamada-kawai':>14}{'seconds':>9}")
    for name, expr in diagrams.items():
        graph = simple_graph(expr)
        spring = min(crossings(graph, nx.spring_layout(graph, seed=seed)) for seed in range(5))
        kamada = crossings(graph, nx.kamada_kawai_layout(graph)) if nx.is_connected(graph) else -1
        start = time.process_time()
        drawing = draw(expr, simplify=False)
        seconds = time.process_time() - start
        ours = drawing.metrics().crossings
        print(f"{name:16}{len(graph):6}{ours:12}{spring:8}{kamada:14}{seconds:9.3f}")


def timings() -> None:
    """Print the processor time from an expression to a file's bytes, the fonts being warm."""
    draw(matrix_product(10), simplify=False).to_bytes("png", 150)
    cases = {
        "chain, 10 nodes": matrix_product(10),
        "cubic, 10 nodes": cubic(10, 0),
        "cubic, 50 nodes": cubic(50, 0),
        "grid, 200 nodes": lattice(10, 20, legs=False),
        "cubic, 200 nodes": cubic(200, 0),
    }
    print(f"\n{'picture':20}{'SVG':>8}{'PNG':>8}  seconds, layout included")
    for name, expr in cases.items():
        seconds = []
        for ending in ("svg", "png"):
            start = time.process_time()
            draw(expr, simplify=False).to_bytes(ending, 150)
            seconds.append(time.process_time() - start)
        print(f"{name:20}{seconds[0]:8.2f}{seconds[1]:8.2f}")


if __name__ == "__main__":
    if "--baselines" in sys.argv:
        write_baselines()
    else:
        main()
        timings()

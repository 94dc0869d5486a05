"""Ten diagrams by tensordiag, NetworkX and quimb side by side, and what is wrong with each picture.

`python benchmarks/compare.py figures/compare.png` prints the table and writes the sheet; quimb is left out where it is
not installed.  The other tools draw with their defaults, with node and edge labels switched on; what they painted is
measured from their matplotlib artists.  tensordiag is measured from its own scene, by the stricter rules of its tests.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import networkx as nx
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, PathPatch, Polygon
from PIL import Image

import tensordiag as td
from tensordiag.drawing.crossings import crossings, meeting
from tensordiag.drawing.metrics import coincide
from tensordiag.drawing.scene import Wire
from tensordiag.drawing.skeletons import OPEN, Skeleton, terms_of
from tensordiag.drawing.typesetting import plain

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from test_drawing_samples import CP, A, B, P, Q, R, X, lattice, norm, u, v, x, y, z

F, G = td.tensors("F[n,n,n] G[n,n,n]")
DIAGRAMS: dict[str, td.Expr] = {
    "Hadamard product": x * y * z,
    "its Jacobian": td.diff(x * y * z, x),
    "quadratic form": x @ A @ x,
    "tr(AXBXᵀ)": td.trace(A @ X @ B @ X.T),
    "norm of an MPS": norm(6),
    "PEPS 3×3": lattice(3, 3, legs=True),
    "CP loss": td.einsum("ir,jr,kr,is,js,ks->", P, Q, R, P, Q, R) - 2 * CP,
    "gradient": td.add([(1, A @ x), (1, A.T @ x)]),
    "product rule": td.diff(u @ X @ X @ X @ X @ v, X),
    "trace, double wire": td.einsum("iij,jkl,kl->", F, G, A),
}
COLUMNS = (
    "crossings",
    "wires on wires",
    "nodes on nodes",
    "wires through nodes",
    "labels on labels",
    "labels on wires",
)
SIZE = (4.0, 3.2)

Painter = Callable[[list[Skeleton], td.Expr, Any], None]


def by_tensordiag(skeletons: list[Skeleton], expr: td.Expr, axes: Any) -> None:
    """Our picture."""
    td.draw(expr, axes, simplify=False)


def graph_of(skeletons: list[Skeleton]) -> nx.MultiGraph:
    """All terms as one graph, open legs as nodes; names of numbers alone, for layouts that follow the order of sets."""
    graph = nx.MultiGraph()
    for term, skeleton in enumerate(skeletons):
        for number, node in enumerate(skeleton.nodes):
            graph.add_node((term, number), label=plain(node.label) or "δ")
        for number, ends in enumerate(skeleton.wires):
            names = [(term, -1 - leg) if node == OPEN else (term, node) for node, leg in ends]
            graph.add_nodes_from((name, {"label": ""}) for name in names if name not in graph)
            graph.add_edge(*names, label=f"w{number}")
    return graph


def by_networkx(layout: Callable[[nx.Graph], Any]) -> Painter:
    """NetworkX's picture with one of its layouts."""

    def paint(skeletons: list[Skeleton], expr: td.Expr, axes: Any) -> None:
        graph = graph_of(skeletons)
        places = layout(nx.Graph(graph))
        nx.draw_networkx(graph, places, ax=axes, labels=dict(graph.nodes(data="label")), node_color="#cfe3f5")
        names = {(a, b, key): label for a, b, key, label in graph.edges(keys=True, data="label")}
        nx.draw_networkx_edge_labels(graph, places, names, ax=axes)
        axes.set_axis_off()

    return paint


def by_quimb(skeletons: list[Skeleton], expr: td.Expr, axes: Any) -> None:
    """quimb's picture: copy tensors are its hyperedges."""
    import quimb.tensor as qtn

    tensors = []
    for term, skeleton in enumerate(skeletons):
        parent = list(range(len(skeleton.wires)))

        def find(wire: int, parent: list[int] = parent) -> int:
            while parent[wire] != wire:
                wire = parent[wire]
            return wire

        links = skeleton.links()
        for node, row in zip(skeleton.nodes, links, strict=True):
            for wire, _ in row[1:] if node.kind == "copy" else []:
                parent[find(wire)] = find(row[0][0])
        for node, row in zip(skeleton.nodes, links, strict=True):
            names = [f"t{term}w{find(wire)}" for wire, _ in row]
            if node.kind != "copy":
                tensors.append(qtn.Tensor(np.ones((2,) * len(names)), names, tags=[plain(node.label)]))
    qtn.TensorNetwork(tensors).draw(ax=axes, show_tags=True, show_inds="all", legend=False)


PAINTERS: dict[str, Painter] = {
    "tensordiag": by_tensordiag,
    "nx spring": by_networkx(lambda graph: nx.spring_layout(graph, seed=0)),
    "nx Kamada–Kawai": by_networkx(nx.kamada_kawai_layout),
    "nx planar": by_networkx(nx.planar_layout),
    "quimb": by_quimb,
}


def measure(axes: Any) -> list[int]:
    """The six counts of what is painted in axes, in pixels of the canvas."""
    figure = axes.figure
    FigureCanvasAgg(figure).draw()
    wires, nodes = _wires(axes), _nodes(axes)
    renderer = figure.canvas.get_renderer()
    texts = [t.get_window_extent(renderer) for t in axes.texts if t.get_visible() and t.get_text().strip()]
    pairs = [(a, b) for k, a in enumerate(nodes) for b in nodes[k + 1 :]]
    hits = sum(
        min(math.dist(wire.points[k], center) for k in (0, -1)) > 1.3 * radius
        and min(math.dist(point, center) for point in wire.points) < radius
        for wire in wires
        for center, radius in nodes
    )
    return [
        len(crossings(wires)),
        sum(coincide(np.array(wires[a].points), np.array(wires[b].points), 1.0) for a, b in meeting(wires)),
        sum(math.dist(a, b) < r + s for (a, r), (b, s) in pairs),
        hits,
        sum(bool(a.overlaps(b)) for k, a in enumerate(texts) for b in texts[k + 1 :]),
        sum(any(text.contains(*point) for point in wire.points) for text in texts for wire in wires),
    ]


def _wires(axes: Any) -> list[Wire]:
    lines = []
    for item in axes.collections:
        if isinstance(item, LineCollection):
            lines += [axes.transData.transform(segment) for segment in item.get_segments()]
    lines += [line.get_transform().transform(line.get_xydata()) for line in axes.lines]
    for patch in axes.patches:
        if isinstance(patch, FancyArrowPatch) or (isinstance(patch, PathPatch) and not patch.get_fill()):
            path = patch.get_path().interpolated(1)
            lines += [patch.get_transform().transform(p) for p in path.to_polygons(closed_only=False)]
    return [Wire(f"w{k}", _path(line), (("", 0), ("", 0))) for k, line in enumerate(lines) if len(line) > 1]


def _path(points: Any) -> Any:
    """A polyline with points at least every four pixels."""
    made = [points[0]]
    for point in points[1:]:
        count = max(1, math.ceil(math.dist(made[-1], point) / 4))
        start = made[-1]
        made += [start + (point - start) * (k + 1) / count for k in range(count)]
    return (("M", ((float(made[0][0]), float(made[0][1])),)), *(("L", ((float(a), float(b)),)) for a, b in made[1:]))


def _nodes(axes: Any) -> list[tuple[tuple[float, float], float]]:
    """Centres and inner radii of what is painted as a node."""
    made = []
    for item in axes.collections:
        if isinstance(item, PathCollection):
            sizes = np.broadcast_to(item.get_sizes(), len(item.get_offsets()))
            for offset, size in zip(item.get_offsets(), sizes, strict=True):
                x_, y_ = axes.transData.transform(offset)
                made.append(((float(x_), float(y_)), math.sqrt(size) / 2 * axes.figure.dpi / 72))
    for patch in axes.patches:
        if isinstance(patch, (Circle, Polygon)):
            box = patch.get_path().get_extents(patch.get_transform())
            made.append((((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2), min(box.width, box.height) / 2))
    return made


def counts(name: str, paint: Painter) -> list[int] | None:
    """The counts of one tool over a diagram; None where it cannot draw it."""
    expr = DIAGRAMS[name]
    skeletons = [term.skeleton for term in terms_of(expr)]
    if paint is by_tensordiag:
        found = td.draw(expr, simplify=False).metrics()
        hits = found.wire_node_hits + found.label_node + found.label_spill + found.dangling_wire_ends
        return [found.crossings, found.coincident_wires, found.node_overlaps, hits, found.label_label, found.label_wire]
    axes = Figure(SIZE).add_subplot()
    try:
        paint(skeletons, expr, axes)
    except (ValueError, nx.NetworkXException):
        return None
    return measure(axes)


def sheet(path: Path, painters: dict[str, Painter]) -> None:
    """All pictures in a table, a diagram a row and a tool a column."""
    figure = Figure((SIZE[0] * len(painters), SIZE[1] * len(DIAGRAMS)), dpi=100)
    for row, (name, expr) in enumerate(DIAGRAMS.items()):
        for column, (tool, paint) in enumerate(painters.items()):
            axes = figure.add_subplot(len(DIAGRAMS), len(painters), row * len(painters) + column + 1)
            axes.set_axis_off()
            try:
                paint([term.skeleton for term in terms_of(expr)], expr, axes)
            except (ValueError, nx.NetworkXException) as problem:
                axes.text(0.5, 0.5, f"not drawn:\n{type(problem).__name__}", ha="center")
            axes.set_title(f"{tool}: {name}", fontsize=11)
    figure.tight_layout()
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    Image.open(buffer).convert("P", palette=Image.Palette.ADAPTIVE, colors=48).save(path, optimize=True)


def main() -> None:
    """Print the table; write the sheet where a path is given."""
    mpl.use("agg")
    painters = dict(PAINTERS)
    try:
        import quimb  # noqa: F401
    except ImportError:
        del painters["quimb"]
    print("| tool | " + " | ".join(COLUMNS) + " | not drawn |")
    print("|---|" + "---|" * (len(COLUMNS) + 1))
    for tool, paint in painters.items():
        found = [counts(name, paint) for name in DIAGRAMS]
        sums = np.sum([row for row in found if row is not None], axis=0)
        print(f"| {tool} | " + " | ".join(str(int(value)) for value in sums) + f" | {found.count(None)} |")
    if len(sys.argv) > 1:
        sheet(Path(sys.argv[1]), painters)


if __name__ == "__main__":
    main()

"""Reading a scene back: from shapes, their turns and marks, and where wires end, the diagram that was drawn.

This is what makes "the picture determines the tensor" a statement that can be tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import networkx as nx

from .geometry import Point, distance, rotated, sub
from .isomorphism import isomorphic
from .scene import NodeShape, Scene, Text, Wire
from .shapes import BAR_KINDS
from .skeletons import OPEN, TRANSPOSED, End, Node, Skeleton, Term, coefficient_markup, turns_with_content

__all__ = ["border_gap", "certificate", "graph_of", "is_symmetric", "read", "same"]

Reading = list[tuple[str, Skeleton]]
Touch = tuple[Point, int, int]
"""An end of a wire: where, of which wire, and which of its two ends."""
_TOUCH = 1e-3
_FREE = frozenset({"copy", "ones", "plain", "symmetric", "diagonal"})


def graph_of(skeleton: Skeleton) -> nx.Graph:
    """The skeleton as a coloured graph: legs are vertices, told apart except on nodes whose legs are alike."""
    graph = nx.Graph()
    for number, node in enumerate(skeleton.nodes):
        inside, legs = _inner(node)
        graph.add_node(("n", number), color=ascii((node.kind, node.label, inside)))
        for leg in range(node.legs):
            graph.add_node(("l", number, leg), color=legs[leg])
            graph.add_edge(("n", number), ("l", number, leg))
    for place in range(skeleton.order):
        graph.add_node(("o", place), color=f"open{place}")
    for first, second in skeleton.wires:
        a, b = (("o", leg) if node == OPEN else ("l", node, leg) for node, leg in (first, second))
        graph.add_edge(a, b)
    return graph


def _inner(node: Node) -> tuple[Any, Sequence[str]]:
    """What is inside a node, as a text, and what its legs are called: from whichever side a frame may be seen."""
    legs = ["leg" if node.kind in _FREE else f"leg{leg}" for leg in range(node.legs)]
    front, behind = _sides(node)
    if node.kind != "frame" or node.legs != 2 or front < behind or not turns_with_content(node.label):
        return front, legs
    return behind, legs[::-1] if behind < front else ["leg", "leg"]


def _sides(node: Node) -> tuple[Any, Any]:
    """What is inside a frame as texts: seen from the front, and with two open legs exchanged."""
    parts = [[(_text(t.coefficient), _certificates(t.skeleton)) for t in terms] for terms in node.content]
    front, behind = (tuple(tuple(sorted((c, pair[side]) for c, pair in terms)) for terms in parts) for side in (0, 1))
    return front, behind


def is_symmetric(frame: Node) -> bool:
    """Whether what is inside a frame is the same with its two open legs exchanged."""
    front, behind = _sides(frame)
    return bool(front == behind)


def _text(coefficient: Any) -> str:
    """A coefficient as it is written, which is all that a picture has of it."""
    if isinstance(coefficient, str):
        return coefficient
    sign, size = coefficient_markup(coefficient, True)
    return sign + size


def _certificates(skeleton: Skeleton) -> tuple[str, str]:
    """A text that equal skeletons share, and that of the skeleton with its two open legs exchanged, if it has two."""
    graph = graph_of(skeleton)
    front: str = nx.weisfeiler_lehman_graph_hash(graph, node_attr="color", iterations=6)
    if skeleton.order != 2:
        return front, front
    graph.nodes["o", 0]["color"], graph.nodes["o", 1]["color"] = "open1", "open0"
    behind: str = nx.weisfeiler_lehman_graph_hash(graph, node_attr="color", iterations=6)
    return front, behind


def certificate(skeleton: Skeleton) -> str:
    """A text that equal skeletons share."""
    return _certificates(skeleton)[0]


def same(first: Skeleton, second: Skeleton) -> bool:
    """Whether two skeletons are one diagram: isomorphic with leg order, up to declared symmetries."""
    return isomorphic(graph_of(first), graph_of(second))


def read(scene: Scene, names: Sequence[str] = ()) -> Reading:
    """The terms of a scene: each one's sign with coefficient, and its skeleton.

    `names` are the open legs' labels in order; without them open legs are told by their place on the frame.
    """
    tops = [term for term in scene.terms if not any(_below(term.id, other.id) for other in scene.terms)]
    return [(term.coefficient, _read_part(scene, f"{term.id}/", names)) for term in tops]


def _below(inner: str, outer: str) -> bool:
    return inner != outer and inner.startswith(outer + "/")


def _own(identity: str, prefix: str) -> bool:
    return identity.startswith(prefix) and "." not in identity[len(prefix) :]


def _read_part(scene: Scene, prefix: str, names: Sequence[str]) -> Skeleton:
    """One network: the shapes with this prefix that are not inside a frame of it."""
    shapes = [s for s in scene.nodes if _own(s.id, prefix) and s.state != "ghost"]
    wires = [w for w in scene.wires if _own(w.id, prefix) and w.state != "ghost"]
    texts = [t for t in scene.texts if _own(t.id, prefix)]
    touching: list[list[Touch]] = [[] for _ in shapes]
    open_ends: list[Touch] = []
    for number, wire in enumerate(wires):
        points = wire.points
        for side, point in ((0, points[0]), (1, points[-1])):
            hits = [k for k, shape in enumerate(shapes) if _touches(shape, point)]
            if hits:
                touching[min(hits, key=lambda k: border_gap(shapes[k], point))].append((point, number, side))
            else:
                open_ends.append((point, number, side))
    ends: dict[tuple[int, int], list[End]] = {}
    nodes: list[Node] = []
    for number, shape in enumerate(shapes):
        content = _inside(scene, shape) if shape.kind == "frame" else ()
        label = shape.label.removesuffix(TRANSPOSED) if shape.kind == "frame" else shape.label
        total = sum(wires[at].count for _, at, _ in touching[number])
        nodes.append(Node(shape.kind, label, total, content=content))
        leg = 0
        for touch in _in_order(shape, touching[number], texts, wires):
            _, at, side = touch
            legs = list(range(leg, leg + wires[at].count))
            leg += len(legs)
            if wires[at].count > 1 and _is_reversed(shape, touch, texts):
                legs = legs[::-1]
            ends[(at, side)] = [(number, k) for k in (legs[::-1] if shape.mirrored else legs)]
    order = _open_order(open_ends, texts, names)
    for place, (_, at, side) in order:
        ends[(at, side)] = [(OPEN, place)]
    # the wires of a bundle come counter-clockwise at one end and clockwise at the other
    joined = tuple(pair for k in range(len(wires)) for pair in zip(ends[(k, 0)], reversed(ends[(k, 1)]), strict=True))
    return Skeleton(tuple(nodes), joined, len(open_ends))


def _is_reversed(shape: NodeShape, end: Touch, texts: Sequence[Text]) -> bool:
    """Whether the numbers at a bundle's end say that its legs come in falling order."""
    numbers = [t for t in _numbers(shape, texts) if "–" in t.label]
    if not numbers:
        return False
    first, _, last = min(numbers, key=lambda t: distance(t.center, end[0])).label.partition("–")
    return int(last) < int(first)


def _numbers(shape: NodeShape, texts: Sequence[Text]) -> list[Text]:
    """The numbers of legs, or of the first and last leg of a bundle, at a shape's rim."""
    own = (t for t in texts if t.owner.partition("#")[0] == shape.id and t.size <= 0.6)
    return [t for t in own if t.label.replace("–", "").isdigit()]


def _inside(scene: Scene, shape: NodeShape) -> tuple[Any, ...]:
    """The arguments inside a frame, read as terms with textual coefficients."""
    prefix = f"{shape.id}."
    groups: dict[str, list[Any]] = {}
    for term in scene.terms:
        rest = term.id[len(prefix) :]
        if term.id.startswith(prefix) and "/" not in rest:
            argument = rest.split(".")[0] if "." in rest else "0"
            made = _read_part(scene, f"{term.id}/", tuple(map(str, range(9))))
            groups.setdefault(argument, []).append(Term(term.coefficient, made))
    return tuple(tuple(groups[key]) for key in sorted(groups, key=int))


def border_gap(shape: NodeShape, point: Point) -> float:
    """How far a point is from the border of a shape."""
    if not shape.path:
        return math.inf
    if shape.kind in ("copy", "ones", "tensor", "plain"):
        dx, dy = sub(point, shape.center)
        reach = math.hypot(dx / (shape.width / 2), dy / (shape.height / 2))
        return abs(reach - 1.0) * min(shape.width, shape.height) / 2
    corners = shape.corners
    return min(_segment_gap(point, a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True))


def _segment_gap(point: Point, a: Point, b: Point) -> float:
    (px, py), (ax, ay), (bx, by) = point, a, b
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = 0.0 if length == 0 else max(0.0, min(1.0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length))
    return distance(point, (ax + t * (bx - ax), ay + t * (by - ay)))


def _touches(shape: NodeShape, point: Point) -> bool:
    return shape.box.contains(point, 0.01) and border_gap(shape, point) < _TOUCH


def _in_order(shape: NodeShape, ends: list[Touch], texts: Sequence[Text], wires: Sequence[Wire]) -> list[Touch]:
    """The wires at a node in the order of its legs, by the marks of its shape."""

    def local(end: Touch) -> Point:
        return rotated(sub(end[0], shape.center), -shape.turn)

    if shape.kind in BAR_KINDS:
        return sorted(ends, key=lambda end: local(end)[0])
    numbers = _numbers(shape, texts)
    if shape.kind == "frame" and not numbers:
        return sorted(ends, key=lambda end: end[0][0], reverse=shape.label.endswith(TRANSPOSED))
    if shape.kind == "merge":
        wide = [end for end in ends if local(end)[0] < 0]
        across = sorted(wide, key=lambda end: -local(end)[1])
        tick = shape.tick
        if tick is not None and across and distance(tick, across[-1][0]) < distance(tick, across[0][0]):
            across = across[::-1]
        return [*across, *(end for end in ends if local(end)[0] >= 0)]
    if shape.kind in ("tensor", "frame") and numbers:

        def first(end: Touch) -> int:
            mine = [t for t in numbers if ("–" in t.label) == (wires[end[1]].count > 1)]
            label = min(mine or numbers, key=lambda t: distance(t.center, end[0])).label
            return min(int(part) for part in label.split("–"))

        return sorted(ends, key=first)
    if shape.kind == "tensor" and shape.tick is not None:
        start = _angle(shape, shape.tick)
        way = -1.0 if shape.mirrored != shape.hollow else 1.0
        return sorted(
            ends,
            key=lambda end: round((way * (_angle(shape, end[0]) - start)) % (2 * math.pi), 4) % round(2 * math.pi, 4),
        )
    return ends


def _angle(shape: NodeShape, point: Point) -> float:
    dx, dy = sub(point, shape.center)
    return math.atan2(dy, dx)


def _open_order(ends: list[Touch], texts: Sequence[Text], names: Sequence[str]) -> list[tuple[int, Touch]]:
    """The open ends with their numbers: by the label at the tip, or from left to right."""
    labels = [t for t in texts if t.owner.rpartition("/")[2].startswith("leg") and t.label in names]
    if ends and len(labels) == len(ends):
        made = []
        rest = list(labels)
        for end in sorted(ends, key=lambda end: min(distance(t.center, end[0]) for t in labels)):
            label = min(rest, key=lambda t: distance(t.center, end[0]))
            rest.remove(label)
            made.append((list(names).index(label.label), end))
        return made
    return list(enumerate(sorted(ends, key=lambda end: end[0][0])))

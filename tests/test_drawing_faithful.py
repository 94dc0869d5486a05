"""The picture determines the tensor: scenes are read back, different tensors look different, nothing overlaps."""

import dataclasses
import json
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from math import dist
from pathlib import Path

import networkx as nx
import pytest
from PIL import Image
from test_drawing_samples import SAMPLES, A, B, C, V, W, X, lattice, matrix_product, norm, random_network, x, y

import tensordiag as td
from tensordiag.core.diagrams import contract
from tensordiag.drawing import draw
from tensordiag.drawing.readback import read, same
from tensordiag.drawing.scene import Scene
from tensordiag.drawing.skeletons import coefficient_markup, terms_of

LETTERS = "ijklmnopqrstuvw"
COUNTS = (
    "crossings",
    "coincident_wires",
    "node_overlaps",
    "wire_node_hits",
    "label_label",
    "label_node",
    "label_wire",
    "label_spill",
    "dangling_wire_ends",
    "open_legs_inside",
    "outside_frame",
)


def flaws(drawing):
    """The counts of the metrics that are not 0."""
    found = dataclasses.asdict(drawing.metrics())
    return {name: found[name] for name in COUNTS if found[name]}


def is_read_back(drawing, expr):
    """Whether the scene is the expression, terms with coefficients in order."""
    wanted = terms_of(expr)
    if not wanted:
        return len(read(drawing.scene, LETTERS)) == 1
    got = read(drawing.scene, LETTERS)
    return len(got) == len(wanted) and all(
        same(skeleton, term.skeleton) and coefficient == "".join(coefficient_markup(term.coefficient, True))
        for (coefficient, skeleton), term in zip(got, wanted, strict=True)
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_faithful_and_without_flaws(name):
    expr = td.flat(SAMPLES[name]).simplify()
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}


def test_random_networks_are_read_back_and_nearly_all_are_without_flaws():
    flawed = {}
    for seed in range(250):
        expr = random_network(seed)
        drawing = draw(expr, simplify=False)
        assert is_read_back(drawing, expr), seed
        found = flaws(drawing)
        assert not found.keys() & {"dangling_wire_ends", "label_node", "label_spill", "outside_frame"}, seed
        if found:
            flawed[seed] = found
    assert len(flawed) <= 4, flawed


def test_larger_random_networks_are_read_back():
    for seed in range(40):
        expr = random_network(seed, most=16, least=8)
        assert is_read_back(draw(expr, simplify=False), expr), seed


PAIRS = [
    (x @ A @ y, x @ A.T @ y),
    (td.trace(A @ X @ B @ X), td.trace(A @ X @ B @ X.T)),
    (A @ x, A.T @ x),
    (A, A.T),
    (A * B, A @ B),
    (td.einsum("ijk,i,j->k", W, x, y), td.einsum("ijk,j,i->k", W, x, y)),
    (td.einsum("ijkl,i,j->kl", V, x, y), td.einsum("ijkl,i,j->lk", V, x, y)),
    (td.diff(td.apply("inv", X), X), td.permute(td.diff(td.apply("inv", X), X), (0, 1, 3, 2))),
    (td.kron(A, B), td.kron(B, A)),
    (A @ (B + C), A @ (B + C.T)),
    (A, A.conj()),
    (W, td.permute(W, (2, 1, 0))),
    (td.parse("x'*softmaxrows(A*B)'*y"), td.parse("x'*softmaxrows(B'*A')*y")),
    (x @ td.apply("eigvecsh", A @ B).T @ y, x @ td.apply("eigvecsh", (A @ B).T) @ y),
    (td.apply("gaps", A @ x) @ y, y @ td.apply("gaps", A @ x)),
]


def pixels(drawing):
    """What is painted, without the words about it."""
    return Image.open(BytesIO(drawing.to_bytes("png", 100))).convert("RGB").tobytes()


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_different_tensors_have_different_scenes_and_different_pixels(pair):
    first, second = (draw(expr, simplify=False) for expr in pair)
    assert first.scene != second.scene
    assert pixels(first) != pixels(second)
    skeletons = [terms_of(expr)[0].skeleton for expr in pair]
    assert not same(read(first.scene, LETTERS)[0][1], skeletons[1])


def test_a_mutated_scene_is_noticed():
    expr = td.trace(A @ X @ B @ W.sum(0))
    drawing = draw(expr, simplify=False)
    scene = drawing.scene

    def is_noticed(items):
        changed = replace(drawing, scene=Scene(tuple(items), scene.terms))
        try:
            return bool(flaws(changed)) or not is_read_back(changed, expr)
        except KeyError:
            return True

    for node in scene.nodes:
        assert is_noticed(item.shifted(1.0, 0.0) if item is node else item for item in scene.items), node.id
    for wire in scene.wires:
        assert is_noticed(item for item in scene.items if item is not wire), wire.id
    for node in scene.nodes:
        if node.kind == "matrix":
            turned = replace(node, turn=node.turn + 180.0)
            assert is_noticed(turned if item is node else item for item in scene.items), node.id


@pytest.mark.parametrize(
    "expr",
    [lattice(3, 4, legs=False), lattice(10, 10, legs=False), matrix_product(12), norm(8)],
    ids=["grid", "large grid", "mps", "norm"],
)
def test_planar_networks_have_no_crossings(expr):
    drawing = draw(expr, simplify=False)
    assert drawing.metrics().crossings == 0
    assert flaws(drawing) == {}


BASELINES = json.loads((Path(__file__).parent / "data" / "crossings.json").read_text(encoding="utf-8"))
"""What `benchmarks/drawing.py --baselines` wrote: the fewest crossings of five spring layouts and Kamada–Kawai's."""


@pytest.mark.parametrize("name", BASELINES)
def test_crossings_are_no_more_than_networkx_layouts_have(name):
    count, seed = map(int, name.split())
    graph = nx.random_regular_graph(3, count, seed=seed)
    edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
    rows = [[k for k, edge in enumerate(edges) if node in edge] for node in range(count)]
    expr = contract([td.Tensor(f"T{k}", ("n",) * 3) for k in range(count)], rows, [])
    assert draw(expr, simplify=False).metrics().crossings <= BASELINES[name]


def test_bytes_do_not_depend_on_the_hash_seed():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_drawing_samples import SAMPLES, random_network\n"
        "from tensordiag.drawing import draw\n"
        "import hashlib\n"
        "digest = hashlib.sha256()\n"
        "for name in ('least squares gradient', 'cp gradient', 'peps', 'norm'):\n"
        "    digest.update(draw(SAMPLES[name]).to_svg().encode())\n"
        "for seed in range(20):\n"
        "    digest.update(draw(random_network(seed), simplify=False).to_svg().encode())\n"
        "print(digest.hexdigest())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(outputs) == 1


def test_all_terms_stand_on_one_baseline_of_their_line():
    drawing = draw(td.hessian(td.apply("log", td.apply("exp", A @ x).sum()), x), max_width=None)
    tops = [term for term in drawing.scene.terms if "." not in term.id]
    assert len({round(term.baseline, 6) for term in tops}) == 1


def test_a_frame_in_an_upright_branch_takes_its_wires_above_and_below():
    Q, K, V = td.tensors("Q[m,d] K[n,d] V[n,q]")
    expr = td.grad((td.softmax(Q @ K.T, axis=1) @ V).sum(), Q).simplify()
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}


def side_by_side(count, order, facts=(), *, conjugate=False, legs=1):
    """Two tensors with parallel wires, those at the second in this order of the first's, and open legs."""
    here, there = [[("o", side, k) for k in range(legs)] for side in (0, 1)]
    first = td.Tensor("G", ("n",) * (count + legs))
    second = td.Tensor("H", ("n",) * (count + legs), facts, conjugate)
    return contract([first, second], [[*here, *range(count)], [*order, *there]], [*here, *there])


@pytest.mark.parametrize("conjugate", [False, True])
@pytest.mark.parametrize(
    ("order", "drawn"),
    [
        ([0, 1, 2, 3, 4], [5]),
        ([4, 3, 2, 1, 0], [5]),
        ([0, 1, 2, 3, 4, 6, 5], [1, 1, 5]),
        ([1, 0, 2, 3, 4, 5, 6], [1, 1, 5]),
        ([2, 0, 4, 1, 3], [1] * 5),
        ([3, 2, 1, 0], [1] * 4),
        ([*range(5, 10), *range(5)], [5, 5]),
    ],
)
def test_many_parallel_wires_are_bundles_and_are_read_back(order, drawn, conjugate):
    expr = side_by_side(len(order), order, conjugate=conjugate)
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}
    wires = [wire for wire in drawing.scene.wires if not wire.tips]
    assert sorted(wire.count for wire in wires) == drawn
    shown = [text.label for text in drawing.scene.texts if text.owner.startswith("0/w")]
    assert shown == [str(count) for count in drawn if count > 1]
    other = side_by_side(len(order), [*order[1:], order[0]], conjugate=conjugate)
    assert not is_read_back(drawing, other)
    for wire in wires:
        items = [replace(i, count=i.count + 1) if i is wire else i for i in drawing.scene.items]
        assert not is_read_back(replace(drawing, scene=replace(drawing.scene, items=tuple(items))), expr)
    assert drawing.to_tikz().isascii()
    single = draw(expr, simplify=False, labels="all").scene.wires
    assert {wire.count for wire in single} == {1}


def test_the_legs_of_symmetric_nodes_are_always_one_bundle():
    expr = side_by_side(6, [3, 0, 5, 1, 4, 2], "sym")
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert [wire.count for wire in drawing.scene.wires if not wire.tips] == [6]
    dot = contract([td.Tensor("G", ("n",) * 6), td.Copy(7, "n")], [range(6), [3, 0, 5, 1, 4, 2, "o"]], ["o"])
    assert is_read_back(draw(dot, simplify=False), dot)
    assert sorted(wire.count for wire in draw(dot, simplify=False).scene.wires) == [1, 6]


def test_wires_leave_a_merge_on_their_own_side():
    G, H, p, q = td.tensors("G[m,n] H[r,s] p[n*s] q[m*r]")
    product = td.kron(G, H) @ p
    for expr in (td.diff(product, G), td.diff(product, H), td.diff(product, p), td.diff(q @ product, G)):
        drawing = draw(expr, simplify=False)
        assert is_read_back(drawing, expr)
        assert flaws(drawing) == {}
        merges = {node.id: node for node in drawing.scene.nodes if node.kind == "merge"}
        for wire in drawing.scene.wires:
            ends = ((wire.ends[0], wire.points), (wire.ends[1], wire.points[::-1]))
            for points, shape in ((points, merges[node]) for (node, _), points in ends if node in merges):
                way = 1 if points[0][0] > shape.center[0] else -1
                assert all(way * (point[0] - points[0][0]) >= -1e-9 for point in points)


def ring(sites):
    """A matrix product state with periodic ends, as boxes and labels."""
    labels = [[("b", (k - 1) % sites), ("p", k), ("b", k)] for k in range(sites)]
    return [td.Tensor(f"A{k + 1}", ("D", "d", "D")) for k in range(sites)], labels


@pytest.mark.parametrize("sites", [3, 5, 6])  # four sites are a square lattice
def test_rings_with_open_legs_are_rows_closed_above(sites):
    boxes, labels = ring(sites)
    expr = contract(boxes, labels, [("p", k) for k in range(sites)])
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}
    assert len({round(node.center[1], 6) for node in drawing.scene.nodes}) == 1
    lengths = {round(w.box.height, 6) for w in drawing.scene.wires if w.tips}
    assert len(lengths) == 1
    assert not any(t.label.isdigit() for t in drawing.scene.texts)


def test_the_ends_of_a_closing_wire_are_in_the_order_of_its_path():
    for seed in (1834, 16, 20, 22):
        expr = random_network(seed)
        assert flaws(draw(expr, simplify=False)) == {}
        assert is_read_back(draw(expr, simplify=False), expr)


@pytest.mark.parametrize("sites", [3, 4, 6])
def test_norms_of_rings_are_ladders_closed_above_and_below(sites):
    boxes, labels = ring(sites)
    below = [[("c", k) if kind == "b" else (kind, k) for kind, k in row] for row in labels]
    expr = contract([*boxes, *(box.conj() for box in boxes)], [*labels, *below], [])
    drawing = draw(expr, simplify=False)
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}
    rows = sorted({round(node.center[1], 6) for node in drawing.scene.nodes})
    assert len(rows) == 2
    assert min(w.box.bottom for w in drawing.scene.wires) < rows[0] - 1.3
    assert max(w.box.top for w in drawing.scene.wires) > rows[1] + 1.3


@pytest.mark.parametrize(
    ("expr", "order"),
    [
        (x @ A.T @ y, "yAx"),
        (x @ A @ y, "xAy"),
        (x.conj() @ y, "xy"),
        (y @ x.conj(), "xy"),
        (td.trace(A.T @ X @ B @ X.T @ C), "AXBXC"),
        (td.trace(A @ X.T @ B.T), None),
    ],
)
def test_closed_rows_are_read_forward(expr, order):
    nodes = sorted(draw(expr, simplify=False).scene.nodes, key=lambda node: node.center[0])
    turned = sum(node.turn == 180.0 for node in nodes if node.kind == "matrix")
    assert turned <= sum(node.kind == "matrix" for node in nodes) / 2
    assert order is None or "".join(node.label[-1] if "bar" not in node.label else "x" for node in nodes) == order


def test_a_tick_is_hollow_where_legs_turn_the_other_way():
    other = td.Tensor("X", ("i", "j", "k"))
    drawing = draw(td.einsum("ijk,ijk->", other, other), simplify=False)
    assert sorted(node.hollow for node in drawing.scene.nodes) == [False, True]
    assert not any(text.label.isdigit() for text in drawing.scene.texts)
    for node in drawing.scene.nodes:
        filled = [replace(i, hollow=not i.hollow) if i is node else i for i in drawing.scene.items]
        changed = replace(drawing.scene, items=tuple(filled))
        assert not same(read(changed, LETTERS)[0][1], terms_of(td.einsum("ijk,ijk->", other, other))[0].skeleton)


def test_numbers_of_legs_stand_outside_of_their_disc_beside_their_wires():
    expr = td.einsum("iaja->ij", td.Tensor("R", ("d", "e", "d", "e")))
    drawing = draw(expr, simplify=False)
    disc = next(node for node in drawing.scene.nodes if node.kind == "tensor")
    numbers = [text for text in drawing.scene.texts if text.label.isdigit()]
    assert len(numbers) == 4
    assert all(dist(text.center, disc.center) > disc.width / 2 for text in numbers)
    assert flaws(drawing) == {}
    assert is_read_back(drawing, expr)
    assert "0" not in drawing.to_text()


def test_products_of_products_are_one_merge():
    p = td.Tensor("p", ("n*n*n",))
    for expr in (td.kron(A, td.kron(B, C)) @ p, td.kron(td.kron(A, B), C) @ p):
        drawing = draw(expr)
        merges = [node for node in drawing.scene.nodes if node.kind == "merge"]
        assert len(merges) == 2
        rows = {node.label: node.center[1] for node in drawing.scene.nodes if node.kind == "matrix"}
        assert rows["A"] > rows["B"] > rows["C"]
        assert is_read_back(draw(expr, simplify=False), expr)
        assert flaws(drawing) == {}
    assert not same(*(terms_of(e)[0].skeleton for e in (td.kron(A, td.kron(B, C)), td.kron(B, td.kron(A, C)))))


@pytest.mark.parametrize(("by", "crossings"), [("A", 0), ("B", 2), ("C", 0), ("p", 0)])
def test_derivatives_of_products_of_products_cross_only_where_they_must(by, crossings):
    product = td.kron(A, td.kron(B, C)) @ td.Tensor("p", ("n*n*n",))
    for expr in (td.diff(product, by), td.grad(td.square_norm(product), by)):
        drawing = draw(expr)
        simple = td.simplify(expr)
        assert is_read_back(draw(simple, simplify=False), simple)
        found = flaws(drawing)
        assert found == ({"crossings": crossings} if crossings else {})
        assert drawing.metrics().crossing_angle > 60

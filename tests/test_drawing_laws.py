"""Laws that the metrics do not count: how many wires, how far apart, in which order legs end, what a page holds."""

import itertools
from dataclasses import replace
from math import dist
from time import process_time

import networkx as nx
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from test_drawing_faithful import LETTERS, flaws, is_read_back
from test_drawing_samples import SAMPLES, W, random_network

import tensordiag as td
from tensordiag.drawing.detours import detoured
from tensordiag.drawing.geometry import polyline
from tensordiag.drawing.metrics import measure
from tensordiag.drawing.readback import border_gap
from tensordiag.drawing.routing import bend
from tensordiag.drawing.scene import NodeShape, Scene, Wire
from tensordiag.drawing.skeletons import OPEN, terms_of
from tensordiag.testing import random_diagram


def wire_counts(drawing, expr):
    """The wires between nodes that are drawn, bundles counted whole, and those that there are, top level."""
    inner = [w for w in drawing.scene.wires if "." not in w.id and all(node for node, _ in w.ends)]
    skeletons = [term.skeleton for term in terms_of(expr)]
    wanted = sum(OPEN not in (a[0], b[0]) for s in skeletons for a, b in s.wires)
    return sum(wire.count for wire in inner), wanted


def loose_ends(drawing):
    """Ends of wires that are not on the border of their node, to a millionth of an em."""
    nodes = {node.id: node for node in drawing.scene.nodes}
    return [
        wire.id
        for wire in drawing.scene.wires
        for (node, _), point in zip(wire.ends, (wire.points[0], wire.points[-1]), strict=True)
        if node and border_gap(nodes[node], point) > 1e-6
    ]


def near_parallels(drawing):
    """Pairs of wires with the same two ends that are nearer than half an em in the middle."""
    groups = {}
    for wire in drawing.scene.wires:
        ends = tuple(sorted(node for node, _ in wire.ends))
        if all(ends) and ends[0] != ends[1]:
            groups.setdefault(ends, []).append(wire)
    middles = [[wire.points[len(wire.points) // 2] for wire in group] for group in groups.values()]
    return [pair for group in middles for pair in itertools.combinations(group, 2) if dist(*pair) < 0.5]


def small_loops(drawing):
    """Wires from a node to itself that enclose less than one square em, or end where they begin."""
    found = []
    for wire in drawing.scene.wires:
        (a, _), (b, _) = wire.ends
        if a and a == b:
            ring = [*wire.points, wire.points[0]]
            area = abs(sum(p[0] * q[1] - p[1] * q[0] for p, q in itertools.pairwise(ring))) / 2
            if area < 1 or dist(wire.points[0], wire.points[-1]) < 0.3:
                found.append(wire.id)
    return found


def wrong_orders(drawing):
    """Sides of frames at which the open legs do not stand in their order, from top to bottom or left to right."""
    found = []
    for term in drawing.scene.terms:
        if "." in term.id:
            continue
        frame = term.frame
        wires = [w for w in drawing.scene.wires if w.id.startswith(f"{term.id}/w") and not w.slanted]
        tips = [tip for wire in wires for tip in wire.tips]
        sides = [
            [(-point[1], leg) for leg, point in tips if abs(point[0] - edge) < 0.3]
            for edge in (frame.left, frame.right)
        ]
        sides += [
            [(point[0], leg) for leg, point in tips if abs(point[1] - edge) < 0.3] for edge in (frame.bottom, frame.top)
        ]
        rows = [[leg for _, leg in sorted(row)] for row in sides]
        found += [(term.id, row) for row in rows if row != sorted(row)]
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_the_laws_hold_for_the_samples(name):
    expr = td.flat(SAMPLES[name]).simplify()
    drawing = td.draw(expr, simplify=False)
    drawn, wanted = wire_counts(drawing, expr)
    assert drawn == wanted
    assert loose_ends(drawing) == []
    assert near_parallels(drawing) == []
    assert small_loops(drawing) == []


def test_the_laws_hold_for_random_networks():
    for seed in range(200):
        expr = random_network(seed)
        drawing = td.draw(expr, simplify=False)
        drawn, wanted = wire_counts(drawing, expr)
        assert drawn == wanted, seed
        assert loose_ends(drawing) == [], seed
        assert near_parallels(drawing) == [], seed
        assert small_loops(drawing) == [], seed


def test_boxes_of_small_networks_stand_level_or_upright():
    tilted = [
        seed
        for seed in range(200)
        if any(node.turn % 90 for node in td.draw(random_network(seed, most=9, least=4), simplify=False).scene.nodes)
    ]
    assert tilted == []


def test_what_breaks_a_law_is_noticed():
    expr = td.einsum("ijj,ikl,mkl->m", W, td.Tensor("G", ("n",) * 3), td.Tensor("H", ("n",) * 3))
    drawing = td.draw(expr, simplify=False)
    scene = drawing.scene

    def changed(old, new):
        return replace(drawing, scene=replace(scene, items=tuple(new if item is old else item for item in scene.items)))

    pairs = [w for w in scene.wires if sum(other.ends[0][0] == w.ends[0][0] for other in scene.wires) > 1]
    loop = next(w for w in scene.wires if w.ends[0][0] == w.ends[1][0])
    joined = next(w for w in pairs if w.ends[0][0] != w.ends[1][0] and not w.tips)
    assert loose_ends(changed(loop, loop.shifted(0.01, 0.0))) == [loop.id, loop.id]
    assert small_loops(changed(loop, replace(loop, path=(("M", (loop.points[0],)), ("L", (loop.points[-1],))))))
    twin = replace(joined, id="0/w99")
    doubled = replace(drawing, scene=Scene((*scene.items, twin), scene.terms))
    assert near_parallels(doubled)
    assert wire_counts(doubled, expr)[0] == wire_counts(doubled, expr)[1] + 1


@pytest.mark.parametrize("name", SAMPLES)
def test_open_legs_stand_in_order(name):
    assert wrong_orders(td.draw(SAMPLES[name])) == []


def test_open_legs_of_random_networks_stand_in_order():
    assert [seed for seed in range(400) if wrong_orders(td.draw(random_network(seed), simplify=False))] == []


@pytest.mark.parametrize("sides", ["down", "up", "all-left", "all-right", "ud"])
def test_open_legs_that_leave_elsewhere_stand_in_order_as_well(sides):
    wrong = []
    for name in SAMPLES:
        expr = td.flat(SAMPLES[name]).simplify()
        drawing = td.draw(expr, simplify=False, sides=sides)
        assert is_read_back(drawing, expr), name
        assert flaws(drawing) == {}, name
        wrong += [name] if wrong_orders(drawing) else []
    # the two matrices of this one have the legs i, k and j, l, and one side for all four
    assert wrong == ([] if sides == "ud" else ["inverse derivative"])


def leaving(drawing):
    """For every side of the frame of the first term the open legs that end there, bare wires apart."""
    frame = drawing.scene.terms[0].frame
    found = {}
    for wire in drawing.scene.wires:
        for leg, (px, py) in wire.tips if len(wire.tips) == 1 and "." not in wire.id and not wire.slanted else ():
            gaps = {"left": px - frame.left, "right": frame.right - px, "down": py - frame.bottom, "up": frame.top - py}
            found.setdefault(min(gaps, key=lambda side: abs(gaps[side])), set()).add(leg)
    return found


@pytest.mark.parametrize(
    ("sides", "wanted"), [("up", "up"), ("down", "down"), ("all-left", "left"), ("all-right", "right")]
)
@pytest.mark.parametrize("name", ["jacobian", "kronecker", "cp gradient", "outer", "mps", "tensor", "layer jacobian"])
def test_all_open_legs_leave_at_the_side_that_is_asked_for(name, sides, wanted):
    drawing = td.draw(SAMPLES[name], sides=sides)
    assert leaving(drawing) == {wanted: set(range(td.simplify(SAMPLES[name]).order))}


@pytest.mark.parametrize("name", ["jacobian", "kronecker", "cp gradient", "outer", "mps", "layer jacobian"])
def test_the_first_open_leg_leaves_up_and_the_last_one_down(name):
    found = leaving(td.draw(SAMPLES[name], sides="ud"))
    assert found["up"] == {0}
    assert found["down"] == {td.simplify(SAMPLES[name]).order - 1}


def test_open_legs_out_of_order_are_noticed():
    drawing = td.draw(SAMPLES["mps"])
    items = list(drawing.scene.items)
    first, second = (next(i for i in items if i.id == f"0/w{number}") for number in (2, 4))
    swapped = {
        first.id: replace(first, ends=(first.ends[0], second.ends[1])),
        second.id: replace(second, ends=(second.ends[0], first.ends[1])),
    }
    scene = replace(drawing.scene, items=tuple(swapped.get(item.id, item) for item in items))
    assert wrong_orders(replace(drawing, scene=scene))


@pytest.mark.parametrize("name", ["hadamard", "peps", "cp square", "log-sum-exp hessian", "layer jacobian"])
def test_what_is_painted_lies_on_the_page(name):
    drawing = td.draw(SAMPLES[name], labels="all")
    figure = Figure(figsize=(drawing.box.width / 5, drawing.box.height / 5))
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    drawing.draw_into(axes)
    canvas.draw()
    page = figure.bbox.padded(0.5)
    for patch in axes.patches:
        extent = patch.get_window_extent(canvas.get_renderer())
        assert page.x0 <= extent.x0
        assert extent.x1 <= page.x1
        assert page.y0 <= extent.y0
        assert extent.y1 <= page.y1


def cubic(count):
    """A random network in which every tensor has three neighbours."""
    graph = nx.random_regular_graph(3, count, seed=0)
    edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
    rows = [[k for k, edge in enumerate(edges) if node in edge] for node in range(count)]
    return td.contract([td.Tensor(f"T{k}", ("n",) * 3) for k in range(count)], rows, [])


@pytest.mark.parametrize(("count", "budget"), [(10, 0.15), (50, 0.4), (200, 1.0)])
def test_pictures_take_little_processor_time(count, budget):
    td.draw(W).to_bytes("png", 150)  # the fonts
    expr = cubic(count)
    start = process_time()
    td.draw(expr, simplify=False).to_bytes("png", 150)
    assert process_time() - start < 4 * budget  # on a machine that does other things as well


def test_svg_is_written_fast():
    drawing = td.draw(cubic(200), simplify=False)
    start = process_time()
    drawing.to_svg()
    assert process_time() - start < 3 * 0.5


@pytest.mark.parametrize("count", [60, 150])
def test_nodes_of_large_networks_do_not_overlap(count):
    found = td.draw(cubic(count), simplify=False).metrics()
    assert found.node_overlaps == 0
    assert found.label_node == found.label_label == 0
    assert found.wire_node_hits <= 8


def test_labels_name_the_open_legs_in_order():
    drawing = td.draw(SAMPLES["peps"])
    named = {t.owner: t.label for t in drawing.scene.texts if "leg" in t.owner}
    assert [named[f"0/leg{k}"] for k in range(9)] == list(LETTERS[:9])


# -- what is in the way of what -----------------------------------------------------------------------


def test_what_a_straight_wire_runs_through_is_noticed():
    drawing = td.draw(td.einsum("ij,jk,kl->il", *td.tensors("A[n,n] B[n,n] C[n,n]")))
    scene = drawing.scene
    box = next(node for node in scene.nodes if node.label == "B")
    far = Wire("0/w9", (("M", ((box.box.left - 9, 0.0),)), ("L", ((box.box.right + 9, 0.0),))), (("", 7), ("", 8)))
    assert not drawing.metrics().wire_node_hits
    assert replace(drawing, scene=Scene((*scene.items, far), scene.terms)).metrics().wire_node_hits == 3
    label = next(text for text in scene.texts if text.label == "i")
    across = replace(far, path=(("M", ((label.center[0], -9.0),)), ("L", ((label.center[0], 9.0),))))
    assert replace(drawing, scene=Scene((*scene.items, across), scene.terms)).metrics().label_wire == 1


FRAMES = {
    "a frame in a loop": td.parse("diag(C'*(A+B)*D)"),
    "a tall frame in a loop": td.grad(
        td.parse(
            "tr((A-U*Diag(s)*V')*(A-U*Diag(s)*V')')",
            dims={"s": ("k",), "U": ("n", "k"), "V": ("m", "k"), "A": ("n", "m")},
        ),
        "s",
    ),
    "frames on a tree": td.grad(td.parse("x'*exp(A*tanh(B*sigmoid(C*y)))"), "y"),
    "a leg beside a frame": td.diff(td.grad(td.parse("x'*exp(A*tanh(B*y))"), "y"), "y"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_nothing_runs_through_frames(name):
    drawing = td.draw(FRAMES[name])
    assert flaws(drawing) == {}
    simple = td.simplify(FRAMES[name])
    assert is_read_back(td.draw(simple, simplify=False), simple)


def test_the_gradient_of_a_tree_is_a_fan():
    drawing = td.draw(FRAMES["frames on a tree"])
    rows = [node for node in drawing.scene.nodes if node.kind == "function" and "." not in node.id]
    assert {node.turn for node in rows} == {0.0}
    assert drawing.box.width / drawing.box.height < 3


def test_wires_inside_and_outside_of_a_named_frame_are_level():
    drawing = td.draw(td.tanh(SAMPLES["matrix vector"] + td.Tensor("b", ("n",))))
    outer = next(w for w in drawing.scene.wires if "." not in w.id)
    inner = [w for w in drawing.scene.wires if "." in w.id]
    assert {round(y, 6) for w in (outer, *inner) for _, y in w.points} == {round(outer.points[0][1], 6)}


def test_zero_inside_a_frame_is_drawn_as_zero():
    expr = td.sqrt(td.tanh(td.zero(())) + 2)
    drawing = td.draw(expr, simplify=False, depth=20)
    assert is_read_back(drawing, expr)


def test_single_nodes_have_a_general_layout_as_well():
    for expr in (td.trace(td.Tensor("A", ("n", "n"))), SAMPLES["partial trace"], td.Tensor("x", ("n",))):
        assert flaws(td.draw(expr, layout="stress")) == {}


def test_general_layouts_grow_only_so_far():
    expr = random_diagram(208, steps=6, conjugates=True)
    drawing = td.draw(expr, simplify=False, max_width=None, terms=None, depth=20)
    assert max(drawing.box.width, drawing.box.height) < 100


def test_a_wire_near_a_node_is_led_round_it():
    boxes = [NodeShape(f"n{k}", "symmetric", "", (6.0 * k, 0.3 * (k == 1)), 2.4, 2.4) for k in range(3)]
    wire = Wire("w0", (("M", ((1.2, 0.0),)), ("L", ((10.8, 0.0),))), (("n0", 1), ("n2", 0)))
    scene = Scene((wire, *boxes))
    assert measure(scene, scene.box).wire_node_hits == 1
    led = detoured(scene)
    assert measure(led, led.box).wire_node_hits == 0
    assert led.wires[0].points[0] == wire.points[0]
    assert led.wires[0].points[-1] == wire.points[-1]
    assert detoured(led) is led


def test_a_leg_turns_back_past_its_node():
    path = bend((0.0, 0.0), (0.0, 1.0), (1.9, -6.0), (0.0, -1.0))
    points = polyline(path, 24)
    assert max(y for _, y in points) < 1.6
    assert all(abs(px) > 1.2 or py > -0.01 for px, py in points)

"""Frames: nothing stands on them, wires come in on the line of what is in them, and they take no more room."""

import itertools
from dataclasses import replace

import pytest
from test_drawing_faithful import LETTERS, flaws, is_read_back
from test_drawing_random import WHOLE
from test_drawing_samples import A, B, C, b, random_network, u, v, x, y

import tensordiag as td
from tensordiag.drawing import draw, draw_equation
from tensordiag.drawing.readback import border_gap, read, same
from tensordiag.drawing.skeletons import terms_of
from tensordiag.testing import random_diagram

s, U, V, M = td.tensors("s[k] U[n,k] V[m,k] M[n,m]")
RESIDUAL = M - U @ td.diag(s) @ V.T
LAYERS = x @ td.apply("exp", A @ td.apply("tanh", B @ td.apply("sigmoid", C @ y)))
FRAMED = {
    "diagonal of a product with a bracket": td.parse("diag(C'*(A+B)*D)"),
    "gradient of a singular value loss": td.grad(td.trace(RESIDUAL @ RESIDUAL.T), s),
    "gradient of layers": td.grad(LAYERS, y),
    "gradient of two layers": td.grad(x @ td.apply("exp", A @ td.apply("tanh", B @ y)), y),
    "softmax": td.softmax(A @ x),
    "Hessian of log-sum-exp": td.hessian(td.logsumexp(A @ x), x),
    "attention": td.softmax(A @ B.T, 1) @ C,
    "powers": td.grad((x @ A @ x) * td.power(x @ x, -1), x),
    "Jacobian of a layer": td.diff(td.apply("tanh", A @ x + b), x),
}
"""Expressions with frames on a row, in a ring, in a fan, and in another frame."""


def frames(drawing):
    """The frames, each with the wires outside that end on it and the wires with open ends directly inside it."""
    scene = drawing.scene
    for frame in (node for node in scene.nodes if node.kind == "frame"):
        outside = [w for w in scene.wires if any(node == frame.id for node, _ in w.ends)]
        depth = frame.id.count(".") + 1
        inside = [w for w in scene.wires if w.tips and w.id.startswith(f"{frame.id}.") and w.id.count(".") == depth]
        yield frame, outside, inside


@pytest.mark.parametrize("name", FRAMED)
def test_nothing_stands_on_a_frame(name):
    expr = FRAMED[name].simplify()
    drawing = draw(expr, simplify=False, max_width=None)
    assert flaws(drawing) == {}
    assert is_read_back(drawing, expr)
    for frame, _, _ in frames(drawing):
        for other in drawing.scene.nodes:
            if not other.id.startswith(frame.id) and not frame.id.startswith(f"{other.id}."):
                assert all(border_gap(frame, corner) >= 0.4 - 1e-6 for corner in other.corners)


@pytest.mark.parametrize("name", FRAMED)
def test_wires_come_in_on_the_line_of_what_is_in_a_frame(name):
    for frame, outside, inside in frames(draw(FRAMED[name])):
        ports = [
            point
            for wire in outside
            for (node, _), point in zip(wire.ends, (wire.points[0], wire.points[-1]), strict=True)
            if node == frame.id
        ]
        level = {round(y_, 6) for x_, y_ in ports if abs(abs(x_ - frame.center[0]) - frame.width / 2) < 1e-6}
        stubs = {round(y_, 6) for wire in inside for _, (_, y_) in wire.tips if wire.path[0][1][0][1] == y_}
        if len(level) == 1 and len(stubs) == 1:
            assert level == stubs


def test_a_frame_is_no_larger_than_its_content_and_its_name_take():
    for name in ("softmax", "gradient of a singular value loss"):
        drawing = draw(FRAMED[name])
        for frame, _, _ in frames(drawing):
            inner = [i.box for i in drawing.scene.items if i.id.startswith(f"{frame.id}.")]
            assert frame.box.top - max(box.top for box in inner) < 0.75
            assert min(box.bottom for box in inner) - frame.box.bottom < 0.75


def test_a_frame_without_legs_stands_on_the_line_of_its_content():
    drawing = draw(td.apply("logdet", A @ B) * x)
    (frame,) = [node for node in drawing.scene.nodes if node.kind == "frame"]
    vector = next(node for node in drawing.scene.nodes if node.kind == "vector")
    boxes = [node for node in drawing.scene.nodes if node.id.startswith(f"{frame.id}.")]
    assert {round(node.center[1], 6) for node in boxes} == {round(vector.center[1], 6)} == {0.0}
    assert frame.center[1] > 0.3


def test_a_node_on_a_frame_and_a_wire_through_one_are_noticed():
    drawing = draw((A + B) @ x)
    scene = drawing.scene
    frame = next(node for node in scene.nodes if node.kind == "frame")
    vector = next(node for node in scene.nodes if node.kind == "vector")
    moved = vector.shifted(frame.box.right - vector.center[0], 0.0)
    items = tuple(moved if i is vector else i for i in scene.items)
    on_it = replace(drawing, scene=replace(scene, items=items))
    assert on_it.metrics().node_overlaps > 0
    wire = next(w for w in scene.wires if w.tips and "." not in w.id)
    through = replace(wire, ends=(("", 0), ("", 1))).shifted(frame.center[0] - wire.box.center[0], 1.5)
    cut = replace(drawing, scene=replace(scene, items=(*scene.items, through)))
    assert cut.metrics().wire_node_hits > drawing.metrics().wire_node_hits


def test_what_is_large_stands_on_the_axis_and_a_single_vector_hangs_on_its_dot():
    drawing = draw(td.grad(y @ td.apply("tanh", A @ x), x))
    nodes = [node for node in drawing.scene.nodes if "." not in node.id]
    frame, dot = (next(n for n in nodes if n.kind == kind) for kind in ("frame", "copy"))
    matrix, vector = (next(n for n in nodes if n.kind == kind) for kind in ("matrix", "vector"))
    assert {round(n.center[1], 6) for n in (matrix, dot, frame)} == {0.0}
    assert vector.center[0] == dot.center[0]
    assert flaws(drawing) == {}


def test_open_legs_end_where_their_row_does():
    drawing = draw(FRAMED["Jacobian of a layer"])
    nodes = [n for n in drawing.scene.nodes if "." not in n.id and n.kind != "frame"]
    tips = {leg: point for wire in drawing.scene.wires if "." not in wire.id for leg, point in wire.tips}
    assert min(n.box.left for n in nodes) - tips[0][0] < 1.7
    assert tips[1][0] - max(n.box.right for n in nodes) < 1.7
    assert flaws(drawing) == {}


def test_parts_stand_in_the_corners_that_others_leave_free():
    two = y @ td.apply("tanh", A @ td.apply("tanh", B @ td.apply("tanh", C @ x)))
    drawing = draw(td.grad(two, C))
    wide = max(node.box.right for node in drawing.scene.nodes if node.kind == "frame")
    tip = max(point[0] for wire in drawing.scene.wires if "." not in wire.id for _, point in wire.tips)
    assert tip - wide < 5.0
    assert flaws(drawing) == {}
    for one, other in itertools.combinations([n for n in drawing.scene.nodes if "." not in n.id], 2):
        assert not one.box.meets(other.box)


def test_closed_parts_stay_beside_each_other():
    drawing = draw((u @ v) * (x @ y) * (A @ x))
    parts = sorted(node.box.left for node in drawing.scene.nodes)
    assert len(parts) == 6
    assert flaws(drawing) == {}


def test_a_line_does_not_stand_below_what_is_left_of_it():
    f = td.einsum("i,i,i,ij,j->", x, y, u, A, x)
    drawing = draw_equation((f, ("x", "y", "x")), td.diff(f, "x", "y", "x"))
    left, _, second = (term.frame for term in drawing.scene.terms)
    assert second.left > left.right
    assert left.bottom < second.top < 0.0
    assert flaws(drawing) == {}


@pytest.mark.parametrize("sides", ["auto", "down", "all-left"])
def test_a_frame_that_hangs_on_a_dot_keeps_its_wire_at_its_left(sides):
    expr = FRAMED["Jacobian of a layer"].simplify()
    drawing = draw(expr, simplify=False, sides=sides)
    (frame,) = [n for n in drawing.scene.nodes if n.kind == "frame" and "." not in n.id]
    (wire,) = [w for w in drawing.scene.wires if any(node == frame.id for node, _ in w.ends)]
    (port,) = [p for (node, _), p in zip(wire.ends, (wire.points[0], wire.points[-1]), strict=True) if node == frame.id]
    if sides != "all-left":
        assert abs(port[0] - frame.box.left) < 1e-6
    assert flaws(drawing) == {}
    assert is_read_back(drawing, expr)


def test_names_of_legs_stay_off_the_wires_that_fan_out_beside_them():
    for seed in (128, 158, 268, 371):
        expr = random_diagram(seed, steps=4, smooth=True)
        assert flaws(td.draw(expr, **WHOLE)).keys() <= {"crossings"}


def test_all_nodes_are_placed_where_only_the_right_side_is_taken():
    network = random_network(0)
    drawing = td.derivation(network, network.tensor("B")).draw()
    assert drawing.metrics().node_overlaps == 0
    last = [skeleton for _, skeleton in read(drawing.scene, LETTERS)][-1]
    assert same(last, terms_of(td.diff(network, network.tensor("B")).simplify())[0].skeleton)


@pytest.mark.parametrize("name", FRAMED)
def test_nothing_stands_on_a_frame_in_a_general_layout(name):
    assert draw(FRAMED[name], layout="stress").metrics().node_overlaps == 0


def test_two_large_frames_part_by_their_outlines():
    drawing = td.draw(random_diagram(281, steps=4, smooth=True), **WHOLE)
    assert flaws(drawing).keys() <= {"crossings"}


def test_wires_between_two_frames_are_level_and_the_first_one_is_on_top():
    T, G, P, Q, R = td.tensors("T[i,j,k] G[p,q,r] P[i,p] Q[j,q] R[k,r]")
    drawing = draw(td.square_norm(T - td.einsum("pqr,ip,jq,kr->ijk", G, P, Q, R)))
    wires = [w for w in drawing.scene.wires if "." not in w.id]
    assert len(wires) == 3
    heights = {w.ends[0][1]: {round(y_, 6) for _, y_ in w.points} for w in wires}
    assert all(len(found) == 1 for found in heights.values())
    assert max(heights[0]) > max(heights[1]) > max(heights[2])
    stubs = [w for w in drawing.scene.wires if w.tips and w.id.count(".") == 1]
    assert max(heights[1]) in {round(point[1], 6) for w in stubs for _, point in w.tips}
    assert flaws(drawing) == {}


def test_wires_that_come_free_at_one_side_of_a_frame_bend_down_beside_each_other():
    T, G, P, Q, R = td.tensors("T[i,j,k] G[p,q,r] P[i,p] Q[j,q] R[k,r]")
    drawing = td.derivation(td.square_norm(T - td.einsum("pqr,ip,jq,kr->ijk", G, P, Q, R)), G).draw()
    assert flaws(drawing) == {}
    opened = [w for w in drawing.scene.wires if w.state == "accent" and w.tips and "." not in w.id]
    tips = sorted(tip for w in opened for tip in w.tips)
    assert [leg for leg, _ in tips] == [0, 1, 2]
    assert [point[0] for _, point in tips] == sorted(point[0] for _, point in tips)
    assert len({point[1] for _, point in tips}) == 1

"""Options of pictures: names, marks, transposes, widths, layouts, sides, holes, hatching; and what is refused."""

import dataclasses
import math
import os

import networkx as nx
import pytest
from test_drawing_faithful import LETTERS, flaws, is_read_back
from test_drawing_samples import SAMPLES, A, B, X, b, lattice, u, v, x, y, z

import tensordiag as td
from tensordiag.drawing.geometry import inside, line
from tensordiag.drawing.metrics import measure
from tensordiag.drawing.readback import read, same
from tensordiag.drawing.scene import Scene, Wire
from tensordiag.drawing.shapes import stroke
from tensordiag.drawing.skeletons import terms_of
from tensordiag.drawing.style import THEMES, Style
from tensordiag.drawing.typesetting import typeset
from tensordiag.errors import DrawingError

Q = td.Tensor("Q", ("n", "n"), "orth")
GRADIENT = td.grad(td.square_norm(A @ x - b), x)


def labels(drawing):
    """The labels of the nodes from left to right."""
    return [node.label for node in sorted(drawing.scene.nodes, key=lambda node: node.center[0])]


def words(drawing):
    """The texts of a picture."""
    return [text.label for text in drawing.scene.texts]


# -- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("W1", "W_1"),
        ("alpha", "α"),
        ("W_12", "W1_2", "W12"),
        ("x" * 30, "x" * 31),
        ("a" * 40 + "b" * 9, "a" * 41 + "b" * 9),
    ],
)
@pytest.mark.parametrize("conjugate", [False, True])
def test_different_names_look_different_in_one_picture(names, conjugate):
    product = x
    for name in names:
        product = td.Tensor(name, ("n", "n"), (), conjugate) @ product
    drawing = td.draw(product)
    shown = labels(drawing)[: len(names)]
    assert len(set(shown)) == len(names)
    assert flaws(drawing) == {}
    other = td.draw(product)
    assert labels(other)[: len(names)] == shown


def test_a_name_keeps_its_usual_label_where_no_other_takes_it():
    assert labels(td.draw(td.Tensor("W1", ("n", "n")) @ x))[0] == "W_{1}"
    first, second = td.tensors("W1[n,n] W_1[n,n]")
    inverse = td.apply("inv", first) @ second @ td.apply("inv", first) @ x
    assert labels(td.draw(inverse, simplify=False))[:3] == ["\\mathrm{W1}^{−1}", "W_{1}", "\\mathrm{W1}^{−1}"]


def test_names_are_told_apart_over_all_equations_of_a_figure():
    first, second = td.tensors("W1[n,n] W_1[n,n]")
    shown = {node.label for node in td.draw_equations([("a", first), ("b", second), ("c", first)]).scene.nodes}
    assert len(shown) == 2


@pytest.mark.parametrize("name", ["x10", "F12", "W123", "mu10", "mask", "weights", "e1", "x_train"])
def test_names_fit_into_triangles_whichever_way_these_point(name):
    vector = td.Tensor(name, ("n",))
    for expr in (A @ vector, vector @ A, td.einsum("ij,j,jk->ik", A, vector, B), A * td.outer(vector, vector)):
        drawing = td.draw(expr)
        assert flaws(drawing) == {}
        assert max(node.height for node in drawing.scene.nodes) < 5


@pytest.mark.parametrize("name", ["D", "Lambda1", "Sigma_xy"])
def test_the_stroke_of_a_diagonal_matrix_leaves_its_label_free(name):
    diagonal = td.Tensor(name, ("n", "n"), ("diag",))
    for expr in (A @ diagonal @ x, td.einsum("ij,jk,jl,l->ik", A, B, diagonal, x)):
        drawing = td.draw(expr)
        node = next(n for n in drawing.scene.nodes if n.kind == "diagonal")
        label = next(t for t in drawing.scene.texts if t.owner == node.id).box
        ends = [p for _, points in stroke_of(node) for p in points]
        assert len(ends) == 4
        pieces = [(ends[0], ends[1]), (ends[2], ends[3])]
        inner = [tuple(p + k / 9 * (q - p) for p, q in zip(*pair, strict=True)) for pair in pieces for k in range(10)]
        assert not any(label.contains(point) for point in inner)


def stroke_of(node):
    """The pieces of a diagonal matrix's stroke."""
    width = typeset(node.label).width
    return stroke(node.kind, node.width, node.height, node.turn, node.mirrored, node.center, width)


def test_tex_gets_one_superscript_at_a_time():
    inverse = td.apply("inv", td.Tensor("W_1", ("n", "n")))
    text = td.draw(x @ inverse.T @ A @ y, simplify=False, transpose="label").to_tikz()
    assert "^{{-}1 \\top }" in text
    assert "}^{{-}1}^" not in text
    names = td.draw(td.Tensor("W1", ("n", "n")) @ td.Tensor("W_1", ("n", "n")) @ x).to_tikz()
    assert names.isascii()


def test_long_names_are_spelled_out_in_a_legend():
    name = "the_weights_of_the_second_layer"
    drawing = td.draw(td.Tensor(name, ("n", "n")) @ x)
    lines = [text for text in words(drawing) if " : " in text]
    assert len(lines) == 1
    assert lines[0].endswith("\\mathrm{theˍweightsˍofˍtheˍsecondˍlayer}")
    assert flaws(drawing) == {}
    assert name in drawing.alt
    widths = [node.width for node in td.draw(td.Tensor(name, ("n", "n")) @ A @ x).scene.nodes]
    assert sorted(widths)[1] < 3


# -- marks and transposes -----------------------------------------------------------------------------


def test_transposes_are_told_by_labels_where_that_is_asked_for():
    expr = x @ A.T @ B @ y
    assert not [w for w in words(td.draw(expr)) if "⊤" in w]
    for way in ("label", "both"):
        assert [w for w in words(td.draw(expr, transpose=way)) if w.startswith(("A", "B"))] == ["A^{⊤}", "B"]
    turned = {
        td.draw(expr, **options).to_svg()
        for options in ({}, {"transpose": "label"}, {"transpose": "both"}, {"mark": "strong"})
    }
    assert len(turned) == 4
    assert td.draw(expr, mark="none").to_svg() == td.draw(expr, transpose="label").to_svg()


@pytest.mark.parametrize(
    "options", [{"mark": "strong"}, {"mark": "none"}, {"transpose": "label"}, {"transpose": "both"}]
)
@pytest.mark.parametrize(
    "pair", [(x @ A @ y, x @ A.T @ y), (td.trace(A @ X @ B @ X), td.trace(A @ X @ B @ X.T)), (A @ x, A.T @ x)]
)
def test_transposes_differ_with_every_mark(pair, options):
    first, second = (td.draw(expr, simplify=False, **options) for expr in pair)
    assert first.strokes != second.strokes
    assert flaws(first) == flaws(second) == {}
    assert same(read(first.scene, LETTERS)[0][1], terms_of(pair[0])[0].skeleton)


def test_orthogonal_matrices_are_trapezoids_that_show_their_row():
    drawing = td.draw(Q @ A @ Q.T @ x, simplify=False)
    kinds = [node.kind for node in sorted(drawing.scene.nodes, key=lambda node: node.center[0])]
    assert kinds == ["orthogonal", "matrix", "orthogonal", "vector"]
    first, _, second, _ = sorted(drawing.scene.nodes, key=lambda node: node.center[0])
    assert abs(first.turn - second.turn) == 180.0
    assert is_read_back(drawing, Q @ A @ Q.T @ x)
    assert td.draw(Q @ x, simplify=False).strokes != td.draw(Q.T @ x, simplify=False).strokes
    assert "orthogonal matrix Q" in drawing.alt


# -- wires --------------------------------------------------------------------------------------------


def test_wires_are_as_wide_as_their_dimensions():
    first, second, third = td.tensors("U[4,16] V[16,256] p[256]")
    widths = sorted(wire.width for wire in td.draw(first @ second @ third, width="dim").scene.wires)
    assert widths == [0.8, 1.6, 3.2]
    assert {wire.width for wire in td.draw(A @ x, width="dim").scene.wires} == {None}
    assert [wire.width for wire in td.draw(A @ x, width={"n": 64}).scene.wires] == pytest.approx([2.4, 2.4])
    assert {wire.width for wire in td.draw(first @ second @ third).scene.wires} == {None}
    assert 'stroke-width="0.32"' in td.draw(first @ second @ third, width="dim").to_svg()


def test_a_wire_has_a_gap_where_another_crosses_it():
    graph = nx.complete_bipartite_graph(3, 3)
    edges = list(graph.edges)
    rows = [[k for k, edge in enumerate(edges) if node in edge] for node in range(6)]
    expr = td.contract([td.Tensor(f"T{k}", ("n",) * 3) for k in range(6)], rows, [])
    drawing = td.draw(expr)
    count = drawing.metrics().crossings
    assert count >= 1  # the network is not planar
    background = [stroke for stroke in drawing.strokes if stroke.color == "#ffffff" and not stroke.fill]
    assert len(background) == count
    assert not [s for s in td.draw(expr, style=Style(halo=0.0)).strokes if s.color == "#ffffff" and not s.fill]


# -- layouts, sides, holes, brackets ------------------------------------------------------------------


def test_general_layout_can_be_asked_for():
    grid = lattice(3, 4, legs=False)
    recognised, general = td.draw(grid), td.draw(grid, layout="stress")
    assert recognised.scene != general.scene
    assert is_read_back(general, td.simplify(grid))
    assert general.metrics().crossings == 0


def test_open_legs_leave_where_they_are_told_to():
    def ways(expr, **options):
        scene = td.draw(expr, **options).scene
        frame = scene.terms[0].frame
        found = []
        for wire in scene.wires:
            for _, (px, py) in wire.tips:
                gaps = {"left": abs(px - frame.left), "right": abs(px - frame.right), "down": abs(py - frame.bottom)}
                found.append(min(gaps, key=gaps.get))
        return found

    assert ways(A @ x) == ["left"]
    assert ways(A @ x, sides="right") == ["right"]
    assert ways(x * y * z) == ["right"]
    assert ways(x * y * z, sides="left") == ["left"]
    assert ways(A @ B, sides="down") == ["down", "down"]
    assert ways(td.diff(x * y * z, x), sides="down") == ["down", "down"]


@pytest.mark.parametrize(
    "name", ["jacobian", "matrix vector", "cp gradient", "inverse derivative", "layer jacobian", "outer"]
)
def test_legs_that_go_down_are_read_back(name):
    expr = td.simplify(SAMPLES[name])
    drawing = td.draw(expr, simplify=False, sides="down")
    assert is_read_back(drawing, expr)
    assert flaws(drawing) == {}


def test_brackets_can_be_multiplied_out():
    assert [node.kind for node in td.draw(GRADIENT).scene.nodes].count("frame") == 1
    spread = td.draw(GRADIENT, factor=False)
    assert [node.kind for node in spread.scene.nodes].count("frame") == 0
    assert len(spread.scene.terms) == 2


def test_holes_can_be_closed():
    f = u @ X @ X @ v
    derivation = td.derivation(f, X)
    states = [node.state for node in derivation.draw().scene.nodes]
    assert states.count("ghost") == 2
    assert "ghost" not in [node.state for node in derivation.draw(compact=True).scene.nodes]


# -- themes -------------------------------------------------------------------------------------------


def test_hatching_lies_inside_its_shape_and_only_in_print():
    expr = x.conj() @ td.apply("tanh", A @ x)
    color = THEMES["print"].hatch
    drawing = td.draw(expr, theme="print")
    lines = [stroke.path for stroke in drawing.strokes if stroke.color == color]
    assert len(lines) > 6
    shapes = [node for node in drawing.scene.nodes if node.role in THEMES["print"].hatches]
    assert {node.role for node in shapes} == {"conjugate", "function"}
    for (_, (start,)), (_, (end,)) in lines:
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        assert sum(inside(middle, node.corners) for node in shapes) == 1
    assert not [s for s in td.draw(expr, theme="light").strokes if s.color == color]


# -- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mark": "stong"}, "mark is 'bevel', 'strong' or 'none', not 'stong'; did you mean strong"),
        ({"transpose": "flip"}, "transpose is 'rotate', 'label' or 'both', not 'flip'"),
        ({"layout": "sress"}, "layout is 'auto' or 'stress', not 'sress'; did you mean stress"),
        ({"sides": "dwon"}, "sides is 'auto', 'left', .*'all-right' or 'ud', not 'dwon'; did you mean down"),
        ({"colors": "dim"}, "colors is 'kinds' or 'dims', not 'dim'; did you mean dims"),
        ({"width": "dims"}, "width is 'dim', sizes by the names of dimensions, or None, not 'dims'"),
        ({"style": "dark"}, "style is a Style, not 'dark'"),
        ({"legs": 5}, "legs is a sequence of names, or None, not 5"),
        ({"depth": -1}, "depth is a number of frames, 0 or more, or None, not -1"),
        ({"terms": 0}, "terms is a number of terms, 1 or more, or None, not 0"),
        ({"max_width": "wide"}, "max_width is a positive number of em, or None, not 'wide'"),
        ({"derivative": 5}, "derivative is a tensor or its name, or a sequence of them, not 5"),
        ({"slots": 3}, "slots is an expression, or None, not 3"),
        ({"folds": 2}, "say how deep frames may nest with depth="),
        ({"marked": frozenset()}, "no option 'marked'; did you mean mark"),
    ],
)
def test_options_that_do_not_exist_are_refused(options, message):
    with pytest.raises(DrawingError, match=message):
        td.draw(x @ A @ y, **options)


def test_only_expressions_are_drawn_and_only_to_paths_at_real_resolutions():
    with pytest.raises(DrawingError, match="draws expressions, not str"):
        td.draw("x'*A*x")
    with pytest.raises(DrawingError, match=r"draws a Derivation, not Tensor; use draw\(\)"):
        td.draw_derivation(x)
    with pytest.raises(DrawingError, match="writes to a path, not to int"):
        td.draw(x).save(5)
    with pytest.raises(DrawingError, match="dpi is a positive number of dots per inch, not -1"):
        td.draw(x).save("x.png", dpi=-1)


def test_what_asks_for_one_format_gets_it():
    small, large = td.draw(x @ A @ y), td.draw(lattice(7, 7, legs=False), simplify=False)
    assert small._repr_svg_() == small.to_svg()
    assert small._repr_png_() is None
    assert large._repr_svg_() is None
    assert large._repr_png_().startswith(b"\x89PNG")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken.svg").mkdir()
    with pytest.raises(DrawingError, match=r"cannot write the picture to .*taken\.svg: Is a directory"):
        td.draw(x @ A @ y, tmp_path / "taken.svg")
    assert os.listdir(tmp_path) == ["taken.svg"]
    assert os.listdir(tmp_path / "taken.svg") == []


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f.svg"
    td.draw(x @ A @ y, path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DrawingError, match="No space left on device"):
        td.draw(A, path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["f.svg"]


# -- what is measured ---------------------------------------------------------------------------------


def test_the_angle_of_a_crossing_is_measured():
    def crossed(way):
        wires = (Wire("0/a", line((-2.0, 0.0), (2.0, 0.0)), (("", 0), ("", 1))),)
        wires += (Wire("0/b", line((-way[0], -way[1]), way), (("", 2), ("", 3))),)
        return measure(Scene(wires), Scene(wires).box)

    assert crossed((1.0, 1.0)).crossing_angle == pytest.approx(45)
    assert crossed((-1.0, 0.5)).crossing_angle == pytest.approx(math.degrees(math.atan(0.5)))
    assert crossed((0.0, 1.0)).crossings == 1
    assert td.draw(x @ A @ y).metrics().crossing_angle == 90


@pytest.mark.parametrize("count", [10, 16, 24])
def test_wires_of_random_networks_cross_steeply(count):
    crossed = 0
    for seed in range(8):
        graph = nx.random_regular_graph(3, count, seed=seed)
        edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
        rows = [[k for k, edge in enumerate(edges) if node in edge] for node in range(count)]
        network = td.contract([td.Tensor(f"T{k}", ("n",) * 3) for k in range(count)], rows, [])
        found = td.draw(network, simplify=False).metrics()
        crossed += found.crossings > 0
        assert found.crossing_angle >= 45
    assert crossed


def test_the_time_of_the_layout_is_measured_and_is_not_in_the_picture():
    first, second = td.draw(SAMPLES["peps"]), td.draw(SAMPLES["peps"])
    assert first.metrics().layout_seconds > 0
    slower = dataclasses.replace(second, layout_seconds=99.0)
    assert first == slower
    for ending in ("svg", "png", "pdf", "tex", "txt"):
        assert first.to_bytes(ending) == slower.to_bytes(ending)


# -- colours of dimensions, dots along axes, unit vectors ---------------------------------------------


def test_wires_are_coloured_by_their_dimension_with_a_legend():
    first, second, p = td.tensors("U[m,n] V[n,k] p[k]")
    drawing = td.draw(first @ second @ p, colors="dims")
    named = {t.label: t.id for t in drawing.scene.texts if t.id.startswith("hue")}
    assert list(named) == ["m", "n", "k"]
    assert named == {"m": "hue0text", "n": "hue1text", "k": "hue2text"}
    hues = {w.hue: w for w in drawing.scene.wires if w.id.startswith("0/")}
    assert sorted(hues) == [0, 1, 2]
    assert [hues[0].tips != [], hues[1].tips, hues[2].tips] == [True, [], []]
    colors = THEMES["light"].hues
    assert all(f'stroke="{color}"' in drawing.to_svg() for color in colors[:3])
    assert flaws(drawing) == {}
    plain = td.draw(first @ second @ p)
    assert {w.hue for w in plain.scene.wires} == {None}
    assert not any(color in plain.to_svg() for color in colors)
    dark = td.draw(first @ second @ p, colors="dims", theme="auto").to_svg()
    assert f'[stroke="{colors[0]}"]{{stroke:{THEMES["dark"].hues[0]}}}' in dark


def test_one_dimension_has_one_colour_in_all_parts_of_a_figure():
    first, second, p = td.tensors("U[m,n] V[n,m] p[n]")
    drawing = td.draw_equations([("f", td.tanh(first @ p)), ("g", second @ td.tanh(first @ p))], colors="dims")
    by_dim = {t.label: int(t.id[3]) for t in drawing.scene.texts if t.id.startswith("hue")}
    vectors = {n.id for n in drawing.scene.nodes if n.label == "p"}
    wires = [w for w in drawing.scene.wires if any(node in vectors for node, _ in w.ends)]
    assert len(wires) == 2
    assert {w.hue for w in wires} == {by_dim["n"]}


def test_themes_without_colours_have_none_for_dimensions():
    with pytest.raises(DrawingError, match="the theme 'print' has no colours for dimensions; labels='dims' names them"):
        td.draw(A @ x, colors="dims", theme="print")


def test_axes_along_which_a_function_works_on_every_entry_alike_are_dotted():
    scores = A @ B + X

    def dotted(expr):
        return [w.dotted for w in td.draw(expr, simplify=False).scene.wires if "." in w.id and w.tips]

    assert dotted(td.tanh(scores)) == [True] * 4
    assert dotted(td.apply("inv", scores)) == [False] * 4
    assert sum(dotted(td.softmax(scores, axis=1))) == 2
    assert sum(dotted(td.softmax(A @ x + b))) == 0
    assert {w.dotted for w in td.draw(td.tanh(A @ x)).scene.wires} == {False}
    assert 'stroke-dasharray="0 ' in td.draw(td.tanh(scores)).to_svg()


def test_the_dotted_axis_is_the_one_that_the_function_does_not_run_along():
    drawing = td.draw(td.softmax(A @ B, axis=1), simplify=False)
    tips = {w.tips[0][0]: w.dotted for w in drawing.scene.wires if "." in w.id and w.tips}
    assert tips == {0: True, 1: False}
    turned = td.draw(td.softmax(A @ B, axis=1).T, simplify=False)
    assert is_read_back(turned, td.softmax(A @ B, axis=1).T)
    row = next(n for n in turned.scene.nodes if n.label == "A").id
    assert all(w.dotted == any(node == row for node, _ in w.ends) for w in turned.scene.wires if "." in w.id and w.tips)


def test_a_unit_vector_is_thinner_than_a_vector_of_the_same_name():
    unit = next(n for n in td.draw(td.entry(A, 1, None)).scene.nodes if n.kind == "unit")
    vector = next(n for n in td.draw(td.Tensor("e1", ("n",)) @ A).scene.nodes if n.kind == "vector")
    assert unit.label == vector.label
    assert unit.height / unit.width < 0.7 < vector.height / vector.width
    for index in (0, 10, 1000):
        assert flaws(td.draw(td.entry(A, index, None))) == {}

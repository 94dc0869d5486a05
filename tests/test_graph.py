"""The NetworkX graph: what it looks like, removing nodes, graphs from outside, closed wires."""

import re

import networkx as nx
import numpy as np
import pytest
from reference import sample, value

import tensordiag as td
from tensordiag.core.diagrams import Diagram, environment, wiring
from tensordiag.core.expressions import one
from tensordiag.core.networks import flatten
from tensordiag.dimension import as_dimension
from tensordiag.errors import GraphError
from tensordiag.testing import assert_same_value

A, B, T, x, y, z, v = td.tensors("A[n,n] B[n,n] T[n,n,m] x[n] y[n] z[n] v[m]")
n = as_dimension("n")


def test_the_seeds_problem():
    f = (x * y * z).flat()
    graph = f.graph
    assert isinstance(graph, nx.MultiGraph)
    assert [data["box"] for _, data in graph.nodes(data=True) if "box" in data] == [x, y, z, td.Copy(4, "n")]
    assert [data["open"] for _, data in graph.nodes(data=True) if "open" in data] == [0]
    assert graph.degree(3) == 4
    removed = td.remove_node(graph, 0)
    assert sorted(data["open"] for _, data in removed.nodes(data=True) if "open" in data) == [0, 1]
    made = td.from_networkx(removed)
    assert made == environment(f, 0).carried_out()
    assert made.flat() == td.diff(f, x).flat()
    assert_same_value(made, td.diff(x * y * z, x))
    arrays, sizes = sample(f)
    np.testing.assert_allclose(value(made, arrays, sizes), np.diag(arrays["y"] * arrays["z"]))


def test_the_graph_is_frozen_and_cached():
    expr = A @ x
    graph = expr.graph
    assert graph is expr.graph
    with pytest.raises(nx.NetworkXError, match="Frozen graph"):
        graph.add_node("new")
    assert nx.is_frozen(graph)


def test_edges_name_their_ends_and_dimension():
    graph = td.einsum("iij,j->", T, v).graph
    ends = {frozenset(data["ends"]): str(data["dim"]) for *_, data in graph.edges(data=True)}
    assert ends == {frozenset({(0, 0), (0, 1)}): "n", frozenset({(0, 2), (1, 0)}): "m"}
    assert graph.number_of_edges(0, 0) == 1


def test_a_leaf_is_a_graph_of_one_box():
    assert A.graph.number_of_nodes() == 3
    assert td.from_networkx(A.graph) is A
    assert td.from_networkx(nx.MultiGraph()) == one()
    assert td.from_networkx(td.identity("n").graph) == td.identity("n")


def test_removing_a_node_with_a_wire_to_itself_leaves_an_identity():
    made = td.from_networkx(td.remove_node(A.trace().graph, 0))
    assert made == td.identity("n")
    assert td.diff(A.trace(), A).flat() == td.identity("n")
    partly = td.einsum("iij,j->", T, v)
    assert td.from_networkx(td.remove_node(partly.graph, 0)) == td.outer(td.identity("n"), v)


def test_removing_every_node_is_the_product_rule():
    f = td.einsum("i,ij,j,k,k->", x, A, x, v, v)
    arrays, sizes = sample(f)
    total = sum(
        value(td.from_networkx(td.remove_node(f.graph, node)), arrays, sizes)
        for node, data in f.graph.nodes(data=True)
        if data.get("box") is x
    )
    np.testing.assert_allclose(td.diff(f, x).evaluate(arrays), total)


def test_a_graph_built_by_hand():
    graph = nx.MultiGraph()
    graph.add_node("matrix", box=A)
    graph.add_node("vector", box=x)
    graph.add_node("out", open=0)
    graph.add_edge("vector", "matrix", ends=(("matrix", 1), ("vector", 0)))
    graph.add_edge("out", "matrix", ends=[("out", 0), ("matrix", 0)], dim="n")
    assert td.from_networkx(graph) == A @ x
    graph.add_node("left", open=1)
    graph.add_node("right", open=2)
    graph.add_edge("left", "right", ends=(("left", 0), ("right", 0)), dim="k")
    assert td.from_networkx(graph).dims == (n, as_dimension("k"), as_dimension("k"))


def broken(change):
    graph = nx.MultiGraph((A @ x).graph)
    change(graph)
    return graph


def data_of(graph):
    """The attributes of the wire between the boxes."""
    return next(iter(graph[0][1].values()))


def _set_ends(graph, ends):
    graph.remove_edge(0, 1)
    graph.add_edge(0, 1, ends=ends)


BROKEN = [
    (lambda g: g.add_node("lost"), "node 'lost' has neither a box (an expression) nor an open leg's number"),
    (lambda g: g.add_node("text", box="A"), "node 'text' has neither a box (an expression) nor an open leg's number"),
    (lambda g: g.add_node(9, open=3), "the open legs must be numbered 0 to 1, not [0, 3]"),
    (lambda g: g.add_node(9, open=0), "the open legs must be numbered 0 to 1, not [0, 0]"),
    (lambda g: g.add_node(9, open=1), "leg 0 of 9 has no wire; a leg has exactly one"),
    (lambda g: g.add_node(9, box=y), "leg 0 of 9 has no wire; a leg has exactly one"),
    (lambda g: g.remove_edge(0, 1), "leg 1 of 0 has no wire; a leg has exactly one"),
    (lambda g: g.add_edge(0, 1), "the wire between 0 and 1 needs ends=((node, leg), (node, leg)), not None"),
    (lambda g: _set_ends(g, 5), "the wire between 0 and 1 needs ends=((node, leg), (node, leg)), not 5"),
    (
        lambda g: _set_ends(g, ((0, 1),)),
        "the wire between 0 and 1 needs ends=((node, leg), (node, leg)), not ((0, 1),)",
    ),
    (lambda g: _set_ends(g, ((0, 1), (0, 0))), "the wire between 0 and 1 says that it ends at 0 and 0"),
    (lambda g: _set_ends(g, ((0, 1), (1, 1))), "the wire between 0 and 1 ends at leg 1 of 1, which has 1 leg"),
    (lambda g: _set_ends(g, ((0, 1), (1, "a"))), "the wire between 0 and 1 ends at leg 'a' of 1, which has 1 leg"),
    (lambda g: g.add_edge(0, 1, ends=((0, 1), (1, 0))), "leg 1 of 0 has two wires; a leg has exactly one"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN, ids=[message[:50] for _, message in BROKEN])
def test_graphs_that_break_the_invariant(change, message):
    with pytest.raises(GraphError, match=f"^{re.escape(message)}$"):
        td.from_networkx(broken(change))


@pytest.mark.parametrize("ends", [(1, 2), (None, None), ((0, 1), 5), (([], 1), (1, 0))])
def test_ends_of_a_wrong_kind(ends):
    with pytest.raises(GraphError, match=r"^the wire between 0 and 1 "):
        td.from_networkx(broken(lambda graph: _set_ends(graph, ends)))


def test_directed_graphs_and_clashing_dimensions():
    with pytest.raises(GraphError, match=r"^a diagram is an undirected networkx\.MultiGraph: wires have no direction"):
        td.from_networkx(nx.MultiDiGraph())
    with pytest.raises(GraphError, match=r"^a diagram is an undirected networkx\.MultiGraph"):
        td.from_networkx(nx.Graph())
    graph = nx.MultiGraph()
    graph.add_node(0, box=x)
    graph.add_node(1, box=v)
    graph.add_edge(0, 1, ends=((0, 0), (1, 0)))
    with pytest.raises(td.TensordiagError, match=r"leg 0 of x\[n\] is n, but leg 0 of v\[m\], joined to it, is m"):
        td.from_networkx(graph)
    wrong = broken(lambda g: data_of(g).update(dim=as_dimension("m")))
    with pytest.raises(
        td.TensordiagError, match=r"^the wire at leg 1 of A\[n, n\] says dimension m, but the leg is n$"
    ):
        td.from_networkx(wrong)


def test_nodes_that_cannot_be_removed():
    for node in (7, ("open", 0), "x"):
        with pytest.raises(GraphError, match=f"^{re.escape(f'there is no box {node!r} in this graph')}$"):
            td.remove_node((A @ x).graph, node)
    with pytest.raises(GraphError, match=r"^there is no box 2 in a diagram of 2 boxes$"):
        environment(A @ x, 2)
    with pytest.raises(GraphError, match=r"^there is no box -1 in a diagram of 2 boxes$"):
        environment(A @ x, -1)


# -- closed wires --------------------------------------------------------------------------------------


def number(expr, **sizes):
    assert expr.order == 0
    flat = value(expr.flat(), {}, sizes)
    assert value(expr, {}, sizes) == flat == expr.evaluate(sizes=sizes)
    return float(flat)


def test_a_wire_without_ends_is_the_dimension():
    loop = td.trace(td.identity("n"))
    assert loop == td.Copy(0, "n")
    assert number(loop, n=5) == 5
    assert number(td.outer(loop, loop), n=5) == 25
    assert td.Copy(0, "n") != td.Copy(0, "m")


def test_a_component_of_copy_tensors_without_legs_is_the_dimension_once():
    for order in (3, 4):
        for closed in (
            td.inner(td.Copy(order, "n"), td.Copy(order, "n")),
            td.contract([td.Copy(order + order % 2, "n")], [[k // 2 for k in range(order + order % 2)]], []),
            td.Copy(order, "n").sum(),
            td.ones("n").sum(),
        ):
            assert number(closed, n=5) == 5
            assert flatten(closed).to_expr() == td.Copy(0, "n")


def test_a_component_that_keeps_a_leg_gets_no_factor():
    for made in (
        td.contract([td.Copy(3, "n")], ["iij"], "j"),
        td.contract([td.Copy(3, "n"), td.Copy(3, "n")], ["ijk", "ijl"], "kl").sum(0),
        td.contract([td.Copy(5, "n")], ["iikkj"], "j"),
    ):
        assert made.flat() == td.ones("n")
        np.testing.assert_array_equal(value(made, {}, {"n": 4}), np.ones(4))
        np.testing.assert_array_equal(made.evaluate(sizes={"n": 4}), np.ones(4))
    double = td.contract([td.Copy(3, "n"), td.Copy(3, "n")], ["ijk", "ijl"], "kl")
    assert double.flat() == td.identity("n")
    np.testing.assert_array_equal(double.evaluate(sizes={"n": 4}), np.eye(4))


def test_a_wire_open_at_both_ends_stands_twice_among_the_open_wires():
    bare = wiring((0, 1, 1, 0), (n, as_dimension("m")))
    assert bare.open == (0, 1, 1, 0)
    assert [str(d) for d in bare.dims] == ["n", "m", "m", "n"]
    expected = np.einsum("ad,bc->abcd", np.eye(2), np.eye(3))
    np.testing.assert_array_equal(value(bare, {}, {"n": 2, "m": 3}), expected)
    np.testing.assert_array_equal(bare.evaluate(sizes={"n": 2, "m": 3}), expected)
    assert isinstance(bare, Diagram)
    assert bare.is_wiring
    assert number(td.trace(td.permute(bare, (0, 3, 1, 2)).sum((2, 3))), n=2, m=3) == 6


def test_gluing_bare_wires_into_a_loop():
    glued = td.contract([td.identity("n"), td.identity("n")], ["ij", "ji"], "")
    assert glued == td.Copy(0, "n")
    assert td.contract([td.identity("n"), td.identity("n")], ["ij", "jk"], "ik") == td.identity("n")
    assert td.trace(A @ td.identity("n")) == A.trace()
    spread = td.contract([td.identity("n"), x], ["ij", "j"], "i")
    assert spread is x


def test_derivatives_of_loops():
    assert td.diff(td.trace(td.identity("n")) * x, x).flat() == td.outer(td.Copy(0, "n"), td.identity("n")).flat()
    f = td.inner(A, td.identity("n"))
    assert td.diff(f, A).flat() == td.identity("n")
    ring = td.trace(A @ A @ A)
    arrays, _ = sample(ring)
    np.testing.assert_allclose(td.diff(ring, A).evaluate(arrays), 3 * (arrays["A"] @ arrays["A"]).T)
    assert number(td.diff(td.trace(td.diff(A.T, A).sum((1, 2))), A).sum(), n=3) == 0

"""What has to hold for every expression, tried on random ones."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import sample, value

import tensordiag as td
from tensordiag.core.diagrams import Diagram, as_diagram, environment
from tensordiag.core.expressions import Tensor, walk
from tensordiag.core.networks import flatten
from tensordiag.core.traversal import rebuild
from tensordiag.testing import assert_same_value, random_diagram

seeds = st.integers(0, 10_000)


def grown(seed, **options):
    """Smooth functions or conjugates: on complex numbers branches of a logarithm would be told apart."""
    return random_diagram(seed, smooth=seed % 2 == 1, conjugates=seed % 4 == 0, **options)


def assert_close(got, expected):
    scale = np.abs(expected).max(initial=0)
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9 * scale + 1e-12)


@given(seeds)
def test_evaluation_agrees_with_the_dense_reference(seed):
    expr = grown(seed)
    arrays, sizes = sample(expr, seed)
    assert_close(expr.evaluate(arrays, sizes=sizes), value(expr, arrays, sizes))


@given(seeds)
def test_evaluation_of_a_derivative_agrees_with_the_dense_reference(seed):
    expr = grown(seed, steps=4, order=seed % 3)
    if expr.tensors:
        derived = td.diff(expr, expr.tensors[0])
        arrays, sizes = sample(derived, seed)
        assert_close(derived.evaluate(arrays, sizes=sizes), value(derived, arrays, sizes))


@given(seeds)
def test_flat_preserves_the_value_and_is_idempotent(seed):
    expr = grown(seed)
    arrays, sizes = sample(expr, seed)
    assert_close(value(expr.flat(), arrays, sizes), value(expr, arrays, sizes))
    assert expr.flat().flat() == expr.flat()
    assert expr.flat().dims == expr.dims


@given(seeds)
def test_a_flat_network_is_its_expression(seed):
    expr = grown(seed)
    network = flatten(expr)
    assert_same_value(network.to_expr(), expr, seed=seed, trials=1)
    assert network.numbered() == network


@given(seeds)
def test_the_graph_is_the_diagram(seed):
    for node in walk(grown(seed)):
        if isinstance(node, Diagram):
            assert td.from_networkx(node.graph) == node
        else:
            assert td.from_networkx(node.graph) == node.base
        graph = node.graph
        diagram = as_diagram(node)
        rows = {(number, leg): wire for number, row in enumerate(diagram.wires) for leg, wire in enumerate(row)}
        rows |= {(("open", place), 0): wire for place, wire in enumerate(diagram.open)}
        joined = sorted([sorted(data["ends"], key=str) for *_, data in graph.edges(data=True)], key=str)
        expected = [[end for end, wire in rows.items() if wire == w] for w in range(len(diagram.wire_dims))]
        assert joined == sorted([sorted(map(tuple, ends), key=str) for ends in expected], key=str)
        assert graph.number_of_edges() == len(diagram.wire_dims)


@given(seeds)
def test_an_environment_is_the_graph_without_its_node(seed):
    for node in walk(grown(seed)):
        if isinstance(node, Diagram):
            for place in range(len(node.boxes)):
                made = environment(node, place)
                carried = made.carried_out() if isinstance(made, td.Environment) else made
                assert carried == td.from_networkx(td.remove_node(node.graph, place))
                assert made.dims == node.dims + node.boxes[place].dims


@given(seeds)
def test_an_environment_not_carried_out_has_the_value_of_one_that_is(seed):
    expr = grown(seed, steps=4)
    arrays, sizes = sample(expr, seed)
    for node in walk(expr):
        if isinstance(node, Diagram) and len(node.boxes) > 1:
            made = environment(node, seed % len(node.boxes))
            expected = value(made.carried_out(), arrays, sizes)
            assert_close(value(made, arrays, sizes), expected)
            given_ = {tensor.name: arrays[tensor.name] for tensor in made.tensors}
            assert_close(made.evaluate(given_, sizes=sizes), expected)


@given(seeds)
def test_copies_and_pickles_are_the_same_object(seed):
    expr = grown(seed)
    assert copy.copy(expr) is expr
    assert copy.deepcopy(expr) is expr
    assert pickle.loads(pickle.dumps(expr)) == expr
    assert len(repr(expr)) < 200


@given(seeds)
def test_rebuilding_without_a_change_is_the_expression_itself(seed):
    expr = grown(seed)
    assert rebuild(expr, lambda node: None) == expr
    for node in walk(expr):
        assert node.with_children(node.children) == node


@given(seeds)
def test_building_twice_gives_one_object(seed):
    assert grown(seed).base is grown(seed).base
    assert grown(seed).digest == grown(seed).digest


@given(seeds)
def test_conj_twice_is_the_expression_and_conj_is_the_conjugate(seed):
    expr = random_diagram(seed, conjugates=True)
    assert expr.conj().conj() == expr
    arrays, sizes = sample(expr + expr.conj(), seed)
    assert_close(value(expr.conj(), arrays, sizes), value(expr, arrays, sizes).conj())
    assert_close(expr.conj().evaluate(arrays, sizes=sizes), value(expr, arrays, sizes).conj())


@given(seeds)
def test_substitution_replaces_values(seed):
    expr = random_diagram(seed, steps=4, smooth=seed % 2 == 1)
    if not expr.tensors:
        return
    tensor = expr.tensors[0]
    made = Tensor("first", tensor.dims) * Tensor("second", tensor.dims) + 1
    arrays, sizes = sample(expr.declaring(made.tensors), seed)
    replaced = td.substitute(expr, {tensor: made})
    arrays_with = {**arrays, tensor.name: value(made, arrays, sizes)}
    assert_close(value(replaced, arrays, sizes), value(expr, arrays_with, sizes))


@pytest.mark.parametrize("seed", range(6))
def test_random_diagrams_have_the_order_that_was_asked_for(seed):
    for order in range(4):
        assert random_diagram(seed, order=order).order == order

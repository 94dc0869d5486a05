"""The checks for one's own work: that they find what is wrong, and what random numbers look like."""

import re

import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute import register_array
from tensordiag.compute.implementations import IMPLEMENTATIONS
from tensordiag.core.expressions import FUNCTIONS
from tensordiag.core.functions import apply, register
from tensordiag.errors import DifferentiationError, DimensionError, OrderError, UnknownTensorError
from tensordiag.testing import assert_same_value, check_derivative, random_arrays, random_diagram, random_sizes

A, X, x, y, v, t = td.tensors("A[n,n] X[m,n] x[n] y[n] v[m] t")


@pytest.fixture
def functions():
    """The tables, with what a test adds taken out again."""
    before = dict(FUNCTIONS), dict(IMPLEMENTATIONS)
    yield
    for table, kept in zip((FUNCTIONS, IMPLEMENTATIONS), before, strict=True):
        table.clear()
        table.update(kept)


def wrong_function(name, derivative):
    register(name, derivative)
    register_array(name, np.sin)


@pytest.mark.usefixtures("functions")
def test_a_wrong_derivative_is_found_and_its_place_named():
    wrong_function("badsin", lambda node, place: apply("cos", node.args[0]) + td.unit("n", 1))
    with pytest.raises(
        AssertionError,
        match=r"^derivative 1 by x differs at \[1, 1\]: diff gives -?[\d.]+, central differences -?[\d.]+ "
        r"\(relative error \d\.\de[-+]\d\d\)$",
    ):
        check_derivative(apply("badsin", x), x, arrays={"x": [0.3, 0.5, 1.0]})


@pytest.mark.usefixtures("functions")
def test_a_wrong_second_derivative_is_found():
    wrong_function("offsin", lambda node, place: apply("offcos", node.args[0]))
    register("offcos", lambda node, place: apply("sin", node.args[0]))
    register_array("offcos", np.cos)
    expr = apply("offsin", x).sum()
    assert check_derivative(expr, x) < 1e-8
    with pytest.raises(AssertionError, match=r"^derivative 2 by x differs at \[0, 0\]: "):
        check_derivative(expr, x, order=2, arrays={"x": [0.5, 0.7]})


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("factor", [0.999, 1.01, -1.0, 0.0])
def test_a_slightly_wrong_derivative_is_found(factor):
    wrong_function("nearsin", lambda node, place: factor * apply("cos", node.args[0]))
    with pytest.raises(AssertionError, match="differs at"):
        check_derivative(A @ apply("nearsin", A @ x), x)


def test_the_complex_step_is_exact_to_rounding():
    for expr in (x @ A @ x, apply("exp", A @ x), apply("softmax", A @ x, params=(0,)), apply("inv", A + 3)):
        assert check_derivative(expr, "A", order=2, seed=3) < 1e-12


def test_kinks_and_functions_of_ones_own_use_central_differences():
    assert check_derivative(apply("abs", x).sum(), x, order=2) < 1e-8
    assert check_derivative(apply("logdet", A), A, order=2) < 1e-6
    assert check_derivative(x @ A @ x, x, arrays={"x": np.array([1.0, 2j])}) < 1e-8


def test_numbers_inside_the_domain_are_found():
    assert check_derivative(apply("log", x), x, order=2) < 1e-10
    assert check_derivative(apply("arcsin", x), x, order=2) < 1e-10
    assert check_derivative(apply("log", 1 - td.square_norm(x)), x, order=2) < 1e-10
    with pytest.raises(
        DifferentiationError, match=r"^no finite value on random numbers: give arrays inside the domain"
    ):
        check_derivative(apply("log", -1 - td.square_norm(x)), x)
    with pytest.raises(DifferentiationError, match=r"^no finite value"):
        check_derivative(apply("log", x), x, arrays={"x": [-1.0, 2.0]})


def test_arrays_and_sizes_can_be_given():
    assert check_derivative(X @ x, X, arrays={"x": np.ones(7)}) < 1e-12
    assert check_derivative(X @ x, X, sizes={"m": 4, "n": 1}) < 1e-12
    assert check_derivative(x, x, sizes={"n": 0}) == 0
    assert check_derivative(x @ y, x, arrays={"x": np.ones(400), "y": np.arange(400)}) < 1e-12
    assert check_derivative(t * 3, t, order=2) < 1e-12
    assert check_derivative(A @ x, v) == 0
    with pytest.raises(DimensionError, match=r"^the array for y\[n\] has size 3, but its dimension n is 2"):
        check_derivative(x @ y, x, arrays={"x": np.ones(2), "y": np.ones(3)})


def test_what_cannot_be_checked():
    with pytest.raises(DifferentiationError, match=r"^the order of a derivative to check is at least 1, not 0$"):
        check_derivative(x, x, order=0)
    with pytest.raises(UnknownTensorError, match="cannot differentiate by 'z'"):
        check_derivative(x, "z")


# -- equal values --------------------------------------------------------------------------------------


def test_equal_values_are_equal():
    assert_same_value((A @ x) @ y, y @ A @ x)
    assert_same_value(x - x, td.zero(("n",)))
    assert_same_value(td.zero(("n",)), 0 * y)
    assert_same_value(x.conj() * x, x * x.conj())
    assert_same_value(apply("log", x * x), 2 * apply("log", apply("abs", x)))


def test_different_values_are_told_apart_and_the_place_named():
    message = r"^the values differ at \[1, \d\]: -?[\d.]+ against -?[\d.]+ \(seed 0, sizes \{'m': \d, 'n': \d\}\)$"
    with pytest.raises(AssertionError, match=message):
        assert_same_value(X, X + td.outer(td.unit("m", 1), td.ones("n")))
    with pytest.raises(AssertionError, match=r"^the values differ: "):
        assert_same_value(x @ y, x @ x)
    with pytest.raises(AssertionError):
        assert_same_value(x.conj(), x)
    with pytest.raises(AssertionError):
        assert_same_value(A, A.T)
    with pytest.raises(AssertionError):
        assert_same_value(A, 1.000001 * A)
    with pytest.raises(DimensionError, match="cannot add"):
        assert_same_value(X, X.T)
    with pytest.raises(OrderError, match="cannot add"):
        assert_same_value(X, x)
    with pytest.raises(DimensionError, match="the name x is used for two tensors"):
        assert_same_value(x.sum(), td.Tensor("x", "m").sum())


# -- random numbers ------------------------------------------------------------------------------------


def drawn(text, seed=0, **sizes):
    (tensor,) = td.tensors(text)
    return random_arrays(tensor, seed, sizes)[tensor.name]


def test_facts_are_honoured():
    symmetric = drawn("T[n,n,n] sym")
    assert all(np.array_equal(symmetric, symmetric.transpose(p)) for p in ((1, 0, 2), (2, 1, 0), (1, 2, 0)))
    assert np.linalg.eigvalsh(drawn("S[n,n] spd", n=5)).min() >= 1
    diagonal = drawn("D[n,n] diag", n=4)
    assert np.count_nonzero(diagonal) == np.count_nonzero(np.diag(diagonal)) == 4
    orthogonal = drawn("Q[n,n] orth", n=4)
    np.testing.assert_allclose(orthogonal.T @ orthogonal, np.eye(4), atol=1e-12)
    positive = drawn("p[n] pos", n=50)
    assert 0.5 <= positive.min() < positive.max() <= 2
    assert set(np.unique(drawn("M[m,n] mask", m=9, n=9))) == {0.0, 1.0}
    rows = drawn("P[m,n] prob", m=3, n=4)
    assert rows.min() > 0
    np.testing.assert_allclose(rows.sum(1), 1)
    for seed in range(5):
        conditioned = drawn("W[n,n] wc", seed, n=4)
        assert np.linalg.cond(conditioned) <= 4.001
        assert np.linalg.det(conditioned) > 0
        assert not np.allclose(conditioned, conditioned.T)
        assert len(tall := drawn("L[m,n] tall", seed)) >= tall.shape[1]
    both = drawn("B[n,n] sym mask", n=6)
    assert np.array_equal(both, both.T)
    assert set(np.unique(both)) == {0.0, 1.0}
    good = drawn("G[n,n] sym wc", n=4)
    np.testing.assert_allclose(good, good.T, atol=1e-14)
    assert np.linalg.cond(good) <= 4.001


def test_numbers_are_fresh_and_reproducible():
    first, again, other = (random_arrays(X @ x, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["X"], again["X"])
    assert first["X"].shape != other["X"].shape or not np.array_equal(first["X"], other["X"])
    rng = np.random.default_rng(0)
    assert not np.array_equal(random_arrays(t, rng)["t"], random_arrays(t, rng)["t"])


def test_sizes_are_distinct_small_and_fit():
    K = td.Tensor("K", ("m*n", "2*n-1"))
    sizes = random_sizes(K @ td.Tensor("b", "2*n-1"))
    assert sorted(sizes.values()) == [2, 3]
    assert random_arrays(K, 1, {"m": 4, "n": 3})["K"].shape == (12, 5)
    assert random_sizes(td.ones(("k", "l"))).keys() == {"k", "l"}
    assert random_sizes(td.entry(x, 4))["n"] >= 5
    assert random_sizes(td.entry(x, -4))["n"] >= 4
    assert random_sizes(td.unit(3, 0)) == {}
    assert random_sizes(x.declaring([v])).keys() == {"m", "n"}
    many = random_sizes(td.outer(*(td.Tensor(f"v{k}", f"d{k}") for k in range(9))))
    assert max(many.values()) <= 8
    with pytest.raises(DimensionError, match=re.escape("found no small sizes that fit all dimensions of L[m, n] tall")):
        random_sizes(td.Tensor("L", "m n", "tall"), sizes={"m": 1, "n": 2})


def test_conjugated_tensors_get_complex_numbers():
    arrays = random_arrays(td.inner(x.conj(), x) * td.inner(y, y))
    assert np.iscomplexobj(arrays["x"])
    assert not np.iscomplexobj(arrays["y"])
    assert not np.iscomplexobj(random_arrays(td.Tensor("r", "n", "real").conj())["r"])


def test_random_diagrams_are_reproducible_and_varied():
    made = [random_diagram(seed) for seed in range(40)]
    assert made == [random_diagram(seed) for seed in range(40)]
    assert len(set(made)) > 30
    assert {expr.order for expr in made} >= {0, 1, 2}
    smooth = [random_diagram(seed, smooth=True, steps=12) for seed in range(40)]
    kinds = {type(node).__name__ for expr in smooth for node in td.core.expressions.walk(expr)}
    assert kinds >= {"Tensor", "Copy", "Diagram", "Sum", "Apply", "Structural"}
    assert random_diagram(3, dims=("q",)).order >= 0

"""`evaluate`: which arrays it takes, what it says about the wrong ones, and what it gives back."""

from __future__ import annotations

import math
import pickle
import re

import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute import compile, evaluate, register_array
from tensordiag.compute.implementations import IMPLEMENTATIONS
from tensordiag.core.expressions import FUNCTIONS
from tensordiag.errors import (
    BackendError,
    DimensionError,
    MemoryLimitError,
    OrderError,
    ShapeError,
    SingularError,
    UnknownTensorError,
)

rng = np.random.default_rng(0)
x, y, A, B, t = td.tensors("x[n] y[n] A[n,n] B[n,m] t")
f = x @ A @ x


def says(error, text):
    return pytest.raises(error, match=re.escape(text))


def test_arrays_go_by_keyword_or_mapping():
    values = {"x": [1.0, 2.0], "A": np.eye(2)}
    assert evaluate(f, values) == evaluate(f, **values) == evaluate(f, {"x": values["x"]}, A=values["A"]) == 5.0


def test_a_tensor_named_like_an_option_goes_through_the_mapping():
    log, sizes = td.tensors("log[n] sizes[n]")
    assert evaluate(td.inner(log, sizes), {"log": [1.0, 2.0], "sizes": [3.0, 4.0]}) == 11.0


def test_unknown_missing_and_repeated_names():
    with says(UnknownTensorError, "there is no tensor 'AA' here; did you mean A?"):
        evaluate(f, x=np.ones(2), A=np.eye(2), AA=1)
    with says(UnknownTensorError, "no array is given for A[n, n]; pass A=…"):
        evaluate(f, x=np.ones(2))
    with says(UnknownTensorError, "the array for x is given twice, in the mapping and as a keyword"):
        evaluate(f, {"x": np.ones(2)}, x=np.ones(2), A=np.eye(2))


def test_shapes_that_do_not_fit():
    with says(ShapeError, "leg 0 of x[n] has size 4, but its dimension n is 3 (n = 3 from leg 0 of A[n, n])"):
        evaluate(f, x=np.ones(4), A=np.eye(3))
    with says(ShapeError, "the array for A[n, n] has 1 axis (3,), but the tensor has 2 legs"):
        evaluate(f, x=np.ones(3), A=np.ones(3))
    with says(ShapeError, "the array for x holds"):
        evaluate(f, x=np.array(["a", "b"]), A=np.eye(2))
    with says(ShapeError, "which no 2*n can have"):
        z = td.Tensor("z", ("2*n",))
        evaluate(z.sum(), z=np.ones(3))


def test_declared_tensors_give_sizes_and_are_not_read():
    assert evaluate(td.diff(x, x), x=np.full(3, np.nan)).tolist() == np.eye(3).tolist()
    assert evaluate(td.diff(x, x), sizes={"n": 2}).tolist() == np.eye(2).tolist()
    with says(DimensionError, "the size n is not known: no array has it; pass sizes={'n': …}"):
        evaluate(td.diff(x, x))
    with says(DimensionError, "the size of n is a natural number, not -1"):
        evaluate(td.diff(x, x), sizes={"n": -1})


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128, np.longdouble])
def test_floating_types_are_kept(dtype):
    for expr in (f, A @ x, x * x + 2 * x, td.diff(x * y, x), td.apply("tanh", x), td.grad(f, x), x / 3):
        arrays = {"x": np.ones(3, dtype), "A": np.eye(3, dtype=dtype), "y": np.ones(3, dtype)}
        made = evaluate(expr, {k: v for k, v in arrays.items() if k in {s.name for s in expr.tensors}})
        assert made.dtype == dtype, expr


def test_integers_and_bools_become_float64():
    assert evaluate(A @ x, A=np.eye(2, dtype=bool), x=[1, 2]).dtype == np.float64
    assert evaluate(x + x, x=np.ones(2, np.float16)).dtype == np.float32
    assert evaluate(A @ x, A=np.eye(2, dtype=np.float32), x=np.ones(2, np.complex64)).dtype == np.complex64


def test_conjugates():
    z = np.array([1 + 2j, 3 - 1j])
    assert evaluate(td.inner(x.conj(), x), x=z) == 15
    assert evaluate(x.conj() * 1j, x=z).tolist() == (z.conj() * 1j).tolist()


def test_zero_sizes():
    empty = {"A": np.zeros((0, 0)), "x": np.zeros(0)}
    assert evaluate(f, empty) == 0.0
    assert evaluate(td.hessian(f, x), empty).shape == (0, 0)
    assert evaluate(B @ B.T, B=np.zeros((3, 0))).tolist() == np.zeros((3, 3)).tolist()
    assert evaluate(td.apply("det", A), A=np.zeros((0, 0))) == 1.0
    assert evaluate(td.apply("softmax", B, params=(0,)), B=np.zeros((0, 2))).shape == (0, 2)
    assert evaluate(td.diff(td.vec(B), B), B=np.zeros((0, 2))).shape == (0, 0, 2)


def test_inputs_stay_as_they_are_and_results_are_fresh():
    for made in (x, A.T, td.diag(A), td.diag(td.diag(A)), x + x, 2 * A, td.entry(A, 0, None), td.vec(A)):
        array = rng.standard_normal((4, 4))[::2, ::2] if any(s.name == "A" for s in made.tensors) else np.ones(2)
        before = array.copy()
        array.flags.writeable = False
        value = evaluate(made, {made.tensors[0].name: array})
        assert not np.shares_memory(value, array)
        value[...] = 7  # fresh and writeable
        assert (array == before).all()


def test_scalars_are_scalars():
    assert isinstance(evaluate(f, x=[1.0], A=[[1.0]]), float)
    assert isinstance(evaluate(t, t=3), float)
    assert isinstance(evaluate(td.ones("n").sum(), sizes={"n": 3}), float)


def test_chain_of_ten_thousand_matrices_needs_no_recursion():
    factors = [td.Tensor(f"M{k}", ("2", "2")) for k in range(10_000)]
    product = factors[0]
    for factor in factors[1:]:
        product = product @ factor
    angle = np.array([[math.cos(1e-3), -math.sin(1e-3)], [math.sin(1e-3), math.cos(1e-3)]])
    arrays = dict.fromkeys((factor.name for factor in factors), angle)
    assert evaluate(td.trace(product), arrays) == pytest.approx(2 * math.cos(10.0))
    sign, logarithm = evaluate(td.trace(product), {name: 1e200 * a for name, a in arrays.items()}, log=True)
    assert sign == -1.0
    assert logarithm == pytest.approx(math.log(-2 * math.cos(10.0)) + 1e4 * math.log(1e200))


def test_logarithms():
    assert evaluate(x.sum() - y.sum(), x=[1.0], y=[1.0], log=True) == (0.0, -math.inf)
    sign, logarithm = evaluate(f - t * 3, x=[2.0], A=[[1j]], t=0.0, log=True)
    assert sign == pytest.approx(1j)
    assert logarithm == pytest.approx(math.log(4))
    assert evaluate(td.apply("exp", t), t=1.0, log=True) == (1.0, pytest.approx(1.0))
    with says(OrderError, "log=True needs a scalar, but x[n] has 1 leg"):
        evaluate(x, x=[1.0], log=True)
    with says(BackendError, "log=True is computed by numpy, not by jax"):
        evaluate(t, t=1.0, log=True, backend="jax")


def test_memory_limit_names_the_intermediate():
    with says(MemoryLimitError, "has shape (1000, 1000, 1000, 1000) (7.3 TiB); pass a larger memory_limit="):
        evaluate(td.outer(B, B), B=np.ones((1000, 1000)))
    with says(
        MemoryLimitError,
        "computing this needs 78.1 KiB at once, over the limit of 1000 bytes: the intermediate A has shape (100, 100)",
    ):
        evaluate(A @ A, A=np.ones((100, 100)), memory_limit=1000)
    with says(MemoryLimitError, "over the limit of 1000 bytes: the intermediate A·A has shape (100, 100)"):
        evaluate(td.trace(A @ A @ A), A=np.ones((100, 100)), memory_limit=1000, log=True)


def test_unknown_backend():
    with says(BackendError, "unknown backend 'numpi'; did you mean numpy?"):
        evaluate(f, x=[1.0], A=[[1.0]], backend="numpi")


def test_places_out_of_range():
    with says(DimensionError, "the index 5 is out of range for the leg n of size 3"):
        evaluate(td.entry(x, 5), x=np.ones(3))
    assert evaluate(td.entry(x, -1), x=[1.0, 2.0]) == 2.0


def test_singular_matrices():
    inverse = td.apply("inv", A)
    with says(SingularError, "the matrix under inv is singular (shape (2, 2), made of A); try pinv"):
        evaluate(inverse, A=np.ones((2, 2)))
    with says(SingularError, "the matrix under inv is singular (shape (2, 2), made of A); try pinv"):
        evaluate(inverse @ x, A=np.ones((2, 2)), x=np.ones(2))
    with says(SingularError, "the matrix under inv is singular (shape (3, 3), made of B, x); try pinv"):
        evaluate(td.apply("inv", B @ B.T + td.outer(x, x)) @ A, A=np.eye(3), B=np.zeros((3, 2)), x=np.ones(3))


def warns(text):
    return pytest.warns(RuntimeWarning, match=re.escape(text))


def test_outside_a_domain_numpy_decides_and_a_warning_says_what_it_was():
    root = td.core.functions.pow_(x, 0.5)
    with warns("log takes positive numbers, but 2 of 3 entries are outside (from -2 to 0); their values are infinite"):
        np.testing.assert_array_equal(evaluate(td.apply("log", x), x=[1.0, 0.0, -2.0]), [0, -np.inf, np.nan])
    with warns("log takes positive numbers, but 50000 of 50000 entries are outside (from -1 to -1)"):
        evaluate(td.apply("log", 2 * x * x - 3 * x * x), x=np.ones(50_000))
    with warns("power 1/2 takes numbers that have this power, but 1 of 2 entries are outside (-4)"):
        assert evaluate(root, x=[4.0, -4.0])[0] == 2
    with warns("power -1 takes numbers that have this power, but 1 of 2 entries are outside (0)"):
        assert evaluate(td.core.functions.reciprocal(x), x=[0.0, 1.0]).tolist() == [np.inf, 1]
    with warns("arcsin takes numbers from -1 to 1, but 1 of 2 entries are outside (2)"):
        evaluate(td.apply("arcsin", x), x=[0.5, 2.0])
    with warns("log1p takes numbers over -1, but 1 of 2 entries are outside (-1)"):
        evaluate(td.apply("log1p", x), x=[-1.0, 2.0])


def test_warnings_are_as_numpy_is_told():
    with np.errstate(all="ignore"):
        assert np.isnan(evaluate(td.apply("log", t), t=-1.0))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        evaluate(td.apply("log", t), t=-1.0)
    assert evaluate(td.apply("log", t), t=-1.0 + 0j) == pytest.approx(1j * math.pi)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_adjugate(n):
    M = rng.standard_normal((n, n))
    made = evaluate(td.apply("adj", A), A=M)
    np.testing.assert_allclose(made @ M, np.linalg.det(M) * np.eye(n), atol=1e-12)
    M[0] = 0  # singular: the cofactors are still there
    cofactor = np.linalg.det(M[1:, 1:]) if n > 1 else 1.0
    np.testing.assert_allclose(evaluate(td.apply("adj", A), A=M)[0, 0], cofactor, atol=1e-12)


def test_every_function_of_the_core_has_an_implementation():
    assert FUNCTIONS.keys() >= {"exp", "softmax", "inv"}
    assert not [name for name in FUNCTIONS if name not in IMPLEMENTATIONS]


@pytest.mark.parametrize("value", [-1000.0, 0.0, 1000.0])
def test_stable_functions(value):
    sigmoid = evaluate(td.apply("sigmoid", t), t=value)
    assert sigmoid == pytest.approx({-1000.0: 0.0, 0.0: 0.5, 1000.0: 1.0}[value])
    softplus = evaluate(td.apply("softplus", t), t=value)
    assert softplus == pytest.approx(max(value, 0) + (math.log(2) if not value else 0))
    row = np.array([value, value])
    np.testing.assert_allclose(evaluate(td.apply("softmax", x, params=(0,)), x=row), [0.5, 0.5])
    np.testing.assert_allclose(evaluate(td.apply("logsoftmax", x, params=(0,)), x=row), [-math.log(2)] * 2)
    assert evaluate(td.apply("logsumexp", x, params=(0,)), x=row) == pytest.approx(value + math.log(2))


def test_log_of_one_plus_exp_is_recognised():
    g = td.apply("log", td.apply("exp", x) + 1).sum()
    big = np.array([-1000.0, 0.0, 1000.0])
    assert evaluate(g, x=big) == pytest.approx(1000 + math.log(2))
    tiny = np.finfo(float).tiny  # the least that 1/(1 + exp(−x)) is
    np.testing.assert_allclose(evaluate(td.grad(g, x), x=big), [0, 0.5, 1], atol=tiny)
    np.testing.assert_allclose(evaluate(td.hessian(g, x), x=big), np.diag([0, 0.25, 0]), atol=tiny)


def test_logarithms_of_complex_sums_are_principal():
    z = np.array([3j, 8 + 11j, -7 - 9j])
    both = np.stack([z, z[::-1] * 2])
    M = td.Tensor("M", ("m", "n"))
    np.testing.assert_allclose(evaluate(td.apply("softplus", x), x=z), np.log(1 + np.exp(z)))
    sums = np.log(np.exp(both).sum(axis=1))
    np.testing.assert_allclose(evaluate(td.apply("logsumexp", M, params=(1,)), M=both), sums)
    soft = np.log(np.exp(both) / np.exp(both).sum(axis=0))
    np.testing.assert_allclose(evaluate(td.apply("logsoftmax", M, params=(0,)), M=both), soft)


def test_conjugates_of_real_arrays_are_not_written_into():
    array = np.ones((50, 50))
    made = compile([td.apply("tanh", 3 * A.conj()), 2 * A.conj(), A.conj()])
    for _ in range(2):
        results = made(A=array)
        assert not any(np.shares_memory(array, result) for result in results)
    assert (array == 1).all()


def test_ties_share_and_steps_are_zero_at_zero():
    row = np.array([1.0, 3.0, 3.0, 0.0])
    assert evaluate(td.apply("argmax", x), x=row).tolist() == [0, 0.5, 0.5, 0]
    assert evaluate(td.apply("max", x), x=row) == 3.0
    assert evaluate(td.apply("step", x), x=[-1.0, 0.0, 2.0]).tolist() == [0, 0, 1]
    assert evaluate(td.apply("relu", x), x=[-1.0, 0.0, 2.0]).tolist() == [0, 0, 2]
    with says(ShapeError, "the largest entry of an empty array (shape (0,)) does not exist"):
        evaluate(td.apply("max", x), x=np.zeros(0))


@pytest.mark.parametrize("exponent", [-2, -1, -0.5, 0.5, 1.5, 5, 0.3])
def test_powers(exponent):
    row = np.array([0.5, 2.0])
    np.testing.assert_allclose(evaluate(td.core.functions.pow_(x, exponent), x=row), row**exponent)


def test_a_function_without_an_array_implementation(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "cube", FUNCTIONS["exp"])
    with says(
        UnknownTensorError, "the function 'cube' has no array implementation; give one with register_array('cube', …)"
    ):
        evaluate(td.apply("cube", x), x=[1.0])
    monkeypatch.setitem(IMPLEMENTATIONS, "cube", np.exp)
    register_array("cube", lambda array: array**3)
    assert evaluate(td.apply("cube", x), x=[2.0]).tolist() == [8.0]


def test_a_tensor_may_stand_for_its_name():
    x = td.Tensor("x", "n")
    assert (x @ x).evaluate({x: [1.0, 2.0]}) == 5
    assert td.compile(x @ x)({x: np.array([1.0, 2.0])}) == 5


def test_what_is_no_mapping_or_no_expression_is_told():
    x, A = td.tensors("x[n] A[n,n]")
    f = x @ A @ x
    for call in (f.evaluate, td.compile(f), td.compile([f, x]), td.compile({"f": f}), td.compile(f).structured):
        with says(ShapeError, "arrays go by name, as keywords (A=…, x=…) or in one mapping, not as one ndarray"):
            call(np.ones(2))
    program = td.compile(f)
    program.structured(x=np.ones(2), A=np.eye(2))
    with says(ShapeError, "arrays go by name, as keywords (A=…, x=…) or in one mapping, not as one ndarray"):
        program.structured(np.ones(2))
    by_position = "arrays go by name, as keywords (A=…, x=…) or in one mapping, not by position"
    for arrays in ((np.ones(2), np.eye(2)), ({"x": np.ones(2)}, np.eye(2)), (None, np.eye(2))):
        for call in (td.compile(f), program.structured, f.evaluate):
            with says(ShapeError, by_position):
                call(*arrays)
    with says(ShapeError, by_position):
        td.compile(f)(np.ones(2), np.eye(2), x=np.ones(2))
    with says(OrderError, "compile takes an expression, or lists, tuples and dicts of them, not str 'f'"):
        td.compile("f")
    with says(OrderError, "compile takes an expression, or lists, tuples and dicts of them, not float 1.0"):
        td.compile({"f": [f, 1.0]})
    with says(OrderError, "cannot use the text 'x' as an expression: read it with td.parse"):
        td.hessian("x", "x")


def test_nested_expressions_give_values_in_the_same_places():
    x, A = td.tensors("x[n] A[n,n]")
    f = x @ A @ x
    arrays = {"x": np.array([1.0, 2.0]), "A": np.eye(2)}
    nested = {"f": f, "by": {x: td.grad(f, x), "A": td.grad(f, A)}, "more": [(f,), [], (x, [f])]}
    program = td.compile(nested)
    for made in (program(arrays), program(**arrays), pickle.loads(pickle.dumps(program))(arrays)):
        assert list(made) == ["f", "by", "more"]
        assert made["f"] == 5
        np.testing.assert_array_equal(made["by"][x], [2, 4])
        np.testing.assert_array_equal(made["by"]["A"], [[1, 2], [2, 4]])
        (first,), none, (second, [third]) = made["more"]
        assert isinstance(made["more"][0], tuple)
        assert (first, none, third) == (5, [], 5)
        np.testing.assert_array_equal(second, [1, 2])
    assert td.compile((f, f))(arrays) == (5, 5)
    assert td.compile(g for g in (f, f))(arrays) == [5, 5]
    assert td.compile([[f]])(arrays) == [[5]]
    assert td.compile([])() == []
    made = td.compile({"hessian": td.hessian(f, x), "pair": (x, td.identity("n"))}).structured(arrays)
    np.testing.assert_array_equal(made["hessian"].to_dense(), 2 * np.eye(2))
    assert made["pair"][1].core == 1


def test_a_compiled_expression_is_pickled():
    x = td.Tensor("x", "n")
    value, gradient = pickle.loads(pickle.dumps(td.value_and_grad(x @ x, x)))(x=np.array([1.0, 2.0]))
    assert value == 5
    np.testing.assert_array_equal(gradient, [2, 4])


def test_jax_traces_a_compiled_expression():
    jax = pytest.importorskip("jax")
    x, A = td.tensors("x[n] A[n,n]")
    program = td.compile(x @ A @ x, backend="jax")
    ones, eye = jax.numpy.ones(2), jax.numpy.eye(2)
    assert jax.jit(lambda x, A: program(x=x, A=A))(ones, eye) == 2
    np.testing.assert_allclose(jax.grad(lambda x: program(x=x, A=eye))(ones), [2, 2])
    np.testing.assert_allclose(jax.vmap(lambda x: program(x=x, A=eye))(jax.numpy.ones((3, 2))), [2, 2, 2])
    assert program(x=ones, A=eye) == 2


def test_a_conjugate_of_a_real_scalar_is_not_its_array():
    a, t = td.tensors("a t")
    given = np.array(2.0)
    derivative = compile(td.diff(a * t.conj(), a))
    assert not np.shares_memory(derivative({"t": given}), given)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pinv_of_a_matrix_of_low_rank(dtype):
    x, y = td.tensors("x[n] y[m]")
    arrays = {"x": np.array([1, 2, 3, 4], dtype) / 7, "y": np.array([3, -1, 2], dtype) / 7}
    found = td.apply("pinv", td.outer(x, y)).evaluate(arrays)
    expected = np.outer(arrays["y"], arrays["x"]) / (arrays["x"] @ arrays["x"]) / (arrays["y"] @ arrays["y"])
    np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == np.float32 else 1e-12)


def test_a_constant_takes_the_type_of_the_arrays():
    (x,) = td.tensors("x[n]")
    zero = td.hessian(x.sum(), x)
    assert zero.evaluate(x=np.ones(3, np.float32)).dtype == np.float32
    assert zero.evaluate(x=np.ones(3)).dtype == np.float64

"""Slices, running sums, triangles, Toeplitz matrices and convolutions: structural constants."""

import re

import numpy as np
import pytest
from reference import sample, value

import tensordiag as td
from tensordiag.core.selections import affine
from tensordiag.errors import DifferentiationError, DimensionError, OrderError
from tensordiag.testing import check_derivative

x, w, c, t, A, X, u = td.tensors("x[m] w[n] c[m] t[2*n-1] A[n,n] X[m,n] u[7]")
T = td.Tensor("T", (3, 4, 5))
rng = np.random.default_rng(0)

EXPRESSIONS = {
    "convolve": td.convolve(x, w),
    "convolve with itself": td.convolve(x, x),
    "a square of a convolution": td.square_norm(td.convolve(x, w)),
    "convolve twice": td.convolve(td.convolve(x, w), w),
    "cumsum": td.cumsum(x),
    "cumsum of rows": td.cumsum(X, axis=1),
    "cumsum against": td.inner(c, td.cumsum(x) ** 2),
    "cumsum twice": td.cumsum(td.cumsum(x)),
    "toeplitz": td.toeplitz(t, ("n", "n")),
    "toeplitz product": td.toeplitz(t, ("n", "n")) @ A,
    "hankel": td.hankel(t, ("n", "n")),
    "tril": td.tril(A @ A),
    "triu above": td.triu(A, 1),
    "band": td.tril(td.triu(A, -1), 1),
    "triangle with a place fixed": td.triangle("n", "n")[1],
    "slice of a slice": u[1:6][::2] * u[2:5],
    "slice and entry": T[1:, 2, ::-1],
    "reversed": u[::-1] @ td.Tensor("B", (7, 7)) @ u,
    "shifted product": x[1:] @ x[:-1],
    "strided": u[6:0:-3],
    "of a function": td.exp(X)[0, 1:],
    "merged": td.reshape(td.tril(A), ["n*n"]),
    "a strided convolution": td.einsum("ijk,j,k->i", affine((3, 7, "n"), (2, -1, 1)), u, w),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_values_and_derivatives(name):
    expr = EXPRESSIONS[name]
    arrays, sizes = sample(expr, 3, m=5, n=3)
    expected = value(expr, arrays, sizes)
    np.testing.assert_allclose(expr.evaluate(arrays, sizes=sizes), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(expr.simplify().evaluate(arrays, sizes=sizes), expected, rtol=1e-12, atol=1e-12)
    for tensor in expr.tensors:
        assert check_derivative(expr, tensor, order=2, sizes={"m": 5, "n": 3}) < 1e-9
        derived = td.diff(expr, tensor)
        np.testing.assert_allclose(
            derived.evaluate(arrays, sizes=sizes), value(derived, arrays, sizes), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("library", ["numpy", "opt_einsum", "torch", "jax"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_exports_run(name, library):
    module = pytest.importorskip(library)
    expr = EXPRESSIONS[name]
    arrays, sizes = sample(expr, 3, m=5, n=3)
    names = {}
    exec(expr.code(library), names)
    wanted = names["f"].__code__.co_varnames[: names["f"].__code__.co_argcount]
    given = {k: module.tensor(a) if library == "torch" else a for k, a in arrays.items()} | sizes
    made = names["f"](*(given[k] for k in wanted))
    tolerance = 1e-4 if library == "jax" else 1e-12
    np.testing.assert_allclose(np.asarray(made), value(expr, arrays, sizes), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_libraries(backend):
    pytest.importorskip(backend)
    for expr in EXPRESSIONS.values():
        arrays, sizes = sample(expr, 3, m=5, n=3)
        made = td.evaluate(expr, arrays, sizes=sizes, backend=backend)
        np.testing.assert_allclose(np.asarray(made), value(expr, arrays, sizes), rtol=1e-4, atol=1e-4)


def test_they_agree_with_numpy():
    arrays = {"x": rng.normal(size=6), "w": rng.normal(size=3), "X": rng.normal(size=(6, 3)), "u": rng.normal(size=7)}
    a, b, m, v = arrays["x"], arrays["w"], arrays["X"], arrays["u"]
    for made, expected in (
        (td.convolve(x, w), np.convolve(a, b)),
        (td.convolve(x, w, "valid"), np.convolve(a, b, "valid")),
        (td.convolve(x, td.Tensor("w", 3), "same"), np.convolve(a, b, "same")),
        (x.mean(), np.mean(a)),
        (X.mean(0), np.mean(m, 0)),
        (u.mean(), np.mean(v)),
        (td.cumsum(x), np.cumsum(a)),
        (td.cumsum(X, -2), np.cumsum(m, 0)),
        (td.tril(X, -1), np.tril(m, -1)),
        (td.triu(X, 1), np.triu(m, 1)),
        (X[..., -1], m[..., -1]),
        (X[2], m[2]),
        (X[1:-1, ::-1], m[1:-1, ::-1]),
        (u[5:1:-2], v[5:1:-2]),
        (u[10:], v[10:]),
        (td.hankel(u, (4, 4)), [[v[i + j] for j in range(4)] for i in range(4)]),
        (td.toeplitz(u, (4, 4)), [[v[j - i + 3] for j in range(4)] for i in range(4)]),
    ):
        given = {tensor.name: arrays[tensor.name] for tensor in made.tensors}
        np.testing.assert_allclose(made.evaluate(given), expected)


def test_no_array_of_a_constant_where_an_operand_is_indexed():
    long = {"x": np.ones(20_000), "w": np.ones(3), "c": np.ones(20_000)}
    limit = 40_000_000  # a dense constant would take gigabytes
    for expr in (td.convolve(x, w), td.cumsum(x), x[5:], td.grad(td.inner(c, td.cumsum(x)), x)):
        given = {name: array for name, array in long.items() if name in {t.name for t in expr.tensors}}
        expr.evaluate(given, memory_limit=limit)
    made = td.grad(td.square_norm(td.convolve(x, w)), w)
    assert made.evaluate(x=long["x"], w=long["w"], memory_limit=limit).shape == (3,)
    program = td.compile(td.cumsum(x))
    program(x=np.ones(4))
    assert "cumsum" in str(program.plan)


def test_float32_stays_float32():
    made = td.tril(X).evaluate(X=np.ones((3, 3), np.float32))
    assert made.dtype == np.float32
    assert td.convolve(x, w).evaluate(x=np.ones(3, np.float32), w=np.ones(2, np.float32)).dtype == np.float32


def test_log_of_a_network_with_a_constant():
    expr = td.inner(c, td.cumsum(x))
    sign, log = td.evaluate(expr, x=[1.0, 2.0], c=[3.0, 4.0], log=True)
    assert (sign, np.exp(log)) == pytest.approx((1, 15))


def test_parts_of_a_tensor_as_variables():
    f = (A @ A @ A).trace()
    array = rng.normal(size=(3, 3))
    whole = td.diff(f, A).evaluate(A=array)
    for part, expected in (
        (A[0], whole[0]),
        (A[1, 2], whole[1, 2]),
        (A[:, 1:], whole[:, 1:]),
        (A.T, whole.T),
        (td.vec(A), whole.T.ravel()),
        (A[::-1, 0], whole[::-1, 0]),
    ):
        np.testing.assert_allclose(td.diff(f, part).evaluate(A=array), expected)
    second = td.diff(f, A[0], A[1]).evaluate(A=array)
    np.testing.assert_allclose(second, td.diff(f, A, A).evaluate(A=array)[0, :, 1, :])
    first, other = td.grad(f, [A[0, 0], "A"])
    assert first.order == 0
    assert other.order == 2


NO_VARIABLE = "differentiate by a tensor, its name, or entries and slices of one, not by"
MESSAGES = [
    (lambda: td.diff(x @ x, 2 * x), DifferentiationError, f"{NO_VARIABLE} <Sum of 1 [m]>"),
    (lambda: td.diff(A.trace(), A.trace()), DifferentiationError, f"{NO_VARIABLE} <Diagram of 1 box []>"),
    (lambda: td.diff(x @ x, x * c), DifferentiationError, f"{NO_VARIABLE} <Diagram of 3 boxes [m]>"),
    (lambda: td.diff(x @ x, td.exp(x)), DifferentiationError, f"{NO_VARIABLE} <exp [m]>"),
    (lambda: x[1, 2], OrderError, "x[m] has 1 leg, but the index has 2 parts"),
    (lambda: A[..., ...], OrderError, "A[n, n] has 2 legs, but the index has 2 parts"),
    (lambda: x["a"], OrderError, "an index is an int, a slice or '...', not 'a'"),
    (lambda: u[7], DimensionError, "the index 7 is out of range for a leg of dimension 7"),
    (lambda: x[::2], DimensionError, "a slice with step 2 needs a number, but leg 0 of x[m] is m"),
    (lambda: x[3:1], DimensionError, "the slice 3:1 of leg 0 of x[m] is empty"),
    (lambda: x[5:].evaluate(x=[1.0]), DimensionError, "the dimension m-5 is -4 at these sizes"),
    (
        lambda: x[2:4].evaluate(x=[1.0, 2.0, 3.0]),
        DimensionError,
        "the slice of places 2 to 3 is outside the leg m of size 3",
    ),
    (lambda: td.cumsum(x, 1), OrderError, "cannot add up along leg 1: x[m] has 1 leg"),
    (lambda: td.tril(x), OrderError, "tril needs a matrix, but got x[m] with 1 leg"),
    (
        lambda: td.toeplitz(x, ("n", "n")),
        DimensionError,
        "toeplitz of dimensions (n, n) needs a vector of dimension 2*n-1, but x[m] has m",
    ),
    (
        lambda: td.hankel(A, ("n", "n")),
        OrderError,
        "hankel needs a vector and the two dimensions of the matrix, not A[n, n] and ('n', 'n')",
    ),
    (lambda: td.convolve(x, A), OrderError, "convolve needs two vectors, but got A[n, n] with 2 legs"),
    (lambda: td.convolve(x, w, "half"), OrderError, "mode is 'full', 'same' or 'valid', not 'half'"),
    (
        lambda: td.convolve(x, w, "same"),
        DimensionError,
        "mode 'same' needs a number for the dimension of w[n], at most m",
    ),
    (
        lambda: td.convolve(x, w, "valid").evaluate(x=[1.0], w=[1.0, 2.0, 3.0]),
        DimensionError,
        "the dimension m-n+1 is -1 at these sizes",
    ),
    (
        lambda: affine(("n", "n"), (1,)),
        OrderError,
        "an affine constant with dimensions ('n', 'n') needs 2 coefficients, not (1,)",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), MESSAGES, ids=[row[2][:60] for row in MESSAGES])
def test_messages(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


def test_an_expression_is_no_sequence():
    with pytest.raises(TypeError):
        list(x)

"""Functions of one's own, functions by their own names, fields, and matrix functions through the public API."""

import re

import numpy as np
import pytest
import scipy.linalg

import tensordiag as td
from tensordiag.core.expressions import FUNCTIONS
from tensordiag.errors import DifferentiationError, DimensionError, OrderError, SingularError
from tensordiag.testing import assert_same_value, check_derivative

x, y, A, X, S, t = td.tensors("x[n] y[n] A[n,n] X[m,n] S[n,n] spd, t")


@pytest.fixture(scope="module")
def smooth():
    return td.function(
        "smooth",
        lambda x: x / (1 + np.exp(-x)),
        lambda x, value: td.sigmoid(x) * (1 + x - value),
        latex=r"\mathrm{smooth}",
        code="{0}/(1 + {np}.exp(-{0}))",
    )


def test_an_elementwise_function(smooth):
    f = smooth(A @ x).sum()
    assert check_derivative(f, x, order=2) < 1e-6
    assert str(td.parse("sum(smooth(A*x))")) == str(f) == "sum(smooth(A x))"
    assert str(smooth(x)) == "smooth(x)"
    assert smooth(x).latex() == r"\mathrm{smooth}\left(x\right)"
    names = {}
    exec(smooth(x).code("numpy"), names)
    np.testing.assert_allclose(names["f"](np.array([1.0, 2.0])), smooth(x).evaluate(x=[1.0, 2.0]))


def test_a_structured_function_of_two_arguments():
    form = td.function(
        "bilinear",
        lambda a, v: v @ a @ v,
        lambda a, v: [td.outer(v, v), (a + a.T) @ v],
        legs=lambda a, v: (),
        example=[("n", "n"), ("n",)],
    )
    assert_same_value(td.grad(form(A, x), x), td.grad(x @ A @ x, x))
    assert check_derivative(form(A, x) ** 2, x, order=2) < 1e-6


def test_a_wrong_declaration_leaves_nothing():
    with pytest.raises(
        DifferentiationError, match=r"^the derivative of mistaken is not that of its arrays: derivative"
    ):
        td.function("mistaken", np.sin, lambda x: td.sin(x))
    assert "mistaken" not in FUNCTIONS
    with pytest.raises(
        DifferentiationError, match=r"^the derivative of mistaken by argument 0 has legs \(\), not \(n\)$"
    ):
        td.function("mistaken", np.sin, lambda x: td.cos(x).sum())
    with pytest.raises(OrderError, match=r"^the function exp exists: expressions may use it, so choose another name$"):
        td.function("exp", np.exp, td.exp)
    with pytest.raises(OrderError, match=r"^a function needs an identifier for its name, not 'a b'$"):
        td.function("a b", np.exp, td.exp)
    assert "mistaken" not in FUNCTIONS


# -- operators and functions by their names ------------------------------------------------------------


def test_division_and_powers():
    u, v = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    for made, expected in (
        (x / y, u / v),
        (1 / x, 1 / u),
        (x**-2, u**-2),
        (x**0.5, u**0.5),
        (x**y, u**v),
        (2**x, 2**u),
        (x**10, u**10),
        (abs(-x), u),
        (x / (x @ y), u / (u @ v)),
        (td.norm(x), np.linalg.norm(u)),
        (td.norm(x, 1), 3.0),
        (td.norm(x, "max"), 2.0),
    ):
        names = {tensor.name for tensor in made.tensors}
        np.testing.assert_allclose(made.evaluate({k: a for k, a in (("x", u), ("y", v)) if k in names}), expected)
    assert td.norm(x) ** 2 == td.square_norm(x)
    with pytest.raises(ZeroDivisionError, match=r"^x\[n\] divided by zero$"):
        _ = x / 0


def test_every_name_is_that_of_numpy():
    u = np.array([0.3, 0.6])
    names = [
        "exp",
        "expm1",
        "log",
        "log1p",
        "sign",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
    ]
    for name in names:
        np.testing.assert_allclose(getattr(td, name)(x).evaluate(x=u), getattr(np, name)(u))
        assert name in getattr(td, name).__name__
        assert "Defined on" in getattr(td, name).__doc__


def test_softmax_along_legs():
    array = np.random.default_rng(0).normal(size=(3, 4))
    e = np.exp(array)
    np.testing.assert_allclose(td.softmax(X, axis=-1).evaluate(X=array), e / e.sum(1, keepdims=True))
    np.testing.assert_allclose(td.softmax(X).evaluate(X=array), e / e.sum())
    np.testing.assert_allclose(td.logsoftmax(X, axis=0).evaluate(X=array), np.log(e / e.sum(0)))
    np.testing.assert_allclose(td.logsumexp(X, axis=(0, 1)).evaluate(X=array), np.log(e.sum()))


def test_matrix_powers_and_solve():
    array = np.random.default_rng(0).normal(size=(3, 3))
    for k in (-2, 0, 1, 3):
        np.testing.assert_allclose(
            td.matrix_power(A, k).declaring({A}).evaluate(A=array), np.linalg.matrix_power(array, k), atol=1e-12
        )
    np.testing.assert_allclose(td.solve(A, x).evaluate(A=array, x=[1.0, 2, 3]), np.linalg.solve(array, [1.0, 2, 3]))


# -- fields --------------------------------------------------------------------------------------------


def test_divergence_and_laplacian():
    arrays = {"A": np.random.default_rng(0).normal(size=(3, 3)), "x": np.array([0.1, 0.2, 0.3])}
    f = td.exp(A @ x)
    jacobian = td.diff(f, x).evaluate(arrays)
    np.testing.assert_allclose(td.divergence(f, x).evaluate(arrays), np.trace(jacobian))
    hessian = td.diff(f, x, x).evaluate(arrays)
    np.testing.assert_allclose(td.laplacian(f, x).evaluate(arrays), np.einsum("ijj->i", hessian))
    assert td.laplacian(x @ x, x).evaluate(x=[1.0, 2.0, 3.0]) == 6


def test_taylor():
    f = td.sin(x @ A @ x)
    arrays = {"A": np.array([[1.0, 2.0], [0.5, -1.0]]), "x": np.array([0.2, 0.4])}
    h = np.array([0.04, -0.02])

    def error(order, h):
        exact = f.evaluate(A=arrays["A"], x=arrays["x"] + h)
        return abs(td.taylor(f, x, order).evaluate(**arrays, h=h) - exact)

    for order in range(5):  # the rest is of the next order
        assert error(order, h) / error(order, h / 2) == pytest.approx(2 ** (order + 1), rel=0.15)
    along = td.taylor(f, x, 3, direction=x / 100)
    np.testing.assert_allclose(along.evaluate(arrays), td.taylor(f, x, 3).evaluate(**arrays, h=arrays["x"] / 100))


# -- matrix functions ----------------------------------------------------------------------------------


def test_matrix_functions_read_as_scalar_ones_where_they_commute():
    assert td.diff(td.expm(A).trace(), A).matrix() == "expm(A)ᵀ"
    assert td.diff(td.sinm(A).trace(), A).matrix() == "cosm(A)ᵀ"
    assert td.diff(td.expm(t * A), t).matrix() == "expm(t A)A"
    assert td.diff(td.expm(A), A).index() == "expm[A, A]_ijkl"


def test_frechet_derivative_against_scipy():
    rng = np.random.default_rng(0)
    a, e = rng.normal(size=(2, 4, 4))
    made = td.jvp(td.expm(A), A).evaluate(A=a, h=e)
    np.testing.assert_allclose(made, scipy.linalg.expm_frechet(a, e)[1], rtol=1e-10)


def test_a_gradient_takes_one_function_of_a_block_matrix():
    B = td.Tensor("B", ("n", "n"))
    u, v = td.tensors("u[n] v[n]")
    for f in (td.square_norm(td.expm(A) - B), u @ td.sinm(A) @ v, td.cosm(A).sum(), td.expm(A @ B) @ u @ v):
        gradient = td.compile(td.grad(f, A))
        rng = np.random.default_rng(0)
        gradient({t.name: rng.normal(size=(3,) * t.order) for t in f.tensors})
        kernels = str(gradient.plan)
        assert "frechet" in kernels
        assert "divided_difference" not in kernels
        assert check_derivative(f, A, order=2) < 1e-6
    along = td.compile(td.jvp(td.logm(A), A))
    along(A=np.eye(3), h=np.ones((3, 3)))
    assert "frechet" in str(along.plan)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_exponential_in_other_libraries(backend):
    pytest.importorskip(backend)
    f = td.square_norm(td.expm(A))
    array = np.random.default_rng(0).normal(size=(3, 3))
    for made in (f, td.grad(f, A), td.eigvalsh(A)):
        other = np.asarray(td.evaluate(made, A=array, backend=backend))
        np.testing.assert_allclose(other, made.evaluate(A=array), rtol=2e-4, atol=1e-5)


MESSAGES = [
    (lambda: td.expm(X), DimensionError, "expm needs a square matrix, but got m×n"),
    (lambda: td.eigvalsh(x), OrderError, "eigvalsh needs a square matrix, but got 1 leg"),
    (
        lambda: td.logm(A).evaluate(A=-np.eye(2)),
        SingularError,
        "logm of a real matrix of shape (2, 2) is not real: an eigenvalue is on the negative real axis; "
        "pass a complex array",
    ),
    (
        lambda: td.diff(td.eigvalsh(A)[0], A, A).evaluate(A=np.eye(2)),
        SingularError,
        "two eigenvalues are equal: eigenvectors have no derivative there",
    ),
    (lambda: td.matrix_power(x, 2), OrderError, "matrix_power needs a square matrix and an integer, not x[n] and 2"),
    (lambda: td.softmax(x, axis=1), OrderError, "softmax along leg 1: x[n] has 1 leg"),
    (lambda: td.norm(x, 3), OrderError, "the kind of a norm is 2, 1 or 'max', not 3"),
    (lambda: td.divergence(A, x), OrderError, "a divergence needs the legs of x[n], but A[n, n] has 2 of 1"),
    (lambda: td.divergence(X[0] * 1, X[:, 0]), DifferentiationError, "here the variable is a tensor or its name, not"),
    (lambda: td.taylor(x @ x, x, -1), OrderError, "the order of a Taylor polynomial is a natural number, not -1"),
]


@pytest.mark.parametrize(("make", "error", "message"), MESSAGES, ids=[row[2][:60] for row in MESSAGES])
def test_messages(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make()

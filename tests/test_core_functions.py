"""Functions: the value and the Jacobian of every entry of the table, to second order where it exists."""

import math

import numpy as np
import pytest
from reference import FUNCTIONS as DENSE
from reference import sample, value

import tensordiag as td
from tensordiag.core.expressions import FUNCTIONS, Apply, zero
from tensordiag.core.functions import apply, derivative, pow_, reciprocal, sqrt
from tensordiag.testing import assert_same_value, check_derivative

x, y, u, w, A, X, W, S, p = td.tensors(
    "x[n] y[n] u[n] pos, w[n] pos, A[n,n] wc, X[m,n] W[p,n] tall, S[n,n] spd, p[n] prob"
)
OPEN = 0.5 * apply("tanh", x)  # between −1/2 and 1/2

# one expression or more for every function, inside its domain
CASES = {
    **{
        name: [apply(name, x), apply(name, X), apply(name, x @ y)]
        for name in (
            "exp",
            "expm1",
            "abs",
            "relu",
            "sin",
            "cos",
            "tan",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "sigmoid",
            "softplus",
            "erf",
            "gelu",
            "sign",
            "step",
        )
    },
    "log": [apply("log", u), apply("log", u @ w)],
    "log1p": [apply("log1p", u), apply("log1p", OPEN)],
    "arcsin": [apply("arcsin", OPEN)],
    "arccos": [apply("arccos", OPEN)],
    "power": [sqrt(u), reciprocal(u), reciprocal(x), pow_(u, 1.3), pow_(x, 7), pow_(u, -2), pow_(x, -3), pow_(u, 1.5)],
    "pow": [pow_(u, w), pow_(u, x), pow_(u, td.Tensor("t"))],
    "maximum": [apply("maximum", x, y), apply("maximum", x, 0.25)],
    "minimum": [apply("minimum", x, y), apply("minimum", x @ y, 0)],
    "inv": [apply("inv", A), apply("inv", A @ A), apply("inv", S)],
    "det": [apply("det", A), apply("det", S), apply("det", A @ S)],
    "logdet": [apply("logdet", A), apply("logdet", S), apply("logdet", -A)],
    "adj": [apply("adj", A), apply("adj", A.T)],
    "pinv": [apply("pinv", W), apply("pinv", W.T), apply("pinv", A)],
    "softmax": [
        apply("softmax", x, params=(0,)),
        apply("softmax", X, params=(0,)),
        apply("softmax", X, params=(1,)),
        apply("softmax", X, params=(0, 1)),
    ],
    "logsoftmax": [
        apply("logsoftmax", x, params=(0,)),
        apply("logsoftmax", X, params=(0,)),
        apply("logsoftmax", X, params=(1,)),
        apply("logsoftmax", X, params=(0, 1)),
    ],
    "logsumexp": [
        apply("logsumexp", x, params=(0,)),
        apply("logsumexp", X, params=(0,)),
        apply("logsumexp", X, params=(1,)),
        apply("logsumexp", X, params=(0, 1)),
    ],
    "max": [apply("max", x), apply("max", X)],
    "argmax": [apply("argmax", x), apply("argmax", X)],
    **{name: [apply(name, S), apply(name, S + A / 9)] for name in ("expm", "logm", "sqrtm", "sinm", "cosm")},
    "divided_difference": [
        apply("divided_difference", S + A / 9, params=(name, places))
        for name, places in (("expm", 1), ("logm", 1), ("sqrtm", 1), ("sinm", 1), ("cosm", 1), ("expm", 2))
    ],
    "eigvalsh": [apply("eigvalsh", X.T @ X), apply("eigvalsh", A)],
    "eigvecsh": [apply("eigvecsh", A)],
    "gaps": [apply("gaps", td.eigvalsh(A)), apply("gaps", x)],
}
SLOW = {"divided_difference", "logm", "sqrtm", "sinm", "cosm"}  # a function of a larger matrix for each entry
ROWS = [(name, number, expr) for name, exprs in CASES.items() for number, expr in enumerate(exprs)]


def test_every_function_of_the_table_is_here():
    builtin = {name for name, spec in FUNCTIONS.items() if spec.derivative.__module__.startswith("tensordiag.core")}
    assert builtin == set(CASES)
    assert builtin == set(DENSE)


@pytest.mark.parametrize(("name", "number", "expr"), ROWS, ids=[f"{name}-{number}" for name, number, _ in ROWS])
def test_values_and_jacobians(name, number, expr):
    small = {"n": 2} if name in SLOW else {}
    arrays, sizes = sample(expr, number, **small)
    np.testing.assert_allclose(expr.evaluate(arrays, sizes=sizes), value(expr, arrays, sizes), rtol=1e-10, atol=1e-12)
    for tensor in expr.tensors:
        order = 1 if name in ("divided_difference", "logm") else 2  # the second of logm is among the differences
        assert check_derivative(expr, tensor, order=order, seed=number, sizes=small) < 1e-5


@pytest.mark.parametrize("name", sorted(CASES))
def test_local_derivatives_have_the_legs_of_result_and_argument(name):
    for expr in CASES[name]:
        node = expr
        while not isinstance(node, Apply):
            node = next(child for child in node.children if child.order or isinstance(child, Apply))
        for place, arg in enumerate(node.args):
            assert derivative(node, place).dims == node.dims + arg.dims


def test_third_derivatives():
    for expr in (apply("exp", x), apply("tanh", x), apply("softmax", x, params=(0,)), apply("inv", A), pow_(u, 2.5)):
        assert check_derivative(expr, expr.tensors[0], order=3, sizes={"n": 2}) < 1e-6


def test_powers_take_the_simplest_form():
    assert pow_(x, 2) == td.power(x, 2)
    assert pow_(x, 0) == td.ones("n")
    assert pow_(x, 1) == x
    assert isinstance(pow_(x, 5), Apply)
    assert pow_(pow_(x, -1), -1) == x
    assert pow_(pow_(x, 5), 6) == pow_(x, 30)
    assert pow_(u, 2 * td.ones(())) == pow_(u, 2)
    assert pow_(u, td.zero()) == td.ones("n")
    # √(x²) is |x|, not x
    root = sqrt(pow_(x, 6))
    np.testing.assert_allclose(root.evaluate(x=[-2.0, 3.0]), [8.0, 27.0])


def test_a_leg_that_is_only_repeated_moves_out():
    repeated = td.outer(td.ones("m"), x)
    both = apply("maximum", repeated, td.outer(td.ones("m"), y))
    made = apply("exp", repeated)
    for moved, inner in (
        (made, apply("exp", x)),
        (apply("exp", 3 * repeated), apply("exp", 3 * x)),
        (both, apply("maximum", x, y)),
    ):
        assert moved.flat() == td.outer(td.ones("m"), inner).flat()
    assert apply("exp", 2 * td.ones("n")) == td.outer(apply("exp", 2 * td.ones(())), td.ones("n"))
    one_only = apply("maximum", repeated, td.outer(td.Tensor("v", "m"), td.ones("n")))
    assert isinstance(one_only, Apply)
    for expr in (made, both, one_only, apply("exp", repeated + td.outer(td.ones("m"), y))):
        check_derivative(expr, "x", order=2)
    assert_same_value(made, apply("exp", repeated + zero(("m", "n"))))


@pytest.mark.parametrize("fill", [td.ones(("m", "n", "n")), td.outer(td.ones("m"), td.identity("n"))])
def test_repeated_legs_of_higher_order(fill):
    expr = apply("exp", fill)
    arrays, sizes = {}, {"m": 2, "n": 3}
    np.testing.assert_allclose(expr.evaluate(arrays, sizes=sizes), np.exp(value(fill, arrays, sizes)))


def test_scalars_broadcast_into_elementwise_functions():
    t = td.Tensor("t")
    made = apply("maximum", x, t)
    assert made.dims == x.dims
    check_derivative(made, "t", order=2)
    assert apply("maximum", t, x).dims == x.dims


def test_functions_of_numbers_are_scalars():
    assert apply("exp", 1).evaluate() == pytest.approx(math.e)
    assert apply("log", 2).order == 0
    assert td.diff(apply("exp", 1), x) == zero(("n",))


def test_equal_arguments_make_one_value():
    made = apply("exp", A @ x)
    assert made is apply("exp", A @ x)
    total = made @ made + apply("sin", made) @ y
    derived = td.grad(total, "x")
    arrays, sizes = sample(total)
    np.testing.assert_allclose(derived.evaluate(arrays, sizes=sizes), value(derived, arrays, sizes))
    check_derivative(total, "A", order=2)


def test_log_softmax_is_the_logarithm_of_softmax():
    for params in ((0,), (1,), (0, 1)):
        assert_same_value(apply("logsoftmax", X, params=params), apply("log", apply("softmax", X, params=params)))
    assert_same_value(apply("logdet", A), apply("log", apply("abs", apply("det", A))))
    assert_same_value(apply("adj", A), td.outer(apply("det", A), apply("inv", A)))
    assert_same_value(apply("pinv", A), apply("inv", A))


def test_extreme_arguments_do_not_overflow():
    big = np.array([-1000.0, 0.0, 1000.0])
    for name in ("sigmoid", "softplus", "tanh", "relu", "gelu"):
        assert np.isfinite(apply(name, x).evaluate(x=big)).all()
        assert np.isfinite(td.diff(apply(name, x), x).evaluate(x=big)).all()
    for name in ("softmax", "logsoftmax", "logsumexp"):
        made = apply(name, x, params=(0,))
        assert np.isfinite(made.evaluate(x=big)).all()
        assert np.isfinite(td.diff(made, x).evaluate(x=big)).all()


def test_the_subgradient_convention():
    at = {"x": np.array([0.0, 0.0])}
    np.testing.assert_array_equal(td.grad(apply("abs", x).sum(), x).evaluate(at), [0, 0])
    np.testing.assert_array_equal(td.grad(apply("relu", x).sum(), x).evaluate(at), [0, 0])
    np.testing.assert_array_equal(td.grad(apply("max", x), x).evaluate(at), [0.5, 0.5])

"""NumPy's functions, operators and attributes on expressions: what works, and what to write instead."""

import re

import numpy as np
import pytest

import tensordiag as td
from tensordiag.errors import OrderError

A, X, x = td.tensors("A[n,n] X[m,n] x[n]")
INSTEAD = [
    (lambda: np.tanh(X), "numpy.tanh does not take expressions: use td.tanh(expr)"),
    (lambda: np.exp(x), "numpy.exp does not take expressions: use td.exp(expr)"),
    (lambda: np.sqrt(x), "numpy.sqrt does not take expressions: use td.sqrt(expr)"),
    (lambda: np.maximum(x, 0), "numpy.maximum does not take expressions: use td.maximum(a, b)"),
    (lambda: np.square(x), "numpy.square does not take expressions: use expr**2"),
    (lambda: np.negative(x), "numpy.negative does not take expressions: use -expr"),
    (lambda: np.abs(x), "numpy.absolute does not take expressions: use abs(expr)"),
    (lambda: np.sum(x), "numpy.sum does not take expressions: use td.sum(expr)"),
    (lambda: np.mean(X, axis=0), "numpy.mean does not take expressions: use td.mean(expr)"),
    (lambda: np.dot(X, x), "numpy.dot does not take expressions: use a @ b"),
    (lambda: np.einsum("ij->i", X), "numpy.einsum does not take expressions: use td.einsum"),
    (lambda: np.linalg.inv(A), "numpy.inv does not take expressions: use td.inv(expr)"),
    (lambda: np.linalg.solve(A, x), "numpy.solve does not take expressions: use td.solve(a, b)"),
    (
        lambda: np.arcsinh(x),
        "numpy.arcsinh does not take expressions: use what tensordiag has, or evaluate first; "
        "did you mean td.arcsin or td.sinh?",
    ),
    (
        lambda: np.partition(x, 1),
        "numpy.partition does not take expressions: use what tensordiag has, or evaluate first",
    ),
    (
        lambda: np.add.reduce(x),
        "numpy.add.reduce does not take expressions: use what tensordiag has, or evaluate first",
    ),
    (
        lambda: np.multiply(x, 2, where=True),
        "numpy.multiply does not take expressions: use what tensordiag has, or evaluate first",
    ),
    (
        lambda: np.ones(3) < x,
        "numpy.less does not take expressions: use what tensordiag has, or evaluate first",
    ),
    (lambda: np.add(x, x, out=np.ones(3)), "numpy.add cannot write an expression into an array: evaluate it first"),
]


@pytest.mark.parametrize(("make", "message"), INSTEAD, ids=[row[1][:40] for row in INSTEAD])
def test_functions_of_numpy_say_what_to_write(make, message):
    with pytest.raises(OrderError, match=f"^{re.escape(message)}$"):
        make()


def test_an_array_is_not_added_to_in_place():
    array = np.ones(3)
    with pytest.raises(OrderError, match=r"numpy\.add cannot write an expression into an array: evaluate it first"):
        array += x
    assert array.tolist() == [1, 1, 1]


ARRAY = "cannot use ndarray in an expression: tensors are symbols here; declare a tensor and pass the array"


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.ones(3) * x,
        lambda: np.ones(3) + x,
        lambda: np.ones(3) - x,
        lambda: np.ones(3) / x,
        lambda: np.ones(3) ** x,
        lambda: np.ones((3, 3)) @ x,
        lambda: np.array(3.0) * x,
        lambda: np.multiply(np.ones(3), x),
        lambda: x * np.ones(3),
    ],
)
def test_arrays_are_refused_on_both_sides(make):
    with pytest.raises(OrderError, match=re.escape(ARRAY)):
        make()


def test_numbers_of_numpy_are_numbers():
    three = np.float64(3)
    assert three * x == 3.0 * x
    assert three + x == 3.0 + x
    assert three - x == 3.0 - x
    assert three / x == 3.0 / x
    assert three**x == 3.0**x
    assert np.int64(2) * x == 2 * x
    assert np.float32(0.5) * x == 0.5 * x
    assert np.add(X, 1) == X + 1
    assert np.matmul(X, x) == X @ x


def test_expressions_are_compared_with_arrays_as_with_anything():
    three = np.float64(3)
    assert (three == x, x == three, np.ones(3) == x) == (False, False, False)
    assert (three != x, x != three, np.ones(3) != x) == (True, True, True)
    assert np.equal(x, x)


ATTRIBUTES = [
    ("shape", "'Tensor' object has no attribute 'shape'; .dims has the dimensions of its legs"),
    ("ndim", "'Tensor' object has no attribute 'ndim'; .order is the number of its legs"),
    ("dtype", "'Tensor' object has no attribute 'dtype'; it has no numbers before evaluate()"),
    ("tanh", "'Tensor' object has no attribute 'tanh'; write td.tanh(expr)"),
    ("boxes", "'Tensor' object has no attribute 'boxes'"),
]


@pytest.mark.parametrize(("name", "message"), ATTRIBUTES, ids=[row[0] for row in ATTRIBUTES])
def test_attributes_of_arrays_are_called_something_else(name, message):
    assert not hasattr(x, name)
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(x, name)


def test_what_is_told_to_write_exists():
    from tensordiag.core import foreign

    assert [name for name in sorted(foreign._functions()) if not hasattr(td, name)] == []


def test_sum_and_mean_are_functions_too():
    assert td.sum(X) == X.sum()
    assert td.sum(X, axis=(0, 1)) == X.sum()
    assert td.sum(X, 0) == X.sum(axis=0)
    assert td.mean(X, axis=1) == X.mean(axis=1)
    assert td.sum(3).evaluate() == td.mean(3).evaluate() == 3
    assert td.log_softmax(X, axis=1) == td.logsoftmax(X, axis=1)
    with pytest.raises(OrderError, match=re.escape("cannot sum over leg 2: X[m, n] with 2 legs")):
        td.sum(X, axis=2)

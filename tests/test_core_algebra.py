"""The operators: their values against NumPy's, their legs, and every message."""

import re
import string
from pathlib import Path

import numpy as np
import pytest
from reference import dense_copy, sample, value

import tensordiag as td
from tensordiag.core import algebra
from tensordiag.core.expressions import one, zero
from tensordiag.errors import DimensionError, OrderError

A, B, X, Y, Z, T, x, y, v, a = td.tensors("A[n,n] B[n,n] X[m,n] Y[p,q] Z[n,p] T[m,n,p] x[n] y[n] v[m] a")


def column(matrix):
    """The columns of a matrix, one below the other."""
    return matrix.reshape(-1, order="F")


def khatri_rao(a, b):
    return np.stack([np.kron(a[:, k], b[:, k]) for k in range(a.shape[1])], axis=1)


VALUES = [
    ("plus", X + 2 * X * X, lambda X: X + 2 * X * X),
    ("scalar plus", 1 + x, lambda x: 1 + x),
    ("tensor scalar plus", A + a, lambda A, a: A + a),
    ("scalar minus tensor", a - x, lambda x, a: a - x),
    ("number minus", 3 - X, lambda X: 3 - X),
    ("negative", -x, lambda x: -x),
    ("positive", +x, lambda x: x),
    ("divided", x / 4, lambda x: x / 4),
    ("hadamard", x * y, lambda x, y: x * y),
    ("hadamard of matrices", A * B, lambda A, B: A * B),
    ("scaled", a * X, lambda a, X: a * X),
    ("scaled on the right", X * a, lambda a, X: a * X),
    ("matrix vector", X @ x, lambda X, x: X @ x),
    ("vector matrix", v @ X, lambda v, X: v @ X),
    ("matrix matrix", X @ Z, lambda X, Z: X @ Z),
    ("vector vector", x @ y, lambda x, y: x @ y),
    ("quadratic", x @ A @ x, lambda A, x: x @ A @ x),
    ("outer", td.outer(x, v), np.outer),
    ("outer of three", td.outer(x, v, a), lambda a, v, x: a * np.outer(x, v)),
    ("inner", td.inner(A, B), lambda A, B: (A * B).sum()),
    ("square norm", td.square_norm(X), lambda X: (X * X).sum()),
    ("square", x**2, lambda x: x**2),
    ("cube of a matrix", A**3, lambda A: A**3),
    ("power 0", x**0 * x, lambda x: x),
    ("power 1", x**1, lambda x: x),
    ("scalar power", a**3, lambda a: a**3),
    ("transpose", X.T, lambda X: X.T),
    ("transposed vector", x.T, lambda x: x),
    ("adjoint", (X @ Z).H, lambda X, Z: (X @ Z).conj().T),
    ("permuted", td.permute(T, (2, 0, 1)), lambda T: T.transpose(2, 0, 1)),
    ("permuted method", T.permute([1, 2, 0]), lambda T: T.transpose(1, 2, 0)),
    ("sum", X.sum(), lambda X: X.sum()),
    ("sum of rows", X.sum(0), lambda X: X.sum(0)),
    ("sum of the last", T.sum(-1), lambda T: T.sum(-1)),
    ("sum of two", T.sum((0, 2)), lambda T: T.sum((0, 2))),
    ("sum of none", T.sum(()), lambda T: T),
    ("sum twice over one", T.sum((0, -3)), lambda T: T.sum(0)),
    ("trace", A.trace(), lambda A: np.trace(A)),
    ("trace of a product", (X.T @ X).trace(), lambda X: np.trace(X.T @ X)),
    ("trace of a scalar", a.trace(), lambda a: a),
    ("diag of a vector", td.diag(x), np.diag),
    ("diag of a matrix", td.diag(A), np.diag),
    ("diag of diag", td.diag(td.diag(A)), lambda A: np.diag(np.diag(A))),
    ("kron", td.kron(X, Y), np.kron),
    ("kron of vectors", td.kron(x, v), lambda v, x: np.kron(x, v)),
    ("kron with itself", td.kron(X, X), lambda X: np.kron(X, X)),
    ("kron of three", td.kron(td.kron(x, v), y), lambda v, x, y: np.kron(np.kron(x, v), y)),
    ("kron with a scalar", td.kron(a, X), lambda X, a: a * X),
    ("kron of order 3", td.kron(T, T), lambda T: np.kron(T, T)),
    ("mixed product", td.kron(A, X) @ td.kron(B, Z), lambda A, B, X, Z: np.kron(A @ B, X @ Z)),
    ("khatri rao", td.khatri_rao(X, A), lambda A, X: khatri_rao(X, A)),
    ("vec", td.vec(X), column),
    ("vec of a vector", td.vec(x), lambda x: x),
    ("vec of order 3", td.vec(T), column),
    ("vec of a product", td.vec(X @ A @ Z), lambda A, X, Z: np.kron(Z.T, X) @ column(A)),
    ("raveled", td.reshape(X, ["m*n"]), lambda X: X.reshape(-1)),
    ("two legs merged", td.reshape(T, ["m", "n*p"]), lambda T: T.reshape(T.shape[0], -1)),
    ("split", td.reshape(td.reshape(T, ["m*n*p"]), ["m*n", "p"]), lambda T: T.reshape(-1, T.shape[2])),
    ("merged and split", td.reshape(td.reshape(T, ["m*n", "p"]), ["m", "n*p"]), lambda T: T.reshape(len(T), -1)),
    ("split again", td.reshape(td.reshape(T, ["m*n*p"]), ["m", "n", "p"]), lambda T: T),
    ("reshaped to the other shape", td.reshape(X, ["n", "m"]), lambda X: X.reshape(X.shape[::-1])),
    ("reshaped to itself", td.reshape(T, ["m", "n", "p"]), lambda T: T),
    ("entry", td.entry(X, 1, 0), lambda X: X[1, 0]),
    ("last entry", td.entry(x, -1), lambda x: x[-1]),
    ("row", td.entry(X, 1, None), lambda X: X[1]),
    ("slice of order 3", td.entry(T, None, 1, None), lambda T: T[:, 1]),
    ("entry of a vec", td.entry(td.vec(X), 3), lambda X: column(X)[3]),
    ("entry of a kron", td.entry(td.kron(X, Y), 2, None), lambda X, Y: np.kron(X, Y)[2]),
    (
        "entry of what was split again",
        td.entry(td.reshape(td.vec(X), ("m", "n")), None, -1),
        lambda X: column(X).reshape(X.shape)[:, -1],
    ),
    (
        "partial trace",
        td.einsum("iaja->ij", td.reshape(td.kron(A, B), ("n", "n", "n", "n"))),
        lambda A, B: A * np.trace(B),
    ),
]


@pytest.mark.parametrize(("name", "expr", "expected"), VALUES, ids=[row[0] for row in VALUES])
def test_values_are_numpys(name, expr, expected):
    for seed in range(2):
        arrays, sizes = sample(expr, seed)
        wanted = expected(*arrays.values()) if isinstance(expected, np.ufunc) else expected(**_named(expected, arrays))
        np.testing.assert_allclose(value(expr, arrays, sizes), wanted, atol=1e-12)
        np.testing.assert_allclose(expr.evaluate(arrays, sizes=sizes), wanted, atol=1e-12)


def _named(expected, arrays):
    """Keyword arguments for a lambda over names, or in order for NumPy's own functions."""
    code = getattr(expected, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code else ()
    if set(names) <= arrays.keys() and names:
        return {name: arrays[name] for name in names}
    own = {np.outer: ("a", "b"), np.kron: ("a", "b"), np.diag: ("v",)}
    order = {np.outer: ("x", "v")}.get(expected, tuple(arrays))
    parameters = own.get(expected, names)
    return {p: arrays[n] for p, n in zip(parameters, order, strict=True)}


def test_constants():
    for order in (1, 3, 4):
        np.testing.assert_array_equal(td.Copy(order, 3).evaluate(), dense_copy(order, 3))
    assert td.Copy(0, "n").evaluate(sizes={"n": 5}) == 5
    np.testing.assert_array_equal(td.identity("n").evaluate(sizes={"n": 3}), np.eye(3))
    np.testing.assert_array_equal(td.ones(("m", 2)).evaluate(sizes={"m": 3}), np.ones((3, 2)))
    np.testing.assert_array_equal(zero(("m", 2)).evaluate(sizes={"m": 3}), np.zeros((3, 2)))
    np.testing.assert_array_equal(td.unit(4, 1).evaluate(), [0, 1, 0, 0])
    assert one().evaluate() == 1
    assert td.ones(()) == one()
    merged = td.merge((2, 3)).evaluate()
    np.testing.assert_array_equal(merged.reshape(6, 6), np.eye(6))


MESSAGES = [
    (lambda: x + v, DimensionError, "cannot add x[n] and v[m]: leg 0 is n in the first and m in the second"),
    (
        lambda: x + A,
        OrderError,
        "cannot add x[n] with 1 leg and A[n, n] with 2 legs; "
        "nothing is repeated unasked: write td.outer(td.ones('n'), x)",
    ),
    (
        lambda: X @ A + x,
        OrderError,
        "cannot add <Diagram of 2 boxes [m, n]> with 2 legs and x[n] with 1 leg; "
        "nothing is repeated unasked: write td.outer(td.ones('m'), x)",
    ),
    (
        lambda: td.Tensor("R", (2, "m", "n")) * td.exp(x),
        OrderError,
        "cannot multiply elementwise R[2, m, n] with 3 legs and <exp [n]> with 1 leg; "
        "nothing is repeated unasked: write td.outer(td.ones((2, 'm')), expr)",
    ),
    (lambda: X - v, OrderError, "cannot add X[m, n] with 2 legs and v[m] with 1 leg"),
    (
        lambda: X * A,
        DimensionError,
        "cannot multiply elementwise X[m, n] and A[n, n]: leg 0 is m in the first and n in the second",
    ),
    (
        lambda: x * A,
        OrderError,
        "cannot multiply elementwise x[n] with 1 leg and A[n, n] with 2 legs; "
        "nothing is repeated unasked: write td.outer(td.ones('n'), x)",
    ),
    (
        lambda: X @ v,
        DimensionError,
        "cannot multiply X[m, n] @ v[m]: the last leg of the first is n, the first leg of the second is m",
    ),
    (lambda: a @ x, OrderError, "@ joins orders 1 and 2, but got a[] with 0 legs; scale with *"),
    (
        lambda: x @ T,
        OrderError,
        "@ joins orders 1 and 2, but got T[m, n, p] with 3 legs; write the contraction with td.einsum",
    ),
    (
        lambda: td.inner(x, v),
        DimensionError,
        "cannot take the inner product of x[n] and v[m]: leg 0 is n in the first and m in the second",
    ),
    (lambda: T.T, OrderError, ".T needs at most 2 legs, but got T[m, n, p] with 3 legs; say which with permute(axes)"),
    (lambda: T.permute((0, 1)), OrderError, "axes must be an order of 0 to 2, not [0, 1]: T[m, n, p] with 3 legs"),
    (
        lambda: T.permute((0, 1, 1)),
        OrderError,
        "axes must be an order of 0 to 2, not [0, 1, 1]: T[m, n, p] with 3 legs",
    ),
    (lambda: x.sum(1), OrderError, "cannot sum over leg 1: x[n] with 1 leg"),
    (lambda: X.trace(), DimensionError, "the trace needs a square matrix, but X[m, n] is m×n"),
    (lambda: x.trace(), OrderError, "the trace needs a matrix, but got x[n] with 1 leg"),
    (lambda: td.diag(X), DimensionError, "diag needs a square matrix, but X[m, n] is m×n"),
    (lambda: td.diag(T), OrderError, "diag needs a matrix, but got T[m, n, p] with 3 legs"),
    (
        lambda: td.kron(x, A),
        OrderError,
        "kron needs operands with equally many legs, not x[n] with 1 leg and A[n, n] with 2 legs",
    ),
    (
        lambda: td.khatri_rao(X, Z),
        DimensionError,
        "the Khatri–Rao product needs equally many columns: leg 1 of X[m, n] is n, leg 1 of Z[n, p] is p",
    ),
    (
        lambda: td.khatri_rao(x, Z),
        OrderError,
        "the Khatri–Rao product needs two matrices, not x[n] with 1 leg and Z[n, p] with 2 legs",
    ),
    (lambda: td.reshape(X, ("m", "m")), DimensionError, "cannot reshape X[m, n]: (m, n) does not match (m, m)"),
    (lambda: td.reshape(X, ("m",)), DimensionError, "cannot reshape X[m, n]: (m, n) does not match (m)"),
    (lambda: td.reshape(X, ("m*n", 2)), DimensionError, "cannot reshape X[m, n]: (m, n) does not match (m*n, 2)"),
    (lambda: td.entry(X, 1), OrderError, "X[m, n] with 2 legs needs 2 indices, not 1"),
    (lambda: td.entry(td.Tensor("u", 3), 3), DimensionError, "the index 3 is out of range for a leg of dimension 3"),
    (
        lambda: x ** "2",
        OrderError,
        "cannot use the text '2' as an expression: read it with td.parse",
    ),
    (lambda: x / 0, ZeroDivisionError, "x[n] divided by zero"),
    (lambda: td.contract([A], ["ij"], "i"), td.TensordiagError, "the wire 'j' has 1 end; a wire has exactly two"),
    (
        lambda: td.contract([A, x], ["ij", "j"], "ij"),
        td.TensordiagError,
        "the wire 'j' has 3 ends; a wire has exactly two",
    ),
    (lambda: td.contract([A], [], ""), td.TensordiagError, "there are 1 boxes but labels for 0"),
    (lambda: td.contract([A], ["i"], "i"), OrderError, "box 0, A[n, n], has 2 legs but 1 label"),
    (lambda: td.contract([], [], "ii"), td.TensordiagError, "the open wire 'i' touches no box: give its dimension"),
    (
        lambda: td.contract([X, v], ["ij", "j"], "i"),
        DimensionError,
        "the dimensions do not match: leg 1 of X[m, n] is n, but leg 0 of v[m], joined to it, is m",
    ),
    (lambda: td.substitute(A, {A: X}), DimensionError, "cannot replace A[n, n] by X[m, n]: leg 0 is n against m"),
    (lambda: td.substitute(A, {A: x}), OrderError, "cannot replace A[n, n] by x[n]: 2 legs against 1"),
    (lambda: td.apply("exq", x), td.TensordiagError, "unknown function 'exq'; did you mean exp?"),
    (lambda: td.apply("exp", x, y), OrderError, "exp takes 1 argument, not 2"),
    (lambda: td.apply("maximum", x), OrderError, "maximum takes 2 arguments, not 1"),
    (lambda: td.apply("maximum", x, v), DimensionError, "maximum needs arguments with equal legs, but got (n) and (m)"),
    (lambda: td.apply("inv", X), DimensionError, "inv needs a square matrix, but got m×n"),
    (lambda: td.apply("det", x), OrderError, "det needs a square matrix, but got 1 leg"),
    (lambda: td.apply("pinv", x), OrderError, "pinv needs a matrix, but got 1 leg"),
    (lambda: td.apply("softmax", x, params=(1,)), OrderError, "softmax needs legs from 0 to 0, not [1]"),
    (lambda: td.apply("logsumexp", A), OrderError, "logsumexp needs legs from 0 to 1, not []"),
]


@pytest.mark.parametrize(("make", "error", "message"), MESSAGES, ids=[row[2][:60] for row in MESSAGES])
def test_messages(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


def test_every_operator_is_here():
    """Each public operator of the module stands in a row above, so that none is forgotten."""
    rows = " ".join(row[0] for row in VALUES)
    text = Path(__file__).read_text(encoding="utf-8")
    for name in algebra.__all__:
        assert (
            f"td.{name}(" in text
            or name in rows
            or name in ("as_expr", "conj", "divide", "matmul", "power", "sum_legs")
        )


def test_nesting_is_kept_as_written():
    inner = B @ x
    made = A @ inner
    assert made.boxes == (A, inner)
    assert len(made.flat().boxes) == 3
    assert A @ inner != (A @ B) @ x
    assert (A @ inner).flat() == ((A @ B) @ x).flat()


def test_long_products_and_many_letters():
    factors = [td.Tensor(f"{letter}{k}", ("n",)) for k in range(3) for letter in string.ascii_letters]
    made = td.ones("n")
    for factor in factors:
        made = made * factor
    flat = made.flat()
    assert len(flat.boxes) == len(factors) + 1
    assert flat.boxes[-1] == td.Copy(len(factors) + 1, "n")
    arrays, sizes = sample(made)
    np.testing.assert_allclose(made.evaluate(arrays, sizes=sizes), np.prod(list(arrays.values()), axis=0))

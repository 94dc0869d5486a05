"""What programs are made of: counted kernels and buffers, the values checked against NumPy."""

import re
import warnings
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import tensordiag as td
from tensordiag.testing import check_derivative

rng = np.random.default_rng(7)


def kernels(program):
    return Counter(program.plan.kernels.values())


def shares(x, axis=1):
    made = np.exp(x - x.max(axis, keepdims=True))
    return made / made.sum(axis, keepdims=True)


def test_a_loss_and_its_gradient_take_exponentials_once():
    z, y = td.tensors("z[m,n] y[m,n]")
    loss = (y * td.logsoftmax(z, axis=1)).sum()
    program = td.compile([loss, td.grad(loss, z)])
    arrays = {"z": 300 * rng.normal(size=(4, 5)), "y": rng.random((4, 5))}
    value, gradient = program(arrays)
    assert kernels(program)["exp"] == kernels(program)["top"] == 1
    assert not {"softmax", "logsoftmax"} & kernels(program).keys()
    expected = arrays["y"] - arrays["y"].sum(1)[:, None] * shares(arrays["z"])
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(value, loss.evaluate(arrays), rtol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), (0, 1, 2)])
def test_softmax_and_its_kin_share_their_parts(axis):
    z, y = td.tensors("z[k,m,n] y[k,m,n]")
    results = [make(z, axis=axis) for make in (td.softmax, td.logsoftmax, td.logsumexp)]
    results.append(td.softmax(y * results[0], axis=axis) + td.logsoftmax(y * results[0], axis=axis))  # one in another
    program = td.compile(results)
    for scale in (1.0, 800.0):
        arrays = {"z": scale * rng.normal(size=(2, 3, 4)), "y": rng.normal(size=(2, 3, 4))}
        for found, expr in zip(program(arrays), results, strict=True):
            expected = expr.evaluate({t.name: arrays[t.name] for t in expr.tensors})
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)
    assert kernels(program)["exp"] == 2


def test_shared_softmax_of_infinite_empty_and_complex_arrays():
    (z,) = td.tensors("z[m,n]")
    results = [td.softmax(z, axis=1), td.logsoftmax(z, axis=1), td.logsumexp(z, axis=1)]
    program = td.compile(results)
    masked = np.array([[0.0, -np.inf, 1.0], [2.0, -np.inf, -np.inf]])
    for array in (masked, np.zeros((2, 0)), np.zeros((0, 3)), 9j * rng.normal(size=(2, 3)) + rng.normal(size=(2, 3))):
        with np.errstate(all="ignore"):
            for found, expr in zip(program(z=array), results, strict=True):
                np.testing.assert_allclose(found, expr.evaluate(z=array), rtol=1e-12)


def test_a_coefficient_that_all_users_share_is_applied_once():
    x, y, A, B = td.tensors("x[m] y[m] A[m,n] B[m,n]")
    residual = td.exp(x) - y
    program = td.compile([residual @ A / 3, residual @ B / 3, -(residual * x) / 3])
    arrays = {"x": rng.normal(size=5), "y": rng.normal(size=5), "A": rng.normal(size=(5, 4)), "B": np.ones((5, 4))}
    r = (np.exp(arrays["x"]) - arrays["y"]) / 3
    for found, expected in zip(program(arrays), [r @ arrays["A"], r @ arrays["B"], -r * arrays["x"]], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    scaled = [v for v in program.plan.values if v.kind == "scale" and abs(v.data) != 1]
    assert len(scaled) == 1


def test_a_scaled_gram_matrix_stays_a_gram_matrix():
    (X,) = td.tensors("X[m,n]")
    program = td.compile(3 * X.T @ X)
    array = rng.normal(size=(5, 200))
    np.testing.assert_allclose(program(X=array), 3 * array.T @ array, rtol=1e-12, atol=1e-12)
    assert kernels(program) == {"multiply": 1, "syrk": 1}
    negative = td.compile(-3 * X.T @ X)
    np.testing.assert_allclose(negative(X=array), -3 * array.T @ array, rtol=1e-12, atol=1e-12)
    assert kernels(negative)["syrk"] == 1


def test_a_product_that_is_there_is_summed_and_not_formed_again():
    x, W, H, y = td.tensors("x[b,k] W[n,m] H[b,n] y[b,m]")
    inner = H * (y @ W.T)
    program = td.compile([inner.T @ x, inner.sum(axis=0)])
    arrays = {n: rng.normal(size=s) for n, s in {"x": (6, 5), "W": (8, 7), "H": (6, 8), "y": (6, 7)}.items()}
    expected = arrays["H"] * (arrays["y"] @ arrays["W"].T)
    for found, wanted in zip(program(arrays), [expected.T @ arrays["x"], expected.sum(0)], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert kernels(program) == {"matmul": 2, "multiply": 1, "sum": 1}


def test_simple_powers_are_calls_of_their_own():
    (x,) = td.tensors("x[n]")
    program = td.compile([td.sqrt(x), x**-1, td.exp(x) ** 2])
    array = rng.random(5) + 0.5
    for found, expected in zip(program(x=array), [np.sqrt(array), 1 / array, np.exp(2 * array)], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert "implementation" not in program.source
    with pytest.warns(RuntimeWarning, match=r"power 1/2 takes .*, but 1 of 5 entries"):
        program(x=np.array([1.0, 2, -1, 3, 4]))


@pytest.mark.parametrize("kind", ["straight", "turned", "strided", "reversed"])
def test_large_products_of_arrays_of_any_layout(kind):
    A, B = td.tensors("A[m,k] B[k,n]")
    a, b = rng.normal(size=(160, 20)), rng.normal(size=(20, 220))
    if kind == "turned":
        a, b = np.asfortranarray(a), np.asfortranarray(b)
    elif kind == "strided":
        a, b = rng.normal(size=(320, 40))[::2, ::2], rng.normal(size=(40, 440))[::2, ::2]
    elif kind == "reversed":
        a, b = a[:, ::-1], b[::-1]
    program = td.compile([A @ B, A @ A.T])
    for found, expected in zip(program(A=a, B=b), [a @ b, a @ a.T], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_block_writes_into_a_buffer_that_nobody_needs():
    A, B, x = td.tensors("A[m,k] B[k,n] x[m,n]")
    product = A @ B
    expr = td.exp(td.sin(product) + x)
    arrays = {"A": rng.normal(size=(300, 9)), "B": rng.normal(size=(9, 200)), "x": rng.normal(size=(300, 200))}
    xs = arrays["x"].copy()
    expected = np.exp(np.sin(arrays["A"] @ arrays["B"]) + xs)
    alone, both = td.compile(expr), td.compile([expr, product])
    for _ in range(2):
        np.testing.assert_allclose(alone(arrays), expected, rtol=1e-12, atol=1e-12)
        found, still_needed = both(arrays)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(still_needed, arrays["A"] @ arrays["B"], rtol=1e-12, atol=1e-12)
    assert (arrays["x"] == xs).all()
    assert "for i in range" in alone.source
    assert "empty((300, 200)" not in alone.source
    assert "empty((300, 200)" in both.source


def test_products_with_a_common_operand_are_joined_in_a_sum():
    A, B, C, D = td.tensors("A[n,n] B[n,n] C[n,n] D[n,n]")
    arrays = {name: rng.normal(size=(6, 6)) for name in "ABCD"}
    a, b, c, d = arrays.values()
    left, right = B * C, td.exp(D)
    program = td.compile(2 * (A @ left) - 3 * (A @ right.T) + C)
    np.testing.assert_allclose(program(arrays), 2 * a @ (b * c) - 3 * a @ np.exp(d).T + c, rtol=1e-12, atol=1e-12)
    assert kernels(program)["matmul"] == 1
    needed = td.compile([A @ left + A @ right, (A @ left).T])
    found = needed(arrays)
    np.testing.assert_allclose(found[0], a @ (b * c) + a @ np.exp(d), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1], (a @ (b * c)).T, rtol=1e-12, atol=1e-12)
    many = td.compile(td.sin(A) @ left + td.cos(A) @ left + td.sin(A) @ (right * B))
    expected = np.sin(a) @ (b * c) + np.cos(a) @ (b * c) + np.sin(a) @ (np.exp(d) * b)
    np.testing.assert_allclose(many(arrays), expected, rtol=1e-12, atol=1e-12)
    assert kernels(many)["matmul"] == 2


def test_logistic_functions_are_exact_in_their_tails():
    (x,) = td.tensors("x[n]")
    sigmoid = td.apply("sigmoid", x)

    def exact(array):
        return np.exp(np.minimum(array, 0)) / (1 + np.exp(-np.abs(array)))

    array = np.array([-700.0, -40.0, -1.0, 0.0, 2.0, 40.0, 700.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for expr in (sigmoid, 2 * sigmoid * 0.5, td.exp(x) / (1 + td.exp(x))):
            np.testing.assert_allclose(expr.evaluate(x=array), exact(array), rtol=1e-14)
        np.testing.assert_allclose(
            td.apply("sigmoid", -2 * x).evaluate(x=array), exact(-2 * array), rtol=1e-12, atol=1e-300
        )
        far = 9 * array
        logarithm = np.minimum(far, 0) - np.log1p(np.exp(-np.abs(far)))
        np.testing.assert_allclose(td.log(sigmoid).evaluate(x=far), logarithm, rtol=1e-14)
        near = array[1:6]
        np.testing.assert_allclose((sigmoid / sigmoid).sum().evaluate(x=near), 5)
        np.testing.assert_allclose((x * sigmoid / sigmoid**3).evaluate(x=near), near / exact(near) ** 2)
        slope = td.grad(td.log(sigmoid).sum(), x)
        np.testing.assert_allclose(slope.evaluate(x=array), exact(-array), rtol=1e-14)
        for dtype in (np.float32, np.float64):
            assert 0 <= sigmoid.evaluate(x=np.array([-1e6], dtype))[0] < 1e-37
            assert sigmoid.evaluate(x=np.array([1e6], dtype))[0] == 1
    z = np.array([-40 + 1j, 3 - 2j, 40j, 800 + 1j, -800 + 1j])
    np.testing.assert_allclose(sigmoid.evaluate(x=z)[:3], np.exp(z[:3]) / (1 + np.exp(z[:3])), rtol=1e-13)
    assert np.isfinite(sigmoid.evaluate(x=z)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_source_is_that_of_the_type(dtype):
    (x,) = td.tensors("x[n]")
    expr = td.diff(td.apply("sigmoid", x) * x, x)
    program = td.compile(expr)
    array = np.array([-100, 0.5, 3], dtype)
    expected = program(x=array)
    names = {}
    exec(program.source, names)
    found = names["program"](array)
    assert found.dtype == expected.dtype == dtype
    np.testing.assert_array_equal(found, expected)


def test_half_powers_of_one_base_share_its_root():
    (x,) = td.tensors("x[n]")
    s = x * x + 1
    program = td.compile([td.sqrt(s), 1 / td.sqrt(s), s ** Fraction(-3, 2)])
    square = (array := rng.normal(size=6)) ** 2 + 1
    for found, expected in zip(program(x=array), [square**0.5, square**-0.5, square**-1.5], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert kernels(program) == {"multiply": 2, "add": 1, "power": 3}
    with pytest.warns(RuntimeWarning, match=r"power .* takes numbers that have this power, but 1 of 2 entries"):
        td.compile([td.sqrt(x), 1 / td.sqrt(x)])(x=np.array([0.0, 1]))


@pytest.mark.parametrize("depth", [1, 2])
def test_gelu_shares_the_error_function_with_its_derivative(depth):
    x, y, A = td.tensors("x[n,n] y[n,n] A[n,n]")
    h = x
    for _ in range(depth):
        h = td.gelu(h @ A + y)
    f = td.square_norm(h)
    program = td.compile([f, td.grad(f, A)])
    program(**{name: rng.normal(size=(3, 3)) for name in "xyA"})
    assert (kernels(program)["erf"], "gelu" in kernels(program)) == (depth, False)
    assert check_derivative(f, A) < 1e-8


def test_an_inverse_and_that_of_the_transpose_are_one():
    A, b = td.tensors("A[n,n] b[n]")
    f = b @ td.inv(A) @ b + td.logdet(A)
    program = td.compile([f, td.grad(f, A), td.det(A.T) * td.det(A)])
    matrix = rng.normal(size=(4, 4)) + 4 * np.eye(4)
    program(A=matrix, b=rng.normal(size=4))
    assert [kernels(program)[name] for name in ("inv", "logdet", "det")] == [1, 1, 1]
    assert check_derivative(f, A) < 1e-8


def test_the_environments_of_a_sandwiched_chain_use_its_sweeps():
    """⟨ψ|H|ψ⟩ and its gradients: three products a site each way, one for each environment, none twice."""
    length = 8
    As = [td.Tensor(f"A{k}", ("D", "p", "D")) for k in range(length)]
    Hs = [td.Tensor(f"H{k}", ("w", "p", "p", "w")) for k in range(length)]
    left = td.Tensor("L", ("D", "w", "D"))
    for A, H in zip(As, Hs, strict=True):
        left = td.einsum("ijk,ipl,jpqm,kqn->lmn", left, A, H, A)
    f = td.einsum("ijk,ijk->", left, td.Tensor("R", ("D", "w", "D")))
    sizes = {"D": 8, "p": 2, "w": 4}
    program = td.compile([f, *td.grad(f, As)], sizes=sizes)
    assert sum(count for name, count in kernels(program).items() if name == "matmul") <= 8 * length


@pytest.mark.parametrize(
    ("declared", "spec", "names"),
    [
        ("T[i,j,k,l] A[i,r] B[j,r] C[k,r] D[l,r]", "ir,jr,kr,lr->ijkl", "ABCD"),
        ("T[i,j,k] A[i,a] B[a,j,b] C[b,k]", "ia,ajb,bk->ijk", "ABC"),
        ("T[i,j,k] A[i,r] B[j,r] C[k,r]", "ir,jr,kr->ijk", "ABC"),
    ],
)
def test_the_residual_of_a_factorised_tensor_is_made_in_the_order_of_the_tensor(declared, spec, names):
    """Neither the residual nor the tensor is read against the order of its axes."""
    T, *factors = td.tensors(declared)
    f = td.square_norm(T - td.einsum(spec, *factors))
    sizes = {"i": 9, "j": 8, "k": 7, "l": 6, "r": 3, "a": 4, "b": 3}
    program = td.compile([f, *td.grad(f, factors)], sizes=sizes)
    copied = [line for line in program.source.splitlines() if ".transpose(" in line]
    residual = re.search(r"subtract\(a\d, (v\d+), \1\)", program.source)
    assert residual is not None
    assert not [line for line in copied if residual[1] in line or "a3" in line or "a4" in line]
    arrays = {t.name: rng.normal(size=[sizes[str(d)] for d in t.dims]) for t in (T, *factors)}
    for name in names:
        assert check_derivative(f, name, arrays=arrays) < 1e-6


def test_axes_of_length_one_are_left_out():
    """A batch of one sample: products of vectors and matrices, no stacks; results have all their axes."""
    x, A, b, c = td.tensors("x[m,n] A[n,k] b[k] c[k]")
    f = td.square_norm(td.tanh(x @ A + td.outer(td.ones("m"), b)) @ c)
    exprs = [f, *td.grad(f, [x, A, c]), td.hessian(f, c), td.softmax(x, axis=0)]
    arrays = {name: rng.normal(size=shape) for name, shape in {"x": (1, 4), "A": (4, 3), "b": 3, "c": 3}.items()}
    program = td.compile(exprs)
    found = program(arrays)
    assert [np.shape(value) for value in found] == [(), (1, 4), (4, 3), (3,), (3, 3), (1, 4)]
    assert kernels(program)["matmul"] == 0
    two = {**arrays, "x": np.repeat(arrays["x"], 2, axis=0)}
    doubled = program(two)
    np.testing.assert_allclose(doubled[0], 2 * found[0], rtol=1e-12)
    np.testing.assert_allclose(doubled[1], np.repeat(found[1], 2, axis=0), rtol=1e-12)
    np.testing.assert_allclose(doubled[4], 2 * found[4], rtol=1e-12)
    assert not any(np.shares_memory(value, array) for value in found for array in arrays.values())


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 2), (3, 1, 2), (3, 2, 1), (1, 1, 4)])
def test_results_with_axes_of_length_one(shape):
    T, A, B, C, S = td.tensors("T[i,j,k] A[i,r] B[j,r] C[k,r] S[i,i]")
    f = td.square_norm(T - td.einsum("ir,jr,kr->ijk", A, B, C))
    g = td.logdet(S) + td.softmax(A, axis=1).sum()
    exprs = [f, *td.grad(f, [T, A, B, C]), td.hessian(f, A), td.diff(f, A, B), td.grad(g, S), td.kron(A, B), A[0]]
    i, j, k = shape
    for r in (1, 2):
        sizes = {"T": shape, "A": (i, r), "B": (j, r), "C": (k, r)}
        arrays = {name: rng.normal(size=size) for name, size in sizes.items()} | {"S": 2 * np.eye(i)}
        for expr, value in zip(exprs, td.compile(exprs)(arrays), strict=True):
            expected = td.compile(expr).structured({t.name: arrays[t.name] for t in expr.tensors})
            np.testing.assert_allclose(value, expected.to_dense(), rtol=1e-10, atol=1e-12)
            assert np.shape(value) == expected.shape


def test_a_matrix_that_a_sum_has_with_its_transpose_is_scaled_once():
    x, A = td.tensors("x[n] A[n,n]")
    f = (x @ A @ x) ** 2
    arrays = {"x": rng.normal(size=5), "A": rng.normal(size=(5, 5))}
    program = td.compile([f, td.hessian(f, x)])
    gradient = (arrays["A"] + arrays["A"].T) @ arrays["x"]
    root = arrays["x"] @ arrays["A"] @ arrays["x"]
    expected = 2 * np.outer(gradient, gradient) + 2 * root * (arrays["A"] + arrays["A"].T)
    np.testing.assert_allclose(program(arrays)[1], expected, rtol=1e-12, atol=1e-12)
    (line,) = [line for line in program.source.splitlines() if ".T" in line and "dot" not in line]
    assert "* 2" not in line


@pytest.mark.parametrize("size", [1, 5, 127, 128, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softplus_of_few_and_of_many_numbers(size, dtype):
    array = np.linspace(-100, 100, size).astype(dtype)
    array[0] = -np.inf
    (x,) = td.tensors("x[n]")
    found = td.softplus(x).evaluate(x=array)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, np.logaddexp(array, np.zeros_like(array)), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("shape", [(0, 3), (5, 2), (7, 10)])
def test_short_rows_are_summed_by_a_product(dtype, shape):
    (x,) = td.tensors("x[m,n]")
    program = td.compile(td.einsum("mn->m", x))
    array = (rng.normal(size=shape) + (1j if np.dtype(dtype).kind == "c" else 0)).astype(dtype)
    made = program(x=array)
    assert "dot(" in program.source
    assert made.dtype == dtype
    np.testing.assert_allclose(made, array.sum(1), rtol=1e-5)


def test_a_number_in_a_block_is_no_array():
    (x,) = td.tensors("x[n]")
    program = td.compile(td.exp((td.tanh(x) * Fraction(1, 2) + 1) * 3) + 2)
    array = rng.normal(size=40_000)
    np.testing.assert_allclose(program(x=array), np.exp(1.5 * np.tanh(array) + 3) + 2, rtol=1e-13)
    assert "multiply(1" not in program.source
    assert "for i in range" in program.source


def test_a_product_under_a_square_is_computed_once_and_overwritten():
    T, U, V, W = td.tensors("T[m,n] U[m,k] V[n,k] W[m,n]")
    loss = td.square_norm(W * (T - U @ V.T))
    arrays = {"T": rng.normal(size=(70, 60)), "U": rng.normal(size=(70, 3)), "V": rng.normal(size=(60, 3))}
    arrays["W"] = rng.normal(size=(70, 60))
    program = td.compile([loss, td.grad(loss, U)])
    value, gradient = program(arrays)
    weighted = arrays["W"] * (arrays["T"] - arrays["U"] @ arrays["V"].T)
    np.testing.assert_allclose(value, (weighted**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(gradient, -2 * (arrays["W"] * weighted) @ arrays["V"], rtol=1e-12, atol=1e-11)
    assert kernels(program)["multiply"] == 3  # by W, by W again, and by −2
    assert "empty(" not in program.source.split("def program")[1]


def test_values_that_do_not_read_one_another_need_no_loop():
    x, y, z = td.tensors("x[n] y[n] z[n]")
    program = td.compile(td.grad((x * y * z).sum(), [x, y, z]), sizes={"n": 200_000})
    assert "for i in range" not in program.source
    assert kernels(program) == {"multiply": 3}
    assert "for i in range" in td.compile(td.tanh(x * y * z + x), sizes={"n": 200_000}).source


def test_terms_that_are_alike_once_they_are_spelled_out_are_collected():
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    t = y * (X @ w)
    losses = [td.log(td.exp(-t) + 1).sum(), -td.log(td.sigmoid(t)).sum()]
    arrays = {"X": rng.normal(size=(30, 20)), "y": np.sign(rng.normal(size=30)), "w": rng.normal(size=20)}
    programs = [td.compile(td.hessian(loss, w)) for loss in losses]
    first, second = (program(arrays) for program in programs)
    np.testing.assert_allclose(first, second, rtol=1e-12)
    kernels = [[row["kernel"] for row in program.plan.as_dict()["rows"]] for program in programs]
    assert kernels[0] == kernels[1]


@pytest.mark.parametrize("shape", [(4, 4), (3, 4), (7, 6), (2, 2)])
def test_a_sum_over_an_axis_of_a_turned_product_keeps_the_order_of_the_others(shape):
    S = td.Tensor("S", ("m", "n"))
    s = rng.random(shape)
    for first, second in [
        ("ab,cd,cd->abcd", "ab,cd,xd,xd->abcd"),
        ("ab,ab,cd,cd->abcd", "ab,ab,cd,xd,xd->abcd"),
        ("ab,ab,ab,ac,ac->abc", "ab,xb,xb,xb,ac->abc"),
    ]:
        specs = [(spec, [S] * (spec.count(",") + 1)) for spec in (first, second)]
        expr = td.einsum(specs[0][0], *specs[0][1]) - td.einsum(specs[1][0], *specs[1][1])
        want = np.einsum(first, *[s] * len(specs[0][1])) - np.einsum(second, *[s] * len(specs[1][1]))
        np.testing.assert_allclose(expr.evaluate(S=s), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (3, 4), (5, 5)])
@pytest.mark.parametrize("axis", [0, 1])
def test_hessians_of_functions_of_a_softmax_are_symmetric_and_right(shape, axis):
    A = td.Tensor("A", ("m", "n"))
    norm = td.square_norm(td.softmax(A, axis=axis))
    array, change = rng.normal(size=shape), rng.normal(size=shape)
    for f in (norm**2, td.log(norm), td.sqrt(norm)):
        hessian = td.hessian(f, A).evaluate(A=array)
        np.testing.assert_allclose(hessian, hessian.transpose(2, 3, 0, 1), rtol=1e-10, atol=1e-12)
        product = td.hvp(f, A).evaluate(A=array, h=change)
        np.testing.assert_allclose(np.einsum("abcd,cd->ab", hessian, change), product, rtol=1e-9, atol=1e-11)


def test_a_scalar_whose_terms_cancel_in_the_plan_is_zero():
    """As the second derivatives of a determinant of one entry do."""
    M, C, B = td.tensors("M[p,m] C[m,m] B[m,p]")
    f = td.det(td.tanh(M @ C @ B) + 5 * td.identity("p"))
    one = np.ones((1, 1))
    slope = -2 * np.tanh(1.0) / np.cosh(1.0) ** 2
    for first, second in [(M, M), (M, C), (C, B)]:
        found = td.diff(f, first, second).evaluate(M=one, C=one, B=one)
        np.testing.assert_allclose(found.ravel(), slope + (first is not second) / np.cosh(1.0) ** 2)


def test_fractions_of_functions_that_are_never_zero_cancel_under_a_weight():
    f = td.parse("y'*log(softmax(x))")
    gradient = td.grad(f, "x").evaluate(x=[-1000.0, 1000.0], y=[0.5, 0.5])
    np.testing.assert_array_equal(gradient, [0.5, -0.5])

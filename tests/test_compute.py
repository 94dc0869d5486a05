"""`compile`: what a plan shares and costs, counted; sources, structured results and backends."""

from __future__ import annotations

import json
import math
import pickle
import re
import tracemalloc
from collections import Counter

import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute import compile
from tensordiag.compute.implementations import IMPLEMENTATIONS
from tensordiag.compute.planning import make_plan
from tensordiag.compute.values import reachable
from tensordiag.errors import BackendError, MemoryLimitError, OrderError, ShapeError, SingularError, UnknownTensorError

rng = np.random.default_rng(0)


def says(error, text):
    return pytest.raises(error, match=re.escape(text))


def kernels(program):
    """How often each kernel is called."""
    return Counter(program.plan.kernels.values())


def logistic():
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    return td.apply("log", td.apply("exp", -(y * (X @ w))) + 1).sum(), w


# -- what a plan shares --------------------------------------------------------------------------------


def test_least_squares_forms_the_residual_once():
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    f = td.square_norm(X @ w - y)
    program = compile([f, td.grad(f, w)], sizes={"m": 2000, "n": 30})
    assert kernels(program)["matvec"] == 2
    assert program.plan.flops < 2 * 2 * 2000 * 30 + 4 * 2000 + 100


def test_gram_matrices_are_a_syrk():
    X, y, w = td.tensors("X[m,n] y[m] w[n]")
    program = compile(td.hessian(td.square_norm(X @ w - y), w), sizes={"m": 200, "n": 30})
    assert kernels(program)["syrk"] == 1
    assert program.plan.flops == 200 * 30 * 30 + 30 * 30


def test_weights_that_are_not_negative_go_under_the_root():
    f, w = logistic()
    large = compile(td.hessian(f, w), sizes={"m": 200, "n": 100})
    assert kernels(large)["syrk"] == 1
    assert kernels(large)["matmul"] == 0
    program = compile(td.hessian(f, w))
    X, y = rng.standard_normal((20, 5)), np.sign(rng.standard_normal(20))
    value = rng.standard_normal(5)
    s = 1 / (1 + np.exp(y * (X @ value)))
    np.testing.assert_allclose(program(X=X, y=y, w=value), X.T @ np.diag(s * (1 - s)) @ X, rtol=1e-12)


def test_weights_of_any_sign_do_not():
    X, y = td.tensors("X[m,n] y[m]")
    assert kernels(compile(X.T @ td.diag(y) @ X, sizes={"m": 200, "n": 100}))["syrk"] == 0
    program = compile(X.T @ td.diag(y) @ X)
    value = -np.ones(3)
    assert program(X=np.ones((3, 2)), y=value).tolist() == [[-3, -3], [-3, -3]]


def test_the_residual_of_a_factorisation_is_not_formed_for_its_gradient():
    T, U, V = td.tensors("T[n,n] U[n,k] V[n,k]")
    f = td.square_norm(T - U @ V.T)
    program = compile(td.grad(f, U), sizes={"n": 200, "k": 5})
    assert program.plan.largest.entries == 200 * 5
    program = compile([f, td.grad(f, U)], sizes={"n": 200, "k": 5})
    assert program.plan.largest.entries == 200 * 200  # the value needs it anyway


def test_gradients_of_a_cp_loss_share_and_stay_small():
    T, A, B, C = td.tensors("T[n,n,n] A[n,R] B[n,R] C[n,R]")
    f = td.square_norm(T - td.einsum("ir,jr,kr->ijk", A, B, C))
    program = compile(td.grad(f, [A, B, C]), sizes={"n": 60, "R": 10})
    assert program.plan.largest.entries <= 60 * 60 * 10
    assert kernels(program)["syrk"] == 3
    large = [v for v in program.plan.values if v.kind == "pair" and any(o.entries == 60**3 for o in v.operands)]
    assert len(large) == 2  # two passes over T for three gradients


def test_mirrored_halves_of_a_matrix_product_state_are_computed_once():
    N = 12
    As = [td.Tensor(f"A{k}", ("D" if k else "1", "p", "D")) for k in range(N)]
    L = td.einsum("api,apj->ij", As[0], As[0])
    for A in As[1:]:
        L = td.einsum("ij,ipk,jpl->kl", L, A, A)
    program = compile([L.trace(), *td.grad(L.trace(), As)], sizes={"D": 16, "p": 2})
    pairs = [v for v in program.plan.values if v.kind == "pair"]
    assert len(pairs) <= 5 * N  # two up, two down and one gradient a site


def test_all_environments_cost_three_times_the_value():
    N = 24
    ts = [td.Tensor(f"t{k}", ("q", "q", "q")) for k in range(N)]
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    # a ladder: rungs k, rails N + k
    half = N // 2
    rows = []
    for k in range(half):
        left, right = letters[half + k], letters[half + (k + 1) % half]
        rows.append(left + right + letters[k])
    for k in range(half):
        left, right = letters[2 * half + k], letters[2 * half + (k + 1) % half]
        rows.append(left + right + letters[k])
    f = td.einsum(",".join(rows) + "->", *ts)
    alone = compile(f, sizes={"q": 3}).plan.flops
    program = compile([f, *td.grad(f, ts)], sizes={"q": 3})
    assert program.plan.flops <= 3.5 * alone
    arrays = {t.name: rng.standard_normal((3, 3, 3)) for t in ts}
    value, *gradients = program(arrays)
    for t, gradient in zip(ts, gradients, strict=True):
        np.testing.assert_allclose((gradient * arrays[t.name]).sum(), value)


def test_environments_of_a_network_with_open_legs_and_an_adjoint():
    ts = [td.Tensor(f"t{k}", ("q", "q")) for k in range(8)]
    open_ = td.einsum("ab,bc,cd,de,ef,fg,gh,hi->ai", *ts)
    f = td.apply("tanh", open_).sum()
    arrays = {t.name: rng.standard_normal((3, 3)) for t in ts}
    value, *gradients = compile([f, *td.grad(f, ts)])(arrays)
    for t, gradient in zip(ts, gradients, strict=True):
        step = rng.standard_normal((3, 3))
        moved = [compile(f)(arrays | {t.name: arrays[t.name] + h * step}) for h in (1e-6, -1e-6)]
        assert (moved[0] - moved[1]) / 2e-6 == pytest.approx((gradient * step).sum(), rel=1e-5, abs=1e-6)
    assert np.isfinite(value)


def test_planning_is_linear_in_a_chain():
    sizes = []
    for N in (50, 100):
        As = [td.Tensor(f"A{k}", ("d", "d")) for k in range(N)]
        product = As[0]
        for A in As[1:]:
            product = product @ A
        program = compile(td.grad(td.trace(product), As), sizes={"d": 4})
        sizes.append(sum(v.kind == "pair" for v in program.plan.values))
    assert sizes[1] <= 2.1 * sizes[0]


def test_jacobian_of_a_softmax_is_never_an_array():
    z, W, v = td.tensors("z[b,n] W[n,n] v[b,n]")
    f = (v * td.apply("softmax", z @ W, params=(1,))).sum()
    program = compile(td.grad(f, W), sizes={"b": 64, "n": 128})
    assert program.plan.largest.entries == 128 * 128


def test_a_product_with_an_inverse_is_a_solution():
    A, B, x = td.tensors("A[n,n] B[n,m] x[n]")
    inverse = td.apply("inv", A)
    arrays = {"A": rng.standard_normal((4, 4)), "B": rng.standard_normal((4, 3)), "x": rng.standard_normal(4)}
    P, b, v = np.linalg.inv(arrays["A"]), arrays["B"], arrays["x"]
    for expr, want in (
        (inverse @ B, P @ b),
        (B.T @ inverse, b.T @ P),
        (inverse.T @ x, P.T @ v),
        (x @ inverse @ x, v @ P @ v),
        (inverse @ inverse, P @ P),
        (td.grad(td.apply("logdet", A), A), P.T),
    ):
        program = compile(expr)
        np.testing.assert_allclose(program({t.name: arrays[t.name] for t in expr.tensors}), want)
        assert kernels(program)["solve"] == (B in expr.tensors or x in expr.tensors)
    both = compile([inverse @ B, inverse @ x])  # one factorisation for both
    np.testing.assert_allclose(both(arrays)[0], P @ b)
    assert kernels(both)["inv"] == 1


def test_the_inverse_of_a_kronecker_product_is_that_of_its_factors():
    A, B, X = td.tensors("A[n,n] B[m,m] X[n,m]")
    arrays = {"A": rng.standard_normal((4, 4)), "B": rng.standard_normal((3, 3)), "X": rng.standard_normal((4, 3))}
    a, b = arrays["A"], arrays["B"]
    eye = td.identity("n")
    for expr, want in (
        (td.kron(A, B), np.kron(a, b)),
        (td.kron(A.T, B) * 4, np.kron(a.T, b) * 4),
        (td.kron(eye, B), np.kron(np.eye(4), b)),
        (td.kron(td.kron(A, B), A), np.kron(np.kron(a, b), a)),
    ):
        program = compile(td.apply("inv", expr), sizes={"n": 4})
        np.testing.assert_allclose(program({t.name: arrays[t.name] for t in expr.tensors}), np.linalg.inv(want))
        inverted = [v.shape for v in program.plan.values if v.kind == "apply"]
        assert max(math.prod(shape) for shape in inverted) <= 16
    program = compile(td.apply("inv", td.kron(B, A)) @ td.vec(X))
    np.testing.assert_allclose(program(arrays), np.linalg.solve(np.kron(b, a), arrays["X"].T.ravel()))
    assert kernels(program)["solve"] == 2
    assert program.plan.largest.entries == 12
    with says(SingularError, "the matrix under inv is singular (shape (3, 3), made of B)"):
        program(arrays | {"B": np.zeros((3, 3))})
    mixed = td.kron(A, B) + td.kron(eye, B)  # no Kronecker product
    np.testing.assert_allclose(compile(td.apply("inv", mixed))(A=a, B=b), np.linalg.inv(np.kron(a + np.eye(4), b)))


def test_the_value_of_a_factorised_loss_in_gram_form_on_request():
    T, A, B, C = td.tensors("T[n,n,n] A[n,R] B[n,R] C[n,R]")
    f = td.square_norm(T - td.einsum("ir,jr,kr->ijk", A, B, C))
    exprs = [td.expand(f), *td.grad(f, [A, B, C])]
    assert compile(exprs, sizes={"n": 60, "R": 10}).plan.largest.entries <= 60 * 60 * 10
    arrays = {"T": rng.standard_normal((5, 5, 5))} | {name: rng.standard_normal((5, 2)) for name in "ABC"}
    assert compile(exprs)(arrays)[0] == pytest.approx(compile(f)(arrays))


# -- the program ---------------------------------------------------------------------------------------


def test_source_runs_as_it_stands_and_holds_no_names():
    ünïcode, quote = td.Tensor("ünï", ("n",)), td.Tensor("x';import_os", ("n",))
    f = (ünïcode * quote).sum()
    program = compile([f, td.grad(f, quote)], sizes={"n": 3})
    arrays = {"ünï": np.arange(3.0), "x';import_os": np.ones(3)}
    want = program(arrays)
    code = "\n".join(line for line in program.source.splitlines() if not line.startswith("#"))
    assert "import_os" not in code
    scope = {}
    exec(program.source, scope)
    names = [line.split(": ")[1].split(" ")[0] for line in program.source.splitlines() if line.startswith("# a")]
    got = scope["program"](*(arrays[name] for name in names))
    assert [np.asarray(v).tolist() for v in got] == [np.asarray(v).tolist() for v in want]


def test_new_sizes_and_types_make_new_programs():
    x, A = td.tensors("x[n] A[n,n]")
    program = compile(A @ x)
    for n in (2, 5, 2, 0):
        assert program(x=np.ones(n), A=np.eye(n)).tolist() == [1.0] * n
        assert len(program.plan.inputs) == 2
        assert program.plan.sizes["n"] == n
    assert program(x=np.ones(2, np.float32), A=np.eye(2, dtype=np.float32)).dtype == np.float32
    assert program(x=[1, 2], A=[[1, 0], [0, 1]]).tolist() == [1, 2]


def test_results_are_their_own_arrays():
    x, A = td.tensors("x[n] A[n,n]")
    one, two, three = compile([A @ A, (A @ A).T, A])(A=np.eye(2))
    assert not np.shares_memory(one, two)
    assert not np.shares_memory(two, three)
    assert compile([A, A + A])(A=np.eye(2))[1].tolist() == [[2, 0], [0, 2]]
    assert compile([x.sum(), x.sum()])(x=np.ones(3)) == [3.0, 3.0]
    assert compile([])() == []


@pytest.mark.parametrize("n", [40_000, 8192, 100_003])
def test_long_elementwise_chains_in_blocks(n):
    x, y, z = td.tensors("x[n] y[n] z[n]")
    f = td.apply("tanh", x * y + 2 * z) - td.apply("exp", x) * y * 3 + z
    program = compile([f, x * y, -td.apply("sin", x) - td.apply("cos", y)])
    arrays = {name: rng.standard_normal(n) for name in "xyz"}
    got, product, negative = program(arrays)
    np.testing.assert_allclose(negative, -np.sin(arrays["x"]) - np.cos(arrays["y"]))
    want = np.tanh(arrays["x"] * arrays["y"] + 2 * arrays["z"]) - np.exp(arrays["x"]) * arrays["y"] * 3 + arrays["z"]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(product, arrays["x"] * arrays["y"])
    assert (kernels(program)["block"] > 0) == (n > 32_000)


@pytest.mark.parametrize("n", [8, 64])
def test_buffers_are_reused_but_never_while_they_are_needed(n):
    A, B, C = td.tensors("A[n,n] B[n,n] C[n,n]")
    one = td.apply("relu", A @ B)
    two = td.apply("step", one @ C) * (A @ C)
    three = two.T @ one - 2 * td.apply("relu", B @ C)
    exprs = [three @ two @ A, one, three, (two @ B).T]
    arrays = {name: rng.standard_normal((n, n)) for name in "ABC"}
    a, b, c = arrays.values()
    first = np.maximum(a @ b, 0)
    second = (first @ c > 0) * (a @ c)
    third = second.T @ first - 2 * np.maximum(b @ c, 0)
    for _ in range(2):
        for got, want in zip(compile(exprs)(arrays), (third @ second @ a, first, third, (second @ b).T), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


def test_a_function_that_returns_its_argument_is_not_written_into(monkeypatch):
    x = td.Tensor("x", ("n",))
    monkeypatch.setitem(IMPLEMENTATIONS, "sin", lambda array: array)
    array = np.ones(5000)
    assert compile(2 * td.apply("sin", x) + 1)(x=array).tolist() == [3.0] * 5000
    assert array.tolist() == [1.0] * 5000


def test_middle_legs_are_contracted_without_copies_of_the_large_operand():
    T, A, C = td.tensors("T[i,j,k] A[i,r] C[k,r]")
    program = compile(td.einsum("ijk,ir,kr->jr", T, A, C), sizes={"i": 30, "j": 31, "k": 32, "r": 4})
    arrays = {name: rng.standard_normal(shape) for name, shape in (("T", (30, 31, 32)), ("A", (30, 4)), ("C", (32, 4)))}
    np.testing.assert_allclose(program(arrays), np.einsum("ijk,ir,kr->jr", arrays["T"], arrays["A"], arrays["C"]))
    assert "a2.transpose(1, 0, 2).reshape" not in program.source


def test_plan_as_table_and_data():
    x, A = td.tensors("x[n] A[n,n]")
    program = compile([x @ A @ x, td.grad(x @ A @ x, x)], sizes={"n": 10})
    data = json.loads(program.plan.json())
    assert data == program.plan.as_dict()
    assert data["flops"] == sum(row["flops"] for row in data["rows"])
    assert data["sizes"] == {"n": 10}
    assert [row["kernel"] for row in data["rows"] if row["kernel"] in ("dot", "matvec")]
    text = str(program.plan)
    assert f"total {data['flops']:,} FLOPs; largest intermediate 10; peak memory" in text


def test_peak_memory_counts_what_lives_at_once():
    A = td.Tensor("A", ("n", "n"))
    product = A
    for _ in range(6):
        product = td.apply("tanh", product @ A)
    plan = compile(product, sizes={"n": 100}).plan
    assert plan.peak_memory == 2 * 100 * 100 * 8
    with says(MemoryLimitError, "over the limit of 100.0 KiB: the intermediate A has shape (100, 100)"):
        compile(product, memory_limit=100 * 1024)(A=np.ones((100, 100)))


def test_programs_take_the_memory_that_their_plan_states():
    N = 24
    As = [td.Tensor(f"A{k}", ("D" if k else "1", "p", "D")) for k in range(N)]
    L = td.einsum("api,apj->ij", As[0], As[0])
    for A in As[1:]:
        L = td.einsum("ij,ipk,jpl->kl", L, A, A)
    h = x = td.Tensor("x", ("D", "D"))
    for A in As[1:]:
        h = td.apply("relu", h @ x) + td.apply("tanh", A.sum(1) @ h)
    for f in (L.trace(), h.sum()):
        arrays = {
            t.name: rng.standard_normal([{"D": 48, "p": 2, "1": 1}[str(d)] for d in t.dims]) / 7 for t in f.tensors
        }
        wrt = [t for t in f.tensors if t is not x]
        program = compile([f, *td.grad(f, wrt)])
        program(arrays)
        tracemalloc.start()
        program(arrays)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.25 * program.plan.peak_memory


def test_gradients_of_a_chain_are_computed_while_the_way_back_goes_on():
    """What lives at once are the products of the way there and the results, not the products of the way back."""
    N, D = 16, 24
    As = [td.Tensor(f"A{k}", ("D", "p", "D")) for k in range(N)]
    L = td.Tensor("L", ("D", "D"))
    for A in As:
        L = td.einsum("ij,ipk,jpl->kl", L, A, A)
    plan = compile([L.trace(), *td.grad(L.trace(), As)], sizes={"D": D, "p": 2}).plan
    assert plan.peak_memory < 8 * D * D * (3 * N + 4)


def test_messages():
    x = td.Tensor("x", ("n",))
    program = compile(x * x)
    with says(UnknownTensorError, "there is no tensor 'z' here; known here: x"):
        program(z=1)
    with says(ShapeError, "the array for x[n] has 2 axes (1, 1), but the tensor has 1 leg"):
        program(x=np.ones((1, 1)))
    assert program(x=np.ones(2)).tolist() == [1, 1]
    with says(ShapeError, "the array for x[n] has 2 axes (1, 1), but the tensor has 1 leg"):
        program(x=np.ones((1, 1)))
    with says(BackendError, "unknown backend 'torhc'; did you mean torch?"):
        compile(x, backend="torhc")
    with says(ShapeError, "what is given for x makes no array: "):
        compile(x)(x=[[1], [1, 2]])
    with says(MemoryLimitError, "memory_limit is a number of bytes, not '2GB'"):
        compile(x, memory_limit="2GB")


def test_value_and_gradients_together():
    T, U, V = td.tensors("T[n,n] U[n,k] V[n,k]")
    f = td.square_norm(T - U @ V.T)
    arrays = {"T": rng.standard_normal((4, 4)), "U": rng.standard_normal((4, 2)), "V": rng.standard_normal((4, 2))}
    R = arrays["U"] @ arrays["V"].T - arrays["T"]
    value, gU, gV = td.value_and_grad(f, [U, V])(arrays)
    assert value == pytest.approx((R * R).sum())
    np.testing.assert_allclose(gU, 2 * R @ arrays["V"])
    np.testing.assert_allclose(gV, 2 * R.T @ arrays["U"])
    assert len(td.value_and_grad(f, U)(arrays)) == 2
    with says(OrderError, "T[n, n]"):
        td.value_and_grad(T, T)


# -- structured results --------------------------------------------------------------------------------


def test_hessian_of_a_factorisation_keeps_its_core():
    T, U, V = td.tensors("T[n,n] U[n,k] V[n,k]")
    program = compile(td.hessian(td.square_norm(T - U @ V.T), U))
    arrays = {"T": rng.standard_normal((7, 7)), "U": rng.standard_normal((7, 3)), "V": rng.standard_normal((7, 3))}
    made = program.structured(arrays)
    assert made.core.shape == (3, 3)
    np.testing.assert_allclose(made.core, 2 * arrays["V"].T @ arrays["V"])
    dense = program(arrays)
    np.testing.assert_allclose(made.to_dense(), dense)
    step = rng.standard_normal((7, 3))
    applied = made.matvec(step)
    np.testing.assert_allclose(applied, np.einsum("iajb,jb->ia", dense, step))
    np.testing.assert_allclose(made.solve(applied), step)
    operator = made.linear_operator()
    np.testing.assert_allclose(operator @ step.ravel(), applied.ravel())
    np.testing.assert_allclose(operator.T @ step.ravel(), applied.ravel())
    assert program.structured(**arrays).core.tolist() == made.core.tolist()


def test_structured_diagonals_and_dense_ones():
    x, y, A = td.tensors("x[n] y[n] A[n,n]")
    program = compile([td.diff(x * y, x), A, td.identity("n")])
    diagonal, whole, identity = program.structured(x=np.ones(3), y=np.arange(1.0, 4), A=np.eye(3))
    assert diagonal.core.tolist() == [1, 2, 3]
    assert diagonal.solve([1, 2, 3]).tolist() == [1, 1, 1]
    assert diagonal.matvec([1, 1, 1]).tolist() == [1, 2, 3]
    assert whole.solve([1, 2, 3]).tolist() == [1, 2, 3]
    assert identity.core.shape == ()
    assert identity.to_dense().tolist() == np.eye(3).tolist()
    assert identity.matvec([1, 2, 3]).tolist() == [1, 2, 3]


@pytest.mark.parametrize("convert", [np.ndarray.tolist, lambda a: a.astype(int), lambda a: a.astype(np.float16)])
def test_structured_plans_once_for_arrays_that_are_converted(convert, monkeypatch):
    x, A = td.tensors("x[n] A[n,n]")
    program = compile([td.hessian((x**4).sum() + x @ A @ x, x), td.diff(x, x)])
    planned = []

    def counting(*args, **options):
        planned.append(args)
        return make_plan(*args, **options)

    monkeypatch.setattr("tensordiag.compute.compilation.make_plan", counting)
    small = {"x": convert(np.arange(3.0)), "A": convert(np.eye(3))}
    large = {"x": convert(np.arange(5.0)), "A": convert(np.eye(5))}
    for arrays in (small, large, small, large):
        made, identity = program.structured(arrays)
        n = len(arrays["x"])
        np.testing.assert_allclose(made.to_dense(), np.diag(12 * np.arange(n) ** 2 + 2.0))
        assert identity.core.shape == ()
        np.testing.assert_allclose(program.structured(**arrays)[0].core, made.core)
    assert len(planned) == 2
    program.structured({"x": small["x"]}, A=small["A"])
    assert len(planned) == 2


@pytest.mark.parametrize("convert", [lambda a: a.astype(">f8"), lambda a: pickle.loads(pickle.dumps(a))])
def test_arrays_whose_type_is_another_object_have_the_same_program(convert):
    x, A = td.tensors("x[n] A[n,n]")
    program = compile(x @ A @ x)
    for arrays in ([1.0, 2.0], [3.0, 4.0]):
        x_ = convert(np.array(arrays))
        assert program(x=x_, A=np.eye(2)) == program(x=np.array(arrays), A=np.eye(2)) == x_ @ x_
        assert program.structured(x=x_, A=np.eye(2)).core == x_ @ x_


def test_structured_messages():
    x, A, B = td.tensors("x[n] A[n,n] B[n,m]")
    vector, square, wide = compile([x, A, B]).structured(x=np.ones(2), A=np.ones((2, 2)), B=np.ones((2, 3)))
    with says(OrderError, "a linear map needs an even number of legs, but this array has 1"):
        vector.matvec([1])
    with says(ShapeError, "the map takes shape (2,), but got (3,)"):
        square.matvec(np.ones(3))
    with says(ShapeError, "the map gives shape (2,), but the right side has (3,)"):
        square.solve(np.ones(3))
    with says(MemoryLimitError, "or ask for .structured(…), which keeps copy tensors apart from the entries"):
        compile(td.diff(x * x, x), memory_limit=1000)(x=np.ones(20))
    with says(SingularError, "a block of the map is singular (its shape is 2×2)"):
        square.solve(np.ones(2))
    with says(ShapeError, "the map from (3,) to (2,) is not invertible: its blocks are 2×3"):
        wide.solve(np.ones(2))


# -- other libraries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_other_libraries_agree(library):
    pytest.importorskip(library)
    if library == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    x, A, B, S = td.tensors("x[n] A[n,n] B[n,m] S[n,n]sym")
    softmax = td.square_norm(td.apply("softmax", A @ B @ B.T, params=(1,)) @ A)
    logs = td.apply("log", td.apply("exp", A @ x) + 1).sum()
    determinants = td.apply("logdet", S @ S + A) + td.apply("det", A)
    exprs = [
        softmax,
        *td.grad(softmax, [A, B]),
        td.hessian(logs, x),
        determinants,
        *td.grad(determinants, [A, S]),
        td.diff(x * x, x),
        td.kron(A, B),
        td.diff(td.entry(B, 1, None), B),
        td.apply("adj", A),
        td.apply("gelu", x),
        td.apply("inv", A) @ B,
        td.apply("argmax", x),
        td.apply("max", x),
        td.apply("logsumexp", B, params=(0,)),
        td.identity("n"),
    ]
    arrays = {"x": rng.standard_normal(4), "A": rng.standard_normal((4, 4)), "B": rng.standard_normal((4, 3))}
    arrays["S"] = arrays["A"] + arrays["A"].T
    program = compile(exprs, backend=library)
    for _ in range(2):
        for want, got in zip(compile(exprs)(arrays), program(arrays), strict=True):
            np.testing.assert_allclose(np.asarray(got), want, rtol=1e-9, atol=1e-9)
    with says(BackendError, "has no implementation here; give one with register_array"):
        program._backend.implementation("cube")


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_other_libraries_form_products_in_the_order_that_is_wanted(library):
    pytest.importorskip(library)
    X, W, Y = td.tensors("X[b,m] W[n,m] Y[b,n]")
    loss = td.square_norm(td.apply("tanh", X @ W.T) - Y)
    exprs = [td.grad(loss, W), td.grad(loss, X), X.T @ Y]
    arrays = {n: rng.standard_normal(s) for n, s in {"X": (5, 3), "W": (4, 3), "Y": (5, 4)}.items()}
    program = compile(exprs, backend=library)
    for want, got in zip(compile(exprs)(arrays), program(arrays), strict=True):
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-5)
    assert "turn(" not in program.source.split("def program")[1]


def test_reachable_lists_operands_first():
    x, A = td.tensors("x[n] A[n,n]")
    plan = compile(td.apply("exp", A @ x), sizes={"n": 3}).plan
    seen = set()
    for value in reachable(plan.results):
        assert all(o.number in seen for o in value.operands)
        seen.add(value.number)

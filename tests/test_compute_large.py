"""Large networks: linear planning, slices, long programs, the size of what is computed."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter

import networkx as nx
import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute import compile
from tensordiag.compute.numpy_source import NumpyWriter
from tensordiag.errors import BackendError, MemoryLimitError

rng = np.random.default_rng(0)


def network(graph, q):
    """A closed network with a tensor on every vertex, its tensors and arrays."""
    number = {frozenset(edge): k for k, edge in enumerate(graph.edges())}
    rows = [[number[frozenset((v, u))] for u in graph[v]] for v in graph]
    ts = [td.Tensor(f"t{k}", ("q",) * len(row)) for k, row in enumerate(rows)]
    f = td.contract(ts, rows, [])
    return f, ts, {t.name: rng.uniform(0, 1, (q,) * t.order) / q ** (t.order / 2) for t in ts}


def partition_function(graph):
    """A copy tensor on every vertex, a matrix on every edge."""
    place = {v: k for k, v in enumerate(graph)}
    letters = [chr(c) for c in range(0x100, 0x800) if chr(c).isalpha()]
    rows = [letters[place[a]] + letters[place[b]] for a, b in graph.edges()]
    ts = [td.Tensor(f"t{k}", ("q", "q")) for k in range(len(rows))]
    return td.einsum(",".join(rows) + "->", *ts), ts


def calls_of(function):
    """How many Python functions are called."""
    count = Counter()
    sys.setprofile(lambda frame, event, argument: count.update((event,)) if event == "call" else None)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count["call"]


@pytest.mark.parametrize("shape", ["nested", "flat", "hadamard"])
def test_work_to_the_first_result_is_linear(shape):
    def first_result(N):
        if shape == "hadamard":
            ts = [td.Tensor(f"A{k}", ("d",)) for k in range(N)]
            product = ts[0]
            for t in ts[1:]:
                product = product * t
            f = product.sum()
        else:
            ts = [td.Tensor(f"A{k}", ("d", "d")) for k in range(N)]
            if shape == "flat":
                f = td.contract(ts, [(k, (k + 1) % N) for k in range(N)], [])
            else:
                product = ts[0]
                for t in ts[1:]:
                    product = product @ t
                f = td.trace(product)
        arrays = {t.name: np.ones((2,) * t.order) for t in ts}
        compile([f, *td.grad(f, ts)])(arrays)

    first_result(20)
    small, large = calls_of(lambda: first_result(60)), calls_of(lambda: first_result(240))
    assert large < 4.5 * small


def test_long_programs_are_the_same_as_short_ones():
    N = 160
    ts = [td.Tensor(f"A{k}", ("d", "d")) for k in range(N)]
    product = ts[0]
    for k, t in enumerate(ts[1:]):
        product = product @ t if k % 3 else 2 * td.apply("tanh", product @ t.T) - t
    f = td.trace(product)
    arrays = {t.name: np.linalg.qr(rng.standard_normal((3, 3)))[0] for t in ts}
    program = compile([f, *td.grad(f, ts)])
    got = program(arrays)
    assert len(program.source.splitlines()) > 1000
    scope = {}
    exec(program.source, scope)
    want = scope["program"](*(arrays[name] for name in sorted(arrays)))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    for _ in range(70):  # until it is compiled as a whole
        again = program(arrays)
    for a, b in zip(again, want, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(td.TensordiagError, match="no array is given for A0"):
        program({name: array for name, array in arrays.items() if name != "A0"})
    narrow = {name: array.astype(np.float32) for name, array in arrays.items()}
    assert program(narrow)[1].dtype == np.float32


@pytest.mark.parametrize("shape", ["matrices", "hadamard", "single"])
def test_long_chains_of_products_run_before_they_are_written(shape, monkeypatch):
    N, d = 360, 9
    ts = [td.Tensor(f"A{k}", ("d",) * (2 if shape != "hadamard" else 1)) for k in range(N)]
    product = ts[0]
    for k, t in enumerate(ts[1:]):
        product = product * t if shape == "hadamard" else product @ (t.T if k % 3 else t)
    f = product.sum() if shape == "hadamard" else td.trace(product)
    exprs = product if shape == "single" else td.grad(f, ts)
    if shape == "hadamard":
        arrays = {t.name: rng.uniform(0.9, 1.1, d) for t in ts}
    else:
        arrays = {t.name: np.linalg.qr(rng.standard_normal((d, d)))[0] for t in ts}
    written = []
    write = NumpyWriter.write
    monkeypatch.setattr(NumpyWriter, "write", lambda self: written.append(self) or write(self))
    program = compile(exprs)
    got = program(arrays)
    assert not written
    tracemalloc.start()
    program(arrays)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(program.plan.as_dict()["rows"][-1]) >= {"kernel", "flops"}
    assert {row["kernel"] for row in program.plan.as_dict()["rows"]} <= {"matmul", "multiply"}
    assert taken < program.plan.peak_memory + 200 * len(program.plan.values) + 50_000
    assert len(written) == 1
    scope = {}
    exec(program.source, scope)
    want = scope["program"](*(arrays[name] for name in sorted(arrays)))
    for _ in range(70):  # until it is compiled as a whole
        again = program(arrays)
    for found in (got, again):
        np.testing.assert_array_equal(found, want)
    with pytest.raises(td.TensordiagError, match="no array is given for A0"):
        program({name: array for name, array in arrays.items() if name != "A0"})
    narrow = {name: array.astype(np.float32) for name, array in arrays.items()}
    assert np.asarray(program(narrow)).dtype == np.float32


@pytest.mark.parametrize(
    ("graph", "entries"),
    [
        (nx.circular_ladder_graph(150), 2**4),
        (nx.moebius_kantor_graph(), 2**7),
        (nx.convert_node_labels_to_integers(nx.hexagonal_lattice_graph(10, 13)), 2**16),
    ],
)
def test_partition_functions_of_cubic_graphs(graph, entries):
    f, ts = partition_function(graph)
    program = compile([f, *td.grad(f, ts)])
    ones = {t.name: np.full((2, 2), 0.5) for t in ts}
    value, *gradients = program(ones)
    assert program.plan.largest.entries <= entries
    assert value == pytest.approx(2.0 ** (len(graph) - len(ts)))
    for gradient in gradients[:5]:
        np.testing.assert_allclose(gradient, value / 2)


def test_a_long_matrix_product_state_with_large_bonds():
    N, D = 100, 64
    As = [td.Tensor(f"A{k}", ("D" if k else "1", "p", "D")) for k in range(N)]
    L = td.einsum("api,apj->ij", As[0], As[0])
    for A in As[1:]:
        L = td.einsum("ij,ipk,jpl->kl", L, A, A)
    plan = compile([L.trace(), *td.grad(L.trace(), As)], sizes={"D": D, "p": 2}).plan
    assert plan.largest.entries == D * 2 * D
    assert plan.flops < 5 * N * 2 * 2 * D**3 * 2


def test_a_flat_network_with_axes_of_length_one_costs_what_its_chain_costs():
    N = 20
    As = [td.Tensor(f"A{k}", ("D" if k else "1", "p", "D" if k < N - 1 else "1")) for k in range(N)]
    rows = [(("b", k), ("p", k), ("b", k + 1)) for k in range(N)]
    other = [(("c", k), ("p", k), ("c", k + 1)) for k in range(N)]
    flat = td.contract(As + As, rows + other, [("b", 0), ("b", N), ("c", 0), ("c", N)]).sum()
    chain = td.einsum("api,apj->ij", As[0], As[0])
    for A in As[1:]:
        chain = td.einsum("ij,ipk,jpl->kl", chain, A, A)
    sizes = {"D": 16, "p": 2}
    plans = [compile([f, *td.grad(f, As)], sizes=sizes).plan for f in (flat, chain.sum())]
    assert plans[0].flops < 1.1 * plans[1].flops


@pytest.mark.parametrize("seed", range(12))
def test_environments_of_networks_with_axes_of_length_one(seed):
    graph = nx.random_regular_graph(3, 10, seed=seed)
    number = {frozenset(edge): k for k, edge in enumerate(graph.edges())}
    rows = [[number[frozenset((v, u))] for u in graph[v]] for v in graph]
    size = np.random.default_rng(seed).integers(1, 4, len(number))
    ts = [td.Tensor(f"t{k}", [int(size[i]) for i in row]) for k, row in enumerate(rows)]
    arrays = {t.name: rng.normal(size=[int(size[i]) for i in row]) for t, row in zip(ts, rows, strict=True)}
    f = td.contract(ts, rows, [])
    adjoint = td.apply("tanh", td.contract(ts, [*rows[:-1], [90, *rows[-1][1:]]], [rows[-1][0], 90])).sum()
    for scalar in (f, adjoint):
        value, *gradients = compile([scalar, *td.grad(scalar, ts)])(arrays)
        for t, gradient in zip(ts, gradients, strict=True):
            change = rng.normal(size=gradient.shape)
            there, back = (scalar.evaluate({**arrays, t.name: arrays[t.name] + h * change}) for h in (1e-6, -1e-6))
            assert np.sum(gradient * change) == pytest.approx(
                (there - back) / 2e-6, rel=1e-5, abs=1e-7 * (1 + abs(value))
            )


def test_a_grid_of_eight_by_eight():
    f, ts, _ = network(nx.grid_2d_graph(8, 8), 4)
    plan = compile([f, *td.grad(f, ts)], sizes={"q": 4}).plan
    assert plan.largest.entries <= 4**11


# -- slices --------------------------------------------------------------------------------------------


def sliced(program):
    return [value.data.count for value in program.plan.values if value.kind == "sliced"]


@pytest.mark.parametrize("threads", [1, 3, True])
def test_slices_fit_in_the_memory_and_agree(threads):
    f, ts, arrays = network(nx.grid_2d_graph(5, 5), 3)
    exprs = [f, *td.grad(f, ts)]
    whole = compile(exprs)
    want = whole(arrays)
    limit = whole.plan.peak_memory // 2
    with pytest.raises(MemoryLimitError, match="or compile with slicing=True"):
        compile(exprs, memory_limit=limit)(arrays)
    program = compile(exprs, memory_limit=limit, slicing=threads)
    for _ in range(2):
        for a, b in zip(program(arrays), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    assert sum(sliced(program)) > 1
    assert whole.plan.peak_memory > limit >= program.plan.peak_memory
    assert program.plan.flops > whole.plan.flops
    assert "slices" in str(program.plan)
    scope = {}
    exec(program.source, scope)
    again = scope["program"](*(arrays[name] for name in sorted(arrays)))
    np.testing.assert_allclose(again[3], want[3])


def test_nothing_is_sliced_where_it_fits():
    f, ts, arrays = network(nx.grid_2d_graph(4, 4), 3)
    program = compile([f, *td.grad(f, ts)], slicing=True)
    program(arrays)
    assert sliced(program) == []


def test_kept_indices_and_adjoints_are_sliced_too():
    f, ts, arrays = network(nx.grid_2d_graph(3, 4), 4)
    letters = [chr(c) for c in range(0x100, 0x200) if chr(c).isalpha()]
    number = {frozenset(edge): letters[k] for k, edge in enumerate(nx.grid_2d_graph(3, 4).edges())}
    graph = nx.grid_2d_graph(3, 4)
    rows = ["".join(number[frozenset((v, u))] for u in graph[v]) for v in graph]
    opened = td.einsum(",".join([rows[0] + "Z", *rows[1:]]) + f"->Z{rows[5][0]}", td.Tensor("z", ("q",) * 3), *ts[1:])
    arrays = {name: array for name, array in arrays.items() if name != "t0"} | {"z": rng.standard_normal((4, 4, 4))}
    f = td.apply("tanh", opened).sum()
    for exprs in ([opened], [f, *td.grad(f, ts[1:])]):
        whole = compile(exprs)
        want = whole(arrays)
        program = compile(exprs, memory_limit=2 * whole.plan.peak_memory // 3, slicing=1)
        for a, b in zip(program(arrays), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        assert sum(sliced(program)) > 1


def test_slices_that_cannot_help_are_refused():
    A, B = td.tensors("A[n,n] B[n,n]")
    with pytest.raises(MemoryLimitError, match="over the limit of 1000 bytes"):
        compile(A @ B @ A, memory_limit=1000, slicing=True)(A=np.ones((100, 100)), B=np.ones((100, 100)))
    with pytest.raises(BackendError, match="slices are computed by numpy, not by jax"):
        compile(A, backend="jax", slicing=True)


@pytest.mark.parametrize(
    ("spec", "limit"), [("ij,ik,jk->", 24), ("ij,ik,kl,jm->lm", 144), ("ij,ik,il->jkl", 1000), ("ij,jk,ik->i", 150)]
)
def test_slices_of_one_tensor_at_different_indices_are_kept_apart(spec, limit):
    A = td.Tensor("A", ("n", "n"))
    f = td.einsum(spec, *[A] * (spec.count(",") + 1))
    for n in (3, 4, 5):
        array = rng.normal(size=(n, n))
        want = np.einsum(spec, *[array] * (spec.count(",") + 1))
        for threads in (1, 2):
            for bytes_ in (limit, 2 * limit, 4 * limit):
                try:
                    found = compile(f, memory_limit=bytes_, slicing=threads)(A=array)
                except MemoryLimitError:
                    continue
                np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


def test_slices_of_networks_with_the_same_operands_are_kept_apart():
    z, U, G = td.tensors("z[n] U[m,k] G[n,m,k]")
    s = td.apply("sigmoid", td.einsum("i,jk->ijk", z, U))
    f = -2 * (td.sqrt(s) * td.softmax(G, axis=1)).sum()
    hessian = td.hessian(f, z)  # two terms with the same operands, one of them twice
    arrays = {"z": rng.normal(size=5), "U": rng.normal(size=(2, 4)), "G": rng.normal(size=(5, 2, 4))}
    program = compile([f, td.grad(f, z), hessian, td.grad(f, G)], slicing=True, memory_limit=2200)
    for found, expr in zip(program(arrays), [f, td.grad(f, z), hessian, td.grad(f, G)], strict=True):
        np.testing.assert_allclose(found, expr.evaluate(arrays), rtol=1e-12)
    assert len(sliced(program)) > 2

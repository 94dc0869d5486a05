"""Compiled values against a reference that makes every copy tensor a dense array."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tensordiag as td
from tensordiag.compute import compile
from tensordiag.compute.implementations import implementation
from tensordiag.compute.structure import live_below
from tensordiag.core.expressions import walk

SIZES = {"m": 2, "n": 3, "p": 4}


def delta(order, n):
    made = np.zeros((n,) * order)
    for i in range(n):
        made[(i,) * order] = 1
    return made if order else np.array(float(n))


def dense(expr, arrays, sizes=SIZES):
    """The value with every copy tensor an array and every diagram one einsum."""
    values = {}
    for node in walk(expr, children=live_below):
        shape = [dim.value(sizes) for dim in node.dims]
        if isinstance(node, td.Tensor):
            array = np.asarray(arrays[node.name])
            values[node] = array.conj() if node.conjugate else array
        elif isinstance(node, td.Copy):
            values[node] = delta(node.order, node.dim.value(sizes))
        elif isinstance(node, td.Structural):
            if node.name == "merge":
                values[node] = np.eye(shape[-1]).reshape(shape)
            else:
                values[node] = np.eye(shape[0])[node.params[0]]
        elif isinstance(node, td.Sum):
            values[node] = sum(
                (
                    np.multiply(complex(c) if isinstance(c, complex) else float(c), values[t.base])
                    for c, t in node.terms
                ),
                np.zeros(shape),
            )
        elif isinstance(node, (td.Diagram, td.Environment)):
            values[node] = network(node, values, sizes)
        else:
            values[node] = np.asarray(implementation(node.function)(*(values[a.base] for a in node.args), *node.params))
        assert list(values[node].shape) == shape
    return values[expr.base]


def network(node, values, sizes):
    diagram = node.diagram if isinstance(node, td.Environment) else node
    skip = node.node if isinstance(node, td.Environment) else -1
    open_ = [*diagram.open, *(diagram.wires[skip] if skip >= 0 else ())]
    operands = []
    for k, (box, row) in enumerate(zip(diagram.boxes, diagram.wires, strict=True)):
        if k != skip:
            operands += [values[box.base], list(row)]
    output, fresh = [], len(diagram.wire_dims)
    for wire in open_:  # an output index stands once, on an operand
        operands += [np.eye(diagram.wire_dims[wire].value(sizes)), [wire, fresh]]
        output.append(fresh)
        fresh += 1
    return np.einsum(*operands, output) if operands else np.array(1.0)


def arrays_for(*exprs, seed=0):
    rng = np.random.default_rng(seed)
    tensors = {t.name: t for e in exprs for t in e.tensors}
    made = {}
    for name in sorted(tensors):
        tensor = tensors[name]
        array = rng.standard_normal([d.value(SIZES) for d in tensor.dims])
        if tensor.symmetric and tensor.order == 2:
            array = array + array.T
        made[name] = array
    return made


def check(exprs):
    arrays = arrays_for(*exprs)
    for array in arrays.values():
        array.flags.writeable = False
    program = compile(exprs, sizes=SIZES)
    first = program(arrays)
    again = program(arrays)
    for expr, value, second in zip(exprs, first, again, strict=True):
        want = dense(expr, arrays)
        assert np.shape(value) == want.shape
        scale = 1 + np.abs(want).max(initial=0)
        np.testing.assert_allclose(value, want, rtol=1e-9, atol=1e-9 * scale)
        np.testing.assert_array_equal(value, second)
        if isinstance(value, np.ndarray):
            assert not any(np.shares_memory(value, a) for a in arrays.values()), program.source
    return program


x, y, z = td.tensors("x[n] y[n] z[n]")
A, B, C, S, u, t = td.tensors("A[n,n] B[n,m] C[n,n] S[n,n]sym u[m] t")
T3 = td.Tensor("T3", ("n", "m", "p"))


LEAVES = [x, y, A, B, B.T, C, S, u, t, td.ones("n"), td.identity("n"), td.identity("m"), T3, td.unit("n", 1)]


@st.composite
def expressions(draw):
    """Expressions made by a few random operations that fit."""
    pool = list(LEAVES)
    for _ in range(draw(st.integers(2, 7))):
        a = draw(st.sampled_from(pool))
        kind = draw(st.integers(0, 8))
        if kind == 0:
            fit = [b for b in pool if b.dims == a.dims]
            pool.append(a * draw(st.sampled_from(fit)))
        elif kind == 1:
            fit = [b for b in pool if b.dims == a.dims]
            pool.append(a + draw(st.sampled_from([2, -1, 0.3])) * draw(st.sampled_from(fit)))
        elif kind == 2 and a.order in (1, 2):
            fit = [b for b in pool if b.order in (1, 2) and b.dims[0] is a.dims[-1]]
            if fit:
                pool.append(a @ draw(st.sampled_from(fit)))
        elif kind == 3 and a.order == 2 and a.dims[0] is a.dims[1]:
            pool.append(draw(st.sampled_from([td.trace, td.diag, td.transpose]))(a))
        elif kind == 4 and a.order == 1:
            pool.append(td.diag(a))
        elif kind == 5 and a.order:
            pool.append(a.sum(draw(st.integers(0, a.order - 1))))
        elif kind == 6 and a.order:
            pool.append(td.apply(draw(st.sampled_from(["tanh", "sin", "sigmoid"])), a))
        elif kind == 7 and a.order in (1, 2):
            pool.append(td.vec(a))
        elif kind == 8:
            b = draw(st.sampled_from(pool))
            if a.order + b.order <= 3:
                pool.append(td.outer(a, b))
    made = [e for e in pool[len(LEAVES) :] if e.order <= 4]
    return made[-3:] if made else [x * y]


@given(expressions())
@settings(max_examples=150, deadline=None)
def test_random_expressions(exprs):
    check(exprs)


@given(expressions(), st.sampled_from([x, A, B, t]))
@settings(max_examples=100, deadline=None)
def test_derivatives_of_random_expressions(exprs, wrt):
    scalar = exprs[-1].sum() if exprs[-1].order else exprs[-1]
    check([scalar, td.grad(scalar, wrt), *exprs[:1]])
    second = td.hessian(scalar, x)
    check([second])

"""Computations of products of two operands: planned at once, and run before they are written."""

from __future__ import annotations

import random

import numpy as np
import pytest

import tensordiag as td
from tensordiag.compute import compile, long_programs, programs
from tensordiag.compute import planning as planning_module

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIZES = {"m": 2, "n": 3, "k": 4}


def tensors(chance):
    """Some tensors with their arrays."""
    numbers = np.random.default_rng(chance.randrange(2**32))
    made = []
    for k in range(chance.randint(2, 5)):
        dims = [chance.choice("mnk") for _ in range(chance.randint(1, 3))]
        symmetric = len(dims) == 2 and dims[0] == dims[1]
        t = td.Tensor(f"T{k}", dims, "sym" if symmetric else ())
        array = numbers.standard_normal([SIZES[d] for d in dims])
        made.append((t, array + array.T if symmetric else array))
    return made


def product(chance, a, b):
    """A random product of two of these, legs in any order: some joined, some of these kept."""
    row, count = [], a.order
    for dim in b.dims:
        free = [i for i, other in enumerate(a.dims) if other is dim and i not in row]
        if free and chance.random() < 0.6:
            row.append(chance.choice(free))
        else:
            row.append(count)
            count += 1
    out = [i for i in range(count) if i not in row or i >= a.order or chance.random() < 0.25]
    chance.shuffle(out)
    rows = [range(a.order), row, out]
    return "{},{}->{}".format(*["".join(LETTERS[i] for i in part) for part in rows])


@pytest.mark.parametrize("seed", range(80))
def test_products_of_products_agree_with_numpy(seed, monkeypatch):
    monkeypatch.setattr(long_programs, "_SHORTEST", 1)
    chance = random.Random(seed)
    known = tensors(chance)
    values = list(known)
    for _ in range(9):
        (a, x), (b, y) = chance.choice(values), chance.choice(values)
        spec = product(chance, a, b)
        if len(spec.split("->")[1]) <= 4:
            values.append((td.einsum(spec, a, b), np.einsum(spec, x, y)))
    made = values[len(known) :]
    chosen = chance.sample(made, min(3, len(made)))
    arrays = {t.name: array for t, array in known}
    given = {t.name: arrays[t.name] for expr, _ in chosen for t in expr.tensors}
    results = compile([expr for expr, _ in chosen])(given)
    for result, (_, want) in zip(results, chosen, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-10, atol=1e-12)
        assert not any(np.shares_memory(result, array) for array in arrays.values())
    scalar = chosen[0][0].sum()
    needed = {t.name: arrays[t.name] for t in scalar.tensors}
    for gradient, t in zip(compile(td.grad(scalar, list(scalar.tensors)))(needed), scalar.tensors, strict=True):
        np.testing.assert_allclose(gradient, td.expand(td.grad(scalar, t)).evaluate(needed), rtol=1e-9, atol=1e-9)


def test_both_short_ways_are_taken(monkeypatch):
    """So that the tests above and of long chains are about them."""
    monkeypatch.setattr(long_programs, "_SHORTEST", 1)
    taken = {"planned": 0, "run": 0}
    planned, run = planning_module.planned_directly, programs.as_products

    def counted_plan(*arguments):
        made = planned(*arguments)
        taken["planned"] += made is not None
        return made

    def counted_run(*arguments):
        made = run(*arguments)
        taken["run"] += made is not None
        return made

    monkeypatch.setattr(planning_module, "planned_directly", counted_plan)
    monkeypatch.setattr(programs, "as_products", counted_run)
    A, B, x = td.tensors("A[n,n] B[n,n] x[n]")
    f = A @ (B @ x)
    arrays = {"A": np.eye(3), "B": 2 * np.eye(3), "x": np.ones(3)}
    np.testing.assert_array_equal(compile([f, B @ x])(arrays)[1], np.full(3, 2.0))
    assert taken == {"planned": 1, "run": 1}
    compile(td.apply("tanh", f))(arrays)
    assert taken == {"planned": 1, "run": 1}

"""Threads: equal expressions are one object in all of them, and a compiled callable can be shared."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensordiag as td

THREADS = 6


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    """Let threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any]) -> list[Any]:
    """What `work` gives in threads that start at the same time; errors are raised here."""
    start = threading.Barrier(THREADS)
    found: list[Any] = [None] * THREADS
    errors: list[BaseException] = []

    def run(place: int) -> None:
        start.wait()
        try:
            found[place] = work(place)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return found


@pytest.mark.parametrize("turn", range(10))
def test_equal_expressions_are_one_object_in_all_threads(turn: int) -> None:
    n = f"size{turn}"  # names that no other test has made

    def build(_: int) -> list[td.Expr]:
        x, A = td.Tensor(f"x{turn}", (n,)), td.Tensor(f"A{turn}", (n, n))
        f = td.exp(x @ A @ x) + td.trace(A @ A.T) * (x * x).sum()
        for _ in range(4):
            f = f * f + x @ x
        return [expr.base for expr in (f, *td.grad(f, [x, A]))]

    first, *others = together(build)
    for other in others:
        assert all(mine is theirs for mine, theirs in zip(first, other, strict=True))


def test_a_compiled_callable_serves_several_threads() -> None:
    x, A = td.tensors("x[n] A[n,n]")
    f = td.exp(-(x @ A @ x)) + ((A @ x) * x * x).sum()
    program = td.compile([f, *td.grad(f, [x, A])])

    def compute(place: int) -> list[list[np.ndarray]]:
        made = []
        for size in (3, 70, 3, 70):  # several sizes, so that plans change hands
            rng = np.random.default_rng(place * 100 + size)
            arrays = {"x": rng.standard_normal(size) / size, "A": rng.standard_normal((size, size))}
            made.append([arrays["x"], arrays["A"], *program(arrays)])
        return made

    for made in together(compute):
        for X, M, value, by_x, by_A in made:
            e, t = np.exp(-X @ M @ X), X * X
            np.testing.assert_allclose(value, e + M @ X @ t, rtol=1e-12)
            np.testing.assert_allclose(by_x, -e * (M + M.T) @ X + M.T @ t + 2 * (M @ X) * X, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(by_A, -e * np.outer(X, X) + np.outer(t, X), rtol=1e-9, atol=1e-12)
